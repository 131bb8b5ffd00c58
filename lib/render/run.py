"""Run a figure's notebook in a Jupyter kernel and see that it left its whole bundle."""

import difflib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import bundle, parameters
from lib.errors import ParameterError, UserError
from lib.paths import NOTEBOOKS, outputs_dir


@dataclass(frozen=True)
class Rendered:
    """One finished run: the notebook's name, the bundle's folder, seconds taken."""

    name: str
    folder: Path
    seconds: float


def figures() -> list[Path]:
    """The figures' notebooks, in the order of their numbers."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def find(word: str) -> Path:
    """The notebook that `word` means: its number or its name."""
    known = {notebook.stem: notebook for notebook in figures()}
    for stem, notebook in known.items():
        if word == stem or (word.isdigit() and int(word) == int(stem[:2])):
            return notebook
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise ParameterError(f"there is no figure {word}{hint} Figures: {', '.join(known)}, or their numbers.")


def heading(notebook: Path) -> str:
    """The notebook's first heading."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")


def render(notebook: Path, values: dict[str, Any]) -> Rendered:
    """Run `notebook` with the parameters `values`; UserError where a cell fails or the bundle is not whole.

    The executed notebook joins the bundle once all has gone well.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    name = notebook.stem
    folder = bundle.bundle_dir(name, parameters.check_all(notebook, values))
    outputs_dir().mkdir(parents=True, exist_ok=True)
    start, clock = time.time_ns(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=".run-", dir=outputs_dir()) as stage:
        executed = Path(stage) / notebook.name
        try:
            papermill.execute_notebook(
                notebook,
                executed,
                parameters=values,
                kernel_name="python3",
                progress_bar=False,
                config=_kernel_config(),
            )
        except papermill.PapermillExecutionError as error:
            raise UserError(f"{name}, cell {error.cell_index + 1}: {error.ename}: {error.evalue}") from error
        except DeadKernelError as error:
            raise UserError(f"{name}: the kernel died; see the notebook's memory use, then render again.") from error
        record = folder / f"{name}.json"
        missing = bundle.faults(folder, name)
        if not missing and record.stat().st_mtime_ns < start:
            missing = ["the notebook did not publish"]
        if missing:
            raise UserError(f"{name}: the notebook ran, but its bundle is not whole: {'; '.join(missing)}.")
        executed.replace(folder / notebook.name)
    return Rendered(name, folder, time.perf_counter() - clock)


def _kernel_config():
    """Kernels talk over local sockets where there are any: no ports, and no other user listens in."""
    from traitlets.config import Config

    return Config() if os.name == "nt" else Config(KernelManager={"transport": "ipc"})
