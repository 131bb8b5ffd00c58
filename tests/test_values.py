"""Values as a command line gives them, and the folders that they name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import notebooks
from lib.bundle import folders
from lib.errors import ParameterError
from lib.paths import notebooks_dir
from lib.render import run, sweep
from lib.render.manifest import Manifest
from lib.render.values import parameter_values

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


def notebook(path, source):
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{name: !!binary aW1wb3J0IG9z}", "binary"),
        ("{name: !!pairs [a: 1]}", "pairs"),
        ("{name: !!omap [a: 1]}", "omap"),
        ("{name: !!set {a, b}}", "set"),
        ("{name: !!timestamp 2021-01-01}", "timestamp"),
        ("{name: !!python/object/apply:os.system [ls]}", "python"),
        ("{name: !!bool maybe}", "not YAML"),
        ("{name: !!int ''}", "not YAML"),
        ("{name: .inf}", "no number"),
        ("{name: {a: .nan}}", "-y, name, a: nan is no number"),
        ("{1: 2}", "the name 1 is not text"),
        ("{a: {null: 2}}", "the name None is not text"),
        ("{name: 0x" + "f" * 2000 + "}", "at most 300 digits"),
        ("{name: " + "9" * 5000 + "}", "not YAML"),
        ('{name: "\\ud800"}', "half a character"),
        ("{name: " + "[" * 5000 + "]" * 5000 + "}", "not YAML"),
        ("&a {name: *a}", "an alias within itself"),
        (BOMB, "too large with its aliases"),
        ("a: &a {b: 1}\nc: {<<: *a}\nd: {<<: [*a, 5]}", "not YAML"),
        ("\x00", "not YAML"),
        ("{a: 1, a: 2}", "-y: 'a' stands there twice"),
        ("b: {product: {a: [1], a: [2]}}", "'a' stands there twice"),
    ],
)
def test_only_what_json_has_is_a_value(text, words):
    with pytest.raises(ParameterError, match=words):
        parameter_values(yamls=[text])


def test_dates_stay_text_and_pairs_stay_as_typed():
    assert parameter_values(yamls=["{a: 2021-01-01, b: 2021-13-45, c: 2021-12-31 10:00:00}"]) == {
        "a": "2021-01-01", "b": "2021-13-45", "c": "2021-12-31 10:00:00",
    }  # fmt: skip
    assert parameter_values(yamls=["a: &x [1]\nb: *x"], pairs=["c=1"]) == {"a": [1], "b": [1], "c": "1"}
    with pytest.raises(ParameterError, match="-r x: write it as"):
        parameter_values(raw=["x"])
    with pytest.raises(ParameterError, match="half a character"):
        parameter_values(pairs=["x=\udcff"])


def test_a_number_that_json_lacks_is_refused_where_no_type_does(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "x = 1")
    for text in ("nan", "inf", "1e999", "9" * 5000):
        with pytest.raises(ParameterError, match=r"x: \w+ is no number that can be handed on"):
            notebooks.check_all(path, parameter_values(pairs=[f"x={text}"]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["1", "1.0", "True", "true", "None", "none", "a b", "a/b", "a+b", "a,b", "A", "a", "inf", "x~1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip


@given(st.tuples(JSON, JSON), st.tuples(JSON, JSON))
def test_no_two_sets_of_values_share_a_folder_and_each_is_a_name_that_disks_take(tmp_path_factory, one, other):
    path = notebook(tmp_path_factory.getbasetemp() / "any" / "any.ipynb", "x = 5\ny = 5")
    named = [folders.folder_of(path, {"x": x, "y": y}) for x, y in (one, other)]
    as_json = [json.dumps(values, sort_keys=True) for values in (one, other)]
    assert (named[0].lower() == named[1].lower()) == (as_json[0] == as_json[1])
    for part in named[0].split("/"):
        assert len(part.encode()) <= 255 and not part.startswith(".") and part.isprintable()


def test_plain_values_are_read_in_the_folders_name(tmp_path):
    path = notebook(tmp_path / "own.ipynb", "x = 5")
    for value, name in ((6, "x=6"), (0.5, "x=0.5"), (True, "x=True"), ("shenzhen", "x=shenzhen"), ("深圳", "x=深圳")):
        assert folders.folder_of(path, {"x": value}) == f"own/{name}"
    assert folders.folder_of(path, {"x": "a b"}).startswith("own/x=a-b~")
    figure = notebooks_dir() / "01_rd_against_sm.ipynb"
    assert folders.folder_of(figure, {"highlight": ["688981", "000002"]}) == f"{figure.stem}/highlight=688981+000002"
    assert len(folders.folder_of(path, {"x": "深" * 200}).split("/")[1].encode()) < 120


@pytest.mark.parametrize("name", ["..", ".", "manifest.json", "Manifest.JSON", "index.html", ".lock", "a\x1b[31mb", "a.",
                                  "a:b", "01_rd_against_sm", "深" * 80, "x" * 249, "a\udcffb"])  # fmt: skip
def test_a_notebooks_folder_is_its_own_whatever_its_name(tmp_path, name):
    path = notebook(tmp_path / f"{name}.ipynb", "x = 5")
    folder = folders.folder_of(path, {})
    assert "~" in folder and "/" not in folder and not folder.startswith(".") and folder.isprintable()
    assert len(folder.encode()) < 120
    other = notebook(tmp_path / "elsewhere" / f"{name}.ipynb", "x = 5")
    assert folders.folder_of(other, {}, apart=True) != folders.folder_of(path, {}, apart=True)


def test_of_two_notebooks_of_one_name_the_second_has_its_path_in_its_folder(tmp_path, outputs):
    paths = [notebook(tmp_path / where / "same.ipynb", "x = 5") for where in ("a", "b")]
    first, second, again = run.kept_apart(
        [run.job(str(path)) for path in (*paths, paths[0])] + [run.job("1")], Manifest()
    )
    assert first.folder == "same" and second.folder.startswith("same~") and again.folder == "01_rd_against_sm"
    manifest = Manifest()
    manifest.record(run.Outcome(second))
    manifest.record(run.Outcome(first))
    for path, job in zip(paths, (first, second), strict=True):  # whichever comes alone, later
        assert [job.folder] == [one.folder for one in run.kept_apart([run.job(str(path))], Manifest())]


@pytest.mark.parametrize("word", ["²", "9" * 5000, "x" * 5000 + ".ipynb", "a\0.ipynb", "", "-", "٣"])
def test_no_word_for_a_figure_is_more_than_a_wrong_call(word):
    with pytest.raises(ParameterError, match="there is no figure"):
        notebooks.find(word)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("list: 5", "list: give a list of sets"),
        ("list: abc", "list: give a list of sets"),
        ("product: {1: [2]}", "the name 1 is not text"),
        ("product: 5", "product: give each parameter a list"),
        ("zip: {cohort: 5}", "zip: give each parameter a list"),
        ("[" * 5000, "not YAML"),
        (
            "product: {" + ", ".join(f"p{n}: &a{n} [0,1,2,3,4,5,6,7,8,9]" for n in range(10)) + "}",
            "10,000,000,000 sets",
        ),
        ("zip: {fiscal_year: [" + "2020, " * 10_001 + "]}", "10,001 sets"),
        ("{zip: {fiscal_year: [" + "2020, " * 5_000 + "]}, list: [" + "{}, " * 5_001 + "]}", "10,001 sets"),
        ("list: [{cohort: !!binary aaaa}]", "binary"),
    ],
)
def test_a_grid_that_is_none_is_refused_before_anything_runs(tmp_path, text, words):
    path = tmp_path / "g.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=words):
        sweep.jobs(notebooks.find("1"), path)


def test_a_sets_value_differs_by_type_too(tmp_path):
    path = notebook(tmp_path / "own.ipynb", "name = 'x'")
    grid = tmp_path / "g.yml"
    grid.write_text('product: {name: ["a b", "a/b", [a, b], [a+b], 1, "1", 1.0, true]}', encoding="utf-8")
    jobs = sweep.jobs(path, grid)
    assert len({job.folder.lower() for job in jobs}) == len(jobs) == 8
