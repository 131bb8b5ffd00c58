"""Which companies a cohort holds, what they spent in a year, and who is left out and why."""

import contextlib
from urllib.parse import urlencode

import pandas as pd

from lib import parameters, tables
from lib.errors import ParameterError, UserError
from lib.rows import own, standing
from lib.words import LANGUAGE, clauses, name_list, phrase, say, sentences, term

#: Day on which the Beijing Stock Exchange had the article's 93 companies.
BSE_DAY = pd.Timestamp("2022-06-01")

#: The boards of Shanghai and Shenzhen by cohort. A board's companies are those that could have filed for the year at hand.
BOARDS = {"star": ["STAR"], "chinext": ["ChiNext"], "all_listed": ["SSE Main", "SZSE Main", "ChiNext", "STAR"]}

DRAWN = "drawn"
#: Why a company has no ratio. The first reason that holds counts, so that each company counts once.
REASONS = (
    phrase("not yet listed"),
    phrase("bank, broker or insurer"),
    phrase("no accounts in the table"),
    phrase("accounts found false"),
    phrase("conflicting extract"),
    phrase("negative expense"),
    phrase("no R&D line or selling expense"),
    phrase("no R&D line"),
    phrase("reports SG&A in one line"),
    phrase("no selling expense"),
    phrase("R&D is zero"),
    phrase("selling expense is zero"),
)

#: Reasons that say nothing of a company's expenses: it was not there to file, or it files no such line.
NO_GAP = ("not yet listed", "bank, broker or insurer")
#: What makes a filed line doubtful: it is this many times another year's, while revenue is within `STEADY` times.
JUMP, STEADY = 5, 2

#: How a note counts companies by reason.
COUNTED = {
    "not yet listed": phrase("{count:,} first listed after the accounts were due"),
    "bank, broker or insurer": phrase("{count:,} in banking, broking or insurance"),
    "no accounts in the table": phrase("{count:,} without accounts in the table"),
    "accounts found false": phrase("{count:,} whose accounts a regulator found false"),
    "conflicting extract": phrase("{count:,} whose two extracts conflict"),
    "negative expense": phrase("{count:,} with a negative expense"),
    "no R&D line or selling expense": phrase("{count:,} with neither line"),
    "no R&D line": phrase("{count:,} without an R&D line"),
    "reports SG&A in one line": phrase("{count:,} with SG&A in one line"),
    "no selling expense": phrase("{count:,} without selling expense"),
    "R&D is zero": phrase("{count:,} with zero R&D"),
    "selling expense is zero": phrase("{count:,} with zero selling expense"),
    "no confirmed revenue in some year": phrase("{count:,} without a confirmed revenue in some year"),
    "no confirmed revenue": phrase("{count:,} without a confirmed revenue"),
    "no figures in an earlier year": phrase("{count:,} without figures in an earlier year"),
    "left out on request": phrase("{count:,} on request"),
}

COMPANY = [
    *("company_id", "name_en", "name_zh", "board", "industry_zh", "subindustry_zh"),
    *("specialised_board", "ai_concept", "listed_on", "controller_kind"),
]


def members(cohort: str) -> pd.DataFrame:
    """Companies of a cohort, whenever listed, one row each: the columns COMPANY of companies.csv, and those of industries.csv.

    name_en: as charts show it, without the legal form. Raises UserError for an unknown cohort, for `bse` as long as its
    expenses are not in data/, and for a user's own cohort whose file breaks its rules.
    """
    cohort = parameters.check("cohort", parameters.Cohort, cohort)
    chosen = own.members(cohort).reindex(columns=COMPANY) if is_own(cohort) else roster(cohort)
    return chosen.merge(tables.load("industries"), on="industry_zh", how="left").reset_index(drop=True)


def roster(cohort: str) -> pd.DataFrame:
    """The rows of companies.csv, or of bse_roster.csv in that shape, that are a cohort of the project; their expenses may be unknown."""
    if cohort == "bse":
        board, _ = the_93()
        chosen = board.assign(board="BSE", subindustry_zh=pd.NA, listed_on=board["entry_date"])
    else:
        companies = tables.load("companies")
        chosen = companies[companies["board"].isin(BOARDS.get(cohort, BOARDS["all_listed"]))]
        if cohort == "specialised":
            chosen = chosen[chosen["specialised_board"].fillna(False)]
    return _short_names(chosen.reindex(columns=[*COMPANY, "name_short_en"]))[COMPANY]


