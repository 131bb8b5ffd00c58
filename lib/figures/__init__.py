"""One module per figure, named as its notebook without the number: from rows to a drawn figure.

Each has `draw`, which takes the rows that `load` of the module of the same name in `lib.rows` gives, and the notebook's
parameters. Where some of these can be without effect, `without_effect` names them.
"""

import importlib
import inspect

from lib import notebooks
from lib.figure import Figure
from lib.paths import notebooks_dir


def build(name: str, **values) -> Figure:
    """The figure of the notebook `name`, with its defaults where `values` gives no parameter.

    Raises ParameterError for a parameter or value that the notebook does not allow.
    """
    values = notebooks.check_all(notebooks_dir() / f"{name}.ipynb", values)
    return _module("figures", name).draw(*load(name, **values), **values)


def load(name: str, **values) -> tuple:
    """The rows that the figure of the notebook `name` draws, with all its parameters in `values`."""
    rows = _module("rows", name).load
    found = rows(**{name: values[name] for name in inspect.signature(rows).parameters})
    return found if isinstance(found, tuple) else (found,)


def without_effect(name: str, **values) -> list[str]:
    """The parameters that make no difference to the figure of the notebook `name`, as `values` has them all."""
    module = _module("figures", name)
    return module.without_effect(**values) if hasattr(module, "without_effect") else []


def _module(room: str, name: str):
    return importlib.import_module(f"lib.{room}.{name[3:]}")
