"""Figure 4: does 65% hold? The article's own subject, before a specification curve over every combination of choices."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, style
from lib.errors import UserError
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.measures import Share, unclustered_words
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.cited import article_share
from lib.rows.does_65_hold import BREAK, CHOICES, WORDS, blocks, different, gap, influence, own_terms
from lib.rows.sources import source_line
from lib.words import (
    clauses,
    estimate,
    interval,
    name_list,
    number,
    percent,
    phrase,
    say,
    sentences,
    span_words,
    term,
)

NAME = "04_does_65_hold"

LINE = 0.17  # inches: one option
PAIR = (0.42, 1)  # widths of the years before the break and of those after it, one to the other
CURVE = style.Panel("curve", 2.7, 2.4, left=0.12, right=0.45, top=0.5, bottom=0.1)
TICKS = style.Panel("ticks", 2.7, 1, left=0.12, right=0.45, top=0.18, bottom=0.05)
LEFT = {"one_column": 1.75}  # inches for the names of options
BAND = "#e9e6ee"


@drawn_as(NAME)
def draw(
    curve: pd.DataFrame, published: pd.DataFrame, *, cohort_list: list[str], years: list[int], thresholds: list[float]
) -> Figure:
    """Figure 4 from the rows of `rows.does_65_hold.load`, which has chosen them by the parameters."""
    if curve.empty:
        raise UserError("no company of these cohorts has both expenses in any of these years: choose others.")
    claim, stated = published.loc["mp3-share"], article_share(published)
    near, weigh = own_terms(curve), influence(curve)
    names = curve["cohort"].unique()
    own = [name for name in names if cohorts.is_own(name)]
    # A slide has room for the two choices that matter most.
    most = list(dict.fromkeys([*weigh.index, *CHOICES]))[:2]
    choices = [name for name in CHOICES if style.SIZE.get() != "slide" or name in most]
    hidden = [say(words).lower() for name, words in CHOICES.items() if name not in choices and name in weigh]
    subtitle = sentences(
        say(
            "Share of companies that {spend}, fiscal {span}, in every combination of the choices below, lowest to highest, with 95% "
            "intervals clustered by industry. A tick marks what a count chooses.",
            spend=_spend(curve), span=span_words(curve["year"].min(), curve["year"].max()),
        ),
        say("Chosen, too, and not shown: {choices}.", choices=name_list(hidden)) if hidden else "",
    )  # fmt: skip
    notes = [
        sentences(
            _influence_words(curve, weigh), unclustered_words(curve["interval"]), cohorts.provenance(*own),
            say("Hence grey ticks.") if own else "",
        ),
        sentences(_article_words(claim, stated), *(_near_words(near, stated) if len(near) else ())),
        source_line([*(i for name in names for i in cohorts.source_ids(name, ["company-list", "finglm"])), "macropolo"]),
    ]  # fmt: skip
    layout, parts = _layout(curve, choices), blocks(curve)
    frame = style.Frame(_title(curve, claim, near, stated), subtitle, notes, layout, layout, layout)
    curves = [frame.axes(f"curve{place}") for place in range(len(parts))]
    for place, (axes, part) in enumerate(zip(curves, parts, strict=True)):
        _draw_curve(axes, part, claim, stated, named=not place)
        subject = near[near.index.isin(part.index)]
        _draw_choices(frame.axes(f"ticks{place}", sharex=axes), curve, part, choices, subject, named=not place)
        _draw_near(axes, part, subject, margin=curves[0] if style.SIZE.get() == "one_column" else None)
    return Figure(
        frame,
        alt=_alt(curve, claim, near, stated, weigh),
        table=curve.assign(source_row=[cohorts.selection(*pair) for pair in zip(curve["cohort"], curve["year"], strict=True)]),
        numbers=_numbers(curve, claim, near, stated),
        marks=lambda: [
            mark
            for axes, part in zip(curves, parts, strict=True)
            for mark in dot_marks(
                axes, np.arange(len(part)), part["share"] * 100, [_mark_words(row) for _, row in part.iterrows()]
            )
        ],
        columns=("cohort", "year", "threshold", "counting", "count", "total", "share", "low", "high", "no_ratio"),
    )  # fmt: skip


def _layout(curve: pd.DataFrame, choices: list[str]) -> list[tuple]:
    """The curves above, the choices below; side by side the years before the break and those after it."""
    lines = sum(curve[choice].nunique() + 1.35 for choice in choices)
    left, slide = LEFT.get(style.SIZE.get(), 1.95), style.SIZE.get() == "slide"
    tall = replace(CURVE, height=1.7 if slide else CURVE.height), replace(TICKS, height=LINE * lines)
    widths = PAIR[-len(blocks(curve)) :]
    return [
        tuple(
            replace(panel, name=f"{panel.name}{place}", width=panel.width * width, left=panel.left if place else left)
            for place, width in enumerate(widths)
        )
        for panel in tall
    ]


def _spend(curve: pd.DataFrame) -> str:
    """What the companies do whose share is counted; as the article has it where that is one of the ways to count."""
    first, *others = curve["threshold"].unique()
    if 1 in (first, *others):
        return say("spend more on R&D than on selling")
    if others:
        return say("spend more on R&D than the multiple of selling expense that a count asks")
    return say("spend more than {multiple:g} times as much on R&D as on selling", multiple=first)


def _title(curve: pd.DataFrame, claim: pd.Series, near: pd.DataFrame, stated: Share) -> str:
    if near.empty:
        unlike, published = different(curve), claim["published_value"]
        above, below = (unlike["share"] > published).sum(), (unlike["share"] < published).sum()
        if len(unlike) == 1:
            return say(
                phrase("{share:.1%} of companies {spend}, less than MacroPolo's {published:.0%}")
                if below
                else phrase("{share:.1%} of companies {spend}, more than MacroPolo's {published:.0%}")
                if above
                else phrase("{share:.1%} of companies {spend}, as in MacroPolo's article"),
                share=unlike["share"].iloc[0], published=published, spend=_spend(curve),
            )  # fmt: skip
        return say(
            phrase("{count:,} of {all:,} different {all:count|counts} {count:puts|put} {what} below {published:.0%}")
            if below >= above
            else phrase("{count:,} of {all:,} different {all:count|counts} {count:puts|put} {what} above {published:.0%}"),
            count=max(above, below), all=len(unlike), published=published,
            what=say(phrase("the product-first share") if 1 in set(curve["threshold"]) else phrase("the share")),
        )  # fmt: skip
    row = _once(near)
    _, low, high = gap(row, stated)
    return say(
        phrase("{share:.1%} of {plural} were product first in {year}; MacroPolo has {count} of {total}")
        if row["cohort"] == "bse"  # which may be the same firms
        else phrase("{share:.1%} of {plural} were product first in {year}; the gap to MacroPolo's {count} of {total} may be chance")
        if not (low > 0 or high < 0)
        else phrase("{share:.1%} of {plural} were product first in {year}; the gap to MacroPolo's {count} of {total} is more than chance"),
        share=row["share"], plural=described(row["cohort"])[0], year=row["year"], count=stated.count, total=stated.total,
    )  # fmt: skip


def _once(near: pd.DataFrame) -> pd.Series:
    """Of the article's own subject, the count without the companies that have no ratio."""
    return near[near["counting"] == "once"].iloc[0]


