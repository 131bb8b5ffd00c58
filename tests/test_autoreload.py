"""A change in lib shows in an open notebook without a restart, after `%load_ext autoreload` and `%autoreload 2`."""

import os

import pytest
from jupyter_client.manager import start_new_kernel

from lib import notebooks
from lib.paths import notebooks_dir

NAME = "01_rd_against_sm"
TEXTS = "\nprint([text.get_text() for axes in figure.drawing.axes for text in axes.texts])"


class Notebook:
    """A kernel in the copy of the project that has read notebook 1 as far as its figure."""

    def __init__(self, project):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIGURES_")}
        self.project = project
        self.manager, self.client = start_new_kernel(
            kernel_name="python3", cwd=project / "notebooks", env=environment | {"PYTHONPATH": str(project)}
        )
        self.run("%load_ext autoreload\n%autoreload 2")
        code = [cell.source for cell in notebooks.cells(notebooks_dir() / f"{NAME}.ipynb") if cell.cell_type == "code"]
        last = next(place for place, source in enumerate(code) if "figure = draw(" in source)
        for source in code[: last + 1]:
            self.run(source)
        self.draw = code[last].removesuffix("\nfigure")

    def run(self, code: str) -> str:
        """What a cell prints. AssertionError where it fails."""
        said = []
        reply = self.client.execute_interactive(
            code,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
            timeout=120,
        )
        assert reply["content"]["status"] == "ok", reply["content"]["evalue"]
        return "".join(said)

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.project / "lib" / file
        text = path.read_text(encoding="utf-8")
        assert before in text, file
        later = path.stat().st_mtime + 2  # autoreload compares times
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        os.utime(path, (later, later))


@pytest.fixture(scope="module")
def notebook(project):
    opened = Notebook(project)
    yield opened
    opened.client.stop_channels()
    opened.manager.shutdown_kernel(now=True)


def test_a_change_of_the_drawing_function(notebook):
    notebook.edit("figures/rd_against_sm.py", "alt=_alt(", 'alt="Changed. " + _alt(')
    assert notebook.run(f"{notebook.draw}\nprint(figure.alt)").startswith("Changed. ")


def test_a_change_of_a_part_that_several_figures_draw(notebook):
    notebook.edit("chart.py", "    lines = wrapped(text,", '    lines = wrapped("Changed " + text,')
    assert "Changed" in notebook.run(notebook.draw + TEXTS)


def test_a_change_of_the_look(notebook):
    notebook.edit("style.py", 'PRODUCT_FIRST = "#0b5470"', 'PRODUCT_FIRST = "#ff0000"')
    code = (
        "\nprint((1, 0, 0, 1) in [tuple(bar.get_facecolor()) for axes in figure.drawing.axes for bar in axes.patches])"
    )
    assert notebook.run(notebook.draw + code).strip() == "True"


def test_a_change_of_rows_below_those_that_are_kept(notebook):
    code = "from lib.rows import label_or_industry\nprint(len(label_or_industry.load('star', 2021).query('in_cohort == 1')))"
    assert int(notebook.run(code)) > 3
    notebook.edit(
        "rows/cohorts.py",
        "return _with_spending(companies, fiscal_year, _filed(fiscal_year))",
        "return _with_spending(companies.head(3), fiscal_year, _filed(fiscal_year))",
    )
    assert int(notebook.run(code)) == 3


def test_a_change_of_a_verdict(notebook):
    code = "print(verdicts(figure.name).data['reason'].to_list())"
    assert "Changed" not in notebook.run(code)
    notebook.edit("claims/__init__.py", '"reason": found.reason,', '"reason": "Changed: " + found.reason,')
    assert "Changed" in notebook.run(code)


def test_a_change_of_a_chinese_wording(notebook):
    code = notebook.draw.replace("language=language", "language='zh'") + TEXTS
    assert "消费互联网公司" in notebook.run(code)
    notebook.edit("locale/zh.po", 'msgstr "消费互联网公司"', 'msgstr "改了"')
    assert "改了" in notebook.run(code)


def test_a_new_value_of_a_parameters_type(notebook):
    notebook.edit("parameters.py", 'lambda: ["A", "B", "C"]', 'lambda: ["A", "B", "C", "D"]')
    assert "'D'" in notebook.run("from lib import parameters\nprint(parameters.allowed(parameters.WeakestGrade))")
