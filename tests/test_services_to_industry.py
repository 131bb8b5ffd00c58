import json

import numpy as np
import pandas as pd
import pytest
from conftest import text_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lib import claims, figures
from lib.errors import DataError, ParameterError
from lib.measures import Estimate, ratio_change
from lib.paths import ROOT
from lib.rows import cohorts
from lib.rows import services_to_industry as sectors

NAME = "08_services_to_industry"
PANELS = ("same_firms", "all_firms")


def verdict():
    return claims.ledger(NAME).set_index("claim_id").loc["cd-shift"]


@pytest.fixture(scope="module")
def rows():
    return sectors.company_years("all_listed", 2019)


@pytest.fixture(scope="module")
def plain():
    """Sums by sector and year of R&D and revenue, read and added up without the project: same firms, and all firms."""
    spending = pd.read_csv(ROOT / "data" / "spending.csv", dtype={"company_id": "str"})
    companies = pd.read_csv(ROOT / "data" / "companies.csv", dtype={"company_id": "str"})
    industries = pd.read_csv(ROOT / "data" / "industries.csv")
    companies = companies[companies["board"].isin(["SSE Main", "SZSE Main", "ChiNext", "STAR"])]
    companies = companies.merge(industries, on="industry_zh", how="left")
    financial = companies["industry_zh"].isin(["银行", "证券"]) | (companies["subindustry_zh"] == "保险")
    firms = spending.merge(companies[~financial], on="company_id")
    firms = firms[firms["fiscal_year"].between(2019, 2021) & (firms["extract_check"] != "rd_conflict")]
    firms = firms[(firms["rd_expense_cny"] >= 0) & (firms["revenue_cny"] > 0) & ~(firms["selling_expense_cny"] < 0)]
    every = firms.groupby("company_id")["fiscal_year"].transform("size") == 3
    return {
        name: part.groupby(["economic_sector", "fiscal_year"])[["rd_expense_cny", "revenue_cny"]].agg(["sum", "size"])
        for name, part in (("same_firms", firms[every]), ("all_firms", firms))
    }


def test_the_sums_are_those_of_the_table(rows, plain):
    for panel in PANELS:
        found = sectors.sums(rows, panel).set_index(["sector", "fiscal_year"])
        for place, row in plain[panel].iterrows():
            assert found.at[place, "firms"] == row["rd_expense_cny", "size"], place
            assert found.at[place, "rd_bn"] == pytest.approx(row["rd_expense_cny", "sum"] / 1e9)
            assert found.at[place, "revenue_bn"] == pytest.approx(row["revenue_cny", "sum"] / 1e9)


def test_pinned_rd_per_yuan_of_revenue(rows):
    rates = {panel: 100 * sectors.intensity(sectors.sums(rows, panel)) for panel in PANELS}
    assert rates["same_firms"]["secondary"].tolist() == pytest.approx([2.580, 2.788, 2.876], abs=1e-3)
    assert rates["same_firms"]["tertiary"].tolist() == pytest.approx([1.385, 1.410, 1.362], abs=1e-3)
    assert rates["all_firms"]["secondary"].tolist() == pytest.approx([2.523, 2.777, 2.913], abs=1e-3)
    assert rates["all_firms"]["tertiary"].tolist() == pytest.approx([1.259, 1.419, 1.429], abs=1e-3)
    figure = figures.build(NAME)
    assert figure.headline["industry_intensity_2021_same_firms"] == pytest.approx(0.02876, abs=1e-5)


def test_the_change_depends_on_how_it_is_measured(rows):
    changed = {
        way: {sector: 100 * one.value for sector, one in pair.items()} for way, pair in sectors.changes(rows).items()
    }
    assert changed["same_firms"] == pytest.approx({"secondary": 0.296, "tertiary": -0.022}, abs=1e-3)
    assert changed["same_mix"] == pytest.approx({"secondary": 0.310, "tertiary": 0.234}, abs=1e-3)
    assert changed["all_firms"] == pytest.approx({"secondary": 0.390, "tertiary": 0.170}, abs=1e-3)


def test_the_interval_is_clustered_by_industry(rows):
    """The cluster-robust error of a ratio of sums, once more with plain loops."""
    changed, errors, clusters = sectors.changes(rows)["same_firms"], {}, {}
    for sector, one in changed.items():
        used = sectors.chosen(rows, "same_firms").query("sector == @sector")
        moved = dict.fromkeys(used["industry_zh"], 0.0)
        for year, sign in ((2019, -1), (2021, 1)):
            part = used[used["fiscal_year"] == year]
            rd, revenue = part["rd_expense_cny"].sum(), part["revenue_cny"].sum()
            for row in part.itertuples():
                moved[row.industry_zh] += sign * (row.rd_expense_cny - rd / revenue * row.revenue_cny) / revenue
        count = clusters[sector] = len(moved)
        errors[sector] = np.sqrt(sum(part**2 for part in moved.values()) * count / (count - 1))
        assert one.error == pytest.approx(errors[sector])
        assert (one.low, one.high) == pytest.approx(stats.t.interval(0.95, count - 1, one.value, errors[sector]))
    gap = changed["secondary"].less(changed["tertiary"])
    assert clusters["tertiary"] == 22 < clusters["secondary"]  # the gap has the fewer degrees of freedom
    assert (gap.low, gap.high) == pytest.approx(stats.t.interval(0.95, 21, gap.value, np.hypot(*errors.values())))


