"""The render engine: what is skipped and why, what fails and how it is told, what a kill leaves behind."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import apart
import psutil
import pytest

from lib import notebooks, paths
from lib.bundle import folders
from lib.errors import DataError, UserError
from lib.paths import ROOT, notebooks_dir
from lib.render import compare, inputs, warm
from lib.render.manifest import Manifest

NAME = "06_hard_tech_fields"


def write(path, *sources, parameters=None):
    cells = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": s, "execution_count": None, "outputs": []}
             for i, s in enumerate(([parameters] if parameters is not None else []) + list(sources))]  # fmt: skip
    if parameters is not None:
        cells[0]["metadata"]["tags"] = ["parameters"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(
        json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8"
    )
    return str(path)


def results(path):
    """The text that each cell of an executed notebook shows."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        "".join("".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in c.get("outputs", []))
        for c in cells
    ]


def manifest(outputs):
    return json.loads((outputs / "manifest.json").read_text(encoding="utf-8"))["figures"]


def left_running(outputs):
    """Command lines of the processes that a render into `outputs` left: all inherit the folder's name."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("FIGURES_OUTPUTS") == str(outputs) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def explain(call, *words):
    done = call("render", "6", "--dry-run", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_is_unchanged_is_skipped_and_what_changed_is_named(call, rendered, data):
    assert explain(call) == f"{NAME}: nothing changed"
    before = (rendered / "manifest.json").read_bytes()
    again = call("render", "6")
    assert "1 of 1 unchanged" in again.stderr and again.stdout == ""
    assert (rendered / "manifest.json").read_bytes() == before

    table = data / "industries.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("Paper,", "Paper mills,"), encoding="utf-8")
    assert explain(call) == f"{NAME}: data/industries.csv changed"
    other = data / "bse_roster.csv"  # not a table of this figure
    other.write_text(other.read_text(encoding="utf-8").replace("IT设备", "IT"), encoding="utf-8")
    assert "bse_roster" not in explain(call)
    assert explain(call, "--force") == f"{NAME}: --force"


def test_edited_and_deleted_outputs_are_noticed_and_remade(call, rendered):
    folder = rendered / NAME
    whole = {kind: (folder / f"{NAME}.{kind}").read_bytes() for kind in folders.FORMATS}
    (folder / f"{NAME}.csv").write_text("edited by hand")
    (folder / f"{NAME}.svg").unlink()
    assert explain(call) == f"{NAME}: outputs/{NAME}/{NAME}.csv was edited; outputs/{NAME}/{NAME}.svg was deleted"
    assert call("render", "6").returncode == 0
    assert {kind: (folder / f"{NAME}.{kind}").read_bytes() for kind in folders.FORMATS} == whole


def test_a_changed_notebook_module_or_package_is_named():
    now = inputs.of(notebooks_dir() / f"{NAME}.ipynb", ["spending.csv"])
    assert {
        "lib/figures/hard_tech_fields.py",
        "lib/rows/cohorts.py",
        "lib/tables/__init__.py",
        "data/spending.csv",
        "pandas",
    } <= set(now)
    assert "lib/figures/rd_against_sm.py" not in now and "lib/render/run.py" not in now
    then = now | {"lib/rows/cohorts.py": "other", "pandas": "3.0.0", "lib/gone.py": "x"}
    assert inputs.changes(then, now) == [
        "lib/gone.py is no longer used", "lib/rows/cohorts.py changed", f"pandas went from 3.0.0 to {now['pandas']}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "%load_ext autoreload\n{}",
        "x = !ls\n{}",
        "!ls\n{}",
        "%%time\n{}",
        "  {}",
        "%time {}",
        "if True:\n    %matplotlib inline\n    {}",
        "print?\n{}",
    ],
)
def test_a_cell_with_ipythons_own_words_hides_no_import_and_no_table(tmp_path, source):
    plain, magic = (tmp_path / name for name in ("plain.ipynb", "magic.ipynb"))
    line = "from lib.figures import hard_tech_fields; hard_tech_fields.tables.load('public_sector')"
    write(plain, line)
    write(magic, source.format(line))
    found = [{name for name in inputs.of(path, []) if "/" in name} for path in (plain, magic)]
    assert found[0] - {"notebooks/plain.ipynb"} == found[1] - {"notebooks/magic.ipynb"}
    assert {"lib/figures/hard_tech_fields.py", "lib/rows/cohorts.py", "data/public_sector.csv"} <= found[1]


def test_tables_that_the_code_names_are_inputs_by_name_file_or_path(tmp_path):
    path = tmp_path / "names.ipynb"
    write(path, "import pandas as pd\npd.read_csv('../data/industries.csv')", "load('bse_roster')", "x = 'claims.csv'")
    tables = {name for name in inputs.of(path, []) if name.startswith("data/")}
    assert tables == {"data/industries.csv", "data/bse_roster.csv", "data/claims.csv"}
    write(path, "%%bash\nfor f in a; do echo; done")  # nothing of lib or data/
    assert not any(name.startswith(("data/", "lib/")) for name in inputs.of(path, []))
    write(path, "1 +")  # what nobody can read may use anything
    found = inputs.of(path, [])
    assert "data/spending.csv" in found and "lib/figures/rd_against_sm.py" in found and "lib/render/run.py" not in found


def test_relative_imports_count(tmp_path):
    package = ROOT / "lib" / "figures"
    for code in (
        "from . import rd_against_sm",
        "from ..figures.rd_against_sm import draw",
        "from .rd_against_sm import draw",
    ):
        assert package / "rd_against_sm.py" in set(inputs._imported(notebooks.parsed(code), package))


def test_a_notebook_that_is_no_figure_leaves_the_gallery_alone_and_says_where_it_is(call, rendered, tmp_path):
    page = rendered / "index.html"
    before = page.read_bytes()
    path = write(tmp_path / "own.ipynb", "1 + 1")
    done = call("render", path)
    assert done.returncode == 0 and done.stdout.strip() == str(rendered / "own" / "own.ipynb")
    assert page.read_bytes() == before
    assert call("render", "6").stdout == ""


def test_the_receipt_decides_whether_a_notebook_published_not_a_clock(call, rendered, tmp_path):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(notebooks_dir(), notebooks)
    path = notebooks / f"{NAME}.ipynb"
    whole = path.read_text(encoding="utf-8")
    ahead = "import os\nfor file in folder.iterdir(): os.utime(file, (0, 0))\n"
    path.write_text(whole.replace('"publish(', json.dumps("folder = publish(")[:-1]).replace(
        '"explore(figure)"', json.dumps(ahead)), encoding="utf-8")  # fmt: skip
    done = call("render", "6", env={"FIGURES_NOTEBOOKS": str(notebooks)})
    assert done.returncode == 0, done.stderr
    path.write_text(whole.replace("size=size\\n", "size='slide'\\n"), encoding="utf-8")
    done = call("render", "6", env={"FIGURES_NOTEBOOKS": str(notebooks)})
    assert done.returncode == 1 and f"it did not publish {NAME}; it published {NAME}/size=slide" in done.stderr
    assert (rendered / NAME / f"{NAME}.failed.ipynb").is_file()


def test_warm_and_cold_kernels_give_the_same_bytes(call, rendered):
    folder = rendered / NAME
    warm = {kind: (folder / f"{NAME}.{kind}").read_bytes() for kind in folders.FORMATS}
    assert call("render", "6", "--force", "--cold").returncode == 0
    assert {kind: (folder / f"{NAME}.{kind}").read_bytes() for kind in folders.FORMATS} == warm


def test_compare_sums_up_what_one_side_alone_has(monkeypatch):
    sides = {Path("old"): {}, Path("new"): dict.fromkeys(f"01_a/year={year}" for year in range(5))}
    monkeypatch.setattr(compare, "Manifest", lambda folder: SimpleNamespace(entries=sides[folder]))
    told = "only in new: 01_a/year=0, 01_a/year=1, 01_a/year=2 and 2 more"
    assert compare.differences(Path("old"), Path("new")) == [told]


def test_compare_names_what_differs(call, rendered, tmp_path, edit):
    old = tmp_path / "old"
    shutil.copytree(rendered, old)
    same = call("render", "6", "--compare", str(old))
    assert same.returncode == 0 and "no figure's data and no claim differs" in same.stdout
    edit("industries", {"industry_en": "Semiconductors and components"}, "hard_tech_field", "")
    changed = call("render", "6", "--compare", str(old))
    assert changed.returncode == 0 and f"{NAME}: highest was" in changed.stdout and "plotted rows" in changed.stdout
    assert call("render", "6", "--compare", str(tmp_path)).returncode == 2
    (tmp_path / "link").symlink_to(rendered)
    itself = call("render", "6", "--compare", str(tmp_path / "link"))
    assert itself.returncode == 2 and "this render writes there" in itself.stderr
    assert call("render", "6", "--dry-run", "--compare", str(old)).returncode == 2


HOSTILE = {
    "endless": (["x = 1", "while True: pass"], "cell 2: no end after 8 s, so it was stopped"),
    "killed": (["import os, signal", "os.kill(os.getpid(), signal.SIGKILL)"], "cell 2: the kernel died"),
    "raises": (["x = 1\n\nraise LookupError('no such thing')"], "cell 1, line 3: LookupError: no such thing"),
    "syntax": (["x = 1", "def ("], "cell 2, line 1: SyntaxError"),
}


def test_hostile_notebooks_are_named_and_the_others_still_render(command, outputs, tmp_path):
    paths = [write(tmp_path / f"{name}.ipynb", *cells) for name, (cells, _) in HOSTILE.items()]
    (tmp_path / "text.ipynb").write_text("this is not JSON")
    good = write(tmp_path / "good.ipynb", "1 + 1")
    done = command("render", *paths, str(tmp_path / "text.ipynb"), good, "--keep-going", "--timeout", "8")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    for name, (_, words) in HOSTILE.items():
        assert f"failed: {name}, {words}" in done.stderr
        assert manifest(outputs)[name]["status"] == "failed"
    assert "failed: text.ipynb is not a notebook" in done.stderr
    assert results(outputs / "good" / "good.ipynb") == ["2"]
    assert (outputs / "raises" / "raises.failed.ipynb").is_file()
    assert left_running(outputs) == []
    resumed = command("render", good, "--explain")
    assert "good: nothing changed" in resumed.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit another process's memory")
def test_a_broken_module_is_named_and_the_other_figures_still_render(command, outputs, tmp_path):
    for name in ("lib", "notebooks", "data"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    shutil.copy(ROOT / "CITATION.cff", tmp_path / "copy")
    module = tmp_path / "copy" / "lib" / "figures" / "hard_tech_fields.py"
    lines = len(module.read_text(encoding="utf-8").splitlines())
    module.write_text(module.read_text(encoding="utf-8") + "def broken(:\n", encoding="utf-8")
    done = command("render", "3", "6", "--keep-going", cwd=tmp_path / "copy")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{NAME}, cell 2, line" in done.stderr and f"hard_tech_fields.py, line {lines + 1}" in done.stderr
    assert "03_who_are_the_93: done" in done.stderr


def test_a_kernel_gets_no_more_memory_than_allowed(call, outputs, tmp_path):
    path = write(tmp_path / "hungry.ipynb", "x = 1", "big = [bytearray(2**20) for _ in range(4000)]")
    done = call("render", path, "--memory", "1500", "--timeout", "60")
    assert done.returncode == 1
    assert "hungry, cell 2" in done.stderr and ("MemoryError" in done.stderr or "1500 MiB" in done.stderr)


def test_of_very_many_warnings_and_of_a_very_long_error_the_manifest_has_the_beginning(call, outputs, tmp_path):
    path = write(
        tmp_path / "own.ipynb", "import sys\nprint('w' * 5_000, *range(999), sep='\\n', file=sys.stderr)", "1 / 0"
    )
    long = write(tmp_path / "long.ipynb", "raise ValueError('e' * 500_000)")
    done = call("render", path, long, "--keep-going")
    assert done.returncode == 1 and len(done.stderr) < 10_000
    entries = manifest(outputs)
    first, *_, last = entries["own"]["warnings"]
    assert len(entries["own"]["warnings"]) == 101 and last == "... and 900 more lines, which the executed notebook has"
    assert first == "w" * 2_000 + "... and 3,000 more signs"
    assert entries["long"]["error"]["message"] == "e" * 2_000 + "... and 498,000 more signs"


def test_without_keep_going_a_failure_is_final_and_told_once(call, outputs, tmp_path):
    path = write(tmp_path / "raises.ipynb", "1 / 0")
    done = call("render", path, "--cold")
    assert done.returncode == 1 and done.stderr.count("ZeroDivisionError") == 1


@pytest.mark.parametrize("cut", [2, 3])
def test_a_figure_that_leaves_too_little_has_failed(call, outputs, tmp_path, cut):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(notebooks_dir(), notebooks)
    path = notebooks / f"{NAME}.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    if cut == 2:
        content["cells"] = [cell for cell in content["cells"] if not "".join(cell["source"]).startswith("publish(")]
    else:
        content["cells"][2]["metadata"]["tags"] = []  # declares nothing
    path.write_text(json.dumps(content), encoding="utf-8")
    done = call("render", "6", env={"FIGURES_NOTEBOOKS": str(notebooks)})
    assert done.returncode == 1
    assert ("it did not publish" if cut == 2 else "no cell tagged 'parameters'") in done.stderr


def test_a_cell_cannot_see_another_runs_state(call, outputs, tmp_path):
    leave = write(
        tmp_path / "leave.ipynb",
        "import builtins, os, pandas\nbuiltins.left = 1\nos.environ['LEFT'] = '1'\npandas.left = 1",
    )
    look = write(
        tmp_path / "look.ipynb",
        "import builtins, os, pandas\n[hasattr(builtins, 'left'), 'LEFT' in os.environ, hasattr(pandas, 'left')]",
    )
    assert call("render", leave, look, "--workers", "1").returncode == 0
    assert results(outputs / "look" / "look.ipynb") == ["[False, False, False]"]


def test_a_kernels_folder_is_the_notebooks_as_in_jupyterlab(call, outputs, tmp_path):
    path = write(tmp_path / "where.ipynb", "import os\nos.getcwd()")
    assert call("render", path).returncode == 0
    assert results(outputs / "where" / "where.ipynb") == [repr(str(tmp_path))]


def test_plots_show_in_a_warm_kernel_as_in_an_ordinary_one(call, outputs, tmp_path):
    path = write(tmp_path / "plot.ipynb", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    for extra in ((), ("--cold", "--force")):
        assert call("render", path, *extra).returncode == 0
        cell = json.loads((outputs / "plot" / "plot.ipynb").read_text(encoding="utf-8"))["cells"][0]
        assert "image/png" in cell["outputs"][-1]["data"]


def test_papermills_ways_of_giving_parameters(call, outputs, tmp_path):
    path = write(tmp_path / "given.ipynb", "[alpha, name, items]", parameters="alpha = 0.6\nname = 'a'\nitems = [1]")
    (tmp_path / "p.yml").write_text("alpha: 0.7\nname: file\n", encoding="utf-8")
    done = call(
        "render",
        path,
        "-f",
        str(tmp_path / "p.yml"),
        "-y",
        "{name: yaml, items: [1, two]}",
        "-p",
        "alpha=0.8",
        "-r",
        "name=007",
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (outputs / "given").iterdir()
    executed = json.loads((folder / "given.ipynb").read_text(encoding="utf-8"))
    assert executed["cells"][1]["metadata"]["tags"] == ["injected-parameters"]
    assert results(folder / "given.ipynb")[-1] == "[0.8, '007', [1, 'two']]"
    for words, message in (
        (("-y", "[1]"), "a YAML mapping is needed"),
        (("-y", "{"), "not YAML"),
        (("-f", "none.yml"), "cannot be read"),
    ):
        done = call("render", path, *words)
        assert done.returncode == 2 and message in done.stderr


def published(outputs):
    """Hashes of the figures' files; what bears a time is read to its end instead."""
    found = {}
    for path in outputs.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(outputs).parts):
            continue
        kind = path.suffix[1:]
        if kind in folders.FORMATS and path.parent != outputs:
            found[path.name] = inputs.file_hash(path)
        elif kind in ("ipynb", "json"):
            json.loads(path.read_text(encoding="utf-8"))
        elif kind == "html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
        elif kind == "zip":
            assert zipfile.ZipFile(path).testzip() is None
    return found


