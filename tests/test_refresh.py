"""`python -m lib refresh` against local servers in the sources' own shapes: from the libraries' requests up."""

import itertools
import json
import math
import time

import pytest
from conftest import text_faults
from live_sources import age, bse_statements, cell, contents, hk_lines, rows, sec_facts, small, statement

from lib import claims, figures, tables
from lib.errors import UserError
from lib.parameters import fiscal_years
from lib.refresh import polite
from lib.rows import cohorts, standing

KEYS = {
    "alibaba": "1577552", "baidu": "1329099", "bilibili": "1723690", "jd-com": "1549802", "netease": "1110646",
    "pinduoduo": "1737806", "tencent-music": "1744676", "trip-com": "1269238", "zhihu": "1835724",
}  # fmt: skip


def sound_board():
    """The 93, but for the one whose revenue of 2021 a regulator found invented."""
    roster, void = tables.load("bse_roster"), standing.void()
    there = cohorts.on_board(roster, cohorts.BSE_DAY)
    return roster[there & ~roster["company_id"].isin(void.loc[void["fiscal_year"] == 2021, "company_id"])]


def served_in_2021(live):
    """R&D and selling expense of the sound ones of the 93 as the servers have them."""
    names = set(sound_board()["name_zh"])
    found = [row for years in live.statements.values() for row in years if row["REPORT_DATE"].startswith("2021")]
    return [(row["RESEARCH_EXPENSE"], row["SALE_EXPENSE"]) for row in found if row["SECURITY_NAME_ABBR"] in names]


def test_the_93_from_the_servers_to_figure_1_and_the_ledger(call, data, live, outputs):
    live.statements = bse_statements()
    done = call("refresh", "bse")
    assert done.returncode == 0, done.stderr
    assert "990 new company-years" in done.stdout
    assert len({path for _, path in live.asked}) == len(live.asked) == 165 * 4, "one set of requests per company"
    assert call("check").returncode == 0

    served = served_in_2021(live)
    assert len(served) == 92
    share = sum(rd > selling for rd, selling in served) / 92
    figure = figures.build("01_rd_against_sm", cohort="bse")
    assert figure.headline["firms"] == 92 and figure.headline["share"] == pytest.approx(share)
    assert text_faults(figure.drawing) == []
    assert "Eastmoney, retrieved" in figure.source_line
    assert fiscal_years() == [2019, 2020, 2021, 2022, 2023, 2024]

    done = call("render", "1", "-p", "cohort=bse", "-p", "fiscal_year=2024")
    assert done.returncode == 0, done.stderr
    record = json.loads(next(outputs.rglob("01_rd_against_sm.json")).read_text(encoding="utf-8"))
    verdicts = {row["claim_id"]: row for row in record["claims"]}
    assert verdicts["mp3-share"]["value"] == pytest.approx(share)
    assert verdicts["mp3-share"]["verdict"] == ("reproduced" if abs(share - 0.65) <= 0.02 else "differs")


def test_the_ledger_judges_what_was_served_on_both_readings(live, refresh):
    live.statements = bse_statements()
    board = sound_board()
    product_first = set(board["name_zh"].iloc[:60])  # 60 of 92: 65.2%
    for years in live.statements.values():
        for row in years:
            factor = 0.5 if row["SECURITY_NAME_ABBR"] in product_first else 2
            row["SALE_EXPENSE"] = row["RESEARCH_EXPENSE"] * factor
    refresh("bse")
    ledger = claims.ledger().set_index("claim_id")
    labelled = board["specialised_board"]
    assert ledger.loc["mp3-share", "verdict"] == "reproduced"
    assert ledger.loc["mp3-share", "value"] == pytest.approx(60 / 92)
    assert "60 of 92 companies" in ledger.loc["mp3-share", "reason"]
    assert f"{labelled.iloc[:60].sum()} of {labelled.sum()}," in ledger.loc["mp3-share", "reason"]
    assert (
        ledger.loc["mp3-cohort", "verdict"] == "differs"
        and "93 is the whole board" in ledger.loc["mp3-cohort", "reason"]
    )


def test_every_fetched_row_names_source_address_time_and_filing(data, live, refresh):
    live.statements = bse_statements()
    refresh("bse")
    vintages, sources = tables.load("vintages"), tables.load("sources").set_index("source_id")
    assert len(vintages) == 990 and (vintages["vintage"] == 1).all()
    for address, year in zip(vintages["address"], vintages["fiscal_year"], strict=True):
        assert "lrbAjaxNew" in address and f"{year}-12-31" in address
    assert (vintages["filing_date"].dt.year == vintages["fiscal_year"] + 1).all()
    spending = tables.load("spending")
    fetched = spending[spending["company_id"].isin(tables.load("bse_roster")["company_id"])]
    for column in ("revenue_source_id", "rd_source_id", "selling_source_id"):
        assert sources.loc[fetched[column].unique(), "cite_as"].str.contains("retrieved").all()
    assert set(fetched["rd_grade"]) == {"B"} and set(fetched["extract_check"]) == {"unconfirmed"}


