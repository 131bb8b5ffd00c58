"""Rows as a Stata file: labelled variables and values, missing where nothing is known. The same rows give the same bytes."""

import re
import textwrap
from datetime import datetime
from pathlib import Path

import pandas as pd

from lib import tables

VERSION = 118  # Stata 14 and newer, in UTF-8
LABEL = 80  # characters that Stata keeps of a label
EPOCH = datetime(1980, 1, 1)  # in place of the hour at which a file is made
YES_NO = {0: "no", 1: "yes"}

#: What the columns of figures' rows hold, where the codebook has none of that name or several that differ.
WORDS = {
    "absent": "How the missing companies are counted",
    "balanced": "Whether only companies with figures in every year count",
    "check": "What the row tests",
    "clusters": "Groups of companies that the interval lets move together",
    "cny_per_usd": "Yuan for a US dollar",
    "cohort": "Which companies, by the name of the parameter",
    "companies": "Number of companies",
    "confirmed": "Whether a second extract agrees on R&D, and revenue is known",
    "controls": "Controls of the regression",
    "count": "Number of companies that put product first",
    "count_firms": "Number of companies with both expenses",
    "counting": "How a company counts: once, by its spending, or missing ones on either side",
    "doubtful": "Number of companies whose ratio is not confirmed or looks wrong",
    "estimate": "Estimate, or the value drawn, in its unit",
    "expected": "Number of companies that the source or the article gives",
    "field": "Hard-tech field, or the industries outside all of them",
    "firms": "Number of companies behind the value",
    "first_year": "First fiscal year that the row covers",
    "fixed_effects": "Fixed effects of the regression",
    "formula": "Specification of the regression",
    "grade": "Grade of the source: A the company's own statement, B second-hand, C weak",
    "group": "Which companies of the figure the row belongs to",
    "high": "Upper end of the 95% interval",
    "how": "How the value is known",
    "index": "Contracts as an index, the first year drawn is 100",
    "industries": "Number of industries",
    "industry_en": "Industry",
    "intensity": "R&D expense as a share of revenue",
    "intensity_high": "Upper end of the 95% interval of the R&D intensity",
    "intensity_low": "Lower end of the 95% interval of the R&D intensity",
    "interval": "What the interval lets move together: firms, or whole industries",
    "invented_high": "Revenue found to be invented, upper bound, per cent",
    "invented_low": "Revenue found to be invented, lower bound, per cent",
    "item": "What the value is",
    "list": "Which list of the ACFIC",
    "log2_ratio": "R&D expense over selling expense, logarithm to base 2",
    "low": "Lower end of the 95% interval",
    "missing": "Number of companies without both expenses",
    "name_en": "English name",
    "name_zh": "Short Chinese name",
    "no_ratio": "Number of companies without both expenses",
    "outlier": "Why a ratio looks wrong, empty where it does not",
    "panel": "Part of the figure that the row is drawn in",
    "product_first": "Whether R&D expense is larger than selling expense",
    "rank": "Place on the list",
    "same_firm": "Whether the company has both expenses in every year",
    "sector": "Economic sector of the company's industry",
    "series": "Line or kind of dots that the row belongs to",
    "share": "Share of the companies that put product first",
    "source_id": "Row of sources.csv that the row comes from",
    "source_ids": "Rows of sources.csv that the value comes from",
    "source_row": "The row of data/ that leads back to the source: table, key, year",
    "standard_error": "Standard error of the estimate",
    "sure": "Share without the doubtful companies",
    "threshold": "R&D over selling expense from which on a company is product first",
    "total": "Number of companies that are counted",
    "unit": "Unit of the value",
    "value": "Value in its unit",
    "void": "Whether a regulator found the accounts of a year covered false",
    "weight": "What is counted: companies, or the yuan that they spend",
    "what": "What the value is",
    "with_revenue": "Number of companies with both expenses and revenue",
    "year": "Fiscal year",
}


def write(rows: pd.DataFrame, path: Path, title: str, table: str | None = None) -> None:
    """Write `rows` to the Stata file `path`.

    table: the table of data/ that they are; without it, a figure's rows. Yes or no, and codes that the codebook lists, become
    numbers with labels, the same in every file. Other texts stay text: numbers made up for them would mean something else in
    the next file.
    """
    described = _described()
    columns, labelled = {}, {}
    for name, column in rows.items():
        codes = _codes(name, described)
        if pd.api.types.is_bool_dtype(column.dropna().infer_objects()):
            columns[name], labelled[name] = column.astype("boolean").astype("Int8"), YES_NO
        elif codes and column.dropna().isin(codes).all():
            columns[name] = column.map({code: number for number, code in enumerate(codes, 1)}).astype("Int16")
            labelled[name] = dict(enumerate(codes, 1))
        elif pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            columns[name] = column
        else:
            columns[name] = column.astype("object").where(column.notna(), "").astype("str").astype("object")
    days = {name: "td" for name, column in columns.items() if pd.api.types.is_datetime64_any_dtype(column)}
    pd.DataFrame(columns).to_stata(
        path,
        version=VERSION,
        write_index=False,
        byteorder="little",
        time_stamp=EPOCH,
        data_label=textwrap.shorten(title, LABEL, placeholder="…"),
        convert_dates=days,
        variable_labels={name: _label(name, table, described) for name in columns},
        value_labels=labelled,
    )


def _described() -> dict[str, dict[str, dict]]:
    """The codebook's words on each column: by its name, then by the tables that have it."""
    found = {}
    for resource in tables.codebook()["resources"]:
        for field in resource["schema"]["fields"]:
            found.setdefault(field["name"], {})[resource["name"]] = field
    return found


def _label(column: str, table: str | None, described: dict[str, dict[str, dict]]) -> str:
    """What a column holds, in as much of the words as Stata keeps; of a figure's rows by WORDS before the codebook."""
    if table is None and column in WORDS:
        return WORDS[column]
    if column not in described:
        return column.replace("_", " ")
    field = described[column].get(table) or next(iter(described[column].values()))
    words = _clipped(re.split(r"\. |\.$", field["description"].removeprefix("1: "))[0])
    unit = f", {field['unit']}" if field.get("unit", "year") != "year" else ""
    return words + unit if len(words + unit) <= LABEL else words


def _codes(column: str, described: dict[str, dict[str, dict]]) -> list[str]:
    """The codes that the codebook lists for a column of text, over all tables that have it; none where it lists none."""
    fields = [field for field in described.get(column, {}).values() if field["type"] == "string"]
    return list(dict.fromkeys(code for field in fields for code in field.get("constraints", {}).get("enum", [])))


def _clipped(text: str) -> str:
    """`text`, ended before the clause that goes beyond a label, or at a word where it has no clauses."""
    if len(text) <= LABEL:
        return text
    start = text[: LABEL + 1]
    ends = [found.start() for found in re.finditer(r"[:;,] | \(", start)] or [start.rfind(" ")]
    return start[: ends[-1] if ends[-1] > 0 else LABEL]
