"""A change of each figure's parameters, worked out from their types: what the tests of all figures try besides the defaults."""

from collections import Counter

from pydantic import TypeAdapter

from lib import notebooks
from lib.errors import ParameterError
from lib.notebooks import Parameter
from lib.parameters import TYPES


def kind(parameter: Parameter) -> str:
    """What kind of control a parameter has."""
    schema = TypeAdapter(TYPES[parameter.type]).json_schema()
    listed = "listed" if parameter.allowed else ""
    return f"{listed} {schema.get('format', schema['type'])}".strip()


def another(parameter: Parameter):
    """Another value than the default that the type allows; None where its type does not give one."""
    allowed, default = parameter.allowed or [], parameter.default
    if kind(parameter) == "listed array":
        tries = [[value] for value in reversed(allowed)]
    elif kind(parameter) == "date":
        tries = [f"{int(default[:4]) - 1}-07-01"]
    elif kind(parameter) == "integer":
        tries = [default + 20, default - 20]
    elif kind(parameter) == "listed integer":
        tries = [*allowed[:1], *allowed[-1:]]  # the ends of a slider
    else:
        tries = allowed
    return next((value for value in tries if value != default and fits(parameter, value)), None)


def fits(parameter: Parameter, value) -> bool:
    try:
        return parameter.check(value) == value
    except ParameterError:
        return False


def found() -> dict[str, tuple[Parameter, object]]:
    """For each figure a parameter and another value of it: of a kind that was least tried before, and that is rare."""
    declared = {notebook.stem: notebooks.declared(notebook).values() for notebook in notebooks.figures()}
    there, tried, changes = Counter(kind(p) for every in declared.values() for p in every), Counter(), {}
    for name, every in declared.items():
        choices = [parameter for parameter in every if another(parameter) is not None]
        of_all = ("language", "size")
        chosen = min(choices, key=lambda p: (p.name in of_all, tried[kind(p)], there[kind(p)]))
        tried[kind(chosen)] += 1
        changes[name] = chosen, another(chosen)
    return changes


CHANGES = found()
