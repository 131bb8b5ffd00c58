"""Figure 5: the 2020 accounting break. The same firms from 2019 to 2021, before and after freight left selling expense."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.transforms import Bbox

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.measures import unclustered_words
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.accounting_break import (
    GROUPS,
    STEPS,
    STRICTER,
    TEST_FIRMS,
    YEARS,
    crossings,
    freight_test,
    industries,
    paths,
    ties,
    turned,
)
from lib.rows.sources import source_line
from lib.words import (
    change_words,
    clauses,
    digits,
    estimate,
    name_list,
    percent,
    phrase,
    say,
    sentence,
    sentences,
    span_words,
)

NAME = "05_accounting_break"
GROUP_COLOURS = dict(zip(GROUPS, (style.ACCENT, style.NEUTRAL, style.INK), strict=True))
RATIO = phrase(
    "Product first: more R&D than selling expense. Selling ratio: selling expense per yuan of revenue; at the old one, each "
    "firm's R&D and revenue are as filed, and its selling ratio is the year before's."
)
TIES = phrase(
    "{count:,} {count:firm spends|firms spend} as much on R&D as on selling in some year, and {count:is|are} on neither side then."
)
CROSSINGS = style.Panel("crossings", 4.55, 1.15, left=1.75, right=0.7, top=0.5, bottom=0.05)
CHANGES = style.Panel("changes", 2.75, 2.6, left=1.3, right=0.55, top=0.62, bottom=0.33)
RATES = style.Panel("rates", 1.25, 2.6, left=0.3, right=0.85, top=0.62, bottom=0.33)
NARROW = [replace(CROSSINGS, width=1.85), replace(CHANGES, width=2.45), replace(RATES, width=2.15, left=1.3, top=0.45)]
SLIDE = [replace(CROSSINGS, height=0.95, top=0.4), (replace(CHANGES, height=1.9), replace(RATES, height=1.9))]
LANES = (0.95, 1.75)  # of a group's two steps below its name, in lines; three lines to a group
PITCH = 2.9


@drawn_as(NAME)
def draw(firms: pd.DataFrame, out: dict[str, int], *, cohort: str, minimum_firms: int) -> Figure:
    """Figure 5 from the firms of `rows.accounting_break.load`; industries with fewer than `minimum_firms` are not drawn."""
    crossed, sure = crossings(firms), crossings(firms[~firms["doubtful", 0]])
    changes = {step: industries(firms, minimum_firms, *step) for step in STEPS}
    tests = {step: freight_test(firms, *step) for step in STEPS}
    rates = {(group, step): turned(firms, group, *step) for group in GROUPS for step in STEPS}
    _, description = described(cohort)
    first, second = STEPS[0]
    moved = crossed.loc[STEPS[0]]
    title = say(
        "In {year}, {product:,} {plural} turned product first and {sales:,} sales first; at {before}'s selling ratios "
        "{old_product:,} and {old_sales:,} would have",
        year=second, plural=described(cohort, int(moved["to_product"]))[0], before=first, **_counts(moved),
    )  # fmt: skip
    subtitle = say(
        "The same {count:,} {count:company|companies}, fiscal {span}: {description}. From 2020 the revenue standard CAS 14 counts freight "
        "to customers in cost of sales.",
        count=len(firms), span=span_words(YEARS[0], YEARS[-1]), description=description,
    )  # fmt: skip
    hollow = cohorts.is_own(cohort)
    notes = [
        sentences(
            say(
                "Left out of {total:,} {total:company|companies}, by the first year without a ratio: {words}.",
                total=len(firms) + sum(out.values()), words=cohorts.reason_words(out),
            ),
            _not_drawn(firms, len(changes[STEPS[0]]), minimum_firms),
            cohorts.provenance(cohort),
            say("Hence hollow dots.") if hollow else "",
        ),
        sentences(
            say(RATIO),
            say(
                "Without the {doubtful:,} {doubtful:firm|firms} whose R&D or revenue no second extract confirms, or that {doubtful:is|are} flagged as doubtful: {product:,} and {sales:,}; "
                "at {before}'s ratios {old_product:,} and {old_sales:,}. Selling expense has no second extract.",
                doubtful=firms["doubtful", 0].sum(), before=first, **_counts(sure.loc[STEPS[0]]),
            ) if not hollow else "",
            say(TIES, count=ties(firms)) if ties(firms) else "",
        ),
        sentences(
            _test_words(firms, tests),
            say("2020 was also the first year of the pandemic. Intervals: 95%, clustered by industry."),
            unclustered_words(rate.method for rate in rates.values() if rate.total),
        ),
        source_line(cohorts.source_ids(cohort, ["company-list", "project-industry-map", "finglm"])),
    ]  # fmt: skip
    panels = [CROSSINGS, (CHANGES, RATES)]
    frame = style.Frame(title, subtitle, notes, panels, NARROW, SLIDE, slide_note=say(RATIO))
    above, left, right = (frame.axes(panel.name) for panel in (CROSSINGS, CHANGES, RATES))
    _draw_crossings(above, crossed)
    _draw_changes(left, changes, tests, minimum_firms, filled=not hollow)
    _draw_rates(right, rates, filled=not hollow, named=style.SIZE.get() == "one_column")
    return Figure(
        frame,
        alt=_alt(described(cohort, len(firms))[0], firms, crossed, changes[STEPS[0]], tests, rates),
        table=_table(cohort, crossed, changes, rates),
        companies=len(firms),
        left_out=out,
        numbers=_numbers(firms, moved, tests, rates),
        marks=lambda: [*_change_marks(left, changes), *_rate_marks(right, rates)],
        columns=("panel", "what", "group", "year", "value", "low", "high", "firms"),
    )


def _counts(row: pd.Series) -> dict[str, int]:
    """The counts of a step as the texts name them."""
    keys = {"product": "to_product", "sales": "to_sales"}
    return {f"{old}{key}": int(row[f"{what}{'_at_old_ratio' if old else ''}"]) for key, what in keys.items() for old in ("", "old_")}  # fmt: skip


def _not_drawn(firms: pd.DataFrame, drawn: int, minimum: int) -> str:
    known = firms["industry_en", 0].notna()
    small, unknown = int(firms.loc[known, ("industry_en", 0)].nunique() - drawn), int((~known).sum())
    few = phrase("{small} {small:industry|industries} of fewer than {minimum:,} {minimum:firm|firms}")
    nowhere = phrase("{unknown:,} {unknown:firm|firms} of unknown industry")
    left = [say(few, small=small, minimum=minimum)] * bool(small) + [say(nowhere, unknown=unknown)] * bool(unknown)
    return say("Not drawn: {what}.", what=clauses(left)) if left else ""


def _larger_p(test: dict[str, float]) -> float:
    """The larger of a test's p values; NaN where one is."""
    return float(np.max([value for name, value in test.items() if name.startswith("p ")]))


