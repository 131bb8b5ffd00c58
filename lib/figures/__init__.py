"""One module per figure, named as its notebook without the number: from rows of the tables to a drawn figure.

Each has NAME (the notebook's name) and `build`, which takes the notebook's parameters and draws the figure. Where some of
these can be without effect, `idle` names them.
"""

import importlib

from lib import parameters, tables
from lib.paths import NOTEBOOKS


def build(name: str, **values):
    """The figure of the notebook `name`, a `publish.Figure`, with its defaults where `values` gives no parameter.

    Raises ParameterError for a parameter or value that the notebook does not allow.
    """
    tables.files_read.clear()  # the figure's record names what this one reads
    return _module(name).build(**parameters.check_all(NOTEBOOKS / f"{name}.ipynb", values))


def idle(name: str, **values) -> list[str]:
    """The parameters that make no difference to the figure of the notebook `name`, as `values` has them all."""
    module = _module(name)
    return module.idle(**values) if hasattr(module, "idle") else []


def _module(name: str):
    return importlib.import_module(f"lib.figures.{name[3:]}")
