"""The notebooks: which there are, and the parameters that each declares.

A notebook's parameters cell is the one place where its parameters are declared, in papermill's form:

    cohort: Cohort = "specialised"  # which companies

`Cohort` is one of the types of `lib.parameters`. Needs no pandas, so that a wrong call fails at once.
"""

import ast
import contextlib
import io
import json
import os
import threading
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.errors import ParameterError, UserError, did_you_mean
from lib.parameters import TYPES, allowed, check
from lib.paths import NOTEBOOKS


def figures() -> list[Path]:
    """The figures' notebooks, in the order of their numbers."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def find(word: str) -> Path:
    """The notebook that `word` means: a figure's number or name, or the path of any other notebook."""
    known = {notebook.stem: notebook for notebook in figures()}
    for stem, notebook in known.items():
        if word == stem or (word.isdigit() and int(word) == int(stem[:2])):
            return notebook
    if word.endswith(".ipynb") and Path(word).is_file():
        return Path(word).resolve()
    hint = did_you_mean(word, known)
    raise ParameterError(f"there is no figure {word}{hint} Figures: {', '.join(known)}, or their numbers.")


def heading(notebook: Path) -> str:
    """The notebook's first heading."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")


class Unread(str):
    """A value as typed on a command line, before its parameter's type is known."""

    def read(self):
        """The value as papermill reads it where no type is declared: None, a truth value, a number, else text."""
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(self)
        return {"None": None, "True": True, "False": False}.get(self, str(self))


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a notebook."""

    name: str
    type: str
    default: Any
    help: str

    @property
    def allowed(self) -> list | None:
        """The allowed values, where they can be listed."""
        return allowed(TYPES[self.type]) if self.type in TYPES else None

    def check(self, value):
        """The value in its type; ParameterError in one sentence where it does not fit. Unknown types take any value."""
        if self.type in TYPES:
            return check(self.name, TYPES[self.type], value)
        return value.read() if isinstance(value, Unread) else value


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares in the cell tagged `parameters`, by name, in order.

    The project's own notebooks must name a type of this module: `name: Type = default  # help`; in any other notebook a
    plain `name = default` will do, or no such cell at all. Raises UserError where the notebook cannot be read or a
    declaration is wrong.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(f"{notebook.name} is not a notebook: {type(error).__name__}, {error}.") from None
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if not tagged and notebook.parent != NOTEBOOKS:
        return {}
    if not tagged:
        raise UserError(f"{notebook.name} has no cell tagged 'parameters'; tag the cell that declares them.")
    source = "".join(tagged[0]["source"])
    try:
        statements = parsed(source).body
    except SyntaxError as error:
        raise UserError(f"{notebook.name}: line {error.lineno} of the parameters cell is not Python.") from None
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    found = {}
    for node in statements:
        parameter = _declaration(node, comments, notebook)
        if parameter:
            found[parameter.name] = parameter
    return found


_parsing = threading.Lock()


def parsed(code: str) -> ast.Module:
    """The syntax tree of Python code. Raises SyntaxError where it is none.

    One thread at a time: CPython 3.11 now and then fails with a SystemError where threads change over inside ast.parse.
    """
    with _parsing:
        return ast.parse(code)


def _declaration(node: ast.stmt, comments: dict[int, str], notebook: Path) -> Parameter | None:
    """The parameter that a statement declares: `name: Type = default`, or plain `name = default`."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        target, kind = node.target, ast.unparse(node.annotation)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, kind = node.targets[0], ""
    else:
        return None
    if not isinstance(target, ast.Name):
        return None
    if notebook.parent == NOTEBOOKS and kind not in TYPES:
        raise UserError(
            f"{notebook.name}: parameter {target.id} has the type {kind or 'none'}, which lib/parameters.py does not "
            f"define; use one of {', '.join(TYPES)}."
        )
    try:
        default = ast.literal_eval(node.value)
    except ValueError:
        raise UserError(
            f"{notebook.name}: parameter {target.id} needs a plain value, not {ast.unparse(node.value)}."
        ) from None
    return Parameter(target.id, kind, default, comments.get(node.end_lineno, ""))


def check_all(notebook: Path, values: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook, defaults filled in, each checked; ParameterError for the first that is wrong."""
    parameters = declared(notebook)
    for name in values:
        if name not in parameters:
            hint = did_you_mean(name, parameters)
            raise ParameterError(f"{notebook.stem} has no parameter {name}{hint} Parameters: {', '.join(parameters)}.")
    return {name: p.check(values.get(name, p.default)) for name, p in parameters.items()}


def watched() -> bool:
    """Whether the notebook is open before a reader: Jupyter's server and VS Code leave a mark, papermill does not."""
    if "JPY_SESSION_NAME" in os.environ:
        return True
    try:
        return "__vsc_ipynb_file__" in get_ipython().user_ns
    except NameError:  # not in IPython
        return False
