"""This code beside an older copy of it, in one run on one machine: a full render, and a change in the explorer.

    python benchmarks/before_after.py OLD      # OLD: a folder with the older code, as `git worktree add OLD COMMIT` leaves it

Writes benchmarks/before_after.json, which holds CPU seconds: what else the machine does moves them less than wall time.
Linux only. Figures and their data differ between the two where they have changed.
"""

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from changes import CHANGES  # noqa: E402  (what the tests change)

from lib import notebooks  # noqa: E402

ROUNDS = 5
ADOPT = (
    36  # prctl's number for PR_SET_CHILD_SUBREAPER: processes that outlive their parents become ours, and are counted
)

CHANGE = """
import json, os, statistics, sys, time
from datetime import date
os.environ["JPY_SESSION_NAME"] = "a notebook"
import lib.render.preload
from lib import figures
from lib.explore.panel import Panel
spent = {}
for name, (parameter, values) in json.loads(sys.argv[1]).items():
    panel, times = Panel(figures.build(name)), []
    control = panel.controls[parameter]
    for value in values * 6:
        if isinstance(control.value, tuple):
            value = tuple(value)
        elif isinstance(control.value, date):
            value = date.fromisoformat(value)
        start = time.process_time()
        control.value = value
        times.append(time.process_time() - start)
        assert not panel.view.error, panel.view.error
    spent[name] = statistics.median(times[len(values):])
json.dump(spent, open(sys.argv[2], "w"))
"""


def cpu(tree: Path, *words, **variables) -> float:
    """CPU seconds of a command in the code of `tree`, with all processes that it starts."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    # One thread: on a busy machine, threads wait for one another, and what they wait is no merit or fault of the code.
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(tree), **variables}
    subprocess.run([sys.executable, *words], cwd=tree, env=env, check=True, capture_output=True)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return spent() - before


def _has(tree: Path, name: str, parameter: str) -> bool:
    """Whether the figure is there and has the parameter."""
    notebook = tree / "notebooks" / f"{name}.ipynb"
    return notebook.is_file() and parameter in notebooks.declared(notebook)


def main() -> None:
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    trees = {"before": Path(sys.argv[1]).resolve(), "now": HERE.parent.resolve()}
    changes = {
        name: (parameter.name, [other, parameter.default])
        for name, (parameter, other) in CHANGES.items()
        if _has(trees["before"], name, parameter.name)
    }
    renders, explored = {who: [] for who in trees}, {who: [] for who in trees}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            for who, tree in trees.items():
                outputs, told = Path(folder) / f"{who}{number}", Path(folder) / "told.json"
                renders[who].append(cpu(tree, "-m", "lib", "render", FIGURES_OUTPUTS=str(outputs)))
                cpu(tree, "-c", CHANGE, json.dumps(changes), str(told))
                explored[who].append(json.loads(told.read_text()))
                print(who, round(renders[who][-1], 2), explored[who][-1], flush=True)
    least = {who: {name: min(one[name] for one in rounds) for name in changes} for who, rounds in explored.items()}
    result = {
        "render": {who: round(statistics.median(times), 2) for who, times in renders.items()},
        "explorer": {name: {who: round(least[who][name], 3) for who in trees} for name in changes},
    }
    (HERE / "before_after.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
