"""Vendors' exports: each becomes a cohort to the yuan, or ends in one sentence with nothing written."""

import datetime
import hashlib
import io
import json
import os
import random

import openpyxl
import pandas as pd
import pytest
import vendors
from conftest import text_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from vendors import companies, expected, text, workbook

from lib import figures, parameters, tables, vendor
from lib.errors import ParameterError, UserError
from lib.rows import cohorts, own
from lib.rows.workbooks import CONTAINER, LOCKED
from lib.vendor import convert, headings, readers, template

FIGURE_1 = "01_rd_against_sm"


@pytest.fixture
def data(no_cohorts):
    return no_cohorts


def files(data):
    return sorted(path.name for path in (data / "cohorts").glob("**/*")) if (data / "cohorts").is_dir() else []


def filed(cohort):
    """The amounts of a cohort in data/cohorts by company and year."""
    rows = own.spending(cohort)
    amounts = zip(rows["rd_expense_cny"], rows["selling_expense_cny"], rows["revenue_cny"], strict=True)
    return dict(zip(zip(rows["company_id"], rows["fiscal_year"], strict=True), amounts, strict=True))


# What each vendor's export becomes


@pytest.mark.parametrize("export", vendors.EXPORTS)
def test_each_vendors_export_becomes_figure_1_to_the_yuan(data, export):
    file, make, answers = vendors.EXPORTS[export]
    done = vendor.take(file, make(), name="mine", **answers)
    assert done.problem is None, done.problem
    found, wanted = filed("mine"), expected()
    if export in ("a wide panel", "Compustat with selling expense"):  # by name: they have no code of an exchange
        named = {code: name for code, _, name in companies()}
        wanted = {(named[code], year): values for (code, year), values in wanted.items()}
    for key, (rd, sm, revenue) in wanted.items():
        assert found[key][:2] == (rd, sm) and (found[key][2] == revenue or export == "a wide panel")
    assert len(found) == len(wanted) and own.check() == []
    figure = figures.build(FIGURE_1, cohort="mine")
    assert figure.headline["share"] == sum(wanted[key][0] > wanted[key][1] for key in wanted if key[1] == 2021) / 6
    assert f"made from {file}" in " ".join(figure.notes) and text_faults(figure.drawing) == []


@pytest.mark.parametrize(
    ("export", "words"),
    [
        ("Wind", ["vendor: Wind", "sheet 万得", "[单位] 元", "stated by column C", "statements: consolidated", "数据来源：Wind': 1"]),
        ("Wind in 10,000 yuan", ["unit: 10,000 yuan (万元)", "as it came: row 2, 430198: 3139.34", "rd 31393400"]),
        ("CSMAR", ["vendor: CSMAR", "rows 1 to 3", "B001216000", "parent company figures: 12", "not a year that ends on 31 December (quarters and the like): 24"]),
        ("Choice", ["vendor: Choice", "rows 1 to 2"]),
        ("iFinD", ["vendor: iFinD", "rows 1 to 2"]),
        ("Tushare", ["vendor: Tushare", "with the same figures: 12", "restated, as printed a year later: 12", "by --unit; the file states none", "total operating revenue"]),
        ("Eastmoney", ["vendor: Eastmoney", "UTF-8 with its mark", "statements: not told"]),
        ("Compustat with selling expense", ["vendor: Compustat Global", "xsga", "which is not selling expense"]),
        ("a wide panel", ["GB18030, parted by tabs", "no revenue"]),
        ("Choice by item", ["UTF-16", "other items (净利润): 6"]),
        ("Stata", ["Stata file", "observation 1"]),
    ],
)  # fmt: skip
def test_the_report_says_what_was_understood(data, export, words):
    file, make, answers = vendors.EXPORTS[export]
    report = "\n".join(convert.convert(file, make(), **answers).report)
    assert [word for word in words if word not in report] == []


def test_the_origin_stands_beside_the_cohort_and_in_the_record(data, outputs):
    from lib.bundle.publish import publish

    content = vendors.csmar()
    vendor.take("FS_Comins.xlsx", content, name="mine")
    origin = json.loads((data / "cohorts" / "mine.origin.json").read_text(encoding="utf-8"))
    assert (origin["file"], origin["vendor"], origin["statements"]) == ("FS_Comins.xlsx", "CSMAR", "consolidated")
    assert origin["sha256"] == hashlib.sha256(content).hexdigest()
    assert datetime.date.fromisoformat(origin["imported"]) and origin["columns"]["rd"] == ["B001216000 研发费用 元"]
    figure = figures.build(FIGURE_1, cohort="mine")
    record = json.loads((publish(figure) / f"{FIGURE_1}.json").read_text(encoding="utf-8"))
    source = next(source for source in record["sources"] if source["source_id"] == "cohorts/mine.csv")
    assert f"FS_Comins.xlsx (SHA-256 {origin['sha256']})" in source["title"] and "CSMAR" in source["title"]
    assert "cohorts/mine.origin.json" in record["data"] and "made from FS_Comins.xlsx (CSMAR)" in record["source"]
    rows = (data / "cohorts" / "mine.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].endswith('"FS_Comins.xlsx, sheet sheet1, row 4"')


def test_a_cohort_that_was_edited_after_its_import_no_longer_claims_its_origin(data):
    vendor.take("FS_Comins.xlsx", vendors.csmar(), name="mine")
    path = data / "cohorts" / "mine.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("31393400", "31393401"), encoding="utf-8")
    assert own.origin("mine") == {}
    assert "made from" not in " ".join(figures.build(FIGURE_1, cohort="mine").notes)
    refused = vendor.take("FS_Comins.xlsx", vendors.csmar(), name="mine")
    assert "mine.csv is there already" in str(refused.problem) and "31393401" in path.read_text(encoding="utf-8")


def test_an_import_that_nobody_changed_may_be_made_anew(data):
    vendor.take("a.xlsx", vendors.csmar(), name="mine")
    assert vendor.take("b.xlsx", vendors.wind(), name="mine").problem is None
    assert own.origin("mine")["file"] == "b.xlsx" and files(data) == ["mine.csv", "mine.origin.json"]


def test_an_import_that_fails_leaves_nothing_in_the_way_of_the_next(data):
    origin = data / "cohorts" / "mine.origin.json"
    origin.mkdir(parents=True)
    failed = vendor.take("a.xlsx", vendors.csmar(), name="mine")
    assert "mine.origin.json is a folder there" in str(failed.problem) and files(data) == ["mine.origin.json"]
    origin.rmdir()
    assert vendor.take("a.xlsx", vendors.csmar(), name="mine").problem is None


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_an_import_is_as_private_as_the_users_other_files(data):
    before = os.umask(0o077)
    try:
        vendor.take("a.xlsx", vendors.csmar(), name="mine")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (data / "cohorts").glob("mine*")} == {0o600}


