"""Where an imported cohort comes from: a file beside it that the import wrote, believed for as long as the cohort is as it was."""

import hashlib
import json
from pathlib import Path

from lib.parameters import ORIGIN
from lib.paths import TABLE, read_bounded

#: What it holds: the export's name and SHA-256, the vendor ('' where not told), the amounts' unit in yuan and what it was
#: known from, the kind of statement, the columns by line, the day of the import, and the SHA-256 of the cohort's file.
TEXTS = ("file", "sha256", "vendor", "unit_from", "statements", "imported", "cohort_sha256")


def beside(cohort: Path) -> Path:
    """The place of a cohort's origin."""
    return cohort.with_name(f"{cohort.stem}{ORIGIN}")


def read(cohort: Path) -> dict:
    """The origin of a cohort's file; {} where there is none, or the file was changed since. Its texts are fit to be printed."""
    try:
        found = json.loads(read_bounded(beside(cohort), TABLE))
        same = found["cohort_sha256"] == hashlib.sha256(read_bounded(cohort, TABLE)).hexdigest()
        if not same or not isinstance(found["unit"], int) or not all(isinstance(found[key], str) for key in TEXTS):
            return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found | {key: tidy(found[key]) for key in TEXTS}


def tidy(text: str, most: int = 80) -> str:
    """A text from outside on one line, without signs that cannot be printed or that part sources from each other."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text).translate(str.maketrans(";；", ",，"))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
