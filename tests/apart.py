"""The command line in a fork of the warm process, for a test that kills it many times: it begins to render without importing anew."""

import contextlib
import multiprocessing
import os
import sys

import psutil

from lib.render import warm


def start(*words):
    """The process of `python -m lib WORDS`, begun; it has the environment of now and says nothing."""
    process = multiprocessing.get_context("forkserver").Process(target=_main, args=(words, dict(os.environ)))
    process.start()
    return process


def running() -> list[psutil.Process]:
    """What the warm process has forked and is still at work: commands, and kernels of those that are gone."""
    from multiprocessing import forkserver

    left = []
    for process in psutil.Process(forkserver._forkserver._forkserver_pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
    return left


def _main(words, env):
    from multiprocessing import forkserver

    from lib.__main__ import main

    warm.stand_apart(env)
    # The warm process that this is a fork of serves it, too; multiprocessing would start another.
    forkserver.ensure_running = forkserver.ForkServer.ensure_running = lambda *_: None
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    main(words)
