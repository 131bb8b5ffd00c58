"""What judging a claim gives, and the register of the functions that judge."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Verdict:
    """What rebuilding a claim gave: the rebuilt value in words and, where it is one, as a number.

    decided_by: the evidence that would decide an open claim; allowed: how far off still counts, where it follows from rounding.
    """

    verdict: str
    rebuilt: str
    reason: str
    value: float = np.nan
    decided_by: str = ""
    allowed: float = np.nan


JUDGES: dict[str, Callable[[pd.Series], Verdict]] = {}


def judges(claim_id: str):
    """Register the function that judges a claim; it is given the claim's row of claims.csv."""

    def register(function):
        JUDGES[claim_id] = function
        return function

    return register
