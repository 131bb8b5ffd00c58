"""papermill, without two packages that take longer to import than all the rest, and with an engine that writes less often.

rfc3987_syntax compiles a grammar of web addresses, which no notebook is checked for; pyarrow would open hdfs:// paths.
"""

import os
import uuid
from pathlib import Path
from typing import Any

from traitlets.config import Config

from lib.render.warm import without

with without("rfc3987_syntax", "pyarrow"):
    import nbformat
    from nbclient.exceptions import DeadKernelError
    from nbformat import ValidationError
    from papermill import PapermillExecutionError, execute_notebook
    from papermill.engines import NBClientEngine, papermill_engines

__all__ = ["DeadKernelError", "PapermillExecutionError", "ValidationError", "execute", "warm_up"]


class Engine(NBClientEngine):
    """Leaves the notebook to be written once, when it has run or failed; papermill writes it around each cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, *arguments, **options):
        path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, *arguments, **options)
        finally:
            nb_man.output_path = path


papermill_engines.register(__name__, Engine)


def warm_up() -> None:
    """Set up what checks notebooks, which takes longer than the check."""
    nbformat.validate(nbformat.v4.new_notebook())


def execute(notebook: Path, executed: Path, values: dict[str, Any], sockets: Path) -> None:
    """Run a notebook with the parameters `values` and write it to `executed`, talking to its kernel in the folder `sockets`.

    Local sockets where there are any: no ports, and no other user listens in. Raises PapermillExecutionError where a cell
    does, DeadKernelError and RuntimeError where the kernel ends or never comes up, ValidationError where it is no notebook.
    """
    kernel = {
        "connection_file": str(sockets / f"{uuid.uuid4().hex[:12]}.json"),  # names the sockets too
        "transport": "tcp" if os.name == "nt" else "ipc",
        "client_class": "lib.render.kernels.Client",
    }
    execute_notebook(
        notebook,
        executed,
        values,
        engine_name=__name__,
        kernel_name="python3",
        progress_bar=False,
        shutdown_kernel="immediate",
        config=Config(KernelManager=kernel),
    )
