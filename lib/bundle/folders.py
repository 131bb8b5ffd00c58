"""Where a figure's bundle stands, and whether it is whole. Light, so that the command line can ask at once."""

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from lib import notebooks
from lib.errors import ParameterError
from lib.paths import OWN_FILE, is_file, notebooks_dir, outputs_dir, read_bounded

FORMATS = ("png", "svg", "pdf", "csv", "xlsx", "dta", "tex", "bib", "json")
LONGEST = 100  # bytes of a folder's name before its hash: disks take 255 for a name, and some 260 for a path
#: Packages that can change a figure's bytes.
PACKAGES = (
    *("bibtexparser", "font-source-sans-pro", "matplotlib", "numpy", "openpyxl", "pandas", "pillow"),
    *("pylatexenc", "pypdf", "pypdfium2", "pypng", "scipy", "seaborn", "xlsxwriter", "zhplot"),
)


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of PACKAGES."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def folder_of(notebook: Path, values: dict, apart: bool = False, subset: str = "") -> str:
    """Folder of a notebook's bundle below outputs/: its name, and below it the parameters that are not the defaults.

    No two notebooks or sets of parameters share one: where the words alone could mean another, after `~`, a hash follows.
    apart: have a hash of the notebook's path in it, since another notebook of its name has the folder without one. subset:
    the reader's name for a part of the rows.
    """
    declared = notebooks.declared(notebook)
    changed = {name: value for name, value in values.items() if not declared[name].is_default(value)}
    words = {name: _word(value) for name, value in changed.items()} | ({"subset": subset} if subset else {})
    plain = not subset and all(_means_only(words[name], value, declared[name]) for name, value in changed.items())
    text = ",".join(f"{name}={word}" for name, word in words.items())
    folder = _marked(re.sub(r"[^\w=,+.-]", "-", text), "" if plain else json.dumps([changed, subset], sort_keys=True))
    return "/".join(filter(None, (_own_folder(notebook, apart), folder)))


def _own_folder(notebook: Path, apart: bool) -> str:
    """The folder of a notebook that has all its bundles."""
    stem = notebook.stem
    taken = not notebooks.is_figure(notebook) and is_file(notebooks_dir() / notebook.name)
    ours = stem.lower() in ("manifest.json", "index.html") or stem.startswith(".")
    return _marked(stem, os.fsdecode(notebook) if apart or taken or ours or stem.endswith((".", " ")) else "")


def _word(value) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _means_only(word: str, value, parameter: notebooks.Parameter) -> bool:
    """Whether `word`, read back, gives `value` and no other value has it, also on a disk that takes A for a."""
    parts = [str(part) for part in value] if isinstance(value, list) else [word]
    if not all(re.fullmatch(r"[\w.-]*", part) for part in parts) or unicodedata.normalize("NFC", word) != word:
        return False
    try:
        read = parameter.check(notebooks.Unread(word.replace("+", ",")))
        if not parameter.type and isinstance(value, str):
            other = parameter.check(notebooks.Unread(word.capitalize()))
            return read == value and word == word.lower() and isinstance(other, str)
    except ParameterError:
        return False
    return json.dumps(read) == json.dumps(value)


def _marked(text: str, meaning: str) -> str:
    """A folder's name from `text`, at most LONGEST bytes long; with a hash of `meaning` where there is any, or it was cut."""
    name = re.sub(r"[^\w =,+.()-]", "-", text).lstrip(".")
    if name == text and not meaning and len(name.encode()) <= LONGEST:
        return name
    return f"{fitting(name, LONGEST)}~{hashlib.sha256((meaning or text).encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def fitting(text: str, most: int) -> str:
    """`text`, cut to at most `most` bytes."""
    return text.encode(errors="surrogateescape")[:most].decode(errors="ignore")


def variants(name: str) -> list[Path]:
    """Folders of a figure's bundles that were drawn with other parameters than the defaults, in order of name."""
    return sorted(record.parent for record in (outputs_dir() / name).glob(f"*/{name}.json"))


class _Claim(BaseModel):
    claim_id: str
    verdict: str
    rebuilt: str | None


class _Record(BaseModel):
    """What is read of a bundle's record beside what its page shows."""

    title: str
    headline: dict[str, float | str | None]
    claims: list[_Claim]
    data: dict[str, str]
    files: dict[str, str]


def faults(folder: Path, name: str, known: Mapping[str, str] | None = None) -> list[str]:
    """What is missing or changed in a bundle, file by file; empty where it is whole.

    known: SHA-256 of those of its files that need not be read again, by name.
    """
    record = record_in(folder, name)
    if record is None:
        return [f"{name}.json is missing, or is no record as this project writes it"]
    found = []
    for file, sha256 in record["files"].items():
        path = folder / file
        if not is_file(path):
            found.append(f"{file} is missing")
        elif ((known or {}).get(file) or _hash(path)) != sha256:
            found.append(f"{file} is not the one that its record names")
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as file:  # in parts: it may be larger than what was written
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_by_hand(folder: Path, name: str) -> bool:
    """Whether a bundle stands there whose drawing was changed after its drawing function had made it."""
    record = record_in(folder, name)
    return bool(record and record.get("changed_by_hand"))


def record_in(folder: Path, name: str) -> dict | None:
    """A bundle's record; None where it is missing, or is not one that vouches for each of the other files."""
    try:
        record = json.loads(read_bounded(folder / f"{name}.json", OWN_FILE).decode("utf-8"))
        files = _Record.model_validate(record).files
    except (OSError, ValueError, RecursionError):  # no JSON and no record among them
        return None
    return record if files.keys() == {f"{name}.{kind}" for kind in FORMATS if kind != "json"} else None