def test_old_and_new_codes_and_companies_on_another_board(data, live, refresh):
    """Half of the companies answer to the code of 2022 only; three have moved to Shanghai or Shenzhen."""
    live.statements = bse_statements()
    roster = tables.load("bse_roster")
    for _, row in roster[roster["code_920"].notna()].iloc[::2].iterrows():
        years = live.statements.pop(row["code_920"])
        live.statements[row["company_id"]] = [
            line | {"SECURITY_CODE": row["company_id"], "SECUCODE": f"{row['company_id']}.BJ"} for line in years
        ]
    assert "without a usable answer" not in refresh("bse")
    assert len(cohorts.drawn(cohorts.company_years("bse", 2021))) == 92
    assert cell(data, "833874", 2021, "rd_expense_cny") != []  # now 301192


def test_a_second_run_finds_nothing_new_and_changes_no_byte(data, live, refresh):
    live.statements = small(data)
    refresh("bse")
    before = contents(data)
    assert "nothing new" in refresh("bse")
    assert contents(data) == before


def test_a_restatement_is_shown_and_kept_beside_the_first_figure(data, live, refresh):
    live.statements = small(data)
    refresh("bse")
    age(data, "bse", "2025-05-02")
    company = rows(data, "bse_roster").iloc[0]
    row = next(r for r in live.statements[company["code_920"]] if r["REPORT_DATE"].startswith("2021"))
    before, after = row["RESEARCH_EXPENSE"], round(row["RESEARCH_EXPENSE"] * 1.5, 2)
    row |= {"RESEARCH_EXPENSE": after, "UPDATE_DATE": "2023-04-25 00:00:00"}
    said = refresh("bse")
    assert "1 changed figures" in said and f"{before:.2f}".rstrip("0").rstrip(".") in said and "->" in said
    assert [float(v) for v in cell(data, company["company_id"], 2021, "rd_expense_cny", "vintages")] == [before, after]
    assert cell(data, company["company_id"], 2021, "filing_date", "vintages") == ["2022-04-20", "2023-04-25"]
    assert float(cell(data, company["company_id"], 2021, "rd_expense_cny")[0]) == after
    assert tables.check() == []
    figure = figures.build("01_rd_against_sm", cohort="bse")
    assert "2 May 2025" in figure.source_line and "different retrievals" in figure.source_line
    assert text_faults(figure.drawing) == []


def test_a_renamed_company_keeps_its_id_and_is_named(data, live, refresh):
    live.statements = small(data)
    company = rows(data, "bse_roster").iloc[3]
    for row in live.statements[company["code_920"]]:
        row["SECURITY_NAME_ABBR"] = "新名科技"
    assert f"{company['company_id']}: {company['name_zh']} -> 新名科技" in refresh("bse")
    assert len(cell(data, company["company_id"], 2024, "rd_expense_cny")) == 1


def test_a_delisted_company_keeps_its_rows(data, live, refresh):
    live.statements = small(data)
    refresh("bse")
    before = rows(data)
    del live.statements[rows(data, "bse_roster").iloc[3]["code_920"]]
    said = refresh("bse")
    assert "1 companies without a usable answer, their rows kept" in said
    assert rows(data).equals(before)


def test_a_year_gone_from_the_source_stays_and_is_named(data, live, refresh):
    live.statements = small(data)
    refresh("bse")
    company = rows(data, "bse_roster").iloc[3]
    live.statements[company["code_920"]].pop(2)
    assert f"{company['company_id']} 2019" in refresh("bse")
    assert len(cell(data, company["company_id"], 2019, "rd_expense_cny")) == 1


def test_what_the_source_does_not_give_stays_unknown_and_zero_is_no_figure(data, live, refresh):
    live.statements = small(data)
    company = rows(data, "bse_roster").iloc[3]
    years = {row["REPORT_DATE"][:4]: row for row in live.statements[company["code_920"]]}
    years["2022"]["RESEARCH_EXPENSE"] = None
    years["2023"]["RESEARCH_EXPENSE"] = 0
    years["2024"] |= {"RESEARCH_EXPENSE": None, "ME_RESEARCH_EXPENSE": 5e6}
    refresh("bse")
    found = {year: cell(data, company["company_id"], year, "rd_expense_cny") for year in (2022, 2023, 2024)}
    assert found == {2022: [""], 2023: [""], 2024: ["5000000"]}
    assert "0 as RESEARCH_EXPENSE" in cell(data, company["company_id"], 2023, "note")[0]
    assert "administrative" in cell(data, company["company_id"], 2024, "note")[0]
    status = cohorts.company_years("bse", 2023).set_index("company_id")["status"]
    assert status[company["company_id"]] == "no R&D line"


