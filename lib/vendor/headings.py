"""What the words of a vendor's table say: of a header, a title or a cell, which line, year, unit, currency and kind of statement.

The words are those of Wind, Choice, iFinD, CSMAR, Tushare, Eastmoney (through akshare) and Compustat, and plain ones.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from lib.rows.own import NOT_COLUMNS, UNITS
from lib.rows.workbooks import letters

LINES = ("rd", "sm", "revenue")

#: What a column may hold, by the words of its header: without case, spaces, signs, units, years and words like 其中.
WORDS = {
    "rd": ("研发费用", "研发费用合计", "B001216000", "rd_exp", "RESEARCH_EXPENSE", "xrd", "rd", "R&D", "R&D expense", "R&D expenses",
           "research and development expense", "research and development expenses", "research & development expense",
           "research & development expenses", "rd_expense_cny", "rd_expense"),
    "sm": ("销售费用", "B001209000", "sell_exp", "SALE_EXPENSE", "sm", "S&M", "selling expense", "selling expenses", "sales and marketing",
           "sales and marketing expense", "selling and distribution expenses", "selling_expense_cny", "selling_exp", "selling_dist_exp"),
    "revenue": ("营业收入", "B001101000", "revenue", "OPERATE_INCOME", "revt", "operating revenue", "revenue - total", "revenue_cny"),
    "code": ("证券代码", "股票代码", "代码", "公司代码", "上市公司代码", "Stkcd", "Symbol", "ts_code", "TS代码", "SECUCODE", "SECURITY_CODE",
             "wind_code", "windcode", "thscode", "同花顺代码", "stock code", "ticker", "code", "company_id"),
    "name": ("证券简称", "证券名称", "股票简称", "股票名称", "公司名称", "公司简称", "公司中文名称", "名称", "简称", "公司", "ShortName",
             "Stknme", "SECURITY_NAME_ABBR", "conm", "name", "company", "company name", "firm", "name_zh", "企业名称", "公司全称"),
    "day": ("Accper", "end_date", "REPORT_DATE", "报告期", "会计期间", "截止日期", "统计截止日期", "报告日期", "报告日", "报表日期", "日期",
            "截止日", "截至日期", "截至日", "datadate", "data date", "date", "period", "period end", "report period", "accounting period",
            "ending date of statistics", "REPORT_DATE_NAME", "期间"),
    "year": ("年度", "会计年度", "年份", "年", "year", "fyear", "fiscal_year", "fiscal year", "data year - fiscal", "FY", "报告年度", "数据年份"),
    "quarter": ("季度", "报告季度", "季", "月份", "月数", "period_type", "fp", "quarter", "qtr", "fqtr", "month"),
    "statement": ("Typrep", "report_type", "报表类型", "报表类型编码", "报告类型", "报告期类型", "报告种类", "合并类型", "合并/母公司", "报表口径",
                  "口径", "报表名称", "是否合并报表", "consolidated", "数据类型", "数据状态", "consol", "REPORT_TYPE", "DATE_TYPE", "statement type"),
    "told": ("f_ann_date", "ann_date", "UPDATE_DATE", "NOTICE_DATE", "公告日期", "实际公告日期", "首次公告日期", "更新日期", "update_flag", "更新标识"),
    "currency": ("CURRENCY", "curcd", "币种", "币别", "货币", "货币单位", "货币种类", "货币代码", "currency code", "iso currency code"),
    "unit": ("单位", "计量单位", "金额单位", "unit", "scale"),
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
        (
            "合并报表",
            "合并利润表",
            "合并",
            "合并期末",
            "合并本期",
            "合并报表当期",
            "合并报表未调整",
            "a",
            "c",
            "1",
            "是",
            "y",
            "consolidated",
        ),
        CONSOLIDATED,
    ),
    **dict.fromkeys(("母公司报表", "母公司利润表", "母公司", "b", "n", "否", "6", "parent", "parentcompany"), PARENT),
    **dict.fromkeys(("2", "合并报表单季度", "合并单季度", "单季合并", "单季度"), "a single quarter"),
    **dict.fromkeys(("3", "合并报表单季度调整", "调整单季合并表"), "a single quarter, restated"),
    **dict.fromkeys(("4", "合并报表调整", "合并调整", "调整合并报表"), "restated, as printed a year later"),
    **dict.fromkeys(("5", "11", "合并报表更正前", "合并更正前", "调整前合并报表"), "first filed, before a correction"),
    **dict.fromkeys(
        ("7", "8", "9", "10", "12", "母公司报表调整", "母公司调整", "母公司报表单季度", "母公司报表更正前"), PARENT
    ),
    **dict.fromkeys(
        ("年报", "年度报告", "年度", "年度报表", "定期报告", "annual", "annualreport"), ""
    ),  # says of the period, not of the statement
    **dict.fromkeys(
        ("本期", "本期金额", "本期发生额", "本期数", "本年", "本年金额", "本年数", "本年累计", "利润表", "利润表项目"),
        "",
    ),
    **dict.fromkeys(
        (
            "一季报",
            "中报",
            "半年报",
            "三季报",
            "一季度报告",
            "半年度报告",
            "三季度报告",
            "季报",
            "一季",
            "三季",
            "单季",
        ),
        "part of a year",
    ),
}
NOT_ANNUAL = "part of a year"

FOREIGN = re.compile(
    r"(?i)[美港欧日澳加韩][元圆]|新加坡元|新?台币|美金|港币|日圆|澳门元|英镑|瑞士法郎|法郎|卢布|卢比|泰铢|US\$|HK\$|[$€£]|"
    r"(?<![A-Za-z])(?:USD|HKD|EUR|JPY|GBP|TWD|SGD|KRW|AUD|CAD|CHF|MOP|INR|RUB|THB|MYR|NZD|(?:U\.?S\.? |HK |Hong Kong )?dollars?|euros?|"
    r"pounds?|yen|won|(?:Swiss )?francs?|rupees?|roubles?|rubles?|baht)(?![A-Za-z])"
)
#: The name of the yuan, or of no currency, by itself: it states no unit.
OWN_MONEY = re.compile(r"(?i)人民币|CNY|RMB|renminbi|原始币种|原始货币")
YUAN = re.compile(r"(?i)人民[币幣]|CNY|RMB|renminbi|(?<![^\W\d_])元|¥|￥|原始币种|原始货币|yuan")
#: How a unit of money or a share ends that is none of the known ones: 十万元, 元/股, %.
SOME_UNIT = re.compile(r"^\D*[元圆](?:/.+)?$|^[%‰]$")
#: The name of each unit, by the yuan in it: the first that cohort files know it by.
UNIT_NAMES = {factor: next(word for word in UNITS if UNITS[word] == factor) for factor in UNITS.values()}
#: What vendors write where they have no figure.
NOT_KNOWN = re.compile(r"(?i)[-–—.]+|n\.?/?a\.?|nan|none|null|nat|#N/A|无|暂无|缺失|不适用|未披露")
BRACKETED = re.compile(r"\[([^\]\n]{1,12})\]\s*([^\[\n]*)")
PARENS = re.compile(r"[(（【]([^()（）【】]*)[)）】]")
PREFIX = re.compile(r"^(其中|减|加|一|二|三|四|利润表)\s*[:：、_.]\s*")
PARTED = re.compile(r"[\s,，;；、/:：_-]+")

#: What stands before a value: of money, of statements, of periods, and of what says nothing of the amounts.
MONEY_LABEL = r"(?:金额|货币|计量)?[单單]位|金额|币种|币别|货币|(?<![A-Za-z])(?:units?|currency|scale)"
STATEMENT_LABEL = (
    r"报表类型|报表种类|报告类型|合并类型|(?<![\u4e00-\u9fff])类型|(?<![A-Za-z])(?:report type|statement type|rptType)"
)
PERIOD_LABEL = (
    r"报告期|报告参数|报告年度|会计年度|会计期间|数据期间|期间|年度|截止日期|截至日期|(?<![\u4e00-\u9fff])日期|"
    r"(?<![A-Za-z])(?:rptDate|period|fiscal year)|报告期\(年\)"
)
OTHER_LABEL = r"小数位数|数据来源|来源"
LABEL = rf"{MONEY_LABEL}|{STATEMENT_LABEL}|{PERIOD_LABEL}|{OTHER_LABEL}"
NAMED = re.compile(rf"(?i)({LABEL})\s*:\s*([^\s,;]+)")
LABELLED = re.compile(
    rf"(?i)({MONEY_LABEL}|{STATEMENT_LABEL}|{PERIOD_LABEL})(?:\s*(?:[均都]?[为是以=]|[:：|(（])\s*|\s+(?=[千万百亿十]*元))"
    r"((?:\d[\d,]*\s*)?[^\s,，、;；)）]+(?: (?:million|thousand|billion|mn|bn|[\d,]*\d)(?![\w]))?)"
)
#: Where a title states a unit without a label: 'in' and words of money and scale, or 以万元计.
MONEY_WORDS = r"yuan|CNY|RMB|renminbi|thousands?|millions?|billions?|mn|bn|mln|'?000s?|10?,000"
IN_WORDS = re.compile(
    rf"(?i)(?<![A-Za-z])in\s+((?:(?:of|{MONEY_WORDS})(?![A-Za-z])\s*)+)|以((?:(?!以)[^\s,，;；]){{1,8}}?)(?:计|列示|为单位)|"
    r"[均都][为是]([^\s,，;；)）]{1,8})"
)
#: Words beside which another currency's name says that amounts are in it.
MONEY_TALK = re.compile(
    rf"(?i){MONEY_LABEL}|金额|计价|列示|折算|(?<![A-Za-z])(?:amounts?|figures|in|{MONEY_WORDS})(?![A-Za-z])"
)
#: How a note begins, which may tell of what is not in the table; and the money of labels that state no unit.
NOTE = re.compile(r"(?i)\s*(?:注|备注|说明|数据来源|资料来源|notes?\b|sources?\b)")
CURRENCY_LABEL = re.compile(r"(?i)币种|币别|货币|currency")
CONVERTED = re.compile(r"(?i)(?:折算|换算)[为成]?人民币|converted (?:in)?to (?:yuan|RMB|CNY|renminbi)")
#: Amounts of something else: 'in millions of ...'.
OF_OTHERS = re.compile(r"(?i)(?:thousands?|millions?|billions?) of (?!yuan|CNY|RMB|renminbi|Chinese)([A-Za-z]+)")
#: The parent company's figures, where a title names them; what is 归属于母公司 is a line of the consolidated ones.
PARENTS_OWN = re.compile(
    r"(?i)(?<!于)母公司(?!股东|所有者|的|净)|单体报表|个别(?:财务)?报表|parent only|company only|parent company|standalone|未经?合并|非合并|unconsolidated|separate (?:financial )?statements?"
)
NOT_THE = re.compile(r"(?:不含|不包括|不是|非|除)母公司")
BOTH = re.compile(r"(?<!未)(?<!未经)(?<!非)合并|(?i:(?<!un)consolidated)")
#: Titles of a part of a year, and of another period than the one that is asked for.
PART_WORDS = re.compile(
    r"(?i)(?:[一三六九]|(?<!\d)[369] ?|近12 ?)个月|(?<!\d)1月?[-至~—–][369]月|前三季度|[一二三四]季度|单季|半年|中报|季报|滚动|TTM|quarter|(?:three|six|nine) months|half[- ]year|interim"
)
OTHER_PERIOD = re.compile(
    r"(?:上期|上年|去年|同期|同比|环比|增减|期初|金额|余额|数|发生额|增长|增幅|变动|率|额)+(?:[(（]?%[)）]?)?"
)
YEAR, QUARTERS = r"(?:19|20)\d\d", ((3, 31), (6, 30), (9, 30), (12, 31))
DAY = re.compile(
    rf"({YEAR})(?:[-/.年](?:0?[1-9]|1[0-2])[-/.月](?:0?[1-9]|[12]\d|3[01])日?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[ T]\d\d?:\d\d(?::\d\d)?)?(?:\.0+)?Z?"
)
#: Days as Stata shows them, and with the year last, where one of both other parts can only be the day.
WORDED_DAY, YEAR_LAST = (
    re.compile(rf"(?i)(\d\d?)[- ]?([a-z]{{3}})[- ]?({YEAR})"),
    re.compile(rf"(\d\d?)/(\d\d?)/({YEAR})"),
)
#: A month, such as the one that a period ends in.
MONTH = re.compile(rf"({YEAR})[-/.年]?(0[1-9]|1[0-2])月?|({YEAR})[-/.年]([1-9])月?")
ANNUAL = re.compile(rf"(?:FY ?)?({YEAR})(?:A|年|年度|年报|年年报|年度报告|年年度报告|年 年报|年1-12月|\.0)?", re.I)
#: A whole year in a title.
YEAR_IN_TITLE = re.compile(
    rf"(?i)({YEAR})年?(?:年报|年度|财年)|(?:fiscal year|FY) ?({YEAR})|year ended \w+ \d+, ({YEAR})"
)
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
    units: list[int] = field(default_factory=list)  # stated beside `unit`, and not the same

    @property
    def name(self) -> str:
        """The column as a sentence names it: its letter and the start of its header."""
        return f"{letters(self.place + 1)} ({shown(' '.join(self.words.split()))})"


@functools.lru_cache(maxsize=10_000)  # cells are asked again and again
def alone(text: str) -> Column:
    """What the words of a cell say by themselves; not to be changed, since it is kept."""
    return heading(0, [text])


def role(text: str) -> str:
    """The role of a header's words by themselves."""
    return alone(text).role


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
                column.unknown.append(f"{name}: {value}".removesuffix(": ").strip())
        rest = pattern.sub("\n", rest)
    for line in (line.strip() for line in rest.split("\n")):
        if line and not _line(column, line) and line != variable:
            column.unknown.append(line)
    if column.unknown and (column.role in LINES or (not column.role and _mentioned(bare(whole), str.__contains__))):
        too = " too" if column.role else ""
        column.role, column.why = "near", f"headed by '{shown(column.unknown[0])}'{too}, which is not understood"
    return column


