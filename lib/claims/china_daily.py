"""The claims of China Daily's column, judged."""

import numpy as np
import pandas as pd

from lib import parameters, tables
from lib.claims.verdict import Verdict, judges
from lib.errors import DataError, UserError
from lib.rows import huawei_acfic as huawei
from lib.rows import services_to_industry as sectors
from lib.words import name_list


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
    rate = huawei.day_rate(rates)
    others = name_list(
        f"{amount / row.cny_per_usd:.2f} at {own if row.kind == 'closing' else 'the ' + row.label}"
        for row in rates[rates["kind"] != "day"].itertuples()
    )
    if rate is None:
        return Verdict("open", "", f"no exchange rate of the days before {huawei.COLUMN_DAY:%Y-%m-%d}")
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
    rebuilt = "; ".join(f"first on the {row.list} with {row.rd_bn:,.1f} billion yuan" for row in firsts.itertuples())
    value = float(firsts["rd_bn"].iloc[-1]) if len(firsts) else np.nan
    decided = huawei.first_place(lists, claim["published_value"], claim["tolerance"])
    if decided:
        return Verdict("reproduced", rebuilt, "a list has Huawei first with that amount", value)
    says = f"Huawei's own figure for {huawei.CLAIM_YEAR} is {own.get(huawei.CLAIM_YEAR, np.nan):,.1f}"
    if decided is False:
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
