"""Figure 1: every firm's R&D against its selling expense, ranked, with the consumer internet companies beside."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import StepPatch
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator
from matplotlib.transforms import Bbox

from lib import chart, style
from lib.errors import UserError
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.measures import Share, expense_ratio, share_of, unclustered_words
from lib.parameters import described, is_code
from lib.rows import cohorts
from lib.rows.cited import ARTICLE_YEAR, article_share
from lib.rows.rd_against_sm import Bounds, bounds, clustered, gap_to_peers, peers, ranked, ties
from lib.rows.sources import cite, source_line
from lib.words import (
    LANGUAGE,
    beside,
    clauses,
    day_words,
    estimate,
    interval,
    millions,
    month_words,
    name_list,
    number,
    phrase,
    say,
    sentence,
    sentences,
    term,
    times,
)

NAME = "01_rd_against_sm"
MEASURES = {
    "log_ratio": phrase("Bar length: how many times as large the larger expense is as the smaller; log scale."),
    "signed_ratio": phrase(
        "R&D divided by selling expense where R&D is larger, minus the inverse where it is not; log scale."
    ),
    "difference_over_sum": phrase("R&D less selling expense, as a share of the two together."),
}
BARS = style.Panel("bars", 3.95, 2.75, left=0.72, right=0.18, top=0.3, bottom=0.42)
DOTS = style.Panel("dots", 2.05, 2.75, right=0.1, top=0.3, bottom=0.42)
SHARES = style.Panel("shares", 3.6, 0, left=2.75, right=0.65, top=0.34, bottom=0.22)
ROW = 0.21  # inches: a share and its name
NARROW = [
    replace(BARS, right=0.22),
    replace(SHARES, left=2.2, width=1.55),
    replace(DOTS, left=BARS.left, height=1.9, bottom=0.05),
]
LOOKS = {"cohort": style.PRODUCT_FIRST, "article": style.INK}
FEW = 8  # bars that are all named
DOT = 0.123  # inches: a dot's place in its panel
GRADES = phrase(
    "Dots: A the company's own statement; B second-hand; C rounded, derived or a weak source (hollow: B or C)."
)
ELSEWHERE = phrase("MacroPolo's 93 are other companies, on the Beijing Stock Exchange.")
AMONG = phrase(
    "{count:,} of them {count:was|were} on the Beijing Stock Exchange on {day}, when it had {all}: these may be MacroPolo's."
)
CHOSEN = phrase("The label itself asks for R&D spending, so these firms are chosen in part on what is measured.")
INTERVALS = phrase("Lines are 95% intervals in which firms of one industry may move together")
TIES = phrase(
    "{count:,} {count:company spends|companies spend} as much on R&D as on selling, and {count:counts|count} on neither side."
)


class Compared(NamedTuple):
    """A share and what it is of."""

    words: str
    share: Share


@drawn_as(NAME)
def draw(
    firms: pd.DataFrame,
    others: pd.DataFrame,
    internet: pd.DataFrame,
    published: pd.DataFrame,
    *,
    cohort: str,
    fiscal_year: int,
    measure: str,
    highlight: list[str],
) -> Figure:
    """Figure 1 from the rows of `rows.rd_against_sm.load`."""
    bars, dots = ranked(firms, measure), ranked(internet, measure)
    if bars.empty:
        raise UserError(
            f"no company of {cohort} has both expenses for fiscal {fiscal_year}: choose another year or cohort, or fetch newer "
            "statements with `python -m lib refresh`."
        )
    plural, description = described(cohort)
    share, reach = clustered(bars), bounds(firms)
    shares = _shares(plural, share, bars, others, published, fiscal_year)
    gap = gap_to_peers(bars, others)
    title = _title(plural, share, shares["peers"].share.share if "peers" in shares else None, dots)
    subtitle = say(
        "R&D against selling expense, fiscal {year}, one bar per company: {description}. {measure}",
        year=fiscal_year, description=description, measure=say(MEASURES[measure]),
    )  # fmt: skip
    drawn = pd.concat([bars, dots.sort_values("grade")])
    cited = ["company-list", *drawn[["rd_source_id", "selling_source_id"]].to_numpy().ravel(), "macropolo"]
    cited += ["miit-measures"] if cohort == "specialised" else []
    notes = [*_notes(cohort, firms, internet, dots, bars, shares, gap, reach, published, highlight)]
    notes.append(source_line(cohorts.source_ids(cohort, cited)))
    key = sentences(say(GRADES), _elsewhere(cohort, firms), cohorts.provenance(cohort))
    strip = replace(SHARES, height=ROW * len(shares))
    column = [NARROW[0], replace(NARROW[1], height=ROW * 2 * len(shares)), NARROW[2]]
    frame = style.Frame(title, subtitle, notes, [(BARS, DOTS), strip], column, slide_note=key)
    left = frame.axes("bars")
    right = frame.axes("dots", sharey=left)
    below = frame.axes("shares")
    _scale(left, measure, pd.concat([bars["ratio"], dots["ratio"]]), bars["ratio"])
    blocks = _draw_bars(left, bars, share)
    _draw_dots(right, dots, measure, float(bars["ratio"].median()))
    _draw_shares(below, shares)
    head = say("{count:,} {plural}, ranked", count=len(bars), plural=described(cohort, len(bars))[0])
    chart.head(left, head, style.MARGIN - BARS.left, up=12)
    inset = style.MARGIN - BARS.left if style.SIZE.get() == "one_column" else 0
    chart.head(right, say("Consumer internet companies"), inset, up=12)
    _name_bars(left, bars, highlight, blocks)
    table = pd.concat([bars.assign(group=cohort), dots.assign(group="consumer_internet")], ignore_index=True)
    return Figure(
        frame,
        alt=_alt(described(cohort, len(bars))[0], fiscal_year, share, shares, bars, dots),
        table=table[TABLE].rename(columns={"ratio": measure.replace("log_", "log2_")}),
        companies=len(table),
        left_out=cohorts.left_out(pd.concat([firms[["status"]], internet[["status"]]])),
        numbers=_numbers(share, shares, reach, bars),
        marks=lambda: _marks(left, right, below, bars, dots, shares),
        columns=(
            "company_id",
            f"name_{LANGUAGE.get()}",
            "rd_expense_cny",
            "selling_expense_cny",
            "grade",
            "source_row",
        ),
    )


def _shares(plural: str, share: Share, bars, others: pd.DataFrame, published: pd.DataFrame, year: int) -> dict:
    """The shares to compare, by what they are of: each a Compared, in the order drawn."""
    found = {"cohort": Compared(say("{plural}", plural=sentence(plural)), share)}
    if len(others):
        if (alike := peers(bars, others)) is not None:
            found["peers"] = Compared(say("Other listed firms, same industries"), alike)
        found["others"] = Compared(say("Other listed firms"), clustered(others))
    words = say(
        phrase("MacroPolo's {count}") if year == ARTICLE_YEAR else phrase("MacroPolo's {count}, {year}"),
        count=term(published.at["mp3-cohort", "published_text"]), year=ARTICLE_YEAR,
    )  # fmt: skip
    return found | {"article": Compared(words, article_share(published))}


def _numbers(share: Share, shares: dict, reach: Bounds, bars: pd.DataFrame) -> list[Number]:
    spent = bars["rd_expense_cny"] + bars["selling_expense_cny"]
    ratio = bars["rd_expense_cny"] / bars["selling_expense_cny"]
    return [
        Number("share", "share that is product first", share.share, share=True, claim="mp3-share"),
        Number("low", "its 95% interval, from", share.low, share=True),
        Number("high", "to", share.high, share=True),
        Number("firms", "companies with a ratio", share.total),
        *(
            Number(f"share_{name}", words, shares[name].share.share, share=True)
            for name, words in (
                ("peers", "other listed firms, weighted to the same industries"),
                ("others", "other listed firms"),
            )
            if name in shares
        ),
        Number("share_of_spending", "share of the two expenses that product-first firms spend",
               float(spent[bars["product_first"]].sum() / spent.sum()), share=True),
        Number("could_have_filed", "companies that could have filed", reach.companies),
        Number("least", "share, were those without a ratio all sales first", reach.low, share=True),
        Number("most", "share, were they all product first", reach.high, share=True),
        Number("median_rd_to_selling", "median of R&D over selling expense", float(ratio.median())),
    ]  # fmt: skip


TABLE = [
    "group",
    "company_id",
    "name_en",
    "name_zh",
    "board",
    "industry_en",
    "fiscal_year",
    "fiscal_year_end",
    "rd_expense_cny",
    "selling_expense_cny",
    "ratio",
    "product_first",
    "grade",
    "extract_check",
    "confirmed",
    "outlier",
    "rd_source_id",
    "selling_source_id",
    "source_row",
]


def _title(plural: str, share: Share, peers: float | None, dots: pd.DataFrame) -> str:
    if peers is not None:
        return say(
            "{share:.1%} of {plural} spend more on R&D than on selling, and {peers:.1%} of other firms in the same industries",
            share=share.share, plural=plural, peers=peers,
        )  # fmt: skip
    return say(
        "{share:.1%} of {plural} spend more on R&D than on selling; {giants:word} of {all:word} internet {all:giant|giants} with data {giants:does|do}",
        share=share.share, plural=plural, giants=int(dots["product_first"].sum()), all=len(dots),
    )  # fmt: skip


def _notes(cohort, firms, internet, dots, bars, shares, gap, reach, published, highlight) -> list[str]:
    out, share, own = cohorts.left_out(firms), shares["cohort"].share, cohorts.is_own(cohort)
    missing_ratio = reach.companies - len(bars)
    weak, doubted = 0 if own else int((~bars["solid"]).sum()), int((bars["outlier"] != "").sum())
    alone = share_of(bars["product_first"])
    counted = [
        cohorts.left_out_words(out, len(firms)),
        say(
            "Of the {all:,} that could have filed, were those without a ratio all sales first, the share would be {low:.0%}; all product "
            "first, {high:.0%}.",
            all=reach.companies, low=reach.low, high=reach.high,
        ) if missing_ratio else "",
        cohorts.provenance(cohort),
        say("Hence all bars are pale.") if own else say(
            "Bars are grade B: extracts of filed reports; no second extract checks selling expense. Pale: {count} whose R&D none confirms, or "
            "whose revenue it contradicts.",
            count=weak,
        ),
        say("Doubtful, and drawn as filed: {count} (column outlier).", count=doubted) if doubted else "",
        say(TIES, count=ties(bars)) if ties(bars) else "",
    ]  # fmt: skip
    compared = [
        say(
            phrase("{intervals}.") if share.method == "wilson" else phrase("{intervals}; were they independent, {alone}."),
            intervals=say(INTERVALS), alone=interval(alone.low, alone.high, ".0%"),
        ),
        unclustered_words(compared.share.method for name, compared in shares.items() if name != "article"),
        say(
            "Same industries: each weighs as much as in the cohort; the gap is {gap} points ({interval}).",
            gap=number(100 * gap[0], "+.1f"), interval=interval(100 * gap[1], 100 * gap[2], "+.1f"),
        ) if gap else "",
        say("MacroPolo states {text}; {count} of {all} follows from it, with Wilson's interval.",
            text=term(published.at["mp3-share", "published_text"]), count=shares["article"].share.count, all=shares["article"].share.total),
        _elsewhere(cohort, firms),
        say(CHOSEN) if cohort == "specialised" else "",
    ]  # fmt: skip
    graded = [say(GRADES)]
    missing = internet[internet["status"] != cohorts.DRAWN].groupby("status", sort=False)
    if len(missing):
        reasons = [
            say("{names} ({reason})", names=name_list(_names(rows)), reason=say(reason)) for reason, rows in missing
        ]
        graded.append(say("Not drawn, as nothing else was found: {reasons}.", reasons=clauses(reasons)))
    for _, row in dots[dots["fiscal_year_end"].dt.month != 12].iterrows():
        end = month_words(row["fiscal_year_end"])
        graded.append(say("{name}: year to {end}.", name=cohorts.company_name(row), end=end))
    notes = [sentences(*compared), sentences(*counted), sentences(*graded)]
    status = firms.set_index("company_id")["status"]
    missed = [
        say("{names} ({reason})", names=code, reason=say(status.get(code, phrase("not in this cohort"))))
        for code in highlight
        if code not in set(bars["company_id"])
    ]
    if missed:
        notes.append(say("Highlighted but not drawn: {names}.", names=name_list(missed)))
    return notes


def _elsewhere(cohort: str, firms: pd.DataFrame) -> str:
    """The sentence that tells the companies from MacroPolo's, or says how many of a user's may be among these."""
    if cohort == "bse":
        return ""
    among, board = cohorts.among_the_93(firms) if cohorts.is_own(cohort) else (0, 0)
    return say(AMONG, count=among, day=day_words(cohorts.BSE_DAY), all=board) if among else say(ELSEWHERE)


def _names(rows: pd.DataFrame) -> list[str]:
    return [cohorts.company_name(row) for _, row in rows.iterrows()]


def _scale(axes, measure: str, ratios: pd.Series, bars: pd.Series) -> None:
    """The y axis in multiples of the smaller expense, the same number of steps up and down, with room for the texts.

    The texts stand at the upper right and below the axis, where only a small or one-sided cohort has long bars.
    """
    texts = max(bars.iloc[int(len(bars) * 0.55) :].max(), -bars.iloc[: len(bars) // 3 + 1].min(), 0)
    if measure == "difference_over_sum":
        ticks, labels = [-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", say("equal"), "0.5", "1"]
        limit = max(1.12, texts / 0.58)
    else:
        texts, reach = (
            value if measure == "log_ratio" else np.log2(max(value, 1)) for value in (texts, ratios.abs().max())
        )
        doublings = np.ceil(max(reach, texts / 0.58))
        step = max(1, int(np.ceil(doublings / 3)))
        powers = np.arange(step, doublings + step, step)
        names = [say("{multiple:,.0f}×", multiple=2**p) for p in powers]
        if measure == "log_ratio":
            places, middle, limit = powers, say("equal"), powers[-1] * 1.08
        else:
            axes.set_yscale("symlog", base=2, linthresh=1, linscale=0.4)
            places, middle, limit = 2**powers, "0", 2 ** (powers[-1] * 1.08)
            names = [f"{2**p:,.0f}" for p in powers]
        sign = "" if measure == "log_ratio" else "−"
        ticks = [*-places[::-1], 0, *places]
        labels = [*(sign + name for name in names[::-1]), middle, *names]
    axes.set_ylim(-limit, limit)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter(labels))
    axes.yaxis.set_minor_locator(FixedLocator([]))


def _draw_bars(axes, bars: pd.DataFrame, share: Share) -> list:
    """The ranked bars over the share of firms, and the two readings of them; returns the texts."""
    ratio = bars["ratio"].to_numpy()
    edges = np.linspace(0, 100, len(bars) + 1)
    # One shape for all of a kind: five hundred would take longer to draw than all the rest, as would `stairs`, which looks for
    # limits of the axes that are set here.
    for product_first, colour in ((True, style.PRODUCT_FIRST), (False, style.SALES_FIRST)):
        side = bars["product_first"].to_numpy() == product_first
        axes.add_artist(StepPatch(np.where(side, ratio, 0), edges, fill=True, facecolor=colour, linewidth=0))
    pale = ~bars["solid"].to_numpy()
    axes.add_artist(StepPatch(np.where(pale, ratio, 0), edges, fill=True, facecolor="white", alpha=0.45, linewidth=0))
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    axes.set_xlabel(say("share of companies"), labelpad=1)
    axes.xaxis.grid(False)
    # The number of sales-first firms stands beside the longest of their bars, where the others leave it room.
    foot = axes.transData.inverted().transform(axes.transAxes.transform((0, 0.2)))[1]
    clear = edges[:-1][ratio < foot].min(initial=100) / 100 - 0.02
    place, side = (clear, "right") if clear * chart.inches(axes)[0] > 1.5 else (0.01, "left")
    inside = dict(over=("axes", "axes"), white=1, va="top", linespacing=1.15)
    counted = phrase("{count:,} of {total:,} {count:spends|spend} more on R&D")
    some = phrase("{count:,} {count:spends|spend} more\non selling")
    big = dict(color=style.PRODUCT_TEXT, ha="right", **inside)
    return [
        chart.write(axes, (0.99, 1.02), f"{share.share:.1%}", size=21, weight="bold", **big),
        chart.write(axes, (0.99, 0.87), say(counted, count=share.count, total=share.total), **big),
        chart.write(
            axes,
            (place, 0.19),
            say(some, count=share.total - share.count - ties(bars)),
            size=11,
            weight="bold",
            color=style.SALES_TEXT,
            ha=side,
            **inside,
        ),
    ]


def _draw_shares(axes, shares: dict) -> None:
    """Each share with its interval, its name at the left and its number at the right."""
    narrow = style.SIZE.get() == "one_column"
    ends = [end * 100 for _, (low, high) in _intervals(shares) for end in (low, high)]
    axes.set_xlim(max(0, 5 * np.floor(min(ends) / 5) - 1), min(100, 5 * np.ceil(max(ends) / 5) + 1))
    axes.set_ylim(len(shares) - 0.45, -0.55)
    axes.set_yticks([])
    axes.xaxis.tick_bottom()
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=1)
    axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    for height, (name, (words, share)) in enumerate(shares.items()):
        colour = LOOKS.get(name, style.NEUTRAL)
        if share.low == share.low:
            chart.interval(axes, share.low * 100, share.high * 100, height, colour)
        chart.dot(axes, share.share * 100, height, colour, filled=name != "article")
        text = dict(
            size=9.5 if name == "cohort" else 9, weight="semibold" if name == "cohort" else "normal", va="center"
        )
        lines = chart.wrapped(
            say("{words} ({total:,})", words=words, total=share.total),
            text["size"],
            text["weight"],
            (NARROW[1] if narrow else SHARES).left - 0.2,
        )
        left = (style.MARGIN - (NARROW[1] if narrow else SHARES).left) * 72
        chart.write(axes, (0, height), "\n".join(lines), (left, 0), over=("axes", "data"), linespacing=1.05, **text)
        chart.write(axes, (1, height), f"{share.share:.1%}", (44, 0), over=("axes", "data"), ha="right", **text)
    chart.inner_ticks(axes.xaxis)
    chart.head(
        axes,
        say("Compared with whom: share that spends more on R&D"),
        style.MARGIN - (NARROW[1] if narrow else SHARES).left,
        up=6,
    )


def _intervals(shares: dict) -> list[tuple[str, tuple[float, float]]]:
    """The ends of each share's interval; the share itself where it has none."""
    return [
        (name, (share.low, share.high) if share.low == share.low else (share.share, share.share))
        for name, (_, share) in shares.items()
    ]


