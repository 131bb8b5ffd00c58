"""Read the cells of an Excel workbook (.xlsx) that nobody vouches for: first how large it is, then row by row.

Nothing grows with what a file claims of itself, only with the cells that it holds, and these are counted before they are read.
"""

import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree

from lib.words import name_list

#: Bytes that all parts of a workbook may take when unpacked, and how many parts there may be.
MOST_BYTES, MOST_PARTS = 400_000_000, 2_000

#: How files begin: the zip of an .xlsx, .xlsb or .ods, and the older container of an .xls or of a locked workbook.
ZIP, CONTAINER = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOCKED = "EncryptedPackage".encode("utf-16-le")
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

#: Currencies and units as a number format shows them that are yuan, and so say nothing new.
YUAN_SIGNS = ("¥", "￥", "元", "人民币", "人民币元", "CNY", "RMB", "YUAN")


class Unreadable(ValueError):
    """Why a workbook cannot be read and what to do, without the file's name and without a full stop."""


@dataclass(frozen=True)
class Sheet:
    """One sheet. state: 'visible', 'hidden' or 'veryHidden'; chart: it is a chart and has no cells; part: its place inside."""

    title: str
    state: str
    chart: bool
    part: str


@dataclass
class Extent:
    """What a scan of a sheet finds. row, column: the furthest with something in it; merged: the merged areas, as texts;
    uncounted: cells with a formula and no stored value; hidden: rows and columns that are not shown; too_large: the scan ended early,
    as it is more than was asked for."""

    row: int = 0
    column: int = 0
    merged: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    hidden: int = 0
    too_large: bool = False


class Cell(NamedTuple):
    """A cell's value, and the number format that it is shown in."""

    value: object
    shown_as: str = "General"


class Workbook:
    """An .xlsx file, opened. Raises Unreadable where it is something else, broken, locked or far too large.

    most_rows, most_columns: a sheet that reaches further is not scanned to its end.
    """

    def __init__(self, content: bytes, most_rows: int, most_columns: int):
        self.content, self.most_rows, self.most_columns = content, most_rows, most_columns
        if content.startswith(CONTAINER):
            raise Unreadable(
                "it is locked with a password; take the password off in Excel, and save it anew"
                if LOCKED in content
                else "it is an older Excel file under the name of an .xlsx; open it and save it anew as .xlsx or as CSV UTF-8"
            )
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(content))
            parts = self.zip.infolist()
        except Exception as error:  # a damaged zip comes up as anything from BadZipFile to struct.error
            raise Unreadable(
                "the file breaks off; get it once more"
                if content.startswith(ZIP)
                else "not an Excel workbook; open it and save it anew as .xlsx or as CSV UTF-8"
            ) from error
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
            raise Unreadable(
                f"it would unpack to {len(parts):,} parts and {sum(part.file_size for part in parts) / 1e6:,.0f} MB; copy the table "
                "alone to a new workbook"
            )
        self.sheets = self._sheets()

    def _sheets(self) -> list[Sheet]:
        book = self._part("xl/workbook.xml")
        if b"purl.oclc.org/ooxml" in book[:4000]:
            raise Unreadable("it is 'Strict Open XML'; save it anew as plain 'Excel Workbook (.xlsx)'")
        links = {
            link.get("Id"): (link.get("Target", ""), link.get("Type", ""))
            for link in self._xml(self._part("xl/_rels/workbook.xml.rels"))
        }
        found = []
        for entry in self._xml(book).iter():
            if _local(entry.tag) == "sheet":
                target, kind = links.get(entry.get(RELATION), ("", ""))
                part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
                state = entry.get("state", "visible")
                found.append(Sheet(entry.get("name", ""), state, not kind.endswith("/worksheet"), part))
        return found

    def _part(self, name: str) -> bytes:
        try:
            return self.zip.read(name)
        except Exception as error:
            raise Unreadable(
                f"not an Excel workbook that can be read ({type(error).__name__} in {name}); open it and save it anew as .xlsx "
                "or as CSV UTF-8"
            ) from error

    @staticmethod
    def _xml(content: bytes) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(content)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise Unreadable(
                f"not an Excel workbook that can be read ({error}); open it and save it anew as .xlsx or as CSV UTF-8"
            ) from error

    def extent(self, sheet: Sheet) -> Extent:
        """How far a sheet reaches, and what is merged in it. The scan ends where the sheet is too large."""
        found, row, column = Extent(), 0, 0
        try:
            with self.zip.open(sheet.part) as part:
                for event, item in ElementTree.iterparse(part, events=("start", "end")):
                    kind = _local(item.tag)
                    if event == "start":
                        if kind == "row":
                            row, column = int(item.get("r", row + 1)), 0
                        if kind in ("row", "col"):
                            found.hidden += item.get("hidden") in ("1", "true")
                        continue
                    if kind == "c":
                        place = CELL.fullmatch(item.get("r", ""))
                        column = _number(place[1]) if place else column + 1
                        content = {_local(child.tag): child.text for child in item}
                        if item.get("t") == "str" and "v" in content and not content["v"]:
                            continue  # a formula that gives an empty text
                        if "f" in content and not content.get("v"):
                            found.uncounted.append(f"row {row}, column {letters(column)}")
                        if content.get("v") or content.keys() & {"is", "f"}:
                            found.row, found.column = max(found.row, row), max(found.column, column)
                        if found.row > self.most_rows or found.column > self.most_columns:
                            found.too_large = True
                            return found
                    elif kind == "mergeCell":
                        found.merged.append(item.get("ref", ""))
                    if kind in ("row", "mergeCell"):
                        item.clear()
        except Unreadable:
            raise
        except Exception as error:  # what is broken in a zip of XML comes up as anything from zlib.error to KeyError
            raise self._broken(error) from error
        return found

    def rows(self, sheet: Sheet, extent: Extent) -> list[list[Cell]]:
        """The cells of a sheet as far as `extent` found something, a list per row, from row 1 on."""
        import openpyxl

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what openpyxl does not draw: it is only asked for cells
                book = openpyxl.load_workbook(io.BytesIO(self.content), read_only=True, data_only=True)
                reach = {"min_row": 1, "max_row": extent.row, "min_col": 1, "max_col": extent.column}
                rows = [
                    [Cell(cell.value, getattr(cell, "number_format", None) or "General") for cell in row]
                    for row in book[sheet.title].iter_rows(**reach)
                ]
                return [[*row, *[Cell(None)] * (extent.column - len(row))] for row in rows]
        except Exception as error:
            raise self._broken(error) from error

    @staticmethod
    def _broken(error: Exception) -> Unreadable:
        return Unreadable(
            f"not an Excel workbook that can be read ({type(error).__name__}); open it and save it anew as .xlsx or as CSV UTF-8"
        )


