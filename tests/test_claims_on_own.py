"""The article's claims on a user's own cohort: both readings, what is missing, and what a verdict hangs on."""

import pytest
import vendors

from lib import tables, vendor
from lib.claims import on_own
from lib.errors import ParameterError, UserError
from lib.rows import cohorts

VOID = "839680"


@pytest.fixture
def data(no_cohorts):
    return no_cohorts


@pytest.fixture
def put(data):
    """Puts a cohort into data/cohorts: R&D and selling expense of 2021 by code."""

    def write(amounts, codes=True, name="bse93"):
        names = {code: words for code, _, words in vendors.companies(93)}
        lines = [
            f"{names.get(code, code)},{code if codes else ''},2021,{rd},{sm}" for code, (rd, sm) in amounts.items()
        ]
        (data / "cohorts").mkdir(exist_ok=True)
        (data / "cohorts" / f"{name}.csv").write_text(
            "\n".join(["name,code,fiscal_year,rd,sm", *lines]) + "\n", encoding="utf-8"
        )
        return name

    return write


def codes(count=93):
    """Codes of the 93, last the one whose accounts of the year a regulator found false, so that it has no ratio."""
    return sorted((code for code, _, _ in vendors.companies(count)), key=lambda code: code == VOID)


def with_share(product_first, all_codes):
    """Amounts of which the first so many companies are product first."""
    return {code: (3e6, 1e6) if place < product_first else (1e6, 3e6) for place, code in enumerate(all_codes)}


def judged(name):
    return on_own.ledger(name).set_index(["claim_id", "reading"])


BOARD = "the whole board of 1 June 2022"


@pytest.mark.parametrize(
    ("product_first", "verdict"),
    [(60, "reproduced"), (61, "reproduced"), (62, "open"), (50, "differs"), (70, "differs")],
)
def test_a_whole_cohort_decides_the_share(put, product_first, verdict):
    row = judged(put(with_share(product_first, codes()))).loc[("mp3-share", BOARD)]
    assert row["verdict"] == verdict and f"{product_first} of 92 companies" in row["reason"]
    assert "with 1 more whose ratio is not known" in row["reason"]


def test_what_is_missing_is_named_and_may_leave_a_claim_open(put):
    amounts = with_share(60, codes())
    last = [(code, words) for code, _, words in vendors.companies(93) if code != VOID][-4:]
    for code, _ in last:
        del amounts[code]
    name = put(amounts)
    board, listed = on_own.readings(name)
    missing = [f"{words} {code}" for code, words in last]
    assert board.missing == missing and len(board.rows) == 89
    assert board.coverage().startswith(f"{BOARD}: 89 of the 93; missing: {missing[0]}, ")
    row = judged(name).loc[("mp3-share", BOARD)]
    assert row["verdict"] == "open" and "with 5 more whose ratio is not known 64.5% if sales first" in row["reason"]
    assert 0 < len(listed.roster) < 93


def test_an_unknown_expense_counts_as_missing_and_is_named(put):
    amounts = with_share(60, codes()) | {codes()[0]: ("", 1e6), codes()[1]: (0, 1e6)}
    (board, _) = on_own.readings(put(amounts))
    assert board.unknown == 2  # R&D of zero is known, false accounts are not
    assert "(accounts found false)" in board.coverage()
    assert "(no R&D line)" in board.coverage() and "(R&D is zero)" in board.coverage()


@pytest.mark.parametrize("how", ["codes of 2025", "names alone"])
def test_companies_are_known_by_either_code_and_by_name(put, how):
    if how == "names alone":
        name = put(with_share(60, codes()), codes=False)
    else:
        new = [code_920 for _, code_920, _ in vendors.companies(93)]
        name = put(with_share(60, new))
    board, _ = on_own.readings(name)
    assert len(board.rows) == 93 and board.missing == []


def test_firms_of_another_board_do_not_count(put):
    amounts = with_share(60, codes()) | {"688008": (5e9, 1)}
    assert "60 of 92 companies" in judged(put(amounts)).loc[("mp3-share", BOARD)]["reason"]
    with pytest.raises(UserError, match="holds none of the 93 companies"):
        on_own.ledger(put({"688008": (5e9, 1)}, name="others"))


@pytest.mark.parametrize(("ratio", "verdict"), [(8, "reproduced"), (1 / 8, "differs")])
def test_the_giants_claim_is_judged_on_the_cohort(put, ratio, verdict):
    amounts = {code: (2e6 * ratio * (1 + place / 1000), 2e6) for place, code in enumerate(codes())}
    rows = judged(put(amounts))
    assert rows.loc[("mp3-giants", BOARD)]["verdict"] == verdict
    few = dict(list(amounts.items())[:5])
    row = judged(put(few, name="few")).loc[("mp3-giants", BOARD)]
    assert row["verdict"] == "open" and "hangs on the 88" in row["reason"]


def test_a_company_whose_revenue_a_regulator_found_untrue_is_named(put):
    name = put(with_share(60, codes()))
    assert VOID in codes()
    (sentence,) = on_own.standing(name)
    findings = tables.load("enforcement")
    found = findings[(findings["company_id"] == VOID) & (findings["fiscal_year"] == 2021)].iloc[0]
    assert VOID in sentence and f"{found['value']:g} {found['unit']} of 2021 is untrue" in sentence
    assert on_own.standing(put({codes()[0]: (2e6, 1e6)}, name="another")) == []


def test_a_cohort_of_the_project_is_not_the_users(data):
    with pytest.raises(ParameterError, match="star is the project's own"):
        on_own.ledger("star")


def test_the_command_says_coverage_standing_and_both_readings_and_leaves_the_record(call, data):
    record = (data / "claims.csv").read_bytes()
    vendor.take("wind.xlsx", vendors.wind(91), name="bse93")
    done = call("claims", "--cohort", "bse93")
    assert done.returncode == 0, done.stderr
    assert "91 of the 93; missing: " in done.stdout and "on the list of specialised SMEs" in done.stdout
    assert done.stdout.count("mp3-share") == 2 and done.stdout.count("mp3-giants") == 2
    assert "supplied by the user" in done.stdout and "made from wind.xlsx (Wind)" in done.stdout
    assert (data / "claims.csv").read_bytes() == record
    assert cohorts.is_own("bse93")
