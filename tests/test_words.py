import re
from datetime import date

import pytest

from lib import notebooks
from lib.paths import ROOT
from lib.words import count_word, day_words, gap_words, name_list, number, sentence, times


@pytest.mark.parametrize(
    ("value", "form", "said"),
    [
        (-3.25, ".1f", "−3.2"),
        (12, "+.0f", "+12"),
        (-0.04, "+.1f", "+0.0"),
        (-0.04, ".1f", "0.0"),
        (-1234.5, ",.0f", "−1,234"),
        (-0.0004, ".1%", "0.0%"),
        (float("-inf"), ".1f", "−inf"),
        (float("nan"), "+.1f", "not known"),
    ],
)
def test_a_number_has_a_true_minus_and_no_zero_has_one(value, form, said):
    assert number(value, form) == said


def test_no_other_code_writes_a_number_that_may_be_below_zero():
    """Words that a reader sees: no sign is formatted and no minus replaced but by `number`."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "lib").rglob("*.py"))}
    sources |= {path.name: "\n".join(cell.source for cell in notebooks.cells(path)) for path in notebooks.figures()}
    del sources["words.py"]
    found = {
        name: re.findall(r"""\{[^{}]*:\+[^{}]*\}|replace\(["'] ?-["'], ["'] ?−["']\)""", text)
        for name, text in sources.items()
    }
    assert {name: signs for name, signs in found.items() if signs} == {}


def test_small_words():
    assert [count_word(n) for n in (0, 3, 12, 13, 1200)] == ["no", "three", "twelve", "13", "1,200"]
    assert name_list(["a"]) == "a" and name_list(["a", "b", "c"]) == "a, b and c"
    assert times(1) == "R&D 2.0 times selling expense" and times(-1) == "selling expense 2.0 times R&D"
    assert sentence("two in three") == "Two in three"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2022-06-01", "2022-06-01", "1 June 2022"),
        ("2022-06-01", "2022-06-09", "1 to 9 June 2022"),
        ("2022-05-27", "2022-06-01", "27 May to 1 June 2022"),
        ("2021-12-30", "2022-01-02", "30 December 2021 to 2 January 2022"),
        ("2021-06-01", "2022-06-02", "1 June 2021 to 2 June 2022"),
    ],
)
def test_days_are_said_as_people_do(first, last, said):
    assert day_words(date.fromisoformat(first), date.fromisoformat(last)) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "the same day"),
        (1, "one day later"),
        (-9, "nine days earlier"),
        (29, "a month later"),
        (-70, "two months earlier"),
    ],
)
def test_gaps_are_said_as_people_do(days, said):
    assert gap_words(days) == said
