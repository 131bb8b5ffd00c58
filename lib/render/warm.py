"""The warm process, which kernels are forked from. Light, so that it can be started before anything else is imported."""

import contextlib
import multiprocessing
import multiprocessing.util
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lib.errors import UserError

DRAWN_FIRST = "FIGURES_DRAWN_FIRST"  # tells the warm process what to draw
OWN_FOLDER = "FIGURES_WARM_FOLDER"  # tells it which folder to remove at its end, should the render have been killed
PRELOADED = ["lib.render.preload"]  # modules that the warm process imports
FILES = 256  # open at once in a render with a few workers
#: For kernels, warm or cold: they stand side by side, so threads within each only get in the way.
THREADS = ("OPENBLAS_NUM_THREADS", "1")


def can_fork() -> bool:
    """Whether warm kernels are to be had: a fork server, in a process that may have children."""
    return "forkserver" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon


def start(often: Iterable[str] = ()) -> None:
    """Start the warm process; it imports the packages while the caller goes on.

    often: figures that will be drawn so often that it pays to draw each there once, so that what is looked up for it is kept.
    """
    from multiprocessing import forkserver

    os.environ[DRAWN_FIRST] = " ".join(often)
    os.environ.setdefault(*THREADS)
    tempfile.tempdir = str(sockets_folder())
    os.environ[OWN_FOLDER] = multiprocessing.util.get_temp_dir()
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def allow_files() -> None:
    """Raise this process's limit of open files as far as the system lets it; UserError where that is too low to render."""
    if os.name == "nt":
        return
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if wanted < FILES:
        raise UserError(
            f"a render needs {FILES} open files, and this session allows {most}; raise it: `ulimit -n {FILES}`."
        )


def sockets_folder() -> Path:
    """A folder for temporary files with a path short enough for sockets below it. Raises UserError where there is none."""
    folders = dict.fromkeys((tempfile.gettempdir(), "/tmp"))
    for folder in folders:
        if os.name == "nt" or (len(os.fsencode(folder)) <= 60 and os.access(folder, os.W_OK)):
            return Path(folder)
    raise UserError(
        f"the path {tempfile.gettempdir()} is too long for sockets; set TMPDIR to a folder with a shorter one."
    )


class Helper:
    """Calls functions one after another in a fork of the warm process, so that the caller need not import what they need.

    Where it is `cold`, here. As a context manager, it ends with the block, whatever it is doing.
    """

    def __init__(self, cold: bool):
        self._process = None
        if cold:
            return
        context = multiprocessing.get_context("forkserver")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_help, args=(there, dict(os.environ)))
        self._process.start()
        there.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.kill()
            self._process.join()
            self._here.close()

    def prepare(self, function: Callable[[], Any]) -> None:
        """Have `function` called beside what goes on here, for what it leaves in the helper; not where it is cold."""
        with contextlib.suppress(BrokenPipeError):  # the next call tells
            if self._process:
                self._here.send((function, (), False))

    def call(self, function: Callable, *arguments) -> Any:
        """The result of `function`; raises what it raises, and UserError where the helper was killed."""
        if not self._process:
            return function(*arguments)
        try:
            self._here.send((function, arguments, True))
            well, result = self._here.recv()
        except (EOFError, OSError):
            task = function.__name__.strip("_").replace("_", " ")
            raise UserError(f"the process for '{task}' broke off; see the machine's memory, then call again.") from None
        if not well:
            raise result
        return result


def _help(there: Connection, env: dict[str, str]) -> None:
    """The life of a helper."""
    stand_apart(env)
    with contextlib.suppress(EOFError):  # the caller is gone
        while True:
            function, arguments, asked = there.recv()
            try:
                answer = True, function(*arguments)
            except Exception as error:
                answer = False, error
            if asked:
                there.send(answer)


def stand_apart(env: dict[str, str], sockets: Path | None = None) -> None:
    """Make this forked process a group of its own, which ends with the render, however it ends, and takes `sockets` with it.

    env: its environment, since the warm process may be older than the caller's.
    """
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    threading.Thread(target=_end_with_parent, args=(sockets,), daemon=True).start()


def _end_with_parent(sockets: Path | None) -> None:
    multiprocessing.parent_process().join()
    if sockets:
        shutil.rmtree(sockets, ignore_errors=True)
    os.killpg(os.getpid(), signal.SIGKILL)


@contextlib.contextmanager
def without(*packages: str):
    """Imports inside the block go without `packages`, unless they are there already: what is imported can do so, too."""
    absent = set(packages) - sys.modules.keys()
    sys.modules.update(dict.fromkeys(absent))  # Python's way to say that there is no such module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
