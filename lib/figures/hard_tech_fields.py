"""Figure 6: the hard-tech fields and their industries, by product-first share and R&D intensity."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, style
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.hard_tech_fields import (
    AI,
    ANY,
    CLUSTERS,
    OUTSIDE,
    by_subindustry,
    counted,
    groups,
    overlap,
    without_doubtful,
)
from lib.rows.sources import source_line
from lib.words import clauses, count_word, digits, name_list, phrase, say, sentence, sentences, term

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
    """Figure 6 from the rows of `rows.hard_tech_fields.load`; groups of fewer than `small` firms are drawn hollow."""
    table = groups(firms)
    own = cohorts.is_own(cohort)
    plural, description = described(cohort)
    whole = table[table["industry_en"].isna()]
    fields = whole[~whole["field"].isin(SUMS)]
    sums = {row["field"]: row for _, row in whole[whole["field"].isin(SUMS)].iterrows()}
    top, bottom = fields.iloc[0], fields.iloc[-1]
    rows = counted(firms)
    total = len(rows)
    out = cohorts.left_out(firms)
    if unknown := len(cohorts.drawn(firms)) - total:
        out[phrase("of unknown industry")] = unknown
    shown = whole if style.SIZE.get() == "slide" else table  # a slide holds the fields alone
    hollow = np.inf if own else small
    subtitle = say(
        "Share of companies that spend more on R&D than on selling, and median R&D as a share of revenue, fiscal {year}: {description}. "
        "Lines are 95% intervals.",
        year=fiscal_year, description=description,
    )  # fmt: skip
    subtitle = sentences(subtitle, _wider(firms, top, bottom))
    key = _key(shown, small, hollow)
    notes = [
        sentences(
            cohorts.left_out_words(out, len(firms)),
            _unsold(int(rows["intensity"].isna().sum()), own),
            cohorts.provenance(cohort),
            say("Hence all dots are hollow.") if own else _doubtful(firms, total),
        ),
        sentences(
            say(
                "{count} of the fields in China Daily's column are industries here, by our own mapping.",
                count=sentence(count_word(int((fields["field"] != AI).sum()))),
            ),
            _tagged(firms),
            _intervals(whole),
        ),
        key,
    ]
    cited = ["company-list", *([] if own else ["listings"]), "project-industry-map", "finglm", "china_daily"]
    notes = [*filter(None, notes), source_line(cohorts.source_ids(cohort, cited))]
    heights = _heights(shown)
    body = LINE * heights[-1] + 0.13
    across, narrow = (tuple(replace(panel, height=body) for panel in pair) for pair in ((SHARE, INTENSITY), NARROW))
    title, slide_note = _title(top, bottom, sums), sentences(_tagged(firms), key)
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
            Number("highest", f"highest product-first share, {_label(top)}", top["share"], share=True),
            Number("lowest", f"lowest, {_label(bottom)}", bottom["share"], share=True),
            *(
                Number(name, say(field).lower(), sums[field]["share"], share=True)
                for name, field in (("in_any", ANY), ("in_none", OUTSIDE)) if field in sums
            ),
            Number("overlap", "companies in artificial intelligence and another field", overlap(firms)[1]),
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


def _title(top: pd.Series, bottom: pd.Series, sums: dict) -> str:
    return say(
        phrase("{high:.0%} of {highest} put product first")
        if top["field"] == bottom["field"]
        else phrase("{high:.0%} of {highest} put product first, {low:.0%} of {lowest}, {none:.0%} in no field")
        if OUTSIDE in sums
        else phrase("{high:.0%} of {highest} put product first, {low:.0%} of {lowest}"),
        high=top["share"], highest=_companies(top), low=bottom["share"], lowest=_companies(bottom),
        none=sums[OUTSIDE]["share"] if OUTSIDE in sums else None,
    )  # fmt: skip


def _wider(firms: pd.DataFrame, top: pd.Series, bottom: pd.Series) -> str:
    """The title's shares with intervals clustered by sub-industry, where those drawn take companies as independent."""
    words = []
    for row in (top,) if top["field"] == bottom["field"] else (top, bottom):
        count, low, high = by_subindustry(firms, row["field"])
        if row["interval"] == "firms" and count > 1:
            words.append(
                say(
                    "{field} {low:.0%} to {high:.0%} ({count} of them)",
                    field=_label(row),
                    low=low,
                    high=high,
                    count=count,
                )
            )
    return say("Clustered by sub-industry: {words}.", words=clauses(words)) if words else ""


