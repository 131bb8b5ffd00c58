"""The parameters of the figures: named types, and how a notebook declares them.

A notebook's parameters cell is the one place where its parameters are declared, in papermill's form:

    cohort: Cohort = "little_giants"  # which companies

The types below say what a value may be. They need no pandas, so that a wrong call fails at once.
"""

import ast
import contextlib
import csv
import datetime
import difflib
import functools
import io
import json
import math
import re
import threading
import tokenize
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from lib.errors import ParameterError, UserError
from lib.paths import NOTEBOOKS, data_dir, file_content, file_state
from lib.words import mark, say

#: Cohorts of the tables by name: how titles call the companies, and what the cohort is. `described` knows users' own too.
COHORTS = {
    "little_giants": (
        mark("Little Giants"),
        mark("Shanghai and Shenzhen companies on a data vendor's list of specialised SMEs, November 2023"),
    ),
    "bse": (
        mark("Little Giants"),
        mark("the 93 companies on the Beijing Stock Exchange on 1 June 2022, which may be the article's"),
    ),
    "star": (mark("STAR companies"), mark("companies on Shanghai's STAR board")),
    "chinext": (mark("ChiNext companies"), mark("companies on Shenzhen's ChiNext board")),
    "all_listed": (mark("mainland companies"), mark("all companies listed in Shanghai and Shenzhen")),
}

#: Folder below data/ for users' own cohorts, a file each, and how such a file may be called.
OWN = "cohorts"
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
OWN_KINDS = (".csv", ".xlsx")

#: What public_sector.csv states on a company's customers as a share of revenue; the first is the state's own.
SHARE_ITEMS = ("state_share", "segment_share", "top5_share", "largest_customer_share")


@dataclass(frozen=True)
class OneOf:
    """Limits a type to `values()`, looked up at each use since the data decide some of them."""

    values: Callable[[], Sequence]

    def __get_pydantic_core_schema__(self, source, handler):
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value):
        if not (allowed := self.values()):
            raise _wrong(
                f"nothing is allowed, since the tables in {data_dir()} say of nothing that it is; see `python -m lib check`."
            )
        if value not in allowed:
            hint = _did_you_mean(str(value), map(str, allowed))
            raise _wrong(f"{value!r} is not allowed{hint} Allowed: {', '.join(map(str, allowed))}.")
        return value


def fiscal_years() -> list[int]:
    """Years for which mainland companies have rows in spending.csv."""
    return list(_cells("spending.csv", "company_id", "fiscal_year", made_into=_mainland_years))


def _mainland_years(rows) -> list[int]:
    return sorted({int(year) for company, year in rows if company[:1].isdigit() and year.isdigit()})


def own_cohorts() -> dict[str, Path]:
    """Users' own cohorts by name, with their files: every file in data/cohorts that `unread_files` has nothing against."""
    unread = unread_files()
    return {path.stem: path for path in _own_files() if path.name not in unread}


def unread_files() -> dict[str, str]:
    """Files in data/cohorts that are no cohort, by name, each with the sentence that says why and what to do."""
    found = {}
    files = _own_files()
    for path in files:
        twins = [other.name for other in files if other != path and _same_cohort(other, path)]
        if path.suffix.lower() not in OWN_KINDS:
            reason = "only .csv and .xlsx files are read; save the table as one of these"
        elif not OWN_NAME.fullmatch(path.stem):
            reason = (
                "the file's name becomes the cohort's; give it one of up to 24 letters a to z, digits, _ and -, a letter "
                "first, such as my_chips"
            )
        elif path.stem.lower() in (*COHORTS, "consumer_internet"):
            reason = "the project itself uses this name; give the file another one"
        elif twins:
            reason = f"{' and '.join(twins)} would be the same cohort; keep one of them, or rename one"
        else:
            continue
        shown = path.name.encode("utf-8", "backslashreplace").decode()  # a name may be no text at all
        found[path.name] = f"{OWN}/{shown} is not read: {reason}."
    return found