def _name_bars(axes, bars: pd.DataFrame, highlight: list[str], texts: list) -> None:
    """Names of the highlighted companies, whose bars are in ink, or of all where there are few; neither bars nor texts are covered."""
    width = 100 / len(bars)
    marked = bars[bars["company_id"].isin(highlight)]
    axes.bar(marked.index * width, marked["ratio"], width=max(width, 0.35), align="edge", color=style.INK, linewidth=0)
    named = bars if len(bars) <= FEW else marked
    points = [((i + 0.5) * width, row["ratio"], cohorts.company_label(row)) for i, row in named.iterrows()]
    # The bars' outline in fifty steps: enough to keep labels off them.
    outline = []
    for places in np.array_split(np.arange(len(bars)), min(50, len(bars))):
        for side in (bars["ratio"].iloc[places].max(), bars["ratio"].iloc[places].min()):
            corners = axes.transData.transform([(places[0] * width, 0), ((places[-1] + 1) * width, side)])
            outline.append(Bbox([corners.min(axis=0), corners.max(axis=0)]))
    chart.label_points(axes, points, texts, outline, size=9)


def _draw_dots(axes, dots: pd.DataFrame, measure: str, median: float) -> None:
    """The internet companies as dots with their names, ratios and grades; hollow where the figure is weak."""
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.tick_params(labelleft=style.SIZE.get() == "one_column", bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, chart.inches(axes)[0])
    axes.xaxis.grid(False)
    chart.reference(axes, median, upright=False, color=style.PRODUCT_TEXT if median > 0 else style.SALES_TEXT)
    pixels = axes.transData.transform(np.column_stack([np.zeros(len(dots)), dots["ratio"]]))[:, 1]
    places = chart.spread(pixels, gap=axes.figure.dpi * 0.165)
    heights = axes.transData.inverted().transform(np.column_stack([np.zeros(len(dots)), places]))[:, 1]
    for (_, row), height in zip(dots.iterrows(), heights, strict=True):
        first = row["product_first"]
        chart.dot(axes, DOT, row["ratio"], style.PRODUCT_FIRST if first else style.SALES_FIRST, filled=row["solid"])
        axes.plot([DOT, 0.33], [row["ratio"], height], color=style.NEUTRAL, linewidth=0.7)
        words = f"{cohorts.company_name(row)}  {_multiple(row)}  {row['grade']}"
        text = style.PRODUCT_TEXT if first else style.SALES_TEXT
        chart.write(axes, (0.35, height), words, white=0.8, size=9.5, va="center", color=text)
    for up, words, colour in (
        (0.95, say("↑ more R&D"), style.PRODUCT_TEXT),
        (0.05, say("↓ more selling"), style.SALES_TEXT),
    ):
        chart.write(
            axes, (0.99, up), words, over=("axes", "axes"), white=0.8, size=9.5, color=colour, ha="right", va="center"
        )
    chart.write(
        axes, (1, median), say("median\nof the bars"), (0, 2), over=("axes", "data"), white=0.5, ha="right", va="bottom",
        size=8.5, color=style.QUIET, linespacing=1,
    )  # fmt: skip


