"""What a figure's notebook says: its cells, run in this process, without those that publish, explore or judge."""

import re
from unittest import mock

import matplotlib.pyplot as plt

from lib import notebooks
from lib.paths import notebooks_dir

LEFT_OUT = re.compile(r"^(publish|explore|verdicts)\(", re.MULTILINE)


def said(name: str, **values) -> str:
    """The texts that the notebook computes with these parameters, one below the other."""
    notebook, names, texts = notebooks_dir() / f"{name}.ipynb", {}, []
    with mock.patch("IPython.display.Markdown", texts.append):
        for cell in notebooks.cells(notebook):
            if cell.cell_type == "code" and not LEFT_OUT.search(cell.source):
                exec(cell.source, names)
                if "parameters" in cell.metadata.tags:
                    names |= notebooks.check_all(notebook, values)
    plt.close("all")
    return "\n".join(texts)
