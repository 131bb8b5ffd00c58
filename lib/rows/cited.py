"""Figures cited one by one, from data/cited_figures.csv: the better source preferred, amounts in one unit."""

from decimal import Decimal

import numpy as np
import pandas as pd

from lib import tables
from lib.errors import DataError
from lib.measures import Share, share_of

#: Fiscal year of the accounts that MacroPolo's article counts on.
ARTICLE_YEAR = 2021

#: How many of the unit make a billion of its currency; divided by, so that 142,700 million is 142.7 and no digit more.
BILLION = {"CNY million": 1000, "CNY billion": 1, "CNY trillion": 0.001, "USD million": 1000, "USD billion": 1}


def figures(group: str, weakest_grade: str = "C") -> pd.DataFrame:
    """Rows of one entity_group with a grade no weaker than `weakest_grade`, with `source_row`, their place in data/."""
    rows = tables.load("cited_figures")
    rows = rows[(rows["entity_group"] == group) & (rows["grade"] <= weakest_grade)]
    return rows.assign(source_row="cited_figures.csv:" + rows["figure_id"]).reset_index(drop=True)


def published() -> pd.DataFrame:
    """What the articles state: `published_value`, `published_text` and `tolerance`, by `claim_id`."""
    return tables.load("claims").set_index("claim_id")[["published_value", "published_text", "tolerance"]]


def article_share(published: pd.DataFrame) -> Share:
    """The article's own share, as a count of firms with Wilson's interval: its share times its firms, rounded.

    The article gives no count; this is what its 'nearly 65%' of 93 comes to. published: as from `published`.
    """
    total = int(published.at["mp3-cohort", "published_value"])
    count = round(published.at["mp3-share", "published_value"] * total)
    return share_of(np.arange(total) < count)


def half_unit(value: float) -> float:
    """Half a unit of the last digit of a number that is not zero: how far rounding may have moved it. 0.5 of 977, 0.005 of 21.87."""
    exponent = Decimal(f"{value:.12g}").normalize().as_tuple().exponent
    return float(Decimal(5).scaleb(exponent - 1))


def best(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row with a value for each `by`: the best grade, then the least rounded value, then the first in the table."""
    known = rows[rows["value"].notna()]
    known = known.assign(digits=[-len(f"{value:.12g}".replace(".", "").strip("0")) for value in known["value"]])
    known = known.sort_values(["grade", "digits"], kind="stable").drop(columns="digits")
    return known.drop_duplicates(by).sort_values(by, ignore_index=True)


def billions(rows: pd.DataFrame) -> pd.Series:
    """The rows' values in billions of their currency; DataError for an amount that is negative or in another unit."""
    for _, row in rows.iterrows():
        if row["unit"] not in BILLION:
            raise DataError([_place(row, "unit", f"{row['unit']} is not an amount of money; use {', '.join(BILLION)}")])
        if row["value"] < 0:
            raise DataError([_place(row, "value", f"{row['value']:g} is below zero; mend it or leave the cell empty")])
    return rows["value"] / rows["unit"].map(BILLION).astype("float64")  # a table of no rows has no numbers to tell by


def _place(row: pd.Series, column: str, words: str) -> str:
    return f"cited_figures.csv, row {row['figure_id']}, column {column}: {words}."
