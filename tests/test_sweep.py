"""Sweeps: grids, the gathered table, resuming, and the same on a Dask cluster."""

import contextlib
import csv
import json
import socket
import subprocess
import sys
import time

import pytest
from conftest import accessibility_faults
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_engine import write

from lib import figures, notebooks
from lib.bundle.publish import publish
from lib.errors import ParameterError
from lib.paths import ROOT
from lib.render import gallery, run, sweep
from lib.render.manifest import Manifest

NAME = "01_rd_against_sm"
GRID = """\
product: {cohort: [star, chinext], fiscal_year: [2020]}
zip: {fiscal_year: [2019, 2021], measure: [signed_ratio, log_ratio]}
list: [{cohort: star, fiscal_year: 2020}]
"""


def grid(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def table(folder):
    with (folder / "sweep.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_grid_gives_each_set_once_in_order(tmp_path):
    jobs = sweep.jobs(notebooks.find("1"), grid(tmp_path / "g.yml", GRID))
    assert [job.folder.partition("/")[2] for job in jobs] == [
        "cohort=star,fiscal_year=2020", "cohort=chinext,fiscal_year=2020", "fiscal_year=2019,measure=signed_ratio", "",
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from(["specialised", "star", "chinext"]), max_size=4),
    st.lists(st.sampled_from([2019, 2020]), max_size=3),
)
def test_a_product_has_every_combination(tmp_path_factory, cohorts, years):
    path = grid(
        tmp_path_factory.mktemp("g") / "g.yml", json.dumps({"product": {"cohort": cohorts, "fiscal_year": years}})
    )
    if cohorts and years:
        assert len(sweep.jobs(notebooks.find("1"), path)) == len(set(cohorts)) * len(set(years))
    else:
        with pytest.raises(ParameterError, match="no set of parameters"):
            sweep.jobs(notebooks.find("1"), path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("product: {cohort: [xyz]}", "set 1: cohort: 'xyz'"),
        ("list: [{}, {fiscal_yaer: 2020}]", "set 2: .*did you mean fiscal_year"),
        ("zip: {cohort: [star], fiscal_year: [2019, 2020]}", "equally long"),
        ("product: {cohort: star}", "a list of values"),
        ("grid: {}", "a grid has the parts"),
        ("list: [3]", "list, entry 1"),
        ("- 1", "a grid has the parts"),
        ("{", "not a grid"),
    ],
)
def test_a_wrong_grid_is_named_before_anything_runs(tmp_path, text, words):
    with pytest.raises(ParameterError, match=words):
        sweep.jobs(notebooks.find("1"), grid(tmp_path / "g.yml", text))


def test_a_sweep_leaves_table_sheet_and_page_and_resumes(call, outputs, tmp_path):
    path = grid(tmp_path / "g.yml", GRID)
    done = call("sweep", "1", str(path))
    assert done.returncode == 0, done.stderr
    folder = outputs / NAME / "sweep-g"
    rows = table(folder)
    assert [row["firms"] for row in rows] == ["210", "831", "301", "514"]
    assert all(row["status"] == "done" and row["title"] for row in rows)
    assert rows[3]["share"] == str(352 / 514)
    assert (folder / "contact-sheet.png").stat().st_size > 10_000
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "4 sets of parameters, 0 of them not rendered" in page and "cohort=star,fiscal_year=2020" in page
    (outputs / NAME / "cohort=star,fiscal_year=2020" / f"{NAME}.png").unlink()
    again = call("sweep", "1", str(path))
    assert again.returncode == 0 and "3 of 4 unchanged" in again.stderr and "[1/1]" in again.stderr


def test_a_table_of_other_sets_is_replaced_and_that_is_said(outputs):
    said = []
    tasks = [run.job(NAME, fiscal_year=year) for year in (2019, 2020)]
    folder = sweep.gather(tasks, "g", said.append)
    assert sweep.gather(tasks, "g", said.append) == folder and said == []
    sweep.gather(tasks[:1], "g", said.append)
    assert [row["fiscal_year"] for row in table(folder)] == ["2019"]
    assert len(said) == 1 and "other sets (2)" in said[0]
    (folder / "sweep.csv").write_bytes(b"\xff\x00")  # not what a sweep writes
    sweep.gather(tasks, "g", said.append)
    assert len(table(folder)) == 2 and len(said) == 1