def _influence_words(curve: pd.DataFrame, weigh: pd.Series) -> str:
    top, last = _weightiest(weigh), blocks(curve)[-1]
    after, unlike = last["year"].iloc[0] >= BREAK, len(different(curve))
    return sentences(
        say(
            phrase("Of the variance among these {count} {count:count|counts} after the break, {top} alone {choices:accounts|account} for {shares}; other options would give other shares.")
            if after
            else phrase("Of the variance among these {count} {count:count|counts} before the break, {top} alone {choices:accounts|account} for {shares}; other options would give other shares."),
            top=name_list(say(CHOICES[choice]).lower() for choice in top.index), shares=name_list(map(percent, top)),
            count=len(last), choices=len(top),
        ) if len(weigh) > 1 else "",
        say(
            phrase("The {all:,} {all:count gives|counts give} {unlike:,} different {unlike:result|results}, from shared firms: how many lie above a line is no test.")
            if unlike > 1
            else phrase("All {all:,} {all:count gives|counts give} the same result."),
            unlike=unlike, all=len(curve),
        ) if len(curve) > 1 else "",
        say("The break is the revenue standard of {year}: see Figure 5.", year=BREAK),
    )  # fmt: skip


def _weightiest(weigh: pd.Series) -> pd.Series:
    """The two choices that account for most of the variance; one where the other accounts for none that can be said."""
    return weigh.iloc[:2][lambda shares: shares >= 0.005]


