import json

import pandas as pd
import pytest
from PIL import Image

from lib import figures, notebooks, style
from lib.bundle import folders
from lib.bundle.publish import publish
from lib.errors import ParameterError, UserError
from lib.figures import rd_against_sm
from lib.paths import notebooks_dir
from lib.rows.rd_against_sm import load

NAME = "01_rd_against_sm"


def draw(year=2021):
    return figures.build(NAME, fiscal_year=year)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_inputs_give_the_same_bytes(outputs):
    first = contents(publish(draw()))
    assert set(first) == {f"{NAME}.{kind}" for kind in folders.FORMATS}
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
    picture = Image.open(publish(figures.build(NAME, size=size)) / f"{NAME}.png")
    shown = style.SIZES[size]
    assert picture.width == width == round(shown.shown * shown.dpi)
    assert picture.mode == "RGB" and picture.info["dpi"] == pytest.approx((shown.dpi, shown.dpi), abs=0.1)


def test_the_record_vouches_for_the_bundle(outputs):
    folder = publish(draw())
    assert folders.faults(folder, NAME) == []
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["companies"] + sum(record["left_out"].values()) == 728 + 14
    assert {claim["claim_id"] for claim in record["claims"]} == {"mp3-share", "mp3-giants", "mp3-sign"}
    assert "spending.csv" in record["data"] and record["versions"]["matplotlib"]
    assert len(pd.read_csv(folder / f"{NAME}.csv", dtype={"company_id": "str"})) == record["rows"]
    (folder / f"{NAME}.png").write_bytes(b"")
    (folder / f"{NAME}.svg").unlink()
    assert folders.faults(folder, NAME) == [
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
    assert {source["source_id"] for source in record["sources"]} == plotted | {
        "company-list",
        "macropolo",
        "miit-measures",
    }
    assert all(source["title"] for source in record["sources"])


def test_another_parameter_goes_beside_the_default(outputs):
    default = publish(draw())
    other = publish(draw(2020))
    assert other == default / "fiscal_year=2020"
    assert folders.faults(default, NAME) == [] and folders.faults(other, NAME) == []


def test_long_parameters_get_a_short_folder(outputs):
    codes = [f"{n:06d}" for n in range(100)]
    folder = folders.folder_of(notebooks_dir() / f"{NAME}.ipynb", {"highlight": codes})
    assert len(folder) < 140
    assert folder != folders.folder_of(notebooks_dir() / f"{NAME}.ipynb", {"highlight": codes[:-1]})


def shown(firms=None, **values):
    """Figure 1 as a notebook draws it, from `firms` where these are not those of its parameters."""
    rows = load("specialised", 2021)
    parameters = {"cohort": "specialised", "fiscal_year": 2021, "measure": "log_ratio", "highlight": []} | values
    subset = parameters.pop("subset", "")
    return rd_against_sm.draw(rows[0] if firms is None else firms, *rows[1:], subset=subset, **parameters)


def test_a_wrong_parameter_writes_nothing(outputs):
    with pytest.raises(ParameterError, match="measure"):
        publish(replace_parameter(shown(), measure="log"))
    assert not outputs.exists()


def replace_parameter(figure, **values):
    figure.parameters |= values
    return figure


def test_a_parameter_that_was_changed_after_the_rows_were_taken_is_refused(outputs):
    with pytest.raises(UserError, match="not those of its parameters"):
        publish(shown(fiscal_year=2019))
    assert not outputs.exists()


def test_a_part_of_the_rows_is_refused_or_bears_its_name_in_title_record_and_folder(outputs):
    whole = contents(publish(draw()))
    firms = load("specialised", 2021)[0]
    chips = firms[firms["industry_en"] == "Semiconductors and components"]
    with pytest.raises(UserError, match=rf"{len(chips)} rows in place of {len(firms)}"):
        publish(shown(chips))
    figure = shown(chips, subset="Chip makers")
    assert figure.title.startswith("Chip makers only: ")
    folder = publish(figure)
    assert folder.parent == outputs / NAME and "subset=Chip" in folder.name
    record = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert record["subset"] == "Chip makers" and record["title"] == figure.title and "spending.csv" in record["data"]
    assert {name: (outputs / NAME / name).read_bytes() for name in whole} == whole


def test_a_change_by_hand_is_on_record(outputs):
    figure = draw()
    publish(figure)
    assert not folders.changed_by_hand(outputs / NAME, NAME)
    figure.drawing.axes[0].set_xlabel("mine")
    publish(figure)
    assert figure.changed_by_hand and folders.changed_by_hand(outputs / NAME, NAME)


@pytest.mark.parametrize("name", [path.stem for path in notebooks.figures()])
def test_what_was_only_looked_at_is_not_changed_by_hand(name):
    figure = figures.build(name)
    figure.marks()
    figure.picture(20)
    figure.saved("svg")
    assert not figure.changed_by_hand


def test_a_character_without_a_glyph_is_an_error_and_the_old_bundle_stays(outputs):
    before = contents(publish(draw()))
    figure = draw()
    figure.drawing.text(0.5, 0.5, "\U0001f40e")
    with pytest.raises(UserError, match="fonts lack"):
        publish(figure)
    assert contents(outputs / NAME) == before


def test_a_folder_that_cannot_be_made_is_named(outputs):
    outputs.write_text("a file in the way")
    with pytest.raises(UserError, match="cannot write"):
        publish(draw())
