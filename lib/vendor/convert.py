"""A vendor's export becomes a plain cohort file: what was understood is told, and what is not plain is asked, never guessed."""

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath

import pandas as pd

from lib import parameters, tables
from lib.errors import ParameterError, UserError
from lib.rows import origins, own
from lib.vendor import headings, layouts, readers
from lib.vendor.headings import CONSOLIDATED, LINES, as_text, shown
from lib.vendor.layouts import DOCUMENTED
from lib.vendor.records import (
    LINE_WORDS,
    Reading,
    Record,
    each_column,
    lines_of,
    other_years,
    records_of,
    told,
    used_columns,
)
from lib.words import name_list

FILED = ("first", "latest")
#: Titles that the report prints.
MOST_TITLES = 10


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
        + (f", {grid.hidden:,} of its rows or columns hidden, which are read" if grid.hidden else "")
    )
    report += [f"  not read: {shown(words, 160)}" for words in grid.aside]
    layout = layouts.understood(grid)
    if layout is None:
        raise UserError(
            f"{file}: no row is a header that names companies (such as 证券代码 or name) above their rows; "
            + (
                "turn the table round, so that each company has a row."
                if _turned(grid)
                else "export the table with its header."
            )
        )
    reading = Reading(file, grid, layout)
    report.append(f"vendor: {layout.vendor or 'not told by the file'}")
    header = "its variables' names and labels" if isinstance(grid, readers.StataGrid) else _span(sorted(layout.header))
    report.append(f"header: {header}; first company in {grid.place(layout.first)}")
    places = lines_of(reading, year)
    for line, columns in places.items():
        said = (f"column {column.name}{f' for {key}' if key else ''}" for key, column in columns.items())
        report.append(f"{LINE_WORDS[line]}: {', '.join(said)}")
    report += [f"  not read: '{shown(words, 60)}', above the table" for words in layout.unheard[:MOST_TITLES]]
    near = [column for column in layout.of("near") if column.why]
    report += [f"  not read: column {column.name}, {column.why}" for column in near]
    records = records_of(reading, places, year)
    factor, said = _unit(reading, given)
    report.append(f"unit: {said}")
    told_by = [*(column for _, column in each_column(places)), *layout.said]
    kinds = sorted({one.statement for one in told_by if one.statement})
    kind_told = reading.layout.of("statement")
    statements = (
        kinds[0]
        if kinds
        else CONSOLIDATED
        if kind_told and reading.aside.get("seen consolidated")
        else "not told by the file"
    )
    report.append(f"statements: {statements}")
    reading.aside.pop("seen consolidated", None)
    records = _oneeach_column(reading, records, filed)
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
    if reading.rounded:
        report.append(
            f"  written with an exponent, and so perhaps rounded: {len(reading.rounded):,}, such as {reading.rounded[0]}"
        )
    report += [f"  not read: column {column.name}, in which other years stand" for column in other_years(reading, year)]
    if "revenue" not in places:
        report.append("  no revenue: Figures 5, 6, 8 and 10, and part of 9, need it")
    used = [column.place for column in used_columns(places)]
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
            line: [" ".join(column.words.split()) for each, column in each_column(places) if each == line]
            for line in places
        },
        "years": years,
        "rows": len(rows),
        "left_out": dict(sorted(reading.aside.items())),
        "imported": f"{date.today():%Y-%m-%d}",
        "cohort_sha256": hashlib.sha256(content_out).hexdigest(),
    }
    return Cohort(name, content_out, origin, rows)


def _turned(grid: readers.Grid) -> bool:
    """Whether the words of a header stand below each other, in one column."""
    rows = [[cell if isinstance(cell, str) else "" for cell in row[:4]] for row in grid.cells[:60]]
    return any(len({headings.role(text) for text in column} - {""}) > 1 for column in zip(*rows, strict=True))


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
    factor = headings.factor(unit)
    if factor is None:
        raise ParameterError(
            f"--unit: '{unit}' is not known; say one of {', '.join(headings.UNIT_NAMES.values())}, or yuan, thousand, million or billion."
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


# The unit


def _unit(reading: Reading, given: int | None) -> tuple[int, str]:
    """The yuan in the file's unit, and where that is known from."""
    file, said = reading.file, reading.layout.said
    for title in said:
        if title.units:
            raise UserError(f"{file}: '{shown(title.words)}' states two units; leave one.")
        if title.foreign or title.statement not in ("", CONSOLIDATED):
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
            f"{headings.UNIT_NAMES[unit]}."
        )
    return unit, f"{unit_words(unit)}, stated by {place}"


def unit_words(factor: int) -> str:
    """A unit by the yuan in it: yuan (元), 10,000 yuan (万元)."""
    return f"{'' if factor == 1 else f'{factor:,} '}yuan ({headings.UNIT_NAMES[factor]})"


# One row for each company-year


def _oneeach_column(reading: Reading, records: list[Record], filed: str | None) -> list[Record]:
    """One record for each company-year: repeats are taken once; different figures are chosen by `filed`, or asked about."""
    _require_one_firm(reading, records)
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
        orders = {told(reading, record) for record in group}
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
            days = {record.row: [each for each in told(reading, record) if each] for record in group}
            group = sorted(group, key=lambda record: days[record.row], reverse=filed == "latest")
            reading.aside[f"rows: restated, not the {filed} filed"] += len(group) - 1
        elif len(group) > 1:
            reading.aside["rows: a company-year once more, with the same figures"] += len(group) - 1
        chosen.append(group[0])
    return chosen


def _require_one_firm(reading: Reading, records: list[Record]) -> None:
    """Raise UserError where two companies of a vendor's own numbers, such as gvkey, have one name and no code."""
    firms: dict[str, tuple] = {}
    for record in records:
        for column in reading.layout.of("firm"):
            number = as_text(record.came[column.place])
            if not record.code and firms.setdefault(record.name, (number, record))[0] != number:
                rows = f"{reading.grid.place(firms[record.name][1].row)} and {reading.grid.place(record.row)}"
                raise UserError(
                    f"{reading.file}, {rows}: {shown(record.name)} has two numbers in column {column.name}; give each company a name of its own."
                )


def _name(reading: Reading, records: list[Record]) -> None:
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


def _row(reading: Reading, record: Record, factor: int) -> dict[str, str]:
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


def _held(reading: Reading, name: str, rows: list[dict], content: bytes, unit: str) -> list[str]:
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
