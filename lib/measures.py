"""R&D against selling expense: the ratio in three measures, and shares of firms with intervals."""

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

SEED = 20220527  # fixes the resampling, so that two renders agree to the byte
RESAMPLES = 4999


def expense_ratio(rd, selling, measure: str = "log_ratio") -> np.ndarray:
    """R&D against selling expense, one number per firm: above zero R&D is larger, below zero selling is.

    rd, selling: amounts in one currency, equal length. Returns floats; NaN where either is missing,
    zero or negative, since no ratio can be formed then.

    log_ratio: log2(R/S), so that 1 is twice as much R&D and -1 twice as much selling expense;
    signed_ratio: R/S where R is larger, -S/R where S is, 0 where they are equal;
    difference_over_sum: (R - S) / (R + S), between -1 and 1.
    """
    rd, selling = (np.asarray(values, dtype=float) for values in (rd, selling))
    valid = (rd > 0) & (selling > 0)
    r, s = np.where(valid, rd, np.nan), np.where(valid, selling, np.nan)
    if measure == "log_ratio":
        return np.log2(r) - np.log2(s)
    if measure == "signed_ratio":
        return np.sign(r - s) * np.maximum(r, s) / np.minimum(r, s)
    if measure == "difference_over_sum":
        return (r - s) / (r + s)
    raise ValueError(f"measure: {measure!r} is not one of log_ratio, signed_ratio, difference_over_sum")


@dataclass(frozen=True)
class Share:
    """A share of firms with its 95% interval: `count` of `total`, all shares between 0 and 1."""

    count: int
    total: int
    share: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        return f"{self.share:.1%} (95% interval {self.low:.1%} to {self.high:.1%})"


def share_of(
    hits, weights=None, method: Literal["wilson", "bootstrap", "linearised"] = "wilson", clusters=None
) -> Share:
    """Share of firms for which `hits` is true, with a 95% interval.

    hits: booleans, one per firm. weights: one positive number per firm, for a share of spending rather than
    of firms; not with `wilson`. Wilson's score interval, the percentile bootstrap over firms, or the linearised standard
    error of a ratio of sums. clusters, with `linearised` alone: one label per firm, such as its industry, where firms with
    one label may move together; a firm without a label stands alone. That is the cluster-robust interval of a regression on
    a constant, with the usual correction for few clusters and normal quantiles; NaN where all firms have one label.
    An empty sample gives NaN: no firm, no share.
    """
    from scipy import stats

    hits = np.asarray(hits, dtype=bool)
    count, total = int(hits.sum()), len(hits)
    if total == 0:
        return Share(0, 0, np.nan, np.nan, np.nan, method)
    if method == "wilson":
        if weights is not None:
            raise ValueError("weights: a weighted share has no Wilson interval; use another method")
        # The test itself is not wanted; with the share as its hypothesis it costs nothing.
        interval = stats.binomtest(count, total, count / total).proportion_ci(method="wilson")
        return Share(count, total, count / total, interval.low, interval.high, method)
    weights = np.ones(total) if weights is None else np.asarray(weights, dtype=float)
    share = float(weights[hits].sum() / weights.sum())
    if method == "linearised":
        residuals = _summed(weights * (hits - share) / weights.sum(), clusters)
        groups = len(residuals)
        if clusters is not None and groups < 2:
            return Share(count, total, share, np.nan, np.nan, method)
        half = stats.norm.ppf(0.975) * np.sqrt((residuals**2).sum() * groups / max(groups - 1, 1))
        return Share(count, total, share, max(share - half, 0.0), min(share + half, 1.0), method)
    if count in (0, total):  # every resample is the same
        return Share(count, total, share, share, share, method)
    interval = _bootstrap((hits * weights, weights), lambda hit, weight, axis: hit.sum(axis) / weight.sum(axis))
    return Share(count, total, share, *interval, method)


def difference(one: Share, other: Share) -> tuple[float, float, float]:
    """How far one share of firms lies above another of other firms, with a 95% interval made of the two shares' intervals.

    Newcombe's method of squaring and adding: (difference, low, high).
    """
    gap = one.share - other.share
    low = gap - np.hypot(one.share - one.low, other.high - other.share)
    high = gap + np.hypot(one.high - one.share, other.share - other.low)
    return gap, float(low), float(high)


def _summed(values: np.ndarray, clusters) -> np.ndarray:
    """The sum over each cluster; a value whose cluster is not known is one by itself."""
    if clusters is None:
        return values
    codes, _ = pd.factorize(np.asarray(clusters, dtype=object))  # what is not known has the code -1
    known = codes >= 0
    return np.concatenate([np.bincount(codes[known], values[known]), values[~known]])


def median_interval(values) -> tuple[float, float, float]:
    """Median of the finite `values` with its 95% percentile-bootstrap interval: (median, low, high)."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(np.median(values)) if len(values) else np.nan, np.nan, np.nan)
    return float(np.median(values)), *_median_bounds(values.tobytes())


@functools.lru_cache(maxsize=256)  # a notebook's table and its chart ask for the same ones
def _median_bounds(values: bytes) -> tuple[float, float]:
    return _bootstrap((np.frombuffer(values),), _middle)


def growth_gap(first, last, inside) -> tuple[float, float, float]:
    """How much faster the sum over the firms `inside` grew than that over the others, with its 95% interval.

    first, last: amounts of the same firms in two years, in one unit; inside: booleans. Returns (gap, low, high) as
    differences of growth rates: 0.1 is ten points faster. The interval is the percentile bootstrap over the firms of
    each group. All three are NaN where a group has nothing in the first year, the interval where one has a single firm.
    """
    amounts = (np.asarray(values, dtype=float).tobytes() for values in (first, last))
    return _growth_gap(*amounts, np.asarray(inside, dtype=bool).tobytes())


@functools.lru_cache(maxsize=16)
def _growth_gap(first: bytes, last: bytes, inside: bytes) -> tuple[float, float, float]:
    first, last = (np.frombuffer(values) for values in (first, last))
    groups = [np.flatnonzero(np.frombuffer(inside, dtype=bool) == side) for side in (True, False)]
    if not all(first[group].sum() > 0 for group in groups):
        return np.nan, np.nan, np.nan

    def gap(one, other, axis=-1):
        with np.errstate(divide="ignore", invalid="ignore"):  # a resample may hold nothing but zeros
            return last[one].sum(axis) / first[one].sum(axis) - last[other].sum(axis) / first[other].sum(axis)

    interval = _bootstrap(groups, gap, paired=False) if min(map(len, groups)) > 1 else (np.nan, np.nan)
    return float(gap(*groups)), *interval


def _middle(values: np.ndarray, axis: int) -> np.ndarray:
    """The median, as np.median gives it; numpy sorts faster than it parts."""
    values, half = np.sort(values, axis), values.shape[axis] // 2
    odd = values.shape[axis] % 2
    return (values.take(half - 1 + odd, axis) + values.take(half, axis)) / 2


def _bootstrap(samples, statistic, paired: bool = True) -> tuple[float, float]:
    from scipy import stats

    found = stats.bootstrap(
        samples,
        statistic,
        paired=paired and len(samples) > 1,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=SEED,
        batch=1000,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
