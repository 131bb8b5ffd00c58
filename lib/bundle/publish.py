"""Write a figure's bundle: PNG, SVG, PDF, the plotted rows as CSV, Excel and Stata, LaTeX, BibTeX, and a JSON record of it all.

The same inputs give the same bytes. Files are swapped in whole, so a reader never meets half a file.
"""

import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from lib import claims, figures, notebooks, style, tables
from lib.bundle import paper, stata
from lib.bundle.folders import FORMATS, folder_of, versions
from lib.errors import UserError
from lib.figure import Figure
from lib.paths import notebooks_dir, outputs_dir, swapped_in
from lib.rows import sources
from lib.words import name_list, speaking, term

#: A render names a file here, to learn what a notebook publishes.
RECEIPT = "FIGURES_RECEIPT"


def publish(figure: Figure) -> Path:
    """Write the bundle of `figure` and return its folder.

    Raises ParameterError for a parameter that the notebook does not allow, and UserError for rows that are not those of the
    parameters and have no name, for a glyph that the fonts lack, and for a folder that cannot be written.
    """
    values = figure.parameters = notebooks.check_all(notebooks_dir() / f"{figure.name}.ipynb", figure.parameters)
    with tables.recording() as read:
        _require_rows(figure, values)
        record = record_of(figure, values, read)
    folder = folder_for(figure)
    try:
        with swapped_in(folder, last=f"{figure.name}.json") as stage:
            paths = {kind: stage / f"{figure.name}.{kind}" for kind in FORMATS}
            _draw(figure, paths)
            figure.table.to_csv(paths["csv"], index=False, lineterminator="\n", encoding="utf-8")
            paper.excel(record, figure.table, paths["xlsx"], figure.printed)
            stata.write(figure.table, paths["dta"], record["title"])
            paths["tex"].write_text(paper.latex(record, figure.table, figure.columns, figure.printed), encoding="utf-8")
            paths["bib"].write_text(paper.bibtex(record), encoding="utf-8")
            files = [paths[kind] for kind in FORMATS if kind != "json"]
            record["files"] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
            text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
            paths["json"].write_text(text, encoding="utf-8")
        _leave_receipt(folder, record, paths["json"].name, text)
    except OSError as error:
        raise UserError(
            f"{figure.name}: cannot write to {folder} ({error.strerror or error}); free it, then render again."
        ) from error
    return folder


def folder_for(figure: Figure) -> Path:
    """The folder that `publish` writes the bundle of `figure` to."""
    return outputs_dir() / folder_of(notebooks_dir() / f"{figure.name}.ipynb", figure.parameters, subset=figure.subset)


def _require_rows(figure: Figure, values: dict[str, Any]) -> None:
    """Refuse a figure of other rows than its parameters give, unless the reader has given these a name."""
    rows = figures.load(figure.name, **values)
    if figure.subset or _alike(figure.rows, rows):
        return
    counts = [
        f"{len(drawn):,} rows in place of {len(whole):,}"
        for drawn, whole in zip(figure.rows, rows, strict=True)
        if len(drawn) != len(whole)
    ]
    raise UserError(
        f"{figure.name}: the rows that were drawn are not those of its parameters"
        f"{f' ({name_list(counts)})' if counts else ''}. Where a parameter was changed, run the cells above again; to publish a part "
        "of the rows, name it: draw(..., subset='chip makers')."
    )


def _alike(drawn: tuple, whole: tuple) -> bool:
    return len(drawn) == len(whole) and all(
        one.equals(other) if hasattr(one, "equals") else one == other for one, other in zip(drawn, whole, strict=True)
    )


def _leave_receipt(folder: Path, record: dict, name: str, text: str) -> None:
    """Tell the render that asks, if one does, what was published where."""
    if not (receipt := os.environ.get(RECEIPT)):
        return
    files = record["files"] | {name: hashlib.sha256(text.encode()).hexdigest()}
    told = {"folder": folder.relative_to(outputs_dir()).as_posix(), "files": files, "data": record["data"]}
    with Path(receipt).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")


