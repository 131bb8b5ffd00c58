"""Imported once by the process that kernels are forked from: all that a figure's notebook is likely to need."""

import atexit
import contextlib
import gc
import importlib
import io
import itertools
import os
import pkgutil
import shutil

# ruff: noqa: E402, F401  (imported to be there)
gc.disable()  # looking for garbage among what imports leave takes a tenth of their time, and finds none

import bibtexparser
import ipykernel.ipkernel
import ipykernel.kernelapp
import ipykernel.zmqshell
import IPython.core.debugger
import pandas.io.formats.csvs
import pandas.io.formats.style
import patsy
import pylatexenc.latexencode
import scipy.stats
import statsmodels.regression.linear_model
import xlsxwriter
import yaml

import lib.render.kernels
from lib.render.warm import DRAWN_FIRST, OWN_FOLDER, without

if folder := os.environ.get(OWN_FOLDER):
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # forks leave without this

UNUSED = ("debugpy", "hypothesis")  # no one debugs a kernel here, nor draws data at random
with without(*UNUSED):
    import ipykernel.debugger
    import pandera.pandas
with contextlib.suppress(ImportError):  # comes with the packages that fetch data; pandas uses it where it is
    import pyarrow.acero


def _lib() -> None:
    """Import this project's own modules, and look up and draw once what every kernel needs."""
    import lib.explore
    import lib.figures
    from lib import claims, parameters, style, tables
    from lib.bundle import pixels, publish
    from lib.rows import cohorts

    tables.check()  # parsed once here, then looked up by content in every kernel
    parameters.cohorts_with_data()
    for cohort, year in itertools.product(("specialised", "all_listed"), parameters.fiscal_years()):
        cohorts.company_years(cohort, year)  # most figures ask for these
    for module in pkgutil.iter_modules(lib.figures.__path__):
        with contextlib.suppress(Exception):
            importlib.import_module(f"lib.figures.{module.name}")
    for figure in os.environ.get(DRAWN_FIRST, "").split():
        with contextlib.suppress(Exception):
            lib.figures.build(figure).picture(10)
            claims.ledger(figure)
    with style.look():
        frame = style.Frame("Title", "Subtitle", ["Note"], style.Panel("empty", 7, 1))
        for kind in ("svg", "pdf"):  # so that kernels need not set up what drawing needs
            frame.figure.savefig(page := io.BytesIO(), format=kind)
        pixels.packed(pixels.raster(page.getvalue(), 10), 10)


# What is broken in lib or data is told by the check that precedes a render, and by every notebook that needs it.
with without(*UNUSED), contextlib.suppress(Exception):
    _lib()
gc.freeze()  # what is shared with every kernel is never swept for garbage there
gc.set_threshold(50_000)  # and the rest seldom: a kernel lives for seconds
gc.enable()
