import numpy as np
import pandas as pd
import pytest
from conftest import text_faults
from matplotlib.text import Annotation, Text

from lib import figures
from lib.measures import difference
from lib.paths import ROOT
from lib.rows import accounting_break as figure_5
from lib.rows import cohorts

NAME = "05_accounting_break"
HEAVY, OTHER, SERVICES = figure_5.GROUPS


@pytest.fixture(scope="module")
def panel():
    return figure_5.load("all_listed")


@pytest.fixture(scope="module")
def plain():
    """The panel recounted from the CSV files: one row per firm, a column per line and year, and the firm's industry."""
    texts = {"company_id": "str", "listed_on": "str", "specialised_board": "str"}
    spending, companies, industries = (
        pd.read_csv(ROOT / "data" / f"{name}.csv", dtype=texts, low_memory=False)
        for name in ("spending", "companies", "industries")
    )
    firms = companies[companies["board"].isin(["SSE Main", "SZSE Main", "ChiNext", "STAR"])]
    firms = firms[~(firms["listed_on"] > "2022-04-30")]
    firms = firms[~firms["industry_zh"].isin(["银行", "证券"]) & (firms["subindustry_zh"] != "保险")]
    lines = ["revenue_cny", "rd_expense_cny", "selling_expense_cny"]
    good = spending[(spending[lines] > 0).all(axis=1) & (spending["extract_check"] != "rd_conflict")]
    good = good[good["fiscal_year"].between(2019, 2021) & good["company_id"].isin(firms["company_id"])]
    wide = good.set_index(["company_id", "fiscal_year"])[lines].unstack().dropna()  # noqa: PD010
    return wide, firms.set_index("company_id")["industry_zh"].map(industries.set_index("industry_zh")["freight_heavy"])


def test_same_firms_and_left_out_add_up(panel, plain):
    firms, out = panel
    assert len(firms) == 2605 and set(firms.index) == set(plain[0].index)
    members = cohorts.members("all_listed")
    assert len(firms) + sum(out.values()) == (~(members["listed_on"] > "2022-04-30")).sum()
    assert set(out) - {"no confirmed revenue in some year"} <= set(cohorts.REASONS)
    assert out["not yet listed"] > 0 and out["no confirmed revenue in some year"] == 64


def test_a_firm_is_left_out_by_its_first_year_without_a_ratio(panel):
    _, out = panel
    first = cohorts.company_years("all_listed", 2019, 2021)["status"].value_counts()
    assert all(out[reason] >= count for reason, count in first.items() if reason != cohorts.DRAWN)


def test_pinned_medians_and_crossings(panel):
    firms, _ = panel
    level = figure_5.paths(firms)
    assert (level[2019] == 100).all()
    assert level.loc["selling_expense_cny"].round(1).tolist() == [100, 85.9, 90.0]
    assert level.loc["revenue_cny"].round(1).tolist() == [100, 105.2, 125.5]


def test_the_old_ratio_is_counted_both_ways_on_all_firms(panel, plain):
    wide, _ = plain
    crossed = figure_5.crossings(panel[0])
    for before, after in figure_5.STEPS:
        rd, selling, revenue = (wide[f"{line}_cny"] for line in ("rd_expense", "selling_expense", "revenue"))
        was, now = rd[before] > selling[before], rd[after] > selling[after]
        old = rd[after] / revenue[after] > selling[before] / revenue[before]
        counts = [(~was & now).sum(), (was & ~now).sum(), (~was & old).sum(), (was & ~old).sum(), (~was & now & old).sum(),
                  (was & ~now & ~old).sum()]  # fmt: skip
        assert crossed.loc[(before, after)].tolist() == counts
    assert crossed.to_numpy().tolist() == [[349, 50, 121, 61, 90, 23], [177, 57, 107, 67, 64, 28]]


def test_the_figure_says_the_counts_at_the_old_ratio_not_those_that_also_turned():
    figure = figures.build(NAME)
    assert figure.title == (
        "In 2020, 349 listed companies turned product first and 50 sales first; "
        "at 2019's selling ratios 121 and 61 would have"
    )
    assert "at the selling ratios of 2019, 121 and 61 would have" in figure.alt
    drawn = figure.table[figure.table["panel"] == "changed sides"].set_index(["what", "year"])["value"]
    assert drawn["to_product_at_old_ratio", 2020] == 121 and drawn["to_product_either_way", 2020] == 90
    assert figure.headline["to_sales_at_old_ratio_2020"] == 61