@pytest.mark.slow
@pytest.mark.skipif(not warm.can_fork(), reason="no fork server here")
def test_killed_at_any_moment_every_file_is_whole_and_the_next_run_completes(outputs, call, tmp_path):
    # Enough to be killed between notebooks, within a figure, and in the gallery.
    few = ("render", "3", write(tmp_path / "own.ipynb", "print(1)"))
    assert call(*few).returncode == 0
    start, undisturbed = time.monotonic(), apart.start(*few, "--force")
    undisturbed.join()
    assert undisturbed.exitcode == 0
    lasts, whole = time.monotonic() - start, published(outputs)
    assert len(whole) == len(folders.FORMATS)
    chance, kills = random.Random(93), 0
    while kills < 20:  # every other run finds what the last one left, the rest an empty folder
        if kills % 2:
            shutil.rmtree(outputs)
        process = apart.start(*few, "--force")
        process.join(chance.uniform(0.3, 1) * lasts)  # before, kernels start and nothing is written
        kills += (killed := process.is_alive())
        process.kill()
        process.join()
        end = time.monotonic() + 20
        while (left := apart.running()) and time.monotonic() < end:
            time.sleep(0.05)  # its kernels end when they next look for it
        assert left == []
        assert published(outputs).items() <= whole.items()
        assert killed or process.exitcode == 0
    done = call(*few)
    assert done.returncode == 0, done.stderr
    assert published(outputs) == whole
    assert not Manifest().gallery_is_behind()
    assert not [path for path in outputs.rglob(".*") if path.name != ".lock"]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise DataError(["spending.csv, row 2: wrong"])


@pytest.mark.skipif(not warm.can_fork(), reason="no fork server here")
def test_a_helper_works_apart_tells_what_went_wrong_and_is_gone_afterwards(monkeypatch):
    with warm.Helper(cold=False) as helper:
        monkeypatch.setenv("FIGURES_OUTPUTS", "changed here alone")
        pid = helper.call(os.getpid)
        assert pid != os.getpid() and helper.call(paths.outputs_dir).name != "changed here alone"
        with pytest.raises(DataError, match="row 2: wrong"):
            helper.call(fail)
        helper.prepare(fail)
        assert helper.call(os.getpid) == pid
        for _ in range(2):
            with pytest.raises(UserError, match="'die' broke off; see the machine's memory"):
                helper.call(die)
    assert not psutil.pid_exists(pid)
    with warm.Helper(cold=True) as helper:
        assert helper.call(os.getpid) == os.getpid()


@pytest.mark.slow
def test_two_renders_at_once_both_end_well(outputs):
    words = [sys.executable, "-m", "lib", "render", "5", "6"]
    both = [subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("waiting for it to end" in text for text in told) == 1
    assert sum("2 of 2 unchanged" in text for text in told) == 1
