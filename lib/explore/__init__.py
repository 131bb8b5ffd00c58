"""Explore a figure in JupyterLab: parameters as controls, a live chart, its numbers beside the published ones, its table."""

import os


def explore(figure):
    """Controls for all parameters of `figure`, a `publish.Figure`, set to those that it was published with.

    Gives a widget where a reader can use it. In a run that nobody watches, such as papermill's, it gives nothing and
    loads nothing.
    """
    if not watched():
        return None
    from lib.explore.panel import Panel

    return Panel(figure)


def watched() -> bool:
    """Whether the notebook is open before a reader: Jupyter's server and VS Code leave a mark, papermill does not."""
    if "JPY_SESSION_NAME" in os.environ:
        return True
    try:
        return "__vsc_ipynb_file__" in get_ipython().user_ns
    except NameError:  # not in IPython
        return False
