"""Render figures: what is unchanged is skipped, the rest runs in parallel, each in a Jupyter kernel of its own.

A run's outcome goes into outputs/manifest.json as soon as it is known, so that a broken-off render resumes.
"""

import contextlib
import errno
import functools
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lib import notebooks
from lib.bundle import folders
from lib.errors import DataError, UserError
from lib.paths import ROOT, data_dir, notebooks_dir, outputs_dir
from lib.render import inputs, warm
from lib.render.manifest import Fault, Manifest

MOST_WARNINGS, LONGEST = 100, 2_000  # lines of a run's warnings that are kept, and signs of each and of an error
OFTEN = 8  # runs of one figure, from which on it is drawn once before them
RENDERING = "FIGURES_RENDERING"  # tells a kernel, and what it starts, which outputs folders are being rendered


@dataclass(frozen=True)
class Job:
    """One notebook with one set of parameters, all of them that are known, checked. apart: see `kept_apart`."""

    notebook: Path
    values: dict[str, Any]
    apart: bool = False

    @property
    def name(self) -> str:
        return self.notebook.stem

    @functools.cached_property
    def folder(self) -> str:
        """The bundle's folder below outputs/, with slashes, which also names the job."""
        return folders.folder_of(self.notebook, self.values, self.apart)

    @property
    def identity(self) -> str:
        """What tells the notebook from another of its name: a hash of its path."""
        return hashlib.sha256(os.fsencode(self.notebook)).hexdigest()[:12]

    @property
    def promises_bundle(self) -> bool:
        """Figures promise a bundle; any other notebook only its executed self."""
        return notebooks.is_figure(self.notebook)

    @property
    def files(self) -> list[str]:
        """Names of the files that it leaves in its folder."""
        kinds = folders.FORMATS if self.promises_bundle else ()
        return [self.notebook.name, *(f"{self.name}.{kind}" for kind in kinds)]


@dataclass
class Outcome:
    """What became of a job. error: None where all went well."""

    job: Job
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: Fault | None = None

    def sentence(self) -> str:
        """The error as a user reads it."""
        return f"{self.job.folder}{', ' if self.error.cell else ': '}{self.error}"


def job(word: str, **values) -> Job:
    """The job of rendering the figure `word` (a number, a name or a notebook's path) with the parameters `values`.

    Raises ParameterError for an unknown figure, parameter or value.
    """
    notebook = notebooks.find(word)
    return Job(notebook, notebooks.check_all(notebook, values))


def kept_apart(jobs: Iterable[Job], manifest: Manifest) -> list[Job]:
    """The jobs, each once. Of notebooks that are no figures and share a name, the first on record has the plain folder."""
    owners = {
        folder.split("/")[0].lower(): entry.notebook for folder, entry in manifest.entries.items() if entry.notebook
    }
    found: dict[str, Job] = {}
    for task in jobs:
        first = owners.setdefault(task.folder.split("/")[0].lower(), task.identity)
        if first != task.identity and not task.promises_bundle:
            task = replace(task, apart=True)
        found.setdefault(task.folder, task)
    return list(found.values())


@contextlib.contextmanager
def sole_render(say: Callable[[str], None]) -> Iterator[None]:
    """Hold outputs/ for one render at a time; a second one waits and says so. Clears what a killed render left.

    Raises UserError where outputs/ cannot be written, or is held by the render that this one runs in.
    """
    from filelock import FileLock, Timeout

    outputs = outputs_dir()
    if str(outputs) in os.environ.get(RENDERING, "").split(os.pathsep):
        raise UserError(
            f"a notebook that is being rendered into {outputs} calls for another render into it, which would wait for "
            "ever; name another folder with FIGURES_OUTPUTS."
        )
    lock = FileLock(outputs / ".lock")
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("another render is at work in outputs/; waiting for it to end")
            lock.acquire()
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise UserError(f"cannot write to {outputs} ({error.strerror}); free it, then render again.") from error
        say(f"{outputs} is on a file system without locks; see that no other render writes to it")
    try:
        for pattern in (".run-*", ".publish-*"):
            for left in (*outputs.glob(pattern), *outputs.glob(f"*/{pattern}"), *outputs.glob(f"*/*/{pattern}")):
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
    warm.allow_files()
    if not cold:
        drawn = Counter(task.name for task in jobs if task.promises_bundle)
        warm.start(name for name, times in drawn.items() if times >= OFTEN)
    # While the warm process imports its packages, whatever the runs need here.
    from lib.render import engine

    engine.warm_up()
    for notebook in {task.notebook for task in jobs}:
        inputs.of(notebook, [])
    tables = inputs.of_tables()
    failed, page = [], None
    with warm.Helper(cold) as helper:
        if manifest.tables != tables:
            if problems := helper.call(_problems):
                raise DataError(problems)
            manifest.tables = tables
        if gallery:
            helper.prepare(_prepare_gallery)
        for outcome in run_all(manifest.longest_first(jobs), **options):
            manifest.record(outcome)
            report(outcome)
            if outcome.error:
                failed.append(outcome)
        if gallery:
            page = helper.call(_build_gallery, manifest.whole)
            manifest.gallery_is_built()
    return failed, page


