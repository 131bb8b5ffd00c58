import pandas as pd
import pytest

from lib import tables
from lib.errors import ParameterError
from lib.measures import share_of
from lib.parameters import fiscal_years
from lib.rows import cohorts
from lib.words import speaking

SHIPPED = ["specialised", "star", "chinext", "all_listed"]


def product_first(cohort, year):
    firms = cohorts.drawn(cohorts.company_years(cohort, year))
    return share_of(firms["rd_expense_cny"] > firms["selling_expense_cny"])


@pytest.mark.parametrize("cohort", SHIPPED)
@pytest.mark.parametrize("year", [2019, 2020, 2021])
def test_drawn_and_left_out_add_up_to_the_cohort(cohort, year):
    rows = cohorts.company_years(cohort, year)
    assert not rows["company_id"].duplicated().any()
    everyone = cohorts.members(cohort)
    if cohort in cohorts.BOARDS:
        everyone = everyone[~(everyone["listed_on"] > pd.Timestamp(year + 1, 4, 30))]
    assert list(rows["company_id"]) == list(everyone["company_id"]) and "index" not in rows
    assert list(cohorts.drawn(rows)) == list(rows)  # the same columns
    assert len(cohorts.drawn(rows)) + sum(cohorts.left_out(rows).values()) == len(rows)


def test_default_cohort_by_reason():
    rows = cohorts.company_years("specialised", 2021)
    assert len(rows) == 728
    assert cohorts.left_out(rows) == {
        "not yet listed": 153,
        "no accounts in the table": 52,
        "conflicting extract": 5,
        "no R&D line or selling expense": 3,
        "no R&D line": 1,
    }


def test_the_specialised_companies_without_accounts_by_when_they_were_listed():
    rows = cohorts.company_years("specialised", 2021)
    without = rows.loc[rows["status"].isin(["not yet listed", "no accounts in the table"]), "listed_on"]
    months = (
        (without > "2022-04-30").sum(),
        without.between("2022-01-01", "2022-04-30").sum(),
        (without <= "2021-12-31").sum(),
    )
    assert months == (153, 20, 32)


def test_the_companies_listed_at_the_end_of_2021_come_near_the_exchanges_own_count():
    everyone = cohorts.members("all_listed")
    here = everyone[~(everyone["listed_on"] > "2021-12-31")]
    totals = tables.load("cited_figures").set_index("figure_id")["value"]
    official = totals.filter(regex="^(shanghai|shenzhen)-stock-exchange-listed-a-shares-2021-12$").sum()
    assert official == 4603 and abs(len(here) - official) <= 5


def test_a_company_whose_accounts_were_found_false_is_left_out_with_its_reason(edit):
    company = cohorts.drawn(cohorts.company_years("specialised", 2021))["company_id"].iloc[0]
    edit("enforcement", {"finding_id": "guangdao-2021"}, "company_id", company)
    rows = cohorts.company_years("specialised", 2021).set_index("company_id")
    assert rows.at[company, "status"] == "accounts found false"
    assert (
        cohorts.company_years("specialised", 2020).set_index("company_id")["status"] != "accounts found false"
    ).all()


def test_doubtful_rows_are_flagged_and_stay():
    spending = pd.DataFrame(
        [
            ("a", 2020, 100.0, 10.0, 10.0),
            ("a", 2021, 190.0, 51.0, 10.0),  # R&D times 5.1, revenue times 1.9
            ("b", 2020, 100.0, 10.0, 60.0),
            ("b", 2021, 100.0, 50.0, 10.0),  # times 5 is not more than 5; selling falls to a sixth
            ("c", 2020, 100.0, 10.0, 10.0),
            ("c", 2021, 201.0, 90.0, 10.0),  # revenue more than doubles
            ("d", 2021, 100.0, 101.0, 10.0),
            ("e", 2021, None, 101.0, 10.0),
        ],
        columns=["company_id", "fiscal_year", "revenue_cny", "rd_expense_cny", "selling_expense_cny"],
    )
    assert cohorts.doubts(spending).tolist() == [
        "",
        "R&D jumps",
        "",
        "selling expense jumps",
        "",
        "",
        "R&D above revenue",
        "",
    ]
    rows = cohorts.company_years("all_listed", 2021)
    assert {"drawn"} <= set(rows.loc[rows["outlier"] != "", "status"])


