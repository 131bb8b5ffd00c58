"""The gallery as a reader meets it: built from a real render, opened in Chromium."""

import json
import re
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from conftest import accessibility_faults
from pypdf import PdfReader

from lib import claims, figures, notebooks, style, tables
from lib.bundle import folders
from lib.bundle.publish import publish
from lib.errors import UserError
from lib.paths import ROOT
from lib.render import gallery
from lib.rows import cohorts

NAME = "01_rd_against_sm"
PAGES = ["index.html", f"{NAME}/index.html", f"{NAME}/fiscal_year=2020/index.html", "report.html"]
PHONE, DESK = 375, 1280


@pytest.fixture(scope="module")
def site(tmp_path_factory, call):
    """Outputs with Figure 1 as the command renders it, and a variant as a notebook leaves it when run by hand."""
    folder = tmp_path_factory.mktemp("gallery") / "outputs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIGURES_OUTPUTS", str(folder))
        assert call("render", NAME).returncode == 0
        publish(figures.build(NAME, fiscal_year=2020))
        gallery.build()
        yield folder


@pytest.fixture
def visit(browser):
    """Opens a page; gives it with `said`, all that went wrong or went out to the network."""
    contexts = []

    def open_page(path: Path, width=DESK, scheme="light", **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options))
        page = contexts[-1].new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("requestfailed", lambda request: page.said.append(f"failed: {request.url[:200]}"))
        page.on("request", lambda r: page.said.append(r.url) if urlsplit(r.url).scheme not in ("file", "data") else 0)
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return page

    yield open_page
    for context in contexts:
        context.close()


def record_of(folder):
    return json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_readers_out_and_none_complains(site, visit, path, scheme):
    page = visit(site / path, scheme=scheme)
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 900})
        assert accessibility_faults(page) == []
    assert page.said == []


def test_the_accessibility_check_can_fail(site, visit, tmp_path):
    text = (site / "index.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(re.sub(r'(<img [^>]*) alt="[^"]*"', r"\1", text).replace("--quiet: #5a5f66", "--quiet: #bbbbbb"))
    kinds = {fault.split(":")[0] for fault in accessibility_faults(visit(broken))}
    assert {"image-alt", "color-contrast"} <= kinds


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_on_a_phone_on_a_desk_or_in_print(site, visit, path):
    page = visit(site / path)
    for width, medium in ((PHONE, "screen"), (320, "screen"), (DESK, "screen"), (680, "print")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=medium)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("img").first.evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(site, visit, path):
    page = visit(site / path)
    links = page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))")
    known = set(tables.load("sources")["url"].dropna())
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    for link in links:
        parts = urlsplit(link)
        if parts.scheme:
            assert link in known
        elif parts.path:
            assert ((site / path).parent / unquote(parts.path)).is_file(), link
        else:
            assert parts.fragment in ids, link


def test_downloads_are_the_files_that_the_record_vouches_for(site, visit):
    page = visit(site / NAME / "index.html")
    kinds = page.locator(".downloads a").all_text_contents()
    assert kinds == ["PNG", "SVG", "PDF", "CSV", "XLSX", "DTA", "TEX", "BIB", "JSON", "IPYNB", "ZIP"]
    assert folders.faults(site / NAME, NAME) == []
    by_hand = visit(site / NAME / "fiscal_year=2020" / "index.html")
    assert by_hand.locator(".downloads a").all_text_contents() == [
        "PNG",
        "SVG",
        "PDF",
        "CSV",
        "XLSX",
        "DTA",
        "TEX",
        "BIB",
        "JSON",
        "ZIP",
    ]


def test_the_zip_holds_the_bundle_and_the_same_bundle_gives_the_same_bytes(site):
    path = site / NAME / f"{NAME}.zip"
    with zipfile.ZipFile(path) as archive:
        held = {Path(name).name: archive.read(name) for name in archive.namelist()}
    assert held == {p.name: p.read_bytes() for p in (site / NAME).glob(f"{NAME}.*") if p != path}
    before = path.read_bytes()
    for file in held:
        (site / NAME / file).touch()
    gallery.build()
    assert path.read_bytes() == before
    assert not list(site.rglob(".publish-*"))


