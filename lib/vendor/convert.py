"""A vendor's export becomes a plain cohort file: what was understood is told, and what is not plain is asked, never guessed."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath

import pandas as pd

from lib import parameters, tables
from lib.errors import ParameterError, UserError
from lib.rows import origins, own
from lib.vendor import layouts, readers
from lib.vendor.layouts import CONSOLIDATED, DOCUMENTED, LINES, PARENT, Column, Layout, Period, shown
from lib.words import name_list

LINE_WORDS = {"rd": "R&D expense (研发费用)", "sm": "selling expense (销售费用)", "revenue": "revenue (营业收入)"}
#: What vendors write where they have no figure.
NOT_KNOWN = re.compile(r"(?i)[-–—.]+|n\.?/?a\.?|nan|none|null|nat|#N/A|无|不适用|未披露")
NUMBER = re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
#: A number whose comma may stand before thousands or before decimals.
ONE_COMMA = re.compile(r"-?[0-9]{1,3},[0-9]{3}")
CODE = re.compile(r"(?i)(?:(?:sh|sz|bj)\.?)?([0-9]{6})(?:\.(?:sh|sz|bj|ss|xshg|xshe|bse|0))?")
#: Rows of text beside the companies' that are passed over; more of them are no footer.
MOST_NOTES = 30
NO_YEAR = "rows: not a year that ends on 31 December (quarters and the like)"
FILED = ("first", "latest")


@dataclass
class Cohort:
    """A plain cohort file that an export became. rows: as they stand in `content`, a CSV; origin: where they come from."""

    name: str
    content: bytes
    origin: dict
    rows: list[dict]


@dataclass
class Outcome:
    """What came of an export. report: what was understood, in lines; problem: what must be settled or is wrong, or None;
    cohort: the file that it becomes, None where there is a problem."""

    report: list[str]
    problem: UserError | None = None
    cohort: Cohort | None = None


@dataclass
class Record:
    """One company-year of an export: its row's index, the amounts as they came, and where else it differs from its like."""

    row: int
    code: str
    name: str
    year: int
    amounts: dict[str, Decimal | None]
    came: list


def renumbered() -> dict[str, str]:
    """The codes of 2022 of the Beijing exchange's companies, which the tables use, by the 920 codes that they have now."""
    roster = tables.load("bse_roster").dropna(subset="code_920")
    return dict(zip(roster["code_920"], roster["company_id"], strict=True))


@dataclass
class _Reading:
    """An export while it is read."""

    file: str
    grid: readers.Grid
    layout: Layout
    aside: Counter = field(default_factory=Counter)
    units: dict[int, str] = field(
        default_factory=dict
    )  # by the yuan in them: who states them, of those that no title does
    bare: tuple[int, Column] | None = None  # the first amount of which nothing but a title may state the unit
    commas: dict[str, tuple[int, Column]] = field(
        default_factory=dict
    )  # whether they stand before thousands: 'plain', 'unsure'
    renumbered: dict[str, str] = field(default_factory=renumbered)

    def fault(self, row: int, column: Column | None, words: str) -> UserError:
        place = f"{self.file}, {self.grid.place(row)}" + (f", column {column.name}" if column else "")
        return UserError(f"{place}: {words}.")


def convert(
    file: str,
    content: bytes,
    *,
    name: str | None = None,
    unit: str | None = None,
    sheet: str | None = None,
    year: int | None = None,
    filed: str | None = None,
) -> Outcome:
    """What the export `content`, called `file`, becomes as a cohort. Writes nothing.

    name: the cohort's, else the file's; unit: of the amounts, where the file states none; sheet: which to read; year: the
    fiscal year to take, needed where the file names none; filed: 'first' or 'latest', where a company-year has several figures.
    """
    report: list[str] = []
    try:
        return Outcome(report, None, _converted(report, file, content, name, unit, sheet, year, filed))
    except UserError as problem:
        return Outcome(report, problem)


