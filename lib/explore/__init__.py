"""Explore a figure in JupyterLab: parameters as controls, a live chart, its numbers beside the published ones, its table."""

from lib.notebooks import watched


def explore(figure):
    """Controls for all parameters of `figure`, a `lib.figure.Figure`, set to those that it was published with.

    Gives a widget where a reader can use it. In a run that nobody watches, such as papermill's, it gives nothing and
    loads nothing.
    """
    if not watched():
        return None
    from lib.explore.panel import Panel

    return Panel(figure)
