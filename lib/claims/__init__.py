"""The ledger: each checkable claim of the two articles, and two theses of our own on them, rebuilt from the tables and judged.

Verdicts: `reproduced`, the article's own figure comes out within the tolerance; `supported`, the article's own
data cannot be had and other evidence agrees; `differs`, the evidence disagrees; `definition`, it cannot be false;
`open`, nothing here decides it, and `decided_by` says what would.
"""

import pandas as pd

from lib import tables
from lib.claims import china_daily, macropolo, ours  # noqa: F401  (their judges register themselves)
from lib.claims.verdict import JUDGES, Verdict
from lib.words import speaking

#: The `article` of theses that are this project's own.
OURS = "this-project"


@tables.kept
def ledger(figure: str | None = None) -> pd.DataFrame:
    """All claims, or those that one figure shows, judged on the tables as they are now.

    One row per claim: the columns of claims.csv, `tolerance` also where it follows from rounding, and `rebuilt`, `value`,
    `difference` (rebuilt less published, in the claim's unit), `verdict`, `reason` and `decided_by`.
    """
    claims = tables.load("claims")
    if figure:
        claims = claims[claims["figure"] == figure]
    rows = []
    for _, claim in claims.iterrows():
        judge = JUDGES.get(claim["claim_id"])
        with speaking("en"):  # the ledger is in English, whatever the figure that asks
            found = judge(claim) if judge else Verdict("open", "", "not rebuilt yet")
        rows.append(
            {
                **claim,
                "rebuilt": found.rebuilt,
                "value": found.value,
                "tolerance": claim["tolerance"] if found.allowed != found.allowed else found.allowed,
                "difference": found.value - claim["published_value"],
                "verdict": found.verdict,
                "reason": found.reason,
                "decided_by": found.decided_by,
            }
        )
    return pd.DataFrame(rows).reset_index(drop=True)


def verdicts(figure: str):
    """The claims that one figure shows with their verdicts, as a notebook shows them (a pandas Styler)."""
    columns = ["claim_id", "published_text", "rebuilt", "verdict", "reason", "decided_by"]
    left = [{"selector": "th, td", "props": "text-align: left"}]
    return tables.shown(ledger(figure)[columns]).set_table_styles(left)
