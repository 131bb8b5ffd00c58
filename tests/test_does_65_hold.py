import numpy as np
import pytest
from conftest import text_faults

from lib import figures
from lib.errors import ParameterError
from lib.measures import share_of
from lib.rows import does_65_hold as figure_4

NAME = "04_does_65_hold"
ALL = (("specialised", "star", "chinext", "all_listed"), (2019, 2020, 2021), (0.9, 1.0, 1.1))


@pytest.fixture(scope="module")
def curve():
    return figure_4.specifications(*ALL)


def one(curve, **choices):
    rows = curve
    for name, value in choices.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


PLAIN = {"weight": "firms", "absent": "left out", "balanced": False, "check": "all"}


def test_every_combination_is_there_once(curve):
    assert len(curve) == 4 * 3 * 3 * 2 * 3 * 2 * 2
    assert set(curve["absent"]) == set(figure_4.ABSENT)
    assert not curve.duplicated([*figure_4.CHOICES]).any()
    assert curve["share"].is_monotonic_increasing
    assert ((curve["low"] <= curve["share"]) & (curve["share"] <= curve["high"])).all()


def test_pinned_counts(curve):
    assert ((curve["share"] > 0.65).sum(), (curve["share"] < 0.65).sum()) == (138, 726)
    row = one(curve, cohort="specialised", year=2021, threshold=1, **PLAIN)
    assert (row["count"], row["total"]) == (352, 514)
    assert figure_4.own_terms(curve)["share"].tolist() == [352 / 514]


def test_readings_that_count_the_same_firms_weigh_alike(curve):
    # Zeros and gaps are rare, so reading them otherwise may not look as if it lowered the share.
    medians = curve.groupby("absent")["share"].median()
    assert medians.max() - medians.min() < 0.02


def test_a_higher_threshold_never_lifts_the_share(curve):
    others = [name for name in figure_4.CHOICES if name != "threshold"]
    wide = curve.pivot(index=others, columns="threshold", values="share")
    assert ((wide[0.9] >= wide[1.0]) & (wide[1.0] >= wide[1.1])).all()


def test_a_balanced_panel_has_the_same_firms_every_year(curve):
    totals = curve[curve["balanced"] & (curve["check"] == "all") & (curve["absent"] == "left out")]
    assert (totals.groupby("cohort")["total"].nunique() == 1).all()


def test_counting_missing_lines_as_zero_only_adds_firms(curve):
    others = [name for name in figure_4.CHOICES if name != "absent"]
    wide = curve.pivot(index=others, columns="absent", values="total").ffill(axis=1)
    assert ((wide["left out"] <= wide["zeros"]) & (wide["zeros"] <= wide["lines"])).all()


def test_influence_is_a_share_of_the_spread(curve):
    weigh = figure_4.influence(curve)
    assert set(weigh.index) == set(figure_4.CHOICES)
    assert ((weigh >= 0) & (weigh <= 1)).all()
    assert list(weigh.index[:2]) == ["cohort", "weight"]


def test_linearised_interval_is_near_the_bootstrap():
    rng = np.random.default_rng(1)
    weights, hits = rng.lognormal(0, 1, 800), rng.random(800) < 0.4
    quick, slow = (share_of(hits, weights, method) for method in ("linearised", "bootstrap"))
    assert quick.share == slow.share
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.006)


def test_words_follow_the_counts():
    figure = figures.build(NAME)
    assert (
        figure.title == "'Nearly 65%' is not contradicted on terms like MacroPolo's; 726 of 864 ways to count lie below"
    )
    assert "138 lie above" in figure.alt
    assert "cohort and weighting" in figure.notes[0]
    small = figures.build(NAME, cohort_list="star", years="2021", thresholds="1")
    assert small.title.endswith("ways to count put the product-first share below 65%")
    assert text_faults(small.drawing) == []


def test_an_edited_company_moves_the_curve(edit, curve):
    edit("spending", {"company_id": "688981", "fiscal_year": "2021"}, "selling_expense_cny", "9e12")
    after = figure_4.specifications(*ALL)
    assert one(after, cohort="star", year=2021, threshold=1, **PLAIN)["count"] == (
        one(curve, cohort="star", year=2021, threshold=1, **PLAIN)["count"] - 1
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [({"years": "1999"}, "years: 1999"), ({"cohort_list": "xyz"}, "cohort_list: 'xyz'"), ({"thresholds": "0"}, "thresholds: "), ({"thresholds": ""}, "thresholds: ")],
)  # fmt: skip
def test_wrong_choices_are_named(values, words):
    with pytest.raises(ParameterError, match=words):
        figures.build(NAME, **values)