def test_the_limits_of_a_doubt():
    cells = [  # revenue, R&D and selling expense of two years, and the doubt of the second
        ((100, 10, 10), (200, 51, 10), "R&D jumps"),  # revenue just doubles
        ((100, 10, 10), (50, 10, 51), "selling expense jumps"),  # and just halves
        ((100, 10, 10), (201, 51, 10), ""),
        ((100, 10, 10), (49, 9, 1), ""),
        ((100, 50, 50), (100, 10, 10), ""),  # a fifth is not less than a fifth
        ((100, 1, 100), (100, 1, 19), "selling expense jumps"),
        ((100, 10, 10), (100, 1, 10), "R&D jumps"),
        ((100, 51, 10), (100, 10, 10), "R&D jumps"),
        ((100, 10, 10), (100, 0, 0), ""),  # zero is a reason of its own
        ((100, 0, 10), (100, 50, 10), ""),  # from zero there is no multiple
        ((100, 1, 10), (100, 50, 10), "R&D jumps"),  # from one yuan there is
        ((100, 10, 10), (100, 100, 51), "R&D jumps; selling expense jumps"),  # as much R&D as revenue is not above it
        ((100, 10, 10), (100, 101, 10), "R&D jumps; R&D above revenue"),
    ]
    columns = ["revenue_cny", "rd_expense_cny", "selling_expense_cny"]
    rows = [(f"{i}", year, *line) for i, pair in enumerate(cells) for year, line in zip((2020, 2021), pair[:2], strict=True)]  # fmt: skip
    spending = pd.DataFrame(rows, columns=["company_id", "fiscal_year", *columns]).astype(dict.fromkeys(columns, float))
    words = cohorts.doubts(spending)
    assert words[1::2].tolist() == [doubt for *_, doubt in cells] and (words[::2] == "").all()
    late = spending.assign(fiscal_year=spending["fiscal_year"].replace(2020, 2019))  # a year between is not known
    assert set(cohorts.doubts(late)) == {"", "R&D above revenue"}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"_merge": "left_only", "listed_on": "2022-05-01"}, "not yet listed"),
        ({"_merge": "left_only", "listed_on": "2022-04-30"}, "no accounts in the table"),
        ({"_merge": "left_only", "listed_on": None}, "no accounts in the table"),
        ({"listed_on": "2022-05-01"}, "drawn"),  # it filed all the same
        ({"_merge": "left_only", "industry_zh": "银行"}, "bank, broker or insurer"),  # no R&D line, had it any
        ({"industry_zh": "银行", "extract_check": "rd_conflict"}, "bank, broker or insurer"),
        ({"industry_zh": "证券"}, "bank, broker or insurer"),
        ({"subindustry_zh": "保险"}, "bank, broker or insurer"),
        ({"extract_check": "rd_conflict", "rd_expense_cny": -1}, "conflicting extract"),
        ({"rd_expense_cny": -1, "selling_expense_cny": None}, "negative expense"),
        ({"rd_expense_cny": None, "selling_expense_cny": -1}, "negative expense"),
        ({"rd_expense_cny": None, "selling_expense_cny": None}, "no R&D line or selling expense"),
        ({"rd_expense_cny": None, "selling_expense_cny": None, "sga_expense_cny": 1}, "no R&D line"),
        ({"rd_expense_cny": None, "selling_expense_cny": 0}, "no R&D line"),
        ({"selling_expense_cny": None, "sga_expense_cny": 1}, "reports SG&A in one line"),
        ({"rd_expense_cny": 0, "selling_expense_cny": None}, "no selling expense"),
        ({"rd_expense_cny": 0, "selling_expense_cny": 0}, "R&D is zero"),
        ({"selling_expense_cny": 0}, "selling expense is zero"),
        ({"rd_expense_cny": 1, "selling_expense_cny": 1}, "drawn"),
    ],
)
def test_the_first_reason_that_holds_counts(cells, reason):
    sound = {
        **{
            "company_id": "x",
            "industry_zh": "化学制品",
            "subindustry_zh": None,
            "listed_on": "2010-01-01",
            "_merge": "both",
        },
        **{"extract_check": "rd_confirmed", "rd_expense_cny": 2, "selling_expense_cny": 2, "sga_expense_cny": None},
    }
    rows = pd.DataFrame([sound | cells]).astype({column: float for column in sound if column.endswith("_cny")})
    assert list(cohorts._status(rows.assign(listed_on=pd.to_datetime(rows["listed_on"])), 2021)) == [reason]