def test_codes_of_2025_are_those_of_2022_in_the_tables(data):
    (code, new, _), *_ = companies()
    assert new.startswith("920") and own.renumbered()[new] == code
    vendor.take("akshare.csv", vendors.eastmoney(), name="mine", unit="元")
    assert code in set(own.members("mine")["company_id"])


@pytest.mark.parametrize("which", convert.FILED)
def test_of_restated_figures_the_one_that_was_asked_for_is_taken(data, which):
    content = vendors.tushare(restated=True)
    asked = convert.convert("income.csv", content, unit="元")
    assert isinstance(asked.problem, ParameterError) and "--filed first or --filed latest" in str(asked.problem)
    assert "11 more company-years" in str(asked.problem)
    done = convert.convert("income.csv", content, unit="元", filed=which)
    (code, _, _), *_ = companies()
    row = next(row for row in done.cohort.rows if (row["code"], row["fiscal_year"]) == (code, "2021"))
    assert float(row["rd"]) == expected()[code, 2021][0] + (700 if which == "latest" else 0)
    assert any(f"restated, not the {which} filed: 24" in line for line in done.report)


def test_a_year_may_be_chosen(data):
    done = convert.convert("wind.xlsx", vendors.wind(), year=2021)
    assert {row["fiscal_year"] for row in done.cohort.rows} == {"2021"}
    assert "not for 2019" in str(convert.convert("wind.xlsx", vendors.wind(), year=2019).problem)


def test_a_file_without_years_takes_the_one_that_is_given(data):
    rows = [["代码", "研发费用", "销售费用"], ["430198.BJ", 2e6, 3e6], ["430418.BJ", 4e6, 1e6]]
    asked = convert.convert("a.csv", text(rows), unit="元")
    assert "--year 2021" in str(asked.problem) and isinstance(asked.problem, ParameterError)
    done = convert.convert("a.csv", text(rows), unit="元", year=2021)
    assert [row["name"] for row in done.cohort.rows] == ["微创光电", "苏轴股份"]


def test_last_years_report_needs_a_year(data):
    content = workbook(
        [
            ["证券代码", "研发费用\n[报告期] 去年年报\n[单位] 元", "销售费用\n[报告期] 去年年报\n[单位] 元"],
            ["430198.BJ", 2e6, 3e6],
        ]
    )
    assert "'去年年报' names no year" in str(convert.convert("a.xlsx", content).problem)
    assert convert.convert("a.xlsx", content, year=2021).cohort.rows[0]["fiscal_year"] == "2021"


def test_what_is_not_known_stays_empty_and_is_counted(data):
    rows = [
        ["代码", "年度", "研发费用(元)", "销售费用(元)"],
        ["430198.BJ", 2021, "--", 3e6],
        ["430418.BJ", 2021, 0, "#N/A"],
        ["430489.BJ", 2021, None, None],
    ]
    done = convert.convert("a.csv", text(rows))
    assert [(row["rd"], row["sm"]) for row in done.cohort.rows] == [("", "3000000"), ("0", ""), ("", "")]
    assert "  R&D expense (研发费用): 2 not known, 1 zero (some vendors write 0 for not known)" in done.report


def test_amounts_are_exact_in_every_unit(data):
    rows = [["代码", "年度", "研发费用(万元)", "销售费用(万元)"], ["430198.BJ", 2021, 36984.969997, "7,658.196546"]]
    (row,) = convert.convert("a.csv", text(rows)).cohort.rows
    assert (row["rd"], row["sm"]) == ("369849699.97", "76581965.46")


def test_known_companies_are_compared_with_the_tables(data):
    rows = cohorts.drawn(cohorts.company_years("star", 2021)).head(5)
    exported = [["证券代码", "年度", "研发费用", "销售费用"]]
    exported += [[f"{r.company_id}.SH", 2021, r.rd_expense_cny, r.selling_expense_cny] for r in rows.itertuples()]
    good = convert.convert("star5.csv", text(exported), unit="元")
    assert "  R&D expense (研发费用): 5 company-years are in data/spending.csv too, 5 with the same yuan" in good.report
    bad = convert.convert("star5.csv", text(exported), unit="万元")
    assert bad.cohort is None and "10,000 times the" in str(bad.problem) and "spending.csv" in str(bad.problem)