def test_the_first_page_sent_alone_still_shows_the_pictures_and_the_facts(site, visit, tmp_path):
    page = visit(Path(shutil.copy(site / "index.html", tmp_path)))
    record = record_of(site / NAME)
    assert page.said == []
    assert page.locator("img").evaluate_all("all => all.every(image => image.naturalWidth > 0)")
    assert page.locator("img").first.get_attribute("alt") == record["alt"]
    words = " ".join(page.locator("body").inner_text().split())
    for fact in (record["title"], record["subtitle"], record["alt"], *record["notes"], record["source"]):
        assert " ".join(fact.split()) in words
    for source in record["sources"]:
        assert source["title"] in words


@pytest.mark.parametrize("path", PAGES[1:3])
def test_the_exclusions_add_up_to_all_companies(site, visit, path):
    rows = visit(site / path).locator("table.counts tr td").all_text_contents()
    drawn, *left_out, everyone = [int(count.replace(",", "")) for count in rows]
    year = record_of((site / path).parent)["parameters"]["fiscal_year"]
    firms, internet = cohorts.company_years("specialised", year), cohorts.internet_companies(year)
    assert drawn + sum(left_out) == everyone == len(firms) + len(internet)
    assert drawn == len(cohorts.drawn(firms)) + len(cohorts.drawn(internet))


def test_the_pictures_come_first_and_their_type_can_be_read_on_a_phone(site, visit):
    for width, most in ((DESK, 500), (PHONE, 600)):
        page = visit(site / "index.html", width)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
        box, stage = page.locator("img").first.bounding_box(), page.locator(".scroll").first
        assert stage.bounding_box()["y"] < most
        assert not page.locator("table.ledger").is_visible() and page.locator(".tally").is_visible()
    # The picture is 7 inches wide, and its smallest type 6.8 points.
    assert box["width"] / 96 > 0.95 * 7
    layout, seen = record_of(site / NAME)["layout"], stage.bounding_box()["height"] / box["height"]
    assert seen == pytest.approx(1 - layout["words_above"] - layout["words_below"], abs=0.01)
    stage.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)  # the page allows no script that a wait for more would need
    assert stage.evaluate("one => one.scrollLeft") > 0


def test_a_phone_says_what_is_cut_off_at_the_side_and_only_that(site, visit):
    page = visit(site / NAME / "index.html", PHONE)
    page.locator(".swipe").first.wait_for()
    said = page.locator(".swipe").evaluate_all(
        "all => all.map(p => [p.checkVisibility(), p.nextElementSibling.scrollWidth > p.nextElementSibling.clientWidth])"
    )
    assert all(shown == is_cut for shown, is_cut in said) and {True, False} == {shown for shown, _ in said}
    assert page.locator(".swipe").count() == page.locator(".scroll").count()
    for width, medium in ((DESK, "screen"), (PHONE, "print")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=medium)
        assert not any(words.is_visible() for words in page.locator(".swipe").all())


def test_the_words_of_a_picture_are_read_on_a_phone_without_scrolling_sideways(site, visit):
    record = record_of(site / NAME)
    page = visit(site / NAME / "index.html", PHONE)
    for words in (record["title"], record["subtitle"], *record["notes"], record["source"]):
        shown = page.locator(".picture").first.get_by_text(words, exact=True)
        box = shown.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE
        assert shown.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 14
    page.set_viewport_size({"width": DESK, "height": 900})
    assert not page.get_by_text(record["notes"][0], exact=True).first.is_visible()  # the picture bears them


def test_a_drawing_changed_by_hand_is_shown_whole_on_a_phone(site, outputs, visit):
    shutil.copytree(site / NAME, outputs / NAME)
    path = outputs / NAME / f"{NAME}.json"
    path.write_text(json.dumps(record_of(outputs / NAME) | {"changed_by_hand": True}), encoding="utf-8")
    gallery.build()
    page = visit(outputs / NAME / "index.html", PHONE)
    whole, stage = page.locator("img").first.bounding_box(), page.locator(".scroll").first.bounding_box()
    assert stage["height"] >= whole["height"] and not page.locator(".picture details").count()


