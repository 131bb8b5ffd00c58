"""What a vendor's table says: where its header is, which column is which line, year, unit and kind of statement, and whose it is.

The words are those of Wind, Choice, iFinD, CSMAR, Tushare, Eastmoney (through akshare) and Compustat, and plain ones.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from lib.rows.own import DATES, NOT_COLUMNS, TOTALS, UNITS
from lib.rows.workbooks import letters
from lib.vendor.readers import Grid

LINES = ("rd", "sm", "revenue")

#: What a column may hold, by the words of its header: without case, spaces, signs, units, years and words like 其中.
WORDS = {
    "rd": ("研发费用", "研发费用合计", "B001216000", "rd_exp", "RESEARCH_EXPENSE", "xrd", "rd", "R&D", "R&D expense", "R&D expenses",
           "research and development expense", "research and development expenses", "rd_expense_cny", "rd_expense"),
    "sm": ("销售费用", "B001209000", "sell_exp", "SALE_EXPENSE", "sm", "S&M", "selling expense", "selling expenses", "sales and marketing",
           "sales and marketing expense", "selling and distribution expenses", "selling_expense_cny", "selling_exp"),
    "revenue": ("营业收入", "B001101000", "revenue", "OPERATE_INCOME", "revt", "operating revenue", "revenue_cny"),
    "code": ("证券代码", "股票代码", "代码", "公司代码", "上市公司代码", "Stkcd", "Symbol", "ts_code", "TS代码", "SECUCODE", "SECURITY_CODE",
             "wind_code", "windcode", "thscode", "同花顺代码", "stock code", "ticker", "code", "company_id"),
    "name": ("证券简称", "证券名称", "股票简称", "股票名称", "公司名称", "公司简称", "公司中文名称", "名称", "简称", "公司", "ShortName",
             "Stknme", "SECURITY_NAME_ABBR", "conm", "name", "company", "company name", "firm", "name_zh"),
    "day": ("Accper", "end_date", "REPORT_DATE", "报告期", "会计期间", "截止日期", "统计截止日期", "报告日期", "报告日", "报表日期", "日期",
            "datadate", "date", "period"),
    "year": ("年度", "会计年度", "年份", "年", "year", "fyear", "fiscal_year", "fiscal year", "FY"),
    "statement": ("Typrep", "report_type", "报表类型", "报表类型编码", "报告类型", "consol", "REPORT_TYPE"),
    "told": ("f_ann_date", "ann_date", "UPDATE_DATE", "NOTICE_DATE", "公告日期", "实际公告日期", "首次公告日期", "更新日期", "update_flag", "更新标识"),
    "currency": ("CURRENCY", "curcd", "币种", "货币", "货币单位", "货币代码"),
    "unit": ("单位", "计量单位", "unit"),
    "item": ("指标", "指标名称", "科目", "科目名称", "项目", "item", "indicator", "variable"),
    "firm": ("gvkey",),
}  # fmt: skip
#: Lines that are near to one that is asked for. The last two are left aside where the right one stands beside.
NEAR = {
    **NOT_COLUMNS,
    **dict.fromkeys(
        ("研发费用率", "研发费用占营业收入比例", "研发支出总额占营业收入比例", "销售费用率"), "a share, not an amount"
    ),
    **dict.fromkeys(("sale", "销售收入"), "sales, which here are not sure to be 营业收入"),
    **dict.fromkeys(
        ("营业总收入", "B001100000", "total_revenue", "TOTAL_OPERATE_INCOME"),
        "total operating revenue, with interest and fees that 营业收入 lacks",
    ),
}

#: Kinds of statement by how vendors write them. Numbers are Tushare's, letters CSMAR's and Compustat's.
CONSOLIDATED, PARENT = "consolidated", "parent company"
STATEMENTS = {
    **dict.fromkeys(("合并报表", "合并", "合并期末", "合并本期", "a", "c", "1", "consolidated"), CONSOLIDATED),
    **dict.fromkeys(("母公司报表", "母公司", "b", "n", "6", "parent", "parent company"), PARENT),
    **dict.fromkeys(("2", "合并报表单季度", "合并单季度", "单季合并", "单季度"), "a single quarter"),
    **dict.fromkeys(("3", "合并报表单季度调整", "调整单季合并表"), "a single quarter, restated"),
    **dict.fromkeys(("4", "合并报表调整", "合并调整", "调整合并报表"), "restated, as printed a year later"),
    **dict.fromkeys(("5", "11", "合并报表更正前", "合并更正前", "调整前合并报表"), "first filed, before a correction"),
    **dict.fromkeys(
        ("7", "8", "9", "10", "12", "母公司报表调整", "母公司调整", "母公司报表单季度", "母公司报表更正前"), PARENT
    ),
    **dict.fromkeys(("年报", "年度报告"), ""),  # says of the period, not of the statement
    **dict.fromkeys(("一季报", "中报", "半年报", "三季报", "一季度报告", "半年度报告", "三季度报告"), "part of a year"),
}
NOT_ANNUAL = "part of a year"

FOREIGN = re.compile(r"(?i)美元|港元|港币|欧元|日元|英镑|新台币|USD|HKD|EUR|JPY|GBP|TWD|US\$|HK\$|[$€£]")
YUAN = re.compile(r"(?i)人民币|CNY|RMB|元|¥|￥|原始币种|原始货币|yuan")
VENDORS = (
    ("CSMAR", r"(?m)^(Stkcd|Accper|Typrep|B001\d{6})$", 2),
    ("Tushare", r"(?m)^(ts_code|end_date|f_ann_date|rd_exp|sell_exp)$", 2),
    ("Eastmoney", r"(?m)^(SECUCODE|SECURITY_CODE|REPORT_DATE|RESEARCH_EXPENSE|OPERATE_INCOME)$", 2),
    ("Compustat Global", r"(?m)^(gvkey|fyear|datadate|xrd|xsga|conm)$", 2),
    ("iFinD", r"(?i)同花顺|iFinD", 1),
    ("Choice", r"(?i)东方财富|Choice数据|\bChoice\b", 1),
    ("Wind", r"(?i)数据来源[:：]\s*Wind|万得|Wind资讯|\[报表类型\]|\[报告期\]", 1),
)
#: The name of each unit, by the yuan in it: the first that cohort files know it by.
UNIT_NAMES = {factor: next(word for word in UNITS if UNITS[word] == factor) for factor in UNITS.values()}
#: The unit in which a vendor says that it gives its amounts; only a hint, since the file may have been changed since.
DOCUMENTED = {"CSMAR": "元", "Tushare": "元", "Eastmoney": "元", "Compustat Global": "百万元"}

BRACKETED = re.compile(r"\[([^\]\n]{1,12})\]\s*([^\[\n]*)")
NAMED = re.compile(r"(报告期|报表类型|单位|币种|货币单位|年度|unit|currency)\s*[:：]\s*([^\s,，;；]+)", re.I)
PARENS = re.compile(r"[(（【]([^()（）【】]*)[)）】]")
PREFIX = re.compile(r"^(其中|减|加|一|二|三|四|利润表)\s*[:：、_.]\s*")
YEAR = r"(?:19|20)\d\d"
DAY = re.compile(
    rf"({YEAR})[-/.年]?(0?[1-9]|1[0-2])[-/.月]?(0?[1-9]|[12]\d|3[01])日?(?:[ T]\d\d?:\d\d(?::\d\d)?(?:\.0+)?)?"
)
ANNUAL = re.compile(rf"(?:FY)?({YEAR})(?:A|年|年度|年报|年年报|年度报告|年 年报|\.0)?", re.I)
PART = re.compile(
    rf"({YEAR})(?:年)?(?:一季报?|中报|半年报?|三季报?|前三季度?|第?[一二三四1-4]季度?|Q[1-4]|H[12]|[-/.]?(?:0[1-9]|1[0-2]))",
    re.I,
)
RELATIVE = re.compile(r"(去年|今年|最新|上年|前年|最近)(一期)?(年报|三季|中报|一季)?(\(MRQ\))?")


@dataclass(frozen=True)
class Period:
    """A fiscal period: its year, and whether it is a whole one that ends in December; relative: words like 去年年报 instead."""

    year: int
    annual: bool
    relative: str = ""


def shown(value, most: int = 40) -> str:
    """A cell or name as it may stand in a terminal: on one line, without signs that steer it."""
    text = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else "" if value is None else str(value)
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


@dataclass
class Column:
    """What a column holds. role: a key of WORDS, 'near' for a line that must not be taken, or '' for what is not read;
    place: its index; words: its header; unit: in yuan, None where the header states none; foreign: a currency that is not
    yuan; statement: a value of STATEMENTS; why: of a near line, what it is."""

    place: int
    words: str
    role: str = ""
    period: Period | None = None
    unit: int | None = None
    unit_words: str = ""
    foreign: str = ""
    statement: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        """The column as a sentence names it: its letter and the start of its header."""
        return f"{letters(self.place + 1)} ({shown(' '.join(self.words.split()))})"


@dataclass
class Layout:
    """How a table is laid out. header: the rows of its header, first the one with the most known words; first: its first row of
    data; columns: what each column holds; said: units and currencies that a title or footer states, with the row's words."""

    vendor: str
    header: list[int]
    first: int
    columns: list[Column]
    said: list[tuple[int | None, str]] = field(default_factory=list)

    def of(self, role: str) -> list[Column]:
        return [column for column in self.columns if column.role == role]


