"""Figure 5's rows: the same firms before and after the accounting break of 2020, and what is counted on them."""

import functools
import itertools

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from lib import tables
from lib.errors import UserError
from lib.measures import Share, share_of
from lib.rows import cohorts
from lib.words import name_list, phrase

YEARS = (2019, 2020, 2021)  # the year before the new standard, its first year, and the next
STEPS = tuple(itertools.pairwise(YEARS))  # across the break, and a year after it, as a placebo
LINES = {
    "revenue_cny": phrase("revenue"),
    "rd_expense_cny": phrase("R&D"),
    "selling_expense_cny": phrase("selling expense"),
}
GROUPS = (phrase("freight-heavy goods"), phrase("other goods"), phrase("services"))
TEST_FIRMS = 5  # an industry of fewer firms has no median to speak of
STRICTER = 10  # the same test, to see what hangs on that choice


@tables.kept
def load(cohort: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Firms of a cohort that have R&D, selling expense and revenue in all three years; and who is left out, counted.

    One row per firm, wide: `revenue_cny`, `rd_expense_cny`, `selling_expense_cny` for each year as columns
    (line, year), in yuan; `product_first` and `sales_first` (year), neither where
    both expenses are equal; `industry_en`, `group` and `doubtful` (a figure of some year is not
    confirmed by the second extract, or `cohorts.doubts` flags it) under year 0. A firm is left out by the reason that holds
    in the first year in which it has no ratio.
    """
    by_year = {year: cohorts.company_years(cohort, year, YEARS[-1]).set_index("company_id") for year in YEARS}
    base = by_year[YEARS[0]]
    reasons = (rows["status"].where(rows["status"] != cohorts.DRAWN) for rows in by_year.values())
    reason = functools.reduce(pd.Series.fillna, reasons)
    sold = pd.DataFrame({year: rows["revenue_cny"] > 0 for year, rows in by_year.items()}).all(axis=1)
    reason = reason.mask(reason.isna() & ~sold, phrase("no confirmed revenue in some year"))
    kept = reason.isna()
    if not kept.any():
        raise UserError(
            f"no company of {cohort} has R&D, selling expense and revenue in each of {name_list(map(str, YEARS))}: Figure 5 needs "
            "some. A file of your own needs a column `revenue` and a row for each year."
        )
    counts = reason.value_counts()
    out = {
        name: int(counts[name]) for name in (*cohorts.REASONS, "no confirmed revenue in some year") if name in counts
    }
    sure = [rows["confirmed"] & (rows["outlier"] == "") for rows in by_year.values()]
    wide = {(line, year): by_year[year].loc[kept, line] for line in LINES for year in YEARS}
    wide |= {("product_first", y): wide["rd_expense_cny", y] > wide["selling_expense_cny", y] for y in YEARS}
    wide |= {("sales_first", y): wide["rd_expense_cny", y] < wide["selling_expense_cny", y] for y in YEARS}
    wide |= {("industry_en", 0): base.loc[kept, "industry_en"], ("group", 0): _group(base[kept])}
    wide |= {("doubtful", 0): ~pd.concat(sure, axis=1).all(axis=1)[kept]}
    return pd.DataFrame(wide), out


def paths(firms: pd.DataFrame) -> pd.DataFrame:
    """The median firm's level of each line, its own 2019 as 100: rows by line, columns by year."""
    return pd.DataFrame(
        {
            year: {line: float((firms[line, year] / firms[line, YEARS[0]]).median() * 100) for line in LINES}
            for year in YEARS
        }
    )


def crossings(firms: pd.DataFrame, held: str = "selling_expense_cny") -> pd.DataFrame:
    """Firms that turned to a side from each year to the next, as filed and had the `held` line kept its ratio to revenue.

    Those whose expenses are equal in a year are on neither side then.
    Rows (from, to). Columns: to_product and to_sales, as filed; to_product_at_old_ratio and to_sales_at_old_ratio, with the
    held line at its share of revenue in the year before and all else as filed; to_product_either_way and
    to_sales_either_way, the firms that are in both counts.
    """
    rows = {}
    for before, after in STEPS:
        lines = {line: firms[line, after] for line in ("rd_expense_cny", "selling_expense_cny")}
        lines[held] = firms[held, before] / firms["revenue_cny", before] * firms["revenue_cny", after]
        rd, selling = lines.values()
        rows[before, after] = {}
        for side, kept in (("product", rd > selling), ("sales", rd < selling)):
            could, now = ~firms[f"{side}_first", before], firms[f"{side}_first", after]
            rows[before, after] |= {
                f"to_{side}": int((could & now).sum()),
                f"to_{side}_at_old_ratio": int((could & kept).sum()),
                f"to_{side}_either_way": int((could & now & kept).sum()),
            }
    ways = [f"to_{side}{way}" for way in ("", "_at_old_ratio", "_either_way") for side in ("product", "sales")]
    return pd.DataFrame.from_dict(rows, orient="index")[ways]


def ties(firms: pd.DataFrame) -> int:
    """How many firms have equal expenses in some of YEARS."""
    return int((~firms["product_first"] & ~firms["sales_first"]).any(axis=1).sum())


def turned(firms: pd.DataFrame, group: str, before: int, after: int) -> Share:
    """Of the firms of a group that were not product first in `before`, the share that was in `after`.

    Firms of one industry may move together: see `measures.share_of`.
    """
    could = firms[(firms["group", 0] == group) & ~firms["product_first", before]]
    return share_of(could["product_first", after], clusters=could["industry_en", 0])


def industries(firms: pd.DataFrame, minimum: int, before: int = YEARS[0], after: int = YEARS[1]) -> pd.DataFrame:
    """Median change of selling expense per yuan of revenue by industry, log points, for industries of `minimum` firms.

    Rows by industry: `group`, `firms`, and `change` from `before` to `after`, lowest first.
    """
    change = selling_ratio_change(firms, before, after)
    table = pd.DataFrame({"industry_en": firms["industry_en", 0], "group": firms["group", 0], "change": change})
    by = table.groupby(["industry_en", "group"])["change"].agg(["size", "median"]).reset_index()
    by = by.rename(columns={"size": "firms", "median": "change"})
    return by[by["firms"] >= minimum].sort_values(["change", "industry_en"], ignore_index=True)


def selling_ratio_change(firms: pd.DataFrame, before: int, after: int) -> pd.Series:
    """Log change of selling expense per yuan of revenue, one per firm."""
    ratio = {year: np.log(firms["selling_expense_cny", year] / firms["revenue_cny", year]) for year in (before, after)}
    return ratio[after] - ratio[before]


def freight_test(
    firms: pd.DataFrame, before: int = YEARS[0], after: int = YEARS[1], fewest: int = TEST_FIRMS
) -> dict[str, float]:
    """Does selling expense per yuan of revenue fall most where freight weighs most?

    The median firm's log change in each group, and one-sided Mann-Whitney p values of freight-heavy goods against the
    others, on the medians of industries of at least `fewest` firms, since firms of one industry move together. If freight
    that left selling expense in 2020 is behind the fall, the test passes to 2020, and not to 2021.
    """
    change, group = selling_ratio_change(firms, before, after), firms["group", 0]
    found = {f"median {name}": float(change[group == name].median()) for name in GROUPS}
    medians = industries(firms, fewest, before, after).groupby("group")["change"].agg(list).reindex(list(GROUPS))
    for other in GROUPS[1:]:
        pair = medians[GROUPS[0]], medians[other]
        whole = all(isinstance(values, list) for values in pair)
        found[f"p against {other}"] = float(mannwhitneyu(*pair, alternative="less").pvalue) if whole else np.nan
    return found


def _group(rows: pd.DataFrame) -> pd.Series:
    group = pd.Series("other goods", index=rows.index)
    group[rows["economic_sector"] == "tertiary"] = "services"
    group[rows["freight_heavy"].fillna(False).astype(bool)] = "freight-heavy goods"
    return group.where(rows["economic_sector"].notna())
