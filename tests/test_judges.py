"""Each judge alone, on evidence made for it: a verdict turns exactly where the evidence does. The real ledger: test_claims."""

import numpy as np
import pandas as pd
import pytest

from lib import claims, tables, words
from lib.claims import china_daily, macropolo
from lib.measures import Share
from lib.rows import cohorts
from lib.rows import huawei_acfic as huawei


def judge(claim_id, **changes):
    claim = tables.load("claims").set_index("claim_id", drop=False).loc[claim_id]
    return claims.JUDGES[claim_id](pd.Series({**claim, **changes}))


@pytest.mark.parametrize("claim_id", sorted(set(claims.JUDGES) - {"mp3-share", "own-label", "own-valley"}))
def test_the_verdict_is_the_one_on_record(claim_id):
    record = tables.load("claims").set_index("claim_id").loc[claim_id]
    found = judge(claim_id)
    assert found.verdict == record["verdict_on_record"]
    assert (found.decided_by != "") == (found.verdict == "open")


# MacroPolo


@pytest.mark.parametrize(
    ("share", "low", "high", "verdict"),
    [
        (0.65, 0.6, 0.7, "supported"),
        (0.67, 0.62, 0.72, "supported"),
        (0.6701, 0.62, 0.72, "open"),  # more than two points off
        (0.6299, 0.58, 0.68, "open"),
        (0.63, 0.62999, 0.63001, "supported"),  # the article's own interval is wide
    ],
)
def test_mp3_share_asks_for_the_tolerance(monkeypatch, share, low, high, verdict):
    monkeypatch.setattr(macropolo, "clustered", lambda firms: Share(1, 2, share, low, high, "linearised"))
    found = judge("mp3-share", tolerance=0.0200001)
    assert found.verdict == verdict and found.value == share


def test_mp3_share_is_that_of_the_specialised_firms_of_2021():
    rows = cohorts.drawn(cohorts.company_years("specialised", 2021))
    product_first = rows["rd_expense_cny"] > rows["selling_expense_cny"]
    assert judge("mp3-share").value == product_first.mean()


def test_mp3_share_says_how_far_it_is_off(monkeypatch):
    monkeypatch.setattr(macropolo, "clustered", lambda firms: Share(9, 10, 0.9, 0.8, 0.95, "linearised"))
    monkeypatch.setattr(macropolo, "difference", lambda share, stated: (0.3, -0.2, 0.4))
    said = judge("mp3-share", tolerance=0.3).reason
    assert "+30.0 points (−20.0 to +40.0) from 60 of 93" in said
    assert "It lies 25.0 points from the published share, no more than the 30 that are allowed" in said


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0, 0.1, "supported"), (-0.1, 0, "supported"), (1e-9, 0.1, "open"), (-0.1, -1e-9, "open")],
)
def test_mp3_share_asks_for_no_sure_difference(monkeypatch, low, high, verdict):
    monkeypatch.setattr(macropolo, "clustered", lambda firms: Share(3, 4, 0.75, 0.7, 0.8, "linearised"))
    monkeypatch.setattr(macropolo, "difference", lambda share, stated: ((low + high) / 2, low, high))
    assert judge("mp3-share", published_value=0.5, tolerance=0.25).verdict == verdict  # as far off as is allowed


@pytest.mark.parametrize(
    ("product_first", "verdict"), [(5, "differs"), (6, "reproduced"), (7, "reproduced"), (8, "differs")]
)
def test_mp3_share_is_decided_on_the_93_once_their_expenses_are_there(monkeypatch, product_first, verdict):
    monkeypatch.setattr(macropolo.parameters, "has_bse_expenses", lambda: True)
    _, listed = cohorts.the_93()
    codes = [*listed["company_id"].head(4), *"abcdef"]
    firms = pd.DataFrame({"company_id": codes, "industry_zh": None, "status": "drawn", "selling_expense_cny": 2})
    firms["rd_expense_cny"] = [3 if place < product_first else 1 for place in range(10)]
    monkeypatch.setattr(macropolo.cohorts, "company_years", lambda cohort, year: {("bse", 2021): firms}[cohort, year])
    found = judge("mp3-share", tolerance=0.06)
    assert found.verdict == verdict and found.value == product_first / 10
    assert f"{product_first} of 10 companies" in found.reason and "list of specialised firms: 4 of 4" in found.reason


