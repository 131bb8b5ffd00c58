"""Vendors' exports as cohorts: `take` reads one and adds it to data/cohorts, or says what must be settled first.

Modules: `readers` (raw cells of a file), `layouts` (whose table it is, and what its words say), `records` (which columns and rows
are read), `convert` (to a plain cohort file), `store` (puts it in place), `template` (an empty file to fill in).
"""

from dataclasses import dataclass
from pathlib import Path

from lib.errors import UserError
from lib.vendor import convert, store


@dataclass(frozen=True)
class Taken:
    """What came of an export. report: what was understood, as text; cohort: the name that figures know it by, and path: its
    file, both None where nothing was written; problem: then the error that says in one sentence what settles it."""

    report: str
    cohort: str | None = None
    path: Path | None = None
    problem: UserError | None = None


def take(file: str, content: bytes, **answers) -> Taken:
    """Read a vendor's export from its bytes, and add it to data/cohorts where nothing is left to ask.

    file: what it is called, for its kind and for the report; answers: those of `convert.convert` (name, unit, sheet, year, filed).
    """
    found = convert.convert(file, content, **answers)
    report = "\n".join(found.report)
    if found.problem:
        return Taken(report, problem=found.problem)
    try:
        path = store.put(found.cohort)
    except UserError as problem:
        return Taken(report, problem=problem)
    return Taken(report, found.cohort.name, path)
