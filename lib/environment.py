"""The project's own Python, in .venv, where `make figures` puts the packages. Needs nothing that is not in Python itself."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).resolve().parents[1] / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
#: Packages that are seldom all there by chance.
TELLING = ("click", "pandas", "pandera", "papermill")


def is_elsewhere() -> bool:
    """Whether to go on in the project's own Python: there is one, and this is the machine's, or lacks what the project needs."""
    return _is_another() and (sys.prefix == sys.base_prefix or not all(map(find_spec, TELLING)))


def go_on_there() -> None:
    """Run the same command in the project's own Python, and exit as it does: so nobody has to activate it first."""
    if not _is_another():
        sys.exit("the packages are not installed: run `make figures`, or see README.md for how to set up without make.")
    command = [str(PYTHON), "-m", "lib", *sys.argv[1:]]
    if os.name == "nt":  # which cannot become another program
        import subprocess

        sys.exit(subprocess.call(command))
    os.execv(PYTHON, command)


def _is_another() -> bool:
    """Whether the project has a Python of its own that is not this one."""
    return PYTHON.exists() and Path(sys.prefix).resolve() != HOME.resolve()


def install(what: str) -> str:
    """The command that installs `what` for the Python that runs now."""
    python = Path(sys.executable)
    return (
        f"`{python.relative_to(HOME.parent) if python.is_relative_to(HOME.parent) else python} -m pip install {what}`"
    )
