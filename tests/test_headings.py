"""What an export's titles, headers and columns say of its amounts: taken at their word, or refused in a sentence."""

import pytest
from vendors import text, workbook

from lib.vendor import convert, headings, layouts, readers

BARE = ["证券代码", "证券简称", "年度", "研发费用", "销售费用"]
HEAD = [*BARE[:3], "研发费用(元)", "销售费用(元)"]
ROW = ["430198.BJ", "微创光电", 2021, 2e6, 3e6]
NO_YEAR, FIRM = [*HEAD[:2], *HEAD[3:]], [*ROW[:2], *ROW[3:]]


@pytest.fixture(autouse=True)
def data(no_cohorts):
    return no_cohorts


def refused(rows, **answers) -> str:
    """What is said of a table that is not taken."""
    done = convert.convert("a.csv", rows if isinstance(rows, bytes) else text(rows), name="mine", **answers)
    assert done.cohort is None and str(done.problem).endswith((".", ")"))
    return str(done.problem)


def taken(rows, file="a.csv", **answers):
    """The rows that a table becomes."""
    done = convert.convert(file, rows if isinstance(rows, bytes) else text(rows), name="mine", **answers)
    assert done.problem is None, done.problem
    return done.cohort.rows


# Money


@pytest.mark.parametrize(
    "title",
    [
        "(in thousands of U.S. dollars)", "In thousands of Hong Kong dollars", "(HKD in millions)", "USD in thousands", "US$ in millions",
        "Unit: million USD", "Units: thousands of US dollars", "Unit: thousand, currency USD", "in millions, US dollars",
        "in thousands of Swiss francs", "in millions of won", "in millions of zloty", "单位：万 美元", "单位：百万 港元", "单位：千 USD",
        "货币单位：百万 美元", "单位：元 币种：澳元", "单位：元；货币：KRW", "amounts in HK dollars", "注：金额以美元列示", "注：全部金额已按年末汇率折算为美元",
    ],
)  # fmt: skip
def test_a_title_in_another_currency_is_refused(title):
    assert "says amounts in" in refused([[title], BARE, ROW], unit="元")


@pytest.mark.parametrize(
    "title",
    [
        "单位：十万元",
        "单位：百元",
        "单位：元/股",
        "单位：%",
        "币种：瑞典克朗",
        "货币：越南盾",
        "Currency: SEK",
        "币种：新元",
    ],
)
def test_so_is_one_in_a_unit_or_a_currency_that_is_not_known(title):
    assert "says amounts in" in refused([[title], BARE, ROW], unit="元")


@pytest.mark.parametrize(
    "title",
    ["编制单位：某某元器件公司", "币种：CNY(人民币)", "Currency: --", "币种：原始货币", "单位：家", "金额：5亿元"],
)
def test_what_stands_behind_a_label_and_is_no_other_money_keeps_no_table_out(title):
    assert taken([[title], HEAD, ROW])[0]["rd"] == "2000000"


@pytest.mark.parametrize("title", ["货币单位：美元", "Currency: USD", "注：金额以美元列示"])
def test_so_is_a_footer(title):
    assert "says amounts in" in refused([BARE, ROW, [title]], unit="元")


@pytest.mark.parametrize("sign", ["研发费用$", "R&D expense €", "研发费用(£)", "研发费用 USD mn", "研发费用(百万美元)"])
def test_so_is_a_column(sign):
    assert "amounts in" in refused([[*BARE[:3], sign, BARE[4]], ROW], unit="元")


@pytest.mark.parametrize(
    ("title", "factor"),
    [
        ("金额单位均为人民币千元", 1_000), ("以上数据均为万元", 10_000), ("数据单位=万元", 10_000), ("單位：人民幣千元", 1_000), ("以万元计", 10_000), ("RMB million, consolidated", 1_000_000), ("Currency: CNY; Scale: mn", 1_000_000),
        ("（金额单位：人民币万元）", 10_000), ("单位：万元（除特别注明外）", 10_000), ("单位为万元", 10_000), ("利润表（万元）", 10_000), ("币种：人民币 单位：元", 1), ("(RMB'000)", 1_000),
        ("Amounts in RMB million, audited", 1_000_000), ("in thousands of yuan", 1_000), ("Unit: CNY million", 1_000_000), ("万元", 10_000),
    ],
)  # fmt: skip
def test_a_title_states_the_unit_of_all_amounts(title, factor):
    line = [*ROW[:3], 200, 300]
    for rows in ([[title], BARE, line], [["利润表", title], BARE, line], [BARE, [title], line]):
        assert float(taken(rows)[0]["rd"]) == 200 * factor
    assert layouts.understood(readers.read("a.csv", text([[title], BARE, line]))).said[0].unit == factor


