import itertools

import pandas as pd
import pytest
from conftest import text_faults

from lib import claims, figures, style, tables
from lib.errors import DataError
from lib.figures import public_sector
from lib.parameters import evidence_years
from lib.rows import public_sector as customers
from lib.rows import standing

NAME = public_sector.NAME


def build(**values):
    return figures.build(NAME, **values)


def words(figure) -> str:
    """All that the picture says."""
    return " ".join(text.get_text() for axes in figure.drawing.axes for text in axes.texts)


def verdict(claim):
    return claims.ledger(NAME).set_index("claim_id").loc[claim]


def add_row(data, **cells):
    """One more row of evidence in the copy of the table."""
    path = data / "public_sector.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    frame.loc[len(frame)] = (
        dict.fromkeys(frame.columns, "") | {"in_article": "0", "grade": "B", "source_id": "ps-1"} | cells
    )
    frame.to_csv(path, index=False, lineterminator="\n")


def test_the_table_in_numbers():
    rows = tables.load("public_sector")
    assert len(rows) == 85 and rows["name_en"].nunique() == 17
    counts = rows["item"].value_counts()
    assert (counts["revenue"], counts["top5_share"], counts["state_share"], counts["statement"]) == (21, 14, 12, 6)
    assert rows["grade"].value_counts().to_dict() == {"B": 51, "C": 34}
    assert (rows["name_en"][rows["company_id"].isna()] == "Lanxin Mobile").all()
    keda = rows[(rows["name_en"] == "Keda Automation Control") & (rows["item"] == "revenue")]
    assert dict(zip(keda["period"], keda["value_low"], strict=True)) == {
        "2021": 263, "2022": 347, "2023": 440, "2024": 434, "2021H1": 90.0391, "2022H1": 133,
    }  # fmt: skip


def test_the_table_is_tidy_beyond_its_codebook():
    rows = tables.load("public_sector")
    assert not (rows["value_high"] < rows["value_low"]).any()
    assert (rows["value_low"].notna() == (rows["item"] != "statement")).all()
    assert (rows["value_low"].notna() == rows["unit"].notna()).all()
    assert rows.loc[rows["item"] == "statement", ["about", "statement"]].notna().all(axis=None)
    full = rows["period"].str.fullmatch(r"\d{4}(-\d{4})?")
    assert (full == rows["fiscal_year"].notna()).all()
    assert (rows["fiscal_year"].dropna() <= rows["last_fiscal_year"].dropna()).all()
    assert rows.groupby("name_en")[["name_zh", "in_article"]].nunique().eq(1).all(axis=None)
    text = " ".join(tables.load("claims")["claim"])
    for firm, named in rows.groupby("name_en")["in_article"].first().items():
        assert named == (firm in text), firm


def test_each_firm_by_the_best_that_is_known_of_it():
    status = customers.companies().set_index("name_en")["status"]
    assert status.value_counts().to_dict() == {
        "stated": 5, "proxy": 4, "nothing on customers": 3, "in words only": 2, "the buyer is private": 1,
        "the buyer's kind is not stated": 1, "accounts found false": 1,
    }  # fmt: skip
    stated = {"In-To Digital", "Wuxin Tunnel", "Tianrun Technology", "GrandTech", "Sanyou Technology"}
    assert set(status.index[status == "stated"]) == stated and status["Guangdao Digital"] == "accounts found false"
    assert status["Linton"] == "the buyer is private" and status["Hujiang New Materials"] == "nothing on customers"


def test_readings_of_one_figure_are_one_figure_with_all_their_rows():
    shares = customers.shares(customers.evidence())
    assert len(shares) == 27
    state_grid = shares[(shares["name_en"] == "In-To Digital") & (shares["kind"] == "stated")].sort_values(
        "fiscal_year"
    )
    assert state_grid["value_low"].to_list() == [34.37, 85.08, 72.15, 72.4, 77.95, 38.86, 40.82, 76.61]
    assert state_grid["fiscal_year"].to_list() == list(range(2017, 2025))
    assert state_grid["source_row"].str.split(" ").str.len().to_list() == [1, 1, 1, 2, 2, 1, 1, 1]
    police = shares[shares["name_en"] == "Guangdao Digital"].iloc[0]
    assert (police["fiscal_year"], police["last_fiscal_year"], police["value_low"]) == (2020, 2022, 90)
    rows = police["source_row"].split(" ")
    assert pd.isna(police["value_high"]) and rows == [
        "public_sector.csv:guangdao-01", *(f"enforcement.csv:guangdao-{year}" for year in (2020, 2021, 2022)),
        "public_sector.csv:guangdao-03",
    ]  # fmt: skip


