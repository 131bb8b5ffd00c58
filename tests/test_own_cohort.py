"""Users' own cohorts: a file in data/cohorts becomes a cohort, or is refused with a sentence that a person can act on."""

import datetime
import hashlib
import io
import json
import os
import random
import re
import zipfile
from unittest import mock

import numpy as np
import openpyxl
import openpyxl.chart
import pandas as pd
import pytest
from conftest import text_faults

from lib import figures, notebooks, parameters, tables
from lib.bundle import folders
from lib.bundle.publish import publish
from lib.errors import DataError, ParameterError, UserError
from lib.paths import ROOT
from lib.render import inputs, run, sweep
from lib.rows import cohorts, origins, own
from lib.rows.workbooks import CONTAINER, LOCKED

HEADER = "name,fiscal_year,rd,sm\n"
FIGURE_1, FIGURE_4, FIGURE_5 = "01_rd_against_sm", "04_does_65_hold", "05_accounting_break"
FIGURE_6, FIGURE_8 = "06_hard_tech_fields", "08_services_to_industry"
README = (ROOT / "data" / "cohorts" / "README.md").read_text(encoding="utf-8")
EXAMPLE = README.split("```csv\n")[1].split("```")[0]


@pytest.fixture
def data(no_cohorts):
    return no_cohorts


@pytest.fixture
def put(data):
    """Puts a file into data/cohorts of the copy: text, bytes, or rows of a sheet."""
    folder = data / "cohorts"
    folder.mkdir()

    def write(name, content):
        if isinstance(content, list):
            content = book({"Sheet": content})
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return write


def book(sheets, change=lambda sheet: None):
    """An Excel file: rows by sheet; `change` edits the first sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    change(workbook.worksheets[0])
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def star(companies=None, columns=("name", "code", "fiscal_year", "rd", "sm", "revenue", "industry")):
    """Rows of the tables as a user's file: STAR companies with all their figures in each year, spread over industries."""
    rows = pd.concat([cohorts.drawn(cohorts.company_years("star", year)) for year in (2019, 2020, 2021)])
    rows = rows[(rows["revenue_cny"] > 0) & rows["industry_en"].notna()]
    rows = rows[rows.groupby("company_id")["fiscal_year"].transform("size") == 3]
    firms = rows.drop_duplicates("company_id")
    order = firms.groupby("industry_en").cumcount().sort_values(kind="stable").index
    rows = rows[rows["company_id"].isin(firms.loc[order[:companies], "company_id"])]
    names = {
        "name_zh": "name",
        "company_id": "code",
        "rd_expense_cny": "rd",
        "selling_expense_cny": "sm",
        "revenue_cny": "revenue",
        "industry_en": "industry",
    }
    return rows.rename(columns=names).loc[:, list(columns)].to_csv(index=False)


def problems(name="mine"):
    with pytest.raises(DataError) as error:
        cohorts.members(name)
    return error.value.problems


# What is read


def test_the_example_of_the_readme_is_rows_of_the_tables(put):
    put("my_chips.csv", EXAMPLE)
    assert own.check() == []
    rows = cohorts.company_years("my_chips", 2021).set_index("company_id")
    filed = tables.load("spending")
    filed = filed[filed["fiscal_year"] == 2021].set_index("company_id").loc[rows.index]
    amounts = ["rd_expense_cny", "selling_expense_cny", "revenue_cny"]
    assert len(rows) == 4 and (rows[amounts] == filed[amounts]).all(axis=None)
    listed = tables.load("companies").set_index("company_id").loc[rows.index]
    assert (rows[["name_zh", "industry_zh"]] == listed[["name_zh", "industry_zh"]]).all(axis=None)
    assert (rows["source_row"] == [f"cohorts/my_chips.csv:{row}" for row in range(2, 6)]).all()
    figure = figures.build(FIGURE_1, cohort="my_chips", highlight="688981")
    assert figure.headline["share"] == 1 and text_faults(figure.drawing) == []
    assert "中芯国际 688981" in {text.get_text() for text in figure.drawing.axes[0].texts}


@pytest.mark.parametrize("column", parameters.OWN_KINDS)
def test_csv_and_excel_are_read_alike(put, column):
    rows = [
        ["Company", "Year", "R&D expense", "Selling expense"],
        ["A", 2021, 12.5, 3],
        ["B", 2021, None, 0],
        ["C", 2020, -1, 2],
    ]
    lines = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    put(f"mine{column}", "\ufeff" + lines + "\n" if column == ".csv" else rows)
    found = cohorts.company_years("mine", 2021)
    assert found["rd_expense_cny"].tolist()[0] == 12.5
    assert dict(zip(found["company_id"], found["status"], strict=True)) == {
        "A": "drawn",
        "B": "no R&D line",
        "C": "no accounts in the table",
    }
    assert found["source_row"].tolist()[:2] == [f"cohorts/mine{column}:{row}" for row in (2, 3)]


def test_empty_zero_and_negative_are_counted_as_everywhere(put):
    put(
        "mine.csv",
        HEADER
        + "A,2021,2e6,1\nB,2021,0,1\nC,2021,1,0\nD,2021,-2,1\nE,2021,,1\nF,2021,1,\nG,2021,,\nH,2020,2,1\n\nI,2021,1,4\n",
    )
    rows = cohorts.company_years("mine", 2021)
    assert cohorts.left_out(rows) == {
        "no accounts in the table": 1, "negative expense": 1, "no R&D line or selling expense": 1, "no R&D line": 1,
        "no selling expense": 1, "R&D is zero": 1, "selling expense is zero": 1,
    }  # fmt: skip
    assert cohorts.drawn(rows)["source_row"].tolist() == ["cohorts/mine.csv:2", "cohorts/mine.csv:11"]
    assert cohorts.drawn(rows)["company_id"].tolist() == ["A", "I"]


