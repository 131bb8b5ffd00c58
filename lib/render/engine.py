"""papermill, without two packages that take longer to import than all the rest, and with an engine that writes less often.

rfc3987_syntax compiles a grammar of web addresses, which no notebook is checked for; pyarrow would open hdfs:// paths.
"""

import os
import re
import uuid
import warnings
from pathlib import Path
from typing import Any

from traitlets.config import Config

from lib.render.kernels import Manager
from lib.render.warm import without

with without("rfc3987_syntax", "pyarrow"):
    import nbformat
    from nbclient.exceptions import DeadKernelError
    from nbformat import ValidationError
    from papermill import PapermillExecutionError, execute_notebook
    from papermill.engines import NBClientEngine, papermill_engines

__all__ = ["DeadKernelError", "PapermillExecutionError", "ValidationError", "execute", "warm_up"]


class Engine(NBClientEngine):
    """Leaves the notebook to be written once, when it has run or failed; papermill writes it around each cell.

    What it tells of this machine's folders is cut to what others need: see `_without_folders`.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, *arguments, folders, **options):
        path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, *arguments, **options)
        finally:
            nb_man.output_path = path
            told = nb_man.nb.metadata.papermill
            told.input_path, told.output_path = (Path(told[key]).name for key in ("input_path", "output_path"))
            for cell in nb_man.nb.cells if folders else ():
                if "outputs" in cell:
                    cell.outputs = _without_folders(cell.outputs, folders)


def _without_folders(shown, folders: dict[str, str]):
    """What a cell shows, with the names of `folders` in place of their paths; pictures as they are."""
    if isinstance(shown, dict):
        parts = shown.items()
        return type(shown)({k: v if k.startswith("image/") else _without_folders(v, folders) for k, v in parts})
    if isinstance(shown, list):
        return [_without_folders(part, folders) for part in shown]
    if isinstance(shown, str):
        for path, name in folders.items():
            shown = re.sub(rf"{re.escape(path)}(?![\w.-])", name, shown)
    return shown


papermill_engines.register(__name__, Engine)
warnings.filterwarnings("ignore", module=r"papermill\.iorw")  # it takes a path with a ? for an address


def warm_up() -> None:
    """Set up what checks notebooks, which takes longer than the check."""
    nbformat.validate(nbformat.v4.new_notebook())


def execute(notebook: Path, executed: Path, values: dict[str, Any], sockets: Path, folders: dict[str, str]) -> None:
    """Run a notebook with the parameters `values` and write it to `executed`, talking to its kernel in the folder `sockets`.

    Local sockets where there are any: no ports, and no other user listens in. folders: paths that are shown by the name
    given here. Raises PapermillExecutionError where a cell does, DeadKernelError and RuntimeError where the kernel ends or
    never comes up, ValidationError where it is no notebook.
    """
    kernel = {
        "connection_file": str(sockets / f"{uuid.uuid4().hex[:12]}.json"),  # names the sockets too
        "transport": "tcp" if os.name == "nt" else "ipc",
        "client_class": "lib.render.kernels.Client",
    }
    execute_notebook(
        *(str(path).replace("{", "{{").replace("}", "}}") for path in (notebook, executed)),  # to papermill, patterns
        values,
        engine_name=__name__,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        shutdown_kernel="immediate",
        kernel_manager_class=Manager,
        config=Config(KernelManager=kernel),
        folders=folders,
    )