def due(fiscal_year: int) -> pd.Timestamp:
    """The day by which listed companies must file their annual report of a fiscal year."""
    return pd.Timestamp(fiscal_year + 1, 4, 30)


def on_board(roster: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """True for the companies of the roster that were listed on the Beijing Stock Exchange on `day`."""
    return (roster["entry_date"] <= day) & ~(roster["exit_date"] <= day)


def the_93() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two readings of who the article's 93 are, as rows of bse_roster.csv: all companies on the Beijing Stock Exchange on BSE_DAY,
    and those of them on a vendor's list of specialised firms of November 2023."""
    roster = tables.load("bse_roster")
    board = roster[on_board(roster, BSE_DAY)]
    return board, board[board["specialised_board"]]


def among_the_93(rows: pd.DataFrame) -> tuple[int, int]:
    """How many of some companies were on the Beijing Stock Exchange on BSE_DAY, and how many there were, which may be the article's."""
    board, _ = the_93()
    return int(own.roster_ids(rows).isin(board["company_id"]).sum()), len(board)


def is_own(cohort: str) -> bool:
    """Whether a cohort is a user's own, from a file in data/cohorts."""
    return cohort not in parameters.COHORTS


def years(cohort: str) -> list[int]:
    """The fiscal years that a cohort can be drawn for; of a user's own, those of the tables that its file has rows for."""
    held = own.years(cohort) if is_own(cohort) else parameters.fiscal_years()
    return [year for year in parameters.fiscal_years() if year in held]


@tables.kept
def company_years(cohort: str, fiscal_year: int, listed_for: int | None = None) -> pd.DataFrame:
    """A cohort's filed expenses in one fiscal year: one row per member, also for those without figures.

    Columns: those of `members` and of spending.csv, `status` ('drawn', or the reason for leaving the company
    out, see REASONS), `confirmed` (a second extract agrees on R&D and does not contradict revenue; selling expense has no
    second extract), `outlier` (what is doubtful about the row, see `doubts`; empty where nothing is) and `source_row` (the
    row of data/spending.csv, or of a user's file, that the figures come from).

    A board's members are the companies that were listed when the accounts were due, those of an unknown day with them;
    listed_for: when those of that fiscal year were due, for panels of several years. The vendor's list of specialised firms
    is one of 2023, so that some of its members are 'not yet listed'.
    Raises ParameterError for a year that a user's own cohort has no row for.
    """
    fiscal_year = parameters.check("fiscal_year", parameters.FiscalYear, fiscal_year)
    companies = members(cohort)
    if cohort in BOARDS:
        companies = companies[~(companies["listed_on"] > due(listed_for or fiscal_year))]
    if not is_own(cohort):
        return _with_spending(companies, fiscal_year, _filed(fiscal_year))
    if fiscal_year not in (years := own.years(cohort)):
        raise ParameterError(
            f"{cohort} has no row for fiscal {fiscal_year}: {own_file(cohort)} holds {name_list(map(str, years))}. Figures "
            f"are drawn for {', '.join(map(str, parameters.fiscal_years()))}: choose of these what the file holds, or add rows to it."
        )
    spending = own.spending(cohort)
    spending = spending.assign(outlier=doubts(spending))
    return _with_spending(companies, fiscal_year, spending[spending["fiscal_year"] == fiscal_year])


def doubts(spending: pd.DataFrame) -> pd.Series:
    """What is doubtful about company-years, in words, empty where nothing is: it flags a row and never drops it.

    An expense that is more than JUMP times the year before's, or less than a JUMPth of it, while revenue is within STEADY
    times; R&D above revenue. spending: columns as in spending.csv, all years.
    """
    before = spending[["company_id", "fiscal_year", "revenue_cny", "rd_expense_cny", "selling_expense_cny"]]
    before = before.assign(fiscal_year=before["fiscal_year"] + 1)
    both = spending.merge(before, on=["company_id", "fiscal_year"], how="left", suffixes=("", "_before"))

    def moved(line: str, times: float) -> pd.Series:
        ratio = both[line] / both[f"{line}_before"].where(both[f"{line}_before"] > 0)
        return (ratio > times) | ((ratio < 1 / times) & (both[line] > 0))

    steady = (both["revenue_cny"] / both["revenue_cny_before"]).between(1 / STEADY, STEADY)
    found = {
        phrase("R&D jumps"): steady & moved("rd_expense_cny", JUMP),
        phrase("selling expense jumps"): steady & moved("selling_expense_cny", JUMP),
        phrase("R&D above revenue"): both["rd_expense_cny"] > both["revenue_cny"],
    }
    words = pd.Series("", index=spending.index)
    for doubt, holds in found.items():
        words = words.where(~holds.to_numpy(), (words + "; " + doubt).str.removeprefix("; "))
    return words


def internet_companies(fiscal_year: int) -> pd.DataFrame:
    """The consumer internet companies in one fiscal year, in the shape of `company_years`."""
    companies = tables.load("companies")
    chosen = _short_names(companies[companies["kind"] == "consumer_internet"])
    return _with_spending(chosen[COMPANY], fiscal_year, _filed(fiscal_year))


def drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """The companies that have a ratio."""
    return rows[rows["status"] == DRAWN].reset_index(drop=True)


def weaker_grade(rows: pd.DataFrame) -> pd.Series:
    """The weaker of the grades of both expenses, or the one there is."""
    rd, selling = rows["rd_grade"], rows["selling_grade"]
    return rd.where(rd >= selling, selling).fillna(rd)  # by the row, max is a hundred times slower


def selection(cohort: str, fiscal_year: int, **columns: str) -> str:
    """The `source_row` of a number made from many rows: which company-years of spending.csv went into it.

    `columns` narrow the rows of `company_years` further. In the form of a query: spending.csv?cohort=star&fiscal_year=2021.
    For a user's own cohort: cohorts/my_chips.csv?fiscal_year=2021.
    """
    if is_own(cohort):
        return f"{own_file(cohort)}?" + urlencode({"fiscal_year": fiscal_year, **columns})
    return "spending.csv?" + urlencode({"cohort": cohort, "fiscal_year": fiscal_year, **columns})


def company_names() -> dict[str, str]:
    """Every company with a six-digit code, by code: the code and its names, as a reader looks it up."""
    parts = [tables.load("companies"), tables.load("bse_roster")]
    for cohort in parameters.own_cohorts():
        with contextlib.suppress(UserError):  # a broken file concerns only the calls that use it
            parts.append(members(cohort))
    rows = pd.concat([part[["company_id", "name_en", "name_zh"]] for part in parts])
    rows = rows[rows["company_id"].map(parameters.is_code)].drop_duplicates("company_id").sort_values("company_id")
    words = rows["company_id"] + (" " + rows["name_en"]).fillna("") + (" " + rows["name_zh"]).fillna("")
    return dict(zip(rows["company_id"], words, strict=True))


def own_file(cohort: str) -> str:
    """The file of a user's own cohort, as seen from data/; it is also the `source_id` of the file's figures."""
    return f"{parameters.OWN}/{parameters.own_cohorts()[cohort].name}"


def source_ids(cohort: str, known) -> list[str]:
    """The sources to cite for a figure of `cohort`: a user's file in place of the list and the extracts of the project."""
    if not is_own(cohort):
        return list(known)
    return [own_file(cohort), *(source for source in known if source not in ("company-list", "finglm"))]


def provenance(*names: str) -> str:
    """The sentence that says which of the cohorts `names` are a user's own, and what that means; empty where none is."""
    files = [own_file(name).removeprefix(f"{parameters.OWN}/") for name in names if is_own(name)]
    if not files:
        return ""
    told = say(
        "{files}: supplied by the user, taken to be in yuan, and checked by nobody here.", files=name_list(files)
    )
    return sentences(told, *(_made_from(name) for name in names if is_own(name)))


def _made_from(cohort: str) -> str:
    """The sentence that says which export a user's own cohort was made from; empty where it was no import."""
    origin = own.origin(cohort)
    if not origin:
        return ""
    unit = say("yuan") if origin["unit"] == 1 else say("{amount:,} yuan", amount=origin["unit"])
    vendor = origin["vendor"] or say("vendor not told")
    return say("It was made from {export} ({vendor}), in {unit}.", export=origin["file"], vendor=vendor, unit=unit)


def left_out(rows: pd.DataFrame) -> dict[str, int]:
    """Companies without a ratio, counted by reason, in the order of REASONS. Adds up with the drawn ones to all."""
    counts = rows["status"].value_counts()
    return {reason: int(counts[reason]) for reason in REASONS if counts.get(reason)}


def left_out_words(counts: dict[str, int], total: int) -> str:
    """The sentence that says how many of `total` companies are left out, by reason."""
    return say("Left out of {total:,} {total:company|companies}: {words}.", total=total, words=reason_words(counts))


def later_words(counts: dict[str, int]) -> str:
    """What a count of the companies of a list and of all others must add: a board's later listings are no part of it."""
    return say("Of those first listed later, only the cohort's are counted.") if counts.get("not yet listed") else ""


def reason_words(counts: dict[str, int]) -> str:
    """The numbers of companies that are left out, each with its reason."""
    words = clauses(
        say(COUNTED.get(reason, phrase("{count:,} {reason}")), count=count, reason=term(reason))
        for reason, count in counts.items()
    )
    return words or say("none")


def company_label(row: pd.Series) -> str:
    """A company as a figure names it: its name and its code."""
    name = company_name(row)
    if name == row["company_id"]:  # a user's file need not give codes
        return name
    return f"{name} {row['company_id']}".strip()


def company_name(row: pd.Series) -> str:
    """A company's name in the figure's language, else in the other; empty where the tables have none."""
    order = ("name_zh", "name_en") if LANGUAGE.get() == "zh" else ("name_en", "name_zh")
    return next((row[name] for name in order if pd.notna(row[name])), "")


def industry_name(industry_en: str) -> str:
    """An industry of industries.csv, by its English name, as the figure's language calls it."""
    if LANGUAGE.get() != "zh":
        return industry_en
    return tables.load("industries").set_index("industry_en")["industry_zh"].get(industry_en, industry_en)


def _short_names(companies: pd.DataFrame) -> pd.DataFrame:
    """Companies with `name_en` as charts show it: without the legal form, where the tables have it so."""
    return companies.assign(name_en=companies["name_short_en"].fillna(companies["name_en"]))


@tables.kept
def _filed(fiscal_year: int) -> pd.DataFrame:
    """The rows of spending.csv of one year, with `source_row`."""
    spending = tables.load("spending")
    spending = spending.assign(outlier=_doubts())
    year = spending[spending["fiscal_year"] == fiscal_year]
    return year.assign(source_row="spending.csv:" + year["company_id"] + f":{fiscal_year}")


@tables.kept
def _doubts() -> pd.Series:
    return doubts(tables.load("spending"))


def _found_false(fiscal_year: int, stage: str = "decision") -> pd.Series:
    """Companies whose accounts of a fiscal year a regulator found false, by its decision or by its "advance notice"."""
    rows = standing.void(stage)
    return rows.loc[rows["fiscal_year"] == fiscal_year, "company_id"]


def _with_spending(companies: pd.DataFrame, fiscal_year: int, year: pd.DataFrame) -> pd.DataFrame:
    rows = companies.merge(year, on="company_id", how="left", indicator=True)
    rows["fiscal_year"] = fiscal_year
    rows["status"] = _status(rows, fiscal_year)
    rows["confirmed"] = (rows["extract_check"] == "rd_confirmed") & rows["revenue_cny"].notna()
    rows["outlier"] = rows["outlier"].fillna("")
    told = rows["company_id"].isin(_found_false(fiscal_year, "advance notice"))
    rows["outlier"] = rows["outlier"].mask(told, phrase("a regulator's notice of false accounts"))
    return rows.drop(columns="_merge")


def _status(rows: pd.DataFrame, fiscal_year: int) -> pd.Series:
    """'drawn' or the first reason of REASONS that holds, for each row."""
    rd, selling, absent = rows["rd_expense_cny"], rows["selling_expense_cny"], rows["_merge"] == "left_only"
    tests = (
        absent & (rows["listed_on"] > due(fiscal_year)),
        # Insurers share an industry with leasing and payment firms, so only the sub-industry tells them.
        rows["industry_zh"].isin(["银行", "证券"]) | (rows["subindustry_zh"] == "保险"),
        absent,
        rows["company_id"].isin(_found_false(fiscal_year)),
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
        status[holds] = reason
    return status
