"""Where a figure's bundle stands, and whether it is whole. Light, so that the command line can ask at once."""

import functools
import hashlib
import importlib.metadata
import json
import platform
import re
from pathlib import Path

from lib import notebooks
from lib.paths import outputs_dir

FORMATS = ("png", "svg", "pdf", "csv", "xlsx", "tex", "bib", "json")
#: Packages that can change a figure's bytes.
PACKAGES = (
    *("bibtexparser", "font-source-sans-pro", "matplotlib", "numpy", "openpyxl", "pandas", "pillow"),
    *("pylatexenc", "pypdf", "pypdfium2", "pypng", "scipy", "seaborn", "xlsxwriter", "zhplot"),
)


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of PACKAGES."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def folder_of(notebook: Path, values: dict, subset: str = "") -> str:
    """Folder of a notebook's bundle below outputs/: its name, and below it the parameters that are not the defaults.

    subset: the reader's name for a part of the rows.
    """
    defaults = {p.name: p.default for p in notebooks.declared(notebook).values()}
    changed = {key: value for key, value in values.items() if value != defaults[key]}
    changed |= {"subset": subset} if subset else {}
    words = ",".join(f"{k}={'+'.join(map(str, v)) if isinstance(v, list) else v}" for k, v in changed.items())
    words = re.sub(r"[^\w=,+.-]", "-", words)
    if len(words) > 100:
        words = words[:80] + "-" + hashlib.sha256(words.encode()).hexdigest()[:12]
    return f"{notebook.stem}/{words}" if words else notebook.stem


def variants(name: str) -> list[Path]:
    """Folders of a figure's bundles that were drawn with other parameters than the defaults, in order of name."""
    return sorted(record.parent for record in (outputs_dir() / name).glob(f"*/{name}.json"))


def faults(folder: Path, name: str) -> list[str]:
    """What is missing or changed in a bundle, file by file; empty where it is whole."""
    try:
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [f"{name}.json is missing or unreadable"]
    found = []
    for file, sha256 in record["files"].items():
        path = folder / file
        if not path.is_file():
            found.append(f"{file} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            found.append(f"{file} is not the one that its record names")
    return found


def changed_by_hand(folder: Path, name: str) -> bool:
    """Whether a bundle stands there whose drawing was changed after its drawing function had made it."""
    try:
        return bool(json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["changed_by_hand"])
    except (OSError, ValueError, KeyError, TypeError):  # no bundle, or none of ours
        return False
