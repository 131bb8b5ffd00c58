"""Figure 2's rows: what public sources state on the customers of single companies, and how far it speaks of the state."""

import pandas as pd

from lib import tables
from lib.errors import DataError
from lib.parameters import SHARE_ITEMS
from lib.words import phrase

STATED, PROXY = "stated", "proxy"
#: Why a firm has no drawn share although it has a proxy, where proxies are not wanted.
PROXY_ONLY = phrase("a proxy only")
#: What is known of a company's sales to the state, best first; all but the first two leave it without a figure.
STATUSES = (
    STATED,
    PROXY,
    phrase("in words only"),
    phrase("the buyer is private"),
    phrase("the buyer's kind is not stated"),
    phrase("nothing on customers"),
    phrase("weaker sources only"),
)


def load(weakest_grade: str) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The evidence of a grade or better, the companies as from `companies`, and how many rows of weaker grade are left out."""
    rows = evidence(weakest_grade)
    return rows, companies(weakest_grade), len(tables.load("public_sector")) - len(rows)


def evidence(weakest_grade: str = "C") -> pd.DataFrame:
    """The rows of public_sector.csv of this grade or better, with `source_row`, the row itself by its key.

    Raises DataError for a share outside 0 to 100, and for a range from high to low.
    """
    rows = tables.load("public_sector")
    wrong = rows["value_high"] < rows["value_low"]
    wrong |= rows["item"].isin(SHARE_ITEMS) & (
        (rows["value_low"] < 0) | rows[["value_low", "value_high"]].gt(100).any(axis=1)
    )
    if wrong.any():
        raise DataError(
            [
                f"public_sector.csv, row {row + 2} ({rows.at[row, 'evidence_id']}): the values {rows.at[row, 'value_low']:g} and "
                f"{rows.at[row, 'value_high']:g} are not a share from 0 to 100, or stand in the wrong order; mend them."
                for row in rows.index[wrong]
            ]
        )
    rows["source_row"] = "public_sector.csv:" + rows["evidence_id"]
    return rows[rows["grade"] <= weakest_grade].reset_index(drop=True)


def shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of a full year's revenue that speak of state buyers: one row per figure, `kind` beside its columns.

    kind: 'stated' for a share that the source gives as the state's, 'proxy' for a share of customers or of a segment
    in which, by the source, state buyers stand. Readings of one figure that agree are one row, with the better grade,
    the longer period, and all their rows in `source_row`; readings that disagree stay apart.
    """
    chosen = rows[rows["item"].isin(SHARE_ITEMS) & rows["buyer"].isin(["state", "mixed"])]
    chosen = chosen[chosen[["value_low", "fiscal_year", "last_fiscal_year"]].notna().all(axis=1)]
    same = ["name_en", "item", "about", "value_low", "value_high", "unit"]
    longest = (chosen["last_fiscal_year"] - chosen["fiscal_year"]).rename("years")
    chosen = chosen.join(longest).sort_values(["years", "grade", "evidence_id"], ascending=[False, True, True])
    kept: list[dict] = []
    for row in chosen.drop(columns="years").to_dict("records"):
        twin = next((k for k in kept if _same(k, row, same) and _covers(k, row)), None)
        if twin is None:
            kept.append(row)
        else:
            twin["source_row"] += f" {row['source_row']}"
            twin["grade"] = min(twin["grade"], row["grade"])
    found = pd.DataFrame(kept, columns=rows.columns).astype(rows.dtypes)
    return found.assign(kind=(found["item"] == "state_share").map({True: STATED, False: PROXY}))


def yearly(rows: pd.DataFrame, name: str, item: str) -> pd.DataFrame:
    """One company's figures of `item` by full fiscal year: one row per year, of the best grade, in order of years."""
    chosen = rows[
        (rows["name_en"] == name) & (rows["item"] == item) & (rows["fiscal_year"] == rows["last_fiscal_year"])
    ]
    chosen = chosen[chosen["value_low"].notna()].sort_values(["fiscal_year", "grade", "evidence_id"])
    return chosen.drop_duplicates("fiscal_year").reset_index(drop=True)


