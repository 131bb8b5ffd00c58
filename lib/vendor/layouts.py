"""What a vendor's table says: where its header is, which column is which line, year, unit and kind of statement, and whose it is.

The words are those of Wind, Choice, iFinD, CSMAR, Tushare, Eastmoney (through akshare) and Compustat, and plain ones.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from lib.rows.own import DATES, NOT_COLUMNS, TOTALS, UNITS
from lib.rows.workbooks import letters
from lib.vendor.readers import Grid, StataGrid

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
    "quarter": ("季度", "报告季度", "quarter", "qtr", "fqtr"),
    "statement": ("Typrep", "report_type", "报表类型", "报表类型编码", "报告类型", "报告期类型", "consol", "REPORT_TYPE", "DATE_TYPE"),
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
    **dict.fromkeys(
        ("合并报表", "合并利润表", "合并", "合并期末", "合并本期", "a", "c", "1", "consolidated"), CONSOLIDATED
    ),
    **dict.fromkeys(("母公司报表", "母公司利润表", "母公司", "b", "n", "6", "parent", "parentcompany"), PARENT),
    **dict.fromkeys(("2", "合并报表单季度", "合并单季度", "单季合并", "单季度"), "a single quarter"),
    **dict.fromkeys(("3", "合并报表单季度调整", "调整单季合并表"), "a single quarter, restated"),
    **dict.fromkeys(("4", "合并报表调整", "合并调整", "调整合并报表"), "restated, as printed a year later"),
    **dict.fromkeys(("5", "11", "合并报表更正前", "合并更正前", "调整前合并报表"), "first filed, before a correction"),
    **dict.fromkeys(
        ("7", "8", "9", "10", "12", "母公司报表调整", "母公司调整", "母公司报表单季度", "母公司报表更正前"), PARENT
    ),
    **dict.fromkeys(("年报", "年度报告"), ""),  # says of the period, not of the statement
    **dict.fromkeys(
        ("本期", "本期金额", "本期发生额", "本期数", "本年", "本年金额", "本年数", "本年累计", "利润表", "利润表项目"),
        "",
    ),
    **dict.fromkeys(("一季报", "中报", "半年报", "三季报", "一季度报告", "半年度报告", "三季度报告"), "part of a year"),
}
NOT_ANNUAL = "part of a year"

FOREIGN = re.compile(
    r"(?i)美元|美金|港元|港币|欧元|日元|英镑|新台币|USD|HKD|EUR|JPY|GBP|TWD|US\$|HK\$|[$€£]|US dollars?|dollars?|euros?"
)
#: The name of the yuan, or of no currency, by itself: it states no unit.
OWN_MONEY = re.compile(r"(?i)人民币|CNY|RMB|renminbi|原始币种|原始货币")
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

#: Rows between a header's first and the first company's: more of them are no header.
MOST_HEADER = 20

BRACKETED = re.compile(r"\[([^\]\n]{1,12})\]\s*([^\[\n]*)")
NAMED = re.compile(r"(报告期|报表类型|单位|币种|货币单位|年度|unit|currency)\s*[:：]\s*([^\s,，;；]+)", re.I)
PARENS = re.compile(r"[(（【]([^()（）【】]*)[)）】]")
PREFIX = re.compile(r"^(其中|减|加|一|二|三|四|利润表)\s*[:：、_.]\s*")
#: Where a title or footer states a unit or a currency: after a label and its mark, or after 'in' in words of money and scale.
LABELLED = re.compile(
    r"(?i)(?:单位|币种|货币|(?<![A-Za-z])(?:units?|currency))\s*(?:为|是|[:：(（])\s*([^\s,，;；)）]+(?: (?:million|thousand|billion|mn|bn)\b)?)"
)
IN_WORDS = re.compile(
    r"(?i)(?<![A-Za-z])in\s+((?:(?:of|yuan|CNY|RMB|renminbi|USD|US\$|HKD|HK\$|EUR|JPY|GBP|TWD|[$€£]|US dollars?|dollars?|euros?|"
    r"thousands?|millions?|billions?|mn|bn|mln|'?000s?)(?![A-Za-z])\s*)+)"
)
#: The parent company's figures, where a title names them; what is 归属于母公司 is a line of the consolidated ones.
PARENTS_OWN = re.compile(r"(?i)(?<!于)母公司(?!股东|所有者|的|净)|parent company")
YEAR = r"(?:19|20)\d\d"
DAY = re.compile(
    rf"({YEAR})(?:[-/.年](?:0?[1-9]|1[0-2])[-/.月](?:0?[1-9]|[12]\d|3[01])日?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[ T]\d\d?:\d\d(?::\d\d)?(?:\.0+)?)?"
)
#: A month, such as the one that a period ends in.
MONTH = re.compile(rf"({YEAR})[-/.年]?(0[1-9]|1[0-2])月?|({YEAR})[-/.年]([1-9])月?")
ANNUAL = re.compile(rf"(?:FY)?({YEAR})(?:A|年|年度|年报|年年报|年度报告|年 年报|\.0)?", re.I)
PART = re.compile(
    rf"({YEAR})(?:年)?(?:一季报?|中报|半年报?|半年度|三季报?|前三季度?|第?[一二三四1-4]季度?|Q[1-4]|H[12]|1[-至~—][1-9]月)",
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
    yuan; statement: a value of STATEMENTS; why: of a near line, what it is; unknown: what of the header is not understood."""

    place: int
    words: str
    role: str = ""
    period: Period | None = None
    unit: int | None = None
    foreign: str = ""
    statement: str = ""
    why: str = ""
    unknown: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The column as a sentence names it: its letter and the start of its header."""
        return f"{letters(self.place + 1)} ({shown(' '.join(self.words.split()))})"


@dataclass
class Layout:
    """How a table is laid out. header: the rows of its header, first the one with the most known words; first: its first row of
    data; columns: what each column holds; said: what titles and footers state of all amounts, each as a column would."""

    vendor: str
    header: list[int]
    first: int
    columns: list[Column]
    said: list[Column] = field(default_factory=list)

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
    below = range(top + 1, min(top + 1 + MOST_HEADER, len(grid.cells)))
    first = next((row for row in below if _is_data(grid.cells[row], keys)), None)
    if not keys or first is None:
        return None
    above = [row for row in range(max(0, top - 3), top) if len(set(texts(grid.cells[row]))) > 1]
    header = [top, *above, *range(top + 1, first)]
    width = len(grid.cells[top])
    across = {
        (row, place): (upper, left)
        for upper, left, lower, right in grid.merged
        for row in header
        if upper <= row <= lower
        for place in range(left, min(right + 1, width))
    }
    columns = []
    for place in range(width):
        pieces = []
        for row in header:
            r, c = across.get((row, place), (row, place))
            cell = grid.cells[r][c]
            if cell is not None and (words := _as_text(cell)) not in pieces:
                pieces.append(words)
        variable = str(grid.cells[0][place]) if isinstance(grid, StataGrid) else ""
        columns.append(heading(place, pieces, variable))
    titles = [
        row
        for row in range(len(grid.cells))
        if row in above or (row not in header and (row < top or not _is_data(grid.cells[row], keys)))
    ]
    said = [found for row in titles for words in texts(grid.cells[row]) if (found := stated(words))]
    return Layout(_vendor(grid, header, titles), header, first, columns, said)


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


def heading(place: int, pieces: list[str], variable: str = "") -> Column:
    """What a header says, from its pieces from top to bottom. A column of amounts that says more than is understood is 'near'.

    variable: a name among the pieces that need say nothing, beside a label that does.
    """
    whole = "\n".join(pieces)
    column = Column(place, whole)
    rest = unicodedata.normalize("NFKC", whole).replace("\r", "\n")
    for pattern in (BRACKETED, NAMED):
        for name, value in pattern.findall(rest):
            if not _attribute(column, name.strip(), value.strip()):
                column.unknown.append(f"{name}: {value}".strip())
        rest = pattern.sub("\n", rest)
    for line in (line.strip() for line in rest.split("\n")):
        if line and not _line(column, line) and line != variable:
            column.unknown.append(line)
    if column.role in LINES and column.unknown:
        column.role, column.why = "near", f"headed by '{shown(column.unknown[0])}' too, which is not understood"
    return column


def _attribute(column: Column, name: str, value: str) -> bool:
    """Take up what a header says by name, such as [单位] 万元; False where it is not understood."""
    if name in ("报告期", "年度", "会计年度"):
        return _take_period(column, period(value))
    if name in ("报表类型", "报告类型"):
        column.statement = STATEMENTS.get(_bare(value), value)
        return True
    return name.lower() in ("单位", "unit", "币种", "货币单位", "currency") and _take_unit(column, value)


def _take_period(column: Column, found: Period | None) -> bool:
    """Take up a period; False where there is none, or another one was said."""
    column.period = column.period or found
    return found is not None and column.period == found


def _take_unit(column: Column, value: str) -> bool:
    """Take up a unit or a currency; False where it is none, or another one was said."""
    if FOREIGN.search(value):
        column.foreign = value
        return True
    if OWN_MONEY.fullmatch(value.strip()):
        return True
    unit = factor(value)
    column.unit = unit if column.unit is None else column.unit
    return unit is not None and column.unit == unit


def _take_statement(column: Column, value: str) -> bool:
    """Take up a kind of statement; False where it is none. Of single letters and digits only a column of its own says that."""
    found = STATEMENTS.get(_bare(value)) if len(_bare(value)) > 1 else None
    column.statement = column.statement or found or ""
    return found is not None


def _take_role(column: Column, found: tuple[str, str]) -> bool:
    """Take up a role; where two differ and one is near a line, that one counts. False where they differ otherwise."""
    if not column.role or found[0] == "near":
        column.role, column.why = found
    return column.role in (found[0], "near")


def _line(column: Column, line: str) -> bool:
    """Take up one line of a header: a role, a unit, a year, a kind of statement, or several of these in one.

    False where it says something else too.
    """
    if found := _role(line):
        return _take_role(column, found)
    if factor(line) is not None or FOREIGN.fullmatch(line):
        return _take_unit(column, line)
    if found := period(line):
        return _take_period(column, found)
    if _take_statement(column, line):
        return True
    base = line
    for inner in PARENS.findall(line):
        if (
            not inner.strip()
            or _take_unit(column, inner)
            or _take_period(column, period(inner))
            or _take_statement(column, inner)
        ):
            base = base.replace(inner, " ")
    base = PREFIX.sub("", re.sub(r"[()（）【】]", " ", base).strip())
    for pattern in (DAY, PART, MONTH, re.compile(rf"(?:FY)?({YEAR})(?:年报|年度|年)?")):
        if found := re.search(rf"(?<!\d)(?:{pattern.pattern})(?!\d)", base, re.I):
            if not _take_period(column, period(found[0])):
                return False
            base = base.replace(found[0], " ")
            break
    for separator in (",", "，", ";", "/", "-", "_", ":", "："):
        head, mark, tail = base.rpartition(separator)
        if mark and tail.strip() and _take_unit(column, tail.strip()):
            base = head
            break
    rest = base.strip(" _-,，:：")
    if not rest:
        return True
    found = _role(rest)
    return found is not None and _take_role(column, found)


def _role(words: str) -> tuple[str, str] | None:
    bare = _bare(PREFIX.sub("", words))
    plain = bare.replace("%", "").replace("‰", "")
    for name, known in _KNOWN.items():
        if plain in known and (plain == bare or name in LINES):
            return (name, "") if plain == bare else ("near", "a share or a rate, not an amount")
    return ("near", _NEAR[plain]) if plain in _NEAR else None


def _bare(words: str) -> str:
    return re.sub(r"[^\w%‰]|_", "", unicodedata.normalize("NFKC", words).casefold())


_KNOWN = {name: {_bare(word) for word in words} for name, words in WORDS.items()}
_NEAR = {_bare(word): reason for word, reason in NEAR.items()}


def factor(words: str) -> int | None:
    """The yuan in a unit, by its words: 万元, CNY mn, millions of yuan; None where it is none, or of another currency."""
    bare = re.sub(r"^(单位|unit|in)", "", _bare(words))
    if bare in UNITS:
        return UNITS[bare]
    for money in ("人民币", "cny", "rmb", "yuan", "renminbi"):
        short = bare.removeprefix(money).removesuffix(money).removesuffix("of")
        if short != bare and short in UNITS:
            return UNITS[short]
    return None


def stated(words: str) -> Column | None:
    """What a title or footer states of all amounts, as in 单位：万元 or (USD million); None where it states nothing."""
    found = Column(0, words)
    whole = [value for value in (words, *PARENS.findall(words)) if len(_bare(value)) > 1 and _only_money(value)]
    for value in (*LABELLED.findall(words), *(each.strip() for each in IN_WORDS.findall(words)), *whole):
        _take_unit(found, value)
    if PARENTS_OWN.search(words) and "合并" not in words:
        found.statement = PARENT
    if part := PART.search(words):
        found.period = Period(int(part[1]), False)
    return found if found.unit is not None or found.foreign or found.statement or found.period else None


def _only_money(value: str) -> bool:
    """Whether words are a unit or a currency and nothing else."""
    rest = _bare(FOREIGN.sub("", value)).removesuffix("of")
    return factor(value) is not None or (rest != _bare(value) and (not rest or rest in UNITS))


def period(value) -> Period | None:
    """The fiscal period that a cell or header names; None where it names none."""
    if isinstance(value, datetime):
        return Period(value.year, (value.month, value.day) == (12, 31))
    if value is None or isinstance(value, bool):
        return None
    text = _as_text(value).strip()
    if RELATIVE.fullmatch(text):
        return Period(0, True, text)
    if found := day(text):
        return Period(found.year, (found.month, found.day) == (12, 31))
    if found := ANNUAL.fullmatch(text):
        return Period(int(found[1]), True)
    if found := MONTH.fullmatch(text):  # the month that the period ends in
        return Period(int(found[1] or found[3]), found[2] == "12")
    if found := PART.fullmatch(text):
        return Period(int(found[1]), False)
    return None


def day(value) -> datetime | None:
    """The day that a cell names, without its time; None where it names none."""
    if isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if value is None or isinstance(value, bool) or not DAY.fullmatch(text := _as_text(value).strip()):
        return None
    digits = re.findall(r"\d+", text)
    try:
        if len(digits[0]) == 8:
            return datetime.strptime(digits[0], "%Y%m%d")
        return datetime(*map(int, digits[:3]))
    except ValueError:
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