def test_a_style_that_openpyxl_refuses_does_not_keep_a_file_out(data):
    from test_own_cohort import packed

    content = packed(vendors.wind(), "xl/styles.xml", [("<fills", "<fils"), ("</fills", "</fils")])
    content = packed(
        content, "xl/styles.xml", [("<cellXfs", "<cellXfs><broken/></cellXfs><cellXfs"), ("xfId", "xfIdd")]
    )
    done = convert.convert("wind.xlsx", content)
    assert done.cohort and len(done.cohort.rows) == 12


# What is refused


HEAD = ["证券代码", "证券简称", "年度", "研发费用(元)", "销售费用(元)"]
ROW = ["430198.BJ", "微创光电", 2021, 2e6, 3e6]


def chart_alone():
    from test_own_cohort import charts

    return charts()


def two_sheets():
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(ROW)
    other = book.create_sheet("2020")
    other.append(HEAD)
    other.append(ROW)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def formatted(code):
    return workbook([HEAD, ROW], lambda sheet: setattr(sheet["D2"], "number_format", code))


HOSTILE = {
    "two units in one file": ("a.csv", text([["代码", "年度", "研发费用(元)", "销售费用(万元)"], ["430198.BJ", 2021, 2e6, 300]]), {}, ["two units", "yuan (元)", "10,000 yuan (万元)"]),
    "a title in another unit": ("a.csv", text([["单位：万元"], HEAD, ROW]), {}, ["two units", "'单位：万元'"]),
    "a unit in a number format": ("a.xlsx", formatted('0.00"万元"'), {}, ["two units", "the number format of column D"]),
    "dollars in a number format": ("a.xlsx", formatted('"$"#,##0'), {}, ["row 2, column D", "shows it with '$'"]),
    "parent rows only": ("a.csv", text([["Stkcd", "Accper", "Typrep", "B001209000", "B001216000"], ["430198", "2021-12-31", "B", 3e6, 2e6]]), {"unit": "元"}, ["no row is a company's consolidated figures", "1 rows: parent company figures"]),
    "parent columns only": ("a.xlsx", vendors.wind(statement="母公司报表"), {}, ["is the only R&D expense", "parent company", "合并报表"]),
    "quarterly rows only": ("a.csv", text([["ts_code", "end_date", "report_type", "rd_exp", "sell_exp"], ["430198.BJ", "20210930", 1, 2e6, 3e6]]), {"unit": "元"}, ["1 rows: not a year that ends on 31 December"]),
    "quarterly columns only": ("a.csv", text([["代码", "研发费用2021三季报", "销售费用2021三季报"], ["430198.BJ", 2e6, 3e6]]), {}, ["no column is R&D expense", "part of a year"]),
    "a merged header": ("a.xlsx", workbook([["代码", "年度", "研发费用(元)", None, "销售费用(元)"], ["430198.BJ", 2021, 2e6, 1e6, 3e6]], lambda s: s.merge_cells("C1:D1")), {}, ["columns C", "and D", "both hold R&D expense", "merged header"]),
    "a code that lost its zeros": ("a.csv", text([HEAD, ["2", "甲", 2021, 2e6, 3e6]]), {}, ["row 2, column A", "'2' has lost the zeros"]),
    "a number as code": ("a.xlsx", workbook([HEAD, [2.0, "甲", 2021, 2e6, 3e6]]), {}, ["row 2, column A", "'2' has lost the zeros"]),
    "two companies with one name": ("a.csv", text([HEAD[1:], ["甲", 2021, 2e6, 3e6], ["甲", 2021, 4e6, 3e6]]), {}, ["row 2 and row 3", "甲 has different figures for 2021", "give codes"]),
    "a locked workbook": ("a.xlsx", CONTAINER + b"\0" * 600 + LOCKED, {}, ["locked with a password"]),
    "a locked old workbook": ("a.xls", CONTAINER + b"\0" * 600 + LOCKED, {}, ["locked with a password"]),
    "a sheet that is a chart": ("a.xlsx", chart_alone(), {}, ["sheet Chart1: a chart, without cells"]),
    "a thousand-row footer": ("a.csv", text([HEAD, ROW, *([f"说明{n}"] for n in range(1000))]), {}, ["rows 3 to 1002", "1,000 rows of text", "delete them"]),
    "a zip that breaks off": ("a.xlsx", vendors.csmar()[:3000], {}, ["the file breaks off"]),
    "an .xlsb that breaks off": ("a.xlsb", vendors.xlsb(vendors.plain())[:600], {}, ["the file breaks off"]),
    "an .xls that breaks off": ("a.xls", vendors.ifind()[:2000], {}, ["not a workbook that can be read"]),
    "a Stata file that breaks off": ("a.dta", vendors.stata()[:900], {}, ["not a Stata file"]),
    "SG&A as selling expense": ("a.csv", vendors.compustat(), {"unit": "百万元"}, ["no column is selling expense", "(xsga)", "selling, general and administrative"]),
    "no unit": ("a.csv", text([["代码", "年度", "研发费用", "销售费用"], ["430198.BJ", 2021, 2e6, 3e6]]), {}, ["states no unit", "--unit 元 or --unit 万元"]),
    "no unit, from Tushare": ("a.csv", vendors.tushare(), {}, ["states no unit (Tushare documents 元)", "--unit 元"]),
    "a unit for one line only": ("a.csv", text([["代码", "年度", "研发费用(万元)", "销售费用"], ["430198.BJ", 2021, 2e6, 3e6]]), {}, ["column D (销售费用) states no unit", "--unit 万元"]),
    "another unit than the file's": ("a.csv", text([HEAD, ROW]), {"unit": "万元"}, ["--unit: 10,000 yuan", "says yuan (元)"]),
    "a unit that is none": ("a.csv", text([HEAD, ROW]), {"unit": "斤"}, ["--unit: '斤' is not known"]),
    "dollars": ("a.csv", text([["代码", "年度", "研发费用(美元)", "销售费用(美元)"], ["430198.BJ", 2021, 2e6, 3e6]]), {}, ["amounts in 美元"]),
    "dollars in a row": ("a.csv", text([["conm", "fyear", "curcd", "xrd", "sm"], ["A", 2021, "CNY", 2, 3], ["B", 2021, "USD", 2, 3]]), {"unit": "百万元"}, ["row 3, column C", "'USD'"]),
    "units in cells": ("a.csv", text([HEAD, [*ROW[:3], "1.2亿", 3e6]]), {}, ["row 2, column D", "'1.2亿' has its unit in the cell"]),
    "words for an amount": ("a.csv", text([HEAD, [*ROW[:3], "about 5", 3e6]]), {}, ["row 2, column D", "'about 5' is not an amount"]),
    "R&D with what is capitalised": ("a.csv", text([["代码", "年度", "研发投入", "销售费用"], ["430198.BJ", 2021, 2e6, 3e6]]), {"unit": "元"}, ["no column is R&D expense", "(研发投入) is R&D spending with what is capitalised"]),
    "selling expense by half its name": ("a.csv", text([["代码", "年度", "研发费用", "selling"], ["430198.BJ", 2021, 2e6, 3e6]]), {"unit": "元"}, ["head its column with one of these names", "not read: D (selling)"]),
    "no selling expense": ("a.csv", text([["代码", "年度", "研发费用"], ["430198.BJ", 2021, 2e6]]), {"unit": "元"}, ["no column is selling expense"]),
    "several sheets": ("a.xlsx", two_sheets(), {}, ["2 sheets hold something", "--sheet 'Sheet'"]),
    "a sheet that is not there": ("a.xlsx", two_sheets(), {"sheet": "2019"}, ["no sheet '2019'", "Sheet and 2020"]),
    "a sheet of a text": ("a.csv", text([HEAD, ROW]), {"sheet": "2019"}, ["has none", "leave it out"]),
    "a web page": ("a.xls", b"<html><table><tr><td>1</td></tr></table>", {}, ["a web page under the name of a .xls"]),
    "another kind": ("a.pdf", b"%PDF-1.7", {}, ["files of this kind are not read"]),
    "nothing": ("a.csv", b" \n", {}, ["the file is empty"]),
    "a letter": ("a.csv", "尊敬的用户：\n请见附件。\n".encode(), {}, ["no row is a header"]),
    "amounts without a company": ("a.csv", text([HEAD, ROW, [None, None, 2021, 5e6, 6e6]]), {}, ["row 3", "amounts without a company"]),
    "a day as a company": ("a.csv", text([HEAD[1:], ["2021-12-31", 2021, 2e6, 3e6]]), {}, ["'2021-12-31' is no company's name"]),
    "a foreign code": ("a.csv", text([HEAD, ROW, ["BABA.N", "阿里", 2021, 2e6, 3e6]]), {}, ["row 3, column A", "'BABA.N' is not a code of Shanghai"]),
    "a year that is none": ("a.csv", text([HEAD, [*ROW[:2], "二〇二一", 2e6, 3e6]]), {}, ["row 2, column C", "'二〇二一' is no year"]),
    "no name for the cohort": ("研发.csv", text([HEAD, ROW]), {"name": None}, ["gives no name", "--name bse93"]),
    "the project's name": ("a.csv", text([HEAD, ROW]), {"name": "star"}, ["the project itself uses 'star'"]),
    "so little": ("a.csv", text([HEAD, *([code, name, 2021, 200.5, 300] for code, _, name in companies())]), {}, ["taken in yuan (元), stated by", "no expense in it reaches a million yuan"]),
    "one company under two spellings": ("a.csv", text([HEAD[1:], ["Abc", 2021, 2e6, 3e6], ["ABC", 2020, 2e6, 3e6]]), {}, ["'Abc'", "2 spellings"]),
}  # fmt: skip


