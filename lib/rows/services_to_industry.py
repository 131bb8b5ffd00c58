"""Figure 8's rows: companies' R&D and revenue by economic sector, and the national series beside them."""

import pandas as pd

from lib import parameters, tables
from lib.errors import UserError
from lib.measures import Estimate, ratio_change
from lib.rows import cited, cohorts
from lib.words import phrase

#: Sectors of the national accounts as the figure calls them.
SECTORS = {
    "secondary": phrase("industry"),
    "primary": phrase("farming"),
    "unknown": phrase("unknown"),
    "tertiary": phrase("services"),
}
COMPARED = ("secondary", "tertiary")
AMOUNTS = ("rd_expense_cny", "revenue_cny")
#: A zero is a known amount, and selling expense is not asked for.
WITH_RD = (
    cohorts.DRAWN,
    "R&D is zero",
    "selling expense is zero",
    "no selling expense",
    "reports SG&A in one line",
)
#: What is asked of a company-year to sum it: all columns would take three times as long to part.
SUMMED = ["sector", "industry_zh", "fiscal_year", "same_firm", "summed", *AMOUNTS]
NO_REVENUE = phrase("no confirmed revenue")
EARLIER, ASKED = phrase("no figures in an earlier year"), phrase("left out on request")


def load(cohort: str, base_year: int, without: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cohort's rows of `company_years`, without the companies of these codes, and the national series."""
    return company_years(cohort, base_year, tuple(without)), national()


@tables.kept
def company_years(cohort: str, base_year: int, without: tuple = ()) -> pd.DataFrame:
    """A cohort's R&D and revenue from `base_year` to the last year in the table: the rows of `cohorts.company_years`, and

    `sector` (a key of SECTORS; 'unknown' for a company whose industry is not known), `summed` (R&D is known and not
    contradicted, revenue is known and above zero), and `same_firm` (summed in every one of the years). `without`: codes of
    companies to leave out. Raises UserError where no company with a sector is summed in every year.
    """
    years = [year for year in parameters.fiscal_years() if year >= base_year]
    rows = pd.concat([cohorts.company_years(cohort, year, years[-1]) for year in years], ignore_index=True)
    rows["sector"] = rows["economic_sector"].fillna("unknown")
    known, earning = rows["status"].isin(WITH_RD), (rows["revenue_cny"] > 0).fillna(False)
    asked = rows["company_id"].isin(without)
    rows["status"] = rows["status"].mask(known & ~earning, NO_REVENUE).mask(asked, ASKED)
    rows["summed"] = known & earning & ~asked
    rows["same_firm"] = rows.groupby("company_id")["summed"].transform("sum") == len(years)
    if not (rows["same_firm"] & rows["sector"].isin(COMPARED)).any():
        raise UserError(
            f"no company of {cohort} has R&D and revenue in every year from {base_year} to {years[-1]} and is known to be in "
            "industry or services: Figure 8 needs some. A file of your own needs a row for each year and the columns `revenue` "
            "and `industry`, with names from data/industries.csv."
        )
    return rows


def chosen(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """The company-years that are summed: those of the same firms in every year, or all that have both amounts."""
    return rows[rows["same_firm"] if panel == "same_firms" else rows["summed"]]


def left_out(rows: pd.DataFrame, panel: str) -> dict[str, int]:
    """Companies of the cohort that are not in the last year's sums, by reason; adds up with those that are to all."""
    last = rows.loc[rows["fiscal_year"] == rows["fiscal_year"].max(), ["status", "summed", "same_firm"]]
    reasons = last.loc[~last.index.isin(chosen(last, panel).index), "status"].where(~last["summed"], EARLIER)
    counts = reasons.value_counts()
    return {
        reason: int(counts[reason]) for reason in (*cohorts.REASONS, NO_REVENUE, EARLIER, ASKED) if counts.get(reason)
    }


def sums(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """One row per year and sector: `firms`, `rd_bn` and `revenue_bn` in billion yuan, `intensity`, the first by the second,

    NaN where a sector has no firm, and `rd_share`, the sector's share of the year's R&D. Every sector stands in every year.
    """
    years = sorted(rows["fiscal_year"].unique())
    places = pd.MultiIndex.from_product([years, SECTORS], names=["fiscal_year", "sector"])
    groups = chosen(rows[SUMMED], panel).groupby(["fiscal_year", "sector"])
    found = pd.DataFrame({"firms": groups.size().reindex(places, fill_value=0)})
    for item, column in (("rd", "rd_expense_cny"), ("revenue", "revenue_cny")):
        found[f"{item}_bn"] = groups[column].sum().reindex(places, fill_value=0.0).astype(float) / 1e9
    found["intensity"] = found["rd_bn"] / found["revenue_bn"].where(found["revenue_bn"] > 0)
    found["rd_share"] = found["rd_bn"] / found.groupby("fiscal_year")["rd_bn"].transform("sum")
    return found.reset_index()


def intensity(found: pd.DataFrame) -> pd.DataFrame:
    """R&D by revenue of the rows of `sums`: one row per year, one column per sector."""
    table = found.pivot_table(index="fiscal_year", columns="sector", values="intensity")
    return table.reindex(columns=list(SECTORS))


def growth(found: pd.DataFrame) -> pd.Series:
    """Growth of each sector's R&D from the first year to the last; NaN where it was nothing in the first."""
    table = found.pivot_table(index="sector", columns="fiscal_year", values="rd_bn")
    first, last = table[table.columns.min()], table[table.columns.max()]
    return last / first.where(first > 0) - 1


#: Ways to measure the change: which firms, and whether every industry keeps its share of the sector's revenue.
CHANGES = {
    "same_firms": ("same_firms", False),
    "same_mix": ("same_firms", True),
    "all_firms": ("all_firms", False),
}


def changes(rows: pd.DataFrame) -> dict[str, dict[str, Estimate]]:
    """How R&D by revenue changed from the first year to the last, by way of CHANGES and sector, in points as a share.

    `same_mix` weights the intensity of each industry in both years with its revenue of the first, so that no industry
    moves the sector by growing. Intervals are clustered by industry; a firm of unknown industry is in no sector here.
    """
    years = rows["fiscal_year"].min(), rows["fiscal_year"].max()
    parts = {}
    for panel in dict.fromkeys(panel for panel, _ in CHANGES.values()):
        used = chosen(rows[SUMMED], panel)
        parts[panel] = used.groupby(["sector", "industry_zh", "fiscal_year"])[list(AMOUNTS)].sum()
    return {
        way: {sector: _change(parts[panel], sector, mix, years) for sector in COMPARED}
        for way, (panel, mix) in CHANGES.items()
    }


def _change(sums: pd.DataFrame, sector: str, mix: bool, years: tuple[int, int]) -> Estimate:
    """The change of one sector, from the amounts by sector, industry and year."""
    by = sums[sums.index.get_level_values("sector") == sector].droplevel("sector")
    rd, revenue = (by[column].unstack(fill_value=0.0).reindex(columns=years, fill_value=0.0) for column in AMOUNTS)  # noqa: PD010
    if mix:
        rd, revenue = (part[(revenue > 0).all(axis=1)] for part in (rd, revenue))
        weights = revenue[years[0]]
        return ratio_change(*((rd[year] / revenue[year] * weights, weights) for year in years))
    return ratio_change(*((rd[year], revenue[year]) for year in years))


#: The national series that are drawn: item in cited_figures.csv, panel, sector or kind.
NATIONAL = {
    "fai_growth_secondary": (phrase("fixed-asset investment"), phrase("industry")),
    "fai_growth_tertiary": (phrase("fixed-asset investment"), phrase("services")),
    "vc_total": (phrase("venture capital"), phrase("all fields")),
    "vc_semiconductor": (phrase("venture capital"), phrase("chips")),
    "vc_ai": (phrase("venture capital"), phrase("AI")),
    "gerd": (phrase("R&D of the whole economy"), ""),
}
#: Months of a year that a figure of growth covers, and at least covers, from January.
WHOLE, LEAST = 12, 9


def national() -> pd.DataFrame:
    """The national figures that a source gives, one row each: `panel`, `kind`, `fiscal_year`, `months`, `drawn`, the source.

    drawn: per cent of growth of fixed-asset investment, over the whole year or, for a year without such a figure, over the
    longest part of it of LEAST `months` or more; billion dollars of venture capital; trillion yuan of R&D.
    """
    rows = cited.figures("macro")
    rows = rows[rows["item"].isin(NATIONAL)]
    rows = rows.assign(months=rows["period_end"].dt.month)
    rows = cited.best(rows[rows["months"].between(LEAST, WHOLE)], ["item", "fiscal_year", "months"])
    rows = rows.sort_values("months", ascending=False, kind="stable").drop_duplicates(["item", "fiscal_year"])
    rows["panel"], rows["kind"] = zip(*rows["item"].map(NATIONAL), strict=True)
    growing = rows["item"].str.startswith("fai_")
    rows["drawn"] = rows["value"].where(growing, cited.billions(rows[~growing]))
    rows.loc[rows["item"] == "gerd", "drawn"] /= 1000
    return rows.sort_values(["item", "fiscal_year"], ignore_index=True)


def investment_growth(kinds: tuple[str, ...], last_year: int) -> pd.DataFrame:
    """Growth of fixed-asset investment over whole years up to `last_year`, in per cent: one row per year that has all `kinds`,

    a column for each: secondary, tertiary, hightech_manufacturing, total.
    """
    rows = cited.figures("macro")
    whole = (rows["period_end"].dt.month == WHOLE) & (rows["fiscal_year"] <= last_year)
    names = {f"fai_growth_{kind}": kind for kind in kinds}
    rows = cited.best(rows[whole & rows["item"].isin(names)], ["item", "fiscal_year"])
    table = rows.pivot_table(index="fiscal_year", columns="item", values="value")
    return table.reindex(columns=list(names)).rename(columns=names).dropna()


def chips_share(last_year: int) -> pd.Series:
    """The share of venture capital that went into chips, by year up to `last_year`, where both are known."""
    rows = national()
    rows = rows[rows["fiscal_year"] <= last_year]
    table = rows.pivot_table(index="fiscal_year", columns="item", values="drawn")
    table = table.reindex(columns=["vc_semiconductor", "vc_total"]).dropna()
    return table["vc_semiconductor"] / table["vc_total"]
