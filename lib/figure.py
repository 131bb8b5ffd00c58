"""A drawn figure and all that is said of it: what a drawing function gives, and what is published, shown and explored."""

import functools
import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.text import Text

from lib import style
from lib.errors import UserError
from lib.parameters import require_text
from lib.words import number, percent

#: Without this, a PDF would carry the time it was made.
UNDATED = {"CreationDate": None}
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


def dot_marks(axes: Axes, across, up, words) -> list[Mark]:
    """Marks for points at the data coordinates `across` and `up`, as large as a dot is drawn."""
    centres = axes.transData.transform(np.column_stack([np.asarray(across, float), np.asarray(up, float)]))
    inverse = axes.transData.inverted()
    low, high = inverse.transform(centres - DOT_RADIUS), inverse.transform(centres + DOT_RADIUS)
    return [Mark(axes, *a, *b, said) for a, b, said in zip(low, high, words, strict=True)]


@dataclass(frozen=True)
class Number:
    """One of a figure's headline numbers.

    name: its key in the record; words: what it is, for a reader; share: whether it is a share or a growth rate; points: whether
    it is how far shares lie apart; claim: the claim of claims.csv that gives the same number.
    """

    name: str
    words: str
    value: float | None
    share: bool = False
    points: bool = False
    claim: str = ""

    @property
    def said(self) -> str:
        """The value as a reader sees it: '68.5%', '+3.48 points', '1,234'."""
        value = self.value
        if value is None or value != value:
            return "not known"
        if self.points:
            return f"{number(100 * value, '+.3g')} points"
        if self.share:
            return percent(value, 1)
        if 0 < value < 0.001:
            return "under 0.001"
        return number(value, ",.0f" if float(value).is_integer() else ",.4g")


@dataclass(frozen=True)
class Printed:
    """A table as a paper prints it, where that is not the plotted rows: its caption, and texts, the first column their names."""

    caption: str
    rows: pd.DataFrame


