"""One control for each kind of parameter, made from the type that the notebook declares."""

import contextlib
from datetime import date
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets
from pydantic import TypeAdapter

from lib.errors import ParameterError
from lib.notebooks import Parameter
from lib.parameters import TYPES
from lib.rows import cohorts

LANGUAGES = {"en": "English", "zh": "Chinese"}


def control(parameter: Parameter, value: Any) -> widgets.DOMWidget:
    """The control of a parameter, set to `value`. Its trait `value` is one that the parameter's type accepts."""
    schema = TypeAdapter(TYPES[parameter.type]).json_schema()
    kind, allowed = schema["type"], _offered(parameter, value)
    label = parameter.name.replace("_", " ")
    words = {"description": label, "tooltip": parameter.help, "style": {"description_width": "initial"}}
    # What is typed or dragged counts when it is finished: a picture on the way would hold up the last.
    late = words | {"continuous_update": False}
    if schema.get("format") == "company-codes":
        return CompanyPicker(label, parameter.help, value)
    if schema.get("format") == "date":
        return widgets.DatePicker(value=date.fromisoformat(value), **words)
    if kind == "array" and allowed:
        return widgets.SelectMultiple(options=_named(allowed), value=value, rows=min(5, len(allowed)), **words)
    if kind == "array":
        return widgets.Text(value=", ".join(map(str, value)), **late)
    if kind == "boolean":
        return widgets.Checkbox(value=value, indent=False, **words)
    if kind == "integer" and allowed:
        return Slider(label=label, hint=parameter.help, options=allowed, value=value)
    if allowed:
        return widgets.Dropdown(options=_named(allowed), value=value, **words)
    if kind == "integer":
        return widgets.BoundedIntText(
            value=value, min=schema.get("minimum", 0), max=schema.get("maximum", 10**6), **late
        )
    return widgets.Text(value=value, **late)


def offer(one: widgets.DOMWidget, parameter: Parameter, cohort: str) -> None:
    """Have a control of cohorts offer those that there are now, with `cohort` chosen: among others where it takes several."""
    before = one.value
    one.options = _named(_offered(parameter, cohort))
    one.value = (*(name for name in before if name != cohort), cohort) if isinstance(before, tuple) else cohort


def _offered(parameter: Parameter, value: Any) -> list | None:
    """The allowed values that can be drawn here, such as cohorts that there are data for, and `value`."""

    def works(one) -> bool:
        with contextlib.suppress(ParameterError):
            parameter.check([one] if isinstance(value, list) else one)
            return True
        return False

    chosen = value if isinstance(value, list) else [value]
    return parameter.allowed and [one for one in parameter.allowed if one in chosen or works(one)]


def _named(values: list) -> list[tuple[str, Any]]:
    """Options as a menu shows them: 'all listed' for all_listed."""
    return [(LANGUAGES.get(value, str(value).replace("_", " ")), value) for value in values]


class Slider(anywidget.AnyWidget):
    """One of a few whole numbers in order. The slider of ipywidgets has no name that a screen reader could read."""

    _esm = Path(__file__).parent / "slider.js"

    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Int()).tag(sync=True)
    value = traitlets.Int().tag(sync=True)
    disabled = traitlets.Bool().tag(sync=True)


class CompanyPicker(widgets.VBox):
    """Companies found by code, Chinese or English name; `value` is the list of the chosen codes."""

    value = traitlets.List(traitlets.Unicode())

    def __init__(self, label: str, hint: str, value: list[str]):
        self.learn()
        self._offered = self._names
        self._search = widgets.Combobox(
            options=list(self._names.values()),
            placeholder="code or name",
            description=label,
            tooltip=hint,
            continuous_update=False,
            style={"description_width": "initial"},
        )
        self._answer = widgets.HTML()
        self._chosen = widgets.HBox(layout={"flex_flow": "row wrap"})
        self._search.observe(self._look_up, "value")
        super().__init__([self._search, self._answer, self._chosen])
        self.observe(self._show, "value")
        self.value = list(value)

    def learn(self) -> None:
        """Know the companies of all cohorts that there are now."""
        self._names = cohorts.company_names()

    def offer(self, codes: set[str]) -> None:
        """Have only the companies of the figure be found, by their codes."""
        self._offered = {code: name for code, name in self._names.items() if code in codes}
        self._search.options = list(self._offered.values())

    def _look_up(self, change) -> None:
        if not (text := change["new"].strip()):
            return
        found = [code for code, name in self._offered.items() if text.lower() in name.lower()]
        found = [code for code in found if self._names[code] == text or code == text] or found
        if len(found) == 1:
            self._search.value = ""
            self._answer.value = ""
            self.value = [*self.value, *(code for code in found if code not in self.value)]
        else:
            count = f"{len(found):,} companies of this figure have" if found else "no company of this figure has"
            self._answer.value = f"<span role='status'>{count} this in code or name; choose one from the list</span>"

    def _show(self, _) -> None:
        self._chosen.children = [self._button(code) for code in self.value]

    def _button(self, code: str) -> widgets.Button:
        button = widgets.Button(
            description=f"{self._names.get(code, code)} ✕", tooltip="take out", layout={"width": "auto"}
        )
        button.on_click(lambda _: setattr(self, "value", [other for other in self.value if other != code]))
        return button

    @property
    def disabled(self) -> bool:
        return self._search.disabled

    @disabled.setter
    def disabled(self, disabled: bool) -> None:
        self._search.disabled = disabled
