"""Regressions by statsmodels: what one variable goes with, the interval clustered by industry, and the table that a paper prints.

A specification is a formula of the field, as R and statsmodels write it: outcome ~ variable + C(fixed effect) + control.
"""

import functools
import hashlib
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lib.measures import FEWEST_CLUSTERS, SEED, clustered_quantile, unclustered_words
from lib.words import number

#: Why there is no estimate.
UNKNOWN = "unknown"  # of one side, no firm has all that the formula names
ALIKE = "alike"  # fixed effects and controls give the variable away, or there are too few firms
BEYOND = "beyond"  # a straight line puts the gap of two shares beyond one

EFFECT = re.compile(r"C\((\w+)\)")
TOLD = 1e-8  # of the variable's own sum of squares: with less, the other factors leave nothing of it to estimate
DRAWS = 999  # of clusters, for the interval of a median
COLUMNS = ["estimate", "standard_error", "low", "high", "firms", "clusters", "fixed_effects", "controls", "formula"]


@dataclass(frozen=True)
class Estimate:
    """What a regression gives for one variable, in the unit of the outcome.

    of: the variable; value: its coefficient; error: the standard error; low, high: the 95% interval; firms: observations;
    clusters: groups of firms that may move together. NaN where the firms do not tell, and `why`; error, low and high also where
    fewer than FEWEST_CLUSTERS clusters tell (`_Sample.telling`), or where all outcomes are the same.
    """

    formula: str
    of: str
    value: float
    error: float
    low: float
    high: float
    firms: int
    clusters: int
    why: str = ""

    def turned(self) -> "Estimate":
        """The same the other way round: how far the other side lies above."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    @property
    def fixed_effects(self) -> list[str]:
        """The variables that have an intercept for each of their values: those in C()."""
        return EFFECT.findall(self.formula)

    @property
    def controls(self) -> list[str]:
        """The other variables on the right."""
        terms = [term.strip() for term in self.formula.split("~")[1].split("+")]
        return [term for term in terms if term not in (self.of, "1") and not term.startswith("C(")]


def fit(formula: str, firms: pd.DataFrame, of: str, clusters: str = "industry_zh") -> Estimate:
    """Least squares on the firms that have all that `formula` names: the coefficient of `of`, one row of `firms` per firm.

    Standard errors are robust to any dependence of firms with one value of `clusters` (Liang and Zeger), with the usual
    correction for few clusters; the interval is of Student's t with clusters - 1 degrees of freedom. A firm without a value
    stands alone. Of a constant alone, that is the clustered interval of `measures.share_of`. What is fitted is what the other
    factors leave of the outcome and of the variable, which gives the same coefficient and error (Frisch, Waugh and Lovell) in
    half the time. A gap of two shares and its interval end at 1 and -1.
    """
    named = [name for name in dict.fromkeys(re.findall(r"\w+", formula)) if name in firms]
    known = firms[named].dropna()
    if known.empty:
        return Estimate(formula, of, np.nan, np.nan, np.nan, np.nan, 0, 0, UNKNOWN)
    with _numerics().limit(limits=1):
        return _fit(formula, of, clusters in EFFECT.findall(formula), _Sample(known, firms.loc[known.index, clusters]))


@functools.cache
def _numerics():
    """The libraries of linear algebra, to be held to one thread: on a busy machine many wait for one another, a hundred times as long."""
    import scipy.linalg  # noqa: F401  (brings a library of its own)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@functools.lru_cache(maxsize=64)  # a notebook's tables, its chart, its claims and its explorer ask for the same ones
def _fit(formula: str, of: str, within: bool, sample: "_Sample") -> Estimate:
    from patsy import dmatrices
    from statsmodels.regression.linear_model import OLS

    known, groups = sample.firms, sample.groups
    # Categories need no C(), and patsy takes their codes as they are; inside C() it looks at each firm.
    categories = known.astype({name: "category" for name in EFFECT.findall(formula)})
    outcome, factors = dmatrices(EFFECT.sub(r"\1", formula), categories, return_type="dataframe")
    own, outcome, others = factors[of].to_numpy(), outcome.to_numpy()[:, 0], factors.drop(columns=of).to_numpy()
    (firms, fitted), count = factors.shape, len(np.unique(groups))
    found = Estimate(formula, of, np.nan, np.nan, np.nan, np.nan, firms, count)
    if of in known and known[of].nunique() < 2:
        return replace(found, why=UNKNOWN)
    left, outcome_left = _left(np.column_stack([own, outcome]), others).T
    if firms <= fitted or (left**2).sum() <= TOLD * (own**2).sum():
        return replace(found, why=ALIKE)
    model = OLS(outcome_left, left).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    value, most = float(model.params[0]), 1.0 if _parts(outcome) and _parts(own) else np.inf
    if abs(value) > most + TOLD:
        return replace(found, why=BEYOND)
    found = replace(found, value=value)
    if sample.telling(of, within) < FEWEST_CLUSTERS or np.ptp(outcome) == 0:
        return found
    error = float(model.bse[0] * np.sqrt(count / (count - 1) * (firms - 1) / (firms - fitted)))
    half = clustered_quantile(count) * error
    return replace(found, error=error, low=max(value - half, -most), high=min(value + half, most))


def median(firms: pd.DataFrame, outcome: str, of: str = "", clusters: str = "industry_zh") -> Estimate:
    """The median `outcome` of firms; with `of` (1 or 0), how far that of firms with it lies above that of those without.

    The 95% interval is the percentile bootstrap over clusters, each drawn whole; the error is the spread of the resamples.
    """
    named = [outcome, *filter(None, [of])]
    known = firms[[*named, clusters]].dropna(subset=named).sort_values(named)
    return _median_gap(outcome, of, _Sample(known[named], known[clusters]))


@functools.lru_cache(maxsize=64)
def _median_gap(outcome: str, of: str, sample: "_Sample") -> Estimate:
    from scipy import stats

    firms, groups = sample.firms, sample.groups
    values = firms[outcome].to_numpy()
    names, codes = np.unique(groups, return_inverse=True)
    sides = [firms[of] == 1, firms[of] == 0] if of else [firms[outcome].notna()]
    found = Estimate(f"median {outcome} ~ {of or 1}", of or "1", np.nan, np.nan, np.nan, np.nan, len(firms), len(names))
    if not all(side.any() for side in sides):
        return replace(found, why=UNKNOWN)

    def statistic(drawn, axis=-1):
        """For each row of `drawn`, numbers of clusters: the median, or gap of two, of firms counted as often as drawn."""
        drawn = np.atleast_2d(drawn)
        flat = (drawn + len(names) * np.arange(len(drawn))[:, None]).ravel()
        times = np.bincount(flat, minlength=len(names) * len(drawn)).reshape(len(drawn), -1).astype(np.int32)
        medians = [_median(values[side], times[:, codes[side]]) for side in sides]
        return medians[0] - medians[1] if of else medians[0]

    every = np.arange(len(names))
    found = replace(found, value=float(statistic(every)[0]))
    if sample.telling(of) < FEWEST_CLUSTERS:
        return found
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", stats.DegenerateDataWarning
        )  # all draws may give one median, and then no interval
        spread = stats.bootstrap((every,), statistic, n_resamples=DRAWS, method="percentile", rng=SEED, batch=200)
    low, high = spread.confidence_interval
    return replace(found, error=float(spread.standard_error), low=float(low), high=float(high))


def _median(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The median of `values`, in order, each as often as a row of `times` says, for each row; NaN where none is there."""
    total = np.cumsum(times, axis=1, dtype=times.dtype)
    firms = total[:, -1:]
    below, above = ((total >= middle).argmax(axis=1) for middle in ((firms + 1) // 2, firms // 2 + 1))
    return np.where(firms[:, 0] > 0, (values[below] + values[above]) / 2, np.nan)


def intervals_words(estimates: Iterable[Estimate]) -> str:
    """The sentence on gaps that have no interval; empty where each has one."""
    return unclustered_words("gap" for one in estimates if np.isfinite(one.value) and not np.isfinite(one.low))


def rows(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Estimates as rows of a table of COLUMNS: what each gives, and what it was made with."""
    return pd.DataFrame(
        [
            (
                one.value, one.error, one.low, one.high, one.firms, one.clusters,
                ", ".join(one.fixed_effects), ", ".join(one.controls), one.formula,
            )
            for one in estimates
        ],
        columns=COLUMNS,
    )  # fmt: skip


def printed(estimates: Iterable[Estimate], names: dict[str, str], samples: Iterable[str] = ()) -> pd.DataFrame:
    """Estimates of one variable as papers print them: a column each, the standard error in brackets under the estimate.

    names: what the table calls the variables of the formulas; samples: which firms each estimate is of, where that differs.
    """
    found = list(estimates)
    effects = list(dict.fromkeys(name for one in found for name in one.fixed_effects))
    controls = list(dict.fromkeys(name for one in found for name in one.controls))
    lines = {
        names[found[0].of]: [_number(one.value) for one in found],
        "": [f"({_number(one.error)})" if np.isfinite(one.error) else "" for one in found],
        **{names[name]: ["Yes" if name in one.controls else "No" for one in found] for name in controls},
        **{
            f"{names[name]} fixed effects": ["Yes" if name in one.fixed_effects else "No" for one in found]
            for name in effects
        },
        **({"Sample": list(samples)} if samples else {}),
        "Companies": [f"{one.firms:,}" for one in found],
        "Clusters": [f"{one.clusters:,}" for one in found],
    }
    heads = [f"({place})" for place in range(1, len(found) + 1)]
    return pd.DataFrame(lines, index=heads).T.rename_axis("").reset_index()


def _number(value: float) -> str:
    return number(value, ".3f") if np.isfinite(value) else "n/a"


class _Sample:
    """Firms, the numbers of their clusters, and how many clusters are `known`, whose numbers come first.

    Two are alike where all their values are: what was found of one holds of both.
    """

    def __init__(self, firms: pd.DataFrame, clusters: pd.Series):
        self.firms = firms
        self.groups, self.known = _groups(clusters)
        rows = pd.util.hash_pandas_object(firms, index=False).to_numpy()
        told = repr((list(firms), self.known)).encode()
        self._digest = hashlib.sha256(told + self.groups.tobytes() + rows.tobytes()).digest()

    def telling(self, of: str, within: bool = False) -> int:
        """How many known clusters tell of `of`: where it parts the firms in two, those of the side that has fewer of them.

        within: where firms are compared within clusters, which those with firms of both sides alone tell of.
        """
        if of not in self.firms or not _parts(side := self.firms[of].to_numpy(dtype=float)):
            return self.known
        ones, others = ({*self.groups[(side == value) & (self.groups < self.known)]} for value in (1, 0))
        return len(ones & others) if within else min(len(ones), len(others))

    def __eq__(self, other):
        return self._digest == other._digest

    def __hash__(self):
        return hash(self._digest)


def _parts(values: np.ndarray) -> bool:
    """Whether values are 0 and 1 alone."""
    return bool(np.isin(values, (0, 1)).all())


def _groups(labels: pd.Series) -> tuple[np.ndarray, int]:
    """A number for each label, in the order of labels, and how many labels there are; a firm without one has a number of its own."""
    codes, names = pd.factorize(labels, sort=True)
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes, len(names)


def _left(columns: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What `others` leave of `columns`, by least squares: by the normal equations, whose matrix is small."""
    inverse = np.linalg.pinv(others.T @ others, hermitian=True)
    for _ in range(2):  # the second time for what rounding left of the first
        columns = columns - others @ (inverse @ (others.T @ columns))
    return columns