@pytest.mark.parametrize(("times", "firms", "verdict"), [(3, 20, "supported"), (1 / 3, 20, "differs"), (1.01, 5, "open")])  # fmt: skip
def test_mp3_giants_needs_a_higher_median_and_a_sure_one(monkeypatch, times, firms, verdict):
    selling = np.linspace(1, 2, firms)
    rows = {"rd_expense_cny": np.ones(firms), "selling_expense_cny": selling, "status": "drawn"}
    cohort, giants = pd.DataFrame(rows | {"rd_expense_cny": times}), pd.DataFrame(rows)
    monkeypatch.setattr(macropolo.cohorts, "company_years", lambda cohort_name, year: {2021: cohort}[year])
    monkeypatch.setattr(macropolo.cohorts, "internet_companies", lambda year: {2021: giants}[year])
    found = judge("mp3-giants")
    assert found.verdict == verdict and f"{firms} firms against {firms}" in found.reason
    first, second = (words.times(np.log2(ratio / 1.5)) for ratio in (times, 1))
    assert found.rebuilt == f"median firm {first}, median internet company {second}"
    assert "not known" not in found.reason and "on another cohort" in found.reason
    monkeypatch.setattr(macropolo.parameters, "has_bse_expenses", lambda: True)
    found = judge("mp3-giants")
    assert found.verdict == verdict.replace("supported", "reproduced") and "another cohort" not in found.reason


@pytest.mark.parametrize(("unknown", "verdict", "said"), [(1, "reproduced", "does not hang"), (60, "open", "hangs")])
def test_what_is_not_known_may_overturn_that_firms_lie_above_the_internet_companies(
    monkeypatch, unknown, verdict, said
):
    rows = pd.DataFrame({"rd_expense_cny": 1.0, "selling_expense_cny": np.linspace(1, 2, 20), "status": "drawn"})
    monkeypatch.setattr(macropolo.cohorts, "internet_companies", lambda year: rows)
    found = macropolo.above_internet(rows.assign(rd_expense_cny=3.0), unknown)
    assert found.verdict == verdict and f"the verdict {said} on the {unknown} whose ratio is not known" in found.reason


@pytest.mark.parametrize(
    ("missing", "said"),
    [(1, "; one more internet company, whose ratio is not known, could not"), (40, "; 40 more internet companies, whose ratios are not known, could")],
)  # fmt: skip
def test_internet_companies_without_a_ratio_are_counted_and_weighed(monkeypatch, missing, said):
    rows = pd.DataFrame({"rd_expense_cny": 1.0, "selling_expense_cny": np.linspace(1, 2, 20), "status": "drawn"})
    gone = rows.head(1).assign(status="no selling expense").sample(missing, replace=True, random_state=1)
    monkeypatch.setattr(macropolo.cohorts, "internet_companies", lambda year: pd.concat([rows, gone]))
    found = macropolo.above_internet(rows.assign(rd_expense_cny=3.0))
    assert found.verdict == "reproduced" and found.reason.endswith(f"{said} overturn the verdict")


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([4, 5, 6, 7], "reproduced"),
        ([4, 5, 6], "open"),
        ([1.5, 2.0, 9], "differs"),
    ],  # p is 0.03 and 0.05; equal medians
)
def test_above_is_a_higher_median_and_a_p_below_a_twentieth(ratios, verdict):
    assert macropolo._above(np.array(ratios), np.array([1.0, 2.0, 3.0]))[0] == verdict


def test_mp3_sign_says_what_it_was_checked_on():
    spending = tables.load("spending")
    years = spending.loc[spending["company_id"].str.isdigit(), "fiscal_year"]
    found = judge("mp3-sign")
    assert f"company-years, {years.min()} to {years.max()}" in found.reason
    assert found.rebuilt == "log_ratio, signed_ratio and difference_over_sum follow the larger expense"