def _marks(left, right, below, bars: pd.DataFrame, dots: pd.DataFrame, shares: dict) -> list[Mark]:
    """A company's bar, its dot with its name beside, or a share."""
    width = 100 / len(bars)
    words = [_company_words(rows) for rows in (bars, dots)]
    marks = [
        Mark(left, i * width, 0, (i + 1) * width, ratio, said, company if is_code(company) else "")
        for i, (ratio, company, said) in enumerate(zip(bars["ratio"], bars["company_id"], words[0], strict=True))
    ]
    said = _share_words(shares)
    marks += dot_marks(below, [compared.share.share * 100 for compared in shares.values()], range(len(shares)), said)
    return marks + dot_marks(right, np.full(len(dots), DOT), dots["ratio"], words[1])


def _share_words(shares: dict) -> list[str]:
    """Each share with its interval, and whether it is weighted."""
    plain = phrase("{words}: {share:.1%} of {total:,}")
    weighted = phrase("{words}: {share:.1%} of {total:,}, each industry weighted as in the cohort")
    said = [
        say(weighted if name == "peers" else plain, words=words, share=share.share, total=share.total)
        for name, (words, share) in shares.items()
    ]
    return [
        estimate(words, share.low, share.high, ".1%") for words, (_, share) in zip(said, shares.values(), strict=True)
    ]