@dataclass
class Figure:
    """A drawn figure and all that is said of it.

    frame: the page, with title, subtitle, notes and source line; alt: what the picture shows, in words; table: the rows
    plotted, with a column `source_row` that leads back to data/; numbers: the headline; companies: how many companies it
    counts, and left_out: how many it does not, by reason; marks: gives the places in the drawing that stand for a row;
    columns: the columns of the table to read first; printed: the table that a paper prints in place of these rows.
    `drawn_as` adds the rest: name, the notebook's; parameters, all that it was drawn with; rows, what it was drawn from;
    subset, what the reader calls these rows, where they are a part.
    """

    frame: style.Frame
    alt: str
    table: pd.DataFrame
    numbers: list[Number]
    companies: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    marks: Callable[[], list[Mark]] = list
    columns: tuple[str, ...] = ()
    printed: Printed | None = None
    name: str = field(default="", init=False)
    parameters: dict[str, Any] = field(default_factory=dict, init=False)
    rows: tuple = field(default=(), init=False, repr=False)
    subset: str = field(default="", init=False)
    _pdf: bytes = field(default=b"", init=False, repr=False)
    _changed: bool = field(default=False, init=False, repr=False)

    @property
    def title(self) -> str:
        return self.frame.title

    @property
    def subtitle(self) -> str:
        return self.frame.subtitle

    @property
    def notes(self) -> list[str]:
        return self.frame.notes

    @property
    def source_line(self) -> str:
        return self.frame.source_line

    @property
    def drawing(self) -> Drawing:
        """The matplotlib figure. Change its axes as you like: what is published is the drawing as it is then."""
        return self.frame.figure

    @property
    def headline(self) -> dict[str, float | None]:
        """The headline numbers by name."""
        return {number.name: number.value for number in self.numbers}

    @property
    def language(self) -> str:
        return self.parameters["language"]

    @property
    def size(self) -> str:
        return self.parameters["size"]

    @property
    def changed_by_hand(self) -> bool:
        """Whether something in the drawing was changed after the drawing function had made it."""
        return self._changed or self.drawing.stale

    @property
    def words_apart(self) -> bool:
        """Whether a screen may set the words as text around the panels: on the web's page, where nothing was changed by hand."""
        return self.size == "web" and not self.changed_by_hand

    def pdf(self) -> bytes:
        """The page that the drawing is laid out on, as a PDF; drawn again where the drawing has changed since."""
        if self.drawing.stale or not self._pdf:
            self._pdf = self.saved("pdf", metadata=UNDATED)
        return self._pdf

    def saved(self, format: str, **options) -> bytes:
        """The drawing as matplotlib saves it. Raises UserError for a character that the fonts lack, never an empty box."""
        self._changed = self.changed_by_hand
        # An SVG is written in thousands of bits of text, each of which would be encoded by itself.
        page = io.StringIO() if format == "svg" else io.BytesIO()
        with style.look(self.language, self.size), _light_fonts(), warnings.catch_warnings():
            warnings.filterwarnings("error", message="Glyph .* missing")
            try:
                self.drawing.savefig(page, format=format, **options)
            except UserWarning as warning:
                raise UserError(f"{self.name}: {self._missing(self.drawing.findobj(Text)) or warning}") from None
        self.drawing.stale = False
        written = page.getvalue()
        return written.encode() if format == "svg" else written

    @staticmethod
    def _missing(texts: Iterable[Text]) -> str:
        """The sentence about the first of the texts that has a sign which no font has; empty where there is none."""
        for text in texts:
            if text.get_visible() and (signs := style.signs_missing(text.get_text())):
                named = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in signs)
                return (
                    f"'{text.get_text()}' has signs that the figures' fonts lack: {named}; write it with others in its file, or do not "
                    "highlight it."
                )
        return ""

    def picture(self, dots: float, shown: float | None = None) -> bytes:
        """The drawing as an opaque PNG without a date, made from its PDF.

        dots: pixels for an inch of the drawing; shown: for an inch as it is shown, where that is larger or smaller.
        """
        from lib.bundle import pixels  # a figure is drawn without it

        image = pixels.raster(self.pdf(), round(self.drawing.get_figwidth() * dots))
        return pixels.packed(image, shown or dots)

    def preview(self, dots: float, words: bool = True) -> bytes:
        """The drawing as an opaque PNG, made at once: for a screen that someone waits at, twice as fast as by the PDF.

        words: with the words around the panels, whose type takes half of the time; without them the picture ends where the
        panels do, at the frame's `words_above` and `words_below`.
        """
        from PIL import Image

        from lib.bundle import pixels

        left_out = [] if words else self.frame.words
        if missing := self._missing(left_out):
            raise UserError(f"{self.name}: {missing}")
        stale = self.drawing.stale
        for text in left_out:
            text.set_visible(False)
        self.drawing.stale = stale
        try:
            pixel_rows = self.saved("rgba", dpi=dots)
        finally:
            for text in left_out:
                text.set_visible(True)
            self.drawing.stale = stale  # a PDF is still to be made
        width, height = (int(inches * dots) for inches in self.drawing.get_size_inches())
        above, below = (
            round(height * share) for share in ((0, 0) if words else (self.frame.words_above, self.frame.words_below))
        )
        panels = pixel_rows[4 * width * above : 4 * width * (height - below)]
        return pixels.packed(Image.frombytes("RGBA", (width, height - above - below), panels).convert("RGB"), dots)

    def _repr_png_(self) -> bytes:
        """Shown by Jupyter where the figure is a cell's last value; at screen size, to keep notebooks light."""
        return self.picture(130)


def drawn_as(name: str):
    """Have a drawing function work in the project's look, and its figure know what it is and what it was drawn with.

    name: of the figure's notebook. The function takes rows and, by name, parameters of the notebook. As decorated it also
    takes `language` and `size`, the parameters that every figure has, and `subset`: a name for rows that are a part of what
    the parameters give, which title, record and folder then bear.
    """

    def decorate(draw: Callable[..., Figure]) -> Callable[..., Figure]:
        @functools.wraps(draw)
        def drawn(*rows, language: str = "en", size: str = "web", subset: str = "", **parameters) -> Figure:
            require_text(subset, "subset")
            with style.look(language, size, subset):
                figure = draw(*rows, **parameters)
            figure.name, figure.rows, figure.subset = name, rows, subset
            figure.parameters = parameters | {"language": language, "size": size}
            figure.drawing.stale = False  # from here on, a change is the reader's
            return figure

        return drawn

    return decorate


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
