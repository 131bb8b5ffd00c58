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


def test_a_board_of_young_listings_alone_has_its_days_said():
    text = said("01_rd_against_sm", cohort="star")
    assert "Of those listed since 2019 it is 70.3%" in text and "of those before" not in text
    assert "No listing day" not in text and "Of 419 companies that could have filed both expenses" in text


@pytest.mark.parametrize(("count", "day"), [(162, "31 December 2022"), (93, "30 June 2022")])
def test_the_certified_count_is_that_of_the_figures_title(count, day):
    text = said("03_who_are_the_93", count=count)
    assert f"as published for {day}:" in text and f"Of the certified of {day}, at least" in text


def test_a_count_that_never_was_has_nothing_for_it():
    text = said("03_who_are_the_93", count=71)
    assert "Nothing known speaks for" in text and "71 is none of them" in text and "April 2023, at least" not in text
    assert "It never had exactly 71." in text and "0 " not in re.findall(r"It [^.]*\.", text)[0]


def test_a_count_of_the_readers_own_is_not_the_articles():
    text = said("03_who_are_the_93", count=82)
    assert "that 82 is the whole board" in text and "the article's 82" not in text and "none had left. Of" in text


def test_where_all_firms_are_doubtful_nothing_is_said_of_the_others(star_firms):
    star_firms("own", 2, rd=(30, 50, 60), selling=40)
    text = said("04_does_65_hold", cohort_list=["own"])
    assert "nan" not in text and "Without the doubtful" not in text
    assert "Without the doubtful firms, shares move" in said("04_does_65_hold", cohort_list=["star"])


def test_one_field_is_said_once(star_firms):
    star_firms("own", 1, rd=(30, 50, 60), selling=40)
    text = said("06_hard_tech_fields", cohort="own")
    assert text.count(" as drawn, ") == 1 and "Of 0 companies" not in text


def test_ways_and_reasons_are_in_words():
    text = said("08_services_to_industry")
    assert "in 1 of 3 ways (same firms)" in text and "; 504 without accounts in the table;" in text


def test_the_ladder_has_the_years_that_a_file_holds(data):
    rows = "name,code,fiscal_year,rd,sm,revenue\n中芯国际,688981,2021,4e9,2e8,3e10\n金山办公,688111,2021,1e9,7e8,3e9\n"
    (data / "cohorts" / "year.csv").write_text(rows, encoding="utf-8")
    assert "The gap is" in said("09_label_or_industry", cohort="year")


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