T = [*HEAD[:3], "公告日期", *HEAD[3:]]
ITEMS = ["证券代码", "证券名称", "指标", "2021-12-31"]


def restated(one, other):
    return text([T, [*ROW[:3], one, 2e6, 3e6], [*ROW[:3], other, 2.5e6, 3e6]])


def by_item(rd, sm="销售费用(元)"):
    return text([ITEMS, [*ROW[:2], rd, 2e6], [*ROW[:2], sm, 3e6]])


def merged(area):
    from test_own_cohort import packed

    return packed(
        workbook([HEAD, ROW], lambda s: s.merge_cells("A3:B3")), "xl/worksheets/sheet1.xml", [("A3:B3", area)]
    )


def with_amount(value, code):
    def change(sheet):
        sheet["D2"].value, sheet["D2"].number_format = value, code

    return workbook([HEAD, ROW], change)


def old_excel(code):
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for row, cells in enumerate([HEAD, ROW]):
        for column, cell in enumerate(cells):
            style = xlwt.easyxf(num_format_str=code) if (row, column) == (1, 3) else xlwt.XFStyle()
            sheet.write(row, column, cell, style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


BARE = [*HEAD[:3], "研发费用", "销售费用"]
#: What says of the amounts that they are other ones than the column's words alone promise.
HOSTILE |= {
    "dollars in a title": ("a.csv", text([["单位：美元"], BARE, ROW]), {"unit": "元"}, ["'单位：美元' says amounts in 美元"]),
    "dollars in a footer": ("a.csv", text([BARE, ROW, ["Currency: USD"]]), {"unit": "元"}, ["'Currency: USD' says amounts in USD"]),
    "dollars in a title's brackets": ("a.csv", text([["利润表（万美元）", "2021"], BARE, ROW]), {"unit": "元"}, ["says amounts in 万美元"]),
    "the parent company in a title": ("a.csv", text([["母公司利润表"], HEAD, ROW]), {}, ["'母公司利润表' says parent company figures"]),
    "a part of a year in a title": ("a.csv", text([["2021年1-9月利润表"], [*HEAD[:2], *HEAD[3:]], [*ROW[:2], *ROW[3:]]]), {"year": 2021}, ["part of a year"]),
    "a web address": ("a.csv", text([BARE, ROW, ["Link: https://example.org"]]), {}, ["states no unit"]),
    "an author's initial": ("a.csv", text([BARE, ROW, ["Jin M. Wang"]]), {}, ["states no unit"]),
    "two units by item": ("a.csv", by_item("研发费用(万元)"), {}, ["two units", "'研发费用(万元)' in row 2"]),
    "a unit for one item only": ("a.csv", by_item("研发费用(万元)", "销售费用"), {}, ["column D (2021-12-31) states no unit in row 3"]),
    "dollars by item": ("a.csv", by_item("研发费用(美元)"), {}, ["row 2, column C", "amounts in 美元"]),
    "a year by item": ("a.csv", by_item("研发费用2020(元)"), {}, ["row 2, column C", "'研发费用2020(元)' names a period"]),
    "the parent company by item": ("a.csv", by_item("研发费用(母公司)(元)", "销售费用(母公司)(元)"), {}, ["2 rows: parent company figures"]),
    "a rate by item": ("a.csv", by_item("研发费用(%)"), {}, ["no row is R&D expense"]),
    "two columns of one year by item": ("a.csv", text([[*ITEMS, "2021年报"], [*ROW[:2], "研发费用", 1, 2], [*ROW[:2], "销售费用", 3, 4]]), {"unit": "元"}, ["columns D (2021-12-31) and E (2021年报) are both 2021"]),
    "a day that is none, of restated figures": ("a.csv", restated("2022/4/25", "spring"), {"filed": "latest"}, ["row 3, column D", "'spring' is no day"]),
    "no day for one of restated figures": ("a.csv", restated("2022/4/25", None), {"filed": "latest"}, ["nothing says which was filed first"]),
    "nine months beside a year": ("a.csv", text([[*HEAD[:3], "报告期", *HEAD[3:]], [*ROW[:3], "2021-09-30", 2e6, 3e6]]), {}, ["1 rows: not a year"]),
    "a quarter beside a year": ("a.csv", text([[*HEAD[:3], "季度", *HEAD[3:]], [*ROW[:3], 3, 2e6, 3e6]]), {}, ["1 rows: not a year"]),
    "another year beside a year": ("a.csv", text([[*HEAD[:3], "报告期", *HEAD[3:]], [*ROW[:3], "2020-12-31", 2e6, 3e6]]), {}, ["row 2, column D (报告期): 2020, but column C (年度) says 2021"]),
    "another year beside the header's": ("a.csv", text([["证券代码", "报告期", "研发费用2021(元)", "销售费用2021(元)"], [ROW[0], "2020-12-31", 2e6, 3e6]]), {}, ["row 2, column B (报告期): 2020, but column C"]),
    "shares of revenue": ("a.csv", text([[*HEAD[:3], "研发费用(%)", "销售费用(‰)"], ROW]), {"unit": "元"}, ["column D (研发费用(%)) is a share or a rate"]),
    "growth below the header": ("a.csv", text([HEAD, [None, None, None, "同比增长", "同比增长"], ROW]), {}, ["headed by '同比增长' too, which is not understood"]),
    "last year's below the header": ("a.csv", text([HEAD, [None, None, None, "上期金额", "上期金额"], ROW]), {}, ["headed by '上期金额' too"]),
    "growth above the header": ("a.csv", text([[None, None, None, "同比", "同比（%）"], HEAD, ROW]), {}, ["headed by '同比' too"]),
    "an attribute that is not known": ("a.csv", text([["证券代码", "年度", "研发费用[口径]增量[单位]元", "销售费用(元)"], [ROW[0], 2021, 2e6, 3e6]]), {}, ["headed by '口径: 增量' too"]),
    "two units in one header": ("a.csv", text([["证券代码", "年度", "研发费用(万元)\n元", "销售费用(元)"], [ROW[0], 2021, 2e6, 3e6]]), {}, ["headed by '元' too"]),
    "R&D by its label, and what is capitalised": ("a.csv", text([["证券代码", "年度", "rd", "sm"], [None, None, "研发投入", "销售费用"], [ROW[0], 2021, 2e6, 3e6]]), {"unit": "元"}, ["is R&D spending with what is capitalised"]),
    "decimal commas": ("a.csv", text([HEAD, [*ROW[:3], "12,345", "3,210"]], delimiter=";"), {}, ["row 2, column D", "'12,345' may be thousands or have decimals"]),
    "codes for a third of the companies": ("a.csv", text([HEAD, ROW, *([name, name, 2021, 2e6, 3e6] for name in "乙丙")]), {}, ["column A (证券代码): 1 of 3 cells are codes"]),
    "more digits than there are": ("a.csv", text([HEAD, [*ROW[:3], "1e1000000", 3e6]]), {}, ["'1e1000000' is not an amount"]),
    "a unit for amounts below zero": ("a.xlsx", with_amount(-2e6, '0;-0"万元"'), {}, ["two units", "the number format of column D"]),
    "a unit on a condition": ("a.xlsx", with_amount(2e6, '[<10000]0;0"万元"'), {}, ["two units"]),
    "a format that hides thousands": ("a.xlsx", with_amount(2e6, "#,##0,"), {}, ["row 2, column D", "a part of its digits"]),
    "a format that moves the point": ("a.xlsx", with_amount(2e6, '0!.0000"万元"'), {}, ["row 2, column D", "a part of its digits"]),
    "dollars by format in old Excel": ("a.xls", old_excel('"$"#,##0'), {}, ["row 2, column D", "shows it with '$'"]),
    "per cent by format in old Excel": ("a.xls", old_excel("0.0%"), {}, ["row 2, column D", "shows it with '%'"]),
    "ten thousand yuan by format in old Excel": ("a.xls", old_excel('0.00"万元"'), {}, ["two units", "the number format of column D"]),
    "merged columns without end": ("a.xlsx", merged("A:B"), {}, ["'A:B' is no area of merged cells"]),
    "two areas in one": ("a.xlsx", merged("A1:B1 C1:D1"), {}, ["is no area of merged cells"]),
    "lines without end": ("a.csv", text([HEAD, ROW]) + b"\n" * 300_000, {}, ["more than 250,000 rows"]),
}  # fmt: skip


def test_a_column_that_says_more_is_left_aside_where_another_is_plain(data):
    rows = [
        ["证券代码", "年度", "研发费用(元)", "研发费用(元)", "销售费用(元)"],
        [None, None, "本期金额", "上期金额", "本期金额"],
    ]
    done = convert.convert("a.csv", text([*rows, ["430198.BJ", 2021, 2e6, 9e6, 3e6]]))
    assert done.cohort.rows[0]["rd"] == "2000000"
    assert (
        "  not read: column D (研发费用(元) 上期金额), headed by '上期金额' too, which is not understood" in done.report
    )


@pytest.mark.parametrize(("which", "rd"), [("first", "2000000"), ("latest", "2500000")])
def test_days_of_filing_are_compared_as_days(data, which, rd):
    done = convert.convert("a.csv", restated("2022/4/25", "2022/10/28"), filed=which)
    assert [row["rd"] for row in done.cohort.rows] == [rd]


def test_commas_before_thousands_are_known_by_an_amount_that_has_two(data):
    rows = [HEAD, [*ROW[:3], "12,345,678", "3,210"]]
    (row,) = convert.convert("a.csv", text(rows, delimiter=";")).cohort.rows
    assert (row["rd"], row["sm"]) == ("12345678", "3210")


def test_a_column_without_any_code_is_told_and_names_count(data):
    done = convert.convert("a.csv", text([HEAD, ["x1", *ROW[1:]]]))
    assert done.cohort.rows[0]["name"] == "微创光电" and done.cohort.rows[0]["code"] == ""
    assert "  left out, column A (证券代码): cells of which none is a code: 1" in done.report


@pytest.mark.parametrize(
    ("form", "stored", "taken"),
    [("%ty", 2021, True), ("%tm", 743, True), ("%tm", 740, False), ("%tq", 247, False), ("%th", 123, False)],
)
def test_a_stata_variable_of_time_is_read_by_its_kind(data, form, stored, taken):
    out = io.BytesIO()
    frame = pd.DataFrame({"stkcd": ["430198"], "year": [stored], "rd": [2e6], "sm": [3e6]})
    frame.to_stata(out, write_index=False, version=118)
    content = out.getvalue().replace(b"%12.0g\0", f"{form}\0".encode().ljust(7, b"\0"), 1)
    done = convert.convert("a.dta", content, unit="元")
    assert [row["fiscal_year"] for row in done.cohort.rows] == ["2021"] if taken else "not a year" in str(done.problem)


def test_a_merge_over_the_whole_sheet_costs_no_more_than_its_cells(data):
    grid = readers.read("a.xlsx", merged("A3:XFD1048576"))
    assert grid.merged == [] and readers.read("a.xlsx", merged("A1:XFD1048576")).merged == [(0, 0, 1, 4)]


def in_stata(codes, version=118, **more):
    out = io.BytesIO()
    frame = pd.DataFrame({"stkcd": codes, "year": [2021, 2021], "rd": [2e6, 3e6], "sm": [1e6, 2e6], **more})
    frame.to_stata(out, write_index=False, version=version)
    return out.getvalue()


def test_what_stata_says_of_all_its_data_counts_as_a_title(data):
    out = io.BytesIO()
    frame = pd.DataFrame({"stkcd": ["430198"], "year": [2021], "rd": [2e6], "sm": [3e6]})
    frame.to_stata(out, write_index=False, version=118, data_label="amounts in thousand USD")
    assert "says amounts in USD" in str(convert.convert("a.dta", out.getvalue(), unit="元").problem)


def test_digits_that_statas_float_lost_are_reported(data):
    done = convert.convert("a.dta", in_stata(CODES, rd=pd.Series([31393401, 2e6], dtype="float32")), unit="元")
    assert "  not read: digits after the seventh of rd, which Stata keeps as float" in done.report


def test_rows_that_an_old_workbook_hides_are_counted(data):
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for r, row in enumerate([HEAD, ROW]):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)
    sheet.row(1).hidden = True
    out = io.BytesIO()
    book.save(out)
    assert "1 of its rows or columns hidden" in convert.convert("a.xls", out.getvalue()).report[0]