def _attribute(column: Column, name: str, value: str) -> bool:
    """Take up what a header says by name, such as [单位] 万元, or in brackets alone; False where it is not understood."""
    if not value:
        return _told(column, name) or _named_alone(column, name)
    if re.fullmatch(PERIOD_LABEL, name, re.I):
        return (day(value) is None or is_quarters_end(value)) and _take_period(column, period(value))
    if CURRENCY_LABEL.fullmatch(name):
        own = YUAN.search(value) and not FOREIGN.search(value)
        column.foreign = column.foreign or ("" if own or NOT_KNOWN.fullmatch(value) else value)
        return True
    if re.fullmatch(STATEMENT_LABEL, name, re.I):
        column.statement = STATEMENTS.get(bare(value), "" if name == "类型" else value)
        return True
    if re.fullmatch(OTHER_LABEL, name):
        return True
    if re.fullmatch(MONEY_LABEL, name, re.I):
        return _take_unit(column, value) or _take_unit(column, value.partition("(")[0])
    found = _role(name)
    return found is not None and found[0] in LINES and _take_role(column, found) and _line(column, value)


def _named_alone(column: Column, words: str) -> bool:
    """Take up a role that stands in brackets; False where words are none."""
    found = _role(words)
    return found is not None and _take_role(column, found)


