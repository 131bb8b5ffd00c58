import gc
import json
import sys
import threading
from pathlib import Path

import pytest

from lib import notebooks, parameters, tables
from lib.errors import ParameterError, UserError


@pytest.fixture(autouse=True)
def own_notebooks(tmp_path, monkeypatch):
    monkeypatch.setenv("FIGURES_NOTEBOOKS", str(tmp_path))


def notebook(path, source, tags=("parameters",)):
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def check(type_name, value):
    return parameters.check("x", parameters.TYPES[type_name], value)


@pytest.mark.parametrize("kind", parameters.TYPES)
def test_half_a_character_is_refused_in_a_sentence(kind):
    for value in ("\ud800", ["000001", "\udcff"], "2021-\ud800"):
        with pytest.raises(ParameterError, match=r"x: .* is not text; half a character"):
            check(kind, value)


def test_declarations_are_read_from_the_parameters_cell(tmp_path):
    source = 'year: FiscalYear = 2021  # which year\nfirms: CompanyCodes = ["000001"]\n'
    found = notebooks.declared(notebook(tmp_path / "01_a.ipynb", source))
    assert [(p.name, p.type, p.default, p.help) for p in found.values()] == [
        ("year", "FiscalYear", 2021, "which year"),
        ("firms", "CompanyCodes", ["000001"], ""),
    ]


@pytest.mark.parametrize(
    ("source", "tags", "message"),
    [
        ("x: Unknown = 1", ("parameters",), "type Unknown"),
        ("x: = 1", ("parameters",), "line 1 of the parameters cell"),
        ("x: FiscalYear = 2021", (), "no cell tagged 'parameters'"),
        ("x = 1", ("parameters",), "has the type none"),
        ("x: FiscalYear = 2020 + 1", ("parameters",), "needs a plain value"),
    ],
)
def test_a_notebook_with_a_wrong_declaration_is_named(tmp_path, source, tags, message):
    with pytest.raises(UserError, match=message):
        notebooks.declared(notebook(tmp_path / "01_a.ipynb", source, tags))


def test_any_other_notebook_may_declare_in_the_plain_way(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = notebook(tmp_path / "elsewhere" / "01_a.ipynb", "alpha = 0.6  # mixing\nbeta: int = 3\n")
    found = notebooks.declared(path)
    assert [(p.name, p.default, p.help) for p in found.values()] == [("alpha", 0.6, "mixing"), ("beta", 3, "")]
    assert notebooks.check_all(path, {"alpha": "x"}) == {"alpha": "x", "beta": 3}
    with pytest.raises(ParameterError, match="no parameter alhpa; did you mean alpha"):
        notebooks.check_all(path, {"alhpa": 1})


def test_what_only_a_run_can_compute_is_a_parameter_too_where_the_notebook_is_no_figure(tmp_path):
    source = (
        "%matplotlib inline\nx = 60*60  # seconds\nd = {'a': 1}\nt = (1, 2)\nname = f'{x} s'\nbig = 10**30\n"
        "a, (b, *c) = one = list('abc')\nhuge = 1e999\n"
    )
    path = notebook(tmp_path / "a.ipynb", source)
    found = notebooks.declared(path)
    assert list(found) == ["x", "d", "t", "name", "big", "a", "b", "c", "one", "huge"]
    assert found["x"].help == "seconds"
    assert notebooks.check_all(path, {"b": 1}) == {"d": {"a": 1}, "b": 1}
    with pytest.raises(ParameterError, match="no parameter x; it has none"):
        notebooks.check_all(notebook(tmp_path / "b.ipynb", "1", tags=()), {"x": 1})


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "a.ipynb").write_text("{")
    with pytest.raises(UserError, match=r"a\.ipynb is not a notebook"):
        notebooks.declared(tmp_path / "a.ipynb")


