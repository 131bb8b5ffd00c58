"""The live chart: a picture that names what the pointer is on, the numbers under it, and what to do with the view."""

from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lib import tables
from lib.figure import Figure
from lib.words import speaking

HERE = Path(__file__).parent
DOTS = 140  # per inch: sharp at the width of a notebook


class View(anywidget.AnyWidget):
    """Shows a `lib.figure.Figure`, or an error in its place. Sends {"do": "export"} and {"do": "pick", "company": code}."""

    _esm = HERE / "view.js"
    _css = HERE / "view.css"

    picture = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    above = traitlets.List().tag(sync=True)  # title and subtitle, where the picture is without words
    below = traitlets.List().tag(sync=True)  # notes and source line
    language = traitlets.Unicode().tag(sync=True)  # of all these
    marks = traitlets.List().tag(sync=True)  # left, top, right, bottom as shares of the picture; words; company
    numbers = traitlets.List().tag(sync=True)  # name, value, published
    error = traitlets.Unicode().tag(sync=True)
    command = traitlets.Unicode().tag(sync=True)
    saved = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool().tag(sync=True)  # another view is being drawn

    def show(self, figure: Figure, command: str, notice: str = "") -> None:
        """Show a figure, the command that renders it, and what there is to say of it at once."""
        with self.hold_sync():  # one message, so that picture, words and numbers change together
            apart = figure.words_apart
            self.picture = figure.preview(DOTS, words=not apart)
            self.above = [figure.title, figure.subtitle] if apart else []
            self.below = [*figure.notes, figure.source_line] if apart else []
            self.language, self.alt, self.error, self.saved = figure.language, figure.alt, "", notice
            self.busy = False
            self.marks, self.numbers, self.command = _placed(figure), _numbers(figure), command

    def fail(self, words: str) -> None:
        """Show a sentence in place of the chart."""
        with self.hold_sync():
            self.error, self.saved, self.numbers, self.marks = words, "", [], []
            self.busy = False


def _placed(figure: Figure) -> list[list]:
    """The figure's marks with their boxes as shares of the picture that is shown, counted from its top left corner."""
    with speaking(figure.language):
        marks = figure.marks()
    boxes = np.zeros((len(marks), 4))
    for axes in {mark.axes for mark in marks}:
        here = [place for place, mark in enumerate(marks) if mark.axes is axes]
        corners = [[(marks[i].left, marks[i].bottom), (marks[i].right, marks[i].top)] for i in here]
        pixels = axes.transData.transform(np.reshape(corners, (-1, 2))).reshape(-1, 2, 2)
        pixels = np.sort(pixels, axis=1) / figure.drawing.bbox.size
        boxes[here] = np.column_stack([pixels[:, 0, 0], 1 - pixels[:, 1, 1], pixels[:, 1, 0], 1 - pixels[:, 0, 1]])
    if figure.words_apart:
        above, below = figure.frame.words_above, figure.frame.words_below
        boxes[:, [1, 3]] = (boxes[:, [1, 3]] - above) / (1 - above - below)
    boxes = boxes.round(5).tolist()
    return [[*box, mark.words, mark.company] for box, mark in zip(boxes, marks, strict=True)]


def _numbers(figure: Figure) -> list[list[str]]:
    """The headline numbers in words, each with the published text beside it: those that have one come first."""
    said = tables.load("claims").set_index("claim_id")["published_text"]
    return [
        [number.words, number.said, said[number.claim] if number.claim else ""]
        for number in sorted(figure.numbers, key=lambda number: not number.claim)
    ]
