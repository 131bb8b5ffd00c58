import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lib import estimates
from lib.measures import (
    FEWEST_CLUSTERS,
    RESAMPLES,
    SEED,
    Estimate,
    clustered_quantile,
    difference,
    expense_ratio,
    gap_within,
    median_interval,
    ratio_change,
    share_of,
    unclustered_words,
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
    share = share_of(hits)
    assert 0 <= share.low <= share.share + 1e-12 and share.share - 1e-12 <= share.high <= 1
    assert share.count == sum(hits) and share.total == len(hits) and share.low < share.high


def test_a_weighted_share_counts_spending_and_has_no_interval_by_itself():
    found = share_of([True, False, False], weights=[98.0, 1.0, 1.0])
    assert found.share == pytest.approx(0.98) and found.method == "none" and np.isnan([found.low, found.high]).all()
    assert str(found) == "98.0% (no interval)"


def percentiles(sample, statistic):
    """The 95% interval of a statistic, by resampling one sample as the project does."""
    found = stats.bootstrap((sample,), statistic, n_resamples=RESAMPLES, method="percentile", rng=SEED)
    return tuple(found.confidence_interval)


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
    ten = pd.Series(np.arange(len(hits)) % FEWEST_CLUSTERS, hits.index)
    for weights, groups in ((None, labels), (spending, labels), (None, ten)):
        found = share_of(hits, weights, groups)
        assert found.method == "clustered"
        ones = np.ones(len(hits))
        model = sm.WLS(hits.astype(float), ones, weights=ones if weights is None else weights)
        codes = groups.astype("category").cat.codes
        low, high = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True).conf_int().to_numpy()[0]
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    unknown = share_of(hits, clusters=labels.where(firms.index > 5))
    named = share_of(hits, clusters=labels.where(firms.index > 5, firms["company_id"]))
    assert (unknown.low, unknown.high) == pytest.approx(
        (named.low, named.high)
    )  # of no known industry: it stands alone


@pytest.mark.parametrize("known", [None, ["one"], [*"abcdefghi"]])
def test_of_few_clusters_no_interval_is_clustered(known):
    """One rule: Wilson's for a share of firms, none for what is weighted, a gap or a regression."""
    rng = np.random.default_rng(7)
    hits, clusters = rng.random(60) < 0.5, np.resize(np.array(known, dtype=object), 60)
    assert share_of(hits, clusters=clusters) == share_of(hits) and share_of(hits).method == "wilson"
    assert np.isnan(share_of(hits, np.ones(60), clusters).low)
    assert np.isnan(gap_within(hits, np.arange(60) % 2, np.ones(60), clusters)[1:]).all()
    firms = pd.DataFrame({"y": hits.astype(float), "x": rng.random(60) < 0.5, "industry_zh": clusters}).astype(
        {"x": float}
    )
    for found in (estimates.fit("y ~ x", firms, "x"), estimates.median(firms, "y", "x")):
        assert np.isfinite(found.value) and np.isnan([found.error, found.low, found.high]).all()


@pytest.mark.parametrize("hits", [[True] * 30, [False] * 30])
def test_firms_that_are_all_on_one_side_never_have_an_interval_of_no_width(hits):
    clusters = np.arange(30) % 15
    share = share_of(hits, clusters=clusters)
    assert share == share_of(hits) and 0 < share.high - share.low < 0.2
    assert np.isnan(share_of(hits, np.ones(30), clusters).low)
    assert np.isnan(gap_within(hits, np.arange(30) % 2, np.ones(30), clusters)[1:]).all()
    firms = pd.DataFrame({"y": np.array(hits, dtype=float), "x": [0.0, 1.0] * 15, "industry_zh": clusters})
    found = estimates.fit("y ~ x", firms, "x")
    assert found.value == pytest.approx(0) and np.isnan(found.error)


def test_what_a_clustered_interval_holds_of_the_industries_of_the_tables():
    """Why ten: industries are drawn as they are in the tables, and the interval of the draw should hold the share of all."""
    firms = cohorts.drawn(cohorts.company_years("all_listed", 2021))
    hits = firms["rd_expense_cny"] > firms["selling_expense_cny"]
    by = hits.groupby(firms["industry_zh"]).agg(["sum", "size"]).to_numpy(float)
    every, rng = by[:, 0].sum() / by[:, 1].sum(), np.random.default_rng(SEED)

    def holds(clusters):
        drawn = by[rng.integers(0, len(by), (4000, clusters))]
        total = drawn[..., 1].sum(1)
        share = drawn[..., 0].sum(1) / total
        moved = (drawn[..., 0] - share[:, None] * drawn[..., 1]) / total[:, None]
        half = clustered_quantile(clusters) * np.sqrt((moved**2).sum(1) * clusters / (clusters - 1))
        return float((np.abs(share - every) <= half).mean())

    assert [round(holds(clusters), 2) for clusters in (5, FEWEST_CLUSTERS)] == pytest.approx([0.85, 0.89], abs=0.02)