@pytest.mark.parametrize(
    ("wrong", "rebuilt"),
    [(["signed_ratio"], "log_ratio and difference_over_sum follow the larger expense"),
     (["log_ratio", "signed_ratio", "difference_over_sum"], "no measure follows the larger expense")],
)  # fmt: skip
def test_mp3_sign_differs_where_a_measure_does_not_follow(monkeypatch, wrong, rebuilt):
    right = macropolo.expense_ratio
    monkeypatch.setattr(macropolo, "expense_ratio", lambda rd, selling, measure: right(rd, selling, measure) * (-1) ** (measure in wrong))  # fmt: skip
    found = judge("mp3-sign")
    assert (found.verdict, found.rebuilt) == ("differs", rebuilt)


@pytest.mark.parametrize(
    ("certified", "verdict"),
    [([93, 22], "reproduced"), ([92, 94], "open"), ([22, 92], "differs"), ([94, 120], "differs"), ([], "open")],
)
def test_mp3_cohort_is_open_only_where_the_count_lies_between_published_ones(monkeypatch, certified, verdict):
    board, vendor, counts, *rest = macropolo.who_are_the_93.load()
    counts = counts.head(len(certified)).assign(national_little_giants=certified, date=pd.Timestamp("2022-12-31"))
    early = counts.assign(national_little_giants=93, date=pd.Timestamp("2022-04-29"))  # before 2021's accounts were due
    late = early.assign(date=pd.Timestamp("2023-05-01"))
    monkeypatch.setattr(macropolo.who_are_the_93, "load", lambda: (board, vendor, pd.concat([early, counts, late]), *rest))  # fmt: skip
    found = judge("mp3-cohort")
    assert found.verdict == verdict
    if certified:
        assert "bears no date; supposing it counted while 2021's accounts were the last due, " in found.reason
        assert f"the two counts of certified companies published in that time run from {min(certified)} to {max(certified)}" in found.reason  # fmt: skip


def test_mp3_cohort_says_when_the_whole_board_had_as_many_and_how_many_a_vendor_lists():
    companies = tables.load("companies").query("board == 'BSE'")
    assert f"has {companies['specialised_board'].sum()} of that month's board" in judge("mp3-cohort").reason
    assert judge("mp3-cohort").reason.endswith("; 93 is the whole board, certified or not, 27 May to 1 June 2022")
    assert judge("mp3-cohort", published_value=1000.0).reason.endswith("; the whole board never had 1000")


@pytest.mark.parametrize(("ends", "verdict"), [([150, 150, 90], "open"), ([150, 100.5], "supported"), ([150, 90], "open"), ([90, 150], "differs"), ([100, 150], "differs"), ([99.6, 150], "differs"), ([150, 99.5], "open"), ([150, 100], "open"), ([100.9, 150], "supported")])  # fmt: skip
def test_mp3_public_asks_the_named_firm_to_grow_and_more_sellers_than_listed_companies(monkeypatch, ends, verdict):
    names = ["Keda Automation Control", "Other", "Third"][: len(ends)]
    rows = [(name, year, index) for name, end in zip(names, ends, strict=True) for year, index in ((2020, 100), (2021, end))]  # fmt: skip
    revenue = pd.DataFrame(rows, columns=["name_en", "fiscal_year", "index"])
    monkeypatch.setattr(macropolo.public_sector, "sellers_revenue", lambda evidence: revenue)
    found = judge("mp3-public")
    assert found.verdict == verdict
    grown = {150: "+50%", 100.9: "+1%", 100: "0%", 99.6: "−0.4%", 90: "−10%"}[ends[0]]
    assert f"{grown} from 2020 to 2021" in found.rebuilt


@pytest.mark.parametrize(("listed", "verdict"), [([0, -0.5, 0.5, 0.9], "open"), ([0, -0.5, -0.5, 0.5, 2], "supported")])
def test_mp3_public_counts_who_grew(monkeypatch, listed, verdict):
    rows = [(name, year, index) for name, end in (("Keda Automation Control", 150), ("Other", 90)) for year, index in ((2020, 100), (2021, end))]  # fmt: skip
    revenue = pd.DataFrame(rows, columns=["name_en", "fiscal_year", "index"])
    monkeypatch.setattr(macropolo.public_sector, "sellers_revenue", lambda evidence: revenue)
    monkeypatch.setattr(macropolo.public_sector, "listed_growth", lambda: pd.Series(listed))
    found = judge("mp3-public")
    assert found.verdict == verdict  # one of two is no more than a half, and more than two fifths
    assert "of two firms that sell to the state and have revenue for several years, of 2020 to 2021, one grew from the first to the last" in found.reason  # fmt: skip
    assert f". Of {len(listed)} listed companies {200 / len(listed):.0f}% grew from 2020 to 2021." in found.reason


