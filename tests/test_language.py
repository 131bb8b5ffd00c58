"""The figures in Chinese: every text has its wording, nothing stays half English, and nothing is cut or lacks a glyph."""

import ast
import re
import string
from datetime import date

import matplotlib
import pandas as pd
import pytest
from changes import CHANGES
from conftest import text_faults
from matplotlib.text import Text

from lib import figures, notebooks, style, tables, words
from lib.bundle.publish import publish
from lib.errors import UserError
from lib.paths import ROOT
from lib.render import gallery, inputs
from lib.rows import cohorts

NAME = "01_rd_against_sm"
#: Each figure with its defaults and with another value of a parameter, and what draws other words than these.
SETS = [
    *((notebook.stem, {}) for notebook in notebooks.figures()),
    *((name, {parameter.name: value}) for name, (parameter, value) in CHANGES.items()),
    ("01_rd_against_sm", {"cohort": "star", "fiscal_year": 2019, "measure": "signed_ratio"}),
    ("01_rd_against_sm", {"cohort": "chinext", "fiscal_year": 2020}),
    ("01_rd_against_sm", {"cohort": "all_listed", "measure": "difference_over_sum", "highlight": ["000001", "688981"]}),
    ("02_public_sector", {"fiscal_year": 2017, "size": "one_column"}),
    ("02_public_sector", {"fiscal_year": 2018, "proxies": False, "weakest_grade": "B"}),
    ("03_who_are_the_93", {"count": 90}),
    ("03_who_are_the_93", {"count": 162}),
    ("03_who_are_the_93", {"count": 163}),
    ("03_who_are_the_93", {"count": 100, "end": "2022-07-01"}),
    ("03_who_are_the_93", {"end": "2022-01-10"}),
    ("04_does_65_hold", {"cohort_list": ["star"], "size": "slide"}),
    ("04_does_65_hold", {"cohort_list": ["chinext"], "years": [2020], "thresholds": [0.5, 2]}),
    ("05_accounting_break", {"cohort": "star"}),
    ("05_accounting_break", {"cohort": "specialised", "minimum_firms": 5}),
    ("06_hard_tech_fields", {"cohort": "specialised", "fiscal_year": 2019, "small": 50}),
    ("06_hard_tech_fields", {"cohort": "star", "fiscal_year": 2019}),
    ("07_huawei_acfic", {"decade_end": 2018, "series": "share_of_revenue", "list_figures": False}),
    ("07_huawei_acfic", {"weakest_grade": "A"}),
    ("07_huawei_acfic", {"weakest_grade": "A", "series": "share_of_revenue"}),
    ("08_services_to_industry", {"cohort": "star", "panel": "all_firms"}),
    ("08_services_to_industry", {"size": "one_column"}),
    ("08_services_to_industry", {"base_year": 2020, "without": ["600941", "999999"]}),
    ("09_label_or_industry", {"outcome": "selling_intensity", "cohort": "chinext", "fiscal_year": 2019}),
    ("09_label_or_industry", {"outcome": "log_ratio", "cohort": "star", "size": "one_column", "minimum_firms": 1000}),
    ("10_valley_of_death", {"cohort": "star", "last_year": 2020}),
    ("10_valley_of_death", {"size": "slide", "minimum_firms": 300}),
]
#: Latin letters that a Chinese text may hold: grades, the names of publishers and of data, and names without a Chinese one.
KEPT = re.compile("(?<![A-Za-z])([ABC]|p(?=\\s*值)|MacroPolo|FinGLM|FRED|Preqin)(?![A-Za-z])")
HAN = "\u3400-\u9fff"


@pytest.fixture(scope="module", params=SETS, ids=[f"{name[:2]}-{values}" for name, values in SETS])
def figure(request):
    name, values = request.param
    return figures.build(name, language="zh", **values)


