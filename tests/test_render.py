import json

import pytest
from jupyter_client.manager import start_new_kernel

from lib.bundle import folders
from lib.paths import notebooks_dir

NAME = "01_rd_against_sm"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_figure_renders_through_papermill_as_from_the_helper(command, outputs):
    done = command("render", "1", "-p", "fiscal_year=2020", "-p", "highlight=000002")
    assert done.returncode == 0, done.stderr
    folder = outputs / NAME / "fiscal_year=2020,highlight=000002"
    assert folders.faults(folder, NAME) == []
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["parameters"]["highlight"] == ["000002"] and record["headline"]["firms"] == 413
    executed = json.loads((folder / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    prose = json.dumps(executed)
    assert "259 of them" in prose and "62.7%" in prose
    assert not list(outputs.glob(".run-*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["1", "-p", "fiscal_yaer=2020"], "no parameter fiscal_yaer; did you mean fiscal_year?"),
        (["1", "-p", "fiscal_year=1999"], "fiscal_year: 1999 is not allowed. Allowed: 2019, 2020, 2021."),
        (["1", "-p", "cohort=xyz"], "cohort: 'xyz' is not allowed. Allowed: specialised, bse"),
        (["1", "-p", "highlight=2"], "did you mean 000002?"),
        (["1", "-p", "cohort=bse"], "run `python -m lib refresh bse`"),
        (["1", "-p", "cohort"], "write it as name=value"),
        (["01_rd_against"], "did you mean 01_rd_against_sm?"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_wrong_call_fails_with_one_sentence_and_runs_nothing(call, outputs, words, message):
    done = call("render", *words)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr
    assert not outputs.exists()


def test_broken_tables_stop_a_render_and_leave_the_last_good_bundle(call, outputs, data):
    good = outputs / NAME
    good.mkdir(parents=True)
    (good / f"{NAME}.png").write_bytes(b"the last good picture")
    path = data / "spending.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("000007,2020", "7,2020"), encoding="utf-8")
    for words in (["check"], ["render", "1"], ["claims"]):
        done = call(*words)
        assert done.returncode == 1
        assert "spending.csv, row" in done.stderr and "company_id" in done.stderr and "Traceback" not in done.stderr
    assert contents(good) == {f"{NAME}.png": b"the last good picture"}


def test_list_names_every_figure_and_parameter(call):
    done = call("list")
    assert done.returncode == 0
    for word in (NAME, "cohort", "specialised, bse, star", "2019, 2020, 2021", "highlight"):
        assert word in done.stdout


def test_check_says_all_is_well(command):
    done = command("check")
    assert done.returncode == 0 and "all hold to the codebook" in done.stdout


@pytest.mark.parametrize("path", sorted(notebooks_dir().glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs_and_with_short_cells(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"] and cell["execution_count"] is None
            assert len("".join(cell["source"]).splitlines()) <= 20


def test_a_kernel_started_beside_renders_is_an_ordinary_one(render, tmp_path):
    render("03_who_are_the_93")
    manager, client = start_new_kernel(kernel_name="python3", cwd=tmp_path)
    try:
        said = []
        client.execute_interactive("import os; print(os.getcwd())", output_hook=said.append, timeout=60)
        assert any(message["content"].get("text", "").strip() == str(tmp_path) for message in said)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
