"""How figures look: type, colours by role, sizes, and a frame that places panels and keeps text from overlapping.

A figure is laid out in inches, with type in points, on a page that `SIZES` gives; the saved picture is that page,
enlarged or reduced to the size that it is shown at.
"""

import functools
import importlib.util
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from lib.words import LANGUAGE, say, speaking

MARGIN = 0.12  # inches, left and right of the text
LEAST = 0.8  # of a panel's own height, that a slide must give it


@dataclass(frozen=True)
class Size:
    """A page that a figure is laid out on, and how large it is shown.

    width: inches of the page; shown: inches of the saved picture; words: what is set around the panels, as sizes of title,
    subtitle, notes and source line in points (0 leaves one out); ratio: height by width, where it is fixed; dpi: of the
    PNG at the size that is shown.
    """

    width: float
    shown: float
    words: tuple[float, float, float, float]
    ratio: float | None = None
    dpi: int = 300


#: By the names of parameters.FigureSize. A paper has its own caption, so its figures are the panels alone.
SIZES = {
    "web": Size(7.0, 7.0, (15, 10.5, 8.5, 8.5)),
    "one_column": Size(4.3, 88 / 25.4, (0, 0, 0, 0)),
    "two_columns": Size(7.0, 178 / 25.4, (0, 0, 0, 0)),
    "slide": Size(8.4, 13.335, (16, 9.5, 7, 6.5), ratio=9 / 16, dpi=200),
}

#: Colours by role. Dark and light enough to stay apart in grey, and apart for colour-blind readers.
PRODUCT_FIRST = "#0b5470"
SALES_FIRST = "#e08a4f"
PRODUCT_TEXT, SALES_TEXT = PRODUCT_FIRST, "#b4541a"  # as type on white: contrast of at least 4.5 to 1
NEUTRAL = "#8b8f94"
INDUSTRY, SERVICES = "#3d3a73", "#dcaf3f"
INDUSTRY_TEXT, SERVICES_TEXT = INDUSTRY, "#7d5a00"
ACCENT, ACCENT_PALE = (
    "#6b3f7d",
    "#c3a8cf",
)  # a figure's subject where no expense is compared, and what only stands for it
INK, QUIET, GRID = "#1a1a1a", "#5a5f66", "#dcdfe2"

RC = {
    "font.family": ["Source Sans Pro", "Noto Sans SC"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": QUIET,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "ytick.major.size": 0,
    "xtick.major.size": 3,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "svg.fonttype": "path",
    "svg.hashsalt": "tech-pivot-figures",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a company's name may hold dollar signs
    "text.hinting": "none",  # so that type is as wide on a screen as in print
}

#: Measures text; nothing is drawn on it.
RULER = RendererAgg(1, 1, 720)


def _register_fonts() -> None:
    """Fonts come from pinned packages, so that a figure looks the same on every machine."""
    for package, folder, pattern in (
        ("font_source_sans_pro", "files", "SourceSansPro-*.ttf"),
        ("zhplot", "fonts", "NotoSansSC-Regular.ttf"),
    ):
        home = Path(next(iter(importlib.util.find_spec(package).submodule_search_locations)))
        for path in sorted((home / folder).glob(pattern)):
            font_manager.fontManager.addfont(path)


_register_fonts()
# Whatever else is drawn in the session: a sign that its own font lacks, as in a Chinese name, comes from this one.
matplotlib.rcParams["font.family"] = [*matplotlib.rcParams["font.family"], "Noto Sans SC"]
# Chinese type comes in one weight; asking for another is no fault worth a line in every log.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


#: Chinese type first where Chinese is spoken: its punctuation is as wide as its characters, and its digits match.
FONTS = {"en": RC["font.family"], "zh": ["Noto Sans SC", "Source Sans Pro"]}


@functools.cache
def _signs() -> frozenset[str]:
    """Every sign that one of the figures' fonts has."""
    paths = (font_manager.findfont(family) for family in RC["font.family"])
    return frozenset(chr(code) for path in paths for code in font_manager.get_font(path).get_charmap())


def signs_missing(words: str) -> list[str]:
    """The signs in `words` that none of the figures' fonts has, each once, in order."""
    return [sign for sign in dict.fromkeys(words) if not sign.isspace() and sign not in _signs()]


#: Size of the figure that is being drawn, as the parameter `size` names it.
SIZE: ContextVar[str] = ContextVar("size", default="web")
#: What the reader calls the rows of the figure that is being drawn, where they are not all that its parameters give.
SUBSET: ContextVar[str] = ContextVar("subset", default="")


@contextmanager
def look(language: str = "en", size: str = "web", subset: str = ""):
    """Draw inside this context to get the project's look, whatever the session's own settings are.

    subset: a name of the rows that are drawn, which goes ahead of the title.
    """
    before = SIZE.set(size), SUBSET.set(subset)
    try:
        with speaking(language), matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC | {"font.family": FONTS[language]})
            yield
    finally:
        SIZE.reset(before[0])
        SUBSET.reset(before[1])


