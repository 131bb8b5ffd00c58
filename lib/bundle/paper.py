"""A figure for a paper: its rows as an Excel workbook, a LaTeX figure and table, and its sources as BibTeX.

The same figure gives the same bytes: nothing here holds a time.
"""

import functools
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from lib import style, tables
from lib.figure import Printed
from lib.paths import ROOT

EPOCH = datetime(1980, 1, 1)  # in place of the hour at which a workbook is made
SHEET_ROWS = 2000  # more take longer to write than the figure to draw, and dozens of pages to print
PAGE_ROWS = 60  # more do not fit a printed page, so a longer table is left to the other files
CELL = 60  # longer texts are quotes from sources, which no printed table holds
LINE = 24  # of a printed cell, in characters; a longer text goes on below
GLYPH = 3.3  # points that a character of a printed table takes
BETWEEN = 12  # points between its columns
COLUMN = 252  # points of a journal's column
WIDEST = 50  # of a column in the workbook, in characters
#: Signs that LaTeX prints in any class and engine without a package: accents, Greek, dashes, quotes, some of mathematics.
PRINTED = "\0-\x7f\xa0-\xaa\xac-\xba\xbc-\xcf\xd1-\xdd\xdf-\xef\xf1-\xfd\xffĀ-ăĆ-ďĒ-ėĚ-ĭİ-ňŌ-űŴ-žΑ-ΡΣ-Ϋα-ώ–—‘’“”†‡•…‰′″€№™←-↓−≈≠≤≥"
OTHERS = re.compile(f"[^{PRINTED}]+(?: [^{PRINTED}]+)*")
#: What stands around the others: only XeLaTeX and LuaLaTeX can print them, and only in a font that has them.
AS_IT_IS = r"\providecommand{\asis}[2]{\ifdefined\Umathcode#2\else[#1]\fi}"
#: Notes are small text behind the figure: in it they could not break, and a float that is longer than a page is cut.
NOTES = r"\providecommand{\figurenotes}[1]{\par\smallskip{\footnotesize\noindent#1\par}\smallskip}"
#: What stands beside a picture or a table in its float; measured, so that they are set in the room that it leaves on a page.
WORDS = r"\ifdefined\figurewords\else\newsavebox{\figurewords}\fi"
LEFT = r"\dimexpr\textheight-\ht\figurewords-\dp\figurewords-\baselineskip\relax"


def excel(record: dict, table: pd.DataFrame, path: Path, printed: Printed | None = None) -> None:
    """Write the workbook `path`: sheets of the plotted rows, the headline numbers, the record, and the printed table, if any.

    record: as in the bundle's JSON. Codes stay text with their zeros, days are days, and what is not known is empty. More
    than SHEET_ROWS rows have no sheet; that of the numbers says where they are.
    """
    numbers = [[*said, value] for said, value in zip(_said(record), record["headline"].values(), strict=True)]
    sheets = {
        "numbers": [["number", "value", "exactly"], *numbers],
        "record": [["what", "value"], *_record_rows(record)],
    }
    if len(table) <= SHEET_ROWS:
        sheets = {"rows": rows_with_head(table)} | sheets
    else:
        name = record["id"]
        where = f"all {record['rows']:,} rows: {name}.csv and, for Stata, {name}.dta beside this workbook"
        sheets["numbers"].append([where, None, None])
    workbook(path, sheets | ({"printed": rows_with_head(printed.rows)} if printed else {}))


def _said(record: dict) -> list[tuple[str, str]]:
    """The headline numbers as a reader sees them: what each is, and its value."""
    return [(number["words"], number["said"]) for number in map(record["headline_words"].get, record["headline"])]


def workbook(path: Path, sheets: dict[str, list]) -> None:
    """Write a workbook of sheets: their names, and rows of plain values, the head first. No text becomes a formula."""
    from xlsxwriter import Workbook

    plain = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd"}
    with Workbook(path, {"constant_memory": True, **plain}) as book:
        book.set_properties({"author": "tech-pivot-figures", "created": EPOCH})
        for title, rows in sheets.items():
            _sheet(book, title, rows)


def rows_with_head(table: pd.DataFrame) -> list:
    """The names of the columns, then the rows with plain values."""
    return [list(table.columns), *_cells(table)]


