"""The rooms of lib: imports run one way, from what notebooks import to what runs them, and one name finds all of a figure."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lib import notebooks
from lib.paths import ROOT

LIB = ROOT / "lib"
#: The floors of the house, each of rooms and modules that may import what stands on a floor below, and their own room.
FLOORS = (
    ("environment", "errors", "paths"),
    ("words",),
    ("parameters",),
    ("measures", "notebooks", "style", "tables"),
    ("chart", "estimates", "figure"),
    ("rows",),
    ("figures", "claims"),
    ("bundle", "vendor"),
    ("explore",),
    ("render", "refresh"),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
#: What is asked for only when it is needed: a figure is drawn without them.
LAZY = {("figure", "bundle")}


def room_of(path: Path) -> str:
    return path.relative_to(LIB).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Modules of lib that a module imports, anywhere in it, as dotted names without the leading lib."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("lib.")}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lib":
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("lib.") for name in found}


MODULES = [path for path in sorted(LIB.rglob("*.py")) if path != LIB / "__init__.py"]


def test_every_room_has_a_floor_and_the_top_level_is_small():
    assert {room_of(path) for path in MODULES} == set(FLOOR)
    assert len(list(LIB.glob("*.py"))) - 1 <= 12


def test_the_page_for_contributors_names_the_rooms_floor_by_floor():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    assert [set(re.findall(r"\w+", row)) for row in rows] == [set(rooms) for rooms in FLOORS]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(LIB).as_posix())
def test_imports_run_one_way(path):
    here = room_of(path)
    for name in imported(path):
        there = name.split(".")[0]
        lower = there == here or FLOOR[there] < FLOOR[here]
        assert lower or (here, there) in LAZY, f"{here} imports {name}"


def test_no_two_modules_import_each_other():
    names = {".".join(path.relative_to(LIB).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    graph = {
        name: {other for word in imported(path) for other in (word, word.rpartition(".")[0]) if other in names} - {name}
        for name, path in names.items()
    }
    ready: set[str] = set()
    while waiting := [name for name in graph if name not in ready]:
        free = [name for name in waiting if graph[name] - {"bundle.pixels", "bundle"} <= ready | {name.split(".")[0]}]
        assert free, f"a circle among {waiting}"
        ready |= set(free)


def test_figures_are_drawn_without_ledger_latex_and_pngs():
    stems = [notebook.stem[3:] for notebook in notebooks.figures()]
    code = f"import sys; {'; '.join(f'import lib.figures.{stem}' for stem in stems)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("lib.")}
    rooms = {name.split(".")[1] for name in loaded}
    assert "figures" in rooms and not rooms & {"claims", "bundle", "explore", "render", "refresh", "vendor"}


@pytest.mark.parametrize("notebook", notebooks.figures(), ids=lambda path: path.stem)
def test_one_name_finds_rows_drawing_tests_and_picture(notebook):
    stem = notebook.stem[3:]
    for path in (f"lib/rows/{stem}.py", f"lib/figures/{stem}.py", f"tests/test_{stem}.py"):
        assert (ROOT / path).is_file(), path
    assert (ROOT / "tests" / "pictures" / f"{notebook.stem}.png").is_file()
    code = "\n".join(cell.source for cell in notebooks.cells(notebook) if cell.cell_type == "code")
    assert f"lib.rows.{stem}" in code or f"from lib.rows import {stem}" in code or f" {stem}" in code
    assert f"from lib.figures.{stem} import" in code and "publish(figure)" in code
