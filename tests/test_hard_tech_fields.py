import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import text_faults
from matplotlib.text import Text
from scipy import stats

from lib import claims, figures
from lib.bundle.publish import publish
from lib.measures import FEWEST_CLUSTERS
from lib.paths import ROOT
from lib.rows import cohorts
from lib.rows import hard_tech_fields as figure_6

NAME = "06_hard_tech_fields"


@pytest.fixture(scope="module")
def firms():
    return cohorts.company_years("all_listed", 2021)


@pytest.fixture(scope="module")
def table(firms):
    return figure_6.groups(firms)


@pytest.fixture(scope="module")
def fields(table):
    return table[table["industry_en"].isna()].set_index("field")


@pytest.fixture(scope="module")
def recount():
    """The firms of Figure 6 by plain pandas from the tables: both expenses above zero, no conflict, no bank, a known field."""
    companies, industries, spending = (
        pd.read_csv(ROOT / "data" / f"{name}.csv", dtype={"company_id": "str"})
        for name in ("companies", "industries", "spending")
    )
    companies = companies[companies["board"].isin(["SSE Main", "SZSE Main", "ChiNext", "STAR"])]
    companies = companies[~(pd.to_datetime(companies["listed_on"]) > "2022-04-30")]
    rows = companies.merge(spending[spending["fiscal_year"] == 2021], on="company_id").merge(
        industries, on="industry_zh", how="left"
    )
    bank = rows["industry_zh"].isin(["银行", "证券"]) | (rows["subindustry_zh"] == "保险")
    rows = rows[(rows["rd_expense_cny"] > 0) & (rows["selling_expense_cny"] > 0) & ~bank]
    rows = rows[rows["extract_check"] != "rd_conflict"]
    rows = rows.assign(hit=rows["rd_expense_cny"] > rows["selling_expense_cny"], ai=rows["ai_concept"] == 1)
    return rows[rows["industry_en"].notna() | rows["ai"]]


def test_every_share_and_median_is_that_of_a_recount(recount, fields, table):
    parts = {field: part for field, part in recount.groupby("hard_tech_field")} | {
        figure_6.AI: recount[recount["ai"]],
        figure_6.ANY: recount[recount["ai"] | recount["hard_tech_field"].notna()],
        figure_6.OUTSIDE: recount[~recount["ai"] & recount["hard_tech_field"].isna()],
    }
    assert set(parts) == set(fields.index) and len(parts) == 10
    for field, part in parts.items():
        row = fields.loc[field]
        assert (row["count"], row["count_firms"]) == (part["hit"].sum(), len(part)), field
        assert row["intensity"] == pytest.approx((part["rd_expense_cny"] / part["revenue_cny"]).median() * 100), field
    for _, row in table[table["industry_en"].notna()].iterrows():
        part = recount[recount["industry_en"] == row["industry_en"]]
        assert (row["count"], row["count_firms"]) == (part["hit"].sum(), len(part)), row["industry_en"]


def test_firms_in_any_field_and_in_none_are_all(firms, fields):
    drawn = cohorts.drawn(firms)
    either = fields.loc[[figure_6.ANY, figure_6.OUTSIDE], "count_firms"]
    assert either.tolist() == [1829, 1816]
    unplaced = drawn["industry_en"].isna() & ~drawn["ai_concept"].fillna(False)
    assert either.sum() == len(drawn) - unplaced.sum()


def test_artificial_intelligence_overlaps_and_the_figure_says_so(recount, firms, fields):
    twice = int((recount["ai"] & recount["hard_tech_field"].notna()).sum())
    assert figure_6.overlap(figure_6.counted(firms)) == (395, twice) == (395, 280)
    single = fields.drop(index=[figure_6.ANY, figure_6.OUTSIDE])
    assert single["count_firms"].sum() - twice == fields.loc[figure_6.ANY, "count_firms"]
    for size in ("web", "slide"):
        said = figures.build(NAME, size=size).drawing.findobj(Text)
        assert "280 of its 395 companies" in " ".join(" ".join(text.get_text() for text in said).split()), size


