"""Users' own cohorts: read a file of data/cohorts and hold it to what data/cohorts/README.md asks of it.

Nothing is mended silently: a cell that is not plainly what its column asks for is an error that names file, row and column.
"""

import csv
import difflib
import functools
import hashlib
import io
import re
import warnings
from dataclasses import dataclass
from datetime import date, datetime, time

import pandas as pd

from lib import parameters, tables
from lib.errors import DataError
from lib.words import name_list

#: Columns by name, and what else their header may say: compared without case, spaces and signs.
COLUMNS = {
    "name": ("company", "company name", "公司", "公司名称", "名称", "证券简称"),
    "fiscal_year": ("year", "FY", "年度", "会计年度"),
    "rd": ("R&D", "R&D expense", "R&D expenses", "rd_expense_cny", "研发费用"),
    "sm": ("S&M", "selling expense", "selling expenses", "selling_expense_cny", "sales and marketing", "销售费用"),
    "code": ("company_id", "stock code", "代码", "证券代码"),
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
MOST_ROWS, MOST_COLUMNS = 50_000, 60

NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
#: What people write into a column of amounts, and what to do about it; the first that fits counts.
NOT_AMOUNTS = (
    (r"(?i)[-–—−.?]+|n\.?[/.]?a\.?|nan|null|none|nil|unknown|missing|无|未披露|不适用", "leave the cell empty where the figure is not known"),
    (r"#.*", "it is an error of the spreadsheet: mend its formula, or leave the cell empty"),
    (r".*[%％].*", "give the amount itself, in yuan"),
    (r".*[$€£¥￥].*", "give it in yuan, without a currency sign"),
    (r"\(.*\)|（.*）", "write a negative amount with a minus sign, such as -12"),
    (r"-?\d{1,3}([,，']\d{3})+(\.\d+)?", "write it without thousands separators"),
    (r"-?\d{1,3}([.]\d{3})+,\d+|-?\d+,\d+", "write a decimal point, and no thousands separators"),
    (r"(?i)-?[\d., ]+\s*(k|m|b|t|mm|mn|mln|mio|bn|bln|million|billion|thousand|千|万|亿|元|万元|亿元|百万|千元|百万元|yuan|cny|rmb|usd)\.?",
     "write the whole amount in yuan as digits, without a unit"),
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A file's cells. header: the first row; rows: row as a spreadsheet counts it, and the cells; faults: what is wrong."""

    header: list
    rows: list[tuple[int, list]]
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


def check() -> list[str]:
    """Every problem of every file in data/cohorts, one sentence each, those of files that are not read first."""
    return [*parameters.unread_files().values(), *(p for name in parameters.own_cohorts() for p in _read(name)[1])]


def _sound(cohort: str) -> pd.DataFrame:
    frame, problems = _read(cohort)
    if problems:
        raise DataError(list(problems))
    return frame.copy()


def _read(cohort: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    path = parameters.own_cohorts()[cohort]
    name = f"{parameters.OWN}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        return pd.DataFrame(), (
            f"{name}: the file cannot be read ({error.strerror}); close it elsewhere, or mend its rights.",
        )
    tables.note_read({name: hashlib.sha256(content).hexdigest()})
    industries = tables.load("industries")
    known = {
        row[column]: row["industry_zh"] for _, row in industries.iterrows() for column in ("industry_en", "industry_zh")
    }
    return _parsed(name, content, tuple(known.items()))


@functools.lru_cache(maxsize=16)
def _parsed(name: str, content: bytes, industries: tuple) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The company-years in a file and its problems; cached on its content, since a figure asks year by year."""
    sheet = (_csv if name.lower().endswith(".csv") else _xlsx)(name, content)
    if sheet.faults:
        return pd.DataFrame(), tuple(sheet.faults)
    header = [str(head).strip() for head in sheet.header]
    while header and not header[-1] and not any(_filled(cells[len(header) - 1]) for _, cells in sheet.rows):
        header.pop()  # an empty column that a spreadsheet saved for its looks
    places, faults = _places(name, header)
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
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return _fault(f"{name}: not a CSV file ({error}); look for a quotation mark without its second")
    rows = [(number, cells) for number, cells in enumerate(lines, 1) if any(cell.strip() for cell in cells)]
    if not rows or rows[0][0] != 1:
        return _fault(
            f"{name}: {'row 1 is empty' if rows else 'the file is empty'}; it needs a header with {name_list(REQUIRED)}"
        )
    header = rows.pop(0)[1]
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
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
    return Sheet(header, rows, uneven)


def _xlsx(name: str, content: bytes) -> Sheet:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl does not draw: it is only asked for cells
            values, formulas = (openpyxl.load_workbook(io.BytesIO(content), data_only=only) for only in (True, False))
    except Exception as error:  # what is broken in a zip of XML comes up as anything from zlib.error to KeyError
        return _fault(
            f"{name}: not an Excel workbook that can be read ({type(error).__name__}), or locked with a password; open it and save "
            "it anew as .xlsx or as CSV UTF-8"
        )
    full = [sheet.title for sheet in values.worksheets if _holds_something(sheet)]
    if len(full) != 1:
        words = f"{len(full)} sheets hold something ({', '.join(full)})" if full else "the workbook is empty"
        return _fault(f"{name}: {words}; leave one sheet, with one table that starts in cell A1")
    sheet, asked = values[full[0]], formulas[full[0]]
    if sheet.merged_cells.ranges:
        places = ", ".join(sorted(str(area) for area in sheet.merged_cells.ranges)[:5])
        return _fault(
            f"{name}, sheet {full[0]}: merged cells ({places}); unmerge them, and give every column a header of its own in row 1"
        )
    if sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
        return _fault(
            f"{name}, sheet {full[0]}: it reaches to cell {sheet.cell(sheet.max_row, sheet.max_column).coordinate}; copy the table alone "
            "to a new workbook"
        )
    lines = [(row[0].row, [_plain(cell) for cell in row]) for row in sheet.iter_rows()]
    lines = [(row, cells) for row, cells in lines if any(map(_filled, cells))]
    faults = [
        f"{name}, row {cell.row}, column {cell.column_letter}: a formula without a stored value; open the file in Excel and save it, or "
        "paste the values."
        for row in asked.iter_rows()
        for cell in row
        if cell.data_type == "f" and sheet[cell.coordinate].value is None
    ]
    if faults or lines[0][0] != 1:
        return Sheet([], [], faults or [f"{name}: row 1 is empty; it needs a header with {name_list(REQUIRED)}."])
    return Sheet(["" if head is None else head for head in lines.pop(0)[1]], lines, [])


def _holds_something(sheet) -> bool:
    reach = {"max_row": min(sheet.max_row, MOST_ROWS), "max_col": min(sheet.max_column, MOST_COLUMNS)}
    return any(_filled(value) for row in sheet.iter_rows(**reach, values_only=True) for value in row)


def _filled(cell) -> bool:
    return cell is not None and str(cell).strip() != ""


def _plain(cell):
    """A cell's value; an amount that the sheet shows as a share or in another currency becomes the text that it shows."""
    if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
        shown = cell.number_format or ""
        if "%" in shown:
            return f"{cell.value * 100:g}%"
        # [$-804] is a locale, [$€-2] and a plain $ are currencies.
        found = re.search(r"\[\$([^\]-]+)|([€£₩₹$])", re.sub(r"\[\$-[^\]]*\]", "", shown))
        if found and (sign := found.group(1) or found.group(2)) not in ("¥", "￥", *YUAN):
            return f"{sign}{cell.value}"
    return cell.value


def _fault(words: str) -> Sheet:
    return Sheet([], [], [f"{words}."])


def _places(name: str, header: list) -> tuple[dict[str, int], list[str]]:
    """Where each column stands, and what is wrong with the header."""
    spelt = {_bare(word): column for column, words in COLUMNS.items() for word in (column, *words)}
    found = [spelt.get(_bare(words)) for words in header]
    missing = [column for column in REQUIRED if column not in found]
    needed = (
        f"{name}, row 1: {name_list(missing)} missing; the header must hold {name_list(REQUIRED)}." if missing else ""
    )
    if len(missing) == len(REQUIRED):  # this is no header, so that its words do not matter
        return {}, [needed]
    places, faults = {}, []
    for place, (words, column) in enumerate(zip(header, found, strict=True)):
        if not words:
            faults.append(
                f"{name}, row 1: cell {place + 1} of the header is empty; a file holds one table, without empty columns in it or beside it."
            )
        elif column is None:
            near = difflib.get_close_matches(_bare(words), spelt, n=1)
            hint = f"did you mean {spelt[near[0]]}? Rename" if near else "rename"
            faults.append(
                f"{name}, row 1: column '{words}' is not known; {hint} it, or take it out. Columns: {', '.join(COLUMNS)}; amounts in "
                "whole yuan."
            )
        elif column in places:
            faults.append(
                f"{name}, row 1: columns '{header[places[column]]}' and '{words}' both mean {column}; keep one."
            )
        else:
            places[column] = place
    return places, faults + [needed] * bool(needed)


def _bare(words: str) -> str:
    return re.sub(r"[\W_]", "", words.casefold())


def _value(column: str, cell, industries: dict):
    """A cell in its column's type, None where it is empty; ValueError with what to do where it does not fit."""
    text = "" if cell is None else str(cell).strip()
    if column in ("source", "note"):
        return text or None
    if not text:
        if column in ("name", "fiscal_year", "currency"):
            raise ValueError("empty, but a value is required")
        return None
    if column in AMOUNTS:
        return _amount(cell, text)
    if column == "fiscal_year":
        return _year(cell, text)
    if column == "code":
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else text
        if not re.fullmatch(r"[0-9]{6}", text):
            lost = " Excel drops the zeros in front: format the column as text." if text.isdigit() else ""
            raise ValueError(
                f"'{text}' is not a six-digit code; write it in full, or leave the column out.{lost}".rstrip(".")
            )
    elif column == "industry":
        if text not in industries:
            near = difflib.get_close_matches(text, industries, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise ValueError(
                f"'{text}' is not an industry of industries.csv; {hint}Leave the cell empty where it is not known"
            )
        return industries[text]
    elif column == "currency" and text.upper() not in YUAN:
        raise ValueError(
            f"'{text}', but amounts must be in yuan (CNY), since figures sum them; convert them at the year's rate, which leaves a "
            "company's ratio as it is"
        )
    elif not text.isprintable():
        raise ValueError("a line break or another sign that cannot be printed; take it out")
    return text


def _amount(cell, text: str) -> float:
    if isinstance(cell, (datetime, date, time, bool)):
        kind = "truth value" if isinstance(cell, bool) else "date or time"
        raise ValueError(f"'{text}' is a {kind}, not an amount in yuan; format the column as numbers")
    if not NUMBER.fullmatch(text) or not text.isascii():
        advice = next(
            (words for pattern, words in NOT_AMOUNTS if re.fullmatch(pattern, text)), "write digits, or leave it empty"
        )
        raise ValueError(f"'{text}' is not an amount; {advice}")
    if abs(amount := float(text)) >= 1e15:
        raise ValueError(f"'{text}' is more than any company has in yuan; look for slips")
    return amount


def _year(cell, text: str) -> int:
    if isinstance(cell, float) and cell.is_integer():
        text = str(int(cell))
    if not re.fullmatch(r"(19|20)[0-9]{2}", text):
        raise ValueError(
            f"'{text}' is not a year; write four digits such as 2021. A year that ends in January to May belongs to the calendar year before"
        )
    return int(text)


def _contradictions(name: str, frame: pd.DataFrame) -> list[str]:
    """What no single cell shows: a company-year twice, a company with two codes, names or industries, or a code with two names."""
    faults = []
    ids = _ids(frame)
    for (_, year), rows in frame.groupby([ids, "fiscal_year"], sort=False)["row"]:
        if len(rows) > 1:
            who = frame.at[rows.index[0], "name"]
            faults.append(f"{name}, rows {_rows(rows)}: {who} has more than one row for {year}; keep one.")
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
    return faults


def _rows(rows: pd.Series) -> str:
    numbers = [str(row) for row in rows]
    return ", ".join(numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")


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
            "fiscal_year": frame["fiscal_year"],
            "source_row": name + ":" + frame["row"].astype("str"),
        }
    )
    for column, amount in AMOUNTS.items():
        found[amount] = frame[column]
        source = amount.removesuffix("_cny").removesuffix("_expense") + "_source_id"
        found[source] = pd.Series(name, index=frame.index).where(frame[column].notna())
    fields = _fields("companies") | _fields("spending") | {"source_row": "string"}
    types = {column: tables.DTYPES.get(kind, "datetime64[us]") for column, kind in fields.items()}
    return found.reindex(columns=list(fields)).astype(types)


def _fields(table: str) -> dict[str, str]:
    """A table's columns with their types, as in the codebook."""
    resource = next(r for r in tables.codebook()["resources"] if r["name"] == table)
    return {field["name"]: field["type"] for field in resource["schema"]["fields"]}
