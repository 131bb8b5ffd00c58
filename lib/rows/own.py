"""Users' own cohorts: read a file of data/cohorts and hold it to what data/cohorts/README.md asks of it.

Nothing is mended silently: a cell that is not plainly what its column asks for is an error that names file, row and column.
"""

import csv
import difflib
import functools
import hashlib
import io
import itertools
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time

import pandas as pd

from lib import parameters, tables
from lib.errors import DataError
from lib.paths import read_bounded
from lib.rows import sources, workbooks
from lib.rows.workbooks import Cell
from lib.words import first_few, name_list

#: Columns by name, and what else their header may say: compared without case, spaces and signs.
COLUMNS = {
    "name": ("company", "company name", "公司", "公司名称", "名称", "证券简称"),
    "fiscal_year": ("year", "FY", "年度", "会计年度"),
    "rd": ("R&D", "R&D expense", "R&D expenses", "rd_expense_cny", "研发费用"),
    "sm": ("S&M", "selling expense", "selling expenses", "selling_expense_cny", "sales and marketing", "销售费用"),
    "code": ("company_id", "stock code", "代码", "证券代码"),
    "code_920": ("new code", "新代码"),
    "name_zh": ("中文名称",),
    "revenue": ("revenue_cny", "营业收入"),
    "industry": ("industry_zh", "industry_en", "行业"),
    "currency": ("币种",),
    "source": ("来源",),
    "note": ("notes", "备注"),
}
REQUIRED = ("name", "fiscal_year", "rd", "sm")
AMOUNTS = {"rd": "rd_expense_cny", "sm": "selling_expense_cny", "revenue": "revenue_cny"}
YUAN = ("CNY", "RMB", "人民币", "元")
MOST_ROWS, MOST_COLUMNS, MOST_BYTES = 50_000, 60, 100_000_000

#: Units of amounts, in yuan, as headers and vendors spell them without spaces and signs.
UNITS = {
    **dict.fromkeys(("元", "人民币元", "人民币", "yuan", "cny", "rmb"), 1),
    **dict.fromkeys(("千元", "千", "thousand", "thousands", "k", "000", "000s", "1000"), 1_000),
    **dict.fromkeys(("万元", "万", "萬元", "萬", "10000"), 10_000),
    **dict.fromkeys(("百万元", "百万", "million", "millions", "mn", "mln", "mm", "m"), 1_000_000),
    **dict.fromkeys(("千万元", "千万"), 10_000_000),
    **dict.fromkeys(("亿元", "亿", "億元", "億"), 100_000_000),
    **dict.fromkeys(("十亿元", "十亿", "billion", "billions", "bn", "bln"), 1_000_000_000),
}
#: Headers that are near to a column that is asked for, and are something else.
NOT_COLUMNS = {
    **dict.fromkeys(
        ("xsga", "sga", "sganda", "selling general and administrative", "selling, general and administrative expense",
         "销售及管理费用", "销售及行政费用", "销售、一般及管理费用", "销售管理费用"),
        "selling, general and administrative expense in one line, which is not selling expense",
    ),
    **dict.fromkeys(
        ("研发投入", "研发投入合计", "研发投入金额", "研发支出", "研发支出合计", "研发支出总额", "RDSpendSum"),
        "R&D spending with what is capitalised, which is not the R&D expense of the income statement",
    ),
}  # fmt: skip
#: What stands in place of a name where a row is no company.
TOTALS = re.compile(
    r"(?i)(grand|sub)?-?totals?|sums?|(sample|industry)?(averages?|avg\.?|means?|medians?)|count|n|minimum|maximum|std\.?dev\.?|allfirms|"
    r".*(小计|合计数?|总计|共计|汇总|平均[值数]?|均值|中位[数值])|总[额和体]|最[大小]值|标准差|全样本|其[他它]|全部A股|沪深300|\d+%?分位数?"
)
#: What spreadsheets in English write behind the group that they sum.
GROUP_SUM = re.compile(r"(?i).+\s(grand |sub)?(total|average|count|max|min)")
ERRORS = re.compile(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA).*")
DATES = re.compile(r"(19|20)\d\d[-/.年]\d{1,2}([-/.月]\d{1,2}日?|月)?( \d\d:\d\d(:\d\d)?)?")
#: Amounts beyond these, in yuan, no company in the world has filed.
MOST = {"rd": 1e12, "sm": 1e12, "revenue": 1e13}
#: Below this, a company's expense in yuan is so small that the unit is in doubt where all of a file's are.
LITTLE, FEW = 1_000_000, 4

NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
#: A number as spreadsheets shorten it: fewer decimals than its exponent moves may not be all digits of whole yuan.
ROUNDED = re.compile(r"-?[0-9]\.([0-9]+)[eE]\+?([0-9]+)")
#: What people write into a column of amounts, and what to do about it; the first that fits counts.
NOT_AMOUNTS = (
    (r"(?i)[-–—−.?]+|n\.?[/.]?a\.?|nan|null|none|nil|unknown|missing|无|未披露|不适用", "leave the cell empty where the figure is not known"),
    (r"#.*", "it is an error of the spreadsheet: mend its formula, or leave the cell empty"),
    (r".*[%％].*", "give the amount itself, in yuan"),
    (r".*[$€£¥￥].*", "give it in yuan, without a currency sign"),
    (r"\(.*\)|（.*）", "write a negative amount with a minus sign, such as -12"),
    (r"-?\d{1,3}(\s\d{3})+(\.\d+)?", "write it without spaces between thousands"),
    (r"-?\d{1,3}([,，']\d{3})+(\.\d+)?", "write it without thousands separators"),
    (r"-?\d{1,3}([.]\d{3})+,\d+|-?\d+,\d+", "write a decimal point, and no thousands separators"),
    (r"(?=.*[０-９．－]).+", "its digits or signs are full-width; write them half-width, such as 12"),
    (r"(?i)-?[\d., ]+\s*(k|m|b|t|mm|mn|mln|mio|bn|bln|million|billion|thousand|千|万|亿|元|万元|亿元|百万|千元|百万元|yuan|cny|rmb|usd)\.?",
     "write the whole amount in yuan as digits, without a unit"),
    (r"-?\d+(\.\d+)?[^\W\d_]+", "write the whole amount in yuan as digits, and show no unit or currency beside it"),
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A file's cells. header: the first row; rows: row as a spreadsheet counts it, and the cells; faults: what is wrong."""

    header: list[str]
    rows: list[tuple[int, list[Cell]]]
    faults: list[str]


def spending(cohort: str) -> pd.DataFrame:
    """The company-years of a user's own cohort, with the columns of spending.csv and `source_row`, the row of the file.

    company_id: the six-digit code, or the name where the file has none. Amounts are yuan; an empty cell is NA. Grades and
    `extract_check` are NA, since nobody has checked the figures. Raises DataError where the file breaks its rules.
    """
    return _sound(cohort)[[*_fields("spending"), "source_row"]]


def members(cohort: str) -> pd.DataFrame:
    """The companies of a user's own cohort, one row each in the order of the file, with the columns of companies.csv."""
    return _sound(cohort).drop_duplicates("company_id")[list(_fields("companies"))].reset_index(drop=True)


def years(cohort: str) -> list[int]:
    """The fiscal years that a user's own cohort has rows for."""
    return sorted({int(year) for year in spending(cohort)["fiscal_year"]})


def origin(cohort: str) -> dict:
    """Where a user's own cohort comes from, as its import put down; {} where it was no import, or was changed since."""
    return sources.origin(f"{parameters.OWN}/{parameters.own_cohorts()[cohort].name}")


def check() -> list[str]:
    """Every problem of every file in data/cohorts, one sentence each, those of files that are not read first."""
    return [*parameters.unread_files().values(), *(p for name in parameters.own_cohorts() for p in _read(name)[1])]


def _sound(cohort: str) -> pd.DataFrame:
    frame, problems = _read(cohort)
    if problems:
        raise DataError(list(problems))
    return frame


def _read(cohort: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    path = parameters.own_cohorts()[cohort]
    name = f"{parameters.OWN}/{path.name}"
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        return pd.DataFrame(), (
            f"{name}: the file cannot be read ({error.strerror}); see that it is one that you may read, and that no program holds it.",
        )
    tables.note_read({name: hashlib.sha256(content).hexdigest()})
    industries = tables.load("industries")
    known = {
        row[column]: row["industry_zh"] for _, row in industries.iterrows() for column in ("industry_en", "industry_zh")
    }
    return judged(name, content, tuple(known.items()))


@tables.kept  # but not the reading of the file: one that is open elsewhere may be closed, which no state tells
def judged(name: str, content: bytes, industries: tuple) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The company-years of a file and its problems, those that only the project's own tables show among them.

    name: as `cohorts/my_chips.csv`; industries: pairs of an industry's name in either language and its Chinese one.
    """
    frame, problems = _parsed(name, content, industries)
    return frame, problems or tuple(_doubts(name, frame))


@functools.lru_cache(maxsize=16)
def _parsed(name: str, content: bytes, industries: tuple) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The company-years in a file and its problems; kept for its content, since it is judged before it is written, too."""
    sheet = (_csv if name.lower().endswith(".csv") else _xlsx)(name, content)
    if sheet.faults:
        return pd.DataFrame(), tuple(sheet.faults)
    header = list(sheet.header)
    while header and not header[-1] and not any(_filled(cells[len(header) - 1]) for _, cells in sheet.rows):
        header.pop()  # an empty column that a spreadsheet saved for its looks
    places, faults = _places(name, header, sheet.rows)
    if not faults and not sheet.rows:
        faults = [f"{name}: the table has a header and no rows; add a row for each company and year."]
    if faults:
        return pd.DataFrame(), tuple(faults)
    found, faults, known = [], [], dict(industries)
    for row, cells in sheet.rows:
        values = {"row": row}
        for column, place in places.items():
            try:
                values[column] = _value(column, cells[place], known)
            except ValueError as error:
                faults.append(f"{name}, row {row}, column {header[place]}: {error}.")
        found.append(values)
    if faults:
        return pd.DataFrame(), tuple(faults)
    types = {"row": "int64", "fiscal_year": "Int64"} | dict.fromkeys(AMOUNTS, "float64")
    frame = pd.DataFrame(found).reindex(columns=["row", *COLUMNS])
    frame = frame.astype({column: types.get(column, "str") for column in frame})
    return _in_shape(name, frame), tuple(_contradictions(name, frame))


def _csv(name: str, content: bytes) -> Sheet:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _fault(f"{name}: this is UTF-16 text; save the file as CSV UTF-8, or as .xlsx")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _fault(
            f"{name}: this is a spreadsheet under the name of a CSV file; call it .xlsx, or save it as CSV UTF-8"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return _fault(
            f"{name}, row {row}: not UTF-8 text, perhaps GBK, in which Excel in Chinese saves CSV; save the file as CSV UTF-8, or as .xlsx"
        )
    try:
        lines = list(itertools.islice(csv.reader(io.StringIO(text, newline=""), strict=True), MOST_ROWS + 1))
    except csv.Error as error:
        return _fault(f"{name}: not a CSV file ({error}); look for a quotation mark without its second")
    if len(lines) > MOST_ROWS:
        return _fault(f"{name}: it has more than {MOST_ROWS:,} rows; leave the companies and years that are needed")
    rows = [(number, cells) for number, cells in enumerate(lines, 1) if any(cell.strip() for cell in cells)]
    if rows and re.fullmatch(r"(?i)sep=.*", ",".join(rows[0][1]).strip()):
        return _fault(f"{name}, row 1: 'sep=' tells Excel how to part cells, and is no header; take the line out")
    if not rows or rows[0][0] != 1:
        return _fault(
            f"{name}: {'row 1 is empty' if rows else 'the file is empty'}; it needs a header with {name_list(REQUIRED)}"
        )
    header = rows.pop(0)[1]
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), ("，", "full-width commas")):
        if len(header) == 1 and mark in header[0]:
            return _fault(
                f"{name}, row 1: the cells are separated by {word}; save with commas, and decimal points, or as .xlsx"
            )
    uneven = [
        f"{name}, row {number}: {len(cells)} cells where the header has {len(header)}; put an amount without thousands "
        "separators, and a text that has a comma in quotation marks."
        for number, cells in rows
        if len(cells) != len(header)
    ]
    return Sheet(
        [head.strip() for head in header], [(number, [Cell(cell) for cell in cells]) for number, cells in rows], uneven
    )


def _xlsx(name: str, content: bytes) -> Sheet:
    try:
        book = workbooks.Workbook(content, MOST_ROWS, MOST_COLUMNS)
        sheet, extent = workbooks.only_table(book)
        place = f"{name}, sheet {sheet.title}"
        if sheet.state != "visible":
            return _fault(
                f"{place}: the only sheet that holds something is hidden; show it, so that you see what is read"
            )
        if extent.merged:
            areas = ", ".join(sorted(extent.merged)[:5])
            return _fault(
                f"{place}: merged cells ({areas}); unmerge them, and give every column a header of its own in row 1"
            )
        if extent.too_large:
            corner = f"{workbooks.letters(extent.column)}{extent.row}"
            return _fault(f"{place}: it reaches to cell {corner}; copy the table alone to a new workbook")
        if extent.uncounted:
            words = "a formula without a stored value; open the file in Excel and save it, or paste the values."
            return Sheet([], [], [f"{name}, {cell}: {words}" for cell in extent.uncounted])
        lines = [
            (number, cells) for number, cells in enumerate(book.rows(sheet, extent), 1) if any(map(_filled, cells))
        ]
    except workbooks.Unreadable as reason:
        return _fault(f"{name}: {reason}")
    if not lines or lines[0][0] != 1:
        return _fault(f"{name}: row 1 is empty; it needs a header with {name_list(REQUIRED)}")
    header = ["" if head.value is None else str(head.value).strip() for head in lines.pop(0)[1]]
    return Sheet(header, lines, [])


def _filled(cell: Cell) -> bool:
    return cell.value is not None and str(cell.value).strip() != ""


def _plain(cell: Cell):
    """An amount's cell as it is, or as the text that the sheet shows where that has a currency, a unit or per cent in it."""
    unit = workbooks.unit_beside(cell)
    if not unit:
        return cell.value
    if unit == "%":
        return f"{cell.value * 100:g}%"
    return f"{unit}{cell.value}" if len(unit) == 1 and not unit.isalpha() else f"{cell.value}{unit}"


def _fault(words: str) -> Sheet:
    return Sheet([], [], [f"{words}."])


def _places(name: str, header: list[str], rows: list) -> tuple[dict[str, int], list[str]]:
    """Where each column stands, and what is wrong with the header."""
    found = [meaning(words) for words in header]
    missing = [column for column in REQUIRED if column not in found]
    needed = (
        f"{name}, row 1: {name_list(missing)} missing; the header must hold {name_list(REQUIRED)}." if missing else ""
    )
    if len(missing) == len(REQUIRED):  # this is no header, so that its words do not matter
        return {}, [_no_header(needed, rows)]
    places, faults = {}, []
    for place, (words, column) in enumerate(zip(header, found, strict=True)):
        if not words:
            faults.append(
                f"{name}, row 1: cell {place + 1} of the header is empty; a file holds one table, without empty columns in it or beside it."
            )
        elif column is None:
            faults.append(f"{name}, row 1: column '{words}' {_unknown(words)}")
        elif column in places:
            faults.append(
                f"{name}, row 1: columns '{header[places[column]]}' and '{words}' both mean {column}; keep one."
            )
        else:
            places[column] = place
    return places, faults + [needed] * bool(needed)


def meaning(words: str) -> str | None:
    """The column that a header means, by its words; None where it is not known, or an amount in another unit than yuan."""
    bare = _bare(words)
    if bare not in _spelt() and (parts := unit_of(words)) and parts[1] == 1:
        bare = _bare(parts[0])
    return _spelt().get(bare)


def unit_of(words: str) -> tuple[str, int, str] | None:
    """An amount's header that states a unit at its end: its words without it, the unit in yuan and as it is spelt."""
    bare = _bare(words)
    for column, amount in _spelt().items():
        unit = bare.removeprefix(column)
        if amount in AMOUNTS and unit != bare:
            unit = re.sub(r"^(in|单位|unit)", "", unit)
            for money in ("cny", "rmb", "yuan", "人民币"):
                short = unit.removeprefix(money).removesuffix(money).removeprefix("of")
                if short != unit and short in UNITS:
                    return column, UNITS[short], unit
            if unit in UNITS:
                return column, UNITS[unit], unit
    return None


@functools.cache
def _spelt() -> dict[str, str]:
    return {_bare(word): column for column, words in COLUMNS.items() for word in (column, *words)}


def _no_header(needed: str, rows: list) -> str:
    """The sentence about a first row that is no header; it says so where one stands below, as under a title."""
    for number, cells in rows[:10]:
        words = ["" if cell.value is None else str(cell.value) for cell in cells]
        if sum(meaning(word) in REQUIRED for word in words) >= 2:
            return f"{needed.removesuffix('.')}, but row {number} holds a header: take out what stands above it, and see that amounts are in yuan."
    return (
        f"{needed.removesuffix('.')}. A data vendor's export becomes such a file by `python -m lib cohort import FILE`."
    )


def _unknown(words: str) -> str:
    """What is wrong with a header that no column has."""
    bare = _bare(words)
    known = next((reason for word, reason in NOT_COLUMNS.items() if bare == _bare(word)), None)
    if known:
        return f"is {known}; take it out."
    if parts := unit_of(words):
        return (
            f"states a unit, but amounts must be in whole yuan; multiply by {parts[1]:,} and rename it, or let `python -m lib cohort "
            "import FILE` do it."
        )
    if re.search("[%％‰]", bare):
        return "is a share or a rate; give the amount itself, in whole yuan, or take it out."
    if re.search("[$€£]", bare):
        return "is in another currency; give the amount in whole yuan, or take it out."
    near = difflib.get_close_matches(bare, _spelt(), n=1)
    hint = f"did you mean {_spelt()[near[0]]}? Rename" if near else "rename"
    return f"is not known; {hint} it, or take it out. Columns: {', '.join(COLUMNS)}; amounts in whole yuan."


def _bare(words: str) -> str:
    return re.sub(r"[^\w%％‰$€£]|_", "", words.casefold())


def _value(column: str, cell: Cell, industries: dict):
    """A cell in its column's type, None where it is empty; ValueError with what to do where it does not fit."""
    value = _plain(cell) if column in AMOUNTS else cell.value
    text = "" if value is None else spaced(str(value))
    if column in ("source", "note"):
        return text or None
    if not text:
        if column in ("name", "fiscal_year", "currency"):
            raise ValueError("empty, but a value is required")
        return None
    if column in AMOUNTS:
        return _amount(column, value, text)
    if column == "fiscal_year":
        return _year(value, text)
    if column in ("code", "code_920"):
        return _code(value, text)
    if column == "industry":
        if text not in industries:
            near = difflib.get_close_matches(text, industries, n=1)
            what_to_do = f"did you mean {near[0]}? Leave" if near else "leave"
            raise ValueError(
                f"'{text}' is not an industry of industries.csv; {what_to_do} the cell empty where it is not known"
            )
        return industries[text]
    if column == "currency" and text.upper() not in YUAN:
        raise ValueError(
            f"'{text}', but amounts must be in yuan (CNY), since figures sum them; convert them at the year's rate, which leaves a "
            "company's ratio as it is"
        )
    if not text.isprintable():
        sign = next(sign for sign in text if not sign.isprintable())
        raise ValueError(f"a line break or another sign that cannot be printed (U+{ord(sign):04X}); take it out")
    if column in ("name", "name_zh"):
        _company(value, text)
    return text


def spaced(text: str) -> str:
    """The text with plain spaces for those of other kinds, such as the no-break and the ideographic one."""
    return "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text).strip()


def is_total(text: str) -> bool:
    """Whether a text stands before a total or another sum of companies, rather than names one; however it is spaced."""
    return bool(GROUP_SUM.fullmatch(text) or TOTALS.fullmatch(re.sub(r"[\s:：]|[(（].*[)）]", "", text)))


def _company(value, text: str) -> None:
    """ValueError where a name is no company's."""
    if is_total(text):
        raise ValueError(f"'{text}' is a total, not a company; take the row out")
    if ERRORS.fullmatch(text):
        raise ValueError(
            f"'{text}' is an error of the spreadsheet, not a company; mend its formula, or take the row out"
        )
    if isinstance(value, (datetime, date, time)) or DATES.fullmatch(text):
        raise ValueError(f"'{text}' is a date, not a company; look for a slipped column")
    if isinstance(value, (int, float)):
        raise ValueError(f"'{text}' is a number, not a company's name; write the name, and a code in the column code")


def _code(value, text: str) -> str:
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if re.fullmatch(r"[0-9]{6}", text):
        return text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(
            f"'{text}' is a number, which has no zeros in front even where Excel shows them; format the column as text, and write "
            f"{text.zfill(6)}"
        )
    plain = unicodedata.normalize("NFKC", text)
    if plain != text and re.fullmatch(r"[0-9]{6}", plain):
        raise ValueError(f"'{text}' has full-width digits; write {plain}")
    if found := re.fullmatch(r"(?i)((sh|sz|bj)\.?)?([0-9]{6})(\.?(sh|sz|bj|ss|xshg|xshe))?", text):
        raise ValueError(f"'{text}' names the exchange too; write the six digits alone, {found[3]}")
    lost = " Excel drops the zeros in front: format the column as text." if text.isdigit() else ""
    raise ValueError(f"'{text}' is not a six-digit code; write it in full, or leave the column out.{lost}".rstrip("."))


def advice(text: str) -> str:
    """What to do about a text that stands for an amount and is none."""
    return next(
        (words for pattern, words in NOT_AMOUNTS if re.fullmatch(pattern, text)), "write digits, or leave it empty"
    )


def _amount(column: str, value, text: str) -> float:
    if isinstance(value, (datetime, date, time, bool)):
        kind = "truth value" if isinstance(value, bool) else "date or time"
        raise ValueError(f"'{text}' is a {kind}, not an amount in yuan; format the column as numbers")
    if not NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' is not an amount; {advice(text)}")
    if re.match(r"-?0[0-9]", text):
        raise ValueError(
            f"'{text}' begins with a zero, as the rest of a number that was cut at its separators; mend it"
        )
    if isinstance(value, str) and (found := ROUNDED.fullmatch(text)) and len(found[1]) < min(int(found[2]), 14):
        raise ValueError(
            f"'{text}' may have lost digits to its exponent, as where Excel saves long numbers as CSV; write all of them"
        )
    if abs(amount := float(text)) >= MOST[column]:
        raise ValueError(f"'{text}' is more than any company has in yuan; look for slips")
    return amount


def _year(value, text: str) -> int:
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if not re.fullmatch(r"(19|20)[0-9]{2}", text):
        raise ValueError(
            f"'{text}' is not a year; write four digits such as 2021. A year that ends in January to May belongs to the calendar year before"
        )
    if int(text) > date.today().year:
        raise ValueError(f"'{text}' is still to come; look for a slip")
    return int(text)


def _contradictions(name: str, frame: pd.DataFrame) -> list[str]:
    """What no single cell shows: a company-year twice, a company with two codes, names or industries, or a code with two names."""
    faults = []
    ids = _ids(frame)
    for (_, year), rows in frame.groupby([ids, "fiscal_year"], sort=False)["row"]:
        if len(rows) > 1:
            who = frame.at[rows.index[0], "name"]
            faults.append(f"{name}, rows {_rows(rows)}: {who} has more than one row for {year}; keep one.")
    for _, part in frame.groupby(frame["name"].map(_alike), sort=False):
        spellings = part["name"].unique()
        if len(spellings) > 1 and part["code"].isna().any():
            said = name_list(f"'{spelling}'" for spelling in spellings)
            faults.append(
                f"{name}, rows {_rows(part['row'])}: {said} look like one company under {len(spellings)} spellings (case, "
                "width, spaces or accents); spell it alike, or give each row its code."
            )
    coded = frame.groupby("name")["code"].transform("size") == frame.groupby("name")["code"].transform("count")
    alone = frame["name"].mask(coded)  # two companies may share a name where each row has its code
    for keys, other in ((alone, "code"), (ids, "name"), (ids, "name_zh"), (ids, "industry")):
        for _, part in frame.groupby(keys, sort=False):
            told = part[other].fillna("none").unique()
            if len(told) > 1:
                who, rows = part["name"].iloc[0], _rows(part["row"])
                faults.append(
                    f"{name}, rows {rows}: {who} has more than one {other} ({', '.join(told)}); give one and the same in each row."
                )
    return faults + _sums(name, frame)


def _sums(name: str, frame: pd.DataFrame) -> list[str]:
    """First and last rows of a year without a code that are the sum or the mean of its others, whatever they are called."""
    faults = []
    for year, rows in frame.groupby("fiscal_year"):
        amounts = rows[["rd", "sm"]]
        for times, word in ((2, "sum"), (amounts.count(), "mean")):
            same = (amounts * times - amounts.sum()).abs() < amounts.abs() * 1e-6
            ends = rows.iloc[[0, -1]]  # such rows stand there; elsewhere one may be the mean by chance
            found = ends[same.all(axis=1)[ends.index] & ends["code"].isna()]
            if len(found) == 1 and len(rows) > FEW:
                who, row = found.iloc[0][["name", "row"]]
                faults.append(
                    f"{name}, row {row}: {who} is the {word} of all others of {year} in both expenses; take the row out."
                )
    return faults


def _alike(name: str) -> str:
    """What two spellings of one name have in common."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name).casefold())


def renumbered() -> dict[str, str]:
    """The codes of 2022 of the Beijing exchange's companies, which the tables use, by the 920 codes that they have now."""
    roster = tables.load("bse_roster").dropna(subset="code_920")
    return dict(zip(roster["code_920"], roster["company_id"], strict=True))


def roster_ids(rows: pd.DataFrame) -> pd.Series:
    """The ids of bse_roster.csv of companies with `company_id` and `name_zh`: by either code, else, where there is none, by the name."""
    roster = tables.load("bse_roster")
    by_name = dict(zip(roster["name_zh"], roster["company_id"], strict=True))
    ids = rows["company_id"].replace(renumbered())
    return ids.where(ids.map(parameters.is_code), rows["name_zh"].map(by_name))


def _twice(name: str, frame: pd.DataFrame) -> list[str]:
    """Companies of the Beijing exchange that stand there under both of their codes, or under one and the name alone."""
    faults = []
    found = roster_ids(frame)
    several = frame.groupby(found)["company_id"].agg(lambda ids: len(set(ids))) > 1
    for company in several.index[several]:
        rows = frame[found == company]
        numbers, both = _rows(rows["source_row"].str.rpartition(":")[2]), name_list(rows["company_id"].unique())
        faults.append(f"{name}, rows {numbers}: {both} are one company; give it the code {company} in each row.")
    return faults


def _doubts(name: str, frame: pd.DataFrame) -> list[str]:
    """What the tables and the figures themselves say against a file; no doubt of yuan where a column `currency` says so."""
    if twice := _twice(name, frame):
        return twice
    if found := wrong_unit(frame):
        return [
            f"{name}: {found}; give whole yuan, or read the file with `python -m lib cohort import FILE --unit UNIT`."
        ]
    if frame["currency"].notna().all():
        return []
    settles = "multiply if they are in another unit, or add a column currency that says CNY"
    amounts = frame[["rd_expense_cny", "selling_expense_cny"]]
    larger = amounts.max(axis=1)
    positive = larger[larger > 0]
    if len(positive) >= FEW and positive.max() < LITTLE:
        filed = tables.load("spending")[list(amounts)]
        rare = int((filed.where(filed > 0).max(axis=1) < LITTLE).sum())
        return [
            f"{name}: no expense in it reaches a million yuan (half are below {positive.median():,.0f}), which of the {len(filed):,} "
            f"company-years of spending.csv only {rare} have; {settles}."
        ]
    both = frame[(frame["revenue_cny"] > 0) & amounts.notna().all(axis=1)]
    over = amounts.loc[both.index].sum(axis=1) / both["revenue_cny"]
    if len(over) >= FEW and over.median() > 2:
        return [
            f"{name}: R&D and selling expense together are {over.median():,.0f} times revenue in the median company-year; are these "
            f"columns in one unit? {settles[0].upper()}{settles[1:]}."
        ]
    return []


def wrong_unit(frame: pd.DataFrame) -> str:
    """The words that say by what factor a file's figures differ from those of the same companies in spending.csv; '' if by none.

    frame: with company_id (codes where known), fiscal_year and the amounts of spending.csv.
    """
    filed = tables.load("spending")
    both = frame.merge(filed, on=["company_id", "fiscal_year"], suffixes=("", "_filed"))
    for column in AMOUNTS.values():
        rows = both[(both[column] != 0) & (both[f"{column}_filed"] != 0)].dropna(subset=[column, f"{column}_filed"])
        ratio = rows[f"{column}_filed"] / rows[column]
        for factor in (1_000, 10_000, 1_000_000, 100_000_000):
            for times, words in ((factor, "a {factor:,}th of"), (1 / factor, "{factor:,} times")):
                near = (ratio / times - 1).abs() < 0.02
                if near.any() and near.mean() >= 0.5:
                    row = rows[near].iloc[0]
                    return (
                        f"{column} of {row['company_id']} in {row['fiscal_year']} is {row[column]:,.10g}, {words.format(factor=factor)} "
                        f"the {row[f'{column}_filed']:,.2f} yuan of spending.csv, and so for {near.sum()} of {len(near)} that both have"
                    )
    return ""


def _rows(rows: pd.Series) -> str:
    return first_few(map(str, rows), 6)


def _ids(frame: pd.DataFrame) -> pd.Series:
    return frame["code"].fillna(frame["name"])


def _in_shape(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with the columns and types of companies.csv and spending.csv, and `source_row`."""
    chinese = frame["name"].str.contains(r"[\u4e00-\u9fff]")
    found = pd.DataFrame(
        {
            "company_id": _ids(frame),
            "name_en": frame["name"].mask(chinese),
            "name_zh": frame["name_zh"].fillna(frame["name"].where(chinese)),
            "industry_zh": frame["industry"],
            "currency": frame["currency"],
            "fiscal_year": frame["fiscal_year"],
            "source_row": name + ":" + frame["row"].astype("str"),
        }
    )
    for column, amount in AMOUNTS.items():
        found[amount] = frame[column]
        source = amount.removesuffix("_cny").removesuffix("_expense") + "_source_id"
        found[source] = pd.Series(name, index=frame.index).where(frame[column].notna())
    fields = _fields("companies") | _fields("spending") | {"source_row": "string", "currency": "string"}
    types = {column: tables.DTYPES.get(kind, "datetime64[us]") for column, kind in fields.items()}
    return found.reindex(columns=list(fields)).astype(types)


def _fields(table: str) -> dict[str, str]:
    """A table's columns with their types, as in the codebook."""
    resource = next(r for r in tables.codebook()["resources"] if r["name"] == table)
    return {field["name"]: field["type"] for field in resource["schema"]["fields"]}
