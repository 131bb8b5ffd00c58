"""The form that data/datapackage.json must have for the tables to be read by it: the part of the Data Package standard in use."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

KINDS = Literal["string", "integer", "number", "date", "boolean"]


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no pattern ({error})") from None
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Constraints(_Strict):
    required: bool = False
    unique: bool = False
    enum: Annotated[list[str | int], Field(min_length=1)] = None  # may be absent, but not null
    pattern: Annotated[str, AfterValidator(_pattern)] = None
    minimum: int | float = None
    maximum: int | float = None


class _Column(_Strict):
    name: Annotated[str, Field(min_length=1)]
    type: KINDS
    description: str
    constraints: _Constraints = _Constraints()
    notFoundMark: int | float = None


class _Reference(_Strict):
    resource: str
    fields: Annotated[list[str], Field(min_length=1, max_length=1)]


class _ForeignKey(_Strict):
    fields: Annotated[list[str], Field(min_length=1, max_length=1)]
    reference: _Reference


class _Schema(_Strict):
    fields: Annotated[list[_Column], Field(min_length=1)]
    primaryKey: Annotated[list[str], Field(min_length=1)]
    foreignKeys: list[_ForeignKey]


class _Resource(_Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    path: str
    table_schema: Annotated[_Schema, Field(alias="schema")]
    mayBeEmpty: bool = False


class _Book(_Strict):
    resources: Annotated[list[_Resource], Field(min_length=1)]


def faults(book) -> list[str]:
    """What is wrong with the codebook's form, each as place and reason; none where the tables can be read by it."""
    try:
        resources = _Book.model_validate(book).resources
    except ValidationError as error:
        return [f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {_reason(fault)}" for fault in error.errors()]
    found, columns = [], {resource.name: _names(resource) for resource in resources}
    names = [resource.name for resource in resources]
    found += [f"resources: {name} stands there twice" for name in sorted(set(names)) if names.count(name) > 1]
    for resource in resources:
        here, schema = columns[resource.name], resource.table_schema
        if resource.path != f"{resource.name}.csv":
            found.append(f"{resource.name}.path: '{resource.path}' is not {resource.name}.csv")
        found += [
            f"{resource.name}.schema.fields: {name} stands there twice"
            for name in sorted(set(here))
            if here.count(name) > 1
        ]
        found += [
            f"{resource.name}.schema.primaryKey: no field {name}" for name in schema.primaryKey if name not in here
        ]
        for column in schema.fields:
            rules = column.constraints
            text = column.type == "string"
            if (rules.minimum is not None or rules.maximum is not None) and column.type not in ("integer", "number"):
                found.append(f"{resource.name}.{column.name}: minimum and maximum are for numbers")
            if rules.pattern is not None and not text:
                found.append(f"{resource.name}.{column.name}: a pattern is for text")
            if column.notFoundMark is not None and column.type not in ("integer", "number"):
                found.append(f"{resource.name}.{column.name}: a notFoundMark is for numbers")
            if rules.enum is not None and column.type not in ("string", "integer"):
                found.append(f"{resource.name}.{column.name}: an enum is for text and whole numbers")
            elif rules.enum is not None and not all(isinstance(value, str) == text for value in rules.enum):
                found.append(f"{resource.name}.{column.name}: its enum is not of its type")
        for key in schema.foreignKeys:
            (field,), other = key.fields, key.reference
            if field not in here:
                found.append(f"{resource.name}.schema.foreignKeys: no field {field}")
            if other.fields[0] not in columns.get(other.resource, []):
                found.append(f"{resource.name}.schema.foreignKeys: no field {other.fields[0]} in {other.resource}")
    return found


def _names(resource: _Resource) -> list[str]:
    return [column.name for column in resource.table_schema.fields]


def _reason(fault: dict) -> str:
    return "is missing" if fault["type"] == "missing" else fault["msg"][:1].lower() + fault["msg"][1:]
