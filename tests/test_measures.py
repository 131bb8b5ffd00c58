import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.measures import Estimate, difference, expense_ratio, gap_within, median_interval, share_of
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
    codes = firms["industry_zh"].astype("category").cat.codes
    for weights in (None, spending):
        found = share_of(hits, weights, "linearised", clusters=firms["industry_zh"])
        ones = np.ones(len(hits))
        model = sm.WLS(hits.astype(float), ones, weights=ones if weights is None else weights)
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