def understood(grid: Grid) -> Layout | None:
    """The layout of a table; None where no row is a header that names companies and amounts, or years."""
    scores = [(len({role(text) for text in texts(row)} - {""}), -index) for index, row in enumerate(grid.cells[:60])]
    score, index = max(scores, default=(0, 0))
    if score < 2:
        return None
    top = -index
    keys = [
        place
        for place, cell in enumerate(grid.cells[top])
        if isinstance(cell, str) and heading(place, [cell]).role in ("code", "name", "firm")
    ]
    first = next((row for row in range(top + 1, len(grid.cells)) if _is_data(grid.cells[row], keys)), None)
    if not keys or first is None:
        return None
    above = [row for row in range(max(0, top - 3), top) if len(set(texts(grid.cells[row]))) > 1]
    header = [top, *above, *range(top + 1, first)]
    across = {
        (r, c): (area[0], area[1])
        for area in grid.merged
        for r in range(area[0], area[2] + 1)
        for c in range(area[1], area[3] + 1)
    }
    columns = []
    for place in range(len(grid.cells[top])):
        pieces = []
        for row in header:
            r, c = across.get((row, place), (row, place))
            cell = grid.cells[r][c]
            if cell is not None and (words := _as_text(cell)) not in pieces:
                pieces.append(words)
        columns.append(heading(place, pieces))
    outside = [
        row
        for row in range(len(grid.cells))
        if row not in header and (row < top or not _is_data(grid.cells[row], keys))
    ]
    said = [(unit, words) for row in outside for words in texts(grid.cells[row]) if (unit := stated(words)) is not None]
    return Layout(_vendor(grid, header, outside), header, first, columns, said)


