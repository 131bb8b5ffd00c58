"""The notebook as an article on its figure's page, and tables whose texts stay texts."""

import json
import os
import re
import shutil
from html import escape

import nbformat
import numpy as np
import pandas as pd
import pytest

from lib import claims, tables
from lib.bundle.publish import publish
from lib.figures import build
from lib.paths import notebooks_dir
from lib.render import article, gallery

NAME = "08_services_to_industry"
HOSTILE = "<img src=x onerror=\"document.title='taken'\"> <script>document.title = 'taken'</script> [a](javascript:alert(1)) & <b>"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, call):
    folder = tmp_path_factory.mktemp("article") / "outputs"
    assert call("render", NAME, env={"FIGURES_OUTPUTS": str(folder)}).returncode == 0
    return folder


@pytest.fixture
def page(rendered, browser):
    shown = browser.new_page(viewport={"width": 1280, "height": 900})
    shown.goto((rendered / NAME / "index.html").as_uri())
    yield shown
    shown.close()


def test_the_page_holds_the_notebooks_prose_tables_picture_and_code(page, rendered):
    cells = nbformat.read(rendered / NAME / f"{NAME}.ipynb", as_version=4).cells
    shown = page.locator(".notebook")
    text = " ".join(shown.inner_text().replace("\u00a0", " ").split())
    for cell in cells:
        if cell.cell_type == "markdown":
            for words in re.findall(r"^[A-Z][a-z ,]{20,}", cell.source, re.MULTILINE):
                assert " ".join(words.split()) in text
    codes = [cell.source for cell in cells if cell.cell_type == "code"]
    assert [code.rstrip("\n") for code in shown.locator("details.code code").all_text_contents()] == codes
    html = [
        out.data["text/html"] for cell in cells for out in cell.get("outputs", []) if "text/html" in out.get("data", {})
    ]
    assert shown.locator("table").count() == len(html)
    record = json.loads((rendered / NAME / f"{NAME}.json").read_text(encoding="utf-8"))
    assert shown.locator("img").evaluate_all("all => all.map(i => [i.alt, i.naturalWidth > 500])") == [
        [record["alt"], True]
    ]
    assert "Path(" not in text  # where the bundle stands on the machine that made it


def test_code_is_folded_and_one_click_away_by_mouse_and_keyboard(page):
    first, second = (page.locator("details.code").nth(place) for place in (0, 1))
    assert not first.locator("pre").is_visible()
    first.locator("summary").click()
    assert first.locator("pre").is_visible()
    second.locator("summary").press("Enter")
    assert second.locator("pre").is_visible()


def test_a_table_has_the_words_of_its_cells_and_what_they_span():
    frame = pd.DataFrame({"a": [HOSTILE, "x"], "b": [1.5, None]}, index=pd.MultiIndex.from_tuples([("k", 1), ("k", 2)]))
    for html in (frame.to_html(), tables.shown(frame, index=True).to_html()):
        found = article.table(html)
        assert [cell[0] for cell in found.head[0]][-2:] == ["a", "b"]
        assert found.body[0][0][0] == "k" and found.body[0][0][2] == 2
        assert found.body[0][2][0] == HOSTILE and found.body[1][1][0] == "x"


def test_nothing_of_a_notebook_runs_on_its_page(rendered, browser, tmp_path, monkeypatch):
    outputs = tmp_path / "outputs"
    shutil.copytree(rendered, outputs)
    monkeypatch.setenv("FIGURES_OUTPUTS", str(outputs))
    path = outputs / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    table = f"<style>td {{}}</style><table><tr><td>{HOSTILE}</td></tr></table><script>document.title = 'taken'</script>"
    outs = [
        {"text/html": table},
        {"text/markdown": HOSTILE},
        {"text/plain": HOSTILE},
        {"image/png": f'"><script>{HOSTILE}'},
    ]
    notebook.cells[2].source += f"\n# {HOSTILE}"
    notebook.cells[0].source += f"\n\n{HOSTILE}"
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("display_data", data=data) for data in outs]
    code.outputs.append(nbformat.v4.new_output("stream", text=HOSTILE))
    nbformat.write(notebook, path)
    gallery.build()
    page = browser.new_page()
    page.goto((outputs / NAME / "index.html").as_uri())
    text = page.locator(".notebook").inner_text()
    assert text.count("<img src=x onerror=") >= 3
    assert page.locator(".notebook [onerror], .notebook script, .notebook a[href^=javascript]").count() == 0
    assert page.title() != "taken"
    page.close()