def test_a_unit_may_stand_beside_its_label():
    line = [*ROW[:3], 2, 3]
    for title in (["单位", "亿元"], ["利润表", None, None, "单位", "亿元"]):
        assert float(taken([title, BARE, line])[0]["rd"]) == 2e8


@pytest.mark.parametrize(
    "words",
    ["https://example.org", "Jin M. Wang", "编制单位：某某股份有限公司", "单位：家", "归属于母公司股东的净利润", "A-合并报表，B-母公司报表", "Printed in 2022", "Listed in Hong Kong"],
)  # fmt: skip
def test_a_title_without_a_unit_states_nothing(words):
    assert headings.stated(words) is None


@pytest.mark.parametrize(
    "note", ["注：销售费用不含母公司承担部分", "注：本表数据非母公司口径", "注：甲公司2021年半年报后更名"]
)
def test_a_footer_is_believed_where_it_bears_a_label_alone(note):
    assert len(taken([HEAD, ROW, [note]])) == 1


def test_a_title_among_the_rows_counts_for_all():
    rows = [["代码", "研发费用", "销售费用"], ["单位：元"], ["430198", 1e6, 2e6], ["单位：万元"], ["430418", 1e6, 2e6]]
    assert "two units" in refused(rows, year=2021)


# Statements and periods


@pytest.mark.parametrize(
    "title",
    [
        "母公司利润表",
        "母公司报表",
        "母公司利润表（未经合并）",
        "报表类型：母公司报表（非合并报表）",
        "Standalone statements",
        "个别财务报表",
        "Company only",
    ],
)
def test_a_title_of_the_parent_company_is_refused(title):
    for rows in ([[title], HEAD, ROW], [HEAD, [title], ROW]):
        assert "says parent company figures" in refused(rows)


def test_a_day_beside_a_company_without_amounts_is_no_title():
    rows = [
        ["公司", "年度", "上市日期", *HEAD[3:]],
        ["甲", 2021, "2015-06-30", 1e6, 2e6],
        ["乙", 2021, "2015-06-30", "--", "--"],
    ]
    assert len(taken(rows)) == 1


def test_titles_that_say_nothing_that_is_known_are_reported():
    rows = [["公司利润表", "单位：元"], ["年初至报告期末"], ["单位", "元"], NO_YEAR, ["业绩快报"], FIRM]
    report = convert.convert("a.csv", text(rows), year=2021).report
    said = [line for line in report if "above the table" in line]
    assert said == [f"  not read: '{words}', above the table" for words in ("公司利润表", "年初至报告期末", "业绩快报")]


def test_a_header_that_names_a_year_and_no_line_is_reported():
    rows = [["代码", "研发费用2021(元)", "2020", "销售费用2021(元)", "2020"], ["430198", 1e6, 2e6, 3e6, 4e6]]
    done = convert.convert("a.csv", text(rows))
    assert "  left out, column C (2020), which names a period and no line: 1" in done.report


def test_a_header_once_more_states_nothing_of_the_other_columns():
    rows = [[*HEAD, "净利润(万元)", "收盘价(美元)"], [*ROW, 1, 2]]
    assert len(taken([*rows, rows[0], [*OTHER, 1, 2]])) == 2


def test_a_title_that_names_consolidated_statements_is_heard():
    said = convert.convert("a.csv", text([["利润表(合并报表)"], HEAD, ROW]), name="mine").report
    assert "statements: consolidated" in "\n".join(said) and "not read" not in "\n".join(said)


def test_a_sheets_name_counts_as_a_title():
    done = convert.convert("a.xlsx", workbook([HEAD, ROW], title="母公司利润表"), name="mine")
    assert "'母公司利润表' says parent company figures" in str(done.problem)


