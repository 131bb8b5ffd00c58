"""An executed notebook as an article: prose, tables and pictures, with the code of each cell to be unfolded.

Nothing of a notebook reaches the page as HTML of its own: prose is Markdown whose HTML is shown as text, of a table only
the words of its cells are taken, and of a formula what MathML has for it. mistune and Pygments, which nbconvert uses, too, and
latex2mathml do the rest; nbconvert itself would let HTML through, and takes as long to import as an article takes to make.
"""

import functools
import html
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from markupsafe import Markup

TOP = 2  # a notebook's heading of the second level, its first one is the page's, becomes one level lower
PATH = re.compile(r"(Posix|Windows)Path\(")  # what `publish` gives: a place on the machine that drew the figure


@dataclass
class Table:
    """A table's rows of cells, each cell a triple: its words, how many columns it spans, and how many rows."""

    head: list[list[tuple[str, int, int]]] = field(default_factory=list)
    body: list[list[tuple[str, int, int, bool]]] = field(default_factory=list)


def prepare() -> None:
    """Import what reading needs."""
    _markdown()
    _code("")
    formula("x")


def parts(notebook: Path) -> list[dict]:
    """What the article of an executed notebook shows, in order.

    Each is {"kind": "prose", "html"}, {"kind": "code", "html"}, {"kind": "table", "table"}, {"kind": "picture", "png"} or
    {"kind": "text", "text"}. Raises OSError and ValueError where there is no notebook.
    """
    found = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            found.append({"kind": "prose", "html": prose(re.sub(r"\A# .*\n", "", source))})
        elif cell["cell_type"] == "code":
            found.append({"kind": "code", "html": _code(source)})
            found += filter(None, map(_output, cell["outputs"]))
    return found


def _output(output: dict) -> dict | None:
    """What is shown of a cell's output; nothing of warnings and widgets."""
    if output["output_type"] == "stream":
        return {"kind": "text", "text": "".join(output["text"])} if output["name"] == "stdout" else None
    data = {
        kind: "".join(content) for kind, content in output.get("data", {}).items() if isinstance(content, str | list)
    }
    if "<table" in data.get("text/html", ""):
        return {"kind": "table", "table": table(data["text/html"])}
    if "text/markdown" in data:
        return {"kind": "prose", "html": prose(data["text/markdown"])}
    if "image/png" in data:
        return {"kind": "picture", "png": re.sub(r"[^A-Za-z0-9+/=]", "", data["image/png"])}
    text = data.get("text/plain", "")
    return {"kind": "text", "text": text} if text and not PATH.match(text) else None


def prose(text: str) -> Markup:
    """Markdown as HTML; HTML in it is shown as text."""
    return Markup(_markdown()(text))


@functools.cache
def _markdown():
    import mistune

    class Prose(mistune.HTMLRenderer):
        def heading(self, text, level, **attributes):
            return super().heading(text, min(level + TOP - 1, 6), **attributes)

        def link(self, text, url, title=None):  # other files are not where the page is
            return super().link(text, url, title) if url.startswith("https://") else text

        def image(self, text, url, title=None):
            return text

    reader = mistune.create_markdown(renderer=Prose(escape=True), plugins=["table", "math"])
    reader.renderer.register("inline_math", lambda _, latex: formula(latex))
    reader.renderer.register("block_math", lambda _, latex: formula(latex, display="block"))
    return reader


def formula(latex: str, display: str = "inline") -> Markup:
    """A LaTeX formula as MathML, in a box of its own where `display` is "block"; as its text where it cannot be read."""
    from latex2mathml.converter import Converter

    try:
        math = Converter(display=display).convert_to_element(latex)
    except Exception:  # its errors have nothing in common
        math = None
    if math is None or any(
        part.text and part.text.startswith("\\") for part in math.iter()
    ):  # a command not known to it
        return Markup("<code>{}</code>").format(latex)
    for part in math.iter():
        # Made plain here, since latex2mathml's own way to write them lets tags in a formula's words through.
        part.text = html.unescape(part.text or "")
        for name in ("href", "style", "class", "id"):  # of the page, not of the formula
            part.attrib.pop(name, None)
        if part.tag == "mi" and part.text.isalpha() and len(part.text) > 1:  # a function, as log, is set off
            part.tag = "mo"
            part.attrib |= {"form": "prefix", "lspace": "0.167em", "rspace": "0.167em"}
    math.set("alttext", latex)
    shown = Markup(ElementTree.tostring(math, encoding="unicode"))
    box = Markup(
        '<span class="swipe" hidden>Swipe sideways for the rest of the formula.</span>\n'  # as on other boxes of the page
        '<span class="scroll formula" tabindex="0" role="group" aria-label="Formula">{}</span>\n'
    )
    return box.format(shown) if display == "block" else shown


@functools.cache
def _highlighting():
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(), HtmlFormatter(nowrap=True)


def _code(source: str) -> Markup:
    from pygments import highlight

    return Markup(highlight(source, *_highlighting()))


def table(text: str) -> Table:
    """The first table in `text`, which is HTML, as words."""
    reader = _Cells()
    reader.feed(text)
    reader.close()
    return reader.table


class _Cells(HTMLParser):
    """Reads the words of a table's cells, and what spans more than one row or column."""

    def __init__(self):
        super().__init__()
        self.table = Table()
        self._rows = self.table.body
        self._cell: list | None = None

    def handle_starttag(self, tag, attributes):
        if tag in ("thead", "tbody"):
            self._rows = self.table.head if tag == "thead" else self.table.body
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            spans = {
                name: int(value) for name, value in attributes if name in ("colspan", "rowspan") and value.isdigit()
            }
            self._cell = ["", spans.get("colspan", 1), spans.get("rowspan", 1), tag == "th"]

    def handle_data(self, data):
        if self._cell:
            self._cell[0] += data

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell:
            self._rows[-1].append((" ".join(self._cell[0].split()), *self._cell[1:]))
            self._cell = None
