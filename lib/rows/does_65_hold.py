"""Figure 4's rows: the share of product-first firms in every combination of choices in counting them."""

import itertools

import numpy as np
import pandas as pd

from lib import parameters, tables
from lib.measures import Share, difference, share_of
from lib.rows import accounting_break, cited, cohorts
from lib.words import phrase

#: What each choice may be, with the words that the figure uses. Cohort, year and threshold come from parameters.
COHORT_WORDS = {
    "specialised": phrase("listed specialised firms"),
    "bse": phrase("Beijing, 1 June 2022"),
    "star": phrase("STAR board"),
    "chinext": phrase("ChiNext board"),
    "all_listed": phrase("all listed"),
}
#: What a company's spending is is not known where it has no ratio, so by spending there are no bounds.
COUNTINGS = {
    "once": phrase("each firm once"),
    "spending": phrase("by spending"),
    "sales first": phrase("once; no ratio: sales first"),
    "product first": phrase("once; no ratio: product first"),
}
CHOICES = {
    "cohort": phrase("Cohort"),
    "year": phrase("Fiscal year"),
    "threshold": phrase("Threshold"),
    "counting": phrase("How firms count"),
}
WORDS = {"counting": COUNTINGS, "cohort": COHORT_WORDS}
#: The first year of the revenue standard: shares before it and after are not like for like.
BREAK = accounting_break.YEARS[1]


def load(cohort_list: list[str], years: list[int], thresholds: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The specifications, and what the article states; empty lists mean all cohorts and years that the tables hold."""
    chosen = (cohort_list or parameters.cohorts_with_data(), years or parameters.fiscal_years(), thresholds)
    cohort_names, years, thresholds = (tuple(dict.fromkeys(values)) for values in chosen)
    return specifications(cohort_names, tuple(sorted(years)), tuple(sorted(thresholds))), cited.published()


@tables.kept
def specifications(
    cohort_names: tuple[str, ...], years: tuple[int, ...], thresholds: tuple[float, ...]
) -> pd.DataFrame:
    """The share of product-first firms in every combination of choices: first the years before the break, then those
    after it, in each the lowest share first.

    One row per specification: the choices (columns as CHOICES), count, total, share, low and high (95% interval), interval
    (the method of `measures.share_of`, with industries as clusters), no_ratio (companies that could have filed and have no ratio), doubtful (firms whose R&D no second extract
    confirms or that `cohorts.doubts` flags) and sure (the share without these; NaN where no firm is left). Combinations that
    no firm meets are dropped.
    """
    rows = []
    for cohort, year in itertools.product(cohort_names, years):
        members = cohorts.company_years(cohort, year)
        firms = cohorts.drawn(members)
        if firms.empty:
            continue
        gaps = members[~members["status"].isin([cohorts.DRAWN, *cohorts.NO_GAP])]
        everyone = pd.concat([firms["industry_zh"], gaps["industry_zh"]])
        rd, selling = firms["rd_expense_cny"].to_numpy(), firms["selling_expense_cny"].to_numpy()
        sure = (firms["confirmed"] & (firms["outlier"] == "")).to_numpy()
        for threshold, counting in itertools.product(thresholds, COUNTINGS):
            hits, weights, industries = rd > threshold * selling, None, firms["industry_zh"]
            if counting == "spending":
                weights = rd + selling
            elif counting != "once":
                hits = np.concatenate([hits, np.full(len(gaps), counting == "product first")])
                industries = everyone
            share = share_of(hits, weights, industries)
            held = np.concatenate([sure, np.ones(len(hits) - len(firms), dtype=bool)])
            without = share_of(hits[held], None if weights is None else weights[held]).share
            rows.append((cohort, year, threshold, counting, share.count, share.total, share.share, share.low, share.high,
                         share.method, len(gaps), int((~sure).sum()), without))  # fmt: skip
    columns = [*CHOICES, "count", "total", "share", "low", "high", "interval", "no_ratio", "doubtful", "sure"]
    frame = pd.DataFrame(rows, columns=columns)
    after = frame["year"] >= BREAK
    return frame.assign(after=after).sort_values(["after", "share", *CHOICES], ignore_index=True).drop(columns="after")


def blocks(curve: pd.DataFrame) -> list[pd.DataFrame]:
    """The specifications of the years before the break and of those after it, without a block that has none."""
    after = curve["year"] >= BREAK
    return [rows for rows in (curve[~after], curve[after]) if len(rows)]


def different(curve: pd.DataFrame) -> pd.DataFrame:
    """The specifications that give different results: one of those that give the same one on the same companies and year."""
    return curve.drop_duplicates(["cohort", "year", "count", "total", "share"])


def influence(curve: pd.DataFrame) -> pd.Series:
    """How much of the spread of shares each choice alone accounts for, largest first (eta squared, 0 to 1).

    It is of these options: others would spread otherwise. On the last of the `blocks`, so that the break is no part of it. A
    choice with one option there accounts for nothing and is not in it; of equal shares nothing is to account for.
    """
    block = blocks(curve)[-1]
    away = block["share"] - block["share"].mean()
    spread = (away**2).sum()
    chosen = [choice for choice in CHOICES if spread > 0 and len(block[choice].unique()) > 1]
    explained = {choice: (away.groupby(block[choice]).transform("mean") ** 2).sum() / spread for choice in chosen}
    return pd.Series(explained, dtype=float).sort_values(ascending=False)


def own_terms(curve: pd.DataFrame) -> pd.DataFrame:
    """The specifications on the article's own subject: specialised firms, 2021, R&D more than selling, each firm once.

    In three rows, by `counting`: without the companies that have no ratio, and with them as sales first and as product first. The cohort
    is the article's where the tables hold it, else the listed specialised firms; none where the curve has neither.
    """
    near = curve[(curve["year"] == cited.ARTICLE_YEAR) & (curve["threshold"] == 1) & (curve["counting"] != "spending")]
    cohort = next((name for name in ("bse", "specialised") if name in set(near["cohort"])), None)
    return near[near["cohort"] == cohort]


def gap(row: pd.Series, stated: Share) -> tuple[float, float, float]:
    """How far the share of a specification lies above the article's, with the 95% interval of the difference.

    The two are taken as samples of other firms, each with its own interval.
    """
    share = Share(int(row["count"]), int(row["total"]), row["share"], row["low"], row["high"], row["interval"])
    return difference(share, stated)
