"""The codebook as a page that a person reads."""

from jinja2 import Environment, PackageLoader

from lib import tables


def page() -> str:
    """The codebook in Markdown, with the tables' current row counts."""
    package = tables.codebook()
    rows = {name: len(tables.load(name)) for name in tables.table_names()}
    environment = Environment(loader=PackageLoader("lib.tables", ""), keep_trailing_newline=True)
    return environment.get_template("codebook.md.j2").render(package=package, rows=rows, allowed=_allowed)


def _allowed(field: dict, schema: dict) -> str:
    """What a cell may hold, in words."""
    rules = field.get("constraints", {})
    parts = ["required" if rules.get("required") else "may be empty"]
    if "enum" in rules:
        parts.append(", ".join(map(str, rules["enum"])))
    if "pattern" in rules:
        parts.append(f"`{rules['pattern']}`".replace("|", "\\|"))
    if "minimum" in rules or "maximum" in rules:
        parts.append(f"{rules.get('minimum', '')} to {rules.get('maximum', '')}".strip())
    for key in schema["foreignKeys"]:
        if key["fields"] == [field["name"]]:
            parts.append(f"in {key['reference']['resource']}.csv")
    return "; ".join(parts)