@pytest.mark.parametrize(
    ("cohort", "year", "count", "total"),
    [
        ("specialised", 2019, 137, 301),
        ("specialised", 2020, 259, 413),
        ("specialised", 2021, 352, 514),
        ("star", 2020, 143, 210),
        ("chinext", 2021, 583, 999),
        ("all_listed", 2019, 1039, 2847),
        ("all_listed", 2021, 2027, 3681),
    ],
)
def test_pinned_shares(cohort, year, count, total):
    share = product_first(cohort, year)
    assert (share.count, share.total) == (count, total)


def test_every_company_with_both_expenses_is_drawn():
    rows = cohorts.company_years("specialised", 2021)
    both = (rows["rd_expense_cny"] > 0) & (rows["selling_expense_cny"] > 0) & (rows["extract_check"] != "rd_conflict")
    assert (both == (rows["status"] == "drawn")).all()


@pytest.mark.parametrize("year", [2019, 2020, 2021])
def test_banks_brokers_and_insurers_are_out_of_every_denominator(year):
    rows = cohorts.company_years("all_listed", year)
    financial = rows["industry_en"].isin(["Banks", "Securities"]) | (rows["subindustry_zh"] == "保险")
    assert financial.sum() >= 80
    assert set(rows.loc[financial, "status"]) == {"bank, broker or insurer"}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("rd_expense_cny", "", "no R&D line"),
        ("selling_expense_cny", "", "no selling expense"),
        ("rd_expense_cny", "0", "R&D is zero"),
        ("selling_expense_cny", "0", "selling expense is zero"),
        ("selling_expense_cny", "-5", "negative expense"),
        ("extract_check", "rd_conflict", "conflicting extract"),
    ],
)
def test_empty_zero_and_negative_are_different_reasons(edit, column, value, reason):
    before = cohorts.company_years("specialised", 2021)
    company = before.loc[before["status"] == "drawn", "company_id"].iloc[0]
    edit("spending", {"company_id": company, "fiscal_year": "2021"}, column, value)
    after = cohorts.company_years("specialised", 2021)
    assert after.set_index("company_id").at[company, "status"] == reason
    assert cohorts.left_out(after).get(reason, 0) == cohorts.left_out(before).get(reason, 0) + 1
    assert len(cohorts.drawn(after)) == len(cohorts.drawn(before)) - 1


def test_internet_companies():
    rows = cohorts.internet_companies(2021).set_index("name_en")
    assert rows.loc["Baidu", "status"] == "reports SG&A in one line"
    assert rows.loc["Zhihu", "status"] == "no R&D line"
    assert set(rows.index[rows["status"] == "no selling expense"]) == {"DiDi", "Meituan", "Tencent Music", "Xiaomi"}
    assert rows.loc["Alibaba", "fiscal_year_end"] == pd.Timestamp("2022-03-31")
    assert set(rows.index[rows["status"] == "drawn"]) == {
        "Alibaba", "Bilibili", "JD.com", "Kuaishou", "NetEase", "Pinduoduo", "Tencent", "Trip.com",
    }  # fmt: skip


def test_the_board_had_93_companies_in_one_week_only():
    roster = tables.load("bse_roster")
    days = pd.date_range("2021-11-15", "2022-12-31")
    counts = pd.Series([int(cohorts.on_board(roster, day).sum()) for day in days], index=days)
    assert list(counts.index[counts == 93]) == list(pd.date_range("2022-05-27", "2022-06-01"))
    published = {
        "2021-11-15": 81,
        "2022-04-30": 89,
        "2022-06-30": 100,
        "2022-08-29": 106,
        "2022-09-02": 110,
        "2022-11-15": 123,
    }
    assert {day: int(counts[day]) for day in published} == published


def test_a_company_is_on_the_board_from_its_entry_until_the_day_before_its_exit():
    days = pd.Series(pd.to_datetime(["2022-05-31", "2022-06-01", "2022-06-02"]))
    for roster, there in (
        (pd.DataFrame({"entry_date": days, "exit_date": pd.NaT}), [True, True, False]),
        (pd.DataFrame({"entry_date": days[0], "exit_date": days}), [False, False, True]),
    ):
        assert cohorts.on_board(roster, cohorts.BSE_DAY).tolist() == there


