import json

import pandas as pd
import pytest
from conftest import text_faults
from hypothesis import given
from hypothesis import strategies as st

from lib import claims, figures, notebooks
from lib.errors import DataError, ParameterError
from lib.paths import ROOT, notebooks_dir
from lib.rows import huawei_acfic as huawei

NAME = "07_huawei_acfic"
DEFAULTS = {"decade_end": 2022, "series": "amount", "weakest_grade": "C", "list_figures": True}


def verdict(claim):
    return claims.ledger(NAME).set_index("claim_id").loc[claim]


def stated(item, year):
    """Huawei's own figure in billion yuan, read without the project: the best grade, of these the one with most digits."""
    rows = pd.read_csv(ROOT / "data" / "cited_figures.csv")
    rows = rows[(rows["entity"] == "Huawei") & (rows["item"] == item) & (rows["fiscal_year"] == year)]
    rows = rows[rows["grade"] == rows["grade"].min()]
    return max(rows["value"], key=lambda value: len(f"{value:.12g}".rstrip("0"))) / 1000


def test_the_years_that_are_known_and_how():
    years = huawei.yearly().set_index("fiscal_year")
    assert list(years.index) == list(range(2011, 2025))
    for year in set(years.index) - {2020}:
        assert years.at[year, "rd_bn"] == pytest.approx(stated("rd_expense", year)), year
    assert "".join(years["grade"]) == "CAABBBBAABBBBB"
    assert list(years.index[years["kind"] == "list"]) == [2020] and years.at[2020, "rd_bn"] == 141.893


def test_without_the_lists_or_weak_sources_years_are_missing_not_filled():
    assert 2020 not in set(huawei.yearly(list_figures=False)["fiscal_year"])
    assert set(huawei.yearly("A")["fiscal_year"]) == {2012, 2013, 2018, 2019}
    assert huawei.stated_sums("A").empty


@pytest.mark.parametrize(
    ("end", "total", "missing"),
    [
        (2017, 350.619, [2008, 2009, 2010]),
        (2018, 452.128, [2009, 2010]),
        (2021, 844.68, []),
        (2022, 976.433, []),
        (2023, 1110.461, []),
        (2024, 1249.361, []),
    ],
)
def test_decades_added_up(end, total, missing):
    found, stated_bn = huawei.decade(huawei.yearly(), huawei.stated_sums(), end)
    assert found.total == pytest.approx(total, abs=0.2) and found.missing == missing
    ours = [stated("rd_expense", year) for year in found.cover if year not in (*missing, 2020)]
    assert found.total == pytest.approx(sum(ours) + (141.893 if 2020 in found.cover else 0))
    assert len(found.cover) == 10 and stated_bn == stated("rd_cumulative_10y", end)


def test_2014_to_2018_add_up_to_the_stated_sum_by_themselves():
    years = [stated("rd_expense", year) for year in range(2014, 2019)]
    assert sum(years) == pytest.approx(368.009) and stated("rd_cumulative_5y", 2018) == 368
    checks = huawei.checks(huawei.yearly(), huawei.stated_sums())
    five = checks[checks["years"] == 5].iloc[0]
    assert five["rebuilt"].total == pytest.approx(sum(years)) and five["rd_bn"] == 368
    figure = figures.build(NAME)
    assert "2014 to 2018 add up to 368.0 by themselves, against 368 stated." in figure.notes[0]
    assert figure.headline["sums_checked"] == 5
    assert figure.headline["largest_difference_bn"] == pytest.approx(977.3 - 976.433)


def test_a_stated_sum_that_the_years_contradict_is_seen(edit):
    edit("cited_figures", {"figure_id": "huawei-rd-cumulative-5y-2018"}, "value", "398000")
    figure = figures.build(NAME)
    assert figure.headline["largest_difference_bn"] == pytest.approx(398 - 368.009)
    assert figure.headline["rebuilt_bn"] == pytest.approx(976.433), "a stated sum goes into no sum"
    assert "against 398 stated" in figure.notes[0]


def test_known_years_alone_are_a_lower_bound():
    alone = huawei.rebuild(2013, 2022, huawei.yearly(list_figures=False))
    assert alone.total == pytest.approx(976.433 - 141.893) and alone.missing == [2020]