def _converted(report, file, content, name, unit, sheet, year, filed) -> Cohort:
    file = origins.tidy(PurePath(file).name)
    name = cohort_name(file) if name is None else _legal(name)
    given = None if unit is None else _given(unit)
    if filed is not None and filed not in FILED:
        raise ParameterError(f"--filed: '{filed}' is not allowed; it is first or latest.")
    grid = readers.read(file, content, sheet)
    report.append(
        f"file: {file}, {grid.kind}{f', sheet {shown(grid.sheet)}' if grid.sheet else ''}, {len(grid.cells):,} rows"
    )
    report += [f"  not read: {shown(words, 160)}" for words in grid.aside]
    layout = layouts.understood(grid)
    if layout is None:
        raise UserError(
            f"{file}: no row is a header that names companies (such as 证券代码 or name) above their rows; export the table with its header."
        )
    reading = _Reading(file, grid, layout)
    report.append(f"vendor: {layout.vendor or 'not told by the file'}")
    header = "its variables' names and labels" if isinstance(grid, readers.StataGrid) else _span(sorted(layout.header))
    report.append(f"header: {header}; first company in {grid.place(layout.first)}")
    places = _lines(reading, year)
    for line, columns in places.items():
        said = (f"column {column.name}{f' for {key}' if key else ''}" for key, column in columns.items())
        report.append(f"{LINE_WORDS[line]}: {', '.join(said)}")
    near = [column for column in layout.of("near") if column.why]
    report += [f"  not read: column {column.name}, {column.why}" for column in near]
    records = _records(reading, places, year)
    factor, said = _unit(reading, given)
    report.append(f"unit: {said}")
    kinds = sorted({column.statement for _, column in _each(places) if column.statement})
    told = reading.layout.of("statement")
    statements = (
        kinds[0]
        if kinds
        else CONSOLIDATED
        if told and reading.aside.get("seen consolidated")
        else "not told by the file"
    )
    report.append(f"statements: {statements}")
    reading.aside.pop("seen consolidated", None)
    records = _one_each(reading, records, filed)
    _name(reading, records)
    rows = [_row(reading, record, factor) for record in sorted(records, key=lambda record: (record.year, record.row))]
    years = sorted({record.year for record in records})
    report.append(f"years: {', '.join(map(str, years))}")
    report.append(f"taken: {len(rows):,} company-years of {len({r['code'] or r['name'] for r in rows}):,} companies")
    report += [f"  left out, {reason}: {count:,}" for reason, count in sorted(reading.aside.items())]
    for line in LINES:
        cells = [row[line] for row in rows]
        empty, zero = cells.count(""), sum(1 for cell in cells if cell and float(cell) == 0)
        if line in places and (empty or zero):
            report.append(
                f"  {LINE_WORDS[line]}: {empty:,} not known, {zero:,} zero"
                + (" (some vendors write 0 for not known)" if zero else "")
            )
    if "revenue" not in places:
        report.append("  no revenue: Figures 5 and 6 need it")
    used = [column.place for column in _used(places)]
    for record, row in list(zip(sorted(records, key=lambda r: (r.year, r.row)), rows, strict=True))[:3]:
        came = ", ".join(shown(record.came[place]) for place in used)
        report.append(f"as it came: {grid.place(record.row)}, {shown(record.code or record.name)}: {came}")
        report.append(
            f"as it is:   {', '.join(f'{key} {shown(row[key])}' for key in row if key != 'source' and row[key])}"
        )
    content_out = _csv(rows)
    report += _held(reading, name, rows, content_out, said)
    origin = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "vendor": layout.vendor,
        "kind": grid.kind,
        "sheet": grid.sheet,
        "unit": factor,
        "unit_from": said,
        "statements": statements,
        "columns": {
            line: [" ".join(column.words.split()) for each, column in _each(places) if each == line] for line in places
        },
        "years": years,
        "rows": len(rows),
        "left_out": dict(sorted(reading.aside.items())),
        "imported": f"{date.today():%Y-%m-%d}",
        "cohort_sha256": hashlib.sha256(content_out).hexdigest(),
    }
    return Cohort(name, content_out, origin, rows)