def test_mp3_public_needs_the_revenue_of_a_named_firm(monkeypatch):
    revenue = pd.DataFrame({"name_en": "Other", "fiscal_year": [2020, 2021], "index": [100, 150]})
    monkeypatch.setattr(macropolo.public_sector, "sellers_revenue", lambda evidence: revenue)
    found = judge("mp3-public")
    assert found.verdict == "open" and found.rebuilt.startswith("Keda Automation Control: no revenue found")


def evidence(monkeypatch, name, **row):
    rows = macropolo.public_sector.evidence()
    like = rows[rows["name_en"] == name].tail(1).assign(**row)
    monkeypatch.setattr(macropolo.public_sector, "evidence", lambda: pd.concat([rows, like], ignore_index=True))


@pytest.mark.parametrize(("year", "verdict"), [(2012, "reproduced"), (2011, "differs"), (2013, "differs")])
def test_mp3_lanxin_is_decided_by_its_year_of_founding(monkeypatch, year, verdict):
    evidence(monkeypatch, "Lanxin Mobile", item="founding_year", value_low=float(year))
    found = judge("mp3-lanxin")
    assert found.verdict == verdict and found.value == year and found.rebuilt == f"founded {year}"


@pytest.mark.parametrize(
    ("claim_id", "name"), [("mp3-lanxin", "Lanxin Mobile"), ("mp3-hujiang", "Hujiang New Materials")]
)
def test_mp3_says_what_statements_on_a_named_firm_there_are(monkeypatch, claim_id, name):
    rows = macropolo.public_sector.evidence()
    (said,) = rows[(rows["name_en"] == name) & (rows["item"] == "statement")].itertuples()
    assert judge(claim_id).reason.endswith(f": {said.about} ({said.period})")
    monkeypatch.setattr(macropolo.public_sector, "evidence", lambda: rows[rows["item"] != "statement"])
    assert judge(claim_id).reason.endswith(("all there is: nothing", "rows on the firm is an audit's finding"))


def test_mp3_hujiang_is_supported_by_a_finding(monkeypatch):
    assert "the nearest lead: a main supplier" in judge("mp3-hujiang").reason
    evidence(monkeypatch, "Hujiang New Materials", item="audit_finding", about="sales to relatives")
    found = judge("mp3-hujiang")
    assert found.verdict == "supported" and "sales to relatives" in found.rebuilt


@pytest.mark.parametrize(
    ("month", "verdict"), [("2021-09", "reproduced"), ("2021-10", "differs"), ("2021-11", "differs")]
)
def test_mp3_bse_goes_by_the_day_of_founding(month, verdict):
    found = judge("mp3-bse", published_text=month)
    assert found.verdict == verdict
    assert found.rebuilt == "founded on 3 September 2021, first trading day 15 November 2021"
    assert ("first trading day" in found.reason) == (month == "2021-11")


@pytest.mark.parametrize(("month", "verdict"), [("2021-09", "differs"), ("2021-11", "supported")])
def test_mp3_bse_without_a_day_of_founding_goes_by_the_first_trading_day(monkeypatch, month, verdict):
    figures = macropolo.cited.figures
    monkeypatch.setattr(macropolo.cited, "figures", lambda group: figures(group).query("item != 'founded'"))
    assert judge("mp3-bse", published_text=month).verdict == verdict


# China Daily


