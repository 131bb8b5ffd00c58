"""Which columns and rows of an export are companies' amounts of which fiscal year, and what is left out, with the reason."""

import functools
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lib.errors import ParameterError, UserError
from lib.rows import own
from lib.rows.workbooks import letters
from lib.vendor import headings, layouts, readers
from lib.vendor.headings import CONSOLIDATED, LINES, NOT_KNOWN, PARENT, Column, Period, as_text, shown
from lib.vendor.layouts import Layout
from lib.words import name_list

LINE_WORDS = {"rd": "R&D expense (研发费用)", "sm": "selling expense (销售费用)", "revenue": "revenue (营业收入)"}
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
#: A number whose comma may stand before thousands or before decimals.
ONE_COMMA = re.compile(r"-?[0-9]{1,3},[0-9]{3}")
CODE = re.compile(r"(?i)(?:(?:sh|sz|bj)\.?)?([0-9]{6})(?:\.(?:sh|sz|bj|ss|xshg|xshe|bse|0))?")
#: How codes of companies begin, by exchange, and those of B shares.
CODES_OF = {"sh": ("60", "68"), "sz": ("00", "30"), "bj": ("4", "82", "83", "87", "88", "920")}
B_SHARES = ("200", "900")
#: Rows of text beside the companies' that are passed over; more of them are no footer.
MOST_NOTES = 30
#: What stands in a column of quarters or months where a row is of a whole year; no quarter has the number 12.
WHOLE_YEAR = ("年度", "全年", "年报", "annual", "FY", "12", "1-12月")
NO_YEAR = "rows: not a year that ends on 31 December (quarters and the like)"


@dataclass
class Record:
    """One company-year of an export: its row's index, the amounts as they came, and where else it differs from its like."""

    row: int
    code: str
    name: str
    year: int
    amounts: dict[str, Decimal | None]
    came: list


@dataclass
class Reading:
    """An export while it is read.

    aside: what is left out, counted by its reason; units: in yuan, with who states them, of those that no title does; bare: the
    row and column of the first amount whose unit at most a title states; commas: of the first amount with a comma that is
    'plain' or 'unsure'; rounded: amounts as texts whose exponent may have cost digits; renumbered: the tables' codes by those of
    today.
    """

    file: str
    grid: readers.Grid
    layout: Layout
    aside: Counter = field(default_factory=Counter)
    units: dict[int, str] = field(default_factory=dict)
    bare: tuple[int, Column] | None = None
    commas: dict[str, tuple[int, Column]] = field(default_factory=dict)
    rounded: list[str] = field(default_factory=list)
    renumbered: dict[str, str] = field(default_factory=own.renumbered)

    @functools.cached_property
    def periods(self) -> list[Column]:
        """The columns that tell a row's fiscal year, where anything stands in them."""
        years = self.layout.of("year")
        # Compustat gives a fiscal year to years that end in any month; its datadate is the day of that end.
        alone = years and self.layout.vendor == "Compustat Global"
        rows = self.grid.cells[self.layout.first :]
        columns = years if alone else [*years, *self.layout.of("day")]
        return [column for column in columns if any(row[column.place] is not None for row in rows)]

    def fault(self, row: int, column: Column | None, words: str) -> UserError:
        place = f"{self.file}, {self.grid.place(row)}" + (f", column {column.name}" if column else "")
        return UserError(f"{place}: {words}.")


# Which columns are which line


