"""Figure 6's rows: a cohort's companies, and the hard-tech fields and industries that they are in."""

import pandas as pd

from lib.errors import UserError
from lib.measures import median_interval, share_of
from lib.rows import cohorts
from lib.words import phrase

OUTSIDE = phrase("All other industries")


def load(cohort: str, fiscal_year: int) -> pd.DataFrame:
    """The cohort's companies in one year, as from `cohorts.company_years`."""
    return cohorts.company_years(cohort, fiscal_year)


def groups(firms: pd.DataFrame) -> pd.DataFrame:
    """Fields and their industries, each with its product-first share and its R&D intensity.

    firms: as from `cohorts.company_years`. One row per field, with its industries below it, fields by share from high to
    low, then one row for all other industries: `field`, `industry_en` (NA for a whole field), firms (with both
    expenses), `count`, `share`, `low`, `high` (Wilson), and `intensity`, `intensity_low`, `intensity_high`: median R&D in
    per cent of revenue with its bootstrap interval, over the `with_revenue` firms that have a confirmed revenue.
    """
    rows = cohorts.drawn(firms)
    rows = rows[rows["industry_en"].notna()].copy()
    rows["field"] = rows["hard_tech_field"].fillna(OUTSIDE)
    if rows["hard_tech_field"].isna().all() or not (rows["revenue_cny"] > 0).any():
        raise UserError(
            "no company with both expenses is in a hard-tech field and has a revenue: Figure 6 needs some. A file of your own needs the "
            "columns `industry`, with names from data/industries.csv, and `revenue`."
        )
    rows["intensity"] = (rows["rd_expense_cny"] / rows["revenue_cny"]).where(rows["revenue_cny"] > 0) * 100
    found = [_group(part, field, pd.NA) for field, part in rows.groupby("field")]
    fields = pd.DataFrame(found).sort_values(["share", "field"], ascending=[False, True])
    fields = pd.concat([fields[fields["field"] != OUTSIDE], fields[fields["field"] == OUTSIDE]])
    blocks = []
    for _, field in fields.iterrows():
        blocks.append(pd.DataFrame([field]))
        inside = rows[(rows["field"] == field["field"]) & (rows["field"] != OUTSIDE)]
        parts = [_group(part, field["field"], industry) for industry, part in inside.groupby("industry_en")]
        if len(parts) > 1:
            blocks.append(pd.DataFrame(parts).sort_values(["share", "industry_en"], ascending=[False, True]))
    return pd.concat(blocks, ignore_index=True)


def _group(part: pd.DataFrame, field: str, industry) -> dict:
    share = share_of(part["rd_expense_cny"] > part["selling_expense_cny"])
    median, low, high = median_interval(part["intensity"])
    return {
        "field": field, "industry_en": industry, "count_firms": share.total, "count": share.count, "share": share.share,
        "low": share.low, "high": share.high, "with_revenue": int(part["intensity"].notna().sum()), "intensity": median,
        "intensity_low": low, "intensity_high": high,
    }  # fmt: skip
