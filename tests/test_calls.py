"""The command line in odd places: disks, signals, streams, settings, and own files that somebody changed."""

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import interruptible
from test_engine import left_running, results, write

from lib import __main__ as line
from lib.bundle import folders
from lib.errors import UserError
from lib.paths import ROOT, notebooks_dir
from lib.render import gallery, run, warm
from lib.render.manifest import Manifest

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks what only Linux has")
NAME = "03_who_are_the_93"
PYTHON = [sys.executable, "-m", "lib"]


def sentence(done, words, status=1):
    assert done.returncode == status and words in done.stderr and "Traceback" not in done.stderr, done.stderr


# Own files


@pytest.mark.parametrize("text", ["[]", "null", "{", "5", "[" * 5000, '{"figures": []}', '{"figures": 5, "tables": 3}'])
def test_a_manifest_that_is_none_counts_as_absent(call, rendered, text):
    (rendered / "manifest.json").write_text(text, encoding="utf-8")
    done = call("render", "3", "--dry-run")
    assert done.returncode == 0 and done.stdout.strip() == f"{NAME}: not rendered yet", done.stderr
    assert "figures" in text or "manifest.json cannot be read" in done.stderr


@pytest.mark.parametrize("spoil", [{"status": 5}, {"inputs": None}, {"outputs": {"a": 1}}, {"error": 3}, None])
def test_an_entry_that_is_none_of_ours_is_named_and_remade(call, rendered, spoil):
    path = rendered / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["figures"][NAME] = content["figures"][NAME] | spoil if spoil else {}
    path.write_text(json.dumps(content), encoding="utf-8")
    done = call("render", "3")
    assert done.returncode == 0 and f"what it says of {NAME} is damaged" in done.stderr
    assert call("render", "3").stderr.strip() == "1 of 1 unchanged"


def test_an_entry_that_names_too_few_files_or_another_kind_of_file_is_not_believed(rendered):
    manifest, job = Manifest(), run.job("3")
    assert manifest.why(job) == []
    entry = manifest.entries[NAME]
    entry.outputs.pop(f"{NAME}.png")
    assert manifest.why(job) == ["its files are not all on record"]
    entry.inputs["data//dev/zero"] = "endless"
    assert "data//dev/zero changed" in manifest.why(job)


