"""Figure 3's rows: the Beijing Stock Exchange's board day by day, and the published counts of it."""

import numpy as np
import pandas as pd

from lib import tables
from lib.rows import cited

#: Last day that the roster of the Beijing Stock Exchange knows.
ROSTER_END = pd.Timestamp("2022-12-31")


@tables.kept
def load() -> tuple[pd.Series, pd.Series, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Board, vendor, counts, moves, published.

    The board's count by day; that of its companies that are on a vendor's list of specialised firms of November 2023; the
    published counts; the companies that came and went, as from `moves`; what the articles state.
    """
    roster = tables.load("bse_roster")
    board = board_counts(roster)
    vendor = board_counts(roster[roster["specialised_board"]]).reindex(board.index).fillna(0).astype("int64")
    return board, vendor, published(board), moves(roster), cited.published()


def board_counts(roster: pd.DataFrame) -> pd.Series:
    """Companies on the Beijing Stock Exchange at the end of each day, from its first day to ROSTER_END."""
    days = pd.date_range(roster["entry_date"].min(), ROSTER_END)
    joined = np.sort(roster["entry_date"].dropna())
    left = np.sort(roster[["entry_date", "exit_date"]].max(axis=1, skipna=False).dropna())
    return pd.Series(joined.searchsorted(days, "right") - left.searchsorted(days, "right"), days)


def board_windows(board: pd.Series, count: int) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Each run of days on which the board, as from `board_counts`, held exactly `count`: first and last day, in order."""
    fits = board == count
    runs = fits.index[fits].to_series().groupby((~fits).cumsum()[fits])
    return [(days.iloc[0], days.iloc[-1]) for _, days in runs]


def moves(roster: pd.DataFrame) -> pd.DataFrame:
    """One row per company and day on which it came to the board or left it, by day: `date`, `company_id`, `specialised_board`."""
    what = ["company_id", "specialised_board"]
    parts = [roster[[day, *what]].rename(columns={day: "date"}) for day in ("entry_date", "exit_date")]
    return pd.concat(parts).dropna(subset="date").sort_values("date", ignore_index=True)


def published(board: pd.Series) -> pd.DataFrame:
    """The dated, published counts of the whole board, as from `board_counts`, or a part: with `expected`, `check` and `source_row`.

    They are those of little_giant_counts.csv and, for the whole board, of cited_figures.csv, by day. expected: companies on
    the board that day by the roster; empty where the count is of a part, or later than the roster. check: one of CHECKS,
    for a total of the whole board.
    """
    counts = tables.load("little_giant_counts")
    counts["source_row"] = "little_giant_counts.csv:" + counts["count_id"]
    totals = cited.figures("exchange")
    totals = totals[(totals["entity"] == "Beijing Stock Exchange") & (totals["item"] == "listed_companies")]
    totals = totals.rename(columns={"period_end": "date"}).assign(
        scope="all listed", bse_listed=totals["value"].astype("Int64")
    )
    counts = pd.concat([counts, totals[["date", "scope", "bse_listed", "source_id", "source_row"]]])
    counts = counts.sort_values("date", kind="stable", ignore_index=True)
    whole = counts["scope"].str.startswith("all listed")
    counts["expected"] = counts["date"].map(board).where(whole).astype("Int64")
    meets = (counts["expected"] == counts["bse_listed"]).map({True: "meets", False: "differs"})
    counts["check"] = meets.fillna("unchecked").where(whole & counts["bse_listed"].notna())
    return counts


def certified_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Certified Little Giants by day: readings that agree are one row, with all their rows in `source_row`."""
    chosen = counts[counts["national_little_giants"].notna()].copy()
    same = chosen.groupby(["date", "national_little_giants"], sort=False)
    chosen["source_row"] = same["source_row"].transform(" ".join)
    return chosen[~chosen.duplicated(["date", "national_little_giants"])]


def nearest_certified(certified: pd.DataFrame, windows: list) -> pd.Series | None:
    """The certified count of the whole board that is next in time to the first window, with `away`: days after its last day,

    below zero before its first one, and 0 of a count within it.
    """
    whole = certified[certified["scope"].str.startswith("all listed")]
    if whole.empty or not windows:
        return None
    first, last = windows[0]
    away = (whole["date"] - whole["date"].clip(first, last)).dt.days
    return whole.assign(away=away).loc[away.abs().idxmin()]
