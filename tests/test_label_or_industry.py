import numpy as np
import pandas as pd
import pytest
from conftest import text_faults

from lib import figures
from lib.claims import ledger
from lib.errors import ParameterError, UserError
from lib.rows import cohorts
from lib.rows import label_or_industry as figure_9

NAME = "09_label_or_industry"


@pytest.fixture(scope="module")
def firms():
    return figure_9.load("specialised", 2021)


def test_each_listed_company_is_there_once_and_the_left_out_add_up(firms):
    assert firms["company_id"].is_unique
    both = {name: cohorts.company_years(name, 2021)["company_id"] for name in ("specialised", "all_listed")}
    assert set(firms["company_id"]) == set(both["specialised"]) | set(both["all_listed"])
    assert set(firms.loc[firms["in_cohort"] == 1, "company_id"]) == set(both["specialised"])
    figure = figures.build(NAME)
    assert figure.companies + sum(figure.left_out.values()) == len(firms)
    intensity = figures.build(NAME, outcome="rd_intensity")
    assert intensity.companies + sum(intensity.left_out.values()) == len(firms)
    assert intensity.companies == firms["log_rd_intensity"].notna().sum()


def test_pinned_ladder(firms):
    steps = figure_9.ladder(firms, "share")
    assert [round(found.value * 100, 1) for found in steps.values()] == [15.6, 3.9, 2.3, 0.8, 0.3]
    assert [found.firms for found in steps.values()] == [3681, 3644, 3611, 3561, 3561]
    within = steps[figure_9.WITHIN]
    assert (within.low, within.high) == pytest.approx((0.0030, 0.0758), abs=5e-5)


def test_the_raw_gap_is_that_of_the_shares_and_weighting_removes_what_industry_makes(firms):
    inside, weighted, others = figure_9.shares(firms).values()
    assert (inside, weighted, others) == pytest.approx((0.6848, 0.6484, 0.5289), abs=5e-5)
    raw = figure_9.ladder(firms, "share")[figure_9.RAW]
    assert raw.value == pytest.approx(inside - others)
    has = firms[firms["product_first"].notna()]
    by = has.groupby(["industry_zh", "in_cohort"])["product_first"].agg(["mean", "size"]).unstack()  # noqa: PD010
    both = by[("mean", 1.0)].notna() & by[("mean", 0.0)].notna()
    expected = np.average(by.loc[both, ("mean", 0.0)], weights=by.loc[both, ("size", 1.0)])
    assert weighted == pytest.approx(expected)


def test_the_placebo_would_show_that_industry_does_not_matter(firms):
    mean, low, high = figure_9.placebo(firms, "share")
    assert mean == pytest.approx(0.1207, abs=5e-5) and low < mean < high
    has = firms[firms["product_first"].notna()]
    by = has.groupby(has["industry_zh"].fillna("none"))["product_first"].transform("mean")
    assert mean == pytest.approx(by[has["in_cohort"] == 1].mean() - by[has["in_cohort"] == 0].mean(), abs=2e-3)
    one = figure_9.placebo(firms.assign(industry_zh="one"), "share")  # as if industries did not differ
    assert one[0] == pytest.approx(0, abs=2e-3) and one[1] < 0 < one[2]


def test_a_range_that_does_not_hold_the_mean_of_the_deals_is_none():
    """One labelled firm among a hundred that are all product first but one: nearly all deals give one number."""
    firms = pd.DataFrame(
        {
            "company_id": [*map(str, range(100))],
            "industry_zh": "a",
            "in_cohort": [1.0] + [0.0] * 99,
            "product_first": [1.0] * 99 + [0],
        }
    )
    mean, low, high = figure_9.placebo(firms, "share")
    assert abs(mean) < 0.01 and np.isnan([low, high]).all()


def test_the_deals_know_no_order_of_rows(firms):
    for outcome in figure_9.OUTCOMES:
        dealt = figure_9.placebo(firms.sample(frac=1, random_state=5), outcome)
        assert dealt == pytest.approx(figure_9.placebo(firms, outcome), rel=1e-12)


def test_a_label_that_does_matter_survives_the_ladder(firms):
    labelled = firms.assign(
        product_first=firms["product_first"].where(firms["in_cohort"] == 0, 1.0).where(firms["product_first"].notna())
    )
    steps = figure_9.ladder(labelled, "share")
    assert min(found.low for found in steps.values()) > 0.2


