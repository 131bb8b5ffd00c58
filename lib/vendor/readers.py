"""Raw cells from a vendor's file: text in any of the usual encodings, Excel old and new, OpenDocument, Stata.

Kinds that carry code of their own to parse (.xls, .xlsb, .ods) are read in a process of its own with bounded memory and time,
so that a small file that claims to be a vast one ends there.
"""

import csv
import io
import math
import pickle
import re
import subprocess
import sys
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import PurePath

from lib.errors import UserError
from lib.paths import ROOT
from lib.rows import workbooks
from lib.rows.workbooks import CONTAINER, LOCKED, ZIP, Cell, Unreadable
from lib.words import name_list

KINDS = (".csv", ".txt", ".tsv", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".dta")
MOST_BYTES, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 100_000_000, 250_000, 2_000, 4_000_000
MEMORY, SECONDS = 4 << 30, 120
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig", "UTF-8 with its mark"), (b"\xff\xfe", "utf-16", "UTF-16"), (b"\xfe\xff", "utf-16", "UTF-16"))  # fmt: skip
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}

#: How Stata files of Stata 14 and newer begin; texts of older ones are in an encoding that the file does not name.
UNICODE_DTA = tuple(f"<stata_dta><header><release>{release}<".encode() for release in (118, 119, 120, 121))
#: Whole numbers above it may be others in Stata's float.
MOST_FLOAT = 2**24
NOT_UNICODE = "its texts are not in Unicode, and nothing says in which encoding they are; in Stata 14 or newer, `unicode translate` it first"


CUT = "a part of its digits"
BREAKS_OFF = "as the text ends without a line break; see whether that row is whole"
NO_FORMATS = "number formats: not seen in this file, so look in it whether they show a unit, a currency or per cent"


@dataclass
class Grid:
    """The cells of one table as they stand in a file.

    cells: rows of equal width, values as the file's kind has them (text, number, day, None); kind: the file's kind in words;
    sheet: the sheet that was read, '' for a file without sheets; units: the unit, currency or CUT that a number format shows, by
    row and column from 0; merged: areas as first and last row and column from 0; aside: what of the file was not read, and why;
    separator: what parts the cells of a text, '' in other files; hidden: how many rows and columns the sheet does not show;
    title: what the file says of all its data, beside its cells.
    """

    cells: list[list]
    kind: str
    sheet: str = ""
    units: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    separator: str = ""
    hidden: int = 0
    title: str = ""

    def place(self, row: int) -> str:
        """A row as the user finds it, from its index."""
        return f"row {row + 1}"


class StataGrid(Grid):
    """A Stata file: its variables and their labels stand above the observations."""

    def place(self, row: int) -> str:
        return f"observation {row - 1}" if row > 1 else "the variables' names"


def read(file: str, content: bytes, sheet: str | None = None) -> Grid:
    """The cells of `content`, a file that is called `file`. Raises UserError with what to do where it cannot be read.

    sheet: which sheet of a workbook to read; it must be named where several hold something.
    """
    kind = PurePath(file).suffix.lower()
    if kind not in KINDS:
        raise UserError(f"{file}: files of this kind are not read; save the table as {name_list(KINDS)}.")
    if not content.strip():
        raise UserError(f"{file}: the file is empty.")
    if len(content) > MOST_BYTES:
        raise UserError(
            f"{file}: {len(content) / 1e6:,.0f} MB is more than is read; export fewer items, companies or years."
        )
    if kind != ".dta" and content.lstrip()[:1] == b"<":
        raise UserError(
            f"{file}: this is a web page under the name of a {kind} file; open it in Excel and save it as .xlsx."
        )
    try:
        if kind == ".dta":
            grid = _stata(content)
        elif kind in (".csv", ".txt", ".tsv") or not content.startswith((ZIP, CONTAINER)):
            grid = _text(content)
        elif kind in (".xlsx", ".xlsm") or workbooks.is_xlsx(content):  # whatever it is called
            grid = _xlsx(content, sheet)
        else:
            grid = _others(content, sheet)
    except Unreadable as reason:
        raise UserError(f"{file}: {reason}.") from None
    if sheet is not None and not grid.sheet:
        raise UserError(f"{file}: --sheet names a sheet, but {grid.kind} has none; leave it out.")
    width = max((len(row) for row in grid.cells), default=0)
    grid.cells = [[*map(_plain, row), *[None] * (width - len(row))] for row in grid.cells]
    return grid