def texts(row: list) -> list[str]:
    """The cells of a row that are texts."""
    return [cell for cell in row if isinstance(cell, str)]


def _as_text(cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _is_data(row: list, keys: list[int]) -> bool:
    """Whether a row is a company's: something like a code stands in the first key column, or a name beside an amount."""
    cells = [row[place] for place in keys if row[place] is not None]
    if any(code_like(cell) for cell in cells):
        return True
    amounts = [cell for place, cell in enumerate(row) if place not in keys and _is_number(cell)]
    return bool(cells) and bool(amounts) and not any(role(str(cell)) for cell in cells)


def _is_number(cell) -> bool:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return True
    return isinstance(cell, str) and bool(re.fullmatch(r"-?[\d,]+(\.\d+)?", cell)) and not DAY.fullmatch(cell)


def code_like(cell) -> bool:
    """Whether a cell holds a company's code, with or without its exchange, or what a spreadsheet left of one."""
    if isinstance(cell, bool) or cell is None or isinstance(cell, datetime):
        return False
    text = _as_text(cell)
    return bool(re.fullmatch(r"(?i)(sh|sz|bj)?\.?\d{1,6}(\.[a-z]{1,4}|\.0)?|[A-Z]{1,5}\.[A-Z]{1,2}", text))


def role(text: str) -> str:
    """The role of a header's words by themselves."""
    return heading(0, [text]).role


def heading(place: int, pieces: list[str]) -> Column:
    """What a header says, from its pieces from top to bottom."""
    whole = "\n".join(pieces)
    column = Column(place, whole)
    rest = unicodedata.normalize("NFKC", whole).replace("\r", "\n")
    for pattern in (BRACKETED, NAMED):
        for name, value in pattern.findall(rest):
            _attribute(column, name.strip(), value.strip())
        rest = pattern.sub("\n", rest)
    for line in (line.strip() for line in rest.split("\n")):
        if line:
            _line(column, line)
    return column


def _attribute(column: Column, name: str, value: str) -> None:
    """Take up what a header says by name, such as [单位] 万元."""
    if name in ("报告期", "年度", "会计年度"):
        column.period = column.period or period(value)
    elif name in ("报表类型", "报告类型"):
        column.statement = STATEMENTS.get(_bare(value), value)
    elif name.lower() in ("单位", "unit", "币种", "货币单位", "currency"):
        _take_unit(column, value)


def _take_unit(column: Column, value: str) -> bool:
    if FOREIGN.search(value):
        column.foreign = value
        return True
    if (unit := factor(value)) is not None:
        if name_only := re.fullmatch(r"(?i)(人民币|CNY|RMB|原始币种)", value.strip()):
            return bool(name_only)  # a currency alone is no unit
        column.unit, column.unit_words = unit, value.strip()
        return True
    return False


def _line(column: Column, line: str) -> None:
    """Take up one line of a header: a role, a unit, a year, a kind of statement, or several of these in one."""
    if not column.role and (found := _role(line)):
        column.role, column.why = found
        return
    if factor(line) is not None or FOREIGN.fullmatch(line):
        _take_unit(column, line)
        return
    if found := period(line):
        column.period = column.period or found
        return
    if _bare(line) in STATEMENTS:
        column.statement = column.statement or STATEMENTS[_bare(line)]
        return
    base = line
    for inner in PARENS.findall(line):
        if _take_unit(column, inner):
            pass
        elif found := period(inner):
            column.period = column.period or found
        elif _bare(inner) in STATEMENTS:
            column.statement = column.statement or STATEMENTS[_bare(inner)]
        elif inner.strip():
            continue
        base = base.replace(inner, " ")
    base = PREFIX.sub("", re.sub(r"[()（）【】]", " ", base).strip())
    for pattern in (DAY, PART, re.compile(rf"(?:FY)?({YEAR})(?:年报|年度|年)?")):
        if found := re.search(rf"(?<!\d)(?:{pattern.pattern})(?!\d)", base, re.I):
            column.period = column.period or period(found[0])
            base = base.replace(found[0], " ")
            break
    for separator in (",", "，", ";", "/", "-", "_", ":", "："):
        head, mark, tail = base.rpartition(separator)
        if mark and tail.strip() and _take_unit(column, tail.strip()):
            base = head
            break
    if not column.role and (found := _role(base.strip(" _-,，:："))):
        column.role, column.why = found


def _role(words: str) -> tuple[str, str] | None:
    bare = _bare(PREFIX.sub("", words))
    for name, known in _KNOWN.items():
        if bare in known:
            return name, ""
    return ("near", _NEAR[bare]) if bare in _NEAR else None


def _bare(words: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", words).casefold())


_KNOWN = {name: {_bare(word) for word in words} for name, words in WORDS.items()}
_NEAR = {_bare(word): reason for word, reason in NEAR.items()}


def factor(words: str) -> int | None:
    """The yuan in a unit, by its words: 万元, CNY mn, RMB million; None where it is none, or of another currency."""
    bare = re.sub(r"^(单位|unit|in)", "", _bare(words))
    if bare in UNITS:
        return UNITS[bare]
    for money in ("人民币", "cny", "rmb", "yuan"):
        short = bare.removeprefix(money).removesuffix(money)
        if short != bare and short in UNITS:
            return UNITS[short]
    return None


def stated(words: str) -> int | None:
    """The unit that a title or footer states, as in 单位：万元; None where it states none."""
    found = re.search(
        r"(?i)(单位|unit|amounts? in|in)\s*[:：(（]?\s*([^\s,，;；)）]+( (million|thousand|billion|mn|bn))?)", words
    )
    return factor(found[2]) if found else None


def period(value) -> Period | None:
    """The fiscal period that a cell or header names; None where it names none."""
    if isinstance(value, datetime):
        return Period(value.year, (value.month, value.day) == (12, 31))
    if value is None or isinstance(value, bool):
        return None
    text = _as_text(value).strip()
    if RELATIVE.fullmatch(text):
        return Period(0, True, text)
    if found := DAY.fullmatch(text):
        return Period(int(found[1]), (int(found[2]), int(found[3])) == (12, 31))
    if found := ANNUAL.fullmatch(text):
        return Period(int(found[1]), True)
    if found := PART.fullmatch(text):
        return Period(int(found[1]), False)
    return None


def _vendor(grid: Grid, header: list[int], outside: list[int]) -> str:
    words = "\n".join(text for row in header for text in texts(grid.cells[row]))
    notes = "\n".join(text for row in outside for text in texts(grid.cells[row]))
    for name, pattern, needed in VENDORS:
        if len(set(re.findall(pattern, f"{words}\n{notes}"))) >= needed:
            return name
    return ""


def is_total(cell) -> bool:
    """Whether a cell stands before a total rather than names a company."""
    return isinstance(cell, str) and bool(TOTALS.fullmatch(cell.strip(" :：")))


def is_date(cell) -> bool:
    """Whether a cell holds a day where a company should be."""
    return isinstance(cell, datetime) or (isinstance(cell, str) and bool(DATES.fullmatch(cell)))
