"""Parts that several figures draw: texts on white, dots and intervals, ends of lines, keys, and labels that keep apart.

Places are in data units unless said otherwise, shifts in points, sizes of panels in inches. Use inside `style.look()`.
"""

import functools
from collections.abc import Iterable, Sequence

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from lib import style
from lib.errors import UserError
from lib.style import wrapped

DASHED = (0, (3, 2))
WIDE = 0.6  # of its panel: a label that is wider takes several lines


def on_white(pad: float = 0.8) -> dict:
    """The box behind a text that stands on lines or bars."""
    return dict(facecolor="white", edgecolor="none", pad=pad)


def bare(axes) -> None:
    """Leave of the axes only what is drawn on them: no grid, ticks or lines."""
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)


def write(
    axes,
    place: tuple[float, float],
    words: str,
    shift=(0, 0),
    *,
    over=("data", "data"),
    white: float | None = None,
    **looks,
):
    """A text at `place`, shifted by points; `over` says for each direction whether that is in "data" units or a share of the
    "axes". white: padding of a white box behind it. Returns the text."""
    over = tuple("axes fraction" if unit == "axes" else unit for unit in over)
    box = {} if white is None else {"bbox": on_white(white)}
    return axes.annotate(
        words, place, shift, xycoords=over, textcoords="offset points", annotation_clip=False, **box, **looks
    )


def dot(axes, across, up, colour: str, *, size: float = 6.5, filled: bool = True, marker: str = "o", **looks) -> None:
    """A mark in `colour`; hollow for a figure that is weak, rounded, derived or of few firms."""
    looks = {"markeredgewidth": 1.4, "zorder": 4, "clip_on": False} | looks
    looks = {"markerfacecolor": colour if filled else "white"} | looks
    axes.plot(across, up, marker, markersize=size, color=colour, linestyle="none", **looks)


def interval(axes, low, high, at, colour: str, *, upright: bool = False, **looks) -> None:
    """A line from `low` to `high` at the height `at`, or at that place across where it is upright."""
    looks = {"linewidth": 1.6, "solid_capstyle": "butt", "zorder": 3} | looks
    axes.plot(*([at, at], [low, high]) if upright else ([low, high], [at, at]), color=colour, **looks)


def reference(axes, value: float, words: str = "", *, upright: bool = True, **looks) -> None:
    """A dashed line at `value` through the axes, upright or level, with its name at the end that is written first."""
    looks = {"color": style.INK, "linewidth": 1, "linestyle": DASHED, "zorder": 2} | looks
    (axes.axvline if upright else axes.axhline)(value, **looks)
    if words:
        place, over = ((value, 1), ("data", "axes")) if upright else ((0, value), ("axes", "data"))
        write(axes, place, words, (3, -2) if upright else (0, 3), over=over, size=9, va="top" if upright else "bottom")


def line_ends(
    axes, ends: Sequence[tuple[float, str, str, bool]], across: float, *, apart: float = 0.155, **looks
) -> None:
    """Name lines at their ends, right of `across`: (height, words, colour, whether bold), at least `apart` inches from another."""
    ends = sorted(ends, key=lambda end: -end[0])
    pixels = axes.transData.transform([(across, height) for height, *_ in ends])[:, 1]
    places = spread(pixels, gap=axes.figure.dpi * apart)
    heights = axes.transData.inverted().transform([(0, place) for place in places])[:, 1]
    looks = {"size": 9, "va": "center"} | looks
    for height, (_, words, colour, bold) in zip(heights, ends, strict=True):
        write(axes, (across, height), words, (7, 0), color=colour, weight="semibold" if bold else "normal", **looks)


def key(axes, entries: Iterable[tuple[str, dict]], left: float, up: float, *, size: float = 8.5) -> None:
    """Swatches with their words in one line: (words, looks of the swatch).

    left: inches from the left edge of the axes; up: inches from their foot, below zero under it.
    """
    width, height = inches(axes)
    renderer = axes.figure.canvas.get_renderer()
    for words, looks in entries:
        corner = (left / width, (up - 0.055) / height)
        swatch = Rectangle(corner, 0.12 / width, 0.11 / height, transform=axes.transAxes, clip_on=False, **looks)
        axes.add_patch(swatch)
        text = axes.text(
            (left + 0.17) / width,
            up / height,
            words,
            transform=axes.transAxes,
            size=size,
            va="center",
            color=style.QUIET,
        )
        left += 0.17 + text.get_window_extent(renderer).width / axes.figure.dpi + 0.14


