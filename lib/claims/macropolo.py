"""The claims of MacroPolo's article, judged."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import parameters, tables
from lib.claims.verdict import Verdict, judges
from lib.measures import difference, expense_ratio
from lib.rows import cited, cohorts, public_sector, who_are_the_93
from lib.rows.rd_against_sm import clustered
from lib.words import change_words, count_word, day_words, estimate, name_list, number, percent, say, span_words, times


def article_cohort() -> tuple[str, bool]:
    """The cohort to judge Figure 1's claims on, and whether it is the 93 that may be the article's."""
    own = parameters.has_bse_expenses()
    return ("bse" if own else "specialised"), own


@judges("mp3-share")
def _share(claim: pd.Series) -> Verdict:
    cohort, own = article_cohort()
    firms = cohorts.drawn(cohorts.company_years(cohort, 2021))
    share = clustered(firms)
    off = abs(share.share - claim["published_value"])
    near = off <= claim["tolerance"]
    if own:
        _, listed = cohorts.the_93()
        other = clustered(firms[firms["company_id"].isin(listed["company_id"])])
        reason = (
            f"read as the whole board of {cohorts.BSE_DAY.day} {cohorts.BSE_DAY:%B %Y}: {share.count} of {share.total} companies; read as "
            f"those of it on the list of specialised firms: {other.count} of {other.total}, {other}"
        )
        return Verdict("reproduced" if near else "differs", str(share), reason, share.share)
    stated = cited.article_share(cited.published())
    found = difference(share, stated)
    gap, low, high = (100 * value for value in found)
    apart = estimate(f"{number(gap, '+.1f')} points", low, high, "+.1f")
    reason = (
        f"on another cohort, {share.total} listed specialised firms: {apart} from {stated.count} of {stated.total}, which '{claim['published_text']}' comes to; both shares have an interval, and the "
        f"cohort's is clustered by industry. It lies {100 * off:.1f} points from the published share, {'no more' if near else 'more'} than the {100 * claim['tolerance']:g} that are allowed"
    )
    if found[1] <= 0 <= found[2] and near:
        return Verdict("supported", str(share), reason, share.share)
    decided_by = "the 93's R&D and selling expense of 2021, from a data vendor's export (`cohort import`) or a refresh"
    return Verdict("open", str(share), reason, share.share, decided_by)


@judges("mp3-giants")
def _giants(claim: pd.Series) -> Verdict:
    cohort, own = article_cohort()
    found = above_internet(cohorts.drawn(cohorts.company_years(cohort, 2021)))
    if own:
        return found
    reason = f"on another cohort, listed specialised firms of Shanghai and Shenzhen: {found.reason}"
    return replace(found, reason=reason, verdict="supported" if found.verdict == "reproduced" else found.verdict)


def above_internet(firms: pd.DataFrame, unknown: int = 0) -> Verdict:
    """Whether `firms` of 2021 lie above the internet companies in R&D over selling expense.

    unknown: how many more firms have a ratio that is not known; the claim is open where they could overturn the verdict.
    """
    internet = cohorts.internet_companies(2021)
    ratios, others = (
        np.asarray(expense_ratio(rows["rd_expense_cny"], rows["selling_expense_cny"]))
        for rows in (firms, cohorts.drawn(internet))
    )
    missing = len(internet) - len(others)
    # Those whose ratio is not known, all below every company or all above: the test only ranks.
    ends = (-np.inf, np.inf)
    found = {_above(np.append(ratios, np.full(unknown, end)), others)[0] for end in ends}
    against = {_above(ratios, np.append(others, np.full(missing, end)))[0] for end in ends}
    verdict = found.pop() if len(found) == 1 else "open"
    _, chance = _above(ratios, others)
    reason = (
        f"{len(ratios)} firms against {len(others)} internet companies, one-sided Mann-Whitney p = {chance:.3f}, which takes "
        "firms as independent"
    )
    if unknown:
        reason += f"; the verdict {'hangs' if found else 'does not hang'} on the {unknown} whose ratio is not known"
    if missing:
        could = "could" if len(against) > 1 else "could not"
        reason += say(
            "; {count:word} more internet {count:company|companies}, whose {count:ratio is|ratios are} not known, {could} overturn the verdict",
            count=missing, could=could,
        )  # fmt: skip
    medians = [times(float(np.median(each))) for each in (ratios, others)]
    return Verdict(verdict, f"median firm {medians[0]}, median internet company {medians[1]}", reason)


def _above(ratios: np.ndarray, others: np.ndarray) -> tuple[str, float]:
    """The verdict on whether `ratios` lie above `others`, and the p of the test."""
    from scipy.stats import mannwhitneyu

    chance = float(mannwhitneyu(ratios, others, alternative="greater").pvalue)
    if np.median(ratios) <= np.median(others):
        return "differs", chance
    return "reproduced" if chance < 0.05 else "open", chance


@judges("mp3-sign")
def _sign(claim: pd.Series) -> Verdict:
    years = parameters.fiscal_years()
    firms = pd.concat([cohorts.drawn(cohorts.company_years("all_listed", year)) for year in years])
    rd, selling = firms["rd_expense_cny"], firms["selling_expense_cny"]
    measures = parameters.allowed(parameters.RatioMeasure)
    agree = [(np.sign(expense_ratio(rd, selling, m)) == np.sign(rd - selling)).all() for m in measures]
    follow = [measure for measure, yes in zip(measures, agree, strict=True) if yes]
    rebuilt = f"{name_list(follow) if follow else 'no measure'} follow{'' if follow else 's'} the larger expense"
    reason = f"so it is defined: it could only fail if a measure were coded wrongly; checked on {len(firms):,} company-years, {years[0]} to {years[-1]}"
    return Verdict("definition" if all(agree) else "differs", rebuilt, reason)


def _named(claim: pd.Series) -> pd.DataFrame:
    """The evidence on the companies that a claim names."""
    rows = public_sector.evidence()
    return rows[[name in claim["claim"] for name in rows["name_en"]]]


@judges("mp3-public")
def _public(claim: pd.Series) -> Verdict:
    revenue = public_sector.sellers_revenue(public_sector.evidence())
    spans = revenue.groupby("name_en").agg(
        first=("fiscal_year", "first"), last=("fiscal_year", "last"), end=("index", "last")
    )
    said, known = [], []
    for name in _named(claim)["name_en"].unique():
        if name in spans.index:
            first, last, end = spans.loc[name]
            said.append(f"{name}'s revenue {change_words(end / 100 - 1)} from {first:.0f} to {last:.0f}")
            known.append(end > 100)
        else:
            said.append(f"{name}: no revenue found")
    up, listed = int((spans["end"] > 100).sum()), public_sector.listed_growth()
    usual = float((listed > 0).mean())
    reason = (
        f"{_grew(spans, up)}. Of {len(listed):,} listed companies {percent(usual)} grew from {span_words(*public_sector.GROWN)}. "
        "Whether customers caused it is not shown"
    )
    # One firm that grew is an example; that selling to the state is a good strategy needs more of the sellers to grow than of all.
    if known and not any(known):
        return Verdict("differs", "; ".join(said), reason)
    if any(known) and up > usual * len(spans):
        return Verdict("supported", "; ".join(said), reason)
    need = "revenue and the state's share of it, by year, for the board's companies: do those that sell more to the state grow more?"
    return Verdict("open", "; ".join(said), reason, decided_by=need)


def _grew(spans: pd.DataFrame, up: int) -> str:
    """How many of the firms that sell to the state grew from the first to the last year of their revenue that is known."""
    if spans.empty:
        return "no firm that sells to the state has revenue for several years"
    return say(
        "of {count:word} {count:firm that sells|firms that sell} to the state and {count:has|have} revenue for several years, of {span}, {up:word} grew from the "
        "first to the last of them",
        count=len(spans), span=span_words(int(spans["first"].min()), int(spans["last"].max())), up=up,
    )  # fmt: skip


@judges("mp3-lanxin")
def _lanxin(claim: pd.Series) -> Verdict:
    rows = _named(claim)
    years = rows.loc[rows["item"] == "founding_year", "value_low"]
    words = rows[rows["item"] == "statement"]
    found = name_list(words["about"] + " (" + words["period"] + ")") if len(words) else "nothing"
    if years.empty:
        reason = f"no source found states its founding or its customers; all there is: {found}"
        need = "its entry in the company register, or a prospectus: the day of founding, and customers by kind"
        return Verdict("open", "", reason, decided_by=need)
    near = abs(years.iloc[0] - claim["published_value"]) <= claim["tolerance"]
    reason = f"the year only; on its customers there is: {found}"
    return Verdict("reproduced" if near else "differs", f"founded {years.iloc[0]:.0f}", reason, float(years.iloc[0]))


@judges("mp3-hujiang")
def _hujiang(claim: pd.Series) -> Verdict:
    rows = _named(claim)
    audits, words = rows[rows["item"] == "audit_finding"], rows[rows["item"] == "statement"]
    if len(audits):
        return Verdict("supported", name_list(audits["about"]), "a public source states the finding")
    lead = f"; the nearest lead: {name_list(words['about'] + ' (' + words['period'] + ')')}" if len(words) else ""
    reason = f"none of {len(rows)} rows on the firm is an audit's finding{lead}"
    need = "the audit report, or a decision of the exchange or the regulator, on its sales to companies of the management's relatives"
    return Verdict("open", "", reason, decided_by=need)


@judges("mp3-cohort")
def _cohort(claim: pd.Series) -> Verdict:
    count = int(claim["published_value"])
    board, _, counts, *_ = who_are_the_93.load()
    # The article uses accounts of 2021: due by the end of April 2022, and the last due until the end of April 2023.
    certified = counts[counts["national_little_giants"].notna() & counts["date"].between("2022-04-30", "2023-04-30")]
    windows = who_are_the_93.board_windows(board, count)
    whole = (
        f"{count} is the whole board, certified or not, {name_list(day_words(*w) for w in windows)}"
        if windows
        else f"the whole board never had {count}"
    )
    need = "the day of the article's count, or its list of companies"
    if certified.empty:
        reason = f"no count of certified Little Giants was published while 2021's accounts were the last due; {whole}"
        return Verdict("open", "", reason, decided_by=need)
    companies = tables.load("companies")
    listed = int(((companies["board"] == "BSE") & companies["specialised_board"]).sum())
    certified = certified.drop_duplicates(["date", "national_little_giants"])  # two sources may publish one count
    values = certified["national_little_giants"]
    near = certified.loc[(values - count).abs().idxmin()]
    value, day = int(near["national_little_giants"]), day_words(near["date"])
    rebuilt = f"{value} certified, on {day}: the published count that comes nearest"
    reason = (
        f"the article bears no date; supposing it counted while 2021's accounts were the last due, the {count_word(len(values))} counts of certified "
        f"companies published in that time run from {values.min()} to {values.max()}, and a vendor's list of such firms of November 2023 has {listed} "
        f"of that month's board; {whole}"
    )
    if abs(value - count) <= claim["tolerance"]:
        return Verdict("reproduced", rebuilt, reason, value)
    if values.min() < count < values.max():  # the article may have counted on a day between
        return Verdict("open", rebuilt, reason, value, decided_by=need)
    return Verdict("differs", rebuilt, reason, value)


@judges("mp3-bse")
def _bse(claim: pd.Series) -> Verdict:
    first = who_are_the_93.load()[0].index[0]
    opened = f"first trading day {day_words(first)}"
    founded = cited.figures("exchange")
    founded = founded.loc[
        (founded["entity"] == "Beijing Stock Exchange") & (founded["item"] == "founded"), "period_end"
    ]
    if founded.empty:
        meets = f"{first:%Y-%m}" == claim["published_text"]
        reason = "the first entries of the roster are those of the first trading day; the day of founding is not in the tables"
        return Verdict("supported" if meets else "differs", opened, reason)
    day = founded.iloc[0]
    reason = (
        "the article's month is that of the first trading day"
        if f"{first:%Y-%m}" == claim["published_text"]
        else "neither"
    )
    meets = f"{day:%Y-%m}" == claim["published_text"]
    return Verdict("reproduced" if meets else "differs", f"founded on {day_words(day)}, {opened}", reason)
