"""The replication package: one zip with data, code, outputs and a README in the form that economics journals ask for.

The README follows the template of the Social Science Data Editors (AEA). Users' own cohorts stay out, and what is drawn from
them: they may be under a licence that forbids passing them on. So does all else that is not the project's, and every link.
"""

import functools
import hashlib
import json
import os
import platform
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from lib import notebooks, tables
from lib.bundle import folders
from lib.errors import ParameterError, UserError
from lib.paths import ROOT, data_dir, outputs_dir, swapped_in
from lib.render.manifest import Manifest
from lib.words import sentence

NAME = "tech-pivot-figures"
#: The project beside its data, where no git says what belongs to it.
FOLDERS = (".binder", ".ci", ".devcontainer", ".github", "benchmarks", "docs", "lib", "notebooks", "tests")
FILES = (
    *(
        ".gitattributes",
        ".gitignore",
        ".pre-commit-config.yaml",
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "LICENSE",
    ),
    *("Makefile", "README.md", "SECURITY.md", "notebooks/.ruff.toml", "pyproject.toml", "requirements-refresh.txt"),
    *("requirements-test.lock", "requirements-test.txt", "requirements.lock", "requirements.txt"),
)


def require_free(path: Path) -> None:
    """Raise ParameterError where a package cannot be written: where no folder is, or something else than an earlier zip."""
    if not path.parent.is_dir():
        raise ParameterError(f"{path}: there is no folder {path.parent} to write to; make it, or name another.")
    if path.exists() and not (path.is_file() and zipfile.is_zipfile(path)):
        raise ParameterError(
            f"{path} is there already, and no earlier package; name another file, or take it away first."
        )


def pack(path: Path) -> Path:
    """Write the package to `path`.

    Raises UserError where a figure's bundle is not whole, where what it was drawn from may not be packed, or where the file
    cannot be written.
    """
    runs = Manifest().entries
    for notebook in notebooks.figures():
        found = folders.faults(outputs_dir() / notebook.stem, notebook.stem)
        if notebook.stem not in runs:
            found.append("no run of it is on record")
        if found:
            raise UserError(f"{notebook.stem}: {'; '.join(found)}; render it, then pack again.")
    try:
        files = {**dict(_project()), **dict(_outputs())}
        contents = {name: file.read_bytes() for name, file in files.items()} | {"outputs/manifest.json": _manifest()}
        _require_inputs(contents)
        contents["README-REPLICATION.md"] = readme(contents).encode()
        sums = "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
        contents["SHA256SUMS"] = sums.encode()
        with (
            swapped_in(path.parent) as stage,
            zipfile.ZipFile(stage / path.name, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name in sorted(contents):
                entry = zipfile.ZipInfo(f"{NAME}/{name}")  # without a time
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = (0o755 if name.startswith(".ci/") else 0o644) << 16
                archive.writestr(entry, contents[name])
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror or error}); free it, then pack again.") from error
    return path


def _project() -> Iterator[tuple[str, Path]]:
    """Code, data and what says how to use them, by their names in the package; without links, which may lead anywhere."""
    for name in _tracked() or _in_place():
        path = ROOT / name
        if not name.startswith("data/") and path.is_file() and path.resolve() == path:
            yield name, path
    names = [resource["path"] for resource in tables.codebook()["resources"]]
    for path in (data_dir() / name for name in (*names, tables.BOOK, "CODEBOOK.md", "REFRESH.md", "cohorts/README.md")):
        if path.is_file() and path.resolve() == path:
            yield f"data/{path.relative_to(data_dir()).as_posix()}", path


def _tracked() -> list[str]:
    """The files that git tracks; none where the project is no checkout, or git cannot be asked."""
    if not (ROOT / ".git").exists():
        return []
    try:
        told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return list(filter(None, os.fsdecode(told).split("\0")))


def _in_place() -> list[str]:
    """The files that have a place in the project; of those that are hidden below its folders, only its own."""
    within = (path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    seen = (path for path in within if not any(part.startswith((".", "__pycache__")) for part in path.parts[1:]))
    return [*FILES, *(path.as_posix() for path in seen)]


def _outputs() -> Iterator[tuple[str, Path]]:
    """The figures with their default parameters, as the run left them, and the page to print."""
    for notebook in notebooks.figures():
        for kind in (*folders.FORMATS, "ipynb"):
            path = outputs_dir() / notebook.stem / f"{notebook.stem}.{kind}"
            if path.is_file():
                yield f"outputs/{notebook.stem}/{path.name}", path
    if (outputs_dir() / "report.html").is_file():
        yield "outputs/report.html", outputs_dir() / "report.html"


def _manifest() -> bytes:
    """The manifest of what is packed alone: other runs of it may name a user's own cohorts."""
    content = json.loads((outputs_dir() / "manifest.json").read_text(encoding="utf-8"))
    content["figures"] = {notebook.stem: content["figures"][notebook.stem] for notebook in notebooks.figures()}
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _require_inputs(contents: dict[str, bytes]) -> None:
    """Raise UserError where a file that a figure was drawn from is not among the contents."""
    for name, run in json.loads(contents["outputs/manifest.json"])["figures"].items():
        for file in (word.removeprefix("./") for word in run["inputs"] if "/" in word):
            if file not in contents:
                raise UserError(
                    f"{name} is drawn from {file}, which is not packed: git does not track it, or it is a link or a cohort "
                    "of your own; mend that, then pack again."
                )


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
    manifest = json.loads(_manifest())["figures"]
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
