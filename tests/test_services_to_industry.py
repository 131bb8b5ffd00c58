import json

import numpy as np
import pytest
from conftest import render, text_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import claims, figures
from lib.errors import DataError, ParameterError
from lib.measures import growth_gap
from lib.rows import cohorts
from lib.rows import services_to_industry as sectors

NAME = "08_services_to_industry"
PANELS = ("same_firms", "all_firms")


def verdict():
    return claims.ledger(NAME).set_index("claim_id").loc["cd-shift"]


@pytest.fixture(scope="module")
def rows():
    return sectors.company_years("all_listed", 2019)


def test_pinned_sums_of_the_same_firms(rows):
    found = sectors.sums(rows, "same_firms").set_index(["sector", "fiscal_year"])
    assert found.loc["secondary", "firms"].tolist() == [2065] * 3
    assert found.loc["tertiary", "firms"].tolist() == [538] * 3
    assert found.loc["unknown", "firms"].tolist() == [30] * 3
    assert found.loc["secondary", "rd_bn"].tolist() == pytest.approx([415.212, 483.112, 610.856], abs=1e-3)
    assert found.loc["tertiary", "rd_bn"].tolist() == pytest.approx([71.710, 78.714, 95.946], abs=1e-3)
    assert found.loc["secondary", "selling_bn"].tolist() == pytest.approx([837.406, 723.257, 736.893], abs=1e-3)
    assert found.loc["tertiary", "rd_share"].tolist() == pytest.approx([0.14591, 0.13897, 0.13490], abs=1e-5)


def test_pinned_sums_of_all_firms(rows):
    found = sectors.sums(rows, "all_firms").set_index(["sector", "fiscal_year"])
    assert found.loc["secondary", "firms"].tolist() == [2176, 2536, 2866]
    assert found.loc["tertiary", "rd_bn"].tolist() == pytest.approx([73.701, 85.549, 129.922], abs=1e-3)
    assert found.loc["unknown", "firms"].tolist() == [60, 49, 37]


def test_the_answer_depends_on_whose_research_is_counted(rows):
    same, every = (sectors.growth(sectors.sums(rows, panel)) for panel in PANELS)
    assert same["secondary"] == pytest.approx(0.4712, abs=1e-4) and same["tertiary"] == pytest.approx(0.3380, abs=1e-4)
    assert every["secondary"] == pytest.approx(0.7427, abs=1e-4) and every["tertiary"] == pytest.approx(
        0.7628, abs=1e-4
    )


def test_one_newcomer_turns_the_order(rows):
    newcomer = sectors.largest_newcomer(rows)
    assert newcomer["company_id"] == "600941" and newcomer["rd_expense_cny"] == 15.577e9
    without = sectors.growth(sectors.sums(sectors.company_years("all_listed", 2019, ("600941",)), "all_firms"))
    assert without["secondary"] > without["tertiary"] == pytest.approx(0.5515, abs=1e-4)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("cohort", ["all_listed", "star"])
@pytest.mark.parametrize("without", [(), ("688981", "600941")])
def test_summed_and_left_out_add_up_to_the_cohort(cohort, panel, without):
    rows = sectors.company_years(cohort, 2020, without)
    found = sectors.sums(rows, panel)
    firms = found[found["fiscal_year"] == 2021]["firms"].sum()
    assert firms + sum(sectors.left_out(rows, panel).values()) == len(cohorts.members(cohort))
    shares = found.groupby("fiscal_year")[["rd_share", "selling_share"]].sum()
    assert np.allclose(shares, 1)


def test_the_same_firms_are_the_same_in_every_year(rows):
    groups = sectors.chosen(rows, "same_firms").groupby("fiscal_year")["company_id"].agg(set)
    assert len({frozenset(group) for group in groups}) == 1


