import copy
import json
import random
import shutil

import pandas as pd
import pytest

from lib import tables
from lib.errors import DataError
from lib.paths import ROOT
from lib.rows import cohorts
from lib.tables import form
from lib.tables.page import page


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def write(path, rows):
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_the_shipped_tables_hold_to_the_codebook():
    assert tables.check() == []


def test_codes_stay_text_with_their_zeros():
    codes = tables.load("spending")["company_id"]
    assert codes.str.fullmatch(r"\d{6}").sum() == 11_429
    assert (codes == "000001").any()


def test_the_not_found_mark_of_the_extraction_is_nowhere():
    spending = tables.load("spending")
    assert not (spending.filter(like="_cny") == -1).any(axis=None)


def test_every_figure_names_its_source():
    spending = tables.load("spending")
    for amount, source in (
        ("revenue", "revenue"),
        ("rd_expense", "rd"),
        ("selling_expense", "selling"),
        ("sga_expense", "sga"),
    ):
        assert (spending[f"{amount}_cny"].notna() == spending[f"{source}_source_id"].notna()).all(), amount


def test_what_another_project_extracted_is_second_hand():
    spending = tables.load("spending")
    for source, grade in (("rd_source_id", "rd_grade"), ("selling_source_id", "selling_grade")):
        assert set(spending.loc[spending[source] == "finglm", grade]) == {"B"}


def test_every_source_is_cited():
    cited = {"listings-2", "project-industry-map"}  # named in the codebook and in lib
    for name in tables.table_names():
        table = tables.load(name)
        names = [column for column in table if column.endswith("source_id") or (name, column) == ("claims", "article")]
        cited |= {cell for column in names for cell in table[column].dropna()}
    assert set(tables.load("sources")["source_id"]) == cited


def test_a_company_stands_in_one_row_under_one_code():
    companies, roster = tables.load("companies"), tables.load("bse_roster")
    later = companies["code_2026"].dropna()
    assert not later.duplicated().any() and not later.isin(companies["company_id"]).any()
    both = roster.merge(companies, on="company_id", suffixes=("_roster", ""))
    assert len(both) == len(roster) - 3, "three moved to Shanghai or Shenzhen, and stand under the code they got there"
    known = both[both["code_2026"].notna()]
    assert (known["code_2026"] == known["code_920"]).all()
    dated = both[both["listed_on"].notna()]
    assert (dated["listed_on"] == dated["listing_date"]).all() and len(dated) == 162
    assert (both["specialised_board_roster"] == both["specialised_board"]).all()


def test_the_board_follows_from_the_code():
    listed = tables.load("companies").query("kind == 'listed'")
    code = listed["company_id"]
    rule = pd.Series("SSE Main", index=listed.index)
    rule[code.str.match("0")] = "SZSE Main"
    rule[code.str.match("3")] = "ChiNext"
    rule[code.str.match("68")] = "STAR"
    rule[code.str.match("4|8|920")] = "BSE"
    assert (rule == listed["board"]).all()
    assert not code.str.match("200|900").any(), "a B share"


def test_who_of_the_specialised_companies_was_not_yet_listed():
    companies, spending = tables.load("companies"), tables.load("spending")
    chosen = companies[companies["specialised_board"].fillna(False) & (companies["board"] != "BSE")]
    filed = spending.loc[spending["fiscal_year"] == 2021, "company_id"]
    day = chosen.loc[~chosen["company_id"].isin(filed), "listed_on"]
    assert len(chosen) == 728 and len(day) == 205 and day.notna().all()
    after = day > "2022-04-30"
    assert (int(after.sum()), int((~after & (day > "2021-12-31")).sum()), int((day <= "2021-12-31").sum())) == (
        153,
        20,
        32,
    )


