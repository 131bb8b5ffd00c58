"""Exports in the shapes of the vendors that economists use, made here from invented amounts.

Companies are those of the Beijing exchange's roster, of whose expenses the tables hold none; no amount in here is anybody's.
"""

import csv
import io
import random
import struct
import zipfile

import openpyxl
import pandas as pd

from lib import tables
from lib.rows import cohorts

YEARS = (2020, 2021)


def companies(count=6):
    """Companies on the exchange on the article's day: code, 920 code and name."""
    roster = tables.load("bse_roster")
    chosen = roster[cohorts.on_board(roster, cohorts.BSE_DAY)].head(count)
    new = chosen["code_920"].fillna(chosen["company_id"])  # a few have moved to another board
    return list(zip(chosen["company_id"], new, chosen["name_zh"], strict=True))


def amounts(code, year):
    """Invented R&D, selling expense and revenue in yuan, the same for a company and year each time, in whole hundreds."""
    chance = random.Random(f"{code} {year}")
    return tuple(
        chance.randrange(low, high) * 100 for low, high in ((20_000, 900_000), (15_000, 800_000), (900_000, 9_000_000))
    )


def expected(count=6, years=YEARS):
    """What each export must become: code and year to R&D, selling expense and revenue."""
    return {(code, year): amounts(code, year) for code, _, _ in companies(count) for year in years}