def test_a_parameter_keeps_its_column_whatever_the_table_says_beside_it(outputs, tmp_path):
    names = ["status", "folder", "title", "error"]
    source = "\n".join(f"{name} = 'a'" for name in names)
    tasks = [run.job(write(tmp_path / "own.ipynb", parameters=source), folder=value) for value in ("x", "y")]
    said = []
    folder = sweep.gather(tasks, "g", said.append)
    for row, value in zip(table(folder), ("x", "y"), strict=True):
        assert [row[name] for name in names] == ["a", value, "a", "a"]
        assert [row[f"({name})"] for name in names] == ["not run", f"own/folder={value}", "", ""]
    assert '<a href="../../own/folder=x/">folder=x</a></th>' in (folder / "index.html").read_text(encoding="utf-8")
    sweep.gather(tasks[:1], "g", said.append)
    assert len(said) == 1 and "other sets (2)" in said[0]


def test_the_page_has_room_for_titles_no_empty_column_and_ways_back(outputs, browser):
    tasks = [published(90), published(91)]
    for build_first in (False, True):
        if build_first:
            gallery.build()
        folder = sweep.gather(tasks, "g", print)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((folder / "index.html").as_uri())
        links = page.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert all((folder / link).exists() for link in links)
        assert ("../index.html" in links and "../../index.html" in links) == build_first
        heads = page.locator("thead th").all_inner_texts()
        assert heads[:3] == ["folder", "title", "count"] and not {"error", "language", "status"} & set(heads)
        columns = zip(*[row.locator("th, td").all_inner_texts() for row in page.locator("tbody tr").all()], strict=True)
        assert all(any(cells) for cells in columns)
        words = page.locator("main").inner_text()
        assert "language = en" in words and "status = done" in words
        for width in (1280, 375):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.locator("tbody td.words").first.bounding_box()["width"] >= 300
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert accessibility_faults(page) == []
        page.close()


def test_a_headline_of_a_parameters_name_stands_beside_it(outputs):
    (row,) = table(sweep.gather([published(90)], "g", print))
    assert row["count"] == "90" and row["(count)"] and row["status"] == "done"


def published(count):
    publish(figures.build("03_who_are_the_93", count=count))
    task = run.job("03_who_are_the_93", count=count)
    Manifest().record(run.Outcome(task))
    return task


def test_a_sweep_leaves_no_sheet_of_a_longer_one_and_writes_through_no_link(outputs, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "SHEET", 1)
    tasks = [published(90), published(91)]
    folder = sweep.gather(tasks, "g", print)
    assert sorted(path.name for path in folder.glob("contact*")) == ["contact-sheet-2.png", "contact-sheet.png"]
    (tmp_path / "other").write_text("kept")
    (folder / "index.html").unlink()
    (folder / "index.html").symlink_to(tmp_path / "other")
    assert sweep.gather(tasks[:1], "g", print) == folder and (tmp_path / "other").read_text() == "kept"
    assert sorted(path.name for path in folder.iterdir()) == ["contact-sheet.png", "index.html", "sweep.csv"]


def test_a_set_among_many_is_as_if_rendered_alone(command, outputs, tmp_path, monkeypatch):
    counts = [93 - place for place in range(run.OFTEN)]  # so many that the figure is drawn once before them
    path = grid(tmp_path / "g.yml", json.dumps({"product": {"count": counts}}))
    done = command("sweep", "3", str(path))
    assert done.returncode == 0, done.stderr
    name = "03_who_are_the_93"
    monkeypatch.setenv("FIGURES_OUTPUTS", str(tmp_path / "alone"))
    for count in (counts[0], counts[-1]):
        alone = publish(figures.build(name, count=count))
        among = outputs / alone.relative_to(tmp_path / "alone")
        assert {file.name: file.read_bytes() for file in alone.iterdir()} == {
            file.name: (among / file.name).read_bytes() for file in alone.iterdir()
        }


