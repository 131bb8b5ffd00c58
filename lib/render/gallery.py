"""The gallery: outputs/index.html, a page for each figure and each bundle, a page to print, and each bundle's zip.

Made from the bundles' records and the claims' ledger. Pages need no network and carry their pictures in them.
"""

import base64
import functools
import hashlib
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from lib import claims, notebooks, tables
from lib.bundle import folders, paper
from lib.errors import UserError
from lib.paths import ROOT, data_dir, outputs_dir, swapped_in
from lib.render import article, inputs
from lib.words import number

CLOCK = 2  # seconds by which the times of files that were packed and unpacked may be off
#: What a page shows of a record; an older record may lack some of it.
NEEDED = (
    *("title", "subtitle", "alt", "notes", "source", "sources", "parameters", "companies", "left_out"),
    *("claims", "data", "versions", "files", "rows"),
)
ALONE = {"variants": [], "before": None, "after": None}  # a page without links to others of its kind
PAGES = ("figure", "index", "report")
MIME = {"svg": "image/svg+xml", "png": "image/png"}
#: The files to take away, in the order of the page, by ending.
DOWNLOADS = {
    "png": "picture, 300 dpi",
    "svg": "picture, any size",
    "pdf": "picture, for print",
    "csv": "the plotted rows",
    "xlsx": "the same for Excel",
    "dta": "the same for Stata",
    "tex": "figure and table for LaTeX",
    "bib": "sources for BibTeX",
    "json": "how it was made",
    "ipynb": "executed notebook",
    "zip": "all of these",
}


@dataclass(frozen=True)
class Shown:
    """One bundle as its page shows it; where `faults` names any, there is nothing else to show."""

    name: str
    question: str
    folder: Path
    faults: list[str]
    record: dict[str, Any] = field(default_factory=dict)
    parameters: list[dict] = field(default_factory=list)
    downloads: list[dict] = field(default_factory=list)
    made: datetime | None = None
    outdated: list[str] = field(default_factory=list)
    article: list[dict] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(self.name[:2])

    @property
    def address(self) -> str:
        """The folder's path from outputs/, with slashes."""
        return self.folder.relative_to(outputs_dir()).as_posix()

    @property
    def finding(self) -> str:
        """The figure's title, or its question where nothing is drawn."""
        return self.record.get("title", self.question)

    @property
    def language(self) -> str:
        """The language of the record's texts, as HTML names it."""
        return {"zh": "zh-Hans"}.get(self.record.get("parameters", {}).get("language"), "en")

    @property
    def changed(self) -> dict[str, str]:
        """The parameters that are not at their default."""
        return {p["name"]: p["value"] for p in self.parameters if p["value"] != p["default"]}

    @property
    def layout(self) -> dict[str, float] | None:
        """Where the picture's words stand, so that a phone shows them on the page; None where that may have been changed by hand."""
        return None if self.record.get("changed_by_hand") else self.record.get("layout")

    @functools.cached_property
    def picture(self) -> str:
        """The smaller of the two sharp pictures, SVG and PNG, as a data address."""
        path = min((self.folder / f"{self.name}.{kind}" for kind in MIME), key=lambda file: file.stat().st_size)
        return f"data:{MIME[path.suffix[1:]]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def prepare() -> None:
    """Look up what takes longer than to build the gallery: templates are compiled and the ledger judged, and both kept."""
    _templates()
    article.prepare()
    claims.ledger()


def build(whole: Mapping[str, Mapping[str, str]] | None = None) -> Path:
    """Write the gallery of the bundles that are in outputs/ now, and return its first page.

    whole: hashes of files that need not be read again to be believed, by folder below outputs/ and by name. Raises DataError
    for a broken table and UserError where a page cannot be written.
    """
    templates, said = _templates(), _said_on_all()
    page, first_page, report = (templates.get_template(f"{name}.html.j2") for name in PAGES)
    figures = []
    try:
        for notebook in notebooks.figures():
            places = [outputs_dir() / notebook.stem, *folders.variants(notebook.stem)]
            figure, *variants = [_shown(notebook, folder, whole or {}, said) for folder in places]
            figures.append((figure, variants))
        for number, (figure, variants) in enumerate(figures):
            beside = {
                "before": figures[number - 1][0] if number else None,
                "after": figures[number + 1][0] if number + 1 < len(figures) else None,
            }
            text = page.render(figure=figure, variants=variants, root="../", **beside, **said)
            _write(figure.folder / "index.html", text)
            for variant in variants:
                text = page.render(figure=variant, root="../../", **ALONE, **said)
                _write(variant.folder / "index.html", text)
        ledger = _plain(claims.ledger())
        counts, now = Counter(claim["verdict"] for claim in ledger), datetime.now(UTC)
        for name, template in (("report", report), ("index", first_page)):
            text = template.render(figures=figures, ledger=ledger, counts=counts, now=now, **said)
            _write(outputs_dir() / f"{name}.html", text)
    except OSError as error:
        raise UserError(
            f"gallery: cannot write to {outputs_dir()} ({error.strerror or error}); free it, then render again."
        ) from error
    return outputs_dir() / "index.html"


def _declared(notebook: Path) -> list[dict]:
    """A notebook's parameters in words, but for the values that a bundle was drawn with."""
    return [
        {
            "name": p.name,
            "type": p.type,
            "allowed": _words(p.allowed) if p.allowed else "as described",
            "default": _words(p.default),
            "help": p.help,
        }
        for p in notebooks.declared(notebook).values()
    ]