def lines_of(reading: Reading, year: int | None) -> dict[str, dict[int | None, Column]]:
    """The columns of each line by fiscal year, None where the rows say the year."""
    layout, file = reading.layout, reading.file
    if layout.unfilled:
        row, place = layout.unfilled
        words = shown(as_text(reading.grid.cells[row][place]))
        raise UserError(
            f"{file}, {reading.grid.place(row)}: '{words}' stands over column {letters(place + 1)}, and nothing over the next, as where merged "
            "cells were lost; fill the row in, so that each column says what it holds."
        )
    if layout.of("item"):
        return _item_lines(reading, year)
    places: dict[str, dict] = {}
    only_parent, relative = {}, {}
    for line in LINES:
        for column in layout.of(line):
            _in_yuan(reading, column)
            if column.statement not in ("", CONSOLIDATED):
                reading.aside[f"column of {column.statement} figures"] += 1
                only_parent[line] = column
                continue
            when = column.period
            if when and when.relative and when.annual:
                relative.setdefault(when.relative, column)
                if year is None:
                    raise ParameterError(
                        f"{file}, column {column.name}: '{when.relative}' names no year; say which it was, such as --year 2021."
                    )
                when = Period(year, True)
            if when and not when.annual:
                reading.aside["column of a part of a year"] += 1
                continue
            key = when.year if when else None
            held = places.setdefault(line, {})
            if key in held:
                raise UserError(
                    f"{file}: columns {held[key].name} and {column.name} both hold {LINE_WORDS[line]}{f' of {key}' if key else ''}, "
                    "as under a merged header; keep one, or give each a header of its own."
                )
            held[key] = column
    for column in layout.of(""):
        if column.period and any(_is_amount(row[column.place]) for row in reading.grid.cells[layout.first :]):
            reading.aside[f"column {column.name}, which names a period and no line"] += 1
    if len(relative) > 1:
        one, other = list(relative.values())[:2]
        raise UserError(
            f"{file}: columns {one.name} and {other.name} are of different years; export them with the years' numbers."
        )
    for line in ("rd", "sm"):
        if line not in places:
            raise UserError(f"{file}: {_missing(reading, line, only_parent)}")
    if year is not None:
        for line, columns in places.items():
            if None not in columns and year not in columns:
                raise ParameterError(
                    f"--year: {LINE_WORDS[line]} has columns for {name_list(map(str, sorted(columns)))}, not for {year}."
                )
    plain = {line: None in columns for line, columns in places.items()}
    for columns in places.values():
        if None in columns and len(columns) > 1:
            raise UserError(
                f"{file}: column {columns[None].name} names no year, and its like do; give it one, or take it out."
            )
    if plain["rd"] != plain["sm"]:
        raise UserError(
            f"{file}: of R&D and selling expense only one names its year in the header; name it in both, or in neither."
        )
    if plain.get("revenue", plain["rd"]) != plain["rd"]:
        reading.aside["column of revenue whose year is told in another way than the expenses'"] += 1
        del places["revenue"]
    return places


def _in_yuan(reading: Reading, column: Column) -> None:
    if column.foreign:
        raise UserError(
            f"{reading.file}, column {column.name}: amounts in {column.foreign}; export them in yuan, or convert them first."
        )


def _missing(reading: Reading, line: str, only_parent: dict) -> str:
    """What to say where no column holds a line."""
    if line in only_parent:
        column = only_parent[line]
        return f"column {column.name} is the only {LINE_WORDS[line]}, and holds {column.statement} figures; export consolidated ones (合并报表)."
    near = [f"column {column.name} is {column.why}" for column in reading.layout.of("near")]
    parts = [column for column in reading.layout.of(line) if column.period and not column.period.annual]
    if parts:
        near.append(f"column {parts[0].name} is {headings.NOT_ANNUAL}; export the annual report")
    reason = f" ({'; '.join(near[:3])})" if near else ""
    unread = [column.name for column in reading.layout.of("") if column.words]
    there = f" Columns that are not read: {name_list(unread[:6])}." if unread else ""
    return f"no column is {LINE_WORDS[line]}{reason}; export that line too, or head its column with one of these names.{there}"


