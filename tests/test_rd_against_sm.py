import numpy as np
import pytest
from conftest import text_faults
from matplotlib.text import Text

from lib import figures
from lib.figures import rd_against_sm
from lib.measures import expense_ratio, share_of
from lib.parameters import RatioMeasure, allowed
from lib.rows import cohorts
from lib.rows.rd_against_sm import clustered, gap_to_peers, load, product_first, ranked


def draw(cohort="specialised", year=2021, measure="log_ratio", highlight=()):
    return figures.build(
        "01_rd_against_sm", cohort=cohort, fiscal_year=year, measure=measure, highlight=list(highlight)
    )


def test_default_figure_in_numbers():
    figure = draw()
    bars = figure.table[figure.table["group"] == "specialised"]
    dots = figure.table[figure.table["group"] == "consumer_internet"].set_index("name_en")
    assert len(bars) == 514 and bars["product_first"].sum() == 352
    assert bars["log2_ratio"].is_monotonic_decreasing
    assert figure.headline["median_rd_to_selling"] == pytest.approx(1.5055, abs=1e-4)
    assert 2 ** dots.loc["Trip.com", "log2_ratio"] == pytest.approx(8992 / 4922)
    assert 2 ** -dots.loc["Alibaba", "log2_ratio"] == pytest.approx(119799 / 55465)
    assert dict(dots["grade"]) == {
        "Trip.com": "A", "Tencent": "C", "NetEase": "A", "Bilibili": "A", "Alibaba": "A", "JD.com": "A", "Kuaishou": "C",
        "Pinduoduo": "A",
    }  # fmt: skip
    assert (
        figure.title
        == "68.5% of listed specialised firms spend more on R&D than on selling, and 64.8% of other firms in the same industries"
    )


def test_the_gap_to_firms_of_the_same_industries_is_surer_than_its_two_shares():
    firms, others, *_ = load("specialised", 2021)
    drawn = cohorts.drawn(firms)
    found = gap_to_peers(drawn, others)
    assert found == pytest.approx((0.0364, 0.0022, 0.0706), abs=5e-5)  # statsmodels' weighted regression, clustered
    assert "the gap is +3.6 points (+0.2 to +7.1)" in draw().notes[0]
    elsewhere = others[~others["industry_zh"].isin(drawn["industry_zh"])]
    assert gap_to_peers(drawn, elsewhere) is None


def test_what_is_not_compared_is_said():
    figure = draw()
    words = " ".join(figure.notes)
    assert (
        "153 first listed after the accounts were due; 52 without accounts in the table" in words
        and "Baidu (reports SG&A in one line)" in words
    )
    assert "Alibaba: year to March 2022" in words and "are other companies, on the Beijing Stock Exchange" in words
    assert "FinGLM" in figure.source_line and "second-hand reports" in figure.source_line


@pytest.mark.parametrize("measure", allowed(RatioMeasure))
@pytest.mark.parametrize("cohort", ["specialised", "star", "chinext", "all_listed"])
def test_no_text_overlaps_or_is_cut(cohort, measure):
    for year in (2019, 2021):
        figure = draw(cohort, year, measure)
        assert text_faults(figure.drawing) == [], (cohort, year, measure)
        assert f"fiscal {year}" in figure.subtitle


def test_the_share_is_the_same_in_every_measure():
    assert len({draw(measure=measure).headline["share"] for measure in allowed(RatioMeasure)}) == 1


@pytest.mark.parametrize(
    ("cohort", "measure", "code", "name"),
    [
        ("all_listed", "difference_over_sum", "300015", "Aier Eye Hospital"),  # none near it
        ("all_listed", "difference_over_sum", "300255", "Hebei Changshan Biochemical"),  # none on its side of zero
        ("chinext", "signed_ratio", "300678", "Chengdu Information Technology of Chinese Academy"),  # none in one line
    ],
)
def test_a_company_with_no_place_by_its_bar_is_named_farther_from_it(cohort, measure, code, name):
    figure = draw(cohort, 2019, measure, [code])
    assert any(name in text.get_text().replace("\n", " ") for text in figure.drawing.axes[0].texts)
    assert text_faults(figure.drawing) == []


def test_highlighted_companies_are_named_apart_from_each_other_and_the_bars():
    codes = ["300750", "300760", "300015", "300033", "300124", "300122", "000002"]
    figure = draw("chinext", highlight=codes)
    assert text_faults(figure.drawing) == []
    axes = figure.drawing.axes[0]
    words = " ".join(text.get_text() for text in axes.texts)
    assert all(code in words for code in codes[:-1])
    assert "Highlighted but not drawn: 000002 (not in this cohort)" in " ".join(figure.notes)


