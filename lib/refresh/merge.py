"""Set fetched rows beside the tables as they are: which cells change, and what a reader must be told of it."""

import math
from dataclasses import dataclass, field

import pandas as pd

from lib.parameters import is_code
from lib.paths import data_dir
from lib.refresh import reconcile
from lib.refresh.sources import AMOUNTS, Source, Target

#: Each amount in spending.csv with the columns of its source and, where it has one, its grade.
LINES = {
    "revenue_cny": ("revenue_source_id", None),
    "rd_expense_cny": ("rd_source_id", "rd_grade"),
    "selling_expense_cny": ("selling_source_id", "selling_grade"),
    "sga_expense_cny": ("sga_source_id", None),
}


@dataclass
class Change:
    """What a refresh does: the changed tables as text, and one sentence per difference, by kind."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    kinds: dict[str, list[str]] = field(default_factory=dict)

    def say(self, kind: str, sentence: str) -> None:
        self.kinds.setdefault(kind, []).append(sentence)

    def lines(self, most: int | None = None) -> list[str]:
        """The difference in lines, each kind cut after `most`."""
        found = []
        for kind, sentences in self.kinds.items():
            found.append(f"{len(sentences):,} {kind}:")
            found += [f"  {sentence}" for sentence in sentences[:most]]
            if most and len(sentences) > most:
                found.append(f"  and {len(sentences) - most:,} more")
        return found


def text(name: str) -> pd.DataFrame:
    """A table as text, cell for cell, so that what does not change stays as it is."""
    # As objects, which become dictionaries of rows, and rows again, in half the time that Arrow's strings take.
    return pd.read_csv(data_dir() / f"{name}.csv", dtype="object", keep_default_na=False)


def statements(source: Source, targets: list[Target], rows: list[dict]) -> Change:
    """The change that a source's statements make to spending, vintages, companies and sources."""
    change, fetched = Change(), pd.DataFrame(rows)
    source_id = f"refresh-{source.name}-{fetched['retrieved'].max()[:10]}"
    table = text("spending")
    spending = {(row["company_id"], int(row["fiscal_year"])): row for row in table.to_dict("records")}
    standing = {key: dict(row) for key, row in spending.items()}
    for new in reconcile.latest(fetched).to_dict("records"):
        key = (new["company_id"], int(new["fiscal_year"]))
        old = spending.get(key)
        if not old:
            old = spending[key] = _empty_row(table, new)
            change.say("new company-years", f"{key[0]} {key[1]}: {_amounts(new)}")
        _take(change, source, source_id, old, new, new_row=key not in standing)
    asked, found = {t.company_id for t in targets}, set(zip(fetched["company_id"], fetched["fiscal_year"], strict=True))
    for (company, year), row in standing.items():
        ours = any(row[column].startswith(f"refresh-{source.name}-") for column, _ in LINES.values())
        if ours and company in asked and (company, year) not in found:
            change.say("company-years gone from the source, kept here", f"{company} {year}")
    _renamed(change, targets, fetched)
    vintages = _vintages(fetched, source_id, change)
    if spending == standing and vintages is None:
        return change
    ordered = [spending[key] for key in sorted(spending)]
    change.frames = {"spending": pd.DataFrame(ordered, columns=table.columns)}
    change.frames["sources"] = _with_source(source, source_id)
    change.frames["companies"] = _with_companies({company for company, _ in spending})
    if vintages is not None:
        change.frames["vintages"] = vintages
    return change


def rates(source: Source, rows: list[dict]) -> Change:
    """The change that yearly exchange rates make to cited_figures and sources."""
    change, table = Change(), text("cited_figures")
    published = table[(table["entity_group"] == "fx") & (table["item"] == "annual_average")]
    source_id = f"refresh-{source.name}-{rows[-1]['retrieved'][:10]}"
    for row in rows:
        others = published.loc[published["fiscal_year"] == str(row["fiscal_year"]), "value"].astype(float)
        if len(others) and abs(row["value"] / others.iloc[0] - 1) > 0.02:
            raise reconcile.Nonsense(
                f"expected a yearly rate near {others.iloc[0]} in {row['fiscal_year']}, got {row['value']}."
            )
        new = dict.fromkeys(table.columns, "") | {
            "figure_id": f"cny-usd-parity-average-{row['fiscal_year']}",
            "entity": "CNY/USD",
            "entity_group": "fx",
            "fiscal_year": str(row["fiscal_year"]),
            "period_end": f"{row['fiscal_year']}-12-31",
            "item": "parity_average",
            "line_item": "央行中间价",
            "value": f"{row['value']:.4f}",
            "unit": "CNY per USD",
            "grade": source.grade,
            "source_id": source_id,
            "note": f"mean of {row['days']} daily rates",
        }
        place = table.index[table["figure_id"] == new["figure_id"]]
        if not len(place):
            change.say("new rates", f"{row['fiscal_year']}: {new['value']}")
            table = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
        elif table.at[place[0], "value"] != new["value"]:
            change.say("changed rates", f"{row['fiscal_year']}: {table.at[place[0], 'value']} -> {new['value']}")
            table.loc[place[0]] = new
    if change.kinds:
        change.frames = {"cited_figures": table, "sources": _with_source(source, source_id)}
    return change