def _article_words(claim: pd.Series, stated: Share) -> str:
    return say(
        "MacroPolo gives no count; '{claim}' of {total} is about {count}. Shaded is Wilson's interval of that, {interval}.",
        claim=term(claim["published_text"]), total=stated.total, count=stated.count, interval=interval(stated.low, stated.high, ".0%"),
    )  # fmt: skip


def _near_words(near: pd.DataFrame, stated: Share) -> list[str]:
    """How far the article's own subject lies from the article, who has no ratio, and what is doubtful."""
    row = _once(near)
    away, low, high = (100 * value for value in gap(row, stated))
    found = [
        say(
            "The rebuilt share lies {away} points from it (95%: {interval}).",
            away=number(away, "+.1f"), interval=interval(low, high, "+.1f"),
        ),
        say(
            "No ratio: {gaps:,} of the {all:,} that could have filed; not counted are those first listed later, and banks, brokers and insurers.",
            gaps=row["no_ratio"], all=row["no_ratio"] + row["total"],
        ),
    ]  # fmt: skip
    if row["doubtful"] and np.isfinite(row["sure"]):
        found.append(
            say(
                "Without the {doubtful:,} {doubtful:firm|firms} whose R&D or revenue no second extract confirms, or that {doubtful:is|are} flagged as doubtful, it is {sure:.1%}. "
                "Selling expense has no second extract.",
                doubtful=row["doubtful"], sure=row["sure"],
            )
        )  # fmt: skip
    return found


def _numbers(curve: pd.DataFrame, claim: pd.Series, near: pd.DataFrame, stated: Share) -> list[Number]:
    published, last = claim["published_value"], blocks(curve)[-1]
    found = [
        Number("specifications", "ways to count", len(curve)),
        Number("different", "of these, with different results", len(different(curve))),
        Number("above", "above the published share", int((curve["share"] > published).sum())),
        Number("below", "below it", int((curve["share"] < published).sum())),
        Number("lowest", "lowest share after the break", last["share"].min(), share=True),
        Number("median", "median share after the break", last["share"].median(), share=True),
        Number("highest", "highest share after the break", last["share"].max(), share=True),
        Number("article", "the article's share, as a count of firms", stated.share, share=True),
    ]
    if len(near):
        row = _once(near)
        away, low, high = gap(row, stated)
        found += [
            Number("nearest_to_the_article", "on the article's own subject", row["share"], share=True, claim="mp3-share"),
            Number("gap", "how far that lies above the article's", away, points=True),
            Number("gap_low", "lower end of the gap's interval", low, points=True),
            Number("gap_high", "upper end of the gap's interval", high, points=True),
        ]  # fmt: skip
    return found


