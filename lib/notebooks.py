"""The notebooks: which there are, their cells, and the parameters that each declares.

A notebook's parameters cell is the one place where its parameters are declared, in papermill's form:

    cohort: Cohort = "specialised"  # which companies

`Cohort` is one of the types of `lib.parameters`. Needs no pandas, so that a wrong call fails at once.
"""

import ast
import contextlib
import functools
import io
import json
import math
import os
import threading
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError

from lib.errors import ParameterError, UserError, did_you_mean
from lib.parameters import TYPES, allowed, check
from lib.paths import NOTEBOOK, file_state, is_file, notebooks_dir, read_bounded
from lib.words import sentence

#: The names of the figures' notebooks.
FIGURES = "[0-9][0-9]_*.ipynb"


def figures() -> list[Path]:
    """The figures' notebooks, in the order of their numbers. Raises UserError where there are none."""
    folder = notebooks_dir()
    found = sorted(folder.glob(FIGURES))
    if not found:
        raise UserError(f"{folder} holds no figure; FIGURES_NOTEBOOKS must name the folder of the figures' notebooks.")
    return found


def find(word: str) -> Path:
    """The notebook that `word` means: a figure's number or name, or the path of any other notebook."""
    known = {notebook.stem: notebook for notebook in figures()}
    for stem, notebook in known.items():
        if word == stem or (word.isascii() and word.isdigit() and word.lstrip("0") == stem[:2].lstrip("0")):
            return notebook
    if word.endswith(".ipynb") and is_file(Path(word)):
        return Path(word).resolve()
    hint = did_you_mean(word, known)
    raise ParameterError(f"there is no figure {word}{hint} Figures: {', '.join(known)}, or their numbers.")


def heading(notebook: Path) -> str:
    """The notebook's first heading; its name where it has none."""
    prose = (cell.source for cell in cells(notebook) if cell.cell_type == "markdown")
    headings = (line for text in prose for line in text.splitlines() if line.startswith("#"))
    return next(headings, notebook.stem).lstrip("# ")


def question(notebook: Path) -> str:
    """What a figure's notebook asks: its first heading without the figure's number, as a sentence."""
    return sentence(heading(notebook).split(": ", 1)[-1])


class Unread(str):
    """A value as typed on a command line, before its parameter's type is known."""

    def read(self):
        """The value as papermill reads it where no type is declared: None, a truth value, a number, else text."""
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(self)
        return {"None": None, "True": True, "False": False}.get(self, str(self))


#: The default of a parameter that only a run of its notebook gives.
COMPUTED = object()


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a notebook; its default is COMPUTED where it is not written out."""

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
        value = value.read() if isinstance(value, Unread) else value
        if isinstance(value, float) and not math.isfinite(value):
            raise ParameterError(
                f"{self.name}: {value} is no number that can be handed on; -r {self.name}={value} is text."
            )
        return value

    def is_default(self, value) -> bool:
        """Whether a value is the default, to the type: 1, 1.0 and True are three."""
        return self.default is not COMPUTED and json.dumps(value, sort_keys=True) == json.dumps(
            self.default, sort_keys=True
        )


def is_figure(notebook: Path) -> bool:
    """Whether a notebook is one of the project's figures; any other is run as papermill runs it."""
    return notebook.parent == notebooks_dir() and notebook.match(FIGURES)


class Metadata(BaseModel):
    """What is read here of a cell's metadata."""

    tags: tuple[str, ...] = ()


class Cell(BaseModel):
    """What is read here of a notebook's cell."""

    cell_type: Literal["code", "markdown", "raw"]
    metadata: Metadata
    source: Annotated[str, BeforeValidator(lambda source: "".join(source) if _are_lines(source) else source)]


def _are_lines(source) -> bool:
    return isinstance(source, list) and all(isinstance(line, str) for line in source)


def cells(notebook: Path) -> tuple[Cell, ...]:
    """A notebook's cells. UserError where it cannot be read, lacks a part, or is of another format or language than ours."""
    try:
        return _read(notebook, file_state(notebook))
    except OSError as error:
        raise UserError(f"{notebook.name} cannot be read ({error.strerror}).") from None