def companies(weakest_grade: str = "C") -> pd.DataFrame:
    """Every company of the table, one row each: `name_en`, `name_zh`, `in_article` and `status` (one of STATUSES)."""
    rows = evidence(weakest_grade)
    found = tables.load("public_sector").groupby("name_en", sort=False)[["name_zh", "in_article"]].first().reset_index()
    kinds = shares(rows).groupby("name_en")["kind"].agg(set)
    found["status"] = [_status(rows[rows["name_en"] == name], kinds.get(name)) for name in found["name_en"]]
    return found


def _status(rows: pd.DataFrame, kinds: set[str] | None) -> str:
    """How much one company's rows say of its sales to the state. kinds: of its shares, as in `shares`."""
    if rows.empty:
        return "weaker sources only"
    if kinds:
        return STATED if STATED in kinds else PROXY
    if rows["buyer"].isin(["state", "mixed"]).any():
        return "in words only"
    bought = rows[rows["item"].isin(SHARE_ITEMS)]
    if (bought["buyer"] == "private").any():
        return "the buyer is private"
    return "the buyer's kind is not stated" if len(bought) else "nothing on customers"


def _same(one: dict, other: dict, columns: list[str]) -> bool:
    return all(one[c] == other[c] or (pd.isna(one[c]) and pd.isna(other[c])) for c in columns)


def _covers(one: dict, other: dict) -> bool:
    """Whether the years of `one` hold those of `other`."""
    return one["fiscal_year"] <= other["fiscal_year"] and other["last_fiscal_year"] <= one["last_fiscal_year"]


def in_rows(shares: pd.DataFrame, firms: pd.DataFrame, year: int, proxies: bool) -> pd.DataFrame:
    """The shares that are drawn, in the order of their rows: `group`, `place` (the row), `now` (covers `year`).

    A firm with a stated share is shown by it, so its proxies are not drawn; each segment has a row of its own.
    """
    stated = set(firms.loc[firms["status"] == STATED, "name_en"])
    keep = (shares["kind"] == STATED) | (proxies & ~shares["name_en"].isin(stated))
    marks = shares[keep].copy()
    marks["group"] = marks["kind"]
    marks["now"] = (marks["fiscal_year"] <= year) & (year <= marks["last_fiscal_year"])
    segment = marks["about"].where(marks["item"] == "segment_share", "")
    marks["place"] = marks["name_en"] + "|" + marks["item"] + "|" + segment
    # Firms by their highest share of the year, or of any year where they have none; a firm's rows together.
    best = marks["value_low"].where(marks["now"]).groupby(marks["name_en"]).transform("max")
    marks["first"] = marks["now"].groupby(marks["name_en"]).transform("max")
    marks["best"] = best.fillna(marks["value_low"].groupby(marks["name_en"]).transform("max"))
    marks["stated"] = marks["kind"] == STATED
    order = ["stated", "first", "best", "name_en", "item", "now", "value_low"]
    marks = marks.sort_values(order, ascending=[False, False, False, True, True, False, False])
    return marks.drop(columns=["first", "best", "stated"]).reset_index(drop=True)


def stated_in(marks: pd.DataFrame, year: int) -> pd.DataFrame:
    return marks[(marks["kind"] == STATED) & marks["now"]]


def longest_series(marks: pd.DataFrame) -> pd.DataFrame:
    """The stated shares, one per year, of the firm that has them for most years."""
    stated = marks[(marks["kind"] == STATED) & (marks["fiscal_year"] == marks["last_fiscal_year"])]
    if stated.empty:
        return stated
    firm = stated.groupby("name_en")["fiscal_year"].nunique().idxmax()
    return stated[stated["name_en"] == firm].sort_values(["fiscal_year", "grade", "value_low"], ignore_index=True)


def growth_of_named(rows: pd.DataFrame, firms: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Revenue and R&D intensity by year of the article's firm that has most of both."""
    items = ("revenue", "rd_intensity")
    series = [[yearly(rows, name, item) for item in items] for name in firms.loc[firms["in_article"], "name_en"]]
    if not series:
        return dict.fromkeys(items, rows[:0])
    best = max(series, key=lambda pair: min(len(part) for part in pair) * 100 + sum(len(part) for part in pair))
    return dict(zip(items, best, strict=True))


def statements(rows: pd.DataFrame, silent: pd.DataFrame) -> pd.DataFrame:
    """What there is in words on each firm without a share: its first statement on its buyers."""
    said = rows[(rows["item"] == "statement") & rows["name_en"].isin(silent["name_en"])]
    said = said[said["buyer"].notna()].sort_values("evidence_id")
    return said.drop_duplicates("name_en")
