"""Write a figure's bundle: PNG, SVG, PDF, the plotted table as CSV and Excel, LaTeX, BibTeX, and a JSON record of it all.

The same inputs give the same bytes. Files are swapped in whole, so a reader never meets half a file.
"""

import hashlib
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from lib import claims, paper, parameters, pixels, style, tables
from lib.bundle import FORMATS, folder_of, versions
from lib.errors import UserError
from lib.paths import NOTEBOOKS, outputs_dir
from lib.words import LANGUAGE, speaking, term

#: Without these, a drawing would carry the time it was made.
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
#: What a PDF needs of a font, by its standard (ISO 32000-1, 9.9). Cutting the other tables down would cost more than drawing.
FONT_TABLES = {"GlyphOrder", "head", "hhea", "hmtx", "loca", "maxp", "glyf", "cvt ", "fpgm", "prep"}
DOT_RADIUS = 4  # pixels of the drawing


@dataclass(frozen=True)
class Mark:
    """A place in a drawing that stands for rows of the table: a box in data units of `axes`, and what it shows, in words.

    company: the code of the company that it stands for, where it is one that the figure can highlight.
    """

    axes: Axes
    left: float
    bottom: float
    right: float
    top: float
    words: str
    company: str = ""


def dots(axes: Axes, across, up, words) -> list[Mark]:
    """Marks for points at the data coordinates `across` and `up`, as large as a dot is drawn."""
    centres = axes.transData.transform(np.column_stack([np.asarray(across, float), np.asarray(up, float)]))
    inverse = axes.transData.inverted()
    low, high = inverse.transform(centres - DOT_RADIUS), inverse.transform(centres + DOT_RADIUS)
    return [Mark(axes, *a, *b, said) for a, b, said in zip(low, high, words, strict=True)]


@dataclass
class Figure:
    """A drawn figure and all that is said of it.

    name: the notebook's name; title, alt, source_line: computed from the rows plotted; table: those rows, with a
    column `source_row` that leads back to data/; companies: how many companies it counts, and left_out: how many it does
    not, by reason; headline: the figure's numbers by name, published: the claims that give the same number, by its name,
    and shares: the names of those that are shares or growth rates; drawing: the matplotlib figure; marks: gives the places
    in it that stand for a row; columns: the columns of the table to read first; parameters: those that it was published
    with; language, size: those that it is drawn in.
    """

    name: str
    title: str
    subtitle: str
    alt: str
    notes: list[str]
    source_line: str
    table: pd.DataFrame
    drawing: Drawing
    companies: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    headline: dict[str, float] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)
    shares: tuple[str, ...] = ()
    marks: Callable[[], list[Mark]] = list
    columns: tuple[str, ...] = ()
    parameters: dict | None = None
    language: str = field(default_factory=LANGUAGE.get)
    size: str = field(default_factory=style.SIZE.get)
    _pdf: bytes = field(default=b"", init=False, repr=False)

    def pdf(self) -> bytes:
        """The page that the drawing is laid out on, as a PDF; drawn again where the drawing has changed since."""
        if self.drawing.stale or not self._pdf:
            page = io.BytesIO()
            with _all_glyphs(self), _light_fonts():
                self.drawing.savefig(page, format="pdf", metadata=UNDATED["pdf"])
            self._pdf, self.drawing.stale = page.getvalue(), False
        return self._pdf

    def picture(self, dots: float, shown: float | None = None) -> bytes:
        """The drawing as an opaque PNG without a date, made from its PDF.

        dots: pixels for an inch of the drawing; shown: for an inch as it is shown, where that is larger or smaller.
        """
        image = pixels.raster(self.pdf(), round(self.drawing.get_figwidth() * dots))
        return pixels.packed(image, shown or dots)

    def _repr_png_(self) -> bytes:
        """Shown by Jupyter where the figure is a cell's last value; at screen size, to keep notebooks light."""
        return self.picture(130)


def publish(figure: Figure, **values) -> Path:
    """Write the bundle of `figure`, drawn with the parameters `values`, and return its folder.

    Raises UserError for a glyph that the fonts lack, and for a folder that cannot be written.
    """
    notebook = NOTEBOOKS / f"{figure.name}.ipynb"
    values = figure.parameters = parameters.check_all(notebook, values)
    folder = outputs_dir() / folder_of(notebook, values)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".publish-", dir=folder) as stage:
            paths = {kind: Path(stage) / f"{figure.name}.{kind}" for kind in FORMATS}
            _draw(figure, paths)
            figure.table.to_csv(paths["csv"], index=False, lineterminator="\n", encoding="utf-8")
            record = record_of(figure, values)
            paper.excel(record, figure.table, paths["xlsx"])
            paths["tex"].write_text(paper.latex(record, figure.table), encoding="utf-8")
            paths["bib"].write_text(paper.bibtex(record), encoding="utf-8")
            files = [paths[kind] for kind in FORMATS if kind != "json"]
            record["files"] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
            text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
            paths["json"].write_text(text, encoding="utf-8")
            for kind in FORMATS:  # the record last: it vouches for the others
                paths[kind].replace(folder / paths[kind].name)
        if receipt := os.environ.get("FIGURES_RECEIPT"):  # a render asks what was published, and where
            record["files"][paths["json"].name] = hashlib.sha256(text.encode()).hexdigest()
            told = {
                "folder": folder.relative_to(outputs_dir()).as_posix(),
                "files": record["files"],
                "data": record["data"],
            }
            with Path(receipt).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(told) + "\n")
    except OSError as error:
        raise UserError(
            f"{figure.name}: cannot write to {folder} ({error.strerror}); free it, then render again."
        ) from error
    return folder


