"""Figure 1's rows: a cohort's R&D and selling expense in one year, and those of the consumer internet companies."""

import pandas as pd

from lib.measures import expense_ratio
from lib.rows import cited, cohorts


def load(cohort: str, fiscal_year: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The cohort's companies and the internet companies, each as from `cohorts.company_years`, and what the article states."""
    firms, internet = cohorts.company_years(cohort, fiscal_year), cohorts.internet_companies(fiscal_year)
    return firms, internet, cited.published()


def ranked(rows: pd.DataFrame, measure: str = "log_ratio") -> pd.DataFrame:
    """The companies that have a ratio, highest first, with `ratio`, `product_first`, `grade` and `solid`.

    rows: as from `cohorts.company_years`. grade: the weaker of the two expenses' grades. solid: an extract
    whose R&D a second one confirms and whose revenue it does not contradict; a single figure of grade A.
    """
    firms = cohorts.drawn(rows)
    firms["ratio"] = expense_ratio(firms["rd_expense_cny"], firms["selling_expense_cny"], measure)
    firms["product_first"] = firms["rd_expense_cny"] > firms["selling_expense_cny"]
    firms["grade"] = cohorts.weaker_grade(firms)
    firms["solid"] = firms["confirmed"] | (firms["extract_check"].isna() & (firms["grade"] == "A"))
    return firms.sort_values(["ratio", "company_id"], ascending=[False, True], ignore_index=True)
