"""Cohort files on disk: put one in place with its origin beside it, never over something that a user made."""

import os
import tempfile
from pathlib import Path

from lib import parameters
from lib.errors import UserError
from lib.paths import data_dir
from lib.rows import origins
from lib.vendor.convert import Cohort, origin_text


def put(cohort: Cohort) -> Path:
    """Write the cohort's CSV and its origin into data/cohorts. Raises UserError where another file has the name."""
    folder = data_dir() / parameters.OWN
    path = folder / f"{cohort.name}.csv"
    free(path)
    write(path, cohort.content)
    write(origins.beside(path), origin_text(cohort.origin).encode())
    return path


def free(path: Path) -> None:
    """Raise UserError where a file is the same cohort as `path` would be, but for an import there, left as it was.

    That may be replaced; beside a file of another name, neither would be read.
    """
    for other in sorted(path.parent.glob("*")) if path.parent.is_dir() else []:
        if not (other.is_file() and parameters.same_cohort(other, path)):
            continue
        if other.name != path.name or not origins.read(other):
            raise UserError(
                f"{parameters.OWN}/{other.name} is there already, and is no import that {path.name} may replace; choose another name, "
                "or take it away first."
            )


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, stage = tempfile.mkstemp(prefix=".", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(stage).chmod(0o644)
            Path(stage).replace(path)
        except BaseException:
            Path(stage).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); free the place, then try again.") from error
