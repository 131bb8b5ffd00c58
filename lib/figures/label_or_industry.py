"""Figure 9: is it the label, or the industry? How far a cohort differs from other firms, as these become more alike."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import chart, estimates, style
from lib.estimates import Estimate
from lib.figure import Figure, Mark, Number, Printed, dot_marks, drawn_as
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.label_or_industry import (
    AGE,
    DEALS,
    GROUPS,
    LADDER,
    NAMES,
    OUTCOMES,
    PLACEBO,
    RAW,
    SIZE,
    WITHIN,
    compared,
    industries,
    intensities,
    ladder,
    placebo,
    shares,
)
from lib.rows.sources import source_line
from lib.words import clauses, digits, estimate, name_list, number, percent, phrase, say, sentence, sentences

NAME = "09_label_or_industry"
STEPS = style.Panel("steps", 1.3, 1.75, left=1.38, right=0.97, top=0.42, bottom=0.3)
SPREAD = style.Panel("spread", 1.3, 1.5, left=1.38, right=0.97, top=0.38, bottom=0.3)
BY_INDUSTRY = style.Panel("industries", 1.35, 3.3, left=1.9, right=0.15, top=0.42, bottom=0.3)
NARROW = [replace(STEPS, left=1.45), replace(SPREAD, left=1.45), replace(BY_INDUSTRY, left=1.9)]
KEY = phrase(
    "Line: 95% interval, clustered by industry. Grey: the gap where labels are dealt at random within each industry, middle 95% of {deals} deals. Spending: median and middle half."
)
LINES = {
    "rd": (style.PRODUCT_FIRST, style.PRODUCT_TEXT, phrase("R&D")),
    "selling": (style.SALES_FIRST, style.SALES_TEXT, phrase("selling")),
}
WHY = {
    estimates.ALIKE: phrase(
        "No estimate of {steps}: of companies that are alike in it, all are in the cohort, or none is."
    ),
    estimates.UNKNOWN: phrase("No estimate of {steps}: one side has no company with a known {what}."),
    estimates.BEYOND: phrase("No estimate of {steps}: a straight line puts the gap beyond 100 points."),
}
#: What specifications compare by, in words.
KNOWN = {
    "industry_zh": phrase("industry"),
    "log_revenue": phrase("revenue"),
    "listing_age": phrase("listing day"),
    "board": phrase("board"),
    "controller_kind": phrase("kind of controller"),
}
MULTIPLES = (0.0625, 0.25, 1, 4, 16, 64)
NEAR = (0.125, 0.25, 0.5, 1, 2, 4, 8)
NEARER = (0.5, 0.75, 1, 1.25, 1.5, 2)


@drawn_as(NAME)
def draw(firms: pd.DataFrame, *, cohort: str, fiscal_year: int, outcome: str, minimum_firms: int) -> Figure:
    """Figure 9 from the companies of `rows.label_or_industry.load`."""
    steps, dealt = ladder(firms, outcome), placebo(firms, outcome)
    by_industry, spread, share = industries(firms, minimum_firms), intensities(firms), shares(firms)
    plural, description = described(cohort)
    has = compared(firms, outcome)
    out = cohorts.left_out(firms)
    unsold = int((firms["status"] == cohorts.DRAWN).sum()) - len(has)
    out |= {"without a confirmed revenue": unsold} if unsold else {}
    subtitle = say(
        "Gap between {plural} and all other listed companies in {what}, fiscal {year}, and that gap among companies that are more and "
        "more alike. The cohort: {description}.",
        plural=plural, what=say(OUTCOMES[outcome][1]), year=fiscal_year, description=description,
    )  # fmt: skip
    notes = [
        sentences(
            say(KEY, deals=DEALS),
            cohorts.left_out_words(out, len(firms)),
            cohorts.later_words(out),
            _lost(steps),
            estimates.intervals_words(steps.values()),
            _not_estimated(steps, compared(firms, outcome)),
            cohorts.provenance(cohort),
        ),
        sentences(
            say(
                "Product first are {inside} of the cohort, {others} of the others, and {weighted} of the others weighted to the "
                "cohort's industries.",
                **{name: percent(share[group], 1) for name, group in zip(("inside", "weighted", "others"), GROUPS, strict=True)},
            ),
            say("Size: log revenue. Not a cause: a label may be given for R&D, and what is controlled for may follow from it."),
            say("By industry: those with at least {minimum:,} {minimum:company|companies} on each side.", minimum=minimum_firms),
        ),
        source_line(cohorts.source_ids(cohort, ["company-list", "listings", "finglm", "macropolo"])),
    ]  # fmt: skip
    frame = style.Frame(
        _title(plural, outcome, steps), subtitle, notes, ([STEPS, SPREAD], BY_INDUSTRY), NARROW,
        slide_note=say(KEY, deals=DEALS),
    )  # fmt: skip
    top, below, beside = (frame.axes(panel.name) for panel in (STEPS, SPREAD, BY_INDUSTRY))
    _draw_steps(top, steps, dealt, outcome)
    _draw_spread(below, spread)
    _draw_industries(beside, by_industry, plural, minimum_firms)
    return Figure(
        frame,
        alt=_alt(plural, fiscal_year, outcome, steps, dealt, by_industry, minimum_firms),
        table=_table(cohort, fiscal_year, steps, dealt, spread, by_industry),
        printed=Printed(say("estimates, standard errors clustered by industry in brackets"), estimates.printed(steps.values(), NAMES)),
        companies=len(has),
        left_out=out,
        numbers=[
            *(
                Number(name, words, _shown(outcome, steps[step].value), points=outcome == "share")
                for name, words, step in (
                    ("raw", "gap to all other firms", RAW),
                    ("within_industry", "within the same industry", WITHIN),
                    ("same_size", "and at the same size", SIZE),
                    ("same_listing_age", "and at the same listing age", AGE),
                )
            ),
            Number("dealt_at_random", "with labels dealt at random in each industry", _shown(outcome, dealt[0]), points=outcome == "share"),
            Number("share", "share of the cohort that is product first", share[GROUPS[0]], share=True),
            Number("others_weighted", "of the others, weighted to its industries", share[GROUPS[1]], share=True),
            Number("others", "of the others", share[GROUPS[2]], share=True),
        ],
        marks=lambda: _marks(top, beside, steps, outcome, by_industry),
        columns=("panel", "what", "estimate", "standard_error", "low", "high", "firms", "fixed_effects", "controls"),
    )  # fmt: skip


def _shown(outcome: str, gap: float) -> float:
    """A gap as it is shown: of shares a difference, of logarithms a multiple."""
    return float(np.exp(gap)) if OUTCOMES[outcome][2] else gap


def _gap(outcome: str, value: float) -> str:
    """A gap as a column shows it: '+15.6', '1.73×'."""
    if not np.isfinite(value):
        return "–"
    return say("{multiple:.2f}×", multiple=np.exp(value)) if OUTCOMES[outcome][2] else number(value * 100, "+.1f")


def _interval(outcome: str, said: str, low: float, high: float, form: str) -> str:
    """A gap as `said`, with its interval: of shares in points by `form`, of logarithms as multiples."""
    if OUTCOMES[outcome][2]:
        return estimate(said, float(np.exp(low)), float(np.exp(high)), ".2f", neutral=1)
    return estimate(said, 100 * low, 100 * high, form)


def _title(plural: str, outcome: str, steps: dict[str, Estimate]) -> str:
    raw, age = steps[RAW], steps[AGE]
    more = raw.value >= 0
    alike = np.isfinite(age.value)
    if OUTCOMES[outcome][2]:
        template = (
            phrase("{what} in {plural}: {raw} that of others, {age} within industry, size and age")
            if alike
            else phrase("{what} in {plural}: {raw} that of others")
        )
    elif more:
        template = (
            phrase(
                "{plural} are product first {raw} points more often than others, {age} within industry, size and age"
            )
            if alike
            else phrase("{plural} are product first {raw} points more often than others")
        )
    else:
        raw, age = raw.turned(), age.turned()
        template = (
            phrase(
                "{plural} are product first {raw} points less often than others, {age} within industry, size and age"
            )
            if alike
            else phrase("{plural} are product first {raw} points less often than others")
        )
    raw, age = (_interval(outcome, _rounded(outcome, one.value), one.low, one.high, ".0f") for one in (raw, age))
    return sentence(say(template, what=say(OUTCOMES[outcome][1]), plural=plural, raw=raw, age=age))


def _rounded(outcome: str, gap: float) -> str:
    """A gap as the title has it: '16', '1.73×'."""
    return _gap(outcome, gap) if OUTCOMES[outcome][2] else number(100 * gap, ".0f")


def _not_estimated(steps: dict[str, Estimate], has: pd.DataFrame) -> str:
    """The sentences that say which steps have no estimate, and why."""
    names: dict[tuple[str, str], list[str]] = {}
    for step, found in steps.items():
        if found.why:
            what = _unknown(found, has) if found.why == estimates.UNKNOWN else ""
            names.setdefault((found.why, what), []).append(say("'{step}'", step=say(step)))
    return sentences(*(say(WHY[why], steps=name_list(some), what=what) for (why, what), some in names.items()))


def _unknown(found: Estimate, has: pd.DataFrame) -> str:
    """What an estimate compares by that is known of no company of one side, in words; all that it compares by where that is no one thing."""
    known = has.groupby("in_cohort")[list(KNOWN)].count().all()
    named = [column for column in KNOWN if column in (*found.fixed_effects, *found.controls)]
    return name_list(say(KNOWN[column]) for column in [name for name in named if not known[name]] or named)


def _lost(steps: dict[str, Estimate]) -> str:
    """The sentence that says how many companies each step has fewer than the one before."""
    counts = [found.firms for found in steps.values()]
    fewer = [
        say("{count:,} more for '{step}'", count=before - after, step=say(step))
        for step, before, after in zip(list(steps)[1:], counts, counts[1:], strict=False)
        if before > after
    ]
    return say("What a step needs is not known of {fewer}.", fewer=name_list(fewer)) if fewer else ""


def _draw_steps(axes, steps: dict[str, Estimate], dealt: tuple[float, float, float], outcome: str) -> None:
    """The ladder: a dot and interval for each specification, the placebo in grey below the first."""
    rows = [(step, found.value, found.low, found.high, digits(found.firms)) for step, found in steps.items()]
    rows.insert(1, (PLACEBO, *dealt, ""))
    ends = [end for _, *values, _ in rows for end in values if np.isfinite(end)]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    pad = (high - low or 1) * 0.07
    axes.set(xlim=(low - pad, high + pad), ylim=(len(rows) - 0.5, -0.5))
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=style.INK, linewidth=0.9)
    axes.set_yticks([])
    _gap_ticks(axes, outcome)
    room = STEPS.left - style.MARGIN - 0.08
    for place, (step, value, low, high, _) in enumerate(rows):
        grey = step == PLACEBO
        colour = style.NEUTRAL if grey else style.ACCENT
        if np.isfinite(value):
            chart.interval(axes, low, high, place, colour, linewidth=1.8 if grey else 2.2, alpha=0.6)
            chart.dot(axes, value, place, colour, size=5 if grey else 7, filled=not grey)
        words = "\n".join(style.wrapped(say(step), 9, "normal", room))
        looks = dict(ha="right", va="center", size=9, linespacing=1.0, color=style.QUIET if grey else style.INK)
        chart.write(axes, (0, place), words, (-5, 0), over=("axes", "data"), **looks)
    heights = range(len(rows))
    told = say("times") if OUTCOMES[outcome][2] else say("points")
    chart.column(axes, heights, [_gap(outcome, value) for _, value, *_ in rows], 0.46, told)
    chart.column(axes, heights, [count for *_, count in rows], 0.92, say("firms"), color=style.QUIET)
    chart.head(axes, say("How much of the gap is left"), style.MARGIN - STEPS.left, up=18)


def _gap_ticks(axes, outcome: str) -> None:
    """Ticks in points, or in multiples where the axis is one of logarithms."""
    if OUTCOMES[outcome][2]:
        low, high = axes.get_xlim()
        places = [multiple for multiple in (NEAR if high - low > 1 else NEARER) if low < np.log(multiple) < high]
        axes.set_xticks(np.log(places), [say("{multiple:g}×", multiple=multiple) for multiple in places])
        return
    axes.locator_params(axis="x", nbins=4)
    chart.inner_ticks(axes.xaxis)
    axes.xaxis.set_major_formatter(lambda value, _: number(value * 100, "+.0f") if value else "0")


def _draw_spread(axes, spread: pd.DataFrame) -> None:
    """The middle half of firms and their median: R&D and selling expense per 100 yuan of revenue, by group."""
    axes.set_xscale("log")
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set(ylim=(len(GROUPS) - 0.45, -0.5), yticks=[])
    known = spread.dropna()
    if known.empty:
        chart.bare(axes)
        axes.text(0, 0.5, say("No revenues"), color=style.QUIET, transform=axes.transAxes)
        return
    axes.set_xlim(known["low"].min() / 1.15, known["high"].max() * 1.15)
    places = [value for value in (0.5, 1, 2, 5, 10, 20, 50, 100) if axes.get_xlim()[0] < value < axes.get_xlim()[1]]
    axes.set_xticks(places, [f"{value:g}" for value in places])
    axes.set_xticks([], minor=True)
    for place, group in enumerate(GROUPS):
        words = "\n".join(style.wrapped(say(group), 9, "normal", SPREAD.left - style.MARGIN - 0.08))
        chart.write(axes, (0, place), words, (-5, 0), over=("axes", "data"), ha="right", va="center", size=9)
        for line, shift in (("rd", -0.17), ("selling", 0.17)):
            if (group, line) not in known.index:
                continue
            row, (colour, text, name) = known.loc[(group, line)], LINES[line]
            chart.interval(axes, row["low"], row["high"], place + shift, colour, linewidth=3.2, alpha=0.55)
            chart.dot(axes, row["middle"], place + shift, colour, size=5.5)
            told = say("{line} {value:.1f}", line=say(name), value=row["middle"])
            chart.write(axes, (1, place + shift), told, (7, 0), over=("axes", "data"), va="center", size=9, color=text)
    heading = say("Spending per 100 yuan of revenue")
    chart.head(axes, heading, style.MARGIN - SPREAD.left, up=4)


def _draw_industries(axes, by_industry: pd.DataFrame, plural: str, minimum: int) -> None:
    """Each industry's median ratio in the cohort and beside it, joined by a line."""
    heading = say("Median R&D over selling expense, by industry")
    left = style.MARGIN - BY_INDUSTRY.left if style.SIZE.get() == "one_column" else 0.12 - BY_INDUSTRY.left
    chart.head(axes, heading, left, up=18)
    if by_industry.empty:
        chart.bare(axes)
        words = say("None with {minimum:,} {minimum:firm|firms}\non each side", minimum=minimum)
        axes.text(0.5, 0.5, words, color=style.QUIET, transform=axes.transAxes, ha="center", va="center")
        return
    values = by_industry[["cohort", "others"]].to_numpy()
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(values.min(), 0.8) / 1.2, max(values.max(), 1.25) * 1.2)
    low, high = axes.get_xlim()
    places = [multiple for multiple in (MULTIPLES if high > 12 * low else NEAR) if low <= multiple <= high]
    axes.set_xticks(places, [say("equal") if one == 1 else say("{multiple:g}×", multiple=one) for one in places])
    axes.set_xticks([], minor=True)
    axes.set(ylim=(len(by_industry) - 0.4, -0.6), yticks=[])
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.axvline(1, color=style.INK, linewidth=0.9)
    for place, row in by_industry.iterrows():
        chart.interval(axes, row["others"], row["cohort"], place, style.NEUTRAL, linewidth=1)
        chart.dot(axes, row["others"], place, style.NEUTRAL, size=5.5, filled=False)
        chart.dot(axes, row["cohort"], place, style.ACCENT, size=6)
        name = cohorts.industry_name(row["industry_en"])
        chart.write(axes, (0, place), name, (-6, 0), over=("axes", "data"), ha="right", va="center", size=9)
    across = chart.inches(axes)[1]
    swatches = [
        (say("the cohort"), dict(facecolor=style.ACCENT)),
        (say("others"), dict(facecolor="white", edgecolor=style.NEUTRAL)),
    ]
    chart.key(axes, swatches, left, across + 0.12)


