"""Whole-process comparisons of the render engine with its peers, all in one run on one machine.

    python benchmarks/run.py [--sets 100] [--out benchmarks/results.json]

Each case runs as a user would run it, in a fresh outputs folder. Measured: wall time, the machine's CPU time, and peak memory
of the process tree (sampled, proportional set size). The floor calls the figures' functions in one warm process, without notebooks.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from importlib.metadata import version
from pathlib import Path

import papermill
import psutil

from lib import notebooks
from lib.paths import ROOT

FIGURES = [path.stem for path in notebooks.figures()]
SWEPT = FIGURES[0]
SNAKEMAKE = "Snakemake with papermill, all cores"
BIN = Path(sys.executable).parent
PLOOMBER = ROOT / ".venv-bench-ploomber" / BIN.name / "python"
PEER_SETS = 20  # how many of a sweep's sets the peers run, spread over all
WEIGH_EVERY = 2.0  # seconds: weighing a process holds it up
ROUNDS = 4  # of the full render: in the first, processes are weighed; of the other three, the median counts
COHORTS, YEARS = ["specialised", "star", "chinext", "all_listed"], [2019, 2020, 2021]
MEASURES = ["log_ratio", "signed_ratio", "difference_over_sum"]
CODES = ["300750", "300760", "300015", "300033", "300124", "300122", "300014", "300274"]


def sets(count: int) -> list[dict]:
    """`count` different sets of parameters for Figure 1."""
    product = itertools.product(CODES, COHORTS, YEARS, MEASURES)
    chosen = [{"cohort": c, "fiscal_year": y, "measure": m, "highlight": [h]} for h, c, y, m in product]
    chosen += [{**s, "highlight": [*s["highlight"], "300498"]} for s in chosen]
    return chosen[:count]


def measured(words: list, outputs: Path, cwd: Path = ROOT, data: Path | None = None, weighing: bool = True) -> dict:
    """Run a command and give wall seconds, the machine's CPU seconds, peak MiB of its process tree, and its exit status."""
    env = {**os.environ, "FIGURES_OUTPUTS": str(outputs), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    env |= {"FIGURES_DATA": str(data)} if data else {}
    env["PLOOMBER_STATS_ENABLED"] = "false"  # no calls home while measuring
    load, peak = os.getloadavg()[0], 0.0
    with tempfile.TemporaryFile() as told:
        spent, start = _cpu(), time.perf_counter()
        process = psutil.Popen([str(word) for word in words], cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=told)
        while process.poll() is None:
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(WEIGH_EVERY if weighing else None)
            peak = max(peak, _weight(process))
        wall, spent = time.perf_counter() - start, _cpu() - spent
        if process.returncode:
            told.seek(0)
            print(told.read().decode(errors="replace")[-600:], file=sys.stderr, flush=True)
    return {"wall": wall, "cpu": spent, "mib": peak / 2**20, "exit": process.returncode, "load": load}


def _cpu() -> float:
    """Seconds that the machine's cores have worked. Asking each process would hold up what keeps all cores busy."""
    times = psutil.cpu_times()
    return times.user + times.system


def _weight(process) -> float:
    """Memory of a process tree in bytes; shared pages count in parts."""
    weight = 0.0
    with contextlib.suppress(psutil.Error, OSError):
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError):
                weight += one.memory_full_info().pss
    return weight


