"""A figure laid out by `python -m lib new`: it renders at once, and its own tests and those of all figures hold for it.

Also the lists of figures in README and on the start page. Where these are behind, `python tests/test_new.py` makes them anew.
"""

import json
import subprocess
import sys

import pytest

from lib import notebooks
from lib.errors import ParameterError, UserError
from lib.paths import ROOT
from lib.render import new

NUMBER = int(notebooks.figures()[-1].stem[:2]) + 1
NAME, STEM = f"{NUMBER:02}_what_it_tells", "what_it_tells"


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def laid_out(project):
    """The copy of the project, with a figure laid out by the command; gives the copy and what the command said."""
    done = subprocess.run(
        [sys.executable, "-m", "lib", "new", NAME, "does it hold, and for whom?"],
        cwd=project, env={"PYTHONPATH": str(project)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return project, done.stdout


def test_the_command_names_every_file_and_what_is_left_to_do(laid_out):
    project, said = laid_out
    for path in (f"lib/rows/{STEM}.py", f"lib/figures/{STEM}.py", f"tests/test_{STEM}.py", f"notebooks/{NAME}.ipynb"):
        assert (project / path).is_file() and f"written: {path}" in said
    for word in ("zh.po", "claims.csv", f"test_pictures.py {NAME}", "README.md"):
        assert word in said.split("Left to do")[1]
    assert f"| {NUMBER} | `{NAME}` | Does it hold, and for whom? | new |" in (project / "README.md").read_text("utf-8")
    assert f"[{NAME}]({NAME}.ipynb) | Does it hold, and for whom? |" in (project / "notebooks/start.ipynb").read_text(
        "utf-8"
    )


def test_what_is_laid_out_is_as_the_project_writes_its_code(laid_out, in_project):
    for words in (["check", "."], ["format", "--check", "."]):
        done = in_project("-m", "ruff", *words)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_it_renders_and_its_tests_and_those_of_all_figures_hold(laid_out, in_project):
    project, _ = laid_out
    done = in_project("-m", "lib", "render", str(NUMBER))
    assert done.returncode == 0, done.stderr
    record = json.loads((project / "outputs" / NAME / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["headline"]["median_ratio"] > 0
    done = in_project("tests/test_pictures.py", NAME)
    assert done.returncode == 0, done.stderr
    subjects = (STEM, "figures", "language", "paper", "explore", "house", "pictures", "new")
    chosen = f"{STEM} or {NUMBER}- or unused or every_room or lists_hold"
    done = in_project(
        *("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", chosen),
        *(f"tests/test_{subject}.py" for subject in subjects),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 30, "the tests of all figures were not run for the new one"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("9_short", "no name for a figure"),
        (f"{NUMBER:02}_Capital", "no name for a figure"),
        (f"../{NUMBER:02}_elsewhere", "no name for a figure"),
        ("00_nought", "no name for a figure"),
        ("09_taken", "09_label_or_industry has this number; choose another, such as"),
        (f"{NUMBER:02}_cohorts", "lib/rows/cohorts.py is there already"),
        (f"{NUMBER:02}_house", "tests/test_house.py is there already"),
        (f"{NUMBER:02}_lambda", "means something else in Python"),
        (f"{NUMBER:02}_build", "means something else in Python or lib.figures"),
    ],
)
def test_a_name_or_number_that_is_taken_or_malformed_is_refused_and_nothing_is_written(name, why):
    before = files(ROOT / "lib") | files(ROOT / "notebooks")
    with pytest.raises(ParameterError, match=why):
        new.lay_out(name, "does it hold?")
    assert files(ROOT / "lib") | files(ROOT / "notebooks") == before


@pytest.mark.parametrize(
    "question",
    [
        "",
        "why?",
        'is it "so"?',
        "is it | so?",
        "one\nand two?",
        "is it \\so?",
        "w" * 101,
        " is it so?",
        "is it \udcff so?",
    ],
)
def test_a_question_that_would_break_heading_table_or_code_is_refused(question):
    with pytest.raises(ParameterError, match="the question must be one line"):
        new.lay_out(f"{NUMBER:02}_my_figure", question)
    assert not (ROOT / "notebooks" / f"{NUMBER:02}_my_figure.ipynb").exists()


def test_a_readme_without_a_list_is_named_before_anything_is_written(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("# No list\n", encoding="utf-8")
    monkeypatch.setattr(new, "README", tmp_path / "README.md")
    with pytest.raises(UserError, match="has no list of the figures"):
        new.lay_out(f"{NUMBER:02}_my_figure", "does it hold?")
    assert not (ROOT / "lib" / "rows" / "my_figure.py").exists()


def test_the_lists_hold_every_figure_and_its_question():
    for path, text in new.listed().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `python tests/test_new.py`, and look at it"


if __name__ == "__main__":
    for path, text in new.listed().items():
        path.write_text(text, encoding="utf-8", newline="\n")
