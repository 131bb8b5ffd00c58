"""Sweeps: one figure for many sets of parameters, and the results in one table, sheets of small pictures and one page.

A grid is a YAML file with any of three parts, whose sets are taken together:

    product: {cohort: [star, chinext], fiscal_year: [2019, 2020, 2021]}   # every combination
    zip: {cohort: [star, chinext], fiscal_year: [2019, 2021]}             # first with first, second with second
    list: [{cohort: star, highlight: ["688981"]}]                         # as they stand
"""

import csv
import io
import itertools
import math
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from lib import notebooks
from lib.bundle import folders
from lib.environment import install
from lib.errors import ParameterError, UserError
from lib.paths import OWN_FILE, outputs_dir, read_bounded, swapped_in
from lib.render import inputs, run, warm
from lib.render.manifest import Fault, Manifest
from lib.render.values import read_yaml, yaml_text

PARTS = ("product", "zip", "list")
SHEET = 60  # pictures on a contact sheet
MOST = 10_000  # sets of a grid
TOLD = ("status", "folder", "title", "error")  # what the table says of a set beside its parameters and headline values


def jobs(notebook: Path, grid: Path) -> list[run.Job]:
    """The jobs that a grid asks for, in its order, each once.

    Raises ParameterError, before anything runs, for a file that is no grid and for every wrong name or value in it.
    """
    content = read_yaml(yaml_text(grid), f"{grid}, not a grid")
    if not isinstance(content, dict) or not content or set(content) - set(PARTS):
        raise ParameterError(f"{grid}: a grid has the parts {', '.join(PARTS)}, any of them, and nothing else.")
    if (count := _count(content)) > MOST:
        raise ParameterError(f"{grid}: the grid asks for {count:,} sets of parameters; a sweep has at most {MOST:,}.")
    found: dict[str, run.Job] = {}
    for number, values in enumerate(_sets(content, grid), 1):
        try:
            task = run.Job(notebook, notebooks.check_all(notebook, values))
        except ParameterError as error:
            raise ParameterError(f"{grid}, set {number}: {error}") from None
        found.setdefault(task.folder, task)
    if not found:
        raise ParameterError(f"{grid}: the grid holds no set of parameters.")
    return list(found.values())


def gather(tasks: list[run.Job], name: str, say: Callable[[str], None]) -> Path:
    """Write the sweep's table, sheets of pictures and page, and give their folder, outputs/<figure>/sweep-<name>.

    A table of other sets that was there, of the grid before a change or of another grid with its name, is replaced, and that is said.

    sweep.csv: one row per set, in the grid's order: its parameters, status, the figure's headline values, its folder, and
    the error where it failed. A parameter keeps its name; what has the same name otherwise stands in brackets, as `(title)`.
    """
    entries = Manifest().entries
    parameters = notebooks.declared(tasks[0].notebook)
    status, place, title, error = told = [_beside(parameters, word) for word in TOLD]
    rows, pictures = [], []
    for task in tasks:
        entry = entries.get(task.folder)
        row = {key: " ".join(map(str, v)) if isinstance(v, list) else v for key, v in task.values.items()}
        row |= {
            status: entry.status if entry else "not run",
            place: task.folder,
            title: "",
            error: entry.error.message if entry and entry.error else "",
        }
        folder = outputs_dir() / task.folder
        if row[status] == "done" and (record := folders.record_in(folder, task.name)):
            row |= {_beside([*parameters, *told], number): value for number, value in record["headline"].items()}
            row[title] = record["title"]
            pictures.append((folder / f"{task.name}.pdf", task.folder))
        rows.append(row)
    folder = outputs_dir() / tasks[0].folder.split("/")[0] / f"sweep-{folders.fitting(name, 200)}"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if (before := _gathered(folder, place)) and before != {task.folder for task in tasks}:
        say(f"{folder} had the table of other sets ({len(before):,}); it is replaced. Their bundles stay.")
    try:
        with swapped_in(folder) as stage:
            with (stage / "sweep.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            sheets = _contact_sheets(pictures, stage)
            failed = sum(row[status] != "done" for row in rows)
            _page(
                stage, rows, columns, title=f"{tasks[0].name}, sweep {name}", sheets=sheets, place=place, failed=failed
            )
        for left in {path.name for path in folder.glob("contact-sheet*.png")} - set(sheets):
            (folder / left).unlink()
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror or error}); free it, then call again.") from error
    return folder


def _beside(taken: Collection[str], name: str) -> str:
    """The column for what is called `name`, beside those that are taken."""
    while name in taken:
        name = f"({name})"
    return name


def _gathered(folder: Path, place: str) -> set[str]:
    """The sets of the table that a sweep left in a folder, by its column `place`; none where there is no table to be read."""
    try:
        text = read_bounded(folder / "sweep.csv", OWN_FILE).decode("utf-8")
        return {row[place] for row in csv.DictReader(io.StringIO(text, newline=""))}
    except (OSError, ValueError, KeyError, csv.Error):
        return set()