def _company_words(rows: pd.DataFrame) -> list[str]:
    """Each company's name, its two expenses, its grade and where they come from."""
    cited = {pair: cite(pair) for pair in set(zip(rows["rd_source_id"], rows["selling_source_id"], strict=True))}
    return [
        say(
            "{company}: R&D {rd:,.1f} million yuan, selling {selling:,.1f} million, {multiple}; grade {grade}. {sources}; {source_row}",
            company=cohorts.company_label(row), rd=millions(row["rd_expense_cny"] / 1e6),
            selling=millions(row["selling_expense_cny"] / 1e6), multiple=_multiple(row),
            grade=row["grade"] if pd.notna(row["grade"]) else say("none"),
            sources=cited[row["rd_source_id"], row["selling_source_id"]], source_row=row["source_row"],
        )
        for row in rows.to_dict("records")
    ]  # fmt: skip


def _multiple(row: pd.Series) -> str:
    rd, selling = row["rd_expense_cny"], row["selling_expense_cny"]
    return say("{multiple}×", multiple=beside(max(rd, selling) / min(rd, selling), ".1f", neutral=1))


def _alt(plural: str, year: int, share: Share, shares: dict, bars: pd.DataFrame, dots: pd.DataFrame) -> str:
    log = expense_ratio(bars["rd_expense_cny"], bars["selling_expense_cny"])
    larger = {True: phrase("{name} (R&D {multiple})"), False: phrase("{name} (selling {multiple})")}
    named = name_list(
        say(larger[row["product_first"]], name=cohorts.company_name(row), multiple=_multiple(row))
        for _, row in dots.iterrows()
    )
    return say(
        "Bar chart of {total:,} {plural} in fiscal {year}, ranked by R&D against selling expense. {count:,} of them {count:spends|spend} "
        "more on R&D, {selling:,} more on selling. The median company has {median}. Beside them, {dots} consumer internet "
        "{dots:company|companies}: {named}. Below, shares that spend more on R&D: {shares}.",
        total=len(bars), plural=plural, year=year, count=share.count, selling=share.total - share.count - ties(bars),
        median=times(float(np.median(log))), dots=len(dots),
        named=named, shares=clauses(_share_words(shares)),
    )  # fmt: skip
