"""Where things are. The environment may move notebooks, data and outputs, which tests and trial runs use."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = Path(os.environ.get("FIGURES_NOTEBOOKS") or ROOT / "notebooks").resolve()


def data_dir() -> Path:
    """Folder of the tables: FIGURES_DATA, or data/ in the project."""
    return Path(os.environ.get("FIGURES_DATA") or ROOT / "data").resolve()


def outputs_dir() -> Path:
    """Folder that renders write to: FIGURES_OUTPUTS, or outputs/ in the project."""
    return Path(os.environ.get("FIGURES_OUTPUTS") or ROOT / "outputs").resolve()


def file_state(path: Path) -> tuple[int, int, int]:
    """Size and times of a file: the same for as long as nobody writes to it. Raises OSError where there is none."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