def on_cluster(
    tasks: list[run.Job], scheduler: str, say: Callable[[str], None], *, force: bool, timeout, memory, cold, workers
) -> bool:
    """Run the sets on a Dask cluster, and store their bundles here as if they had run here; True where all went well.

    The workers need the repo and its requirements. A worker whose notebook, lib or data differ from ours is refused. A set
    whose worker dies runs again on another. `workers` is the cluster's own affair and not used.
    """
    from concurrent.futures import as_completed

    if not tasks[0].promises_bundle:
        raise ParameterError(f"--scheduler: a cluster renders figures only, and {tasks[0].notebook.name} is none.")
    try:
        from distributed import Client

        connection = Client(scheduler, timeout="10s")
    except ImportError:
        raise UserError(f"--scheduler needs Dask; run {install('distributed')}, then call again.") from None
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(
            f"--scheduler {scheduler}: no Dask scheduler answers ({error}); start one, then call again."
        ) from None
    with run.sole_render(say), connection as client:
        manifest = Manifest()
        due = [task for task in tasks if force or manifest.why(task)]
        say(f"{len(tasks) - len(due)} of {len(tasks)} unchanged; {len(client.scheduler_info()['workers'])} workers")
        executor = client.get_executor(pure=False)
        waiting = {executor.submit(_on_worker, task.name, task.values, cold, timeout, memory): task for task in due}
        failed = 0
        for number, done in enumerate(as_completed(waiting), 1):
            outcome, files = _taken_over(waiting[done], *done.result())
            with swapped_in(outputs_dir() / outcome.job.folder) as stage:
                for file, content in files.items():
                    (stage / file).write_bytes(content)
            manifest.record(outcome)
            failed += outcome.error is not None
            say(f"[{number}/{len(due)}] {outcome.sentence() if outcome.error else outcome.job.folder}")
    return not failed


def _on_worker(name: str, values: dict[str, Any], cold: bool, timeout, memory) -> tuple[run.Outcome, dict[str, bytes]]:
    """Run one set where the cluster says; gives the outcome and the bundle's files."""
    task = run.Job(notebooks.find(name), values)
    if not cold and warm.can_fork():
        warm.start([name])
    with tempfile.TemporaryDirectory() as outputs:
        outcome = run.run(task, Path(outputs), cold, timeout, memory)
        files = {path.name: path.read_bytes() for path in (Path(outputs) / task.folder).glob("*") if path.is_file()}
    return outcome, files


def _taken_over(task: run.Job, outcome: run.Outcome, files: dict[str, bytes]) -> tuple[run.Outcome, dict[str, bytes]]:
    """A worker's outcome as ours, refused where the worker ran other inputs than the ones here."""
    outcome.job = task
    read = [name.removeprefix("data/") for name in outcome.inputs if name.startswith("data/")]
    other = inputs.changes(inputs.of(task.notebook, read), outcome.inputs)
    if other and not outcome.error:
        outcome.error = Fault(f"a worker has other inputs: {'; '.join(other)}")
    return outcome, {} if outcome.error else files


def _contact_sheets(pictures: list[tuple[Path, str]], folder: Path) -> list[str]:
    """Small copies of all pictures in rows of four, each under its set's name; on SHEET to a file. Gives the files' names."""
    sheets = {}
    for first in range(0, len(pictures), SHEET):
        name = f"contact-sheet-{first // SHEET + 1}.png" if first else "contact-sheet.png"
        sheets[name] = pictures[first : first + SHEET]
    for name, some in sheets.items():
        _contact_sheet(some, folder / name)
    return list(sheets)


def _contact_sheet(pictures: list[tuple[Path, str]], path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    from lib.bundle import pixels

    width, gap, label = 420, 16, 22
    thumbs = [pixels.raster(file, width) for file, _ in pictures]
    height = max(image.height for image in thumbs) + label
    columns = min(4, len(thumbs))
    lines = math.ceil(len(thumbs) / columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, lines * (height + gap) + gap), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (image, (_, name)) in enumerate(zip(thumbs, pictures, strict=True)):
        x, y = gap + number % columns * (width + gap), gap + number // columns * (height + gap)
        words = name.partition("/")[2] or "defaults"
        draw.text((x, y), words if len(words) < 60 else f"{words[:57]}...", "black", font)
        sheet.paste(image, (x, y + label))
    sheet.save(path)


def _page(folder: Path, rows: list[dict], columns: list[str], **said) -> None:
    environment = Environment(loader=PackageLoader("lib.render"), autoescape=True)
    text = environment.get_template("sweep.html.j2").render(rows=rows, columns=columns, **said)
    (folder / "index.html").write_text(text, encoding="utf-8")


def _count(content: dict) -> int:
    """How many sets a grid asks for; a part that is none of a grid's counts as empty, and is told when it is read."""
    product, paired = _lengths(content.get("product")), _lengths(content.get("zip"))
    listed = content.get("list")
    count = math.prod(product) if product else 0
    return count + max(paired, default=0) + (len(listed) if isinstance(listed, list) else 0)


def _lengths(axes) -> list[int]:
    return [len(values) for values in axes.values() if isinstance(values, list)] if isinstance(axes, dict) else []


def _sets(content: dict, grid: Path):
    """The sets of a grid's parts, as mappings."""
    for part in ("product", "zip"):
        axes = content.get(part) or {}
        if not isinstance(axes, dict) or not all(isinstance(values, list) for values in axes.values()):
            raise ParameterError(f"{grid}, {part}: give each parameter a list of values.")
        if part == "zip" and len({len(values) for values in axes.values()}) > 1:
            raise ParameterError(f"{grid}, zip: the lists must be equally long.")
        combine = itertools.product if part == "product" else zip
        if axes:
            yield from (dict(zip(axes, values, strict=True)) for values in combine(*axes.values()))
    listed = content.get("list") or []
    if not isinstance(listed, list):
        raise ParameterError(f"{grid}, list: give a list of sets, each a mapping of parameters to values.")
    for number, values in enumerate(listed, 1):
        if not isinstance(values, dict):
            raise ParameterError(f"{grid}, list, entry {number}: give a mapping of parameters to values.")
        yield values
