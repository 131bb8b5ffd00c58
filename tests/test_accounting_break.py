import numpy as np
import pytest
from conftest import text_faults
from matplotlib.text import Annotation, Text

from lib import figures
from lib.rows import accounting_break as figure_5
from lib.rows import cohorts

NAME = "05_accounting_break"


@pytest.fixture(scope="module")
def panel():
    return figure_5.load("all_listed")


def test_same_firms_and_left_out_add_up(panel):
    firms, out = panel
    assert len(firms) == 2605 and len(firms) + sum(out.values()) == len(cohorts.members("all_listed"))
    amounts = firms[list(figure_5.LINES)]
    assert (amounts > 0).all(axis=None)


def test_pinned_medians_and_crossings(panel):
    firms, _ = panel
    level = figure_5.paths(firms)
    assert (level[2019] == 100).all()
    assert level.loc["selling_expense_cny"].round(1).tolist() == [100, 85.9, 90.0]
    assert level.loc["revenue_cny"].round(1).tolist() == [100, 105.2, 125.5]
    crossed = figure_5.crossings(firms)
    assert crossed[["to_product", "to_sales"]].to_numpy().tolist() == [[349, 50], [177, 57]]
    assert (crossed["to_product_at_old_ratio"] <= crossed["to_product"]).all()


def test_who_would_have_crossed_anyway_is_among_those_who_did(panel):
    firms, _ = panel
    assert figure_5.crossings(firms).loc[(2019, 2020), "to_product_at_old_ratio"] == 90
    figure = figures.build(NAME)
    assert figure.title.endswith("349 mainland companies turned product first; 90 would have at 2019's selling ratio")
    assert "90 of which would have at the selling ratio of 2019" in figure.alt
    drawn = figure.table.query("what == 'to_product_at_old_ratio' and year == 2020")
    assert drawn["value"].tolist() == [90]


def test_crossings_account_for_the_change_in_shares(panel):
    firms, _ = panel
    for (before, after), row in figure_5.crossings(firms).iterrows():
        change = firms["product_first", after].sum() - firms["product_first", before].sum()
        assert change == row["to_product"] - row["to_sales"]


def test_the_freight_test_can_fail(panel):
    firms, _ = panel
    found = figure_5.freight_test(firms)
    assert found["median freight-heavy goods"] == pytest.approx(-0.44, abs=0.005)
    assert max(found["p against other goods"], found["p against services"]) < 0.01
    turned = firms.copy()
    turned["group", 0] = firms["group", 0].map(
        {"freight-heavy goods": "services", "services": "freight-heavy goods", "other goods": "other goods"}
    )
    assert figure_5.freight_test(turned)["p against services"] > 0.99


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


def test_an_edited_company_moves_title_and_table(edit):
    firms, _ = figure_5.load("all_listed")
    turned = firms[~firms["product_first", 2019] & firms["product_first", 2020]].index[0]
    edit("spending", {"company_id": turned, "fiscal_year": "2020"}, "rd_expense_cny", "1")
    figure = figures.build(NAME)
    assert "348 mainland companies turned product first" in figure.title
    assert 348 in figure.table["value"].tolist()


@pytest.mark.parametrize("look", [{}, {"size": "one_column"}, {"size": "slide"}, {"language": "zh"}], ids=str)
def test_no_leader_runs_through_a_label(look):
    drawing = figures.build(NAME, **look).drawing
    drawing.canvas.draw()
    notes = [note for note in drawing.findobj(Annotation) if note.arrow_patch]
    boxes = [Text.get_window_extent(note) for note in notes]
    assert len(notes) >= 7
    for note in notes:
        line = note.arrow_patch.get_transform().transform_path(note.arrow_patch.get_path())
        struck = [other.get_text() for other, box in zip(notes, boxes, strict=True)
                  if other is not note and line.intersects_bbox(box, filled=False)]  # fmt: skip
        assert struck == [], note.get_text()