def test_the_columns_have_the_types_of_the_tables(put):
    put("mine.csv", star(3))
    mine, filed = cohorts.company_years("mine", 2021), cohorts.company_years("star", 2021)
    assert mine.dtypes.to_dict() == filed.dtypes.to_dict()


def test_banks_are_left_out_of_a_users_cohort_too(put):
    put("mine.csv", "name,fiscal_year,rd,sm,industry\nA,2021,2,1,Banks\nB,2021,2,1,\n")
    assert cohorts.company_years("mine", 2021)["status"].tolist() == ["bank, broker or insurer", "drawn"]


def test_a_year_that_the_file_lacks_is_an_error_that_names_those_it_has(put):
    put("mine.csv", HEADER + "A,2021,2,1\nA,2023,2,1\n")
    assert parameters.fiscal_years() == cohorts.years("star") == [2019, 2020, 2021]
    assert cohorts.years("mine") == [2021]  # as notebook 9 asks: those that both have
    with pytest.raises(ParameterError, match=r"no row for fiscal 2019: cohorts/mine\.csv holds 2021 and 2023"):
        cohorts.company_years("mine", 2019)
    with pytest.raises(ParameterError, match=r"2023 is not allowed.* Allowed: 2019, 2020, 2021\."):
        cohorts.company_years("mine", 2023)


@pytest.mark.parametrize(
    ("unit", "vendor", "words"),
    [(1, "", "vendor not told), in yuan."), (2, "Wind", "Wind), in 2 yuan."), (10_000, "", "vendor not told), in 10,000 yuan.")],
)  # fmt: skip
def test_what_a_figure_of_an_own_cohort_rests_on_is_said(put, unit, vendor, words):
    file = put("mine.csv", "name,code,fiscal_year,rd,sm\n甲,999999,2021,2,1\n")
    told = "mine.csv: supplied by the user, taken to be in yuan, and checked by nobody here."
    assert parameters.described("mine") == ("companies of mine", "the companies in mine.csv, supplied by the user")
    assert cohorts.provenance("star", "mine") == told
    origin = dict.fromkeys(origins.TEXTS, "") | {"file": "a.xlsx", "vendor": vendor, "unit": unit}
    origin["cohort_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    origins.beside(file).write_text(json.dumps(origin), encoding="utf-8")
    assert cohorts.provenance("mine") == f"{told} It was made from a.xlsx ({words}"
    assert cohorts.selection("mine", 2021) == "cohorts/mine.csv?fiscal_year=2021"
    assert cohorts.source_ids("mine", ("finglm", "other", "company-list")) == ["cohorts/mine.csv", "other"]
    assert cohorts.company_names()["999999"] == "999999 甲"


# What is refused

SHEET = [["name", "fiscal_year", "rd", "sm"], ["A", 2021, 2, 1]]


def formatted(code):
    return book({"S": SHEET}, lambda sheet: setattr(sheet["C2"], "number_format", code))


def packed(content, part, changes):
    """A workbook with texts of one part of it replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            body = old.read(entry)
            if entry == part:
                for before, after in changes:
                    assert before.encode() in body, body
                    body = body.replace(before.encode(), after.encode())
            new.writestr(entry, body)
    return out.getvalue()


def charts():
    """A workbook that has a chart as its only sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    workbook.create_chartsheet("Chart1").add_chart(openpyxl.chart.BarChart())
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def bomb():
    """A workbook of some hundred kilobytes with half a gigabyte of spaces in it."""
    out = io.BytesIO(book({"S": SHEET}))
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
        new.open("xl/media/a", "w", force_zip64=True) as part,
    ):
        for _ in range(500):
            part.write(b" " * 1_000_000)
    return out.getvalue()


STRICT = [
    ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
]