@pytest.mark.parametrize(
    ("lost", "added", "stated", "verdict"),
    [
        (
            [],
            0,
            977.3,
            "reproduced",
        ),  # 976.433 against 977, where 0.5 and the rounding of ten years, 0.212, are allowed
        ([], 1.2, 977.3, "reproduced"),
        ([], 1.3, 977.3, "differs"),
        ([], -0.1, 977.3, "reproduced"),
        ([], -0.2, 977.3, "differs"),
        ([2016], 0, 977.3, "supported"),  # a lower bound, and what Huawei states agrees
        ([2016], 0, 977.5, "supported"),  # half a unit of 977, and of 977.5
        ([2016], 0, 978.0, "supported"),  # half a unit of each, and they meet
        ([2016], 0, 977.6, "open"),
        ([2016], 0, 979.0, "open"),
        ([2016], 90, 977.3, "differs"),  # more than the column says, and a year is still missing
        ([2016], 76.39, 979.0, "open"),  # as much as the column says: a lower bound does not refute it
    ],
)
def test_cd_decade_adds_up_and_knows_a_lower_bound(monkeypatch, lost, added, stated, verdict):
    years, sums = huawei.yearly(), huawei.stated_sums()
    years.loc[years["fiscal_year"] == 2022, "rd_bn"] += added
    sums.loc[(sums["years"] == 10) & (sums["last_year"] == 2022), "rd_bn"] = stated
    monkeypatch.setattr(china_daily.huawei, "yearly", lambda: years[~years["fiscal_year"].isin(lost)])
    monkeypatch.setattr(china_daily.huawei, "stated_sums", lambda: sums)
    found = judge("cd-decade")
    assert found.verdict == verdict and ("at least" in found.rebuilt) == bool(lost)
    assert found.decided_by == ("Huawei's R&D of 2016" if verdict == "open" else "")
    assert f"Huawei itself states {stated:,.1f}" in found.reason and ("2013 to 2022 added up" in found.reason) != bool(
        lost
    )
    assert ("2016 not known" in found.reason) == bool(lost) and (lost or "3 years from Huawei's annual reports, 6 as others report" in found.reason)  # fmt: skip


@pytest.mark.parametrize(
    ("total", "cover", "verdict"),
    [(978, {2013: "A"}, "reproduced"), (976, {2013: "A"}, "reproduced"), (978, {2013: ""}, "open"), (978.1, {2013: ""}, "differs")],
)  # fmt: skip
def test_cd_decade_allows_what_rounding_may_have_moved_and_does_without_a_stated_sum(
    monkeypatch, total, cover, verdict
):
    rebuilt = huawei.Rebuilt(total, cover, (), 0.5)
    monkeypatch.setattr(china_daily.huawei, "decade", lambda years, sums, last: (rebuilt, float("nan")))
    found = judge("cd-decade")
    assert found.verdict == verdict and found.reason.endswith("; no sum stated by Huawei was found")


@pytest.mark.parametrize(("rate", "verdict"), [(160 / 21.874, "reproduced"), (160 / 21.876, "differs"), (160 / 21.864, "differs")])  # fmt: skip
def test_cd_usd_allows_half_a_cent(monkeypatch, rate, verdict):
    rates = huawei.rates()
    rates.loc[rates["period_end"] == "2023-10-27", "cny_per_usd"] = rate
    monkeypatch.setattr(china_daily.huawei, "rates", lambda: rates)
    found = judge("cd-usd")
    assert found.verdict == verdict and found.value == pytest.approx(160 / rate)
    assert f"{160 / 6.9533:.2f} at Huawei's own closing rate" in found.reason and "27 October 2023" not in found.reason.split("it would be")[1]  # fmt: skip


def test_cd_usd_names_the_other_rates_and_needs_a_daily_one(monkeypatch):
    rates = huawei.rates().query("kind != 'day'")
    monkeypatch.setattr(china_daily.huawei, "rates", lambda: rates)
    found = judge("cd-usd")
    assert found.verdict == "open" and found.decided_by == "the exchange rate of a day before 2023-10-30"
    day = rates.head(1).assign(kind="day", period_end=pd.Timestamp("2023-10-29"), cny_per_usd=64.0, label="a Sunday")
    monkeypatch.setattr(china_daily.huawei, "rates", lambda: pd.concat([rates, day]))
    found = judge("cd-usd", published_value=3.0)
    assert found.verdict == "reproduced" and found.rebuilt == "$2.50 billion"  # half a unit off, as is allowed
    closing, average = (160 / rates.set_index("kind").at[kind, "cny_per_usd"] for kind in ("closing", "average"))
    said = f"it would be {closing:.2f} at Huawei's own closing rate and {average:.2f} at the average of 2022"
    assert found.reason.endswith(said)


