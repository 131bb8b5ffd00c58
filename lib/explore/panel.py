"""What `explore` shows: the controls, the live chart and its table, kept in step."""

import asyncio
import html
import shlex
from pathlib import Path

import ipywidgets as widgets
from itables.widget import ITable

from lib import figures, notebooks
from lib.bundle.folders import FORMATS, changed_by_hand
from lib.bundle.publish import folder_for, publish
from lib.errors import UserError
from lib.explore.controls import CompanyPicker, control, offer
from lib.explore.intake import Intake
from lib.explore.table import table
from lib.explore.view import View
from lib.figure import Figure
from lib.parameters import COHORTS
from lib.paths import ROOT, notebooks_dir

PAUSE = 0.3  # seconds from a new picture to the table behind it
MEANWHILE = 0.01  # seconds in which changes that came while a picture was made are taken together


class Panel(widgets.VBox):
    """Controls for a figure's parameters over the chart, its numbers and its table; each change draws the figure anew."""

    def __init__(self, figure: Figure):
        self._notebook = notebooks_dir() / f"{figure.name}.ipynb"
        self._declared = notebooks.declared(self._notebook)
        self._values = figure.parameters
        self._later: asyncio.TimerHandle | None = None
        self._due: asyncio.TimerHandle | None = None
        self._warned: Path | None = None
        self.controls = {name: control(p, self._values[name]) for name, p in self._declared.items()}
        self.view, self.rows = View(), widgets.VBox([table(figure)])
        told = [widgets.VBox([one, _sentence(self._declared[name].help)]) for name, one in self.controls.items()]
        row = widgets.HBox(told, layout={"flex_flow": "row wrap", "grid_gap": "4px 20px"})
        super().__init__([row, self.view, self.rows])
        self._cohorts = [name for name, one in self._declared.items() if set(COHORTS).intersection(one.allowed or ())]
        if self._cohorts:
            self.intake = Intake(self._added)
            self.children += (self.intake,)
        self._show(figure)
        self.view.on_msg(self._answer)
        for one in self.controls.values():
            one.observe(self._change, "value")

    def _added(self, cohort: str) -> None:
        """Have the controls offer a cohort that was added, and the chart show it; also where a file of its name was replaced."""
        for one in self.controls.values():
            if isinstance(one, CompanyPicker):
                one.learn()
        for name in self._cohorts:
            offer(self.controls[name], self._declared[name], cohort)
        self._change(None)

    def _change(self, _) -> None:
        """Have the chart follow: once for all changes that came while the last one was drawn, with the controls as they are."""
        self._figure, self.view.busy = None, True
        if self._later:
            self._later.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook around
            self._redraw()
            return
        self._due = self._due or loop.call_later(MEANWHILE, self._redraw)

    def _redraw(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
        chosen = {name: one.value for name, one in self.controls.items()}
        try:
            self._values = notebooks.check_all(self._notebook, chosen)
            self._show(figures.build(self._notebook.stem, **self._values))
        except UserError as error:
            self._fail(str(error))
        except Exception as error:  # else the reader would take the last picture for this one
            self._fail(f"this view cannot be drawn: {type(error).__name__}: {error}")

    def _fail(self, words: str) -> None:
        self.view.fail(words)
        self.rows.layout.display = "none"

    def _show(self, figure: Figure) -> None:
        self._figure, self.rows.layout.display = figure, None
        if "company_id" in figure.table:
            codes = set(figure.table["company_id"].dropna())
            for one in self.controls.values():
                if isinstance(one, CompanyPicker):
                    one.offer(codes)
        without_effect = figures.without_effect(self._notebook.stem, **self._values)
        for name, one in self.controls.items():
            one.disabled = name in without_effect
        self.view.show(figure, self.command, _notice(figure))
        self._follow(figure)

    def _follow(self, figure: Figure) -> None:
        """Have the table follow when the picture is on the screen: the browser draws one thing after the other."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook around
            self._replace_table(figure)
            return
        self._later = loop.call_later(PAUSE, self._replace_table, figure)

    @property
    def table(self) -> ITable:
        return self.rows.children[0]

    def _replace_table(self, figure: Figure) -> None:
        """Show the rows of `figure` in a new table: one that is filled again takes longer each time."""
        before, self.rows.children = self.table, [table(figure)]
        before.close()

    @property
    def command(self) -> str:
        """The shell command that renders the view."""
        words = ["python", "-m", "lib", "render", str(int(self._notebook.stem[:2]))]
        for name, value in self._values.items():
            if value != self._declared[name].default:
                words += ["-p", f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"]
        return shlex.join(words)

    def _answer(self, _, message: dict, __) -> None:
        if self._due:  # what is asked for is the view that the controls show
            self._redraw()
        if message["do"] == "export":
            self._export()
        elif message["do"] == "pick" and "highlight" in self.controls:
            picker, company = self.controls["highlight"], message["company"]
            others = [code for code in picker.value if code != company]
            picker.value = others if company in picker.value else [*others, company]

    def _export(self) -> None:
        """Publish the figure that is shown; one that was changed by hand is replaced only when asked twice."""
        if not (figure := self._figure):
            return
        self.view.saved = ""
        try:
            folder = folder_for(figure)
            place = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
            if changed_by_hand(folder, figure.name) and not figure.changed_by_hand and self._warned != folder:
                self._warned = folder
                self.view.saved = f"{place} holds a chart that was changed by hand: export again to replace it."
                return
            publish(figure)
        except UserError as error:
            self.view.saved = str(error)
        else:
            self.view.saved = f"Saved in {place}: {', '.join(FORMATS)}."


def _notice(figure: Figure) -> str:
    """What sets the figure apart from the one that its parameters give."""
    if figure.subset:
        return f"Drawn from rows that you chose: {figure.subset}. A control draws all rows again."
    if figure.changed_by_hand:
        return "Changed by hand. A control draws the chart anew, without the changes."
    return ""


def _sentence(text: str) -> widgets.HTML:
    """What a parameter means, under its control."""
    words = f"<small style='display: block; line-height: 1.3'>{html.escape(text)}</small>"
    return widgets.HTML(words, layout={"margin": "0 0 0 2px", "max_width": "300px"})