def _key(shown: pd.DataFrame, small: int, hollow: float) -> str:
    sales_first = ((shown["share"] <= 0.5) & ~shown["field"].isin(SUMS)).any()
    few = (shown["count_firms"] < hollow).any() and hollow == small
    return sentences(
        say("Orange: no more than half put product first.") if sales_first else "",
        say("Grey band: the interval of companies in no field.") if (shown["field"] == OUTSIDE).any() else "",
        say("Hollow: fewer than {small} companies.", small=small) if few else "",
    )


def _unsold(count: int, own: bool) -> str:
    without = phrase("R&D intensity is without {count} more, whose revenue is not confirmed.")
    unstated = phrase("R&D intensity is without {count} more, whose revenue is not known.")
    return say(unstated if own else without, count=count) if count else ""


def _doubtful(firms: pd.DataFrame, total: int) -> str:
    """What the shares owe to lines that are not confirmed, or that look wrong."""
    unsure, doubtful, moves = without_doubtful(firms)
    return say(
        "Of {total:,} companies, {unsure} have R&D or revenue that no second extract confirms, and {doubtful} more a line that jumps "
        "or R&D above revenue; without them no field's share moves by more than {points:.1f} points. Selling expense has no second "
        "extract.",
        total=total, unsure=unsure, doubtful=doubtful, points=np.ceil(moves * 1000) / 10,
    )  # fmt: skip


def _tagged(firms: pd.DataFrame) -> str:
    """How many companies are in two fields, and why."""
    tagged, twice = overlap(firms)
    if not tagged:
        return say("Artificial intelligence, a data vendor's tag of November 2023, is not known of any company here.")
    return say(
        "Artificial intelligence is a data vendor's tag of November 2023 that overlaps other fields: {twice} of its {tagged} companies "
        "count in another field, too.",
        twice=twice, tagged=tagged,
    )  # fmt: skip


def _intervals(whole: pd.DataFrame) -> str:
    """Which interval a row has."""
    clustered = [_label(row) for _, row in whole[whole["interval"] == "industries"].iterrows()]
    medians = say("Intervals of medians are bootstrapped over companies.")
    if not clustered:
        return sentences(
            say(
                "Intervals of shares are Wilson's over companies, too narrow where companies of one industry move together."
            ),
            medians,
        )
    return sentences(
        say(
            "Intervals of shares are clustered by industry in rows of at least {clusters} industries ({names}); the others are Wilson's "
            "over companies, too narrow where companies of one industry move together.",
            clusters=CLUSTERS, names=clauses(clustered),
        ),
        medians,
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
            "{name}: {count:,} of {total:,} companies spend more on R&D, {share:.0%} ({low:.0%} to {high:.0%}); {intensity}",
            name=_label(row), total=row["count_firms"], intensity=_intensity(row), **row[["count", "share", "low", "high"]],
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
        ANY: phrase("Of {count:,} companies in any field, each counted once, it is {share:.0%}."),
        OUTSIDE: phrase("Of {count:,} companies in no field it is {share:.0%}."),
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
            "Beside it the median R&D as a share of revenue, from {high:.1f}% in {highest} to {low:.1f}% in {lowest}.",
            high=high["intensity"], highest=_label(high).lower(), low=low["intensity"], lowest=_label(low).lower(),
        ),
    )  # fmt: skip
