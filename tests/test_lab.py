"""The notebooks in a real JupyterLab, in a headless browser: run, explored, exported, read by keyboard and in the dark."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import vendors
from changes import CHANGES, kind
from conftest import accessibility_faults
from lab import Lab
from playwright.sync_api import expect

from lib import figures, notebooks
from lib.bundle.folders import FORMATS
from lib.paths import ROOT

EXPLORER = ".jp-OutputArea-output:has(.figure-view)"
NAMES = [notebook.stem for notebook in notebooks.figures()]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    running = Lab(tmp_path_factory.mktemp("lab"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def desk(lab, browser):
    """A page with JupyterLab in it, loaded once, since that takes longer than to run most notebooks."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    lab.open(page, "start")
    yield page
    context.close()


@pytest.fixture
def opened(lab, desk):
    """Opens a notebook in the page and runs all its cells."""

    def run(name):
        lab.open_instead(desk, name)
        lab.run_all(desk)
        return desk

    return run


@pytest.fixture
def first(lab, desk, opened):
    """The page with a copy of Figure 1's notebook in it, as the test before left it where that had it too."""
    notebook = lab.folder / "notebooks" / "01_rd_against_sm.ipynb"
    if desk.get_by_role("tab", name="first.ipynb").count():
        return desk
    shutil.copy(notebook, notebook.with_stem("first"))
    return opened("first")


def control(page, name):
    """The control of a parameter, by the name that a screen reader reads."""
    return page.locator(".jp-OutputArea").get_by_label(name, exact=True)


def changed(page, change) -> None:
    """Change something and wait until another picture is shown."""
    picture = page.locator(".figure-view img")
    before = picture.get_attribute("src")
    change()
    page.wait_for_function("src => document.querySelector('.figure-view img').src !== src", arg=before)


def change_by_hand(page, parameter, value) -> None:
    """Give a parameter another value as a reader does, by keyboard or mouse, whatever kind of control it has."""
    label = parameter.name.replace("_", " ")
    box = control(page, label)
    match kind(parameter):
        case "listed boolean":
            box.set_checked(value)
        case "listed integer":  # a slider
            page.get_by_role("slider", name=label).press("Home" if value == parameter.allowed[0] else "End")
        case "listed string":
            box.select_option(value.replace("_", " "))
        case "listed array":
            box.select_option([str(one).replace("_", " ") for one in value])
        case _:
            box.fill(str(value))
            box.press("Enter")


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_runs_and_follows_a_control(opened, name):
    page = opened(name)
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    view = page.locator(".figure-view")
    view.locator("img").wait_for()
    parameter, value = CHANGES[name]
    changed(page, lambda: change_by_hand(page, parameter, value))
    expected = figures.build(name, **{parameter.name: value})
    assert view.locator("img").get_attribute("alt") == expected.alt
    numbers = [text.strip() for text in view.locator("dt").all_inner_texts()]
    assert sorted(numbers) == sorted(number.words for number in expected.numbers)
    page.wait_for_function(  # the table follows the picture
        "rows => [...document.querySelectorAll('.dt-info')].at(-1)?.textContent.includes(rows)",
        arg=f"of {len(expected.table):,} entries",
    )
    assert_nothing_is_cut(page)
    assert accessibility_faults(page, EXPLORER) == []