def _item_lines(reading: Reading, year: int | None) -> dict[str, dict]:
    """Lines where each row has one item, such as 研发费用, and a column for each year."""
    file, (item, *_others), years = reading.file, reading.layout.of("item"), {}
    for column in reading.layout.columns:
        if column.role or not column.period:
            continue
        _in_yuan(reading, column)
        if column.unknown:
            raise UserError(
                f"{file}, column {column.name}: '{shown(column.unknown[0])}' is not understood; head it with its year alone, or take it out."
            )
        if column.statement not in ("", CONSOLIDATED):
            reading.aside[f"column of {column.statement} figures"] += 1
        elif not column.period.annual:
            reading.aside["column of a part of a year"] += 1
        elif (held := years.setdefault(column.period.year, column)) is not column:
            raise UserError(f"{file}: columns {held.name} and {column.name} are both {column.period.year}; keep one.")
    if not years:
        raise UserError(f"{file}: column {item.name} names items, but no column is a year; export years as columns.")
    cells = (row[item.place] for row in reading.grid.cells[reading.layout.first :])
    found = {headings.role(str(cell)) for cell in cells if cell is not None}
    for line in ("rd", "sm"):
        if line not in found:
            raise UserError(f"{file}, column {item.name}: no row is {LINE_WORDS[line]}; export that line too.")
    if year is not None and year not in years:
        raise ParameterError(f"--year: the file has columns for {name_list(map(str, sorted(years)))}, not for {year}.")
    return {line: dict(years) for line in LINES if line in found}


def each_column(places: dict) -> list[tuple[str, Column]]:
    """The columns that are read, each with its line."""
    return [(line, column) for line, columns in places.items() for column in columns.values()]


def used_columns(places: dict) -> list[Column]:
    """The columns that are read, each once."""
    return list({column.place: column for _, column in each_column(places)}.values())


# Rows


def records_of(reading: Reading, places: dict, year: int | None) -> list[Record]:
    """The company-years of an export, with amounts as they came; counts what is left out, and collects units that rows state."""
    grid, layout = reading.grid, reading.layout
    code_column, name_column = _code_column(reading, used_columns(places)), next(iter(layout.of("name")), None)
    if not code_column and not name_column:
        raise UserError(f"{reading.file}: no column names the companies; export 证券代码 or 证券简称 too.")
    _require_one_block(reading)
    item = next(iter(layout.of("item")), None)
    width = max(column.place for column in layout.columns if column.words) + 1
    found: dict[tuple, Record] = {}
    records, notes = [], []
    amounts = [
        index for index, row in enumerate(grid.cells) if any(_is_amount(row[c.place]) for c in used_columns(places))
    ]
    last = amounts[-1] if amounts else 0
    for index in range(layout.first, len(grid.cells)):
        row = grid.cells[index]
        if not any(cell is not None for cell in row):
            continue
        if grid.separator and any(cell is not None for cell in row[width:]):
            raise reading.fault(
                index,
                None,
                "more cells than the header has; write amounts without thousands separators, or in quotation marks",
            )
        code, name = _company(reading, index, code_column, name_column)
        used = [column for column in used_columns(places) if row[column.place] is not None]
        # Where no company is named, the label of a total may stand in any column, as that of the groups.
        if not code and any(map(own.is_total, [name] if name else layouts.texts(row))):
            reading.aside["total rows (合计 and the like)"] += 1
            continue
        if (not code and not name) or (not code and not any(_is_amount(row[column.place]) for column in used)):
            if any(_is_amount(row[column.place]) for column in used):
                raise reading.fault(
                    index, None, "amounts without a company; give its code or name, or take the row out"
                )
            _require_note(reading, index, name, used, index < last)
            notes.append(index)
            continue
        if code_column and not code:
            raise reading.fault(
                index, code_column, f"{shown(name)} has no code here, as others have; give it, or take the row out"
            )
        if not _statement(reading, index):
            continue
        _yuan(reading, index)
        when = _period(reading, index, places, year)
        if when is None:
            continue
        named = _named(reading, index, item, places) if item else None
        if item and not named:
            continue
        lines = [named.role] if item else list(places)
        stated = _row_unit(reading, index, named)
        amounts = {
            line: {key: _amount(reading, index, column, stated) for key, column in places[line].items()}
            for line in lines
        }
        for each in sorted({key for by_year in amounts.values() for key in by_year}, key=lambda key: key or 0):
            fiscal = each or when.year
            if year is not None and fiscal != year:
                reading.aside["company-years of other years than --year"] += 1
                continue
            values = {line: by_year.get(each) for line, by_year in amounts.items()}
            if item:  # the same company-year stands in a row for each item
                known = found.setdefault((code or name, fiscal), Record(index, code, name, fiscal, {}, row))
                value = values[lines[0]]
                if value is not None and known.amounts.get(lines[0]) == value:
                    reading.aside["rows: an item once more, with the same figure"] += 1
                elif known.amounts.get(lines[0]) is not None:
                    raise reading.fault(
                        index, item, f"{shown(name or code)} has {shown(row[item.place])} of {fiscal} twice; keep one"
                    )
                known.amounts |= values
            else:
                records.append(Record(index, code, name, fiscal, values, row))
    records += found.values()
    if reading.grid.separator in (";", "\t") and "unsure" in reading.commas and "plain" not in reading.commas:
        index, column = reading.commas["unsure"]
        raise reading.fault(
            index,
            column,
            f"'{grid.cells[index][column.place]}' may be thousands or have decimals after its comma; write amounts without thousands "
            "separators, with decimal points",
        )
    if len(notes) > MOST_NOTES:
        raise UserError(
            f"{reading.file}, rows {notes[0] + 1} to {notes[-1] + 1}: {len(notes):,} rows of text that are no company; delete them, "
            "so that what is data is plain."
        )
    if notes:
        reading.aside[f"rows of text such as '{_note(reading, notes[-1])}'"] += len(notes)
    years = {record.year for record in records}
    for title in layout.said:
        if title.role == "day" and title.period.annual and records and title.period.year not in years:
            raise UserError(
                f"{reading.file}: '{shown(title.words)}' says {title.period.year}, and no amounts are of it; keep the one that is right."
            )
    if not records:
        reasons = "; ".join(
            f"{count:,} {reason}" for reason, count in reading.aside.items() if reason != "seen consolidated"
        )
        raise UserError(
            f"{reading.file}: no row is a company's consolidated figures of a whole year ({reasons or 'there is none'}); export the annual, "
            "consolidated income statement."
        )
    return records