def _same_cohort(one: Path, other: Path) -> bool:
    return one.stem.lower() == other.stem.lower() and one.suffix.lower() in OWN_KINDS


def _own_files() -> list[Path]:
    """The files in data/cohorts, but for its README, hidden ones and the locks that Excel leaves. Folders do not count."""
    folder = data_dir() / OWN
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return [path for path in files if path.name != "README.md" and not path.name.startswith((".", "~$"))]
    except OSError:  # there is no such folder
        return []


def described(cohort: str) -> tuple[str, str]:
    """How titles call the companies of a cohort, and what the cohort is, in the figure's language."""
    if cohort in COHORTS:
        plural, description = COHORTS[cohort]
        return say(plural), say(description)
    file = own_cohorts()[cohort].name
    return say("companies of {cohort}", cohort=cohort), say("the companies in {file}, supplied by the user", file=file)


def cohorts_with_data() -> list[str]:
    """The cohorts that the tables hold expenses for; users' own are not among them."""
    return [name for name in COHORTS if name != "bse" or has_bse_expenses()]


def has_bse_expenses() -> bool:
    """Whether spending.csv holds companies of the Beijing Stock Exchange, which may be the article's cohort."""
    on_board, filed = (_cells(f"{name}.csv", "company_id", made_into=frozenset) for name in ("bse_roster", "spending"))
    return bool(on_board & filed)


def decade_ends() -> list[int]:
    """Last years of the ten-year sums of R&D that Huawei states."""
    rows = _cells("cited_figures.csv", "item", "fiscal_year")
    return sorted({int(year) for item, year in rows if item == "rd_cumulative_10y" and year.isdigit()})


def evidence_years() -> list[int]:
    """Years for which public_sector.csv holds a share of some company's revenue."""
    rows = _cells("public_sector.csv", "item", "fiscal_year", "last_fiscal_year")
    spans = [(int(a), int(b)) for item, a, b in rows if item in SHARE_ITEMS and a.isdigit() and b.isdigit()]
    return sorted({year for first, last in spans for year in range(first, last + 1)})


def board_days() -> tuple[str, str]:
    """The first day of the Beijing Stock Exchange and the day of the last published count, as 2021-12-31."""
    entries = [day for (day,) in _cells("bse_roster.csv", "entry_date") if day]
    counts = [day for (day,) in _cells("little_giant_counts.csv", "date") if day]
    return min(entries, default=""), max(counts, default="")


def _board_day(text: str) -> str:
    first, last = board_days()
    try:
        day = datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise _wrong(f"'{text}' is not a day. Allowed: after {first}, up to {last}, written like {last}.") from None
    if not first < day <= last:
        raise _wrong(f"{day} is out of range. Allowed: after {first}, up to {last}.")
    return day


def _board_count(count: int) -> int:
    most = len(_cells("bse_roster.csv", "company_id"))
    if not 1 <= count <= most:
        raise _wrong(f"{count} is out of range. Allowed: 1 to {most}, the companies ever on the roster.")
    return count


def _has_data(cohort: str) -> str:
    if cohort == "bse" and not has_bse_expenses():
        raise _wrong(
            "'bse' needs the expenses filed by Beijing Stock Exchange companies, which data/spending.csv does not "
            "hold yet; run `python -m lib refresh bse`, then call again."
        )
    return cohort


def _is_read(cohort):
    """Say why the file that a call names is not read, since 'not allowed' alone would not help."""
    if isinstance(cohort, str) and cohort not in COHORTS and cohort not in own_cohorts():
        for name, reason in unread_files().items():
            if cohort in (name, Path(name).stem):
                raise _wrong(reason)
    return cohort


def _split(value):
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _six_digits(codes: list[str]) -> list[str]:
    for code in codes:
        if not (len(code) == 6 and code.isascii() and code.isdigit()):
            padded = code.zfill(6)
            hint = _did_you_mean(padded, [padded] if len(padded) == 6 and padded.isdigit() else [])
            raise _wrong(f"'{code}' is not a company code{hint} Allowed: six-digit codes with their zeros, as text.")
    return codes


