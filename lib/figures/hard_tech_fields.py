"""Figure 6: the hard-tech fields and their industries, by product-first share and R&D intensity."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, style
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.measures import unclustered_words
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.hard_tech_fields import (
    AI,
    ANY,
    OUTSIDE,
    by_subindustry,
    counted,
    gap,
    groups,
    overlap,
    without_doubtful,
)
from lib.rows.sources import source_line
from lib.words import clauses, digits, estimate, interval, joined, name_list, number, phrase, say, sentences, term

NAME = "06_hard_tech_fields"
LINE = 0.205  # inches per row
SHARE = style.Panel("share", 2.35, 0, left=2.35, right=0.25, top=0.5, bottom=0.12)
INTENSITY = style.Panel("intensity", 1.5, 0, right=0.55, top=0.5, bottom=0.12)
NARROW = (replace(SHARE, width=1.1, left=2.0, top=0.7), replace(INTENSITY, width=0.6, right=0.45, top=0.7))
SUMS = (ANY, OUTSIDE)  # rows that are no field of their own
#: Fields of which the column's word alone would say too much: how the figure names the field, and its companies.
NAMED = {
    "Biotechnology": (phrase("Biotechnology (drugs, devices)"), phrase("drug and device makers")),
    AI: (phrase("Artificial intelligence (tag)"), phrase("companies tagged artificial intelligence")),
}


@drawn_as(NAME)
def draw(firms: pd.DataFrame, *, cohort: str, fiscal_year: int, small: int) -> Figure:
    """Figure 6 from the rows of `rows.hard_tech_fields.load`.

    Groups of fewer than `small` firms are drawn hollow, and the title names none of them.
    """
    table = groups(firms)
    own = cohorts.is_own(cohort)
    plural, description = described(cohort)
    whole = table[table["industry_en"].isna()]
    fields = whole[~whole["field"].isin(SUMS)]
    sums = {row["field"]: row for _, row in whole[whole["field"].isin(SUMS)].iterrows()}
    large = fields[fields["count_firms"] >= small]
    rows = counted(firms)
    total = len(rows)
    out, tagged = cohorts.left_out(firms), _tagged(rows)
    if unknown := len(cohorts.drawn(firms)) - total:
        out[phrase("of unknown industry")] = unknown
    shown = whole if style.SIZE.get() == "slide" else table  # a slide holds the fields alone
    hollow = np.inf if own else small
    subtitle = say(
        "Share of companies that spend more on R&D than on selling, and median R&D as a share of revenue, fiscal {year}: {description}. "
        "Lines are 95% intervals.",
        year=fiscal_year, description=description,
    )  # fmt: skip
    subtitle = sentences(subtitle, _compared(rows) if {ANY, OUTSIDE} <= sums.keys() else "", _wider(rows, large))
    key = _key(shown, small, hollow)
    notes = [
        sentences(
            cohorts.left_out_words(out, len(firms)),
            _unsold(int(rows["intensity"].isna().sum()), own),
            cohorts.provenance(cohort),
            say("Hence all dots are hollow.") if own else _doubtful(rows),
        ),
        sentences(
            say(
                "By our own mapping, {count:word} of the fields in China Daily's column {count:is|are} made of industries here.",
                count=int((fields["field"] != AI).sum()),
            ),
            tagged,
            _intervals(shown, rows if {ANY, OUTSIDE} <= sums.keys() else None),
        ),
        key,
    ]
    cited = ["company-list", *([] if own else ["listings"]), "project-industry-map", "finglm", "china_daily"]
    notes = [*filter(None, notes), source_line(cohorts.source_ids(cohort, cited))]
    heights = _heights(shown)
    body = LINE * heights[-1] + 0.13
    across, narrow = (tuple(replace(panel, height=body) for panel in pair) for pair in ((SHARE, INTENSITY), NARROW))
    title, slide_note = _title(fields, large, sums), sentences(tagged, key)
    frame = style.Frame(title, subtitle, notes, across, narrow, slide_note=slide_note)
    left, right = frame.axes("share"), frame.axes("intensity")
    _draw_shares(left, shown, heights, hollow)
    _draw_intensities(right, shown, heights, hollow)
    return Figure(
        frame,
        alt=_alt(plural, fiscal_year, fields, sums),
        table=table.assign(source_row=[_source_row(cohort, fiscal_year, row, fields) for _, row in table.iterrows()]),
        companies=total,
        left_out=out,
        numbers=[
            Number("fields", "fields of the column with companies", len(fields), claim="cd-fields"),
            Number("highest", f"highest product-first share, {_label(fields.iloc[0])}", fields["share"].iloc[0], share=True),
            Number("lowest", f"lowest, {_label(fields.iloc[-1])}", fields["share"].iloc[-1], share=True),
            *([Number("gap", "share in any field less that in none", gap(rows)[0], points=True)] if {ANY, OUTSIDE} <= sums.keys() else []),
            *(
                Number(name, say(field).lower(), sums[field]["share"], share=True)
                for name, field in (("in_any", ANY), ("in_none", OUTSIDE)) if field in sums
            ),
            Number("overlap", "companies in artificial intelligence and another field", overlap(rows)[1]),
        ],
        marks=lambda: _marks(left, right, shown, heights),
        columns=("field", "industry_en", "count", "count_firms", "share", "interval", "intensity"),
    )  # fmt: skip


def _label(row: pd.Series) -> str:
    """A row as the figure names it: an industry, or a field in the column's word, with what is in it where that is less."""
    if pd.notna(row["industry_en"]):
        return cohorts.industry_name(row["industry_en"])
    return say(NAMED[row["field"]][0]) if row["field"] in NAMED else term(row["field"])