def _require_one_block(reading: Reading) -> None:
    """Raise UserError where tables stand side by side: companies are named again behind an empty column, or others in a row."""
    layout, grid = reading.layout, reading.grid
    keys = [column for column in layout.columns if column.role in layouts.KEYS]
    lines = [column.place for column in layout.columns if column.role in (*LINES, "near")]
    for column in keys[1:]:
        gap = any(not layout.columns[place].words for place in range(keys[0].place, column.place))
        alike = next((other for other in keys if other.place < column.place and other.role == column.role), None)
        same = alike and (alike.role == "code" or alike.words == column.words)
        pairs = [(row[alike.place], row[column.place]) for row in grid.cells[layout.first :]] if same else []
        differ = any(None not in pair and _digits_of(pair[0]) != _digits_of(pair[1]) for pair in pairs)
        if (gap and lines and min(lines) < column.place) or differ:
            raise UserError(
                f"{reading.file}, column {column.name}: companies are named again, as in a second table beside the first; give each table a "
                "file or a sheet of its own."
            )


def _digits_of(cell) -> str:
    """What two ways to write one code have in common; other words as they are."""
    found = CODE.fullmatch(as_text(cell))
    return found[1] if found else as_text(cell)


def _require_note(reading: Reading, index: int, name: str, used: list[Column], followed: bool) -> None:
    """Raise UserError where a row of text is the header of another table, or a company's with words in place of amounts; the
    same header once more is passed over. followed: amounts stand below."""
    row, header = reading.grid.cells[index], [reading.grid.cells[each] for each in reading.layout.header]
    named = {headings.role(text) for text in layouts.texts(row)}
    if len(named - {"", "near"}) > 1 and row not in header:
        raise reading.fault(index, None, "a second header; give each table a file or a sheet of its own")
    for column in used if name or followed else ():
        words = row[column.place]
        known = not isinstance(words, str) or NOT_KNOWN.fullmatch(words) or _heard(words)
        if not known and words not in (above[column.place] for above in header):
            if name:
                _amount(reading, index, column, stated=False)
            raise reading.fault(
                index,
                column,
                f"'{shown(words)}' stands among the amounts; take the row out, or, where it is a second header, give each table a file or "
                "a sheet of its own",
            )