def _told(column: Column, value: str) -> bool:
    """Take up a unit, a currency, a period or a kind of statement; False where words are none."""
    return _take_unit(column, value) or _take_period(column, period(value)) or _take_statement(column, value)


def _take_period(column: Column, found: Period | None) -> bool:
    """Take up a period; False where there is none, or another one was said."""
    column.period = column.period or found
    return found is not None and column.period == found


def _take_unit(column: Column, value: str) -> bool:
    """Take up a unit or a currency; False where it is none, or another one was said."""
    if only_money(value) and FOREIGN.search(value):
        column.foreign = value
        return True
    if OWN_MONEY.fullmatch(value.strip()):
        return True
    unit = factor(value)
    column.unit = unit if column.unit is None else column.unit
    if unit is not None and column.unit != unit:
        column.units.append(unit)
    return unit is not None and column.unit == unit


def _take_statement(column: Column, value: str) -> bool:
    """Take up a kind of statement; False where it is none. Of single letters and digits only a column of its own says that."""
    found = STATEMENTS.get(bare(value)) if len(bare(value)) > 1 and not bare(value).isdigit() else None
    column.statement = column.statement or found or ""
    return found is not None


def _take_role(column: Column, found: tuple[str, str]) -> bool:
    """Take up a role; where two differ and one is near a line, that one counts, and below what a table's columns are (年度,
    指标) the one that its rows are, as in pandas' pivots. False where they differ otherwise."""
    if (
        not column.role
        or found[0] == "near"
        or (column.role in ("year", "day", "item") and found[0] in ("code", "name"))
    ):
        column.role, column.why = found
    return column.role in (found[0], "near")


