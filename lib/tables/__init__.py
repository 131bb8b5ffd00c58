"""Load the tables in data/ and hold them to their codebook, data/datapackage.json.

The codebook follows the Data Package standard (Table Schema), so other tools read it too.
A table that breaks it is never returned: `DataError` names file, row and column.
"""

import copy
import functools
import hashlib
import inspect
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pandas as pd

from lib.errors import DataError
from lib.paths import ROOT, TABLE, data_dir, file_state, read_bounded

#: The code that rows and claims are made by, which %autoreload may read anew.
CODE = [path for path in (ROOT / "lib").glob("*") if path.suffix == ".py" or path.name in ("rows", "claims", "tables")]
BOOK = "datapackage.json"
DTYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
KINDS = {"integer": "a whole number", "number": "a number", "date": "a date like 2021-12-31", "boolean": "0 or 1"}
#: How a cell of these kinds is written: plainly, so that what was meant is what is read. `02019`, ` 5` and `2021-1-5` are slips.
FORMS = {"integer": r"-?(0|[1-9]\d*)", "number": r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", "date": r"\d{4}-\d{2}-\d{2}"}

#: What is being written down of the files that are read: a dictionary for each `recording` that is open.
_recordings: ContextVar[tuple[dict[str, str], ...]] = ContextVar("recordings", default=())


@contextmanager
def recording() -> Iterator[dict[str, str]]:
    """Gives a dictionary that holds the files read inside the block: their names below data/, with the SHA-256 of each."""
    files: dict[str, str] = {}
    token = _recordings.set((*_recordings.get(), files))
    try:
        yield files
    finally:
        _recordings.reset(token)


def note_read(files: Mapping[str, str]) -> None:
    """Tell the recordings that are open that `files` were read: names with the SHA-256 of each."""
    for recorded in _recordings.get():
        recorded.update(files)


def codebook(folder: Path | None = None) -> dict:
    """The codebook as a dictionary, in the Data Package layout."""
    path = (folder or data_dir()) / BOOK
    try:
        content = read_bounded(path, TABLE)
        book, found = _read_book(content)
        if found:
            raise DataError([f"{path}, {fault}; mend it, or restore it from version control." for fault in found])
        return book
    except FileNotFoundError:
        raise DataError([f"{path}: there is no codebook here; give the folder that holds the tables."]) from None
    except (ValueError, RecursionError) as error:
        raise DataError([f"{path}: the codebook is not JSON ({error}); restore it from version control."]) from None
    except OSError as error:
        raise DataError([f"{path}: the codebook cannot be read ({error.strerror}); mend that."]) from None


@functools.lru_cache(maxsize=4)
def _read_book(content: bytes) -> tuple[dict, list[str]]:
    """The codebook and what is wrong with its form; kept, since every look at a table asks."""
    from lib.tables.form import faults

    book = json.loads(content.decode("utf-8"))
    return book, faults(book)


def table_names(folder: Path | None = None) -> list[str]:
    """Names of all tables in the codebook."""
    return [resource["name"] for resource in codebook(folder)["resources"]]


def load(name: str) -> pd.DataFrame:
    """One table, typed and validated.

    Text stays text, amounts are floats in the unit that the codebook gives, an empty cell is NA.
    The frame is a copy: change it freely. Raises DataError where the file breaks the codebook.
    """
    folder = data_dir()
    frame, problems, files = _parse(folder, name, _states(folder, name))
    note_read(files)
    if problems:
        raise DataError(list(problems))
    return frame.reset_index(drop=True)


def kept(function):
    """Keep what a function makes of the tables, a frame or a tuple of some, until a file in data/ or of lib's code changes.

    Gives copies.
    """
    results: dict[tuple, tuple[Any, dict[str, str]]] = {}

    names = inspect.signature(function)

    @functools.wraps(function)
    def look_up(*arguments, **named):
        nonlocal results
        state = tuple(_states_of(data_dir(), *CODE))
        asked = names.bind(*arguments, **named)
        asked.apply_defaults()  # the same, whether given by place, by name or by default
        key = (state, *asked.arguments.items())
        if key not in results:
            results = {other: result for other, result in results.items() if other[0] == state}
            with recording() as read:
                results[key] = function(*arguments, **named), read
        else:
            note_read(results[key][1])
        made = results[key][0]  # a shallow copy will do: pandas copies what is written to
        return tuple(map(copy.copy, made)) if isinstance(made, tuple) else copy.copy(made)

    return look_up


def _states_of(*paths: Path | os.DirEntry) -> list[tuple]:
    """These files and those in these folders and below, each with its state, but for what Python keeps for itself."""
    found = []
    for path in paths:
        if path.is_file():
            found.append((os.fspath(path), *file_state(path)))
        elif path.is_dir() and path.name != "__pycache__":
            found += _states_of(*sorted(os.scandir(path), key=os.fspath))
    return found


def check(folder: Path | None = None) -> list[str]:
    """Every problem of every table in `folder`, one sentence each: the codebook, then keys across tables."""
    folder = folder or data_dir()
    frames, problems = {}, []
    for name in table_names(folder):
        path = folder / f"{name}.csv"
        if not path.exists():
            problems.append(f"{path}: the file is missing; restore it from version control.")
            continue
        frames[name], found, _ = _parse(folder, name, _states(folder, name))
        problems += found
    if not problems:
        problems = _broken_references(folder, frames)
    return problems


def shown(
    rows: pd.DataFrame, form: Mapping[str, str] | None = None, *, precision: int | None = None, index: bool = False
):
    """Rows as a notebook shows them, a pandas Styler: each text as it stands, so that a name is never taken for HTML.

    form: how to write the numbers of a column, such as "{:.1%}"; precision: digits after the point of all others; index:
    whether the index is shown. What is not known is empty.
    """
    table = rows.style.format(form, precision=precision, na_rep="", escape="html")
    for axis in ("index", "columns"):
        table.format_index(axis=axis, escape="html").format_index_names(axis=axis, escape="html")
    return table if index else table.hide(axis="index")


def _states(folder: Path, name: str) -> tuple:
    """The states of a table's file and of the codebook; DataError where there is no such file."""
    table, book = folder / f"{name}.csv", folder / BOOK
    try:
        return file_state(table), file_state(book) if book.is_file() else None
    except FileNotFoundError:
        raise DataError([f"{table}: the file is missing; restore it from version control."]) from None


@functools.lru_cache(maxsize=64)
def _parse(folder: Path, name: str, _: tuple) -> tuple[pd.DataFrame | None, tuple[str, ...], dict[str, str]]:
    """The typed table, its problems and the files read; kept for the files' states, since explorers load it often."""
    codebook(folder)  # says what is wrong with it
    path = folder / f"{name}.csv"
    try:
        content, book = read_bounded(path, TABLE), read_bounded(folder / BOOK, TABLE)
    except OSError as error:
        raise DataError([f"{path}: the table cannot be read ({error.strerror}); mend that, then call again."]) from None
    files = {file: hashlib.sha256(c).hexdigest() for file, c in ((path.name, content), (BOOK, book))}
    frame, problems = _made_of(content, book, name)
    return frame, tuple(f"{path}{problem}" for problem in problems), files


@functools.lru_cache(maxsize=64)
def _made_of(content: bytes, book: bytes, name: str) -> tuple[pd.DataFrame | None, list[str]]:
    """The typed table that a file holds, and its problems, to follow the file's path.

    Kept for the contents too, since most tables of a copy of data/ are those that it was copied from.
    """
    resource = next(r for r in _read_book(book)[0]["resources"] if r["name"] == name)
    schema = resource["schema"]
    text, problem = _read_text(content, [field["name"] for field in schema["fields"]])
    if not problem and text.empty and not resource.get("mayBeEmpty"):
        problem = ": the table has a header and no rows."
    if problem:
        return None, [problem]
    frame, problems = _typed(text, schema["fields"])
    return frame, problems + _rule_breaks(text, frame, schema)


def _read_text(content: bytes, names: list[str]) -> tuple[pd.DataFrame | None, str | None]:
    """The file as text cells, or why it cannot be read."""
    try:
        decoded = io.StringIO(content.decode("utf-8-sig"))  # spreadsheets put a mark in front
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            text = pd.read_csv(
                decoded, dtype="str", keep_default_na=False, na_values=[""], index_col=False, skip_blank_lines=False
            )
        text = text.dropna(how="all")  # rows keep their numbers, as a spreadsheet counts them
    except pd.errors.EmptyDataError:
        return None, f": the file is empty; it needs a header line with {', '.join(names)}."
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return None, f", row {row}: not UTF-8 text; save the file as CSV UTF-8."
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        return None, f": not a table with the same number of cells in each row ({str(error).strip()})."
    if missing := [name for name in names if name not in text.columns]:
        return None, f", row 1: column {missing[0]} is missing; the header must hold {', '.join(names)}."
    if extra := [column for column in text.columns if column not in names]:
        return None, f", row 1: column {extra[0]} is not in the codebook; remove it or describe it there."
    return text[names], None


def _typed(text: pd.DataFrame, fields: list[dict]) -> tuple[pd.DataFrame, list[str]]:
    """Cells converted to the codebook's types; what does not convert is NA and a problem."""
    columns, problems = {}, []
    for field in fields:
        cells, kind = text[field["name"]], field["type"]
        if kind in FORMS:
            given, cells = cells, cells.where(cells.str.fullmatch(FORMS[kind]).fillna(False).astype(bool))
        else:
            given = cells
        if kind in ("integer", "number"):
            values = pd.to_numeric(cells, errors="coerce")
            values = values.where(
                values.abs() < (2**53 if kind == "integer" else float("inf"))
            )  # what a float holds exactly
        elif kind == "date":
            values = pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce")
        elif kind == "boolean":
            values = cells.map({"1": True, "0": False})
        else:
            values = cells
        columns[field["name"]] = values.astype(DTYPES.get(kind, values.dtype))
        for row in given.index[columns[field["name"]].isna() & given.notna()]:
            problems.append(f"{_place(row, field['name'])}: '{given[row]}' is not {KINDS[kind]}.")
        for row in cells.index[values == field["notFoundMark"]] if "notFoundMark" in field else ():
            place = _place(row, field["name"])
            problems.append(f"{place}: {cells[row]} means 'not found' in some extracts; leave the cell empty.")
    return pd.DataFrame(columns), problems


def _rule_breaks(text: pd.DataFrame, frame: pd.DataFrame, schema: dict) -> list[str]:
    """Cells that break a rule of the codebook, and repeated keys, found by pandera."""
    import pandera.pandas as pa

    fields = {field["name"]: field for field in schema["fields"]}
    checks = {name: _pandera_checks(field) for name, field in fields.items()}
    columns = {name: pa.Column(None, nullable=True, checks=rules) for name, rules in checks.items() if rules}
    required = [name for name, field in fields.items() if field.get("constraints", {}).get("required")]
    problems = [
        f"{_place(row, name)}: empty, but a value is required."
        for name in required
        for row in text.index[text[name].isna()]
    ]
    try:
        pa.DataFrameSchema(columns, unique=schema["primaryKey"]).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        for row, _case in cases[cases["schema_context"] == "DataFrameSchema"].groupby("index").first().iterrows():
            key = ", ".join(str(text.at[row, name]) for name in schema["primaryKey"])
            names = " and ".join(schema["primaryKey"])
            problems.append(f"{_place(row, names)}: {key} stands in more than one row; keep one.")
        cells = cases[cases["schema_context"] == "Column"].drop_duplicates(["column", "index"])
        for name, row in zip(cells["column"], cells["index"], strict=True):
            problems.append(f"{_place(row, name)}: '{text.at[row, name]}' is not allowed; {_rule(fields[name])}.")
    return problems


def _pandera_checks(field: dict) -> list:
    import pandera.pandas as pa

    rules = field.get("constraints", {})
    checks = []
    if "enum" in rules:
        checks.append(pa.Check.isin(rules["enum"]))
    if "pattern" in rules:
        checks.append(pa.Check.str_matches(rules["pattern"]))
    if "minimum" in rules:
        checks.append(pa.Check.ge(rules["minimum"]))
    if "maximum" in rules:
        checks.append(pa.Check.le(rules["maximum"]))
    return checks


def _rule(field: dict) -> str:
    """A field's rule in words."""
    rules = field["constraints"]
    if "enum" in rules:
        return "allowed: " + ", ".join(map(str, rules["enum"]))
    if "pattern" in rules:
        return f"{field['description'].split('. ')[0].rstrip('.')} (pattern {rules['pattern']})"
    return f"at least {rules.get('minimum', 'any')}, at most {rules.get('maximum', 'any')}"


def _broken_references(folder: Path, frames: dict[str, pd.DataFrame]) -> list[str]:
    """Cells that point to a row of another table that is not there."""
    problems = []
    for resource in codebook(folder)["resources"]:
        for key in resource["schema"]["foreignKeys"]:
            other = key["reference"]
            # As objects, which are looked up ten times as fast as Arrow's strings.
            cells = frames[resource["name"]][key["fields"][0]].dropna().astype("object")
            known = frames[other["resource"]][other["fields"][0]].astype("object")
            for row, value in cells[~cells.isin(known)].items():
                place = _place(row, key["fields"][0])
                problems.append(f"{folder / resource['path']}{place}: '{value}' is not in {other['resource']}.csv.")
    return problems


def _place(index: int, column: str) -> str:
    """Row as a spreadsheet counts it (the header is row 1) and column, to follow the file's path."""
    return f", row {index + 2}, column {column}"
