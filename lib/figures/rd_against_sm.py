"""Figure 1: every firm's R&D against its selling expense, ranked, with the consumer internet companies beside."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import Bbox

from lib import chart, style
from lib.errors import UserError
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.measures import Share, expense_ratio, share_of
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.rd_against_sm import ranked
from lib.rows.sources import cite, source_line
from lib.words import (
    clauses,
    count_word,
    millions,
    month_words,
    name_list,
    phrase,
    say,
    sentence,
    sentences,
    share_words,
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
BARS = style.Panel("bars", 3.95, 3.18, left=0.72, right=0.18, top=0.3, bottom=0.42)
DOTS = style.Panel("dots", 2.05, 3.18, right=0.1, top=0.3, bottom=0.42)
NARROW = [replace(BARS, right=0.22), replace(DOTS, left=BARS.left, height=1.9, bottom=0.05)]
DOT = 0.123  # inches: a dot's place in its panel
GRADES = phrase(
    "Grades: A the company's own statement; B second-hand; C rounded, derived or a weak source (hollow: B or C)."
)
ELSEWHERE = phrase("MacroPolo's 93 are other companies, on the Beijing Stock Exchange.")


@drawn_as(NAME)
def draw(
    firms: pd.DataFrame,
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
    share = share_of(bars["product_first"])
    plural, description = described(cohort)
    title = _title(plural, share, dots)
    subtitle = say(
        "R&D against selling expense, fiscal {year}, one bar per company: {description}. {measure}",
        year=fiscal_year, description=description, measure=say(MEASURES[measure]),
    )  # fmt: skip
    out = cohorts.left_out(pd.concat([firms[["status"]], internet[["status"]]]))
    drawn = pd.concat([bars, dots.sort_values("grade")])
    used = ["company-list", *drawn[["rd_source_id", "selling_source_id"]].to_numpy().ravel(), "macropolo"]
    notes = [*_notes(cohort, firms, internet, dots, bars, highlight), source_line(cohorts.source_ids(cohort, used))]
    others = cohort != "bse" and not cohorts.is_own(cohort)
    key = sentences(say(GRADES), say(ELSEWHERE) if others else "", cohorts.provenance(cohort))
    frame = style.Frame(title, subtitle, notes, (BARS, DOTS), NARROW, slide_note=key)
    left = frame.axes("bars")
    right = frame.axes("dots", sharey=left)
    _scale(left, measure, pd.concat([bars["ratio"], dots["ratio"]]), bars["ratio"])
    blocks = _draw_bars(left, bars, share, published)
    _draw_dots(right, dots, measure, float(bars["ratio"].median()))
    chart.head(left, say("{count:,} {plural}, ranked", count=len(bars), plural=plural), style.MARGIN - BARS.left, up=12)
    inset = style.MARGIN - BARS.left if style.SIZE.get() == "one_column" else 0
    chart.head(right, say("Consumer internet companies"), inset, up=12)
    _mark(left, bars, highlight, blocks)
    table = pd.concat([bars.assign(group=cohort), dots.assign(group="consumer_internet")], ignore_index=True)
    return Figure(
        frame,
        alt=_alt(plural, fiscal_year, share, bars, dots),
        table=table[TABLE].rename(columns={"ratio": measure.replace("log_", "log2_")}),
        companies=len(table),
        left_out=out,
        numbers=[
            Number("share", "share that is product first", share.share, share=True, claim="mp3-share"),
            Number("low", "its 95% interval, from", share.low, share=True),
            Number("high", "to", share.high, share=True),
            Number("firms", "companies with a ratio", share.total),
            Number(
                "median_rd_to_selling",
                "median of R&D over selling expense",
                float((bars["rd_expense_cny"] / bars["selling_expense_cny"]).median()),
            ),
        ],
        marks=lambda: _marks(left, right, bars, dots),
        columns=("company_id", "name_zh", "rd_expense_cny", "selling_expense_cny", "grade", "source_row"),
    )


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
    "rd_source_id",
    "selling_source_id",
    "source_row",
]


def _title(plural: str, share: Share, dots: pd.DataFrame) -> str:
    one = phrase("{share} {plural} spends more on R&D than on selling; {giants} of {all} internet giants with data do")
    many = phrase("{share} {plural} spend more on R&D than on selling; {giants} of {all} internet giants with data do")
    giants = {"giants": count_word(int(dots["product_first"].sum())), "all": count_word(len(dots))}
    return sentence(say(one if share.count == 1 else many, share=share_words(share.share), plural=plural, **giants))


def _notes(cohort, firms, internet, dots, bars, highlight) -> list[str]:
    out = cohorts.left_out(firms)
    first, absent = int(bars["product_first"].sum()), sum(out.values()) - out.get("bank, broker or insurer", 0)
    everyone = len(bars) + absent
    own = cohorts.is_own(cohort)
    weak = 0 if own else int((~bars["solid"]).sum())
    counted = [
        say("Dot and whiskers: the share and its 95% interval."),
        cohorts.left_out_words(out, len(firms)),
        say(
            "Were those without a ratio all sales first, the share would be {low:.0%}; all product first, {high:.0%}.",
            low=first / everyone, high=(first + absent) / everyone,
        ) if absent else "",
        cohorts.provenance(cohort),
        say("Hence all bars are pale. MacroPolo's 93 are on the Beijing Stock Exchange.") if own else "",
        say("Pale bars: {count} whose R&D no second extract confirms.", count=weak) if weak else "",
        say(ELSEWHERE) if cohort != "bse" and not own else "",
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
    notes = [sentences(*counted), sentences(*graded)]
    status = firms.set_index("company_id")["status"]
    missed = [
        say("{names} ({reason})", names=code, reason=say(status.get(code, phrase("not in this cohort"))))
        for code in highlight
        if code not in set(bars["company_id"])
    ]
    if missed:
        notes.append(say("Highlighted but not drawn: {names}.", names=name_list(missed)))
    return notes


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


def _draw_bars(axes, bars: pd.DataFrame, share: Share, published: pd.DataFrame) -> list:
    """The ranked bars over the share of firms, and the two readings of them; returns the texts."""
    ratio = bars["ratio"].to_numpy()
    edges = np.linspace(0, 100, len(bars) + 1)
    for product_first, colour in ((True, style.PRODUCT_FIRST), (False, style.SALES_FIRST)):
        side = bars["product_first"].to_numpy() == product_first
        axes.stairs(np.where(side, ratio, 0), edges, fill=True, color=colour, linewidth=0)
    pale = ~bars["solid"].to_numpy()
    # One shape for all: five hundred would take longer to draw than all the rest.
    axes.stairs(np.where(pale, ratio, 0), edges, fill=True, color="white", alpha=0.45, linewidth=0)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    axes.set_xlabel(say("share of companies"), labelpad=1)
    axes.xaxis.grid(False)
    # The number of sales-first firms stands beside the longest of their bars, where the others leave it room.
    head = axes.transData.inverted().transform(axes.transAxes.transform((0, 0.18)))[1]
    clear = edges[:-1][ratio < head].min(initial=100) / 100 - 0.02
    place, side = (clear, "right") if clear * chart.inches(axes)[0] > 1.5 else (0.01, "left")
    inside = dict(transform=axes.transAxes, linespacing=1.15, bbox=dict(facecolor="white", edgecolor="none", pad=1))
    texts = [
        axes.text(
            0.99,
            1.02,
            f"{share.share:.1%}",
            size=21,
            weight="bold",
            color=style.PRODUCT_TEXT,
            va="top",
            ha="right",
            **inside,
        ),
        axes.text(
            0.99,
            0.885,
            say(
                "{count:,} of {total:,} spend more on R&D\n95% interval {low:.1%} to {high:.1%}",
                count=share.count,
                total=share.total,
                low=share.low,
                high=share.high,
            ),
            color=style.PRODUCT_TEXT,
            va="top",
            ha="right",
            **inside,
        ),
        axes.text(
            place,
            0.17,
            say(
                phrase("{count:,} spends more\non selling")
                if share.total - share.count == 1
                else phrase("{count:,} spend more\non selling"),
                count=share.total - share.count,
            ),
            size=11,
            weight="bold",
            color=style.SALES_TEXT,
            va="top",
            ha=side,
            **inside,
        ),
    ]
    stated = published.at["mp3-share", "published_value"] * 100
    words = say(
        "MacroPolo: {share}\nof its {count}",
        share=term(published.at["mp3-share", "published_text"]), count=published.at["mp3-cohort", "published_text"],
    )  # fmt: skip
    strip = dict(transform=axes.get_xaxis_transform())
    axes.plot([stated, stated], [0.5, 0.625], color=style.INK, linewidth=1, linestyle=(0, (2, 1.5)), **strip)
    box = dict(bbox=inside["bbox"], linespacing=1.1)
    texts.append(axes.text(stated, 0.635, words, size=9, ha="center", va="bottom", **box, **strip))
    axes.errorbar(
        share.share * 100,
        0,
        xerr=[[(share.share - share.low) * 100], [(share.high - share.share) * 100]],
        fmt="o",
        markersize=4,
        color=style.INK,
        ecolor=style.INK,
        elinewidth=1.6,
        capsize=3,
        zorder=5,
    )
    return texts


def _mark(axes, bars: pd.DataFrame, highlight: list[str], texts: list) -> None:
    """The highlighted companies' bars in ink, each named where neither bars nor texts are."""
    width = 100 / len(bars)
    marked = bars[bars["company_id"].isin(highlight)]
    axes.bar(marked.index * width, marked["ratio"], width=max(width, 0.35), align="edge", color=style.INK, linewidth=0)
    points = [((i + 0.5) * width, row["ratio"], cohorts.company_label(row)) for i, row in marked.iterrows()]
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
    axes.axhline(
        median, color=style.PRODUCT_TEXT if median > 0 else style.SALES_TEXT, linewidth=1, linestyle=(0, (4, 2))
    )
    pixels = axes.transData.transform(np.column_stack([np.zeros(len(dots)), dots["ratio"]]))[:, 1]
    places = chart.spread(pixels, gap=axes.figure.dpi * 0.165)
    heights = axes.transData.inverted().transform(np.column_stack([np.zeros(len(dots)), places]))[:, 1]
    for (_, row), height in zip(dots.iterrows(), heights, strict=True):
        colour = style.PRODUCT_FIRST if row["product_first"] else style.SALES_FIRST
        axes.plot(
            DOT,
            row["ratio"],
            "o",
            markersize=6.5,
            color=colour,
            markerfacecolor=colour if row["solid"] else "white",
            markeredgewidth=1.6,
            zorder=4,
        )
        axes.plot([DOT, 0.33], [row["ratio"], height], color=style.NEUTRAL, linewidth=0.7)
        text = style.PRODUCT_TEXT if row["product_first"] else style.SALES_TEXT
        axes.text(
            0.35,
            height,
            f"{cohorts.company_name(row)}  {_multiple(row)}  {row['grade']}",
            size=9.5,
            va="center",
            color=text,
            bbox=dict(facecolor="white", edgecolor="none", pad=0.8),
        )
    for place, words, colour in (
        (1, say("↑ more R&D"), style.PRODUCT_TEXT),
        (0, say("↓ more selling"), style.SALES_TEXT),
    ):
        axes.text(
            0.99,
            0.95 if place else 0.05,
            words,
            transform=axes.transAxes,
            size=9.5,
            color=colour,
            ha="right",
            va="center",
            bbox=dict(facecolor="white", edgecolor="none", pad=0.8),
        )
    axes.annotate(
        say("median\nof the bars"),
        (1, median),
        (0, 2),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        ha="right",
        va="bottom",
        size=8.5,
        color=style.QUIET,
        linespacing=1,
        bbox=dict(facecolor="white", edgecolor="none", pad=0.5),
    )