@pytest.mark.parametrize(
    ("gaps", "title"),
    [
        ([0.3, 0.3, 0.3], "rose more or fell less in industry than in services, 2019 to 2021, by all three measures"),
        (
            [-0.3, -0.3, -0.3],
            "rose less or fell more in industry than in services, 2019 to 2021, by all three measures",
        ),
        ([0.3, 0.1, 0.1], "rose more in industry than in services, 2019 to 2021, depends: clearly so by one of three"),
        (
            [-0.3, -0.3, 0.1],
            "rose less in industry than in services, 2019 to 2021, depends: clearly so by two of three",
        ),
        ([0.1, -0.1, 0.0], "By none of three measures did R&D by revenue clearly change more"),
    ],
)
def test_the_title_says_what_every_way_to_measure_says(monkeypatch, gaps, title):
    ways = {
        way: {"secondary": Estimate(gap, 0.1, 40), "tertiary": Estimate(0.0, 0.0, 20)}
        for way, gap in zip(sectors.CHANGES, gaps, strict=True)
    }
    monkeypatch.setattr(sectors, "changes", lambda rows: ways)
    assert title in figures.build(NAME).title


def test_the_title_of_the_table_at_hand_is_that_of_the_drawn_intervals(rows):
    gaps = [pair["secondary"].less(pair["tertiary"]) for pair in sectors.changes(rows).values()]
    assert [gap.low > 0 for gap in gaps] == [True, False, False]
    assert "depends: clearly so by one of three measures" in figures.build(NAME).title


def test_too_few_industries_give_no_interval():
    figure = figures.build(NAME, cohort="star")
    changes = figure.table[figure.table["panel"] == "change"].set_index(["item", "sector"])
    assert changes.loc[("same_firms", "tertiary"), ["low", "high"]].isna().all()
    assert changes.loc[("same_firms", "secondary"), ["low", "high"]].notna().all()
    assert "with fewer than 10 there is no interval" in " ".join(figure.notes)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("cohort", ["all_listed", "star"])
@pytest.mark.parametrize("without", [(), ("688981", "600941")])
def test_summed_and_left_out_add_up_to_the_cohort(cohort, panel, without):
    rows = sectors.company_years(cohort, 2020, without)
    found = sectors.sums(rows, panel)
    firms = found[found["fiscal_year"] == 2021]["firms"].sum()
    assert firms + sum(sectors.left_out(rows, panel).values()) == len(cohorts.company_years(cohort, 2021))
    shares = found.groupby("fiscal_year")["rd_share"].sum()
    assert np.allclose(shares, 1)


def test_the_same_firms_are_the_same_in_every_year(rows):
    groups = sectors.chosen(rows, "same_firms").groupby("fiscal_year")["company_id"].agg(set)
    assert len({frozenset(group) for group in groups}) == 1


def test_the_sums_come_from_the_rows_of_the_table():
    figure = figures.build(NAME)
    firms = figure.table[(figure.table["panel"] == "company") & figure.table["same_firm"].eq(True)]
    sums = firms[(firms["fiscal_year"] == 2021) & (firms["sector"] == "tertiary")][
        ["rd_expense_cny", "revenue_cny"]
    ].sum()
    drawn = figure.table[figure.table["panel"] == "intensity"].set_index(["item", "sector", "fiscal_year"])["value"]
    assert 100 * sums["rd_expense_cny"] / sums["revenue_cny"] == pytest.approx(drawn["same_firms", "tertiary", 2021])
    assert figure.headline["firms"] == 2636 and figure.headline["firms_unknown"] == 25
    assert sum(figure.left_out.values()) + figure.headline["firms"] == len(cohorts.company_years("all_listed", 2021))


@pytest.mark.parametrize(
    ("column", "value", "counted"),
    [("rd_expense_cny", "0", 2636), ("rd_expense_cny", "", 2635), ("revenue_cny", "", 2635), ("revenue_cny", "0", 2635), ("selling_expense_cny", "", 2636)],
)  # fmt: skip
def test_zero_rd_is_summed_and_what_is_not_known_is_not(edit, column, value, counted):
    edit("spending", {"company_id": "600570", "fiscal_year": "2021"}, column, value)
    rows = sectors.company_years("all_listed", 2019)
    assert sectors.sums(rows, "same_firms")["firms"].sum() == 3 * counted
    assert sum(sectors.left_out(rows, "same_firms").values()) + counted == len(
        cohorts.company_years("all_listed", 2021)
    )