def test_the_thesis_can_come_out_otherwise(edit, data):
    assert ledger(NAME).loc[0, "verdict"] == "open"
    path = data / "spending.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    labelled = set(cohorts.members("specialised")["company_id"])
    frame.loc[frame["company_id"].isin(labelled) & frame["rd_expense_cny"].ne(""), "rd_expense_cny"] = "9e12"
    frame.to_csv(path, index=False, lineterminator="\n")
    assert ledger(NAME).loc[0, "verdict"] == "supported"


def test_the_title_says_the_drawn_numbers():
    figure = figures.build(NAME)
    assert figure.title == (
        "Listed specialised firms are product first 16 (7 to 24) points more often than others, 1 (−3 to 5) within industry, size and age"
    )
    less = figures.build(NAME, cohort="chinext")
    word = "more" if less.headline["raw"] > 0 else "less"
    assert f"points {word} often" in less.title and f" {abs(round(less.headline['raw'] * 100))} (" in less.title
    times = figures.build(NAME, outcome="rd_intensity")
    assert (
        f"{times.headline['raw']:.2f}× (" in times.title
        and f"{times.headline['same_listing_age']:.2f}× (" in times.title
    )


def test_later_listings_are_said_to_be_counted_for_a_list_alone():
    told = "Of those first listed later, only the cohort's are counted."
    listed, board = (figures.build(NAME, cohort=cohort) for cohort in ("specialised", "star"))
    assert told in " ".join(listed.notes) and "not yet listed" in listed.left_out
    assert told not in " ".join(board.notes) and "not yet listed" not in board.left_out


def test_a_step_that_the_cohort_gives_away_is_not_known():
    figure = figures.build(NAME, cohort="star")
    last = figure.table[figure.table["what"] == figure_9.LAST].iloc[0]
    assert np.isnan(last["estimate"]) and "And same board and controller: no estimate, 3,561 firms" in figure.alt
    assert (
        "No estimate of 'and same board and controller': of companies that are alike in it, all are in the cohort"
        in figure.notes[0]
    )
    assert "No estimate" not in figures.build(NAME).notes[0] and "not known to" not in figure.alt
    assert text_faults(figure.drawing) == []


@pytest.mark.parametrize("outcome", list(figure_9.OUTCOMES))
@pytest.mark.parametrize("year", [2019, 2021])
def test_every_outcome_and_year_draws_without_overlap(outcome, year):
    assert text_faults(figures.build(NAME, outcome=outcome, fiscal_year=year, minimum_firms=5).drawing) == []


def test_all_listed_companies_have_no_others():
    with pytest.raises(ParameterError, match="all_listed"):
        figures.build(NAME, cohort="all_listed")


def test_a_users_own_cohort_is_set_against_the_listed(data):
    drawn = cohorts.drawn(cohorts.company_years("star", 2021)).head(40)
    rows = ["name,fiscal_year,rd,sm,code,revenue,industry"]
    rows += [
        f"Firm {i},2021,{50 + i}e6,40e6,{row.company_id},900e6,{row.industry_zh}"
        for i, row in enumerate(drawn.itertuples())
    ]
    (data / "cohorts" / "my_chips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    figure = figures.build(NAME, cohort="my_chips", minimum_firms=3)
    assert figure.headline["share"] == 1 and "my_chips.csv" in figure.source_line
    firms = figure_9.load("my_chips", 2021)
    assert firms.loc[firms["in_cohort"] == 1, "listing_age"].notna().all() and firms["company_id"].is_unique
    (data / "cohorts" / "bare.csv").write_text("name,fiscal_year,rd,sm\nAlpha,2021,5e6,3e6\n", encoding="utf-8")
    bare = figures.build(NAME, cohort="bare")
    assert "one side has no company with a known industry." in bare.notes[0]
    assert "(no interval) points more often" in bare.title
    assert figures.build(NAME, cohort="bare", language="zh").title.startswith("bare")
    assert "Same industry: no estimate" in bare.alt and "no industry: none has 10 companies on each side" in bare.alt
    assert "not known of the others weighted" in bare.notes[1]
    with pytest.raises(UserError, match="no company of the cohort has a rd_intensity"):
        figures.build(NAME, cohort="bare", outcome="rd_intensity")


def test_where_no_industry_has_so_many_firms_the_words_that_say_so_are_whole():
    assert text_faults(figures.build(NAME, minimum_firms=100).drawing) == []
