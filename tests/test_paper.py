"""What a paper needs of a figure: its size, print without colour, the workbook, the LaTeX, the BibTeX."""

import dataclasses
import io
import itertools
import re
import shutil
import subprocess
import zipfile

import bibtexparser
import openpyxl
import pandas as pd
import pytest
from conftest import text_faults
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexMacroNode, LatexWalker
from pypdf import PdfReader

from lib import figures, notebooks, parameters, style
from lib.bundle import paper
from lib.bundle.publish import publish, record_of
from lib.figures import huawei_acfic, services_to_industry

NAMES = [path.stem for path in notebooks.figures()]
FIRST = NAMES[0]


@pytest.fixture(scope="module", params=NAMES)
def figure(request):
    return figures.build(request.param)


@pytest.fixture(scope="module")
def record(figure):
    return record_of(figure, figure.parameters, {})


def hostile(**changes):
    """A small record and table full of what breaks LaTeX, BibTeX and Excel."""
    words = "50% of R&D_x {a} #1 $5 ~ ^ \\end{document} “专精特新” é"
    record = {
        "id": FIRST, "title": words, "subtitle": words, "alt": words, "notes": [words], "source": words, "parameters": {"size": "web"},
        "headline": {"share_of": 0.5, "not_known": None},
        "headline_words": {name: {"words": words, "said": "50.0%"} for name in ("share_of", "not_known")}, "left_out": {words: 1}, "data": {}, "claims": [],
        "sources": [{"source_id": "s-1", "cite_as": words, "title": words, "url": "https://x.org/a_b%20c?d=1&e={2}#f 小", "kind": "primary"}],
    }  # fmt: skip
    table = pd.DataFrame({"company_id": ["000001", "=1+1"], "words": [words, "a\x07b"], "amount": [1.5, None]})
    return record | changes, table


def sheets(path):
    return {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(path)}


def test_the_workbook_holds_the_plotted_rows_and_the_record(figure, record, tmp_path):
    paper.excel(record, figure.table, tmp_path / "t.xlsx", figure.printed)
    found = sheets(tmp_path / "t.xlsx")
    many = record["rows"] > paper.SHEET_ROWS
    numbers = found["numbers"][1 : len(record["headline"]) + 1]
    assert [line[:2] for line in numbers] == [(number.words, number.said) for number in figure.numbers]
    assert [line[2] for line in numbers] == pytest.approx(list(record["headline"].values()), rel=1e-12)
    assert list(found) == [*([] if many else ["rows"]), "numbers", "record", *(["printed"] if figure.printed else [])]
    if many:
        assert f"{record['rows']:,} rows: {figure.name}.csv" in found["numbers"][-1][0]
        found["rows"] = [tuple(figure.table.columns)]
        record = record | {"rows": 0}
        figure = dataclasses.replace(figure, table=figure.table.iloc[:0])
    header, *rows = found["rows"]
    text = pd.read_csv(io.StringIO(figure.table.to_csv(index=False)), dtype="str", keep_default_na=False)
    assert list(header) == list(text.columns) and len(rows) == len(text) == record["rows"]
    for place, column in enumerate(header):
        for written, read in zip(text[column], rows, strict=True):
            value = read[place]
            if column.endswith("company_id") or isinstance(value, str):
                assert (value or "") == written
            elif value is None:
                assert written == ""
            elif isinstance(value, float | int) and not isinstance(value, bool):
                assert value == pytest.approx(float(written), rel=1e-12)
            else:
                assert str(value)[:10] == written[:10]
    said = [str(value) for line in found["record"] for value in line]
    for words in (record["title"], record["source"], *record["notes"], *record["data"].values()):
        assert words in said
    for source in record["sources"]:
        assert any(source["title"] in words for words in said)


def test_the_workbook_reads_well(outputs):
    book = openpyxl.load_workbook(publish(figures.build(FIRST)) / f"{FIRST}.xlsx")
    for sheet in book:
        assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.print_title_rows == "$1:$1"
    widths = book["rows"].column_dimensions
    assert widths["B"].width >= 8 and widths["A"].width > len("consumer_internet") and widths["Q"].width < 60


def test_codes_keep_their_zeros_and_no_text_becomes_a_formula_or_breaks_the_file(tmp_path):
    paper.excel(*hostile(), tmp_path / "t.xlsx")
    _, first, second = sheets(tmp_path / "t.xlsx")["rows"]
    assert first[0] == "000001" and second[::2] == ("=1+1", None) and second[1] in ("a\x07b", "a_x0007_b")
    cell = openpyxl.load_workbook(tmp_path / "t.xlsx")["rows"]["A3"]
    assert cell.data_type != "f"


