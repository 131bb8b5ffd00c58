"""The types of the figures' parameters: what a value may be, decided in part by the tables.

They need no pandas, so that a wrong call fails at once. How a notebook declares parameters of these types: `lib.notebooks`.
"""

import csv
import datetime
import functools
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from lib.errors import ParameterError, did_you_mean
from lib.paths import data_dir, file_content, file_state
from lib.words import phrase, say

#: Cohorts of the tables by name: how titles call the companies, and what the cohort is. `described` knows users' own too.
COHORTS = {
    "specialised": (
        phrase("listed specialised {count:firm|firms}"),
        phrase("Shanghai and Shenzhen companies on a data vendor's list of specialised firms, November 2023"),
    ),
    "bse": (
        phrase("Beijing-listed {count:company|companies}"),
        phrase("the 93 companies on the Beijing Stock Exchange on 1 June 2022, which may be the article's"),
    ),
    "star": (phrase("STAR {count:company|companies}"), phrase("companies on Shanghai's STAR board")),
    "chinext": (phrase("ChiNext {count:company|companies}"), phrase("companies on Shenzhen's ChiNext board")),
    "all_listed": (phrase("listed {count:company|companies}"), phrase("companies listed in Shanghai and Shenzhen")),
}

#: Folder below data/ for users' own cohorts, a file each, and how such a file may be called.
OWN = "cohorts"
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
OWN_KINDS = (".csv", ".xlsx")
#: How the file beside an imported cohort ends that says where it comes from.
ORIGIN = ".origin.json"

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
            hint = did_you_mean(str(value), map(str, allowed))
            raise _wrong(f"{value!r} is not allowed{hint} Allowed: {', '.join(map(str, allowed))}.")
        return value


def is_code(text: str) -> bool:
    """Whether a text is a mainland company's code, of six digits; the internet companies listed abroad have other ids."""
    return len(text) == 6 and text.isascii() and text.isdigit()


def fiscal_years() -> list[int]:
    """Years for which mainland companies have rows in spending.csv."""
    return list(_cells("spending.csv", "company_id", "fiscal_year", made_into=_mainland_years))


def _mainland_years(rows) -> list[int]:
    return sorted({int(year) for company, year in rows if is_code(company) and year.isdigit()})


def own_cohorts() -> dict[str, Path]:
    """Users' own cohorts by name, with their files: every file in data/cohorts that `unread_files` has nothing against."""
    unread = unread_files()
    return {path.stem: path for path in _own_files() if path.name not in unread}


def unread_files() -> dict[str, str]:
    """Files in data/cohorts that are no cohort, by name, each with the sentence that says why and what to do."""
    found = {}
    files = _own_files()
    for path in files:
        twins = [other.name for other in files if other != path and same_cohort(other, path)]
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


def same_cohort(one: Path, other: Path) -> bool:
    """Whether the file `one` is of a kind that is read, and has the name of the file `other`."""
    return one.stem.lower() == other.stem.lower() and one.suffix.lower() in OWN_KINDS


def _own_files() -> list[Path]:
    """The files in data/cohorts, but for its README, origins, hidden ones and the locks that Excel leaves. Folders do not count."""
    folder = data_dir() / OWN
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        passed = (
            path.name == "README.md" or path.name.endswith(ORIGIN) or path.name.startswith((".", "~$"))
            for path in files
        )
        return [path for path, passes in zip(files, passed, strict=True) if not passes]
    except OSError:  # there is no such folder
        return []


def described(cohort: str, count: int = 2) -> tuple[str, str]:
    """How titles call the companies of a cohort, where they are `count`, and what the cohort is, in the figure's language."""
    if cohort in COHORTS:
        plural, description = COHORTS[cohort]
        return say(plural, count=count), say(description)
    file = own_cohorts()[cohort].name
    return say("{count:company|companies} of {cohort}", cohort=cohort, count=count), say(
        "the companies in {file}, supplied by the user", file=file
    )


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
        if not is_code(code):
            padded = code.zfill(6)
            hint = did_you_mean(padded, [padded] if is_code(padded) else [])
            raise _wrong(f"'{code}' is not a company code{hint} Allowed: six-digit codes with their zeros, as text.")
    return codes


Cohort = Annotated[str, BeforeValidator(_is_read), OneOf(lambda: [*COHORTS, *own_cohorts()]), AfterValidator(_has_data)]
#: A cohort that is compared with all other listed companies, and so is not all of them.
PartCohort = Annotated[
    str,
    BeforeValidator(_is_read),
    OneOf(lambda: [name for name in (*COHORTS, *own_cohorts()) if name != "all_listed"]),
    AfterValidator(_has_data),
]
FiscalYear = Annotated[int, OneOf(fiscal_years)]
RatioMeasure = Annotated[str, OneOf(lambda: ["log_ratio", "signed_ratio", "difference_over_sum"])]
GapOutcome = Annotated[str, OneOf(lambda: ["share", "log_ratio", "rd_intensity", "selling_intensity"])]
LaterYear = Annotated[int, OneOf(lambda: fiscal_years()[1:])]
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

TYPES = {name: value for name, value in globals().items() if get_origin(value) is Annotated}


def require_text(text: str, where: str) -> None:
    """Raise ParameterError that names `where` for a text with half a character in it, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ParameterError(f"{where}: {text!r} is not text; half a character stands in it.") from None


def check(name: str, kind: Any, value):
    """`value` converted to `kind`; ParameterError that names the parameter where it is not one."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            require_text(part, name)
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


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("figure_parameter", "{message}", {"message": message})