def test_confirmed_is_what_a_second_extract_confirms_where_revenue_is_known():
    filed = tables.load("spending")
    filed = filed[(filed["fiscal_year"] == 2021) & (filed["extract_check"] == "rd_confirmed")]
    rows = cohorts.company_years("all_listed", 2021)
    found = set(rows.loc[rows["confirmed"], "company_id"])
    assert found == set(rows["company_id"]) & set(filed.loc[filed["revenue_cny"] > 0, "company_id"]) and found


def test_a_company_is_named_in_the_figures_language_or_else_the_other():
    both = pd.Series({"company_id": "688008", "name_en": "Montage", "name_zh": "澜起科技"})
    with speaking("zh"):
        assert cohorts.company_label(both) == "澜起科技 688008"
        assert cohorts.company_label(both.replace("澜起科技", None)) == "Montage 688008"
        assert (cohorts.industry_name("Banks"), cohorts.industry_name("Nothing")) == ("银行", "Nothing")
    assert cohorts.company_label(both) == "Montage 688008" and cohorts.industry_name("Banks") == "Banks"
    assert cohorts.company_label(both.replace("Montage", None)) == "澜起科技 688008"
    assert cohorts.company_label(both.replace({"Montage": None, "澜起科技": None})) == "688008"
    assert cohorts.company_label(both.replace("688008", "Montage")) == "Montage"  # a user's file need not give codes
    names = cohorts.company_names()
    assert names["688008"] == "688008 Montage Technology Co., Ltd. 澜起科技" and all(map(str.isdigit, names))


def test_who_is_left_out_is_said():
    assert (
        cohorts.reason_words({"not yet listed": 1234, "gone": 1})
        == "1,234 first listed after the accounts were due; 1 gone"
    )
    assert cohorts.left_out_words({}, 1234) == "Left out of 1,234 companies: none."
    assert cohorts.later_words({"no R&D line": 1, "not yet listed": 0}) == ""
    assert "only the cohort's" in cohorts.later_words({"not yet listed": 1})


def test_what_a_figure_of_a_cohort_rests_on_is_said():
    assert cohorts.selection("star", 2021, industry_en="A & B") == "spending.csv?cohort=star&fiscal_year=2021&industry_en=A+%26+B"  # fmt: skip
    assert cohorts.source_ids("star", ("finglm", "other")) == ["finglm", "other"]
    assert cohorts.provenance("star", "specialised") == ""


def test_wrong_cohort_and_year_are_refused():
    with pytest.raises(ParameterError, match="cohort: 'xyz'"):
        cohorts.company_years("xyz", 2021)
    with pytest.raises(ParameterError, match="fiscal_year: 1999"):
        cohorts.company_years("star", 1999)


def test_bse_is_drawn_as_soon_as_its_expenses_are_there(data):
    with pytest.raises(ParameterError, match="refresh bse"):
        cohorts.members("bse")
    roster = tables.load("bse_roster")
    codes = roster.loc[cohorts.on_board(roster, cohorts.BSE_DAY), "company_id"]
    header = (data / "spending.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    companies = pd.read_csv(data / "companies.csv", dtype="str")
    moved = pd.DataFrame(
        {"company_id": sorted(set(codes) - set(companies["company_id"])), "kind": "listed", "board": "BSE"}
    )
    pd.concat([companies, moved]).to_csv(data / "companies.csv", index=False)
    values = dict.fromkeys(header, "") | {
        "fiscal_year": "2021", "fiscal_year_end": "2021-12-31", "accounting_standard": "CAS", "rd_expense_cny": "3",
        "selling_expense_cny": "2", "rd_grade": "A", "selling_grade": "A", "rd_source_id": "finglm",
        "selling_source_id": "finglm", "extract_check": "unconfirmed",
    }  # fmt: skip
    with (data / "spending.csv").open("a", encoding="utf-8") as file:
        file.writelines(",".join((values | {"company_id": code})[name] for name in header) + "\n" for code in codes)
    assert tables.check() == []
    assert product_first("bse", 2021).total == 92  # but for the one whose revenue was invented
    assert 2021 in fiscal_years()
