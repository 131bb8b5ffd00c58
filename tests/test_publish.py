import json

import pandas as pd
import pytest
from PIL import Image

from lib import bundle, figures, style
from lib.errors import ParameterError, UserError
from lib.paths import NOTEBOOKS
from lib.publish import publish

NAME = "01_rd_against_sm"


def draw(year=2021):
    return figures.build(NAME, fiscal_year=year)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_inputs_give_the_same_bytes(outputs):
    first = contents(publish(draw()))
    assert set(first) == {f"{NAME}.{kind}" for kind in bundle.FORMATS}
    assert contents(publish(draw())) == first


def test_a_drawing_that_was_changed_after_it_was_shown_is_published_as_it_is_now(outputs):
    figure = draw()
    shown = figure.picture(50)
    assert figure.picture(50) == shown
    figure.drawing.axes[0].patches[0].set_facecolor("red")
    now = Image.open(publish(figure) / f"{NAME}.png").convert("RGB")
    assert (255, 0, 0) in {colour for _, colour in now.getcolors(10**6)}
    assert figure.picture(50) != shown


@pytest.mark.parametrize(("size", "width"), [("web", 2100), ("one_column", 1039), ("slide", 2667)])
def test_a_picture_is_as_sharp_as_its_size_asks_and_opaque(outputs, size, width):
    picture = Image.open(publish(figures.build(NAME, size=size), size=size) / f"{NAME}.png")
    shown = style.SIZES[size]
    assert picture.width == width == round(shown.shown * shown.dpi)
    assert picture.mode == "RGB" and picture.info["dpi"] == pytest.approx((shown.dpi, shown.dpi), abs=0.1)


def test_the_record_vouches_for_the_bundle(outputs):
    folder = publish(draw())
    assert bundle.faults(folder, NAME) == []
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["companies"] + sum(record["left_out"].values()) == 728 + 14
    assert {claim["claim_id"] for claim in record["claims"]} == {"mp3-share", "mp3-giants", "mp3-sign"}
    assert "spending.csv" in record["data"] and record["versions"]["matplotlib"]
    assert len(pd.read_csv(folder / f"{NAME}.csv", dtype={"company_id": "str"})) == record["rows"]
    (folder / f"{NAME}.png").write_bytes(b"")
    (folder / f"{NAME}.svg").unlink()
    assert bundle.faults(folder, NAME) == [
        f"{NAME}.png is not the one that its record names",
        f"{NAME}.svg is missing",
    ]


def test_the_record_is_strict_json_and_lists_the_sources_behind_the_source_line(outputs):
    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    figure = draw()
    text = (publish(figure) / f"{NAME}.json").read_text(encoding="utf-8")
    record = json.loads(text, parse_constant=refuse)
    assert next(c for c in record["claims"] if c["claim_id"] == "mp3-sign")["published_value"] is None
    cited = record["source"].removeprefix("Sources: ").removesuffix(".").split("; ")
    assert {source["cite_as"] for source in record["sources"]} == set(cited)
    plotted = set(figure.table["rd_source_id"]) | set(figure.table["selling_source_id"])
    assert {source["source_id"] for source in record["sources"]} == plotted | {"company-list", "macropolo"}
    assert all(source["title"] for source in record["sources"])


def test_another_parameter_goes_beside_the_default(outputs):
    default = publish(draw())
    other = publish(draw(2020), fiscal_year=2020)
    assert other == default / "fiscal_year=2020"
    assert bundle.faults(default, NAME) == [] and bundle.faults(other, NAME) == []


def test_long_parameters_get_a_short_folder(outputs):
    codes = [f"{n:06d}" for n in range(100)]
    folder = bundle.folder_of(NOTEBOOKS / f"{NAME}.ipynb", {"highlight": codes})
    assert len(folder) < 140
    assert folder != bundle.folder_of(NOTEBOOKS / f"{NAME}.ipynb", {"highlight": codes[:-1]})


def test_a_wrong_parameter_writes_nothing(outputs):
    with pytest.raises(ParameterError):
        publish(draw(), fiscal_year=1999)
    assert not outputs.exists()


def test_a_character_without_a_glyph_is_an_error_and_the_old_bundle_stays(outputs):
    before = contents(publish(draw()))
    figure = draw()
    figure.drawing.text(0.5, 0.5, "\U0001f40e")
    with pytest.raises(UserError, match="Glyph"):
        publish(figure)
    assert contents(outputs / NAME) == before


def test_a_folder_that_cannot_be_made_is_named(outputs):
    outputs.write_text("a file in the way")
    with pytest.raises(UserError, match="cannot write"):
        publish(draw())
