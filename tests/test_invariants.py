"""What holds whatever the numbers are: signs, scales, order, counts, intervals, and that a figure is made of its inputs alone."""

import copy
import hashlib
import importlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import recount
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from test_recount import LOOSE, RECIPES

from lib import estimates, figures, notebooks, parameters
from lib.measures import FEWEST_CLUSTERS, difference, expense_ratio, ratio_change, share_of
from lib.paths import ROOT, notebooks_dir
from lib.rows import cohorts, rd_against_sm, valley_of_death
from lib.rows.rd_against_sm import bounds, clustered, peers, ranked

MEASURES = parameters.allowed(parameters.RatioMeasure)
amounts = st.floats(min_value=0.01, max_value=1e13)
#: Firms: whether product first, an industry of twelve or none known, and a weight.
firms = st.tuples(st.booleans(), st.sampled_from([*"abcdefghijkl", None]), st.floats(min_value=0.1, max_value=1000))
samples = st.lists(firms, min_size=2, max_size=60)
METHODS = ("wilson", "clustered", "weighted")


def interval(sample, method):
    """The share of a sample, as one of METHODS gives it."""
    hits, industries, weights = zip(*sample, strict=True)
    if method == "wilson":
        return share_of(hits)
    return share_of(hits, weights if method == "weighted" else None, industries)


def suffice(sample) -> bool:
    """Whether an interval of these firms is clustered."""
    return (
        len({industry for _, industry, _ in sample} - {None}) >= FEWEST_CLUSTERS
        and len({hit for hit, *_ in sample}) == 2
    )


def width(share):
    return share.high - share.low


# Measures


@pytest.mark.parametrize("year", parameters.fiscal_years())
def test_every_measure_ranks_the_real_companies_alike(year):
    rows = cohorts.company_years("all_listed", year)
    by = {measure: ranked(rows, measure).set_index("company_id")["ratio"] for measure in MEASURES}
    signs = pd.DataFrame({measure: np.sign(ratio) for measure, ratio in by.items()})
    assert len(signs) > 2000 and signs.eq(signs["log_ratio"], axis=0).all(axis=None)
    ordered = pd.DataFrame(by).sort_values("log_ratio")
    assert (ordered.diff().dropna() >= -1e-9 * ordered.abs().max()).all(axis=None)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=20), st.floats(min_value=1e-6, max_value=1e6))
def test_a_currency_changes_no_ratio(pairs, rate):
    rd, selling = np.array(pairs).T
    for measure in MEASURES:
        ratio, scaled = (expense_ratio(rd * times, selling * times, measure) for times in (1, rate))
        apart = np.abs(rd - selling) > 1e-9 * rd  # a signed ratio jumps at a tie, which rounding may make or break
        assert scaled[apart] == pytest.approx(ratio[apart], rel=1e-9, abs=1e-9)


# Shares and intervals


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_firms_changes_no_share_and_no_interval(sample, random):
    shuffled = random.sample(sample, len(sample))
    for method in METHODS:
        one, other = interval(sample, method), interval(shuffled, method)
        assert (one.count, one.total) == (other.count, other.total)
        assert (one.share, one.low, one.high) == pytest.approx((other.share, other.low, other.high), nan_ok=True)


@given(samples)
def test_an_interval_holds_its_share_and_shrinks_with_the_sample(sample):
    again = sample + [(hit, industry and industry * 2, weight) for hit, industry, weight in sample]
    for method in METHODS:
        one, twice = interval(sample, method), interval(again, method)
        clusters = method != "wilson" and suffice(sample)
        assert one.method == ("clustered" if clusters else "none" if method == "weighted" else "wilson")
        if one.method == "none" or twice.method != one.method:  # twice the industries may be enough of them
            continue
        assert 0 <= one.low <= one.share + 1e-12 and one.share - 1e-12 <= one.high <= 1
        assert twice.share == pytest.approx(one.share)
        assert width(twice) <= width(one) + 1e-9
        if one.method == "wilson":
            assert width(twice) < width(one)