@dataclass(frozen=True)
class Panel:
    """Axes with the room around them that their labels need, in inches; `width` and `height` stretch with the page."""

    name: str
    width: float
    height: float
    left: float = 0
    right: float = 0
    top: float = 0
    bottom: float = 0


class Frame:
    """A figure with title, subtitle, notes and the panels between them, on the page of the size that is drawn.

    title, subtitle: set at the top, wrapped to the width; notes: small print at the foot, one paragraph each, the source
    line last; slide_note: the key and caveat that a slide has in their place. panels: a Panel, a tuple of what stands
    side by side or a list of what stands one above the other, to any depth; narrow: the same for one column; slide: for a
    slide. Without them, panels stand one above the other in one column, and on a slide as they do on the page. Use inside
    `look()`.
    """

    def __init__(self, title: str, subtitle: str, notes: list[str], panels, narrow=None, slide=None, slide_note=""):
        if SUBSET.get():
            title = say("{subset} only: {title}", subset=SUBSET.get(), title=title)
        self.title, self.subtitle, self.notes, self.source_line = title, subtitle, notes[:-1], notes[-1]
        size = SIZES[SIZE.get()]
        if SIZE.get() == "one_column":
            panels = narrow or _leaves(panels)
        elif SIZE.get() == "slide":
            panels = slide or panels
            notes = [*filter(None, [slide_note]), notes[-1]]
        self.width = size.width
        fixed, free = _extent(panels, 1)
        blocks, small, head, foot = self._words(title, subtitle, notes, size.words)
        if size.ratio and self.width * size.ratio - head - foot < (least := fixed + LEAST * free):
            # A larger page with larger type, shown smaller, on which the panels have room.
            self.width = least / (size.ratio - (head + foot) / size.width)
            larger = self.width / size.width
            blocks, small, head, foot = self._words(title, subtitle, notes, [larger * points for points in size.words])
        self.height = self.width * size.ratio if size.ratio else head + fixed + free + foot
        #: The shares of the page's height that words take, above the panels and below them.
        self.words_above, self.words_below = head / self.height, foot / self.height
        # Not through pyplot, which would keep the figure alive and show it twice in a notebook.
        self.figure = Figure(figsize=(self.width, self.height))
        FigureCanvasAgg(self.figure)
        self._boxes = dict(_placed(panels, (0, foot, self.width, self.height - head - foot)))
        #: The texts around the panels, as they are drawn.
        self.words = [*self._stack(blocks, self.height - 0.12, 0.06), *self._stack(small, foot - 0.04, 0.04)]

    def _words(self, title: str, subtitle: str, notes: list[str], sizes) -> tuple[list, list, float, float]:
        """The blocks of text above and below the panels in type of these `sizes`, and the inches that each take."""
        room = self.width - 2 * MARGIN
        looks = (("bold", INK, 1.16), ("normal", QUIET, 1.25))
        blocks = [
            (wrapped(text, points, weight, room), points, weight, colour, spacing)
            for text, points, (weight, colour, spacing) in zip((title, subtitle), sizes[:2], looks, strict=True)
            if points
        ]
        small = [
            (wrapped(note, points, "normal", room), points, "normal", QUIET, 1.22)
            for note, points in zip(notes, [sizes[2]] * (len(notes) - 1) + [sizes[3]], strict=True)
            if points
        ]
        head = (0.12 if blocks else 0.06) + sum(_height(block) for block in blocks) + 0.06 * len(blocks)
        foot = (0.10 if small else 0.06) + sum(_height(block) for block in small) + 0.04 * len(small)
        return blocks, small, head, foot

    def axes(self, name: str, **options):
        """The axes of the panel `name`."""
        left, bottom, width, height = self._boxes[name]
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height), **options
        )

    def _stack(self, blocks: list, top: float, gap: float) -> Iterator[Text]:
        for block in blocks:
            lines, size, weight, colour, spacing = block
            yield self.figure.text(
                MARGIN / self.width,
                top / self.height,
                "\n".join(lines),
                size=size,
                weight=weight,
                color=colour,
                linespacing=spacing,
                va="top",
                ha="left",
            )
            top -= _height(block) + gap


