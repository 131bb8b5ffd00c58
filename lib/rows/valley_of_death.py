"""Figure 10's rows: what firms sold later, by whether they put product or sales first in 2019, before the accounting break."""

import itertools

import numpy as np
import pandas as pd

from lib import estimates, tables
from lib.errors import UserError
from lib.rows import cohorts, standing
from lib.rows.label_or_industry import NAMES as CONTROLS
from lib.rows.label_or_industry import with_outcomes
from lib.words import phrase

BASE = 2019  # the year in which firms are sorted, the last before freight left selling expense
DECILES = 10
#: Who is compared, by whether firms are in the cohort.
GROUPS = {phrase("all"): (1, 0), phrase("the cohort"): (1,), phrase("others"): (0,)}
ALL, COHORT, OTHERS = GROUPS
LADDER = {
    phrase("as they are"): "growth ~ product_first",
    phrase("same industry"): "growth ~ product_first + C(industry_zh)",
    phrase("and same sales"): "growth ~ product_first + C(industry_zh) + log_revenue",
}
RAW, WITHIN, MAIN = LADDER
#: Other ways to ask, each with one change to the last of LADDER, on all firms.
WINSORISED = phrase("growth cut at 1% and 99%")
MEDIANS = phrase("medians, less industry's")
STEADY = phrase("without sales that doubled")
THROUGHOUT = phrase("listed before 2019")
ALIKE = phrase("same age, board, controller")
RD_HEAVY = phrase("R&D-heavy for the industry")
SELLING_HEAVY = phrase("selling-heavy for the industry")
AS_IT_IS, MEDIAN = phrase("as it is"), "median"
COMBINATIONS = phrase("{count} ways to count one sample")
PLACEBO = phrase("growth to 2020, by side of 2021")
#: What the estimates ask of a firm: all columns would take twice as long to part.
MEASURED = [
    *("in_cohort", "industry_zh", "board", "controller_kind", "listed_on", "listing_age", "log_revenue", "decile"),
    *(
        "product_first",
        "rd_heavy",
        "selling_heavy",
        "growth",
        "growth_less_industry",
        "growth_before",
        "product_first_after",
    ),
]
NAMES = CONTROLS | {"product_first": "Product first in 2019", "log_revenue": "Log revenue in 2019"}


@tables.kept
def load(cohort: str, last_year: int) -> pd.DataFrame:
    """The companies of a cohort and all other listed ones of 2019, also those without figures.

    Columns: those of `cohorts.company_years` for 2019, with `status` taking in who has no revenue in 2019 or `last_year`;
    `in_cohort` (1 or 0) and the outcomes and controls of `label_or_industry.with_outcomes`, all of 2019; `growth`, the log
    change of revenue to `last_year`, `growth_less_industry`, that less its industry's median; `decile` of R&D over selling
    expense, 1 to 10; `rd_heavy` and `selling_heavy`, 1 for more of it per yuan of revenue than the industry's median; of
    the placebo, `growth_before`, the log change of revenue to 2020, and `product_first_after`, the side of 2021.
    """
    rows = _year(cohort, BASE)
    later = {year: _year(cohort, year).set_index("company_id").reindex(rows["company_id"]) for year in (2020, 2021)}
    rows = with_outcomes(rows, BASE)
    sold = {year: _revenue(found.reset_index(), year).to_numpy() for year, found in later.items()}
    has, first = rows["status"] == cohorts.DRAWN, _revenue(rows, BASE)
    unsold = has & first.isna(), has & first.notna() & np.isnan(sold[last_year])
    for test, reason in zip(
        unsold, (phrase("without a confirmed revenue"), phrase("without a confirmed revenue later")), strict=True
    ):
        rows.loc[test, "status"] = reason
    kept = rows["status"] == cohorts.DRAWN
    if not kept.any():
        raise UserError(
            f"Figure 10: no company has both expenses for fiscal {BASE} and revenue for {BASE} and {last_year}."
        )
    after = later[2021].reset_index()
    drawn = (after["status"] == cohorts.DRAWN).to_numpy()
    side = (after["rd_expense_cny"] > after["selling_expense_cny"]).astype(float).where(drawn)
    rows = rows.assign(
        growth=(np.log(sold[last_year]) - np.log(first)).where(kept),
        growth_before=(np.log(sold[2020]) - np.log(first)).where(kept),
        product_first_after=side.where(kept),
    )
    rows["growth_less_industry"] = rows["growth"] - rows.groupby("industry_zh")["growth"].transform("median")
    rank = rows.sort_values("company_id")["log_ratio"].where(kept).rank(method="first")
    rows["decile"] = np.ceil(rank / rank.max() * DECILES)
    for line in ("rd", "selling"):
        intensity = rows[f"log_{line}_intensity"].where(kept)
        middle = intensity.groupby(rows["industry_zh"]).transform("median")
        rows[f"{line}_heavy"] = (intensity > middle).astype(float).where(intensity.notna() & middle.notna())
    return rows


