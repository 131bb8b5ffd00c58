"""The project's own Python, in .venv, where `make figures` puts the packages. Needs nothing that is not in Python itself."""

import os
import subprocess
import sys
from pathlib import Path


def go_on_there() -> None:
    """Run the same command in the project's own Python, and exit as it does: so nobody has to activate it first."""
    home = Path(__file__).resolve().parents[1] / ".venv"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists() or Path(sys.prefix).resolve() == home.resolve():
        sys.exit("the packages are not installed: run `make figures`, or see README.md for how to set up without make.")
    command = [str(python), "-m", "lib", *sys.argv[1:]]
    if os.name == "nt":  # which cannot become another program
        sys.exit(subprocess.call(command))
    os.execv(python, command)