def test_the_universe_falls_short_of_the_published_number_by_what_was_delisted_since():
    companies, roster, spending = tables.load("companies"), tables.load("bse_roster"), tables.load("spending")
    cited = tables.load("cited_figures").set_index("figure_id")["value"]
    still = companies[(companies["listed_on"] <= "2021-12-31") | (companies["company_id"] == "000004")]
    filed = set(spending.loc[spending["fiscal_year"] == 2021, "company_id"])
    gone = companies[(companies["kind"] == "listed") & companies["listing_source_id"].isna()]
    for exchange, boards in {"shanghai": ["SSE Main", "STAR"], "shenzhen": ["SZSE Main", "ChiNext"]}.items():
        known = still["board"].isin(boards).sum() + (gone["board"].isin(boards) & gone["company_id"].isin(filed)).sum()
        published = cited[f"{exchange}-stock-exchange-listed-a-shares-2021-12"]
        assert 0 <= published - known <= 0.01 * published, exchange
    for day in ("2021-12-31", "2022-05-31"):
        assert (
            cohorts.on_board(roster, pd.Timestamp(day)).sum()
            == cited[f"beijing-stock-exchange-listed-companies-{day[:7]}"]
        )


def test_stated_sums_agree_with_the_years():
    cited = tables.load("cited_figures")
    years = cited[(cited["entity"] == "Huawei") & (cited["item"] == "rd_expense")].sort_values("grade")
    years = years.drop_duplicates("fiscal_year").set_index("fiscal_year")["value"]
    years[2020] = cited.loc[
        cited["entity"].str.startswith("CEC") & cited["entity"].str.endswith("Huawei"), "value"
    ].iloc[0]
    sums = cited[cited["item"].str.fullmatch(r"rd_cumulative_\d+y")]
    spans = [
        (int(row["fiscal_year"]), int(row["item"].split("_")[-1][:-1]), row["value"]) for _, row in sums.iterrows()
    ]
    checked = [
        (last, count) for last, count, _ in spans if all(year in years for year in range(last - count + 1, last + 1))
    ]
    assert {(2018, 5), (2021, 10), (2022, 10), (2023, 10), (2024, 10)} <= set(checked)
    for last, count, stated in spans:
        if (last, count) in checked:
            assert years[list(range(last - count + 1, last + 1))].sum() == pytest.approx(stated, rel=0.001)


def test_a_part_of_a_year_is_told_from_the_whole():
    growth = tables.load("cited_figures").query("item.str.startswith('fai_')")
    part = growth["entity"].str.extract(r" Jan-(\w{3})$")[0]
    assert (part.isna() == (growth["period_end"].dt.month == 12)).all()
    assert (part.dropna() == growth["period_end"].dt.strftime("%b")[part.notna()]).all()


def test_second_readings_of_internet_figures_agree():
    spending, cited = tables.load("spending"), tables.load("cited_figures")
    spending["fiscal_year"] = spending["fiscal_year"].astype(int)
    second = cited[
        (cited["item"] == "rd_expense")
        & (cited["unit"] == "CNY million")
        & (cited["entity_group"] == "consumer_internet")
    ]
    names = tables.load("companies").set_index("name_en")["company_id"]
    drawn = spending.set_index(["company_id", "fiscal_year"])["rd_expense_cny"]
    assert len(second) >= 3
    for _, row in second.iterrows():
        assert drawn[(names[row["entity"]], int(row["fiscal_year"]))] == pytest.approx(row["value"] * 1e6, rel=0.01)


def test_the_page_tells_the_codebook_as_it_is():
    assert (ROOT / "data" / "CODEBOOK.md").read_text(encoding="utf-8") == page(), (
        "run `python -m lib codebook > data/CODEBOOK.md`"
    )