@given(st.integers(2005, 2023), st.integers(1, 15))
def test_every_year_counts_once_and_every_row_once(first, length):
    years = huawei.yearly()
    found = huawei.rebuild(first, first + length - 1, years)
    assert list(found.cover) == list(range(first, first + length))
    assert len(set(found.rows)) == len(found.rows) == sum(bool(how) for how in found.cover.values())
    known = years.set_index("fiscal_year")["rd_bn"]
    assert found.total == pytest.approx(sum(known.get(year, 0) for year in found.cover))
    assert set(found.missing).isdisjoint(known.index)


def test_the_exchange_rates():
    rates = huawei.rates().set_index("label")["cny_per_usd"]
    assert rates["27 October 2023"] == 7.3171 and rates["average of 2022"] == 6.729
    assert rates["Huawei's, end 2022"] == 6.9533 and len(rates) == 5


def test_the_lists():
    lists = huawei.rankings()
    first = lists[lists["rank"] == 1].set_index("fiscal_year")
    assert list(first["company"]) == ["Huawei", "Huawei", "Tencent"]
    assert list(first["rd_bn"]) == pytest.approx([141.9, 142.7, 61.401])
    absent = lists[lists["rank"].isna()]
    assert list(absent["company"]) == ["Huawei"] and list(absent["fiscal_year"]) == [2022]
    assert absent["rd_bn"].isna().all()
    assert "CEC" not in " ".join(lists["list"])


def test_verdicts():
    decade, dollars, rank = (verdict(claim) for claim in ("cd-decade", "cd-usd", "cd-rank"))
    assert decade["verdict"] == "reproduced" and decade["value"] == pytest.approx(976.433)
    assert "1 from another body's list" in decade["reason"]
    assert dollars["verdict"] == "reproduced" and dollars["value"] == pytest.approx(160 / 7.3171)
    assert "23.78 at the average of 2022" in dollars["reason"]
    assert rank["verdict"] == "differs" and rank["value"] == pytest.approx(142.7)
    assert "over 100 billion yuan, did not participate" in rank["reason"] and "2023-09-13" in rank["reason"]


def test_an_edited_year_moves_picture_prose_and_ledger(edit):
    edit("cited_figures", {"figure_id": "huawei-rd-expense-2022"}, "value", "181500")
    figure = figures.build(NAME)
    assert "adds up to 996 billion yuan" in figure.title and "2022 181.5" in figure.alt
    texts = {text.get_text() for axes in figure.drawing.axes for text in axes.texts}
    assert {"181.5", "996.4", "Huawei: not ranked, own figure  181.5"} <= texts
    assert verdict("cd-decade")["verdict"] == "differs"
    assert "181.5" in verdict("cd-rank")["reason"]


def test_an_edited_rate_moves_the_dollars(edit):
    edit("cited_figures", {"figure_id": "cny-usd-daily-2023-10-27"}, "value", "6.4")
    assert verdict("cd-usd")["verdict"] == "differs" and verdict("cd-usd")["value"] == pytest.approx(25)
    assert "25.00 billion dollars" in figures.build(NAME).alt


def test_a_list_with_huawei_first_settles_the_ranking(edit):
    row = {"figure_id": "acfic-top-500-private-enterprises-2022-list-huawei-rank-1-rd-2021"}
    edit("cited_figures", row, "value", "161000")
    edit("cited_figures", {"figure_id": row["figure_id"] + "-2"}, "value", "161000")
    assert verdict("cd-rank")["verdict"] == "reproduced"
    assert "a list has it first with over 160" in figures.build(NAME).title


PART_IN_2023 = {"figure_id": "acfic-top-500-private-enterprises-2023-list-huawei-participation-2022"}


def test_without_a_word_of_either_list_the_ranking_is_open(edit):
    edit("cited_figures", PART_IN_2023, "entity", "ACFIC Top 500 private enterprises 2023 list: Nobody")
    row = verdict("cd-rank")
    assert row["verdict"] == "open" and "lists of 2022" in row["decided_by"]


def test_a_list_of_2022_data_with_huawei_first_bears_the_column_out(edit):
    for column, value in (("item", "rank_1_rd"), ("value", "161500"), ("statement", ""), ("unit", "CNY million")):
        edit("cited_figures", PART_IN_2023, column, value)
    assert verdict("cd-rank")["verdict"] == "reproduced"


def test_a_list_of_the_year_that_ranks_huawei_lower_refutes_it(edit):
    for column, value in (("item", "rank"), ("value", "4"), ("statement", ""), ("unit", "rank")):
        edit("cited_figures", PART_IN_2023, column, value)
    assert verdict("cd-rank")["verdict"] == "differs"


