"""Load the tables in data/ and hold them to their codebook, data/datapackage.json.

The codebook follows the Data Package standard (Table Schema), so other tools read it too.
A table that breaks it is never returned: `DataError` names file, row and column.
"""

import functools
import hashlib
import io
import json
import warnings
from pathlib import Path

import pandas as pd

from lib import origins
from lib.errors import DataError
from lib.parameters import OWN
from lib.paths import data_dir, file_state
from lib.words import clauses, mark, say, sentences, term

DTYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
KINDS = {"integer": "a whole number", "number": "a number", "date": "a date like 2021-12-31", "boolean": "0 or 1"}
#: How a cell of these kinds is written: plainly, so that what was meant is what is read. `02019`, ` 5` and `2021-1-5` are slips.
FORMS = {"integer": r"-?(0|[1-9]\d*)", "number": r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", "date": r"\d{4}-\d{2}-\d{2}"}

#: Files read so far in this process, by name, with the SHA-256 of their content.
files_read: dict[str, str] = {}


def codebook(folder: Path | None = None) -> dict:
    """The codebook as a dictionary, in the Data Package layout."""
    path = (folder or data_dir()) / "datapackage.json"
    try:
        content = path.read_bytes()
        book, found = _read_book(content)
        if found:
            raise DataError([f"{path}, {fault}; mend it, or restore it from version control." for fault in found])
        return book
    except FileNotFoundError:
        raise DataError([f"{path}: there is no codebook here; give the folder that holds the tables."]) from None
    except (ValueError, RecursionError) as error:
        raise DataError([f"{path}: the codebook is not JSON ({error}); restore it from version control."]) from None
    except OSError as error:
        raise DataError([f"{path}: the codebook cannot be read ({error.strerror}); mend its rights."]) from None


@functools.lru_cache(maxsize=4)
def _read_book(content: bytes) -> tuple[dict, list[str]]:
    """The codebook and what is wrong with its form; kept, since every look at a table asks."""
    from lib.codebook import faults

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
    path = data_dir() / f"{name}.csv"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError([f"{path}: the file is missing; restore it from version control."]) from None
    book = path.parent / "datapackage.json"
    terms = book.read_bytes() if book.is_file() else b""
    files_read[book.name] = hashlib.sha256(terms).hexdigest()
    files_read[path.name] = hashlib.sha256(content).hexdigest()
    frame, problems = _parse(path.parent, name, hashlib.sha256(content + terms).hexdigest())
    if problems:
        raise DataError(list(problems))
    return frame.reset_index(drop=True)


def kept(function):
    """Keep the results of a function of the tables, frames, for as long as no file in data/ changes; gives copies."""
    results: dict[tuple, tuple[pd.DataFrame, dict[str, str]]] = {}

    @functools.wraps(function)
    def look_up(*arguments):
        nonlocal results
        files = (path for path in sorted(data_dir().rglob("*")) if path.is_file())
        state = tuple((path, *file_state(path)) for path in files)
        key = (state, *arguments)
        if key not in results:
            results = {other: result for other, result in results.items() if other[0] == state}
            before = dict(files_read)
            files_read.clear()
            try:
                results[key] = function(*arguments), dict(files_read)
            finally:
                files_read.update(before | files_read)
        frame, read = results[key]
        files_read.update(read)
        return frame.copy()

    return look_up


def source_line(source_ids) -> str:
    """The line that names the sources of the rows with these ids, each once, in the order of first use."""
    used = pd.Series(pd.unique(pd.Series(source_ids).dropna()), dtype="str")
    vintages = pd.unique(used[used.str.startswith("refresh-")].str[-10:])
    mixed = (
        say("Figures of different retrievals: a later restatement may be in some only.") if len(vintages) > 1 else ""
    )
    return sentences(say("Sources: {names}.", names=cite(used)), mixed)


def cite(source_ids) -> str:
    """The sources with these ids as figures cite them, each once, in the order of first use.

    An id like cohorts/my_chips.csv is a user's own file, which no row of sources.csv knows.
    """
    sources = load("sources").set_index("source_id")["cite_as"]
    used = (source for source in source_ids if pd.notna(source))
    words = (supplied(source) if source.startswith(f"{OWN}/") else term(sources[source]) for source in used)
    return clauses(dict.fromkeys(words))


def supplied(file: str) -> str:
    """How a source line cites a user's own file: by its name, and by that of the export that it was made from."""
    found, name = origin(file), Path(file).name
    if not found:
        return say("{file}, supplied by the user", file=name)
    if not found["vendor"]:
        return say("{file}, supplied by the user, made from {export}", file=name, export=found["file"])
    words = mark("{file}, supplied by the user, made from {export} ({vendor})")
    return say(words, file=name, export=found["file"], vendor=found["vendor"])


def origin(file: str) -> dict:
    """Where the user's file `file`, as cohorts/my_chips.csv, comes from, as in `origins`; {} where that is not known."""
    path = data_dir() / file
    found = origins.read(path)
    if found:
        beside = origins.beside(path)
        files_read[f"{OWN}/{beside.name}"] = hashlib.sha256(beside.read_bytes()).hexdigest()
    return found


def cited_in(line: str) -> list[str]:
    """The sources that a line made by `source_line` in this language cites, in its words."""
    before, after = say("Sources: {names}.", names="\n").split("\n")
    return line.removeprefix(before).removesuffix(after).split(clauses(["", ""]))


def check(folder: Path | None = None) -> list[str]:
    """Every problem of every table in `folder`, one sentence each: the codebook, then keys across tables."""
    folder = folder or data_dir()
    frames, problems = {}, []
    for name in table_names(folder):
        path = folder / f"{name}.csv"
        if not path.exists():
            problems.append(f"{path}: the file is missing; restore it from version control.")
            continue
        content = path.read_bytes() + (folder / "datapackage.json").read_bytes()
        frames[name], found = _parse(folder, name, hashlib.sha256(content).hexdigest())
        problems += found
    if not problems:
        problems = _broken_references(folder, frames)
    return problems


@functools.lru_cache(maxsize=64)
def _parse(folder: Path, name: str, content: str) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """The typed table and its problems; cached on the hashes of `content`, since explorers load it often."""
    resource = next(r for r in codebook(folder)["resources"] if r["name"] == name)
    schema, path = resource["schema"], folder / f"{name}.csv"
    names = [field["name"] for field in schema["fields"]]
    text, problem = _read_text(path, names)
    if not problem and text.empty and not resource.get("mayBeEmpty"):
        problem = f"{path}: the table has a header and no rows."
    if problem:
        return None, (problem,)
    frame, problems = _typed(path, text, schema["fields"])
    problems += _rule_breaks(path, text, frame, schema)
    return frame, tuple(problems)


def _read_text(path: Path, names: list[str]) -> tuple[pd.DataFrame | None, str | None]:
    """The file as text cells, or the sentence that says why it cannot be read."""
    content = path.read_bytes()
    try:
        decoded = io.StringIO(content.decode("utf-8-sig"))  # spreadsheets put a mark in front
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            text = pd.read_csv(
                decoded, dtype="str", keep_default_na=False, na_values=[""], index_col=False, skip_blank_lines=False
            )
        text = text.dropna(how="all")  # rows keep their numbers, as a spreadsheet counts them
    except pd.errors.EmptyDataError:
        return None, f"{path}: the file is empty; it needs a header line with {', '.join(names)}."
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return None, f"{path}, row {row}: not UTF-8 text; save the file as CSV UTF-8."
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        return None, f"{path}: not a table with the same number of cells in each row ({str(error).strip()})."
    if missing := [name for name in names if name not in text.columns]:
        return None, f"{path}, row 1: column {missing[0]} is missing; the header must hold {', '.join(names)}."
    if extra := [column for column in text.columns if column not in names]:
        return None, f"{path}, row 1: column {extra[0]} is not in the codebook; remove it or describe it there."
    return text[names], None


def _typed(path: Path, text: pd.DataFrame, fields: list[dict]) -> tuple[pd.DataFrame, list[str]]:
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
            values = values.where(values.abs() != float("inf"))
        elif kind == "date":
            values = pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce")
        elif kind == "boolean":
            values = cells.map({"1": True, "0": False})
        else:
            values = cells
        columns[field["name"]] = values.astype(DTYPES.get(kind, values.dtype))
        for row in given.index[columns[field["name"]].isna() & given.notna()]:
            problems.append(f"{_place(path, row, field['name'])}: '{given[row]}' is not {KINDS[kind]}.")
        for row in cells.index[values == field["notFoundMark"]] if "notFoundMark" in field else ():
            place = _place(path, row, field["name"])
            problems.append(f"{place}: {cells[row]} means 'not found' in some extracts; leave the cell empty.")
    return pd.DataFrame(columns), problems


def _rule_breaks(path: Path, text: pd.DataFrame, frame: pd.DataFrame, schema: dict) -> list[str]:
    """Cells that break a rule of the codebook, and repeated keys, found by pandera."""
    import pandera.pandas as pa

    fields = {field["name"]: field for field in schema["fields"]}
    checks = {name: _pandera_checks(field) for name, field in fields.items()}
    columns = {name: pa.Column(None, nullable=True, checks=rules) for name, rules in checks.items() if rules}
    required = [name for name, field in fields.items() if field.get("constraints", {}).get("required")]
    problems = [
        f"{_place(path, row, name)}: empty, but a value is required."
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
            problems.append(f"{_place(path, row, names)}: {key} stands in more than one row; keep one.")
        cells = cases[cases["schema_context"] == "Column"].drop_duplicates(["column", "index"])
        for name, row in zip(cells["column"], cells["index"], strict=True):
            problems.append(f"{_place(path, row, name)}: '{text.at[row, name]}' is not allowed; {_rule(fields[name])}.")
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
            cells = frames[resource["name"]][key["fields"][0]].dropna()
            other = key["reference"]
            for row, value in cells[~cells.isin(frames[other["resource"]][other["fields"][0]])].items():
                place = _place(folder / resource["path"], row, key["fields"][0])
                problems.append(f"{place}: '{value}' is not in {other['resource']}.csv.")
    return problems


def _place(path: Path, index: int, column: str) -> str:
    """File, row as a spreadsheet counts it (the header is row 1), column."""
    return f"{path}, row {index + 2}, column {column}"