def growth(*rows):
    return pd.DataFrame(rows, columns=["year", "secondary", "tertiary"]).set_index("year")


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        (growth((2021, 1, 2), (2022, 2, 1), (2023, 2, 1)), "supported"),
        (growth((2021, 2, 1), (2022, 1, 2), (2023, 1, 2)), "differs"),
        (growth((2022, 1, 2), (2023, 2, 1)), "open"),
        (growth((2023, 2, 1)), "open"),
        (growth((2022, 1, 1), (2023, 1, 1)), "differs"),  # as fast is not faster
        (growth(), "open"),
    ],
)
def test_cd_shift_to_industry_goes_by_the_last_two_years(monkeypatch, table, verdict):
    monkeypatch.setattr(china_daily.sectors, "investment_growth", lambda kinds, last: table)
    found = china_daily._to_industry(2023)
    assert found.verdict == verdict and bool(found.decided_by) == (verdict == "open")
    for year, row in table.iterrows():
        ahead = "as fast in both" if row["secondary"] == row["tertiary"] else f"faster in {'industry' if row['secondary'] > row['tertiary'] else 'services'}"  # fmt: skip
        assert str(year) in found.reason.split(ahead)[1].split("faster")[0]


@pytest.mark.parametrize(
    ("chips", "faster", "verdict"),
    [([0.1, 0.2], [True], "open"), ([0.2, 0.1], [False], "differs"), ([0.1, 0.2], [False], "open"),
     ([0.1, 0.1], [True], "open"), ([0.1, 0.1], [False], "differs"), ([0.1], [True], "open"), ([0.1], [False], "open"),
     ([0.2, 0.1], [], "open"), ([0.1, 0.3, 0.2], [False], "open"), ([0.2, 0.3, 0.1], [False], "differs"), ([0.2, 0.1, 0.2], [False], "differs"), ([0.1, 0.2], [], "open"), ([0.1, 0.2], [True, False], "open")],
)  # fmt: skip
def test_cd_shift_to_technology_is_open_without_business_models_unless_two_kinds_of_investment_refute_it(
    monkeypatch, chips, faster, verdict
):
    years = range(2019, 2019 + len(faster))
    table = pd.DataFrame({"hightech_manufacturing": [2 if yes else 1 for yes in faster], "total": 1.5}, index=years)
    monkeypatch.setattr(china_daily.sectors, "chips_share", lambda last: pd.Series(chips, index=range(2019, 2019 + len(chips))))  # fmt: skip
    monkeypatch.setattr(china_daily.sectors, "investment_growth", lambda kinds, last: table)
    found = china_daily._to_technology(2023)
    assert found.verdict == verdict and ("business models" in found.decided_by) == (verdict == "open")
    if len(chips) > 1:
        assert f"{chips[0]:.1%} in 2019 and {chips[-1]:.1%} in {2018 + len(chips)}" in found.reason
    assert ("fixed-asset investment" in found.reason) == bool(faster)


def test_cd_shift_to_technology_takes_as_fast_for_no_faster_and_says_where_nothing_was_found(monkeypatch):
    table = pd.DataFrame({"hightech_manufacturing": [1.5], "total": 1.5}, index=[2019])
    monkeypatch.setattr(china_daily.sectors, "investment_growth", lambda kinds, last: table)
    monkeypatch.setattr(china_daily.sectors, "chips_share", lambda last: pd.Series([0.2, 0.1], index=[2019, 2020]))
    found = china_daily._to_technology(2023)
    assert found.verdict == "differs" and "grew as fast in both in 2019;" in found.reason
    monkeypatch.setattr(china_daily.sectors, "investment_growth", lambda kinds, last: table.head(0))
    monkeypatch.setattr(china_daily.sectors, "chips_share", lambda last: pd.Series())
    assert china_daily._to_technology(2023).reason.startswith("neither venture capital in chips nor investment")