def test_a_formula_is_shown_as_one_and_read_aloud_as_its_latex(browser):
    page = browser.new_page()
    page.set_content(
        str(article.prose("With $i$ a company, at $21.87 billion:\n\n$$\\log s_{i,2021} = \\beta\\, P_i$$\n"))
    )
    assert page.locator("p").text_content() == "With i a company, at $21.87 billion:"
    inline, block = page.locator("math").all()
    assert [inline.get_attribute("alttext"), inline.get_attribute("display")] == ["i", "inline"]
    assert (
        block.get_attribute("alttext") == r"\log s_{i,2021} = \beta\, P_i" and block.text_content() == "logsi,2021=βPi"
    )
    word, sub = block.locator("mo", has_text="log").bounding_box(), block.locator("msub").first.bounding_box()
    assert sub["x"] > word["x"] + word["width"]  # 'log s', not 'logs'
    letter, index = block.locator("msub").first.locator("> *").all()
    assert index.bounding_box()["y"] > letter.bounding_box()["y"]
    page.close()


def test_every_formula_of_the_notebooks_can_be_read():
    texts = [
        str(article.prose(cell.source))
        for path in notebooks_dir().glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]
    assert sum(text.count('display="block"') for text in texts) >= 2
    assert not any("<code>\\" in text or "$$" in text for text in texts)


@pytest.mark.parametrize("latex", [r"\frac{", r"x_", r"\unknown <b>", "", r"\begin{matrix} <b>", "{" * 3000])
def test_a_formula_that_cannot_be_read_is_shown_as_its_text(latex):
    assert str(article.formula(latex)) == f"<code>{escape(latex)}</code>"


@pytest.mark.parametrize(
    "latex",
    [
        rf"\text{{{HOSTILE}}}",
        r"\text{&lt;img src=x onerror=1&gt;}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r'\color{red" onclick="alert(1)}{x}',
    ],
)
@pytest.mark.parametrize("display", ["inline", "block"])
def test_nothing_of_a_formula_runs_or_moves_the_page(browser, latex, display):
    page = browser.new_page()
    page.set_content(str(article.formula(latex, display)))
    assert page.locator("math").get_attribute("alttext") == latex
    assert (
        page.locator("img, script, a, [href], [style], [onclick], [onerror]").count() == 0 and page.title() != "taken"
    )
    page.close()


def test_a_bundle_that_was_published_since_has_no_article_of_an_older_run(rendered, tmp_path, monkeypatch):
    outputs = tmp_path / "outputs"
    shutil.copytree(rendered, outputs)
    monkeypatch.setenv("FIGURES_OUTPUTS", str(outputs))
    gallery.build()
    page = outputs / NAME / "index.html"
    assert 'id="notebook"' in page.read_text(encoding="utf-8")
    publish(build(NAME))
    old = (outputs / NAME / f"{NAME}.json").stat().st_mtime - 60
    os.utime(outputs / NAME / f"{NAME}.ipynb", (old, old))
    gallery.build()
    assert 'id="notebook"' not in page.read_text(encoding="utf-8")


def test_a_table_in_a_notebook_shows_texts_as_texts(browser):
    rows = pd.DataFrame(
        {"name": [HOSTILE], HOSTILE: [0.123456], "none": [np.nan]}, index=pd.Index([HOSTILE], name=HOSTILE)
    )
    page = browser.new_page()
    for table in (tables.shown(rows, {HOSTILE: "{:.1%}"}, index=True), tables.shown(rows, precision=2)):
        page.set_content(table.to_html())
        cells = page.locator("td").all_inner_texts()
        assert (
            " ".join(cells[0].split()) == " ".join(HOSTILE.split()) and cells[1] in ("12.3%", "0.12") and cells[2] == ""
        )
        assert page.locator("img, script, a").count() == 0 and page.title() != "taken"
    page.close()


def test_every_table_of_a_notebook_and_the_verdicts_go_through_shown(edit):
    for path in notebooks_dir().glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            assert cell.cell_type != "code" or not re.search(r"\.style\b|to_html|HTML\(", cell.source), path.name
    edit("claims", {"claim_id": "mp3-share"}, "published_text", HOSTILE)
    html = claims.verdicts("01_rd_against_sm").to_html()
    assert "<img" not in html and "&lt;img" in html