def column(axes, heights: Iterable[float], texts: Iterable[str], right: float, head: str = "", **looks) -> None:
    """Numbers one below the other, flush right, `right` inches beyond the right edge of the axes, with a head above."""
    looks = {"size": 9, "ha": "right", "va": "center"} | looks
    for height, words in zip(heights, texts, strict=True):
        write(axes, (1, height), words, (72 * right, 0), over=("axes", "data"), **looks)
    if head:
        write(axes, (1, 1), head, (72 * right, 5), over=("axes", "axes"), size=8.5, color=style.QUIET, ha="right")


def label_points(axes, points: list[tuple], taken: list = (), boxes: list = (), around: bool = False, **text) -> None:
    """Label points of `axes` so that no label covers another label, the artists in `taken` or the `boxes`.

    points: (x, y, label) in data units; boxes: in pixels; around: labels may stand on the side of zero too. Each label is
    tied to its point by a thin line, and takes the nearest free place where fewest of these lines run through labels.
    Where there is none on its own side, the label stands on the other. Raises UserError where there is none at all.
    """
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    boxes = [*boxes, *(artist.get_window_extent(renderer).padded(2) for artist in taken)]
    room = axes.get_window_extent(renderer)
    labels, lines = [], []
    near, far = _steps(208, 180), _steps(832, 360)
    for x, y, label in points:
        note = axes.annotate(
            label,
            (x, y),
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            arrowprops=dict(arrowstyle="-", color=style.INK, linewidth=0.6, shrinkA=1, shrinkB=0, zorder=3),
            zorder=6,
            bbox=dict(facecolor="white", edgecolor="none", pad=0.6),
            **text,
        )
        if matplotlib.text.Text.get_window_extent(note, renderer).width > WIDE * room.width:
            across = WIDE * room.width / figure.dpi
            note.set_text("\n".join(wrapped(label, note.get_fontsize(), note.get_fontweight(), across)))
        note.update_positions(renderer)
        here = matplotlib.text.Text.get_window_extent(note, renderer).padded(1)
        for steps, beyond in ((near, around), (far, around), (far, True)):
            outward = steps if beyond else steps[steps[:, 1] * (1 if y >= 0 else -1) >= 0]
            low, high = (corner + outward * figure.dpi / 72 for corner in (here.min, here.max))
            free = ((low >= room.min) & (high <= room.max)).all(axis=1)
            for box in boxes:
                free &= ~((low <= box.max) & (high >= box.min)).all(axis=1)
            if free.any():
                break
        else:
            remedy = (
                "highlight fewer companies"
                if len(points) > 1
                else "give it a shorter name in its file, or highlight another"
            )
            raise UserError(f"no room for the label {label}: {remedy}.")
        point, middles = axes.transData.transform((x, y)), (low + high) / 2
        struck = sum((_crosses(point, middles, box.min, box.max) for box in labels), np.zeros(len(outward)))
        struck = sum((_crosses(*line, low, high) for line in lines), struck)
        place = np.where(free, struck, np.inf).argmin()
        note.set_position(outward[place])
        labels.append(Bbox([low[place], high[place]]))
        lines.append((point, middles[place]))
        boxes.append(labels[-1])


@functools.cache
def _steps(across: int, up: int) -> np.ndarray:
    """Where a label may stand from its point, in points, the nearest first."""
    ways = [(dx, dy) for dx in range(-across, across + 1, 16) for dy in range(-up, up + 1, 10)]
    steps = np.array([(dx, dy) for dx, dy in ways if abs(dy) > 9 or abs(dx) > 30])
    return steps[np.argsort(np.abs(steps) @ (0.7, 1), kind="stable")] * 0.72


def _crosses(start: np.ndarray, end: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether lines from `start` to `end` meet boxes from `low` to `high`: one line and many boxes, or the reverse."""
    way = end - start
    way = np.where(way == 0, 1e-9, way)
    sides = (low - start) / way, (high - start) / way  # how far along the line each side is met, 1 being its end
    enter, leave = np.minimum(*sides).max(axis=1), np.maximum(*sides).min(axis=1)
    return (enter <= leave) & (leave >= 0) & (enter <= 1)


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


def inches(axes) -> tuple[float, float]:
    """Width and height of axes, before the picture is enlarged or reduced."""
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


def head(axes, text: str, left: float = 0, up: float = 8, room: float | None = None) -> None:
    """A panel's heading above its axes: `left` in inches from their edge, `up` in points.

    It is wrapped to `room` inches, or to the edge of the page.
    """
    start = axes.get_window_extent().x0 / axes.figure.dpi + left
    lines = wrapped(text, 10.5, "semibold", room or axes.figure.get_figwidth() - start - 0.04)
    axes.annotate(
        "\n".join(lines),
        (0, 1),
        (left * 72, up),
        xycoords="axes fraction",
        textcoords="offset points",
        size=10.5,
        weight="semibold",
        linespacing=1.1,
    )