def _draw(figure: Figure, paths: dict[str, Path]) -> None:
    """Save the pictures as large as the figure's size is shown, whatever the page is that it is laid out on."""
    shown = style.SIZES[figure.size]
    scale = shown.shown / figure.drawing.get_figwidth()
    paths["png"].write_bytes(figure.picture(shown.dpi * scale, shown.dpi))
    paths["pdf"].write_bytes(figure.pdf() if scale == 1 else _scaled_pdf(figure.pdf(), scale))
    with _all_glyphs(figure):
        figure.drawing.savefig(paths["svg"], metadata=UNDATED["svg"])
    if scale != 1:
        _scale_svg(paths["svg"], scale)


@contextmanager
def _light_fonts() -> Iterator[None]:
    """Have fonts embedded without the tables that a PDF has no use for."""
    from fontTools import subset

    open_font = subset.load_font

    def font_to_embed(*arguments, **options):
        font = open_font(*arguments, **options)
        for table in set(font.keys()) - FONT_TABLES:
            del font[table]
        return font

    with mock.patch.object(subset, "load_font", font_to_embed):
        yield


@contextmanager
def _all_glyphs(figure: Figure) -> Iterator[None]:
    """Draw inside this: a character that the fonts lack is a UserError, never an empty box."""
    with style.look(figure.language, figure.size), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        try:
            yield
        except UserWarning as warning:
            raise UserError(f"{figure.name}: {warning}; the figure's fonts have no such character.") from None


def _scale_svg(path: Path, scale: float) -> None:
    """Change how large the picture is shown; what is drawn stays in the units of its viewBox."""
    head, tail = path.read_text(encoding="utf-8").split("viewBox", 1)
    head = re.sub(r'(width|height)="([\d.]+)pt"', lambda m: f'{m[1]}="{float(m[2]) * scale:.4f}pt"', head)
    path.write_text(f"{head}viewBox{tail}", encoding="utf-8", newline="\n")


def _scaled_pdf(pdf: bytes, scale: float) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, scaled = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf))), io.BytesIO()
    writer.pages[0].scale_by(scale)
    writer.pages[0].compress_content_streams()
    writer.write(scaled)
    return scaled.getvalue()


def record_of(figure: Figure, values: dict) -> dict:
    """What is said of `figure`, drawn with the parameters `values`: the bundle's JSON but for the hashes of its files."""
    with speaking(figure.language):
        sources = _sources(figure)
    record = {
        "id": figure.name,
        "title": figure.title,
        "subtitle": figure.subtitle,
        "alt": figure.alt,
        "notes": figure.notes,
        "source": figure.source_line,
        "sources": sources,
        "parameters": values,
        "headline": figure.headline,
        "rows": len(figure.table),
        "companies": figure.companies,
        "left_out": figure.left_out,
        "claims": claims.ledger(figure.name).to_dict("records"),
        "data": dict(sorted(tables.files_read.items())),
        "versions": versions(),
    }
    # JSON has no NaN: what is missing is null.
    return json.loads(json.dumps(record, default=_plain), parse_constant=lambda _: None)


def _sources(figure: Figure) -> list[dict]:
    """The rows of sources.csv behind the source line: those that the plotted rows name, else all cited so."""
    sources = tables.load("sources").astype("object")
    plotted = sources["source_id"].isin(figure.table.filter(regex="source_id$").to_numpy().ravel())
    names = tables.cited_in(figure.source_line)
    cited = sources["cite_as"].map(term).isin(names)
    chosen = plotted | (cited & ~sources["cite_as"].isin(sources.loc[plotted, "cite_as"]))
    own = [file for file in tables.files_read if tables.supplied(file) in names]
    return [*sources[chosen].to_dict("records"), *map(_supplied, sorted(own))]


def _supplied(file: str) -> dict:
    """A user's own file in the form of a row of sources.csv."""
    title = f"data/{file}, SHA-256 {tables.files_read[file]}"
    return {
        "source_id": file,
        "cite_as": tables.supplied(file),
        "title": title,
        "url": None,
        "kind": "not checked here",
    }


def _plain(value):
    """Numbers of numpy and pandas as JSON; what is missing as null."""
    if pd.isna(value):
        return None
    return value.item()
