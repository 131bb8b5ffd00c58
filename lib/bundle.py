"""Where a figure's bundle stands, and whether it is whole. Light, so that the command line can ask at once."""

import hashlib
import json
from pathlib import Path

from lib import parameters
from lib.paths import NOTEBOOKS, outputs_dir

FORMATS = ("png", "svg", "pdf", "csv", "json")


def bundle_dir(name: str, values: dict) -> Path:
    """Folder of a figure's bundle: its name, and below it the parameters that differ from the defaults."""
    defaults = {p.name: p.default for p in parameters.declared(NOTEBOOKS / f"{name}.ipynb").values()}
    changed = {key: value for key, value in values.items() if value != defaults[key]}
    folder = outputs_dir() / name
    if not changed:
        return folder
    words = ",".join(f"{k}={'+'.join(v) if isinstance(v, list) else v}" for k, v in changed.items())
    if len(words) > 100:
        words = words[:80] + "-" + hashlib.sha256(words.encode()).hexdigest()[:12]
    return folder / words


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