def test_an_edited_company_moves_title_and_prose_and_not_the_verdict(edit):
    before = verdict()
    edit("spending", {"company_id": "600570", "fiscal_year": "2021"}, "rd_expense_cny", "32139296000")
    figure = figures.build(NAME)
    assert "Services, same firms: 2019 1.38, 2020 1.41 and 2021 1.80" in figure.alt
    assert figure.title != figures.build(NAME, without=["600570"]).title
    assert any("1.80  services" in text.get_text() for text in figure.drawing.axes[0].texts)
    assert verdict().equals(before), "what companies spend on R&D is not investment"


def test_an_industry_that_is_not_known_counts_as_unknown(edit):
    edit("companies", {"company_id": "600570"}, "industry_zh", "")
    found = sectors.sums(sectors.company_years("all_listed", 2019), "same_firms")
    last = found[found["fiscal_year"] == 2021].set_index("sector")["firms"]
    assert last["unknown"] == 26 and last["tertiary"] == 536


def test_the_national_series_are_those_of_the_table():
    table = pd.read_csv(ROOT / "data" / "cited_figures.csv", parse_dates=["period_end"])
    national = sectors.national()
    for row in national.itertuples():
        cited = table[table["figure_id"] == row.figure_id].iloc[0]
        unit = {"CNY billion": 1000, "CNY trillion": 1}[cited["unit"]] if row.item == "gerd" else 1
        assert (cited["item"], cited["fiscal_year"]) == (row.item, row.fiscal_year)
        assert row.drawn == pytest.approx(cited["value"] / unit) and row.months == cited["period_end"].month
    years = national.groupby("item")["fiscal_year"].agg(list)
    assert years["fai_growth_secondary"] == years["fai_growth_tertiary"] == [*range(2016, 2024)]
    assert years["gerd"] == [2012, 2013, *range(2016, 2024)]
    assert years["vc_semiconductor"] == [2021, 2022, 2023] and years["vc_total"] == [2020, 2021, 2023]
    part = national[national["months"] < sectors.WHOLE]
    assert part[["fiscal_year", "months", "drawn"]].to_numpy().tolist() == [
        [2018, 10, 5.8], [2019, 11, 2.4], [2018, 10, 5.4], [2019, 11, 6.7]
    ]  # fmt: skip
    assert "January to October 2018 5.8" in figures.build(NAME).alt


def test_no_line_joins_years_that_are_not_neighbours():
    for axes in figures.build(NAME).drawing.axes[2:]:
        for line in axes.lines:
            if line.get_linestyle() != "None":
                assert set(np.diff(line.get_xdata())) <= {1}
    national = sectors.national()
    gap = national[(national["item"] == "fai_growth_secondary") & (national["months"] == sectors.WHOLE)]
    line = figures.build(NAME).drawing.axes[2].lines[0]
    assert np.isnan(line.get_ydata()).sum() == len(line.get_xdata()) - len(gap) == 2


def test_an_amount_in_a_wrong_unit_is_named(edit):
    edit("cited_figures", {"figure_id": "china-vc-investment-vc-total-2021"}, "unit", "firms")
    with pytest.raises(DataError, match="china-vc-investment-vc-total-2021, column unit"):
        sectors.national()


INVESTMENT = "china-fai-growth-fai-growth-{sector}-{year}"


def test_the_claim_is_open_as_nothing_is_known_of_business_models():
    row = verdict()
    assert row["verdict"] == "open" and np.isnan(row["value"])
    assert row["rebuilt"] == "from services to industry: supported; from business models to technology: open"
    assert "business models among them" in row["decided_by"]
    assert (
        "faster in industry than in services in 2021, 2022 and 2023 and faster in services than in industry in 2016, 2017 and 2020"
        in row["reason"]
    )
    assert f"{8.8 / 130.6:.1%} in 2021 and {22.2 / 69.9:.1%} in 2023" in row["reason"]


@pytest.mark.parametrize(
    ("years", "expected"), [((2022, 2023), "differs"), ((2023,), "open"), ((2016, 2017, 2020), "supported")]
)
def test_growth_by_sector_judges_its_half_alone(edit, years, expected):
    for year in years:
        edit("cited_figures", {"figure_id": INVESTMENT.format(sector="tertiary", year=year)}, "value", "20")
    row = verdict()
    assert row["verdict"] == ("differs" if expected == "differs" else "open")
    assert f"from services to industry: {expected}; from business models to technology: open" == row["rebuilt"]
    assert ("growth of fixed-asset investment" in row["decided_by"]) == (expected == "open")