def _marks(left, right, bars: pd.DataFrame, dots: pd.DataFrame) -> list[Mark]:
    """A company's bar, or its dot with its name beside."""
    width = 100 / len(bars)
    words = [_company_words(rows) for rows in (bars, dots)]
    marks = [
        Mark(left, i * width, 0, (i + 1) * width, ratio, said, company if company.isdigit() else "")
        for i, (ratio, company, said) in enumerate(zip(bars["ratio"], bars["company_id"], words[0], strict=True))
    ]
    return marks + dot_marks(right, np.full(len(dots), DOT), dots["ratio"], words[1])


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
    return say("{multiple:.1f}×", multiple=max(rd, selling) / min(rd, selling))


def _alt(plural: str, year: int, share: Share, bars: pd.DataFrame, dots: pd.DataFrame) -> str:
    log = expense_ratio(bars["rd_expense_cny"], bars["selling_expense_cny"])
    larger = {True: phrase("{name} (R&D {multiple})"), False: phrase("{name} (selling {multiple})")}
    named = name_list(
        say(larger[row["product_first"]], name=cohorts.company_name(row), multiple=_multiple(row))
        for _, row in dots.iterrows()
    )
    return say(
        "Bar chart of {total:,} {plural} in fiscal {year}, ranked by R&D against selling expense. {count:,} of them, "
        "{share:.1%} (95% interval {low:.1%} to {high:.1%}), spend more on R&D; the rest spend more on selling. "
        "The median company has {median}. Beside them, {dots} consumer internet companies: {named}.",
        total=len(bars), plural=plural, year=year, count=share.count, share=share.share, low=share.low, high=share.high,
        median=times(float(np.median(log))), dots=len(dots), named=named,
    )  # fmt: skip
