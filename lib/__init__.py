"""What the notebooks share, in rooms. One name finds all of a figure: `rows.<name>`, `figures.<name>`, and notebook and tests.

From the ground up, each importing only what stands before it:
`environment`, `errors`, `paths`, `words`, `parameters`: what everything needs, without pandas;
`measures`, `notebooks`, `style`, `tables`, then `chart`, `estimates`, `figure`: what rows and figures are made with;
`rows`: which rows a figure shows; `figures`: how it is drawn from them; `claims`: what is judged from the rows;
`bundle`: what is written of a figure; `vendor`: how vendors' exports are read; `explore`: the figure with controls;
`render`, `refresh`: what runs notebooks and what fetches data, behind the command line, `__main__`.

This file imports nothing, so that the command line starts fast. CONTRIBUTING.md has more.
"""

__version__ = "0.2.0"