def listed(live, data, count=20):
    """Few companies of Shanghai and Shenzhen, served with their shipped figures and three newer years."""
    companies, spending = rows(data, "companies"), rows(data)
    whole = spending[(spending["rd_expense_cny"] != "") & (spending["selling_expense_cny"] != "")]
    full = whole[(whole["revenue_cny"] != "") & (whole["extract_check"] == "rd_confirmed")].groupby("company_id").size()
    chosen = full[(full == 3) & full.index.str.isdigit()].index[:: max(1, len(full) // count)][:count]
    few = companies[companies["company_id"].isin(chosen) | ~companies["board"].str.contains("Main|ChiNext|STAR")]
    few.to_csv(data / "companies.csv", index=False, lineterminator="\n")
    findings = rows(data, "enforcement")
    findings = findings[findings["company_id"].isin(few["company_id"])]
    findings.to_csv(data / "enforcement.csv", index=False, lineterminator="\n")
    spending = spending[spending["company_id"].isin(chosen) | ~spending["company_id"].str[0].str.isdigit()]
    spending.to_csv(data / "spending.csv", index=False, lineterminator="\n")
    for code in chosen:
        shipped = spending[spending["company_id"] == code]
        amounts = {
            int(row["fiscal_year"]): [float(row[c]) for c in ("revenue_cny", "rd_expense_cny", "selling_expense_cny")]
            for _, row in shipped.iterrows()
        }
        amounts |= {year: [value * 1.1 ** (year - 2021) for value in amounts[2021]] for year in (2022, 2023, 2024)}
        live.statements[code] = [
            statement(code, "SH" if code[0] == "6" else "SZ", "某公司", year, *values)
            for year, values in amounts.items()
        ]
    return list(chosen)


def test_listed_companies_gain_years_and_keep_their_shipped_figures(data, live, refresh):
    codes = listed(live, data)
    before = rows(data)
    live.statements[codes[0]][0]["RESEARCH_EXPENSE"] *= 1.3  # fiscal 2019, shipped with grade A
    said = refresh("listed")
    assert f"{3 * len(codes)} new company-years" in said and "1 shipped figures that the source gives otherwise" in said
    after = rows(data).merge(before, how="left", indicator=True)
    assert (after["_merge"] == "both").sum() == len(before), "no shipped row changed"
    assert (cohorts.company_years("all_listed", 2024)["status"] == "drawn").sum() == len(codes)


def test_hong_kong_companies(data, live, refresh):
    names = {"00700": "腾讯控股", "03690": "美团-W", "01024": "快手-W", "01810": "小米集团-W", "09626": "哔哩哔哩-W"}
    for code, name in names.items():
        for year in (2022, 2023):
            live.hk[code] = live.hk.get(code, []) + hk_lines(
                code,
                name,
                year,
                {"营业额": 5e11 + year, "研发费用": 6e10 + year, "销售及分销费用": 3e10 + year, "毛利": 1e11},
            )
    live.hk["00700"] += hk_lines(
        "00700", "腾讯控股", 2021, {"营运收入": 560118e6, "研发费用": 5.188e10, "销售及分销费用": 4.0594e10}
    )
    said = refresh("hk")
    assert cell(data, "meituan", 2022, "selling_expense_cny") == ["30000002022"]
    assert cell(data, "tencent", 2021, "selling_expense_cny") == ["40594000000"] and "->" in said  # better than grade C
    assert cell(data, "tencent", 2021, "selling_grade") == ["B"]
    assert cell(data, "tencent", 2021, "rd_source_id") == ["tencent-2"]  # the same figure keeps its source
    assert cell(data, "bilibili", 2022, "rd_expense_cny") == ["4765360000"]  # grade A stays
    assert tables.check() == []


@pytest.mark.parametrize("fault", ["currency", "another company", "items renamed", "fields renamed"])
def test_hong_kong_nonsense_is_refused(data, live, refresh, fault):
    before = contents(data)
    lines = {"营业额": 5e11, "研发费用": 6e10, "销售及分销费用": 3e10}
    if fault == "items renamed":
        lines = {"收入": 5e11, "研究": 6e10, "推广": 3e10}
    for code, name in {
        "00700": "腾讯控股",
        "03690": "美团-W",
        "01024": "快手-W",
        "01810": "小米集团-W",
        "09626": "哔哩哔哩-W",
    }.items():
        live.hk[code] = hk_lines(
            code, "某公司" if fault == "another company" else name, 2023, lines, "HKD" if fault == "currency" else "CNY"
        )
        if fault == "fields renamed":
            live.hk[code] = [{("VALUE" if k == "AMOUNT" else k): v for k, v in row.items()} for row in live.hk[code]]
    word = {
        "currency": "in CNY, got HKD",
        "another company": "某公司",
        "items renamed": "营业额",
        "fields renamed": "AMOUNT",
    }
    with pytest.raises(UserError, match=word[fault]) as refused:
        refresh("hk")
    assert "refused" in str(refused.value) and contents(data) == before


def file_with_the_sec(live, extra=()):
    """Every SEC company with its shipped figures from 2019 on, and one year more."""
    concepts = {
        "revenue_cny": "Revenues", "rd_expense_cny": "ResearchAndDevelopmentExpense",
        "selling_expense_cny": "SellingAndMarketingExpense", "sga_expense_cny": "SellingGeneralAndAdministrativeExpense",
    }  # fmt: skip
    spending = tables.load("spending")
    for company, key in KEYS.items():
        own = spending[(spending["company_id"] == company) & (spending["fiscal_year"] >= 2019)]
        years = {
            int(row["fiscal_year"]): {
                concept: row[column] for column, concept in concepts.items() if not math.isnan(row[column])
            }
            for row in own.to_dict("records")
        }
        years[2025] = {"Revenues": 9e10, "ResearchAndDevelopmentExpense": 2e10, "SellingAndMarketingExpense": 1e10}
        name = {"pinduoduo": "PDD Holdings Inc.", "jd-com": "JD.com, Inc."}.get(
            company, company.replace("trip-com", "Trip.com").replace("-", " ").title()
        )
        live.sec[key] = sec_facts(key, name, years, 3 if company == "alibaba" else 12)


def test_sec_filers_from_company_facts(data, live, call):
    file_with_the_sec(live)
    facts = live.sec[KEYS["netease"]]["facts"]["us-gaap"]["ResearchAndDevelopmentExpense"]["units"]["CNY"]
    restated = next(f for f in facts if f["end"] == "2022-12-31" and f["filed"].startswith("2024"))
    restated["val"] = 16e9
    done = call("refresh", "sec")
    assert done.returncode == 0, done.stderr
    assert cell(data, "alibaba", 2025, "fiscal_year_end") == ["2026-03-31"]
    assert cell(data, "pinduoduo", 2025, "rd_expense_cny") == ["20000000000"]
    assert cell(data, "pinduoduo", 2025, "rd_grade") == ["A"]
    assert "1 restatements" in done.stdout and "netease 2022, filed 2024-07-20" in done.stdout
    assert cell(data, "netease", 2022, "rd_expense_cny", "vintages") == ["15039014000", "16000000000"]
    assert len(live.asked) == len(KEYS)
    assert tables.check() == []


def test_two_values_in_filings_of_one_day_are_not_chosen_between(data, live, call):
    file_with_the_sec(live)
    facts = live.sec[KEYS["netease"]]["facts"]["us-gaap"]["ResearchAndDevelopmentExpense"]["units"]["CNY"]
    latest = [fact for fact in facts if fact["end"] == "2025-12-31"]
    facts += [fact | {"val": 21e9, "form": "20-F/A", "accn": "0001104659-26-000002"} for fact in latest]
    assert call("refresh", "sec").returncode == 0
    assert cell(data, "netease", 2025, "rd_expense_cny") == [""]
    (note,) = set(cell(data, "netease", 2025, "note"))
    assert "20,000,000,000 and 21,000,000,000 filed on one day, taken as not known" in note
    assert cell(data, "netease", 2025, "selling_expense_cny") == ["10000000000"]


def test_the_sec_wants_to_know_who_asks(data, live, call, monkeypatch):
    monkeypatch.delenv("EDGAR_IDENTITY")
    done = call("refresh", "sec")
    assert done.returncode == 2 and "EDGAR_IDENTITY" in done.stderr and not live.asked
    assert call("refresh", "sec", "--dry-run").returncode == 0


def test_marketing_within_sg_and_a_is_no_selling_expense(data, live, call):
    """Baidu's one line stays one; JD.com's 'Marketing' is its selling expense; a total beside a split line is dropped."""
    file_with_the_sec(live)
    for company, concept, gone in (
        ("baidu", "MarketingExpense", None),
        ("jd-com", "MarketingExpense", "SellingAndMarketingExpense"),
        ("netease", "SellingGeneralAndAdministrativeExpense", None),
    ):
        facts = live.sec[KEYS[company]]["facts"]["us-gaap"]
        own = facts["SellingAndMarketingExpense"]["units"]["CNY"]
        if company == "baidu":
            facts["SellingGeneralAndAdministrativeExpense"]["units"]["CNY"] += own
            own = facts.pop("SellingAndMarketingExpense")["units"]["CNY"]
        facts[concept] = facts.get(concept, {"label": "", "description": "", "units": {"CNY": own}})
        facts.pop(gone, None)
    assert call("refresh", "sec").returncode == 0
    assert cell(data, "baidu", 2025, "selling_expense_cny") == [""]
    assert cell(data, "baidu", 2025, "sga_expense_cny") == ["10000000000"]
    assert cell(data, "jd-com", 2025, "selling_expense_cny") == ["10000000000"]
    assert cell(data, "netease", 2025, "sga_expense_cny") == [""]


def test_the_libraries_are_asked_for_where_they_are_missing(data, live, refresh, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install -r requirements-refresh\.txt"):
        refresh("bse")


def test_another_registrant_under_a_key_is_refused(data, live, call):
    file_with_the_sec(live)
    before = contents(data)
    for key in (KEYS["alibaba"], KEYS["baidu"]):
        live.sec[key]["entityName"] = "Somebody Else Inc."
    done = call("refresh", "sec")
    assert done.returncode == 1 and "expected the facts of 'alibaba', got Somebody Else Inc." in done.stderr
    assert contents(data) == before


def test_exchange_rates_are_derived_and_marked_so(data, live, refresh):
    live.rate = {2019: 6.8985, 2020: 6.8976, 2021: 6.4515, 2022: 6.7261, 2023: 7.0467, 2024: 7.1217, 2025: 7.16}
    live.rate |= {year: 7.0 for year in range(2026, 2036)}
    refresh("fx")
    cited = tables.load("cited_figures").set_index("figure_id")
    row = cited.loc["cny-usd-parity-average-2021"]
    assert row["value"] == pytest.approx(6.4515) and row["grade"] == "C" and "daily rates" in row["note"]
    assert tables.check() == []


def test_exchange_rates_in_another_unit_are_refused(data, live, refresh):
    live.rate = {year: 0.0645 for year in range(2019, 2036)}
    before = contents(data)
    with pytest.raises(UserError, match="between 5 and 9 yuan per dollar"):
        refresh("fx")
    assert contents(data) == before


def test_a_dry_run_says_what_it_would_fetch_and_asks_nothing(data, live, call):
    before = contents(data)
    done = call("refresh", "--dry-run")
    assert done.returncode == 0 and not live.asked and contents(data) == before
    for words in ("bse: 165 companies", "listed: 5364", "fx", "sec: 9", "requests", "minutes"):
        assert words in done.stdout


def test_an_unknown_source_is_a_wrong_call(data, live, call):
    done = call("refresh", "nasdaq")
    assert done.returncode == 2 and "fx, sec, hk, bse, listed" in done.stderr


class Clock:
    """Stands in for the module `time`, so that what waits is exact: a second passes when somebody sleeps."""

    def __init__(self):
        self.now, self.time = 0.0, time.time

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_never_faster_than_the_rate(data, live, refresh, monkeypatch):
    live.statements = small(data, 4)
    monkeypatch.setenv("REFRESH_RATE", "20")
    clock, times, ask = Clock(), [], polite.Session._ask
    monkeypatch.setattr(polite, "time", clock)
    monkeypatch.setattr(polite.Session, "_ask", lambda *given: (times.append(clock.now), ask(*given))[1])
    refresh("bse")
    assert len(times) == len(live.asked) == 16
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.035


def test_memory_stays_flat(data, live, refresh):
    import tracemalloc

    live.statements = small(data, 30)
    refresh("bse")  # imports and caches
    sizes = []
    served = live.answer

    def measure(path, query):
        kind, body = served(path, query)
        if path.endswith("Index"):
            sizes.append(tracemalloc.get_traced_memory()[0])
            body += b" " * 200_000  # as large as the real page
        return kind, body

    tracemalloc.start()
    try:
        live.answer = measure
        refresh("bse")
    finally:
        tracemalloc.stop()
        del live.answer
    assert len(sizes) == 30
    assert sizes[-1] - sizes[10] < 1e6  # rows of twenty companies, and none of their answers