def test_the_sums_come_from_the_rows_of_the_table():
    figure = figures.build(NAME)
    firms = figure.table[(figure.table["panel"] == "company") & figure.table["same_firm"].eq(True)]
    again = firms[(firms["fiscal_year"] == 2021) & (firms["sector"] == "tertiary")]["rd_expense_cny"].sum() / 1e9
    assert again == pytest.approx(95.946, abs=1e-3)
    assert figure.headline["firms"] == 2672 and figure.headline["firms_unknown"] == 30
    assert sum(figure.left_out.values()) + figure.headline["firms"] == 5364


def test_zero_is_summed_and_empty_is_not(edit):
    edit("spending", {"company_id": "002230", "fiscal_year": "2021"}, "rd_expense_cny", "0")
    rows = sectors.company_years("all_listed", 2019)
    assert sectors.sums(rows, "same_firms")["firms"].sum() == 3 * 2672
    edit("spending", {"company_id": "002230", "fiscal_year": "2021"}, "rd_expense_cny", "")
    rows = sectors.company_years("all_listed", 2019)
    assert sectors.sums(rows, "same_firms")["firms"].sum() == 3 * 2671


def test_an_edited_company_moves_title_prose_and_ledger(edit):
    before = verdict()
    edit("spending", {"company_id": "002230", "fiscal_year": "2021"}, "rd_expense_cny", "32829841000")
    figure = figures.build(NAME)
    assert "47% in industry and 76% in services" in figure.title
    assert "services 71.7 to 125.9" in figure.alt
    assert any("126 bn" in text.get_text() for text in figure.drawing.axes[0].texts)
    after = verdict()
    assert after["rebuilt"] != before["rebuilt"] and "14.6% to 17.0% in the same firms" in after["rebuilt"]


def test_an_industry_that_is_not_known_counts_as_unknown(edit):
    edit("companies", {"company_id": "002230"}, "industry_zh", "")
    found = sectors.sums(sectors.company_years("all_listed", 2019), "same_firms")
    last = found[found["fiscal_year"] == 2021].set_index("sector")["firms"]
    assert last["unknown"] == 31 and last["tertiary"] == 537


def test_the_national_figures_are_dots_with_years():
    national = sectors.national()
    drawn = {(row.item, row.fiscal_year): (round(row.drawn, 3), row.grade) for row in national.itertuples()}
    assert drawn == {
        ("gerd", 2012): (1.03, "C"),
        ("gerd", 2013): (1.185, "A"),
        ("gerd", 2016): (1.57, "B"),
        ("gerd", 2017): (1.761, "B"),
        ("gerd", 2018): (1.968, "C"),
        ("gerd", 2019): (2.214, "A"),
        ("gerd", 2020): (2.439, "A"),
        ("gerd", 2021): (2.796, "B"),
        ("gerd", 2022): (3.078, "A"),
        ("gerd", 2023): (3.336, "A"),
        ("fai_growth_secondary", 2019): (2.0, "B"),
        ("fai_growth_tertiary", 2019): (7.2, "B"),
        ("fai_growth_manufacturing", 2023): (6.2, "B"),
        ("fai_growth_total", 2023): (3.1, "B"),
        ("vc_total", 2020): (86.7, "B"),
        ("vc_total", 2021): (130.6, "B"),
        ("vc_total", 2023): (69.9, "B"),
        ("vc_semiconductor", 2021): (8.8, "B"),
        ("vc_semiconductor", 2022): (9.5, "B"),
        ("vc_semiconductor", 2023): (22.2, "B"),
    }
    figure = figures.build(NAME)
    for axes in figure.drawing.axes[2:]:
        stems = [line for line in axes.lines if len(line.get_xdata()) > 1]
        assert stems and all(len(set(line.get_xdata())) == 1 for line in stems), "a line joins two years"


def test_an_amount_in_a_wrong_unit_is_named(edit):
    edit("cited_figures", {"figure_id": "china-vc-investment-vc-total-2021"}, "unit", "firms")
    with pytest.raises(DataError, match="china-vc-investment-vc-total-2021, column unit"):
        sectors.national()


