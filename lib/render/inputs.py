"""What a figure depends on, as names with hashes or versions, and in words what has changed since its last render."""

import ast
import contextlib
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from lib import notebooks, parameters
from lib.bundle.folders import versions
from lib.paths import ROOT, data_dir, file_content, file_state, is_file

MAGICS = ("run_cell_magic", "run_line_magic")  # what IPython calls for %magic; the last argument may be Python again


def of(notebook: Path, data_files: Iterable[str]) -> dict[str, str]:
    """Everything that decides a figure's bytes but its parameters: name -> hash or version.

    The notebook's cells, the modules of lib that it imports (and they) with the texts these say in Chinese, the tables it
    read (`data_files`) or names in its code, CITATION.cff, and package versions.
    """
    cells = notebooks.cells(notebook)
    told = [(cell.cell_type, cell.source, cell.metadata.tags) for cell in cells]
    read = [_of_code(cell.source) for cell in cells if cell.cell_type == "code"]
    modules = _with_theirs(file for files, _ in read for file in files)
    words = {word for _, words in read for word in words}
    named = [file for file in tables_on_disk() if words & {file, Path(file).name, Path(file).stem, ANY}]
    found = {f"notebooks/{notebook.name}": _sha256(json.dumps(told).encode())} | _hashes(modules)
    found |= {f"data/{name}": file_hash(data_dir() / name) for name in sorted({*data_files, *named})}
    found["./CITATION.cff"] = file_hash(ROOT / "CITATION.cff")  # cited in every bundle
    return found | versions()


def of_module(path: Path) -> dict[str, str]:
    """Hashes of a module of lib and of those that it imports (and they), by path from the project's folder."""
    return _hashes(_with_theirs([path]))


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


def tables_on_disk() -> list[str]:
    """Names of the files in data/ that a notebook may read: the tables, and users' own cohorts."""
    files = [path for path in data_dir().glob("*") if path.suffix in (".csv", ".json")]
    files += parameters.own_cohorts().values()
    return sorted(path.relative_to(data_dir()).as_posix() for path in files)


def of_tables() -> dict[str, str]:
    """Hashes of the tables by name, without users' own cohorts: a broken one concerns only the calls that use it."""
    return {name: file_hash(data_dir() / name) for name in tables_on_disk() if "/" not in name}


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content; empty where there is no such file."""
    try:
        return _hash_as_of(path, file_state(path)) if is_file(path) else ""
    except OSError:
        return ""


@functools.lru_cache(maxsize=4096)
def _hash_as_of(path: Path, state: tuple) -> str:
    inside = path.is_relative_to(data_dir())
    return _sha256(file_content(path) if inside else path.read_bytes())  # tables are read for their values, too


def _hashes(modules: set[Path]) -> dict[str, str]:
    if ROOT / "lib" / "words.py" in modules:
        modules = modules | set((ROOT / "lib" / "locale").glob("*.po"))
    return {path.relative_to(ROOT).as_posix(): file_hash(path) for path in sorted(modules)}


def _with_theirs(files: Iterable[Path]) -> set[Path]:
    """These modules of lib, and those that they import (and they)."""
    found: set[Path] = set()
    waiting = set(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting |= _imported_by(path, file_state(path)) - found
    return found


@functools.lru_cache(maxsize=256)
def _imported_by(path: Path, state: tuple) -> frozenset[Path]:
    try:
        tree = notebooks.parsed(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return _all_of_lib()
    return frozenset(_imported(tree, path.parent))


#: Among the words of code that is not Python: it may name any table.
ANY = "*"


@functools.lru_cache(maxsize=1024)
def _of_code(source: str) -> tuple[frozenset[Path], frozenset[str]]:
    """The modules of lib that a cell imports, and its text constants with their last parts as paths.

    All of lib, and ANY, where the cell is not Python.
    """
    try:
        trees = list(_trees(source))
    except (SyntaxError, RecursionError):
        return _all_of_lib(), frozenset({ANY})
    files, words = set(), set()
    for tree in trees:
        files |= set(_imported(tree, ROOT))
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        words |= texts | {text.rsplit("/", 1)[-1] for text in texts}
    return frozenset(files), frozenset(words)


def _trees(source: str) -> Iterator[ast.Module]:
    """The syntax tree of a cell, and those of the Python in it that IPython's magics run, such as %%time."""
    _, tree = notebooks.python(source)
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in MAGICS and node.args:
            inner = node.args[-1]
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                with contextlib.suppress(SyntaxError):  # %%bash
                    yield from _trees(inner.value)


def _all_of_lib() -> frozenset[Path]:
    """What code that cannot be read may import: all but what runs notebooks and what fetches data."""
    lib = ROOT / "lib"
    apart = ("__main__.py", "render", "refresh")
    return frozenset(path for path in lib.rglob("*.py") if path.relative_to(lib).parts[0] not in apart)


def _imported(tree: ast.Module, package: Path) -> Iterator[Path]:
    """Files of lib that the import statements of code in the folder `package` name."""
    names = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.parts[len(ROOT.parts) :]
            above = above[: len(above) - node.level + 1] if node.level else ()
            module = (*above, *(node.module or "").split("."))
            names |= {module, *((*module, alias.name) for alias in node.names)}
    for name in names:
        parts = [part for part in name if part]
        if parts[:1] == ["lib"]:
            path = ROOT.joinpath(*parts)
            yield from filter(is_file, (path.with_suffix(".py"), path / "__init__.py"))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements below a node, at any depth. Their expressions, most of a tree, are not looked into."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child
            yield from _statements(child)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