def _leaves(panels) -> list[Panel]:
    """All panels of a layout, in reading order."""
    return [panels] if isinstance(panels, Panel) else [leaf for part in panels for leaf in _leaves(part)]


def _extent(panels, axis: int) -> tuple[float, float]:
    """Inches that a layout takes along an axis (0 across, 1 down): those that are fixed, and those that stretch."""
    if isinstance(panels, Panel):
        if axis == 0:
            return panels.left + panels.right, panels.width
        return panels.top + panels.bottom, panels.height
    extents = [_extent(part, axis) for part in panels]
    if isinstance(panels, tuple) == (axis == 0):  # one after the other
        return tuple(map(sum, zip(*extents, strict=True)))
    return max(extents, key=sum)


def _placed(panels, box: tuple[float, float, float, float]):
    """Each panel's name and the box of its axes (left, bottom, width, height in inches), the layout filling `box`."""
    left, bottom, width, height = box
    if isinstance(panels, Panel):
        across, down = width - panels.left - panels.right, height - panels.top - panels.bottom
        yield panels.name, (left + panels.left, bottom + panels.bottom, across, down)
        return
    axis = 0 if isinstance(panels, tuple) else 1
    fixed, free = _extent(panels, axis)
    stretch = (box[2 + axis] - fixed) / free
    top = bottom + height
    for part in panels:
        own, loose = _extent(part, axis)
        length = own + loose * stretch
        if axis == 0:
            yield from _placed(part, (left, bottom, length, height))
            left += length
        else:
            top -= length
            yield from _placed(part, (left, top, width, length))


def _height(block: tuple) -> float:
    lines, size, _, _, spacing = block
    return len(lines) * size * spacing * 1.12 / 72


def wrapped(text: str, points: float, weight: str, inches: float) -> list[str]:
    """`text` in lines of at most `inches`, measured in its own type. Use inside `look()`."""
    lines, end = [], 0.0
    for piece in _pieces(text):
        # Bars count the space before a word, which has no ink.
        step = _inches(f"|{piece}|", points, weight) - _inches("||", points, weight)
        if lines and end + step <= inches:
            lines[-1], end = f"{lines[-1]}{piece}", end + step
        else:
            lines, end = [*lines, piece.strip()], step
    return lines or [""]


def _inches(words: str, points: float, weight: str) -> float:
    return _measured(words, points, weight, tuple(matplotlib.rcParams["font.family"]))


@functools.lru_cache(maxsize=10_000)
def _measured(words: str, points: float, weight: str, families: tuple[str, ...]) -> float:
    """Width in inches; kept, since most words stand in many texts."""
    type_ = font_manager.FontProperties(family=families, size=points, weight=weight)
    return RULER.get_text_width_height_descent(words, type_, False)[0] / RULER.dpi


#: Chinese characters and full-width marks, and the marks among them that may not end or begin a line.
HAN, OPENING, CLOSING = "\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef", "（《“‘【", "，。；：、？！）》”’】％"
PIECE = re.compile(
    rf"\s*[{OPENING}]*(?:[^\s{HAN}{OPENING}{CLOSING}]*[\d%](?![{OPENING}{CLOSING}])[{HAN}]|[^\s{HAN}{OPENING}{CLOSING}]+|[{HAN}])?[{CLOSING}]*"
)


def _pieces(text: str) -> list[str]:
    """What a line may break between: words with the space before them; in Chinese, characters with the marks that cling

    to them, and numbers with the character that counts.
    """
    if LANGUAGE.get() == "zh":
        return [piece for piece in PIECE.findall(" ".join(text.split())) if piece]
    return [f" {word}" for word in text.split()]