@functools.lru_cache(maxsize=64)
def _read(notebook: Path, state: tuple) -> tuple[Cell, ...]:
    try:
        content = json.loads(read_bounded(notebook, NOTEBOOK).decode("utf-8"))
        version, told = content["nbformat"], content.get("metadata") or {}
        language = (told.get("kernelspec") or {}).get("language") or (told.get("language_info") or {}).get("name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{notebook.name} is not a notebook: {type(error).__name__}, {error}.") from None
    if version != 4:
        raise UserError(
            f"{notebook.name} is in another format, nbformat {version!r}; open it in JupyterLab and save it as nbformat 4."
        )
    if language and str(language).lower() not in ("python", "python3", "ipython"):
        raise UserError(f"{notebook.name} is written in {language}; only notebooks in Python are run here.")
    try:
        return TypeAdapter(tuple[Cell, ...]).validate_python(content.get("cells"))
    except ValidationError as error:
        first = error.errors()[0]
        number, *part = first["loc"] or [None]
        where = "cells" if number is None else f"cell {number + 1}{''.join(f', {name}' for name in part)}"
        raise UserError(
            f"{notebook.name}, {where}: {first['msg'].lower()}; open it in JupyterLab and save it anew."
        ) from None


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares in the cell tagged `parameters`, by name, in order.

    A figure's notebook must name a type of this module: `name: Type = default  # help`, with a plain value. In any other,
    whatever Python the cell holds will do, or no such cell at all. Raises UserError where the notebook cannot be read or a
    declaration is wrong.
    """
    cells(notebook)
    return dict(_declared(notebook, file_state(notebook), is_figure(notebook)))


@functools.lru_cache(maxsize=64)
def _declared(notebook: Path, state: tuple, figure: bool) -> dict[str, Parameter]:
    tagged = [cell for cell in cells(notebook) if "parameters" in cell.metadata.tags]
    if not tagged and not figure:
        return {}
    if not tagged:
        raise UserError(f"{notebook.name} has no cell tagged 'parameters'; tag the cell that declares them.")
    try:
        source, tree = python(tagged[0].source)
    except SyntaxError as error:
        raise UserError(f"{notebook.name}: line {error.lineno} of the parameters cell is not Python.") from None
    comments = _comments(source)
    declarations = (one for node in tree.body for one in _declaration(node, comments, notebook, figure))
    return {parameter.name: parameter for parameter in declarations}


def _comments(source: str) -> dict[int, str]:
    """The comments of Python code by line, up to where the tokenizer is stricter than Python."""
    found = {}
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string.lstrip("# ")
    return found


def python(source: str) -> tuple[str, ast.Module]:
    """A cell as Python, and its syntax tree: what is IPython's own in it (%magic, !command), as IPython runs it.

    Raises SyntaxError where IPython does not understand it either.
    """
    with contextlib.suppress(SyntaxError):
        return source, parsed(source)
    from IPython.core.inputtransformer2 import TransformerManager  # only here, since it takes a while

    source = TransformerManager().transform_cell(source)
    return source, parsed(source)


_parsing = threading.Lock()


def parsed(code: str) -> ast.Module:
    """The syntax tree of Python code. Raises SyntaxError where it is none.

    One thread at a time: CPython 3.11 now and then fails with a SystemError where threads change over inside ast.parse.
    """
    with _parsing, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel says them, where the code runs
        try:
            return ast.parse(code)
        except (ValueError, RecursionError, MemoryError) as error:  # NUL, half a surrogate pair, too deep
            raise SyntaxError(str(error) or type(error).__name__) from None


def _declaration(node: ast.stmt, comments: dict[int, str], notebook: Path, figure: bool) -> Iterator[Parameter]:
    """The parameters that a statement declares: `name: Type = default`, or plain `name = default`."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, kind = [node.target], ast.unparse(node.annotation)
    elif isinstance(node, ast.Assign):
        targets, kind = node.targets, ""
    else:
        return
    plain = len(targets) == 1 and isinstance(targets[0], ast.Name)
    default = _plain(node.value) if plain else COMPUTED
    for target in (part for whole in targets for part in ast.walk(whole)):
        if not isinstance(target, ast.Name) or not isinstance(target.ctx, ast.Store):
            continue
        if figure and kind not in TYPES:
            raise UserError(
                f"{notebook.name}: parameter {target.id} has the type {kind or 'none'}, which lib/parameters.py does not "
                f"define; use one of {', '.join(TYPES)}."
            )
        if figure and default is COMPUTED:
            raise UserError(
                f"{notebook.name}: parameter {target.id} needs a plain value, not {ast.unparse(node.value)}."
            )
        yield Parameter(target.id, kind, default, comments.get(node.end_lineno, ""))


def _plain(node: ast.expr):
    """The value of an expression that stands for itself and that JSON can hold; else COMPUTED."""
    try:
        value = ast.literal_eval(node)
        return value if repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value) else COMPUTED
    except (ValueError, TypeError, RecursionError, MemoryError):
        return COMPUTED


def check_all(notebook: Path, values: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook, each checked, with the defaults that need no computing filled in.

    Raises ParameterError for the first that is wrong.
    """
    parameters = declared(notebook)
    for name in values:
        if name not in parameters:
            known = (
                f"{did_you_mean(name, parameters)} Parameters: {', '.join(parameters)}."
                if parameters
                else "; it has none."
            )
            raise ParameterError(f"{notebook.stem} has no parameter {name}{known}")
    filled = {name: values.get(name, p.default) for name, p in parameters.items()}
    return {name: parameters[name].check(value) for name, value in filled.items() if value is not COMPUTED}


def watched() -> bool:
    """Whether the notebook is open before a reader: Jupyter's server and VS Code leave a mark, papermill does not."""
    if "JPY_SESSION_NAME" in os.environ:
        return True
    try:
        return "__vsc_ipynb_file__" in get_ipython().user_ns
    except NameError:  # not in IPython
        return False