def test_an_edited_company_moves_title_alt_and_table(edit):
    before = draw()
    company = before.table["company_id"].iloc[0]
    edit("spending", {"company_id": company, "fiscal_year": "2021"}, "rd_expense_cny", "1")
    after = draw()
    assert "352 of them" in before.alt and "351 of them" in after.alt
    assert after.table["log2_ratio"].iloc[513] == pytest.approx(
        expense_ratio([1], after.table.loc[513:513, "selling_expense_cny"])[0]
    )
    assert after.headline["share"] < before.headline["share"]


def test_a_cohort_of_one_sided_firms_still_draws():
    firms, others, internet, published = load("star", 2021)
    figure = rd_against_sm.draw(
        firms[firms["rd_expense_cny"] > firms["selling_expense_cny"]],
        others,
        internet,
        published,
        cohort="star",
        fiscal_year=2021,
        measure="log_ratio",
        highlight=[],
    )
    assert figure.headline["share"] == 1 and np.isfinite(figure.table["log2_ratio"]).all()


def test_what_is_drawn_solid_is_confirmed_or_a_single_figure_of_grade_a():
    bars = ranked(cohorts.company_years("specialised", 2021))
    assert (bars["solid"] == ((bars["extract_check"] == "rd_confirmed") & bars["revenue_cny"].notna())).all()
    assert (~bars["solid"]).sum() == 9
    dots = ranked(cohorts.internet_companies(2021))
    assert dots["extract_check"].isna().all() and (dots["solid"] == (dots["grade"] == "A")).all()
    assert dots["solid"].any() and not dots["solid"].all()


def test_ranks_are_by_ratio_then_by_code_and_a_tie_is_not_product_first():
    firms = cohorts.drawn(cohorts.company_years("specialised", 2021)).head(4)[::-1]
    bars = ranked(firms.assign(rd_expense_cny=[1.0, 4.0, 1.0, 2.0], selling_expense_cny=[1.0, 1.0, 1.0, 4.0]))
    last, second, first, lowest = firms["company_id"]
    assert first < last and bars["company_id"].to_dict() == {0: second, 1: first, 2: last, 3: lowest}
    assert bars["ratio"].tolist() == [2, 0, 0, -1] and bars["product_first"].tolist() == [True, False, False, False]


@pytest.mark.parametrize("industries", [None, [*"abcdefghi"], [*"abcdefghij"]])
def test_the_interval_is_clustered_where_there_are_industries_to_cluster_by(industries):
    firms = cohorts.drawn(cohorts.company_years("specialised", 2021))
    firms["industry_zh"] = np.resize(industries or [None], len(firms))
    clusters = firms["industry_zh"]
    wilson, by_industry = share_of(product_first(firms)), share_of(product_first(firms), clusters=clusters)
    enough = industries == [*"abcdefghij"]
    assert clustered(firms) == (by_industry if enough else wilson) and clustered(firms).method == (
        "clustered" if enough else "wilson"
    )
    assert clustered(firms, np.ones(len(firms))).method == ("clustered" if enough else "none")


def test_a_tie_is_on_neither_side_and_counted_and_said(data):
    lines = ["name,fiscal_year,rd,sm,currency", "Alpha,2021,30,20,CNY", "Beta,2021,10,10,CNY", "Gamma,2021,5,20,CNY"]
    (data / "cohorts" / "mine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    figure = draw("mine")
    assert "1 company spends as much on R&D as on selling, and counts on neither side." in " ".join(figure.notes)
    assert "1 of them spends more on R&D, 1 more on selling" in figure.alt
    drawn = [text.get_text() for text in figure.drawing.findobj(Text)]
    assert "1 spends more\non selling" in drawn and "1 of 3 spends more on R&D" in drawn
    assert "spends as much" not in " ".join(draw().notes)


def test_the_articles_share_bears_its_year_where_another_is_drawn():
    """Its accounts are those of 2021."""
    assert "MacroPolo's 93, 2021: 64.5% of 93" in draw(year=2019).alt
    assert "MacroPolo's 93: 64.5% of 93" in draw().alt


def test_what_is_weighted_is_said_to_be_and_nearly_equal_is_not_equal():
    figure = figures.build("01_rd_against_sm")
    assert "same industries: 64.8% of 2,541, each industry weighted as in the cohort (" in figure.alt
    assert figure.alt.count("weighted") == 1
    assert "NetEase (selling 1.03×)" in figures.build("01_rd_against_sm", fiscal_year=2020).alt
