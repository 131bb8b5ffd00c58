"""The claims of China Daily's column, judged."""

import numpy as np
import pandas as pd

from lib import tables
from lib.claims.verdict import Verdict, judges
from lib.rows import cited
from lib.rows import huawei_acfic as huawei
from lib.rows import services_to_industry as sectors
from lib.words import name_list, number


@judges("cd-fields")
def _fields(claim: pd.Series) -> Verdict:
    companies = tables.load("companies").merge(tables.load("industries"), on="industry_zh", how="left")
    counts = companies["hard_tech_field"].dropna().value_counts()
    tagged = int(companies["ai_concept"].fillna(False).sum())
    found = len(counts) + (tagged > 0)
    inside = name_list(f"{name} {count:,}" for name, count in counts.items())
    reason = f"what hard tech is cannot be false; companies by our own mapping of industries: {inside}"
    reason += f"; artificial intelligence, a vendor's tag that overlaps them: {tagged:,}"
    rebuilt = f"{found} fields with companies in the tables"
    if found == claim["published_value"]:
        return Verdict("definition", rebuilt, reason, float(found))
    return Verdict("open", rebuilt, reason, float(found), "companies of the fields that have none")


@judges("cd-decade")
def _decade(claim: pd.Series) -> Verdict:
    years, sums = huawei.yearly(), huawei.stated_sums()
    last = huawei.CLAIM_YEAR
    found, stated = huawei.decade(years, sums, last)
    says = f"Huawei itself states {stated:,.1f}" if stated == stated else "no sum stated by Huawei was found"
    published = claim["published_value"]
    off, allowed = found.total - published, cited.half_unit(published) + found.rounding
    if found.missing:
        missing = name_list(map(str, found.missing))
        reason = f"a lower bound, {missing} not known; {says}"
        near = stated == stated and abs(stated - published) <= cited.half_unit(published) + cited.half_unit(stated)
        verdict = "differs" if off > allowed else "supported" if near else "open"
        needed = f"Huawei's R&D of {missing}" if verdict == "open" else ""
        return Verdict(verdict, f"at least {found.total:,.1f} billion yuan", reason, found.total, needed, allowed)
    covers = list(found.cover.values())
    filed, listed = covers.count("A"), covers.count("list")
    reason = (
        f"{last - 9} to {last} added up: {filed} years from Huawei's annual reports, {len(covers) - filed - listed} as others report what it "
        f"states, {listed} from another body's list; {number(off, '+.2f')} from the published sum, where its rounding and that of the years allow "
        f"{allowed:.2f}; {says}"
    )
    verdict = "reproduced" if abs(off) <= allowed else "differs"
    return Verdict(verdict, f"{found.total:,.1f} billion yuan", reason, found.total, allowed=allowed)


@judges("cd-usd")
def _dollars(claim: pd.Series) -> Verdict:
    amount = tables.load("claims").set_index("claim_id").at["cd-rank", "published_value"]
    rates = huawei.rates()
    own = "Huawei's own closing rate"
    rate = huawei.day_rate(rates)
    others = name_list(
        f"{amount / row.cny_per_usd:.2f} at {own if row.kind == 'closing' else 'the ' + row.label}"
        for row in rates[rates["kind"] != "day"].itertuples()
    )
    if rate is None:
        before = f"{huawei.COLUMN_DAY:%Y-%m-%d}"
        needed = f"the exchange rate of a day before {before}"
        return Verdict("open", "", f"no exchange rate of the days before {before}", decided_by=needed)
    value = amount / rate["cny_per_usd"]
    allowed = cited.half_unit(claim["published_value"])
    near = abs(value - claim["published_value"]) <= allowed
    reason = (
        f"at the last daily rate before the column, {rate['cny_per_usd']:.4f} on {rate['label']}; it would be {others}"
    )
    return Verdict("reproduced" if near else "differs", f"${value:.2f} billion", reason, value, allowed=allowed)