def test_industries_add_up_to_their_field(table):
    for field, part in table.groupby("field"):
        whole, inside = part[part["industry_en"].isna()], part[part["industry_en"].notna()]
        if len(inside):
            assert inside["count"].sum() == whole["count"].item(), field
            assert inside["count_firms"].sum() == whole["count_firms"].item(), field
            assert inside["missing"].sum() == whole["missing"].item(), field
        if field in (figure_6.AI, figure_6.ANY, figure_6.OUTSIDE):
            assert inside.empty, field


def test_pinned_shares_and_intensities(fields):
    assert (fields.loc["Chips and optoelectronics", ["count", "count_firms"]] == [184, 207]).all()
    assert (fields.loc["Biotechnology", ["count", "count_firms"]] == [59, 256]).all()
    assert fields.loc["Information technology", "intensity"] == pytest.approx(9.9, abs=0.05)
    assert ((fields["intensity_low"] <= fields["intensity"]) & (fields["intensity"] <= fields["intensity_high"])).all()


def clustered(recount, weights):
    """Half of a 95% interval of the sum of `weights`, residuals of firms, that move together by industry."""
    sums = weights.groupby(recount["industry_en"].fillna(recount["company_id"])).sum()
    return stats.t.ppf(0.975, len(sums) - 1) * np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1))


def test_rows_of_many_industries_have_intervals_clustered_by_industry(recount, table, fields):
    assert set(fields.index[fields["interval"] == "clustered"]) == {figure_6.AI, figure_6.ANY, figure_6.OUTSIDE}
    assert ((table["interval"] == "clustered") == (table["industries"] >= FEWEST_CLUSTERS)).all()
    assert set(table["interval"]) == {"clustered", "wilson"}
    tagged = recount[recount["ai"]]
    half = clustered(tagged, (tagged["hit"] - tagged["hit"].mean()) / len(tagged))
    row = fields.loc[figure_6.AI]
    assert (row["low"], row["high"]) == pytest.approx((row["share"] - half, row["share"] + half), abs=1e-6)
    assert row["high"] - row["low"] > 0.2  # with firms as independent it would be 0.10
    said = " ".join(figures.build(NAME).notes)
    assert "clustered by industry in these rows: Artificial intelligence (tag);" in said
    assert "fewer than 10 industries" in said and "too narrow where those of one industry move together" in said
    assert "medians are bootstrapped over companies" in said


def test_the_gap_to_firms_in_no_field_is_clustered_too(recount, firms):
    inside = recount["ai"] | recount["hard_tech_field"].notna()
    shares = recount["hit"].groupby(inside).mean()
    residuals = recount["hit"] - inside.map(shares)
    half = clustered(recount, residuals * np.where(inside, 1 / inside.sum(), -1 / (~inside).sum()))
    gap, low, high = figure_6.gap(figure_6.counted(firms))
    assert gap == pytest.approx(shares[True] - shares[False])
    assert (low, high) == pytest.approx((gap - half, gap + half), abs=1e-3)
    assert low < 0 < gap  # 13.6 points, which firms of one industry alone can make
    figure = figures.build(NAME)
    assert "Share in any field less that in none: +13.6 points (−1.3 to +28.5)." in figure.subtitle
    assert figure.headline["gap"] == gap and "of companies in no field" in figure.title


def test_what_no_extract_confirms_is_counted_and_moves_little(recount, firms):
    unsure, doubtful, moves = figure_6.without_doubtful(figure_6.counted(firms))
    assert unsure == ((recount["extract_check"] != "rd_confirmed") | recount["revenue_cny"].isna()).sum()
    flagged = firms[(firms["outlier"] != "") & firms["confirmed"]]["company_id"]
    assert doubtful == recount["company_id"].isin(flagged).sum() > 0
    bad = recount["company_id"].isin(firms.loc[(firms["outlier"] != "") | ~firms["confirmed"], "company_id"])
    for column in ("hard_tech_field", "ai"):
        change = recount[~bad].groupby(column)["hit"].mean() - recount.groupby(column)["hit"].mean()
        assert change[change.index != False].abs().max() <= moves < 0.015, column  # noqa: E712
    assert f"{unsure} have R&D or revenue that no second extract confirms" in figures.build(NAME).notes[0]