@pytest.mark.parametrize(
    ("halves", "verdict"),
    [
        (("supported", "supported"), "supported"),
        (("supported", "open"), "open"),
        (("open", "differs"), "differs"),
        (("supported", "differs"), "differs"),
    ],
)
def test_cd_shift_is_as_good_as_its_weaker_half(monkeypatch, halves, verdict):
    for name, half in zip(("_to_industry", "_to_technology"), halves, strict=True):
        made = claims.Verdict(half, "", name, decided_by="evidence" if half == "open" else "")
        monkeypatch.setattr(china_daily, name, lambda last, made=made: made)
    found = judge("cd-shift")
    assert found.verdict == verdict and (found.decided_by == "evidence") == (verdict == "open")


@pytest.mark.parametrize(("amount", "verdict"), [(142.7, "differs"), (160.0, "reproduced"), (162.5, "reproduced"), (162.6, "differs")])  # fmt: skip
def test_cd_rank_is_decided_by_a_list_with_that_amount(monkeypatch, amount, verdict):
    lists = huawei.rankings()
    lists.loc[(lists["company"] == "Huawei") & (lists["fiscal_year"] == 2021), "rd_bn"] = amount
    monkeypatch.setattr(china_daily.huawei, "rankings", lambda: lists)
    found = judge("cd-rank")
    assert found.verdict == verdict and found.value == pytest.approx(amount)


def test_cd_rank_says_where_each_list_has_huawei(monkeypatch):
    own = huawei.yearly(list_figures=False)
    monkeypatch.setattr(china_daily.huawei, "yearly", lambda list_figures: {False: own}[list_figures])
    lists = huawei.rankings()
    lists["source_ids"] = [[*ids, "acfic-1"] for ids in lists["source_ids"]]  # the first is quoted
    monkeypatch.setattr(china_daily.huawei, "rankings", lambda: lists)
    found = judge("cd-rank")
    assert found.rebuilt == (
        "first on the ACFIC 2021 private-enterprise R&D list with 141.9 billion yuan; "
        "first on the ACFIC Top 500 private enterprises 2022 list with 142.7 billion yuan"
    )
    none, missing, its_own, quoted = found.reason.split("; ")
    assert none == "no list found has Huawei first with over 160 billion"
    assert missing == "the ACFIC Top 500 private enterprises 2023 list, on 2022 data, has it 'not ranked'"
    assert its_own == "Huawei's own figure for 2022 is 161.5"
    assert quoted.endswith("did not participate in the rankings this year': Top 500 private companies see growth in revenue (China Daily, 2023-09-13)")  # fmt: skip


def test_cd_rank_without_the_lists_of_the_year_is_open(monkeypatch):
    lists = huawei.rankings().query("company == 'Huawei' and fiscal_year == 2020")
    second = lists.assign(fiscal_year=2022, rank=2.0)
    monkeypatch.setattr(china_daily.huawei, "rankings", lambda: lists)
    found = judge("cd-rank")
    assert found.verdict == "open" and np.isnan(found.value)
    assert found.decided_by == "the ACFIC's lists of 2022 and of 2022 data, with Huawei's place and amount"
    monkeypatch.setattr(china_daily.huawei, "rankings", lambda: pd.concat([lists, second]))
    found = judge("cd-rank")
    assert "on 2022 data, has it in place 2" in found.reason and found.rebuilt.count("first on") == 1


@pytest.mark.parametrize(("tagged", "fields"), [(0, 7), (1, 8)])
def test_cd_fields_asks_for_one_company_with_the_tag(monkeypatch, tagged, fields):
    load = tables.load
    companies = load("companies").assign(ai_concept=pd.Series([True] * tagged, dtype="boolean"))  # NA beyond
    monkeypatch.setattr(china_daily.tables, "load", lambda name: companies if name == "companies" else load(name))
    found = judge("cd-fields", published_value=fields)
    assert found.verdict == "definition" and found.value == fields and found.reason.endswith(f"overlaps them: {tagged}")


@pytest.mark.parametrize(("fields", "verdict"), [(8, "definition"), (9, "open"), (7, "open")])
def test_cd_fields_counts_the_tag_of_artificial_intelligence_as_a_field(fields, verdict):
    found = judge("cd-fields", published_value=fields)
    assert found.verdict == verdict and found.value == 8
