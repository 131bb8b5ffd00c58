"""What a paper needs of a figure: the workbook, the LaTeX, the BibTeX."""

import io
import re
import shutil
import subprocess
import zipfile

import bibtexparser
import openpyxl
import pandas as pd
import pytest
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexMacroNode, LatexWalker

from lib import figures, paper, parameters
from lib.paths import NOTEBOOKS
from lib.publish import publish, record_of
from lib.render import run

NAMES = [path.stem for path in run.figures()]
FIRST = NAMES[0]


@pytest.fixture(scope="module", params=NAMES)
def figure(request):
    return figures.build(request.param)


@pytest.fixture(scope="module")
def record(figure):
    return record_of(figure, parameters.check_all(NOTEBOOKS / f"{figure.name}.ipynb", {}))


def hostile(**changes):
    """A small record and table full of what breaks LaTeX, BibTeX and Excel."""
    words = "50% of R&D_x {a} #1 $5 ~ ^ \\end{document} “专精特新” é"
    record = {
        "id": FIRST, "title": words, "subtitle": words, "alt": words, "notes": [words], "source": words, "parameters": {"size": "web"},
        "headline": {"share_of": 0.5, "not_known": None}, "left_out": {words: 1}, "data": {}, "claims": [],
        "sources": [{"source_id": "s-1", "cite_as": words, "title": words, "url": "https://x.org/a_b%20c?d=1&e={2}#f 小", "kind": "primary"}],
    }  # fmt: skip
    table = pd.DataFrame({"company_id": ["000001", "=1+1"], "words": [words, "a\x07b"], "amount": [1.5, None]})
    return record | changes, table


def sheets(path):
    return {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(path)}


def test_the_workbook_holds_the_plotted_rows_and_the_record(figure, record, tmp_path):
    paper.excel(record, figure.table, tmp_path / "t.xlsx")
    found = sheets(tmp_path / "t.xlsx")
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
    widths = book["rows"].column_dimensions
    assert widths["B"].width >= 8 and widths["A"].width > len("consumer_internet") and widths["Q"].width < 60


def test_codes_keep_their_zeros_and_no_text_becomes_a_formula_or_breaks_the_file(tmp_path):
    paper.excel(*hostile(), tmp_path / "t.xlsx")
    _, first, second = sheets(tmp_path / "t.xlsx")["rows"]
    assert first[0] == "000001" and second == ("=1+1", "ab", None)
    cell = openpyxl.load_workbook(tmp_path / "t.xlsx")["rows"]["A3"]
    assert cell.data_type == "s"


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


def test_the_latex_holds_figure_caption_label_and_a_table(figure, record):
    text = paper.latex(record, figure.table)
    nodes = walk(text)
    environments = {node.environmentname for node in nodes if isinstance(node, LatexEnvironmentNode)}
    assert environments == {"figure", "minipage", "table", "tabular"}
    macros = [node.macroname for node in nodes if isinstance(node, LatexMacroNode)]
    assert macros.count("caption") == macros.count("label") == 2
    assert {"includegraphics", "toprule", "midrule", "bottomrule"} <= set(macros)
    assert f"{{{figure.name}.pdf}}" in text
    for words in (record["title"], record["source"], *record["notes"]):
        assert paper.escape(words) in text
    lines = [line for line in text.split("\\midrule")[1].split("\\bottomrule")[0].strip().splitlines()]
    whole = record["rows"] <= paper.PAGE_ROWS
    assert len(lines) == (record["rows"] if whole else len(record["headline"]))
    columns = text.split("\\toprule")[1].splitlines()[1].count(" & ") + 1
    assert all(len(re.findall(r"(?<!\\)&", line)) == columns - 1 for line in lines)


def test_hostile_words_stay_words_in_latex():
    text = paper.latex(*hostile())
    assert r"50\% of R\&D\_x \{a\} \#1 \$5" in text and text.count(r"\end{document}") == 0
    assert r"\zh{专精特新}" in text
    walk(text)
    assert paper.latex(*hostile(parameters={"size": "two_columns"})).count("{figure*}") == 2


def test_numbers_print_in_few_digits():
    words = [paper._word(value) for value in (0.68482, 2021.0, 977.3, 1.234e12, -3.4e-7, 514, None)]
    assert words == ["$0.6848$", "$2021$", "$977.3$", r"$1.234 \times 10^{12}$", r"$-3.4 \times 10^{-7}$", "514", ""]


def test_each_source_has_one_entry_beside_the_article_and_the_project(figure, record):
    library = bibtexparser.parse_string(paper.bibtex(record))
    assert not library.failed_blocks
    articles = {claim["article"] for claim in record["claims"]} or {"macropolo", "china_daily"}
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


def test_a_refreshed_source_says_when_it_was_retrieved():
    record, _ = hostile()
    record["sources"][0]["source_id"] = "refresh-bse-2026-11-22"
    entry = bibtexparser.parse_string(paper.bibtex(record)).entries_dict["tech-pivot-refresh-bse-2026-11-22"]
    assert entry["urldate"] == "2026-11-22"


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX on this machine")
@pytest.mark.parametrize("name", ["02_public_sector", "06_hard_tech_fields"])
def test_the_bundle_compiles(name, outputs, tmp_path):
    folder = publish(figures.build(name))
    body = rf"\input{{{name}.tex}}\nocite{{*}}\bibliographystyle{{plain}}\bibliography{{{name}}}"
    (tmp_path / "paper.tex").write_text(
        rf"\documentclass{{article}}\usepackage{{graphicx,booktabs}}\begin{{document}}{body}\end{{document}}"
    )
    for kind in ("tex", "bib", "pdf"):
        shutil.copy(folder / f"{name}.{kind}", tmp_path)
    for words in (["pdflatex", "-interaction=batchmode"], ["bibtex"], ["pdflatex", "-interaction=batchmode"]):
        done = subprocess.run([*words, "paper"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall(r"^!.*", log, re.MULTILINE)