@judges("cd-rank")
def _rank(claim: pd.Series) -> Verdict:
    own = huawei.yearly(list_figures=False).set_index("fiscal_year")["rd_bn"]
    lists = huawei.rankings()
    year = huawei.CLAIM_YEAR
    places = lists[lists["company"] == "Huawei"]
    firsts = places[(places["rank"] == 1) & places["rd_bn"].notna()]
    rebuilt = "; ".join(f"first on the {row.list} with {row.rd_bn:,.1f} billion yuan" for row in firsts.itertuples())
    named = firsts.loc[firsts["named_for"] == year, "rd_bn"]
    value = float(named.iloc[-1]) if len(named) else np.nan
    decided = huawei.first_place(lists, claim["published_value"], claim["tolerance"])
    if decided:
        return Verdict("reproduced", rebuilt, "a list has Huawei first with that amount", value)
    said = [f"no list found has Huawei first with over {claim['published_value']:g} billion"]
    said += [f"the {row.list}, on {year} data, has it '{row.statement}'" if row.statement else
             f"the {row.list}, on {year} data, has it in place {row.rank:.0f}"
             for row in places[places["fiscal_year"] == year].itertuples()]  # fmt: skip
    said.append(f"Huawei's own figure for {year} is {own.get(year, np.nan):,.1f}")
    titles = tables.load("sources").set_index("source_id")["title"]
    said += [
        f"'{row.exact_words}': {titles[row.source_ids[0]]}"
        for row in places.itertuples()
        if row.statement and row.exact_words
    ]
    needed = (
        f"the ACFIC's lists of {year} and of {year} data, with Huawei's place and amount" if decided is None else ""
    )
    return Verdict("open" if decided is None else "differs", rebuilt, "; ".join(said), value, needed)


@judges("cd-shift")
def _shift(claim: pd.Series) -> Verdict:
    """Both halves on investment alone: what companies spend on R&D is none, and settles neither."""
    last = huawei.COLUMN_DAY.year
    halves = [_to_industry(last), _to_technology(last)]
    verdicts = {half.verdict for half in halves}
    verdict = "differs" if "differs" in verdicts else "open" if "open" in verdicts else "supported"
    heads = ("from services to industry", "from business models to technology")
    rebuilt = "; ".join(f"{head}: {half.verdict}" for head, half in zip(heads, halves, strict=True))
    needed = name_list(half.decided_by for half in halves if half.decided_by) if verdict == "open" else ""
    return Verdict(verdict, rebuilt, "; ".join(half.reason for half in halves), decided_by=needed)


def _to_industry(last: int) -> Verdict:
    """Investment moves to the sector where it grows faster: the last two years found have to agree."""
    table = sectors.investment_growth(sectors.COMPARED, last)
    faster = table["secondary"] > table["tertiary"]
    recent = set(faster.iloc[-2:])
    verdict = "open" if len(table) < 2 or len(recent) > 1 else "supported" if recent == {True} else "differs"
    needed = "growth of fixed-asset investment by sector in whole years, with one sector ahead in the last two"
    return Verdict(verdict, "", _ahead(table, "industry", "services"), decided_by=needed if verdict == "open" else "")


def _to_technology(last: int) -> Verdict:
    """What moved away from business models was not found, so it is open; two kinds of investment in technology can refute it.

    They are venture capital in chips, and fixed assets of high-tech manufacturing.
    """
    share = sectors.chips_share(last)
    table = sectors.investment_growth(("hightech_manufacturing", "total"), last)
    needed = "venture capital by field, business models among them, from one source in two years at least"
    found, said = set(), []
    if len(share) > 1:
        first, final = share.index[[0, -1]]
        found.add(bool(share.iloc[-1] > share.iloc[0]))
        said.append(
            f"chips' share of venture capital was {share.iloc[0]:.1%} in {first} and {share.iloc[-1]:.1%} in {final}"
        )
    if len(table):
        found |= set(table["hightech_manufacturing"] > table["total"])
        said.append(_ahead(table, "high-tech manufacturing", "all fields together"))
    verdict = "differs" if len(said) == 2 and found == {False} else "open"
    reason = (
        " and ".join(said) or "neither venture capital in chips nor investment in high-tech manufacturing was found"
    )
    reason += "; that is technology alone: nothing was found on what business models received"
    return Verdict(verdict, "", reason, decided_by=needed if verdict == "open" else "")


def _ahead(table: pd.DataFrame, one: str, other: str) -> str:
    """In which years fixed-asset investment grew faster in the first column of `table`, in the second, or in neither."""
    lead = table.iloc[:, 0] - table.iloc[:, 1]
    years = {
        f"faster in {one} than in {other}": lead > 0,
        f"faster in {other} than in {one}": lead < 0,
        "as fast in both": lead == 0,
    }
    parts = [f"{words} in {name_list(map(str, table.index[there]))}" for words, there in years.items() if there.any()]
    return f"fixed-asset investment grew {' and '.join(parts)}" if parts else "no year's investment was found for both"