def spoil(path, kind):
    """Break spending.csv in one way; gives what the message must name."""
    rows = lines(path)
    cells = rows[4].split(",")
    if kind == "missing column":
        write(path, [row.replace("rd_expense_cny", "rd") for row in rows[:1]] + rows[1:])
        return ["row 1", "rd_expense_cny is missing"]
    if kind == "unknown column":
        write(path, [rows[0] + ",extra"] + [row + ",1" for row in rows[1:]])
        return ["row 1", "column extra"]
    if kind == "text in a number":
        cells[5] = "n/a"
    elif kind == "infinite number":
        cells[5] = "inf"
    elif kind == "not-found mark":
        cells[5] = "-1"
    elif kind == "half a year":
        cells[1] = "2020.5"
    elif kind == "wrong date":
        cells[2] = "31/12/2020"
    elif kind == "code without zeros":
        cells[0] = "5"
    elif kind == "unknown company":
        cells[0] = "999999"
    elif kind == "unknown check":
        cells[15] = "fine"
    elif kind == "no company":
        cells[0] = ""
    if kind in COLUMNS:
        write(path, [*rows[:4], ",".join(cells), *rows[5:]])
        return ["row 5", f"column {COLUMNS[kind]}"]
    if kind == "duplicate company-year":
        write(path, [*rows, rows[4]])
        return [f"row {len(rows) + 1}", "company_id and fiscal_year", "more than one row"]
    if kind == "empty file":
        path.write_bytes(b"")
        return ["the file is empty"]
    if kind == "header only":
        write(path, rows[:1])
        return ["no rows"]
    if kind == "wrong encoding":
        path.write_bytes("\n".join([*rows[:4], rows[4] + "专精特新", *rows[5:]]).encode("gb18030"))
        return ["row 5", "not UTF-8"]
    if kind == "long row":
        write(path, [*rows[:4], rows[4] + ",1,2,3", *rows[5:]])
        return ["line 5"]
    path.unlink()
    return ["the file is missing"]


COLUMNS = {
    "text in a number": "rd_expense_cny",
    "infinite number": "rd_expense_cny",
    "not-found mark": "rd_expense_cny",
    "half a year": "fiscal_year",
    "wrong date": "fiscal_year_end",
    "code without zeros": "company_id",
    "unknown company": "company_id",
    "unknown check": "extract_check",
    "no company": "company_id",
}
KINDS = [
    *COLUMNS, "missing column", "unknown column", "duplicate company-year", "empty file", "header only",
    "wrong encoding", "long row", "missing file",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_table_is_named_by_file_row_and_column(data, kind):
    expected = ["spending.csv", *spoil(data / "spending.csv", kind)]
    problems = tables.check()
    assert problems and all(any(word in problem for problem in problems) for word in expected), problems
    if kind != "unknown company":  # only `check` looks across tables
        with pytest.raises(DataError, match=r"spending\.csv"):
            tables.load("spending")


def test_several_problems_are_all_listed(data, edit):
    company = {"company_id": "000007", "fiscal_year": "2020"}
    rows = [edit("spending", company, "rd_expense_cny", "abc"), edit("spending", company, "fiscal_year_end", "soon")]
    problems = tables.check()
    assert len(problems) == 2
    assert all(f"row {row}" in problem for row, problem in zip(rows, problems, strict=True))


def test_a_folder_without_a_codebook_is_named(tmp_path):
    with pytest.raises(DataError, match="no codebook"):
        tables.check(tmp_path)


def test_a_loaded_table_may_be_changed_freely():
    loaded = tables.load("industries")
    loaded["industry_en"] = "changed"
    assert (tables.load("industries")["industry_en"] != "changed").all()


def test_what_is_kept_is_found_by_place_by_name_and_by_default():
    calls = []

    @tables.kept
    def rows(cohort: str, year: int = 2021) -> pd.DataFrame:
        calls.append((cohort, year))
        return pd.DataFrame({"year": [year]})

    for found in (rows("star"), rows("star", 2021), rows(year=2021, cohort="star")):
        assert found["year"].tolist() == [2021]
    assert rows("star", 2020)["year"].tolist() == [2020] and calls == [("star", 2021), ("star", 2020)]


def test_what_is_kept_follows_the_tables_and_is_the_callers_own(edit):
    before = cohorts.company_years("star", 2021)
    before["status"] = "spoiled"
    with tables.recording() as read:
        again = cohorts.company_years("star", 2021)
    assert set(again["status"]) != {"spoiled"}
    assert {"companies.csv", "spending.csv", "industries.csv"} <= set(read), "kept rows were read, too"
    edit("spending", {"company_id": "688981", "fiscal_year": "2021"}, "rd_expense_cny", "5")
    changed = cohorts.company_years("star", 2021).set_index("company_id")
    assert changed.at["688981", "rd_expense_cny"] == 5


def test_the_same_fault_in_two_copies_is_told_of_each(data, tmp_path):
    table = data / "industries.csv"
    table.write_text(table.read_text(encoding="utf-8") + "odd,one\n", encoding="utf-8")
    other = shutil.copytree(data, tmp_path / "other")
    for folder in (data, other):
        problems = tables.check(folder)
        assert problems and all(problem.startswith(f"{folder / table.name}, row ") for problem in problems)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("fiscal_year", "02019"), ("fiscal_year", "2019.0"), ("fiscal_year", " 2019"), ("fiscal_year", "+2019"), ("fiscal_year", "２０１９"),
     ("fiscal_year_end", "2019-1-5"), ("fiscal_year_end", "2019-13-01"), ("rd_expense_cny", " 5"), ("rd_expense_cny", "05"),
     ("rd_expense_cny", "5."), ("rd_expense_cny", "1_000"), ("rd_expense_cny", "Infinity"), ("fiscal_year", "2" * 30), ("rd_expense_cny", "0x10")],
)  # fmt: skip
def test_a_cell_that_is_not_plainly_written_is_refused(data, column, cell):
    rows = lines(data / "spending.csv")
    cells = rows[4].split(",")
    cells[rows[0].split(",").index(column)] = cell
    rows[4] = ",".join(cells)
    write(data / "spending.csv", rows)
    (problem,) = [each for each in tables.check() if "is not" in each]
    assert f"row 5, column {column}: '{cell}' is not" in problem