def _test_words(firms: pd.DataFrame, tests: dict) -> str:
    """What the test of the break and its placebo, the step a year later, show."""
    found, placebo = (_larger_p(tests[step]) for step in STEPS)
    if not np.isfinite([found, placebo]).all():
        return say("Too few industries to test whether the selling ratio fell most in freight-heavy goods.")
    told = say(
        "One-sided Mann-Whitney tests of a larger fall in freight-heavy goods, on the medians of industries of {fewest} firms or more, give "
        "p = {found:.2g} to {year} and p = {placebo:.2g} to {later}, a year after the standard changed.",
        fewest=TEST_FIRMS, found=found, placebo=placebo, year=YEARS[1], later=YEARS[2],
    )  # fmt: skip
    both = (
        say("Both pass at 5%, so that on these industries the test does not single out the standard.")
        if max(found, placebo) < 0.05
        else ""
    )
    stricter = [_larger_p(freight_test(firms, *step, STRICTER)) for step in STEPS]
    again = phrase("Of industries of {fewest} firms or more: p = {found:.2g} and p = {placebo:.2g}.")
    words = say(again, fewest=STRICTER, found=stricter[0], placebo=stricter[1]) if np.isfinite(stricter).all() else ""
    return sentences(told, both, words)


def _numbers(firms: pd.DataFrame, moved: pd.Series, tests: dict, rates: dict) -> list[Number]:
    words = {
        "to_product": "turned product first in 2020",
        "to_sales": "turned sales first in 2020",
        "to_product_at_old_ratio": "would have turned product first at the selling ratios of 2019",
        "to_sales_at_old_ratio": "would have turned sales first at the selling ratios of 2019",
        "to_product_either_way": "turned product first, and would have at the selling ratios of 2019",
    }
    fall = 1 - paths(firms).loc["selling_expense_cny", 2020] / 100
    found = [
        Number("firms", "the same firms", len(firms)),
        *(Number(f"{name}_2020", said, int(moved[name])) for name, said in words.items()),
        Number("selling_fall_2020", "fall of the median selling expense in 2020", fall, share=True),
    ]
    for step, test in tests.items():
        for name, value in test.items():
            if name.startswith("median"):
                number = f"{name}, change of the selling ratio to {step[1]}", float(np.expm1(value)), True
            else:
                number = f"Mann-Whitney {name}, to {step[1]}", value, False
            found.append(Number(f"{name} {step[1]}", *number))
    for (group, step), rate in rates.items():
        words = f"of the {group} that could, turned product first in {step[1]}"
        found.append(Number(f"turned {group} {step[1]}", words, rate.share, share=True))
    return found