def test_a_bound_is_a_share_of_customers_who_are_all_the_states():
    shares = customers.shares(customers.evidence())
    bound = shares[shares["bound"]]
    assert set(bound["buyer"]) == {"state"} and "segment_share" not in set(bound["item"])
    assert (shares["kind"] == "stated").equals(shares["bound"] & ~shares["void"])
    assert shares["kind"].value_counts().to_dict() == {"stated": 14, "proxy": 12, "void": 1}


def test_a_figure_of_invented_revenue_is_void_wherever_it_is_shown():
    figure = build()
    void = figure.table[figure.table["void"]]
    assert void[["panel", "name_en", "invented_low", "invented_high"]].to_numpy().tolist() == [
        ["void", "Guangdao Digital", 85.87, 99.39]
    ]
    said = "Guangdao Digital is void: a regulator found 86–99% of the revenue that it reported for 2020–22 invented."
    assert said in figure.alt and said in figure.notes[0] and "regulators' findings" in figure.source_line
    mark = next(mark.words for mark in figure.marks() if "广道" in mark.words or "Guangdao" in mark.words)
    assert mark.startswith(said) and "enforcement.csv:guangdao-2021" in mark
    assert "Void (crosses)" in words(figure) and figure.left_out["accounts found false"] == 1
    crosses = [line for line in figure.drawing.axes[0].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[90]]
    assert "Guangdao Digital (accounts found false)" in " ".join(build(proxies=False).notes)


def test_a_notice_or_another_year_voids_nothing(edit):
    edit("enforcement", {"finding_id": "guangdao-2021"}, "stage", "advance notice")
    assert standing.void()["finding_id"].str.startswith("guangdao").sum() == 5
    for year in (2020, 2022):
        edit("enforcement", {"finding_id": f"guangdao-{year}"}, "fiscal_year", "2017")
    figure = build()
    assert not figure.table["void"].any() and figure.headline["void"] == 0 and figure.headline["proxy_only"] == 5


def test_a_finding_follows_a_company_to_the_exchange_that_it_moved_to(edit):
    assert standing.moved()["832317"] == "688287"
    assert "Guandian" not in set(build().table.query("void")["name_en"])  # its finding is on 2022
    edit("enforcement", {"finding_id": "guandian-2022"}, "fiscal_year", "2021")
    figure = build()
    assert "Guandian" in set(figure.table.query("void")["name_en"])
    assert "Guandian is void: a regulator found its accounts of 2021 false." in figure.notes[0]
    edit("enforcement", {"finding_id": "guandian-2022"}, "fiscal_year", "2020")
    assert "Guandian" not in set(
        customers.sellers_revenue(customers.evidence())["name_en"]
    )  # one sound year is no growth


def test_default_figure_in_numbers():
    figure = build()
    assert figure.headline == {
        "firms": 17, "stated_in_year": 3, "stated_in_any_year": 5, "proxy_only": 4, "void": 1, "article_firms": 3,
        "article_firms_with_a_share": 0, "sellers": 4, "sellers_grown": 2,
    }  # fmt: skip
    assert (
        "lower bound of the state's share of 2021 sales for three of 17 firms, and for none of the three"
        in figure.title
    )
    assert figure.table["panel"].value_counts().to_dict() == {
        "stated": 14, "growth": 12, "proxy": 6, "no_share": 2, "void": 1,
    }  # fmt: skip
    drawn = figure.table[figure.table["panel"].isin(["stated", "proxy"])]["name_en"].nunique()
    assert drawn + sum(figure.left_out.values()) == 17


