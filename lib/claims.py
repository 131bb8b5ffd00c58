"""The ledger: each checkable claim of the two articles, rebuilt from the tables and judged.

Verdicts: `reproduced`, the article's own figure comes out within the tolerance; `supported`, the article's own
data cannot be had and other evidence agrees; `differs`, the evidence disagrees; `open`, nothing here decides it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib import cohorts, parameters, tables
from lib.measures import expense_ratio, median_interval, share_of
from lib.words import name_list, times


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


def article_cohort() -> tuple[str, bool]:
    """The cohort to judge Figure 1's claims on, and whether it is the article's own 93."""
    own = parameters.has_bse_expenses()
    return ("bse" if own else "little_giants"), own


@judges("mp3-share")
def _share(claim: pd.Series) -> Verdict:
    cohort, own = article_cohort()
    firms = cohorts.drawn(cohorts.company_years(cohort, 2021))
    share = share_of(firms["rd_expense_cny"] > firms["selling_expense_cny"])
    if own:
        near = abs(share.share - claim["published_value"]) <= claim["tolerance"]
        return Verdict("reproduced" if near else "differs", str(share), "the article's own cohort", share.share)
    inside = share.low <= claim["published_value"] <= share.high
    reason = (
        f"on another cohort, {share.total} Shanghai and Shenzhen companies: its interval "
        f"{'holds' if inside else 'does not hold'} the published share; the article's own 93 need a refresh"
    )
    return Verdict("supported" if inside else "open", str(share), reason, share.share)


@judges("mp3-giants")
def _giants(claim: pd.Series) -> Verdict:
    from scipy.stats import mannwhitneyu

    cohort, own = article_cohort()
    firms = cohorts.drawn(cohorts.company_years(cohort, 2021))
    giants = cohorts.drawn(cohorts.internet_companies(2021))
    ratios = [expense_ratio(group["rd_expense_cny"], group["selling_expense_cny"]) for group in (firms, giants)]
    medians = [median_interval(values)[0] for values in ratios]
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
