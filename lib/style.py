"""How figures look: type, colours by role, and a frame that keeps text from overlapping.

Figures are 7 inches wide, so that type set in points reads the same at 700 pixels as in print.
"""

import functools
import importlib.util
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lib.errors import UserError

WIDTH = 7.0  # inches
MARGIN = 0.12  # inches, left and right of the text

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
}


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
# Chinese type comes in one weight; asking for another is no fault worth a line in every log.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


#: Language and size of the figure that is being drawn, as the parameters `language` and `size` name them.
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
SIZE: ContextVar[str] = ContextVar("size", default="web")


@contextmanager
def look(language: str = "en", size: str = "web"):
    """Draw inside this context to get the project's look, whatever the session's own settings are."""
    before = LANGUAGE.set(language), SIZE.set(size)
    try:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            yield
    finally:
        LANGUAGE.reset(before[0])
        SIZE.reset(before[1])


def in_look(draw):
    """Have a drawing function work inside `look`, in the language and size that its caller names."""

    @functools.wraps(draw)
    def drawn(*arguments, language: str = "en", size: str = "web", **options):
        with look(language, size):
            return draw(*arguments, **options)

    return drawn


class Frame:
    """A figure with title, subtitle, notes and the room between them.

    title, subtitle: set at the top, wrapped to the width; notes: small print at the foot, one paragraph each;
    body: height in inches of the room that is left for axes. Use inside `look()`.
    """

    def __init__(self, title: str, subtitle: str, notes: list[str], body: float):
        # A provisional canvas to measure the wrapped text on; its height does not matter.
        # Not through pyplot, which would keep the figure alive and show it twice in a notebook.
        self.figure = Figure(figsize=(WIDTH, 5))
        FigureCanvasAgg(self.figure)
        blocks = [
            (_wrapped(self.figure, title, 15, "bold"), 15, "bold", INK, 1.16),
            (_wrapped(self.figure, subtitle, 10.5, "normal"), 10.5, "normal", QUIET, 1.25),
        ]
        small = [(_wrapped(self.figure, note, 8.5, "normal"), 8.5, "normal", QUIET, 1.22) for note in notes]
        head = 0.12 + sum(_height(block) for block in blocks) + 0.06 * len(blocks)
        foot = 0.10 + sum(_height(block) for block in small) + 0.04 * len(small)
        self.height = head + body + foot
        self.figure.set_size_inches(WIDTH, self.height)
        self.bottom, self.top = foot, foot + body  # inches from the lower edge
        self._stack(blocks, self.height - 0.12, 0.06)
        self._stack(small, foot - 0.04, 0.04)

    def axes(self, left: float, bottom: float, width: float, height: float, **options):
        """Axes placed in inches: `left` from the figure's edge, `bottom` from the foot of the body."""
        box = (left / WIDTH, (self.bottom + bottom) / self.height, width / WIDTH, height / self.height)
        return self.figure.add_axes(box, **options)

    def _stack(self, blocks: list, top: float, gap: float) -> None:
        for block in blocks:
            lines, size, weight, colour, spacing = block
            self.figure.text(
                MARGIN / WIDTH,
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


def _height(block: tuple) -> float:
    lines, size, _, _, spacing = block
    return len(lines) * size * spacing * 1.12 / 72


def _wrapped(figure, text: str, size: float, weight: str) -> list[str]:
    """`text` in lines that fit between the margins, measured in its own type."""
    renderer = figure.canvas.get_renderer()
    probe = figure.text(0, 0, "", size=size, weight=weight)
    room = (WIDTH - 2 * MARGIN) * figure.dpi
    lines = [""]
    for word in text.split():
        probe.set_text(longer := f"{lines[-1]} {word}".strip())
        if probe.get_window_extent(renderer).width > room and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    probe.remove()
    return lines


def label_points(axes, points: list[tuple[float, float, str]], taken: list = (), boxes: list = (), **text) -> None:
    """Label points of `axes` so that no label covers another label, the artists in `taken` or the `boxes`.

    points: (x, y, label) in data units; boxes: in pixels. Each label takes the nearest free place around its point and is tied
    to it by a thin line. Raises UserError where there is no free place left.
    """
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    boxes = [*boxes, *(artist.get_window_extent(renderer).padded(2) for artist in taken)]
    room = axes.get_window_extent(renderer)
    steps = sorted(
        ((dx, dy) for dx in range(-208, 209, 16) for dy in range(-180, 181, 10) if abs(dy) > 9 or abs(dx) > 30),
        key=lambda step: abs(step[0]) * 0.7 + abs(step[1]),
    )
    for x, y, label in points:
        note = axes.annotate(
            label,
            (x, y),
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            arrowprops=dict(arrowstyle="-", color=INK, linewidth=0.6, shrinkA=1, shrinkB=0, zorder=3),
            zorder=6,
            bbox=dict(facecolor="white", edgecolor="none", pad=0.6),
            **text,
        )
        outward = 1 if y >= 0 else -1
        for dx, dy in steps:
            if dy * outward < 0:
                continue
            note.set_position((dx * 0.72, dy * 0.72))
            note.update_positions(renderer)
            box = matplotlib.text.Text.get_window_extent(note, renderer).padded(1)
            if room.contains(*box.min) and room.contains(*box.max) and not any(box.overlaps(b) for b in boxes):
                boxes.append(box)
                break
        else:
            raise UserError(f"no room for the label {label}: highlight fewer companies.")


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """`places`, sorted from high to low, pushed apart until neighbours are at least `gap` from each other."""
    moved = np.array(places, dtype=float)
    for _ in range(200):
        overlap = gap - (moved[:-1] - moved[1:])
        if not (overlap > 0.01).any():
            break
        push = np.maximum(overlap, 0) / 2
        moved[:-1] += push
        moved[1:] -= push
    return moved


def inner_ticks(axis) -> None:
    """Keep only the ticks of an x or y axis that lie inside its view; the others would still take room."""
    low, high = sorted(axis.get_view_interval())
    axis.set_ticks([tick for tick in axis.get_majorticklocs() if low <= tick <= high])


def head(axes, text: str, left: float = 0, up: float = 8) -> None:
    """A panel's heading above its axes: `left` in inches from their edge, `up` in points."""
    axes.annotate(
        text,
        (0, 1),
        (left * 72, up),
        xycoords="axes fraction",
        textcoords="offset points",
        size=10.5,
        weight="semibold",
    )