def _draw(figure: Figure, paths: dict[str, Path]) -> None:
    """Save the pictures as large as the figure's size is shown, whatever the page is that it is laid out on."""
    shown = style.SIZES[figure.size]
    scale = shown.shown / figure.drawing.get_figwidth()
    paths["png"].write_bytes(figure.picture(shown.dpi * scale, shown.dpi))
    paths["pdf"].write_bytes(figure.pdf() if scale == 1 else _scaled_pdf(figure.pdf(), scale))
    paths["svg"].write_bytes(figure.saved("svg", metadata={"Date": None}))
    if scale != 1:
        _scale_svg(paths["svg"], scale)


def _scale_svg(path: Path, scale: float) -> None:
    """Change how large the picture is shown; what is drawn stays in the units of its viewBox."""
    head, tail = path.read_text(encoding="utf-8").split("viewBox", 1)
    head = re.sub(r'(width|height)="([\d.]+)pt"', lambda m: f'{m[1]}="{float(m[2]) * scale:.4f}pt"', head)
    path.write_text(f"{head}viewBox{tail}", encoding="utf-8", newline="\n")


def _scaled_pdf(pdf: bytes, scale: float) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, scaled = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf))), io.BytesIO()
    writer.pages[0].scale_by(scale)
    writer.pages[0].compress_content_streams()
    writer.write(scaled)
    return scaled.getvalue()


def record_of(figure: Figure, values: dict[str, Any], read: dict[str, str]) -> dict:
    """What is said of `figure`, drawn with the parameters `values`: the bundle's JSON but for the hashes of its files.

    read: a recording of the files of data/ that has the figure's own already.
    """
    with speaking(figure.language):
        cited = _sources(figure, read)
    record = {
        "id": figure.name,
        "title": figure.title,
        "subtitle": figure.subtitle,
        "alt": figure.alt,
        "notes": figure.notes,
        "source": figure.source_line,
        "sources": cited,
        "parameters": values,
        "subset": figure.subset,
        "changed_by_hand": figure.changed_by_hand,
        "headline": figure.headline,
        "headline_words": {number.name: {"words": number.words, "said": number.said} for number in figure.numbers},
        "layout": {
            "height_by_width": round(figure.frame.height / figure.frame.width, 4),
            "words_above": round(figure.frame.words_above, 4),
            "words_below": round(figure.frame.words_below, 4),
        },
        "rows": len(figure.table),
        "companies": figure.companies,
        "left_out": figure.left_out,
        "claims": claims.ledger(figure.name).to_dict("records"),
        "data": dict(sorted(read.items())),
        "versions": versions(),
    }
    # JSON has no NaN: what is missing is null.
    return json.loads(json.dumps(record, default=_plain), parse_constant=lambda _: None)


def _sources(figure: Figure, read: dict[str, str]) -> list[dict]:
    """The rows of sources.csv behind the source line: those that the plotted rows name, else all cited so."""
    known = tables.load("sources").astype("object")
    plotted = known["source_id"].isin(figure.table.filter(regex="source_id$").to_numpy().ravel())
    names = sources.cited_in(figure.source_line)
    cited = known["cite_as"].map(term).isin(names)
    chosen = plotted | (cited & ~known["cite_as"].isin(known.loc[plotted, "cite_as"]))
    own = [_supplied(file, read[file]) for file in sorted(read) if sources.supplied(file) in names]
    return [*known[chosen].to_dict("records"), *own]


def _supplied(file: str, sha256: str) -> dict:
    """A user's own file in the form of a row of sources.csv."""
    title, origin = f"data/{file}, SHA-256 {sha256}", sources.origin(file)
    if origin:
        title += (
            f", made on {origin['imported']} from {origin['file']} (SHA-256 {origin['sha256']}), {origin['vendor'] or 'vendor not told'}, "
            f"{origin['unit_from']}"
        )
    return {
        "source_id": file,
        "cite_as": sources.supplied(file),
        "title": title,
        "url": None,
        "kind": "not checked here",
    }


def _plain(value):
    """Numbers of numpy and pandas as JSON; what is missing as null."""
    if pd.isna(value):
        return None
    return value.item()
