"""Ten thousand odd values, grids, notebooks and manifests each: every one is read, or refused in a sentence.

Not part of `make test`; run it with `make fuzz`. Where one fails, mend the kind, and keep the smallest input in tests/.
"""

import contextlib
import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from lib import notebooks, parameters
from lib.bundle import folders
from lib.errors import ParameterError, UserError
from lib.paths import notebooks_dir
from lib.render import inputs, run, sweep
from lib.render.manifest import Manifest
from lib.render.values import parameter_values

many = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
FIGURES = {path.stem: path for path in notebooks.figures()}

numbers = st.integers() | st.floats() | st.sampled_from([2021, 0, -1, 10**400, 1e308, 2019.0])
texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "star",
        "2021",
        "True",
        "none",
        "nan",
        "688981",
        "688981,000002",
        "2022-06-01",
        "[]",
        "a=b",
        "../..",
        "~",
        "\x1b[0m",
        "",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
tokens = st.sampled_from(
    [*"{}[]:,-&*!?|>%@#'\"\n\t \\", "a", "&a", "*a", "<<", ": ", "- ", "\n  ", "!!binary ", "!!set ", "!!int ", "!!bool ",
     "!!float ", "!!timestamp ", "!!omap ", "!!str ", "!!null ", "!!python/none ", "2021-01-01", "2021-13-45", "0x1f", ".nan",
     ".inf", "1e400", "1:30", "0b2", "~", "yes", "=", "---", "...", "product", "zip", "list", "cohort", "fiscal_year", "star",
     "\\ud800", "\ufeff", "\x00", "\x85"]
)  # fmt: skip
yaml_texts = st.lists(tokens, max_size=14).map("".join) | texts


@many
@given(st.sampled_from(sorted(parameters.TYPES)), anything)
def test_a_typed_value_is_taken_or_refused_and_taken_again_as_it_is(kind, value):
    try:
        checked = parameters.check("x", parameters.TYPES[kind], value)
    except ParameterError as error:
        assert str(error).startswith("x: ")
        return
    json.dumps(checked, allow_nan=False)
    assert parameters.check("x", parameters.TYPES[kind], checked) == checked


@many
@given(st.sampled_from(sorted(FIGURES)), st.data())
def test_a_figures_folder_is_a_name_or_the_call_is_refused(figure, data):
    declared = notebooks.declared(FIGURES[figure])
    values = {name: data.draw(anything) for name in data.draw(st.sets(st.sampled_from(sorted(declared)), max_size=3))}
    try:
        task = run.job(figure, **values)
    except ParameterError:
        return
    assert all(0 < len(part.encode()) <= 255 for part in task.folder.split("/")) and task.folder.isprintable()
    assert folders.folder_of(task.notebook, task.values) == task.folder


@many
@given(st.lists(yaml_texts, max_size=2), st.lists(texts, max_size=2), st.lists(texts, max_size=2))
def test_what_a_command_line_gives_is_json_and_reaches_the_kernel_as_it_is(yamls, pairs, raw):
    try:
        values = parameter_values(yamls=yamls, pairs=pairs, raw=raw)
    except ParameterError as error:
        assert len(str(error)) < 2000
        return
    values = {
        f"v{number}": str(v) if isinstance(v, notebooks.Unread) else v for number, v in enumerate(values.values())
    }
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    namespace = {}
    exec(PythonTranslator.codify(values), {}, namespace)
    assert {name: namespace[name] for name in values} == values


@many
@given(yaml_texts)
def test_a_grid_gives_jobs_or_is_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "grid.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        jobs = sweep.jobs(FIGURES["01_rd_against_sm"], path)
    except ParameterError:
        return
    assert len({job.folder for job in jobs}) == len(jobs) > 0


def mutated(content, random):
    """A copy of JSON content with a few parts replaced, dropped, doubled or cut."""
    content = copy.deepcopy(content)
    odd = (None, 5, -1.5, "", "x", [], {}, [[]], {"a": {}}, True, "\ud800", "\x00", ["a", 1], 10**20)
    for _ in range(random.randint(1, 3)):
        holder, key = [content], 0
        while isinstance(holder[key], (dict, list)) and holder[key] and random.random() < 0.85:
            holder = holder[key]
            key = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
        part, what = holder[key], random.random()
        if what < 0.5:
            holder[key] = copy.deepcopy(random.choice(odd))
        elif what < 0.7 and holder is not None and len(holder) > 1:
            del holder[key]
        elif isinstance(part, str) and part:
            cut = random.randrange(len(part))
            holder[key] = (
                part[:cut]
                + random.choice(["", "(", "[]", "'", "\\", "%", "!", "\n", " ", "{[]: 1}", "é"])
                + part[cut + 1 :]
            )
        elif isinstance(part, list):
            part.extend(part[:2])
    return content


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "own.ipynb"


@many
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(FIGURES)))
def test_a_notebook_is_read_or_refused(own, random, figure):
    content = mutated(json.loads(FIGURES[figure].read_text(encoding="utf-8")), random)
    own.write_text(json.dumps(content), encoding="utf-8")
    try:
        values = notebooks.check_all(own, {})
        folder = folders.folder_of(own, values)
        assert folder == "own", folder
        assert notebooks.heading(own)
        inputs.of(own, [])
    except UserError as error:
        assert "own.ipynb" in str(error)


PIECES = ["x", "y", " = ", ": int", "1", "'a'", "60*60", "(1, 2)", "{[]: 1}", "f'{x}'", "\n", "\n", "  ", "%matplotlib inline",
          "!ls", "%%time", "x?", "# note", "(", ")", "\\", ";", "lambda: 0", "...", "b'a'", "1e999", "-1", "*a, b", "\f", "\t",
          "if x:", "import lib.claims", "from . import x", "'''", "é", "\x00", "1_0", "0777", "print(", "yield", "await x"]  # fmt: skip


@many
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_any_code_in_a_parameters_cell_declares_what_json_has_or_is_refused(own, source):
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    own.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}), encoding="utf-8")
    inputs.of(own, [])
    try:
        values = notebooks.check_all(own, {})
    except UserError as error:
        assert "own.ipynb" in str(error)
        return
    assert json.loads(json.dumps(values, allow_nan=False)) == values


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """What a manifest may hold, and its path."""
    outputs = tmp_path_factory.mktemp("outputs")
    written, task = Manifest(outputs), run.job("6")
    for outcome in (run.Outcome(task, inputs.of(task.notebook, []), {"a.png": "0"}), run.Outcome(run.job("3"))):
        written.record(outcome)
    return json.loads(written.path.read_text(encoding="utf-8")), written.path


@many
@given(st.randoms(use_true_random=False))
def test_whatever_a_manifest_holds_there_is_a_reason_to_render_or_none(manifest, random):
    content, path = manifest
    path.write_text(json.dumps(mutated(content, random)), encoding="utf-8")
    read = Manifest(path.parent)
    jobs = run.kept_apart([run.job("6"), run.job("3")], read)
    assert all(isinstance(reason, str) for task in read.longest_first(jobs) for reason in read.why(task))
    read.gallery_is_behind()


@many
@given(texts | st.sampled_from(["²", "٣", "9" * 5000, "a.ipynb", "\x00.ipynb", notebooks_dir().name]))
def test_any_word_is_a_figure_or_a_wrong_call(word):
    with contextlib.suppress(ParameterError):
        assert notebooks.find(word).suffix == ".ipynb"