@pytest.mark.parametrize(
    ("figure_id", "value"),
    [
        ("china-vc-investment-vc-semiconductor-2023", "2"),  # against high-tech manufacturing
        ("china-vc-investment-vc-total-2021", ""),
        ("china-vc-investment-vc-semiconductor-2023", "12"),
    ],
)
def test_one_kind_of_investment_does_not_refute_technology(edit, figure_id, value):
    edit("cited_figures", {"figure_id": figure_id}, "value", value)
    row = verdict()
    assert row["verdict"] == "open" and "from services to industry: supported" in row["rebuilt"]
    assert "venture capital by field" in row["decided_by"]


def test_technology_that_loses_on_both_counts_differs(edit):
    edit("cited_figures", {"figure_id": "china-vc-investment-vc-semiconductor-2023"}, "value", "2")
    for year in (2019, 2022, 2023):
        edit(
            "cited_figures", {"figure_id": INVESTMENT.format(sector="hightech-manufacturing", year=year)}, "value", "1"
        )
    assert verdict()["verdict"] == "differs"


def test_a_year_after_the_column_judges_nothing(data):
    path = data / "cited_figures.csv"
    lines = [
        f"test-{item}-{year},China FAI growth,macro,{year},{year}-12-31,fai_growth_{item},,{value},,,percent,B,fai-2,"
        for year in (2024, 2025)
        for item, value in (("secondary", 1), ("tertiary", 9))
    ]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(lines) + "\n", encoding="utf-8")
    assert verdict()["rebuilt"].startswith("from services to industry: supported")


# The change of a ratio


def test_ratio_change_is_the_difference_of_ratios():
    tops, bottoms = np.arange(1.0, 13), np.full(12, 100.0)
    same = ratio_change((tops, bottoms), (tops, bottoms))
    assert (same.value, same.error) == (0, 0)
    moved = ratio_change((tops, bottoms), (2 * tops, bottoms))
    assert moved.value == pytest.approx(tops.sum() / bottoms.sum()) and moved.low < moved.value < moved.high
    assert np.isnan(ratio_change((tops, 0 * bottoms), (tops, bottoms)).value)
    few = ratio_change(([1, 2], [10, 10]), ([2, 4], [10, 10]))
    assert few.value == pytest.approx(0.15) and np.isnan(few.error)


@settings(max_examples=25)
@given(st.lists(st.tuples(*[st.floats(1, 1e6)] * 4), min_size=10, max_size=30))
def test_ratio_change_turns_its_sign_with_the_years(clusters):
    first, last = (tuple(np.array(clusters).T[place : place + 2]) for place in (0, 2))
    there, back = ratio_change(first, last), ratio_change(last, first)
    assert there.value == pytest.approx(-back.value) and there.error == pytest.approx(back.error)
    gap = there.less(back)
    assert gap.value == pytest.approx(2 * there.value) and gap.error == pytest.approx(np.sqrt(2) * there.error)


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


def test_a_rendered_notebook_has_its_numbers_from_the_data(edit, render):
    edit("spending", {"company_id": "600570", "fiscal_year": "2021"}, "rd_expense_cny", "32139296000")
    folder = render(NAME, panel="all_firms")
    prose = (folder / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "the R&D of the same firms grew 52%" in prose
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["headline"]["services_growth_all_firms"] > 1


def test_a_sector_without_an_interval_has_its_change_and_its_firms_said():
    """STAR has two industries in services: industry has an interval, services none, and so the gap has none."""
    figure = figures.build(NAME, cohort="star")
    assert "in industry (65 firms) and from 15.75 to 18.34 in services (12 firms)" in figure.title
    assert "same firms, industry +0.53 (−1.38 to +2.45); same firms, services +2.59 (no interval)" in figure.notes[1]


def test_the_standard_is_not_said_to_change_what_it_held_for_throughout():
    assert "In 2020 a new revenue standard changed" in figures.build(NAME).notes[1]
    assert (
        "standard of 2020, which changed what counts as revenue, holds in all of these years"
        in figures.build(NAME, base_year=2020).notes[1]
    )


def test_the_words_for_the_picture_have_units():
    alt = figures.build(NAME).alt
    for series in ("venture capital (chips), billion dollars: 2021 8.8", "R&D of the whole economy, trillion yuan: 2012 1.03",
                   "fixed-asset investment (industry), growth, %: 2016 3.5"):  # fmt: skip
        assert series in alt


def test_where_no_interval_is_drawn_none_is_spoken_of(star_firms):
    star_firms("two", 2, rd=(50, 50, 50), selling=30)
    for size in ("web", "slide"):
        notes = " ".join(figures.build(NAME, cohort="two", size=size).notes)
        assert "95%" not in notes and "no interval)" not in notes and "Change in points: " in notes
    assert "Bars are 95% intervals" in " ".join(figures.build(NAME).notes)
