"""Figure 6's rows: a cohort's companies, and the hard-tech fields and industries that they are in."""

import pandas as pd

from lib import estimates
from lib.errors import UserError
from lib.measures import Share, median_interval, share_of
from lib.rows import cohorts
from lib.words import phrase

AI = phrase("Artificial intelligence")  # a tag of companies, where the other fields are made of industries
ANY = phrase("In any field, each once")
OUTSIDE = phrase("In no field")
#: What is asked of a company here: all columns would take twice as long to part into fields and industries.
ASKED = [
    *("company_id", "name_en", "name_zh", "industry_en", "subindustry_zh", "hard_tech_field", "ai_concept"),
    *("rd_expense_cny", "selling_expense_cny", "revenue_cny", "status", "confirmed", "outlier"),
]


def load(cohort: str, fiscal_year: int) -> pd.DataFrame:
    """The cohort's companies in one year, as from `cohorts.company_years`."""
    return cohorts.company_years(cohort, fiscal_year)


def placed(firms: pd.DataFrame) -> pd.DataFrame:
    """The companies whose field is known, drawn or not: those of a known industry or with the tag of artificial intelligence.

    firms: as from `cohorts.company_years`. Gives the columns ASKED and `ai`, `in_any` (whether in a field at all), `product_first` and `intensity`
    (R&D in per cent of revenue; NaN without a confirmed revenue).
    """
    tagged = firms["ai_concept"].astype("boolean").fillna(False).astype(bool)
    intensity = (firms["rd_expense_cny"] / firms["revenue_cny"]).where(firms["revenue_cny"] > 0) * 100
    rows = firms[ASKED].assign(
        ai=tagged, in_any=firms["hard_tech_field"].notna() | tagged, intensity=intensity,
        product_first=(firms["rd_expense_cny"] > firms["selling_expense_cny"]).fillna(False).astype(bool),
    )  # fmt: skip
    return rows[rows["industry_en"].notna() | tagged]


def counted(firms: pd.DataFrame) -> pd.DataFrame:
    """The companies that Figure 6 counts: of `placed`, those with both expenses."""
    return cohorts.drawn(placed(firms))


def members(rows: pd.DataFrame, field: str) -> pd.DataFrame:
    """Those of `placed` rows that are in a field; also for ANY and OUTSIDE."""
    inside = {AI: rows["ai"], ANY: rows["in_any"], OUTSIDE: ~rows["in_any"]}
    return rows[inside[field] if field in inside else (rows["hard_tech_field"] == field).fillna(False)]


def fields_of(rows: pd.DataFrame) -> list[str]:
    """The fields that `counted` rows are in."""
    return sorted(rows["hard_tech_field"].dropna().unique()) + [AI] * bool(rows["ai"].any())


def groups(firms: pd.DataFrame) -> pd.DataFrame:
    """Fields and their industries, each with its product-first share and its R&D intensity.

    firms: as from `cohorts.company_years`. One row per field, with its industries below it, fields by share from high to
    low. Artificial intelligence is a tag, so that its companies count in their industry's field, too. Then all companies that
    are in a field, each once, and all others. Columns: `field`, `industry_en` (NA for a whole field), `industries` (how many
    the row holds), `count_firms` (with both expenses), `missing` (could have filed, and lack one), `count`, `share`, `low`,
    `high` and `interval` (the method of `measures.share_of`, with industries as clusters), and `intensity`,
    `intensity_low`, `intensity_high`: median R&D in per cent of revenue with its bootstrap interval over firms, over the
    `with_revenue` firms that have a confirmed revenue.
    """
    rows = placed(firms)
    drawn = cohorts.drawn(rows)
    if drawn["hard_tech_field"].isna().all() or drawn["intensity"].isna().all():
        raise UserError(
            "no company with both expenses is in a hard-tech field and has a revenue: Figure 6 needs some. A file of your own needs the "
            "columns `industry`, with names from data/industries.csv, and `revenue`."
        )
    fields = pd.DataFrame([_group(members(rows, field), field) for field in fields_of(drawn)])
    industries, blocks = drawn["industry_en"].dropna().unique(), []
    for _, field in fields.sort_values(["share", "field"], ascending=[False, True]).iterrows():
        blocks.append(pd.DataFrame([field]))
        inside = rows[(rows["hard_tech_field"] == field["field"]) & rows["industry_en"].isin(industries)]
        parts = [_group(part, field["field"], industry) for industry, part in inside.groupby("industry_en")]
        if len(parts) > 1:
            blocks.append(pd.DataFrame(parts).sort_values(["share", "industry_en"], ascending=[False, True]))
    rest = [ANY] * (len(fields) > 1) + [OUTSIDE] * (not drawn["in_any"].all())
    blocks += [pd.DataFrame([_group(members(rows, field), field)]) for field in rest]
    return pd.concat(blocks, ignore_index=True)


def overlap(rows: pd.DataFrame) -> tuple[int, int]:
    """`counted` companies with the tag of artificial intelligence, and how many of them are in another field, too."""
    tagged = rows[rows["ai"]]
    return len(tagged), int(tagged["hard_tech_field"].notna().sum())


def without_doubtful(rows: pd.DataFrame) -> tuple[int, int, float]:
    """`counted` companies whose R&D no second extract confirms or whose revenue it contradicts, others with a doubtful line,
    and by how much leaving both out moves a field's share, at most (between 0 and 1).
    """
    unsure, doubtful = ~rows["confirmed"], rows["confirmed"] & (rows["outlier"] != "")
    sound = rows[~unsure & ~doubtful]
    moves = [
        members(sound, field)["product_first"].mean() - members(rows, field)["product_first"].mean()
        for field in fields_of(rows)
    ]
    return int(unsure.sum()), int(doubtful.sum()), float(pd.Series(moves).abs().max())


def gap(rows: pd.DataFrame) -> tuple[float, float, float]:
    """How much higher the product-first share is in any field than in none, with its 95% interval: (gap, low, high).

    rows: as from `counted`. From a regression of product first on being in a field, with standard errors clustered by industry.
    """
    firms = rows.astype({"product_first": float, "in_any": float})
    found = estimates.fit("product_first ~ in_any", firms, "in_any", clusters="industry_en")
    return found.value, found.low, found.high


def by_subindustry(rows: pd.DataFrame, field: str) -> tuple[int, Share]:
    """How many of the vendor's sub-industries a field of `counted` rows has, and its share, clustered by them where they suffice."""
    rows = members(rows, field)
    return rows["subindustry_zh"].nunique(), share_of(rows["product_first"], clusters=rows["subindustry_zh"])


def _group(part: pd.DataFrame, field: str, industry=pd.NA) -> dict:
    missing = int((~part["status"].isin([cohorts.DRAWN, *cohorts.NO_GAP])).sum())
    part = part[part["status"] == cohorts.DRAWN]
    share = share_of(part["product_first"], clusters=part["industry_en"])
    median, low, high = median_interval(part["intensity"])
    return {
        "field": field, "industry_en": industry, "industries": part["industry_en"].nunique(), "count_firms": share.total, "missing": missing,
        "count": share.count, "share": share.share, "low": share.low, "high": share.high,
        "interval": share.method, "with_revenue": int(part["intensity"].notna().sum()),
        "intensity": median, "intensity_low": low, "intensity_high": high,
    }  # fmt: skip
