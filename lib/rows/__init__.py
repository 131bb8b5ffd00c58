"""Which rows of the tables a figure shows: cohorts, figures cited one by one, and one module per figure, by its name.

The module of a figure has `load`, which takes parameters of its notebook and gives the rows that its drawing function takes.
"""
