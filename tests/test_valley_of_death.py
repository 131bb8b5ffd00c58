import numpy as np
import pandas as pd
import pytest
from conftest import text_faults

from lib import figures
from lib.claims import ledger
from lib.rows import cohorts, standing
from lib.rows import valley_of_death as figure_10

NAME = "10_valley_of_death"


@pytest.fixture(scope="module")
def firms():
    return figure_10.load("specialised", 2021)


def test_each_company_is_there_once_and_the_left_out_add_up(firms):
    assert firms["company_id"].is_unique
    assert firms["growth"].notna().sum() == 2700 == (firms["status"] == cohorts.DRAWN).sum()
    figure = figures.build(NAME)
    assert figure.companies == 2700 and figure.companies + sum(figure.left_out.values()) == len(firms)
    earlier = figures.build(NAME, last_year=2020)
    assert earlier.companies + sum(earlier.left_out.values()) == len(firms) and earlier.companies > 2700


def test_growth_is_that_of_the_filed_revenues(firms):
    first, last = (
        cohorts.company_years("all_listed", year).set_index("company_id")["revenue_cny"] for year in (2019, 2021)
    )
    some = firms[firms["growth"].notna()].set_index("company_id")["growth"]
    assert np.exp(some).to_numpy() == pytest.approx((last / first).reindex(some.index).to_numpy())
    others = firms.loc[firms["growth"].isna(), "status"]
    assert (others != cohorts.DRAWN).all()


def test_pinned_gaps(firms):
    steps = figure_10.ladder(firms)
    found = [[round(steps[step, group].value, 3) for step in figure_10.LADDER] for group in figure_10.GROUPS]
    assert found == [[0.108, 0.075, 0.071], [0.15, 0.142, 0.141], [0.094, 0.064, 0.06]]
    main = steps[figure_10.MAIN, figure_10.ALL]
    assert (main.low, main.high) == pytest.approx((0.0130, 0.1280), abs=5e-5) and main.firms == 2667
    raw = firms.groupby("product_first")["growth"].mean()
    assert steps[figure_10.RAW, figure_10.ALL].value == pytest.approx(raw[1] - raw[0])


def test_deciles_are_tenths_and_medians_are_the_firms(firms):
    some = figure_10.group(firms, figure_10.ALL)
    assert some["decile"].value_counts().between(269, 271).all() and set(some["decile"]) == set(range(1, 11))
    assert some.groupby("decile")["log_ratio"].max().is_monotonic_increasing
    curve = figure_10.by_decile(firms, 10)
    for _, row in curve.iterrows():
        part = figure_10.group(firms, row["group"]).query("decile == @row.decile")["growth"]
        assert row["growth"] == pytest.approx(part.median()) and row["firms"] == len(part) >= 10


def test_each_alternative_counts_the_firms_that_it_says(firms):
    others, some = figure_10.alternatives(firms), figure_10.group(firms, figure_10.ALL)
    known = some[some["industry_zh"].notna()]
    assert others[figure_10.STEADY].firms == (known["growth"] <= np.log(2)).sum()
    assert others[figure_10.THROUGHOUT].firms == (known["listed_on"] < "2019-01-01").sum()
    assert others[figure_10.WINSORISED].firms == len(known)
    for line in ("rd", "selling"):
        share = known.groupby("industry_zh")[f"{line}_heavy"].mean()
        assert (share <= 0.5).all()


def test_the_placebo_is_measured_the_other_way_round_and_could_have_been_nothing(firms):
    before = figure_10.placebo(firms)
    assert "growth_before ~ product_first_after" in before.formula
    assert before.value == pytest.approx(0.0535, abs=5e-5) and before.low > 0  # so no gap here is an effect
    rng = np.random.default_rng(1)
    shuffled = firms.assign(
        growth_before=firms["growth_before"].where(firms["growth_before"].isna(), rng.normal(size=len(firms)))
    )
    nothing = figure_10.placebo(shuffled)
    assert nothing.low < 0 < nothing.high


def test_combinations_hold_the_main_estimates(firms):
    every = figure_10.combinations(firms)
    steps = figure_10.ladder(firms)
    assert len(every) == 24 and not every.duplicated(["sample", "growth", "step"]).any()
    for step in figure_10.LADDER:
        row = every[(every["sample"] == "all") & (every["growth"] == "as it is") & (every["step"] == step)]
        assert row["estimate"].item() == pytest.approx(steps[step, figure_10.ALL].value)
    assert figures.build(NAME).headline["combinations_above_zero"] == (every["estimate"] > 0).sum() == 24


