"""The warm process, which kernels are forked from. Light, so that it can be started before anything else is imported."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from lib.errors import UserError

DRAWN_FIRST = "FIGURES_DRAWN_FIRST"  # tells the warm process what to draw


def can_fork() -> bool:
    """Whether warm kernels are to be had: a fork server, in a process that may have children."""
    return "forkserver" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon


def start(often: Iterable[str] = ()) -> None:
    """Start the warm process; it imports the packages while the caller goes on.

    often: figures that will be drawn so often that it pays to draw each there once, so that what is looked up for it is kept.
    """
    from multiprocessing import forkserver

    os.environ[DRAWN_FIRST] = " ".join(often)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # runs stand side by side; threads in each get in the way
    multiprocessing.get_context("forkserver").set_forkserver_preload(["lib.render.preload"])
    forkserver.ensure_running()


@contextlib.contextmanager
def helper(cold: bool) -> Iterator[Executor]:
    """Calls functions one after another, in a fork of the warm process, so that the caller need not import what they need.

    Where it is to be `cold`, in a thread.
    """
    if cold:
        pool = ThreadPoolExecutor(1)
    else:
        pool = ProcessPoolExecutor(
            1, multiprocessing.get_context("forkserver"), initializer=stand_apart, initargs=(dict(os.environ),)
        )
    try:
        yield pool
    except BrokenExecutor:
        raise UserError("the helping process was killed; see the machine's memory, then call again.") from None
    finally:
        pool.shutdown(cancel_futures=True)


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
