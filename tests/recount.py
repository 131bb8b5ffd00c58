"""Every figure's headline counted a second way: plain pandas and numpy on the CSV files, and no code of lib.

A recipe per figure, named by its number. Each reads the tables anew, as text and numbers, and gives the headline by name.
Nothing is shared with lib but the tables and what the codebook says of them. Where lib fits with statsmodels, matrices are
multiplied out here; where lib has a formula of its own, statsmodels fits here. Student's t is scipy's distribution.
"""

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import t

DATA = Path(__file__).parents[1] / "data"
Z = 1.959963984540054  # of firms that are independent; intervals clustered by industry have Student's t
TEXT = ("company_id", "fiscal_year_end", "listed_on", "entry_date", "exit_date", "date", "period_end")


def table(name: str) -> pd.DataFrame:
    """A table as pandas reads it; codes and days are text, and days written year first sort as days do."""
    return pd.read_csv(DATA / f"{name}.csv", dtype=dict.fromkeys(TEXT, "str"), keep_default_na=False, na_values=[""])


def lines(name: str) -> list[dict]:
    """A table as texts, a dict per row."""
    with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Companies and what they filed


def filed(year: int) -> pd.DataFrame:
    """The companies of Shanghai and Shenzhen with what they filed for a year, and what that is good for.

    r, s: R&D and selling expense. could: could have filed them, being listed in time and no bank, broker or insurer; fit: filed,
    true, not contradicted and not below zero; ratio: fit, and has both expenses. in_time: not listed after 30 April of the
    next year, or on an unknown day.
    """
    rows = table("companies")
    rows = rows[rows["board"].isin(["SSE Main", "SZSE Main", "ChiNext", "STAR"])]
    rows = rows.merge(table("industries"), "left", "industry_zh")
    spending = table("spending")
    rows = rows.merge(spending[spending["fiscal_year"] == year], "left", "company_id").set_index("company_id")
    r, s = rows["rd_expense_cny"], rows["selling_expense_cny"]
    false = [
        row["company_id"]
        for row in lines("enforcement")
        if row["fiscal_year"] == str(year) and row["stage"] == "decision" and row["finding"] != "delisted"
    ]
    there = rows["fiscal_year"].notna()
    late = (rows["listed_on"] > f"{year + 1}-04-30").fillna(False).astype(bool)
    finance = rows["industry_zh"].isin(["银行", "证券"]) | rows["subindustry_zh"].eq("保险").fillna(False)
    true = ~(there & rows.index.isin(false))
    fit = there & true & ~finance & ~rows["extract_check"].eq("rd_conflict").fillna(False) & ~(r < 0) & ~(s < 0)
    return rows.assign(
        r=r, s=s, v=rows["revenue_cny"].where(rows["revenue_cny"] > 0), in_time=~late, fit=fit, true=true,
        ratio=fit & (r > 0) & (s > 0), could=(there | ~late) & ~finance,
    )  # fmt: skip


def cohort(name: str, year: int, listed_for: int | None = None) -> pd.DataFrame:
    """Of `filed`, the companies of a cohort: a board's as it was when a year's accounts were due, a list's whenever listed."""
    rows = filed(year)
    if name == "specialised":
        return rows[rows["specialised_board"] == 1]
    if listed_for and listed_for != year:
        rows = rows[~(rows["listed_on"] > f"{listed_for + 1}-04-30").fillna(False).astype(bool)]
    else:
        rows = rows[rows["in_time"]]
    return rows if name == "all_listed" else rows[rows["board"] == {"star": "STAR", "chinext": "ChiNext"}[name]]


# Statistics


def groups(labels: pd.Series) -> np.ndarray:
    """A number for each label; a company without one stands alone."""
    known = {label: place for place, label in enumerate(labels.dropna().unique())}
    return np.array([known.get(label, len(known) + place) for place, label in enumerate(labels)])