def parameterised(folder: Path, chosen: list[dict]) -> list[Path]:
    """Copies of Figure 1's notebook with their parameters written in, for peers that take none; not timed."""
    paths = []
    for number, values in enumerate(chosen):
        notebook = papermill.iorw.load_notebook_node(str(ROOT / "notebooks" / f"{SWEPT}.ipynb"))
        notebook = papermill.parameterize.parameterize_notebook(notebook, values)
        for cell in notebook.cells:
            cell.get("metadata", {}).pop("papermill", None)
        paths.append(folder / f"set-{number:03d}.ipynb")
        papermill.iorw.write_ipynb(notebook, str(paths[-1]))
    return paths


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def peers(folder: Path, jobs: list[tuple[Path, dict]]) -> dict[str, list]:
    """Commands that run all `jobs` (notebook, parameters), by peer."""
    plain = [path for path, values in jobs if not values] or parameterised(folder, [values for _, values in jobs])
    listed = [(str(path), values) for path, values in jobs]
    flags = [" ".join(f"-y '{json.dumps({k: v})}'" for k, v in values.items()) for _, values in jobs]
    lines = [
        f"papermill --no-progress-bar {path} {folder}/out-{i}.ipynb {flag}"
        for i, ((path, _), flag) in enumerate(zip(jobs, flags, strict=True))
    ]
    convert = [
        f"jupyter nbconvert --to notebook --execute --output-dir {folder} --output conv-{i} {path}"
        for i, path in enumerate(plain)
    ]
    rules = "\n".join(
        f"rule job{i}:\n    input: '{path}', DATA\n    output: '{folder}/snake-{i}.ipynb'\n    shell: \"papermill --no-progress-bar {path} {{output}} {flag.replace(chr(34), chr(92) + chr(34)).replace('{', '{{').replace('}', '}}')}\""
        for i, ((path, _), flag) in enumerate(zip(jobs, flags, strict=True))
    )
    snake = f"import glob\nDATA = glob.glob('{ROOT}/data/*.csv')\nrule all:\n    input: {[f'{folder}/snake-{i}.ipynb' for i in range(len(jobs))]}\n{rules}\n"
    return {
        "papermill command line, in a loop": ["bash", script(folder, "loop.sh", "set -e\n" + "\n".join(lines))],
        "papermill API, in a loop": [sys.executable, script(folder, "api.py", f"""\
            import papermill
            for i, (path, values) in enumerate({listed!r}):
                papermill.execute_notebook(path, f'{folder}/api-{{i}}.ipynb', values, progress_bar=False)
            """)],
        "jupyter nbconvert --execute, in a loop": ["bash", script(folder, "convert.sh", "set -e\n" + "\n".join(convert))],
        "ploomber-engine, in one process": [PLOOMBER, script(folder, "ploomber.py", f"""\
            import base64, os, traceback
            from ploomber_engine import execute_notebook
            from lib.figure import Figure
            as_bytes = Figure._repr_png_  # which it puts into the notebook as they are, and then fails on
            Figure._repr_png_ = lambda figure: base64.b64encode(as_bytes(figure)).decode()
            status = 0
            try:
                for i, (path, values) in enumerate({listed!r}):
                    execute_notebook(path, f'{folder}/ploomber-{{i}}.ipynb', parameters=values or None, progress_bar=False)
            except BaseException:
                traceback.print_exc()
                status = 1
            os._exit(status)  # its shell's history thread does not end by itself
            """)],
        SNAKEMAKE: ["snakemake", "--cores", "all", "--quiet", "all", "--snakefile",
                                                script(folder, "Snakefile", snake), "--directory", folder],
    }  # fmt: skip


FLOOR = """\
    import json, sys, time
    import lib.render.preload
    from lib import figures
    from lib.bundle.publish import publish
    jobs = json.load(open(sys.argv[1]))
    start = time.perf_counter()
    for name, values in jobs:
        publish(figures.build(name, **values))
    json.dump(time.perf_counter() - start, open(sys.argv[2], 'w'))
    """


def floor(folder: Path, jobs: list[tuple[str, dict]], **options) -> dict:
    """The figures' functions in one warm process: the time after start-up."""
    (folder / "jobs.json").write_text(json.dumps(jobs))
    found = measured(
        [sys.executable, script(folder, "floor.py", FLOOR), folder / "jobs.json", folder / "floor.json"],
        folder / "floor",
        **options,
    )
    found["wall"] = json.loads((folder / "floor.json").read_text())
    return found


#: `python -m lib` as it is, but for the gallery, which the peers do not build.
BARE = """\
    if __name__ == "__main__":  # the warm process reads this file, too
        from lib.__main__ import main
        from lib.render import run
        work = run.work
        run.work = lambda *arguments, gallery, **options: work(*arguments, gallery=False, **options)
        main(prog_name="python -m lib")
    """


def ours(folder: Path, *words, **options) -> dict:
    return measured([sys.executable, "-m", "lib", *words], folder / "ours", **options)


