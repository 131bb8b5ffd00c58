"""Figure 1's rows: a cohort's R&D and selling expense in one year, who it is compared with, and the internet companies."""

from typing import NamedTuple

import pandas as pd

from lib import tables
from lib.measures import Share, expense_ratio, gap_within, share_of
from lib.rows import cited, cohorts


@tables.kept
def load(cohort: str, fiscal_year: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The cohort's companies, the other listed companies that have a ratio and the internet companies, each as from
    `cohorts.company_years`, and what the article states."""
    firms, everyone = (cohorts.company_years(name, fiscal_year) for name in (cohort, "all_listed"))
    others = cohorts.drawn(everyone[~everyone["company_id"].isin(firms["company_id"])])
    return firms, others, cohorts.internet_companies(fiscal_year), cited.published()


def ranked(rows: pd.DataFrame, measure: str = "log_ratio") -> pd.DataFrame:
    """The companies that have a ratio, highest first, with `ratio`, `product_first`, `grade` and `solid`.

    rows: as from `cohorts.company_years`. grade: the weaker of the two expenses' grades. solid: an extract
    whose R&D a second one confirms and whose revenue it does not contradict; a single figure of grade A.
    """
    firms = cohorts.drawn(rows)
    firms["ratio"] = expense_ratio(firms["rd_expense_cny"], firms["selling_expense_cny"], measure)
    firms["product_first"] = product_first(firms)
    firms["grade"] = cohorts.weaker_grade(firms)
    firms["solid"] = firms["confirmed"] | (firms["extract_check"].isna() & (firms["grade"] == "A"))
    return firms.sort_values(["ratio", "company_id"], ascending=[False, True], ignore_index=True)


def product_first(firms: pd.DataFrame) -> pd.Series:
    """Whether each company spends more on R&D than on selling; a tie is neither."""
    return firms["rd_expense_cny"] > firms["selling_expense_cny"]


def ties(firms: pd.DataFrame) -> int:
    """How many companies spend as much on R&D as on selling."""
    return int((firms["rd_expense_cny"] == firms["selling_expense_cny"]).sum())


def clustered(firms: pd.DataFrame, weights=None) -> Share:
    """The share that is product first; its interval lets firms of one industry move together where `measures.share_of` can."""
    return share_of(product_first(firms), weights, clusters=firms["industry_zh"])


def peers(firms: pd.DataFrame, others: pd.DataFrame) -> Share | None:
    """The share among `others`, weighted to the industries of `firms`; None where these have no industry in common.

    Each of the others counts by the number of `firms` for each of the others in its industry; those of other industries do
    not count. The weights are taken as given.
    """
    weights = _alike(firms, others)
    return clustered(others.loc[weights.index], weights) if len(weights) else None


def gap_to_peers(firms: pd.DataFrame, others: pd.DataFrame) -> tuple[float, float, float] | None:
    """How far the share of `firms` lies above that of `peers`, with its 95% interval; None where there are no peers.

    Firms of one industry may move together, on both sides.
    """
    weights = _alike(firms, others)
    if weights.empty:
        return None
    both = pd.concat([firms, others.loc[weights.index]])
    own = [True] * len(firms) + [False] * len(weights)
    return gap_within(product_first(both), own, [1.0] * len(firms) + weights.tolist(), both["industry_zh"])


def _alike(firms: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """What each of the others counts, so that they are as frequent in each industry as `firms`; only those that count."""
    wanted, there = (rows["industry_zh"].value_counts() for rows in (firms, others))
    both = others.loc[others["industry_zh"].isin(wanted.index), "industry_zh"]
    return both.map(wanted / there).astype(float)


class Bounds(NamedTuple):
    """How many companies could have filed, and the share that is product first were those without a ratio all not, or all."""

    companies: int
    low: float
    high: float


def bounds(firms: pd.DataFrame) -> Bounds:
    """Bounds of the share over the companies that could have filed both expenses: as from `cohorts.company_years`."""
    drawn, out = cohorts.drawn(firms), cohorts.left_out(firms)
    gap = sum(count for reason, count in out.items() if reason not in cohorts.NO_GAP)
    first, everyone = int(product_first(drawn).sum()), len(drawn) + gap
    return Bounds(everyone, first / everyone, (first + gap) / everyone)
