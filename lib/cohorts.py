"""Which companies a cohort holds, what they spent in a year, and who is left out and why."""

from urllib.parse import urlencode

import pandas as pd

from lib import parameters, tables

#: Day on which the Beijing Stock Exchange had the article's 93 companies.
BSE_DAY = pd.Timestamp("2022-06-01")

#: Last day that the roster of the Beijing Stock Exchange knows.
ROSTER_END = pd.Timestamp("2022-12-31")

DRAWN = "drawn"
#: Why a company has no ratio. The first reason that holds counts, so that each company counts once.
REASONS = (
    "not in the table",
    "bank, broker or insurer",
    "conflicting extract",
    "negative expense",
    "no R&D line or selling expense",
    "no R&D line",
    "reports SG&A in one line",
    "no selling expense",
    "R&D is zero",
    "selling expense is zero",
)

#: How a note counts companies by reason.
COUNTED = {
    "not in the table": "{} without accounts in the table",
    "bank, broker or insurer": "{} banks, brokers or insurers",
    "conflicting extract": "{} whose two extracts conflict",
    "negative expense": "{} with a negative expense",
    "no R&D line or selling expense": "{} with neither line",
    "no R&D line": "{} without an R&D line",
    "reports SG&A in one line": "{} with SG&A in one line",
    "no selling expense": "{} without selling expense",
    "R&D is zero": "{} with zero R&D",
    "selling expense is zero": "{} with zero selling expense",
}

BOARDS = {"star": ["STAR"], "chinext": ["ChiNext"], "all_listed": ["SSE Main", "SZSE Main", "ChiNext", "STAR"]}


def members(cohort: str) -> pd.DataFrame:
    """Companies of a cohort, one row each, with the columns of companies.csv and the English industry name.

    Raises UserError for an unknown cohort, and for `bse` as long as its expenses are not in data/.
    """
    cohort = parameters.check("cohort", parameters.Cohort, cohort)
    if cohort == "bse":
        roster = tables.load("bse_roster")
        chosen = roster[on_board(roster, BSE_DAY)].assign(board="BSE", subindustry_zh=pd.NA)
    else:
        companies = tables.load("companies")
        boards = BOARDS.get(cohort, BOARDS["all_listed"])
        chosen = companies[companies["board"].isin(boards)]
        if cohort == "little_giants":
            chosen = chosen[chosen["specialised_board"].fillna(False)]
    columns = ["company_id", "name_en", "name_zh", "board", "industry_zh", "subindustry_zh"]
    return chosen[columns].merge(tables.load("industries"), on="industry_zh", how="left").reset_index(drop=True)


