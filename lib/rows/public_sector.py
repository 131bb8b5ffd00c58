"""Figure 2's rows: what public sources state on the customers of single companies, and how far it speaks of the state."""

import pandas as pd

from lib import tables
from lib.errors import DataError
from lib.parameters import SHARE_ITEMS, is_code
from lib.rows import standing
from lib.words import phrase

#: A share of buyers that are all the state's, a lower bound of its share; one that only stands for it; either of false accounts.
STATED, PROXY, VOID = "stated", "proxy", "void"
#: Why a firm has no drawn share although it has a proxy, where proxies are not wanted.
PROXY_ONLY = phrase("a proxy only")
FOUND_FALSE = phrase("accounts found false")
#: The years between which listed companies' growth is set beside the sellers'.
GROWN = (2020, 2021)
#: What is known of a company's sales to the state, best first; all but the first two leave it without a figure.
STATUSES = (
    STATED,
    PROXY,
    FOUND_FALSE,
    phrase("in words only"),
    phrase("the buyer is private"),
    phrase("the buyer's kind is not stated"),
    phrase("nothing on customers"),
    phrase("weaker sources only"),
)


@tables.kept
def load(weakest_grade: str) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The evidence of a grade or better, the companies as from `companies`, and how many rows of weaker grade are left out."""
    rows = evidence(weakest_grade)
    return rows, companies(weakest_grade), len(tables.load("public_sector")) - len(rows)


def evidence(weakest_grade: str = "C") -> pd.DataFrame:
    """The rows of public_sector.csv of this grade or better, with `source_row`, the row itself by its key, and `void`.

    void: whether a regulator found the accounts of a year that the row covers false; `invented_low` and `invented_high`: how
    much of the revenue was invented, in per cent; `void_source_id`: who says so. Its findings stand in `source_row`, too.
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
    rows = rows.join(standing.void_by(rows))
    rows["void"] = rows["found"] != ""
    rows["source_row"] = ("public_sector.csv:" + rows["evidence_id"] + " " + rows.pop("found")).str.strip()
    return rows[rows["grade"] <= weakest_grade].reset_index(drop=True)


def shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of a full year's revenue that speak of state buyers: one row per figure, `kind` beside its columns.

    kind: 'stated' for the share of buyers whom the source calls the state's, each and all, 'proxy' for a group of customers
    or a segment in which, by the source, state buyers stand, 'void' for either where the accounts were false; `bound`:
    whether it is of the first kind, void or not. Other state buyers may go unnamed, so it is a lower bound. Readings of one
    figure that agree are one row, with the better grade, the longer period, and all their rows in `source_row`; readings
    that disagree stay apart.
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
            twin["source_row"] = " ".join(dict.fromkeys(f"{twin['source_row']} {row['source_row']}".split(" ")))
            twin["grade"] = min(twin["grade"], row["grade"])
    found = pd.DataFrame(kept, columns=rows.columns).astype(rows.dtypes)
    bound = (found["buyer"] == "state") & (found["item"] != "segment_share")
    return found.assign(bound=bound, kind=bound.map({True: STATED, False: PROXY}).mask(found["void"], VOID))


def sellers_revenue(rows: pd.DataFrame) -> pd.DataFrame:
    """Revenue by full fiscal year, best grade first, of the firms that by some row sell to the state and have several years.

    One row per firm and year, in order; `index`: the firm's first year is 100. Years of void accounts are left out.
    """
    sellers = rows.loc[rows["buyer"].isin(["state", "mixed"]), "name_en"]
    chosen = rows[
        (rows["item"] == "revenue") & rows["name_en"].isin(sellers) & rows["value_low"].notna() & ~rows["void"]
    ]
    chosen = chosen[chosen["fiscal_year"] == chosen["last_fiscal_year"]]
    chosen = chosen.sort_values(["name_en", "fiscal_year", "grade", "evidence_id"]).drop_duplicates(
        ["name_en", "fiscal_year"]
    )
    chosen = chosen[chosen.groupby("name_en")["name_en"].transform("size") > 1].reset_index(drop=True)
    return chosen.assign(index=100 * chosen["value_low"] / chosen.groupby("name_en")["value_low"].transform("first"))


def listed_growth() -> pd.Series:
    """Growth of revenue from GROWN[0] to GROWN[1] of all companies of Shanghai and Shenzhen that have both, by company."""
    rows = tables.load("spending")
    table = rows[rows["company_id"].map(is_code)].pivot_table(
        index="company_id", columns="fiscal_year", values="revenue_cny"
    )  # not the consumer internet companies
    first, last = (table[year] for year in GROWN)
    return (last / first.where(first > 0) - 1).dropna()


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
        return next(word for kind, word in ((STATED, STATED), (PROXY, PROXY), (VOID, FOUND_FALSE)) if kind in kinds)
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

    A firm with a stated share is shown by it, so its proxies are not drawn; each segment has a row of its own. What is void
    is shown where it would be, were it sound.
    """
    stated = set(firms.loc[firms["status"] == STATED, "name_en"])
    keep = shares["bound"] | (proxies & ~shares["name_en"].isin(stated))
    marks = shares[keep].copy()
    marks["group"] = marks["kind"]
    marks["now"] = (marks["fiscal_year"] <= year) & (year <= marks["last_fiscal_year"])
    segment = marks["about"].where(marks["item"] == "segment_share", "")
    marks["place"] = marks["name_en"] + "|" + marks["kind"] + "|" + marks["item"] + "|" + segment
    # Firms by their highest share of the year, or of any year where they have none; a firm's rows together.
    best = marks["value_low"].where(marks["now"]).groupby(marks["name_en"]).transform("max")
    marks["first"] = marks["now"].groupby(marks["name_en"]).transform("max")
    marks["best"] = best.fillna(marks["value_low"].groupby(marks["name_en"]).transform("max"))
    marks["rank"] = marks["kind"].map([STATED, PROXY, VOID].index)
    order = ["rank", "first", "best", "name_en", "item", "now", "value_low"]
    marks = marks.sort_values(order, ascending=[True, False, False, True, True, False, False])
    return marks.drop(columns=["first", "best", "rank"]).reset_index(drop=True)


def stated_in(marks: pd.DataFrame, year: int) -> pd.DataFrame:
    return marks[(marks["kind"] == STATED) & marks["now"]]


def longest_series(marks: pd.DataFrame) -> pd.DataFrame:
    """The stated shares, one per year, of the firm and its buyer that have them for most years."""
    stated = marks[(marks["kind"] == STATED) & (marks["fiscal_year"] == marks["last_fiscal_year"])]
    if stated.empty:
        return stated
    firm, buyer = stated.groupby(["name_en", "about"])["fiscal_year"].nunique().idxmax()
    chosen = stated[(stated["name_en"] == firm) & (stated["about"] == buyer)]
    return chosen.sort_values(["fiscal_year", "grade", "value_low"], ignore_index=True)


def statements(rows: pd.DataFrame, silent: pd.DataFrame) -> pd.DataFrame:
    """What there is in words on each firm without a share: its first statement on its buyers."""
    said = rows[(rows["item"] == "statement") & rows["name_en"].isin(silent["name_en"])]
    said = said[said["buyer"].notna()].sort_values("evidence_id")
    return said.drop_duplicates("name_en")