#: Samples whose intervals are clustered: two firms of each of twelve industries, and others.
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=12, max_size=12)
enough = st.builds(
    lambda sample, hits: (
        sample + [(hit, name, 1.0) for name, pair in zip("abcdefghijkl", hits, strict=True) for hit in pair]
    ),
    samples,
    pairs,
).filter(suffice)


@given(enough)
def test_more_firms_of_the_same_industries_make_an_interval_no_narrower(sample):
    known = [firm for firm in sample if firm[1]]
    assume(suffice(known))
    for method in ("clustered", "weighted"):
        assert width(interval(known * 2, method)) == pytest.approx(width(interval(known, method)), abs=1e-9)


@given(enough)
def test_where_each_firm_is_its_own_industry_clustering_changes_nothing(sample):
    """The error is then that of firms that are independent."""
    hits, _, weights = zip(*sample, strict=True)
    values, count = np.asarray(weights) / np.sum(weights), len(hits)
    alone = share_of(hits, weights, range(count))
    error = np.sqrt(((values * (np.asarray(hits) - alone.share)) ** 2).sum() * count / (count - 1))
    low, high = stats.t.interval(0.95, count - 1, alone.share, error)
    assert (alone.low, alone.high) == pytest.approx((max(low, 0), min(high, 1)))


@given(samples, samples)
def test_a_difference_turns_its_sign_with_its_sides_and_shrinks_with_the_samples(one, other):
    first, second = interval(one, "wilson"), interval(other, "wilson")
    gap, low, high = difference(first, second)
    assert low <= gap <= high
    assert difference(second, first) == pytest.approx((-gap, -high, -low))
    _, nearer, farther = difference(interval(one * 2, "wilson"), interval(other * 2, "wilson"))
    assert farther - nearer < high - low


@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=10, max_size=40))
def test_a_change_of_ratios_is_free_of_currency_and_order_and_surer_with_more_clusters(clusters):
    def change(rows, times=1.0):
        columns = np.array(rows).T * times
        return ratio_change((columns[0], columns[1]), (columns[2], columns[3]))

    found, turned, scaled, twice = change(clusters), change(clusters[::-1]), change(clusters, 7.3), change(clusters * 2)
    columns = np.array(clusters).T
    scale = max(
        columns[0].sum() / columns[1].sum(), columns[2].sum() / columns[3].sum()
    )  # rounding is of the ratios' size
    for other in (turned, scaled):
        assert (other.value, other.error) == pytest.approx((found.value, found.error), rel=1e-6, abs=1e-9 * scale)
    assert twice.value == pytest.approx(found.value, rel=1e-6, abs=1e-9 * scale)
    assert found.low <= found.value <= found.high and twice.error <= found.error + 1e-9 * scale


# Counts


@pytest.mark.parametrize("cohort", parameters.cohorts_with_data())
@pytest.mark.parametrize("year", parameters.fiscal_years())
def test_who_is_drawn_and_who_is_left_out_add_up_to_the_universe(cohort, year):
    rows, universe = cohorts.company_years(cohort, year), recount.cohort(cohort, year)
    assert sorted(rows["company_id"]) == sorted(universe.index) and rows["company_id"].is_unique
    drawn, out = cohorts.drawn(rows), cohorts.left_out(rows)
    assert len(drawn) + sum(out.values()) == len(universe)
    assert set(drawn["company_id"]) == set(universe.index[universe["ratio"]])
    reach = bounds(rows)
    assert reach.companies == universe["could"].sum()
    assert reach.low <= clustered(drawn).share <= reach.high


