"""Figure 4's rows: the share of product-first firms in every combination of choices in counting them."""

import functools
import itertools
import operator

import numpy as np
import pandas as pd

from lib import parameters, tables
from lib.measures import share_of
from lib.rows import cited, cohorts
from lib.words import phrase

#: What each choice may be, with the words that the figure uses. Cohort, year and threshold come from parameters.
COHORT_WORDS = {
    "specialised": phrase("listed specialised firms"),
    "bse": phrase("Beijing, 1 June 2022"),
    "star": phrase("STAR board"),
    "chinext": phrase("ChiNext board"),
    "all_listed": phrase("all listed"),
}
WEIGHTS = {"firms": phrase("each firm once"), "spending": phrase("by spending")}
ABSENT = {
    "left out": phrase("left out"),
    "zeros": phrase("zero counts as zero"),
    "lines": phrase("no line counts as zero too"),
}
PANELS = {False: phrase("all firms of the year"), True: phrase("same firms every year")}
CHECKS = {"all": phrase("all extracts"), "confirmed": phrase("confirmed by a second")}
CHOICES = {
    "cohort": phrase("Cohort"),
    "year": phrase("Fiscal year"),
    "threshold": phrase("Threshold"),
    "weight": phrase("Weighting"),
    "absent": phrase("Zero and missing"),
    "balanced": phrase("Panel"),
    "check": phrase("Source"),
}
WORDS = {"weight": WEIGHTS, "absent": ABSENT, "balanced": PANELS, "check": CHECKS, "cohort": COHORT_WORDS}


def load(cohort_list: list[str], years: list[int], thresholds: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The specifications, and what the article states; empty lists mean all cohorts and years that the tables hold."""
    chosen = (cohort_list or parameters.cohorts_with_data(), years or parameters.fiscal_years(), thresholds)
    cohort_names, years, thresholds = (tuple(dict.fromkeys(values)) for values in chosen)
    return specifications(cohort_names, tuple(sorted(years)), tuple(sorted(thresholds))), cited.published()


@tables.kept
def specifications(
    cohort_names: tuple[str, ...], years: tuple[int, ...], thresholds: tuple[float, ...]
) -> pd.DataFrame:
    """The share of product-first firms in every combination of choices, lowest share first, equal shares among them.

    One row per specification: the choices (columns as CHOICES), count, total, share, low and high (95% interval:
    Wilson for firms, linearised for spending). Combinations that no firm meets are dropped.
    """
    rows = []
    for cohort in cohort_names:
        by_year = {year: cohorts.company_years(cohort, year, max(years)).set_index("company_id") for year in years}
        panels = {}
        for absent, check in itertools.product(ABSENT, CHECKS):
            counted = {year: _counted(rows, absent, check) for year, rows in by_year.items()}
            always = functools.reduce(operator.and_, (firms["rd"].notna() for firms in counted.values()))
            panels[absent, check] = counted, always
        for year, balanced, absent, check in itertools.product(years, PANELS, ABSENT, CHECKS):
            counted, always = panels[absent, check]
            firms = counted[year]
            firms = firms[always if balanced else firms["rd"].notna()]
            if firms.empty:
                continue
            rd, selling = firms["rd"].to_numpy(), firms["selling"].to_numpy()
            for threshold, weight in itertools.product(thresholds, WEIGHTS):
                hits = rd > threshold * selling
                by_spending = weight == "spending"
                share = share_of(hits, rd + selling, "linearised") if by_spending else share_of(hits)
                rows.append((cohort, year, threshold, weight, absent, balanced, check, share.count, share.total, share.share,
                             share.low, share.high))  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*CHOICES, "count", "total", "share", "low", "high"])
    return frame.sort_values(["share", *CHOICES], ignore_index=True)


def influence(curve: pd.DataFrame) -> pd.Series:
    """How much of the spread of shares each choice alone accounts for, largest first (eta squared, 0 to 1)."""
    spread = (
        (curve["share"] - curve["share"].mean()) ** 2
    ).sum() or np.inf  # of equal shares nothing is to account for
    explained = {
        choice: ((curve.groupby(choice)["share"].transform("mean") - curve["share"].mean()) ** 2).sum() / spread
        for choice in CHOICES
    }
    return pd.Series(explained).sort_values(ascending=False)


def own_terms(curve: pd.DataFrame) -> pd.DataFrame:
    """The specifications nearest to the article: 2021, each firm once, R&D more than selling, its cohort or the default."""
    near = curve[(curve["year"] == 2021) & (curve["threshold"] == 1) & (curve["weight"] == "firms")]
    near = near[(near["absent"] == "left out") & ~near["balanced"] & (near["check"] == "all")]
    return near[near["cohort"].isin(["bse", "specialised"])]


def _counted(firms: pd.DataFrame, absent: str, check: str) -> pd.DataFrame:
    """`rd` and `selling` in yuan under a specification's reading of zero and missing; none for firms it does not count."""
    usable = firms["status"] == cohorts.DRAWN
    if absent in ("zeros", "lines"):
        usable |= firms["status"].isin(["R&D is zero", "selling expense is zero"])
    if absent == "lines":
        usable |= firms["status"].isin(["no R&D line", "no selling expense"])
    if check == "confirmed":
        usable &= firms["extract_check"] == "rd_confirmed"
    both = pd.DataFrame({"rd": firms["rd_expense_cny"].fillna(0), "selling": firms["selling_expense_cny"].fillna(0)})
    return both.where(usable & (both.sum(axis=1) > 0))
