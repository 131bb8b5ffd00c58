"""What a figure depends on, as names with hashes or versions, and in words what has changed since its last render."""

import ast
import functools
import hashlib
import json
from pathlib import Path

from lib.bundle.folders import versions
from lib.notebooks import parsed
from lib.paths import ROOT, data_dir


def of(notebook: Path, data_files: list[str]) -> dict[str, str]:
    """Everything that decides a figure's bytes but its parameters: name -> hash or version.

    The notebook's cells, the modules of lib that it imports (and they) with the texts these say in Chinese, the tables it
    read, CITATION.cff, and package versions.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    told = [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags")) for cell in cells]
    code = "\n".join(
        source for kind, source, _ in told if kind == "code" and not source.lstrip().startswith(("%", "!"))
    )
    found = {f"notebooks/{notebook.name}": _sha256(json.dumps(told).encode())}
    modules = _modules(code)
    if ROOT / "lib" / "words.py" in modules:
        modules |= set((ROOT / "lib" / "locale").glob("*.po"))
    found |= {path.relative_to(ROOT).as_posix(): file_hash(path) for path in sorted(modules)}
    found |= {f"data/{name}": file_hash(data_dir() / name) for name in sorted(data_files)}
    found["./CITATION.cff"] = file_hash(ROOT / "CITATION.cff")  # cited in every bundle
    return found | versions()


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What differs, in words."""
    words = []
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            words.append(f"{name} is no longer used")
        elif name not in before:
            words.append(f"{name} is new")
        elif before[name] != now[name]:
            is_file = "/" in name
            words.append(f"{name} changed" if is_file else f"{name} went from {before[name]} to {now[name]}")
    return words


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content; empty where there is no such file."""
    try:
        return _sha256(path.read_bytes())
    except OSError:
        return ""


def _modules(code: str) -> set[Path]:
    """Files of lib that `code` imports, and that these import."""
    found: set[Path] = set()
    waiting = set(_imported(code))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting |= _imported_by(path) - found
    return found


@functools.cache
def _imported_by(path: Path) -> frozenset[Path]:
    return _imported(path.read_text(encoding="utf-8"))


@functools.cache
def _imported(code: str) -> frozenset[Path]:
    """Files of lib that the import statements in `code` name; all of lib's own where it is not Python (IPython's words)."""
    try:
        tree = parsed(code)
    except SyntaxError:
        return frozenset((ROOT / "lib").glob("*.py"))  # so it may import anything
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = set()
    for name in names:
        if name.split(".")[0] == "lib":
            path = ROOT.joinpath(*name.split("."))
            files |= {file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()}
    return frozenset(files)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