CELL = {"cell_type": "code", "metadata": {}, "source": "1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "is not a notebook"),
        (None, "is not a notebook"),
        ({"cells": []}, "is not a notebook"),
        ({"nbformat": 3, "worksheets": []}, "nbformat 3; open it in JupyterLab"),
        ({"nbformat": 5, "cells": []}, "nbformat 5; open it in JupyterLab"),
        ({"nbformat": 4}, "cells: input should be a valid tuple"),
        ({"nbformat": 4, "cells": {}}, "cells: input should be a valid tuple"),
        ({"nbformat": 4, "cells": [3]}, "cell 1: "),
        ({"nbformat": 4, "cells": [CELL, {"cell_type": "code", "source": ""}]}, "cell 2, metadata: field required"),
        ({"nbformat": 4, "cells": [CELL | {"metadata": {"tags": 5}}]}, "cell 1, metadata, tags: "),
        ({"nbformat": 4, "cells": [CELL | {"source": [1]}]}, "cell 1, source: "),
        ({"nbformat": 4, "cells": [CELL | {"cell_type": "heading"}]}, "cell 1, cell_type: "),
        ({"nbformat": 4, "metadata": 5, "cells": []}, "is not a notebook"),
        ({"nbformat": 4, "metadata": {"kernelspec": {"language": "R"}}, "cells": []}, "is written in R"),
        ({"nbformat": 4, "metadata": {"language_info": {"name": "julia"}}, "cells": []}, "is written in julia"),
    ],
)
def test_a_notebook_of_another_kind_is_one_sentence(tmp_path, content, words):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=f"^a.ipynb.*{words}"):
        notebooks.declared(path)


@pytest.mark.parametrize(
    "source",
    ["a = {[]: 1}", "a = '\0'", "a = '\ud800'", "a = " + "[" * 5000 + "]" * 5000, "a = " + "-" * 100_000 + "1"],
)
def test_odd_code_in_a_parameters_cell_is_one_sentence(tmp_path, source):
    with pytest.raises(UserError, match=r"not Python|needs a plain value"):
        notebooks.declared(notebook(tmp_path / "01_a.ipynb", source.replace("a =", "a: FiscalYear =")))


@pytest.mark.parametrize("figure", notebooks.figures(), ids=lambda path: path.stem)
def test_every_default_is_allowed_and_explained(figure):
    for parameter in notebooks.declared(figure).values():
        assert parameter.check(parameter.default) == parameter.default
        assert parameter.help, parameter.name


def test_text_from_the_command_line_takes_the_type():
    assert check("FiscalYear", "2020") == 2020
    assert check("CompanyCodes", "000002, 600519") == ["000002", "600519"]
    assert check("CompanyCodes", "") == []
    assert check("YesNo", "false") is False
    assert check("BoardDay", "20220601") == "2022-06-01" and check("BoardCount", "93") == 93