def _line(column: Column, line: str) -> bool:
    """Take up one line of a header: a role, a unit, a year, a kind of statement, or several of these in one.

    False where it says something else too.
    """
    if found := _role(line):
        return _take_role(column, found)
    if _told(column, line) or re.match(OTHER_LABEL, line):
        return True
    rest = line
    for inner in PARENS.findall(line):
        if (
            not inner.strip()
            or _told(column, inner)
            or all(_told(column, part) for part in PARTED.split(inner) if part)
            or _named_alone(column, inner)
        ):
            rest = rest.replace(inner, " ")
    rest = PREFIX.sub("", re.sub(r"[()（）【】]", " ", rest).strip())
    for pattern in (DAY, PART, MONTH, re.compile(rf"(?:FY)?({YEAR})(?:年报|年度|年|A(?![a-z]))?")):
        if found := re.search(rf"(?<!\d)(?:{pattern.pattern})(?!\d)", rest, re.I):
            if not _take_period(column, period(found[0])):
                return False
            rest = rest.replace(found[0], " ")
            break
    return _peeled(column, rest)


def _peeled(column: Column, words: str) -> bool:
    """Take a role and what stands at its end, such as a unit; False where something is left over."""
    rest = words.strip(" _-,，:：")
    while rest and not (found := _role(rest)):
        marks = [*PARTED.finditer(rest)][-3:]
        end = next((mark for mark in marks if _told(column, rest[mark.end() :])), None)
        if end:
            rest = rest[: end.start()]
        elif glued := _mentioned(bare(rest), str.startswith):
            if not _take_unit(column, bare(rest).removeprefix(glued)):
                return False
            rest = glued
        elif sign := re.fullmatch(r"(.+?)\s*([$€£])", rest):
            column.foreign, rest = sign[2], sign[1]
        else:
            return False
    return not rest or _take_role(column, found)


