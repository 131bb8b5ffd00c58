"""Explore a figure in JupyterLab: parameters as controls, a live chart, its numbers beside the published ones, its table."""

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
    return Panel(figure)
