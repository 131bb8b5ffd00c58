"""Figure 9's rows: a cohort's firms and all other listed ones, and how far they differ, within industries and between."""

import numpy as np
import pandas as pd

from lib import estimates, tables
from lib.errors import UserError
from lib.measures import SEED
from lib.rows import cohorts
from lib.words import phrase

#: The variable of each outcome; what it is, and whether it is a logarithm.
OUTCOMES = {
    "share": ("product_first", phrase("product-first share"), False),
    "log_ratio": ("log_ratio", phrase("R&D against selling expense"), True),
    "rd_intensity": ("log_rd_intensity", phrase("R&D per yuan of revenue"), True),
    "selling_intensity": ("log_selling_intensity", phrase("selling expense per yuan of revenue"), True),
}
#: The ladder: each specification compares firms that are more alike than those of the one before.
LADDER = {
    phrase("all other firms"): "{outcome} ~ in_cohort",
    phrase("same industry"): "{outcome} ~ in_cohort + C(industry_zh)",
    phrase("and same size"): "{outcome} ~ in_cohort + C(industry_zh) + log_revenue",
    phrase("and same listing age"): "{outcome} ~ in_cohort + C(industry_zh) + log_revenue + listing_age",
    phrase("and same board and controller"): (
        "{outcome} ~ in_cohort + C(industry_zh) + log_revenue + listing_age + C(board) + C(controller_kind)"
    ),
}
RAW, WITHIN, SIZE, AGE, LAST = LADDER
PLACEBO = phrase("label dealt at random in each industry")
DEALS = 999
#: How the printed table calls the variables.
NAMES = {
    "in_cohort": "In the cohort",
    "log_revenue": "Log revenue",
    "listing_age": "Listing age",
    "industry_zh": "Industry",
    "board": "Board",
    "controller_kind": "Controller",
}
GROUPS = (phrase("the cohort"), phrase("others, as by industry"), phrase("all others"))
QUARTILES = (0.25, 0.5, 0.75)


@tables.kept
def load(cohort: str, fiscal_year: int) -> pd.DataFrame:
    """The companies of a cohort and all other listed ones in one fiscal year, also those without figures.

    Columns: those of `cohorts.company_years`; `in_cohort` (1 or 0); `product_first` (1 or 0), `log_ratio`,
    `log_rd_intensity`, `log_selling_intensity` and `log_revenue` (natural logarithms; revenue in yuan), of firms that have a
    ratio; `listing_age` in years at the end of the fiscal year.
    """
    inside, listed = cohorts.company_years(cohort, fiscal_year), cohorts.company_years("all_listed", fiscal_year)
    others = listed[~listed["company_id"].isin(inside["company_id"])]
    rows = pd.concat([inside.assign(in_cohort=1.0), others.assign(in_cohort=0.0)], ignore_index=True)
    if cohorts.is_own(cohort):  # whose file does not say what the tables may know of a company
        known = tables.load("companies").set_index("company_id")
        for column in ("board", "listed_on", "controller_kind"):
            rows[column] = rows[column].fillna(rows["company_id"].map(known[column]))
    return with_outcomes(rows, fiscal_year)


def with_outcomes(rows: pd.DataFrame, fiscal_year: int) -> pd.DataFrame:
    """Rows of `cohorts.company_years` with the outcomes and controls of the specifications, as `load` has them."""
    has = rows["status"] == cohorts.DRAWN
    rd, selling = rows["rd_expense_cny"].where(has), rows["selling_expense_cny"].where(has)
    revenue = rows["revenue_cny"].where(has & (rows["revenue_cny"] > 0))
    return rows.assign(
        product_first=(rd > selling).astype(float).where(has),
        log_ratio=np.log(rd / selling),
        log_rd_intensity=np.log(rd / revenue),
        log_selling_intensity=np.log(selling / revenue),
        log_revenue=np.log(revenue),
        listing_age=(pd.Timestamp(fiscal_year, 12, 31) - rows["listed_on"]).dt.days / 365.25,
    )


def ladder(firms: pd.DataFrame, outcome: str) -> dict[str, estimates.Estimate]:
    """How far the cohort differs from other firms in `outcome`, by specification of LADDER."""
    variable = OUTCOMES[outcome][0]
    compared(firms, outcome)
    return {
        name: estimates.fit(formula.format(outcome=variable), firms, "in_cohort") for name, formula in LADDER.items()
    }