def _cells(table: pd.DataFrame) -> list[tuple]:
    """The rows with plain values; None where a cell is empty."""
    columns = []
    for _, column in table.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            column = column.dt.date
        columns.append(column.astype("object").where(column.notna(), None).tolist())
    return list(zip(*columns, strict=True))


def _record_rows(record: dict) -> list[list]:
    """What is said of the figure, one line each."""
    rows = [[word, record[word]] for word in ("title", "subtitle", "alt")]
    rows += [["note", note] for note in record["notes"]] + [["source line", record["source"]]]
    rows += [[f"parameter {name}", _plain(value)] for name, value in record["parameters"].items()]
    rows += [[f"left out: {reason}", count] for reason, count in record["left_out"].items()]
    rows += [[f"source {s['source_id']}", " ".join(filter(None, (s["title"], s["url"])))] for s in record["sources"]]
    return rows + [[f"SHA-256 of {file}", sha256] for file, sha256 in record["data"].items()]


def _plain(value):
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _sheet(book, title: str, rows: list) -> None:
    """A sheet with a header that stays in sight, and columns as wide as their words."""
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)  # as wide as a page, and as long as it takes
    sheet.repeat_rows(0)
    for place, column in enumerate(zip(*rows[:100], *rows[-100:], strict=True)):
        width = max(len(str(value)) + sum(c >= "\u2e80" for c in str(value)) for value in column if value is not None)
        sheet.set_column(place, place, min(width, WIDEST) + 2)
    sheet.write_row(0, 0, rows[0], book.add_format({"bold": True}))
    for number, row in enumerate(rows[1:], 1):
        sheet.write_row(number, 0, row)


def latex(record: dict, table: pd.DataFrame, columns: tuple[str, ...] = (), printed: Printed | None = None) -> str:
    """The figure and its numbers as LaTeX: the picture with caption and sources, its notes behind it, and a booktabs table.

    A picture that carries its own words (`web`, `slide`) has a number below it, and no second title, notes or sources. None is
    larger than it was drawn, and none is cut: it is smaller where the line or the page is. The table is `printed` where the
    figure gives it, else the plotted rows where they fit a page, else the headline numbers.
    columns: those to print; without them, all that a page has room for. A table that is too wide for a journal's column goes
    across the page.
    """
    name, size = record["id"], record["parameters"].get("size", "web")
    page = style.SIZES[size]
    across = "*" if size == "two_columns" else ""
    label = name.replace("_", "-")
    own_words = any(page.words)
    picture_width = _at_most(f"{page.shown * 25.4:g}mm", r"\linewidth")
    table_width, table_height = _at_most(r"\width", r"\linewidth"), _at_most(r"\totalheight", LEFT)
    if printed:
        rows, what, kinds = printed.rows, printed.caption, "l" + "c" * (printed.rows.shape[1] - 1)
    elif len(table) <= PAGE_ROWS:
        rows, what, kinds = _fitting(table[list(columns or table)]), "the plotted rows", ""
    else:
        rows, what, kinds = pd.DataFrame(_said(record), columns=["number", "value"]), "its headline numbers", "lr"
    widths = _widths(rows)
    kinds = kinds or _columns(rows, widths)
    wide = sum(widths) * GLYPH + len(widths) * BETWEEN > COLUMN
    aside = "*" if size == "two_columns" or (size == "one_column" and wide) else ""
    keys = ",".join(key(source["source_id"]) for source in record["sources"])
    lines = [
        f"% {name}: the figure and {escape(what)}. Needs \\usepackage{{graphicx,booktabs}}; \\input this file.",
        f"% From another folder: \\usepackage{{import}}, then \\import{{FOLDER/}}{{{name}.tex}}, which finds the PDF, too.",
        "% Chinese needs XeLaTeX or LuaLaTeX and a font that has it, as with \\usepackage{xeCJK}.",
        "% This picture carries its own words; for a caption, notes and sources by LaTeX: size=one_column or two_columns."
        if own_words
        else "% The notes stand where this file is read. Elsewhere: \\newcommand{\\figurenotes}[1]{...} before it.",
        f"% The sources are in {name}.bib: \\nocite{{{keys}}}",
        "% Figures share keys where they share sources; BibTeX then says 'Repeated entry' and keeps the first.",
        AS_IT_IS,
        NOTES,
        WORDS,
        rf"\begin{{figure{across}}}",
        r"\centering",
        *_words(
            rf"\caption[{escape(record['title'])}]{{{'' if own_words else _caption(record)}}}",
            rf"\label{{fig:{label}}}",
            *([] if own_words else [r"\par\smallskip\footnotesize " + escape(record["source"])]),
        ),
        rf"\includegraphics[width={picture_width},height={LEFT},keepaspectratio]{{{name}.pdf}}\par",
        r"\usebox{\figurewords}",
        rf"\end{{figure{across}}}",
        *([] if own_words else [rf"\figurenotes{{{_notes(record, label)}}}"]),
        "",
        rf"\begin{{table{aside}}}",
        r"\centering\scriptsize",
        *_words(rf"\caption{{Figure~\ref{{fig:{label}}}: {escape(what)}}}", rf"\label{{tab:{label}}}"),
        r"\usebox{\figurewords}\par",
        rf"\resizebox*{{!}}{{{table_height}}}{{\resizebox{{{table_width}}}{{!}}{{%",
        rf"\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        *_table_lines(rows),
        r"\bottomrule",
        r"\end{tabular}}}",
        rf"\end{{table{aside}}}",
    ]
    return "\n".join(lines) + "\n"