def test_who_has_no_figure_is_part_of_the_picture():
    figure = build()
    said = words(figure)
    for firm in ("Lanxin Mobile", "Keda Automation Control", "Hujiang New Materials"):
        assert firm in said
    assert said.count("not known") == 3 and "nothing on its customers found" in said
    assert "Linton (the buyer is private)" in " ".join(figure.notes)


def test_a_private_buyer_is_never_drawn_as_the_state():
    figure = build()
    assert "Linton" not in set(figure.table["name_en"]) and "LONGi" not in words(figure)
    shares = figure.table[figure.table["panel"].isin(["stated", "proxy"])]
    assert set(shares["buyer"]) == {"state", "mixed"}
    assert (shares["buyer"][shares["panel"] == "stated"] == "state").all()


def test_ranges_and_lower_bounds_stay_what_they_are():
    said = words(build())
    assert "40–50" in said and ">90" in said
    assert "45" not in said.split()


def test_without_proxies_their_firms_are_counted_as_left_out():
    figure = build(proxies=False)
    assert "proxy" not in set(figure.table["panel"])
    assert figure.left_out["a proxy only"] == 4 and figure.left_out["accounts found false"] == 1
    assert figure.table[figure.table["panel"] == "stated"]["name_en"].nunique() + sum(figure.left_out.values()) == 17


def test_grade_b_alone_says_so():
    figure = build(weakest_grade="B")
    assert figure.title.startswith("In grade-B sources") and "34 rows of grade C" in " ".join(figure.notes)
    assert set(figure.table["grade"]) == {"B"}
    assert figure.left_out["weaker sources only"] == 7 and "Lanxin Mobile" in words(figure)


def test_no_text_overlaps_or_is_cut():
    for year in evidence_years():
        figure = build(fiscal_year=year)
        assert text_faults(figure.drawing) == [], year
        assert str(year) in figure.title and len(figure.title) < 130


def test_no_text_overlaps_or_is_cut_in_a_short_figure():
    for proxies, year in itertools.product([True, False], [2019, 2024]):
        assert text_faults(build(fiscal_year=year, proxies=proxies, weakest_grade="B").drawing) == [], (proxies, year)


def test_an_edited_row_moves_picture_alt_and_table(edit):
    edit("public_sector", {"evidence_id": "wuxin-01"}, "value_high", "61")
    edit("public_sector", {"evidence_id": "keda-04"}, "value_low", "526")
    edit("public_sector", {"evidence_id": "keda-04"}, "value_high", "526")
    figure = build()
    assert "40–61" in words(figure) and "40–61%" in figure.alt
    assert (
        "Keda Automation\nControl 200" in words(figure)
        and "Keda Automation Control +100% from 2021 to 2024" in figure.alt
    )
    assert 61 in set(figure.table["value_high"])


def test_an_edited_row_moves_the_title_and_the_ledger(edit):
    before = verdict("mp3-public")
    assert (
        before["verdict"] == "open" and "Keda Automation Control's revenue +65% from 2021 to 2024" in before["rebuilt"]
    )
    assert "of four firms" in before["reason"] and "two grew" in before["reason"] and before["decided_by"]
    edit("public_sector", {"evidence_id": "into-17"}, "value_low", "99")
    edit("public_sector", {"evidence_id": "into-17"}, "value_high", "99")
    assert verdict("mp3-public")["verdict"] == "open", "three of four are fewer than of all listed companies"
    edit("public_sector", {"evidence_id": "grandtech-03"}, "value_low", "314")
    edit("public_sector", {"evidence_id": "grandtech-03"}, "value_high", "314")
    assert verdict("mp3-public")["verdict"] == "supported"
    edit("public_sector", {"evidence_id": "keda-04"}, "value_low", "100")
    edit("public_sector", {"evidence_id": "keda-04"}, "value_high", "100")
    assert verdict("mp3-public")["verdict"] == "differs"
    edit("public_sector", {"evidence_id": "wuxin-01"}, "buyer", "mixed")
    assert "for two of 17 firms" in build().title