def full(folder: Path, **options):
    """Who renders all figures into an empty `folder`, and what was measured of it."""
    jobs = [(ROOT / "notebooks" / f"{figure}.ipynb", {}) for figure in FIGURES]
    yield "ours", ours(folder, "render", **options)
    bare = [sys.executable, script(folder, "bare.py", BARE), "render"]
    yield "ours, without the gallery", measured(bare, folder / "bare", **options)
    yield "floor", floor(folder, [(figure, {}) for figure in FIGURES], **options)
    for who, words in peers(folder, jobs).items():
        yield who, measured(words, folder / "peer", **options)


def median(rounds: list[dict]) -> dict:
    """The round in the middle by wall time of those without weighing, with the peak of the one with it."""
    weighed, *others = rounds
    middle = sorted(others or rounds, key=lambda found: found["wall"])[len(others) // 2]
    return middle | {"mib": weighed["mib"], "exit": max(found["exit"] for found in rounds)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sets", type=int, default=100, help="sets of the sweep")
    arguments.add_argument(
        "--growth", type=int, nargs="*", default=[10, 30, 100, 300], help="sets to see how cost grows"
    )
    arguments.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results.json")
    chosen = arguments.parse_args()
    asked = [PLOOMBER, "-c", "from importlib.metadata import version; print(version('ploomber-engine'))"]
    ploomber = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    results: dict = {"machine": {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version(),
                                 "figures": len(FIGURES),
                                 **{name: version(name) for name in ("papermill", "nbconvert", "snakemake")},
                                 "ploomber-engine": ploomber.strip()}}  # fmt: skip

    def note(case: str, who: str, found: dict, sets: int = 1) -> None:
        """Keep a result at once, so that a run that is cut short keeps what it has."""
        results.setdefault(case, {})[who] = {key: round(value, 2) for key, value in found.items()} | {"sets": sets}
        print(
            f"{case} | {who} | {found['wall']:.1f} s, CPU {found['cpu']:.1f} s, {found['mib']:.0f} MiB, exit {found['exit']}",
            flush=True,
        )
        chosen.out.write_text(json.dumps(results, indent=1) + "\n")

    rounds: dict[str, list[dict]] = {}
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            for who, one in full(Path(name), weighing=number == 0):
                rounds.setdefault(who, []).append(one)
                note("full", who, median(rounds[who]))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        snakemake = peers(folder, [(ROOT / "notebooks" / f"{figure}.ipynb", {}) for figure in FIGURES])[SNAKEMAKE]
        ours(folder, "render")
        measured(snakemake, folder / "peer")
        note("unchanged", SNAKEMAKE, measured(snakemake, folder / "peer"))
        note("unchanged", "ours", ours(folder, "render"))
        data = folder / "data"
        shutil.copytree(ROOT / "data", data)
        ours(folder, "render", data=data)
        table = data / "bse_roster.csv"
        table.write_text(table.read_text(encoding="utf-8").replace("IT设备", "IT", 1), encoding="utf-8")
        note("one row of the roster changed", "ours", ours(folder, "render", data=data))
        table = data / "spending.csv"
        table.write_text(
            table.read_text(encoding="utf-8").replace("rd_confirmed,", "rd_confirmed,x", 1), encoding="utf-8"
        )
        note("one row of spending changed", "ours", ours(folder, "render", data=data))
    for count in dict.fromkeys([chosen.sets, *chosen.growth]):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            grid = Path(name) / "grid.yml"
            grid.write_text(json.dumps({"list": sets(count)}), encoding="utf-8")
            found = ours(Path(name), "sweep", SWEPT, grid)
        if count == chosen.sets:
            note("sweep", "ours", found, count)
        if count in chosen.growth:
            note("growth", f"ours, {count} sets", found, count)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        note("sweep", "floor", floor(folder, [(SWEPT, values) for values in sets(chosen.sets)]), chosen.sets)
        fewer = min(PEER_SETS, chosen.sets)
        few = [
            (ROOT / "notebooks" / f"{SWEPT}.ipynb", values)
            for values in sets(chosen.sets)[:: chosen.sets // fewer][:fewer]
        ]
        for who, words in peers(folder, few).items():
            note("sweep", who, measured(words, folder / "peer"), fewer)


if __name__ == "__main__":
    main()