def is_xlsx(content: bytes) -> bool:
    """Whether a file's content is an .xlsx workbook, by its parts."""
    try:
        return content.startswith(ZIP) and "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except Exception:  # a damaged zip comes up as anything from BadZipFile to struct.error
        return False


def only_table(book: Workbook) -> tuple[Sheet, Extent]:
    """The one sheet that holds something. Raises Unreadable where there are several or none."""
    extents = [(sheet, book.extent(sheet)) for sheet in book.sheets if not sheet.chart]
    full = [(sheet, extent) for sheet, extent in extents if extent.row]
    if len(full) == 1:
        return full[0]
    if full:
        raise Unreadable(
            f"{len(full)} sheets hold something ({', '.join(sheet_words(sheet) for sheet, _ in full)}); leave one sheet, with one "
            "table that starts in cell A1"
        )
    charts = [sheet_words(sheet) for sheet in book.sheets if sheet.chart]
    words = (
        f"it holds no cells, only the chart {name_list(charts)}" if charts and not extents else "the workbook is empty"
    )
    raise Unreadable(f"{words}; leave one sheet, with one table that starts in cell A1")


def sheet_words(sheet: Sheet) -> str:
    """A sheet as a sentence names it; one that Excel does not show is called so."""
    return sheet.title if sheet.state == "visible" else f"{sheet.title}, which is hidden"


def unit_beside(cell: Cell) -> str:
    """The currency or unit that a number's format shows beside it; empty for what is no number."""
    return shown_unit(cell.shown_as, cell.value) if is_number(cell) else ""


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a number, and not a truth value."""
    return isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)


def shown_unit(code: str, value: float = 1) -> str:
    """The currency or unit that a number format shows beside `value`, as in `0.00"万元"`; empty where it shows none or yuan.

    Per cent counts as one. Signs that only lay out (spaces, brackets, dashes, colours) do not.
    """
    return next((unit for section in _sections(code, value) if (unit := _section_unit(section))), "")


def cut(cell: Cell) -> bool:
    """Whether a number's format shows it in thousands or the like: whether they or the number are meant, only its author knows."""
    pointed = (re.sub(r'"([.,])"', r"!\1", each) for each in _sections(cell.shown_as, cell.value))
    sections = (re.sub(r'"[^"]*"|\[[^\]]*\]|[_*].', "", each) for each in pointed)
    return any(re.search(r"[0#?],+(?![0#?,])|[0#?][\\!]\.[0#?]", section) for section in sections)


def _sections(code: str, value: float) -> list[str]:
    """The section of a number format that `value` is shown by; all of them where they have conditions."""
    sections = [""]  # for what is above zero, below it, and zero, else with a condition each
    for token in re.findall(r'"[^"]*"|[\\!_*].|.', code, re.S):
        sections = [*sections, ""] if token == ";" else [*sections[:-1], sections[-1] + token]
    if re.search(r"\[[<>=]", code):
        return sections
    which = 1 if value < 0 else 2 if value == 0 else 0
    return [sections[which if which < len(sections) else 0]]


def _section_unit(section: str) -> str:
    """What one section of a number format shows beside its number."""
    if "%" in section:
        return "%"
    # [$-804] is a locale, [$€-2] is a currency; other brackets hold colours and conditions.
    signs = re.findall(r"\[\$([^\]-]+)", section)
    plain = re.sub(r"\[[^\]]*\]", "", section)
    signs += re.findall(r'"([^"]*)"', plain)
    plain = re.sub(r'"[^"]*"', "", plain)
    signs += re.findall(r"[\\!](.)", plain)
    plain = re.sub(r"[\\!_*].", "", plain)
    if not re.search(r"[ymdhsg年月日时分秒]", plain, re.I) or re.search(r"[0#?]", plain):  # else a date or time
        signs += re.findall(r"[€£₩₹$¥￥]|(?!General|[Ee][+-])[^\W\d_]+", plain)
    words = re.sub(r"[\s()（）.,，。:：;；/+\-–—'’_]", "", "".join(signs))
    return "" if words.upper() in ("", *YUAN_SIGNS) else words


def letters(column: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    words = ""
    while column:
        column, rest = divmod(column - 1, 26)
        words = chr(65 + rest) + words
    return words


def _number(words: str) -> int:
    number = 0
    for letter in words:
        number = number * 26 + ord(letter) - 64
    return number


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