@pytest.mark.parametrize("title", ["上期金额", "上年同期", "同比"])
def test_a_line_on_another_period_below_the_header_is_refused(title):
    assert f"'{title}' figures" in refused([HEAD, [title], ROW])


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (["证券代码", "证券简称(万元)", "年度"], "says 10,000 yuan"), (["代码（单位：万元）", "证券简称", "年度"], "says 10,000 yuan"),
        (["证券代码", "证券简称", "年度（美元）"], "says amounts in 美元"), (["证券代码", "证券简称(母公司报表)", "年度"], "says parent company"),
    ],
)  # fmt: skip
def test_the_header_of_companies_and_years_counts_as_a_title(head, words):
    assert words in refused([[*head, *BARE[3:]], ROW], unit="元")


@pytest.mark.parametrize(
    ("words", "said"), [("单位：万元", "says 10,000 yuan"), ("美元", "says amounts in 美元"), ("2020年", "says 2020")]
)
def test_so_does_that_of_an_empty_column(words, said):
    assert said in refused([[*BARE[:2], *BARE[3:], words], [*ROW[:2], *ROW[3:], None]], unit="元", year=2021)


@pytest.mark.parametrize("words", ["净利润(万元)", "研发投入(亿元)", "市值(美元)", "2021-06-30"])
def test_the_header_of_another_line_states_nothing_even_where_it_is_empty(words):
    assert taken([[*HEAD, words], [*ROW, None]])[0]["rd"] == "2000000"


def test_years_in_a_column_that_is_not_known_are_reported_beside_the_one_that_is_given():
    rows = [["证券代码", "统计年", *HEAD[3:]], ["430198", 2020, 1e6, 2e6]]
    said = "  not read: column B (统计年), in which other years stand"
    assert said in convert.convert("a.csv", text(rows), year=2021).report
    assert said not in convert.convert("a.csv", text(rows), year=2020).report


def test_an_exponent_that_may_have_cost_digits_is_reported():
    rows = [HEAD, [*ROW[:3], "3.14e+07", "3.139340000000000e+07"]]
    said = "  written with an exponent, and so perhaps rounded: 1, such as 3.14e+07 in row 2"
    assert said in convert.convert("a.csv", text(rows)).report


def test_a_table_turned_round_is_named():
    rows = [["证券代码", "430198", "430418"], ["研发费用(元)", 1e6, 2e6], ["销售费用(元)", 1e6, 2e6]]
    assert "turn the table round" in refused(rows) and "with its header" in refused([["甲", "乙"], [1, 2]])


@pytest.mark.parametrize("kind", ["a.csv", "a.xlsx"])
def test_pandas_pivots_are_read(kind):
    rows = [[None, None, "研发费用", "研发费用", "销售费用", "销售费用"], [None, "年度", 2020, 2021, 2020, 2021]]
    rows += [["证券代码", "证券简称", None, None, None, None], ["430198", "微创光电", 1e6, 2e6, 3e6, 4e6]]
    found = taken(workbook(rows) if kind.endswith("x") else rows, kind, unit="元")
    assert [(row["code"], row["name"], row["fiscal_year"], row["rd"], row["sm"]) for row in found] == [
        ("430198", "微创光电", "2020", "1000000", "3000000"),
        ("430198", "微创光电", "2021", "2000000", "4000000"),
    ]


@pytest.mark.parametrize("word", ["去年三季", "今年中报", "今年一季", "最新一期(MRQ)"])
def test_words_for_a_part_of_a_year_name_no_year(word):
    rows = [["代码", f"研发费用[报告期]{word}[单位]元", f"销售费用[报告期]{word}[单位]元"], ["430198", 1e6, 2e6]]
    assert "part of a year" in refused(rows, year=2021)


def test_words_for_two_years_are_no_one_year():
    rows = [["代码", "研发费用[报告期]去年年报[单位]元", "销售费用[报告期]前年年报[单位]元"], ["430198", 1e6, 2e6]]
    assert "are of different years" in refused(rows, year=2021)


@pytest.mark.parametrize(
    "rows",
    [
        [["2020年年报利润表"], NO_YEAR, FIRM], [["报告期：2020-12-31"], NO_YEAR, FIRM], [["2020年"], NO_YEAR, FIRM], [[2020], NO_YEAR, FIRM],
        [["数据期间", "2020年"], NO_YEAR, FIRM], [NO_YEAR, FIRM, ["报告期：2020年报"]], [NO_YEAR, ["2020年"], FIRM, ["2021年"], FIRM],
    ],
)  # fmt: skip
def test_a_year_that_is_given_does_not_overrule_the_file(rows):
    said = refused(rows, year=2021)
    assert "--year: 2021, but '" in said and "says 2020" in said


