"""What `explore` shows: the controls, the live chart and its table, kept in step."""

import asyncio
import html
import shlex

import ipywidgets as widgets

from lib import figures, parameters
from lib.bundle import FORMATS
from lib.errors import UserError
from lib.explore import table
from lib.explore.controls import control
from lib.explore.view import View
from lib.paths import NOTEBOOKS, ROOT
from lib.publish import Figure, publish

PAUSE = 0.3  # seconds from a new picture to the table behind it


class Panel(widgets.VBox):
    """Controls for a figure's parameters over the chart, its numbers and its table; each change draws the figure anew."""

    def __init__(self, figure: Figure):
        if figure.parameters is None:
            raise UserError(f"{figure.name}: publish the figure first; exploring starts from what was published.")
        self._notebook = NOTEBOOKS / f"{figure.name}.ipynb"
        self._declared = parameters.declared(self._notebook)
        self._values = figure.parameters
        self._later: asyncio.TimerHandle | None = None
        self.controls = {name: control(p, self._values[name]) for name, p in self._declared.items()}
        self.view, self.table = View(), table.show(None, figure)
        told = [widgets.VBox([one, _sentence(self._declared[name].help)]) for name, one in self.controls.items()]
        row = widgets.HBox(told, layout={"flex_flow": "row wrap", "grid_gap": "4px 20px"})
        super().__init__([row, self.view, self.table])
        self._show(figure)
        self.view.on_msg(self._answer)
        for one in self.controls.values():
            one.observe(self._redraw, "value")

    def _redraw(self, _) -> None:
        self._figure, self.view.busy = None, True
        if self._later:
            self._later.cancel()
        chosen = {name: one.value for name, one in self.controls.items()}
        try:
            self._values = parameters.check_all(self._notebook, chosen)
            self._show(figures.build(self._notebook.stem, **self._values))
        except UserError as error:
            self._fail(str(error))
        except Exception as error:  # else the reader would take the last picture for this one
            self._fail(f"this view cannot be drawn: {type(error).__name__}: {error}")

    def _fail(self, words: str) -> None:
        self.view.fail(words)
        self.table.layout.display = "none"

    def _show(self, figure: Figure) -> None:
        self._figure, self.table.layout.display = figure, None
        idle = figures.idle(self._notebook.stem, **self._values)
        for name, one in self.controls.items():
            one.disabled = name in idle
        self.view.show(figure, self.command)
        self._follow(figure)

    def _follow(self, figure: Figure) -> None:
        """Have the table follow when the picture is on the screen: the browser draws one thing after the other."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook around
            table.show(self.table, figure)
            return
        self._later = loop.call_later(PAUSE, table.show, self.table, figure)

    @property
    def command(self) -> str:
        """The shell command that renders the view."""
        words = ["python", "-m", "lib", "render", str(int(self._notebook.stem[:2]))]
        for name, value in self._values.items():
            if value != self._declared[name].default:
                words += ["-p", f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"]
        return shlex.join(words)

    def _answer(self, _, message: dict, __) -> None:
        if message["do"] == "export":
            self._export()
        elif message["do"] == "pick" and "highlight" in self.controls:
            picker, company = self.controls["highlight"], message["company"]
            others = [code for code in picker.value if code != company]
            picker.value = others if company in picker.value else [*others, company]

    def _export(self) -> None:
        if not self._figure:
            return
        self.view.saved = ""
        try:
            # Drawn anew, so that its record names the files that this figure reads, not all that the reader looked at.
            folder = publish(figures.build(self._notebook.stem, **self._values), **self._values)
        except UserError as error:
            self.view.saved = str(error)
        else:
            place = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
            self.view.saved = f"Saved in {place}: {', '.join(FORMATS)}."


def _sentence(text: str) -> widgets.HTML:
    """What a parameter means, under its control."""
    words = f"<small style='display: block; line-height: 1.3'>{html.escape(text)}</small>"
    return widgets.HTML(words, layout={"margin": "0 0 0 2px", "max_width": "300px"})