def on_board(roster: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """True for the companies of the roster that were listed on the Beijing Stock Exchange on `day`."""
    return (roster["entry_date"] <= day) & ~(roster["exit_date"] <= day)


def board_counts() -> pd.Series:
    """Companies on the Beijing Stock Exchange at the end of each day, from its first day to ROSTER_END."""
    roster = tables.load("bse_roster")
    days = pd.date_range(roster["entry_date"].min(), ROSTER_END)
    return pd.Series([int(on_board(roster, day).sum()) for day in days], days)


def board_windows(count: int) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Each run of days on which the board held exactly `count` companies: first and last day, in order."""
    fits = board_counts() == count
    runs = fits.index[fits].to_series().groupby((~fits).cumsum()[fits])
    return [(days.iloc[0], days.iloc[-1]) for _, days in runs]


def company_years(cohort: str, fiscal_year: int) -> pd.DataFrame:
    """A cohort's filed expenses in one fiscal year: one row per member, also for those without figures.

    Columns: those of `members` and of spending.csv, `status` ('drawn', or the reason for leaving the company
    out, see REASONS) and `source_row` (the row of data/spending.csv that the figures come from).
    """
    fiscal_year = parameters.check("fiscal_year", parameters.FiscalYear, fiscal_year)
    return _with_spending(members(cohort), fiscal_year)


def internet_companies(fiscal_year: int) -> pd.DataFrame:
    """The consumer internet companies in one fiscal year, in the shape of `company_years`."""
    companies = tables.load("companies")
    chosen = companies[companies["kind"] == "consumer_internet"]
    return _with_spending(chosen[["company_id", "name_en", "name_zh", "industry_zh", "subindustry_zh"]], fiscal_year)


def drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """The companies that have a ratio."""
    return rows[rows["status"] == DRAWN].reset_index(drop=True)


def selection(cohort: str, fiscal_year: int, **columns: str) -> str:
    """The `source_row` of a number made from many rows: which company-years of spending.csv went into it.

    `columns` narrow the rows of `company_years` further. In the form of a query: spending.csv?cohort=star&fiscal_year=2021.
    """
    return "spending.csv?" + urlencode({"cohort": cohort, "fiscal_year": fiscal_year, **columns})


def company_names() -> dict[str, str]:
    """Every company with a six-digit code, by code: the code and its names, as a reader looks it up."""
    parts = [tables.load("companies"), tables.load("bse_roster")]
    rows = pd.concat([part[["company_id", "name_en", "name_zh"]] for part in parts])
    rows = rows[rows["company_id"].str.isdigit()].drop_duplicates("company_id").sort_values("company_id")
    words = rows["company_id"] + (" " + rows["name_en"]).fillna("") + (" " + rows["name_zh"]).fillna("")
    return dict(zip(rows["company_id"], words, strict=True))


def left_out(rows: pd.DataFrame) -> dict[str, int]:
    """Companies without a ratio, counted by reason, in the order of REASONS. Adds up with the drawn ones to all."""
    counts = rows["status"].value_counts()
    return {reason: int(counts[reason]) for reason in REASONS if counts.get(reason)}


def left_out_words(counts: dict[str, int], total: int) -> str:
    """The sentence that says how many of `total` companies are left out, by reason."""
    words = "; ".join(COUNTED.get(reason, "{} " + reason).format(f"{count:,}") for reason, count in counts.items())
    return f"Left out of {total:,} companies: {words or 'none'}."


def company_label(row: pd.Series) -> str:
    """A company as a figure names it: its English name, else its Chinese one, and its code."""
    name = row["name_en"] if pd.notna(row["name_en"]) else row["name_zh"]
    return f"{name if pd.notna(name) else ''} {row['company_id']}".strip()


def _with_spending(companies: pd.DataFrame, fiscal_year: int) -> pd.DataFrame:
    spending = tables.load("spending")
    year = spending[spending["fiscal_year"] == fiscal_year]
    rows = companies.merge(year, on="company_id", how="left", indicator=True)
    rows["fiscal_year"] = fiscal_year
    rows["status"] = _status(rows)
    rows["source_row"] = ("spending.csv:" + rows["company_id"] + f":{fiscal_year}").where(rows["_merge"] == "both")
    return rows.drop(columns="_merge")


def _status(rows: pd.DataFrame) -> pd.Series:
    """'drawn' or the first reason of REASONS that holds, for each row."""
    rd, selling = rows["rd_expense_cny"], rows["selling_expense_cny"]
    tests = (
        rows["_merge"] == "left_only",
        # Insurers share an industry with leasing and payment firms, so only the sub-industry tells them.
        rows["industry_zh"].isin(["银行", "证券"]) | (rows["subindustry_zh"] == "保险"),
        rows["extract_check"] == "rd_conflict",
        (rd < 0) | (selling < 0),
        rd.isna() & selling.isna() & rows["sga_expense_cny"].isna(),
        rd.isna(),
        selling.isna() & rows["sga_expense_cny"].notna(),
        selling.isna(),
        rd == 0,
        selling == 0,
    )
    status = pd.Series(DRAWN, index=rows.index)
    for reason, holds in reversed(list(zip(REASONS, tests, strict=True))):
        status[holds.fillna(False).astype(bool)] = reason
    return status
