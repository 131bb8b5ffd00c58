"""Sources and machines that fail: the old data stay whole and in use, and nothing becomes a company without R&D."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from conftest import interruptible
from live_sources import bse_statements, cell, contents, rows, small

from lib import tables
from lib.errors import UserError
from lib.paths import ROOT


def only(place, fault, company=None, times=None):
    """A fault at one kind of address, for one company or all, the first `times` that it is asked or always."""

    def go_wrong(path, query, asked):
        here = path.endswith(place) and (company is None or company in query.get("code", "").lower())
        return fault if here and (times is None or asked <= times) else None

    return go_wrong


def status(code, body=b"", **headers):
    return code, {"Content-Type": "text/html"} | {k.replace("_", "-"): v for k, v in headers.items()}, body


def as_json(value):
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def no_zero(data):
    fetched = rows(data)[rows(data)["company_id"].isin(rows(data, "bse_roster")["company_id"])]
    assert len(fetched) and not [row for row in fetched["rd_expense_cny"] if row and float(row) == 0]
    assert tables.check() == []


PASSING = {
    "time-out": "slow", "reset": "reset", "reset midway": "half", "500": status(500), "502": status(502),
    "429": status(429, Retry_After="0"), "truncated JSON": (200, {"Content-Type": "application/json"}, b'{"data": [{"a"'),
    "nothing at all": (200, {"Content-Type": "application/json"}, b""),
}  # fmt: skip


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_asked_again(data, live, refresh, fault):
    live.statements = small(data, 3)
    live.faults = [only("lrbAjaxNew", PASSING[fault], "bj920", times=1)]
    refresh("bse")
    assert len(live.asked) == 3 * 4 + 3 * 2
    assert len(rows(data, "vintages")) == 18
    no_zero(data)


@pytest.mark.parametrize(
    "fault", ["reset", "half", *(k for k in PASSING if k not in ("time-out", "reset", "reset midway"))]
)
def test_what_does_not_pass_leaves_the_data_and_the_next_run_goes_on(data, live, refresh, fault):
    live.statements = small(data, 6)
    before = contents(data)
    live.faults = [only("lrbAjaxNew", PASSING.get(fault, fault), list(live.statements)[4])]
    with pytest.raises(UserError, match="5 times over; run the same command later"):
        refresh("bse")
    assert contents(data) == before
    first = len(live.asked)
    live.faults = []
    refresh("bse")
    assert len(live.asked) == first + 2 + 4, "only what was not answered is asked again"
    assert len(rows(data, "vintages")) == 36
    no_zero(data)


def test_a_refusal_is_not_asked_again(data, live, refresh):
    live.statements = small(data)
    before = contents(data)
    live.faults = [only("lrbDateAjaxNew", status(403, b"denied"))]
    with pytest.raises(UserError, match="HTTP 403, which another attempt does not mend"):
        refresh("bse")
    assert len(live.asked) == 2 and contents(data) == before


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_heeded(data, live, refresh, form):
    live.statements = small(data, 1)
    wait = "1" if form == "seconds" else formatdate(time.time() + 3, usegmt=True)
    live.faults = [only("lrbDateAjaxNew", status(429, Retry_After=wait), times=1)]
    refresh("bse")
    (first, second) = [when for when, path in live.asked if "lrbDate" in path]
    assert second - first >= 1


def test_a_source_that_wants_a_long_rest_gets_it(data, live, refresh):
    live.statements = small(data, 2)
    live.faults = [only("lrbDateAjaxNew", status(429, Retry_After="3600"))]
    with pytest.raises(UserError, match="60 minutes of rest"):
        refresh("bse")
    assert len(live.asked) == 2


def each(change):
    """A fault in the figures themselves: `change` is applied to every statement."""

    def spoil(live):
        for years in live.statements.values():
            for row in years:
                change(row)

    return spoil


def renamed_field(row):
    row["RD_EXPENSE"] = row.pop("RESEARCH_EXPENSE")


def other_unit(row):
    for field in ("OPERATE_INCOME", "RESEARCH_EXPENSE", "SALE_EXPENSE"):
        row[field] /= 10_000


def last_year_again(live):
    for years in live.statements.values():
        for field in ("OPERATE_INCOME", "RESEARCH_EXPENSE", "SALE_EXPENSE"):
            years[-1][field] = years[-2][field]


def half_gone(live):
    for code in list(live.statements)[::2]:
        del live.statements[code]


def one_for_all(live):
    first = next(iter(live.statements.values()))
    live.statements = dict.fromkeys(live.statements, first)


def served(place, answer):
    def spoil(live):
        live.faults = [only(place, answer)]

    return spoil


NONSENSE = {
    "a field renamed": (each(renamed_field), "expected the field RESEARCH_EXPENSE"),
    "another currency": (each(lambda row: row.update(CURRENCY="USD")), "expected amounts in CNY, got USD"),
    "text for numbers": (each(lambda row: row.update(RESEARCH_EXPENSE="1.2亿")), "expected a number of yuan"),
    "no R&D at all": (each(lambda row: row.update(RESEARCH_EXPENSE=None)), "expected R&D and selling expense in 70%"),
    "zero R&D everywhere": (each(lambda row: row.update(RESEARCH_EXPENSE=0)), "expected R&D and selling expense in 70%"),
    "last year's numbers again": (last_year_again, "expected new figures for 2024, got those of the year before"),
    "half of the companies": (half_gone, "expected statements of at least 11 of 12 companies"),
    "one company for all": (one_for_all, "expected the statements of"),
    "HTML for JSON": (served("lrbAjaxNew", status(200, b"<html>busy</html>")), "got '<html>busy</html>'"),
    "HTML for the dates": (served("lrbDateAjaxNew", status(200, b"<html>busy</html>")), "got '<html>busy</html>'"),
    "empty data": (served("lrbDateAjaxNew", as_json({"pages": 0, "data": [], "count": 0})), "expected"),
    "no data": (served("lrbAjaxNew", as_json({"code": -1, "message": "error"})), "expected"),
    "null data": (served("lrbDateAjaxNew", as_json({"data": None})), "expected"),
}  # fmt: skip


@pytest.mark.parametrize("page", [b"<html>captcha</html>", b'<html><input id="hidctype" /></html>'])
def test_a_page_that_names_no_kind_of_company_does_not_stop_its_statements(data, live, refresh, page):
    live.statements = small(data, 3)
    live.faults = [only("Index", status(200, page))]
    refresh("bse")
    assert len(rows(data, "vintages")) == 18
    assert set(rows(data, "vintages")["note"]) == {
        "asked for as an ordinary enterprise, since the source's page names no kind"
    }
    asked = [path for _, path in live.asked if "lrbAjaxNew" in path]
    assert asked and all("companyType=4" in path for path in asked)


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_refused_with_what_was_expected(data, live, refresh, kind):
    spoil, words = NONSENSE[kind]
    live.statements = small(data)
    sound = {code: [dict(row) for row in years] for code, years in live.statements.items()}
    before = contents(data)
    spoil(live)
    with pytest.raises(UserError) as refused:
        refresh("bse")
    assert "bse: refused, data/ is as it was." in str(refused.value) and words in str(refused.value)
    assert contents(data) == before
    live.statements, live.faults = sound, []
    refresh("bse")
    assert len(rows(data, "vintages")) == 72, "nothing of the nonsense is left for the next run"


TOTALS = {
    "another unit": (other_unit, "expected the 81 companies' rd_expense_total FY2020 to sum to about 2.06 billion"),
    "too much revenue": (lambda row: row.update(OPERATE_INCOME=row["OPERATE_INCOME"] * 1.2), "89 companies' revenue FY2021"),
    "too much R&D": (lambda row: row.update(RESEARCH_EXPENSE=row["RESEARCH_EXPENSE"] * 1.2), "spending_total FY2021"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOTALS)
def test_totals_other_than_the_published_ones_are_refused(data, live, refresh, kind):
    change, words = TOTALS[kind]
    live.statements = bse_statements()
    before = contents(data)
    each(change)(live)
    with pytest.raises(UserError, match=words):
        refresh("bse")
    assert contents(data) == before
    assert (data.parent / ".refresh" / "bse-refused").is_dir() and not (data.parent / ".refresh" / "bse").exists()


def test_another_unit_is_seen_on_few_companies_too(data, live, refresh):
    live.statements = small(data)
    refresh("bse")
    before = contents(data)
    each(other_unit)(live)
    with pytest.raises(UserError, match="met within 1%, got 0 of 72"):
        refresh("bse")
    assert contents(data) == before


def test_one_company_in_another_unit_keeps_what_it_had(data, live, refresh):
    live.statements = small(data)
    company = rows(data, "bse_roster").iloc[2]
    other_unit(live.statements[company["code_920"]][-1])
    said = refresh("bse")
    assert "expected yuan, but every line is 50 times off the year before" in said
    assert cell(data, company["company_id"], 2024, "rd_expense_cny") == []
    no_zero(data)


def test_a_period_served_twice_counts_once(data, live, refresh):
    live.statements = small(data)
    for years in live.statements.values():
        years.append(dict(years[-1]))
    refresh("bse")
    assert len(rows(data, "vintages")) == 12 * 6


def test_two_different_statements_of_one_period_and_day_are_not_chosen_between(data, live, refresh):
    live.statements = small(data)
    company = rows(data, "bse_roster").iloc[2]
    years = live.statements[company["code_920"]]
    years.append(years[-1] | {"RESEARCH_EXPENSE": 1.0})
    assert "expected one statement, got two that differ" in refresh("bse")
    assert cell(data, company["company_id"], 2024, "rd_expense_cny") == []


def test_a_full_disk_leaves_the_data(data, live):
    resource = pytest.importorskip("resource", reason="not on Windows")
    live.statements = small(data)
    before = contents(data)

    def no_more_than():  # files larger than this cannot be written, as on a full disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    words = [sys.executable, "-m", "lib", "refresh", "bse"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, preexec_fn=no_more_than)
    assert done.returncode == 1 and "cannot write" in done.stderr and "data/ is as it was" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(data) == before
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and len(rows(data, "vintages")) == 72


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on_where_it_was(data, live, how):
    live.statements = small(data, 40)
    before = contents(data)
    words = [sys.executable, "-m", "lib", "refresh", "bse"]
    slow = os.environ | {"REFRESH_RATE": "60"}
    run = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=slow, preexec_fn=interruptible)
    while len(live.asked) < 50:
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.02)
    run.send_signal(how)
    _, said = run.communicate()
    assert run.returncode != 0 and contents(data) == before
    if how == signal.SIGINT:
        assert "the next run goes on" in said and "Traceback" not in said
    first = len(live.asked)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(live.asked) <= 161 and first >= 50
    assert len(rows(data, "vintages")) == 240


@pytest.mark.parametrize("after", range(6))
def test_killed_while_swapping_the_figures_see_old_data_or_new(data, live, refresh, after):
    """The run is killed before its n-th move of a file: at each, all tables hold and spending.csv is whole."""
    live.statements = small(data, 3)
    before = rows(data)
    child = os.fork()
    if child == 0:
        moves = [0]
        move = Path.replace

        def replace(self, target):
            if Path(target).parent == data:
                if moves[0] == after:
                    os.kill(os.getpid(), signal.SIGKILL)
                moves[0] += 1
            return move(self, target)

        Path.replace = replace
        refresh("bse")
        os._exit(0)
    os.waitpid(child, 0)
    now = rows(data)
    assert tables.check() == []
    assert now.equals(before) or len(now) == len(before) + 18
    assert now.equals(before) == (after < 4)
    refresh("bse")
    assert len(rows(data)) == len(before) + 18 and len(rows(data, "vintages")) == 18
    assert (data.parent / ".refresh" / "bse").exists() is False


def test_tables_changed_by_another_hand_are_not_overwritten(data, live, refresh):
    live.statements = small(data, 3)
    table = data / "industries.csv"

    def meddle(path, query, asked):
        table.write_text(table.read_text(encoding="utf-8").replace("Auto parts", "Car parts"), encoding="utf-8")

    live.faults = [meddle]
    with pytest.raises(UserError, match="the tables changed during the run"):
        refresh("bse")
    assert "Car parts" in table.read_text(encoding="utf-8") and len(rows(data, "vintages")) == 0


def test_a_kept_answer_that_is_damaged_is_asked_for_again(data, live, refresh):
    live.statements = small(data, 3)
    live.faults = [only("lrbAjaxNew", status(403), list(live.statements)[2])]
    with pytest.raises(UserError):
        refresh("bse")
    for path in (data.parent / ".refresh" / "bse").glob("*.gz"):
        path.write_bytes(path.read_bytes()[:30])
    live.faults = []
    refresh("bse")
    assert len(rows(data, "vintages")) == 18


def test_the_sec_is_asked_again_where_it_helps(data, live, call):
    from test_refresh import KEYS, file_with_the_sec

    file_with_the_sec(live)
    live.faults = [lambda path, query, asked: status(503) if KEYS["alibaba"] in path and asked == 1 else None]
    live.faults += [
        lambda path, query, asked: status(429, Retry_After="1") if KEYS["baidu"] in path and asked == 1 else None
    ]
    done = call("refresh", "sec")
    assert done.returncode == 0, done.stderr
    assert len(live.asked) == len(KEYS) + 2


@pytest.mark.parametrize("fault", ["truncated", "HTML", "403", "not there", "no facts in yuan"])
def test_the_sec_out_of_order_leaves_the_data(data, live, call, fault, monkeypatch):
    from test_refresh import KEYS, file_with_the_sec

    file_with_the_sec(live)
    before = {name: hashlib.sha256(body).hexdigest() for name, body in contents(data).items()}
    if fault == "no facts in yuan":
        for facts in live.sec.values():
            for concept in facts["facts"]["us-gaap"].values():
                del concept["units"]["CNY"]
    elif fault == "not there":
        live.sec = {KEYS["zhihu"]: live.sec[KEYS["zhihu"]]}
    else:
        answer = {"truncated": (200, {"Content-Type": "application/json"}, b'{"cik": 1, "fac'),
                  "HTML": status(200, b"<html>undeclared automated tool</html>"), "403": status(403)}[fault]  # fmt: skip
        live.faults = [lambda path, query, asked: answer]
    done = call("refresh", "sec")
    assert done.returncode == 1 and "sec" in done.stderr and "Traceback" not in done.stderr
    assert {name: hashlib.sha256(body).hexdigest() for name, body in contents(data).items()} == before
