"""Render figures: what is unchanged is skipped, the rest runs in parallel, each in a Jupyter kernel of its own.

A run's outcome goes into outputs/manifest.json as soon as it is known, so that a broken-off render resumes.
"""

import contextlib
import functools
import json
import logging
import math
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import notebooks, parameters
from lib.bundle import folders
from lib.errors import DataError, UserError
from lib.paths import data_dir, outputs_dir
from lib.render import inputs, warm

OFTEN = 8  # runs of one figure, from which on it is drawn once before them


@dataclass(frozen=True)
class Job:
    """One notebook with one set of parameters, all of them, checked."""

    notebook: Path
    values: dict[str, Any]

    @property
    def name(self) -> str:
        return self.notebook.stem

    @functools.cached_property
    def slot(self) -> str:
        """The bundle's folder below outputs/, which also names the job."""
        return folders.folder_of(self.notebook, self.values)

    @property
    def promises_bundle(self) -> bool:
        """Figures promise a bundle; any other notebook only its executed self."""
        return self.notebook.stem in {path.stem for path in notebooks.figures()}


@dataclass
class Outcome:
    """What became of a job. error: cell (as counted in the notebook), line, name, message; None where all went well."""

    job: Job
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: dict | None = None

    def sentence(self) -> str:
        """The error as a user reads it."""
        place = f", cell {self.error['cell']}" if self.error.get("cell") else ""
        place += f", line {self.error['line']}" if self.error.get("line") else ""
        name = f"{self.error['name']}: " if self.error["name"] else ""
        return f"{self.job.slot}{place}: {name}{self.error['message']}"


def job(word: str, **values) -> Job:
    """The job of rendering the figure `word` (a number, a name or a notebook's path) with the parameters `values`.

    Raises ParameterError for an unknown figure, parameter or value.
    """
    notebook = notebooks.find(word)
    return Job(notebook, notebooks.check_all(notebook, values))