def _plain(value):
    """A cell without what only lays it out: texts stripped, what is empty None."""
    if isinstance(value, str):
        text = value.strip(" \t\r\n\u3000\u00a0\ufeff")
        text = text.removeprefix('="').removesuffix('"').strip() if text.startswith('="') else text
        return re.sub(r"^'(?=\d)", "", text) or None  # Excel's mark of a number that is a text
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value


def _text(content: bytes) -> Grid:
    if content.startswith((ZIP, CONTAINER)):
        raise Unreadable(
            "this is a workbook under the name of a text file; give it its own ending, such as .xlsx or .xls"
        )
    text, encoding = _decoded(content)
    directive = ""
    if found := re.match(r"(?i)sep=([^\w\s\"]|\t)\s*?\n", text):
        directive, text = found[1], text[found.end() :]
    csv.field_size_limit(1_000_000)
    mark = directive or max(SEPARATORS, key=partial(_words_parted, text[:100_000]))
    rows = [[]] if directive else []
    rows += _parted(text, mark)
    kind = f"text in {encoding}, parted by {SEPARATORS.get(mark, mark)}"
    whole = text.endswith(("\n", "\r"))
    return Grid(rows, kind, separator=mark, aside=[] if whole else [f"what may follow row {len(rows):,}, {BREAKS_OFF}"])


def _words_parted(text: str, mark: str) -> int:
    """How many cells with a letter a mark parts: commas before thousands part digits alone."""
    count = 0
    try:
        for row in _reader(text, mark):
            count += sum(any(map(str.isalpha, cell)) for cell in row)
    except csv.Error:  # the text is cut here, or has a quotation mark without its second
        pass
    return count


def _reader(text: str, mark: str):
    lines = (found[0] for found in LINE.finditer(text))  # io.StringIO would take four bytes for each sign
    return csv.reader(lines, delimiter=mark, skipinitialspace=True, strict=True)


def _parted(text: str, mark: str) -> list[list[str]]:
    """The cells of a text. Raises Unreadable as soon as they are too many, or where a quotation mark has no second."""
    rows, cells = [], 0
    try:
        for row in _reader(text, mark):
            rows.append(row)
            cells += len(row)
            if len(rows) > MOST_ROWS or len(row) > MOST_COLUMNS or cells > MOST_CELLS:
                raise Unreadable(
                    f"it has more than {MOST_ROWS:,} rows, {MOST_COLUMNS:,} columns or {MOST_CELLS:,} cells, which is more than is read; export "
                    "fewer items, companies or years"
                )
    except csv.Error as error:
        raise Unreadable(f"not a table in text ({error}); look for a quotation mark without its second") from None
    return rows


def _decoded(content: bytes) -> tuple[str, str]:
    for mark, codec, words in ENCODINGS:
        if content.startswith(mark):
            try:
                return content.decode(codec), words
            except UnicodeDecodeError as error:
                raise Unreadable(
                    f"it begins as {words} and goes on as something else ({error.reason}); export it once more"
                ) from None
    if b"\0" in content[:1000]:
        codec = "utf-16-le" if content[1:2000:2].count(0) > content[:2000:2].count(0) else "utf-16-be"
        try:
            return content.decode(codec), "UTF-16 without its mark"
        except UnicodeDecodeError:
            raise Unreadable("this is no text; export the table as .xlsx or CSV") from None
    for codec, words in (("utf-8", "UTF-8"), ("gb18030", "GB18030")):
        try:
            return content.decode(codec), words
        except UnicodeDecodeError:
            continue
    raise Unreadable("the text is neither UTF-8 nor GB18030 nor UTF-16; save it as CSV UTF-8 or as .xlsx")


