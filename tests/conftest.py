"""Shared by the tests: a copy of the tables to break, the command line, and a look at a figure's texts."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from matplotlib.text import Text

from lib.paths import ROOT


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """A copy of data/ that the project reads during the test."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "data", copy)
    monkeypatch.setenv("FIGURES_DATA", str(copy))
    return copy


@pytest.fixture
def outputs(tmp_path, monkeypatch) -> Path:
    """An empty outputs folder that the project writes to during the test."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("FIGURES_OUTPUTS", str(folder))
    return folder


@pytest.fixture
def command():
    """Runs `python -m lib` as a user does; gives exit code, both streams and seconds."""

    def run(*words, env=None):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "lib", *words],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
        )
        done.seconds = time.perf_counter() - start
        return done

    return run


@pytest.fixture
def edit(data):
    """Changes one cell of a table in the copy: edit("spending", {"company_id": "000001"}, "rd_expense_cny", "5")."""
    import pandas as pd

    def change(table, key, column, value):
        path = data / f"{table}.csv"
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
        rows = (frame[list(key)] == pd.Series(key)).all(axis=1)
        assert rows.sum() == 1, f"{key} does not name one row of {table}"
        frame.loc[rows, column] = value
        frame.to_csv(path, index=False, lineterminator="\n")
        return int(rows.idxmax()) + 2  # the row as a spreadsheet counts it

    return change


def text_faults(drawing) -> list[str]:
    """Texts of a figure that overlap each other or leave its edges."""
    renderer = drawing.canvas.get_renderer()
    drawing.canvas.draw()  # places annotations
    page = drawing.bbox
    boxes = []
    for text in drawing.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            box = Text.get_window_extent(text, renderer)
            if box.width and box.height:
                boxes.append((text.get_text(), box))
    faults = [
        f"outside: {words!r}" for words, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))
    ]
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 1 and down > 2:  # a pixel of line spacing is no overlap
            faults.append(f"overlap: {first!r} and {second!r}")
    return faults


def render(name: str, **values) -> Path:
    """Render a figure in an ordinary kernel below the test's outputs; gives the bundle's folder."""
    from lib.paths import outputs_dir
    from lib.render import run

    task = run.job(name, **values)
    outputs_dir().mkdir(parents=True, exist_ok=True)
    outcome = run.run(task, outputs_dir(), cold=True)
    assert outcome.error is None, outcome.sentence()
    return outputs_dir() / task.slot