@pytest.mark.parametrize(
    "title",
    [
        "报告期：2021-09-30",
        "截至2021年9月30日止九个月",
        "截至2021年9月30日止9个月期间",
        "截至2021年9月30日",
        "利润表(2021年9月30日)",
        "2021-09-30",
        "2021年1月至9月",
        "近12个月",
        "前三季度利润表",
        "单季度",
        "滚动十二个月(TTM)",
        "2021年三季报",
    ],
)
def test_a_title_of_a_part_of_a_year_is_refused(title):
    assert f"'{title}' says part of a year" in refused([[title], NO_YEAR, FIRM], year=2021)
    assert f"'{title}' says part of a year" in refused([[title], HEAD, ROW])


def test_a_year_that_a_row_lacks_is_not_taken_from_elsewhere():
    rows = [["年度", "代码", "研发费用(元)", "销售费用(元)"], [2020, "430198", 1e6, 2e6], [None, "430418", 1e6, 2e6]]
    assert "row 3, column A (年度): empty" in refused(rows, year=2021)


@pytest.mark.parametrize("words", ["截止日", "Ending Date of Statistics", "某日"])
def test_a_column_of_ends_of_periods_tells_the_year_whatever_it_is_called(words):
    rows = [[*NO_YEAR, words], [*FIRM, "2020-12-31"]]
    assert taken(rows)[0]["fiscal_year"] == "2020" and "of other years than --year" in refused(rows, year=2021)


@pytest.mark.parametrize(
    "written",
    [
        "2021年年度报告",
        "2021-12-31T00:00:00.000Z",
        "20211231.0",
        "31dec2021",
        "12/31/2021",
        "31/12/2021",
        "FY 2021",
        "2021-12",
    ],
)
def test_an_annual_period_is_read_as_it_is_written(written):
    assert (
        taken([["代码", "报告期", "研发费用(元)", "销售费用(元)"], ["430198", written, 1e6, 2e6]])[0]["fiscal_year"]
        == "2021"
    )


# Columns and tables


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("合并类型", "母公司"), ("口径", "母公司报表"), ("合并/母公司", "母公司"), ("Statement Type", "B"), ("REPORT_DATE_NAME", "2021三季报"),
        ("报告种类", "半年报"), ("截至日期", "2021-09-30"), ("Report Period", "2021Q3"), ("月份", 9), ("币别", "USD"), ("Currency Code", "USD"),
        ("报表类型代码", "B"), ("合并标志", "N"), ("报表类别", "母公司报表"), ("合并报表标识", "否"), ("金额单位", "万元"), ("Scale", "MM"), ("甲", "美元"), ("乙", "母公司报表"), ("丙", "2021三季报"), ("丁", "万元"),
    ],
)  # fmt: skip
def test_a_column_that_says_more_of_the_rows_is_heard_by_its_name_or_by_what_it_holds(words, value):
    assert refused([[*HEAD, words], [*ROW, value]])


@pytest.mark.parametrize(
    "words",
    ["研发费用 万元", "研发费用万元", "研发费用（万元，2021）", "研发费用(合并报表,万元)", "研发费用 2021-12-31 合并报表 万元", "Research & Development Expense (万元)", "研发费用[万元]"],
)  # fmt: skip
def test_a_header_may_say_several_things_in_one_line(words):
    year = 2021 if "2021" in words else None
    rows = [
        ["代码", *([] if year else ["年度"]), words, f"销售费用(万元){year or ''}"],
        ["430198", *([] if year else [2021]), 200, 300],
    ]
    assert (taken(rows)[0]["rd"], taken(rows)[0]["fiscal_year"]) == ("2000000", "2021")


@pytest.mark.parametrize(
    "words",
    [
        "[截止日期]2021-12-31",
        "[类型]合并报表",
        "[货币]人民币",
        "[小数位数]2",
        "[Report Type]合并报表",
        "[rptDate]20211231",
    ],
)
def test_attributes_of_a_header_have_several_names(words):
    year = "2021" in words
    rows = [
        ["代码", *([] if year else ["年度"]), *(f"{line}{words}[单位]元" for line in BARE[3:])],
        ["430198", *([] if year else [2021]), 1e6, 2e6],
    ]
    assert taken(rows)[0]["fiscal_year"] == "2021"


