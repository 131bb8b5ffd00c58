"""The claims of MacroPolo's article, judged."""

import numpy as np
import pandas as pd

from lib import parameters, tables
from lib.claims.verdict import Verdict, judges
from lib.measures import expense_ratio, share_of
from lib.rows import cohorts, public_sector, who_are_the_93
from lib.words import count_word, day_words, name_list, times


def article_cohort() -> tuple[str, bool]:
    """The cohort to judge Figure 1's claims on, and whether it is the 93 that may be the article's."""
    own = parameters.has_bse_expenses()
    return ("bse" if own else "specialised"), own


@judges("mp3-share")
def _share(claim: pd.Series) -> Verdict:
    cohort, own = article_cohort()
    firms = cohorts.drawn(cohorts.company_years(cohort, 2021))
    share = share_of(firms["rd_expense_cny"] > firms["selling_expense_cny"])
    off = abs(share.share - claim["published_value"])
    near = off <= claim["tolerance"]
    if own:
        labelled = firms[firms["company_id"].isin(_labelled_on_board())]
        other = share_of(labelled["rd_expense_cny"] > labelled["selling_expense_cny"])
        reason = (
            f"read as the whole board of {cohorts.BSE_DAY.day} {cohorts.BSE_DAY:%B %Y}: {share.count} of {share.total} companies; read as "
            f"those of it on the list of specialised SMEs: {other.count} of {other.total}, {other}"
        )
        return Verdict("reproduced" if near else "differs", str(share), reason, share.share)
    inside = share.low <= claim["published_value"] <= share.high
    reason = (
        f"on another cohort, {share.total} Shanghai and Shenzhen companies: the published share lies "
        f"{'inside' if inside else 'outside'} its interval, {off * 100:.1f} points off, so the claim is not "
        f"{'contradicted' if inside else 'decided'}; the article's 93 need a refresh"
    )
    return Verdict("supported" if inside and near else "open", str(share), reason, share.share)


def _labelled_on_board() -> pd.Series:
    """Ids of the article's 93 that a vendor's list of November 2023 has as Little Giants: the other reading of who they are."""
    roster = tables.load("bse_roster")
    return roster.loc[cohorts.on_board(roster, cohorts.BSE_DAY) & roster["specialised_board"], "company_id"]


@judges("mp3-giants")
def _giants(claim: pd.Series) -> Verdict:
    from scipy.stats import mannwhitneyu

    cohort, own = article_cohort()
    firms = cohorts.drawn(cohorts.company_years(cohort, 2021))
    giants = cohorts.drawn(cohorts.internet_companies(2021))
    ratios = [expense_ratio(group["rd_expense_cny"], group["selling_expense_cny"]) for group in (firms, giants)]
    medians = [float(np.median(values)) for values in ratios]
    chance = mannwhitneyu(*ratios, alternative="greater").pvalue
    rebuilt = f"median firm {times(medians[0])}, median internet company {times(medians[1])}"
    test = f"{len(firms)} firms against {len(giants)} internet companies, one-sided Mann-Whitney p = {chance:.3f}"
    holds = medians[0] > medians[1] and chance < 0.05
    if not holds:
        return Verdict("differs" if medians[0] <= medians[1] else "open", rebuilt, test)
    return Verdict("reproduced" if own else "supported", rebuilt, test)


@judges("mp3-sign")
def _sign(claim: pd.Series) -> Verdict:
    years = parameters.fiscal_years()
    firms = pd.concat([cohorts.drawn(cohorts.company_years("all_listed", year)) for year in years])
    rd, selling = firms["rd_expense_cny"], firms["selling_expense_cny"]
    measures = parameters.allowed(parameters.RatioMeasure)
    agree = [(np.sign(expense_ratio(rd, selling, m)) == np.sign(rd - selling)).all() for m in measures]
    rebuilt = f"{name_list(m for m, yes in zip(measures, agree, strict=True) if yes)} follow the larger expense"
    reason = f"checked on {len(firms):,} company-years, {years[0]} to {years[-1]}"
    return Verdict("reproduced" if all(agree) else "differs", rebuilt, reason)