def _heard(words: str) -> bool:
    """Whether words state something of all amounts that is held against the rest; of a period only a header's columns could."""
    said = headings.stated(words)
    return bool(said and not said.period)


def _note(reading: Reading, index: int) -> str:
    return shown(next(cell for cell in reading.grid.cells[index] if cell is not None), 30)


def _is_amount(cell) -> bool:
    return cell is not None and not isinstance(cell, (bool, datetime)) and bool(NUMBER.fullmatch(str(cell)))


def _code_column(reading: Reading, used: list[Column]) -> Column | None:
    """The first column of codes in which most cells beside amounts are like one. Where fewer are, that is a fault."""
    rows = reading.grid.cells[reading.layout.first :]
    rows = [row for row in rows if any(_is_amount(row[column.place]) for column in used)] or rows
    for column in reading.layout.of("code"):
        cells = [row[column.place] for row in rows if row[column.place] is not None]
        codes = sum(map(layouts.code_like, cells))
        if codes * 2 >= len(cells) > 0:
            return column
        if codes:
            raise UserError(
                f"{reading.file}, column {column.name}: {codes:,} of {len(cells):,} cells are codes; give each company its code, or take the "
                "column out."
            )
        if cells:
            reading.aside[f"column {column.name}: cells of which none is a code"] += len(cells)
    return None


def _company(reading: Reading, index: int, code_column: Column | None, name_column: Column | None) -> tuple[str, str]:
    """A row's six-digit code in the tables' numbering, and its name; each '' where there is none."""
    row = reading.grid.cells[index]
    name = "" if name_column is None or row[name_column.place] is None else str(row[name_column.place])
    if name and (layouts.is_date(row[name_column.place]) or own.ERRORS.fullmatch(name)):
        raise reading.fault(
            index, name_column, f"'{shown(name)}' is no company's name; look for a slipped column or a broken formula"
        )
    cell = row[code_column.place] if code_column else None
    if cell is None or not layouts.code_like(cell):
        return "", own.spaced(name)
    text = unicodedata.normalize("NFKC", as_text(cell))
    if found := CODE.fullmatch(text):
        suffix = re.search(r"xshg|xshe|bse|sh|sz|bj|ss", text.lower())
        where = suffix and {"xshg": "sh", "ss": "sh", "xshe": "sz", "bse": "bj"}.get(suffix[0], suffix[0])
        if found[1].startswith(B_SHARES):
            raise reading.fault(
                index, code_column, f"'{shown(text)}' is a B share; give the company's code of its A share"
            )
        if not found[1].startswith(CODES_OF[where] if where else sum(CODES_OF.values(), ())):
            raise reading.fault(
                index,
                code_column,
                f"'{shown(text)}' is no company of {'that exchange' if where else 'an exchange'}, but perhaps an index; take the row out",
            )
        return reading.renumbered.get(found[1], found[1]), own.spaced(name)
    if text.isdigit():
        how = (
            f"`tostring {code_column.words.split()[0]}, replace format(%06.0f)` in Stata"
            if isinstance(reading.grid, readers.StataGrid)
            else "export it as text, or format the column as text and fill the zeros in"
        )
        raise reading.fault(index, code_column, f"'{text}' has lost the zeros in front of it; {how}")
    raise reading.fault(
        index, code_column, f"'{shown(text)}' is not a code of Shanghai, Shenzhen or Beijing; take the row out"
    )