def test_contact_sheets_hold_so_many_pictures_each(tmp_path, outputs, monkeypatch):
    monkeypatch.setattr(sweep, "SHEET", 2)
    picture = publish(figures.build("03_who_are_the_93")) / "03_who_are_the_93.pdf"
    pictures = [(picture, f"03_who_are_the_93/set={number}") for number in range(5)]
    names = sweep._contact_sheets(pictures, tmp_path)
    assert names == ["contact-sheet.png", "contact-sheet-2.png", "contact-sheet-3.png"]
    widths = [Image.open(tmp_path / name).width for name in names]
    assert widths[0] == widths[1] > widths[2] > 420
    assert sweep._contact_sheets([], tmp_path) == []


def test_a_failed_set_is_listed_and_not_fatal(call, outputs, tmp_path):
    codes = [f"30{n:04d}" for n in range(1, 260)]  # far too many labels to find room for
    path = grid(
        tmp_path / "g.yml", json.dumps({"list": [{"cohort": "chinext", "highlight": codes}, {"cohort": "star"}]})
    )
    done = call("sweep", "1", str(path))
    assert done.returncode == 1 and "1 of 2 failed" in done.stderr and "highlight fewer companies" in done.stderr
    rows = table(outputs / NAME / "sweep-g")
    assert [row["status"] for row in rows] == ["failed", "done"]
    assert "no room for the label" in rows[0]["error"]


@pytest.fixture
def cluster():
    """A Dask scheduler and two worker processes on this machine; gives its address and the workers."""
    started = []

    def start(*words):
        started.append(subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stderr=subprocess.DEVNULL))
        return started[-1]

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.1)
    workers = [
        start("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        for _ in range(2)
    ]
    yield address, workers
    for process in reversed(started):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_cluster_gives_the_same_bundles_though_a_worker_dies(call, outputs, tmp_path, cluster):
    address, workers = cluster
    product = {"cohort": ["star", "chinext"], "fiscal_year": [2019, 2020, 2021]}
    path = grid(tmp_path / "g.yml", json.dumps({"product": product}))
    process = subprocess.Popen([sys.executable, "-m", "lib", "sweep", "1", str(path), "--scheduler", address], cwd=ROOT,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "[1/6]" in line:
            workers[0].kill()
    assert process.wait() == 0, "".join(seen)
    rows = table(outputs / NAME / "sweep-g")
    assert len(rows) == 6 and {row["status"] for row in rows} == {"done"}
    slot = "cohort=star,fiscal_year=2020"
    there = {file.name: file.read_bytes() for file in (outputs / NAME / slot).iterdir() if file.suffix != ".ipynb"}
    alone = grid(tmp_path / "alone.yml", "list: [{cohort: star, fiscal_year: 2020}]")
    assert call("sweep", "1", str(alone), "--force").returncode == 0
    here = {file.name: file.read_bytes() for file in (outputs / NAME / slot).iterdir() if file.suffix != ".ipynb"}
    assert there == here


def test_a_cluster_that_is_not_there_is_one_sentence(call, outputs, tmp_path):
    done = call("sweep", "1", str(grid(tmp_path / "g.yml", GRID)), "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1 and "tcp://127.0.0.1:9" in done.stderr and "Traceback" not in done.stderr


def test_a_worker_with_other_inputs_is_refused():
    task = run.job("1")
    outcome = run.Outcome(run.job("1", cohort="star"), {"lib/rows/cohorts.py": "other", "data/spending.csv": "other"})
    found, files = sweep._taken_over(task, outcome, {"a.png": b""})
    assert (
        files == {}
        and "a worker has other inputs" in found.error.message
        and "data/spending.csv changed" in found.error.message
    )