def share(hits: pd.Series, weights=None, industries=None) -> tuple[float, float, float]:
    """A share and its interval clustered by industry: a regression on a constant, as statsmodels fits it."""
    model = sm.WLS(hits.astype(float).to_numpy(), np.ones(len(hits)), weights=1.0 if weights is None else weights)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups(industries)}, use_t=True)
    (low, high) = fit.conf_int()[0]
    return fit.params[0], max(low, 0.0), min(high, 1.0)


def wilson(count: int, total: int) -> tuple[float, float, float]:
    """A share and Wilson's score interval, by its formula."""
    share, root = count / total, Z * math.sqrt(count / total * (1 - count / total) / total + Z**2 / (4 * total**2))
    middle, scale = share + Z**2 / (2 * total), 1 + Z**2 / total
    return share, (middle - root) / scale, (middle + root) / scale


def coefficient(
    rows: pd.DataFrame, outcome: str, of: str, controls=(), within: bool = True
) -> tuple[float, float, float]:
    """Least squares of `outcome` on `of` and controls, within industries where asked; the interval is clustered by industry.

    By hand: an intercept for each industry takes its mean off every column, and what the controls explain comes off both.
    """
    columns = [outcome, of, *controls]
    rows = rows.dropna(subset=[*columns, "industry_zh"] if within else columns)
    values = rows[columns].astype(float)
    free = values - (values.groupby(rows["industry_zh"]).transform("mean") if within else values.mean())
    y, x, *rest = free.to_numpy().T
    if rest:
        rest = np.column_stack(rest)
        y, x = (column - rest @ np.linalg.solve(rest.T @ rest, rest.T @ column) for column in (y, x))
    beta = x @ y / (x @ x)
    scores = pd.Series(x * (y - beta * x)).groupby(groups(rows["industry_zh"])).sum()
    firms, clusters = len(rows), len(scores)
    fitted = 1 + len(controls) + (rows["industry_zh"].nunique() if within else 1)
    error = math.sqrt((scores**2).sum() * clusters / (clusters - 1) * (firms - 1) / (firms - fitted)) / (x @ x)
    return beta, *t.interval(0.95, clusters - 1, beta, error)


def less_likely_p(low: list[float], high: list[float]) -> float:
    """The one-sided Mann-Whitney p that values of `low` are below those of `high`: normal, with correction for continuity."""
    wins = sum((a > b) + (a == b) / 2 for a, b in itertools.product(low, high))
    n, m = len(low), len(high)
    assert len(set(low) | set(high)) == n + m, "ties would need another variance"
    return (1 + math.erf((wins - n * m / 2 + 0.5) / math.sqrt(n * m * (n + m + 1) / 12) / math.sqrt(2))) / 2


# The figures


def figure_1() -> dict:
    members, everyone = cohort("specialised", 2021), cohort("all_listed", 2021)
    firms = members[members["ratio"]]
    others = everyone[everyone["ratio"] & ~everyone.index.isin(members.index)]
    first, of_others = firms["r"] > firms["s"], others["r"] > others["s"]
    found, low, high = share(first, industries=firms["industry_zh"])
    inside = firms["industry_zh"].value_counts()
    beside = of_others.groupby(others["industry_zh"]).mean()
    both = inside.index.intersection(beside.index)
    could = int(members["could"].sum())
    spent = firms["r"] + firms["s"]
    return {
        "share": found, "low": low, "high": high, "firms": len(firms),
        "share_peers": (inside[both] * beside[both]).sum() / inside[both].sum(),
        "share_others": of_others.mean(),
        "share_of_spending": spent[first].sum() / spent.sum(),
        "could_have_filed": could,
        "least": first.sum() / could,
        "most": 1 - (~first).sum() / could,
        "median_rd_to_selling": (firms["r"] / firms["s"]).median(),
    }  # fmt: skip


