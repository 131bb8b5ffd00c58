"""The replication package: what is in it, and that it gives the same figures where it is unpacked."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from lib import notebooks, tables
from lib.bundle import folders
from lib.errors import UserError
from lib.paths import ROOT, outputs_dir
from lib.render import replication

NAMES = [path.stem for path in notebooks.figures()]


@pytest.fixture(scope="module")
def package(tmp_path_factory, call):
    """The package as the command leaves it, unpacked."""
    folder = tmp_path_factory.mktemp("replication")
    done = call("replication", str(folder / "package.zip"), env={"FIGURES_OUTPUTS": str(folder / "outputs")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as archive:
        archive.extractall(folder)
    return folder / replication.NAME


@pytest.mark.slow
def test_the_hashes_are_those_of_the_files_and_no_file_is_without(package):
    lines = (package / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    found = {name: sha256 for sha256, name in (line.split("  ", 1) for line in lines)}
    files = {path.relative_to(package).as_posix(): path for path in package.rglob("*") if path.is_file()}
    assert found.keys() == files.keys() - {"SHA256SUMS"}
    for name, sha256 in found.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == sha256
    for name in ("LICENSE", "Makefile", "requirements.lock", "data/spending.csv", "tests/conftest.py", ".ci/run"):
        assert name in found
    assert not any(part in name for name in found for part in ("__pycache__", ".git/", ".venv", "fiscal_year="))


@pytest.mark.slow
def test_the_readme_names_every_source_table_and_figure(package):
    text = (package / "README-REPLICATION.md").read_text(encoding="utf-8")
    for heading in (
        "Data availability and provenance statements", "Statement about rights", "Dataset list", "Computational requirements",
        "Instructions to replicators", "List of figures and programs",
    ):  # fmt: skip
        assert re.search(rf"^#+ {heading}$", text, re.MULTILINE), heading
    for source in tables.load("sources")["source_id"]:
        assert f"| `{source}` |" in text
    for name in tables.table_names():
        assert f"| `data/{name}.csv` |" in text
    for name in NAMES:
        assert f"`notebooks/{name}.ipynb`" in text and f"outputs/{name}/{name}.pdf" in text
    for program in set(re.findall(r"`((?:notebooks|lib)/\S+?\.(?:ipynb|py))`", text)):
        assert (package / program).is_file()


@pytest.mark.slow
def test_where_it_is_unpacked_nothing_is_due_and_a_fresh_render_gives_the_same_rows(package):
    def run(*words, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIGURES_", "PYTHONPATH"))}
        return subprocess.run(
            [sys.executable, "-m", "lib", *words], cwd=package, env=kept | variables, capture_output=True, text=True
        )

    explained = run("render", "--dry-run").stdout.splitlines()
    assert explained == [f"{name}: nothing changed" for name in NAMES]
    fresh = package.parent / "fresh"
    done = run("render", FIGURES_OUTPUTS=str(fresh))
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        packed, again = (
            json.loads((place / name / f"{name}.json").read_text()) for place in (package / "outputs", fresh)
        )
        assert packed == again
    assert run("check").returncode == 0


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small project, and beside its files what is not the project's."""
    root = tmp_path / "project"
    for name in (
        *(
            "LICENSE",
            "lib/a.py",
            ".ci/run",
            "notebooks/.ruff.toml",
            ".env",
            "export.xlsx",
            "earlier",
            "notebooks/private/a.txt",
        ),
        *("lib/__pycache__/a.pyc", "notebooks/.env", "tests/.pytest_cache/a", "data/cohorts/mine.csv"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "outside").write_text("secret")
    (root / "lib" / "link.py").symlink_to(tmp_path / "outside")
    (root / "docs").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.setattr(replication, "ROOT", root)
    return root


def packed() -> set[str]:
    return {name for name, _ in replication._project() if not name.startswith("data/")}


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_of_a_checkout_what_git_tracks_is_packed_and_no_link(checkout):
    for words in (["init", "-q"], ["add", "LICENSE", "lib", ".ci", "notebooks/.ruff.toml", "data/cohorts/mine.csv"]):
        subprocess.run(["git", *words], cwd=checkout, check=True)
    (checkout / ".gitignore").write_text("")
    (checkout / "lib" / "__pycache__" / "a.pyc").unlink()  # tracked, but gone
    names = {name for name, _ in replication._project()}
    assert packed() == {"LICENSE", "lib/a.py", ".ci/run", "notebooks/.ruff.toml"}
    assert "data/spending.csv" in names and "data/cohorts/mine.csv" not in names


def test_where_there_is_no_checkout_what_has_a_place_in_the_project_is_packed(checkout):
    shutil.rmtree(checkout / "notebooks" / "private")
    assert packed() == {"LICENSE", "lib/a.py", ".ci/run", "notebooks/.ruff.toml"}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asks git, and this is no checkout")
def test_both_ways_to_tell_what_is_the_projects_agree():
    tracked = {name for name in replication._tracked() if not name.startswith("data/")}
    assert tracked and tracked <= set(replication._in_place())


def test_what_a_figure_was_drawn_from_must_be_in_the_package():
    run = {"inputs": {"lib/a.py": "", "data/cohorts/mine.csv": "", "pandas": "3"}}
    contents = {"outputs/manifest.json": json.dumps({"figures": {"01_a": run}}).encode(), "lib/a.py": b""}
    with pytest.raises(UserError, match=r"01_a is drawn from data/cohorts/mine\.csv, which is not packed"):
        replication._require_inputs(contents)


def test_the_manifest_that_is_packed_tells_of_the_default_figures_alone(outputs):
    runs = {name: {} for name in (*NAMES, f"{NAMES[0]}/cohort=mine", "own")}
    outputs.mkdir()
    (outputs / "manifest.json").write_text(json.dumps({"tables": {}, "gallery": "", "figures": runs}))
    found = json.loads(replication._manifest())
    assert found == {"tables": {}, "gallery": "", "figures": {name: {} for name in NAMES}}


def test_a_place_to_write_that_is_not_there_is_told_before_anything_is_rendered(call, outputs, tmp_path):
    done = call("replication", str(tmp_path / "none" / "package.zip"))
    assert done.returncode == 2 and f"there is no folder {tmp_path / 'none'}" in done.stderr and not outputs.exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no pipe with a name there")
def test_nothing_but_an_earlier_package_is_replaced(call, outputs, tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "text.zip").write_text("precious")
    (tmp_path / "folder.zip").mkdir()
    for name in ("pipe.zip", "text.zip", "folder.zip"):
        done = call("replication", str(tmp_path / name))
        assert done.returncode == 2 and name in done.stderr and not outputs.exists()
    assert (tmp_path / "text.zip").read_text() == "precious" and (tmp_path / "pipe.zip").is_fifo()


def test_users_own_cohorts_and_what_is_drawn_from_them_stay_out(data, outputs):
    (data / "cohorts").mkdir(exist_ok=True)
    (data / "cohorts" / "mine.csv").write_text("name,fiscal_year,rd,sm\nA,2021,1,2\n")
    variant = outputs / NAMES[0] / "cohort=mine"
    variant.mkdir(parents=True)
    (variant / f"{NAMES[0]}.csv").write_text("secret")
    names = [name for name, _ in (*replication._project(), *replication._outputs())]
    assert "data/spending.csv" in names and not [name for name in names if "mine" in name]


def test_a_bundle_that_is_not_whole_is_not_packed(outputs, tmp_path):
    with pytest.raises(UserError, match=f"{NAMES[0]}: .*render it"):
        replication.pack(tmp_path / "p.zip")
    assert not list(tmp_path.glob("*.zip"))
    assert outputs_dir() == outputs and "dta" in folders.FORMATS
