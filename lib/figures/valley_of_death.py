"""Figure 10: do firms that put product first sell less later? Growth of sales after 2019 by the side that firms took then."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, estimates, style
from lib.estimates import Estimate
from lib.figure import Figure, Mark, Number, Printed, dot_marks, drawn_as
from lib.measures import unclustered_words
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.sources import source_line
from lib.rows.valley_of_death import (
    ALL,
    BASE,
    COHORT,
    COMBINATIONS,
    DECILES,
    GROUPS,
    LADDER,
    MAIN,
    MEDIAN,
    NAMES,
    OTHERS,
    PLACEBO,
    RAW,
    SELLING_HEAVY,
    WITHIN,
    alternatives,
    by_decile,
    combinations,
    group,
    ladder,
    same_side,
)
from lib.words import change_words, clauses, digits, estimate, percent, phrase, say, sentence, sentences

NAME = "10_valley_of_death"
CURVE = style.Panel("deciles", 1.95, 3.7, left=0.55, right=0.2, top=0.42, bottom=0.5)
GAPS = style.Panel("gaps", 1.55, 3.7, left=1.78, right=0.97, top=0.42, bottom=0.5)
NARROW = [replace(CURVE, height=2.0, right=0.12), replace(GAPS, height=3.9)]
SLIDE = (replace(CURVE, width=2.4), replace(GAPS, width=2.2))
COLOURS = {ALL: style.INK, COHORT: style.ACCENT, OTHERS: style.NEUTRAL}
KEY = phrase(
    "Lines: 95% intervals, clustered by industry. Grey at the foot: what cannot be an effect, as the side came after the growth."
)
TICKS = {
    0.7: (-0.25, -0.1, 0, 0.1, 0.25, 0.5),
    1.5: (-0.5, 0, 1, 3),
    np.inf: (-0.9, -0.5, 0, 1, 4, 19),
}  # by the span of the axis
LINE = 0.62  # how far the dots of one row stand apart, in rows


@drawn_as(NAME)
def draw(firms: pd.DataFrame, *, cohort: str, last_year: int, minimum_firms: int) -> Figure:
    """Figure 10 from the companies of `rows.valley_of_death.load`."""
    steps, others, every = ladder(firms), alternatives(firms), combinations(firms)
    curve = by_decile(firms, minimum_firms)
    plural, description = described(cohort)
    main, own = steps[MAIN, ALL], steps[MAIN, COHORT]
    out = {**cohorts.left_out(firms), **_unsold(firms)}
    count = int(firms["growth"].notna().sum())
    subtitle = say(
        "Growth of sales, fiscal {base} to {last}, by R&D against selling expense in {base}: {count:,} listed {count:company|companies}, {inside:,} of them "
        "in the cohort, {description}.",
        base=BASE, last=last_year, count=count, inside=len(group(firms, COHORT)), description=description,
    )  # fmt: skip
    inside = (
        say("In the cohort the gap is {gap}.", gap=_gap(own))
        if np.isfinite(own.value)
        else say("There is no estimate of the gap in the cohort.")
    )
    notes = [
        sentences(
            say(KEY),
            say("Gap: how much more product-first firms' sales grew than sales-first ones'. Rows below 'and same sales' change one choice of it."),
            _once(every),
            say("Placebo: growth to 2020 by the side of 2021. {same} of firms took that side in 2019, too, so lasting differences between firms would look like this.", same=percent(same_side(firms))),
            say("Of firms selling-heavy for their industry the gap is {gap}.", gap=_gap(others[SELLING_HEAVY])),
            estimates.intervals_words([*steps.values(), *others.values()]),
            unclustered_words("median" for low in curve["low"] if np.isnan(low)),
            say("Deciles of fewer than {minimum:,} {minimum:company|companies} are not drawn.", minimum=minimum_firms),
        ),
        sentences(
            cohorts.left_out_words(out, len(firms)),
            cohorts.later_words(out),
            say("Only companies that still filed in {last}, in a pandemic: no cause, and nothing on firms that failed or never listed.", last=last_year),
            cohorts.provenance(cohort),
        ),
        source_line(cohorts.source_ids(cohort, ["company-list", "listings", "finglm", "macropolo"])),
    ]  # fmt: skip
    frame = style.Frame(
        _title(main, others[PLACEBO], last_year),
        sentences(subtitle, inside),
        notes,
        (CURVE, GAPS),
        NARROW,
        SLIDE,
        slide_note=say(KEY),
    )
    left, right = frame.axes("deciles"), frame.axes("gaps")
    _draw_curve(left, curve, firms, plural)
    places = _draw_gaps(right, steps, others, every)
    return Figure(
        frame,
        alt=_alt(plural, last_year, curve, steps, others, every),
        table=_table(cohort, last_year, curve, steps, others, every),
        printed=Printed(
            say("estimates, standard errors clustered by industry in brackets"),
            estimates.printed(steps.values(), NAMES, [say(name) for _, name in steps]),
        ),
        companies=count,
        left_out=out,
        numbers=[
            Number("gap_raw", "product-first firms' sales growth against sales-first firms'", _grown(steps[RAW, ALL].value), share=True),
            Number("gap_within_industry", "within the same industry", _grown(steps[WITHIN, ALL].value), share=True),
            Number("gap", "and at the same sales in 2019", _grown(main.value), share=True),
            Number("gap_low", "its 95% interval, from", _grown(main.low), share=True),
            Number("gap_high", "to", _grown(main.high), share=True),
            Number("gap_in_cohort", "the same in the cohort", _grown(own.value), share=True),
            Number("placebo", "growth to 2020, by the side of 2021", _grown(others[PLACEBO].value), share=True),
            Number("combinations_above_zero", f"of {len(every)} ways to count one sample, above zero", int((every["estimate"] > 0).sum())),
        ],
        marks=lambda: _marks(left, right, curve, places),
        columns=("panel", "what", "group", "estimate", "standard_error", "low", "high", "firms", "fixed_effects", "controls"),
    )  # fmt: skip


def _grown(log_change: float) -> float:
    """A difference of log changes as a rate: how much more."""
    return float(np.expm1(log_change))


def _gap(found: Estimate) -> str:
    """A difference of log changes as a rate with its interval: '+7% (+1% to +14%)'."""
    if not np.isfinite(found.value):
        return say("no estimate")
    return estimate(change_words(_grown(found.value)), _grown(found.low), _grown(found.high), "+.0%")


def _unsold(firms: pd.DataFrame) -> dict[str, int]:
    """Firms with both expenses that are left out for want of a revenue, by reason."""
    counts = firms["status"].value_counts()
    return {reason: int(counts[reason]) for reason in counts.index if reason.startswith("without a confirmed revenue")}


def _title(main: Estimate, before: Estimate, last: int) -> str:
    more = main.value >= 0
    gap, placebo = (_less_or_more(found, more) for found in (main, before))
    return say(
        phrase("Product-first firms of {base} sold {gap} more in {last} than others of their industry and size; a placebo gives {placebo}")
        if more
        else phrase("Product-first firms of {base} sold {gap} less in {last} than others of their industry and size; a placebo gives {placebo}"),
        base=BASE, last=last, gap=gap, placebo=placebo,
    )  # fmt: skip


def _less_or_more(found: Estimate, more: bool) -> str:
    """A gap with its interval as so much more, or as so much less."""
    rate = replace(found, value=_grown(found.value), low=_grown(found.low), high=_grown(found.high))
    rate = rate if more else rate.turned()
    return estimate(percent(rate.value), 100 * rate.low, 100 * rate.high)


def _once(every: pd.DataFrame) -> str:
    """What the combinations of choices say: they are ways to count the same firms, and no samples of their own."""
    medians, above = every["growth"] == MEDIAN, int((every["estimate"] > 0).sum())
    names = {
        "samples": every["sample"], "cuts": every.loc[~medians, "growth"], "steps": every.loc[~medians, "step"], "medians": every.loc[medians, "step"]
    }  # fmt: skip
    return sentences(
        say(
            phrase("All {count} ways to count give a gap above zero; they share one sample.")
            if above == len(every)
            else phrase("Of {count} ways to count {above} {above:gives|give} a gap above zero; they share one sample."),
            count=len(every), above=above,
        ),
        say(
            "The ways: firms ({samples}), each with growth ({cuts}), compared ({steps}), and medians ({medians}); none by R&D-heavy or selling-heavy.",
            **{name: clauses(map(say, values.unique())) for name, values in names.items()},
        ),
    )  # fmt: skip


def _draw_curve(axes, curve: pd.DataFrame, firms: pd.DataFrame, plural: str) -> None:
    """The median firm's growth by decile, in the cohort and beside it, with intervals."""
    chart.head(axes, say("Sales growth of the median firm"), style.MARGIN - CURVE.left, up=18)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    for name, shift in ((OTHERS, -0.1), (COHORT, 0.1)):
        rows, colour = curve[curve["group"] == name], COLOURS[name]
        across = rows["decile"] + shift
        for place, (_, row) in zip(across, rows.iterrows(), strict=True):
            low, high = (_grown(row[end]) * 100 for end in ("low", "high"))
            chart.interval(axes, low, high, place, colour, upright=True, linewidth=1.4, alpha=0.5)
        axes.plot(across, np.expm1(rows["growth"]) * 100, color=colour, linewidth=1, alpha=0.6)
        chart.dot(axes, across, np.expm1(rows["growth"]) * 100, colour, size=5.5, filled=name == COHORT)
    axes.set_xlim(0.4, DECILES + 0.6)
    axes.set_xticks(
        range(1, DECILES + 1), [str(place) if place in (1, 5, DECILES) else "" for place in range(1, DECILES + 1)]
    )
    axes.set_xlabel(say("decile of R&D over selling, {base}", base=BASE), labelpad=1)
    axes.yaxis.set_major_formatter(lambda value, _: percent(value / 100, sign=True) if value else "0")
    chart.inner_ticks(axes.yaxis)
    some = group(firms, ALL)
    if 0 < (share := float((some["product_first"] == 0).mean())) < 1:
        chart.reference(axes, 0.5 + share * DECILES)
        chart.write(
            axes,
            (0.5 + share * DECILES, 1),
            say("product first →"),
            (3, 0),
            over=("data", "axes"),
            size=8.5,
            va="top",
            color=style.QUIET,
        )
    swatches = [
        (say("the cohort"), dict(facecolor=style.ACCENT)),
        (say("others"), dict(facecolor="white", edgecolor=style.NEUTRAL)),
    ]
    chart.key(axes, swatches, style.MARGIN - CURVE.left, chart.inches(axes)[1] + 0.12)


