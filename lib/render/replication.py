"""The replication package: one zip with data, code, outputs and a README in the form that economics journals ask for.

The README follows the template of the Social Science Data Editors (AEA). Users' own cohorts stay out, and what is drawn from
them: they may be under a licence that forbids passing them on.
"""

import functools
import hashlib
import json
import os
import platform
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from lib import notebooks, tables
from lib.bundle import folders
from lib.errors import UserError
from lib.paths import ROOT, data_dir, outputs_dir
from lib.words import sentence

NAME = "tech-pivot-figures"
#: Folders of the project that hold code and data; of the files beside them, all that are not made by a run.
FOLDERS = (".binder", ".ci", ".devcontainer", ".github", "benchmarks", "data", "docs", "lib", "notebooks", "tests")
MADE = ("__pycache__", ".ipynb_checkpoints", ".hypothesis")


def pack(path: Path) -> Path:
    """Write the package to `path`. Raises UserError where a figure's bundle is not whole or the file cannot be written."""
    for notebook in notebooks.figures():
        if found := folders.faults(outputs_dir() / notebook.stem, notebook.stem):
            raise UserError(f"{notebook.stem}: {'; '.join(found)}; render it, then pack again.")
    try:
        files = {**dict(_project()), **dict(_outputs())}
        contents = {name: file.read_bytes() for name, file in files.items()}
        contents["README-REPLICATION.md"] = readme(contents).encode()
        sums = "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
        contents["SHA256SUMS"] = sums.encode()
        new = path.with_name(f".{path.name}.new")
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(contents):
                entry = zipfile.ZipInfo(f"{NAME}/{name}")  # without a time
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = (0o755 if name.startswith(".ci/") else 0o644) << 16
                archive.writestr(entry, contents[name])
        new.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror}); free it, then pack again.") from error
    return path


def _project() -> Iterator[tuple[str, Path]]:
    """Code, data and what says how to use them, by their names in the package."""
    beside = [path for path in ROOT.iterdir() if path.is_file() and path.suffix not in (".pyc", ".zip", ".log")]
    within = [path for folder in FOLDERS if folder != "data" for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in beside + within:
        if not set(path.parts) & set(MADE):
            yield path.relative_to(ROOT).as_posix(), path
    names = [resource["path"] for resource in tables.codebook()["resources"]]
    for path in (data_dir() / name for name in (*names, tables.BOOK, "CODEBOOK.md", "REFRESH.md", "cohorts/README.md")):
        if path.is_file():
            yield f"data/{path.relative_to(data_dir()).as_posix()}", path


def _outputs() -> Iterator[tuple[str, Path]]:
    """The figures with their default parameters, as the run left them."""
    for notebook in notebooks.figures():
        for kind in (*folders.FORMATS, "ipynb"):
            path = outputs_dir() / notebook.stem / f"{notebook.stem}.{kind}"
            if path.is_file():
                yield f"outputs/{notebook.stem}/{path.name}", path
    for page in ("report.html", "manifest.json"):
        if (outputs_dir() / page).is_file():
            yield f"outputs/{page}", outputs_dir() / page


def readme(contents: dict[str, bytes]) -> str:
    """The package's README, with all that can be counted counted. contents: the other files, by name."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return _template().render(
        citation=citation,
        made=datetime.now(UTC),
        resources=[one | {"rows": len(tables.load(one["name"]))} for one in tables.codebook()["resources"]],
        sources=_sources(),
        figures=[_figure(notebook) for notebook in notebooks.figures()],
        run=_run(),
        megabytes=sum(map(len, contents.values())) / 1e6,
        files=Counter(name.split("/")[0] if "/" in name else "(top)" for name in contents),
    )


@functools.cache
def _template():
    environment = Environment(
        loader=PackageLoader("lib.render"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    return environment.get_template("replication.md.j2")


def _sources() -> list[dict]:
    """The rows of sources.csv, each with the tables that name it."""
    named: dict[str, list[str]] = {}
    for resource in tables.codebook()["resources"]:
        rows = tables.load(resource["name"])
        columns = [name for name in rows if name.endswith("source_id")] if resource["name"] != "sources" else []
        for source in sorted({one for name in columns for one in rows[name].dropna()}):
            named.setdefault(source, []).append(resource["path"])
    rows = tables.load("sources").astype("object")
    rows = rows.where(rows.notna(), None).to_dict("records")
    return [row | {"tables": named.get(row["source_id"], [])} for row in rows]


def _figure(notebook: Path) -> dict:
    """A figure, what draws it, and what the run left of it."""
    record = json.loads((outputs_dir() / notebook.stem / f"{notebook.stem}.json").read_text(encoding="utf-8"))
    stem = notebook.stem[3:]
    programs = [f"notebooks/{notebook.name}", f"lib/rows/{stem}.py", f"lib/figures/{stem}.py"]
    return {
        "number": int(notebook.stem[:2]),
        "question": sentence(notebooks.heading(notebook).split(": ", 1)[-1]),
        "programs": [name for name in programs if (ROOT / name).is_file()],
        "name": notebook.stem,
        "data": sorted(record["data"]),
    }


def _run() -> dict:
    """On what the figures were drawn, and how long it took."""
    manifest = json.loads((outputs_dir() / "manifest.json").read_text(encoding="utf-8"))["figures"]
    drawn = [manifest[notebook.stem] for notebook in notebooks.figures()]
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))["full"]["ours"]
    return {
        "seconds": sum(one["seconds"] for one in drawn),
        "last": max(one["rendered"] for one in drawn),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "mib": measured["mib"],
        "versions": folders.versions(),
    }