def cohort_name(file: str) -> str:
    """The cohort's name that a file's name gives. Raises ParameterError where it gives none."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", PurePath(file).stem).strip("_")[:24].rstrip("_-")
    try:
        return _legal(stem)
    except ParameterError:
        raise ParameterError(
            f"the file's name, '{file}', gives no name for a cohort; say one, such as --name bse93."
        ) from None


def _legal(name: str) -> str:
    if not parameters.OWN_NAME.fullmatch(name):
        raise ParameterError(
            f"--name: '{name}' is not allowed; up to 24 letters a to z, digits, _ and -, a letter first, such as bse93."
        )
    if name.lower() in (*parameters.COHORTS, "consumer_internet"):
        raise ParameterError(f"--name: the project itself uses '{name}'; choose another one.")
    return name


def _given(unit: str) -> int:
    factor = layouts.factor(unit)
    if factor is None:
        raise ParameterError(
            f"--unit: '{unit}' is not known; say one of {', '.join(layouts.UNIT_NAMES.values())}, or yuan, thousand, million or billion."
        )
    return factor


def _span(indices: list[int]) -> str:
    numbers = [index + 1 for index in indices]
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    return (
        f"rows {numbers[0]} to {numbers[-1]}"
        if numbers[-1] - numbers[0] == len(numbers) - 1
        else f"rows {name_list(map(str, numbers))}"
    )


# Which columns are which line


def _lines(reading: _Reading, year: int | None) -> dict[str, dict[int | None, Column]]:
    """The columns of each line by fiscal year, None where the rows say the year."""
    layout, file = reading.layout, reading.file
    if layout.of("item"):
        return _item_lines(reading, year)
    places: dict[str, dict] = {}
    only_parent = {}
    for line in LINES:
        for column in layout.of(line):
            _in_yuan(reading, column)
            if column.statement not in ("", CONSOLIDATED):
                reading.aside[f"column of {column.statement} figures"] += 1
                only_parent[line] = column
                continue
            when = column.period
            if when and when.relative:
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


def _in_yuan(reading: _Reading, column: Column) -> None:
    if column.foreign:
        raise UserError(
            f"{reading.file}, column {column.name}: amounts in {column.foreign}; export them in yuan, or convert them first."
        )


def _missing(reading: _Reading, line: str, only_parent: dict) -> str:
    """What to say where no column holds a line."""
    if line in only_parent:
        column = only_parent[line]
        return f"column {column.name} is the only {LINE_WORDS[line]}, and holds {column.statement} figures; export consolidated ones (合并报表)."
    near = [f"column {column.name} is {column.why}" for column in reading.layout.of("near")]
    parts = [column for column in reading.layout.of(line) if column.period and not column.period.annual]
    if parts:
        near.append(f"column {parts[0].name} is {layouts.NOT_ANNUAL}; export the annual report")
    reason = f" ({'; '.join(near[:3])})" if near else ""
    return f"no column is {LINE_WORDS[line]}{reason}; export that line too, or add it in a column of its own."


def _item_lines(reading: _Reading, year: int | None) -> dict[str, dict]:
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
    found = {layouts.role(str(cell)) for cell in cells if cell is not None}
    for line in ("rd", "sm"):
        if line not in found:
            raise UserError(f"{file}, column {item.name}: no row is {LINE_WORDS[line]}; export that line too.")
    if year is not None and year not in years:
        raise ParameterError(f"--year: the file has columns for {name_list(map(str, sorted(years)))}, not for {year}.")
    return {line: dict(years) for line in LINES if line in found}


def _each(places: dict) -> list[tuple[str, Column]]:
    return [(line, column) for line, columns in places.items() for column in columns.values()]


def _used(places: dict) -> list[Column]:
    return list({column.place: column for _, column in _each(places)}.values())


# Rows


def _records(reading: _Reading, places: dict, year: int | None) -> list[Record]:
    """The company-years of an export, with amounts as they came; counts what is left out, and collects units that rows state."""
    grid, layout = reading.grid, reading.layout
    code_column, name_column = _code_column(reading, _used(places)), next(iter(layout.of("name")), None)
    if not code_column and not name_column:
        raise UserError(f"{reading.file}: no column names the companies; export 证券代码 or 证券简称 too.")
    item = next(iter(layout.of("item")), None)
    found: dict[tuple, Record] = {}
    records, notes = [], []
    for index in range(layout.first, len(grid.cells)):
        row = grid.cells[index]
        if not any(cell is not None for cell in row):
            continue
        code, name = _company(reading, index, code_column, name_column)
        used = [column for column in _used(places) if row[column.place] is not None]
        if (not code and not name) or (not code and not any(_is_amount(row[column.place]) for column in used)):
            if any(_is_amount(row[column.place]) for column in used):
                raise reading.fault(
                    index, None, "amounts without a company; give its code or name, or take the row out"
                )
            notes.append(index)
            continue
        if not code and layouts.is_total(name):
            reading.aside["total rows (合计 and the like)"] += 1
            continue
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
                if known.amounts.get(lines[0]) is not None:
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
    if not records:
        reasons = "; ".join(
            f"{count:,} {reason}" for reason, count in reading.aside.items() if reason != "seen consolidated"
        )
        raise UserError(
            f"{reading.file}: no row is a company's consolidated figures of a whole year ({reasons or 'there is none'}); export the annual, "
            "consolidated income statement."
        )
    return records


def _note(reading: _Reading, index: int) -> str:
    return shown(next(cell for cell in reading.grid.cells[index] if cell is not None), 30)


def _is_amount(cell) -> bool:
    return cell is not None and not isinstance(cell, (bool, datetime)) and bool(NUMBER.fullmatch(str(cell)))


def _code_column(reading: _Reading, used: list[Column]) -> Column | None:
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


def _company(reading: _Reading, index: int, code_column: Column | None, name_column: Column | None) -> tuple[str, str]:
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
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    if found := CODE.fullmatch(text):
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


def _statement(reading: _Reading, index: int) -> bool:
    """Whether a row holds consolidated figures, as far as it tells."""
    for column in reading.layout.of("statement"):
        cell = reading.grid.cells[index][column.place]
        if cell is None:
            continue
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        kind = layouts.STATEMENTS.get(
            re.sub(r"[\W_]", "", text.casefold()), f"statements of the kind '{shown(text, 20)}'"
        )
        if kind not in ("", CONSOLIDATED):
            reading.aside[f"rows: {kind}" + (" figures" if kind == PARENT else "")] += 1
            return False
        if kind == CONSOLIDATED:
            reading.aside["seen consolidated"] = 1
    return True


def _yuan(reading: _Reading, index: int) -> None:
    """Raise UserError where a row says that its amounts are in another currency."""
    row = reading.grid.cells[index]
    for column in reading.layout.of("currency"):
        cell = row[column.place]
        if cell is not None and not layouts.YUAN.fullmatch(str(cell)) and not re.fullmatch("(?i)人民币元", str(cell)):
            raise reading.fault(
                index, column, f"amounts in '{shown(cell, 20)}'; convert them to yuan, or take the row out"
            )


def _named(reading: _Reading, index: int, item: Column, places: dict) -> Column | None:
    """What a row's item says, as a header would; None, and counted, where it is not a line of consolidated figures that is read."""
    cell = reading.grid.cells[index][item.place]
    said = layouts.heading(item.place, [str(cell)])
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