def _draw_gaps(axes, steps, others, every) -> list[tuple[float, str, str, Estimate]]:
    """The estimates, one below the other; returns those that are drawn: (height, what, group, estimate)."""
    places, labels, height = [], [], 0.0
    for step in LADDER:
        height += LINE
        labels.append((height, step, style.INK))
        places += [
            (height + shift * LINE, step, name, steps[step, name])
            for shift, name in zip((-1, 0, 1), GROUPS, strict=True)
        ]
        height += LINE + 0.8
    height += 0.15
    for what in (*[name for name in others if name != PLACEBO], COMBINATIONS, PLACEBO):
        labels.append((height, what, style.QUIET if what == PLACEBO else style.INK))
        if what != COMBINATIONS:
            places.append((height, what, ALL, others[what]))
        height += 0.9
    known = [place for place in places if np.isfinite(place[3].value)]
    ends = [end for *_, found in known for end in (found.value, found.low, found.high) if np.isfinite(end)]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    pad = (high - low or 1) * 0.06
    axes.set(xlim=(low - pad, high + pad), ylim=(height - 0.3, -0.5))
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=style.INK, linewidth=0.9)
    axes.set_yticks([])
    ticks = next(ticks for span, ticks in TICKS.items() if high - low < span)
    marks = [share for share in ticks if low - pad < np.log1p(share) < high + pad]
    axes.set_xticks(np.log1p(marks), [percent(share, sign=True) if share else "0" for share in marks])
    for place, what, name, found in known:
        colour = style.NEUTRAL if what == PLACEBO else COLOURS[name]
        chart.interval(axes, found.low, found.high, place, colour, linewidth=1.8, alpha=0.6)
        chart.dot(axes, found.value, place, colour, size=5.5, filled=name != OTHERS and what != PLACEBO)
    across = labels[[what for _, what, _ in labels].index(COMBINATIONS)][0]
    axes.plot(
        every["estimate"],
        np.full(len(every), across),
        "|",
        markersize=9,
        color=style.INK,
        alpha=0.6,
        markeredgewidth=0.9,
    )
    room = GAPS.left - 0.2
    for place, what, colour in labels:
        words = "\n".join(style.wrapped(say(what, count=len(every)), 8.5, "normal", room))
        chart.write(
            axes,
            (0, place),
            words,
            (-6, 0),
            over=("axes", "data"),
            ha="right",
            va="center",
            size=8.5,
            color=colour,
            linespacing=1.0,
        )
    for place, _, name, found in known:
        looks = dict(
            over=("axes", "data"),
            ha="right",
            va="center",
            size=8.5,
            color=COLOURS[name] if name != OTHERS else style.QUIET,
        )
        chart.write(axes, (1, place), change_words(_grown(found.value)), (32, 0), **looks)
        chart.write(axes, (1, place), digits(found.firms), (66, 0), **looks | {"color": style.QUIET})
    chart.write(axes, (1, 1), say("firms"), (66, 3), over=("axes", "axes"), ha="right", size=8.5, color=style.QUIET)
    left = style.MARGIN - GAPS.left
    chart.head(axes, say("Gap of product-first to sales-first firms"), left, up=18)
    entries = [
        (say(name), dict(facecolor="white" if name == OTHERS else COLOURS[name], edgecolor=COLOURS[name]))
        for name in GROUPS
    ]
    chart.key(axes, entries, left, chart.inches(axes)[1] + 0.12)
    return known


