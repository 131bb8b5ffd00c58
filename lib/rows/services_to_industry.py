"""Figure 8's rows: companies' R&D and selling expense by economic sector, and the national series beside them."""

import pandas as pd

from lib import parameters
from lib.errors import UserError
from lib.measures import growth_gap
from lib.rows import cited, cohorts
from lib.words import phrase

#: Sectors of the national accounts as the figure calls them, in the order drawn.
SECTORS = {
    "secondary": phrase("industry"),
    "primary": phrase("farming"),
    "unknown": phrase("unknown"),
    "tertiary": phrase("services"),
}
ITEMS = {"rd": "rd_expense_cny", "selling": "selling_expense_cny"}
#: A zero is a known amount: it has no ratio, but it can be summed.
SUMMED = (cohorts.DRAWN, "R&D is zero", "selling expense is zero")
EARLIER, ASKED = phrase("no figures in an earlier year"), phrase("left out on request")


def load(cohort: str, base_year: int, without: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cohort's rows of `company_years`, without the companies of these codes, and the national series."""
    return company_years(cohort, base_year, tuple(without)), national()


def company_years(cohort: str, base_year: int, without: tuple = ()) -> pd.DataFrame:
    """A cohort's expenses from `base_year` to the last year in the table: the rows of `cohorts.company_years`, and

    `sector` (a key of SECTORS; 'unknown' for a company whose industry is not known), `summed` (both expenses are
    known and confirmed or not contradicted), and `same_firm` (summed in every one of the years). `without`: codes of
    companies to leave out. Raises UserError where no company with a sector is summed in every year.
    """
    years = [year for year in parameters.fiscal_years() if year >= base_year]
    rows = pd.concat([cohorts.company_years(cohort, year, years[-1]) for year in years], ignore_index=True)
    rows["sector"] = rows["economic_sector"].fillna("unknown")
    rows["status"] = rows["status"].mask(rows["company_id"].isin(without), ASKED)
    rows["summed"] = rows["status"].isin(SUMMED)
    rows["same_firm"] = rows.groupby("company_id")["summed"].transform("sum") == len(years)
    if comparable(rows).empty:
        raise UserError(
            f"no company of {cohort} has both expenses in every year from {base_year} to {years[-1]} and is known to be in industry or "
            "services: Figure 8 needs some. A file of your own needs a row for each year and a column `industry`, with names "
            "from data/industries.csv."
        )
    return rows


def comparable(rows: pd.DataFrame) -> pd.DataFrame:
    """The company-years to compare industry's growth with services' on: those of the same firms in either."""
    return rows[rows["same_firm"] & rows["sector"].isin(["secondary", "tertiary"])]


def chosen(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """The company-years that are summed: those of the same firms in every year, or all that have both expenses."""
    return rows[rows["same_firm"] if panel == "same_firms" else rows["summed"]]


def left_out(rows: pd.DataFrame, panel: str) -> dict[str, int]:
    """Companies of the cohort that are not in the last year's sums, by reason; adds up with those that are to all."""
    last = rows[rows["fiscal_year"] == rows["fiscal_year"].max()]
    reasons = last.loc[~last.index.isin(chosen(last, panel).index), "status"].where(~last["summed"], EARLIER)
    counts = reasons.value_counts()
    return {reason: int(counts[reason]) for reason in (*cohorts.REASONS, EARLIER, ASKED) if counts.get(reason)}


def sums(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """One row per year and sector: `firms`, R&D and selling expense in billion yuan, and each as a share of the year.

    Columns: fiscal_year, sector, firms, rd_bn, selling_bn, rd_share, selling_share. Every sector stands in every year.
    """
    used = chosen(rows, panel)
    years = sorted(rows["fiscal_year"].unique())
    places = pd.MultiIndex.from_product([years, SECTORS], names=["fiscal_year", "sector"])
    groups = used.groupby(["fiscal_year", "sector"])
    found = pd.DataFrame({"firms": groups.size().reindex(places, fill_value=0)})
    for item, column in ITEMS.items():
        found[f"{item}_bn"] = groups[column].sum().reindex(places, fill_value=0.0) / 1e9
        found[f"{item}_share"] = found[f"{item}_bn"] / found.groupby("fiscal_year")[f"{item}_bn"].transform("sum")
    return found.reset_index()


def growth(found: pd.DataFrame, item: str = "rd") -> pd.Series:
    """Growth of each sector's sum from the first year to the last; NaN where it was nothing in the first."""
    table = found.pivot_table(index="sector", columns="fiscal_year", values=f"{item}_bn")
    first, last = table[table.columns.min()], table[table.columns.max()]
    return last / first.where(first > 0) - 1


def services_share(found: pd.DataFrame, item: str = "rd") -> pd.Series:
    """Services' share of the year's sum, by year."""
    return found[found["sector"] == "tertiary"].set_index("fiscal_year")[f"{item}_share"]


def largest_newcomer(rows: pd.DataFrame) -> pd.Series | None:
    """The services company with the most R&D in the last year among those without figures in every year, if any."""
    last = rows[(rows["fiscal_year"] == rows["fiscal_year"].max()) & rows["summed"] & ~rows["same_firm"]]
    services = last[last["sector"] == "tertiary"].sort_values(["rd_expense_cny", "company_id"])
    return services.iloc[-1] if len(services) else None


#: The national series that are drawn: item in cited_figures.csv, panel, sector or kind.
NATIONAL = {
    "gerd": (phrase("R&D of the whole economy"), "all"),
    "fai_growth_secondary": (phrase("fixed-asset investment"), phrase("industry")),
    "fai_growth_tertiary": (phrase("fixed-asset investment"), phrase("services")),
    "fai_growth_manufacturing": (phrase("fixed-asset investment"), phrase("manufacturing")),
    "fai_growth_total": (phrase("fixed-asset investment"), "all"),
    "vc_total": (phrase("venture capital"), "all"),
    "vc_semiconductor": (phrase("venture capital"), phrase("chips")),
}


def national() -> pd.DataFrame:
    """The national figures that a source gives, one row each: `panel`, `kind`, `fiscal_year`, `drawn`, and the source.

    drawn: trillion yuan of R&D, per cent of growth of fixed-asset investment in January to September (other periods
    are not comparable and stay out), billion dollars of venture capital.
    """
    rows = cited.figures("macro")
    rows = rows[rows["item"].isin(NATIONAL)]
    # Growth to September of one year and growth of another whole year are not one series.
    growing = rows["item"].str.startswith("fai_")
    rows = rows[~growing | (rows["period_end"].dt.month == 9)]
    rows = cited.best(rows, ["item", "fiscal_year"])
    rows["panel"], rows["kind"] = zip(*rows["item"].map(NATIONAL), strict=True)
    growing = rows["item"].str.startswith("fai_")
    rows["drawn"] = rows["value"].where(growing, cited.billions(rows[~growing]))
    rows.loc[rows["item"] == "gerd", "drawn"] /= 1000
    return rows


def gap(rows: pd.DataFrame) -> tuple[float, float, float]:
    """How much faster R&D grew in industry than in services in the same firms: points as a share, with 95% interval."""
    same = comparable(rows)
    years = same["fiscal_year"].min(), same["fiscal_year"].max()
    first, last = (same[same["fiscal_year"] == year].set_index("company_id") for year in years)
    last = last.reindex(first.index)
    return growth_gap(first["rd_expense_cny"], last["rd_expense_cny"], first["sector"] == "secondary")
