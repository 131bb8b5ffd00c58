import numpy as np
import pandas as pd
import pytest
from conftest import text_faults
from matplotlib.colors import to_hex
from scipy import stats

from lib import figures, style
from lib.errors import ParameterError
from lib.paths import ROOT
from lib.rows import cited, cohorts
from lib.rows import does_65_hold as figure_4

NAME = "04_does_65_hold"
ALL = (("specialised", "star", "chinext", "all_listed"), (2019, 2020, 2021), (0.9, 1.0, 1.1))


@pytest.fixture(scope="module")
def curve():
    return figure_4.specifications(*ALL)


@pytest.fixture(scope="module")
def plain():
    """The listed specialised firms of 2021 recounted from the CSV files: all that could have filed, with what they filed."""
    texts = {"company_id": "str", "listed_on": "str", "specialised_board": "str"}
    companies, spending = (
        pd.read_csv(ROOT / "data" / f"{name}.csv", dtype=texts, low_memory=False) for name in ("companies", "spending")
    )
    firms = companies[(companies["specialised_board"] == "1") & companies["board"].isin(cohorts.BOARDS["all_listed"])]
    firms = firms.merge(spending[spending["fiscal_year"] == 2021], on="company_id", how="left")
    firms = firms[~(firms["fiscal_year"].isna() & (firms["listed_on"] > "2022-04-30"))]
    both = (firms["rd_expense_cny"] > 0) & (firms["selling_expense_cny"] > 0)
    return firms.assign(ratio=both & (firms["extract_check"] != "rd_conflict"))


def one(curve, **choices):
    rows = curve
    for name, value in choices.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


SUBJECT = {"cohort": "specialised", "year": 2021, "threshold": 1}


def test_every_combination_is_there_once_and_gives_its_own_result(curve):
    assert len(curve) == 4 * 3 * 3 * len(figure_4.COUNTINGS)
    assert not curve.duplicated([*figure_4.CHOICES]).any()
    assert len(figure_4.different(curve)) == len(curve)
    assert ((curve["low"] <= curve["share"]) & (curve["share"] <= curve["high"])).all()


def test_results_that_repeat_count_once(curve):
    again = pd.concat([curve, curve.assign(threshold=1.0001, counting="again")])
    assert len(figure_4.different(again)) == len(curve)


def test_years_before_the_break_come_apart(curve):
    before, after = figure_4.blocks(curve)
    assert set(before["year"]) == {2019} and set(after["year"]) == {2020, 2021}
    assert pd.concat([before, after]).index.equals(curve.index)
    assert all(part["share"].is_monotonic_increasing for part in (before, after))
    assert len(figure_4.blocks(after)) == 1


def test_the_subject_is_that_of_a_recount(curve, plain):
    row = one(curve, **SUBJECT, counting="once")
    drawn = plain[plain["ratio"]]
    hits = drawn["rd_expense_cny"] > drawn["selling_expense_cny"]
    assert (row["count"], row["total"]) == (hits.sum(), len(drawn)) == (352, 514)
    # The interval, clustered by industry, as the sandwich of a regression on a constant.
    sums = (hits - hits.mean()).groupby(drawn["industry_zh"]).sum()
    error = np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(drawn)
    assert (row["low"], row["high"]) == pytest.approx(stats.t.interval(0.95, len(sums) - 1, hits.mean(), error))
    assert [round(100 * row[end], 1) for end in ("low", "high")] == [59.4, 77.6]


def test_the_bounds_are_those_of_all_that_could_have_filed(curve, plain):
    least, most = (one(curve, **SUBJECT, counting=f"{side} first") for side in ("sales", "product"))
    gaps = (~plain["ratio"]).sum()
    assert least["no_ratio"] == gaps == 61 and least["total"] == most["total"] == len(plain) == 575
    assert (least["count"], most["count"]) == (352, 352 + gaps)
    assert [f"{row['share']:.1%}" for row in (least, most)] == ["61.2%", "71.8%"]