def _marks(top, beside, steps: dict[str, Estimate], outcome: str, by_industry: pd.DataFrame) -> list[Mark]:
    """The ladder's dots, and both dots of each industry."""
    known = [(step, found) for step, found in steps.items() if np.isfinite(found.value)]
    heights = [0, *range(2, len(LADDER) + 1)]
    marks = dot_marks(
        top,
        [found.value for _, found in known],
        [heights[list(LADDER).index(step)] for step, _ in known],
        [_words(step, found, outcome) for step, found in known],
    )
    for side, name in (("cohort", phrase("the cohort")), ("others", phrase("others"))):
        words = [
            say(
                "{industry}, {group}: median R&D over selling expense {ratio:.2f}, {firms:,} {firms:firm|firms}",
                industry=cohorts.industry_name(row["industry_en"]), group=say(name), ratio=row[side], firms=row[f"{side}_firms"],
            )
            for _, row in by_industry.iterrows()
        ]  # fmt: skip
        marks += dot_marks(beside, by_industry[side], range(len(by_industry)), words) if len(by_industry) else []
    return marks


def _words(step: str, found: Estimate, outcome: str) -> str:
    """An estimate as a reader says it."""
    known = np.isfinite(found.value)
    gap = _interval(outcome, _gap(outcome, found.value), found.low, found.high, "+.1f") if known else say("no estimate")
    return say("{step}: {gap}, {firms:,} {firms:firm|firms}", step=sentence(say(step)), gap=gap, firms=found.firms)


