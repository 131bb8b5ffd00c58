"""The ledger: each checkable claim of the two articles, rebuilt from the tables and judged.

Verdicts: `reproduced`, the article's own figure comes out within the tolerance; `supported`, the article's own
data cannot be had and other evidence agrees; `differs`, the evidence disagrees; `open`, nothing here decides it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib import cohorts, customers, huawei, parameters, sectors, tables
from lib.errors import DataError, UserError
from lib.measures import expense_ratio, share_of
from lib.words import count_word, day_words, name_list, speaking, times


@dataclass(frozen=True)
class Verdict:
    """What rebuilding a claim gave: the rebuilt value in words and, where it is one, as a number."""

    verdict: str
    rebuilt: str
    reason: str
    value: float = np.nan


JUDGES: dict[str, Callable[[pd.Series], Verdict]] = {}


def judges(claim_id: str):
    """Register the function that judges a claim; it is given the claim's row of claims.csv."""

    def register(function):
        JUDGES[claim_id] = function
        return function

    return register


@tables.kept
def ledger(figure: str | None = None) -> pd.DataFrame:
    """All claims, or those that one figure shows, judged on the tables as they are now.

    One row per claim: the columns of claims.csv, and `rebuilt`, `value`, `difference` (rebuilt less published,
    in the claim's unit), `verdict` and `reason`.
    """
    claims = tables.load("claims")
    if figure:
        claims = claims[claims["figure"] == figure]
    rows = []
    for _, claim in claims.iterrows():
        judge = JUDGES.get(claim["claim_id"])
        with speaking("en"):  # the ledger is in English, whatever the figure that asks
            found = judge(claim) if judge else Verdict("open", "", "not rebuilt yet")
        rows.append(
            {
                **claim,
                "rebuilt": found.rebuilt,
                "value": found.value,
                "difference": found.value - claim["published_value"],
                "verdict": found.verdict,
                "reason": found.reason,
            }
        )
    return pd.DataFrame(rows).reset_index(drop=True)


def verdicts(figure: str):
    """The claims that one figure shows with their verdicts, as a notebook shows them (a pandas Styler)."""
    columns = ["claim_id", "published_text", "rebuilt", "verdict", "reason"]
    left = [{"selector": "th, td", "props": "text-align: left"}]
    return ledger(figure)[columns].style.hide(axis="index").set_table_styles(left)


def article_cohort() -> tuple[str, bool]:
    """The cohort to judge Figure 1's claims on, and whether it is the 93 that may be the article's."""
    own = parameters.has_bse_expenses()
    return ("bse" if own else "little_giants"), own


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


@judges("cd-fields")
def _fields(claim: pd.Series) -> Verdict:
    industries = tables.load("industries")
    found = industries["hard_tech_field"].dropna().unique()
    verdict = "reproduced" if len(found) == claim["published_value"] else "open"
    reason = "our own mapping of industries to fields; artificial intelligence is no industry in this classification"
    return Verdict(verdict, f"{len(found)} fields found as industries", reason, float(len(found)))


@judges("cd-decade")
def _decade(claim: pd.Series) -> Verdict:
    years, sums = huawei.yearly(), huawei.stated_sums()
    first, last = huawei.CLAIM_YEAR - 9, huawei.CLAIM_YEAR
    found = huawei.rebuild(first, last, years, sums)
    stated = sums.loc[(sums["years"] == 10) & (sums["last_year"] == last), "rd_bn"]
    says = f"Huawei itself states {stated.iloc[0]:,.1f}" if len(stated) else "no sum stated by Huawei was found"
    off = found.total - claim["published_value"]
    if found.missing:
        reason = f"a lower bound, {name_list(map(str, found.missing))} not known; {says}"
        over = off > claim["tolerance"]
        near = len(stated) and abs(stated.iloc[0] - claim["published_value"]) <= claim["tolerance"]
        verdict = "differs" if over else "supported" if near else "open"
        return Verdict(verdict, f"at least {found.total:,.1f} billion yuan", reason, found.total)
    own = sum(cover in ("A", "B", "C") for cover in found.cover.values())
    listed, inside = (sum(cover == kind for cover in found.cover.values()) for kind in ("list", "sum"))
    reason = (
        f"{first} to {last} added up: {own} years as Huawei gives them, {inside} in a shorter sum that it states, "
        f"{listed} from another body's list; {says}"
    )
    verdict = "reproduced" if abs(off) <= claim["tolerance"] else "differs"
    return Verdict(verdict, f"{found.total:,.1f} billion yuan", reason, found.total)