def _take(change: Change, source: Source, source_id: str, old: dict, new: dict, new_row: bool) -> None:
    """Move the amounts of `new` into the row `old`, line by line, where they may stand there."""
    for column, (origin, grade) in LINES.items():
        if math.isnan(new[column]):
            continue
        place, before = f"{old['company_id']} {old['fiscal_year']} {column}", old[column]
        if before and abs(float(before) - new[column]) < 0.5:
            continue
        standing_grade = old[grade] if grade else max(old["rd_grade"], old["selling_grade"]) or "A"
        ours = old[origin].startswith(f"refresh-{source.name}-")
        if before and not ours and source.grade >= standing_grade:
            if abs(float(before) / new[column] - 1) > 0.01:
                kind = "shipped figures that the source gives otherwise, kept as they are"
                change.say(kind, f"{place}: {before}, source {_number(new[column])}")
            continue
        if before:
            change.say("changed figures", f"{place}: {before} -> {_number(new[column])}")
        elif not new_row:
            change.say("figures filled in", f"{place}: {_number(new[column])}")
        old[column], old[origin] = _number(new[column]), source_id
        if grade:
            old[grade] = source.grade
        old["note"] = new["note"] or old["note"]


def _empty_row(table: pd.DataFrame, new: dict) -> dict:
    named = ("company_id", "fiscal_year", "fiscal_year_end", "accounting_standard", "note")
    row = dict.fromkeys(table.columns, "") | {name: str(new[name]) for name in named}
    return row | ({"extract_check": "unconfirmed"} if is_code(new["company_id"]) else {})


def _renamed(change: Change, targets: list[Target], fetched: pd.DataFrame) -> None:
    names = fetched.groupby("company_id")["name_at_source"].last()
    for target in targets:
        name = names.get(target.company_id)
        if target.name and isinstance(name, str) and target.name not in name:
            change.say("companies under another name", f"{target.company_id}: {target.name} -> {name}")


def _vintages(fetched: pd.DataFrame, source_id: str, change: Change) -> pd.DataFrame | None:
    """vintages.csv with the statements that it does not hold yet; None where it holds all of them."""
    table = text("vintages")
    seen: dict[tuple, list] = {}
    for row in table.to_dict("records"):
        seen.setdefault((row["company_id"], row["fiscal_year"]), []).append([row[column] for column in AMOUNTS])
    added = []
    for row in fetched.to_dict("records"):
        amounts = ["" if math.isnan(row[column]) else _number(row[column]) for column in AMOUNTS]
        earlier = seen.setdefault((row["company_id"], str(row["fiscal_year"])), [])
        if any(all(new in ("", old) for new, old in zip(amounts, reading, strict=True)) for reading in earlier):
            continue  # nothing, or nothing that an earlier reading does not say
        if any(new and old and new != old for reading in earlier for new, old in zip(amounts, reading, strict=True)):
            place = f"{row['company_id']} {row['fiscal_year']}, filed {row['filing_date'] or 'on an unknown day'}"
            change.say("restatements, each kept in vintages.csv", f"{place}: {_amounts(row)}")
        if not any(amounts):
            continue
        earlier.append(amounts)
        filled = dict(zip(AMOUNTS, amounts, strict=True))
        added.append(row | filled | {"source_id": source_id, "vintage": len(earlier)})
    if not added:
        return None
    whole = pd.concat([table, pd.DataFrame(added, columns=table.columns).astype(str)], ignore_index=True)
    return whole.sort_values(["company_id", "fiscal_year"], kind="stable")


def _with_source(source: Source, source_id: str) -> pd.DataFrame:
    table = text("sources")
    day = pd.Timestamp(source_id[-10:])
    new = {
        "source_id": source_id,
        "cite_as": f"{source.title}, retrieved {day.day} {day:%B %Y}",
        "title": f"{source.title[:1].upper()}{source.title[1:]}, retrieved {day.day} {day:%B %Y}",
        "url": source.url,
        "kind": source.kind,
    }
    return pd.concat([table[table["source_id"] != source_id], pd.DataFrame([new])], ignore_index=True)


def _with_companies(needed: set[str]) -> pd.DataFrame:
    """companies.csv with the roster's companies among `needed`: its lists of November 2023 hold only some of them."""
    table, roster = text("companies"), text("bse_roster")
    absent = roster[roster["company_id"].isin(needed - set(table["company_id"]))]
    rows = absent[["company_id", "name_en", "name_zh", "specialised_board", "source_id"]].assign(
        kind="listed", board="BSE"
    )
    return pd.concat([table, rows]).fillna("").sort_values("company_id", kind="stable", ignore_index=True)


def _amounts(row: dict) -> str:
    words = zip(("revenue", "R&D", "selling"), AMOUNTS[:3], strict=True)
    return ", ".join(f"{word} {'not known' if math.isnan(row[c]) else _number(row[c])}" for word, c in words)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
