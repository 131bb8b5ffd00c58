"""Regressions: against statsmodels' own formulas, and what must hold whatever the numbers."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from lib import estimates
from lib.measures import share_of
from lib.rows import label_or_industry


@pytest.fixture(scope="module")
def firms():
    return label_or_industry.load("specialised", 2021)


def test_a_constant_alone_gives_the_interval_of_a_share(firms):
    has = firms[firms["product_first"].notna()]
    found = estimates.fit("product_first ~ 1", has, "Intercept")
    share = share_of(has["product_first"] == 1, clusters=has["industry_zh"])
    assert (found.value, found.low, found.high) == pytest.approx((share.share, share.low, share.high), rel=1e-9)


def test_an_estimate_is_that_of_the_formula_interface(firms):
    formula = "product_first ~ in_cohort + C(industry_zh) + log_revenue + listing_age"
    known = firms.dropna(subset=["product_first", "industry_zh", "log_revenue", "listing_age"])
    groups = known["industry_zh"].factorize()[0]
    model = smf.ols(formula, known).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    found = estimates.fit(formula, firms, "in_cohort")
    expected = model.params["in_cohort"], model.bse["in_cohort"], *model.conf_int().loc["in_cohort"]
    assert (found.value, found.error, found.low, found.high) == pytest.approx(expected, rel=1e-6)
    assert (found.firms, found.clusters) == (len(known), known["industry_zh"].nunique())
    assert found.fixed_effects == ["industry_zh"] and found.controls == ["log_revenue", "listing_age"]


def test_fixed_effects_are_the_same_as_comparing_within_industries(firms):
    known = firms.dropna(subset=["log_ratio", "industry_zh"])
    within = known[["log_ratio", "in_cohort"]] - known.groupby("industry_zh")[["log_ratio", "in_cohort"]].transform(
        "mean"
    )
    slope = (within["log_ratio"] * within["in_cohort"]).sum() / (within["in_cohort"] ** 2).sum()
    assert estimates.fit("log_ratio ~ in_cohort + C(industry_zh)", firms, "in_cohort").value == pytest.approx(slope)


def test_what_the_firms_do_not_tell_is_not_a_number():
    firms = pd.DataFrame(
        {
            "y": np.arange(20) ** 1.5,
            "x": [0.0, 1] * 10,
            "twin": ["a", "b"] * 10,
            "industry_zh": list("abcdefghijklmnopqrst"),
        }
    )
    assert np.isfinite(estimates.fit("y ~ x", firms, "x").error)
    for formula in ("y ~ x + C(twin)", "y ~ x + C(industry_zh)"):
        found = estimates.fit(formula, firms, "x")
        assert np.isnan(found.value) and found.why == estimates.ALIKE, formula
    assert np.isnan(estimates.fit("y ~ x", firms.assign(x=1.0), "x").value)
    missing = estimates.fit("y ~ x + size", firms.assign(size=firms["y"].where(firms["x"] == 0)), "x")
    assert np.isnan(missing.value) and missing.why == estimates.UNKNOWN
    gap = firms["y"].groupby(firms["x"]).mean().diff().iloc[1]
    alone = estimates.fit("y ~ x", firms.assign(industry_zh="a"), "x")
    assert alone.value == pytest.approx(gap) and np.isnan(alone.error) and alone.clusters == 1
    unknown = estimates.fit("y ~ x", firms.assign(industry_zh=None), "x")
    assert unknown.clusters == 20 and unknown.value == pytest.approx(gap) and np.isnan(unknown.error)
    more = pd.concat([firms, firms.assign(industry_zh=None)], ignore_index=True)  # each of these stands alone
    assert estimates.fit("y ~ x", more, "x").error == pytest.approx(
        estimates.fit("y ~ x", more.assign(industry_zh=range(40)), "x").error
    )
    assert [words in estimates.intervals_words([alone, unknown]) for words in ("fewer than 10", "no interval")] == [
        True
    ] * 2


def test_a_gap_of_two_shares_never_passes_one():
    """Along a straight line of size, the one large firm lies far from its share."""
    rng = np.random.default_rng(6)
    firms = pd.DataFrame({"y": [1.0] + [0.0] * 15 + [1.0] * 15, "x": [1.0] + [0.0] * 30, "industry_zh": range(31)})
    size = firms["y"] + rng.normal(0, 0.1, 31)
    beyond = estimates.fit("y ~ x + size", firms.assign(size=size.where(firms["x"] == 0, -2)), "x")
    assert np.isnan(beyond.value) and beyond.why == estimates.BEYOND
    assert estimates.fit("y ~ x", firms, "x").value == pytest.approx(0.5)
    apart = firms.assign(x=[*[1.0] * 14, *[0.0] * 17], y=[*[1.0] * 13, 0.0, 1.0, *[0.0] * 16])
    assert estimates.fit("y ~ x", apart, "x").high <= 1


def test_an_estimate_turned_round_is_of_the_other_side(firms):
    found = estimates.fit("product_first ~ in_cohort", firms, "in_cohort")
    other = estimates.fit("product_first ~ outside", firms.assign(outside=1 - firms["in_cohort"]), "outside")
    turned = found.turned()
    assert (turned.value, turned.low, turned.high) == pytest.approx((other.value, other.low, other.high))


def test_a_control_that_says_the_same_twice_changes_nothing(firms):
    formula = "log_ratio ~ in_cohort + C(industry_zh) + log_revenue"
    doubled = firms.assign(twin=3 - 2 * firms["log_revenue"])
    once, twice = (estimates.fit(f"{formula}{more}", doubled, "in_cohort") for more in ("", " + twin"))
    assert twice.value == pytest.approx(once.value, rel=1e-9)
    assert np.isnan(estimates.fit(f"{formula} + twin", doubled, "twin").value)


@pytest.mark.parametrize(
    "estimate", [lambda rows: estimates.fit("y ~ x", rows, "x"), lambda rows: estimates.median(rows, "y", "x")]
)
def test_what_was_found_of_other_firms_is_never_given_again(estimate):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"y": rng.normal(size=40), "x": [0.0, 1.0] * 20, "industry_zh": list("abcdefghij") * 4})
    first = estimate(rows)
    assert estimate(rows.copy()) == first
    assert estimate(rows.assign(industry_zh=list("abcd") * 10)).clusters == 4
    assert estimate(rows.assign(y=rows["y"] + rows["x"])).value == pytest.approx(first.value + 1)
    assert estimate(rows.assign(x=1 - rows["x"])).value == pytest.approx(-first.value)


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans(), st.sampled_from("abcde")), min_size=2, max_size=40))
def test_a_gap_of_medians_is_numpys_and_lies_in_its_interval_of_resamples(rows):
    firms = pd.DataFrame(rows, columns=["y", "x", "industry_zh"]).astype({"x": float})
    found = estimates.median(firms, "y", "x")
    if firms["x"].nunique() < 2:
        assert np.isnan(found.value)
        return
    ones, zeros = (np.median(firms.loc[firms["x"] == side, "y"]) for side in (1, 0))
    assert found.value == pytest.approx(ones - zeros, abs=1e-12)
    assert estimates.median(firms, "y").value == pytest.approx(np.median(firms["y"]), abs=1e-12)
    assert np.isnan(found.low) or found.low <= found.high


@pytest.mark.parametrize("known", [True, False])
def test_the_interval_of_a_median_knows_no_order_of_rows(known):
    """Ties, clusters of one firm, and firms of no known industry: each could number the clusters anew."""
    rng = np.random.default_rng(2)
    firms = pd.DataFrame(
        {"y": rng.integers(0, 4, 60), "x": rng.integers(0, 2, 60), "industry_zh": rng.choice([*"abcdefgh"], 60)}
    )
    firms.loc[:9, "industry_zh"] = [*"qrstuvwxyz"] if known else [None] * 10
    for seed in range(5):
        mixed = firms.sample(frac=1, random_state=seed)
        assert estimates.median(mixed, "y", "x") == estimates.median(firms, "y", "x")
        assert estimates.median(mixed, "y") == estimates.median(firms, "y")


def test_each_cluster_is_drawn_whole():
    """Ten firms of one value in each of ten industries: a resample has one of three medians."""
    firms = pd.DataFrame({"y": np.repeat([0.0, 1.0], 50), "industry_zh": np.repeat(np.arange(10), 10)})
    found = estimates.median(firms, "y")
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
    apart = estimates.median(firms.assign(industry_zh=range(100)), "y")
    assert apart.clusters == 100 and apart.error != found.error


def test_the_printed_table_has_a_column_for_each_estimate(firms):
    steps = label_or_industry.ladder(firms, "log_ratio")
    table = estimates.printed(steps.values(), label_or_industry.NAMES)
    assert list(table.columns)[1:] == ["(1)", "(2)", "(3)", "(4)", "(5)"]
    lines = table.set_index("")
    first = next(iter(steps.values()))
    assert lines.iloc[0, 0] == f"{first.value:.3f}" and lines.iloc[1, 0] == f"({first.error:.3f})"
    assert lines.loc["Controller fixed effects"].tolist() == ["No"] * 4 + ["Yes"]
    assert lines.iloc[0, -1].startswith("−") == (list(steps.values())[-1].value < 0)


def test_a_fit_takes_one_thread_and_gives_the_others_back(firms, monkeypatch):
    left, seen = estimates._left, []

    def threads():
        return {library["num_threads"] for library in threadpool_info()}

    def watched(columns, others):
        seen.append(threads())
        return left(columns, others)

    monkeypatch.setattr(estimates, "_left", watched)
    estimates._fit.cache_clear()
    with threadpool_limits(2):
        estimates.fit("product_first ~ in_cohort + C(industry_zh)", firms, "in_cohort")
        assert seen == [{1}] and threads() == {2}
