"""Exploring without a browser: the controls, what follows from them, and what leads back from a view to files."""

import asyncio
import html
import io
import os
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
import vendors
from changes import CHANGES, kind
from PIL import Image

from lib import figures, notebooks
from lib.bundle.publish import publish
from lib.errors import UserError
from lib.explore import explore, watched
from lib.explore.panel import Panel
from lib.explore.view import DOTS
from lib.paths import ROOT, notebooks_dir
from lib.render import run
from lib.render.values import parameter_values

NAMES = [notebook.stem for notebook in notebooks.figures()]


@pytest.fixture
def panel(outputs, monkeypatch):
    """Explores a figure as JupyterLab would."""
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    return lambda name, **values: explore(figures.build(name, **values))


@pytest.fixture(scope="module", params=NAMES)
def shown(request, tmp_path_factory):
    """Each figure as it opens after it was published, for the tests that hold for all; the last of them changes a control."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JPY_SESSION_NAME", "a notebook")
        patch.setenv("FIGURES_OUTPUTS", str(tmp_path_factory.mktemp("outputs")))
        publish(figure := figures.build(request.param))
        yield request.param, explore(figure)


def test_every_parameter_has_a_control_with_a_name_and_what_it_means_under_it(shown):
    name, panel = shown
    declared = notebooks.declared(notebooks_dir() / f"{name}.ipynb")
    assert list(panel.controls) == list(declared)
    for (control, told), parameter in zip(
        (cell.children for cell in panel.children[0].children), declared, strict=True
    ):
        assert control is panel.controls[parameter] and html.escape(declared[parameter].help) in told.value
    for parameter, control in panel.controls.items():
        states = [part.get_state() for part in (control, *getattr(control, "children", ()))]
        assert parameter.replace("_", " ") in [state.get("description") or state.get("label") for state in states], (
            parameter
        )


def test_marks_lie_in_the_picture_and_say_where_their_figures_come_from(shown):
    marks = shown[1].view.marks
    assert marks
    boxes = np.array([mark[:4] for mark in marks], dtype=float)
    assert ((boxes > -0.01) & (boxes < 1.01)).all()
    assert (boxes[:, 0] <= boxes[:, 2]).all()
    assert (boxes[:, 1] <= boxes[:, 3]).all()
    assert all(mark[4].strip() and "nan" not in mark[4].split() for mark in marks)


def test_a_control_changes_picture_numbers_table_and_command_to_what_lib_computes(shown):
    name, panel = shown
    before = panel.view.picture
    parameter, value = CHANGES[name]
    panel.controls[parameter.name].value = date.fromisoformat(value) if kind(parameter) == "date" else value
    assert panel.view.error == ""
    expected = figures.build(name, **{parameter.name: value})
    assert panel.view.picture == expected.preview(DOTS, words=False) != before
    assert panel.view.alt == expected.alt
    assert panel.view.above == [expected.title, expected.subtitle]
    assert panel.view.below == [*expected.notes, expected.source_line]
    assert {row[0] for row in panel.view.numbers} == {number.words for number in expected.numbers}
    text = expected.table.select_dtypes(["str", "object"]).columns
    blank = {column: expected.table[column].fillna("") for column in text}
    pd.testing.assert_frame_equal(panel.table.df, expected.table.assign(**blank))

    words = shlex.split(panel.command)
    assert words[:4] == ["python", "-m", "lib", "render"]
    pairs = [word for word in words[5:] if word != "-p"]
    assert run.job(words[4], **parameter_values((), (), pairs, ())) == run.job(name, **{parameter.name: value})


def test_a_change_shows_a_new_table_and_gives_the_old_one_up(panel):
    # Filled again and again, one table takes the browser longer each time.
    shown = panel("08_services_to_industry")
    before = shown.table
    shown.controls["language"].value = "zh"
    assert shown.rows.children == (shown.table,) and shown.table is not before
    assert before.comm is None


def test_a_company_in_figure_1_is_named_with_its_figures_and_source(panel):
    shown = panel("01_rd_against_sm")
    rows = figures.build("01_rd_against_sm").table
    assert sum("spending.csv:" in words for *_, words, _ in shown.view.marks) == len(rows)
    assert len(shown.view.marks) == len(rows) + 4  # what they are compared with
    first = rows.iloc[0]
    left, _, right, _, words, company = shown.view.marks[0]
    assert company == first["company_id"]
    assert f" {company}: " in words
    assert f"{first['rd_expense_cny'] / 1e6:,.1f} million" in words
    assert first["source_row"] in words
    assert 0 < left < right < 0.2  # the highest bar stands first


def test_an_error_is_a_sentence_in_place_of_the_chart_and_passes_when_mended(panel, outputs):
    shown = panel("04_does_65_hold", cohort_list=["star"])
    shown.controls["thresholds"].value = "0"
    assert "thresholds" in shown.view.error
    assert shown.view.numbers == []
    shown._answer(None, {"do": "export"}, [])
    assert shown.view.saved == ""  # there is nothing to export
    shown.controls["thresholds"].value = "1.0"
    assert shown.view.error == ""
    assert shown.view.numbers


def test_a_wrong_text_is_refused_in_words(panel):
    shown = panel("04_does_65_hold", cohort_list=["star"])
    shown.controls["thresholds"].value = "0.9, much"
    assert "thresholds" in shown.view.error
    assert "much" in shown.view.error


def test_export_leaves_the_bundle_of_a_render(panel, outputs):
    shown = panel("01_rd_against_sm")
    shown.controls["fiscal_year"].value = 2019
    shown._answer(None, {"do": "export"}, [])
    folder = outputs / "01_rd_against_sm" / "fiscal_year=2019"
    assert str(folder) in shown.view.saved
    expected = publish(figures.build("01_rd_against_sm", fiscal_year=2019))
    assert expected == folder
    table = pd.read_csv(folder / "01_rd_against_sm.csv", dtype={"company_id": "str"})
    assert (table["fiscal_year"] == 2019).all()
    assert len(table) == len(shown.table.df)


def test_companies_are_found_by_code_and_name(panel):
    shown = panel("01_rd_against_sm", cohort="star")
    picker = shown.controls["highlight"]
    search = picker.children[0]
    search.value = "688981"
    assert picker.value == ["688981"]
    assert "688981" in shown.command
    search.value = "中微公司"
    assert picker.value == ["688981", "688012"]
    search.value = "科技"  # hundreds of them
    assert picker.value == ["688981", "688012"]
    assert "companies of this figure have this" in picker.children[1].value
    search.value = "no such firm"
    assert "no company of this figure has this" in picker.children[1].value
    search.value = "000001"  # on another board
    assert "no company of this figure has this" in picker.children[1].value
    picker.children[2].children[0].click()
    assert picker.value == ["688012"]


def test_what_always_fails_here_is_not_offered(panel, data):
    def offered(name, parameter):
        return {value for _, value in panel(name).controls[parameter].options}

    assert "bse" not in offered("01_rd_against_sm", "cohort") and "star" in offered("01_rd_against_sm", "cohort")
    assert "bse" not in offered("04_does_65_hold", "cohort_list")
    assert "one_column" in offered("07_huawei_acfic", "size")


def test_changes_that_come_while_a_picture_is_made_give_one_more_picture(panel, monkeypatch):
    shown = panel("03_who_are_the_93")
    drawn, build = [], figures.build

    def counted(name, **values):
        drawn.append(values["count"])
        return build(name, **values)

    monkeypatch.setattr(figures, "build", counted)

    async def changes():
        for count in (90, 91, 92):
            shown.controls["count"].value = count
        await asyncio.sleep(0.05)
        await asyncio.sleep(0)
        shown.controls["count"].value = 100
        shown._answer(None, {"do": "export"}, [])  # of what the controls show

    asyncio.run(changes())
    assert drawn == [92, 100]
    assert "count=100" in shown.view.saved and "count=100" in shown.command


def test_the_explorer_says_what_to_do_where_it_does_not_answer(outputs, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    monkeypatch.setattr("IPython.display.display", (said := []).append)
    explore(figures.build("03_who_are_the_93"))
    assert "Run All Cells" in said[0].data


def test_a_preview_shows_what_is_drawn_and_spoils_nothing():
    figure = figures.build("03_who_are_the_93")
    first = figure.preview(100)
    assert figure.preview(100) == first and not figure.changed_by_hand
    with Image.open(io.BytesIO(first)) as preview, Image.open(io.BytesIO(figure.picture(100))) as printed:
        assert preview.size == pytest.approx(printed.size, abs=1)
        difference = np.asarray(preview.convert("L").resize((70, 70)), float) - np.asarray(
            printed.convert("L").resize((70, 70)), float
        )
        assert abs(difference).mean() < 3
    panels = figure.preview(100, words=False)
    assert figure.preview(100) == first and not figure.changed_by_hand
    with Image.open(io.BytesIO(first)) as whole, Image.open(io.BytesIO(panels)) as part:
        top = round(whole.height * figure.frame.words_above)
        assert part.tobytes() == whole.crop((0, top, whole.width, top + part.height)).tobytes()
        assert whole.height - top - part.height == round(whole.height * figure.frame.words_below) > 0
    before = figure.pdf()
    figure.drawing.axes[0].set_facecolor("red")
    assert figure.preview(100) != first and figure.changed_by_hand and figure.pdf() != before


def test_a_page_of_a_fixed_shape_and_a_chart_changed_by_hand_keep_their_words(panel):
    slide = panel("01_rd_against_sm", size="slide")
    assert slide.view.above == slide.view.below == []
    assert slide.view.picture == figures.build("01_rd_against_sm", size="slide").preview(DOTS)
    figure = figures.build("01_rd_against_sm")
    figure.drawing.texts[0].set_text("My own title")
    assert Panel(figure).view.above == []


def test_a_title_with_a_sign_that_no_font_has_is_refused_though_it_stands_on_the_page():
    figure = figures.build("01_rd_against_sm")
    figure.frame.words[0].set_text("\U00020000")
    figure.drawing.stale = False
    with pytest.raises(UserError, match=r"U\+20000"):
        figure.preview(DOTS, words=False)


def test_a_picked_company_is_labelled_and_unlabelled(panel):
    shown = panel("01_rd_against_sm", cohort="star")
    shown._answer(None, {"do": "pick", "company": "688981"}, [])
    assert shown.controls["highlight"].value == ["688981"]
    shown._answer(None, {"do": "pick", "company": "688981"}, [])
    assert shown.controls["highlight"].value == []


def test_a_control_without_effect_is_disabled_and_has_none(panel):
    shown = panel("07_huawei_acfic")
    control = shown.controls["list_figures"]
    assert not control.disabled
    shown.controls["weakest_grade"].value = "A"
    assert control.disabled
    shown.controls["weakest_grade"].value = "B"
    assert not control.disabled
    for grade, alike in (("A", True), ("B", False), ("C", False)):
        pictures = [
            figures.build("07_huawei_acfic", weakest_grade=grade, list_figures=one).picture(50) for one in (True, False)
        ]
        assert (pictures[0] == pictures[1]) == alike


def test_numbers_are_told_as_the_chart_tells_them(panel):
    shown = {words: (value, published) for words, value, published in panel("01_rd_against_sm").view.numbers}
    figure = figures.build("01_rd_against_sm")
    numbers = {number.name: shown[number.words] for number in figure.numbers}
    headline = figure.headline
    assert numbers["share"] == (f"{headline['share']:.1%}", "nearly 65%")
    assert numbers["low"][0] == f"{headline['low']:.1%}"
    assert numbers["firms"][0] == f"{headline['firms']:,}"
    assert numbers["median_rd_to_selling"][0] == f"{headline['median_rd_to_selling']:.4g}"


def test_how_far_shares_lie_apart_is_told_in_points(panel):
    figure = figures.build("08_services_to_industry")
    shown = {words: value for words, value, _ in panel("08_services_to_industry").view.numbers}
    gap = next(number for number in figure.numbers if number.name == "gap_same_firms")
    assert shown[gap.words] == f"{100 * gap.value:+.3g} points"


def test_the_picker_finds_companies_of_an_own_cohort(panel, data):
    (data / "cohorts").mkdir(exist_ok=True)
    (data / "cohorts" / "mine.csv").write_text("name,code,fiscal_year,rd,sm\nUnlisted Chips,999001,2021,5,3\n")
    picker = panel("01_rd_against_sm", cohort="mine").controls["highlight"]
    picker.children[0].value = "unlisted chips"
    assert picker.value == ["999001"]


def test_a_render_from_a_notebook_is_not_watched(render, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook that runs a render")
    folder = render("03_who_are_the_93")
    assert "widget-view" not in (folder / "03_who_are_the_93.ipynb").read_text(encoding="utf-8")


def test_a_run_that_nobody_watches_pays_nothing(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert not watched()
    assert explore(figures.build("03_who_are_the_93")) is None
    code = (
        "import sys; from lib.explore import explore; explore(None); "
        "print([name for name in ('ipywidgets', 'anywidget', 'itables') if name in sys.modules])"
    )
    bare = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_ends_with_one_line_to_explore(name):
    import nbformat

    cells = nbformat.read(notebooks_dir() / f"{name}.ipynb", as_version=4).cells
    assert [cell.source for cell in cells if "explore(" in cell.source] == ["explore(figure)"]
    own = next((place for place, cell in enumerate(cells) if cell.source.startswith("## Your own chart")), len(cells))
    assert cells[own - 1].source == "explore(figure)" and own in (len(cells), len(cells) - 2)


def chosen(intake, name, content):
    """A file chosen in the explorer, as the browser hands it over."""
    told = {"name": name, "type": "", "size": len(content), "last_modified": datetime.now(UTC)}
    intake.upload.value = ({**told, "content": memoryview(content)},)


def test_a_vendors_export_is_taken_reported_and_drawn_without_a_restart(panel, data):
    shown = panel("01_rd_against_sm")
    before = shown.view.picture
    chosen(shown.intake, "mine.xlsx", vendors.wind(count=8))
    assert "研发费用" in shown.intake.children[3].value
    assert "Written: data/cohorts/mine.csv" in shown.intake.children[2].value
    assert shown.controls["cohort"].value == "mine" and "cohort=mine" in shown.command
    assert shown.view.error == "" and shown.view.picture != before
    codes = {code for code, _, _ in vendors.companies(8)}
    assert {mark[5] for mark in shown.view.marks if mark[5]} == codes

    chosen(shown.intake, "mine.xlsx", vendors.wind(count=7))  # a newer export in the place of the first
    assert {mark[5] for mark in shown.view.marks if mark[5]} < codes


def test_what_a_file_leaves_open_is_asked_for_and_nothing_is_written_before(panel, data):
    shown = panel("04_does_65_hold", cohort_list=["star"], years=[2021])
    chosen(shown.intake, "mine.csv", vendors.tushare())
    assert "Nothing was written." in shown.intake.children[2].value and "--unit" in shown.intake.children[2].value
    assert not (data / "cohorts" / "mine.csv").exists()
    assert list(shown.controls["cohort_list"].value) == ["star"]
    shown.intake.answers["unit"].value = "元"
    assert (data / "cohorts" / "mine.csv").exists()
    assert shown.intake.answers["unit"].value is None  # it is not the next file's
    assert list(shown.controls["cohort_list"].value) == ["star", "mine"]
    assert shown.view.error == ""


def test_a_hostile_file_is_a_sentence_and_no_markup(panel, data):
    shown = panel("01_rd_against_sm")
    before = shown.view.picture
    chosen(shown.intake, "<img src=x onerror=alert(1)>.csv", b"name,rd\n<script>,1")
    assert "Nothing was written." in shown.intake.children[2].value
    assert not any("<img" in part.value or "<script" in part.value for part in shown.intake.children[2:])
    assert shown.view.picture == before
    assert shown.controls["cohort"].value == "specialised"


def test_a_file_is_asked_for_where_a_parameter_takes_cohorts_of_ones_own(shown):
    panel = shown[1]
    assert hasattr(panel, "intake") == any(control in panel.controls for control in ("cohort", "cohort_list"))
