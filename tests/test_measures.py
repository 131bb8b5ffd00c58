import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lib.measures import (
    RESAMPLES,
    SEED,
    Estimate,
    difference,
    expense_ratio,
    gap_within,
    median_interval,
    ratio_change,
    share_of,
)
from lib.parameters import RatioMeasure, allowed
from lib.rows import cohorts

MEASURES = allowed(RatioMeasure)
amounts = st.floats(min_value=0.01, max_value=1e13)
any_amount = st.one_of(amounts, st.just(0.0), st.just(-1.0), st.just(float("nan")), st.floats(-1e13, -0.01))


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=20))
def test_every_measure_has_the_sign_of_the_larger_expense(pairs):
    rd, selling = np.array(pairs).T
    for measure in MEASURES:
        ratio = expense_ratio(rd, selling, measure)
        apart = np.abs(rd - selling) > 1e-9 * rd  # nearer than floats can tell is a tie
        assert (np.sign(ratio) == np.sign(rd - selling))[apart].all()


@given(st.lists(st.tuples(any_amount, any_amount), min_size=1, max_size=20))
def test_no_ratio_where_an_expense_is_missing_zero_or_negative(pairs):
    rd, selling = np.array(pairs).T
    for measure in MEASURES:
        ratio = expense_ratio(rd, selling, measure)
        assert (np.isfinite(ratio) == ((rd > 0) & (selling > 0))).all()


@given(amounts, amounts)
def test_swapping_the_expenses_turns_the_sign(rd, selling):
    for measure in MEASURES:
        assert expense_ratio([rd], [selling], measure)[0] == pytest.approx(-expense_ratio([selling], [rd], measure)[0])


def test_known_ratios():
    assert expense_ratio([8, 1, 5], [2, 4, 5], "log_ratio").tolist() == [2, -2, 0]
    assert expense_ratio([8, 1, 5], [2, 4, 5], "signed_ratio").tolist() == [4, -4, 0]
    assert expense_ratio([8, 1, 5], [2, 4, 5], "difference_over_sum").tolist() == pytest.approx([0.6, -0.6, 0])


def test_unknown_measure_is_named():
    with pytest.raises(ValueError, match="measure: 'half'"):
        expense_ratio([1], [1], "half")


def test_wilson_interval_against_its_closed_form():
    count, total, z = 352, 514, 1.959963984540054
    p, n = count / total, total
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    share = share_of([True] * count + [False] * (total - count))
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half))


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_share_lies_in_its_interval(hits):
    for method in ("wilson", "bootstrap"):
        share = share_of(hits, method=method)
        assert 0 <= share.low <= share.share + 1e-12 and share.share - 1e-12 <= share.high <= 1
        assert share.count == sum(hits) and share.total == len(hits)


def test_weighted_share_counts_spending_and_repeats():
    hits, spending = [True, False, False], [98.0, 1.0, 1.0]
    first = share_of(hits, weights=spending, method="bootstrap")
    assert first.share == pytest.approx(0.98)
    assert first == share_of(hits, weights=spending, method="bootstrap")
    with pytest.raises(ValueError, match="no Wilson interval"):
        share_of(hits, weights=spending)


def percentiles(sample, statistic):
    """The 95% interval of a statistic, by resampling one sample as the project does."""
    found = stats.bootstrap((sample,), statistic, n_resamples=RESAMPLES, method="percentile", rng=SEED)
    return tuple(found.confidence_interval)


def test_a_firm_is_resampled_with_its_weight():
    rng = np.random.default_rng(4)
    hits, weights = rng.random(40) < 0.4, rng.lognormal(size=40)

    def share(drawn, axis):
        return (hits * weights)[drawn].sum(axis) / weights[drawn].sum(axis)

    found = share_of(hits, weights, "bootstrap")
    assert (found.low, found.high) == pytest.approx(percentiles(np.arange(40), share))


@pytest.mark.parametrize("count", [2, 3, 11, 12])
def test_a_medians_interval_is_that_of_the_resampled_medians(count):
    values = np.random.default_rng(2).lognormal(size=count)
    assert median_interval(values) == pytest.approx((np.median(values), *percentiles(np.sort(values), np.median)))


def test_one_value_is_its_median_and_has_no_interval():
    assert median_interval([7.0, np.inf]) == pytest.approx((7, np.nan, np.nan), nan_ok=True)


def test_nothing_gives_no_share_and_no_median():
    nothing = share_of([])
    assert (nothing.count, nothing.total) == (0, 0) and np.isnan([nothing.share, nothing.low, nothing.high]).all()
    assert np.isnan(median_interval([np.nan])[0])
    assert median_interval([1.0, 2.0, 3.0, np.nan])[0] == 2