def _shown(notebook: Path, folder: Path, whole: Mapping[str, Mapping[str, str]], said: dict[str, Any]) -> Shown:
    """What there is to show of one bundle; writes its zip."""
    name, known = notebook.stem, whole.get(folder.relative_to(outputs_dir()).as_posix())
    try:
        question, declared = notebooks.question(notebook), _declared(notebook)
    except UserError as error:
        return Shown(name, name, folder, [str(error)])
    path = folder / f"{name}.json"
    faults = folders.faults(folder, name, known) if path.exists() else ["it has not been rendered"]
    record = {} if faults else folders.record_in(folder, name)
    if not faults and not record.keys() >= set(NEEDED):
        faults = ["another version of this project made it"]
    if faults:
        return Shown(name, question, folder, faults)
    _archive(folder, name)
    try:
        shown = _of_record(name, question, folder, record, declared)
        if not known:  # its record is only believed when it has made a page
            _templates().get_template("figure.html.j2").render(figure=shown, root="", **ALONE, **said)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return Shown(name, question, folder, [f"{name}.json is not as this project writes it"])
    return shown


def _of_record(name: str, question: str, folder: Path, record: dict, declared: list[dict]) -> Shown:
    values = record["parameters"]
    return Shown(
        name=name,
        question=question,
        folder=folder,
        faults=[],
        record=record,
        parameters=[
            p | {"value": _words(values[p["name"]]) if p["name"] in values else p["default"]} for p in declared
        ],
        downloads=[
            {
                "kind": kind,
                "what": _what(kind, record),
                "file": f"{name}.{kind}",
                "bytes": (folder / f"{name}.{kind}").stat().st_size,
            }
            for kind in DOWNLOADS
            if (folder / f"{name}.{kind}").exists()
        ],
        made=datetime.fromtimestamp((folder / f"{name}.json").stat().st_mtime, UTC),
        outdated=[file for file, sha256 in record["data"].items() if inputs.file_hash(data_dir() / file) != sha256],
        article=_article(folder / f"{name}.ipynb", folder / f"{name}.json", record["alt"]),
    )


def _what(kind: str, record: dict) -> str:
    """What the bundle's file of a kind is to a reader."""
    return "a summary for Excel" if kind == "xlsx" and record["rows"] > paper.SHEET_ROWS else DOWNLOADS[kind]


def _article(notebook: Path, record: Path, alt: str) -> list[dict]:
    """The article of the run that left the bundle; nothing where the bundle was published by hand, before or since."""
    try:
        if notebook.stat().st_mtime < record.stat().st_mtime - CLOCK:
            return []
        found = article.parts(notebook)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    pictures = [part for part in found if part["kind"] == "picture"]
    for place, part in enumerate(pictures):
        part["alt"] = alt if place == 0 else "A chart that the code above draws"
    return found


def _archive(folder: Path, name: str) -> None:
    """Zip a bundle. Files are stored as they are and bear no time, so that the same files give the same zip anywhere."""
    with (
        swapped_in(folder) as stage,
        zipfile.ZipFile(stage / f"{name}.zip", "w", zipfile.ZIP_STORED) as archive,
    ):
        for kind in DOWNLOADS:
            path = folder / f"{name}.{kind}"
            if kind != "zip" and path.exists():
                entry = zipfile.ZipInfo(f"{name}/{path.name}")
                entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on Windows
                archive.writestr(entry, path.read_bytes())


def _write(path: Path, text: str) -> None:
    """Swap a page in whole, so that a reader never meets half of it."""
    with swapped_in(path.parent) as stage:
        (stage / path.name).write_text(text, encoding="utf-8")


@functools.cache
def _templates() -> Environment:
    """The pages' templates, compiled."""
    environment = Environment(
        loader=PackageLoader("lib.render", "templates/gallery"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bibtex": _bibtex, "grouped": _grouped, "moment": _moment, "size": _size}
    environment.globals["amount"] = _amount
    script = (Path(__file__).parent / "templates" / "gallery" / "gallery.js").read_text(encoding="utf-8")
    # Only this script runs on a page, whatever finds its way there.
    sha256 = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {"script": Markup(script), "script_hash": Markup(f"'sha256-{sha256}'")}
    for name in ("base", "parts", *PAGES):
        environment.get_template(f"{name}.html.j2")
    return environment


def _said_on_all() -> dict[str, Any]:
    """What every page may say."""
    return {
        "citation": yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")),
        "ours": claims.OURS,
        "articles": {row["source_id"]: row["title"] for row in _plain(tables.load("sources"))},
    }


def _amount(value: float, unit: str, sign: str = "") -> str:
    """A difference or tolerance in words; `sign` is "+" to show it. Shares become percentage points."""
    if unit == "share of firms":
        value, unit = 100 * value, "percentage points"
    form = ",.0f" if abs(value) >= 1000 else ".3g"
    return f"{number(value, sign + form)} {unit}"


def _grouped(rows: list[dict], key: str) -> dict[str, list[dict]]:
    """Rows by their value of `key`, in the order of first use."""
    groups = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _bibtex(text: str) -> str:
    """Text with the characters that BibTeX reads as commands made plain."""
    marks = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(marks.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)


def _moment(time: datetime) -> str:
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 999_500 else f"{max(count / 1e3, 1):.0f} kB"


def _words(value) -> str:
    """A parameter's value as a reader sees it."""
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def _plain(frame: pd.DataFrame) -> list[dict]:
    """A table's rows, with None where a cell is empty."""
    return frame.astype("object").where(frame.notna(), None).to_dict("records")