def _statement(reading: Reading, index: int) -> bool:
    """Whether a row holds consolidated figures, as far as it tells."""
    for column in reading.layout.of("statement"):
        cell = reading.grid.cells[index][column.place]
        if cell is None:
            continue
        text = as_text(cell)
        kind = headings.STATEMENTS.get(headings.bare(text), f"statements of the kind '{shown(text, 20)}'")
        if kind not in ("", CONSOLIDATED):
            reading.aside[f"rows: {kind}" + (" figures" if kind == PARENT else "")] += 1
            return False
        if kind == CONSOLIDATED:
            reading.aside["seen consolidated"] = 1
    return True


def _yuan(reading: Reading, index: int) -> None:
    """Raise UserError where a row says that its amounts are in another currency."""
    row = reading.grid.cells[index]
    for column in reading.layout.of("currency"):
        cell = row[column.place]
        known = cell is None or NOT_KNOWN.fullmatch(str(cell)) or headings.YUAN.fullmatch(str(cell))
        if not known and headings.factor(str(cell)) != 1:
            raise reading.fault(
                index, column, f"amounts in '{shown(cell, 20)}'; convert them to yuan, or take the row out"
            )


def _named(reading: Reading, index: int, item: Column, places: dict) -> Column | None:
    """What a row's item says, as a header would; None, and counted, where it is not a line of consolidated figures that is read."""
    cell = reading.grid.cells[index][item.place]
    said = headings.alone(str(cell))
    if said.role not in places:
        reading.aside[f"rows of other items ({shown(cell, 20)}{f': {said.why}' if said.why else ''})"] += 1
        return None
    if said.foreign:
        raise reading.fault(index, item, f"amounts in {said.foreign}; convert them to yuan, or take the row out")
    if said.period:
        raise reading.fault(
            index, item, f"'{shown(cell)}' names a period, as the columns do; let one of them name the year"
        )
    if said.statement not in ("", CONSOLIDATED):
        reading.aside[f"rows: {said.statement} figures"] += 1
        return None
    return said


def _row_unit(reading: Reading, index: int, named: Column | None) -> bool:
    """Whether a row, or its item `named`, states the unit of its amounts; the unit is put down."""
    stated = False
    if named and named.unit is not None:
        stated = True
        reading.units.setdefault(named.unit, f"'{shown(named.words, 30)}' in {reading.grid.place(index)}")
    for column in reading.layout.of("unit"):
        cell = reading.grid.cells[index][column.place]
        if cell is not None:
            stated, factor = True, headings.factor(str(cell))
            if factor is None:
                raise reading.fault(
                    index, column, f"'{shown(cell, 20)}' is no unit of amounts in yuan; export amounts in 元"
                )
            reading.units.setdefault(factor, f"column {column.name}")
    return stated


def _period(reading: Reading, index: int, places: dict, year: int | None) -> Period | None:
    """A row's fiscal year; None, and counted, where it is no whole year. All that a row says of its period must agree."""
    layout, row = reading.layout, reading.grid.cells[index]
    quarters = (row[column.place] for column in layout.of("quarter"))
    if any(cell is not None and as_text(cell) not in WHOLE_YEAR for cell in quarters):
        reading.aside[NO_YEAR] += 1
        return None
    held: tuple[Column, Period] | None = None
    for column in reading.periods:
        cell = row[column.place]
        if cell is None:
            continue
        when = headings.period(cell)
        if when is None and headings.STATEMENTS.get(headings.bare(as_text(cell))) == "":
            continue  # such as 年报: of a year, but not which
        if when is None or when.relative:
            raise reading.fault(index, column, f"'{shown(cell)}' is no year and no day; write it as 2021 or 2021-12-31")
        if not when.annual:
            reading.aside[NO_YEAR] += 1
            return None
        if held and held[1] != when:
            raise reading.fault(
                index, column, f"{when.year}, but column {held[0].name} says {held[1].year}; keep the one that is right"
            )
        held = held or (column, when)
    said = [title for title in layout.said if title.period]
    partly = next((title for title in said if not title.period.annual), None)
    if partly and not (held and headings.day(row[held[0].place])):
        raise UserError(
            f"{reading.file}: '{shown(partly.words)}' says {headings.NOT_ANNUAL}; export the annual report."
        )
    if None not in places["rd"]:  # the header tells
        others = [each for each in places["rd"] if held and each != held[1].year]
        if others:
            raise reading.fault(
                index,
                held[0],
                f"{held[1].year}, but column {places['rd'][others[0]].name} is {others[0]}; take out what does not tell the figures' year",
            )
        return Period(0, True)
    if held:
        return held[1]
    if reading.periods:
        raise reading.fault(index, reading.periods[0], "empty, where other rows name their year; fill it in")
    if year is None:
        stated = f" ('{shown(said[0].words)}' may be it)" if said else ""
        raise ParameterError(
            f"{reading.file}: no header and no column says which fiscal year the figures are of{stated}; say it, such as --year 2021."
        )
    for title in said:
        if title.period.year not in (0, year):
            raise ParameterError(
                f"--year: {year}, but '{shown(title.words)}' says {title.period.year}; leave the other years out, or mend the file."
            )
    return Period(year, True)