CODES = ["430198", "430418"]
OLD = in_stata(CODES, 114, firm=["Société", "A"])
DAMAGED = in_stata(CODES, firm=["微创光电", "A"]).replace("微创".encode(), b"\xce\xa2\xb4\xb4\xb9\xe2")
HOSTILE["numeric codes in Stata"] = ("a.dta", in_stata([2, 430198]), {}, ["tostring stkcd, replace format(%06.0f)"])
HOSTILE["Stata 12's texts"] = ("a.dta", OLD, {}, ["not in Unicode", "`unicode translate`"])
HOSTILE["Stata texts that are no UTF-8"] = ("a.dta", DAMAGED, {}, ["not in Unicode", "`unicode translate`"])
HOSTILE["a name of a page"] = (
    "a.csv",
    text(
        [
            ["证券代码", "证券名称", "指标", "2021-12-31"],
            ["430198.BJ", "长\x0b" * 500, "研发费用(元)", 2e6],
            ["430198.BJ", "长\x0b" * 500, "研发费用(元)", 3e6],
            ["430198.BJ", "长\x0b" * 500, "销售费用(元)", 2e6],
        ]
    ),
    {},
    ["row 3, column C", "… has 研发费用(元) of 2021 twice"],
)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_export_ends_in_one_sentence_with_nothing_written(data, case):
    file, content, answers, words = HOSTILE[case]
    done = vendor.take(file, content, **{"name": "mine", **answers})
    said = str(done.problem)
    assert [word for word in words if word not in said] == []
    assert said.endswith(".") and said.isprintable() and len(said) < 1000 and "Traceback" not in said
    assert done.cohort is None and files(data) == []


