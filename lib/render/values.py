"""Parameter values as a command line gives them, by papermill's rules: files, then YAML, then single values, then raw ones."""

from pathlib import Path
from typing import Any

import yaml

from lib.errors import ParameterError
from lib.notebooks import Unread


def parameter_values(files=(), yamls=(), pairs=(), raw=()) -> dict[str, Any]:
    """One mapping of names to values; later kinds win over earlier ones.

    files: YAML files; yamls: YAML mappings; pairs and raw: `name=value`. A value of a pair stays text until the
    parameter's own type reads it, so that 000002 keeps its zeros. Raises ParameterError for what cannot be read.
    """
    values: dict[str, Any] = {}
    for file in files:
        try:
            values |= _mapping(Path(file).read_text(encoding="utf-8"), file)
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError(f"{file} cannot be read ({error}).") from None
    for text in yamls:
        values |= _mapping(text, "-y")
    return values | {name: Unread(value) for name, value in map(_pair, pairs)} | dict(map(_pair, raw))


def _mapping(text: str, place: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterError(f"{place}: not YAML ({' '.join(str(error).split())}).") from None
    if not isinstance(found, dict):
        raise ParameterError(f"{place}: a YAML mapping is needed, for example fiscal_year: 2020.")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ParameterError(f"-p {text}: write it as name=value, for example -p fiscal_year=2020.")
    return name.strip(), value.strip()