def other_years(reading: Reading, year: int | None) -> list[Column]:
    """The columns that are not read in which every cell is a year, and some another one than `year`, where it alone says the year."""
    if year is None or reading.periods:
        return []
    found = []
    for column in reading.layout.of(""):
        cells = [row[column.place] for row in reading.grid.cells[reading.layout.first :]]
        whens = [headings.period(cell) for cell in cells if cell is not None]
        if column.words and whens and all(whens) and any(when.year != year for when in whens):
            found.append(column)
    return found


def told(reading: Reading, record: Record) -> tuple:
    """When a row was told, to compare: days, and marks of an update; None where it does not say."""
    found = []
    for column in reading.layout.of("told"):
        cell = reading.grid.cells[record.row][column.place]
        day = headings.day(cell)
        if day is None and cell is not None and (mark := re.fullmatch(r"([01])(\.0)?", str(cell))):
            day = datetime(1, 1, 1 + int(mark[1]))  # 1 is an update of 0
        if day is None and cell is not None:
            raise reading.fault(record.row, column, f"'{shown(cell)}' is no day; write it as 2022-04-25")
        found.append(day)
    return tuple(found)


def _amount(reading: Reading, index: int, column: Column, stated: bool) -> Decimal | None:
    """A row's amount in the unit of the file; None where not known. stated: whether the row states its unit."""
    cell = reading.grid.cells[index][column.place]
    if cell is None or (isinstance(cell, str) and NOT_KNOWN.fullmatch(cell)):
        return None
    if unit := reading.grid.units.get((index, column.place)):
        factor = headings.factor(unit)
        if factor is None:
            raise reading.fault(index, column, f"the sheet shows it with '{shown(unit)}'; export plain amounts in yuan")
        reading.units.setdefault(factor, f"the number format of column {column.name}")
    if column.unit is not None:
        reading.units.setdefault(column.unit, f"column {column.name}")
    elif not unit and not stated:
        reading.bare = reading.bare or (index, column)
    text = str(cell)
    if isinstance(cell, (bool, datetime)) or not NUMBER.fullmatch(text):
        unit = re.fullmatch(r"-?[\d.,]+\s*([^\d\s.,]+)", text)
        words = (
            f"'{shown(text)}' has its unit in the cell, which is rounded; export plain numbers"
            if unit and headings.factor(unit[1])
            else f"'{shown(text)}' is not an amount; {own.advice(text)}"
        )
        raise reading.fault(index, column, words)
    if re.match(r"-?0[0-9]", text):
        raise reading.fault(
            index,
            column,
            f"'{shown(text)}' begins with a zero, as the rest of a number that was cut at its separators; mend it",
        )
    if isinstance(cell, str) and "e" in text.lower() and sum(map(str.isdigit, text.lower().partition("e")[0])) < 15:
        reading.rounded.append(f"{text} in {reading.grid.place(index)}")
    if "," in text:
        reading.commas.setdefault("unsure" if ONE_COMMA.fullmatch(text) else "plain", (index, column))
    return Decimal(text.replace(",", ""))