def test_the_claim_is_open_for_want_of_investment_by_sector():
    row = verdict()
    assert row["verdict"] == "open" and np.isnan(row["value"])
    assert "the firms disagree" in row["reason"] and "2019 only" in row["reason"]


@pytest.mark.parametrize(
    ("secondary", "tertiary", "expected"), [("9.0", "1.0", "open"), ("1.0", "9.0", "open")]
)  # the firms disagree, so a second year of investment decides nothing alone
def test_a_second_year_of_investment_is_weighed(data, secondary, tertiary, expected):
    add_investment(data, secondary, tertiary)
    row = verdict()
    assert row["verdict"] == expected
    assert f"2019 and 2022, last grew faster in {'industry' if secondary > tertiary else 'services'}" in row["reason"]


def test_investment_and_firms_together_settle_it(data, edit):
    add_investment(data, "9.0", "1.0")
    edit("spending", {"company_id": "600941", "fiscal_year": "2021"}, "rd_expense_cny", "1000000")
    assert verdict()["verdict"] == "supported"


def add_investment(data, secondary, tertiary):
    path = data / "cited_figures.csv"
    lines = [
        f"test-{item}-2022,China FAI growth Jan-Sep,macro,2022,2022-09-30,fai_growth_{item},,{value},,,percent,B,fai-2,"
        for item, value in (("secondary", secondary), ("tertiary", tertiary))
    ]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(lines) + "\n", encoding="utf-8")


def test_growth_gap_is_the_difference_of_growth():
    gap, low, high = growth_gap([10, 10, 10, 10], [20, 30, 10, 20], [True, True, False, False])
    assert gap == pytest.approx(1.5 - 0.5) and low <= gap <= high
    assert growth_gap([1, 2], [2, 3], [True, False]) == pytest.approx((0.5, np.nan, np.nan), nan_ok=True)
    assert np.isnan(growth_gap([1, 2], [2, 3], [True, True])).all()
    assert np.isnan(growth_gap([0, 2], [2, 3], [True, False])).all()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)), min_size=4, max_size=12))
def test_growth_gap_turns_its_sign_with_the_groups(pairs):
    first, last = np.array(pairs).T
    inside = np.arange(len(pairs)) % 2 == 0
    assert growth_gap(first, last, inside)[0] == pytest.approx(-growth_gap(first, last, ~inside)[0])


@pytest.mark.parametrize("cohort", ["specialised", "star", "chinext", "all_listed"])
@pytest.mark.parametrize(("panel", "base"), [("same_firms", 2020), ("all_firms", 2019)])
def test_no_text_overlaps_under_any_parameter(cohort, panel, base):
    figure = figures.build(NAME, cohort=cohort, panel=panel, base_year=base)
    assert text_faults(figure.drawing) == []
    assert len(figure.title) < 130 and "nan" not in figure.title


def test_a_code_that_is_not_in_the_cohort_is_said():
    figure = figures.build(NAME, cohort="star", without=["688981", "000002"])
    assert "not in this cohort: 000002." in " ".join(figure.notes)
    assert figure.left_out["left out on request"] == 1
    assert "688981" not in set(figure.table["company_id"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("panel", "balanced", "same_firms, all_firms"),
        ("base_year", 2021, "2019, 2020"),
        ("without", ["6009"], "six-digit"),
        ("cohort", "bse", "refresh bse"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_allowed(name, value, words):
    with pytest.raises(ParameterError, match=name) as error:
        figures.build(NAME, **{name: value})
    assert words in str(error.value)


def test_a_rendered_notebook_has_its_numbers_from_the_data(edit, outputs):
    edit("spending", {"company_id": "002230", "fiscal_year": "2021"}, "rd_expense_cny", "32829841000")
    folder = render(NAME, panel="all_firms")
    prose = (folder / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "**47% in industry and 76% in services**" in prose
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["headline"]["services_growth_all_firms"] > 1