Cohort = Annotated[str, BeforeValidator(_is_read), OneOf(lambda: [*COHORTS, *own_cohorts()]), AfterValidator(_has_data)]
FiscalYear = Annotated[int, OneOf(fiscal_years)]
RatioMeasure = Annotated[str, OneOf(lambda: ["log_ratio", "signed_ratio", "difference_over_sum"])]
BaseYear = Annotated[int, OneOf(lambda: fiscal_years()[:-1])]
Panel = Annotated[str, OneOf(lambda: ["same_firms", "all_firms"])]
DecadeEnd = Annotated[int, OneOf(decade_ends)]
WeakestGrade = Annotated[str, OneOf(lambda: ["A", "B", "C"])]
RdSeries = Annotated[str, OneOf(lambda: ["amount", "share_of_revenue"])]
YesNo = Annotated[bool, OneOf(lambda: [True, False])]
EvidenceYear = Annotated[int, OneOf(evidence_years)]
EvidenceGrade = Annotated[str, OneOf(lambda: ["B", "C"])]
BoardDay = Annotated[str, BeforeValidator(str), AfterValidator(_board_day), Field(json_schema_extra={"format": "date"})]
BoardCount = Annotated[int, AfterValidator(_board_count)]
Language = Annotated[str, OneOf(lambda: ["en", "zh"])]
FigureSize = Annotated[str, OneOf(lambda: ["web", "one_column", "two_columns", "slide"])]
CompanyCodes = Annotated[
    list[str],
    BeforeValidator(_split),
    AfterValidator(_six_digits),
    Field(json_schema_extra={"format": "company-codes"}),
]
CohortList = Annotated[list[Cohort], BeforeValidator(_split)]
FiscalYearList = Annotated[list[FiscalYear], BeforeValidator(_split)]
MultipleList = Annotated[list[Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_split), Field(min_length=1)]
FirmCount = Annotated[int, Field(ge=1, le=1000)]

TYPES = {name: value for name, value in globals().items() if get_args(value) and hasattr(value, "__metadata__")}


class Unread(str):
    """A value as typed on a command line, before its parameter's type is known."""

    def read(self):
        """The value as papermill reads it where no type is declared: None, a truth value, a number, else text."""
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(self)
        return {"None": None, "True": True, "False": False}.get(self, str(self))


#: The default of a parameter that only a run of its notebook gives.
COMPUTED = object()


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a notebook; its default is COMPUTED where it is not written out."""

    name: str
    type: str
    default: Any
    help: str

    @property
    def allowed(self) -> list | None:
        """The allowed values, where they can be listed."""
        return allowed(TYPES[self.type]) if self.type in TYPES else None

    def check(self, value):
        """The value in its type; ParameterError in one sentence where it does not fit. Unknown types take any value."""
        if self.type in TYPES:
            return check(self.name, TYPES[self.type], value)
        value = value.read() if isinstance(value, Unread) else value
        if isinstance(value, float) and not math.isfinite(value):
            raise ParameterError(
                f"{self.name}: {value} is no number that can be handed on; -r {self.name}={value} is text."
            )
        return value

    def is_default(self, value) -> bool:
        """Whether a value is the default, to the type: 1, 1.0 and True are three."""
        return self.default is not COMPUTED and json.dumps(value, sort_keys=True) == json.dumps(
            self.default, sort_keys=True
        )


def check(name: str, kind: Any, value):
    """`value` converted to `kind`; ParameterError that names the parameter where it is not one."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "figure_parameter":
            raise ParameterError(f"{name}: {first['msg']}") from None
        choices = allowed(kind)
        hint = f" Allowed: {', '.join(map(str, choices))}." if choices else ""
        raise ParameterError(f"{name}: {first['input']!r} does not fit; {first['msg'].lower()}.{hint}") from None