def test_all_figures_print_on_pages_of_their_own(site, visit, tmp_path):
    page = visit(site / "report.html")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    texts = [" ".join(sheet.extract_text().split()) for sheet in PdfReader(tmp_path / "report.pdf").pages]
    assert "Figure 1" in texts[0] and page.locator("h2").first.inner_text() in texts[0]
    assert (
        sum("is missing" in text or "has not been rendered" in text for text in texts) == len(notebooks.figures()) - 1
    )
    assert any("The claims" in text for text in texts[len(notebooks.figures()) - 1 :])


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_a_tall_picture_prints_on_the_page_of_its_heading(site, visit, tmp_path, paper):
    page = visit(site / "report.html")
    tall = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 70 140'><text y='135' font-size='9'>its foot</text></svg>"
    )
    page.locator("img").first.evaluate(
        "(image, svg) => { image.src = 'data:image/svg+xml,' + encodeURIComponent(svg); }", tall
    )
    page.locator("img").first.evaluate("image => image.decode()")
    later = page.locator("article.sheet").nth(1)
    later.evaluate(
        "(sheet, figure) => sheet.querySelector('.missing').replaceWith(figure)",
        page.locator("figure").first.evaluate_handle("f => f.cloneNode(true)"),
    )
    page.pdf(path=tmp_path / "report.pdf", format=paper)
    texts = [" ".join(sheet.extract_text().split()) for sheet in PdfReader(tmp_path / "report.pdf").pages]
    for number, question in enumerate(page.locator("article h2").all_inner_texts()[:2], 1):
        assert f"Figure {number} {question}" in texts[number - 1] and "its foot" in texts[number - 1]


def test_the_ledger_says_each_verdict_in_a_word_and_a_symbol(site, visit):
    page = visit(site / "index.html")
    ledger = claims.ledger()
    table = page.locator(".ledger-folded table.ledger")
    assert table.locator(".verdict").all_inner_texts() == list(ledger["verdict"])
    assert table.locator(".verdict svg").count() == len(ledger)
    shapes = {
        word: page.locator(f".verdict.{word} svg").first.inner_html() for word in ledger["verdict"].drop_duplicates()
    }
    assert len(set(shapes.values())) == len(shapes)
    assert sum(map(int, page.locator(".tally .count").all_text_contents())) == len(ledger)
    text = " ".join(table.inner_text().split())
    for _, claim in ledger.iterrows():
        assert claim["claim"] in text and claim["published_text"] in text and claim["reason"] in text
    share = ledger.set_index("claim_id").loc["mp3-share"]
    assert f"{100 * share['difference']:+.3g} percentage points allowed {100 * share['tolerance']:g} percentage" in text


def test_a_variant_is_listed_with_what_was_changed_and_links_back(site, visit):
    page = visit(site / NAME / "index.html")
    page.get_by_role("link", name="fiscal_year = 2020").click()
    assert page.url.endswith("index.html") and "drawn with fiscal_year = 2020" in page.locator(".kicker").inner_text()
    assert page.locator("td[data-label=Value] strong").all_text_contents() == ["2020"]
    assert "fiscal_year = 2020" in page.locator(".copied pre").first.inner_text()
    page.get_by_role("link", name="default parameters").click()
    assert page.locator("h1").inner_text() == "Do specialised firms put product first, and compared with whom?"


def test_the_run_is_told_with_time_versions_and_hashes(site, visit):
    page = visit(site / NAME / "index.html")
    record = record_of(site / NAME)
    assert re.search(r"\d+ \w+ 20\d\d, \d\d:\d\d UTC", page.locator("time").inner_text())
    hashes = page.locator("table.hashes code").all_text_contents()
    assert hashes == [*record["data"].values(), *record["files"].values()]
    assert f"matplotlib {record['versions']['matplotlib']}" in page.locator("main").inner_text()