def test_a_header_that_names_a_line_and_says_more_is_named():
    said = refused([["代码", "年度", "研发费用(调整后)", "销售费用(元)"], ["430198", 2021, 1e6, 2e6]])
    assert "column C (研发费用(调整后)) is headed by '研发费用(调整后)', which is not understood" in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["代码", "简称", "研发费用", None, "销售费用", None], [None, None, *["2020年报", "2021年报"] * 2], ["430198", "甲", 1e6, 2e6, 3e6, 4e6]], "'研发费用' stands over column C"),
        ([["代码", "简称", "年度", "母公司报表", None, None], [None, None, None, "营业收入", "研发费用", "销售费用"], ["430198", "甲", 2021, 9e6, 1e6, 2e6]], "'母公司报表' stands over column D"),
        (b"code,name,fiscal_year,rd,sm\n430198,x,2021,1,000,000,2,000,000\n", "more cells than the header has"),
        ([["代码", "年度", "研发费用", "销售费用"], ["430198", 2021, 1e6, 2e6], ["代码", "年度", "管理费用", "财务费用"], ["430418", 2021, 9e6, 8e6]], "row 3: a second header"),
        ([HEAD, ROW, [None, "某公司", 2021, 9e6, 9e6]], "某公司 has no code here"),
        ([HEAD, ["000001.SH", *ROW[1:]]], "no company of that exchange, but perhaps an index"),
        ([HEAD, ["200002.SZ", *ROW[1:]]], "is a B share"),
        ([HEAD, ["2049.0", *ROW[1:]]], "'2049' has lost the zeros"),
        ([HEAD, [*ROW[:3], "000", 3e6]], "'000' begins with a zero"),
        ([HEAD, [*ROW[:3], "(765,820.00)", 3e6]], "write a negative amount with a minus sign"),
        ([HEAD, [*ROW[:3], "#DIV/0!", 3e6]], "an error of the spreadsheet"),
        ([["gvkey", "conm", "fyear", "xrd", "selling expense"], ["1", "A", 2021, 1, 2], ["2", "A", 2021, 1, 2]], "A has two numbers in column A (gvkey)"),
        (b'code,name,fiscal_year,rd,sm\n430198,"x,2021,1,2\n', "a quotation mark without its second"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_plain_is_refused(rows, words):
    assert words in refused(
        rows, **({"unit": "百万元"} if "gvkey" in str(rows) else {} if "(元)" in str(rows) else {"unit": "元"})
    )


LINE = ["430198", "微创光电", 2021, 6742.22, 4090.15]
OTHER = ["430418.BJ", "苏轴股份", 2021, 4e6, 5e6]


def over_amounts(words, area="D1:E1"):
    """A workbook with a header of one cell, merged over the amounts."""
    return workbook([[None, None, None, words, None], HEAD, ROW], lambda sheet: sheet.merge_cells(area))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["证券代码", "简称", "研发费用(元)", None, "证券代码", "简称", "销售费用(元)"], ["430198", "甲", 2e6, None, "430418", "乙", 5e6], ["430418", "乙", 4e6, None, "430198", "甲", 3e6]], "column E (证券代码): companies are named again"),
        ([["证券代码", "股票代码", *HEAD[2:]], ["430198", "430418", 2021, 1e6, 2e6]], "column B (股票代码): companies are named again"),
        ([["Unit: yuan (in thousands)"], BARE, ROW], "states two units"),
        ([["货币单位：元 单位：千元"], BARE, ROW], "states two units"),
        ([["证券代码", "上市年份", "研发费用(元)", "销售费用(元)"], ["430198", "2015年", 2e6, 3e6]], "--year 2021"),
        ([["2021年三季报"], ["证券代码", "研发费用2021(元)", "销售费用2021(元)"], ["430198", 2e6, 3e6]], "part of a year"),
        ([["2021年半年报利润表"], HEAD, ROW], "part of a year"),
        ([["报告期：2020-12-31"], ["证券代码", "研发费用2021(元)", "销售费用2021(元)"], ["430198", 2e6, 3e6]], "says 2020, and no amounts are of it"),
        ([["报告期：2020-12-31"], HEAD, ROW], "says 2020, and no amounts are of it"),
        ([[*BARE, "Curr"], [*ROW, "CNY"], [*OTHER, "USD"], ["430489", "佳先", 2021, 2e6, 3e6, "--"]], "amounts in 'USD'"),
        ([BARE, ROW, ["以下为母公司报表"], OTHER], "parent company"),
        ([BARE, ROW, ["注：以上金额以万元计"]], "10,000 yuan"),
        ([BARE, ROW, ["Note: figures in RMB thousands"]], "1,000 yuan"),
        ([["单位 万元"], BARE, ROW], "10,000 yuan"),
        ([["單位：萬元"], BARE, ROW], "10,000 yuan"),
        ([[*HEAD[:3], "△研发费用(元)", HEAD[4]], ROW], "△研发费用(元)"),
        ([HEAD, ["399001.SZ", *ROW[1:]]], "perhaps an index"),
        ([HEAD, ["399001", *ROW[1:]]], "perhaps an index"),
        ([HEAD, ["899050.BJ", *ROW[1:]]], "perhaps an index"),
    ],
)  # fmt: skip
def test_what_a_second_tester_found_is_refused(rows, words):
    assert words in refused(rows, **({} if "(元)" in str(rows) or "states two" in words else {"unit": "元"}))