def test_bounds_hold_the_share_between_them(curve):
    wide = curve.pivot_table(index=["cohort", "year", "threshold"], columns="counting", values="share")
    assert ((wide["sales first"] <= wide["once"]) & (wide["once"] <= wide["product first"])).all()


def test_a_higher_threshold_never_lifts_the_share(curve):
    others = [name for name in figure_4.CHOICES if name != "threshold"]
    wide = curve.pivot_table(index=others, columns="threshold", values="share")
    assert ((wide[0.9] >= wide[1.0]) & (wide[1.0] >= wide[1.1])).all()


def test_influence_is_a_share_of_the_spread_of_the_years_after_the_break(curve):
    weigh = figure_4.influence(curve)
    assert set(weigh.index) == set(figure_4.CHOICES)
    assert list(weigh.index[:2]) == ["counting", "cohort"] and weigh.min() >= 0 and weigh.sum() <= 1  # a whole grid
    after = curve[curve["year"] >= 2020]
    means = after.groupby("cohort")["share"].agg(["mean", "size"])
    between = (means["size"] * (means["mean"] - after["share"].mean()) ** 2).sum()
    assert weigh["cohort"] == pytest.approx(between / (after["share"].var(ddof=0) * len(after)))
    assert figure_4.influence(after).equals(weigh)


def test_a_choice_of_one_option_accounts_for_nothing_and_is_not_named(curve):
    one_year = curve[curve["year"] == 2021]
    assert set(figure_4.influence(one_year).index) == {"cohort", "threshold", "counting"}
    assert figure_4.influence(curve.iloc[-1:]).empty
    alone = figures.build(NAME, cohort_list="star", years="2021", thresholds="1")
    assert "account" not in alone.notes[0] and "variance" not in alone.alt
    assert "The 4 counts give 4 different results" in alone.notes[0]


def test_the_articles_share_is_a_sample_with_an_interval(curve):
    stated = cited.article_share(cited.published())
    assert (stated.count, stated.total) == (60, 93)
    assert (stated.low, stated.high) == pytest.approx((0.5441, 0.7346), abs=5e-4)
    away, low, high = figure_4.gap(one(curve, **SUBJECT, counting="once"), stated)
    assert away == pytest.approx(352 / 514 - 60 / 93) and low < 0 < high
    assert high - low > stated.high - stated.low  # wider than against a constant


def test_the_title_says_when_the_gap_is_more_than_chance(edit):
    figure = figures.build(NAME)
    assert figure.title.startswith("68.5% of listed specialised firms were product first in 2021")
    assert figure.title.endswith("MacroPolo's 60 of 93 may be chance")
    edit("claims", {"claim_id": "mp3-share"}, "published_value", "0.35")
    assert figures.build(NAME).title.endswith("MacroPolo's 33 of 93 is more than chance")


def test_words_follow_the_counts(curve):
    figure = figures.build(NAME)
    parts = figure_4.blocks(curve)
    for part in parts:
        assert f"{(part['share'] > 0.65).sum()} above the published 65%" in figure.alt
    assert (
        f"among these {len(parts[-1])} counts after the break, how firms count and cohort alone account for"
        in figure.notes[0]
    )
    assert (
        "The 144 counts give 144 different results" in figure.notes[0]
        and "other options would give other shares" in figure.notes[0]
    )
    assert "61 of the 575 that could have filed" in figure.notes[1] and "no count" in figure.notes[1]
    small = figures.build(NAME, cohort_list="star", years="2021", thresholds="1")
    assert "different counts put the product-first share" in small.title
    assert text_faults(small.drawing) == []


def test_a_slide_names_the_choices_that_it_does_not_show():
    assert figures.build(NAME, size="slide").subtitle.endswith("Chosen, too, and not shown: fiscal year and threshold.")
    assert "not shown" not in figures.build(NAME).subtitle