def _table(cohort, year, steps, dealt, spread, by_industry) -> pd.DataFrame:
    """All that is drawn, in one tidy table."""
    both = f"{cohorts.selection(cohort, year)} {cohorts.selection('all_listed', year)}"
    ladder_rows = estimates.rows(steps.values()).assign(panel="estimates", what=list(steps), source_row=both)
    chance = {"panel": "estimates", "what": PLACEBO, "estimate": dealt[0], "low": dealt[1], "high": dealt[2]}
    quartiles = [
        {"panel": "yuan per 100 yuan of revenue", "what": line, "group": group, "low": row["low"], "estimate": row["middle"], "high": row["high"]}
        for (group, line), row in spread.iterrows()
    ]  # fmt: skip
    medians = [
        {"panel": "median R&D over selling expense", "what": row["industry_en"], "group": side, "estimate": row[side], "firms": row[f"{side}_firms"],
         "source_row": " ".join(cohorts.selection(one, year, industry_en=row["industry_en"]) for one in dict.fromkeys((cohort, "all_listed")))}
        for _, row in by_industry.iterrows() for side in ("cohort", "others")
    ]  # fmt: skip
    rest = pd.DataFrame([chance, *quartiles, *medians])
    table = pd.concat([ladder_rows, rest], ignore_index=True)
    table["source_row"] = table["source_row"].fillna(both)
    first = ["panel", "what", "group", *estimates.COLUMNS]
    return table[[*first, "source_row"]]


def _alt(plural, year, outcome, steps, dealt, by_industry, minimum: int) -> str:
    told = clauses(_words(step, found, outcome) for step, found in steps.items())
    above = int((by_industry["cohort"] > by_industry["others"]).sum())
    chance = _interval(outcome, _gap(outcome, dealt[0]), *dealt[1:], "+.1f")
    return sentences(
        say(
            "Ladder of estimates of how far {plural} differ from other listed companies in {what}, fiscal {year}: {told}.",
            plural=plural, what=say(OUTCOMES[outcome][1]), year=year, told=told,
        ),
        say("With labels dealt at random within each industry the gap is {gap}.", gap=chance),
        say("Below it, the quartiles of R&D and selling expense per 100 yuan of revenue."),
        say(
            "Beside it, in {above} of {count} {count:industry|industries} the cohort's median R&D over selling expense is above that of the others.",
            above=above, count=len(by_industry),
        )
        if len(by_industry)
        else say("Beside it, no industry: none has {minimum:,} {minimum:company|companies} on each side.", minimum=minimum),
    )  # fmt: skip
