"""Shared by the tests: a copy of the tables to break, the command line, a browser, and a look at a figure's texts."""

import gc
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the suite's workers have all cores; set before numpy is imported

import pytest
from filelock import FileLock
from hypothesis import settings
from lab import find_chromium, launch
from matplotlib.text import Text

import lib.render.engine  # noqa: F401  (before a test imports nbformat, without a grammar that takes a second to compile)
from lib import style
from lib.__main__ import cores
from lib.paths import ROOT

settings.register_profile("any machine", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers(config) -> int:
    """One worker more than there are cores, since tests wait for browsers, kernels and servers a third of their time."""
    return cores() + 1


def pytest_collection_finish(session) -> None:
    """Look for garbage seldom, and not among what was imported: that took a fifth of the time of tests that draw."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """A copy of data/ that the project reads during the test."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "data", copy)
    monkeypatch.setenv("FIGURES_DATA", str(copy))
    return copy


@pytest.fixture
def star_firms(data):
    """Leaves a user's own cohort of a few companies of the STAR board, with a row for each year.

    name: the cohort's; firms: how many; rd, selling: million yuan in each year.
    """
    from lib.rows import cohorts

    def leave(name: str, firms: int, rd: tuple[int, int, int], selling: int) -> None:
        drawn = cohorts.drawn(cohorts.company_years("star", 2021)).head(firms)
        lines = ["name,fiscal_year,rd,sm,code,revenue,industry"]
        lines += [
            f"{row.name_en},{year},{amount}e6,{selling}e6,{row.company_id},900e6,{row.industry_zh}"
            for row in drawn.itertuples()
            for year, amount in zip((2019, 2020, 2021), rd, strict=True)
        ]
        (data / "cohorts" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    return leave


@pytest.fixture
def outputs(tmp_path, monkeypatch) -> Path:
    """An empty outputs folder that the project writes to during the test."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("FIGURES_OUTPUTS", str(folder))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """One copy of data/ for all tests of a module, so that its tables are parsed once."""
    return shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("home") / "data")


@pytest.fixture
def no_cohorts(home, monkeypatch) -> Path:
    """The module's copy of data/, which the project reads during the test, with nothing in data/cohorts yet."""
    monkeypatch.setenv("FIGURES_DATA", str(home))
    shutil.rmtree(home / "cohorts", ignore_errors=True)
    return home


@pytest.fixture(scope="module")
def rendered_once(call, request, tmp_path_factory) -> Path:
    """The outputs of a render of the figure that the module calls NAME."""
    folder = tmp_path_factory.mktemp("rendered")
    done = call("render", request.module.NAME, env={"FIGURES_OUTPUTS": str(folder)})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def rendered(rendered_once, outputs) -> Path:
    """A copy of them, the test's own to spoil."""
    return shutil.copytree(rendered_once, outputs)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project to change, tests included."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("lib", "notebooks", "data", "tests"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis")
        )
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    return copy


@pytest.fixture
def in_project(project):
    """Runs Python in the copy of the project, on its own notebooks, tables and outputs."""

    def run(*words):
        moved = {name: value for name, value in os.environ.items() if not name.startswith("FIGURES_")}
        environment = moved | {"PYTHONPATH": str(project)}
        return subprocess.run([sys.executable, *words], cwd=project, env=environment, capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def command():
    """Runs `python -m lib` as a user does; gives exit code, both streams and seconds."""

    def run(*words, env=None, cwd=ROOT):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "lib", *words],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
        )
        done.seconds = time.perf_counter() - start
        return done

    return run


@pytest.fixture(scope="session")
def call():
    """As `command`, but in this process, so that one warm process serves all calls.

    For what a call says and leaves; `command` is for what the process itself does.
    """
    from click.testing import CliRunner

    from lib.__main__ import main
    from lib.render import warm

    def run(*words, env=None):
        with mock.patch.dict(os.environ, env or {}), mock.patch.object(tempfile, "tempdir", tempfile.tempdir):
            done = CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)
        done.returncode = done.exit_code
        return done

    if warm.can_fork():
        with (
            mock.patch.dict(os.environ),
            mock.patch.object(tempfile, "tempdir", tempfile.tempdir),
            mock.patch.object(warm, "PRELOADED", [*warm.PRELOADED, "tests.preload"]),
        ):
            warm.start()  # now, before a test moves the tables
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


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> str:
    """Where the machine's Chromium is; on Debian, as root, it is installed where there is none."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "chromium.lock"):  # workers share one machine
        return _installed()


def _installed() -> str:
    if not (found := find_chromium()) and Path("/etc/debian_version").exists() and getattr(os, "geteuid", int)() == 0:
        for words in (["update"], ["install", "-y", "chromium"]):
            subprocess.run(["apt-get", *words], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
        found = find_chromium()
    if not found:
        words = "no Chromium on this machine: install it (on Debian, `apt-get install chromium`) to test the pages"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(words)
    return found


@pytest.fixture(scope="module")
def browser(chromium):
    """A headless Chromium; closed after each module, since it holds the thread's event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = launch(playwright, chromium)
        yield running
        running.close()


def accessibility_faults(page, place: str | None = None) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA and its own best practices, one line per kind and place.

    place: a selector, to look at a part of the page only.
    """
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    found = (
        Axe().run(page, context=place, options={"runOnly": tags, "resultTypes": ["violations"]}).response["violations"]
    )
    return [f"{fault['id']}: {node['target']} {node['html'][:120]}" for fault in found for node in fault["nodes"]]


def interruptible() -> None:
    """Before a command starts: let it hear Ctrl-C and the end of its terminal, which jobs in the background may be deaf to."""
    for name in ("SIGINT", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_DFL)


def text_faults(drawing) -> list[str]:
    """Texts of a figure that overlap each other or leave its edges."""
    page, boxes = drawing.bbox, []
    with style.look():  # type as wide as it is published
        renderer = drawing.canvas.get_renderer()
        drawing.draw_without_rendering()  # places annotations
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


@pytest.fixture
def render(call, outputs):
    """Renders a figure below the test's outputs, without a gallery; gives the bundle's folder."""
    from lib.render import run, warm

    def rendered(name: str, **values) -> Path:
        task = run.job(name, **values)
        outputs.mkdir(parents=True, exist_ok=True)
        outcome = run.run(task, outputs, cold=not warm.can_fork())
        assert outcome.error is None, outcome.sentence()
        return outputs / task.folder

    return rendered


@pytest.fixture(scope="session")
def servers():
    """The local servers, one set for all tests, since the libraries look up their addresses once."""
    from live_sources import Sources

    server = Sources()
    yield server
    server.stop()


@pytest.fixture
def live(data, servers, monkeypatch):
    """Local servers in place of the live sources, asked for a copy of data/; nothing served and no faults yet."""
    pytest.importorskip("akshare", reason="pip install -r requirements-refresh.txt")
    for name, value in servers.environment().items():
        monkeypatch.setenv(name, value)
    servers.reset()
    return servers


@pytest.fixture
def refresh(live):
    """Refreshes sources in this process; gives the lines that the user sees."""
    from lib.refresh import run

    def call(*names):
        lines = []
        chosen = run.choose(names)
        run.begin(chosen)
        for source in chosen:
            run.refresh(source, lines.append)
        return "\n".join(lines)

    return call
