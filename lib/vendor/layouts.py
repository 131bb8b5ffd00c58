"""How a vendor's table is laid out: where its header is, which column is which, what its titles say, and whose it is."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from lib.rows import own
from lib.vendor.headings import (
    LINES,
    NOT_KNOWN,
    STATEMENTS,
    Column,
    alone,
    as_text,
    bare,
    day,
    factor,
    heading,
    is_currency,
    is_quarters_end,
    period,
    role,
    stated,
)
from lib.vendor.readers import Grid, StataGrid

VENDORS = (
    ("CSMAR", r"(?m)^(Stkcd|Accper|Typrep|B001\d{6})$", 2),
    ("Tushare", r"(?m)^(ts_code|end_date|f_ann_date|rd_exp|sell_exp)$", 2),
    ("Eastmoney", r"(?m)^(SECUCODE|SECURITY_CODE|REPORT_DATE|RESEARCH_EXPENSE|OPERATE_INCOME)$", 2),
    ("Compustat Global", r"(?m)^(gvkey|fyear|datadate|xrd|xsga|conm)$", 2),
    ("iFinD", r"(?i)同花顺|iFinD", 1),
    ("Choice", r"(?i)东方财富|Choice数据|\bChoice\b", 1),
    ("Wind", r"(?i)数据来源[:：]\s*Wind|万得|Wind资讯|\[报表类型\]|\[报告期\]", 1),
)
#: The unit in which a vendor says that it gives its amounts; only a hint, since the file may have been changed since.
DOCUMENTED = {"CSMAR": "元", "Tushare": "元", "Eastmoney": "元", "Compustat Global": "百万元"}

#: Rows between a header's first and the first company's: more of them are no header.
MOST_HEADER = 20
KEYS = ("code", "name", "firm")
#: Headers of years and days that are no fiscal ones, and names that other columns share.
OTHER_DAYS = re.compile(r"上市|首发|成立|设立|发行|公告|披露|下载|(?i:list|found|establish|ipo)")
#: Words of a header in whose column single letters may be kinds of statement.
STATEMENT_WORDS = re.compile(r"(?i)报表|合并|typrep|consol|statement")
SHARED = ("日期", "date", "period", "scale", "unit", "item", "indicator", "variable")


@dataclass
class Layout:
    """How a table is laid out. header: the rows of its header, first the one with the most known words; first: its first row of
    data; columns: what each column holds; said: what titles and footers state of all amounts, each as a column would; unheard: titles
    that state nothing that is known; unfilled: a cell of the header whose words may hold for its empty neighbours, too, as row and
    column, None where there is none."""

    vendor: str
    header: list[int]
    first: int
    columns: list[Column]
    said: list[Column] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    unfilled: tuple[int, int] | None = None

    def of(self, role: str) -> list[Column]:
        return [column for column in self.columns if column.role == role]


def understood(grid: Grid) -> Layout | None:
    """The layout of a table; None where no row is a header that names companies and amounts, or years."""
    scores = [(len({role(text) for text in texts(row)} - {""}), -index) for index, row in enumerate(grid.cells[:60])]
    score, index = max(scores, default=(0, 0))
    if score < 2:
        return None
    top = -index
    # Where a header is merged, companies are named above or below its top row.
    near = range(max(0, top - 3), min(top + 4, len(grid.cells)))
    keys = sorted(
        {p for row in near for p, cell in enumerate(grid.cells[row]) if isinstance(cell, str) and role(cell) in KEYS}
    )
    below = range(top + 1, min(top + 1 + MOST_HEADER, len(grid.cells)))
    first = next((row for row in below if _is_data(grid.cells[row], keys)), None)
    if not keys or first is None:
        return None
    above = [row for row in range(max(0, top - 3), top) if _is_header(grid.cells[row], min(keys))]
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
            if cell is not None and (words := as_text(cell)) not in pieces:
                pieces.append(words)
        variable = str(grid.cells[0][place]) if isinstance(grid, StataGrid) else ""
        columns.append(heading(place, pieces, variable))
    data = {row for row in range(first, len(grid.cells)) if _is_data(grid.cells[row], keys)}
    asides = []
    for column in columns:
        cells = [grid.cells[row][column.place] for row in sorted(data)]
        cells = [cell for cell in cells if cell is not None and not NOT_KNOWN.fullmatch(as_text(cell))]
        if column.words.lower() in SHARED and not _fits(column.role, cells):
            column.role = ""
        if column.words and not column.role:
            column.role = _by_values(column, cells, columns)
        if column.role in (*KEYS, "year", "day") or not (column.role or cells):
            asides.append(_of_all(column))
    for upper, left, lower, right in grid.merged:  # a company over its years, or a year over its companies
        if left == right < width and upper >= first and columns[left].role in (*KEYS, "year", "day"):
            for row in range(upper + 1, lower + 1):
                grid.cells[row][left] = grid.cells[upper][left]
    again = [grid.cells[row] for row in header]
    titles = [
        row for row in range(len(grid.cells)) if row not in data and (row in header or grid.cells[row] not in again)
    ]
    last = max(data, default=first)
    said = [found for row in titles for found in _said(grid.cells[row], row, header, after=row > last)]
    said += [found for found in [*map(stated, (grid.sheet, grid.title)), *asides] if found]
    vendor = _vendor(grid, header, [row for row in titles if row not in header])
    above = [
        grid.cells[row] for row in titles if row < first and (row not in header or len(texts(grid.cells[row])) == 1)
    ]
    unheard = [words for row in above for words in _unheard(row)]
    return Layout(vendor, header, first, columns, said, unheard, _unfilled(grid, sorted(header), across, columns))


def _is_header(row: list, key: int) -> bool:
    """Whether a row above the one with the most known words belongs to the header: it says several things, or one right of the
    companies' column `key`, and is no title."""
    places = [place for place, cell in enumerate(row) if cell is not None]
    words = [as_text(row[place]) for place in places]
    title = any(not role(found.words) and (found.unit is not None or found.foreign) for found in _stated(row))
    said = len(set(words)) > 1 or (len(words) == 1 and places[0] > key)
    return said and not title and not (len(words) == 2 and stated(":".join(words), after=True))