def _draw_crossings(axes, crossed: pd.DataFrame) -> None:
    """Firms that changed sides, as filed and at the old selling ratio: product first to the right, sales first to the left."""
    chart.bare(axes)
    rows = [(f"to_{{}}{old}", step, counts) for step, counts in crossed.iterrows() for old in ("", "_at_old_ratio")]
    reach = max(crossed[["to_product", "to_product_at_old_ratio"]].max().max(), 1)
    back = max(crossed[["to_sales", "to_sales_at_old_ratio"]].max().max(), 1)
    sides = (
        ("product", 1, style.PRODUCT_FIRST, style.PRODUCT_TEXT),
        ("sales", -1, style.SALES_FIRST, style.SALES_TEXT),
    )
    for place, (key, (before, after), counts) in enumerate(rows):
        height, old = place + 0.35 * (place // 2), "old" in key
        words = say("at {before}'s selling ratio", before=before) if old else say("{before} to {after}, as filed", before=before, after=after)  # fmt: skip
        chart.write(axes, (0, height), words, (-6, 0), over=("axes", "data"), size=9.5, ha="right", va="center",
                    color=style.QUIET if old else style.INK)  # fmt: skip
        for side, sign, colour, text in sides:
            count = counts[key.format(side)]
            looks = {"facecolor": "white", "edgecolor": colour, "hatch": "////"} if old else {"color": colour}
            axes.barh(height, sign * count, height=0.74, linewidth=0.8, **looks)
            chart.write(axes, (sign * count, height), digits(count), (sign * 4, 0), size=9.5, color=text, va="center",
                        ha="left" if sign > 0 else "right")  # fmt: skip
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.set_ylim(3.85, -0.5)
    axes.set_xlim(-back * 1.02 - reach * 0.1, reach)
    for (_, sign, _, text), words in zip(sides, (phrase("to product first"), phrase("to sales first")), strict=True):
        chart.write(axes, (0, 1), say(words), (4 * sign, 1), over=("data", "axes"), size=9.5, color=text,
                    ha="left" if sign > 0 else "right")  # fmt: skip
    chart.head(axes, say("Companies that changed sides"), style.MARGIN - CROSSINGS.left, up=17)


def _height(group: str, step: tuple[int, int]) -> float:
    """Where a group's step stands in the lower panels."""
    return GROUPS.index(group) * PITCH + LANES[STEPS.index(step)]


def _lanes(axes, named: bool) -> None:
    """The lines that both lower panels share: for each group its name, and under it the two steps."""
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.set_yticks([])
    axes.set_ylim(PITCH * len(GROUPS) - 0.6, -0.5)
    left = 72 * (style.MARGIN - CHANGES.left)
    for group in GROUPS if named else ():
        chart.write(
            axes, (0, GROUPS.index(group) * PITCH), say(group), (left, 0), over=("axes", "data"), size=9.5, va="center"
        )
        for step in STEPS:
            words = say("{before} to {after}", before=step[0], after=step[1])
            chart.write(axes, (0, _height(group, step)), words, (-6, 0), over=("axes", "data"), size=9, ha="right", va="center",
                        color=style.QUIET)  # fmt: skip


def _draw_changes(axes, changes: dict, tests: dict, minimum: int, *, filled: bool) -> None:
    """A strip of industries for each group and step, with the group's median firm as a line; the farthest are named."""
    chart.head(axes, say("Change of the selling ratio: median by industry (dots), median firm (line)"), style.MARGIN - CHANGES.left,
               up=9, room=CHANGES.left + 2.3)  # fmt: skip
    known = [group for group in GROUPS if any(np.isfinite(test[f"median {group}"]) for test in tests.values())]
    if not known:
        axes.axis("off")
        chart.write(
            axes, (0, 0.5), sentence(say("no firm's industry is known")), over=("axes", "axes"), color=style.QUIET
        )
        return
    _lanes(axes, named=True)
    if all(rows.empty for rows in changes.values()):
        words = say("No industry of {minimum:,} {minimum:firm|firms} or more", minimum=minimum)
        chart.write(
            axes, (1, 0), words, (-4, 0), over=("axes", "data"), size=8.5, color=style.QUIET, ha="right", va="center"
        )
    for step, rows in changes.items():
        for group, chosen in rows.groupby("group"):
            percents = np.expm1(chosen["change"]) * 100
            chart.dot(axes, percents, np.full(len(chosen), _height(group, step)), GROUP_COLOURS[group], size=5.5,
                      filled=filled, alpha=0.75, markeredgewidth=0 if filled else 1)  # fmt: skip
    medians = {(group, step): tests[step][f"median {group}"] for group in known for step in STEPS}
    for place, value in medians.items():
        low, high = _height(*place) - 0.34, _height(*place) + 0.34
        chart.interval(axes, low, high, np.expm1(value) * 100, style.INK, upright=True, linewidth=2, zorder=5)
    texts = [_percent(value) for value in medians.values()]
    chart.column(axes, [_height(*place) for place in medians], texts, 0.42, say("median firm"))
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: percent(value / 100, sign=True) if value else "0")
    chart.inner_ticks(axes.xaxis)  # settles the view, which labels are placed in
    _name_farthest(axes, changes)