def _problems() -> list[str]:
    from lib import tables  # here and below, since these need pandas

    return tables.check()


def _prepare_gallery() -> None:
    from lib.render import gallery

    gallery.prepare()


def _build_gallery(whole: dict[str, dict[str, str]]) -> Path:
    from lib.render import gallery

    return gallery.build(whole)


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
    running: list = []
    waiting: list = []
    pool = ThreadPoolExecutor(workers)
    try:
        waiting += [pool.submit(run, task, outputs_dir(), cold, timeout, memory, running) for task in list(jobs)]
        for done in as_completed(waiting):
            with contextlib.suppress(CancelledError):
                outcome = done.result()
                yield outcome
                if outcome.error and not keep_going:
                    for other in waiting:
                        other.cancel()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while wait(waiting, timeout=0.05).not_done:  # one may only now come to start its kernel
            for kernel in list(running):
                kernel.kill()
        pool.shutdown(wait=True)


def run(task: Job, outputs: Path, cold=False, timeout=None, memory=None, running: list | None = None) -> Outcome:
    """Run one job in a kernel that publishes below `outputs`; never raises for what the notebook does wrong.

    running: holds the settings of the kernel as long as it runs.
    """
    clock, outcome = time.perf_counter(), Outcome(task)
    folder = outputs / task.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Sockets need short paths, so they are not below outputs.
        sockets = tempfile.TemporaryDirectory(prefix="figures-", dir=warm.sockets_folder(), ignore_cleanup_errors=True)
        # Below its own folder, which may be a link to another disk: from there it is swapped in whole.
        stage = tempfile.TemporaryDirectory(prefix=".run-", dir=folder, ignore_cleanup_errors=True)
        with sockets as runtime, stage as new:
            executed = Path(new) / task.notebook.name
            _execute(
                outcome, executed, outputs, Path(runtime), cold, timeout, memory, [] if running is None else running
            )
            if executed.is_file():
                outcome.warnings = _warnings(executed)
                failed = folder / f"{folders.fitting(task.name, 240)}.failed.ipynb"
                if outcome.error:
                    executed.replace(failed)
                else:
                    outcome.outputs[task.notebook.name] = inputs.file_hash(executed)
                    executed.replace(folder / task.notebook.name)
                    failed.unlink(missing_ok=True)
    except OSError as error:
        outcome.error = Fault(f"cannot write to {folder} ({error.strerror or error}); free it, then render again.")
    except UserError as error:
        outcome.error = Fault(str(error))
    if outcome.error:
        outcome.error = replace(outcome.error, message=_cut(outcome.error.message))
    outcome.seconds = time.perf_counter() - clock
    return outcome