def drawn(figure) -> list[str]:
    return [text.get_text() for text in figure.drawing.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_nothing_is_cut_or_covered(figure):
    assert text_faults(figure.drawing) == []


def test_nothing_is_left_in_english(figure):
    said = [*drawn(figure), figure.title, figure.subtitle, figure.alt, *figure.notes, figure.source_line]
    with words.speaking("zh"):
        # But for the rows they lead to, and a company's own name and code, which may hold Latin letters.
        said += [re.sub(r"\w+\.csv:\S+" + "|^[^：]*：" * (figure.name == NAME), "", m.words) for m in figure.marks()]
    assert [text for text in said if re.search("[A-Za-z]", KEPT.sub("", text))] == []
    assert all(re.search(f"[{HAN}]", text) for text in (figure.title, figure.subtitle, figure.alt, *figure.notes))


def test_punctuation_is_as_wide_as_the_characters(figure):
    said = [figure.title, figure.subtitle, figure.alt, *figure.notes, figure.source_line]
    assert [text for text in said if re.search(f"[{HAN}][,;:.?!()]|[,;:?!()][{HAN}]", text)] == []
    assert [text for text in [*said, *drawn(figure)] if re.search(r"\d,\d", text)] == []
    assert figure.alt.endswith("。") and figure.source_line.startswith("资料来源：") and not figure.title.endswith("。")


def test_no_line_begins_or_ends_with_a_mark_that_may_not(figure):
    wrapped = [line for text in figure.drawing.texts for line in text.get_text().split("\n")]
    assert [line for line in wrapped if line[:1] in style.CLOSING or line[-1:] in style.OPENING] == []
    if figure.size != "one_column":  # which has its title in the paper's caption
        assert figure.title == "".join(figure.drawing.texts[0].get_text().split("\n"))


def test_pieces_lose_nothing_and_keep_numbers_with_what_they_count():
    text = "“小巨人”企业（共1,234家）占65.4%；R&D and 研发，2021年。"
    with words.speaking("zh"):
        pieces = style._pieces(text)
    assert "".join(pieces) == text
    assert {"“小", "巨", "人”", "（共", "1,234家）", "65.4%；", "R&D", " and", "发，", "2021年。"} <= set(pieces)


def templates() -> dict[str, str]:
    """Every text that the first half of lib says, with where it stands; a text that `say` gets unmarked is a fault."""
    found = {}
    for path in [path for folder in ("", "rows", "figures") for path in sorted((ROOT / "lib" / folder).glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "phrase"):
                place = f"{path.name}:{node.lineno}"
                first = node.args[0]
                assert not isinstance(first, ast.JoinedStr), f"{place}: filled before it is worded"
                if isinstance(first, ast.Constant):
                    found[first.value] = place
                elif node.func.id == "say":
                    assert not loose(first), f"{place}: {loose(first)} is not marked"
    return found


def loose(node: ast.AST) -> list[str]:
    """Texts in an expression that no `mark` holds; what a subscript or a comparison looks up is none."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Compare) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "phrase"
    ):
        return []
    if isinstance(node, ast.Subscript):
        return loose(node.value)
    return [text for child in ast.iter_child_nodes(node) for text in loose(child)]


def written(node: ast.AST) -> list[str]:
    """Texts in an expression as they stand, those in an f-string with them; what a call gives or a key looks up is none."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.FormattedValue):
        return written(node.value)
    if isinstance(node, ast.Call | ast.Compare | ast.Subscript):
        return []
    return [text for child in ast.iter_child_nodes(node) for text in written(child)]


def test_no_drawn_word_goes_past_the_language():
    place_of = {"text": 2, "annotate": 0, "write": 2, "head": 1, "set_xlabel": 0, "set_ylabel": 0}
    loud = []
    for path in [ROOT / "lib" / "style.py", *sorted((ROOT / "lib" / "figures").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if name in place_of and len(node.args) > place_of[name]:
                words = "".join(written(node.args[place_of[name]]))
                loud += [f"{path.name}:{node.lineno}: {words}"] if re.search("[A-Za-z]{2}", words) else []
    assert loud == []


def fields(template: str) -> set[str]:
    """The fields of a text, but for the words that hang on a number, which Chinese has no use for."""
    return {name for _, name, form, _ in string.Formatter().parse(template) if name and "|" not in form}


def test_every_text_has_a_chinese_wording_with_the_same_fields():
    known = words.catalogue("zh")
    for text, place in templates().items():
        assert known.get(text), f"{place}: {text!r} has no wording in zh.po"
    for text, wording in known.items():
        assert fields(text) == fields(wording), f"{text!r} and {wording!r} have other fields"


def test_a_word_in_quotes_is_one_that_the_english_quotes():
    """What is quoted stands elsewhere in the figure or its source; 小巨人 is always quoted, as the ministry does."""
    wordings = words.catalogue("zh")
    quoted = {text: said for text, said in wordings.items() if "“" in said.replace("“小巨人”", "")}
    assert quoted and [text for text in quoted if not re.search(r"(?<!\w)'", text)] == []


def test_no_wording_is_unused():
    frames = [tables.load(name).select_dtypes("string") for name in tables.table_names()]
    cells = {cell for frame in frames for cell in frame.to_numpy().ravel() if isinstance(cell, str)}
    cells |= {cell.split(": ", 1)[1] for cell in cells if ": " in cell}  # a company on a list
    assert set(words.catalogue("zh")) - set(templates()) - cells == set()


def test_a_text_without_a_wording_is_named():
    with words.speaking("zh"), pytest.raises(UserError, match="no Chinese wording of 'never said'"):
        words.say("never said")
    assert words.say("never said") == "never said"


def test_a_name_without_a_chinese_one_stays_as_it_is():
    with words.speaking("zh"):
        assert words.term("Acme 123") == "Acme 123" and words.term("State Grid") == "国家电网"
        row = pd.Series({"company_id": "430198", "name_en": "Suzhou Bearing", "name_zh": pd.NA})
        assert cohorts.company_label(row) == "Suzhou Bearing 430198"
        assert cohorts.company_name(row.replace({pd.NA: "苏轴股份"})) == "苏轴股份"
        assert cohorts.industry_name("Auto parts") == "汽车零部件" and cohorts.industry_name("Mine") == "Mine"


def test_numbers_lists_and_days_are_said_as_in_chinese():
    day = date.fromisoformat
    with words.speaking("zh"):
        assert words.count_word(3) == "3" and words.count_word(1200) == "1200"
        assert words.name_list(["甲"]) == "甲" and words.name_list(["甲", "乙", "丙"]) == "甲、乙和丙"
        assert words.times(1) == "研发费用为销售费用的2.0倍" and words.times(-1) == "销售费用为研发费用的2.0倍"
        assert words.day_words(day("2022-06-01")) == "2022年6月1日"
        assert words.day_words(day("2022-06-01"), day("2022-06-09")) == "2022年6月1日至9日"
        assert words.day_words(day("2022-05-27"), day("2022-06-01")) == "2022年5月27日至6月1日"
        assert words.day_words(day("2021-12-30"), day("2022-01-02")) == "2021年12月30日至2022年1月2日"
        assert [words.gap_words(days) for days in (0, 9, -29)] == ["同日", "9天后", "1个月前"]
        assert words.year_ticks([2019, 2020]) == ["2019", "20"] and words.span_words(2019, 2021) == "2019—2021"
        assert words.billions(97.73) == pytest.approx(977.3) and words.millions(263) == pytest.approx(2.63)
    assert words.billions(97.73) == 97.73 and words.millions(263) == 263


def test_amounts_are_counted_in_hundred_millions():
    english, chinese = (figures.build("07_huawei_acfic", language=language) for language in ("en", "zh"))
    total = english.headline["rebuilt_bn"]
    assert f"{total:,.0f} billion yuan" in english.title and f"{total * 10:.0f}亿元" in chinese.title
    assert chinese.headline == english.headline
    assert "1615" in drawn(chinese) and "161.5" in drawn(english)


@pytest.mark.parametrize("kind", ["live", "published", "svg"])
def test_a_character_without_a_glyph_is_an_error(kind, outputs, monkeypatch):
    figure = figures.build(NAME, language="zh")
    if kind == "svg":  # which the other pictures, drawn before it, would hide
        monkeypatch.setattr("lib.figure.Figure.pdf", figures.build(NAME, language="zh").pdf)
    with style.look("zh"):
        figure.drawing.text(0.5, 0.5, "马\U0001f40e")
    with pytest.raises(UserError, match="signs that the figures' fonts lack"):
        figure._repr_png_() if kind == "live" else publish(figure)


def test_the_live_picture_is_drawn_in_its_own_type_whatever_the_sessions_settings():
    figure = figures.build(NAME, language="zh")
    with style.look("zh"):
        expected = figure.picture(130)
    with matplotlib.rc_context({"font.family": ["DejaVu Sans"], "axes.unicode_minus": False}):
        assert figure._repr_png_() == expected


def test_the_bundle_is_chinese_in_its_words_and_the_same_in_its_numbers(outputs):
    folders = {language: publish(figures.build(NAME, language=language)) for language in ("en", "zh")}
    assert folders["zh"].name == "language=zh"
    texts = {key: (folder / f"{NAME}.csv").read_bytes() for key, folder in folders.items()}
    assert texts["en"] == texts["zh"]
    records = {key: pd.read_json(folder / f"{NAME}.json", typ="series") for key, folder in folders.items()}
    for part in ("headline", "claims", "left_out", "sources", "companies", "rows"):
        assert records["en"][part] == records["zh"][part], part
    assert records["zh"]["source"].startswith("资料来源：") and records["zh"]["title"] != records["en"]["title"]
    text = (publish(figures.build(NAME, language="zh", size="one_column")) / f"{NAME}.tex").read_text(encoding="utf-8")
    caption = re.search(r"\\caption.*", text)[0]
    assert "相同行业的其他公司为" in caption and "。" in caption and ".}" not in caption
    assert "的说明：" in text and "Notes to" not in text
    pdf = (folders["zh"] / f"{NAME}.pdf").read_bytes()
    assert re.search(rb"/FontName /[A-Z]{6}\+NotoSansSC", pdf) and b"/FontFile2" in pdf and len(pdf) < 300_000
    assert publish(figures.build(NAME, language="zh")).joinpath(f"{NAME}.pdf").read_bytes() == pdf


def test_the_page_says_which_words_are_chinese(outputs):
    publish(figures.build(NAME))
    folder = publish(figures.build(NAME, language="zh"))
    gallery.build()
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en-GB">' in page and '<figure class="picture" lang="zh-Hans">' in page
    assert re.search(f'<p lang="zh-Hans">[^<]*[{HAN}]', page)
    default = (folder.parent / "index.html").read_text(encoding="utf-8")
    assert '<figure class="picture">' in default and '<span lang="zh-Hans">' in default


def test_a_changed_wording_draws_the_figure_again():
    known = inputs.of(ROOT / "notebooks" / f"{NAME}.ipynb", [])
    assert known["lib/locale/zh.po"] == inputs.file_hash(ROOT / "lib" / "locale" / "zh.po")


def test_a_users_own_cohort_is_told_from_the_projects_in_chinese_too(data):
    rows = ["name,fiscal_year,rd,sm,code,revenue,industry,currency"]
    for year in (2019, 2020, 2021):
        rows += [
            f"Alpha,{year},{100 + year},2150,688981,9000,半导体及元件,CNY",
            f"Beta,{year},50,20,,300,汽车零部件,CNY",
        ]
    (data / "cohorts" / "my_chips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for name in (NAME, "05_accounting_break", "06_hard_tech_fields", "08_services_to_industry"):
        figure = figures.build(name, cohort="my_chips", language="zh")
        assert text_faults(figure.drawing) == []
        assert "my_chips.csv：由用户提供" in "".join(figure.notes) and "用户提供的my_chips.csv" in figure.source_line