def _name_farthest(axes, changes: dict) -> None:
    """Name each group's industries that moved farthest across the break, clear of all dots."""
    dot = np.ptp(axes.get_xlim()) / chart.inches(axes)[0] * 6 / 72  # a dot's width; nearer ones look like one
    labels, places = [], []
    for step, rows in changes.items():
        places += [(np.expm1(row["change"]) * 100, _height(row["group"], step)) for _, row in rows.iterrows()]
    for group, chosen in changes[STEPS[0]].groupby("group"):
        farthest = chosen.iloc[sorted({0, len(chosen) - 1})]
        percents = np.expm1(farthest["change"]) * 100
        labels += [
            (value, _height(group, STEPS[0]), cohorts.industry_name(name))
            for value, name in zip(percents[~(percents.diff() < dot)], farthest["industry_en"], strict=False)
        ]
    dots = [Bbox.from_bounds(x - 3.5, y - 3.5, 7, 7) for x, y in axes.transData.transform(places)]
    chart.label_points(axes, labels, boxes=dots, around=True, size=8.5, color=style.QUIET)


def _draw_rates(axes, rates: dict, *, filled: bool, named: bool) -> None:
    """Of each group's firms that were not product first, the share that turned, with its interval."""
    known = {place: rate for place, rate in rates.items() if rate.total}
    if not known:
        axes.axis("off")
        return
    _lanes(axes, named)
    for (group, step), rate in known.items():
        height = _height(group, step)
        chart.interval(axes, rate.low * 100, rate.high * 100, height, GROUP_COLOURS[group])
        chart.dot(axes, rate.share * 100, height, GROUP_COLOURS[group], filled=filled)
    texts = [say("{share:.0%} of {count:,}", share=rate.share, count=rate.total) for rate in known.values()]
    chart.column(axes, [_height(*place) for place in known], texts, 0.75)
    axes.set_xlim(0, max([40, *(rate.share * 108 for rate in known.values())]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%" if value else "0")
    chart.inner_ticks(axes.xaxis)
    heading = say("Of those that could, turned product first")
    chart.head(axes, heading, style.MARGIN - CHANGES.left if named else 0, up=9, room=None if named else 1.95)


def _percent(log_change: float) -> str:
    return change_words(np.expm1(log_change))


def _change_marks(axes, changes: dict) -> list:
    marks = []
    for (before, after), rows in changes.items():
        words = [
            say(
                "{industry} ({group}), {before} to {after}: selling expense per yuan of revenue {change}, median of {firms:,} {firms:firm|firms}",
                industry=cohorts.industry_name(row["industry_en"]), group=say(row["group"]), before=before, after=after,
                change=_percent(row["change"]), firms=row["firms"],
            )
            for _, row in rows.iterrows()
        ]  # fmt: skip
        heights = [_height(group, (before, after)) for group in rows["group"]]
        marks += dot_marks(axes, np.expm1(rows["change"]) * 100, heights, words)
    return marks


def _rate_marks(axes, rates: dict) -> list:
    known = {place: rate for place, rate in rates.items() if rate.total}
    words = [
        say(
            "{group}, {before} to {after}: {count:,} of the {total:,} {total:firm|firms} that could turned product first, {share}",
            group=say(group), before=step[0], after=step[1], count=rate.count, total=rate.total,
            share=estimate(percent(rate.share, 1), rate.low, rate.high, ".1%"),
        )
        for (group, step), rate in known.items()
    ]  # fmt: skip
    return dot_marks(axes, [rate.share * 100 for rate in known.values()], [_height(*place) for place in known], words)


def _table(cohort: str, crossed: pd.DataFrame, changes: dict, rates: dict) -> pd.DataFrame:
    """All that is drawn, in one tidy table: panel, what, group, year (the later one), value, low, high, firms."""
    rows = []
    for step in STEPS:
        source, after = " ".join(cohorts.selection(cohort, year) for year in step), step[1]
        rows += [
            {"panel": "changed sides", "what": what, "year": after, "value": count, "source_row": source}
            for what, count in crossed.loc[step].items()
        ]
        for _, row in changes[step].iterrows():
            where = " ".join(cohorts.selection(cohort, year, industry_en=row["industry_en"]) for year in step)
            rows.append({"panel": "industries", "what": row["industry_en"], "group": row["group"], "firms": row["firms"],
                         "year": after, "value": row["change"], "source_row": where})  # fmt: skip
        for group in GROUPS:
            rate = rates[group, step]
            rows.append({"panel": "turned product first", "what": "share of those that could", "group": group,
                         "firms": rate.total, "year": after, "value": rate.share, "low": rate.low, "high": rate.high,
                         "source_row": source})  # fmt: skip
    return pd.DataFrame(rows)


def _alt(plural, firms, crossed, by_industry, tests, rates) -> str:
    steps = clauses(
        say(
            "from {before} to {after}, {product:,} turned product first and {sales:,} sales first, and at the selling ratios of "
            "{before}, {old_product:,} and {old_sales:,} would have",
            before=step[0], after=step[1], **_counts(crossed.loc[step]),
        )
        for step in STEPS
    )  # fmt: skip
    known = [group for group in GROUPS if np.isfinite(tests[STEPS[0]][f"median {group}"])]
    groups = clauses(
        say(
            "{group}: selling ratio of the median firm {change} to {year} and {later_change} to {later}; {turned}",
            group=say(group), year=YEARS[1], later=YEARS[2], change=_percent(tests[STEPS[0]][f"median {group}"]),
            later_change=_percent(tests[STEPS[1]][f"median {group}"]), turned=_turned(rates, group),
        )
        for group in known
    ) or say("no firm's industry is known")  # fmt: skip
    fell = [cohorts.industry_name(name) for name in by_industry["industry_en"].head(3)]
    return sentences(
        say(
            "Three panels on the same {count:,} {plural}. Bars: {steps}. Dots and intervals by group: {groups}.",
            count=len(firms), plural=plural, steps=steps, groups=groups,
        ),
        say("By industry, the selling ratio fell most to {year} in {industries}.", year=YEARS[1], industries=name_list(fell))
        if fell
        else "",
    )  # fmt: skip


def _turned(rates: dict, group: str) -> str:
    """How many of a group's firms that could turn product first did, by step, in words."""
    said = [
        say("{count:,} of {total:,} in {year}", count=rate.count, total=rate.total, year=step[1])
        for step in STEPS
        if (rate := rates[group, step]).total
    ]
    if not said:
        return say("no firm could turn product first")
    return say("of the firms that could turn product first, {turned} did", turned=name_list(said))