def _stated(row: list, after: bool = False) -> list[Column]:
    """What the cells of a row state of all amounts; else its last two as a label and what it says, as in 单位 | 万元."""
    found = [one for words in texts(row) if (one := stated(words, after))]
    last = [as_text(cell) for cell in row if cell is not None][-2:]
    return found or [one for one in [stated(":".join(last), after)] if len(last) == 2 and one]


def _unheard(row: list) -> list[str]:
    """The texts of a title's row that state nothing, alone or beside another."""
    left = [words for words in texts(row) if not stated(words)]
    beside = len(left) == len(texts(row)) and _stated(row)
    return [] if beside else [words for words in left if not role(words)]


def _said(row: list, index: int, header: list[int], after: bool) -> list[Column]:
    """What a row states of all amounts; a header's row of several cells states it of its columns alone."""
    cells = [cell for cell in row if cell is not None]
    if index in header and (len(cells) > 1 or index < header[0]):
        return []
    lone = len(cells) == 1 and not after and (not isinstance(cells[0], str) or is_quarters_end(cells[0]))
    if lone and (when := period(cells[0])):
        return [Column(0, as_text(cells[0]), period=when)]
    return _stated(row, after)


def _of_all(column: Column) -> Column | None:
    """What the header of a column without amounts states of those of others, as a title would; None where nothing.

    Of periods only a whole year that stands over an empty column is believed: beside a name stands the day that it was had on.
    """
    when = column.period if not column.role and column.period and column.period.annual else None
    if column.unknown or not (column.unit or column.foreign or column.statement or when):
        return None
    return replace(column, role="", period=when)


def _fits(named: str, cells: list) -> bool:
    """Whether what stands in a column can be what its name says, where other columns share that name."""
    if named == "unit":
        return any(factor(as_text(cell)) is not None for cell in cells)
    if named == "item":
        return any(role(as_text(cell)) in LINES for cell in cells)
    return any(period(cell) and (day(cell) is None or is_quarters_end(cell)) for cell in cells)


def _by_values(column: Column, cells: list, columns: list[Column]) -> str:
    """The role of a column by what stands in it, where its header is not known; '' where that tells nothing."""
    words = [as_text(cell) for cell in cells]
    if not words:
        return ""
    shortest = 1 if STATEMENT_WORDS.search(column.words) else 2
    if all(len(bare(text)) >= shortest and bare(text) in STATEMENTS and not text.isdigit() for text in words):
        return "statement"
    if all(map(is_currency, words)):
        return "currency"
    if all(len(bare(text)) > 1 and factor(text) is not None and not text.isdigit() for text in words):
        return "unit"
    if OTHER_DAYS.search(column.words):
        return ""
    if all(map(period, cells)) and not all(map(day, cells)) and not all(text.isdigit() for text in words):
        return "day"
    return (
        "day" if all(map(is_quarters_end, cells)) and not any(each.role in ("year", "day") for each in columns) else ""
    )


def _unfilled(grid: Grid, header: list[int], across: dict, columns: list[Column]) -> tuple[int, int] | None:
    """A cell that stands over several columns, but was not merged: a line or a period, and nothing beside it, but below."""
    for row in header[:-1]:
        for place in range(len(columns) - 1):
            cell, beside = grid.cells[row][place], grid.cells[row][place + 1]
            if cell is None or beside is not None or (row, place) in across or (row, place + 1) in across:
                continue
            under = any(grid.cells[other][place + 1] is not None for other in header if other > row)
            words = alone(as_text(cell))
            if (
                under
                and columns[place + 1].role not in KEYS
                and (words.role in LINES or words.period or words.statement)
            ):
                return row, place
    return None


def texts(row: list) -> list[str]:
    """The cells of a row that are texts."""
    return [cell for cell in row if isinstance(cell, str)]


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
    return isinstance(cell, str) and bool(re.fullmatch(r"-?[\d,]+(\.\d+)?", cell)) and not day(cell)


def code_like(cell) -> bool:
    """Whether a cell holds a company's code, with or without its exchange, or what a spreadsheet left of one."""
    if isinstance(cell, bool) or cell is None or isinstance(cell, datetime):
        return False
    text = as_text(cell)
    return bool(re.fullmatch(r"(?i)(sh|sz|bj)?\.?\d{1,6}(\.[a-z]{1,4}|\.0)?|[A-Z]{1,5}\.[A-Z]{1,2}", text))


def _vendor(grid: Grid, header: list[int], outside: list[int]) -> str:
    words = "\n".join(text for row in header for text in texts(grid.cells[row]))
    notes = "\n".join(text for row in outside for text in texts(grid.cells[row]))
    for name, pattern, needed in VENDORS:
        if len(set(re.findall(pattern, f"{words}\n{notes}"))) >= needed:
            return name
    return ""


def is_date(cell) -> bool:
    """Whether a cell holds a day where a company should be."""
    return isinstance(cell, datetime) or (isinstance(cell, str) and bool(own.DATES.fullmatch(cell)))