@pytest.mark.parametrize(
    "words", ["预算数", "资本化金额", "占营业收入比例（%）", "境外分部", "子公司", "2018-2021累计"]
)
def test_words_over_some_columns_are_a_header_of_these(words):
    done = convert.convert("a.xlsx", over_amounts(words), name="mine")
    assert "too, which is not understood" in str(done.problem)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("期间", "Q3"), ("period_type", "Q3"), ("fp", "Q3"), ("月数", 9), ("季", 3), ("是否合并报表", "否"), ("Consolidated", "N"), ("数据类型", "预测"),
        ("数据状态", "快报"), ("数据年份", 2020), ("报告年度", 2020),
    ],
)  # fmt: skip
def test_more_columns_that_contradict_are_heard(words, value):
    assert refused([[*HEAD, words], [*ROW, value]])


@pytest.mark.parametrize(
    ("title", "factor"),
    [
        ("Unit: RMB 10,000", 10_000), ("(in RMB 10,000)", 10_000), ("Unit: 10,000 yuan", 10_000), ("Amounts in RMB10,000", 10_000),
        ("币种：人民币元 单位：万元", 10_000), ("Currency: yuan; Scale: mn", 1_000_000), ("金额：万元", 10_000), ("单位：万元、%", 10_000),
    ],
)  # fmt: skip
def test_more_ways_to_state_a_unit(title, factor):
    assert float(taken([[title], BARE, LINE])[0]["rd"]) == pytest.approx(6742.22 * factor)


@pytest.mark.parametrize(
    "title",
    [
        "N = 1,000", "Observations: 12,000", "Firms with revenue above RMB 50,000,000", "报表类型：合并报表", "单位：元 报告期：2021年报 报表类型：合并报表",
        "类型：面板数据", "数据类型：年度", "下载日期：2022-09-02", "截止日期：2022-09-02", "数据来源：上市公司年报、半年报及季报", "注：本表为年报数据，半年报见附表",
        "Annual data (not quarterly)", "上期数据见表2", "本表不含母公司单体数据", "注：以美元列报的公司已折算为人民币元",
    ],
)  # fmt: skip
def test_an_honest_title_or_footer_keeps_no_table_out(title):
    for rows in ([[title], HEAD, ROW], [HEAD, ROW, [title]]):
        assert taken(rows)[0]["rd"] == "2000000"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("scale", 21.3), ("period", 2), ("indicator", 1), ("item", 1), ("日期", "2022-04-25"), ("上市年份", "2015年"), ("币种", "人民币（元）"),
        ("币种", "Renminbi"), ("币种", "人民币(CNY)"), ("币种", "--"), ("report_type", "annual"), ("report_type", "定期报告"), ("报告期", "2021年1-12月"),
        ("报告期", "31-Dec-2021"), ("报告期", "年报"), ("fyr", 12),
    ],
)  # fmt: skip
def test_an_honest_column_keeps_no_table_out(words, value):
    assert taken([[*HEAD, words], [*ROW, value]])[0]["rd"] == "2000000"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("证券代码", "研发费用[报表类型]合并报表(当期)[单位]元"),
        ("Stkcd(证券代码)", "B001216000 [研发费用] (元)"),
        ("证券代码", "2021A 研发费用 (元)"),
    ],
)
def test_more_forms_of_a_header(code, words):
    year = "2021" if "2021" in words else ""
    rows = [
        [code, *([] if year else ["年度"]), words, f"销售费用(元){year}"],
        ["430198", *([] if year else [2021]), 1e6, 2e6],
    ]
    assert taken(rows)[0]["rd"] == "1000000"