def test_title_and_verdict_follow_the_sign(data):
    figure = figures.build(NAME)
    assert figure.title == (
        "Product-first firms of 2019 sold 7% (1 to 14) more in 2021 than others of their industry and size; a placebo gives 5% (1 to 10)"
    )
    assert "All 24 ways to count give a gap above zero; they share one sample." in figure.notes[0]
    assert "Of firms selling-heavy for their industry the gap is −2% (−7% to +3%)." in figure.notes[0]
    assert "Of those first listed later, only the cohort's are counted." in figure.notes[1]
    assert ledger(NAME).loc[0, "verdict"] == "differs"
    path = data / "spending.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    firms = figure_10.load("specialised", 2021)
    ahead = set(firms.loc[firms["product_first"] == 1, "company_id"])
    rows = frame["company_id"].isin(ahead) & frame["fiscal_year"].eq("2021") & frame["revenue_cny"].ne("")
    frame.loc[rows, "revenue_cny"] = (frame.loc[rows, "revenue_cny"].astype(float) / 2).astype(str)
    frame.to_csv(path, index=False, lineterminator="\n")
    less = figures.build(NAME)
    assert f"sold {-less.headline['gap']:.0%} (" in less.title and ") less in 2021" in less.title
    assert ledger(NAME).loc[0, "verdict"] == "supported"


@pytest.mark.parametrize(
    "values", [{"cohort": "star"}, {"cohort": "chinext", "last_year": 2020}, {"minimum_firms": 1000}], ids=str
)
def test_other_parameters_draw_without_overlap(values):
    assert text_faults(figures.build(NAME, **values).drawing) == []


def test_a_revenue_that_a_regulator_found_false_is_no_growth(data, edit):
    firms = figure_10.load("specialised", 2021)
    company = firms.loc[firms["growth"].notna(), "company_id"].iloc[0]
    findings = standing.void()
    finding = findings.loc[findings["fiscal_year"] == 2021, "finding_id"].iloc[0]
    edit("enforcement", {"finding_id": finding}, "company_id", company)
    found = figure_10.load("specialised", 2021).set_index("company_id")
    assert found.at[company, "status"] == "without a confirmed revenue later" and np.isnan(found.at[company, "growth"])


def test_an_interval_that_holds_zero_is_said_to():
    """To 2020 the lower end is −0.4%, which rounds to zero."""
    figure = figures.build(NAME, last_year=2020)
    assert -0.005 < figure.headline["gap_low"] < 0
    assert "4% (−0.4 to 8) more in 2020" in figure.title and "+4% (−0.4% to +8%)" in figure.alt


def test_a_cohort_without_a_ratio_in_2019_has_no_estimate_and_that_is_said(data):
    rows = [
        "name,fiscal_year,rd,sm,revenue",
        "Alpha,2019,,3e6,8e6",
        *(f"Alpha,{year},5e6,3e6,9e6" for year in (2020, 2021)),
    ]
    (data / "cohorts" / "late.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    figure = figures.build(NAME, cohort="late")
    assert "0 of them in the cohort" in figure.subtitle and figure.subtitle.endswith(
        "There is no estimate of the gap in the cohort."
    )
    assert "the cohort: no estimate, 0 firms" in figure.alt


def test_what_lacks_an_interval_is_named():
    star = figures.build(NAME, cohort="star").notes[0]
    assert (
        "A median has no interval where fewer than 10 industries are known." in star
        and "A gap has no interval" not in star
    )
    assert "has no interval" not in figures.build(NAME).notes[0]


def test_the_ways_to_count_are_named_as_many_as_there_are(firms):
    every, note = figure_10.combinations(firms), figures.build(NAME).notes[0]
    medians = every["growth"] == figure_10.MEDIAN
    for name in every["sample"].unique():
        assert name in note
    samples, cuts, steps = (every.loc[~medians, column].nunique() for column in ("sample", "growth", "step"))
    assert samples * (cuts * steps + every.loc[medians, "step"].nunique()) == len(every) == 24
    assert (
        "The ways: firms (all; without sales that doubled; listed before 2019), each with growth (as it is; growth cut"
        in note
    )
    assert "compared (as they are; same industry; and same sales), and medians (as they are; same industry)" in note
    assert "none by R&D-heavy or selling-heavy" in note