def _companies(row: pd.Series) -> str:
    """A field's companies in a sentence."""
    if row["field"] in NAMED:
        return say(NAMED[row["field"]][1])
    return say("{field} companies", field=term(row["field"]).lower())


def _title(fields: pd.DataFrame, large: pd.DataFrame, sums: dict) -> str:
    """The highest and lowest share of the large fields; of all fields together where none is large."""
    if large.empty and ANY in sums:
        return say(
            phrase("{share:.0%} of companies in a hard-tech field put product first, {none:.0%} of companies in no field")
            if OUTSIDE in sums
            else phrase("{share:.0%} of companies in a hard-tech field put product first"),
            share=sums[ANY]["share"], none=sums[OUTSIDE]["share"] if OUTSIDE in sums else None,
        )  # fmt: skip
    named = fields if large.empty else large
    top, bottom = named.iloc[0], named.iloc[-1]
    return say(
        phrase("{high:.0%} of {highest} put product first")
        if top["field"] == bottom["field"]
        else phrase("{high:.0%} of {highest} put product first, {low:.0%} of {lowest}, {none:.0%} of companies in no field")
        if OUTSIDE in sums
        else phrase("{high:.0%} of {highest} put product first, {low:.0%} of {lowest}"),
        high=top["share"], highest=_companies(top), low=bottom["share"], lowest=_companies(bottom),
        none=sums[OUTSIDE]["share"] if OUTSIDE in sums else None,
    )  # fmt: skip


def _wider(rows: pd.DataFrame, large: pd.DataFrame) -> str:
    """The title's shares with intervals clustered by sub-industry, where those drawn take companies as independent."""
    words = []
    for _, row in large.iloc[sorted({0, len(large) - 1})].iterrows() if len(large) else ():
        count, share = by_subindustry(rows, row["field"])
        if row["interval"] != "clustered" and share.method == "clustered":
            ends = interval(share.low, share.high, ".0%")
            words.append(say("{field} {interval} ({count} of them)", field=_label(row), interval=ends, count=count))
    return say("Clustered by sub-industry: {words}.", words=clauses(words)) if words else ""


def _key(shown: pd.DataFrame, small: int, hollow: float) -> str:
    sales_first = ((shown["share"] <= 0.5) & ~shown["field"].isin(SUMS)).any()
    few = (shown["count_firms"] < hollow).any() and hollow == small
    return sentences(
        say("Orange: no more than half put product first.") if sales_first else "",
        say("Grey band: the interval of companies in no field.") if (shown["field"] == OUTSIDE).any() else "",
        say("Hollow: fewer than {small:,} {small:company|companies}.", small=small) if few else "",
    )


def _unsold(count: int, own: bool) -> str:
    without = phrase("R&D intensity is without {count} more, whose revenue is not confirmed.")
    unstated = phrase("R&D intensity is without {count} more, whose revenue is not known.")
    return say(unstated if own else without, count=count) if count else ""


