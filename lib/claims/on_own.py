"""The article's claims on its 93 companies, judged on a user's own cohort: the record in claims.csv stays as it is.

The article does not name its 93. Two readings are judged: all companies on the Beijing Stock Exchange on 1 June 2022, and
those of them that a vendor's list of November 2023 has as specialised SMEs.
"""

from dataclasses import dataclass

import pandas as pd

from lib import tables
from lib.claims.macropolo import above_internet
from lib.claims.verdict import Verdict
from lib.errors import ParameterError, UserError
from lib.measures import share_of
from lib.rows import cohorts, own
from lib.words import name_list

YEAR = 2021
#: Why a company has no ratio though it may well have spent: what it would add to a share is not known.
UNKNOWN = (
    "no accounts in the table",
    "accounts found false",
    "no R&D line or selling expense",
    "no R&D line",
    "no selling expense",
    "reports SG&A in one line",
)


@dataclass(frozen=True)
class Reading:
    """Who the 93 may be. words: which companies; roster: them, with the columns of bse_roster.csv; rows: those of them that a
    cohort holds, in the shape of `cohorts.company_years`; missing: the names of the others."""

    words: str
    roster: pd.DataFrame
    rows: pd.DataFrame
    missing: list[str]

    @property
    def firms(self) -> pd.DataFrame:
        """The companies that have a ratio."""
        return cohorts.drawn(self.rows)

    @property
    def unknown(self) -> int:
        """How many companies of the reading may have a ratio that is not known."""
        return len(self.missing) + int(self.rows["status"].isin(UNKNOWN).sum())

    def coverage(self) -> str:
        """How much of the reading the cohort holds, in a sentence."""
        said = f"{self.words}: {len(self.rows)} of the {len(self.roster)}"
        if self.missing:
            said += f"; missing: {name_list(self.missing)}"
        without = self.rows[self.rows["status"] != cohorts.DRAWN]
        if len(without):
            named = (f"{cohorts.company_label(row)} ({row['status']})" for _, row in without.iterrows())
            said += f"; without a ratio: {name_list(named)}"
        return f"{said}."


def readings(cohort: str) -> list[Reading]:
    """Both readings of who the 93 are, as far as a user's own cohort holds them.

    Raises ParameterError for a cohort of the project, UserError where the cohort holds none of the 93.
    """
    if not cohorts.is_own(cohort):
        raise ParameterError(
            f"--cohort: {cohort} is the project's own, on which `python -m lib claims` judges; name one from data/cohorts."
        )
    rows = cohorts.company_years(cohort, YEAR)
    rows = rows.assign(roster_id=own.roster_ids(rows))
    board, listed = cohorts.the_93()
    day = f"{cohorts.BSE_DAY.day} {cohorts.BSE_DAY:%B %Y}"
    found = [
        _reading(f"the whole board of {day}", board, rows),
        _reading("those of it on the list of specialised SMEs", listed, rows),
    ]
    if found[0].rows.empty:
        raise UserError(
            f"{cohort} holds none of the {len(board)} companies that were on the board on {day}; give their codes."
        )
    return found


def _reading(words: str, roster: pd.DataFrame, rows: pd.DataFrame) -> Reading:
    held = rows[rows["roster_id"].isin(roster["company_id"])].reset_index(drop=True)
    missing = roster[~roster["company_id"].isin(held["roster_id"])]
    return Reading(words, roster, held, [f"{row['name_zh']} {row['company_id']}" for _, row in missing.iterrows()])


def ledger(cohort: str) -> pd.DataFrame:
    """The claims that a cohort of the article's 93 can decide, judged on it, a row for each claim and reading.

    Columns: claim_id, claim, published_text, reading, rebuilt, verdict, reason.
    """
    claims = tables.load("claims").set_index("claim_id")
    rows = []
    for claim_id, judge in (("mp3-share", share), ("mp3-giants", giants)):
        for reading in readings(cohort):
            claim = claims.loc[claim_id]
            found = judge(claim, reading) if len(reading.firms) else Verdict("open", "", "no company of it has a ratio")
            rows.append(
                {
                    "claim_id": claim_id,
                    "claim": claim["claim"],
                    "published_text": claim["published_text"],
                    "reading": reading.words,
                    "rebuilt": found.rebuilt,
                    "verdict": found.verdict,
                    "reason": found.reason,
                }
            )
    return pd.DataFrame(rows)


def share(claim: pd.Series, reading: Reading) -> Verdict:
    """The share that is product first: decided where those whose ratio is not known could not overturn it."""
    firms, unknown = reading.firms, reading.unknown
    product_first = firms["rd_expense_cny"] > firms["selling_expense_cny"]
    found = share_of(product_first)
    low, high = (found.count / (found.total + unknown), (found.count + unknown) / (found.total + unknown))
    least, most = (claim["published_value"] + sign * claim["tolerance"] for sign in (-1, 1))
    verdict = "reproduced" if least <= low and high <= most else "differs" if high < least or low > most else "open"
    reason = f"{found.count} of {found.total} companies"
    if unknown:
        reason += (
            f"; with {unknown} more whose ratio is not known {low:.1%} if sales first, {high:.1%} if product first"
        )
    return Verdict(verdict, str(found), reason, found.share)


def giants(claim: pd.Series, reading: Reading) -> Verdict:
    """The firms against the internet companies: decided where those whose ratio is not known could not overturn it."""
    return above_internet(reading.firms, reading.unknown)


def standing(cohort: str) -> list[str]:
    """What regulators decided on the accounts of companies of a cohort, a sentence each."""
    rows = cohorts.company_years(cohort, YEAR)
    labels = dict(zip(own.roster_ids(rows), rows.apply(cohorts.company_label, axis=1), strict=True))
    found = tables.load("enforcement")
    found = found[(found["fiscal_year"] == YEAR) & found["value"].notna() & found["company_id"].isin(labels)]
    return [
        f"{labels[row['company_id']]}: on {row['decided_on']:%Y-%m-%d} a regulator's {row['stage']} said that {row['value']:g} "
        f"{row['unit']} of {YEAR} is untrue."
        for _, row in found.iterrows()
        if pd.notna(row["decided_on"])
    ]