class Manifest:
    """outputs/manifest.json: for each slot what went in, what came out and how it went."""

    def __init__(self):
        self.path = outputs_dir() / "manifest.json"
        self._lock = threading.Lock()
        try:
            self.content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.content = {"tables": {}, "figures": {}}

    def why(self, task: Job) -> list[str]:
        """Why the job must run, in words; empty where its outputs are those of the inputs as they are now."""
        entry = self.content["figures"].get(task.slot)
        if entry is None:
            return ["not rendered yet"]
        if entry["status"] != "done":
            return ["the last run failed"]
        read = [name.removeprefix("data/") for name in entry["inputs"] if name.startswith("data/")]
        reasons = inputs.changes(entry["inputs"], inputs.of(task.notebook, read))
        if entry["parameters"] != task.values:
            reasons.append("a default parameter changed")
        folder = outputs_dir() / task.slot
        for file, sha256 in entry["outputs"].items():
            found = inputs.file_hash(folder / file)
            if found != sha256:
                reasons.append(f"outputs/{task.slot}/{file} was {'edited' if found else 'deleted'}")
        return reasons

    def longest_first(self, jobs: list[Job]) -> list[Job]:
        """The jobs in the order that leaves no long one to run alone at the end: by their last run, before it by size."""

        def length(task: Job) -> tuple[float, int]:
            entry = self.content["figures"].get(task.slot, {"seconds": math.inf})
            return entry["seconds"], task.notebook.stat().st_size

        return sorted(jobs, key=length, reverse=True)

    def record(self, outcome: Outcome) -> None:
        """Store what became of a job, at once."""
        self.content["figures"][outcome.job.slot] = {
            "figure": outcome.job.name,
            "parameters": outcome.job.values,
            "status": "failed" if outcome.error else "done",
            "error": outcome.error,
            "warnings": outcome.warnings,
            "inputs": outcome.inputs,
            "outputs": outcome.outputs,
            "rendered": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(outcome.seconds, 1),
        }
        self.save()

    def save(self) -> None:
        """Write the manifest, whole or not at all."""
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_text(
                json.dumps(self.content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
            )
            new.replace(self.path)


def tables_on_disk() -> list[str]:
    """Names of the files in data/ that a notebook may read: the tables, and users' own cohorts."""
    files = [path for path in data_dir().glob("*") if path.suffix in (".csv", ".json")]
    files += parameters.own_cohorts().values()
    return sorted(path.relative_to(data_dir()).as_posix() for path in files)


@contextlib.contextmanager
def sole_render(say: Callable[[str], None]) -> Iterator[None]:
    """Hold outputs/ for one render at a time; a second one waits and says so. Clears what a killed render left."""
    from filelock import FileLock, Timeout

    outputs_dir().mkdir(parents=True, exist_ok=True)
    lock = FileLock(outputs_dir() / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another render is at work in outputs/; waiting for it to end")
        lock.acquire()
    try:
        for pattern in (".run-*", "**/.publish-*", "**/.gallery-*"):
            for left in outputs_dir().glob(pattern):
                shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def work(
    jobs: list[Job], manifest: Manifest, report: Callable[[Outcome], None], *, gallery: bool, **options
) -> tuple[list[Outcome], Path | None]:
    """Check the tables, render `jobs` (options as of `run_all`), record and report each, and build the gallery if asked to.

    Gives the outcomes that failed, and the gallery's first page. Raises DataError for broken tables; then nothing is rendered.
    """
    cold = options["cold"] or not warm.can_fork()
    if not cold:
        drawn = Counter(task.name for task in jobs if task.promises_bundle)
        warm.start(name for name, times in drawn.items() if times >= OFTEN)
    # While the warm process imports its packages, whatever the runs need here.
    from lib.render import engine

    engine.warm_up()
    for notebook in {task.notebook for task in jobs}:
        inputs.of(notebook, [])
    # Users' own cohorts are not among what is checked here: a broken one concerns only the calls that use it.
    tables = {name: inputs.file_hash(data_dir() / name) for name in tables_on_disk() if "/" not in name}
    failed, page = [], None
    with warm.Helper(cold) as helper:
        if manifest.content["tables"] != tables:
            if problems := helper.call(_problems):
                raise DataError(problems)
            manifest.content["tables"] = tables
        if gallery:
            helper.prepare(_prepare_gallery)
        for outcome in run_all(manifest.longest_first(jobs), **options):
            manifest.record(outcome)
            report(outcome)
            if outcome.error:
                failed.append(outcome)
        if gallery:
            page = helper.call(_build_gallery)
    return failed, page


def _problems() -> list[str]:
    from lib import tables  # here and below, since these need pandas

    return tables.check()


def _prepare_gallery() -> None:
    from lib.render import gallery

    gallery.prepare()


def _build_gallery() -> Path:
    from lib.render import gallery

    return gallery.build()


def gallery_is_behind() -> bool:
    """Whether the gallery is missing, or older than the last run on record, as where a render was killed before it."""
    page, manifest = (outputs_dir() / name for name in ("index.html", "manifest.json"))
    return manifest.exists() and (not page.exists() or page.stat().st_mtime_ns < manifest.stat().st_mtime_ns)


def run_all(
    jobs: Iterable[Job],
    *,
    workers: int = 1,
    cold: bool = False,
    timeout: float | None = None,
    memory: int | None = None,
    keep_going: bool = False,
) -> Iterator[Outcome]:
    """Run jobs in parallel and give each outcome as it comes; after a failure no new job starts, unless `keep_going`.

    timeout: seconds for a whole notebook; memory: MiB for its kernel (Linux). On an exception or when the caller stops
    iterating, running kernels are killed.
    """
    for name in ("papermill", "traitlets"):  # what goes wrong is told once, in the outcome
        logging.getLogger(name).setLevel(logging.CRITICAL)
    seats: list = []
    pool = ThreadPoolExecutor(workers)
    try:
        waiting = [pool.submit(run, task, outputs_dir(), cold, timeout, memory, seats) for task in list(jobs)]
        for done in as_completed(waiting):
            with contextlib.suppress(CancelledError):
                outcome = done.result()
                yield outcome
                if outcome.error and not keep_going:
                    for other in waiting:
                        other.cancel()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for place in list(seats):
            place.kill()
        pool.shutdown(wait=True)


def run(task: Job, outputs: Path, cold=False, timeout=None, memory=None, seats: list | None = None) -> Outcome:
    """Run one job in a kernel that publishes below `outputs`; never raises for what the notebook does wrong."""
    from lib.render import engine, kernels

    started, clock = time.time_ns(), time.perf_counter()
    folder = outputs / task.slot
    outcome = Outcome(task, inputs.of(task.notebook, [] if task.promises_bundle else tables_on_disk()))
    place = kernels.Seat(task.notebook.parent, {"FIGURES_OUTPUTS": str(outputs)}, cold, memory)
    expired = threading.Event()
    watch = threading.Timer(timeout or 0, lambda: (expired.set(), place.kill()))
    watch.daemon = True
    seats = [] if seats is None else seats
    seats.append(place)
    # Sockets need short paths, so they are not below outputs.
    sockets = tempfile.TemporaryDirectory(prefix="figures-")
    with sockets as runtime, tempfile.TemporaryDirectory(prefix=".run-", dir=outputs) as stage, kernels.seat(place):
        executed = Path(stage) / task.notebook.name
        try:
            if timeout:
                watch.start()
            defaults = notebooks.declared(task.notebook)
            given = {name: value for name, value in task.values.items() if value != defaults[name].default}
            engine.execute(task.notebook, executed, given, Path(runtime))
            if task.promises_bundle:
                _require_bundle(task, folder, started)
        except engine.PapermillExecutionError as error:
            outcome.error = _cell_error(executed, error)
        except (engine.DeadKernelError, RuntimeError) as error:
            # nbclient's words for a kernel that ended, or never came up
            if expired.is_set():
                words = f"no end after {timeout:g} s, so it was stopped"
            elif isinstance(error, engine.DeadKernelError):
                words = "the kernel died" + (
                    f"; it may have wanted more than the {memory} MiB it had" if memory else ""
                )
            else:
                words = str(error)
            outcome.error = {"cell": _last_started(executed), "line": None, "name": "", "message": words}
        except UserError as error:
            outcome.error = {"cell": None, "line": None, "name": "", "message": str(error)}
        except engine.ValidationError as error:
            outcome.error = {"cell": None, "line": None, "name": type(error).__name__, "message": str(error)}
        finally:
            watch.cancel()
            seats.remove(place)
        if executed.is_file():
            outcome.warnings = _warnings(executed)
            folder.mkdir(parents=True, exist_ok=True)
            failed = folder / f"{task.name}.failed.ipynb"
            executed.replace(failed if outcome.error else folder / task.notebook.name)
            if not outcome.error:
                failed.unlink(missing_ok=True)
                _note_files(outcome, folder)
    outcome.seconds = time.perf_counter() - clock
    return outcome


def _require_bundle(task: Job, folder: Path, started: int) -> None:
    """Fail a notebook that ran, but left less than its figure promises."""
    missing = folders.faults(folder, task.name)
    if (
        not missing and (folder / f"{task.name}.json").stat().st_mtime_ns < started - 10**8
    ):  # clocks of files run behind
        missing = ["the notebook did not publish"]
    if missing:
        raise UserError(f"the notebook ran, but its bundle is not whole: {'; '.join(missing)}")


def _note_files(outcome: Outcome, folder: Path) -> None:
    """Add to the outcome what the notebook read, with the hashes as it read it, and what it left."""
    files = [outcome.job.notebook.name]
    if outcome.job.promises_bundle:
        files += [f"{outcome.job.name}.{kind}" for kind in folders.FORMATS]
        record = json.loads((folder / f"{outcome.job.name}.json").read_text(encoding="utf-8"))
        outcome.inputs |= {f"data/{name}": sha256 for name, sha256 in record["data"].items()}
    outcome.outputs = {name: inputs.file_hash(folder / name) for name in files}


def _cell_error(executed: Path, error) -> dict:
    line = re.findall(r"Cell In\[\d+\], line (\d+)", re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)))
    return {
        "cell": _in_source(executed, error.cell_index),
        "line": int(line[0]) if line else None,
        "name": error.ename,
        "message": error.evalue,
    }


def _last_started(executed: Path) -> int | None:
    """The cell that was running when the kernel went, as counted in the source notebook."""
    begun = [i for i, cell in enumerate(_cells(executed)) if cell["metadata"].get("papermill", {}).get("start_time")]
    return _in_source(executed, begun[-1]) if begun else None


def _in_source(executed: Path, index: int) -> int:
    """The number, from 1, that a run's cell has in the source notebook, which lacks the parameters that papermill put in."""
    return sum("injected-parameters" not in cell["metadata"].get("tags", []) for cell in _cells(executed)[: index + 1])


def _cells(executed: Path) -> list[dict]:
    """The cells as they ran, without those in which papermill shows an error."""
    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):
        return []
    return [cell for cell in cells if "papermill-error-cell-tag" not in cell["metadata"].get("tags", [])]


def _warnings(executed: Path) -> list[str]:
    """What the notebook's cells wrote to standard error, a line each."""
    outputs = [
        output for cell in _cells(executed) for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    return [line for output in outputs for line in "".join(output["text"]).splitlines() if line.strip()]