def test_a_share_of_a_named_firm_takes_it_out_of_the_unknown(data):
    add_row(
        data, evidence_id="lanxin-02", name_en="Lanxin Mobile", name_zh="蓝信移动", in_article="1", period="2021",
        fiscal_year="2021", last_fiscal_year="2021", item="state_share", about="ministries", buyer="state", value_low="60",
        value_high="60", unit="percent of revenue",
    )  # fmt: skip
    figure = build()
    assert "for four of 17 firms, and for one of the three" in figure.title
    assert words(figure).count("not known") == 2 and "Lanxin Mobile 60% (ministries)" in figure.alt


def test_readings_that_disagree_are_both_drawn_and_named(edit):
    edit("public_sector", {"evidence_id": "into-05"}, "value_low", "50")
    edit("public_sector", {"evidence_id": "into-05"}, "value_high", "50")
    figure = build()
    assert "77.95 or 50" in words(figure) and "disagree, both drawn: In-To Digital" in " ".join(figure.notes)


def test_open_claims_close_when_a_source_is_found(data):
    assert verdict("mp3-lanxin")["verdict"] == "open" and "people's congress (2016)" in verdict("mp3-lanxin")["reason"]
    assert verdict("mp3-hujiang")["verdict"] == "open" and "third-largest customer" in verdict("mp3-hujiang")["reason"]
    firm = dict(name_en="Lanxin Mobile", name_zh="蓝信移动", in_article="1", period="2012")
    add_row(
        data, evidence_id="lanxin-02", item="founding_year", value_low="2012", value_high="2012", unit="year", **firm
    )
    add_row(
        data, evidence_id="hujiang-11", name_en="Hujiang New Materials", name_zh="沪江材料", company_id="870204",
        in_article="1", period="2021", item="audit_finding", about="sales inflated",
    )  # fmt: skip
    assert verdict("mp3-lanxin")["verdict"] == "reproduced" and verdict("mp3-lanxin")["difference"] == 0
    assert verdict("mp3-hujiang")["verdict"] == "supported"


@pytest.mark.parametrize(("column", "value"), [("value_high", "120"), ("value_high", "30"), ("value_low", "-4")])
def test_a_share_that_cannot_be_is_named_by_its_row(edit, column, value):
    row = edit("public_sector", {"evidence_id": "wuxin-01"}, column, value)
    with pytest.raises(DataError, match=rf"public_sector\.csv, row {row} \(wuxin-01\)"):
        build()


def test_it_draws_without_a_single_share_or_named_firm(data):
    path = data / "public_sector.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    bare = frame[~frame["item"].str.endswith("_share")].assign(in_article="0")
    bare.to_csv(path, index=False, lineterminator="\n")
    rows, firms, weaker = customers.load("C")
    figure = public_sector.draw(rows, firms, weaker, fiscal_year=2021, proxies=True, weakest_grade="C")
    assert text_faults(figure.drawing) == []
    assert figure.title.endswith("for none of eleven firms") and sum(figure.left_out.values()) == len(firms)


def test_in_one_column_the_picture_leaves_the_page_room_for_its_notes():
    figure = build(size="one_column")
    width, height = figure.drawing.get_size_inches()
    with style.look():  # notes in 8 points across the column; IEEEtran's page has 58 lines of 12 points
        said = [f"{figure.title} {figure.subtitle}", *figure.notes, figure.source_line]
        lines = sum(len(style.wrapped(words, 8, "normal", 3.46)) for words in said)
    assert height * 3.4646 / width + (lines * 9.5 + 30) / 72 <= 58 * 12 / 72.27


def test_the_subtitle_names_the_marks_that_are_drawn():
    default, older = figures.build(NAME), figures.build(NAME, fiscal_year=2019, proxies=False, weakest_grade="B")
    assert default.subtitle.endswith("; large marks 2021; small grey marks other years; bars a range as stated")
    assert "large marks" not in older.subtitle and "small grey marks" in older.subtitle
    assert "For two more a source states it" in default.alt


def test_what_is_measured_ends_where_the_marks_begin():
    figure = figures.build(NAME, fiscal_year=2020, proxies=False)
    axes = figure.drawing.axes[0]
    figure.drawing.canvas.draw()
    labels = [text for text in axes.texts if text.get_text().startswith("top buyer")]
    assert len(labels) > 1 and all(text.get_window_extent().x1 < axes.bbox.x0 for text in labels)
