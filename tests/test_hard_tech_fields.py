import pytest
from conftest import text_faults

from lib import figures
from lib.rows import cohorts
from lib.rows import hard_tech_fields as figure_6

NAME = "06_hard_tech_fields"


@pytest.fixture(scope="module")
def firms():
    return cohorts.company_years("all_listed", 2021)


@pytest.fixture(scope="module")
def table(firms):
    return figure_6.groups(firms)


def test_fields_and_the_rest_hold_every_firm_of_known_industry(firms, table):
    fields = table[table["industry_en"].isna()]
    assert fields["count_firms"].sum() == cohorts.drawn(firms)["industry_en"].notna().sum() == 3644
    assert len(fields) == 8 and fields["field"].iloc[-1] == figure_6.OUTSIDE


def test_industries_add_up_to_their_field(table):
    for field, part in table.groupby("field"):
        whole, inside = part[part["industry_en"].isna()], part[part["industry_en"].notna()]
        if len(inside):
            assert inside["count"].sum() == whole["count"].item(), field
            assert inside["count_firms"].sum() == whole["count_firms"].item(), field


def test_pinned_shares_and_intensities(table):
    fields = table[table["industry_en"].isna()].set_index("field")
    assert (fields.loc["Chips and optoelectronics", ["count", "count_firms"]] == [184, 207]).all()
    assert (fields.loc["Biotechnology", ["count", "count_firms"]] == [59, 256]).all()
    assert fields.loc["Information technology", "intensity"] == pytest.approx(9.9, abs=0.05)
    assert ((fields["intensity_low"] <= fields["intensity"]) & (fields["intensity"] <= fields["intensity_high"])).all()


def test_left_out_adds_up():
    figure = figures.build(NAME)
    assert figure.companies + sum(figure.left_out.values()) == 5364
    assert "artificial intelligence is not an industry here" in " ".join(figure.notes)


@pytest.mark.parametrize(("cohort", "year"), [("specialised", 2021), ("star", 2019), ("chinext", 2020)])
def test_other_cohorts_draw_without_overlap(cohort, year):
    assert text_faults(figures.build(NAME, cohort=cohort, fiscal_year=year).drawing) == []


def test_small_groups_are_marked_not_hidden(table):
    figure = figures.build(NAME, small=1000)
    assert len(figure.table) == len(table)
    axes = figure.drawing.axes[0]
    hollow = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert len(hollow) == (table["count_firms"] < 1000).sum()


def test_an_edited_company_moves_title_and_alt(edit, firms):
    drawn = cohorts.drawn(firms)
    chips = drawn[
        (drawn["hard_tech_field"] == "Chips and optoelectronics")
        & (drawn["rd_expense_cny"] > drawn["selling_expense_cny"])
    ]
    for company in chips["company_id"].iloc[:3]:
        edit("spending", {"company_id": company, "fiscal_year": "2021"}, "rd_expense_cny", "1")
    figure = figures.build(NAME)
    assert "87% of 207" in figure.alt
    assert figure.title.startswith("89% of aerospace")