def test_subindustries_widen_a_fields_interval(firms, fields):
    chips = "Chips and optoelectronics"
    number, share = figure_6.by_subindustry(figure_6.counted(firms), chips)
    assert number == 11 and share.low < fields.loc[chips, "low"] and share.high > fields.loc[chips, "high"]
    number, share = figure_6.by_subindustry(figure_6.counted(firms), "Biotechnology")
    assert number == 8 and share.method == "wilson" and share.low == fields.loc["Biotechnology", "low"]


def test_left_out_adds_up():
    figure = figures.build(NAME)
    assert figure.companies + sum(figure.left_out.values()) == 4721
    assert figure.left_out["of unknown industry"] == 36
    later = figures.build(NAME, cohort="specialised")
    assert later.left_out["not yet listed"] == 153 and later.companies + sum(later.left_out.values()) == 728


def test_who_is_missing_is_counted_by_field_over_those_that_could_have_filed(firms, fields):
    chips = firms[firms["hard_tech_field"] == "Chips and optoelectronics"]
    could = chips[~chips["status"].isin(["not yet listed", "bank, broker or insurer"])]
    assert fields.loc["Chips and optoelectronics", "missing"] == len(could) - 207 == 15


def test_biotechnology_is_named_by_what_is_in_it():
    for language, name, makers in (
        ("en", "Biotechnology (drugs, devices)", "23% of drug and device makers"),
        ("zh", "生物技术（药品、器械）", "药品与器械企业中有23%"),
    ):
        figure = figures.build(NAME, language=language)
        assert name in [text.get_text() for text in figure.drawing.findobj(Text)]
        assert makers in figure.title and name.lower() in figure.alt


@pytest.mark.parametrize(("cohort", "year"), [("specialised", 2021), ("star", 2019), ("chinext", 2020)])
def test_other_cohorts_draw_without_overlap(cohort, year):
    assert text_faults(figures.build(NAME, cohort=cohort, fiscal_year=year).drawing) == []


def test_small_groups_are_marked_not_hidden(table):
    figure = figures.build(NAME, small=1000)
    assert len(figure.table) == len(table)
    axes = figure.drawing.axes[0]
    hollow = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert len(hollow) == (table["count_firms"] < 1000).sum()


def test_an_edited_company_moves_title_and_alt(edit, firms):
    drawn = cohorts.drawn(firms)
    chips = drawn[
        (drawn["hard_tech_field"] == "Chips and optoelectronics")
        & (drawn["rd_expense_cny"] > drawn["selling_expense_cny"])
    ]
    for company in chips["company_id"].iloc[:3]:
        edit("spending", {"company_id": company, "fiscal_year": "2021"}, "rd_expense_cny", "1")
    figure = figures.build(NAME)
    assert "87% of 207" in figure.alt
    assert figure.title.startswith("89% of aerospace")


def test_without_tags_there_is_no_such_field(data):
    companies = pd.read_csv(data / "companies.csv", dtype="str", keep_default_na=False).assign(ai_concept="")
    companies.to_csv(data / "companies.csv", index=False, lineterminator="\n")
    figure = figures.build(NAME)
    assert figure_6.AI not in set(figure.table["field"]) and figure.headline["fields"] == 7
    assert "is not known of any company here" in " ".join(figure.notes)
    row = claims.ledger().set_index("claim_id").loc["cd-fields"]
    assert row["rebuilt"].startswith("7 fields with companies") and row["difference"] == -1