@given(st.integers(min_value=0, max_value=2**32 - 1), st.floats(min_value=1e-3, max_value=1e3))
@settings(max_examples=15)
def test_the_real_shares_know_neither_order_nor_currency(seed, rate):
    members, others, *_ = rd_against_sm.load("specialised", 2021)
    firms = cohorts.drawn(members)

    def changed(rows):
        money = {column: rows[column] * rate for column in rows if column.endswith("_expense_cny")}
        return rows.assign(**money).sample(frac=1, random_state=seed)

    for found, again in (
        (clustered(firms), clustered(changed(firms))),
        (peers(firms, others), peers(changed(firms), changed(others))),
    ):
        assert (again.share, again.low, again.high) == pytest.approx((found.share, found.low, found.high), rel=1e-9)
    assert bounds(changed(members)) == bounds(members)


# Figures


@pytest.fixture(scope="module")
def rearranged(tmp_path_factory):
    """The tables with all rows in another order, and all that companies spent and earned in another currency."""
    folder = tmp_path_factory.mktemp("rearranged")
    (folder / "datapackage.json").write_bytes((ROOT / "data/datapackage.json").read_bytes())
    for path in (ROOT / "data").glob("*.csv"):
        rows = pd.read_csv(path, dtype="str", keep_default_na=False)
        if path.stem == "spending":
            for column in ("revenue_cny", "rd_expense_cny", "selling_expense_cny", "sga_expense_cny"):
                rows[column] = [repr(float(cell) * 0.1367) if cell else "" for cell in rows[column]]
        rows.sample(frac=1, random_state=7).to_csv(folder / path.name, index=False, lineterminator="\n")
    return folder


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "10_valley_of_death"])
def test_neither_the_order_of_rows_nor_the_currency_changes_a_headline(name, rearranged, monkeypatch):
    counted = RECIPES[name]()  # on the tables as they are
    monkeypatch.setenv("FIGURES_DATA", str(rearranged))
    for number, value in figures.build(name).headline.items():
        loose = LOOSE.get((name, number), 1e-9)
        assert value == pytest.approx(counted[number], rel=1e-9, abs=loose), number


def test_neither_changes_figure_10s_main_gap(rearranged, monkeypatch):
    """The whole figure fits dozens of regressions; one is enough to see it."""
    counted = recount.figure_10()
    monkeypatch.setenv("FIGURES_DATA", str(rearranged))
    rows = valley_of_death.load("specialised", 2021)
    gap = estimates.fit(valley_of_death.LADDER[valley_of_death.MAIN], rows[rows["growth"].notna()], "product_first")
    found = np.expm1([gap.value, gap.low, gap.high])
    assert found == pytest.approx([counted["gap"], counted["gap_low"], counted["gap_high"]], rel=1e-9)


#: Figures 9 and 10 take long to fit, and draw with what the others draw with.
QUICK = [name for name in RECIPES if name[:2] < "09"]
HASHES = """
import hashlib, sys
from lib import figures
print(*(hashlib.sha256(figures.build(name).pdf()).hexdigest() for name in sys.argv[1:]))
"""


def test_a_figure_is_made_of_its_rows_and_parameters_alone():
    """Drawn again from the same rows, and in a process with other hashes of texts, it is the same to the byte."""
    env = os.environ | {"PYTHONHASHSEED": "16", "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", HASHES, *QUICK]
    elsewhere = subprocess.run(call, env=env, capture_output=True, text=True, check=True).stdout.split()
    for name, there in zip(QUICK, elsewhere, strict=True):
        values = notebooks.check_all(notebooks_dir() / f"{name}.ipynb", {})
        rows = figures.load(name, **values)
        before = copy.deepcopy(rows)
        draw = importlib.import_module(f"lib.figures.{name[3:]}").draw
        first, again = draw(*rows, **values), draw(*rows, **values)
        pd.testing.assert_frame_equal(again.table, first.table)
        assert hashlib.sha256(again.pdf()).hexdigest() == there, name
        for one, other in zip(before, rows, strict=True):
            assert one.equals(other) if hasattr(one, "equals") else one == other, f"{name} changes the rows it is given"
