"""Shared helper of the notebooks that rebuild the figures of two articles on China's Little Giants.

Two halves. What notebooks import: `tables`, `parameters`, `cohorts`, `measures`, `claims`, `style`,
`publish` and one module per figure in `figures`. What runs notebooks: `render`, reached from the
command line (`python -m lib`). The first half never imports the second. This file imports nothing,
so that the command line starts fast.
"""

__version__ = "0.2.0"
