"""Parameter values as a command line gives them, by papermill's rules: files, then YAML, then single values, then raw ones.

Values are what JSON can hold, and of a size that can be run: everything else is refused before a kernel sees it.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from lib.errors import ParameterError
from lib.notebooks import Unread
from lib.parameters import require_text
from lib.paths import read_bounded

LARGEST = 1_000_000  # signs and parts of a YAML text, with each alias written out
MOST_BYTES = 4 * LARGEST  # of a YAML file: a sign has up to four
DIGITS = 300  # of a whole number


class _Loader(yaml.SafeLoader):
    """Reads YAML without the types that JSON lacks. A date stays text, as papermill has it."""


_TIME = "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != _TIME]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: make
    for tag, make in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rsplit(":", 1)[-1] in ("null", "bool", "int", "float", "seq", "map", "str")
}


def parameter_values(files=(), yamls=(), pairs=(), raw=()) -> dict[str, Any]:
    """One mapping of names to values; later kinds win over earlier ones.

    files: YAML files; yamls: YAML mappings; pairs and raw: `name=value`. A value of a pair stays text until the
    parameter's own type reads it, so that 000002 keeps its zeros. Raises ParameterError for what cannot be read.
    """
    values: dict[str, Any] = {}
    for file in files:
        values |= _mapping(yaml_text(Path(file)), file)
    for text in yamls:
        values |= _mapping(text, "-y")
    for option, texts in (("-p", pairs), ("-r", raw)):
        for name, value in (_pair(option, text) for text in texts):
            values[name] = Unread(value) if option == "-p" else value
    return values


def yaml_text(path: Path) -> str:
    """The text of a YAML file. Raises ParameterError for what is no plain file, too large, or not UTF-8."""
    try:
        return read_bounded(path, MOST_BYTES).decode("utf-8")
    except (OSError, ValueError) as error:
        raise ParameterError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from None


def read_yaml(text: str, where: str) -> Any:
    """What a YAML text holds, in JSON's types. Raises ParameterError that names `where` for all else, and for too much."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None and _size(node, {}) > LARGEST:
                raise ParameterError(f"{where}: too large with its aliases written out, or an alias within itself.")
            if node is not None and (twice := _twice(node)):
                raise ParameterError(f"{where}: '{twice}' stands there twice; keep one.")
            found = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ParameterError(f"{where}: not YAML that can be read here ({' '.join(str(error).split())}).") from None
    _require_json(found, where)
    return found


def _size(node: yaml.Node, known: dict[int, float]) -> float:
    """Signs and parts of a YAML node, each alias counted as what it stands for; infinite where one is within itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        parts = node.value
        if isinstance(node, yaml.ScalarNode):
            size = len(parts)
        elif isinstance(node, yaml.MappingNode):
            size = sum(_size(part, known) for pair in parts for part in pair)
        else:
            size = sum(_size(part, known) for part in parts)
        known[id(node)] = 1 + size
    return known[id(node)]


def _twice(node: yaml.Node) -> str:
    """A name that stands twice in one mapping, of which YAML would take the last without a word; '' where there is none."""
    if isinstance(node, yaml.MappingNode):
        names = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = next((name for name, count in names.items() if count > 1), "")
        return twice or next(filter(None, (_twice(part) for pair in node.value for part in pair)), "")
    return next(filter(None, map(_twice, node.value)), "") if isinstance(node, yaml.SequenceNode) else ""


def _require_json(value: Any, where: str) -> None:
    """Raise ParameterError where a value that YAML gave, or a part of it, is none of JSON's."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise ParameterError(f"{where}: the name {key!r} is not text; names are text.")
            _require_json(key, where)
            _require_json(part, f"{where}, {key}")
    elif isinstance(value, list):
        for part in value:
            _require_json(part, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{where}: {value} is no number that can be handed on.")
    elif isinstance(value, int) and abs(value) >= 10**DIGITS:
        raise ParameterError(f"{where}: a whole number has at most {DIGITS} digits.")
    elif isinstance(value, str):
        require_text(value, where)


def _mapping(text: str, where: str) -> dict[str, Any]:
    found = read_yaml(text, where)
    if not isinstance(found, dict):
        raise ParameterError(f"{where}: a YAML mapping is needed, for example fiscal_year: 2020.")
    return found


def _pair(option: str, text: str) -> tuple[str, str]:
    require_text(text, option)
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ParameterError(f"{option} {text}: write it as name=value, for example {option} fiscal_year=2020.")
    return name.strip(), value.strip()