def _named(claim: pd.Series) -> pd.DataFrame:
    """The evidence on the companies that a claim names."""
    rows = public_sector.evidence()
    return rows[[name in claim["claim"] for name in rows["name_en"]]]


@judges("mp3-public")
def _public(claim: pd.Series) -> Verdict:
    rows = public_sector.evidence()
    sellers = rows.loc[rows["buyer"].isin(["state", "mixed"]), "name_en"].unique()
    series = {name: public_sector.yearly(rows, name, "revenue") for name in sellers}
    series = {name: years for name, years in series.items() if len(years) > 1}
    growth = {name: years["value_low"].iloc[-1] / years["value_low"].iloc[0] - 1 for name, years in series.items()}
    named = _named(claim)["name_en"].unique()
    said = []
    for name in named:
        if name in growth:
            first, last = series[name]["fiscal_year"].iloc[[0, -1]]
            said.append(f"{name}'s revenue {growth[name]:+.0%} from {first} to {last}")
        else:
            said.append(f"{name}: no revenue found")
    up = sum(change > 0 for change in growth.values())
    reason = (
        f"of {count_word(len(growth))} firms that sell to the state and have revenue for several years, {count_word(up)} grew; "
        "whether customers caused it is not shown"
    )
    known = [growth[name] > 0 for name in named if name in growth]
    # One firm that grew is an example; that selling to the state is a good strategy needs most of the sellers to grow.
    if known and not any(known):
        return Verdict("differs", "; ".join(said), reason)
    return Verdict("supported" if any(known) and up > len(growth) / 2 else "open", "; ".join(said), reason)


@judges("mp3-lanxin")
def _lanxin(claim: pd.Series) -> Verdict:
    rows = _named(claim)
    years = rows.loc[rows["item"] == "founding_year", "value_low"]
    words = rows[rows["item"] == "statement"]
    found = name_list(words["about"] + " (" + words["period"] + ")") if len(words) else "nothing"
    if years.empty:
        return Verdict("open", "", f"no source found states its founding or its customers; all there is: {found}")
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
    return Verdict("open", "", f"none of {len(rows)} rows on the firm is an audit's finding{lead}")


@judges("mp3-cohort")
def _cohort(claim: pd.Series) -> Verdict:
    count = int(claim["published_value"])
    counts = tables.load("little_giant_counts")
    # The article uses accounts of 2021: filed by the end of April 2022, and the latest until the end of April 2023.
    certified = counts[counts["national_little_giants"].notna() & counts["date"].between("2022-04-30", "2023-04-30")]
    if certified.empty:
        return Verdict(
            "open", "", "no count of certified Little Giants was published while 2021's accounts were the latest"
        )
    near = certified.loc[(certified["national_little_giants"] - count).abs().idxmin()]
    value, day = int(near["national_little_giants"]), day_words(near["date"])
    rebuilt = f"{value} certified, on {day}: the published count that comes nearest"
    windows = who_are_the_93.board_windows(who_are_the_93.load()[0], count)
    whole = (
        f"{count} is the whole board, certified or not, {name_list(day_words(*w) for w in windows)}"
        if windows
        else f"the whole board never had {count}"
    )
    met = abs(value - count) <= claim["tolerance"]
    reason = f"{whole}; counts published while 2021's accounts were the latest run from {certified['national_little_giants'].min()} to {certified['national_little_giants'].max()}"
    return Verdict("reproduced" if met else "open", rebuilt, f"{reason}; the article's day is not known", value)


@judges("mp3-bse")
def _bse(claim: pd.Series) -> Verdict:
    first = who_are_the_93.load()[0].index[0]
    meets = f"{first:%Y-%m}" == claim["published_text"]
    reason = (
        "the first entries of the roster are those of the first trading day; the day of founding is not in the tables"
    )
    return Verdict("supported" if meets else "differs", f"first trading day {day_words(first)}", reason)