def test_holding_the_other_line_moves_few(panel):
    other = figure_5.crossings(panel[0], held="rd_expense_cny").loc[(2019, 2020)]
    assert other[["to_product_at_old_ratio", "to_sales_at_old_ratio"]].tolist() == [325, 49]


def test_a_tie_is_on_neither_side(panel):
    """A firm that turns from product first to a tie has turned to no side, and one that comes from it has."""
    firms = panel[0].copy()
    product = firms.index[firms["product_first", 2019] & firms["sales_first", 2020] & firms["product_first", 2021]][0]
    before = figure_5.crossings(firms)
    firms.loc[product, [("rd_expense_cny", 2020), ("selling_expense_cny", 2020)]] = 1e8
    firms.loc[product, ("sales_first", 2020)] = False
    after = figure_5.crossings(firms)
    assert after.loc[(2019, 2020), "to_sales"] == before.loc[(2019, 2020), "to_sales"] - 1
    assert after.loc[(2020, 2021), "to_product"] == before.loc[(2020, 2021), "to_product"]
    assert (figure_5.ties(panel[0]), figure_5.ties(firms)) == (0, 1)


def test_groups_of_few_industries_have_wilsons_interval_and_it_is_said():
    firms, _ = figure_5.load("specialised")
    rate = figure_5.turned(firms, HEAVY, 2019, 2020)
    assert rate.method == "wilson" and rate.low < rate.share < rate.high
    none = figure_5.turned(firms, "services", 2020, 2021)
    assert none.share == 0 < none.high
    assert "fewer than 10 industries" in figures.build(NAME, cohort="specialised").notes[2]
    assert "fewer than 10 industries" not in figures.build(NAME).notes[2]


def test_what_no_firm_could_do_is_not_said_as_not_known():
    star = figures.build(NAME, cohort="star").alt
    assert "2021; of the firms that could turn product first, 1 of 1 in 2020 did;" in star and "none did" not in star


def test_nothing_is_said_of_what_is_not_left_out(star_firms):
    star_firms("alone", 1, rd=(60, 60, 60), selling=40)
    alone = figures.build(NAME, cohort="alone", minimum_firms=1)
    assert "Not drawn" not in alone.notes[0] and "no firm could turn product first" in alone.alt
    none = figures.build(NAME, cohort="alone", minimum_firms=1000)
    assert "1 industry of fewer than 1,000 firms" in none.notes[0] and "fell most" not in none.alt
    assert "Not drawn: 25 firms of unknown industry." in figures.build(NAME, minimum_firms=1).notes[0]


def test_crossings_account_for_the_change_in_shares(panel):
    firms, _ = panel
    for (before, after), row in figure_5.crossings(firms).iterrows():
        change = firms["product_first", after].sum() - firms["product_first", before].sum()
        assert change == row["to_product"] - row["to_sales"]


def test_freight_heavy_firms_did_not_turn_more_often(panel, plain):
    firms, (wide, heavy) = panel[0], plain
    rates = {group: figure_5.turned(firms, group, 2019, 2020) for group in figure_5.GROUPS}
    assert [f"{rates[group].share:.1%}" for group in figure_5.GROUPS] == ["24.3%", "23.3%", "12.1%"]
    could = wide[wide["rd_expense_cny", 2019] <= wide["selling_expense_cny", 2019]]
    could = could[heavy.reindex(could.index).fillna(0).astype(bool)]
    turned = could["rd_expense_cny", 2020] > could["selling_expense_cny", 2020]
    assert (rates[HEAVY].count, rates[HEAVY].total) == (turned.sum(), len(turned)) == (93, 382)
    gap, low, high = difference(rates[HEAVY], rates[OTHER])
    assert low < 0 < gap < high


