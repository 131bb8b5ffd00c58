"""Ten thousand odd cohort files, workbooks, vendors' exports and tables each: every one is read, or refused in sentences.

Not part of `make test`; run it with `make fuzz`. Where one fails, mend the kind, and keep the smallest input in tests/.
"""

import csv
import io
import math
import random
import shutil
import unicodedata
import zipfile

import pytest
import vendors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import tables
from lib.errors import DataError
from lib.paths import ROOT
from lib.rows import own
from lib.vendor import convert

many = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
AMOUNTS = ["rd_expense_cny", "selling_expense_cny", "revenue_cny"]
seeds = st.integers(0, 2**63)

HEADERS = ["name", "company", "fiscal_year", "rd", "sm", "revenue", "industry", "code", "currency", "name_zh", "note", "研发费用(万元)",
           "销售费用", "R&D expense", "rd ", "", "name", "x", "单位：元", "市值"]  # fmt: skip
CELLS = ["a", "澜起科技", "688008", "2021", "2020", "2021.0", "2021-12-31", "1e6", "1,000", "0", "-5", "", "  ", "合计", "Total", "#REF!", "n/a",
         "nan", "inf", "1e400", "9" * 400, "\x00", "\x1b[2J", "\u202e", "=1+1", "'", '"', "元", "万元", "CNY", "USD", "Semiconductors and components",
         "１２３", "12 %", "0x10", "1_0", "True", "\n", "\r", "\ud800"]  # fmt: skip
ODD = [b"", b"\x00", b"\xff\xfe", b"<", b">", b"&", b"&#0;", b"9" * 30, b"-1", b"A1:XFD1048576", b'"', b"t=\"s\"", b"t=\"b\"", b"t=\"e\"",
       b"r=\"ZZZ9\"", b"s=\"99999\"", b"<v>1e999</v>", b"]]>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>&b;", "万".encode(), b"\xe4\xb8"]  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A few of its bytes replaced, cut out, doubled or filled with what means something in these files."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        until = min(len(content), at + chance.choice([0, 1, 1, 4, 40]))
        content[at:until] = chance.choice(
            [chance.choice(ODD), bytes([chance.randrange(256)]), bytes(content[at:until]) * 2]
        )
    return bytes(content)


def damaged_inside(book: bytes, chance: random.Random) -> bytes:
    """A workbook with one of its parts damaged, or left out, or the zip file itself."""
    if chance.random() < 0.15:
        return damaged(book, chance)
    with zipfile.ZipFile(io.BytesIO(book)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    part = chance.choice(sorted(parts))
    if chance.random() < 0.1:
        del parts[part]
    else:
        parts[part] = damaged(parts[part], chance)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def steers(words: str) -> bool:
    """Whether a text has signs that a terminal takes as commands."""
    return any(unicodedata.category(sign) == "Cc" for sign in words)


def holds(name: str, content: bytes) -> None:
    """The file is a cohort of companies, years and finite amounts, or its faults are sentences that name it."""
    rows, problems = own.judged(name, content, (("Semiconductors and components", "半导体"),))
    assert all(words.startswith(name) and words[-1] in ".?)" for words in problems), problems
    if not problems:
        assert len(rows) and rows["company_id"].notna().all() and rows["fiscal_year"].between(1900, 2100).all()
        assert not any(math.isinf(amount) for column in AMOUNTS for amount in rows[column].dropna())


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        copy = shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("fuzz") / "data")
        shutil.rmtree(copy / "cohorts")
        patch.setenv("FIGURES_DATA", str(copy))
        yield copy


@many
@given(
    st.lists(st.sampled_from(HEADERS), max_size=7), st.lists(st.lists(st.sampled_from(CELLS), max_size=7), max_size=5)
)
def test_any_table_is_a_cohort_or_is_refused(header, rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    holds("cohorts/mine.csv", out.getvalue().encode("utf-8", "surrogatepass"))


README = (ROOT / "data" / "cohorts" / "README.md").read_text(encoding="utf-8")
EXAMPLE = README.split("```csv\n")[1].split("```")[0].encode()


@many
@given(seeds)
def test_a_damaged_cohort_is_read_or_refused(seed):
    holds("cohorts/mine.csv", damaged(EXAMPLE, random.Random(seed)))


BOOK = vendors.workbook(
    [[cell if place == 1 or not cell.replace(".", "").isdigit() else float(cell) for place, cell in enumerate(row)]
     for row in csv.reader(io.StringIO(EXAMPLE.decode()))]
)  # fmt: skip


@many
@given(seeds)
def test_a_damaged_workbook_is_read_or_refused(seed):
    holds("cohorts/mine.xlsx", damaged_inside(BOOK, random.Random(seed)))


EXPORTS = {
    file: (make(), answers)
    for file, make, answers in vendors.EXPORTS.values()
    if not file.endswith((".xls", ".xlsb", ".ods"))
}


@many
@given(st.sampled_from(sorted(EXPORTS)), seeds)
def test_a_damaged_export_is_taken_or_refused_in_words(file, seed):
    whole, answers = EXPORTS[file]
    content = (damaged_inside if file.endswith(".xlsx") else damaged)(whole, random.Random(seed))
    done = convert.convert(file, content, name="mine", **answers)
    assert (done.cohort is None) != (done.problem is None)
    assert not steers("".join(done.report))
    if done.cohort:
        holds("cohorts/mine.csv", done.cohort.content)
    else:
        assert not steers(str(done.problem)) and str(done.problem)[-1] in ".?)"


SMALL = ("claims", "enforcement", "industries", "little_giant_counts", "vintages", "bse_aggregates", "datapackage.json")


@many
@given(st.sampled_from(SMALL), seeds)
def test_a_damaged_table_is_read_or_its_faults_are_named(home, name, seed):
    path = home / (name if "." in name else f"{name}.csv")
    whole = path.read_bytes()
    try:
        path.write_bytes(damaged(whole, random.Random(seed)))
        tables.load("claims" if "." in name else name)
    except DataError as error:
        assert all(path.name in words or "claims.csv" in words for words in error.problems), error.problems
    finally:
        path.write_bytes(whole)