def test_the_workbook_holds_no_time(tmp_path):
    paper.excel(*hostile(), tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        stamps = re.findall(rb"dcterms:W3CDTF\">(\d{4})", archive.read("docProps/core.xml"))
    assert stamps == [b"1980", b"1980"]


def walk(text):
    """Environments by name and macros, all levels, of a LaTeX text; raises where it does not parse."""
    nodes, found = list(LatexWalker(text, tolerant_parsing=False).get_latex_nodes()[0]), []
    while nodes:
        node = nodes.pop()
        found.append(node)
        for part in (*(getattr(node, "nodelist", None) or ()), *(getattr(getattr(node, "nodeargd", None), "argnlist", None) or ())):  # fmt: skip
            nodes += [part] if part is not None else []
    return found


@pytest.mark.parametrize("size", style.SIZES)
def test_the_latex_holds_figure_caption_label_and_a_table(size, figure, record):
    record = record | {"parameters": record["parameters"] | {"size": size}}
    text = paper.latex(record, figure.table, figure.columns, figure.printed)
    nodes = walk(text)
    environments = {node.environmentname for node in nodes if isinstance(node, LatexEnvironmentNode)}
    assert {name.removesuffix("*") for name in environments} == {"figure", "minipage", "table", "tabular"}
    macros = [node.macroname for node in nodes if isinstance(node, LatexMacroNode)]
    assert macros.count("caption") == macros.count("label") == 2
    assert {"includegraphics", "toprule", "midrule", "bottomrule"} <= set(macros)
    assert f"{{{figure.name}.pdf}}" in text
    float_, behind = text.split("\\end{figure", 1)
    apart = size in ("one_column", "two_columns")  # of whose picture the words are left to LaTeX
    assert paper.escape(record["title"]) in float_
    for words in (record["subtitle"], record["source"]):
        assert (paper.escape(words) in float_) == apart
    for words in record["notes"]:
        assert (paper.escape(words) in behind) == apart and paper.escape(words) not in float_
    lines = [line for line in text.split("\\midrule")[1].split("\\bottomrule")[0].strip().splitlines()]
    whole = record["rows"] <= paper.PAGE_ROWS
    expected = len(figure.printed.rows) if figure.printed else record["rows"] if whole else len(record["headline"])
    assert len(lines) == expected
    columns = text.split("\\toprule")[1].splitlines()[1].count(" & ") + 1
    assert all(len(re.findall(r"(?<!\\)&", line)) == columns - 1 for line in lines)
    if not figure.printed and not whole:
        said = [f"{paper.escape(number.words)} & {paper.escape(number.said)} " for number in figure.numbers]
        assert [line.removeprefix(r"\raggedright ").split("\\tabularnewline")[0] for line in lines] == said


def test_hostile_words_stay_words_in_latex():
    text = paper.latex(*hostile())
    assert r"50\% of R\&D\_x \{a\} \#1 \$5" in text and text.count(r"\end{document}") == 0
    assert r"\asis{Chinese}{专精特新}" in text
    walk(text)
    assert paper.latex(*hostile(parameters={"size": "two_columns"})).count("{figure*}") == 2


def test_numbers_print_in_few_digits():
    words = [paper._word(value) for value in (0.68482, 2021.0, 977.3, 1.234e12, -3.4e-7, 514, None)]
    assert words == ["$0.6848$", "$2021$", "$977.3$", r"$1.234 \times 10^{12}$", r"$-3.4 \times 10^{-7}$", "514", ""]


def test_each_source_has_one_entry_beside_the_article_and_the_project(figure, record):
    library = bibtexparser.parse_string(paper.bibtex(record))
    assert not library.failed_blocks
    both = {"macropolo", "china_daily"}
    articles = {claim["article"] for claim in record["claims"]} & both or both
    sources = {source["source_id"]: source for source in record["sources"]}
    expected = {"figures", *articles, *(set(sources) - {"macropolo", "china_daily"})}
    assert {entry.key for entry in library.entries} == {paper.key(one) for one in expected}
    for entry in library.entries:
        source = sources.get(entry.key.removeprefix("tech-pivot-"))
        assert entry["title"]
        if source and source["source_id"] in expected - articles:
            assert paper.escape(source["title"]) in entry["title"]
            assert ("url" in entry) == bool(source["url"])
            assert paper.key(source["source_id"]) in paper.latex(record, figure.table)


def test_hostile_sources_stay_whole_in_bibtex():
    record, _ = hostile()
    library = bibtexparser.parse_string(paper.bibtex(record))
    assert not library.failed_blocks and len(library.entries) == 4
    entry = library.entries_dict["tech-pivot-s-1"]
    assert entry["url"] == "https://x.org/a_b%20c?d=1&e=%7B2%7D#f%20%E5%B0%8F"
    assert entry["title"].count("{") == entry["title"].count("}") and "urldate" not in entry


def test_a_users_own_file_has_a_key_that_bibtex_reads():
    record, table = hostile()
    record["sources"][0]["source_id"] = "cohorts/my {list}, 2.csv"
    library = bibtexparser.parse_string(paper.bibtex(record))
    assert "tech-pivot-cohorts-my-list-2.csv" in library.entries_dict and not library.failed_blocks
    assert "tech-pivot-cohorts-my-list-2.csv" in paper.latex(record, table)


def test_a_refreshed_source_says_when_it_was_retrieved():
    record, _ = hostile()
    record["sources"][0]["source_id"] = "refresh-bse-2026-11-22"
    entry = bibtexparser.parse_string(paper.bibtex(record)).entries_dict["tech-pivot-refresh-bse-2026-11-22"]
    assert entry["urldate"] == "2026-11-22"


@pytest.mark.parametrize("name", ["02_public_sector", "06_hard_tech_fields", "07_huawei_acfic"])
def test_a_printed_table_has_the_columns_that_matter_in_words(name):
    figure = figures.build(name)
    text = paper.latex(record_of(figure, figure.parameters, {}), figure.table, figure.columns)
    heads = text.split("\\toprule\n")[1].split(" \\tabularnewline")[0].split(" & ")
    shown = [column for column in figure.columns if column not in ("source_row", "company_id")]
    assert len(heads) <= len(shown) and "_" not in "".join(heads) and all(head[0].isupper() for head in heads)
    widths = paper._widths(paper._fitting(figure.table[list(figure.columns)]))
    # An article's line is 345 points: in type of 7 points no table is made smaller than 4.5.
    assert (sum(widths) * paper.GLYPH + len(widths) * paper.BETWEEN) * 4.5 / 7 <= 345
    assert max(widths) <= paper.LINE


def test_estimates_print_as_papers_print_them(outputs):
    name = "09_label_or_industry"
    figure = figures.build(name)
    folder = publish(figure)
    text = (folder / f"{name}.tex").read_text(encoding="utf-8")
    assert r"\begin{tabular}{lccccc}" in text and "standard errors clustered by industry" in text
    raw, within = (figure.table.query("what == @step").iloc[0] for step in ("all other firms", "same industry"))
    body = text.split(r"\midrule")[1]
    assert f"{raw['estimate']:.3f} & {within['estimate']:.3f}" in body
    assert f"({raw['standard_error']:.3f}) & ({within['standard_error']:.3f})" in body
    assert "Industry fixed effects & No & Yes & Yes & Yes & Yes" in body
    assert f"Companies & {raw['firms']:,.0f} & {within['firms']:,.0f}" in body
    printed = sheets(folder / f"{name}.xlsx")["printed"]
    assert [list(row) for row in printed[1:]] == [
        [cell or None for cell in row] for row in figure.printed.rows.to_numpy()
    ]


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex", "lualatex"])
def test_names_in_any_script_compile(engine, tmp_path):
    if not shutil.which(engine):
        pytest.skip(f"no {engine} on this machine")
    accents = [sign for sign in map(chr, range(0xA0, 0x2300)) if re.match(f"[{paper.PRINTED}]", sign)]
    names = ["ИТМО Технологии", "Nguyễn", "𠮷野家", "全角\u3000空格", "עברית", "« Þórr »", "☃ 🙂", "株式会社", *accents]
    body = "\n\n".join(paper.escape(f"[{name}] & {name}") for name in names)
    page = rf"\documentclass{{article}}{paper.AS_IT_IS}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "names.tex").write_text(page, encoding="utf-8")
    done = subprocess.run([engine, "-interaction=batchmode", "names"], cwd=tmp_path, capture_output=True, text=True)
    log = (tmp_path / "names.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall(r"^!.*", log, re.MULTILINE) and done.returncode == 0
    assert paper.escape("Łódź, Ménard – “5‰”").isascii()  # printed by every engine


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX on this machine")
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("02_public_sector", "article", "web"),
        ("06_hard_tech_fields", "article", "web"),
        ("02_public_sector", "IEEEtran", "one_column"),
    ],
)
def test_the_bundle_compiles(name, kind, size, outputs, tmp_path):
    if subprocess.run(["kpsewhich", f"{kind}.cls"], capture_output=True).returncode:
        pytest.skip(f"this LaTeX has no {kind}")
    folder = publish(figures.build(name, size=size))
    body = rf"\input{{{name}.tex}}\nocite{{*}}\bibliographystyle{{plain}}\bibliography{{{name}}}"
    (tmp_path / "paper.tex").write_text(
        rf"\documentclass{{{kind}}}\usepackage{{graphicx,booktabs}}\begin{{document}}{body}\end{{document}}"
    )
    for suffix in ("tex", "bib", "pdf"):
        shutil.copy(folder / f"{name}.{suffix}", tmp_path)
    for words in (["pdflatex", "-interaction=batchmode"], ["bibtex"], ["pdflatex", "-interaction=batchmode"]):
        done = subprocess.run([*words, "paper"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall(r"^!.*", log, re.MULTILINE) and "Float too large" not in log


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX on this machine")
@pytest.mark.parametrize("size", ["one_column", "two_columns"])
def test_no_figure_is_cut_or_enlarged_in_a_paper(size, outputs, tmp_path):
    """All figures in one paper of each class: nothing stands over a page's foot or a line's end."""
    for name in NAMES:
        folder = publish(figures.build(name, size=size))
        for suffix in ("tex", "pdf"):
            shutil.copy(folder / f"{name}.{suffix}", tmp_path)
    body = "\n\n".join(rf"\input{{{name}.tex}}" for name in NAMES)
    for kind, options in (("article", ""), ("article", "[twocolumn]"), ("IEEEtran", "")):  # all on letter paper
        if subprocess.run(["kpsewhich", f"{kind}.cls"], capture_output=True).returncode:
            continue  # which this LaTeX lacks
        (tmp_path / "paper.tex").write_text(
            rf"\documentclass{options}{{{kind}}}\usepackage{{graphicx,booktabs}}\begin{{document}}{body}\end{{document}}"
        )
        subprocess.run(["pdflatex", "-interaction=batchmode", "paper"], cwd=tmp_path, capture_output=True, check=True)
        log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
        assert re.findall(r"^!.*|.*Float too large.*|Overfull.*", log, re.MULTILINE) == [], (kind, options)
        pages = b"".join(page.get_contents().get_data() for page in PdfReader(tmp_path / "paper.pdf").pages)
        scales = [
            float(scale) for scale in re.findall(rb"([\d.]+) 0 0 [\d.]+ 0 0 cm\s+q\s+1 0 0 1 0 0 cm\s+/Im\d+ Do", pages)
        ]
        assert len(scales) == len(NAMES) and max(scales) <= 1.001
        assert min(scales) >= (0.99 if kind == "IEEEtran" else 0.65)


SIZES = [(name, size) for name in NAMES for size in style.SIZES if size != "web"]
WITHOUT_KEY = (
    "04_does_65_hold",
    "07_huawei_acfic",
)  # whose marks are named where they stand; a slide explains all others


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_figure_of_any_size_is_readable_and_whole(name, size):
    figure = figures.build(name, size=size)
    page, drawing = style.SIZES[size], figure.drawing
    width, height = drawing.get_size_inches()
    scale = page.shown / width
    with style.look(size=size):
        for dpi in (100, page.dpi * scale):  # as measured, and as saved
            drawing.set_dpi(dpi)
            assert text_faults(drawing) == []
    texts = [text for text in drawing.findobj(Text) if text.get_visible() and text.get_text().strip()]
    around = {"".join(text.get_text().split()) for text in drawing.texts}
    smallest = min(text.get_fontsize() for text in texts if text not in drawing.texts) * scale
    if size == "slide":
        assert height / width == pytest.approx(9 / 16)
        own = {"".join(words.split()) for words in (figure.title, figure.subtitle, figure.source_line)}
        key, said = "".join(around - own), "".join("".join(figure.notes).split())
        assert own <= around and bool(key) == (name not in WITHOUT_KEY)
        assert [words for words in re.split(r"(?<=\.)(?=[A-Z])", key) if words not in said] == []
        assert smallest >= 9.5
    else:
        assert not around, "a paper has its own caption"
        assert smallest >= 6.8
        assert height * scale <= 9.2, "a journal's page is no higher"
    assert figure.title and figure.notes and figure.source_line


def test_sizes_are_the_ones_that_notebooks_allow():
    assert set(parameters.allowed(parameters.FigureSize)) == set(style.SIZES)
    shown = {name: round(size.shown * 25.4, 1) for name, size in style.SIZES.items()}
    assert shown["one_column"] == 88 and shown["two_columns"] == 178
    assert style.SIZES["web"].width == style.SIZES["web"].shown == 7


@pytest.mark.parametrize(
    ("name", "size"),
    [("08_services_to_industry", "web"), (FIRST, "one_column"), (FIRST, "two_columns"), (FIRST, "slide")],
)
def test_the_files_have_the_size_and_the_pdf_its_fonts(name, size, outputs):
    folder = publish(figures.build(name, size=size))
    if size == "one_column":  # whose SVG and PDF are made smaller
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        publish(figures.build(name, size=size))
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    shown = style.SIZES[size]
    page = PdfReader(folder / f"{name}.pdf").pages[0]
    width, height = (float(side) / 72 for side in (page.mediabox.width, page.mediabox.height))
    assert width == pytest.approx(shown.shown, abs=1e-4)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object() if font["/Subtype"] == "/Type0" else font
        assert inner["/Subtype"] == "/CIDFontType2" and "/FontFile2" in inner["/FontDescriptor"]
    with Image.open(folder / f"{name}.png") as picture:
        assert picture.width == pytest.approx(shown.shown * shown.dpi, abs=1.01)
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.002)
        assert picture.info["dpi"][0] == pytest.approx(shown.dpi, abs=0.01)
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    assert float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1]) == pytest.approx(shown.shown * 72, abs=0.01)
    environment = "figure*" if size == "two_columns" else "figure"
    assert rf"\begin{{{environment}}}" in (folder / f"{name}.tex").read_text(encoding="utf-8")