def _chosen(titles: dict[str, str], sheet: str | None) -> tuple[str, list[str]]:
    """The sheet to read, and what is left aside. titles: each sheet with why it cannot be read, '' where it can."""
    able = [title for title, reason in titles.items() if not reason]
    aside = [f"sheet {title}: {reason}" for title, reason in titles.items() if reason]
    if sheet is not None:
        if sheet not in titles:
            raise Unreadable(f"it has no sheet '{sheet}'; its sheets are {name_list(titles)}")
        if titles[sheet] and titles[sheet] != "hidden":
            raise Unreadable(f"sheet {sheet} is {titles[sheet]}; name another one with --sheet")
        return sheet, [f"sheet {title}: not asked for" for title in titles if title != sheet]
    if len(able) == 1:
        return able[0], aside
    if able:
        raise Unreadable(
            f"{len(able)} sheets hold something ({', '.join(able)}); say which with --sheet, as in --sheet '{able[0]}'"
        )
    raise Unreadable(f"no sheet can be read ({'; '.join(aside) or 'there is none'}); export the table anew")


def _xlsx(content: bytes, sheet: str | None) -> Grid:
    book = workbooks.Workbook(content, MOST_ROWS, MOST_COLUMNS)
    extents, titles = {}, {}
    for each in book.sheets:
        if each.chart:
            titles[each.title] = "a chart, without cells"
            continue
        extents[each.title] = (each, book.extent(each))
        titles[each.title] = "hidden" if each.state != "visible" else "" if extents[each.title][1].row else "empty"
    chosen, aside = _chosen(titles, sheet)
    found, extent = extents[chosen]
    if extent.too_large or extent.row * extent.column > MOST_CELLS:
        corner = f"{workbooks.letters(extent.column)}{extent.row}"
        raise Unreadable(
            f"sheet {chosen} reaches to cell {corner}, which is more than is read; export fewer items, companies or years"
        )
    if extent.uncounted:
        raise Unreadable(f"{extent.uncounted[0]}: a formula without a stored value; open the file in Excel and save it")
    merged = [clipped for area in extent.merged[:1000] if (clipped := _area(area, extent))]
    try:
        rows = book.rows(found, extent)
    except Unreadable:  # some exporters write styles that openpyxl refuses; calamine reads no styles
        grid = _others(content, chosen)
        grid.aside = [*aside, NO_FORMATS]
        return grid
    grid = _formatted(rows, "Excel workbook", chosen, merged, aside)
    grid.hidden = extent.hidden
    return grid


def _formatted(rows: list[list[Cell]], kind: str, sheet: str, merged: list, aside: list[str]) -> Grid:
    """A grid of cells that come with the number formats that they are shown in."""
    units = {
        (r, c): unit
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
        if workbooks.is_number(cell) and (unit := CUT if workbooks.cut(cell) else workbooks.unit_beside(cell))
    }
    return Grid([[cell.value for cell in row] for row in rows], kind, sheet, units, merged, aside)


def _area(words: str, extent: workbooks.Extent) -> tuple[int, int, int, int] | None:
    """A merged area within the cells that hold something; None where it is one cell, or none of these."""
    from openpyxl.utils import range_boundaries

    try:
        left, top, right, bottom = (place - 1 for place in range_boundaries(words))
    except (TypeError, ValueError):  # whole rows or columns come as None
        raise Unreadable(
            f"'{words[:40]}' is no area of merged cells; open the file in Excel, and save it anew"
        ) from None
    bottom, right = min(bottom, extent.row - 1), min(right, extent.column - 1)
    return (top, left, bottom, right) if top <= bottom and left <= right and (top, left) != (bottom, right) else None