def figure_2() -> dict:
    rows, year = lines("public_sector"), 2021
    codes = {row["name_zh"]: row["company_id"] for row in lines("companies")}
    false = {
        (row["company_id"], int(row["fiscal_year"]))
        for row in lines("enforcement")
        if row["stage"] == "decision" and row["finding"] != "delisted" and row["fiscal_year"]
    }
    stated, stated_now, proxy, void, sales = set(), set(), set(), set(), {}
    for row in rows:
        if not (row["value_low"] and row["fiscal_year"] and row["last_fiscal_year"]):
            continue
        years, name = range(int(row["fiscal_year"]), int(row["last_fiscal_year"]) + 1), row["name_en"]
        untrue = any((code, y) in false for code in (row["company_id"], codes.get(row["name_zh"])) for y in years)
        if row["item"] == "revenue" and len(years) == 1 and not untrue:
            sales.setdefault(name, {}).setdefault(years[0], []).append(
                (row["grade"], row["evidence_id"], float(row["value_low"]))
            )
        if row["item"].endswith("_share") and row["item"] not in ("market_share", "voting_share"):
            if row["buyer"] not in ("state", "mixed"):
                continue
            if untrue:
                void.add(name)
            elif row["buyer"] == "state" and row["item"] != "segment_share":
                stated.add(name)
                if year in years:
                    stated_now.add(name)
            else:
                proxy.add(name)
    to_state = {row["name_en"] for row in rows if row["buyer"] in ("state", "mixed")}
    series = {
        name: [min(years[y])[2] for y in sorted(years)]
        for name, years in sales.items()
        if name in to_state and len(years) > 1
    }
    named = {row["name_en"] for row in rows if row["in_article"] == "1"}
    return {
        "firms": len({row["name_en"] for row in rows}), "stated_in_year": len(stated_now), "stated_in_any_year": len(stated),
        "proxy_only": len(proxy - stated), "void": len(void - stated - proxy),
        "article_firms": len(named), "article_firms_with_a_share": len(named & (stated | proxy)),
        "sellers": len(series), "sellers_grown": sum(found[-1] > found[0] for found in series.values()),
    }  # fmt: skip


def figure_3() -> dict:
    roster, end = lines("bse_roster"), "2022-12-31"
    wanted = next(float(row["published_value"]) for row in lines("claims") if row["claim_id"] == "mp3-cohort")

    def board(day: str) -> list[dict]:
        return [row for row in roster if row["entry_date"] <= day and not (row["exit_date"] and row["exit_date"] <= day)]  # fmt: skip

    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(min(row["entry_date"] for row in roster), end)]
    fits = [len(board(day)) == wanted for day in days]
    runs = [list(run) for fit, run in itertools.groupby(zip(fits, days, strict=True), lambda pair: pair[0]) if fit]
    counts = lines("little_giant_counts")
    totals = [
        (row["date"], int(row["bse_listed"]))
        for row in counts
        if row["scope"].startswith("all listed") and row["bse_listed"]
    ]
    totals += [
        (row["period_end"], int(row["value"]))
        for row in lines("cited_figures")
        if row["entity"] == "Beijing Stock Exchange" and row["item"] == "listed_companies"
    ]
    checks = [len(board(day)) == total for day, total in totals if day <= end]
    certified = [row for row in counts if row["national_little_giants"]]
    last = pd.Timestamp(runs[0][-1][1])
    nearest = min(
        (row for row in certified if row["scope"].startswith("all listed")),
        key=lambda row: abs(pd.Timestamp(row["date"]) - last),
    )
    return {
        "count": wanted, "windows": len(runs), "days": sum(fits), "checks": len(checks), "checks_met": sum(checks),
        "on_vendors_list": sum(row["specialised_board"] == "1" for row in board(runs[0][0][1])),
        "certified_nearest": int(nearest["national_little_giants"]),
        "certified_most": max(int(row["national_little_giants"]) for row in certified),
    }  # fmt: skip