def test_rows_are_counted_as_a_spreadsheet_counts_them_also_after_an_empty_one(data):
    rows = lines(data / "industries.csv")
    write(data / "industries.csv", [*rows[:3], "", "  ".strip(), *rows[3:]])
    assert tables.check() == [] and list(tables.load("industries").index) == list(range(len(rows) - 1))
    write(data / "industries.csv", [*rows[:3], "", rows[3], rows[3], *rows[4:]])
    assert any("row 6, column industry_zh" in problem for problem in tables.check())


BOOK = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))


def places(node, path=()):
    """Every place in the codebook, as the keys that lead to it."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(path, change):
    """The codebook with one place changed, or taken out where `change` is ...."""
    book = copy.deepcopy(BOOK)
    *most, last = path
    node = book
    for key in most:
        node = node[key]
    if change is ...:
        del node[last]
    else:
        node[last] = change
    return book


JUNK = (..., None, 5, -1.5, True, "", "x", "(", "../../etc", [], [1], {}, {"x": 1}, ["a", "a"])


def test_a_codebook_changed_anywhere_has_sound_form_or_is_told_what_is_wrong():
    chance = random.Random(6)
    for path in places(BOOK):
        assert all(isinstance(fault, str) for fault in form.faults(changed(path, chance.choice(JUNK)))), path


def test_tables_are_read_by_a_changed_codebook_or_refused_in_a_sentence(data):
    chance, every = random.Random(5), list(places(BOOK))
    for path in chance.sample(every, 30):
        book = changed(path, chance.choice(JUNK))
        (data / "datapackage.json").write_text(json.dumps(book), encoding="utf-8")
        try:
            found = tables.check()
        except DataError as error:
            found = error.problems
        assert all(problem.endswith(".") for problem in found), path


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "not JSON"), (b"[]", "the whole"), (b"\xff\xfe", "not JSON"), (b"[" * 100_000, "not JSON"), (b'{"resources": []}', "resources"),
     (b'{"resources": [{"name": "../x"}]}', "resources.0.name")],
)  # fmt: skip
def test_what_is_no_codebook_is_refused_in_a_sentence(data, content, words):
    (data / "datapackage.json").write_bytes(content)
    with pytest.raises(DataError, match=words):
        tables.check()