def _year(cohort: str, year: int) -> pd.DataFrame:
    inside, listed = cohorts.company_years(cohort, year), cohorts.company_years("all_listed", year)
    others = listed[~listed["company_id"].isin(inside["company_id"])]
    return pd.concat([inside.assign(in_cohort=1.0), others.assign(in_cohort=0.0)], ignore_index=True)


def _revenue(rows: pd.DataFrame, year: int) -> pd.Series:
    """Revenue in yuan where there is some, and no regulator found it false."""
    revenue = rows["revenue_cny"]
    false = standing.void()
    false = false.loc[false["fiscal_year"] == year, "company_id"]
    return revenue.where((revenue > 0) & ~rows["company_id"].isin(false))


def group(firms: pd.DataFrame, name: str) -> pd.DataFrame:
    """The firms with a growth rate that are in one of GROUPS."""
    return firms[firms["growth"].notna() & firms["in_cohort"].isin(GROUPS[name])]


def by_decile(firms: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The median firm's growth by decile of R&D over selling expense, in the cohort and beside it; `minimum` firms or more.

    Columns: group, decile, firms, and growth with its interval (low, high) as log changes.
    """
    rows = []
    for name in (COHORT, OTHERS):
        for decile, some in group(firms[MEASURED], name).groupby("decile"):
            if len(some) >= minimum:
                found = estimates.median(some, "growth")
                rows.append((name, int(decile), len(some), found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=["group", "decile", "firms", "growth", "low", "high"])


def ladder(firms: pd.DataFrame) -> dict[tuple[str, str], estimates.Estimate]:
    """How much more product-first firms grew than sales-first ones, by specification of LADDER and group."""
    groups = {name: group(firms[MEASURED], name) for name in GROUPS}
    return {
        (step, name): estimates.fit(formula, some, "product_first")
        for step, formula in LADDER.items()
        for name, some in groups.items()
    }


def alternatives(firms: pd.DataFrame) -> dict[str, estimates.Estimate]:
    """What becomes of the last estimate of LADDER where one choice is another, on all firms; PLACEBO last."""
    firms, formula, of = group(firms[MEASURED], ALL), LADDER[MAIN], "product_first"
    alike = f"{formula} + listing_age + C(board) + C(controller_kind)"
    return {
        WINSORISED: estimates.fit(formula, winsorised(firms), of),
        MEDIANS: estimates.median(firms, "growth_less_industry", of),
        STEADY: estimates.fit(formula, steady(firms), of),
        THROUGHOUT: estimates.fit(formula, throughout(firms), of),
        ALIKE: estimates.fit(alike, firms, of),
        RD_HEAVY: estimates.fit(formula.replace(of, "rd_heavy"), firms, "rd_heavy"),
        SELLING_HEAVY: estimates.fit(formula.replace(of, "selling_heavy"), firms, "selling_heavy"),
        PLACEBO: placebo(firms),
    }


def placebo(firms: pd.DataFrame) -> estimates.Estimate:
    """What is no effect of the side: growth from 2019 to 2020, by the side that a firm took in 2021."""
    formula = LADDER[MAIN].replace("product_first", "product_first_after").replace("growth", "growth_before")
    return estimates.fit(formula, group(firms[MEASURED], ALL), "product_first_after")


def same_side(firms: pd.DataFrame) -> float:
    """The share of firms of the placebo, with both expenses in 2019 and 2021, that are on one side in both years."""
    both = group(firms, ALL).dropna(subset=["product_first", "product_first_after"])
    return float((both["product_first"] == both["product_first_after"]).mean())


def winsorised(firms: pd.DataFrame) -> pd.DataFrame:
    return firms.assign(growth=firms["growth"].clip(*firms["growth"].quantile([0.01, 0.99])))


def steady(firms: pd.DataFrame) -> pd.DataFrame:
    """Without firms whose revenue more than doubled, as it does where a firm takes over another."""
    return firms[firms["growth"] <= np.log(2)]


def throughout(firms: pd.DataFrame) -> pd.DataFrame:
    return firms[firms["listed_on"] < pd.Timestamp(BASE, 1, 1)]


def combinations(firms: pd.DataFrame) -> pd.DataFrame:
    """Every combination of firms, growth as it is or cut, and controls: columns sample, growth, step, and those of `estimates.rows`."""
    firms = group(firms[MEASURED], ALL)
    samples = {ALL: firms, STEADY: steady(firms), THROUGHOUT: throughout(firms)}
    cuts = {AS_IT_IS: lambda rows: rows, WINSORISED: winsorised}
    found = {
        (sample, cut, step): estimates.fit(LADDER[step], cuts[cut](samples[sample]), "product_first")
        for sample, cut, step in itertools.product(samples, cuts, LADDER)
    }
    found |= {
        (sample, MEDIAN, RAW): estimates.median(rows, "growth", "product_first") for sample, rows in samples.items()
    }
    found |= {
        (sample, MEDIAN, WITHIN): estimates.median(rows, "growth_less_industry", "product_first")
        for sample, rows in samples.items()
    }
    table = pd.DataFrame(list(found), columns=["sample", "growth", "step"])
    return pd.concat([table, estimates.rows(found.values())], axis=1)
