"""Imported once by the process that kernels are forked from: all that a figure's notebook is likely to need."""

import importlib
import pkgutil

import pandera.pandas  # noqa: F401
import scipy.stats  # noqa: F401
import seaborn  # noqa: F401

import lib.figures
from lib import tables
from lib.errors import DataError

for module in pkgutil.iter_modules(lib.figures.__path__):
    importlib.import_module(f"lib.figures.{module.name}")

try:  # parsed once here, then looked up by content in every kernel
    for name in tables.table_names():
        tables.load(name)
except DataError:
    pass  # the check that precedes a render says what is wrong
tables.files_read.clear()  # a kernel's own reads are what counts
