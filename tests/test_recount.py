"""Each figure's headline against `recount`, which shares no code with lib: every number, for the defaults.

No headline number goes without a recount. One is not compared to the last digit: see `LOOSE`.
"""

import ast
from pathlib import Path

import pytest
import recount

from lib import figures, notebooks

RECIPES = {path.stem: getattr(recount, f"figure_{int(path.stem[:2])}") for path in notebooks.figures()}
#: How far a number may lie from its recount, where that is more than rounding, and why.
LOOSE = {
    ("09_label_or_industry", "dealt_at_random"): 0.003,  # the mean of 999 random deals, against what it is on average
}


@pytest.mark.parametrize("name", RECIPES)
def test_the_headline_is_what_a_second_count_gives(name):
    drawn, counted = figures.build(name).headline, RECIPES[name]()
    assert set(drawn) == set(counted), "a number without a recount, or a recount without a number"
    for number, value in counted.items():
        loose = LOOSE.get((name, number))
        near = pytest.approx(value, abs=loose) if loose else pytest.approx(value, rel=1e-9, abs=1e-12)
        assert drawn[number] == near, number


def test_the_recount_shares_no_code_with_lib():
    tree = ast.parse(Path(recount.__file__).read_text(encoding="utf-8"))
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in named} == {"csv", "itertools", "math", "pathlib", "numpy", "pandas", "scipy", "statsmodels"}  # fmt: skip