def test_a_total_is_passed_over_and_counted(data):
    done = convert.convert("a.csv", text([HEAD, ROW, [None, "合计", None, 2e6, 3e6]]))
    assert len(done.cohort.rows) == 1 and any("total rows" in line and line.endswith(": 1") for line in done.report)


def test_signs_that_steer_a_terminal_are_not_printed(data):
    done = convert.convert("a\x1b[2J.csv", text([HEAD, ["430198.BJ", "A\x1b[31m", 2021, 2e6, 3e6]]), name="mine")
    assert "\x1b" not in "\n".join(done.report) + str(done.problem)


def test_damaged_exports_never_crash(data):
    chance = random.Random(3)
    for file, make, answers in vendors.EXPORTS.values():
        whole = make()
        for _ in range(1 if file.endswith((".xls", ".ods", ".xlsb")) else 4):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            damaged = damaged[: chance.choice([len(damaged), chance.randrange(1, len(damaged))])]
            done = convert.convert(file, bytes(damaged), name="mine", **answers)
            assert (done.cohort is None) == (done.problem is not None)


CELLS = st.one_of(
    st.none(),
    st.sampled_from([*HEAD, "rd_exp", "2021", "2021-12-31", "20210930", "430198.BJ", "合计", "1,234.5", "--", "单位：万元", "xsga", "A", "指标", "研发费用"]),
    st.text(max_size=6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)  # fmt: skip


@settings(max_examples=400)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=6),
    st.sampled_from([None, "元"]),
    st.sampled_from([None, 2021]),
)
def test_any_table_is_taken_or_refused_in_words(rows, unit, year):
    done = convert.convert("a.csv", text(rows), name="mine", unit=unit, year=year)
    assert done.cohort is None or done.problem is None
    assert done.cohort or str(done.problem).endswith((".", ")"))


