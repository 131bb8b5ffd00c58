"""Hold fetched statements against what is known, before a cell of data/ changes. Nonsense is refused in one sentence."""

import math
import re
from itertools import pairwise

import pandas as pd

from lib import tables
from lib.refresh.polite import Nonsense
from lib.refresh.sources import AMOUNTS, Source, Target
from lib.rows import cohorts

#: Companies that may be without an answer before the whole source is refused.
MISSING = 0.1
#: Share of figures known from elsewhere that a source must meet within one percent.
AGREEMENT = 0.8
#: Share of company-years that must have both expenses.
BOTH_LINES = 0.7
#: A factor between two years of one company in every line at once that means another unit, not growth.
UNIT_JUMP = 50
#: Room around a published total: restatements since, and R&D that is capitalised counts as R&D spending there.
TOTALS = {"revenue": ("revenue_cny", 0.97, 1.03), "rd_": ("rd_expense_cny", 0.7, 1.03)}


def company(target: Target, rows: list[dict], known: dict[int, dict[str, float]]) -> list[dict]:
    """One company's rows, exact repeats dropped, oldest filing first; Nonsense where they cannot be its statements.

    known: its amounts in spending.csv, by fiscal year.
    """
    if not rows:
        raise Nonsense(f"{target.symbols[0]}: expected annual statements from fiscal 2019 on, got none.")
    kept: dict[tuple, dict] = {}
    for row in sorted(rows, key=lambda row: (row["fiscal_year"], row["filing_date"])):
        other = kept.setdefault((row["fiscal_year"], row["filing_date"]), row)
        if not _same(other, row):
            raise Nonsense(
                f"{target.symbols[0]}, {row['fiscal_year']}: expected one statement, got two that differ, of one filing date."
            )
    fetched = {year: row for (year, _), row in kept.items()}
    for (before, row), (year, later) in pairwise(sorted((known | fetched).items())):
        if not {before, year} & set(fetched):
            continue
        pairs = [(row[column], later[column]) for column in AMOUNTS if row[column] > 0 and later[column] > 0]
        if len(pairs) > 1 and all(a == b for a, b in pairs):
            raise Nonsense(f"{target.symbols[0]}: expected new figures for {year}, got those of the year before again.")
        factors = [b / a for a, b in pairs]
        if len(factors) > 1 and (min(factors) > UNIT_JUMP or max(factors) < 1 / UNIT_JUMP):
            raise Nonsense(
                f"{target.symbols[0]}, {year}: expected yuan, but every line is {UNIT_JUMP} times off the year before."
            )
    return list(kept.values())


def source(source: Source, rows: list[dict], spending: pd.DataFrame) -> None:
    """Nonsense where a source's rows as a whole cannot be what they should be. spending: the table as it is."""
    fetched = pd.DataFrame(rows)
    both = fetched[["rd_expense_cny", "selling_expense_cny"]].notna().all(axis=1) | fetched["sga_expense_cny"].notna()
    if source.name in ("bse", "listed") and both.mean() < BOTH_LINES:
        raise Nonsense(
            f"expected R&D and selling expense in {BOTH_LINES:.0%} of the company-years or more, got {both.mean():.0%}."
        )
    current = latest(fetched)
    shared = current.merge(spending[["company_id", "fiscal_year", *AMOUNTS]], on=["company_id", "fiscal_year"])
    for column in AMOUNTS:
        new, old = shared[f"{column}_x"], shared[f"{column}_y"]
        comparable = (new > 0) & (old > 0)
        agree = ((new - old).abs() <= 0.01 * old)[comparable]
        if len(agree) >= 5 and agree.mean() < AGREEMENT:
            raise Nonsense(
                f"expected {AGREEMENT:.0%} of the shipped {column} met within 1%, got {agree.sum()} of {len(agree)}."
            )
    if source.name == "bse":
        _published_totals(current)


def too_many(asked: int, failures: list[str]) -> None:
    """Nonsense once more companies are without a usable answer than a few can explain."""
    if len(failures) > max(1, asked * MISSING) or len(failures) == asked:
        raise Nonsense(
            f"expected statements of at least {asked - max(1, int(asked * MISSING))} of {asked} companies, "
            f"but {len(failures)} have none. The first: {failures[0]}"
        )


def latest(fetched: pd.DataFrame) -> pd.DataFrame:
    """One row per company-year: of each line the last filing's figure."""
    ordered = fetched.sort_values(["company_id", "fiscal_year", "filing_date"])
    return ordered.groupby(["company_id", "fiscal_year"], as_index=False).last()


def _published_totals(current: pd.DataFrame) -> None:
    """The published totals of all companies on the board on a day, where the roster has as many on that day."""
    roster, totals = tables.load("bse_roster"), tables.load("bse_aggregates")
    for _, total in totals[totals["unit"] == "CNY 100 million"].iterrows():
        line = re.fullmatch(r"(revenue|rd_)\S* FY(\d{4})", total["item"])
        firms = re.search(r"(\d+)", total["scope"])
        members = roster.loc[cohorts.on_board(roster, pd.Timestamp(total["as_of"])), "company_id"] if line else []
        if not line or int(firms[1]) != len(members) or "mean" in total["item"]:
            continue
        column, low, high = TOTALS[line[1]]
        rows = current[current["company_id"].isin(members) & (current["fiscal_year"] == int(line[2]))]
        found, published = rows[column].sum(), total["value"] * 1e8
        whole = rows[column].notna().sum() == len(members)
        if (whole and found < low * published) or (total["qualifier"] == "exact" and found > high * published):
            raise Nonsense(
                f"expected the {len(members)} companies' {total['item']} to sum to about {published / 1e9:.2f} billion "
                f"yuan, as published, got {found / 1e9:.4g} billion from {len(rows)} of them."
            )


def _same(one: dict, other: dict) -> bool:
    return all(one[c] == other[c] or (math.isnan(one[c]) and math.isnan(other[c])) for c in AMOUNTS)
