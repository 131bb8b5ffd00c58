"""Imported once by the process that kernels are forked from: all that a figure's notebook is likely to need."""

import contextlib
import gc
import importlib
import io
import pkgutil

# ruff: noqa: E402, F401  (imported to be there)
gc.disable()  # looking for garbage among what imports leave takes a tenth of their time, and finds none

import bibtexparser
import ipykernel.ipkernel
import ipykernel.kernelapp
import ipykernel.zmqshell
import IPython.core.debugger
import pandas.io.formats.csvs
import pandas.io.formats.style
import pylatexenc.latexencode
import pypdf
import pypdfium2
import scipy.stats
import seaborn
import xlsxwriter
import yaml

import lib.__main__
import lib.figures
import lib.render.gallery
from lib import style, tables
from lib.errors import DataError
from lib.render.kernels import without

with without("debugpy", "hypothesis"):  # no one debugs a kernel here, nor draws data at random
    import ipykernel.debugger
    import pandera.pandas

    with contextlib.suppress(DataError):  # the check that precedes a render says what is wrong
        tables.check()  # parsed once here, then looked up by content in every kernel
with contextlib.suppress(ImportError):  # comes with the packages that fetch data; pandas uses it where it is
    import pyarrow.acero


def _warm_backends() -> None:
    """Draw once in each format, so that kernels need not import and set up what drawing needs."""
    with style.look():
        frame = style.Frame("Title", "Subtitle", ["Note"], style.Panel("empty", 7, 1))
        for kind in ("png", "svg", "pdf"):
            frame.figure.savefig(io.BytesIO(), format=kind)


for module in pkgutil.iter_modules(lib.figures.__path__):
    importlib.import_module(f"lib.figures.{module.name}")

tables.files_read.clear()  # a kernel's own reads are what counts
_warm_backends()
gc.freeze()  # what is shared with every kernel is never swept for garbage there
gc.enable()
