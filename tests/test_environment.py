"""Commands without activation: any Python on the machine goes on in the project's own."""

import shutil
import subprocess
import sys

import pytest

from lib.paths import ROOT


@pytest.fixture
def project(tmp_path):
    """A copy of the code, whose .venv is the environment of the tests."""
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "data").symlink_to(ROOT / "data")
    return tmp_path


def bare(project, *words):
    """Runs the command in a Python that has no packages."""
    return subprocess.run([sys.executable, "-S", "-m", "lib", *words], cwd=project, capture_output=True, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="makes a symbolic link")
def test_the_command_goes_on_in_the_projects_environment_with_its_exit_status(project):
    (project / ".venv").symlink_to(sys.prefix)
    if sys.prefix == sys.base_prefix:
        pytest.skip("the tests run in no environment of their own")
    done = bare(project, "list")
    assert done.returncode == 0 and done.stdout.startswith("01_rd_against_sm"), done.stderr
    assert bare(project, "render", "99").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="makes a symbolic link")
def test_a_python_that_has_some_of_the_packages_by_chance_goes_on_there_too(project, tmp_path):
    if sys.prefix == sys.base_prefix:
        pytest.skip("the tests run in no environment of their own")
    (project / ".venv").symlink_to(sys.prefix)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "click.py").write_text("raise SystemExit('the wrong one')")
    code = f"import runpy, sys; sys.path.append({str(tmp_path / 'there')!r}); sys.argv[1:] = ['list']; runpy.run_module('lib', run_name='__main__')"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("01_rd_against_sm"), done.stderr


def test_without_an_environment_it_says_what_to_do(project):
    done = bare(project, "list")
    assert done.returncode == 1 and "make figures" in done.stderr and "Traceback" not in done.stderr


def test_a_plot_of_ones_own_has_chinese_signs():
    code = (
        "import warnings; warnings.simplefilter('error'); import lib.style, io; from matplotlib.figure import Figure; "
        "f = Figure(); f.add_subplot().set_title('专精特新 firms'); f.savefig(io.BytesIO(), format='png')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
