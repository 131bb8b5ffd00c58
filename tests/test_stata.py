"""Rows for Stata and other programs, opened by software that is not ours."""

import re

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from lib import figures, notebooks, tables
from lib.bundle import stata
from lib.paths import ROOT

NAMES = [path.stem for path in notebooks.figures()]
LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
RESERVED = set(
    [
        "_all",
        "_b",
        "byte",
        "_coef",
        "_cons",
        "double",
        "float",
        "if",
        "in",
        "int",
        "long",
        "_n",
        "_N",
        "_pi",
        "_pred",
        "_rc",
        "_skip",
        "str",
        "strL",
        "using",
        "with",
    ]
)


def assert_the_same(path, rows):
    """The file at `path` holds `rows`, read by pandas and by ReadStat (which R's haven uses)."""
    by_pandas = pd.read_stata(path)
    by_readstat, meta = pyreadstat.read_dta(path, apply_value_formats=True)
    for found in (by_pandas, by_readstat):
        assert list(found.columns) == list(rows.columns) and len(found) == len(rows)
        for name, column in rows.items():
            written, read = column.astype("object"), found[name].astype("object")
            known = column.notna().to_numpy()
            assert (pd.isna(read) | (read == "")).to_numpy()[~known].all(), name
            for one, other in zip(written[known], read[known], strict=True):
                if isinstance(one, bool | np.bool_):
                    assert other == ("yes" if one else "no"), name
                elif isinstance(one, pd.Timestamp):
                    assert pd.Timestamp(other) == one, name
                else:
                    assert other == one, name
    return meta


@pytest.mark.parametrize("name", NAMES)
def test_a_figures_rows_are_the_same_in_other_programs_and_each_column_is_described(name, tmp_path):
    figure = figures.build(name)
    stata.write(figure.table, tmp_path / "rows.dta", figure.title)
    meta = assert_the_same(tmp_path / "rows.dta", figure.table)
    assert b"<release>118</release>" in (tmp_path / "rows.dta").read_bytes()[:60]
    for column, words in meta.column_names_to_labels.items():
        assert LEGAL.fullmatch(column) and column not in RESERVED
        assert words and words != column.replace("_", " ") and len(words) <= 80, f"{column} has no words in stata.WORDS"
    stata.write(figure.table, tmp_path / "again.dta", figure.title)
    assert (tmp_path / "again.dta").read_bytes() == (tmp_path / "rows.dta").read_bytes()


@pytest.mark.parametrize("name", tables.table_names())
def test_a_table_is_the_same_in_other_programs(name, tmp_path):
    rows = tables.load(name)
    stata.write(rows, tmp_path / "t.dta", name, name)
    meta = assert_the_same(tmp_path / "t.dta", rows)
    assert all(len(words) <= 80 for words in meta.column_names_to_labels.values())


def test_a_code_has_one_number_in_every_file(tmp_path):
    numbers = {}
    for name in tables.table_names():
        stata.write(tables.load(name), tmp_path / "t.dta", name, name)
        _, meta = pyreadstat.read_dta(tmp_path / "t.dta")
        for column, labels in meta.variable_value_labels.items():
            assert numbers.setdefault(column, labels) == labels
    assert numbers["grade"] == {1: "A", 2: "B", 3: "C"}


def test_rows_of_any_kind_are_written(tmp_path):
    rows = pd.DataFrame(
        {
            "words": ["专精特新" * 600, None, "a\0b"],
            "flag": pd.Series([None, None, None], dtype="boolean"),
            "mixed": [True, None, False],
            "count": pd.Series([1, None, 2**40], dtype="Int64"),
            "day": pd.to_datetime(["2021-12-31", None, "1959-01-01"]),
            "amount": [1e15, np.nan, -0.5],
            "grade": ["A", "D", None],
        }
    )
    stata.write(rows, tmp_path / "t.dta", "t" * 300)
    found, meta = pyreadstat.read_dta(tmp_path / "t.dta")
    assert list(found["words"])[:2] == ["专精特新" * 600, ""]
    assert found["count"].tolist()[0] == 1 and found["count"].tolist()[2] == 2**40 and found["amount"][0] == 1e15
    assert found["grade"].tolist() == ["A", "D", ""]  # a code that no list has: text
    assert meta.variable_value_labels["mixed"] == {0: "no", 1: "yes"}
    stata.write(rows.iloc[:0], tmp_path / "none.dta", "")
    assert len(pd.read_stata(tmp_path / "none.dta")) == 0


@pytest.mark.parametrize("kind", ["dta", "parquet", "csv", "xlsx"])
def test_all_tables_are_exported(kind, call, tmp_path):
    done = call("export", "--to", kind, str(tmp_path / "new" / "folder"))
    assert done.returncode == 0, done.stderr
    written = {path.stem: path for path in (tmp_path / "new" / "folder").iterdir()}
    assert sorted(written) == sorted(tables.table_names())
    path, expected = written["spending"], tables.load("spending")
    if kind == "csv":
        assert all(path.read_bytes() == (ROOT / "data" / path.name).read_bytes() for path in written.values())
        return
    if kind == "xlsx":
        found = pd.read_excel(path, dtype={"company_id": "str"}, engine="openpyxl")
    else:
        found = {"dta": pd.read_stata, "parquet": pd.read_parquet}[kind](path)
    assert list(found["company_id"]) == list(expected["company_id"])  # with their zeros
    for column in ("rd_expense_cny", "selling_expense_cny"):
        np.testing.assert_array_equal(found[column].to_numpy(float), expected[column].to_numpy(float))


def test_an_export_that_cannot_be_written_or_is_unknown_is_one_sentence(call, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = call("export", "--to", "dta", str(tmp_path / "file" / "below"))
    assert done.returncode == 1 and done.stderr.startswith("failed: cannot write to")
    assert call("export", "--to", "sav", str(tmp_path)).returncode == 2


def test_an_export_writes_through_no_link_and_leaves_all_or_nothing(call, data, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "other").write_text("kept")
    (folder / "vintages.csv").symlink_to(tmp_path / "other")
    assert call("export", "--to", "csv", str(folder)).returncode == 0
    assert (tmp_path / "other").read_text() == "kept" and not (folder / "vintages.csv").is_symlink()

    def full(source, target):
        if target.name == "vintages.csv":
            raise OSError("no more room")
        target.write_text("half")

    monkeypatch.setattr("lib.bundle.export.shutil.copyfile", full)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = call("export", "--to", "csv", str(folder))
    assert done.returncode == 1 and f"cannot write to {folder} (no more room)" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_export_to_the_folder_of_the_tables_leaves_them_as_they_are(call, data):
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}
    done = call("export", "--to", "csv", str(data), "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()} == before


def test_an_export_makes_no_cohorts_of_the_tables(call, data):
    done = call("export", "--to", "csv", str(data / "cohorts" / "new"), "--data", str(data))
    assert done.returncode == 1 and "would be cohorts there" in done.stderr and not (data / "cohorts" / "new").exists()


def test_the_python_example_of_the_docs_runs(call, tmp_path):
    assert call("export", "--to", "dta", str(tmp_path)).returncode == 0
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1].replace("DIR", str(tmp_path))
    exec(example, names := {"pd": pd})
    expected = tables.load("spending").query("fiscal_year == 2021").groupby("rd_grade")["rd_expense_cny"].mean() / 1e6
    assert names["means"].to_dict() == pytest.approx(expected.to_dict())
