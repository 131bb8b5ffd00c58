import re

import pandas as pd
import pytest

from lib import claims, tables
from lib.claims import macropolo
from lib.paths import ROOT
from lib.rows import cited, cohorts


def verdicts():
    return claims.ledger().set_index("claim_id")


def test_every_claim_is_judged_and_on_record():
    rows = verdicts()
    assert rows["article"].value_counts().to_dict() == {"macropolo": 8, "china_daily": 5, claims.OURS: 2}
    assert list(rows["verdict"]) == list(rows["verdict_on_record"])
    assert set(claims.JUDGES) <= set(rows.index)
    assert (rows["reason"] != "").all()


def test_the_ledger_has_true_minuses():
    rows = claims.ledger()
    words = rows[["rebuilt", "reason", "decided_by"]].to_numpy().ravel()
    assert [text for text in words if re.search(r"(?<![\w-])-\d", text)] == [] and "−" in "".join(words)


def test_the_share_is_computed_on_the_cohort_at_hand():
    row = verdicts().loc["mp3-share"]
    assert row["value"] == pytest.approx(352 / 514)
    assert row["difference"] == pytest.approx(352 / 514 - 0.65)
    assert row["verdict"] == "open"  # 3.5 points off, and two are allowed
    assert "another cohort" in row["reason"] and "+4.0 points (−8.8 to +17.6) from 60 of 93" in row["reason"]


def test_one_company_moves_the_ledger(edit):
    firms = cohorts.drawn(cohorts.company_years("specialised", 2021))
    company = firms.loc[firms["rd_expense_cny"] > firms["selling_expense_cny"], "company_id"].iloc[0]
    edit("spending", {"company_id": company, "fiscal_year": "2021"}, "selling_expense_cny", "9e12")
    assert verdicts().loc["mp3-share", "value"] == pytest.approx(351 / 514)


def test_a_data_change_that_overturns_a_claim_fails_the_command(call, data):
    text = (data / "spending.csv").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line[:1].isalpha() or line.startswith("company_id")]
    giants = [line for line in text.splitlines() if line.startswith("trip-com,2021") or line.startswith("netease,2021")]
    (data / "spending.csv").write_text("\n".join(rows + giants) + "\n", encoding="utf-8")
    done = call("claims", "--data", str(data))
    assert done.returncode == 1
    assert "mp3-giants" in done.stderr and "on record" in done.stderr


def test_the_command_prints_all_claims_and_agrees(command):
    done = command("claims")
    assert done.returncode == 0, done.stderr
    assert all(claim in done.stdout for claim in tables.load("claims")["claim_id"])


def test_a_definition_is_no_finding_and_could_still_fail(monkeypatch):
    assert verdicts().loc["mp3-sign", "verdict"] == "definition"
    monkeypatch.setattr(macropolo, "expense_ratio", lambda rd, selling, measure: selling - rd)
    judged = claims.JUDGES["mp3-sign"](tables.load("claims").set_index("claim_id").loc["mp3-sign"])
    assert judged.verdict == "differs"


def test_what_macropolos_open_claims_need_is_said():
    rows = verdicts()
    macro = rows[(rows["article"] == "macropolo") & (rows["verdict"] == "open")].drop("mp3-share")
    assert set(macro.index) == {"mp3-public", "mp3-lanxin", "mp3-hujiang"} and (macro["decided_by"] != "").all()


def test_the_eight_fields_are_a_definition_until_one_has_no_company(data):
    row = verdicts().loc["cd-fields"]
    companies = pd.read_csv(ROOT / "data" / "companies.csv", dtype="str")
    industries = pd.read_csv(ROOT / "data" / "industries.csv", dtype="str").set_index("industry_zh")["hard_tech_field"]
    assert row["verdict"] == "definition" and row["value"] == industries.nunique() + 1 == 8
    assert f"{(companies['ai_concept'] == '1').sum():,}" in row["reason"]
    for name, count in companies["industry_zh"].map(industries).value_counts().items():
        assert f"{name} {count:,}" in row["reason"]
    companies["ai_concept"] = companies["ai_concept"].replace("1", "0")
    companies.to_csv(data / "companies.csv", index=False, lineterminator="\n")
    row = verdicts().loc["cd-fields"]
    assert row["verdict"] == "open" and row["value"] == 7 and row["decided_by"]


def test_an_open_claim_says_what_would_decide_it_and_no_other_does():
    rows = verdicts().loc[lambda rows: rows["article"] == "china_daily"]
    assert ((rows["decided_by"] != "") == (rows["verdict"] == "open")).all()
    assert set(rows.index[rows["verdict"] == "open"]) == {"cd-shift"}


def test_a_tolerance_that_follows_from_rounding_is_computed_and_not_typed():
    typed, judged = tables.load("claims").set_index("claim_id"), verdicts()
    numbers = typed[typed["published_value"].notna()]
    for claim_id, claim in numbers.iterrows():
        rounded = "rounding" in claim["tolerance_reason"]
        assert pd.isna(claim["tolerance"]) == rounded and pd.notna(judged.at[claim_id, "tolerance"]), claim_id
    assert judged.at["cd-usd", "tolerance"] == 0.005
    # 977 to the billion; three years to the million, two to ten and four to a hundred million, one on a list to the million.
    assert judged.at["cd-decade", "tolerance"] == pytest.approx(0.5 + 4 * 0.0005 + 2 * 0.005 + 4 * 0.05)
    assert abs(judged.at["cd-decade", "difference"]) < judged.at["cd-decade", "tolerance"]


@pytest.mark.parametrize(
    ("value", "half"), [(977.0, 0.5), (21.87, 0.005), (160.0, 5), (101.509, 0.0005), (0.65, 0.005), (1110.0, 5)]
)
def test_half_a_unit_of_the_last_digit(value, half):
    assert cited.half_unit(value) == half