@given(st.integers(0, 10**15), st.sampled_from(sorted(set(own.UNITS.values()))))
def test_scaling_keeps_every_digit(cents, factor):
    from decimal import Decimal

    amount = Decimal(cents) / 100
    assert Decimal(convert._digits((amount / factor) * factor)) == amount


# Layouts


@pytest.mark.parametrize(
    ("value", "year", "annual"),
    [("2021-12-31", 2021, True), (20211231, 2021, True), ("20210930", 2021, False), (2021.0, 2021, True), ("2021年报", 2021, True),
     ("2021三季报", 2021, False), ("2021Q3", 2021, False), (datetime.datetime(2021, 12, 31), 2021, True), ("FY2021", 2021, True),
     ("2021/12/31", 2021, True), ("2021年12月31日", 2021, True), ("2021-12-31 00:00:00", 2021, True), ("202109", 2021, False)],
)  # fmt: skip
def test_a_period_is_read(value, year, annual):
    found = headings.period(value)
    assert (found.year, found.annual) == (year, annual)


@pytest.mark.parametrize(
    "value", ["835185.BJ", "BJ835185", 835185, 835185.0, '="835185"', "'835185", "835185.bj", "BJ.835185"]
)
def test_a_code_is_read_in_each_vendors_way(data, value):
    rows = [["代码", "年度", "研发费用(元)", "销售费用(元)"], [value, 2021, 2e6, 3e6]]
    done = convert.convert("a.csv", text(rows))
    assert done.cohort.rows[0]["code"] == "835185"


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with its mark"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16 without"),
    ],
)
@pytest.mark.parametrize("delimiter", readers.SEPARATORS)
def test_encodings_and_separators_are_recognised_and_said(data, encoding, words, delimiter):
    content = text([HEAD, ROW], encoding, delimiter)
    done = convert.convert("a.csv", content)
    assert done.cohort and words in done.report[0] and readers.SEPARATORS[delimiter] in done.report[0]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_excels_own_line_about_separators_is_taken(data, mark):
    done = convert.convert("a.csv", f"sep={mark}\r\n".encode() + text([HEAD, ROW], delimiter=mark))
    assert done.cohort.rows[0]["source"] == "a.csv, row 3"


