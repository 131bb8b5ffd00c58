"""Theses of this project's own, on what MacroPolo's article says in words and in no number, judged."""

import pandas as pd

from lib.claims.verdict import Verdict, judges
from lib.estimates import Estimate
from lib.rows import label_or_industry, valley_of_death
from lib.words import estimate, number


def points(found: Estimate) -> str:
    return estimate(f"{number(100 * found.value, '+.1f')} points", 100 * found.low, 100 * found.high, "+.1f")


@judges("own-label")
def _label(claim: pd.Series) -> Verdict:
    firms = label_or_industry.load("specialised", 2021)
    steps = label_or_industry.ladder(firms, "share")
    raw, within, alike = (
        steps[step] for step in (label_or_industry.RAW, label_or_industry.WITHIN, label_or_industry.AGE)
    )
    dealt, *_ = label_or_industry.placebo(firms, "share")
    reason = (
        f"for it: {points(raw)} against all other firms and {points(within)} within industry; against it: labels dealt at random within "
        f"each industry give {number(100 * dealt, '+.1f')} points, and at the same size and listing age, of {alike.firms:,} firms, "
        f"the interval {'holds' if alike.low <= 0 <= alike.high else 'does not hold'} zero"
    )
    none = abs(alike.low) <= claim["tolerance"] and abs(alike.high) <= claim["tolerance"]
    verdict = "differs" if none or alike.high < 0 else "supported" if alike.low > 0 else "open"
    more = "more firms, or a measure of the label that is not given for R&D" if verdict == "open" else ""
    return Verdict(verdict, points(alike), reason, alike.value, more)


@judges("own-valley")
def _valley(claim: pd.Series) -> Verdict:
    firms = valley_of_death.load("specialised", 2021)
    steps = valley_of_death.ladder(firms)
    every, own = (steps[valley_of_death.MAIN, group] for group in (valley_of_death.ALL, valley_of_death.COHORT))
    others = valley_of_death.alternatives(firms)
    names = (valley_of_death.PLACEBO, valley_of_death.MEDIANS, valley_of_death.SELLING_HEAVY)
    before, medians, heavy = (others[name] for name in names)
    reason = (
        f"log changes of sales, of {every.firms:,} firms; among the {own.firms:,} specialised ones {_changed(own)}, between medians of industries "
        f"{_changed(medians)}, of selling-heavy firms {_changed(heavy)}. "
        f"Growth to 2020 goes with the side taken in 2021, too, by {_changed(before)}, though that came later; {valley_of_death.same_side(firms):.0%} of "
        "firms took that side in 2019, too, so that lasting differences between firms would look like this: no cause is shown. "
        "Firms that no longer file, or never listed, are not in it"
    )
    verdict = "supported" if every.high < 0 else "differs" if every.low > 0 else "open"
    return Verdict(verdict, _changed(every), reason)


def _changed(found: Estimate) -> str:
    return estimate(number(found.value, "+.3f"), found.low, found.high, "+.3f")