def _words(*lines: str) -> list[str]:
    """What stands beside a picture or a table in its float, in the box that `LEFT` measures."""
    return [r"\sbox{\figurewords}{\begin{minipage}{\linewidth}", *lines, r"\end{minipage}}"]


def _at_most(length: str, room: str) -> str:
    """This length, or the room where that is less."""
    return rf"\ifdim{length}>{room} {room}\else{length}\fi"


def _caption(record: dict) -> str:
    """Title and subtitle as sentences."""
    stop = "。" if _chinese(record) else "."
    title, subtitle = (
        escape(text if text.endswith(stop) else text + stop) for text in (record["title"], record["subtitle"])
    )
    return rf"\textbf{{{title}}} {subtitle}"


def _notes(record: dict, label: str) -> str:
    """The notes, which say at their head whose they are."""
    number = rf"\ref{{fig:{label}}}"
    head = f"{escape('图')}~{number}{escape('的说明：')}" if _chinese(record) else f"Notes to Figure~{number}."
    return rf"\textbf{{{head}}} " + "\n\n".join(escape(note) for note in record["notes"])


def _chinese(record: dict) -> bool:
    return record["parameters"].get("language") == "zh"


def _fitting(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that a printed table has room for: no ids, no quotes, and one language for a name."""
    longest = table.apply(lambda column: column.dropna().astype("str").str.len().max())
    kept = [
        name
        for name in table.columns
        if not re.search(r"_ids?$|^source_row$|^name_zh$", name) and longest[name] <= CELL and table[name].notna().any()
    ]
    return table[kept]


def _widths(rows: pd.DataFrame) -> list[int]:
    """Characters that each column of a printed table takes."""
    cells = [_table_heads(rows), *([_plain_word(value) for value in row] for row in _cells(rows))]
    return [min(max(map(len, column)), LINE) for column in zip(*cells, strict=True)]


def _columns(rows: pd.DataFrame, widths: list[int]) -> str:
    """How LaTeX sets each column: numbers to the right, short texts to the left, long ones in lines."""
    return "".join(
        "r" if number else f"p{{{width * GLYPH:.0f}pt}}" if width == LINE else "l"
        for number, width in zip(rows.dtypes.map(_is_number), widths, strict=True)
    )


def _is_number(dtype) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _table_heads(rows: pd.DataFrame) -> list[str]:
    """The names of the columns as a reader says them: 'Name', 'Fiscal year', 'Rd expense, CNY'."""
    plain = [re.sub(r"_(en|zh)$", "", name).replace("_cny", ", CNY").replace("_", " ") for name in rows.columns]
    return [name[:1].upper() + name[1:] for name in plain]


def _table_lines(rows: pd.DataFrame) -> list[str]:
    body = [[_word(value) for value in row] for row in _cells(rows)]
    heads = [escape(name) for name in _table_heads(rows)]
    lines = [" & ".join(line) + r" \tabularnewline" for line in (heads, *body)]
    return [lines[0], r"\midrule", *lines[1:]]


def _word(value) -> str:
    """A cell as a printed table shows it; a year and a count whole, any other number in four digits."""
    if isinstance(value, float):
        digits, _, power = _plain_word(value).partition("e")
        return f"${digits}$" if not power else rf"${digits} \times 10^{{{int(power)}}}$"
    words = _plain_word(value)
    return rf"\raggedright {escape(words)}" if len(words) > LINE else escape(words)


def _plain_word(value) -> str:
    """The same before LaTeX. A code of several words, such as state_share, is said in words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) < 1e5 else f"{value:.4g}"
    return (
        re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", str(value))
        if re.fullmatch(r"[a-z0-9_]+", str(value))
        else str(value)
    )