def _execute(
    outcome: Outcome, executed: Path, outputs: Path, runtime: Path, cold, timeout, memory, running: list
) -> None:
    """Run the notebook of an outcome's job to its end, and note what it read and left, or what went wrong."""
    from lib.render import engine, kernels

    task = outcome.job
    receipt = runtime / "receipt"
    env = {
        "FIGURES_OUTPUTS": str(outputs),
        "FIGURES_RECEIPT": str(receipt),
        RENDERING: os.pathsep.join(filter(None, [os.environ.get(RENDERING), str(outputs)])),
    }
    kernel = kernels.Settings(task.notebook.parent, runtime, env, cold, memory)
    expired = threading.Event()
    watch = threading.Timer(timeout or 0, lambda: (expired.set(), kernel.kill()))
    watch.daemon = True
    running.append(kernel)
    try:
        outcome.inputs = inputs.of(task.notebook, [] if task.promises_bundle else inputs.tables_on_disk())
        defaults = notebooks.declared(task.notebook)
        given = {name: value for name, value in task.values.items() if not defaults[name].is_default(value)}
        if timeout:
            watch.start()
        with kernels.using(kernel):
            engine.execute(task.notebook, executed, given, runtime, _folders(outputs) if task.promises_bundle else {})
        if task.promises_bundle:
            _note_bundle(outcome, outputs, receipt)
    except engine.PapermillExecutionError as error:
        outcome.error = _cell_fault(executed, error, memory)
    except (engine.DeadKernelError, RuntimeError) as error:
        # what nbclient and our client raise for a kernel that ended, or never came up
        words = "the kernel died" if isinstance(error, engine.DeadKernelError) else str(error)
        words += f": {said}" if (said := kernel.last_words()) else ""
        words += f"; it may have wanted more than the {memory} MiB that it was given" if memory else ""
        words = f"no end after {timeout:g} s, so it was stopped" if expired.is_set() else words
        outcome.error = Fault(words, _last_started(executed))
    except engine.ValidationError as error:
        outcome.error = Fault(str(error), name=type(error).__name__)
    except UserError as error:
        outcome.error = Fault(str(error))
    finally:
        watch.cancel()
        running.remove(kernel)


#: What the system says of a folder that has no locks. All else that it says of one is that it cannot be written to.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)


def _note_bundle(outcome: Outcome, outputs: Path, receipt: Path) -> None:
    """Add to the outcome what the notebook read, with the hashes as it read it, and what it published, by its receipt.

    Raises UserError for a notebook that ran, but left less than its figure promises.
    """
    lines = receipt.read_text(encoding="utf-8").splitlines() if receipt.is_file() else []
    told = {one["folder"]: one for one in map(json.loads, lines)}
    task = outcome.job
    if task.folder not in told:
        elsewhere = f"; it published {' and '.join(told)}" if told else ""
        raise UserError(f"the notebook ran, but it did not publish {task.folder}{elsewhere}.")
    outcome.outputs |= told[task.folder]["files"]
    outcome.inputs |= {f"data/{name}": sha256 for name, sha256 in told[task.folder]["data"].items()}
    if gone := [name for name in outcome.outputs if not (outputs / task.folder / name).is_file()]:
        raise UserError(f"the notebook ran, but its bundle is not whole: {', '.join(gone)} is gone.")


def _folders(outputs: Path) -> dict[str, str]:
    """Folders of this machine that a figure's notebook may show, inner ones first, with the names to show them by."""
    folders = {
        outputs: "outputs",
        data_dir(): "data",
        notebooks_dir(): "notebooks",
        Path(sys.prefix): ".venv",
        ROOT: ".",
    }
    home = {} if Path.home() == Path("/") else {Path.home(): "~"}
    inner_first = sorted((folders | home).items(), key=lambda item: len(item[0].parts), reverse=True)
    return {str(path): name for path, name in inner_first}


def _cell_fault(executed: Path, error, memory: int | None) -> Fault:
    line = re.findall(r"Cell In\[\d+\], line (\d+)", re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)))
    cell = _in_source(executed, error.cell_index)
    words = error.evalue
    if memory and error.ename == "MemoryError":
        words = f"{words or 'no more memory'}; the kernel was given {memory} MiB beside what it started with"
    return Fault(words, cell, int(line[0]) if line else None, error.ename)


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
    """What the notebook's cells wrote to standard error, a line each; of many the first, and how many more there are."""
    outputs = [
        output for cell in _cells(executed) for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    lines = [line for output in outputs for line in "".join(output["text"]).splitlines() if line.strip()]
    more = len(lines) - MOST_WARNINGS
    left_out = [f"... and {more:,} more lines, which the executed notebook has"] if more > 0 else []
    return [_cut(line) for line in lines[:MOST_WARNINGS]] + left_out


def _cut(words: str) -> str:
    """Words at most LONGEST signs long, with how many more there were."""
    more = len(words) - LONGEST
    return f"{words[:LONGEST]}... and {more:,} more signs" if more > 0 else words
