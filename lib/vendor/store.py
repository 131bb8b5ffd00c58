"""Cohort files on disk: put one in place with its origin beside it, never over something that a user made."""

from pathlib import Path

from lib import parameters
from lib.errors import UserError
from lib.paths import data_dir, swapped_in
from lib.rows import origins
from lib.vendor.convert import Cohort, origin_text


def put(cohort: Cohort) -> Path:
    """Write the cohort's CSV and its origin into data/cohorts, both or none. Raises UserError where another file has the name."""
    path = data_dir() / parameters.OWN / f"{cohort.name}.csv"
    free(path)
    write({path: cohort.content, origins.beside(path): origin_text(cohort.origin).encode()})
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
                f"{parameters.OWN}/{other.name} is there already, and is no earlier import of this name, which may be replaced; choose "
                "another name, or take it away first."
            )


def write(contents: dict[Path, bytes]) -> None:
    """Write files of one folder, all of them or none."""
    folder = next(iter(contents)).parent
    try:
        with swapped_in(folder) as stage:
            for path, content in contents.items():
                (stage / path.name).write_bytes(content)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written to ({error.strerror}); free the place, then try again."
        ) from error
