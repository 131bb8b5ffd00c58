"""Figure 7's rows: Huawei's R&D by year and by decade, its worth in dollars, and its place on the ACFIC lists."""

import re
from dataclasses import dataclass

import pandas as pd

from lib import tables
from lib.errors import DataError
from lib.rows import cited

#: Publication of the column that the claims are from, and the year of the R&D that it names.
COLUMN_DAY = pd.Timestamp("2023-10-30")
CLAIM_YEAR = 2022


@tables.kept
def load(weakest_grade: str, list_figures: bool) -> tuple[pd.DataFrame, ...]:
    """The rows of `yearly`, `revenue`, `stated_sums`, `rates` and `rankings`, and what the column states."""
    years, sales, sums = yearly(weakest_grade, list_figures), revenue(weakest_grade), stated_sums(weakest_grade)
    return years, sales, sums, rates(), rankings(), cited.published()


def yearly(weakest_grade: str = "C", list_figures: bool = True) -> pd.DataFrame:
    """R&D of each year that a source gives, in billion yuan; years without a figure have no row.

    Columns: those of cited_figures.csv, `rd_bn`, `kind` ('own', what Huawei states, or 'list', what another body's
    ranking states, used only where Huawei's own figure is missing and `list_figures` is true) and `source_row`.
    """
    own = cited.figures("huawei", weakest_grade)
    own = cited.best(own[own["item"] == "rd_expense"], ["fiscal_year"]).assign(kind="own")
    if list_figures:
        lists = cited.figures("ranking", weakest_grade)
        amount = lists["item"].str.fullmatch(r"rd_expense|rank_\d+_rd")
        lists = cited.best(lists[amount & lists["entity"].str.endswith(": Huawei")], ["fiscal_year"])
        missing = lists[~lists["fiscal_year"].isin(own["fiscal_year"])]
        # A list of a year that Huawei's figures do not reach would lengthen the series, not fill a gap in it.
        inside = missing["fiscal_year"].between(own["fiscal_year"].min(), own["fiscal_year"].max())
        own = pd.concat([own, missing[inside].assign(kind="list")])
    return own.assign(rd_bn=cited.billions(own)).sort_values("fiscal_year", ignore_index=True)


def revenue(weakest_grade: str = "C") -> pd.DataFrame:
    """Revenue of each year that a source gives: `fiscal_year`, `revenue_bn`, `grade`, `source_id`, `source_row`."""
    rows = cited.figures("huawei", weakest_grade)
    rows = cited.best(rows[rows["item"] == "revenue"], ["fiscal_year"])
    rows["revenue_bn"] = cited.billions(rows)
    return rows[["fiscal_year", "revenue_bn", "grade", "source_id", "source_row"]]


def stated_sums(weakest_grade: str = "C") -> pd.DataFrame:
    """The sums over several years that Huawei states: `first_year`, `last_year`, `years`, `rd_bn`, and the source."""
    rows = cited.figures("huawei", weakest_grade)
    years = rows["item"].str.extract(r"^rd_cumulative_(\d+)y$")[0]
    rows = cited.best(rows[years.notna()].assign(years=years.dropna().astype(int)), ["fiscal_year", "years"])
    return rows.assign(
        rd_bn=cited.billions(rows),
        last_year=rows["fiscal_year"],
        first_year=rows["fiscal_year"] - rows["years"] + 1,
    )


@dataclass(frozen=True)
class Rebuilt:
    """The R&D of several years added up from single years.

    total: billion yuan, a lower bound where a year is missing; cover: for each year the grade of Huawei's own figure,
    'list' or '' (not known); rows: the source rows added up; rounding: how far that of the years may have moved the total.
    """

    total: float
    cover: dict[int, str]
    rows: tuple[str, ...]
    rounding: float

    @property
    def missing(self) -> list[int]:
        return [year for year, cover in self.cover.items() if not cover]


def rebuild(first: int, last: int, years: pd.DataFrame) -> Rebuilt:
    """The R&D of `first` to `last` added up from the rows of `yearly`; no stated sum goes into it, so each can be checked."""
    known = years[years["fiscal_year"].between(first, last)].set_index("fiscal_year")
    how = known["grade"].where(known["kind"] == "own", "list").to_dict()
    cover = {year: how.get(year, "") for year in range(first, last + 1)}
    rounding = float(known["rd_bn"].map(cited.half_unit).sum())
    return Rebuilt(float(known["rd_bn"].sum()), cover, tuple(known["source_row"]), rounding)


def rates() -> pd.DataFrame:
    """Exchange rates that the column may have used: `label`, `cny_per_usd`, `kind`, `period_end` and the source.

    kind: 'day', the days around publication; 'closing', Huawei's own rate at the end of the claim's year; 'average',
    that year's average.
    """
    fx, own = cited.figures("fx"), cited.figures("huawei")
    day = cited.best(fx[fx["item"] == "daily"], ["period_end"])
    closing = cited.best(own[own["item"] == "usd_cny_closing_rate"], ["fiscal_year"])
    average = cited.best(fx[fx["item"] == "annual_average"], ["fiscal_year"])
    rows = pd.concat(
        [
            day.assign(kind="day", label=[f"{d.day} {d:%B %Y}" for d in day["period_end"]]),
            closing[closing["fiscal_year"] == CLAIM_YEAR].assign(kind="closing", label=f"Huawei's, end {CLAIM_YEAR}"),
            average[average["fiscal_year"] == CLAIM_YEAR].assign(kind="average", label=f"average of {CLAIM_YEAR}"),
        ],
        ignore_index=True,
    )
    for _, row in rows[~(rows["value"] > 0)].iterrows():
        raise DataError([f"cited_figures.csv, row {row['figure_id']}, column value: an exchange rate is above zero."])
    return rows.rename(columns={"value": "cny_per_usd"})