def test_a_missing_year_makes_the_sum_a_lower_bound(edit):
    edit("cited_figures", {"figure_id": "huawei-rd-expense-2016"}, "value", "")
    figure = figures.build(NAME)
    assert "at least" in figure.title and "Not known in the decade: 2016" in figure.notes[0]
    assert verdict("cd-decade")["verdict"] == "supported"
    assert text_faults(figure.drawing) == []


@pytest.mark.parametrize("size", ["one_column", "two_columns", "slide"])
def test_it_fits_a_column_and_a_slide(size):
    assert text_faults(figures.build(NAME, size=size).drawing) == []


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("unit", "percent", "huawei-rd-expense-2022, column unit"),
        ("value", "-5", "huawei-rd-expense-2022, column value"),
    ],
)
def test_an_amount_that_is_none_is_named(edit, column, value, words):
    edit("cited_figures", {"figure_id": "huawei-rd-expense-2022"}, column, value)
    with pytest.raises(DataError, match=words):
        huawei.yearly()


def test_a_rate_of_zero_is_named(edit):
    edit("cited_figures", {"figure_id": "cny-usd-daily-2023-10-30"}, "value", "0")
    with pytest.raises(DataError, match="cny-usd-daily-2023-10-30"):
        huawei.rates()


def test_two_places_on_one_list_are_named(edit):
    edit("cited_figures", {"figure_id": "acfic-top-500-private-enterprises-2023-list-tencent-rank-2022"}, "value", "3")
    with pytest.raises(DataError, match="Tencent has two places"):
        huawei.rankings()


@pytest.mark.parametrize("grade", ["A", "B", "C"])
@pytest.mark.parametrize(("series", "lists"), [("amount", True), ("share_of_revenue", False)])
def test_no_text_overlaps_under_any_parameter(grade, series, lists):
    for end in (2018, 2023):
        figure = figures.build(NAME, weakest_grade=grade, series=series, list_figures=lists, decade_end=end)
        assert text_faults(figure.drawing) == [], (end, grade, series, lists)
        assert len(figure.title) < 130


def test_the_share_of_revenue_leads_to_both_rows():
    table = figures.build(NAME, series="share_of_revenue").table
    years = table[table["panel"] == "year"].set_index("fiscal_year")
    assert years.loc[2022, "value"] == pytest.approx(100 * 161500 / 642338)
    assert years.loc[2022, "source_row"].split(" ") == [
        "cited_figures.csv:huawei-rd-expense-2022",
        "cited_figures.csv:huawei-revenue-2022",
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("decade_end", 2020, "2018, 2021, 2022, 2023"),
        ("series", "dollars", "amount, share_of_revenue"),
        ("weakest_grade", "D", "A, B, C"),
        ("list_figures", "perhaps", "True, False"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_allowed(name, value, words):
    with pytest.raises(ParameterError, match=name) as error:
        figures.build(NAME, **{name: value})
    assert words in str(error.value)


def test_yes_and_no_are_understood():
    values = notebooks.check_all(notebooks_dir() / f"{NAME}.ipynb", {"list_figures": "no"})
    assert values.items() >= (DEFAULTS | {"list_figures": False}).items()


def test_a_rendered_notebook_has_its_numbers_from_the_data(edit, render):
    edit("cited_figures", {"figure_id": "huawei-rd-expense-2022"}, "value", "181500")
    folder = render(NAME, decade_end=2023)
    prose = (folder / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "**1,130.5 billion**" in prose
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert {claim["claim_id"]: claim["verdict"] for claim in record["claims"]}["cd-decade"] == "differs"


def test_without_a_stated_sum_no_sentence_speaks_of_one():
    figure = figures.build(NAME, weakest_grade="A")
    assert figure.subtitle == "Huawei's R&D in billion yuan, 2012 to 2019, against what China Daily says of it"
    assert figure.notes[0].startswith("No sum that Huawei states checks the years: none is from a source of grade A.")
    one = figures.build(NAME, list_figures=False).notes[0]
    assert "The years add up to within 0.01 billion of the stated sum." in one
    assert "within 0.9 billion of all stated sums that can be checked." in figures.build(NAME).notes[0]
    for end, stated_bn in ((2017, "394"), (2022, "977.3"), (2024, "1,249")):
        assert f"against {stated_bn} stated." in figures.build(NAME, decade_end=end).alt