def test_the_columns_list_is_a_definition_and_all_its_fields_hold_companies():
    row = claims.ledger().set_index("claim_id").loc["cd-fields"]
    assert row["verdict"] == "definition" and row["value"] == 8
    assert row["rebuilt"].startswith("8 fields with companies")
    assert "our own mapping of industries" in row["reason"] and "tag that overlaps them: 502" in row["reason"]


def test_axes_changed_by_hand_are_what_is_published(outputs):
    figure = figures.build(NAME)
    before = publish(figure).joinpath(f"{NAME}.svg").read_bytes()
    figure.drawing.axes[0].axvline(65, color="red")
    assert figure.changed_by_hand and publish(figure).joinpath(f"{NAME}.svg").read_bytes() != before


def test_the_notebooks_own_chart_is_drawn_in_a_plain_render(call, tmp_path):
    assert call("render", "6", env={"FIGURES_OUTPUTS": str(tmp_path)}).returncode == 0
    last = nbformat.read(tmp_path / NAME / f"{NAME}.ipynb", as_version=4).cells[-1]
    assert "style.look()" in last.source and len(last.source.splitlines()) < 9
    assert sum("image/png" in output.get("data", {}) for output in last.outputs) == 1


def test_the_titles_shares_have_their_wider_intervals_beside_them(firms):
    """Where there are enough sub-industries to cluster by: of drugs and devices there are eight."""
    figure, field = figures.build(NAME), "Chips and optoelectronics"
    count, share = figure_6.by_subindustry(figure_6.counted(firms), field)
    assert (
        f"Clustered by sub-industry: {field} {share.low:.0%} to {share.high:.0%} ({count} of them)." in figure.subtitle
    )
    drawn = figure.table[(figure.table["field"] == field) & figure.table["industry_en"].isna()].iloc[0]
    assert drawn["interval"] == "wilson" and share.high - share.low > drawn["high"] - drawn["low"]


def test_a_title_names_no_small_group_and_no_interval_has_no_width():
    figure = figures.build(NAME, cohort="star", fiscal_year=2019)
    whole = figure.table[figure.table["industry_en"].isna()].set_index("field")
    assert whole.drop(index=[figure_6.ANY, figure_6.OUTSIDE])["count_firms"].max() < 20
    assert figure.title == "65% of companies in a hard-tech field put product first, 83% of companies in no field"
    assert "sub-industry" not in figure.subtitle
    assert (whole["share"] == 1).any() and (figure.table["low"] < figure.table["high"]).all()
    some = figures.build(NAME, cohort="star", fiscal_year=2019, small=15)
    assert some.title.startswith(
        "56% of information technology companies put product first, 33% of drug and device makers"
    )


def test_of_one_field_and_no_doubtful_line_nothing_more_is_said(data):
    drawn = cohorts.drawn(cohorts.company_years("all_listed", 2021))
    drawn = drawn[
        (drawn["hard_tech_field"] == "Chips and optoelectronics") & drawn["confirmed"] & (drawn["outlier"] == "")
    ].head(3)
    rows = [
        "name,fiscal_year,rd,sm,revenue,industry",
        *(f"F{i},2021,5e7,3e7,9e8,{row.industry_zh}" for i, row in enumerate(drawn.itertuples())),
    ]
    (data / "cohorts" / "chips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    figure = figures.build(NAME, cohort="chips")
    assert "one of the fields in China Daily's column is made of industries here" in figure.notes[1]
    assert figure.alt.endswith("share of revenue, 5.6% in chips and optoelectronics.")
    star = " ".join(figures.build(NAME, cohort="star", fiscal_year=2020).notes)
    assert " 0 more" not in star and " 0 have" not in star


def test_a_gap_without_an_interval_is_said_to_have_none():
    few = figures.build(NAME, cohort="star", fiscal_year=2019)
    assert "(no interval)" in few.subtitle and "A gap has no interval" in few.notes[1]
    assert "A gap has no interval" not in figures.build(NAME).notes[1]
