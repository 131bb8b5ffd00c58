"""Takes a file of the reader's own: a data vendor's export or a table becomes a cohort, with the report of `cohort import`."""

import html
from collections.abc import Callable
from datetime import date

import ipywidgets as widgets

from lib import vendor
from lib.vendor.convert import FILED, unit_words
from lib.vendor.headings import UNIT_NAMES
from lib.vendor.readers import KINDS

HELP = (
    "<b>Your own companies.</b> Choose an export of Wind, CSMAR, Choice, iFinD, Tushare, akshare or Compustat, a Stata file or a table of "
    "your own, of up to 10 MB. It is written to data/cohorts. Where a sentence asks for an option such as --unit, say it here: the file "
    "is tried again."
)
REPORT = "<pre tabindex='0' aria-label='What was understood' style='max-height: 22em; overflow: auto; white-space: pre-wrap'>{}</pre>"


class Intake(widgets.VBox):
    """A button that takes a file, a field for each thing that a file may leave open, and what was understood.

    added: called with the name of each cohort that was added, also where it took the place of one.
    """

    def __init__(self, added: Callable[[str], None]):
        self._added = added
        self._file = None  # the one that waits for an answer
        self.upload = widgets.FileUpload(description="Choose a file", accept=",".join(KINDS))
        years = range(date.today().year, 1989, -1)
        self.answers = {
            "name": _typed("name", "as the file"),
            "unit": _chosen("unit", {name: unit_words(factor) for factor, name in UNIT_NAMES.items()}),
            "sheet": _typed("sheet", ""),
            "year": _chosen("year", {year: str(year) for year in years}),
            "filed": _chosen("filed", {which: which for which in FILED}),
        }
        self._none = {name: one.value for name, one in self.answers.items()}
        self._said, self._report = widgets.HTML(), widgets.HTML()
        row = widgets.HBox([self.upload, *self.answers.values()], layout={"flex_flow": "row wrap"})
        super().__init__([widgets.HTML(HELP), row, self._said, self._report])
        self.upload.observe(self._uploaded, "value")
        for one in self.answers.values():
            one.observe(lambda _: self._take(), "value")

    def _uploaded(self, change) -> None:
        if change["new"]:
            (self._file,) = change["new"]
            self.upload.value = ()  # so that the same file can be chosen again
            self._take()

    def _take(self) -> None:
        if not self._file:
            return
        answers = {name: one.value for name, one in self.answers.items() if one.value}
        found = vendor.take(self._file["name"], bytes(self._file["content"]), **answers)
        self._report.value = REPORT.format(html.escape(found.report)) if found.report else ""
        if found.problem:
            self._say(f"Nothing was written. {found.problem}")
            return
        self._file = None
        for name, one in self.answers.items():  # they were this file's: the next one's unit or name may be another
            one.value = self._none[name]
        self._say(f"Written: data/cohorts/{found.path.name}. The controls above have it as {found.cohort}.")
        self._added(found.cohort)

    def _say(self, words: str) -> None:
        self._said.value = f"<p role='status'>{html.escape(words)}</p>"


def _typed(name: str, placeholder: str) -> widgets.Text:
    return widgets.Text(
        description=f"--{name}", placeholder=placeholder, continuous_update=False, layout={"width": "200px"}
    )


def _chosen(name: str, allowed: dict) -> widgets.Dropdown:
    """A menu of the allowed values, each under its words, that begins with nothing said."""
    options = [("", None), *((words, value) for value, words in allowed.items())]
    return widgets.Dropdown(description=f"--{name}", options=options, layout={"width": "200px"})
