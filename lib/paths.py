"""Where things are. The environment may move notebooks, data and outputs, which tests and trial runs use."""

import contextlib
import errno
import functools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Bytes at most of a table, of a notebook, and of a file that a render left for later ones.
TABLE, NOTEBOOK, OWN_FILE = 200_000_000, 100_000_000, 1_000_000_000


def notebooks_dir() -> Path:
    """Folder of the figures' notebooks: FIGURES_NOTEBOOKS, or notebooks/ in the project."""
    return Path(os.environ.get("FIGURES_NOTEBOOKS") or ROOT / "notebooks").resolve()


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


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_bounded(path: Path, most: int) -> bytes:
    """What a file from outside holds, judged before it is read: a plain file of at most `most` bytes.

    A device without an end would take all memory, and a pipe would be waited for. Raises OSError, whose `strerror` says why.
    """
    size = path.stat().st_size
    if not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    with path.open("rb") as file:
        if size > most or len(content := file.read(most + 1)) > most:  # the size that is stated may be 0, as in /proc
            raise OSError(errno.EFBIG, f"it is larger than {most / 1e6:,g} MB", str(path))
    return content


@contextlib.contextmanager
def swapped_in(folder: Path, last: str = "") -> Iterator[Path]:
    """A folder to write files to. Where the block ends well they are moved to `folder`, whole, and in the place of links.

    last: the file that vouches for the others, so that it is moved after them. Raises OSError where one cannot be: a folder that has a file's name is seen before the first is moved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publish-", dir=folder) as stage:
        yield Path(stage)
        files = sorted(Path(stage).iterdir(), key=lambda path: (path.name == last, path.name))
        for place in (folder / path.name for path in files):
            if place.is_dir() and not place.is_symlink():
                raise IsADirectoryError(errno.EISDIR, f"{place.name} is a folder there", str(place))
        for path in files:
            path.replace(folder / path.name)


def file_content(path: Path) -> bytes:
    """What a file of data/ holds, read once for as long as nobody writes to it. Raises OSError where there is none."""
    return _content(path, file_state(path))


@functools.lru_cache(maxsize=32)
def _content(path: Path, state: tuple) -> bytes:
    return read_bounded(path, TABLE)