def figure_4() -> dict:
    claims = table("claims").set_index("claim_id")["published_value"]
    cells, after = {}, []
    for name, year in itertools.product(("specialised", "star", "chinext", "all_listed"), (2019, 2020, 2021)):
        members = cohort(name, year)
        firms, gap = members[members["ratio"]], int((members["could"] & ~members["ratio"]).sum())
        spent = firms["r"] + firms["s"]
        for threshold in (0.9, 1.0, 1.1):
            first = firms["r"] > threshold * firms["s"]
            hits, total = int(first.sum()), len(firms)
            ways = {
                "once": (hits, total, hits / total),
                "spending": (hits, total, spent[first].sum() / spent.sum()),
                "sales first": (hits, total + gap, hits / (total + gap)),
                "product first": (hits + gap, total + gap, (hits + gap) / (total + gap)),
            }
            cells |= {(name, year, threshold, way): found for way, found in ways.items()}
            after += [found[2] for found in ways.values()] if year >= 2020 else []
    shares = np.array([found[2] for found in cells.values()])
    members = cohort("specialised", 2021)
    firms = members[members["ratio"]]
    near, low, high = share(firms["r"] > firms["s"], industries=firms["industry_zh"])
    stated, below, above = wilson(round(claims["mp3-share"] * claims["mp3-cohort"]), int(claims["mp3-cohort"]))
    return {
        "specifications": len(cells),
        "different": len({(*key[:2], *found[:2], round(found[2], 12)) for key, found in cells.items()}),
        "above": int((shares > claims["mp3-share"]).sum()), "below": int((shares < claims["mp3-share"]).sum()),
        "lowest": min(after), "median": float(np.median(after)), "highest": max(after),
        "article": stated, "nearest_to_the_article": near, "gap": near - stated,
        "gap_low": near - stated - math.sqrt((near - low) ** 2 + (above - stated) ** 2),
        "gap_high": near - stated + math.sqrt((high - near) ** 2 + (stated - below) ** 2),
    }  # fmt: skip


def figure_5() -> dict:
    years = (2019, 2020, 2021)
    by_year = {year: cohort("all_listed", year, 2021) for year in years}
    kept = [i for i in by_year[2021].index if all(by_year[y].at[i, "ratio"] and by_year[y].at[i, "v"] > 0 for y in years)]  # fmt: skip
    r, s, v = ({year: by_year[year].loc[kept, line] for year in years} for line in "rsv")
    first = {year: r[year] > s[year] for year in years}
    held = r[2020] > s[2019] / v[2019] * v[2020]
    was, now = first[2019], first[2020]
    industries = by_year[2021].loc[kept, ["industry_en", "economic_sector", "freight_heavy"]]
    kinds = ("freight-heavy goods", "other goods", "services")
    group = {}
    for code, row in industries.iterrows():
        if isinstance(row["economic_sector"], str):
            place = 0 if row["freight_heavy"] == 1 else 2 if row["economic_sector"] == "tertiary" else 1
            group[code] = kinds[place]
    group = pd.Series(group).reindex(kept)
    found = {
        "firms": len(kept),
        "to_product_2020": int((~was & now).sum()), "to_sales_2020": int((was & ~now).sum()),
        "to_product_at_old_ratio_2020": int((~was & held).sum()), "to_sales_at_old_ratio_2020": int((was & ~held).sum()),
        "to_product_either_way_2020": int((~was & now & held).sum()),
        "selling_fall_2020": 1 - (s[2020] / s[2019]).median(),
    }  # fmt: skip
    for before, after in itertools.pairwise(years):
        factor = (s[after] / v[after]) / (s[before] / v[before])
        medians = {kind: [] for kind in kinds}
        for _, some in factor.groupby(industries["industry_en"]):
            if len(some) >= 5:
                medians[group[some.index[0]]].append(float(np.log(some).median()))
        for kind in kinds:
            found[f"median {kind} {after}"] = math.exp(np.log(factor[group == kind]).median()) - 1
            could = (group == kind) & ~first[before]
            found[f"turned {kind} {after}"] = first[after][could].mean()
        for other in kinds[1:]:
            found[f"p against {other} {after}"] = less_likely_p(medians[kinds[0]], medians[other])
    return found


def figure_6() -> dict:
    firms = cohort("all_listed", 2021)
    firms = firms[firms["ratio"]]
    first, tagged, field = firms["r"] > firms["s"], firms["ai_concept"] == 1, firms["hard_tech_field"]
    shares = [*first.groupby(field).mean(), first[tagged].mean()]
    within, known = field.notna() | tagged, firms["industry_en"].notna() | tagged
    inside, outside = first[within].mean(), first[known & ~within].mean()
    return {
        "fields": len(shares), "highest": max(shares), "lowest": min(shares),
        "in_any": inside, "in_none": outside, "gap": inside - outside, "overlap": int((tagged & field.notna()).sum()),
    }  # fmt: skip


