"""A company's standing: what a regulator found on its accounts, from data/enforcement.csv."""

import pandas as pd

from lib import tables


@tables.kept
def void(stage: str = "decision") -> pd.DataFrame:
    """The company-years whose accounts a regulator found false: no figure of theirs stands.

    The columns of enforcement.csv, and `source_row`. An advance notice is not a decision, and voids nothing; `stage` gives
    the "advance notice" ones.
    """
    found = tables.load("enforcement")
    found["source_row"] = "enforcement.csv:" + found["finding_id"]
    false = (found["finding"] != "delisted") & (found["stage"] == stage)
    return found[false & found["fiscal_year"].notna()].reset_index(drop=True)


@tables.kept
def moved() -> dict[str, str]:
    """Present codes of the companies that left the Beijing Stock Exchange for another one, by their code there."""
    companies, roster = tables.load("companies"), tables.load("bse_roster")
    left = roster[~roster["company_id"].isin(companies["company_id"])]
    present = companies[companies["name_zh"].isin(left["name_zh"])].set_index("name_zh")["company_id"]
    return left.set_index("company_id")["name_zh"].map(present).dropna().to_dict()


def void_by(rows: pd.DataFrame) -> pd.DataFrame:
    """What voids each row of `company_id`, `fiscal_year` and `last_fiscal_year`, on the same index.

    found: the rows of enforcement.csv, or ''; void_source_id: the source of the first of them; invented_low, invented_high:
    the smallest and largest share of a year's reported revenue that was not earned, in per cent. A figure of several years is
    void where one of them is.
    """
    findings = void()
    findings["value"] = findings["value"].where(findings["unit"] == "percent of reported revenue")
    keyed = rows.assign(company_id=rows["company_id"].replace(moved())).reset_index()
    found = keyed[["index", "company_id", "fiscal_year", "last_fiscal_year"]].merge(
        findings[["company_id", "fiscal_year", "value", "source_id", "source_row"]],
        on="company_id",
        suffixes=("", "_found"),
    )
    found = found[found["fiscal_year_found"].between(found["fiscal_year"], found["last_fiscal_year"])]
    by_row = found.groupby("index").agg(
        found=("source_row", " ".join),
        void_source_id=("source_id", "first"),
        invented_low=("value", "min"),
        invented_high=("value", "max"),
    )
    return by_row.reindex(rows.index).fillna({"found": ""})