@pytest.mark.parametrize(
    ("type_name", "value", "words"),
    [
        ("FiscalYear", 1999, "2019, 2020, 2021"),
        ("FiscalYear", "twenty", "2019, 2020, 2021"),
        ("Cohort", "speciallised", "did you mean specialised?"),
        ("Cohort", "bse", "run `python -m lib refresh bse`"),
        ("RatioMeasure", "log", "log_ratio, signed_ratio, difference_over_sum"),
        ("EvidenceYear", 2016, "2017, 2018"),
        ("EvidenceGrade", "A", "B, C"),
        ("YesNo", "maybe", "True, False"),
        ("BoardDay", "2022-02-30", "is not a day"),
        ("BoardCount", "0", "1 to 165"),
        ("CompanyCodes", "2", "did you mean 000002?"),
        ("CompanyCodes", "٠٠٠٠٠٢", "six-digit"),
        ("CompanyCodes", [2], "does not fit"),
        ("CompanyCodes", "{}", "six-digit"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(type_name, value, words):
    with pytest.raises(ParameterError) as error:
        check(type_name, value)
    assert str(error.value).startswith("x: ") and words in str(error.value)


@pytest.mark.parametrize("code", ["{}", "1234567"])
def test_no_code_is_proposed_that_is_none(code):
    with pytest.raises(ParameterError) as error:
        check("CompanyCodes", code)
    assert "did you mean" not in str(error.value)


def test_the_first_fault_of_a_list_is_told():
    with pytest.raises(ParameterError, match="x: 2 does not fit"):
        check("CompanyCodes", [2, "000001", 3])


@pytest.mark.parametrize(
    ("type_name", "fits", "too_far"),
    [
        ("FirmCount", [1, 1000], [0, 1001]),
        ("BoardCount", [1, 165], [0, 166]),
        ("BoardDay", ["2021-11-16", "2023-04-28"], ["2021-11-15", "2023-04-29"]),
        ("MultipleList", [[0.01], [100]], [[], [0], [1, 100.5]]),
    ],
)
def test_a_range_ends_where_it_says(type_name, fits, too_far):
    assert [check(type_name, value) for value in fits] == fits
    for value in too_far:
        with pytest.raises(ParameterError):
            check(type_name, value)


def test_years_come_from_the_data(data, edit):
    edit("spending", {"company_id": "000007", "fiscal_year": "2020"}, "fiscal_year", "2024")
    with (data / "spending.csv").open("a", encoding="utf-8") as file:
        file.write("000008\n51job,2025\n")  # a row that breaks off before the year, and a company with no code
    assert parameters.fiscal_years() == [2019, 2020, 2021, 2024]
    assert parameters.allowed(parameters.LaterYear) == [2020, 2021, 2024]
    assert parameters.allowed(parameters.BaseYear) == [2019, 2020, 2021]


def test_years_of_statements_are_those_of_their_tables():
    figures, shares = tables.load("cited_figures"), tables.load("public_sector")
    sums = figures.loc[figures["item"] == "rd_cumulative_10y", "fiscal_year"]
    assert parameters.decade_ends() == sorted(set(sums))
    spans = shares.loc[shares["item"].isin(parameters.SHARE_ITEMS), ["fiscal_year", "last_fiscal_year"]]
    assert parameters.evidence_years() == [
        year
        for year in range(2000, 2100)
        if ((spans["fiscal_year"] <= year) & (spans["last_fiscal_year"] >= year)).any()
    ]


def test_a_cohort_of_the_project_is_described_as_it_is():
    assert parameters.described("star") == ("STAR companies", "companies on Shanghai's STAR board")


def test_only_bse_waits_for_its_expenses(monkeypatch):
    waiting = parameters.cohorts_with_data()
    monkeypatch.setattr(parameters, "has_bse_expenses", lambda: True)
    assert parameters.cohorts_with_data() == list(parameters.COHORTS) and {*parameters.COHORTS} - {*waiting} == {"bse"}


def test_what_python_warns_of_in_a_notebooks_code_is_left_to_its_kernel(recwarn):
    notebooks.parsed("x = 1or 2; y = '\\d'")
    assert not recwarn.list


def test_threads_may_parse_at_once():
    class Busy:
        """Garbage that takes a while to clear away, so that threads change over in the middle of things."""

        def __init__(self):
            self.itself = self

        def __del__(self):
            sum(range(50))

    code = Path(parameters.__file__).read_text(encoding="utf-8")
    wrong, before = [], (gc.get_threshold(), sys.getswitchinterval())

    def read():
        for _ in range(40):
            Busy()
            try:
                notebooks.parsed(code)
            except SystemError as error:
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    gc.set_threshold(1)
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before[0])
        sys.setswitchinterval(before[1])
    assert wrong == []


def test_a_folder_without_tables_is_named_rather_than_a_list_of_nothing(call, data, tmp_path):
    (tmp_path / "empty").mkdir()
    done = call("render", "1", "-p", "fiscal_year=2021", "--data", str(tmp_path / "empty"))
    assert done.returncode == 2 and "holds no codebook" in done.stderr
    (data / "spending.csv").write_text("", encoding="utf-8")
    with pytest.raises(
        ParameterError,
        match=r"nothing is allowed, since the tables in .* say of nothing that it is; see `python -m lib check`",
    ):
        parameters.check("fiscal_year", parameters.FiscalYear, 2021)
