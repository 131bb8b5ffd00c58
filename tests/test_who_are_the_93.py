import itertools
import re

import pandas as pd
import pytest
from conftest import text_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import claims, figures, notebooks, tables
from lib.errors import ParameterError
from lib.figures import who_are_the_93
from lib.paths import notebooks_dir
from lib.rows.who_are_the_93 import board_windows, load

NAME = who_are_the_93.NAME
BOARD = load()[0]


def build(**values):
    return figures.build(NAME, **values)


def words(figure) -> str:
    return " ".join(text.get_text() for axes in figure.drawing.axes for text in axes.texts)


def verdict(claim):
    return claims.ledger(NAME).set_index("claim_id").loc[claim]


def test_the_board_on_known_days():
    board = BOARD
    known = {
        "2021-11-15": 81,
        "2022-04-30": 89,
        "2022-06-30": 100,
        "2022-08-29": 106,
        "2022-09-02": 110,
        "2022-11-15": 123,
    }
    assert {day: board[day] for day in known} == known
    assert (board.index[0], board.iloc[-1]) == (pd.Timestamp("2021-11-15"), 162)
    assert len(board) == 412 and (board.diff() < 0).sum() == 2  # a third left on a day that one came


def test_the_93_are_the_whole_board_on_six_days_and_no_others():
    assert board_windows(BOARD, 93) == [(pd.Timestamp("2022-05-27"), pd.Timestamp("2022-06-01"))]
    assert board_windows(BOARD, 92)[0][1] == pd.Timestamp("2022-05-26")
    assert board_windows(BOARD, 22) == []


@settings(max_examples=20)
@given(st.integers(1, 165))
def test_windows_hold_their_count_and_no_other_day_does(count):
    board, windows = BOARD, board_windows(BOARD, count)
    days = [day for first, last in windows for day in pd.date_range(first, last)]
    assert days == list(board.index[board == count])
    assert all(after[0] - before[1] > pd.Timedelta(days=1) for before, after in itertools.pairwise(windows))


def test_default_figure_in_numbers():
    figure = build()
    assert figure.headline == {
        "count": 93, "windows": 1, "days": 6, "checks": 8, "checks_met": 7, "on_vendors_list": 20, "certified_nearest": 22,
        "certified_most": 79,
    }  # fmt: skip
    assert figure.title.startswith("93 is the whole Beijing board from 27 May to 1 June 2022")
    assert "a month later, 22 of 100 were certified Little Giants" in figure.title
    assert "meets 7 of 8 published totals; not met: 101 on 30 June 2022" in figure.notes[0]
    assert "93 was also published for 31 May 2022." in figure.notes[0] and "Of the 93, 20 are on" in figure.notes[0]
    assert "A fit, not a proof" in figure.notes[1] and "79, on 28 April 2023" in figure.notes[1]
    series = figure.table.groupby("series")["companies"].agg(["size", "max"]).to_dict("index")
    assert series["published total"] == {"size": 9, "max": 191}
    assert series["on a vendor's list"]["max"] == 33
    assert series["certified Little Giants"] == {"size": 5, "max": 79}


def test_the_default_count_is_the_articles():
    default = notebooks.declared(notebooks_dir() / f"{NAME}.ipynb")["count"].default
    assert default == tables.load("claims").set_index("claim_id").at["mp3-cohort", "published_value"]


def test_every_company_of_the_roster_stands_behind_a_drawn_day():
    board = build().table.query("series == 'board'")
    named = " ".join(board["source_row"]).split(" ")
    roster = tables.load("bse_roster")
    assert len(named) == len(roster) + roster["exit_date"].notna().sum()
    assert set(named) == set("bse_roster.csv:" + roster["company_id"])


def test_totals_that_the_aggregates_name_are_among_the_counts():
    counts, aggregates = tables.load("little_giant_counts"), tables.load("bse_aggregates")
    known = set(zip(counts["date"].dt.strftime("%Y-%m-%d"), counts["bse_listed"], strict=True))
    dated = aggregates[aggregates["as_of"].between("2021-11-15", "2023-04-28") & (aggregates["as_of"].str.len() == 10)]
    scopes = dated["scope"].map(
        lambda scope: re.match(r"(?:all |BSE |BSE first )?(\d+) (?:BSE )?firms(?! under)", scope)
    )
    named = {(day, int(found[1])) for day, found in zip(dated["as_of"], scopes, strict=True) if found}
    assert len(named) == 7 and named <= known


@pytest.mark.parametrize("end", ["2023-04-28", "2022-06-30", "2021-11-16"])
def test_no_text_overlaps_or_is_cut(end):
    for count in (1, 81, 82, 89, 93, 100, 104, 110, 162, 165):
        figure = build(count=count, end=end)
        assert text_faults(figure.drawing) == [], count
        assert len(figure.title) < 130


def test_a_count_that_never_was_says_so():
    figure = build(count=22)
    assert figure.title == (
        "On no day from 15 November 2021 to 31 December 2022 did the Beijing exchange list exactly 22 companies"
    )
    assert "exactly 1 company" in build(count=1).title
    assert figure.headline["days"] == 0 and "on no day" in figure.alt and len(figure.drawing.axes) == 1