@pytest.mark.parametrize("code", ["300750.XSHE", "600000.XSHG", "sh600000", "600000.SS", "920198.BJ"])
def test_codes_of_every_exchange_are_read(code):
    assert taken([HEAD, [code, *ROW[1:]]])[0]["code"].isdigit()


def test_a_company_merged_over_its_years_is_each_rows():
    rows = [HEAD, ROW, [None, None, 2020, 1e6, 2e6]]
    content = workbook(rows, lambda sheet: (sheet.merge_cells("A2:A3"), sheet.merge_cells("B2:B3")))
    assert [row["code"] for row in taken(content, "a.xlsx")] == ["430198", "430198"]


@pytest.mark.parametrize(
    "name",
    [
        "制造业小计",
        "以上合计",
        "93家合计",
        "行业平均",
        "样本均值",
        "全样本",
        "总体",
        "其他",
        "Sample mean",
        "Industry average",
        "Std. Dev.",
        "N",
        "25%分位",
    ],
)
def test_a_total_is_no_company_where_there_are_names_alone(name):
    assert len(taken([HEAD[1:], ROW[1:], [name, 2021, 9e9, 9e9]])) == 1


@pytest.mark.parametrize(
    "name",
    [
        "微创光电 汇总",
        "Manufacturing Total",
        "Manufacturing Average",
        "Manufacturing Count",
        "Grand Total",
        "ABC Sub Total",
    ],
)
def test_a_sum_of_a_group_is_no_company_where_there_are_names_alone(name):
    assert len(taken([HEAD[1:], ROW[1:], [name, 2021, 9e9, 9e9]])) == 1


@pytest.mark.parametrize("label", [["合计", None, None], [None, None, "软件 汇总"], ["软件业小计", None, None]])
def test_a_total_may_have_its_label_in_any_column(label):
    rows = [["证券代码", "证券简称", "行业", *HEAD[2:]], [*ROW[:2], "软件", *ROW[2:]], [*label, None, 9e9, 9e9]]
    done = convert.convert("a.csv", text(rows))
    assert len(done.cohort.rows) == 1 and "  left out, total rows (合计 and the like): 1" in done.report


@pytest.mark.parametrize(
    ("amount", "words"),
    [("1.2亿", "has its unit in the cell"), ("(1,234)", "with a minus sign"), ("１２３", "full-width"), ("1 234 567", "without spaces")],
)  # fmt: skip
def test_a_company_by_name_alone_with_words_for_amounts_is_no_note(amount, words):
    said = refused([HEAD[1:], ROW[1:], ["苏轴股份", 2021, amount, amount]])
    assert "row 3, column C (研发费用(元))" in said and words in said


@pytest.mark.parametrize("below", [["2019年报", "2019年报"], [None, "2019年报"], ["2020年报", "调整后"]])
def test_a_second_header_that_differs_in_its_second_row_is_refused(below):
    top = ["代码", "研发费用(元)", "销售费用(元)"]
    rows = [top, [None, "2020年报", "2020年报"], ["430198", 1e6, 2e6], top, [None, *below], ["430418", 3e6, 4e6]]
    assert "stands among the amounts; take the row out, or, where it is a second header" in refused(rows)


@pytest.mark.parametrize("place", [0, 3])
def test_a_footer_may_stand_in_any_column(place):
    footer = [None] * 5
    footer[place] = "制表人：张三"
    assert len(taken([HEAD, ROW, footer])) == 1 and len(taken([HEAD[::-1], ROW[::-1], footer])) == 1


def test_an_item_once_more_with_the_same_figure_is_passed_over():
    rows = [
        ["代码", "指标", "2021"],
        *(["430198", item, 1e6] for item in ("研发费用(元)", "销售费用(元)", "研发费用(元)")),
    ]
    assert len(taken(rows)) == 1 and "twice; keep one" in refused([*rows, ["430198", "研发费用(元)", 2e6]])