def compared(firms: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The firms that have the outcome. Raises UserError where none of the cohort does, or none of the others."""
    has = firms[firms[OUTCOMES[outcome][0]].notna()]
    for side, words in ((1, "of the cohort"), (0, "beside the cohort")):
        if not (has["in_cohort"] == side).any():
            raise UserError(
                f"Figure 9: no company {words} has a {outcome} in this year; choose another year or cohort, or give revenues."
            )
    return has


def placebo(firms: pd.DataFrame, outcome: str) -> tuple[float, float, float]:
    """The gap that industry makes without any label: the raw gap where the label is dealt at random within each industry.

    The mean of DEALS deals and the middle 95% of them, NaN where that does not hold the mean: few deals then differ. Firms of
    unknown industry are one industry.
    """
    has = compared(firms, outcome).sort_values(["industry_zh", "company_id"])  # in whatever order the rows come
    values, inside = has[OUTCOMES[outcome][0]].to_numpy(), has["in_cohort"].to_numpy()
    industry = has["industry_zh"].factorize(use_na_sentinel=False)[0]
    rng = np.random.default_rng(SEED)
    gaps = []
    for _ in range(DEALS):
        dealt = values[np.argsort(industry + rng.random(len(values)))]  # shuffled within each industry
        gaps.append(dealt[inside == 1].mean() - dealt[inside == 0].mean())
    mean, (low, high) = float(np.mean(gaps)), map(float, np.quantile(gaps, [0.025, 0.975]))
    return (mean, low, high) if low <= mean <= high else (mean, np.nan, np.nan)


def weights(firms: pd.DataFrame) -> pd.Series:
    """What each firm beside the cohort counts, so that their industries are as frequent as the cohort's: 0 in others."""
    count = firms.groupby(["industry_zh", "in_cohort"]).size().unstack()  # noqa: PD010
    count = count.reindex(columns=[0.0, 1.0]).fillna(0)
    weight = (count[1.0] / count[0.0].where(count[0.0] > 0)).fillna(0)
    return firms["industry_zh"].map(weight).fillna(0).where(firms["in_cohort"] == 0, 0)


def shares(firms: pd.DataFrame) -> dict[str, float]:
    """The product-first share of the cohort, of other firms as by the cohort's industries, and of all of these: by GROUPS."""
    has = compared(firms, "share")
    weight, others = weights(has), has["in_cohort"] == 0
    found = (
        has.loc[~others, "product_first"].mean(),
        np.average(has["product_first"], weights=weight) if weight.sum() else np.nan,
        has.loc[others, "product_first"].mean(),
    )
    return dict(zip(GROUPS, map(float, found), strict=True))


def intensities(firms: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of R&D and selling expense in yuan per 100 yuan of revenue: rows (group of GROUPS, line), columns low, middle, high."""
    has = firms[firms["log_rd_intensity"].notna()]
    inside = has["in_cohort"] == 1
    rows = {}
    for group, weight in zip(GROUPS, (inside, weights(has), ~inside), strict=True):
        weight = weight.astype(float).to_numpy()
        for line in ("rd", "selling"):
            values = np.exp(has[f"log_{line}_intensity"].to_numpy()) * 100
            found = (
                np.quantile(values, QUARTILES, weights=weight, method="inverted_cdf") if weight.sum() else [np.nan] * 3
            )
            rows[group, line] = dict(zip(("low", "middle", "high"), found, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index")


def industries(firms: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Median R&D over selling expense by industry, in the cohort and beside it, for industries with `minimum` firms of each.

    Columns: `industry_en`, `cohort` and `others` (ratios), `cohort_firms`, `others_firms`; highest of the others first.
    """
    has = firms[firms["log_ratio"].notna()]
    by = has.groupby(["industry_en", "in_cohort"])["log_ratio"].agg(["median", "size"]).unstack()  # noqa: PD010
    by = by.reindex(columns=pd.MultiIndex.from_product([["median", "size"], [0.0, 1.0]]))
    table = pd.DataFrame(
        {
            "cohort": np.exp(by["median", 1.0]),
            "others": np.exp(by["median", 0.0]),
            "cohort_firms": by["size", 1.0].fillna(0).astype(int),
            "others_firms": by["size", 0.0].fillna(0).astype(int),
        }
    ).reset_index()
    kept = table[(table["cohort_firms"] >= minimum) & (table["others_firms"] >= minimum)]
    return kept.sort_values(["others", "industry_en"], ascending=[False, True], ignore_index=True)
