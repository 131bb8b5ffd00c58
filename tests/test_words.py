import re
import shutil
from datetime import date

import pytest
from matplotlib.text import Text
from test_language import templates

from lib import figures, notebooks
from lib.paths import ROOT
from lib.words import (
    change_words,
    count_word,
    day_words,
    estimate,
    gap_words,
    interval,
    joined,
    name_list,
    number,
    say,
    sentence,
    speaking,
    times,
)


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


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.12, "+12%"), (-0.05, "−5%"), (0.003, "+0.3%"), (-0.0004, "−0.04%"), (0.0, "0%"), (1e-12, "0%"), (float("nan"), "not known")],
)  # fmt: skip
def test_a_change_has_its_sign_and_is_no_zero_unless_it_is_none(share, said):
    assert change_words(share) == said


def test_statements_in_one_clause():
    assert joined(["a", "b", "c"]) == "a, b and c"
    with speaking("zh"):
        assert joined(["a", "b"]) == "a，b"


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


@pytest.mark.parametrize(
    ("ends", "form", "neutral", "said"),
    [
        ((1.2, 14.4), ".0f", 0, "1 to 14"),
        ((-0.3, 8.2), ".0f", 0, "−0.3 to 8"),
        ((-0.004, 10.8), ".0f", 0, "−0.004 to 11"),
        ((-8, 0.04), "+.1f", 0, "−8.0 to +0.04"),
        ((0.0, 0.35), ".0%", 0, "0% to 35%"),
        ((0.9971, 1.42), ".2f", 1, "0.997 to 1.42"),
        ((float("nan"), 3), ".0f", 0, "no interval"),
    ],
)
def test_no_end_of_an_interval_is_said_as_if_nothing_differed(ends, form, neutral, said):
    assert interval(*ends, form, neutral) == said
    assert estimate("7%", *ends, form, neutral) == f"7% ({said})"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "no firms, 0"), (1, "one firm, 1"), (2, "two firms, 2"), (1200, "1,200 firms, 1,200")]
)
def test_words_that_hang_on_a_number_follow_it(count, said):
    assert say("{count:word} {count:firm|firms}, {count:,}", count=count) == said


#: What a reader counts.
NOUNS = "company|firm|industry|count|result|row|total|sum|day|measure"
PLURALS = "companies|firms|industries|counts|results|rows|totals|sums|days|ways|Giants"


def test_no_text_writes_a_plural_behind_a_number_that_may_be_one():
    """It hangs on the number by a form, '{count:firm|firms}'; but for numbers that are the project's own."""
    counted = re.compile(rf"\{{(\w+)(?::[^|{{}}]*)?\}} (?:(?!of)\w+ )?(?:{PLURALS})\b")
    own = {"fewest", "deals", "field"}
    found = {text for text in templates() for field in counted.findall(text) if field not in own}
    assert {
        text for text in found if "ways to count" not in text and "calls its {count} Little Giants" not in text
    } == set()
    assert counted.search("{count:,} other firms") and not counted.search("{count:,} {count:firm|firms}")


