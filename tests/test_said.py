"""What the notebooks say besides their figures, with parameters that none of their sentences was written for."""

import re

import pytest
from said import said


def test_of_an_own_cohort_each_count_and_side_is_said_as_it_is(star_firms):
    star_firms("own", 1, rd=(30, 50, 60), selling=40)
    first = said("01_rd_against_sm", cohort="own")
    assert "1 has both expenses" in first and "move together" not in first.split("Counting yuan")[0]
    assert " above the article's" in first and "points from" not in first
    turned = said("05_accounting_break", cohort="own")
    assert "1 firm turned product first" in turned and "not known points" not in turned


def test_a_gap_of_the_first_notebook_is_above_or_below():
    default = said("01_rd_against_sm")
    assert "3.6 points (0.2 to 7.1) above that of other firms" in default and "would be 64.3% to 72.3%" in default
    assert re.search(r"\d points \([−\d.]+ to [\d.]+\) below the article's", said("01_rd_against_sm", fiscal_year=2019))


@pytest.mark.parametrize(("count", "day"), [(162, "31 December 2022"), (93, "30 June 2022")])
def test_the_certified_count_is_that_of_the_figures_title(count, day):
    text = said("03_who_are_the_93", count=count)
    assert f"as published for {day}:" in text and f"Of the certified of {day}, at least" in text


def test_a_count_that_never_was_has_nothing_for_it():
    text = said("03_who_are_the_93", count=71)
    assert "Nothing known speaks for" in text and "71 is none of them" in text and "April 2023, at least" not in text


def test_without_both_sides_there_is_no_gap_of_turns():
    text = said("05_accounting_break", cohort="star")
    assert "not known" not in text and "the 1 doubtful firm," in text


@pytest.mark.parametrize(
    ("year", "says"), [(2019, "excludes zero; were firms independent"), (2021, "includes zero; were")]
)
def test_what_hangs_on_industries_is_read_off_both_intervals(year, says):
    assert says in said("06_hard_tech_fields", fiscal_year=year)


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_the_years_of_the_decade_are_each_counted_once(grade):
    text = said("07_huawei_acfic", weakest_grade=grade)
    counted = re.search(
        r"ten years (\d+) are an annual report's, (\d+) second-hand or weak, (\d+) another body's, (\d+) missing", text
    )
    assert sum(map(int, counted.groups())) == 10
    assert "nan" not in text and "not known to" not in text


def test_how_many_of_the_cohort_put_sales_first_is_counted():
    assert "Of 291 firms of the cohort, 158 put sales first in 2019." in said("10_valley_of_death")