@pytest.mark.parametrize(
    "spoil", [lambda r: {}, lambda r: [], lambda r: r | {"files": {}}, lambda r: r | {"files": 5}, lambda r: r | {"notes": 5}, lambda r: r | {"layout": 5},
              lambda r: r | {"claims": [{}]}, lambda r: r | {"parameters": None}, lambda r: r | {"data": []},
              lambda r: r | {"sources": 3}, lambda r: r | {"left_out": {"a": "b"}}]
)  # fmt: skip
def test_a_record_that_is_none_of_ours_is_said_on_its_page_and_breaks_no_gallery(rendered, spoil):
    path = rendered / NAME / f"{NAME}.json"
    path.write_text(json.dumps(spoil(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    page = gallery.build().parent / NAME / "index.html"
    assert "There is nothing to show" in page.read_text(encoding="utf-8")


def test_compare_says_what_it_cannot_compare(call, rendered, tmp_path):
    old = Path(shutil.copytree(rendered, tmp_path / "old"))
    (old / NAME / f"{NAME}.json").unlink()
    done = call("render", "3", "--compare", str(old))
    assert done.returncode == 0 and f"{old / NAME} is not whole, so it is not compared" in done.stdout
    (old / "manifest.json").write_text("[]", encoding="utf-8")
    sentence(call("render", "3", "--compare", str(old)), "no manifest.json of a render", 2)


@pytest.mark.parametrize("key", ["headline", "claims", "title", "data"])
def test_compare_says_which_record_lacks_a_part(call, rendered, tmp_path, key):
    old = Path(shutil.copytree(rendered, tmp_path / "old"))
    path = old / NAME / f"{NAME}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({word: part for word, part in record.items() if word != key}), encoding="utf-8")
    done = call("render", "3", "--compare", str(old))
    assert done.returncode == 0 and f"{old / NAME} is not whole, so it is not compared" in done.stdout


def test_compare_says_where_a_table_that_its_record_vouches_for_is_none(call, rendered, tmp_path):
    old = Path(shutil.copytree(rendered, tmp_path / "old"))
    path = old / NAME / f"{NAME}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    (old / NAME / f"{NAME}.csv").write_bytes(b"\xff")
    record["files"][f"{NAME}.csv"] = hashlib.sha256(b"\xff").hexdigest()
    path.write_text(json.dumps(record), encoding="utf-8")
    done = call("render", "3", "--compare", str(old))
    assert done.returncode == 0 and f"{NAME}.csv is no table of this project's" in done.stdout


def test_an_outputs_folder_that_is_not_there_is_told_before_anything_is_rendered(call, outputs, tmp_path):
    sentence(call("render", "3", "--compare", str(tmp_path / "none")), "no manifest.json of a render", 2)
    assert not outputs.exists()


# Files that are none


@linux
@pytest.mark.parametrize("path", ["/dev/zero", "pipe"])
def test_what_has_no_end_or_no_writer_is_a_wrong_call(call, outputs, tmp_path, path):
    os.mkfifo(tmp_path / "pipe")
    path = str(tmp_path / path)
    for words in (["render", "3", "-f", path], ["sweep", "3", path]):
        sentence(call(*words), f"{path} cannot be read (it is no plain file)", 2)
    (tmp_path / "own.ipynb").symlink_to(path)
    sentence(call("render", str(tmp_path / "own.ipynb")), "there is no figure", 2)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").symlink_to(path)
    sentence(call("render", "3", "--compare", str(tmp_path / "old")), "no manifest.json of a render", 2)


@linux
def test_a_table_without_an_end_is_named(call, outputs, data):
    name = "companies.csv"
    (data / name).unlink()
    (data / name).symlink_to("/dev/zero")
    for words in (["check"], ["render", "1"]):
        sentence(call(*words), f"{data / name}: the table cannot be read (it is no plain file)")


def test_a_file_of_parameters_or_a_grid_that_is_too_large_is_a_wrong_call(call, outputs, tmp_path):
    path = tmp_path / "g.yml"
    path.write_bytes(b"#" * 4_000_001)
    for words in (["render", "3", "-f", str(path)], ["sweep", "3", str(path)]):
        sentence(call(*words), f"{path} cannot be read (it is larger than 4 MB)", 2)


# Disks


def test_outputs_that_are_a_file_are_one_sentence_and_a_dry_run_needs_nothing(call, outputs):
    outputs.write_text("in the way")
    sentence(call("render", "3"), f"cannot write to {outputs}")
    done = call("render", "3", "--dry-run")
    assert done.returncode == 0 and done.stdout.strip() == f"{NAME}: not rendered yet"


def test_a_folder_where_the_manifest_belongs_is_one_sentence(call, outputs, tmp_path):
    (outputs / "manifest.json" / "x").mkdir(parents=True)
    sentence(call("render", write(tmp_path / "own.ipynb", "1")), "cannot write")


@linux
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(outputs, tmp_path):
    path = write(tmp_path / "own.ipynb", "print('x' * 3_000_000)")
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1000; exec {' '.join(PYTHON)} render {path}"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    sentence(done, f"cannot write to {outputs / 'own'}")
    assert not list((outputs / "own").iterdir())


def test_a_figures_folder_may_be_a_link_to_another_disk(call, outputs, tmp_path):
    elsewhere = Path(os.environ.get("XDG_RUNTIME_DIR") or "/dev/shm") if sys.platform == "linux" else tmp_path
    target = elsewhere / f"figures-test-{os.getpid()}"
    target.mkdir()
    try:
        outputs.mkdir()
        (outputs / NAME).symlink_to(target)
        done = call("render", "3")
        assert done.returncode == 0, done.stderr
        assert folders.faults(target, NAME) == [] and not list(target.glob(".*"))
    finally:
        shutil.rmtree(target)


def test_a_disk_without_locks_is_said_and_used(outputs, monkeypatch):
    import filelock

    def refused(*_, **__):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    said = []
    with run.sole_render(said.append):
        pass
    assert len(said) == 1 and "without locks" in said[0]


# Notebooks' names


def test_no_notebooks_name_leads_out_of_outputs_or_onto_our_own_files(call, outputs, tmp_path):
    names = ("..", "manifest.json", "index.html", NAME)
    paths = [write(tmp_path / f"{name}.ipynb", f"print({name!r})") for name in names]
    (tmp_path / "b").mkdir()
    same = [write(tmp_path / "same.ipynb", "print('a')"), write(tmp_path / "b" / "same.ipynb", "print('b')")]
    done = call("render", *paths, *same)
    assert done.returncode == 0, done.stderr
    shown = [results(Path(printed))[0].strip() for printed in done.stdout.splitlines()]
    assert sorted(shown) == sorted([*names, "a", "b"])
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"outputs", "b"}
    assert (outputs / "manifest.json").is_file() and not (outputs / NAME).exists()
    assert call("render", *same, *paths).stdout == ""


# Renders within renders, signals, streams


def test_a_render_within_a_render_is_refused_at_once_and_another_folder_is_fine(call, outputs, tmp_path):
    inner = write(tmp_path / "inner.ipynb", "print(1)")
    nested = f"import subprocess\nprint(subprocess.run({[*PYTHON, 'render', inner]}, cwd={str(ROOT)!r}, env=os.environ | more, capture_output=True, text=True).stderr)"
    outer = write(
        tmp_path / "outer.ipynb",
        f"import os\nmore = {{}}\n{nested}",
        f"more = {{'FIGURES_OUTPUTS': {str(tmp_path / 'other')!r}}}\n{nested}",
    )
    done = call("render", outer)
    assert done.returncode == 0, done.stderr
    refused, well = results(outputs / "outer" / "outer.ipynb")
    assert "which would wait for ever; name another folder" in refused and "done in" in well


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_ctrl_c_and_the_signals_that_end_a_job_leave_nothing_running(outputs, tmp_path, name):
    path = write(
        tmp_path / "long.ipynb", "import subprocess, time\nsubprocess.Popen(['sleep', '300'])\ntime.sleep(300)"
    )
    own = tmp_path / "t"
    own.mkdir()
    words = [*PYTHON, "render", path]
    env = os.environ | {"TMPDIR": str(own)}
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=env, preexec_fn=interruptible)
    while not any("sleep 300" in line for line in left_running(outputs)):
        time.sleep(0.2)
    process.send_signal(getattr(signal, name))
    _, words = process.communicate(timeout=60)
    end = time.monotonic() + 20
    while (left_running(outputs) or list(own.iterdir())) and time.monotonic() < end:
        time.sleep(0.2)
    assert left_running(outputs) == [] and not list(own.iterdir())
    if name == "SIGKILL":  # which it cannot hear; what it wrote aside is taken away by the next render
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 1 and "run again to resume" in words and "Traceback" not in words
        assert not list(outputs.glob("*/.run-*"))


@linux
@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_matter(outputs, tmp_path, closed):
    path = write(tmp_path / "own.ipynb", "print('well')")
    words = f"{' '.join(PYTHON)} render {path} 3 {closed}"
    done = subprocess.run(["bash", "-c", words], cwd=ROOT, capture_output=True)
    assert done.returncode == 0 and results(outputs / "own" / "own.ipynb") == ["well\n"]


@linux
def test_what_stands_in_for_closed_streams_reaches_the_processes_that_it_starts():
    look = "import os; [os.fstat(number) for number in (0, 1, 2)]"
    start = f"import subprocess, sys; from lib import __main__ as line; line._ready_for_any_caller(); sys.exit(subprocess.run([sys.executable, '-c', {look!r}]).returncode)"
    words = shlex.join([sys.executable, "-c", start])
    done = subprocess.run(["bash", "-c", f"{words} <&- >&- 2>&-"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0


# Settings of the machine


@pytest.fixture
def strange(tmp_path):
    """Settings of a machine that are no business of a render's."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit(3)")
    (tmp_path / "start.py").write_text("raise SystemExit(4)")
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    content = {"argv": [sys.executable, "-c", "0"], "display_name": "x", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content))
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    return {
        "IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONSTARTUP": str(tmp_path / "start.py"), "MPLBACKEND": "none such",
        "JUPYTER_PATH": str(tmp_path / "jupyter"), "TMPDIR": str(deep),
    }  # fmt: skip


@pytest.mark.parametrize("extra", [(), ("--cold",)])
def test_start_up_files_other_kernels_and_long_temporary_folders_are_no_inputs(
    command, outputs, tmp_path, strange, extra
):
    path = write(tmp_path / "own.ipynb", "import matplotlib\nmatplotlib.get_backend()")
    done = command("render", path, *extra, env=strange)
    assert done.returncode == 0, done.stderr
    assert "inline" in results(outputs / "own" / "own.ipynb")[0]


@linux
def test_too_few_open_files_are_said(outputs, tmp_path):
    path = write(tmp_path / "own.ipynb", "1")
    for limit, words in (("-n 64", "this session allows 64"), ("-Sn 64", "done in")):
        done = subprocess.run(
            ["bash", "-c", f"ulimit {limit}; exec {' '.join(PYTHON)} render {path}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert words in done.stderr and "Traceback" not in done.stderr


@linux
def test_memory_is_the_kernels_own_and_is_named_where_it_was_too_little(call, outputs, tmp_path):
    modest = write(tmp_path / "modest.ipynb", "len(bytearray(200 * 2**20))")
    for extra in ((), ("--cold",)):
        done = call("render", modest, "--memory", "400", "--force", *extra)
        assert done.returncode == 0, done.stderr
    done = call("render", write(tmp_path / "hungry.ipynb", "x = bytearray(500 * 2**20)"), "--memory", "400")
    sentence(done, "MemoryError: no more memory; the kernel was given 400 MiB")
    sentence(call("render", modest, "--memory", "1", "--cold", "--force"), "more than the 1 MiB that it was given")


def test_the_last_words_of_a_kernel_that_never_answered_are_told(command, outputs, tmp_path):
    (tmp_path / "ipykernel_launcher.py").write_text("raise ImportError('half an installation')")
    path = write(tmp_path / "own.ipynb", "1")
    done = command("render", path, "--cold", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    sentence(done, "own: the kernel died before it answered: ImportError: half an installation")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--timeout", "inf"], "--timeout"),
        (["--timeout", "nan"], "--timeout"),
        (["--memory", "9" * 20], "--memory"),
        (["-y", "{1: 2}"], "the name 1 is not text"),
        (["-y", "{fiscal_year: 2021-13-45}"], "fiscal_year: '2021-13-45' does not fit"),
        (["-p", "x=1"], "no parameter x"),
        (["\x1b[31m.ipynb"], r"\u001b[31m"),
        ([b"\xff.ipynb"], r"\udcff"),
    ],
)
def test_odd_words_are_a_wrong_call_in_one_sentence(command, outputs, words, message):
    done = command("render", *(words if len(words) == 1 else ["1", *words]))
    sentence(done, message, 2)
    assert not outputs.exists() and "\x1b" not in done.stderr


def test_folders_without_notebooks_or_tables_are_named(call, outputs, tmp_path):
    for words in (["list"], ["render"], ["render", "1"]):
        sentence(call(*words, env={"FIGURES_NOTEBOOKS": str(tmp_path)}), f"{tmp_path} holds no figure")
    sentence(call("render", "1", "--data", str(tmp_path)), f"{tmp_path} holds no codebook", 2)


def test_what_steers_a_terminal_is_written_out(command, outputs, tmp_path):
    path = write(tmp_path / "a?\x1b]0;b\u202e.ipynb", "raise ValueError('\x1b[2J\x07\x9b')")
    done = command("render", path)
    assert "Warning" not in done.stderr  # a ? in a name is nothing to papermill's readers
    sentence(done, r"ValueError: \u001b[2J\u0007\u009b")
    assert not set("\x1b\x07\x9b\u202e") & set(done.stderr + done.stdout)
    assert line.visible("研发 naïve\tü\n") == "研发 naïve\tü\n"


def test_a_log_has_times(call, outputs, tmp_path):
    done = call("render", write(tmp_path / "own.ipynb", "1"))
    stamp, _, rest = done.stderr.partition(" [1/1] ")
    assert time.strptime(stamp, "%Y-%m-%d %H:%M:%S") and rest.startswith("own: done in")


def test_called_by_a_python_without_the_packages_it_goes_on_in_its_own_or_says_what_to_do(tmp_path):
    bare = [sys.executable, "-S", "-m", "lib", "list"]
    done = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "01_rd_against_sm" in done.stdout
    shutil.copytree(ROOT / "lib", tmp_path / "lib")  # where nothing is set up
    sentence(subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True), "not installed: run `make figures`")


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert line.cores() == 1


# What an executed notebook tells of its machine


def test_a_figures_notebook_and_zip_hold_no_folder_of_this_machine(call, outputs, tmp_path):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(notebooks_dir(), notebooks)
    path = notebooks / f"{NAME}.ipynb"
    told = "import os, sys, warnings; from pathlib import Path; print(os.getcwd(), Path.home() / 'x', sys.prefix); warnings.warn(os.environ['FIGURES_OUTPUTS'])\nfigure\n"
    path.write_text(path.read_text(encoding="utf-8").replace('"figure"', json.dumps(told)), encoding="utf-8")
    assert call("render", "3", env={"FIGURES_NOTEBOOKS": str(notebooks)}).returncode == 0
    text = (outputs / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "notebooks ~/x .venv" in text and f"PosixPath('outputs/{NAME}')" in text
    for folder in (tmp_path, Path.home(), ROOT, sys.prefix):
        assert str(folder) not in text
    own = write(tmp_path / "own.ipynb", "import os\nos.getcwd()")  # its results are its own affair
    assert call("render", own).returncode == 0
    executed = json.loads((outputs / "own" / "own.ipynb").read_text(encoding="utf-8"))
    assert {executed["metadata"]["papermill"][key] for key in ("input_path", "output_path")} == {"own.ipynb"}
    assert results(outputs / "own" / "own.ipynb") == [repr(str(tmp_path))]


# Any other papermill-style notebook


def test_a_notebook_that_is_no_figure_runs_as_papermill_runs_it(call, outputs, tmp_path):
    source = (
        "%matplotlib inline\nimport datetime\nday = datetime.date(2024, 2, 29)\nx = 60*60\nname = f'{x} s'\nt = (1, 2)"
    )
    path = write(tmp_path / "own{x}.ipynb", "(day.year, x, name, t)", parameters=source)
    assert call("render", path).returncode == 0
    done = call("render", path, "-p", "x=5", "-y", "{t: [3, 2024-02-29]}")
    assert done.returncode == 0, done.stderr
    assert results(Path(done.stdout.strip()))[-1] == "(2024, 5, '3600 s', [3, '2024-02-29'])"
    assert call("render", path).stdout == ""
    scratch = tmp_path / "notebooks"
    scratch.mkdir()
    shutil.copy(notebooks_dir() / f"{NAME}.ipynb", scratch)
    done = call("render", write(scratch / "mine.ipynb", "1 + 1"), env={"FIGURES_NOTEBOOKS": str(scratch)})
    assert done.returncode == 0, done.stderr


def test_a_sweep_over_a_notebook_that_is_no_figure_has_its_table(call, outputs, tmp_path):
    path = write(tmp_path / "own.ipynb", "x * 2", parameters="x = 1")
    (tmp_path / "g.yml").write_text("product: {x: [1, 2]}", encoding="utf-8")
    done = call("sweep", path, str(tmp_path / "g.yml"))
    assert done.returncode == 0 and "2 sets of parameters" in done.stderr, done.stderr
    assert (outputs / "own" / "sweep-g" / "sweep.csv").read_text(encoding="utf-8").count("done") == 2
    sentence(
        call("sweep", path, str(tmp_path / "g.yml"), "--scheduler", "tcp://127.0.0.1:9"), "renders figures only", 2
    )


def test_a_temporary_folder_that_is_too_deep_everywhere_is_one_sentence(monkeypatch):
    monkeypatch.setattr(warm.tempfile, "gettempdir", lambda: "/" + "x" * 90)
    monkeypatch.setattr(warm.os, "access", lambda *_: False)
    with pytest.raises(UserError, match="set TMPDIR to a folder with a shorter one"):
        warm.sockets_folder()