def _doubtful(rows: pd.DataFrame) -> str:
    """What the shares owe to lines that are not confirmed, or that look wrong."""
    unsure, doubtful, moves = without_doubtful(rows)
    counts = (
        (unsure, phrase("{count:,} {count:has|have} R&D or revenue that no second extract confirms")),
        (
            doubtful,
            phrase("{count:,} more {count:has|have} a line that jumps or R&D above revenue")
            if unsure
            else phrase("{count:,} {count:has|have} a line that jumps or R&D above revenue"),
        ),
    )
    said = joined(say(words, count=count) for count, words in counts if count) if unsure or doubtful else ""
    return sentences(
        say(
            phrase("Of {total:,} {total:company|companies}, {said}; without them no field's share moves by more than {points:.1f} points.")
            if moves > 0
            else phrase("Of {total:,} {total:company|companies}, {said}; without them no field's share moves."),
            total=len(rows), said=said, points=np.ceil(moves * 1000) / 10,
        ) if said else "",
        say("Selling expense has no second extract."),
    )  # fmt: skip


def _tagged(rows: pd.DataFrame) -> str:
    """How many companies are in two fields, and why."""
    tagged, twice = overlap(rows)
    if not tagged:
        return say("Artificial intelligence, a data vendor's tag of November 2023, is not known of any company here.")
    return say(
        "Artificial intelligence is a data vendor's tag of November 2023 that overlaps other fields: {twice} of its {tagged} {tagged:company|companies} "
        "{twice:counts|count} in another field, too.",
        twice=twice, tagged=tagged,
    )  # fmt: skip


def _intervals(shown: pd.DataFrame, compared: pd.DataFrame | None) -> str:
    """Which interval a row has, and the gap of `compared` rows."""
    without = compared is not None and bool(np.isnan(gap(compared)[1]))
    clustered = [_label(row) for _, row in shown[shown["interval"] == "clustered"].iterrows()]
    return sentences(
        say("Intervals of shares are clustered by industry in these rows: {names}.", names=clauses(clustered)) if clustered else "",
        unclustered_words([*shown["interval"], *["gap"] * without]),
        say("Intervals of medians are bootstrapped over companies."),
    )  # fmt: skip


def _compared(rows: pd.DataFrame) -> str:
    """How far the share of companies in any field lies above that of those in none."""
    points, low, high = (100 * value for value in gap(rows))
    return say(
        "Share in any field less that in none: {gap} points ({interval}).",
        gap=number(points, "+.1f"), interval=interval(low, high, "+.1f"),
    )  # fmt: skip


def _heights(table: pd.DataFrame) -> np.ndarray:
    """Where each row stands, counted in rows from the top, with a little room above each field."""
    return np.cumsum(np.where(table["industry_en"].isna(), 1.45, 1.0))


def _colour(row: pd.Series) -> str:
    if row["field"] in SUMS:
        return style.NEUTRAL
    return style.PRODUCT_FIRST if row["share"] > 0.5 else style.SALES_FIRST


def _draw_shares(axes, table: pd.DataFrame, heights, hollow: float) -> None:
    _dots(axes, table, heights, ("share", "low", "high"), hollow, scale=100)
    axes.set_xlim(0, 100)
    ticks = (0, 25, 50, 75, 100) if chart.inches(axes)[0] > 2 else (0, 50, 100)
    axes.set_xticks(ticks, [f"{tick}%" if tick == 100 else f"{tick}" for tick in ticks])
    axes.axvline(50, color=style.INK, linewidth=0.8, zorder=1)
    for height, (_, row) in zip(heights, table.iterrows(), strict=True):
        looks = _type(row)
        chart.write(axes, (0, height), _label(row), (-8, 0), over=("axes", "data"), ha="right", va="center", **looks)
    chart.head(axes, say("Product-first share"), up=22, room=chart.inches(axes)[0] + SHARE.right - 0.05)


def _draw_intensities(axes, table: pd.DataFrame, heights, hollow: float) -> None:
    _dots(axes, table, heights, ("intensity", "intensity_low", "intensity_high"), hollow)
    axes.set_xlim(0, None)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}" + ("%" if value == axes.get_xticks()[-1] else ""))
    chart.inner_ticks(axes.xaxis)
    for height, (_, row) in zip(heights, table.iterrows(), strict=True):
        chart.column(axes, [height], [digits(row["count_firms"])], 28 / 72, **_type(row) | {"weight": "normal"})
    chart.column(axes, [], [], 28 / 72, head=say("firms"))
    chart.head(axes, say("Median R&D intensity"), up=22, room=chart.inches(axes)[0] + INTENSITY.right - 0.05)