@functools.cache
def _encoder():
    from pylatexenc.latexencode import RULE_REGEX, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

    as_it_is = UnicodeToLatexConversionRule(RULE_REGEX, [(OTHERS, _as_it_is)])
    rules = [as_it_is, "defaults"]
    return UnicodeToLatexEncoder(conversion_rules=rules, unknown_char_policy="keep", unknown_char_warning=False)


def _as_it_is(found: re.Match) -> str:
    """Signs for an engine that reads Unicode, and in brackets the script that others leave out."""
    first = found[0][0]
    script = unicodedata.name(first, "sign").split()[0].capitalize() if first.isalpha() else "sign"
    return rf"\asis{{{'Chinese' if script == 'Cjk' else script}}}{{{found[0]}}}"


def escape(text: str) -> str:
    """`text` as LaTeX prints it: commands made plain, accents as any engine knows them, all other scripts in `\\asis`."""
    return _encoder().unicode_to_latex(text)


def key(source_id: str) -> str:
    """The citation key of a source, the same in every figure; a user's own file has a path for an id."""
    return "tech-pivot-" + re.sub(r"[^A-Za-z0-9.-]+", "-", source_id)


def bibtex(record: dict) -> str:
    """The figure's sources as BibTeX, with the article that it rebuilds and this project, both from CITATION.cff.

    record: as in the bundle's JSON. A source has a day of retrieval where its id holds one, as those of a refresh do.
    """
    import bibtexparser
    import yaml
    from bibtexparser.model import Entry, Field, Preamble

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    library = bibtexparser.Library([Preamble(f'"{AS_IT_IS}"')])

    def add(source_id: str, **fields: str | None) -> None:
        written = [Field(name, _url(text) if name == "url" else text) for name, text in fields.items() if text]
        library.add(Entry("misc", key(source_id), written))

    project = {
        "title": f"{{{escape(citation['title'])}}}",
        "howpublished": f"Software, version {citation['version']}",
        "date": str(citation["date-released"]),
    }
    add("figures", author=_authors(citation), **project, year=project["date"][:4])
    articles = {}
    for source in tables.load("sources").to_dict("records"):
        for reference in citation["references"]:
            if reference["title"] in source["title"]:
                articles[source["source_id"]] = reference
    rebuilt = {claim["article"] for claim in record["claims"]} & set(articles)
    for source_id, reference in articles.items():
        if source_id in rebuilt or not rebuilt:  # a figure without an article's claim is about both
            date = str(reference.get("date-published", ""))
            title = f"{{{escape(reference['title'])}}}"
            add(source_id, author=_authors(reference), title=title, date=date, year=date[:4])
    for source in record["sources"]:
        if source["source_id"] not in articles:
            day = re.search(r"^refresh-.*(\d{4}-\d\d-\d\d)$", source["source_id"])
            cited, title = escape(source["cite_as"]), escape(source["title"])
            note = f"Cited as: {cited}" if cited != title else None
            retrieved = day and day[1]
            add(source["source_id"], key=cited, title=f"{{{title}}}", note=note, url=source["url"], urldate=retrieved)
    return bibtexparser.write_string(library)


def _authors(work: dict) -> str:
    return " and ".join(f"{{{escape(author['name'])}}}" for author in work["authors"])


def _url(url: str) -> str:
    """An address with the characters that BibTeX or LaTeX would take for its own in their %-form."""
    return quote(url, safe="!#$%&'()*+,-./:;=?@_~[]")