def test_doubtful_firms_are_told_where_they_matter(curve):
    row = one(curve, **SUBJECT, counting="once")
    firms = cohorts.drawn(cohorts.company_years("specialised", 2021))
    sure = firms[firms["confirmed"] & (firms["outlier"] == "")]
    assert row["doubtful"] == len(firms) - len(sure) > 0
    assert row["sure"] == (sure["rd_expense_cny"] > sure["selling_expense_cny"]).mean()
    assert f"Without the {row['doubtful']} firms" in figures.build(NAME).notes[1]


def test_the_subject_stands_in_front_of_the_curve(curve):
    figure = figures.build(NAME)
    after = figure_4.blocks(curve)[-1]
    heights = {round(float(y), 6) for line in figure.drawing.axes[1].lines if to_hex(line.get_color()) == style.ACCENT
               and line.get_marker() == "o" for y in line.get_ydata()}  # fmt: skip
    assert heights == {round(share * 100, 6) for share in figure_4.own_terms(after)["share"]}
    assert len(figure.marks()) == len(curve)


def test_an_edited_company_moves_the_curve(edit, curve):
    edit("spending", {"company_id": "688981", "fiscal_year": "2021"}, "selling_expense_cny", "9e12")
    after = figure_4.specifications(*ALL)
    place = {"cohort": "star", "year": 2021, "threshold": 1, "counting": "once"}
    assert one(after, **place)["count"] == one(curve, **place)["count"] - 1


@pytest.mark.parametrize("look", [{"size": "one_column"}, {"size": "slide"}, {"cohort_list": "star", "size": "one_column"},
                                  {"years": "2019"}], ids=str)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_look_draws_without_overlap(look, language):
    assert text_faults(figures.build(NAME, language=language, **look).drawing) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [({"years": "1999"}, "years: 1999"), ({"cohort_list": "xyz"}, "cohort_list: 'xyz'"), ({"thresholds": "0"}, "thresholds: "), ({"thresholds": ""}, "thresholds: ")],
)  # fmt: skip
def test_wrong_choices_are_named(values, words):
    with pytest.raises(ParameterError, match=words):
        figures.build(NAME, **values)


def test_counts_that_all_give_one_result_are_said_to(data):
    rows = ["name,fiscal_year,rd,sm", "Alpha,2021,60e6,30e6"]
    (data / "cohorts" / "one.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    one = figures.build(NAME, cohort_list=["one"], years=[2021], thresholds=[1.0])
    assert one.title == "100.0% of companies spend more on R&D than on selling, more than MacroPolo's 65%"
    assert one.notes[0].startswith("All 4 counts give the same result. The break is")


def test_what_is_counted_is_what_the_thresholds_ask():
    twice, more = (figures.build(NAME, thresholds=thresholds) for thresholds in ([2.0], [2.0, 3.0]))
    assert (
        "spend more than 2 times as much on R&D as on selling" in twice.subtitle
        and "spend more than 2 times" in twice.alt
    )
    assert "the multiple of selling expense that a count asks" in more.subtitle
    assert "counts put the product-first share" in figures.build(NAME, cohort_list="star", years="2020").title
    assert "counts put the share below 65%" in twice.title and "counts put the share below 65%" in more.title
    assert "spend more on R&D than on selling, fiscal" in figures.build(NAME).subtitle


def test_a_share_is_product_first_though_other_thresholds_give_the_same(data):
    rows = ["name,fiscal_year,rd,sm", *(f"{name},2021,60e6,{sm}e6" for name, sm in (("Alpha", 30), ("Beta", 90)))]
    (data / "cohorts" / "two.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert "the product-first share" in figures.build(NAME, cohort_list=["two"], years=[2021]).title


def test_a_choice_that_accounts_for_nothing_is_not_named(data):
    rows = [
        "name,fiscal_year,rd,sm",
        *(f"{name},{year},60e6,{sm}e6" for name, sm in (("Alpha", 30), ("Beta", 57)) for year in (2020, 2021)),
    ]
    (data / "cohorts" / "two.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    note = figures.build(NAME, cohort_list=["two"], years=[2020, 2021], thresholds=[1.0, 1.1]).notes[0]
    assert "threshold alone accounts for " in note and "0%" not in note.replace("100%", "")