def figure_7() -> dict:
    rows = [row for row in lines("cited_figures") if row["value"]]

    def best(found: list[dict]) -> float:
        """The best grade's least rounded value, in billion yuan."""
        assert {row["unit"] for row in found} == {"CNY million"}
        zeros = {row["figure_id"]: len(row["value"]) - len(row["value"].rstrip("0")) for row in found}
        return float(min(found, key=lambda row: (row["grade"], zeros[row["figure_id"]]))["value"]) / 1000

    own, listed, sums = {}, {}, {}
    for row in rows:
        year = int(row["fiscal_year"] or 0)
        if row["entity_group"] == "huawei" and row["item"] == "rd_expense":
            own.setdefault(year, []).append(row)
        elif row["entity_group"] == "huawei" and row["item"] in ("rd_cumulative_5y", "rd_cumulative_10y"):
            sums.setdefault((year, int(row["item"][14:-1])), []).append(row)
        elif row["entity"].endswith(": Huawei") and (row["item"] == "rd_expense" or row["item"].endswith("_rd")):
            listed.setdefault(year, []).append(row)
    years = {year: best(own.get(year) or listed[year]) for year in range(min(own), max(own) + 1) if year in own or year in listed}  # fmt: skip
    spans = {key: range(key[0] - key[1] + 1, key[0] + 1) for key in sums}
    whole = [key for key, span in spans.items() if all(year in years for year in span)]
    off = [abs(sum(years[year] for year in spans[key]) - best(sums[key])) for key in whole]
    rates = [(row["period_end"], float(row["value"])) for row in rows if row["item"] == "daily"]
    amount = next(float(row["published_value"]) for row in lines("claims") if row["claim_id"] == "cd-rank")
    return {
        "rebuilt_bn": sum(years.get(year, 0) for year in range(2013, 2023)),
        "years_missing": sum(year not in years for year in range(2013, 2023)),
        "stated_bn": best(sums[2022, 10]), "sums_checked": len(whole), "largest_difference_bn": max(off),
        "usd_bn_on_the_day": amount / max(rate for rate in rates if rate[0] < "2023-10-30")[1],
    }  # fmt: skip


def figure_8() -> dict:
    by_year = {year: cohort("all_listed", year, 2021) for year in (2019, 2020, 2021)}
    summed = {year: rows["fit"] & rows["r"].notna() & rows["v"].notna() for year, rows in by_year.items()}
    same = pd.DataFrame(summed).all(axis=1)
    found = {"firms": int(same.sum()), "firms_unknown": int((same & by_year[2021]["economic_sector"].isna()).sum())}
    changes = []
    for name, sector in (("industry", "secondary"), ("services", "tertiary")):
        for panel in ("same_firms", "all_firms"):
            used = {year: rows[(same if panel == "same_firms" else summed[year]) & (rows["economic_sector"] == sector)] for year, rows in by_year.items()}  # fmt: skip
            rd = {year: rows["r"].sum() for year, rows in used.items()}
            for year in (2019, 2021):
                found[f"{name}_intensity_{year}_{panel}"] = rd[year] / used[year]["v"].sum()
            found[f"{name}_growth_{panel}"] = rd[2021] / rd[2019] - 1
            if panel == "same_firms":
                # R&D by revenue on a year's dummy, firms weighted by revenue: the constant is 2019's, the slope the change.
                both = pd.concat([used[2019].assign(late=0.0), used[2021].assign(late=1.0)])
                model = sm.WLS(both["r"] / both["v"], sm.add_constant(both["late"]), weights=both["v"])
                labels = groups(both["industry_zh"])
                fit = model.fit(cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False})
                clusters = len(set(labels))
                changes.append((fit.params["late"], fit.bse["late"] ** 2 * clusters / (clusters - 1), clusters))
    (industry, one, many), (services, other, few) = changes
    gap, error = industry - services, math.sqrt(one + other)
    low, high = t.interval(0.95, min(many, few) - 1, gap, error)
    return found | {"gap_same_firms": gap, "gap_low": low, "gap_high": high}


