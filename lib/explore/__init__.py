"""Explore a figure in JupyterLab: parameters as controls, a live chart, its numbers beside the published ones, its table."""

import gc

from lib.errors import UserError
from lib.notebooks import watched

#: Shown where the controls are not there or no longer answer; view.css hides it where they do.
ASLEEP = (
    "The controls below need a running notebook. After a restart of the kernel, or where it says that no model was found, choose "
    "<em>Run &gt; Run All Cells</em>."
)


def explore(figure):
    """Controls for all parameters of `figure`, a `lib.figure.Figure`, set to those that it was published with.

    Gives a widget where a reader can use it. In a run that nobody watches, such as papermill's, it gives nothing and
    loads nothing.
    """
    if not watched():
        return None
    from IPython.display import HTML, display

    from lib.explore.panel import Panel

    display(HTML(f"<p class='explorer-asleep'>{ASLEEP}</p>"))
    panel = Panel(figure)
    gc.collect()
    gc.freeze()  # a search for garbage among all that is there by now takes as long as a change
    return panel


#: Brings the reader to an error: after *Run All Cells*, JupyterLab is at the notebook's last cell, far below it.
TO_THE_ERROR = "setTimeout(() => element.closest('.jp-Cell')?.scrollIntoView({ block: 'center' }), 1000);"


def _tell(shell, kind, error, trace, tb_offset=None) -> None:
    """Show an error that the reader can mend as its sentence, without the way through the code."""
    from IPython.display import Javascript, display

    shell._showtraceback(kind, error, [f"\x1b[31m{error}\x1b[0m"])
    display(Javascript(TO_THE_ERROR))


if watched():
    from IPython import get_ipython

    if shell := get_ipython():
        shell.set_custom_exc((UserError,), _tell)