def workbook(rows, change=lambda sheet: None, title="Sheet1"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(rows, encoding="utf-8", delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def exchange(code):
    return f"{code}.BJ"


def wind(count=6, unit="元", divide=1, statement="合并报表"):
    """Wind's Excel: attributes in the lines of a header cell, a column per item and year, a footer after an empty row."""
    items = ("研发费用", "销售费用", "营业收入")
    header = ["证券代码", "证券简称"]
    header += [
        f"{item}\n[报告期] {year}年报\n[报表类型] {statement}\n[单位] {unit}" for item in items for year in YEARS
    ]
    rows = [
        [exchange(code), name, *(amounts(code, year)[place] / divide for place in range(3) for year in YEARS)]
        for code, _, name in companies(count)
    ]
    return workbook([header, *rows, [], ["数据来源：Wind"]], title="万得")


def csmar(count=6, parents=True, quarters=True):
    """CSMAR's income statement: field codes, then a row of labels and one of units; consolidated and parent, ends and starts."""
    rows = [
        ["Stkcd", "ShortName", "Accper", "Typrep", "B001101000", "B001209000", "B001216000"],
        ["证券代码", "证券简称", "统计截止日期", "报表类型编码", "营业收入", "销售费用", "研发费用"],
        ["没有单位", "没有单位", "没有单位", "没有单位", "元", "元", "元"],
    ]
    for code, _, name in companies(count):
        for year in YEARS:
            rd, sm, revenue = amounts(code, year)
            rows.append([code, name, f"{year}-12-31", "A", revenue, sm, rd])
            if parents:
                rows.append([code, name, f"{year}-12-31", "B", revenue // 2, sm // 2, rd // 2])
            if quarters:
                rows.append([code, name, f"{year}-01-01", "A", revenue - 100, sm - 100, rd - 100])
                rows.append([code, name, f"{year}-06-30", "A", revenue // 3, sm // 3, rd // 3])
    return workbook(rows, title="sheet1")


def choice(count=6):
    """Choice: items merged over the years, years below them, the unit in the item's header, a footer."""
    years = [f"{year}年报" for year in YEARS]
    items = [f"{item}\n[单位]元\n[报表类型]合并报表" for item in ("研发费用", "销售费用", "营业收入")]
    header = [
        ["代码", "名称", *(cell for item in items for cell in (item, *[None] * (len(years) - 1)))],
        [None, None, *years * 3],
    ]
    rows = [
        [exchange(code), name, *(f"{amounts(code, year)[place]:,.2f}" for place in range(3) for year in YEARS)]
        for code, _, name in companies(count)
    ]

    def merge(sheet):
        for start in range(3, 3 + 2 * len(items), 2):
            sheet.merge_cells(start_row=1, end_row=1, start_column=start, end_column=start + 1)
        for column in (1, 2):
            sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)

    return workbook([*header, *rows, [], ["数据来源：东方财富Choice数据"]], merge)


def ifind(count=6):
    """iFinD's older .xls: two rows of header, the unit in the first, the day in the second; dashes where nothing is known."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    items = [
        (place, item, year)
        for place, item in enumerate(("研发费用(单位:元)", "销售费用(单位:元)", "营业收入(单位:元)"))
        for year in YEARS
    ]
    for column, words in enumerate(["证券代码", "证券名称", *(item for _, item, _ in items)]):
        sheet.write(0, column, words)
    for column, (_, _, year) in enumerate(items, 2):
        sheet.write(1, column, f"{year}-12-31")
    for row, (code, _, name) in enumerate(companies(count), 2):
        sheet.write(row, 0, exchange(code))
        sheet.write(row, 1, name)
        for column, (place, _, year) in enumerate(items, 2):
            sheet.write(row, column, float(amounts(code, year)[place]))
    sheet.write(count + 3, 0, "数据来源：同花顺iFinD")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def tushare(count=6, restated=False):
    """Tushare's income table: codes with their exchange, days without signs, statements by number, updates of a period."""
    head = "ts_code ann_date f_ann_date end_date report_type revenue sell_exp rd_exp total_revenue update_flag"
    rows = [head.split()]
    for code, new, _ in companies(count):
        for year in YEARS:
            rd, sm, revenue = amounts(code, year)

            def line(told, end, kind, *values, code=new):
                rows.append([exchange(code), told, told, end, kind, *values])

            told, end = f"{year + 1}0420", f"{year}1231"
            filed = float(revenue), float(sm), float(rd), float(revenue + 5)
            line(told, end, 1, *filed, 0)
            line(told, end, 1, *filed, 1)
            line(told, f"{year}0930", 1, *filed, 0)
            line(told, end, 6, 1.0, 2.0, 3.0, 4.0, 0)
            line(told, end, 4, 1.0, 2.0, 3.0, 4.0, 0)
            if restated:
                line(f"{year + 1}0601", end, 1, float(revenue), float(sm), float(rd + 700), float(revenue), 1)
    return text(rows)


def eastmoney(count=6):
    """What akshare gives from Eastmoney, saved by pandas: an index column, many items, days with a time."""
    rows = []
    for code, new, name in companies(count):
        for year in YEARS:
            rd, sm, revenue = amounts(code, year)
            rows.append(
                {
                    "SECUCODE": exchange(new), "SECURITY_CODE": new, "SECURITY_NAME_ABBR": name, "REPORT_DATE": f"{year}-12-31 00:00:00",
                    "REPORT_TYPE": "年报", "NOTICE_DATE": f"{year + 1}-04-20 00:00:00", "UPDATE_DATE": f"{year + 1}-04-20 00:00:00",
                    "CURRENCY": "CNY", "TOTAL_OPERATE_INCOME": revenue, "OPERATE_INCOME": float(revenue),
                    "OPERATE_INCOME_YOY": 12.5, "SALE_EXPENSE": float(sm), "RESEARCH_EXPENSE": float(rd), "OSOPINION_TYPE": None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows).to_csv().encode("utf-8-sig")


def compustat(count=6, selling=False):
    """Compustat Global: millions, no exchange code, SG&A in one line; `selling` adds a column of a user's own."""
    rows = [
        [
            "gvkey",
            "datadate",
            "fyear",
            "indfmt",
            "consol",
            "popsrc",
            "datafmt",
            "curcd",
            "conm",
            "revt",
            "sale",
            "xrd",
            "xsga",
        ]
    ]
    rows[0] += ["selling expense"] if selling else []
    for number, (code, _, name) in enumerate(companies(count)):
        for year in YEARS:
            rd, sm, revenue = (amount / 1e6 for amount in amounts(code, year))
            rows.append(
                [
                    f"{300000 + number}",
                    f"{year}1231",
                    year,
                    "INDL",
                    "C",
                    "I",
                    "HIST_STD",
                    "CNY",
                    name,
                    revenue,
                    revenue,
                    rd,
                    sm * 2,
                ]
            )
            rows[-1] += [sm] if selling else []
    return text(rows)


def stata(count=6, numeric=False):
    """A Stata file as a co-author keeps it: short names, labels that say more, a value label for the statement."""
    rows = [
        {
            "stkcd": int(code) if numeric else code,
            "firm": name,
            "year": year,
            "rd": float(rd),
            "sell": float(sm),
            "rev": float(revenue),
        }
        for code, _, name in companies(count)
        for year in YEARS
        for rd, sm, revenue in [amounts(code, year)]
    ]
    out = io.BytesIO()
    labels = {
        "rd": "研发费用(元)",
        "sell": "销售费用(元)",
        "rev": "营业收入(元)",
        "stkcd": "证券代码",
        "year": "会计年度",
    }
    pd.DataFrame(rows).to_stata(out, write_index=False, version=118, variable_labels=labels)
    return out.getvalue()


def wide(count=6):
    """A plain panel with a column per line and year, in 10,000 yuan, by name alone."""
    rows = [["公司", *(f"{item}{year}(万元)" for item in ("研发费用", "销售费用") for year in YEARS)]]
    rows += [
        [name, *(amounts(code, year)[place] / 1e4 for place in range(2) for year in YEARS)]
        for code, _, name in companies(count)
    ]
    return text(rows, "gb18030", "\t")


def items(count=6):
    """A panel with a row per item and a column per year, as Choice gives time series."""
    rows = [["证券代码", "证券名称", "指标", *(f"{year}-12-31" for year in YEARS)]]
    for code, _, name in companies(count):
        for place, item in enumerate(("研发费用", "销售费用", "营业收入", "净利润")):
            rows.append([exchange(code), name, item, *(amounts(code, year)[min(place, 2)] for year in YEARS)])
    return text([*rows, ["数据来源：东方财富Choice数据", "", "", "", ""]], "utf-16")


def opendocument(content):
    """An .xlsx as .ods."""
    out = io.BytesIO()
    pd.read_excel(io.BytesIO(content), header=None).to_excel(out, engine="odf", header=False, index=False)
    return out.getvalue()


def xlsb(rows):
    """A minimal binary workbook (.xlsb): one sheet of texts and numbers."""

    def record(kind, data=b""):
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = b"", len(data)
        while True:
            size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
            length >>= 7
            if not length:
                return head + size + data

    def words(said):
        return struct.pack("<I", len(said)) + said.encode("utf-16-le")

    width = max(map(len, rows))
    sheet = record(129) + record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1)) + record(145)
    for number, row in enumerate(rows):
        sheet += record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for place, cell in enumerate(row):
            at = struct.pack("<II", place, 0)
            if isinstance(cell, str):
                sheet += record(6, at + words(cell))
            elif cell is not None:
                sheet += record(5, at + struct.pack("<d", cell))
    sheet += record(146) + record(130)
    book = (
        record(131)
        + record(143)
        + record(156, struct.pack("<II", 0, 1) + words("rId1") + words("Sheet1"))
        + record(144)
        + record(132)
    )
    out = io.BytesIO()
    office = "http://schemas.openxmlformats.org"
    kinds = "application/vnd.ms-excel"
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="bin" ContentType="{kinds}.sheet.binary.macroEnabled.main"/><Override PartName="/xl/worksheets/sheet1.bin" ContentType="{kinds}.worksheet"/></Types>',
        )
        parts.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" Type="{office}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.bin"/></Relationships>',
        )
        parts.writestr("xl/workbook.bin", book)
        parts.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" Type="{office}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        parts.writestr("xl/worksheets/sheet1.bin", sheet)
    return out.getvalue()


def plain(count=6):
    """The rows of a plain table, a company-year each, in yuan."""
    rows = [["证券代码", "证券简称", "年度", "研发费用（元）", "销售费用（元）", "营业收入（元）"]]
    return rows + [
        [code, name, year, *map(float, amounts(code, year))] for code, _, name in companies(count) for year in YEARS
    ]


#: Each vendor's export: the file's name, what makes it, and what must be said that the file does not.
EXPORTS = {
    "Wind": ("wind.xlsx", wind, {}),
    "Wind in 10,000 yuan": ("wind.xlsx", lambda: wind(unit="万元", divide=10_000), {}),
    "CSMAR": ("FS_Comins.xlsx", csmar, {}),
    "Choice": ("choice.xlsx", choice, {}),
    "Choice by item": ("series.csv", items, {"unit": "元"}),
    "iFinD": ("ifind.xls", ifind, {}),
    "Tushare": ("income.csv", tushare, {"unit": "元"}),
    "Eastmoney": ("akshare.csv", eastmoney, {"unit": "元"}),
    "Compustat with selling expense": ("global.csv", lambda: compustat(selling=True), {"unit": "百万元"}),
    "Stata": ("panel.dta", stata, {}),
    "a wide panel": ("panel.txt", wide, {}),
    "OpenDocument": ("table.ods", lambda: opendocument(workbook(plain())), {}),
    "binary Excel": ("table.xlsb", lambda: xlsb(plain()), {}),
}