def _others(content: bytes, sheet: str | None) -> Grid:
    """A workbook of another kind, in a process of its own."""
    if content.startswith(CONTAINER) and LOCKED in content:
        raise Unreadable("it is locked with a password; take the password off in Excel, and save it anew")
    if content.startswith(ZIP):
        try:
            size = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
        except Exception as error:
            raise Unreadable("the file breaks off; get it once more") from error
        if size > workbooks.MOST_BYTES:
            raise Unreadable(f"it would unpack to {size / 1e6:,.0f} MB; export fewer items, companies or years")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lib.vendor.readers"],
            input=pickle.dumps((content, sheet)),
            capture_output=True,
            cwd=ROOT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(f"it was not read within {SECONDS} seconds; export fewer items, companies or years") from None
    if done.returncode:
        raise Unreadable(
            "it is broken, or claims to be far larger than it is; open it, and save the table alone as .xlsx"
        )
    answer = pickle.loads(done.stdout)
    if isinstance(answer, str):
        raise Unreadable(answer)
    return answer


def _xls(content: bytes, sheet: str | None) -> Grid:
    """An older Excel workbook, with its number formats. Raises what xlrd does, anything, where it is broken."""
    import xlrd

    def cell(value, kind: int, form: int) -> Cell:
        if kind == xlrd.XL_CELL_ERROR:
            return Cell(xlrd.error_text_from_code.get(value, "#N/A"))
        if kind == xlrd.XL_CELL_DATE:
            return Cell(xlrd.xldate.xldate_as_datetime(value, book.datemode))
        value = (
            None
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
            else bool(value)
            if kind == xlrd.XL_CELL_BOOLEAN
            else value
        )
        return Cell(value, book.format_map[book.xf_list[form].format_key].format_str)

    book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
    sheets = {each.name: each for each in book.sheets()}
    titles = {
        name: "hidden" if each.visibility else "" if any(map(any, map(each.row_values, range(each.nrows)))) else "empty"
        for name, each in sheets.items()
    }
    chosen, aside = _chosen(titles, sheet)
    found = sheets[chosen]
    rows = [
        [
            cell(*each)
            for each in zip(
                found.row_values(r),
                found.row_types(r),
                map(partial(found.cell_xf_index, r), range(found.ncols)),
                strict=True,
            )
        ]
        for r in range(found.nrows)
    ]
    merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in found.merged_cells]
    grid = _formatted(rows, "Excel workbook", chosen, merged, aside)
    grid.hidden = sum(bool(each.hidden) for each in (*found.rowinfo_map.values(), *found.colinfo_map.values()))
    return grid


def _calamine(content: bytes, sheet: str | None) -> Grid:
    import pandas as pd
    from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum, ZipError

    try:
        book = pd.ExcelFile(io.BytesIO(content), engine="calamine")
        titles, frames = {}, {}
        for about in book.book.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                titles[about.name] = "a chart, without cells"
                continue
            frame = frames[about.name] = book.parse(about.name, header=None, na_filter=False, dtype=object)
            hidden = about.visible != SheetVisibleEnum.Visible
            titles[about.name] = "hidden" if hidden else "" if (frame != "").any(axis=None) else "empty"
        chosen, aside = _chosen(titles, sheet)
        frame = frames[chosen]
        if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS or frame.size > MOST_CELLS:
            raise Unreadable(
                f"sheet {chosen} has {len(frame):,} rows and {len(frame.columns):,} columns, more than is read; export fewer"
            )
        merged = book.book.get_sheet_by_name(chosen).merged_cell_ranges or []
        areas = [(top, left, bottom, right) for (top, left), (bottom, right) in merged]
        return Grid(frame.to_numpy(dtype=object).tolist(), "workbook", chosen, {}, areas, [*aside, NO_FORMATS])
    except PasswordError:
        raise Unreadable("it is locked with a password; take the password off in Excel, and save it anew") from None
    except (CalamineError, ZipError, ValueError, KeyError) as error:
        raise Unreadable(
            f"not a workbook that can be read ({type(error).__name__}); open it, and save it anew as .xlsx"
        ) from None