HOSTILE = {
    "thousands in quotes": (".csv", HEADER + 'A,2021,"1,234",1\n', ["row 2, column rd", "'1,234'", "without thousands separators"]),
    "thousands unquoted": (".csv", HEADER + "A,2021,1,234,1\n", ["row 2", "5 cells where the header has 4", "thousands separators"]),
    "percent": (".csv", HEADER + "A,2021,12%,1\n", ["row 2, column rd", "'12%'", "give the amount itself"]),
    "two currencies by sign": (".csv", HEADER + "A,2021,¥12,1\nB,2021,$3,1\n", ["row 2, column rd", "'¥12'", "without a currency sign"]),
    "two currencies": (".csv", "name,fiscal_year,rd,sm,currency\nA,2021,2,1,CNY\nB,2021,2,1,USD\n", ["row 3, column currency", "'USD'", "convert"]),
    "no word in a currency": (".csv", "name,fiscal_year,rd,sm,currency\nA,2021,2,1,\n", ["row 2, column currency", "empty"]),
    "missing year": (".csv", HEADER + "A,,2,1\n", ["row 2, column fiscal_year", "a value is required"]),
    "missing name": (".csv", HEADER + ",2021,2,1\n", ["row 2, column name", "a value is required"]),
    "two-digit year": (".csv", HEADER + "A,21,2,1\n", ["row 2, column fiscal_year", "'21'", "four digits"]),
    "a date as year": (".csv", HEADER + "A,2021-12-31,2,1\n", ["row 2, column fiscal_year", "four digits", "January to May"]),
    "FY": (".csv", HEADER + "A,FY2021,2,1\n", ["'FY2021'", "four digits"]),
    "twice": (".csv", HEADER + "A,2021,2,1\nB,2021,2,1\nA,2021,3,1\n", ["rows 2, 4", "A has more than one row for 2021", "keep one"]),
    "n/a": (".csv", HEADER + "A,2021,n/a,1\n", ["row 2, column rd", "'n/a'", "leave the cell empty"]),
    "dash": (".csv", HEADER + "A,2021,2,—\n", ["row 2, column sm", "'—'", "leave the cell empty"]),
    "infinite": (".csv", HEADER + "A,2021,inf,1\n", ["row 2, column rd", "'inf' is not an amount"]),
    "too much": (".csv", HEADER + "A,2021,1e300,1\n", ["row 2, column rd", "look for slips"]),
    "full-width digits": (".csv", HEADER + "A,2021,１２,1\n", ["row 2, column rd", "'１２' is not an amount", "half-width"]),
    "spaces between thousands": (".csv", HEADER + "A,2021,1 234,1\n", ["row 2, column rd", "'1 234'", "without spaces"]),
    "narrow spaces": (".csv", HEADER + "A,2021,1\u202f234,1\n", ["row 2, column rd", "without spaces"]),
    "a full-width code": (".csv", "name,code,fiscal_year,rd,sm\nA,６０００００,2021,2,1\n", ["column code", "full-width digits", "write 600000"]),
    "a code with its exchange": (".csv", "name,code,fiscal_year,rd,sm\nA,835185.BJ,2021,2,1\n", ["column code", "the six digits alone, 835185"]),
    "full-width commas": (".csv", HEADER.replace(",", "，") + "A，2021，2，1\n", ["row 1", "full-width commas"]),
    "sep=": (".csv", "sep=,\n" + HEADER + "A,2021,2,1\n", ["row 1", "'sep='", "take the line out"]),
    "a title above, in CSV": (".csv", "甲公司 2021 单位：万元,,,\n" + HEADER + "A,2021,2,1\n", ["row 1", "row 2 holds a header", "take out what stands above"]),
    "a unit in a Chinese header": (".csv", "name,fiscal_year,研发费用(万元),sm\nA,2021,2,1\n", ["'研发费用(万元)'", "multiply by 10,000", "cohort import"]),
    "a total": (".csv", HEADER + "A,2021,2,1\n合计,2021,2,1\n", ["row 3, column name", "'合计' is a total, not a company"]),
    "a total in English": (".xlsx", [["name", "fiscal_year", "rd", "sm"], ["A", 2021, 2, 1], ["Grand Total", 2021, 2, 1]], ["row 3, column name", "is a total"]),
    "an error as a company": (".xlsx", [["name", "fiscal_year", "rd", "sm"], ["#N/A", 2021, 2, 1]], ["row 2, column name", "error of the spreadsheet"]),
    "a date as a company": (".csv", HEADER + "2021-12-31,2021,2,1\n", ["row 2, column name", "is a date"]),
    "a number as a company": (".xlsx", [["name", "fiscal_year", "rd", "sm"], [600000, 2021, 2, 1]], ["row 2, column name", "is a number"]),
    "spellings by case": (".csv", HEADER + "Abc Co,2020,2,1\nABC CO,2021,2,1\n", ["rows 2, 3", "'Abc Co' and 'ABC CO'", "2 spellings"]),
    "spellings by width": (".csv", HEADER + "ＡＢＣ,2020,2,1\nABC,2021,2,1\n", ["rows 2, 3", "2 spellings"]),
    "spellings by accents": (".csv", HEADER + "Caf\u00e9,2020,2,1\nCafe\u0301,2021,2,1\n", ["rows 2, 3", "2 spellings"]),
    "a zero-width sign": (".csv", HEADER + "A\u200bB,2021,2,1\n", ["row 2, column name", "U+200B"]),
    "SG&A": (".csv", "name,fiscal_year,rd,xsga\nA,2021,2,1\n", ["'xsga'", "selling, general and administrative", "not selling expense"]),
    "R&D with what is capitalised": (".csv", "name,fiscal_year,研发投入,sm\nA,2021,2,1\n", ["'研发投入'", "capitalised"]),
    "a sum under another name": (".csv", HEADER + "".join(f"C{n},2021,{n}7e5,{n}3e4\n" for n in range(1, 5)) + "All,2021,128e5,112e4\n", ["row 6", "All is the sum of all others of 2021"]),
    "a mean under another name": (".csv", HEADER + "".join(f"C{n},2021,{n}7e5,{n}3e4\n" for n in range(1, 5)) + "All,2021,32e5,28e4\n", ["row 6", "All is the mean of all others of 2021"]),
    "digits that an exponent cost": (".csv", HEADER + "A,2021,3.14E+07,1\n", ["row 2, column rd", "'3.14E+07' may have lost digits to its exponent"]),
    "more than any company": (".csv", HEADER + "A,2021,2e12,1\n", ["row 2, column rd", "more than any company"]),
    "known companies in 10,000 yuan": (".csv", "name,code,fiscal_year,rd,sm\n澜起科技,688008,2021,36984.97,7658.20\n", ["688008 in 2021", "a 10,000th of", "--unit"]),
    "known companies in millions": (".csv", "name,code,fiscal_year,rd,sm\n澜起科技,688008,2021,369.85,76.58\n", ["a 1,000,000th of", "spending.csv"]),
    "known companies a thousand times too large": (".csv", "name,code,fiscal_year,rd,sm\n澜起科技,688008,2021,369849699970,1\n", ["1,000 times", "spending.csv"]),
    "no company spends so little": (".csv", HEADER + "".join(f"{n},2021,{n}00,{n}50\n" for n in "1234"), ["reaches a million yuan", "a column currency that says CNY"]),
    "expenses far above revenue": (".csv", "name,fiscal_year,rd,sm,revenue\n" + "".join(f"{n},2021,{n}00e4,{n}50e4,{n}50\n" for n in "1234"), ["times revenue", "in one unit?"]),
    "brackets": (".csv", HEADER + "A,2021,(12),1\n", ["'(12)'", "minus sign"]),
    "bn": (".csv", HEADER + "A,2021,1.2bn,1\n", ["'1.2bn'", "without a unit"]),
    "亿元": (".csv", HEADER + "A,2021,1.2亿元,1\n", ["'1.2亿元'", "without a unit"]),
    "a unit in the header": (".csv", "name,fiscal_year,rd (million),sm\nA,2021,2,1\n", ["row 1", "'rd (million)'", "whole yuan"]),
    "semicolons": (".csv", "name;fiscal_year;rd;sm\nA;2021;1,5;2\n", ["row 1", "separated by semicolons", "save with commas"]),
    "decimal comma": (".csv", HEADER + 'A,2021,"1,5",1\n', ["'1,5'", "decimal point"]),
    "GBK": (".csv", (HEADER + "中芯,2021,2,1\n").encode("gbk"), ["row 2", "not UTF-8", "GBK", "save the file as CSV UTF-8"]),
    "UTF-16": (".csv", (HEADER + "A,2021,2,1\n").encode("utf-16"), ["UTF-16", "CSV UTF-8"]),
    "empty": (".csv", "", ["the file is empty", "name, fiscal_year, rd and sm"]),
    "header alone": (".csv", HEADER, ["a header and no rows"]),
    "no header": (".csv", "A,2021,2,1\n", ["row 1: name, fiscal_year, rd and sm missing"]),
    "missing column": (".csv", "name,fiscal_year,rd\nA,2021,2\n", ["row 1", "sm missing", "name, fiscal_year, rd and sm"]),
    "misspelt column": (".csv", "name,fiscal_year,rd,sm,industy\nA,2021,2,1,\n", ["'industy'", "did you mean industry?"]),
    "column twice": (".csv", "name,fiscal_year,rd,sm,R&D\nA,2021,2,1,3\n", ["'rd' and 'R&D' both mean rd", "keep one"]),
    "an open quotation": (".csv", HEADER + '"A,2021,2,1\n', ["not a CSV file", "quotation mark"]),
    "lost zeros": (".csv", "name,fiscal_year,rd,sm,code\nA,2021,2,1,2\n", ["column code", "'2'", "Excel drops the zeros"]),
    "two codes": (".csv", "name,fiscal_year,rd,sm,code\nA,2020,2,1,000002\nA,2021,2,1,\n", ["rows 2, 3", "A has more than one code (000002, none)"]),
    "an unknown industry": (".csv", "name,fiscal_year,rd,sm,industry\nA,2021,2,1,Chemical\n", ["'Chemical'", "industries.csv"]),
    "a line break": (".csv", HEADER + '"A\nB",2021,2,1\n', ["row 2, column name", "line break"]),
    "a workbook called csv": (".csv", book({"S": SHEET}), ["a spreadsheet under the name of a CSV file"]),
    "a text called xlsx": (".xlsx", HEADER + "A,2021,2,1\n", ["not an Excel workbook", "save it anew"]),
    "a workbook that breaks off": (".xlsx", book({"S": SHEET})[:3000], ["the file breaks off"]),
    "a locked workbook": (".xlsx", CONTAINER + b"\0" * 500 + LOCKED, ["locked with a password"]),
    "an .xls called .xlsx": (".xlsx", CONTAINER + b"\0" * 500, ["an older Excel file"]),
    "Strict Open XML": (".xlsx", packed(book({"S": SHEET}), "xl/workbook.xml", STRICT), ["Strict Open XML", "save it anew"]),
    "a chart alone": (".xlsx", charts(), ["only the chart Chart1"]),
    "a hidden sheet beside": (".xlsx", book({"2021": SHEET, "old": SHEET}, lambda s: setattr(s.parent["old"], "sheet_state", "hidden")), ["old, which is hidden"]),
    "all of the sheet merged": (".xlsx", packed(book({"S": SHEET}, lambda s: s.merge_cells("F1:G1")), "xl/worksheets/sheet1.xml", [("F1:G1", "A1:XFD1048576")]), ["merged cells (A1:XFD1048576)"]),
    "a cell at the end of the sheet": (".xlsx", packed(book({"S": SHEET}), "xl/worksheets/sheet1.xml", [("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')]), ["reaches to cell XFD1048576"]),
    "a size that is not true": (".xlsx", packed(book({"S": [SHEET[0], ["A", 2021, "1%", 1]]}), "xl/worksheets/sheet1.xml", [('ref="A1:D2"', 'ref="A1:XFD1048576"')]), ["row 2, column rd", "'1%'"]),
    "more than it may unpack to": (".xlsx", bomb, ["would unpack to"]),
    "ten thousand yuan by format": (".xlsx", formatted('0.00"万元"'), ["row 2, column rd", "'2万元'", "without a unit"]),
    "dollars in letters": (".xlsx", formatted('#,##0 "USD"'), ["row 2, column rd", "'2USD'", "without a unit"]),
    "dollars bare": (".xlsx", formatted("$#,##0"), ["'$2'", "currency sign"]),
    "millions by format": (".xlsx", formatted('0.0\\m'), ["'2m'", "without a unit"]),
    "zeros by format": (".xlsx", book({"S": [["name", "code", "fiscal_year", "rd", "sm"], ["A", 2, 2021, 2, 1]]}, lambda s: setattr(s["B2"], "number_format", "000000")), ["row 2, column code", "is a number", "format the column as text", "000002"]),
    "an empty workbook": (".xlsx", book({"S": []}), ["the workbook is empty"]),
    "merged header": (".xlsx", book({"S": SHEET}, lambda s: s.merge_cells("C1:D1")), ["merged cells (C1:D1)", "unmerge"]),
    "several sheets": (".xlsx", book({"2020": SHEET, "2021": SHEET}), ["2 sheets", "2020, 2021", "leave one sheet"]),
    "two tables beside": (".xlsx", book({"S": [[*row, None, *row] for row in SHEET]}), ["cell 5 of the header is empty", "one table"]),
    "two tables below": (".xlsx", book({"S": [*SHEET, [], *SHEET]}), ["row 4, column fiscal_year", "'fiscal_year' is not a year"]),
    "a year to come": (".xlsx", book({"S": [SHEET[0], ["A", datetime.date.today().year + 1, 2, 1]]}), ["row 2, column fiscal_year", "is still to come"]),
    "a title above": (".xlsx", book({"S": [["My chips"], *SHEET]}), ["row 1: name, fiscal_year, rd and sm missing"]),
    "a formula unsaved": (".xlsx", book({"S": [SHEET[0], ["A", 2021, "=1+1", 1]]}), ["row 2, column C", "a formula without a stored value"]),
    "a date in Excel": (".xlsx", book({"S": [SHEET[0], ["A", datetime.date(2021, 12, 31), 2, 1]]}), ["row 2, column fiscal_year", "four digits"]),
    "a date as amount": (".xlsx", book({"S": [SHEET[0], ["A", 2021, datetime.date(2021, 1, 2), 1]]}), ["row 2, column rd", "a date or time"]),
    "an error in Excel": (".xlsx", book({"S": [SHEET[0], ["A", 2021, "#DIV/0!", 1]]}), ["'#DIV/0!'", "error of the spreadsheet: mend"]),
    "percent by format": (".xlsx", formatted("0.0%"), ["row 2, column rd", "give the amount itself"]),
    "dollars by format": (".xlsx", formatted('"$"#,##0'), ["row 2, column rd", "'$2'", "currency sign"]),
    "euros by format": (".xlsx", formatted("[$€-2] #,##0"), ["row 2, column rd", "'€2'", "currency sign"]),
    "one company under both its codes": (".csv", "name,code,fiscal_year,rd,sm\n微创光电,430198,2021,2,1\n微创光电公司,920198,2021,1,2\n", ["rows 2, 3", "430198 and 920198 are one company", "code 430198"]),
    "one company by code and by name": (".csv", "name,code,fiscal_year,rd,sm\n微创,920198,2020,2,1\n微创光电,,2021,1,2\n", ["rows 2, 3", "920198 and 微创光电 are one company"]),
    "per cent in the header": (".csv", "name,fiscal_year,R&D (%),sm\nA,2021,2,1\n", ["column 'R&D (%)' is a share or a rate", "amount itself"]),
    "lines without end": (".csv", HEADER + "\n" * 60_000, ["more than 50,000 rows"]),
    "a unit for amounts below zero": (".xlsx", book({"S": [SHEET[0], ["A", 2021, -2, 1]]}, lambda s: setattr(s["C2"], "number_format", '0;-0"万元"')), ["row 2, column rd", "'-2万元'"]),
    "a stray cell far off": (".xlsx", book({"S": SHEET}, lambda s: s.cell(900_000, 2, "x")), ["reaches to cell D900000", "copy the table"]),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_what_to_do_and_disturbs_nothing_else(put, case):
    suffix, content, words = HOSTILE[case]
    put(f"mine{suffix}", content() if callable(content) else content)
    put("good.csv", HEADER + "A,2021,2,1\n")
    first = problems()[0]
    assert f"cohorts/mine{suffix}" in first and first.endswith(".") and "Error" not in first.replace("BadZipFile", "")
    assert [word for word in words if word not in first] == []
    assert own.check() == list(problems())
    assert parameters.allowed(parameters.Cohort)[-2:] == ["good", "mine"]
    assert len(cohorts.company_years("good", 2021)) == 1 and len(cohorts.company_years("specialised", 2021)) == 728
    assert tables.check() == []


def test_a_file_that_was_open_elsewhere_is_read_once_it_is_closed(put, monkeypatch):
    put("mine.csv", HEADER + "A,2021,2,1\n")
    with monkeypatch.context() as there:
        there.setattr(own, "read_bounded", mock.Mock(side_effect=PermissionError(13, "in use")))
        assert "cannot be read (in use); see that it is one that you may read" in own.check()[0]
    assert own.check() == [] and len(own.spending("mine")) == 1


def test_damaged_files_are_refused_and_never_crash(put):
    chance = random.Random(1)
    for suffix, whole in ((".csv", EXAMPLE.encode()), (".xlsx", book({"S": SHEET}))):
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            put(f"mine{suffix}", bytes(damaged))
            assert all(line.startswith("cohorts/mine") and line.endswith(".") for line in own.check())
        (put(f"mine{suffix}", whole)).unlink()


@pytest.mark.parametrize(
    "code",
    ["General", "#,##0.00", '"¥"#,##0', "[$¥-804]#,##0", "[$-409]0", "0.00E+00", '#,##0.00"元"', '0 "RMB"', "0,,", "#,##0_);(#,##0)",
     "[Red]#,##0;[Blue]-#,##0", '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "# ?/?", "@"],
)  # fmt: skip
def test_an_amount_may_look_as_it_likes_in_excel_as_long_as_it_is_yuan(put, code):
    put("mine.xlsx", formatted(code))
    assert cohorts.company_years("mine", 2021)["rd_expense_cny"].tolist() == [2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="asks for a pipe")
def test_an_origin_that_is_no_plain_file_is_none(put):
    os.mkfifo(origins.beside(put("mine.csv", HEADER + "A,2021,2,1\n")))
    assert own.origin("mine") == {} and own.check() == []


def test_an_empty_text_from_a_formula_is_an_empty_cell(put):
    rows = [*SHEET, ["B", 2021, 2, "x"], [None, None, "y"]]
    empty = '<c r="{}" t="str"><f>IF(F2="","",F2)</f><v></v></c>'
    content = book({"S": rows}, lambda s: setattr(s["Z9000"], "value", "=z"))
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    cells = [(re.search(rf'<c r="{place}".*?</c>', sheet)[0], empty.format(place)) for place in ("D3", "C4", "Z9000")]
    put("mine.xlsx", packed(content, "xl/worksheets/sheet1.xml", cells))
    found = own.spending("mine")
    assert len(found) == 2 and found["selling_expense_cny"].isna().tolist() == [False, True]


def test_a_sheet_of_a_million_rows_is_refused_before_it_is_read(put):
    cells = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 1_000_001))
    put(
        "mine.xlsx",
        packed(book({"S": SHEET[:1]}), "xl/worksheets/sheet1.xml", [("</sheetData>", cells + "</sheetData>")]),
    )
    assert "reaches to cell D50001" in problems()[0]


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2009"])
def test_a_space_of_another_kind_in_a_name_is_a_space(put, space):
    put("mine.csv", HEADER + f"A{space}B,2020,2,1\nA B,2021,2,1\n")
    assert cohorts.members("mine")["company_id"].tolist() == ["A B"]


@pytest.mark.parametrize(
    "header", ["研发费用(元)", "研发费用（人民币元）", "R&D (yuan)", "rd_cny", "研发费用 单位：元", "R&D expense, RMB"]
)
def test_a_header_may_say_that_amounts_are_yuan(put, header):
    put("mine.csv", f'name,fiscal_year,"{header}",sm\nA,2021,2,1\n')
    assert cohorts.company_years("mine", 2021)["rd_expense_cny"].tolist() == [2]


@pytest.mark.parametrize(
    ("header", "yuan"),
    [("研发费用（万元）", 10_000), ("R&D (CNY mn)", 1_000_000), ("rd (RMB million)", 1_000_000), ("营业收入[单位]亿元", 10**8),
     ("revenue, thousand yuan", 1000), ("sm", None), ("rd growth", None)],
)  # fmt: skip
def test_a_header_states_its_unit(header, yuan):
    found = own.unit_of(header)
    assert (found[1] if found else None) == yuan


def test_small_amounts_are_believed_where_the_file_says_that_they_are_yuan(put):
    put("mine.csv", "name,fiscal_year,rd,sm,currency\n" + "".join(f"{n},2021,2,1,元\n" for n in "ABCD"))
    assert own.check() == []


def test_every_fault_of_a_file_is_told(put):
    put("mine.csv", HEADER + "A,2021,x,y\nB,,2,1\n")
    assert len(problems()) == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my chips.csv", "up to 24 letters"),
        ("芯片.csv", "up to 24 letters"),
        ("2021.csv", "a letter first"),
        ("a,b.csv", "up to 24 letters"),
        ("a" * 25 + ".csv", "up to 24 letters"),
        ("star.csv", "the project itself uses this name"),
        ("STAR.xlsx", "the project itself uses this name"),
        ("mine.xls", "only .csv and .xlsx"),
        ("mine.numbers", "only .csv and .xlsx"),
        ("mine", "only .csv and .xlsx"),
    ],
)
def test_a_file_of_another_name_or_kind_is_not_read_and_the_call_says_why(put, name, words):
    put(name, HEADER + "A,2021,2,1\n")
    stem = name.rpartition(".")[0] or name
    assert parameters.own_cohorts() == {} and [words in line and name in line for line in own.check()] == [True]
    if stem.lower() != "star":
        with pytest.raises(ParameterError, match=r"is not read: .*" + words.replace(".", r"\.")):
            parameters.check("cohort", parameters.Cohort, stem)
    assert len(cohorts.company_years("star", 2021)) > 300


def test_two_files_of_one_name_are_both_refused_until_one_goes(put):
    put("mine.csv", HEADER + "A,2021,2,1\n")
    second = put("Mine.xlsx", SHEET)
    put("mine.xls", b"an older kind of the same, which nobody reads")
    assert len(own.check()) == 3 and parameters.own_cohorts() == {}
    with pytest.raises(ParameterError, match=r"Mine\.xlsx would be the same cohort; keep one"):
        cohorts.members("mine")
    second.unlink()
    assert cohorts.members("mine")["company_id"].tolist() == ["A"]


@pytest.mark.parametrize("value", [["mine"], 5, None, ""])
def test_what_is_no_name_is_refused_as_ever(put, value):
    put("mine.csv", HEADER + "A,2021,2,1\n")
    with pytest.raises(ParameterError, match=r"^cohort: "):
        parameters.check("cohort", parameters.Cohort, value)


def test_locks_hidden_files_folders_and_the_readme_are_passed_over(put, data):
    for name in ("~$mine.xlsx", ".mine.csv", "README.md"):
        put(name, "x")
    (data / "cohorts" / "old.csv").mkdir()
    assert parameters.own_cohorts() == {} and own.check() == []


def test_without_the_folder_all_is_as_before(data):
    assert own.check() == [] and parameters.own_cohorts() == {}


# The figures


@pytest.mark.parametrize("companies", [5, 60])
def test_every_figure_draws_an_own_cohort_and_says_whose_it_is(put, companies):
    put("semiconductor_equipment_.csv", star(companies))
    name = "semiconductor_equipment_"
    for figure, values in (
        (FIGURE_1, {"cohort": name}),
        (FIGURE_4, {"cohort_list": [name, "specialised"], "years": [2021]}),
        (FIGURE_5, {"cohort": name, "minimum_firms": 2}),
        (FIGURE_6, {"cohort": name}),
        (FIGURE_8, {"cohort": name}),
    ):
        drawn = figures.build(figure, **values)
        assert text_faults(drawn.drawing) == [], figure
        assert f"{name}.csv, supplied by the user" in drawn.source_line
        assert "checked by nobody here" in " ".join(drawn.notes) and "nan" not in " ".join(
            [drawn.title, drawn.alt, *drawn.notes]
        )
        assert not [mark.words for mark in drawn.marks() if " nan" in mark.words]
        assert drawn.table["source_row"].str.startswith(f"cohorts/{name}.csv").any()
        if figure != FIGURE_4:
            assert "FinGLM" not in drawn.source_line


def test_an_own_cohort_of_filed_rows_gives_the_shares_of_the_tables(put):
    put("mine.csv", star())
    filed = cohorts.drawn(cohorts.company_years("star", 2021))
    mine = cohorts.drawn(cohorts.company_years("mine", 2021))
    filed = filed[filed["company_id"].isin(mine["company_id"])]
    assert len(filed) == len(mine) > 50
    product_first = (filed["rd_expense_cny"] > filed["selling_expense_cny"]).sum()
    figure = figures.build(FIGURE_1, cohort="mine")
    assert "companies of mine spend more on R&D" in figure.title
    assert figure.headline["share"] == product_first / len(filed)


def test_signs_in_a_name_are_drawn_as_they_are(put):
    put("mine.csv", "name,fiscal_year,rd,sm,code\nA$B$ & <C>,2021,2,1,688981\n")
    figure = figures.build(FIGURE_1, cohort="mine", highlight="688981")
    label = next(text for text in figure.drawing.axes[0].texts if "688981" in text.get_text())
    assert label.get_text() == "A$B$ & <C> 688981" and label.get_parse_math() is False


def test_a_sign_that_no_font_has_is_named_with_its_company(put, call):
    put("mine.csv", "name,fiscal_year,rd,sm,code\n\U00020000科技,2021,2,1,688981\nB,2021,2,1,\n")
    checked = call("check")
    assert checked.returncode == 0 and "\U00020000科技: the figures' fonts lack \U00020000 (U+20000)" in checked.stdout
    with pytest.raises(
        UserError, match=r"科技 688981' has signs that the figures' fonts lack: .* \(U\+20000\); write it with others"
    ):
        figures.build(FIGURE_1, cohort="mine", highlight="688981").pdf()


LONG = "International Consolidated Semiconductor Equipment Manufacturing Holdings of Greater Somewhere Province Company Limited"


def test_a_long_name_is_a_label_in_several_lines_or_told_to_be_too_long(put):
    rows = "".join(f"C{n},2021,{n + 1}e6,3e6,90000{n}\n" for n in range(9))
    put("mine.csv", f"name,fiscal_year,rd,sm,code\n{LONG},2021,3e7,1e6,688981\n{rows}")
    texts = figures.build(FIGURE_1, cohort="mine", highlight="688981").drawing.axes[0].texts
    assert [text.get_text().count("\n") > 0 for text in texts if "International" in text.get_text()] == [True]
    put("mine.csv", f"name,fiscal_year,rd,sm,code\n{LONG.replace(' ', '-')},2021,3e7,1e6,688981\n{rows}")
    with pytest.raises(UserError, match=r"give it a shorter name in its file, or highlight another"):
        figures.build(FIGURE_1, cohort="mine", highlight="688981")


def test_unconfirmed_figures_look_so(put):
    put("mine.csv", star(5))
    bars = figures.build(FIGURE_1, cohort="mine").drawing.axes[0].patches
    veil = next(patch for patch in bars if patch.get_facecolor()[:3] == (1, 1, 1))  # what makes bars pale
    assert np.count_nonzero(veil.get_data().values) == 5
    dots = [line for line in figures.build(FIGURE_6, cohort="mine").drawing.axes[0].lines if line.get_marker() == "o"]
    assert {line.get_markerfacecolor() for line in dots} == {"white"}
    curve = figures.build(FIGURE_4, cohort_list=["mine", "star"]).table
    mine = curve[(curve["cohort"] == "mine") & (curve["counting"] == "once")]
    assert (mine["doubtful"] == mine["total"]).all() and mine["sure"].isna().all()


def test_extremes_draw(put):
    for name, rows in {
        "one": "A,2021,2,1\n",
        "product": "".join(f"A{n},2021,{1000 + n}e4,1e4\n" for n in range(5)),
        "sales": "".join(f"A{n},2021,1e4,{1000 + n}e4\n" for n in range(5)),
        "equal": "A,2021,2,2\nB,2021,3,3\n",
    }.items():
        put(f"{name}.csv", HEADER + rows)
        for measure in parameters.allowed(parameters.RatioMeasure) if name == "product" else ["log_ratio"]:
            assert text_faults(figures.build(FIGURE_1, cohort=name, measure=measure).drawing) == [], (name, measure)
        figure = figures.build(FIGURE_4, cohort_list=name, years="2021", thresholds="1")
        assert text_faults(figure.drawing) == [] and "nan" not in figure.notes[0], name


def test_a_figure_that_needs_more_columns_says_which(put):
    put("mine.csv", star(5, ["name", "fiscal_year", "rd", "sm"]))
    for figure, words in ((FIGURE_5, "revenue"), (FIGURE_6, "industry"), (FIGURE_8, "industry")):
        with pytest.raises(UserError, match=f"Figure {figure[1]} needs some. A file of your own needs .*`{words}`"):
            figures.build(figure, cohort="mine")
    put("mine.csv", star(5, ["name", "fiscal_year", "rd", "sm", "revenue"]))
    figure = figures.build(FIGURE_5, cohort="mine")
    assert "5 firms of unknown industry" in figure.notes[0] and text_faults(figure.drawing) == []


# The engine


def test_a_sweep_takes_an_own_cohort_beside_the_others(put, tmp_path):
    put("mine.csv", HEADER + "A,2021,2,1\n")
    grid = tmp_path / "grid.yml"
    grid.write_text("product: {cohort: [mine, star], fiscal_year: [2020, 2021]}")
    slots = [task.folder for task in sweep.jobs(notebooks.find("1"), grid)]
    assert slots[1] == f"{FIGURE_1}/cohort=mine" and len(slots) == 4


def test_the_default_of_figure_4_does_not_take_up_an_own_cohort(put):
    put("mine.csv", star(5))
    assert "mine" in parameters.allowed(parameters.CohortList) and "mine" not in parameters.cohorts_with_data()


def test_only_the_figures_that_read_a_file_depend_on_it(put, outputs):
    put("mine.csv", star(5))
    task = run.job("1", cohort="mine")
    with tables.recording() as read:
        figure = figures.build(FIGURE_1, cohort="mine")
    assert "cohorts/mine.csv" in read
    record = json.loads((publish(figure) / f"{FIGURE_1}.json").read_text(encoding="utf-8"))
    source = next(source for source in record["sources"] if source["source_id"] == "cohorts/mine.csv")
    assert record["data"]["cohorts/mine.csv"] in source["title"] and not source["url"]
    before = inputs.of(task.notebook, list(record["data"]))
    put("other.xlsx", SHEET)
    put("broken.csv", "x")
    assert inputs.changes(before, inputs.of(task.notebook, list(record["data"]))) == []
    put("mine.csv", star(6))
    assert inputs.changes(before, inputs.of(task.notebook, list(record["data"]))) == ["data/cohorts/mine.csv changed"]
    assert [name for name in inputs.tables_on_disk() if "/" in name] == [
        f"cohorts/{n}" for n in ("broken.csv", "mine.csv", "other.xlsx")
    ]
    with tables.recording() as read:
        figures.build(FIGURE_1, cohort="star")
    assert "spending.csv" in read and not [name for name in read if name.startswith("cohorts/")]


def test_one_command_renders_an_excel_file_and_another_only_if_it_changed(put, outputs, call):
    rows = [line.split(",") for line in star(5).splitlines()]
    numbers = {rows[0].index(name) for name in ("fiscal_year", "rd", "sm", "revenue")}
    sheet = [rows[0], *([float(cell) if i in numbers else cell for i, cell in enumerate(row)] for row in rows[1:])]
    put("mine.xlsx", sheet)
    put("broken.csv", HEADER + "A,2021,x,1\n")
    words = ("render", "1", "5", "6", "8", "-p", "cohort=mine", "--explain")
    done = call(*words)
    assert done.returncode == 0, done.stderr
    for name in (FIGURE_1, FIGURE_5, FIGURE_6, FIGURE_8):
        assert folders.faults(outputs / name / "cohort=mine", name) == []
    assert "supplied by the user" in (outputs / FIGURE_1 / "cohort=mine" / "index.html").read_text(encoding="utf-8")
    put("unrelated.csv", HEADER + "A,2021,2,1\n")
    assert call(*words).stdout.count("nothing changed") == 4
    sheet[1][numbers and rows[0].index("rd")] = 1.0
    put("mine.xlsx", sheet)
    assert "data/cohorts/mine.xlsx changed" in call(*words, "--dry-run").stdout
    failed = call("render", "1", "-p", "cohort=broken")
    assert failed.returncode == 1 and "cohorts/broken.csv, row 2, column rd: 'x' is not an amount" in failed.stderr
    listed = call("list")
    assert (
        "all_listed, broken, mine, unrelated" in listed.stdout
        and "mine: your own cohort, from cohorts/mine.xlsx" in listed.stdout
    )
    checked = call("check")
    assert checked.returncode == 1 and "1 problem." in checked.stderr and "broken.csv" in checked.stderr


def test_a_cohort_of_one_industry_has_peers_without_an_interval(no_cohorts):
    (no_cohorts / "cohorts").mkdir()
    rows = "".join(f"Firm {n},2021,{n + 2},3,Semiconductors and components\n" for n in range(3))
    (no_cohorts / "cohorts" / "one.csv").write_text(f"name,fiscal_year,rd,sm,industry\n{rows}", encoding="utf-8")
    figure = figures.build("01_rd_against_sm", cohort="one")
    assert "nan" not in figure.alt and "(no interval)" in figure.alt
    assert any("fewer than 10 industries are known" in note for note in figure.notes)