def test_the_freight_test_passes_on_the_placebo_too(panel):
    firms, _ = panel
    found, placebo = (figure_5.freight_test(firms, *step) for step in figure_5.STEPS)
    assert found[f"median {HEAVY}"] == pytest.approx(-0.44, abs=0.005)
    for test in (found, placebo):
        assert max(test[f"p against {OTHER}"], test[f"p against {SERVICES}"]) < 0.05
    stricter = figure_5.freight_test(firms, *figure_5.STEPS[1], figure_5.STRICTER)
    assert 0.05 < stricter[f"p against {OTHER}"] < 0.06  # that the placebo passes hangs on which industries count
    note = figures.build(NAME).notes[2]
    assert (
        "Both pass at 5%, so that on these industries the test does not single out the standard" in note
        and "p = 0.0016 and p = 0.052" in note
    )


def test_the_freight_test_can_fail(panel):
    firms, _ = panel
    turned = firms.copy()
    turned["group", 0] = firms["group", 0].map({HEAVY: SERVICES, SERVICES: HEAVY, OTHER: OTHER})
    assert figure_5.freight_test(turned)[f"p against {SERVICES}"] > 0.99
    drawn = figures._module("figures", NAME).draw(turned, {}, cohort="all_listed", minimum_firms=10)
    assert "Both pass" not in drawn.notes[2]


def test_no_word_says_that_freight_caused_the_turns():
    figure = figures.build(NAME)
    said = " ".join([figure.title, figure.subtitle, figure.alt, *figure.notes])
    assert not [word for word in ("because", "caused", "due to", "explain", "as freight left") if word in said]


def test_doubtful_firms_are_counted_and_the_counts_given_without_them(panel):
    firms, _ = panel
    filed = pd.read_csv(ROOT / "data" / "spending.csv", dtype={"company_id": "str"}, low_memory=False)
    filed = filed[filed["company_id"].isin(firms.index) & filed["fiscal_year"].isin(figure_5.YEARS)]
    unsure = set(filed.loc[filed["extract_check"] != "rd_confirmed", "company_id"])
    years = [cohorts.company_years("all_listed", year) for year in figure_5.YEARS]
    jumps = {company for rows in years for company in rows.loc[rows["outlier"] != "", "company_id"]} & set(firms.index)
    assert set(firms.index[firms["doubtful", 0]]) == unsure | jumps and unsure and jumps
    least = figure_5.crossings(firms[~firms["doubtful", 0]]).loc[(2019, 2020)]
    assert f"{least['to_product']} and {least['to_sales']}; at 2019's ratios" in figures.build(NAME).notes[1]


def test_industries_meet_the_minimum_and_group(panel):
    firms, _ = panel
    table = figure_5.industries(firms, 10)
    assert table["firms"].min() >= 10 and set(table["group"]) == set(figure_5.GROUPS)
    paper = table.set_index("industry_en").loc["Paper"]
    assert paper["firms"] == 14 and np.expm1(paper["change"]) == pytest.approx(-0.643, abs=0.001)


@pytest.mark.parametrize("cohort", ["specialised", "chinext", "star"])
def test_other_cohorts_draw_without_overlap(cohort):
    figure = figures.build(NAME, cohort=cohort, minimum_firms=5)
    assert text_faults(figure.drawing) == []
    assert f"{figure.headline['to_product_2020']:,}" in figure.title
    assert f"{figure.headline['to_product_at_old_ratio_2020']:,} and" in figure.title


def test_an_edited_company_moves_title_and_table(edit):
    firms, _ = figure_5.load("all_listed")
    turned = firms[~firms["product_first", 2019] & firms["product_first", 2020]].index[0]
    edit("spending", {"company_id": turned, "fiscal_year": "2020"}, "rd_expense_cny", "1")
    figure = figures.build(NAME)
    assert "348 listed companies turned product first" in figure.title
    assert 348 in figure.table["value"].tolist()


@pytest.mark.parametrize("look", [{}, {"size": "one_column"}, {"size": "slide"}, {"language": "zh"}], ids=str)
def test_no_leader_runs_through_a_label(look):
    drawing = figures.build(NAME, **look).drawing
    drawing.canvas.draw()
    notes = [note for note in drawing.findobj(Annotation) if note.arrow_patch]
    boxes = [Text.get_window_extent(note) for note in notes]
    assert len(notes) >= 5
    for note in notes:
        line = note.arrow_patch.get_transform().transform_path(note.arrow_patch.get_path())
        struck = [other.get_text() for other, box in zip(notes, boxes, strict=True)
                  if other is not note and line.intersects_bbox(box, filled=False)]  # fmt: skip
        assert struck == [], note.get_text()