def _row_unit(reading: _Reading, index: int, named: Column | None) -> bool:
    """Whether a row, or its item `named`, states the unit of its amounts; the unit is put down."""
    stated = False
    if named and named.unit is not None:
        stated = True
        reading.units.setdefault(named.unit, f"'{shown(named.words, 30)}' in {reading.grid.place(index)}")
    for column in reading.layout.of("unit"):
        cell = reading.grid.cells[index][column.place]
        if cell is not None:
            stated, factor = True, layouts.factor(str(cell))
            if factor is None:
                raise reading.fault(
                    index, column, f"'{shown(cell, 20)}' is no unit of amounts in yuan; export amounts in 元"
                )
            reading.units.setdefault(factor, f"column {column.name}")
    return stated


def _period(reading: _Reading, index: int, places: dict, year: int | None) -> Period | None:
    """A row's fiscal year; None, and counted, where it is no whole year. All that a row says of its period must agree."""
    layout, row = reading.layout, reading.grid.cells[index]
    columns = [*layout.of("year"), *layout.of("day")]
    if layout.vendor == "Compustat Global" and layout.of("year"):
        columns = layout.of("year")  # which it gives to years that end in any month; datadate is the day of that end
    if any(row[column.place] is not None and not _whole_year(row[column.place]) for column in layout.of("quarter")):
        reading.aside[NO_YEAR] += 1
        return None
    held: tuple[Column, Period] | None = None
    for column in columns:
        cell = row[column.place]
        if cell is None:
            continue
        when = layouts.period(cell)
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
    if year is None:
        raise ParameterError(
            f"{reading.file}: nothing says which fiscal year the figures are of; say it, such as --year 2021."
        )
    for said in layout.said:
        if said.period:
            raise UserError(
                f"{reading.file}: '{shown(said.words)}' says {layouts.NOT_ANNUAL}; export the annual report."
            )
    return Period(year, True)