def test_the_citation_copies_with_one_press(site, visit):
    page = visit(site / NAME / "index.html", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the BibTeX").click()
    page.get_by_text("Copied.").wait_for()
    bibtex = page.evaluate("navigator.clipboard.readText()")
    assert bibtex == page.locator(".copied pre").last.inner_text()
    assert bibtex.startswith("@misc{") and bibtex.count("{") == bibtex.count("}") and r"R\&D" in bibtex
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for text in (bibtex, page.locator(".copied pre").first.inner_text()):
        assert citation["title"] in text and citation["version"] in text


def test_without_scripts_the_page_reads_the_same_and_has_no_dead_button(site, visit):
    page = visit(site / NAME / "index.html", java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    assert page.locator(".copied pre").first.is_visible()


def test_the_keyboard_reaches_the_content_first_and_is_seen(site, visit):
    page = visit(site / "index.html")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    box = skip.bounding_box()
    assert skip.evaluate("link => link === document.activeElement") and box["x"] >= 0 and box["y"] >= 0
    assert skip.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_figure_without_a_whole_bundle_is_said_to_be_missing(site, outputs, visit):
    gallery.build()
    for path in PAGES[:2]:
        assert "it has not been rendered" in visit(outputs / path).locator("main").inner_text()
    shutil.copytree(site / NAME, outputs / NAME, dirs_exist_ok=True)
    (outputs / NAME / f"{NAME}.svg").write_text("half a picture", encoding="utf-8")
    path = outputs / NAME / "fiscal_year=2020" / f"{NAME}.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    del old["sources"]
    path.write_text(json.dumps(old), encoding="utf-8")
    gallery.build()
    page = visit(outputs / NAME / "index.html")
    text = page.locator("main").inner_text()
    assert f"{NAME}.svg is not the one that its record names" in text and "another version" in text
    assert page.locator("img").count() == 0 and accessibility_faults(page) == []


def test_words_in_a_record_are_shown_as_words(site, outputs, visit):
    shutil.copytree(site / NAME, outputs / NAME)
    path = outputs / NAME / f"{NAME}.json"
    hostile = "\"><script>document.title = 'taken'</script> {{ 7 * 7 }} & 50% of R&D"
    record = record_of(outputs / NAME) | {"title": hostile, "alt": hostile, "notes": [hostile]}
    path.write_text(json.dumps(record), encoding="utf-8")
    gallery.build()
    for path in PAGES[:2]:
        page = visit(outputs / path)
        assert page.locator("img").first.get_attribute("alt") == hostile
        assert hostile in page.locator("main").inner_text()
        assert page.title() != "taken"


def test_a_page_runs_no_script_but_its_own(site, visit, tmp_path):
    text = (site / NAME / "index.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    slipped_in = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\" alt=''>"
    broken.write_text(text.replace("</main>", f"{slipped_in}</main>"), encoding="utf-8")
    page = visit(broken)
    assert page.title() != "taken" and sum("Content Security Policy" in said for said in page.said) >= 2


def test_a_changed_row_moves_the_ledger_and_marks_the_figure_as_older(site, outputs, visit, edit):
    shutil.copytree(site / NAME, outputs / NAME)
    firms = cohorts.drawn(cohorts.company_years("specialised", 2021))
    company = firms.loc[firms["rd_expense_cny"] > firms["selling_expense_cny"], "company_id"].iloc[0]
    edit("spending", {"company_id": company, "fiscal_year": "2021"}, "selling_expense_cny", "9e12")
    gallery.build()
    page = visit(outputs / "index.html")
    assert f"{351 / 514:.1%}" in page.locator(".ledger-folded table.ledger").inner_text()
    assert "spending.csv changed after this was drawn" in page.locator("#figure-1").inner_text()


def test_a_failed_render_still_leaves_a_gallery_of_what_is_there(outputs, call):
    done = call("render", "1", "--timeout", "0.1")
    assert done.returncode == 1 and "so it was stopped" in done.stderr
    assert "it has not been rendered" in (outputs / "index.html").read_text(encoding="utf-8")


def test_a_gallery_that_is_missing_or_behind_is_built_though_no_figure_is_due(outputs, call, data):
    assert call("render", "3").returncode == 0
    page, table = outputs / "index.html", data / "vintages.csv"
    assert call("render", "3").stdout == ""
    for spoil in (page.unlink, lambda: table.write_text(table.read_text(encoding="utf-8") + "\n", encoding="utf-8")):
        spoil()
        done = call("render", "3")
        assert done.returncode == 0 and "1 of 1 unchanged" in done.stderr
        assert done.stdout.strip() == str(page)
    assert call("render", "3").stdout == ""
    publish(figures.build("03_who_are_the_93", count=100))  # as from a notebook
    assert call("render", "3").stdout.strip() == str(page)
    assert "count = 100" in (outputs / "03_who_are_the_93" / "index.html").read_text(encoding="utf-8")
    assert call("render", "3").stdout == ""


def test_a_gallery_that_cannot_be_written_is_one_sentence(outputs):
    outputs.write_text("a file in the way")
    with pytest.raises(UserError, match="gallery: cannot write"):
        gallery.build()


def test_the_page_and_the_figures_share_their_colours():
    css = (ROOT / "lib/render/templates/gallery/gallery.css").read_text(encoding="utf-8")
    for colour in (style.PRODUCT_TEXT, style.SALES_TEXT, style.INK, style.QUIET, style.GRID):
        assert colour in css