def _role(words: str) -> tuple[str, str] | None:
    said = bare(PREFIX.sub("", words))
    plain = said.replace("%", "").replace("‰", "")
    for name, known in _KNOWN.items():
        if plain in known and (plain == said or name in LINES):
            return (name, "") if plain == said else ("near", "a share or a rate, not an amount")
    return ("near", _NEAR[plain]) if plain in _NEAR else None


def bare(words: str) -> str:
    """Words without case, spaces and signs, but for those of a share and of a currency."""
    return re.sub(r"[^\w%‰$€£△]|_", "", unicodedata.normalize("NFKC", words).casefold())


_KNOWN = {name: {bare(word) for word in words} for name, words in WORDS.items()}
_NEAR = {bare(word): reason for word, reason in NEAR.items()}
#: Words of the lines that no other header has: where one says more, it is told apart rather than passed over.
MENTIONED = sorted((word for line in LINES for word in _KNOWN[line] if len(word) > 3), key=len, reverse=True)


def _mentioned(said: str, where) -> str:
    """The word of a line that stands in what is said, or at its start; '' where there is none."""
    return next((word for word in MENTIONED if where(said, word)), "")


def factor(words: str) -> int | None:
    """The yuan in a unit, by its words: 万元, CNY mn, millions of yuan; None where it is none, or of another currency."""
    said = re.sub(r"^(单位|unit|in)", "", bare(words))
    if said in UNITS:
        return UNITS[said]
    for money in ("人民币", "人民幣", "cny", "rmb", "yuan", "renminbi"):
        short = said.removeprefix(money).removesuffix(money).removesuffix("of")
        if short != said and short in UNITS:
            return UNITS[short]
    return None


def only_money(value: str) -> bool:
    """Whether words are a unit or a currency and nothing else."""
    if not re.search(r"[^\W\d_]|[$€£]", value):
        return False  # a number
    rest = re.sub(r"of$|^in", "", bare(FOREIGN.sub("", value)))
    return factor(value) is not None or (rest != bare(value) and (not rest or rest in UNITS))


def is_currency(value: str) -> bool:
    """Whether words are the name of a currency."""
    return bool(YUAN.fullmatch(value) or FOREIGN.fullmatch(value))