def test_what_is_not_clustered_is_said_once():
    assert unclustered_words([]) == unclustered_words(["clustered"] * 3) == ""
    wilson, none, gap, median = (unclustered_words(["clustered", one]) for one in ("wilson", "none", "gap", "median"))
    assert "fewer than 10 industries" in wilson and "Wilson's" in wilson and "weighted share has no interval" in none
    assert gap.startswith("A gap has no interval") and median.startswith("A median has no interval")
    assert unclustered_words(["none", "wilson", "none"]) == f"{wilson} {none}"


def test_a_gap_of_which_one_side_has_few_industries_has_no_interval():
    """Sixty firms of thirty industries, and one side of nine of them: the rule of ten is of each side."""
    rng = np.random.default_rng(4)
    firms = pd.DataFrame({"y": rng.normal(size=60), "industry_zh": np.arange(60) % 30})
    for fewest in (1, 9, 10):
        side = (np.arange(60) < fewest).astype(float)
        one = firms.assign(x=side)
        told = [
            estimates.fit("y ~ x", one, "x").low,
            estimates.fit("y ~ x", one.assign(x=1 - side), "x").low,
            estimates.fit("y ~ x + C(industry_zh)", one, "x").low,
            estimates.median(one, "y", "x").low,
            *(gap_within(one["y"] > 0, x, np.ones(60), one["industry_zh"])[1] for x in (side, 1 - side)),
        ]
        assert np.isfinite(told).all() if fewest == FEWEST_CLUSTERS else np.isnan(told).all(), fewest


def test_within_industries_those_with_firms_of_both_sides_tell():
    """Twelve industries on either side, of which nine have both."""
    firms = pd.DataFrame(
        {"y": np.arange(24) ** 1.5, "x": [1.0] * 12 + [0.0] * 12, "industry_zh": [*range(12), *range(3, 15)]}
    )
    assert np.isfinite(estimates.fit("y ~ x", firms, "x").low)
    within = estimates.fit("y ~ x + C(industry_zh)", firms, "x")
    assert np.isfinite(within.value) and np.isnan(within.low)


def test_a_gap_within_clusters_is_that_of_a_weighted_regression():
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    codes, side, weights = rng.integers(0, 12, 300), rng.random(300) < 0.4, rng.uniform(0.5, 2, 300)
    hits = rng.random(300) < 0.3 + 0.4 * (codes > 6) + 0.1 * side
    gap, low, high = gap_within(hits, side, weights, codes)
    model = sm.WLS(hits.astype(float), sm.add_constant(side.astype(float)), weights=weights)
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
    half = stats.t.ppf(0.975, 11) * fitted.bse[1] * np.sqrt(12 / 11)
    assert (gap, low, high) == pytest.approx((fitted.params[1], gap - half, gap + half), rel=1e-9)
    apart = difference(*(share_of(hits[chosen], weights[chosen], codes[chosen]) for chosen in (side, ~side)))
    assert gap == pytest.approx(apart[0]) and high - low < apart[2] - apart[1]  # what moves both sides leaves the gap


@pytest.mark.parametrize("first", [1, 5])
@pytest.mark.parametrize("hits", ["0100 1100", "0000 1100", "0001 0011", "0000 0011", "0100 0001"])
def test_a_gap_of_clusters_is_between_theirs_and_its_interval_is_of_possible_gaps(hits, first):
    """Ten clusters of two kinds, alike within their kind; where nine of ten have a gap of one, the interval ends there."""
    one, other = (np.array([*kind]) == "1" for kind in hits.split())
    hits, side = np.concatenate([one] * first + [other] * (10 - first)), np.array([True, True, False, False] * 10)
    gaps = hits[side].reshape(10, 2).mean(1) - hits[~side].reshape(10, 2).mean(1)
    middle, half = gaps.mean(), stats.t.ppf(0.975, 9) * stats.sem(gaps)  # each cluster counts as much
    assert gap_within(hits, side, np.ones(40), np.repeat(np.arange(10), 4)) == pytest.approx(
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
    one, half = Estimate(1.0, 0.5, 10), stats.t.ppf(0.975, 9) / 2
    assert (one.low, one.high) == pytest.approx((1 - half, 1 + half))
    for values in (range(101), range(100)):
        middle, low, high = median_interval(values)
        assert middle - 25 < low < middle < high < middle + 25
        assert median_interval(np.random.default_rng(1).permutation(values)) == (middle, low, high)
    few, many = Estimate(3.0, 0.3, 20), Estimate(1.0, 0.4, 40)
    apart = few.less(many)
    assert (apart.value, apart.error) == pytest.approx((2, 0.5))
    assert apart.clusters == many.less(few).clusters == 20


def test_what_was_measured_stays():
    for found, number in ((share_of([True]), "low"), (Estimate(1.0, 0.5, 10), "error")):
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
    assert found.clusters == 12
    few, enough = (ratio_change(*zip(tops[:, :count], bottoms[:, :count], strict=True)) for count in (9, 10))
    assert np.isfinite([few.value, enough.value, enough.error]).all() and np.isnan(few.error)
    nothing = ratio_change((tops[0], bottoms[0] * 0), (tops[1], bottoms[1]))
    assert np.isnan([nothing.value, nothing.error]).all()
