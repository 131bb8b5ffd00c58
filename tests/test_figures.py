"""What holds for every figure."""

import functools
import re
from urllib.parse import parse_qs

import pytest
from conftest import text_faults

from lib import figures, notebooks, style, tables
from lib.errors import ParameterError
from lib.rows import cohorts

NAMES = [path.stem for path in notebooks.figures()]


@pytest.fixture(scope="module", params=NAMES)
def figure(request):
    return figures.build(request.param)


def test_half_a_character_in_what_a_reader_types_is_refused_in_a_sentence():
    for values in ({"highlight": "\ud800"}, {"cohort": "\udcff"}):
        with pytest.raises(ParameterError, match="half a character"):
            figures.build(NAMES[0], **values)
    drawing = figures.build("03_who_are_the_93")
    with pytest.raises(ParameterError, match=r"subset: .* half a character"):
        figures.who_are_the_93.draw(*drawing.rows, **drawing.parameters, subset="\ud800")


def test_no_text_overlaps_or_is_cut(figure):
    assert text_faults(figure.drawing) == []


def test_all_that_is_drawn_lies_between_the_words_above_and_below(figure):
    """What a phone shows of the picture, with the words beside it."""
    frame, height = figure.frame, figure.drawing.bbox.height
    with style.look():
        for axes in figure.drawing.axes:
            box = axes.get_tightbbox()
            assert box.y0 >= frame.words_below * height - 1 and box.y1 <= (1 - frame.words_above) * height + 1


@functools.cache
def company_years(cohort, year):
    return cohorts.company_years(cohort, year)


def rows_of(selection):
    """The company-years that a selection names."""
    query = {name: value for name, (value,) in parse_qs(selection, keep_blank_values=True).items()}
    rows = company_years(query.pop("cohort"), int(query.pop("fiscal_year")))
    for column, value in query.items():
        cells = rows[column].astype("Int64") if rows[column].dtype == "boolean" else rows[column]
        rows = rows[cells.astype("str").where(cells.notna(), "") == value]
    return rows


def test_every_plotted_row_leads_to_a_row_of_data(figure):
    keys = {}
    for row in figure.table["source_row"]:
        for place in row.split(" "):
            if "?" in place:
                assert len(rows_of(place.removeprefix("spending.csv?"))), place
                continue
            file, key = place.split(":", 1)
            name = file.removesuffix(".csv")
            if name not in keys:
                frame = tables.load(name)
                schema = next(r["schema"] for r in tables.codebook()["resources"] if r["name"] == name)
                columns = [frame[column].astype("str") for column in schema["primaryKey"]]
                keys[name] = set(columns[0].str.cat(columns[1:], sep=":") if len(columns) > 1 else columns[0])
            assert key in keys[name], place


def test_the_words_around_the_figure(figure):
    assert figure.name in NAMES
    assert 20 < len(figure.title) < 130 and not figure.title.endswith(".")
    assert re.search(r"20\d\d", figure.subtitle), "the subtitle says which years"
    assert len(figure.alt) > 100 and figure.alt.endswith(".")
    assert figure.source_line.startswith("Sources: ") and figure.source_line.endswith(".")
    assert figure.headline and len(figure.table)
    assert figure.companies or not figure.left_out, "what is left out is left out of a number of companies"
    assert "nan" not in f"{figure.title} {figure.alt} {figure.notes}".lower().split()