@pytest.mark.parametrize("mark", "\t|")
def test_commas_before_thousands_part_no_cells(data, mark):
    rows = "\n".join(mark.join(map(str, row)) for row in [HEAD, [*ROW[:3], "2,000,000.00", "3,000,000.00"]] * 9)
    done = convert.convert("a.txt", f"{rows}\n".encode())
    assert done.cohort.rows[0]["rd"] == "2000000" and readers.SEPARATORS[mark] in done.report[0]


def test_a_quotation_mark_may_stand_behind_a_space(data):
    rows = "\n".join(", ".join(f'"{cell}"' for cell in row) for row in [HEAD, ROW])
    assert convert.convert("a.csv", f"{rows}\n".encode()).cohort.rows[0]["rd"] == "2000000"


def test_a_text_that_ends_within_a_line_is_reported(data):
    whole = text([HEAD, ROW])
    done = convert.convert("a.csv", whole[:-4])
    assert done.report[1].startswith("  not read: what may follow row 2, as the text ends without a line break")
    assert not any("line break" in line for line in convert.convert("a.csv", whole).report)


def test_a_text_takes_few_bytes_for_each_sign(data):
    import tracemalloc

    content = ("证券代码,😀\n" + f"{'9' * 49},{'9' * 49}\n" * 20_000).encode()
    tracemalloc.start()
    readers.read("a.csv", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(content)


# Empty files to fill in


@pytest.mark.parametrize(("cohort", "count"), [("bse93", 93), ("bse", 93), ("star", None)])
def test_an_empty_file_has_every_company_and_is_a_cohort_at_once(data, cohort, count):
    book, table, found = template.create(cohort, 2021)
    assert own.check() == [] and found == (count or len(cohorts.members("star")))
    members = own.members(book.stem)
    assert len(members) == found and own.spending(book.stem)["rd_expense_cny"].isna().all()
    assert table.parent.name == "lists" and parameters.own_cohorts() == {book.stem: book}
    sheet = openpyxl.load_workbook(book).active
    header = [cell.value for cell in sheet[1]]
    assert header == list(template.COLUMNS)
    if count:
        assert sheet["D2"].value.startswith("920") and sheet["C2"].data_type == "s"
    with pytest.raises(UserError, match="is there already"):
        template.create(cohort, 2021)


def test_an_empty_file_that_was_filled_in_is_drawn(data):
    book, _, _ = template.create("bse93", 2021)
    workbook_ = openpyxl.load_workbook(book)
    for row in workbook_.active.iter_rows(min_row=2, max_row=40):
        row[5].value, row[6].value, _ = vendors.amounts(row[2].value, 2021)
    workbook_.save(book)
    figure = figures.build(FIGURE_1, cohort="bse93")
    assert figure.headline["firms"] == 39 and "53 with neither line" in " ".join(figure.notes)


def test_no_other_cohort_has_an_empty_file(data):
    with pytest.raises(ParameterError, match=r"no cohort 'moon'.*bse93"):
        template.create("moon", 2021)


# The commands


def test_two_commands_lead_from_an_export_to_figure_1(call, data, outputs, tmp_path):
    (tmp_path / "wind.xlsx").write_bytes(vendors.wind(93))
    done = call("cohort", "import", str(tmp_path / "wind.xlsx"), "--name", "bse93")
    assert done.returncode == 0, done.stderr
    assert "taken: 186 company-years of 93 companies" in done.stdout and "written: cohorts/bse93.csv" in done.stdout
    drawn = call("render", "1", "-p", "cohort=bse93")
    assert drawn.returncode == 0, drawn.stderr
    record = json.loads((outputs / FIGURE_1 / "cohort=bse93" / f"{FIGURE_1}.json").read_text(encoding="utf-8"))
    false = set(tables.load("enforcement").query("fiscal_year == 2021 and stage == 'decision'")["company_id"])
    wanted = [rd > sm for (code, year), (rd, sm, _) in expected(93).items() if year == 2021 and code not in false]
    assert record["headline"]["firms"] == len(wanted) == 92 and record["headline"]["share"] == sum(wanted) / 92
    assert record["left_out"]["accounts found false"] == 1


def test_the_command_says_which_option_settles_it_and_its_exit_status(call, data, tmp_path):
    path = tmp_path / "income.csv"
    path.write_bytes(vendors.tushare())
    asked = call("cohort", "import", str(path))
    assert asked.returncode == 2 and "vendor: Tushare" in asked.stdout and "--unit 元" in asked.stderr
    path.write_bytes(vendors.compustat())
    refused = call("cohort", "import", str(path), "--unit", "百万元")
    assert refused.returncode == 1 and "nothing was written" in refused.stderr and files(data) == []
    made = call("cohort", "new", "bse93")
    assert made.returncode == 0 and "93 companies, fiscal 2021" in made.stdout
    checked = call("check")
    assert checked.returncode == 0 and "No row has both rd and sm, of 93" in checked.stdout


def test_a_list_to_fill_in_is_not_laid_beside_an_import_of_its_name(data):
    assert vendor.take("wind.xlsx", vendors.wind(), name="bse93").problem is None
    with pytest.raises(UserError, match=r"bse93\.csv is there already"):
        template.create("bse93", 2021)
    assert list(parameters.own_cohorts()) == ["bse93"]


def test_the_tables_are_not_touched(data):
    before = {name: tables.load(name).to_csv() for name in tables.table_names()}
    vendor.take("wind.xlsx", vendors.wind(), name="mine")
    assert all(tables.load(name).to_csv() == text for name, text in before.items())