def _words(what: str, name: str, found: Estimate) -> str:
    """An estimate as a reader says it."""
    return say(
        "{what}, {group}: {gap}, {firms:,} {firms:firm|firms}",
        what=sentence(say(what)), group=say(name), firms=found.firms, gap=_gap(found),
    )  # fmt: skip


def _marks(left, right, curve: pd.DataFrame, places) -> list[Mark]:
    """The deciles' dots and the estimates'."""
    words = [
        say(
            "Decile {decile}, {group}: the median firm's sales grew by {growth}, {firms:,} {firms:firm|firms}",
            decile=row["decile"], group=say(row["group"]), firms=row["firms"],
            growth=estimate(change_words(_grown(row["growth"])), _grown(row["low"]), _grown(row["high"]), "+.0%"),
        )
        for _, row in curve.iterrows()
    ]  # fmt: skip
    across = curve["decile"] + curve["group"].map({OTHERS: -0.1, COHORT: 0.1})
    deciles = dot_marks(left, across, np.expm1(curve["growth"]) * 100, words) if len(curve) else []
    return deciles + dot_marks(
        right,
        [found.value for *_, found in places],
        [height for height, *_ in places],
        [_words(*place[1:]) for place in places],
    )


def _table(cohort, last, curve, steps, others, every) -> pd.DataFrame:
    """All that is drawn, in one tidy table; growth and gaps are log changes."""
    years = " ".join(
        cohorts.selection(one, year) for one in dict.fromkeys((cohort, "all_listed")) for year in (BASE, last)
    )
    deciles = curve.rename(columns={"growth": "estimate"}).assign(
        panel="median growth", what=lambda rows: "decile " + rows["decile"].astype(str)
    )
    parts = [
        deciles.drop(columns="decile"),
        estimates.rows(steps.values()).assign(
            panel="gap", what=[step for step, _ in steps], group=[name for _, name in steps]
        ),
        estimates.rows(others.values()).assign(panel="gap", what=list(others), group=ALL),
        every.assign(
            panel="combinations",
            what=every["sample"] + "; growth: " + every["growth"] + "; " + every["step"],
            group=ALL,
        ),
    ]
    columns = ["panel", "what", "group", *estimates.COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns].assign(source_row=years)


def _alt(plural, last, curve, steps, others, every) -> str:
    told = clauses(_words(step, name, steps[step, name]) for step in LADDER for name in GROUPS)
    changed = clauses(_words(what, ALL, found) for what, found in others.items())
    ends = curve[curve["group"] == OTHERS].sort_values("decile")
    slope = (
        say(
            "Of the others it was {first} in decile {low} and {final} in decile {high}.",
            first=change_words(_grown(ends["growth"].iloc[0])), low=ends["decile"].iloc[0], final=change_words(_grown(ends["growth"].iloc[-1])), high=ends["decile"].iloc[-1],
        )
        if len(ends)
        else ""
    )  # fmt: skip
    return sentences(
        say("Left, the median firm's growth of sales from {base} to {last} by decile of R&D over selling expense in {base}, {plural} and others.", base=BASE, last=last, plural=plural),
        slope,
        say("Right, how much more product-first firms grew than sales-first ones: {told}.", told=told),
        say("With one choice changed: {changed}.", changed=changed),
        _once(every),
    )  # fmt: skip