@judges("cd-usd")
def _dollars(claim: pd.Series) -> Verdict:
    amount = tables.load("claims").set_index("claim_id").at["cd-rank", "published_value"]
    rates = huawei.rates()
    own = "Huawei's own closing rate"
    before = rates[(rates["kind"] == "day") & (rates["period_end"] < huawei.COLUMN_DAY)]
    others = name_list(
        f"{amount / row.cny_per_usd:.2f} at {own if row.kind == 'closing' else 'the ' + row.label}"
        for row in rates[rates["kind"] != "day"].itertuples()
    )
    if before.empty:
        return Verdict("open", "", f"no exchange rate of the days before {huawei.COLUMN_DAY:%Y-%m-%d}")
    rate = before.sort_values("period_end").iloc[-1]
    value = amount / rate["cny_per_usd"]
    near = abs(value - claim["published_value"]) <= claim["tolerance"]
    reason = (
        f"at the last daily rate before the column, {rate['cny_per_usd']:.4f} on {rate['label']}; it would be {others}"
    )
    return Verdict("reproduced" if near else "differs", f"${value:.2f} billion", reason, value)


@judges("cd-rank")
def _rank(claim: pd.Series) -> Verdict:
    own = huawei.yearly(list_figures=False).set_index("fiscal_year")["rd_bn"]
    lists = huawei.rankings()
    places = lists[(lists["company"] == "Huawei") & lists["rank"].notna()]
    firsts = places[(places["rank"] == 1) & places["rd_bn"].notna()]
    over = firsts["rd_bn"] - claim["published_value"]
    rebuilt = "; ".join(f"first on the {row.list} with {row.rd_bn:,.1f} billion yuan" for row in firsts.itertuples())
    value = float(firsts["rd_bn"].iloc[-1]) if len(firsts) else np.nan
    if over.between(0, claim["tolerance"]).any():
        return Verdict("reproduced", rebuilt, "a list has Huawei first with that amount", value)
    says = f"Huawei's own figure for {huawei.CLAIM_YEAR} is {own.get(huawei.CLAIM_YEAR, np.nan):,.1f}"
    if huawei.CLAIM_YEAR in set(places["fiscal_year"]):
        return Verdict("differs", rebuilt, f"the list on {huawei.CLAIM_YEAR} data says otherwise; {says}", value)
    reason = (
        f"no list found has Huawei first with over {claim['published_value']:g}: on the list on {huawei.CLAIM_YEAR} data it is "
        f"not ranked, and the separate R&D list of that year was not found; {says}"
    )
    return Verdict("open", rebuilt, reason, value)


@judges("cd-shift")
def _shift(claim: pd.Series) -> Verdict:
    try:
        rows = sectors.company_years("all_listed", parameters.fiscal_years()[0])
    except DataError:  # a broken table decides nothing
        raise
    except UserError as error:  # as after a refresh of one board alone, whose years the others lack
        return Verdict("open", "", str(error))
    shares = [sectors.services_share(sectors.sums(rows, panel)) for panel in parameters.allowed(parameters.Panel)]
    changes = [share.iloc[-1] - share.iloc[0] for share in shares]
    words = [f"{share.iloc[0]:.1%} to {share.iloc[-1]:.1%}" for share in shares]
    years = f"{shares[0].index[0]} to {shares[0].index[-1]}"
    rebuilt = f"services' share of companies' R&D, {years}: {words[0]} in the same firms, {words[1]} in all firms"
    both = sectors.national().pivot_table(index="fiscal_year", columns="item", values="drawn")
    both = both.reindex(columns=["fai_growth_secondary", "fai_growth_tertiary"]).dropna()
    found = name_list(map(str, both.index)) if len(both) else "no year"
    if len(both) < 2:
        agree = "the firms disagree" if min(changes) < 0 <= max(changes) else "the firms agree"
        reason = f"R&D is not investment, and {agree}; investment by sector was found for {found} only, so no shift can be seen"
        return Verdict("open", rebuilt, reason)
    toward = both.iloc[-1, 0] > both.iloc[-1, 1]
    reason = f"investment by sector, found for {found}, last grew faster in {'industry' if toward else 'services'}"
    if toward and max(changes) < 0:
        return Verdict("supported", rebuilt, reason)
    return Verdict("differs" if not toward and min(changes) >= 0 else "open", rebuilt, reason)


def _named(claim: pd.Series) -> pd.DataFrame:
    """The evidence on the companies that a claim names."""
    rows = customers.evidence()
    return rows[[name in claim["claim"] for name in rows["name_en"]]]


@judges("mp3-public")
def _public(claim: pd.Series) -> Verdict:
    rows = customers.evidence()
    sellers = rows.loc[rows["buyer"].isin(["state", "mixed"]), "name_en"].unique()
    series = {name: customers.yearly(rows, name, "revenue") for name in sellers}
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
    windows = cohorts.board_windows(count)
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
    first = cohorts.board_counts().index[0]
    meets = f"{first:%Y-%m}" == claim["published_text"]
    reason = (
        "the first entries of the roster are those of the first trading day; the day of founding is not in the tables"
    )
    return Verdict("supported" if meets else "differs", f"first trading day {day_words(first)}", reason)