def test_a_clustered_interval_is_that_of_a_regression_on_a_constant():
    import statsmodels.api as sm

    firms = cohorts.drawn(cohorts.company_years("specialised", 2021))
    hits = firms["rd_expense_cny"] > firms["selling_expense_cny"]
    spending = firms["rd_expense_cny"] + firms["selling_expense_cny"]
    labels = firms["industry_zh"]
    for weights, groups in ((None, labels), (spending, labels), (None, labels < "电")):  # of two clusters too
        found = share_of(hits, weights, "linearised", clusters=groups)
        ones = np.ones(len(hits))
        model = sm.WLS(hits.astype(float), ones, weights=ones if weights is None else weights)
        codes = groups.astype("category").cat.codes
        low, high = model.fit(cov_type="cluster", cov_kwds={"groups": codes}).conf_int().to_numpy()[0]
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    alone = share_of(hits, method="linearised", clusters=range(len(hits)))
    assert alone == share_of(hits, method="linearised")
    unknown = share_of(hits, method="linearised", clusters=firms["industry_zh"].where(firms.index > 5))
    assert unknown.share == found.count / found.total
    assert np.isnan(share_of(hits, method="linearised", clusters=["one"] * len(hits)).low)


def test_a_gap_within_clusters_is_that_of_a_weighted_regression():
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    codes, side, weights = rng.integers(0, 12, 300), rng.random(300) < 0.4, rng.uniform(0.5, 2, 300)
    hits = rng.random(300) < 0.3 + 0.4 * (codes > 6) + 0.1 * side
    gap, low, high = gap_within(hits, side, weights, codes)
    model = sm.WLS(hits.astype(float), sm.add_constant(side.astype(float)), weights=weights)
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
    half = 1.959963984540054 * fitted.bse[1] * np.sqrt(12 / 11)
    assert (gap, low, high) == pytest.approx((fitted.params[1], gap - half, gap + half), rel=1e-9)
    apart = difference(
        *(share_of(hits[chosen], weights[chosen], "linearised", codes[chosen]) for chosen in (side, ~side))
    )
    assert gap == pytest.approx(apart[0]) and high - low < apart[2] - apart[1]  # what moves both sides leaves the gap
    assert np.isnan(gap_within(hits, side, weights, ["one"] * 300)[1:]).all()


@pytest.mark.parametrize("hits", ["0100 1100", "0000 1100", "0001 0011", "0000 0011", "0100 0001"])
def test_a_gap_of_two_clusters_is_between_theirs_and_its_interval_is_of_possible_gaps(hits):
    hits, side = np.array([*hits.replace(" ", "")]) == "1", [True, True, False, False] * 2
    one, other = (half[:2].mean() - half[2:].mean() for half in (hits[:4], hits[4:]))  # the gap of each, as large
    middle, half = (one + other) / 2, 1.959963984540054 * abs(one - other) / 2
    assert gap_within(hits, side, np.ones(8), [*"aaaabbbb"]) == pytest.approx(
        (middle, max(middle - half, -1), min(middle + half, 1))
    )


def test_the_difference_of_two_wilson_shares_is_newcombes():
    # Newcombe (1998), Statistics in Medicine 17, table II: 56 of 70 less 48 of 80.
    one, other = (share_of([True] * count + [False] * (total - count)) for count, total in ((56, 70), (48, 80)))
    assert difference(one, other) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    turned = difference(other, one)
    assert turned == pytest.approx((-0.2, -0.3339, -0.0524), abs=5e-5)
    assert np.isnan(difference(one, share_of([]))).all()


def test_an_estimates_interval_and_a_medians_lie_about_their_value():
    assert (Estimate(1.0, 0.5).low, Estimate(1.0, 0.5).high) == pytest.approx((1 - 1.959964 / 2, 1 + 1.959964 / 2))
    for values in (range(101), range(100)):
        middle, low, high = median_interval(values)
        assert middle - 25 < low < middle < high < middle + 25
        assert median_interval(np.random.default_rng(1).permutation(values)) == (middle, low, high)
    one = share_of([True], method="linearised")
    assert (one.share, one.low, one.high) == (1, 1, 1)
    apart = Estimate(3.0, 0.3).less(Estimate(1.0, 0.4))
    assert (apart.value, apart.error) == pytest.approx((2, 0.5))


def test_what_was_measured_stays():
    for found, number in ((share_of([True]), "low"), (Estimate(1.0, 0.5), "error")):
        with pytest.raises(AttributeError):
            setattr(found, number, 0.0)


def test_a_change_of_ratios_is_that_of_a_weighted_regression():
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    tops, bottoms = rng.uniform(0, 3, (2, 12)), rng.uniform(1, 9, (2, 12))
    found = ratio_change(*zip(tops, bottoms, strict=True))
    clusters, last = np.tile(np.arange(12), 2), np.repeat([0.0, 1.0], 12)
    model = sm.WLS((tops / bottoms).ravel(), sm.add_constant(last), weights=bottoms.ravel())
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    assert (found.value, found.error) == pytest.approx((fitted.params[1], fitted.bse[1] * np.sqrt(12 / 11)))
    few, enough = (ratio_change(*zip(tops[:, :count], bottoms[:, :count], strict=True)) for count in (9, 10))
    assert np.isfinite([few.value, enough.value, enough.error]).all() and np.isnan(few.error)
    nothing = ratio_change((tops[0], bottoms[0] * 0), (tops[1], bottoms[1]))
    assert np.isnan([nothing.value, nothing.error]).all()