def test_a_header_of_two_rows_once_more_is_passed_over():
    head = [["Stkcd", "Accper", "B001216000", "B001209000"], ["证券代码", "会计期间", "研发费用(元)", "销售费用(元)"]]
    row = ["430198", "2021-12-31", 1e6, 2e6]
    assert len(taken([*head, row, *head, ["430418", *row[1:]]])) == 2


def test_the_same_header_once_more_is_passed_over():
    assert len(taken([HEAD, ROW, HEAD, ["430418.BJ", "苏轴股份", 2021, 1e6, 2e6]])) == 2


@pytest.mark.parametrize("items_above", [True, False])
def test_a_merged_header_may_stand_over_the_row_that_names_companies(items_above):
    items, years = ["研发费用(元)", None, "销售费用(元)", None], [2020, 2021, 2020, 2021]
    above, below = (items, years) if items_above else ([2020, None, 2021, None], ["研发费用(元)", "销售费用(元)"] * 2)
    rows = [[None, None, *above], ["代码", "简称", *below], ["430198", "甲", 1e6, 2e6, 3e6, 4e6]]
    found = taken(workbook(rows, lambda s: (s.merge_cells("C1:D1"), s.merge_cells("E1:F1"))), "a.xlsx")
    last = {"rd": "2000000", "sm": "4000000"} if items_above else {"rd": "3000000", "sm": "4000000"}
    assert [row["fiscal_year"] for row in found] == ["2020", "2021"] and last.items() <= found[1].items()


@pytest.mark.parametrize(
    "name",
    [
        "合 计",
        "小 计",
        "平 均",
        "合计（93家）",
        "合计数",
        "总额",
        "行业合计",
        "全部A股",
        "沪深300",
        "最大值",
        "标准差",
        "TOTAL (n=93)",
        "Total:",
    ],
)
def test_a_total_is_no_company_however_it_is_written(name):
    assert len(taken([HEAD, ROW, [None, name, 2021, 9e9, 9e9]])) == 1


def test_full_width_digits_and_numbers_as_text_are_read():
    assert taken([HEAD, ["４３０１９８", *ROW[1:]]])[0]["code"] == "430198"
    tushare = [["ts_code", "end_date", "report_type", "rd_exp", "sell_exp"], ["430198.BJ", "20211231", "1.0", 1e6, 2e6]]
    assert taken(tushare, unit="元")[0]["rd"] == "1000000"


def test_a_workbook_is_read_by_what_it_is_and_not_by_its_name():
    content = workbook([HEAD, ROW], lambda sheet: setattr(sheet["D2"], "number_format", "[$USD] #,##0"))
    assert "shows it with 'USD'" in str(convert.convert("a.xls", content, name="mine").problem)


def test_rows_that_a_sheet_hides_are_counted():
    content = workbook([HEAD, ROW], lambda sheet: setattr(sheet.row_dimensions[2], "hidden", True))
    assert "1 of its rows or columns hidden" in convert.convert("a.xlsx", content, name="mine").report[0]


@pytest.mark.parametrize(
    ("words", "role", "unit", "year"),
    [
        ("研发费用\n[报告期] 2021年报\n[报表类型] 合并报表\n[单位] 万元", "rd", 10_000, 2021),
        ("研发费用[报告期]2021年报[报表类型]合并报表[单位]元", "rd", 1, 2021),
        ("销售费用(单位:元)", "sm", 1, None),
        ("减：销售费用", "sm", None, None),
        ("其中:研发费用(亿元)", "rd", 100_000_000, None),
        ("R&D expense, CNY mn", "rd", 1_000_000, None),
        ("R&D expense RMB mn", "rd", 1_000_000, None),
        ("rd_2020", "rd", None, 2020),
        ("FY2020 R&D expenses (RMB million)", "rd", 1_000_000, 2020),
        ("研发费用同比增长率", "near", None, None),
        ("研发费用率", "near", None, None),
        ("销售费用2021年报", "sm", None, 2021),
        ("SELLING EXPENSE", "sm", None, None),
        ("管理费用", "", None, None),
    ],
)
def test_a_header_is_read(words, role, unit, year):
    column = headings.heading(0, [words])
    assert (column.role, column.unit, column.period and column.period.year) == (role, unit, year)