def allowed(kind: Any) -> list | None:
    """The allowed values of a type, where they can be listed."""
    if get_origin(kind.__origin__) is list:
        (kind,) = get_args(kind.__origin__)
    return next((list(note.values()) for note in getattr(kind, "__metadata__", ()) if isinstance(note, OneOf)), None)


@functools.cache
def _adapter(kind) -> TypeAdapter:
    return TypeAdapter(kind)


def is_figure(notebook: Path) -> bool:
    """Whether a notebook is one of the project's figures; any other is run as papermill runs it."""
    return notebook.parent == NOTEBOOKS and re.match("[0-9]{2}_", notebook.name) is not None


class Metadata(BaseModel):
    """What is read here of a cell's metadata."""

    tags: tuple[str, ...] = ()


class Cell(BaseModel):
    """What is read here of a notebook's cell."""

    cell_type: Literal["code", "markdown", "raw"]
    metadata: Metadata
    source: Annotated[str, BeforeValidator(lambda source: "".join(source) if _are_lines(source) else source)]


def _are_lines(source) -> bool:
    return isinstance(source, list) and all(isinstance(line, str) for line in source)


def cells(notebook: Path) -> tuple[Cell, ...]:
    """A notebook's cells. UserError where it cannot be read, lacks a part, or is of another format or language than ours."""
    try:
        return _read(notebook, file_state(notebook))
    except OSError as error:
        raise UserError(f"{notebook.name} cannot be read ({error.strerror}).") from None


@functools.lru_cache(maxsize=64)
def _read(notebook: Path, state: tuple) -> tuple[Cell, ...]:
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        version, told = content["nbformat"], content.get("metadata") or {}
        language = (told.get("kernelspec") or {}).get("language") or (told.get("language_info") or {}).get("name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{notebook.name} is not a notebook: {type(error).__name__}, {error}.") from None
    if version != 4:
        raise UserError(
            f"{notebook.name} is in another format, nbformat {version!r}; open it in JupyterLab and save it as nbformat 4."
        )
    if language and str(language).lower() not in ("python", "python3", "ipython"):
        raise UserError(f"{notebook.name} is written in {language}; only notebooks in Python are run here.")
    try:
        return _adapter(tuple[Cell, ...]).validate_python(content.get("cells"))
    except ValidationError as error:
        first = error.errors()[0]
        number, *part = first["loc"] or [None]
        where = "cells" if number is None else f"cell {number + 1}{''.join(f', {name}' for name in part)}"
        raise UserError(
            f"{notebook.name}, {where}: {first['msg'].lower()}; open it in JupyterLab and save it anew."
        ) from None


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares in the cell tagged `parameters`, by name, in order.

    A figure's notebook must name a type of this module: `name: Type = default  # help`, with a plain value. In any other,
    whatever Python the cell holds will do, or no such cell at all. Raises UserError where the notebook cannot be read or a
    declaration is wrong.
    """
    cells(notebook)
    return dict(_declared(notebook, file_state(notebook), is_figure(notebook)))


@functools.lru_cache(maxsize=64)
def _declared(notebook: Path, state: tuple, figure: bool) -> dict[str, Parameter]:
    tagged = [cell for cell in cells(notebook) if "parameters" in cell.metadata.tags]
    if not tagged and not figure:
        return {}
    if not tagged:
        raise UserError(f"{notebook.name} has no cell tagged 'parameters'; tag the cell that declares them.")
    try:
        source, tree = python(tagged[0].source)
    except SyntaxError as error:
        raise UserError(f"{notebook.name}: line {error.lineno} of the parameters cell is not Python.") from None
    comments = _comments(source)
    declarations = (one for node in tree.body for one in _declaration(node, comments, notebook, figure))
    return {parameter.name: parameter for parameter in declarations}


def _comments(source: str) -> dict[int, str]:
    """The comments of Python code by line, up to where the tokenizer is stricter than Python."""
    found = {}
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string.lstrip("# ")
    return found


def python(source: str) -> tuple[str, ast.Module]:
    """A cell as Python, and its syntax tree: what is IPython's own in it (%magic, !command), as IPython runs it.

    Raises SyntaxError where IPython does not understand it either.
    """
    with contextlib.suppress(SyntaxError):
        return source, parsed(source)
    from IPython.core.inputtransformer2 import TransformerManager  # only here, since it takes a while

    source = TransformerManager().transform_cell(source)
    return source, parsed(source)


_parsing = threading.Lock()


def parsed(code: str) -> ast.Module:
    """The syntax tree of Python code. Raises SyntaxError where it is none.

    One thread at a time: CPython 3.11 now and then fails with a SystemError where threads change over inside ast.parse.
    """
    with _parsing, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel says them, where the code runs
        try:
            return ast.parse(code)
        except (ValueError, RecursionError, MemoryError) as error:  # NUL, half a surrogate pair, too deep
            raise SyntaxError(str(error) or type(error).__name__) from None


def _declaration(node: ast.stmt, comments: dict[int, str], notebook: Path, figure: bool) -> Iterator[Parameter]:
    """The parameters that a statement declares: `name: Type = default`, or plain `name = default`."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, kind = [node.target], ast.unparse(node.annotation)
    elif isinstance(node, ast.Assign):
        targets, kind = node.targets, ""
    else:
        return
    plain = len(targets) == 1 and isinstance(targets[0], ast.Name)
    default = _plain(node.value) if plain else COMPUTED
    for target in (part for whole in targets for part in ast.walk(whole)):
        if not isinstance(target, ast.Name) or not isinstance(target.ctx, ast.Store):
            continue
        if figure and kind not in TYPES:
            raise UserError(
                f"{notebook.name}: parameter {target.id} has the type {kind or 'none'}, which lib/parameters.py does not "
                f"define; use one of {', '.join(TYPES)}."
            )
        if figure and default is COMPUTED:
            raise UserError(
                f"{notebook.name}: parameter {target.id} needs a plain value, not {ast.unparse(node.value)}."
            )
        yield Parameter(target.id, kind, default, comments.get(node.end_lineno, ""))