def _whole_year(cell) -> bool:
    """Whether what stands in a column of quarters is a year after all."""
    return str(cell) in ("年度", "全年", "年报", "annual", "FY")


def _told(reading: _Reading, record: Record) -> tuple:
    """When a row was told, to compare: days, and marks of an update; None where it does not say."""
    cells = [(column, reading.grid.cells[record.row][column.place]) for column in reading.layout.of("told")]
    found = []
    for column, cell in cells:
        told = layouts.day(cell)
        if told is None and cell is not None and (mark := re.fullmatch(r"([01])(\.0)?", str(cell))):
            told = datetime(1, 1, 1 + int(mark[1]))  # 1 is an update of 0
        if told is None and cell is not None:
            raise reading.fault(record.row, column, f"'{shown(cell)}' is no day; write it as 2022-04-25")
        found.append(told)
    return tuple(found)


def _amount(reading: _Reading, index: int, column: Column, stated: bool) -> Decimal | None:
    """A row's amount in the unit of the file; None where not known. stated: whether the row states its unit."""
    cell = reading.grid.cells[index][column.place]
    if cell is None or (isinstance(cell, str) and NOT_KNOWN.fullmatch(cell)):
        return None
    if unit := reading.grid.units.get((index, column.place)):
        factor = layouts.factor(unit)
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
            if unit and layouts.factor(unit[1])
            else f"'{shown(text)}' is not an amount; export plain numbers"
        )
        raise reading.fault(index, column, words)
    if "," in text:
        reading.commas.setdefault("unsure" if ONE_COMMA.fullmatch(text) else "plain", (index, column))
    return Decimal(text.replace(",", ""))


# The unit


def _unit(reading: _Reading, given: int | None) -> tuple[int, str]:
    """The yuan in the file's unit, and where that is known from."""
    file, said = reading.file, reading.layout.said
    for title in said:
        if title.foreign or title.statement:
            what = f"amounts in {title.foreign}" if title.foreign else f"{title.statement} figures"
            wanted = "consolidated figures in yuan (合并报表, 元)"
            raise UserError(f"{file}: '{shown(title.words)}' says {what}; export {wanted}.")
    everywhere = {title.unit: f"'{shown(title.words, 30)}'" for title in said if title.unit is not None}
    stated = {**everywhere, **reading.units}
    if len(stated) > 1:
        (one, first), (two, second) = list(stated.items())[:2]
        raise UserError(
            f"{file}: two units, {unit_words(one)} by {first} and {unit_words(two)} by {second}; export all amounts in one."
        )
    if not stated:
        if given is None:
            documented = DOCUMENTED.get(reading.layout.vendor)
            hint = f" ({reading.layout.vendor} documents {documented})" if documented else ""
            raise ParameterError(
                f"{file}: the file states no unit{hint}; say it, such as --unit {documented or '元'} or --unit 万元."
            )
        return given, f"{unit_words(given)}, by --unit; the file states none"
    ((unit, place),) = stated.items()
    if given is not None and given != unit:
        raise ParameterError(
            f"--unit: {unit_words(given)}, but {place} says {unit_words(unit)}; leave --unit out, or mend the file."
        )
    if reading.bare and not everywhere and given is None:
        index, column = reading.bare
        raise ParameterError(
            f"{file}: {place} says {unit_words(unit)}, and column {column.name} states no unit in {reading.grid.place(index)}; if all are in one, say --unit "
            f"{layouts.UNIT_NAMES[unit]}."
        )
    return unit, f"{unit_words(unit)}, stated by {place}"


def unit_words(factor: int) -> str:
    """A unit by the yuan in it: yuan (元), 10,000 yuan (万元)."""
    return f"{'' if factor == 1 else f'{factor:,} '}yuan ({layouts.UNIT_NAMES[factor]})"


# One row for each company-year