def _draw_curve(axes, part: pd.DataFrame, claim: pd.Series, stated: Share, *, named: bool) -> None:
    """The shares of a block with their intervals, as a background; the article's share and its interval behind them."""
    place, published = np.arange(len(part)), float(claim["published_value"])
    axes.axhspan(stated.low * 100, stated.high * 100, color=BAND, linewidth=0, zorder=0)
    axes.vlines(place, part["low"] * 100, part["high"] * 100, color=style.NEUTRAL, alpha=0.35, linewidth=0.9)
    axes.plot(place, part["share"] * 100, "o", markersize=2.4, color=style.NEUTRAL, markeredgewidth=0)
    chart.reference(axes, published * 100, upright=False)
    margin = max(len(part) * 0.015, 0.5)
    axes.set_xlim(-margin, len(part) - 1 + margin)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"] if named else [])
    axes.tick_params(bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    over = {"over": ("axes", "axes"), "size": 9.5, "color": style.QUIET, "weight": "semibold"}
    above, below = (part["share"] > published).sum(), (part["share"] < published).sum()
    chart.write(axes, (1, 1), say("{count:,} above", count=above), (0, -1), ha="right", va="top", **over)
    chart.write(axes, (0, 0), say("{count:,} below", count=below), (2, 3), **over)
    if named:
        words = say("MacroPolo: {words}", words=term(claim["published_text"]))
        chart.write(axes, (0, published * 100), words, (-6, 0), over=("axes", "data"), size=9, ha="right", va="center")
    after = part["year"].iloc[0] >= BREAK
    heading = phrase("After the break: {span}") if after else phrase("Before the break: {span}")
    span = span_words(part["year"].min(), part["year"].max())
    chart.head(axes, say(heading, span=span), room=chart.inches(axes)[0] + 0.4)


def _draw_near(axes, part: pd.DataFrame, near: pd.DataFrame, margin=None) -> None:
    """The counts on the article's own subject, in front of the curve: with its interval, and between its bounds.

    margin: axes to name them beside, where the block has no room.
    """
    if near.empty:
        return
    row, first = _once(near), part.index[0]
    place = near.index[near["counting"] == "once"][0] - first
    bounds = near[near["counting"] != "once"]
    chart.interval(axes, row["low"] * 100, row["high"] * 100, place, style.ACCENT, upright=True, linewidth=2.2)
    chart.dot(axes, bounds.index - first, bounds["share"] * 100, style.ACCENT, size=4.5)
    chart.dot(axes, place, row["share"] * 100, style.ACCENT, size=8)
    said = (
        say(
            "{plural}, {year}, each once: {share:.1%}",
            plural=described(row["cohort"])[0], year=row["year"], share=row["share"],
        ),
        say("95%: {interval}", interval=interval(row["low"], row["high"], ".0%")),
        *([say(
            "small dots: with the {gaps:,} without a ratio, {least:.0%} to {most:.0%}",
            gaps=row["no_ratio"], least=bounds["share"].min(), most=bounds["share"].max(),
        )] if row["no_ratio"] else []),
    )  # fmt: skip
    room = 1.2 if margin is not None else 0.68 * chart.inches(axes)[0]
    lines = [line for words in said for line in style.wrapped(words, 9, "normal", room)]
    if margin is not None:
        chart.write(margin, (0, 0.56), "\n".join(lines), (-28, 0), over=("axes", "axes"), size=9, ha="right", va="top",
                    color=style.ACCENT, linespacing=1.15)  # fmt: skip
        return
    axes.annotate(
        "\n".join(lines), (place, row["low"] * 100), (1, 0.40), textcoords="axes fraction", size=9, ha="right", va="top",
        color=style.ACCENT, linespacing=1.15, zorder=6, annotation_clip=False, bbox=chart.on_white(1),
        arrowprops=dict(arrowstyle="-", color=style.ACCENT, linewidth=0.7, relpos=(0.7, 1)),
    )  # fmt: skip


def _draw_choices(
    axes, curve: pd.DataFrame, part: pd.DataFrame, choices: list[str], near: pd.DataFrame, *, named: bool
) -> None:
    """One line of ticks per option, grouped by choice, with the option's median share at the right."""
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False, labelleft=False)
    line, heights, medians = 0.0, [], []
    left = 72 * (style.MARGIN - LEFT.get(style.SIZE.get(), 1.95))
    subject = near.index[near["counting"] == "once"] - part.index[0]
    beside = {"over": ("axes", "data"), "size": 9, "va": "center"}
    for choice in choices:
        if named:
            chart.write(axes, (0, line), say(CHOICES[choice]), (left, 0), weight="semibold", **beside)
        for option in sorted(curve[choice].unique(), key=functools.partial(_rank, list(WORDS.get(choice, ())))):
            line += 1
            chosen = np.flatnonzero(part[choice] == option)
            grey = choice == "cohort" and cohorts.is_own(option)
            axes.plot(chosen, np.full(len(chosen), line), "|", markersize=7, markeredgewidth=0.9,
                      color=style.NEUTRAL if grey else style.INK)  # fmt: skip
            own = np.intersect1d(chosen, subject)
            axes.plot(own, np.full(len(own), line), "|", markersize=9, markeredgewidth=2.2, color=style.ACCENT)
            if named:
                chart.write(axes, (0, line), _label(choice, option), (-6, 0), ha="right", **beside)
            if len(chosen):
                heights.append(line)
                medians.append(percent(part["share"].iloc[chosen].median()))
        line += 1.35
    axes.set_yticks([])
    axes.set_ylim(line - 0.85, -0.5)
    chart.column(axes, heights, medians, 0.4, say("median"), color=style.QUIET)


