"""An empty cohort file to fill in: the companies of one of the project's cohorts, without their expenses."""

import csv
import io
from pathlib import Path

import pandas as pd

from lib import parameters, tables
from lib.errors import ParameterError
from lib.paths import data_dir
from lib.rows import cohorts
from lib.vendor import store

COLUMNS = ("name", "name_zh", "code", "code_920", "fiscal_year", "rd", "sm", "revenue", "industry", "source")
#: Folder below data/cohorts for the same list as CSV; folders are not read as cohorts.
LISTS = "lists"


def names() -> dict[str, str]:
    """The cohorts of the project by the name that their template has: the cohort's and how many companies it holds."""
    return {f"{cohort}{len(roster(cohort))}": cohort for cohort in parameters.COHORTS}


def roster(cohort: str) -> pd.DataFrame:
    """A cohort's companies with the columns of companies.csv and `code_920`; also for `bse`, whose expenses may not be had yet."""
    rows = cohorts.roster(cohort)
    codes = tables.load("bse_roster").set_index("company_id")["code_920"]
    return rows.assign(code_920=rows["company_id"].map(codes))


def create(name: str, year: int) -> tuple[Path, Path, int]:
    """Write data/cohorts/NAME.xlsx and the same list as CSV; gives both and the number of companies.

    name: as in `names`, such as bse93, or the cohort's alone. Raises ParameterError for another one, UserError where the
    file is there already.
    """
    known = names()
    called = next((each for each, cohort in known.items() if name in (each, cohort)), None)
    if called is None:
        raise ParameterError(f"there is no cohort '{name}' to make a file for. Allowed: {', '.join(known)}.")
    folder = data_dir() / parameters.OWN
    book, table = folder / f"{called}.xlsx", folder / LISTS / f"{called}.csv"
    store.free(book)
    rows = _rows(roster(known[called]), year)
    store.write({table: _csv(rows)})
    store.write({book: _book(rows)})
    return book, table, len(rows)


def _rows(companies: pd.DataFrame, year: int) -> list[dict]:
    found, known = (
        [],
        set(tables.load("industries")["industry_zh"]),
    )  # the Beijing roster has industries of another list
    for row in companies.to_dict("records"):
        english, chinese = (row[key] if pd.notna(row[key]) else "" for key in ("name_en", "name_zh"))
        found.append(
            {
                "name": english or chinese or row["company_id"],
                "name_zh": chinese,
                "code": row["company_id"] if str(row["company_id"]).isdigit() else "",
                "code_920": row["code_920"] if pd.notna(row["code_920"]) else "",
                "fiscal_year": year,
                "industry": row["industry_zh"] if row["industry_zh"] in known else "",
            }
        )
    return found


def _csv(rows: list[dict]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _book(rows: list[dict]) -> bytes:
    """The list as a workbook, codes as text, amounts to fill in as numbers."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    ) as book:
        book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})
        sheet = book.add_worksheet("cohort")
        text, amount, head = (
            book.add_format(form) for form in ({"num_format": "@"}, {"num_format": "0.00"}, {"bold": True})
        )
        for place, column in enumerate(COLUMNS):
            form = text if column.startswith("code") else amount if column in ("rd", "sm", "revenue") else None
            sheet.set_column(place, place, 22 if column.startswith("name") else 14, form)
            sheet.write_string(0, place, column, head)
            for number, row in enumerate(rows, 1):
                if value := row.get(column):
                    sheet.write(number, place, value, form)
        sheet.freeze_panes(1, 2)
    return out.getvalue()