def _one_each(reading: _Reading, records: list[Record], filed: str | None) -> list[Record]:
    """One record for each company-year: repeats are taken once; different figures are chosen by `filed`, or asked about."""
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault((record.code or record.name, record.year), []).append(record)
    several = {key: group for key, group in groups.items() if len({tuple(r.amounts.items()) for r in group}) > 1}
    for (who, year), group in several.items():
        rows = name_list(reading.grid.place(record.row) for record in group)
        if not group[0].code:
            raise UserError(
                f"{reading.file}, {rows}: {shown(who)} has different figures for {year}; if two companies share the name, give codes."
            )
        orders = {_told(reading, record) for record in group}
        unsure = any(None in order for order in zip(*orders, strict=True) if set(order) != {None})
        if unsure or len(orders) < len({tuple(record.amounts.items()) for record in group}):
            raise UserError(
                f"{reading.file}, {rows}: {shown(who)} has different figures for {year}, and nothing says which was filed first; keep one."
            )
        if filed is None:
            more = f", as have {len(several) - 1:,} more company-years" if len(several) > 1 else ""
            raise ParameterError(
                f"{reading.file}, {rows}: {shown(who)} has different figures for {year}, filed at different times{more}; say --filed first or "
                "--filed latest."
            )
    chosen = []
    for key, group in groups.items():
        if key in several:
            told = {record.row: [each for each in _told(reading, record) if each] for record in group}
            group = sorted(group, key=lambda record: told[record.row], reverse=filed == "latest")
            reading.aside[f"rows: restated, not the {filed} filed"] += len(group) - 1
        elif len(group) > 1:
            reading.aside["rows: a company-year once more, with the same figures"] += len(group) - 1
        chosen.append(group[0])
    return chosen


def _name(reading: _Reading, records: list[Record]) -> None:
    """Give each company one name: its latest in the file, else the tables', else its code."""
    known = {}
    for table in ("bse_roster", "companies"):
        rows = tables.load(table)
        named = rows.assign(name=rows["name_zh"].fillna(rows["name_en"])).dropna(subset="name")
        known |= dict(zip(named["company_id"], named["name"], strict=True))
    latest = {}
    for record in sorted(records, key=lambda record: record.year):
        if record.code and record.name:
            if latest.get(record.code, record.name) != record.name:
                reading.aside["earlier names of companies that are called otherwise since"] += 1
            latest[record.code] = record.name
    for record in records:
        if record.code:
            record.name = latest.get(record.code) or known.get(record.code) or record.code


def _row(reading: _Reading, record: Record, factor: int) -> dict[str, str]:
    place = f"{reading.file}, {f'sheet {reading.grid.sheet}, ' if reading.grid.sheet else ''}{reading.grid.place(record.row)}"
    amounts = {line: record.amounts.get(line) for line in LINES}
    return {
        "name": record.name,
        "code": record.code,
        "fiscal_year": str(record.year),
        **{line: "" if amount is None else _digits(amount * factor) for line, amount in amounts.items()},
        "source": shown(place, 120),
    }


def _digits(amount: Decimal) -> str:
    """An amount in plain digits, without zeros at the end that say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _csv(rows: list[dict]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _frame(rows: list[dict]) -> pd.DataFrame:
    """The rows with the columns that are compared with the tables."""
    frame = pd.DataFrame(rows).rename(columns={"code": "company_id", **own.AMOUNTS})
    numbers = {
        column: pd.to_numeric(frame[column], errors="coerce") for column in ("fiscal_year", *own.AMOUNTS.values())
    }
    return frame.assign(**numbers)


def _held(reading: _Reading, name: str, rows: list[dict], content: bytes, unit: str) -> list[str]:
    """Hold the file to what a user's own file is held to, and compare it with the tables; gives what the report says of that."""
    if found := own.wrong_unit(_frame(rows)):
        raise ParameterError(f"{reading.file}: taken in {unit}, {found}; say another --unit, or mend the file.")
    frame, problems = own.judged(f"{parameters.OWN}/{name}.csv", content, ())
    if problems:
        words = problems[0].split(": ", 1)[1]
        raise UserError(f"{reading.file}: taken in {unit}, it would be refused as a cohort: {words}")
    filed = tables.load("spending")
    both = frame.merge(filed, on=["company_id", "fiscal_year"], suffixes=("", "_filed"))
    lines = []
    for line, column in own.AMOUNTS.items():
        pairs = both.dropna(subset=[column, f"{column}_filed"])
        if len(pairs):
            equal = int(((pairs[column] - pairs[f"{column}_filed"]).abs() < 1).sum())
            lines.append(
                f"  {LINE_WORDS[line]}: {len(pairs):,} company-years are in data/spending.csv too, {equal:,} with the same yuan"
            )
    return ["compared with the tables:", *lines] if lines else []


def origin_text(origin: dict) -> str:
    """An origin as the file beside a cohort holds it."""
    return json.dumps(origin, ensure_ascii=False, indent=1) + "\n"