def _label(choice: str, option) -> str:
    """One of the options of a choice, as the figure calls it."""
    if choice == "threshold":
        return say("R&D > {multiple:g} × selling", multiple=option)
    known = WORDS.get(choice, {})
    return say(known[option]) if option in known else str(option)  # a user's own cohort goes by its name


def _rank(known: list, option) -> tuple:
    """Options in the order of their words, then those without by themselves."""
    return (known.index(option), "") if option in known else (len(known), option)


def _mark_words(row: pd.Series) -> str:
    """A specification: its share, and each choice that it makes."""
    choices = clauses(
        say("{choice}: {option}", choice=say(CHOICES[name]).lower(), option=_label(name, row[name])) for name in CHOICES
    )
    counted = say(
        "{count:,.0f} of {total:,} {total:firm|firms}. {choices}",
        count=row["count"],
        total=row["total"],
        choices=choices,
    )
    share = estimate(percent(row["share"], 1), row["low"], row["high"], ".1%")
    return say("{share}, {counted}", share=share, counted=counted)


def _alt(curve: pd.DataFrame, claim: pd.Series, near: pd.DataFrame, stated: Share, weigh: pd.Series) -> str:
    published = claim["published_value"]
    subject = ""
    if len(near):
        row, bounds = _once(near), near[near["counting"] != "once"]["share"]
        subject = say(
            "In front, {plural} in {year}, each once: {share:.1%}, between {low:.0%} and {high:.0%} with those without a ratio, "
            "against MacroPolo's {count} of {total}.",
            plural=described(row["cohort"])[0], year=row["year"], share=row["share"], low=bounds.min(), high=bounds.max(),
            count=stated.count, total=stated.total,
        )  # fmt: skip
    parts = clauses(
        say(
            "fiscal {span}, {low:.0%} to {high:.0%} with a median of {median:.0%}, {above:,} above the published {published:.0%} and "
            "{below:,} below",
            span=span_words(part["year"].min(), part["year"].max()), low=part["share"].min(), high=part["share"].max(),
            median=part["share"].median(), above=(part["share"] > published).sum(), published=published,
            below=(part["share"] < published).sum(),
        )
        for part in blocks(curve)
    )  # fmt: skip
    return sentences(
        say(
            "Specification curve of {all:,} {all:count|counts} of the share of companies that {spend}: {parts}.",
            all=len(curve), spend=_spend(curve), parts=parts,
        ),
        subject,
        say(
            "Of these options, most of the variance goes with {top}.",
            top=name_list(say(CHOICES[choice]).lower() for choice in _weightiest(weigh).index),
        ) if len(weigh) > 1 else "",
    )  # fmt: skip