def beside_the_cohort(year: int) -> pd.DataFrame:
    """The specialised firms, and all other listed ones, with what they are compared by."""
    inside, listed = cohort("specialised", year), cohort("all_listed", year)
    rows = pd.concat([inside.assign(inside=1.0), listed[~listed.index.isin(inside.index)].assign(inside=0.0)])
    return rows.assign(
        first=(rows["r"] > rows["s"]).astype(float).where(rows["ratio"]),
        size=np.log(rows["v"].where(rows["ratio"])),
        age=(pd.Timestamp(f"{year}-12-31") - pd.to_datetime(rows["listed_on"])).dt.days / 365.25,
    )


def figure_9() -> dict:
    rows = beside_the_cohort(2021)
    has = rows[rows["ratio"]]
    inside, others = has[has["inside"] == 1], has[has["inside"] == 0]
    counts, means = inside["industry_zh"].value_counts(), others.groupby("industry_zh")["first"].mean()
    both = counts.index.intersection(means.index)
    # A deal within an industry gives every firm the industry's mean, on average; those of unknown industry are one industry.
    dealt = has["first"].groupby(has["industry_zh"].fillna("")).transform("mean")
    return {
        "raw": inside["first"].mean() - others["first"].mean(),
        "within_industry": coefficient(rows, "first", "inside")[0],
        "same_size": coefficient(rows, "first", "inside", ["size"])[0],
        "same_listing_age": coefficient(rows, "first", "inside", ["size", "age"])[0],
        "dealt_at_random": dealt[has["inside"] == 1].mean() - dealt[has["inside"] == 0].mean(),
        "share": inside["first"].mean(),
        "others_weighted": (counts[both] * means[both]).sum() / counts[both].sum(),
        "others": others["first"].mean(),
    }


def figure_10() -> dict:
    rows = beside_the_cohort(2019)
    later = {year: filed(year).reindex(rows.index) for year in (2020, 2021)}
    sold = {year: found["v"].where(found["true"].fillna(False).astype(bool)) for year, found in later.items()}
    sold[2019] = rows["v"].where(rows["true"])
    rows = rows[rows["ratio"] & sold[2019].notna() & sold[2021].notna()]
    sold = {year: values[rows.index] for year, values in sold.items()}
    after = later[2021].loc[rows.index]
    rows = rows.assign(
        growth=np.log(sold[2021] / sold[2019]),
        before=np.log(sold[2020] / sold[2019]),
        first_after=(after["r"] > after["s"]).astype(float).where(after["ratio"].astype(bool)),
    )
    rows["less"] = rows["growth"] - rows.groupby("industry_zh")["growth"].transform("median")
    steps = [{"within": False}, {}, {"controls": ["size"]}]
    raw, within, main = (coefficient(rows, "growth", "first", **step) for step in steps)
    above = 0
    for some in (rows, rows[rows["growth"] <= math.log(2)], rows[rows["listed_on"] < "2019-01-01"]):
        low, high = np.percentile(some["growth"], [1, 99])
        cut = some.assign(growth=np.clip(some["growth"], low, high))
        estimates = [coefficient(sample, "growth", "first", **step)[0] for sample in (some, cut) for step in steps]
        for column in ("growth", "less"):
            medians = some.groupby("first")[column].median()
            estimates.append(medians[1.0] - medians[0.0])
        above += sum(estimate > 0 for estimate in estimates)
    own = coefficient(rows[rows["inside"] == 1], "growth", "first", **steps[2])
    placebo = coefficient(rows, "before", "first_after", **steps[2])
    logs = {
        "gap_raw": raw[0], "gap_within_industry": within[0], "gap": main[0], "gap_low": main[1], "gap_high": main[2],
        "gap_in_cohort": own[0], "placebo": placebo[0],
    }  # fmt: skip
    return {name: math.exp(value) - 1 for name, value in logs.items()} | {"combinations_above_zero": above}