def _plain(node: ast.expr):
    """The value of an expression that stands for itself and that JSON can hold; else COMPUTED."""
    try:
        value = ast.literal_eval(node)
        return value if repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value) else COMPUTED
    except (ValueError, TypeError, RecursionError, MemoryError):
        return COMPUTED


def check_all(notebook: Path, values: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook, each checked, with the defaults that need no computing filled in.

    Raises ParameterError for the first that is wrong.
    """
    parameters = declared(notebook)
    for name in values:
        if name not in parameters:
            known = (
                f"{_did_you_mean(name, parameters)} Parameters: {', '.join(parameters)}."
                if parameters
                else "; it has none."
            )
            raise ParameterError(f"{notebook.stem} has no parameter {name}{known}")
    filled = {name: values.get(name, p.default) for name, p in parameters.items()}
    return {name: parameters[name].check(value) for name, value in filled.items() if value is not COMPUTED}


def _cells(file: str, *columns: str, made_into: Callable = list):
    """What `made_into` gives for some columns of a table, a list of a tuple of texts per row; for [] if it is unreadable.

    Only to look values up; `tables.load` does the rest.
    """
    path = data_dir() / file
    try:
        return _looked_up(path, columns, made_into, file_state(path))
    except (OSError, ValueError, StopIteration, csv.Error):
        return made_into([])


@functools.lru_cache(maxsize=32)
def _looked_up(path: Path, columns: tuple[str, ...], made_into: Callable, state: tuple):
    """Made once for each `state` of the file, since every check of a value asks."""
    rows = csv.reader(io.StringIO(file_content(path).decode("utf-8"), newline=""))
    header = next(rows)
    places = [header.index(column) for column in columns]
    return made_into([tuple(row[i] for i in places) for row in rows if len(row) > max(places)])


def _did_you_mean(word: str, known) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else "."


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("figure_parameter", "{message}", {"message": message})
