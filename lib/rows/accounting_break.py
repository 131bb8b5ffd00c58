"""Figure 5's rows: the same firms before and after the accounting break of 2020, and what is counted on them."""

import itertools

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from lib import tables
from lib.errors import UserError
from lib.rows import cohorts
from lib.words import name_list, phrase

YEARS = (2019, 2020, 2021)  # the year before the new standard, its first year, and the next
LINES = {
    "revenue_cny": phrase("revenue"),
    "rd_expense_cny": phrase("R&D"),
    "selling_expense_cny": phrase("selling expense"),
}
GROUPS = (phrase("freight-heavy goods"), phrase("other goods"), phrase("services"))
TEST_FIRMS = 5  # an industry of fewer firms has no median to speak of


@tables.kept
def load(cohort: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Firms of a cohort that have R&D, selling expense and revenue in all three years; and who is left out, counted.

    One row per firm, wide: `revenue_cny`, `rd_expense_cny`, `selling_expense_cny` for each year as columns
    (line, year), in yuan; `product_first` (year); `industry_en` and `group` under year 0.
    """
    by_year = {year: cohorts.company_years(cohort, year, YEARS[-1]).set_index("company_id") for year in YEARS}
    base = by_year[YEARS[0]]
    drawn = pd.DataFrame({year: rows["status"] == cohorts.DRAWN for year, rows in by_year.items()})
    sold = pd.DataFrame({year: rows["revenue_cny"] > 0 for year, rows in by_year.items()})
    kept = drawn.all(axis=1) & sold.all(axis=1)
    if not kept.any():
        raise UserError(
            f"no company of {cohort} has R&D, selling expense and revenue in each of {name_list(map(str, YEARS))}: Figure 5 needs "
            "some. A file of your own needs a column `revenue` and a row for each year."
        )
    out = {
        phrase("without both expenses in all three years"): int((~drawn.all(axis=1)).sum()),
        phrase("without a confirmed revenue"): int((drawn.all(axis=1) & ~sold.all(axis=1)).sum()),
    }
    wide = {(line, year): by_year[year].loc[kept, line] for line in LINES for year in YEARS}
    wide |= {("product_first", y): wide["rd_expense_cny", y] > wide["selling_expense_cny", y] for y in YEARS}
    wide |= {("industry_en", 0): base.loc[kept, "industry_en"], ("group", 0): _group(base[kept])}
    return pd.DataFrame(wide), {reason: count for reason, count in out.items() if count}


def paths(firms: pd.DataFrame) -> pd.DataFrame:
    """The median firm's level of each line, its own 2019 as 100: rows by line, columns by year."""
    return pd.DataFrame(
        {
            year: {line: float((firms[line, year] / firms[line, YEARS[0]]).median() * 100) for line in LINES}
            for year in YEARS
        }
    )


def crossings(firms: pd.DataFrame) -> pd.DataFrame:
    """Firms that changed sides from each year to the next: rows (from, to), columns to_product, of these
    to_product_at_old_ratio, those that would have with the selling expense per revenue of the year before, and to_sales."""
    rows = {}
    for before, after in itertools.pairwise(YEARS):
        was, now = firms["product_first", before], firms["product_first", after]
        ratio = firms["selling_expense_cny", before] / firms["revenue_cny", before]
        anyway = firms["rd_expense_cny", after] > ratio * firms["revenue_cny", after]
        rows[before, after] = {
            "to_product": int((~was & now).sum()),
            "to_product_at_old_ratio": int((~was & now & anyway).sum()),
            "to_sales": int((was & ~now).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def industries(firms: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Median change of selling expense per yuan of revenue by industry, log points, for industries of `minimum` firms.

    Rows by industry: `group`, `firms`, and `change` from 2019 to 2020, lowest first.
    """
    change = selling_intensity_change(firms)
    table = pd.DataFrame({"industry_en": firms["industry_en", 0], "group": firms["group", 0], "change": change})
    by = table.groupby(["industry_en", "group"])["change"].agg(["size", "median"]).reset_index()
    by = by.rename(columns={"size": "firms", "median": "change"})
    return by[by["firms"] >= minimum].sort_values(["change", "industry_en"], ignore_index=True)


def selling_intensity_change(firms: pd.DataFrame) -> pd.Series:
    """Log change of selling expense per yuan of revenue, 2019 to 2020, one per firm."""
    first, second = YEARS[:2]
    return np.log(firms["selling_expense_cny", second] / firms["revenue_cny", second]) - np.log(
        firms["selling_expense_cny", first] / firms["revenue_cny", first]
    )


def freight_test(firms: pd.DataFrame) -> dict[str, float]:
    """Does selling expense per yuan of revenue fall most where freight weighs most, as the explanation demands?

    The median firm's log change in each group, and one-sided Mann-Whitney p values of freight-heavy goods against the
    others, on the medians of industries of at least TEST_FIRMS firms, since firms of one industry move together.
    """
    change, group = selling_intensity_change(firms), firms["group", 0]
    found = {f"median {name}": float(change[group == name].median()) for name in GROUPS}
    medians = industries(firms, TEST_FIRMS).groupby("group")["change"].agg(list).reindex(list(GROUPS))
    for other in ("other goods", "services"):
        pair = medians["freight-heavy goods"], medians[other]
        whole = all(isinstance(values, list) for values in pair)
        found[f"p against {other}"] = float(mannwhitneyu(*pair, alternative="less").pvalue) if whole else np.nan
    return found


def _group(rows: pd.DataFrame) -> pd.Series:
    group = pd.Series("other goods", index=rows.index)
    group[rows["economic_sector"] == "tertiary"] = "services"
    group[rows["freight_heavy"].fillna(False).astype(bool)] = "freight-heavy goods"
    return group.where(rows["economic_sector"].notna())
