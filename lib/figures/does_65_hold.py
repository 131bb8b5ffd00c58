"""Figure 4: does 65% hold? A specification curve over every combination of choices in counting product-first firms."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, style
from lib.errors import UserError
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.rows import cohorts
from lib.rows.does_65_hold import CHOICES, COHORT_WORDS, WORDS, influence, own_terms
from lib.rows.sources import source_line
from lib.words import clauses, name_list, phrase, say, sentence, sentences, span_words, term

NAME = "04_does_65_hold"

LINE = 0.16  # inches: one option more
CURVE = style.Panel("curve", 3.86, 2.6, left=2.62, right=0.52, top=0.15, bottom=0.15)
TICKS = style.Panel("ticks", 3.86, 3.55, left=2.62, right=0.52, bottom=0.05)
NARROW = [replace(panel, left=1.72, width=2.06) for panel in (CURVE, replace(TICKS, height=4.5))]
SLIDE = [replace(CURVE, height=2), replace(TICKS, height=1.35)]


@drawn_as(NAME)
def draw(
    curve: pd.DataFrame, published: pd.DataFrame, *, cohort_list: list[str], years: list[int], thresholds: list[float]
) -> Figure:
    """Figure 4 from the rows of `rows.does_65_hold.load`, which has chosen them by the parameters."""
    if curve.empty:
        raise UserError("no company of these cohorts has both expenses in any of these years: choose others.")
    claim = published.loc["mp3-share"]
    published = float(claim["published_value"])
    above, below = int((curve["share"] > published).sum()), int((curve["share"] < published).sum())
    weigh = influence(curve)
    names = curve["cohort"].unique()
    own = [name for name in names if cohorts.is_own(name)]
    top = [say(CHOICES[choice]).lower() for choice in weigh.index[:2]]
    near = own_terms(curve)
    title = say(
        phrase("{count:,} of {all:,} ways to count put the product-first share below {published:.0%}")
        if below >= above
        else phrase("{count:,} of {all:,} ways to count put the product-first share above {published:.0%}"),
        count=max(above, below), all=len(curve), published=published,
    )  # fmt: skip
    if len(near) and ((near["low"] <= published) & (published <= near["high"])).all():
        title = say(
            phrase("'{claim}' is not contradicted on terms like MacroPolo's; {count:,} of {all:,} ways to count lie below")
            if below >= above
            else phrase("'{claim}' is not contradicted on terms like MacroPolo's; {count:,} of {all:,} ways to count lie above"),
            claim=sentence(term(claim["published_text"])), count=max(above, below), all=len(curve),
        )  # fmt: skip
    inside = ((curve["low"] <= published) & (published <= curve["high"])).mean()
    years = sorted(curve["year"].unique())
    subtitle = say(
        "Share of companies that spend more on R&D than on selling, fiscal {span}, in every combination of the choices "
        "below, lowest to highest, with 95% intervals. A tick marks the choices that a count makes; beside it, their median share.",
        span=span_words(years[0], years[-1]),
    )
    notes = [
        sentences(
            say(
                "What matters most: {top}, which alone account for {first:.0%} and {second:.0%} of the spread. "
                "The counts share firms, and {same:,} repeat another where no firm has a zero or a gap, so their number is no test; {inside:.0%} of "
                "the intervals hold {published:.0%}. The choice of ratio (log, signed, difference over sum) does not matter: it never changes the sign.",
                top=name_list(top), first=weigh.iloc[0], second=weigh.iloc[1], inside=inside, published=published,
                same=int(curve.duplicated([*(set(CHOICES) - {"absent"}), "count", "total", "share"]).sum()),
            ),
            cohorts.provenance(*own),
            say("Hence grey ticks.") if own else "",
        ),
        source_line(
            [*(i for name in names for i in cohorts.source_ids(name, ["company-list", "finglm"])), "macropolo"]
        ),
    ]  # fmt: skip
    layouts = (
        [curve_panel, replace(ticks, height=ticks.height + LINE * len(own))]
        for curve_panel, ticks in ([CURVE, TICKS], NARROW, SLIDE)
    )
    frame = style.Frame(title, subtitle, notes, *layouts)
    top_axes = frame.axes("curve")
    _draw_curve(top_axes, curve, published, claim["published_text"], above, below, near)
    # A slide has room for the two choices that matter most.
    choices = [name for name in CHOICES if style.SIZE.get() != "slide" or name in weigh.index[:2]]
    _draw_choices(frame.axes("ticks", sharex=top_axes), curve, choices)
    return Figure(
        frame,
        alt=_alt(curve, published, above, below, weigh),
        table=curve.assign(source_row=[cohorts.selection(*pair) for pair in zip(curve["cohort"], curve["year"], strict=True)]),
        numbers=[
            Number("specifications", "ways to count", len(curve)),
            Number("above", "of these, above the published share", above),
            Number("below", "below it", below),
            Number("lowest", "lowest share", curve["share"].min(), share=True),
            Number("median", "median share", curve["share"].median(), share=True),
            Number("highest", "highest share", curve["share"].max(), share=True),
            *(
                Number("nearest_to_the_article", "on the terms nearest to the article's", share, share=True, claim="mp3-share")
                for share in near["share"].head(1)
            ),
        ],
        marks=lambda: dot_marks(
            top_axes, np.arange(len(curve)), curve["share"] * 100, [_mark_words(row) for _, row in curve.iterrows()]
        ),
        columns=("cohort", "year", "threshold", "weight", "absent", "balanced", "check", "total", "share"),
    )  # fmt: skip


def _draw_curve(axes, curve, published, words, above, below, near) -> None:
    place = np.arange(len(curve))
    higher = (curve["share"] > published).to_numpy()
    for side, colour in ((higher, style.ACCENT), (~higher, style.NEUTRAL)):
        axes.vlines(
            place[side], curve["low"][side] * 100, curve["high"][side] * 100, color=colour, alpha=0.22, linewidth=0.8
        )
        axes.plot(place[side], curve["share"][side] * 100, "o", markersize=1.6, color=colour, markeredgewidth=0)
    axes.axhline(published * 100, color=style.INK, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlim(-len(curve) * 0.01, len(curve) * 1.01)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    axes.tick_params(bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.text(
        0.005,
        published * 100 + 1.5,
        say("MacroPolo: {words}", words=term(words)),
        transform=axes.get_yaxis_transform(),
        size=9.5,
    )
    axes.text(
        0.99,
        0.97,
        say("{count:,} above", count=above),
        color=style.ACCENT,
        size=11,
        weight="bold",
        ha="right",
        va="top",
        transform=axes.transAxes,
    )
    axes.text(
        0.01,
        0.05,
        say("{count:,} below", count=below),
        color=style.QUIET,
        size=11,
        weight="bold",
        transform=axes.transAxes,
    )
    room = 0.6 * chart.inches(axes)[0]
    for position, row in near.iterrows():
        right = position > len(curve) / 2
        axes.plot(
            position,
            row["share"] * 100,
            "o",
            markersize=6,
            color="white",
            markeredgecolor=style.INK,
            markeredgewidth=1.4,
            zorder=5,
        )
        said = say(
            "nearest to MacroPolo's own terms:\n{cohort}, {year}, {share:.1%}",
            cohort=say(COHORT_WORDS[row["cohort"]]), year=row["year"], share=row["share"],
        )  # fmt: skip
        lines = [line for words in said.split("\n") for line in style.wrapped(words, 9, "normal", room)]
        axes.annotate(
            "\n".join(lines),
            (position, row["share"] * 100), (0, -62), textcoords="offset points", size=9, ha="right" if right else "left", va="top",
            linespacing=1.15,
            arrowprops=dict(arrowstyle="-", color=style.INK, linewidth=0.7, shrinkB=4),
            bbox=dict(facecolor="white", edgecolor="none", pad=1, alpha=0.85),
        )  # fmt: skip


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
    return say(
        "{share:.1%} ({low:.1%} to {high:.1%}), {count:,.0f} of {total:,} firms. {choices}",
        share=row["share"], low=row["low"], high=row["high"], count=row["count"], total=row["total"], choices=choices,
    )  # fmt: skip


def _draw_choices(axes, curve: pd.DataFrame, choices: list[str]) -> None:
    """One line of ticks per option, grouped by choice, with the option's median share at the right."""
    width = chart.inches(axes)[0]
    above = width < 3  # no room for a choice's name beside its first option
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False, labelleft=False)
    line = 0.0
    side = dict(transform=axes.get_yaxis_transform(), va="center", size=9)
    for choice in choices:
        options = sorted(curve[choice].unique(), key=functools.partial(_rank, list(WORDS.get(choice, ()))))
        place = (style.MARGIN - (NARROW[1] if above else TICKS).left) / width
        axes.text(place, line, say(CHOICES[choice]), weight="semibold", ha="left", **side)
        line += above
        for option in options:
            chosen = (curve[choice] == option).to_numpy()
            axes.plot(
                np.flatnonzero(chosen),
                np.full(chosen.sum(), line),
                "|",
                markersize=6.5,
                markeredgewidth=0.55,
                color=style.NEUTRAL if choice == "cohort" and cohorts.is_own(option) else style.INK,
            )
            label = _label(choice, option)
            axes.text(-0.01, line, label, ha="right", **side)
            axes.text(1.012, line, f"{curve['share'][chosen].median():.0%}", ha="left", color=style.QUIET, **side)
            line += 1
        line += 0.45
    axes.text(
        1.012, -0.95, say("median"), transform=axes.get_yaxis_transform(), size=8.5, color=style.QUIET, va="center"
    )
    axes.set_ylim(line - 0.6, -1.3)


def _alt(curve, published, above, below, weigh) -> str:
    return say(
        "Specification curve of {all:,} counts of the share of companies that spend more on R&D than on selling. "
        "The shares run from {low:.0%} to {high:.0%} with a median of {median:.0%}; "
        "{above:,} lie above the published {published:.0%} and {below:,} below it. The choices that move the share most are {top}.",
        all=len(curve), low=curve["share"].min(), high=curve["share"].max(), median=curve["share"].median(), above=above,
        published=published, below=below, top=name_list(say(CHOICES[choice]).lower() for choice in weigh.index[:2]),
    )  # fmt: skip