def test_panels_fill_the_page_and_keep_the_room_for_their_labels():
    a, b = style.Panel("a", 2, 1, left=0.5, right=0.5), style.Panel("b", 1, 1, left=0.5, top=0.2)
    c = style.Panel("c", 3, 2, left=1, bottom=0.5)
    with style.look():
        frame = style.Frame("Title", "Subtitle", ["Note"], [(a, b), c])
        boxes = {name: frame.axes(name).get_position().transformed(frame.figure.transFigure).bounds for name in "abc"}
    inches = {name: [side / frame.figure.dpi for side in box] for name, box in boxes.items()}
    stretch = (7 - 1.5) / 3
    assert inches["a"][0] == pytest.approx(0.5) and inches["a"][2] == pytest.approx(2 * stretch)
    assert inches["b"][0] + inches["b"][2] == pytest.approx(7) and inches["b"][2] == pytest.approx(stretch)
    assert inches["c"][0] == pytest.approx(1) and inches["c"][2] == pytest.approx(6)
    assert inches["c"][3] == pytest.approx(2) and inches["a"][1] == pytest.approx(inches["c"][1] + 2)


def test_a_slide_grows_until_its_panels_have_room():
    with style.look(size="slide"):
        low, high = (style.Frame("Title", "Subtitle", ["Note"], style.Panel("a", 7, inches)) for inches in (2, 6))
    assert low.width < high.width
    for frame in (low, high):
        assert frame.height / frame.width == pytest.approx(9 / 16)
    assert high.axes("a").get_position().height * high.height >= 6 * style.LEAST


def lightness(colour: str) -> float:
    """CIE lightness, 0 to 100: what is left of a colour in grey."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 116 * sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) ** (1 / 3) - 16


#: Fills and marks that meet in a chart and mean different things.
MEET = [
    (style.PRODUCT_FIRST, style.SALES_FIRST),
    (style.PRODUCT_FIRST, style.NEUTRAL),
    (style.ACCENT, style.NEUTRAL),
    (style.ACCENT, style.ACCENT_PALE),
    (style.ACCENT, style.INK),
    (style.NEUTRAL, style.INK),
    *itertools.combinations([line for line, _ in services_to_industry.LOOKS.values()], 2),
    *itertools.combinations([fill for _, _, fill, edge, _ in huawei_acfic.KINDS.values() if fill == edge], 2),
]


@pytest.mark.parametrize(("first", "second"), MEET)
def test_what_meets_in_a_chart_stays_apart_in_grey(first, second):
    assert abs(lightness(first) - lightness(second)) >= 17


def test_what_is_hatched_is_hatched_in_its_chart_alone():
    assert sum(bool(look[-1]) for look in huawei_acfic.KINDS.values()) == 1
