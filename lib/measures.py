"""R&D against selling expense: the ratio in three measures, and shares of firms with intervals."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.words import interval, percent, phrase, say, sentences

SEED = 20220527  # fixes the resampling, so that two renders agree to the byte
RESAMPLES = 4999
#: Clusters, such as industries, that any interval clustered by them needs. Of ten industries drawn from those of the tables, the interval
#: holds the share of all in 89 of 100 draws; of five it would in 85 (tests/test_measures.py).
FEWEST_CLUSTERS = 10


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
    """A share of firms with its 95% interval: `count` of `total`, all shares between 0 and 1.

    method: 'clustered', 'wilson', which takes firms as independent, or 'none', where there is no interval.
    """

    count: int
    total: int
    share: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        ends = interval(self.low, self.high, ".1%")
        return f"{percent(self.share, 1)} ({'95% interval ' if self.low == self.low else ''}{ends})"


def share_of(hits, weights=None, clusters=None) -> Share:
    """Share of firms for which `hits` is true, with a 95% interval.

    hits: booleans, one per firm. weights: one positive number per firm, for a share of spending rather than of firms.
    clusters: one label per firm, such as its industry, where firms with one label may move together; a firm without a label
    stands alone. The interval is then the cluster-robust one of a regression on a constant, with the usual correction for few
    clusters and Student's t (`clustered_quantile`). It needs FEWEST_CLUSTERS labels, and firms of either kind: without, it
    would be far too narrow, or have no width. Then, and without clusters, it is Wilson's, which takes firms as independent; a
    weighted share has none. An empty sample gives NaN: no firm, no share.
    """
    hits = np.asarray(hits, dtype=bool)
    count, total = int(hits.sum()), len(hits)
    if total == 0:
        return Share(0, 0, np.nan, np.nan, np.nan, "none")
    values = np.ones(total) if weights is None else np.asarray(weights, dtype=float)
    share = float(values[hits].sum() / values.sum())
    if clusters is not None and labels(clusters) >= FEWEST_CLUSTERS and 0 < count < total:
        residuals = _summed(values * (hits - share) / values.sum(), clusters)
        half = _half_width(residuals)
        return Share(count, total, share, max(share - half, 0.0), min(share + half, 1.0), "clustered")
    if weights is not None:
        return Share(count, total, share, np.nan, np.nan, "none")
    from scipy import stats

    # The test itself is not wanted; with the share as its hypothesis it costs nothing.
    interval = stats.binomtest(count, total, share).proportion_ci(method="wilson")
    return Share(count, total, share, interval.low, interval.high, "wilson")


#: What a figure says of intervals that are not clustered, by method; 'gap' and 'median' are those that have none.
UNCLUSTERED = {
    "wilson": phrase(
        "Where fewer than {fewest} industries are known, or all firms are on one side, a share's interval is Wilson's: it takes firms as "
        "independent, too narrow where those of one industry move together."
    ),
    "none": phrase(
        "A weighted share has no interval where fewer than {fewest} industries are known, or all firms are on one side."
    ),
    "gap": phrase(
        "A gap has no interval where all firms are alike, or fewer than {fewest} industries are known on either side of it; within "
        "industries, where fewer than {fewest} have firms of both sides."
    ),
    "median": phrase("A median has no interval where fewer than {fewest} industries are known."),
}


def unclustered_words(methods: Iterable[str]) -> str:
    """The sentences on intervals that are not clustered, from the methods of all intervals; empty where each is clustered."""
    found = {*methods}
    return sentences(*(say(words, fewest=FEWEST_CLUSTERS) for method, words in UNCLUSTERED.items() if method in found))


def labels(clusters) -> int:
    """How many different labels firms have; those without one do not count."""
    return pd.Series(np.asarray(clusters, dtype=object)).nunique()


@functools.cache
def clustered_quantile(clusters: int) -> float:
    """How many standard errors a 95% interval clustered by `clusters`, two or more, reaches to either side.

    Student's t with clusters - 1 degrees of freedom, as Stata's vce(cluster) has it: 2.26 of ten, 1.96 of very many.
    """
    from scipy.special import stdtrit  # the quantile of scipy.stats.t, in a quarter of the time to import

    return float(stdtrit(clusters - 1, 0.975))


def difference(one: Share, other: Share) -> tuple[float, float, float]:
    """How far one share lies above that of other firms, with its 95% interval: (difference, low, high), 0.1 for ten points.

    From the intervals of both, whatever their methods (Zou and Donner 2008); of two Wilson intervals, it is Newcombe's.
    Both samples are independent: for firms of the same clusters on both sides, see `gap_within`.
    """
    gap = one.share - other.share
    low = gap - np.hypot(one.share - one.low, other.high - other.share)
    return gap, float(low), float(gap + np.hypot(one.high - one.share, other.share - other.low))


def gap_within(hits, side, weights, clusters) -> tuple[float, float, float]:
    """How far the share of firms on one side lies above that of the others, with its 95% interval: (gap, low, high).

    hits, side: booleans, one per firm. weights: one positive number per firm. clusters: one label per firm; firms with one
    label may move together on both sides, so that what moves both leaves the gap as it is. The clustered error of
    `share_of`, of both shares at once: a weighted regression on `side`. NaN ends where either side has fewer than
    FEWEST_CLUSTERS labels, or all firms are alike.
    """
    names = np.asarray(clusters, dtype=object)
    hits, side, weights = (np.asarray(values, dtype=float) for values in (hits, side, weights))
    shares, moved = [], np.zeros(len(hits))
    for sign, half in ((1, weights * side), (-1, weights * (1 - side))):
        shares.append((half * hits).sum() / half.sum())
        moved += sign * half * (hits - shares[-1]) / half.sum()
    summed, gap = _summed(moved, names), float(shares[0] - shares[1])
    fewest = min(labels(names[side == one]) for one in (0, 1))
    if fewest < FEWEST_CLUSTERS or hits.all() or not hits.any():
        return gap, np.nan, np.nan
    half = _half_width(summed)
    return gap, max(gap - half, -1.0), min(gap + half, 1.0)


def _half_width(summed: np.ndarray) -> float:
    """How far the 95% interval of an estimate reaches to either side, from what each cluster adds to it."""
    clusters = len(summed)
    return clustered_quantile(clusters) * float(np.sqrt((summed**2).sum() * clusters / (clusters - 1)))


def _summed(values: np.ndarray, clusters) -> np.ndarray:
    """The sum over each cluster; a value whose cluster is not known is one by itself."""
    codes, _ = pd.factorize(np.asarray(clusters, dtype=object))  # what is not known has the code -1
    known = codes >= 0
    return np.concatenate([np.bincount(codes[known], values[known]), values[~known]])


def median_interval(values) -> tuple[float, float, float]:
    """Median of the finite `values` with its 95% percentile-bootstrap interval: (median, low, high)."""
    values = np.asarray(values, dtype=float)
    values = np.sort(values[np.isfinite(values)])  # resamples are drawn by place
    if len(values) < 2:
        return (float(np.median(values)) if len(values) else np.nan, np.nan, np.nan)
    return float(np.median(values)), *_median_bounds(values.tobytes())


@functools.lru_cache(maxsize=256)  # a notebook's table and its chart ask for the same ones
def _median_bounds(values: bytes) -> tuple[float, float]:
    """The interval of the median of `values`, the bytes of amounts in order."""
    ordered = np.frombuffer(values)
    # Places in the order are drawn in place of amounts: small whole numbers are copied and sorted in a half of the time.
    places = np.arange(len(ordered), dtype=np.min_scalar_type(len(ordered)))
    half, odd = len(ordered) // 2, len(ordered) % 2

    def median(drawn, axis):
        drawn = np.sort(drawn, axis)  # numpy sorts faster than it parts
        return (ordered[drawn.take(half - 1 + odd, axis)] + ordered[drawn.take(half, axis)]) / 2

    from scipy import stats

    found = stats.bootstrap(
        (places,),
        median,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=SEED,
        batch=300,  # more at once no longer fit the processor's own memory
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, how many clusters that is of, and the 95% interval that both give."""

    value: float
    error: float
    clusters: int

    @property
    def low(self) -> float:
        return self.value - clustered_quantile(self.clusters) * self.error

    @property
    def high(self) -> float:
        return self.value + clustered_quantile(self.clusters) * self.error

    def less(self, other: "Estimate") -> "Estimate":
        """The difference from another estimate, made on other firms.

        Its interval has the degrees of freedom of whichever has fewer clusters, so that it is rather too wide than too narrow.
        """
        error, clusters = float(np.hypot(self.error, other.error)), min(self.clusters, other.clusters)
        return Estimate(self.value - other.value, error, clusters)


def ratio_change(first, last) -> Estimate:
    """How a ratio of sums changed between two years, with a standard error for clusters that move together within.

    first, last: (tops, bottoms) of each year, one total per cluster in either, in the same order; a cluster that is not
    there in a year has zeros. The error is linearised, with the usual correction for few clusters; NaN where there are
    fewer than FEWEST_CLUSTERS, and all is NaN where the bottoms of a year add up to nothing.
    """
    years = [tuple(np.asarray(part, dtype=float) for part in year) for year in (first, last)]
    clusters = len(years[0][0])
    if not all(bottoms.sum() > 0 for _, bottoms in years):
        return Estimate(np.nan, np.nan, clusters)
    ratios = [tops.sum() / bottoms.sum() for tops, bottoms in years]
    residuals = [(tops - ratio * bottoms) / bottoms.sum() for ratio, (tops, bottoms) in zip(ratios, years, strict=True)]
    moved = residuals[1] - residuals[0]
    error = np.sqrt((moved**2).sum() * clusters / (clusters - 1)) if clusters >= FEWEST_CLUSTERS else np.nan
    return Estimate(float(ratios[1] - ratios[0]), float(error), clusters)