def test_days_after_the_last_one_known_are_not_spoken_of():
    """The roster ends on 31 December 2022, and 162 companies were there then: on how many more days is not known."""
    assert "162 is the whole Beijing board at least from 30 to 31 December 2022;" in build(count=162).title
    later = build(count=163)
    assert "On no day from 15 November 2021 to 31 December 2022" in later.title and "2023" not in later.title
    assert later.subtitle.endswith("31 December 2022, with counts published for days up to 28 April 2023")
    whole, cut = build(end="2022-06-01"), build(end="2022-05-31")
    assert "from 27 May to 1 June 2022" in whole.title and "at least" not in whole.title + whole.alt
    assert "at least from 27 to 31 May 2022" in cut.title and "at least from 27 to 31 May 2022" in cut.alt
    assert "the highest count published for a day up to 31 May 2022 is 13" in " ".join(cut.notes)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (93, "a month later, 22 of 100 were certified Little Giants"),
        (100, "on 30 June 2022, 22 of 100 were certified Little Giants"),
        (110, "on 2 September 2022, 23 of 110 were certified Little Giants"),
        (162, "on 31 December 2022, 48 were certified Little Giants"),
        (101, "five days earlier, 22 of 100 were certified Little Giants"),
    ],
)
def test_a_certified_count_is_dated_from_the_days_that_fit_and_by_its_day_within_them(count, words):
    assert build(count=count).title.endswith(words)


def test_the_end_cuts_counts_and_window():
    figure = build(end="2022-05-28")
    assert "at least from 27 to 28 May 2022" in figure.title and figure.headline["days"] == 2
    assert figure.headline["certified_nearest"] is None or "certified" not in figure.title
    assert figure.table["date"].max() <= pd.Timestamp("2022-05-28")


def test_an_edited_company_moves_picture_title_and_ledger(edit):
    edit("bse_roster", {"company_id": "831167"}, "entry_date", "2022-05-30")
    figure = build()
    assert "from 30 May to 1 June 2022" in figure.title and "30 May to 1 June 2022" in words(figure)
    assert figure.headline["days"] == 3
    assert "30 May to 1 June 2022" in verdict("mp3-cohort")["reason"]


def test_an_edited_count_moves_the_checks_and_the_ledger(edit):
    edit("little_giant_counts", {"count_id": "2022-11-15-board"}, "bse_listed", "125")
    assert build().headline["checks_met"] == 6
    edit("little_giant_counts", {"count_id": "2022-12-31-board"}, "national_little_giants", "93")
    row = verdict("mp3-cohort")
    assert row["verdict"] == "reproduced" and row["value"] == 93


def test_the_associations_two_counts_are_checks_of_the_roster(edit):
    counts = load()[2]
    found = counts[counts["source_id"] == "capco-1"]
    assert list(zip(found["date"].dt.strftime("%Y-%m-%d"), found["bse_listed"], found["check"], strict=True)) == [
        ("2021-12-31", 82, "meets"), ("2022-05-31", 93, "meets"),
    ]  # fmt: skip
    edit("cited_figures", {"figure_id": "beijing-stock-exchange-listed-companies-2022-05"}, "value", "94")
    figure = build()
    assert figure.headline["checks_met"] == 6 and "94 on 31 May 2022" in figure.notes[0]
    assert "was also published" not in figure.notes[0]


def test_the_vendors_list_is_counted_by_day():
    roster, vendor = tables.load("bse_roster"), load()[1]
    for day in ("2021-11-15", "2022-05-31", "2022-12-31"):
        there = (roster["entry_date"] <= day) & ~(roster["exit_date"] <= day) & roster["specialised_board"]
        assert vendor[day] == there.sum()
    assert (vendor <= BOARD).all()


def test_what_the_claim_of_93_is_held_against(edit):
    row = verdict("mp3-cohort")
    assert (row["verdict"], row["value"], row["difference"]) == ("differs", 79, -14)
    assert (
        "27 May to 1 June 2022" in row["reason"]
        and "from 22 to 79" in row["reason"]
        and "has 44 of that month's board" in row["reason"]
    )
    edit("little_giant_counts", {"count_id": "2022-12-31-board"}, "national_little_giants", "95")
    row = verdict("mp3-cohort")  # a day between may have had 93
    assert row["verdict"] == "open" and row["decided_by"]


def test_the_month_of_the_exchange_is_held_against_its_founding_and_its_first_day(edit, data):
    row = verdict("mp3-bse")
    assert row["verdict"] == "differs" and "3 September 2021" in row["rebuilt"] and "15 November 2021" in row["rebuilt"]
    edit("cited_figures", {"figure_id": "beijing-stock-exchange-founded"}, "period_end", "2021-11-03")
    assert verdict("mp3-bse")["verdict"] == "reproduced"
    edit("cited_figures", {"figure_id": "beijing-stock-exchange-founded"}, "item", "renamed")
    assert verdict("mp3-bse")["verdict"] == "supported"  # by the first trading day alone
    path = data / "bse_roster.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2021-11", "2021-12"), encoding="utf-8")
    assert verdict("mp3-bse")["verdict"] == "differs"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "Allowed: 1 to 165"),
        ({"count": 166}, "Allowed: 1 to 165"),
        ({"count": "many"}, "valid integer"),
        ({"end": "2021-11-15"}, "Allowed: after 2021-11-15"),
        ({"end": "2030-01-01"}, "up to 2023-04-28"),
        ({"end": "1 June"}, "'1 June' is not a day"),
        ({"end": 20}, "is not a day"),
    ],
)
def test_a_wrong_parameter_says_what_is_allowed(values, message):
    with pytest.raises(ParameterError, match=message):
        build(**values)


def test_a_window_of_the_day_of_the_certified_count_says_the_day_once():
    title = build(count=110, end="2022-09-02").title
    assert title.count("2 September 2022") == 1 and title.endswith("; that day, 23 of 110 were certified Little Giants")


def test_where_the_13_is_drawn_the_note_says_of_whom_it_is():
    told = "The 13 certified of 15 November 2021 are of 71 companies alone: carried over from the Select tier."
    for count in (81, 93, 22):
        assert told in " ".join(build(count=count).notes)
