"""Figure 6: the hard-tech fields and their industries, by product-first share and R&D intensity."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, style
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.hard_tech_fields import OUTSIDE, groups
from lib.rows.sources import source_line
from lib.words import count_word, digits, name_list, phrase, say, sentence, sentences, term

NAME = "06_hard_tech_fields"
LINE = 0.205  # inches per row
SHARE = style.Panel("share", 2.35, 0, left=2.35, right=0.25, top=0.5, bottom=0.12)
INTENSITY = style.Panel("intensity", 1.5, 0, right=0.55, top=0.5, bottom=0.12)
NARROW = (replace(SHARE, width=1.1, left=1.95, top=0.7), replace(INTENSITY, width=0.6, right=0.45, top=0.7))


@drawn_as(NAME)
def draw(firms: pd.DataFrame, *, cohort: str, fiscal_year: int, small: int) -> Figure:
    """Figure 6 from the rows of `rows.hard_tech_fields.load`; groups of fewer than `small` firms are drawn hollow."""
    table = groups(firms)
    plural, description = described(cohort)
    fields = table[table["industry_en"].isna() & (table["field"] != OUTSIDE)]
    outside = table[table["field"] == OUTSIDE]
    top, bottom = fields.iloc[0], fields.iloc[-1]
    title = say(
        phrase("{high:.0%} of {highest} companies put product first, {low:.0%} of {lowest} companies")
        if len(fields) > 1
        else phrase("{high:.0%} of {highest} companies put product first"),
        high=top["share"], highest=term(top["field"]).lower(), low=bottom["share"], lowest=term(bottom["field"]).lower(),
    )  # fmt: skip
    subtitle = say(
        "Share of companies that spend more on R&D than on selling, and median R&D as a share of revenue, fiscal {year}: {description}. "
        "Lines are 95% intervals.",
        year=fiscal_year, description=description,
    )  # fmt: skip
    out = cohorts.left_out(firms)
    unknown = int((cohorts.drawn(firms)["industry_en"].isna()).sum())
    if unknown:
        out[phrase("of unknown industry")] = unknown
    own = cohorts.is_own(cohort)
    hollow = np.inf if own else small
    # A slide holds the fields alone.
    shown = table[table["industry_en"].isna()] if style.SIZE.get() == "slide" else table
    few = (shown["count_firms"] < hollow).any()
    sales_first = ((shown["field"] != OUTSIDE) & (shown["share"] <= 0.5)).any()
    key = sentences(
        say("Orange: no more than half put product first.") if sales_first else "",
        say("Hollow: fewer than {small} companies.", small=small) if few and not own else "",
    )
    unsold = int((table["count_firms"] - table["with_revenue"])[table["industry_en"].isna()].sum())
    without = phrase("R&D intensity is without {count} more, whose revenue is not confirmed.")
    unstated = phrase("R&D intensity is without {count} more, whose revenue is not known.")
    notes = [
        sentences(
            cohorts.left_out_words(out, len(firms)),
            say(unstated if own else without, count=unsold) if unsold else "",
            cohorts.provenance(cohort),
            say("Hence all dots are hollow.") if own else "",
        ),
        sentences(
            say(
                "{count} of the fields in China Daily's column: artificial intelligence is not an industry here, it sits inside information technology.",
                count=sentence(count_word(len(fields))),
            ),
            key,
        ),
    ]
    notes.append(
        source_line(cohorts.source_ids(cohort, ["company-list", "project-industry-map", "finglm", "china_daily"]))
    )
    heights = _heights(shown)
    body = LINE * (len(shown) + 0.45 * len(fields)) + 0.13
    across, narrow = (tuple(replace(panel, height=body) for panel in pair) for pair in ((SHARE, INTENSITY), NARROW))
    frame = style.Frame(title, subtitle, notes, across, narrow, slide_note=key)
    left = frame.axes("share")
    right = frame.axes("intensity", sharey=left)
    _dots(left, shown, heights, "share", "low", "high", 100, hollow)
    _dots(right, shown, heights, "intensity", "intensity_low", "intensity_high", 1, hollow)
    left.set_xlim(0, 100)
    ticks = (0, 25, 50, 75, 100) if chart.inches(left)[0] > 2 else (0, 50, 100)
    left.set_xticks(ticks, [f"{tick}%" if tick == 100 else f"{tick}" for tick in ticks])
    left.axvline(50, color=style.INK, linewidth=0.8, zorder=1)
    right.set_xlim(0, None)
    right.xaxis.set_major_formatter(lambda value, _: f"{value:g}" + ("%" if value == right.get_xticks()[-1] else ""))
    chart.inner_ticks(right.xaxis)
    _names(left, right, shown, heights)
    for axes, words, beside in (
        (left, say("Product-first share"), SHARE.right),
        (right, say("Median R&D intensity"), INTENSITY.right),
    ):
        chart.head(axes, words, up=22, room=chart.inches(axes)[0] + beside - 0.05)
    right.annotate(
        say("firms"),
        (1, 1),
        (28, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        size=8.5,
        color=style.QUIET,
        ha="right",
    )
    return Figure(
        frame,
        alt=_alt(plural, fiscal_year, fields, outside),
        table=table.assign(source_row=[_source_row(cohort, fiscal_year, row) for _, row in table.iterrows()]),
        companies=int(table.loc[table["industry_en"].isna(), "count_firms"].sum()),
        left_out=out,
        numbers=[
            Number("fields", "fields found as industries", len(fields), claim="cd-fields"),
            Number("highest", f"highest product-first share, {top['field']}", top["share"], share=True),
            Number("lowest", f"lowest, {bottom['field']}", bottom["share"], share=True),
        ],
        marks=lambda: _marks(left, right, shown, heights),
        columns=("field", "industry_en", "count", "count_firms", "share", "intensity"),
    )  # fmt: skip


def _marks(left, right, table: pd.DataFrame, heights) -> list[Mark]:
    """Both dots of each row."""
    words = [
        say(
            "{name}: {count:,} of {total:,} companies spend more on R&D, {share:.0%} ({low:.0%} to {high:.0%}); {intensity}",
            name=term(row["field"]) if pd.isna(row["industry_en"]) else cohorts.industry_name(row["industry_en"]),
            total=row["count_firms"], intensity=_intensity(row), **row[["count", "share", "low", "high"]],
        )
        for _, row in table.iterrows()
    ]  # fmt: skip
    return dot_marks(left, table["share"] * 100, heights, words) + dot_marks(right, table["intensity"], heights, words)


def _intensity(row: pd.Series) -> str:
    """A group's median R&D intensity in words; one firm alone has no interval, and none without revenue an intensity."""
    if pd.isna(row["intensity"]):
        return say("R&D intensity not known")
    alone = phrase("median R&D intensity {median:.1f}%")
    between = phrase("median R&D intensity {median:.1f}% ({low:.1f} to {high:.1f})")
    found = {"median": row["intensity"], "low": row["intensity_low"], "high": row["intensity_high"]}
    return say(between if row["with_revenue"] > 1 else alone, **found)