@tables.kept
def rankings() -> pd.DataFrame:
    """The companies on each ACFIC list: `list`, `fiscal_year`, `company`, `rank`, `rd_bn`, and the source rows.

    One row per list and company; `named_for` is the year in the list's name, `fiscal_year` that of the R&D; `rank` is empty for a company that a source says was not ranked, `rd_bn` where no
    source gives an amount. Raises DataError where sources give one company two places on a list.
    """
    rows = cited.figures("ranking")
    rows = rows[rows["entity"].str.startswith("ACFIC") & rows["entity"].str.contains(": ")]
    rows[["list", "company"]] = rows["entity"].str.split(": ", n=1, expand=True).to_numpy()
    named = pd.to_numeric(rows["item"].str.extract(r"^rank_(\d+)_rd$")[0])
    rows["rank"] = named.where(rows["item"] != "rank", rows["value"])
    amount = rows["item"].str.fullmatch(r"rd_expense|rank_\d+_rd")
    rows = rows[amount | (rows["item"] == "rank") | (rows["item"] == "participation")]
    found = []
    for (name, year, company), group in rows.groupby(["list", "fiscal_year", "company"], sort=False):
        places = group["rank"].dropna().unique()
        if len(places) > 1:
            raise DataError(
                [f"cited_figures.csv, row {group['figure_id'].iloc[0]}: {company} has two places on one list ({name})."]
            )
        amounts = cited.best(group[group["item"].str.endswith(("rd_expense", "_rd"))], ["company"])
        used = pd.concat([amounts, group[~group["item"].str.endswith(("rd_expense", "_rd"))]])
        found.append(
            {
                "list": name,
                "named_for": int(next(iter(re.findall(r"\b\d{4}\b", name)), 0)),
                "fiscal_year": year,
                "company": company,
                "rank": places[0] if len(places) else float("nan"),
                "rd_bn": cited.billions(amounts).iloc[0] if len(amounts) else float("nan"),
                "grade": used["grade"].max(),
                "statement": group["statement"].dropna().iloc[0] if group["statement"].notna().any() else "",
                "exact_words": group["exact_words"].dropna().iloc[0] if group["exact_words"].notna().any() else "",
                "source_ids": list(used["source_id"]),
                "source_row": " ".join(used["source_row"]),
            }
        )
    return pd.DataFrame(found).sort_values(["fiscal_year", "rank"], ignore_index=True, na_position="first")


def decade(years: pd.DataFrame, sums: pd.DataFrame, decade_end: int) -> tuple[Rebuilt, float]:
    """The ten years to `decade_end` added up, and what Huawei states for them (NaN where no source is let in)."""
    rebuilt = rebuild(decade_end - 9, decade_end, years)
    stated = sums.loc[(sums["years"] == 10) & (sums["last_year"] == decade_end), "rd_bn"]
    return rebuilt, float(stated.iloc[0]) if len(stated) else float("nan")


def checks(years: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """The rows of `stated_sums` beside the same years added up, by the last year and then the shorter first.

    New columns: `rebuilt` (a Rebuilt), `whole`, whether all its years are known, and `difference_bn`, added up less stated.
    """
    sums = sums.sort_values(["last_year", "years"], ignore_index=True)
    found = [rebuild(row.first_year, row.last_year, years) for row in sums.itertuples()]
    totals = pd.Series([one.total for one in found], dtype=float)
    return sums.assign(
        rebuilt=pd.Series(found, dtype=object),
        whole=pd.Series([not one.missing for one in found], dtype=bool),
        difference_bn=totals - sums["rd_bn"],
    )


def day_rate(rates: pd.DataFrame) -> pd.Series | None:
    """The last daily rate of `rates` before the column was published, if there is one."""
    before = rates[(rates["kind"] == "day") & (rates["period_end"] < COLUMN_DAY)]
    return None if before.empty else before.sort_values("period_end").iloc[-1]


def first_place(lists: pd.DataFrame, amount: float, tolerance: float) -> bool | None:
    """Whether a list has Huawei first with `amount` billion yuan, up to `tolerance` more; None where those found leave it open.

    The column's '2022 ranking' may be the list named for that year or the lists of that year's R&D. Any of them can bear
    it out; to refute it, either reading needs a list that gives Huawei another place, another amount, or none.
    """
    huawei = lists[lists["company"] == "Huawei"]
    first = (huawei["rank"] == 1) & (huawei["rd_bn"].isna() | (huawei["rd_bn"] - amount).between(0, tolerance))
    borne_out = first & huawei["rd_bn"].notna()
    readings = [huawei[column] == CLAIM_YEAR for column in ("named_for", "fiscal_year")]
    if any((borne_out & reading).any() for reading in readings):
        return True
    return False if all((~first & reading).any() for reading in readings) else None