def stated(words: str, after: bool = False) -> Column | None:
    """What a title or footer states of all amounts, as in 单位：万元 or (USD million), and of which period; None where nothing.

    after: it stands below the companies, where statements and periods are believed behind a label alone, as in
    报告期：2021-12-31; so it is of a note. A period behind a label has the role 'day'. units: more than one that is stated.
    """
    found, plain = Column(0, words), unicodedata.normalize("NFKC", words)
    for name, value in LABELLED.findall(plain):
        before = found.period
        if not _attribute(found, name, value) and SOME_UNIT.search(value):
            found.foreign = found.foreign or value
        found.role = "day" if found.period and not before else found.role
    if (
        not CONVERTED.search(plain)
        and FOREIGN.search(plain)
        and (MONEY_TALK.search(plain) or any(map(only_money, (plain, *PARENS.findall(plain)))))
    ):
        found.foreign = FOREIGN.search(plain)[0]
    if other := OF_OTHERS.search(plain):
        found.foreign = found.foreign or other[1]
    if ANNUAL.fullmatch(plain.strip()) or PART.fullmatch(plain.strip()):
        _take_period(found, period(plain))
    for words in (*re.findall(r"^\s*截[至止]\s*(.+?)\s*止?$", plain), *PARENS.findall(plain)):
        if is_quarters_end(words):
            _take_period(found, period(words))
    parts = [plain, *PARENS.findall(plain), *re.split(r"[,，;；](?!\d)", plain)]
    values = [
        *("".join(each) for each in IN_WORDS.findall(plain)),
        *(part for part in parts if len(bare(part)) > 1 and only_money(part)),
    ]
    for value in values:
        _take_unit(found, value.strip())
    if not after and not NOTE.match(plain):
        _say_more(found, plain)
    return found if found.unit is not None or found.foreign or found.statement or found.period else None


def _say_more(found: Column, plain: str) -> None:
    """Take up what a title says of statements and periods without a label."""
    parents, consolidated = PARENTS_OWN.search(NOT_THE.sub("", plain)), BOTH.search(plain)
    if bool(parents) != bool(consolidated):
        found.statement = PARENT if parents else CONSOLIDATED
    elif OTHER_PERIOD.fullmatch(plain.strip()):
        found.statement = f"'{shown(plain)}'"
    years = {next(filter(None, each)) for each in YEAR_IN_TITLE.findall(plain)}
    if (PART.search(plain) or PART_WORDS.search(plain)) and not re.search(r"(?i)(?<!半)年(?:报|度)|annual", plain):
        found.period = Period(0, False)
    elif len(years) == 1:
        found.period = found.period or Period(int(*years), True)


def period(value) -> Period | None:
    """The fiscal period that a cell or header names; None where it names none."""
    if isinstance(value, datetime):
        return Period(value.year, (value.month, value.day) == (12, 31))
    if value is None or isinstance(value, bool):
        return None
    text = as_text(value).strip()
    if found := RELATIVE.fullmatch(text):
        return Period(0, not found[2] and not found[4] and found[3] in (None, "年报") and found[1] != "最新", text)
    if found := day(text):
        return Period(found.year, (found.month, found.day) == (12, 31))
    if found := ANNUAL.fullmatch(text):
        return Period(int(found[1]), True)
    if found := MONTH.fullmatch(text):  # the month that the period ends in
        return Period(int(found[1] or found[3]), found[2] == "12")
    if found := PART.fullmatch(text):
        return Period(int(found[1]), False)
    return None


def is_quarters_end(value) -> bool:
    """Whether a cell is the day on which a quarter ends."""
    return (when := day(value)) is not None and (when.month, when.day) in QUARTERS


def day(value) -> datetime | None:
    """The day that a cell names, without its time; None where it names none, or may name two."""
    if isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if value is None or isinstance(value, bool):
        return None
    text = as_text(value).strip()
    try:
        if DAY.fullmatch(text):
            digits = re.findall(r"\d+", text)
            return datetime.strptime(digits[0], "%Y%m%d") if len(digits[0]) == 8 else datetime(*map(int, digits[:3]))
        if WORDED_DAY.fullmatch(text):
            return datetime.strptime(re.sub(r"[- ]", "", text), "%d%b%Y")
        if (found := YEAR_LAST.fullmatch(text)) and max(int(found[1]), int(found[2])) > 12:
            return datetime.strptime(text, "%m/%d/%Y" if int(found[2]) > 12 else "%d/%m/%Y")
    except ValueError:
        pass
    return None


def as_text(cell) -> str:
    """A cell as a text: whole numbers without a point, also where a text holds one as '1.0'."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    return re.sub(r"(?<=\d)\.0$", "", str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell))