def assert_nothing_is_cut(page) -> None:
    """No output of the notebook scrolls sideways, nor does any line of code or the explorer's table."""
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output, .cm-scroller, .dt-container')]
            .filter((box) => [box, ...box.querySelectorAll('table.dataTable')].some((part) =>
                part.getBoundingClientRect().right > box.getBoundingClientRect().right + 1 || part.scrollWidth > part.clientWidth + 1))
            .map((box) => `${box.className} ${box.scrollWidth} > ${box.clientWidth}: ${box.innerText.slice(0, 80)}`)"""
    )
    assert wide == []


def test_a_reader_labels_a_company_exports_the_view_and_repeats_it_in_a_shell(lab, first, tmp_path):
    page = first
    view = page.locator(".figure-view")
    changed(page, lambda: control(page, "cohort").select_option("star"))
    search = page.get_by_role("combobox", name="highlight")
    search.fill("688981")
    changed(page, lambda: search.press("Enter"))
    page.get_by_role("button", name="688981").wait_for()

    # Pointing at its neighbour names it, and picking that labels it too.
    table = figures.build("01_rd_against_sm", cohort="star").table
    bars = table[table["group"] == "star"].reset_index(drop=True)
    place = bars.index[bars["company_id"] == "688981"][0] + 100
    stage = page.get_by_role("group", name=re.compile("Chart"))
    stage.focus()
    for _ in range(place + 1):
        page.keyboard.press("ArrowRight")
    words = view.locator(".words").inner_text()
    assert f" {bars.at[place, 'company_id']}: " in words
    assert bars.at[place, "source_row"] in words
    changed(page, lambda: page.keyboard.press("Enter"))

    page.get_by_role("button", name="Export this view").click()
    view.locator(".saved", has_text="Saved in").wait_for()
    codes = f"688981+{bars.at[place, 'company_id']}"
    folder = lab.outputs / "01_rd_against_sm" / f"cohort=star,highlight={codes}"
    exported = (folder / "01_rd_against_sm.csv").read_bytes()

    page.get_by_role("button", name="Copy as command").click()
    view.locator(".saved", has_text="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == view.locator("code").inner_text()
    environment = {
        **os.environ,
        "FIGURES_OUTPUTS": str(tmp_path / "again"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    subprocess.run(command, shell=True, cwd=ROOT, env=environment, check=True, capture_output=True)
    again = tmp_path / "again" / folder.relative_to(lab.outputs)
    assert (again / "01_rd_against_sm.csv").read_bytes() == exported
    for ending in FORMATS:  # the record, too: what was looked at before leaves no trace in it
        file = f"01_rd_against_sm.{ending}"
        assert (again / file).read_bytes() == (folder / file).read_bytes(), ending


def test_the_pointer_names_the_company_it_is_on(first):
    page = first
    picture = page.locator(".figure-view img")
    control(page, "cohort").select_option("star")
    page.locator(".figure-view code", has_text="cohort=star").wait_for()
    page.get_by_role("group", name=re.compile("Chart")).press("Escape")  # lets go of a company that was picked
    picture.scroll_into_view_if_needed()
    figure = figures.build("01_rd_against_sm", cohort="star")
    mark = next(mark for mark in figure.marks() if "Alibaba" in mark.words)
    across, up = mark.axes.transData.transform([((mark.left + mark.right) / 2, (mark.bottom + mark.top) / 2)])[0]
    width, height = figure.drawing.bbox.size
    above, below = figure.frame.words_above, figure.frame.words_below  # which stand on the page, not in the picture
    down = (1 - up / height - above) / (1 - above - below)
    box = picture.bounding_box()
    page.mouse.move(box["x"] + box["width"] * across / width, box["y"] + box["height"] * down)
    words = page.locator(".figure-view .words")
    words.wait_for()
    assert words.inner_text() == mark.words
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    assert not words.is_visible()


def test_a_vendors_export_is_taken_by_a_button_and_drawn(first, lab):
    page = first
    export = lab.folder / "mine.csv"
    export.write_bytes(vendors.tushare(count=8))
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Choose a file").click()
    asked.value.set_files(export)
    page.get_by_text("Nothing was written.").wait_for()
    assert accessibility_faults(page, EXPLORER) == []
    changed(page, lambda: control(page, "--unit").select_option("yuan (元)"))
    assert "mine" in page.locator(".figure-view code").inner_text()
    control(page, "cohort").select_option("specialised")


def test_every_control_is_reached_and_named_by_keyboard(first):
    page = first
    control(page, "cohort").focus()
    seen = []
    for _ in range(12):
        seen.append(
            page.evaluate(
                """() => { const at = document.activeElement;
                    return at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent; }"""
            ).strip()
        )
        page.keyboard.press("Tab")
    words = " | ".join(seen)
    order = ["cohort", "fiscal year", "measure", "highlight", "language", "size", "Chart", "Export", "Copy"]
    places = [words.find(word) for word in order]
    assert -1 not in places, words
    assert places == sorted(places), words


def test_an_error_takes_the_place_of_the_chart(opened):
    page = opened("04_does_65_hold")
    thresholds = control(page, "thresholds")
    thresholds.fill("much")
    thresholds.press("Enter")
    error = page.locator(".figure-view .error")
    error.wait_for()
    assert error.get_attribute("role") == "alert"
    assert "thresholds" in error.inner_text()
    for gone in (".figure-view img", ".figure-view code", ".figure-view button", ".dt-container"):
        assert not page.locator(gone).first.is_visible(), gone
    thresholds.fill("1.0")
    thresholds.press("Enter")
    page.locator(".figure-view img").wait_for()
    assert error.text_content() == ""


def test_after_a_restart_and_in_a_notebook_opened_again_the_explorer_says_what_to_do(lab, opened):
    page = opened("03_who_are_the_93")
    page.locator(".figure-view img").wait_for()
    asleep = page.locator(".explorer-asleep")
    assert asleep.count() == 1 and not asleep.is_visible()
    page.keyboard.press("ControlOrMeta+s")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
    page.get_by_role("button", name=re.compile("^Confirm Kernel Restart|^Restart$")).click()
    asleep.wait_for()
    assert "Run All Cells" in asleep.inner_text()
    lab.open(page, "03_who_are_the_93")
    page.get_by_text("After a restart of the kernel").wait_for()


def test_a_wrong_parameter_is_one_sentence_before_the_reader(lab, desk):
    path = lab.folder / "notebooks" / "01_rd_against_sm.ipynb"
    whole = path.read_text(encoding="utf-8")
    wrong = re.sub(r"(fiscal_year: FiscalYear = )\d+", r"\g<1>1999", whole)
    path.with_stem("wrong").write_text(wrong, encoding="utf-8")
    lab.open_instead(desk, "wrong")
    desk.get_by_role("menuitem", name="Run", exact=True).click()
    desk.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    error = desk.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    error.wait_for(timeout=60_000)
    expect(error).to_be_in_viewport(timeout=10_000)
    assert "1999" in error.inner_text() and "Traceback" not in error.inner_text()
    assert len(error.inner_text().strip().splitlines()) == 1


def test_in_the_dark_the_explorer_reads_as_well(desk, opened):
    turn = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    desk.evaluate(turn, "JupyterLab Dark")
    page = opened("06_hard_tech_fields")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert accessibility_faults(page, EXPLORER) == []
    desk.evaluate(turn, "JupyterLab Light")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true")


def test_the_start_page_leads_to_every_notebook(opened):
    page = opened("start")
    links = page.locator(".jp-RenderedMarkdown table a")
    assert links.all_inner_texts() == NAMES
    links.first.click()
    page.get_by_role("tab", name="01_rd_against_sm.ipynb").wait_for()