def _heights(table: pd.DataFrame) -> np.ndarray:
    """Where each row stands, counted in rows from the top, with a little room above each field."""
    return np.cumsum(np.where(table["industry_en"].isna(), 1.45, 1.0))


def _dots(axes, table, heights, value, low, high, scale, small) -> None:
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    axes.set_yticks([])
    axes.set_ylim(heights[-1] + 0.8, heights[0] - 0.8)
    for height, (_, row) in zip(heights, table.iterrows(), strict=True):
        whole = pd.isna(row["industry_en"])
        colour = (
            style.NEUTRAL
            if row["field"] == OUTSIDE
            else style.PRODUCT_FIRST
            if row["share"] > 0.5
            else style.SALES_FIRST
        )
        axes.plot(
            [row[low] * scale, row[high] * scale],
            [height, height],
            color=colour,
            linewidth=2.2 if whole else 1.1,
            alpha=0.55,
            solid_capstyle="butt",
        )
        axes.plot(
            row[value] * scale,
            height,
            "o",
            markersize=7 if whole else 4,
            color=colour,
            zorder=4,
            markerfacecolor="white" if row["count_firms"] < small else colour,
            markeredgewidth=1.3,
            clip_on=False,
        )


def _names(left, right, table, heights) -> None:
    for height, (_, row) in zip(heights, table.iterrows(), strict=True):
        whole = pd.isna(row["industry_en"])
        name, weight, colour = (
            (term(row["field"]), "semibold", style.INK)
            if whole
            else (cohorts.industry_name(row["industry_en"]), "normal", style.QUIET)
        )
        size = 10 if whole else 9
        left.annotate(
            name,
            (0, height),
            (-8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            size=size,
            weight=weight,
            color=colour,
        )
        right.annotate(
            digits(row["count_firms"]),
            (1, height),
            (28, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            size=size,
            color=colour,
        )


def _source_row(cohort: str, year: int, row: pd.Series) -> str:
    if pd.notna(row["industry_en"]):
        return cohorts.selection(cohort, year, industry_en=row["industry_en"])
    return cohorts.selection(cohort, year, hard_tech_field="" if row["field"] == OUTSIDE else row["field"])


def _alt(plural, year, fields, outside) -> str:
    lines = name_list(
        say("{field} {share:.0%} of {count}", field=term(row["field"]).lower(), share=row["share"], count=row["count_firms"])
        for _, row in fields.iterrows()
    )  # fmt: skip
    rest = [
        say("In all other industries it is {share:.0%} of {count:,}.", share=row["share"], count=row["count_firms"])
        for _, row in outside.iterrows()
    ]
    high, low = (fields.loc[place] for place in (fields["intensity"].idxmax(), fields["intensity"].idxmin()))
    return sentences(
        say(
            "Dot chart of hard-tech fields and their industries among {plural} in fiscal {year}. The share of companies "
            "that spend more on R&D than on selling, by field: {lines}.",
            plural=plural, year=year, lines=lines,
        ),
        *rest,
        say(
            "Beside it the median R&D as a share of revenue, from {high:.1f}% in {highest} to {low:.1f}% in {lowest}.",
            high=high["intensity"], highest=term(high["field"]).lower(), low=low["intensity"], lowest=term(low["field"]).lower(),
        ),
    )  # fmt: skip