def _other(content: bytes, sheet: str | None) -> Grid:
    if content.startswith(CONTAINER):
        try:
            return _xls(content, sheet)
        except Unreadable:
            raise
        except Exception:  # calamine reads some that xlrd does not, and says what is wrong with the others
            return _calamine(content, sheet)
    return _calamine(content, sheet)


def _serve() -> None:
    """Read one workbook from standard input, and answer with a Grid or with why there is none."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError):  # not on Windows; or there is a lower limit already
        pass
    content, sheet = pickle.loads(sys.stdin.buffer.read())
    try:
        answer = _other(content, sheet)
    except Unreadable as reason:
        answer = str(reason)
    sys.stdout.buffer.write(pickle.dumps(answer))


def _stata(content: bytes) -> Grid:
    import pandas as pd

    try:
        with (
            warnings.catch_warnings(action="error", category=UnicodeWarning),
            pd.read_stata(io.BytesIO(content), iterator=True, convert_categoricals=False) as reader,
        ):
            labels, values, title = reader.variable_labels(), reader.value_labels(), reader.data_label
            frame = reader.read()
            days = list(frame.select_dtypes("datetime"))
        if days:
            raw = pd.read_stata(io.BytesIO(content), columns=days, convert_dates=False, convert_categoricals=False)
            frame[days] = pd.concat([_periods(frame[each], raw[each]) for each in days], axis=1)
    except UnicodeWarning:
        raise Unreadable(NOT_UNICODE) from None
    except Exception as error:  # what is broken in it comes up as anything from struct.error to MemoryError
        raise Unreadable(
            f"not a Stata file that can be read ({type(error).__name__}); save it anew with `saveold`"
        ) from error
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS or frame.size > MOST_CELLS:
        raise Unreadable(
            f"{len(frame):,} observations of {len(frame.columns):,} variables are more than are read; keep fewer"
        )
    for variable, words in values.items():
        if variable in frame:
            frame[variable] = frame[variable].map(lambda value, words=words: words.get(value, value))
    floats = frame.select_dtypes("float32")
    rounded = [name for name in floats if (floats[name].abs() > MOST_FLOAT).any()]
    aside = [f"digits after the seventh of {', '.join(rounded)}, which Stata keeps as float"] if rounded else []
    frame = frame.astype(object).where(frame.notna(), None)
    texts = [title, *labels.values(), *(cell for cell in frame.to_numpy().ravel() if isinstance(cell, str))]
    if not content.startswith(UNICODE_DTA) and not all(map(str.isascii, texts)):
        raise Unreadable(NOT_UNICODE)
    rows = [
        [row.to_pydatetime() if isinstance(row, pd.Timestamp) else row for row in line]
        for line in frame.to_numpy().tolist()
    ]
    names = list(frame.columns)
    return StataGrid([names, [labels.get(name, "") for name in names], *rows], "Stata file", aside=aside, title=title)


def _periods(days, stored):
    """What a Stata variable of time holds: years, months, quarters and half-years as such, where pandas gives their first day."""
    year, month = days.dt.year, days.dt.month
    words = {
        "%ty": (year, lambda day: f"{day.year}"),
        "%tm": ((year - 1960) * 12 + month - 1, lambda day: f"{day:%Y-%m}"),
        "%tq": ((year - 1960) * 4 + (month - 1) // 3, lambda day: f"{day.year}Q{(day.month + 2) // 3}"),
        "%th": ((year - 1960) * 2 + (month - 1) // 6, lambda day: f"{day.year}H{(day.month + 5) // 6}"),
    }
    for number, said in words.values():  # no day since 1960 has the number of its own year, month, quarter or half-year
        if days.notna().any() and (stored[days.notna()] == number[days.notna()]).all():
            return days.map(said, na_action="ignore").astype(object)
    return days


if __name__ == "__main__":
    from lib.vendor import readers  # the same classes as the caller's, to be pickled

    readers._serve()