#: Parameters that bring counts of none, one and two into the figures' sentences.
FEW = [
    *(("01_rd_against_sm", {"cohort": name}) for name in ("one", "two", "tied")),
    ("02_public_sector", {"fiscal_year": 2024}),
    ("02_public_sector", {"fiscal_year": 2024, "weakest_grade": "B"}),
    *(("03_who_are_the_93", {"count": count}) for count in (1, 100, 162, 163)),
    *(("03_who_are_the_93", {"end": end}) for end in ("2021-11-16", "2022-05-27", "2022-05-31")),
    *(
        ("04_does_65_hold", {"cohort_list": [name], "years": [2021], "thresholds": [1]})
        for name in ("star", "one", "two")
    ),
    *(("05_accounting_break", {"cohort": name, "minimum_firms": 1}) for name in ("one", "two", "star")),
    *(("06_hard_tech_fields", {"cohort": name, "small": small}) for name in ("one", "two", "tied") for small in (1, 2)),
    ("06_hard_tech_fields", {"cohort": "star", "fiscal_year": 2019}),
    ("07_huawei_acfic", {"weakest_grade": "A"}),
    ("07_huawei_acfic", {"list_figures": False, "series": "share_of_revenue"}),
    *(("08_services_to_industry", {"cohort": name}) for name in ("one", "two", "star")),
    *(("09_label_or_industry", {"cohort": name, "minimum_firms": 1}) for name in ("one", "two", "star")),
    ("09_label_or_industry", {"cohort": "one", "outcome": "rd_intensity", "minimum_firms": 2}),
    *(("10_valley_of_death", {"cohort": name, "minimum_firms": 1}) for name in ("one", "two")),
    ("10_valley_of_death", {"last_year": 2020}),
]
#: What no sentence may say.
ODD = re.compile(
    rf"(?<![\d.,])1 (?:{PLURALS})\b|\b[Oo]ne (?:{PLURALS})\b|(?<![\d.,])(?:[02-9]|[1-9]\d+) (?:{NOUNS})\b|\bnan|\bNone\b(?! with)|not known to"
)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Cohorts of one and of two companies, and of two of which one spends as much on R&D as on selling."""
    folder = tmp_path_factory.mktemp("few") / "data"
    shutil.copytree(ROOT / "data", folder)
    head = "name,fiscal_year,rd,sm,code,revenue,industry,currency"
    rows = {
        name: [f"{name},{year},{rd + year},{sm},{code},9000,{industry},CNY" for year in (2019, 2020, 2021)]
        for name, rd, sm, code, industry in (
            ("Alpha", 100, 2150, "688981", "半导体及元件"), ("Beta", 50, 20, "", "汽车零部件"), ("Tie", 0, 2021, "", "半导体及元件")
        )
    }  # fmt: skip
    for cohort, names in {"one": ["Alpha"], "two": ["Alpha", "Beta"], "tied": ["Alpha", "Tie"]}.items():
        lines = [head, *(line for name in names for line in rows[name])]
        (folder / "cohorts" / f"{cohort}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIGURES_DATA", str(folder))
        yield


@pytest.mark.parametrize(("name", "values"), FEW, ids=[f"{name[:2]}-{values}" for name, values in FEW])
def test_sentences_of_small_numbers_agree_with_them_and_say_nothing_odd(few, name, values):
    figure = figures.build(name, **values)
    said = [figure.title, figure.subtitle, figure.alt, *figure.notes]
    said += [mark.words for mark in figure.marks()] + [text.get_text() for text in figure.drawing.findobj(Text)]
    assert [(odd[0], text) for text in said if (odd := ODD.search(text))] == []


def test_no_other_code_puts_an_interval_into_words():
    """Neither a text nor a cell formats the ends of one: `interval` does, which hides no sign and knows what is not known."""
    sources = [*templates(), *(cell.source for path in notebooks.figures() for cell in notebooks.cells(path))]
    sources += [path.read_text(encoding="utf-8") for path in (ROOT / "lib" / "claims").glob("*.py")]
    ends = re.compile(r"\(\{(?:low|least)[^}]*\} to|(?:interval|95%)[^.]{0,40}\{low|\{low[^}]*\} to \{high[^}]*\}\)")
    assert len(sources) > 500 and [text for text in sources if ends.search(text)] == []


def test_small_words():
    assert [count_word(n) for n in (0, 3, 12, 13, 1200)] == ["no", "three", "twelve", "13", "1,200"]
    assert name_list(["a"]) == "a" and name_list(["a", "b", "c"]) == "a, b and c"
    assert times(1) == "R&D 2.0 times selling expense" and times(-1) == "selling expense 2.0 times R&D"
    assert times(0.04) == "R&D 1.03 times selling expense" and times(0) == "as much R&D as selling expense"
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