def _type(row: pd.Series) -> dict:
    """How the words of a row are set."""
    whole = pd.isna(row["industry_en"])
    return (
        {"size": 10, "weight": "semibold", "color": style.INK}
        if whole
        else {"size": 9, "weight": "normal", "color": style.QUIET}
    )


def _dots(axes, table: pd.DataFrame, heights, columns: tuple[str, str, str], hollow: float, scale=1) -> None:
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    axes.set_yticks([])
    axes.set_ylim(heights[-1] + 0.8, heights[0] - 0.8)
    for height, (_, row) in zip(heights, table.iterrows(), strict=True):
        value, low, high = (row[column] * scale for column in columns)
        whole, colour = pd.isna(row["industry_en"]), _colour(row)
        if row["field"] == OUTSIDE:
            axes.axvspan(low, high, color=style.GRID, alpha=0.45, linewidth=0, zorder=0)
        chart.interval(axes, low, high, height, colour, linewidth=2.2 if whole else 1.1, alpha=0.55)
        looks = {"size": 7 if whole else 4, "markeredgewidth": 1.3}
        chart.dot(axes, value, height, colour, filled=row["count_firms"] >= hollow, **looks)


def _marks(left, right, table: pd.DataFrame, heights) -> list[Mark]:
    """Both dots of each row."""
    words = [
        say(
            "{name}: {count:,} of {total:,} {total:company|companies} {count:spends|spend} more on R&D, {share}; {intensity}",
            name=_label(row), count=row["count"], total=row["count_firms"], intensity=_intensity(row),
            share=estimate(f"{row['share']:.0%}", row["low"], row["high"], ".0%"),
        )
        for _, row in table.iterrows()
    ]  # fmt: skip
    return dot_marks(left, table["share"] * 100, heights, words) + dot_marks(right, table["intensity"], heights, words)


def _intensity(row: pd.Series) -> str:
    """A group's median R&D intensity in words; one firm alone has no interval, and none without revenue an intensity."""
    if pd.isna(row["intensity"]):
        return say("R&D intensity not known")
    said = say("median R&D intensity {median:.1f}%", median=row["intensity"])
    return estimate(said, row["intensity_low"], row["intensity_high"], ".1f")


def _source_row(cohort: str, year: int, row: pd.Series, fields: pd.DataFrame) -> str:
    """The company-years of a row; those in any field are those of each."""
    if row["field"] == ANY:
        return " ".join(_source_row(cohort, year, field, fields) for _, field in fields.iterrows())
    if pd.notna(row["industry_en"]):
        return cohorts.selection(cohort, year, industry_en=row["industry_en"])
    if row["field"] == AI:
        return cohorts.selection(cohort, year, ai_concept="1")
    untagged = {"ai_concept": "0"} if (fields["field"] == AI).any() else {}
    if row["field"] == OUTSIDE:
        return cohorts.selection(cohort, year, hard_tech_field="", **untagged)
    return cohorts.selection(cohort, year, hard_tech_field=row["field"])


def _alt(plural: str, year: int, fields: pd.DataFrame, sums: dict) -> str:
    lines = name_list(
        say("{field} {share:.0%} of {count}", field=_label(row).lower(), share=row["share"], count=row["count_firms"])
        for _, row in fields.iterrows()
    )  # fmt: skip
    counted_once = {
        ANY: phrase("Of {count:,} {count:company|companies} in any field, each counted once, it is {share:.0%}."),
        OUTSIDE: phrase("Of {count:,} {count:company|companies} in no field it is {share:.0%}."),
    }
    high, low = (fields.loc[place] for place in (fields["intensity"].idxmax(), fields["intensity"].idxmin()))
    return sentences(
        say(
            "Dot chart of hard-tech fields and their industries among {plural} in fiscal {year}. The share of companies "
            "that spend more on R&D than on selling, by field: {lines}.",
            plural=plural, year=year, lines=lines,
        ),
        *(say(counted_once[name], share=row["share"], count=row["count_firms"]) for name, row in sums.items()),
        say(
            phrase("Beside it the median R&D as a share of revenue, from {high:.1f}% in {highest} to {low:.1f}% in {lowest}.")
            if high["field"] != low["field"]
            else phrase("Beside it the median R&D as a share of revenue, {high:.1f}% in {highest}."),
            high=high["intensity"], highest=_label(high).lower(), low=low["intensity"], lowest=_label(low).lower(),
        ),
    )  # fmt: skip
