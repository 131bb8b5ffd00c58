"""Figure 5: the 2020 accounting break. The same firms from 2019 to 2021, before and after freight left selling expense."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.transforms import Bbox

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.parameters import described
from lib.rows import cohorts
from lib.rows.accounting_break import GROUPS, LINES, YEARS, crossings, freight_test, industries, paths
from lib.rows.sources import source_line
from lib.words import digits, name_list, phrase, say, sentences, span_words

NAME = "05_accounting_break"
COLOURS = {"revenue_cny": style.QUIET, "rd_expense_cny": style.PRODUCT_TEXT, "selling_expense_cny": style.SALES_TEXT}
GROUP_COLOURS = dict(zip(GROUPS, (style.ACCENT, style.NEUTRAL, style.INK), strict=True))
RATIO = phrase("Selling ratio: selling expense per yuan of revenue; the old one is that of the year before.")
PATHS = style.Panel("paths", 1.815, 2.0, left=0.45, right=1.355, top=0.35, bottom=0.33)
CROSSINGS = style.Panel("crossings", 2.5, 2.0, left=0.73, right=0.15, top=0.35, bottom=0.33)
INDUSTRIES = style.Panel("industries", 5.4, 2.2, left=1.45, right=0.15, top=0.17, bottom=0.35)
NARROW = [PATHS, replace(CROSSINGS, height=1.7), replace(INDUSTRIES, height=2.8, top=0.5)]
SLIDE = (
    [replace(PATHS, height=1.4), replace(CROSSINGS, height=1.1, bottom=0.05)],
    replace(INDUSTRIES, width=4.4, top=0.5),
)


@drawn_as(NAME)
def draw(firms: pd.DataFrame, out: dict[str, int], *, cohort: str, minimum_firms: int) -> Figure:
    """Figure 5 from the firms of `rows.accounting_break.load`; industries with fewer than `minimum_firms` are not drawn."""
    level, crossed = paths(firms), crossings(firms)
    by_industry, test = industries(firms, minimum_firms), freight_test(firms)
    plural, description = described(cohort)
    first, second, _ = YEARS
    moved = crossed.loc[(first, second)]
    fall = 100 - level.loc["selling_expense_cny", second]
    turned = say(
        phrase("In {year}, as freight left selling expense, {count:,} of {all:,} {plural} turned product first")
        if cohorts.is_own(cohort)
        else phrase("In {year}, as freight left selling expense, {count:,} {plural} turned product first"),
        year=second, count=moved["to_product"], all=len(firms), plural=plural,
    )  # fmt: skip
    title = turned
    if moved["to_product"]:
        title = say(
            "{turned}; {anyway:,} would have at {year}'s selling ratio",
            turned=turned, anyway=moved["to_product_at_old_ratio"], year=first,
        )  # fmt: skip
    subtitle = say(
        "The same {count:,} companies, fiscal {span}: {description}. From 2020 the revenue standard CAS 14 counts freight "
        "to customers in cost of sales.",
        count=len(firms), span=span_words(first, YEARS[-1]), description=description,
    )  # fmt: skip
    known = firms["industry_en", 0].notna()
    small = int(firms.loc[known, ("industry_en", 0)].nunique() - len(by_industry))
    few = phrase("Not drawn: {small} industries of fewer than {minimum} firms.")
    more = phrase("Not drawn: {small} industries of fewer than {minimum} firms; {unknown} firms of unknown industry.")
    unknown = int((~known).sum())
    notes = [
        sentences(
            cohorts.left_out_words(out, len(firms) + sum(out.values())),
            say(more if unknown else few, small=small, minimum=minimum_firms, unknown=unknown),
            cohorts.provenance(cohort),
            say("Hence hollow dots.") if cohorts.is_own(cohort) else "",
        ),
        sentences(
            say(
                "Per yuan of revenue, the median firm's selling expense changed by {changes}. "
                "2020 was also the first year of the pandemic, so not all of it is freight.",
                changes=_changes(test),
            ),
            say(RATIO),
        ),
        source_line(cohorts.source_ids(cohort, ["company-list", "project-industry-map", "finglm"])),
    ]
    frame = style.Frame(title, subtitle, notes, [(PATHS, CROSSINGS), INDUSTRIES], NARROW, SLIDE, slide_note=say(RATIO))
    above, beside, below = (frame.axes(panel.name) for panel in (PATHS, CROSSINGS, INDUSTRIES))
    _draw_paths(above, level, hollow=cohorts.is_own(cohort))
    _draw_crossings(beside, crossed)
    _draw_industries(below, by_industry, test, minimum_firms)
    span = span_words(first, second)
    heading = say("Selling expense per yuan of revenue, {span}: median change by industry", span=span)
    chart.head(above, say("Median company, {year} = 100", year=first), style.MARGIN - PATHS.left, up=15.75)
    chart.head(beside, say("Companies that changed sides"), style.MARGIN - CROSSINGS.left, up=15.75)
    chart.head(below, heading, style.MARGIN - INDUSTRIES.left, up=4)
    return Figure(
        frame,
        alt=_alt(plural, firms, level, crossed, by_industry, test),
        table=_table(cohort, level, crossed, by_industry),
        companies=len(firms),
        left_out=out,
        numbers=[
            Number("firms", "the same firms", len(firms)),
            Number("to_product_2020", "turned product first in 2020", int(moved["to_product"])),
            Number("to_sales_2020", "turned sales first in 2020", int(moved["to_sales"])),
            Number("anyway_2020", "of the former, at the selling ratio of 2019", int(moved["to_product_at_old_ratio"])),
            Number("selling_fall_2020", "fall of the median selling expense in 2020", fall / 100, share=True),
            *_test_numbers(test),
        ],
        marks=lambda: dot_marks(
            below,
            np.expm1(by_industry["change"]) * 100,
            by_industry["group"].map(list(GROUPS).index),
            [
                say(
                    "{industry} ({group}): selling expense per yuan of revenue {change}, median of {firms:,} firms",
                    industry=cohorts.industry_name(row["industry_en"]), group=say(row["group"]),
                    change=_percent(row["change"]), firms=row["firms"],
                )
                for _, row in by_industry.iterrows()
            ],
        ),
        columns=("panel", "what", "group", "year", "value", "firms"),
    )  # fmt: skip


def _test_numbers(test: dict[str, float]) -> list[Number]:
    """The numbers of the test, with log changes as growth rates."""
    return [
        Number(name, f"{name}, change of the selling ratio", float(np.expm1(value)), share=True)
        if name.startswith("median")
        else Number(name, f"Mann-Whitney {name}", value)
        for name, value in test.items()
    ]


def _changes(test: dict[str, float]) -> str:
    """The median firm's change in each group that has firms."""
    known = [group for group in GROUPS if np.isfinite(test[f"median {group}"])]
    if not known:
        return say("an amount that is not known by industry, since no firm's industry is")
    return name_list(
        say("{change} in {group}", change=_percent(test[f"median {group}"]), group=say(group)) for group in known
    )


def _percent(log_change: float) -> str:
    return f"{np.expm1(log_change) * 100:+.0f}%".replace("-", "−")


def _draw_paths(axes, level: pd.DataFrame, hollow: bool) -> None:
    axes.set_ylim(np.floor(level.min().min() / 10) * 10 - 5, np.ceil(level.max().max() / 10) * 10 + 5)
    chart.inner_ticks(axes.yaxis)
    level = level.sort_values(YEARS[-1], ascending=False)
    apart = np.diff(axes.get_ylim())[0] * 0.167 / chart.inches(axes)[1]  # one line of type
    ends = chart.spread(level[YEARS[-1]].to_numpy(), apart)
    for (line, values), end in zip(level.iterrows(), ends, strict=True):
        axes.plot(YEARS, values, "o-", color=COLOURS[line], linewidth=2, markersize=4, clip_on=False,
                  markerfacecolor="white" if hollow else COLOURS[line])  # fmt: skip
        axes.annotate(
            say("{line} {value:.0f}", line=say(LINES[line]), value=values[YEARS[-1]]), (YEARS[-1], end), (6, 0), textcoords="offset points", va="center",
            size=9.5, color=COLOURS[line], annotation_clip=False,
        )  # fmt: skip
    axes.axhline(100, color=style.INK, linewidth=0.8)
    axes.axvspan(2019.5, YEARS[-1] + 0.1, color="#f1f2f3", zorder=0, linewidth=0)
    axes.annotate(say("CAS 14"), (2019.53, 1), xycoords=("data", "axes fraction"), size=9, color=style.QUIET, va="top")
    axes.set_xticks(YEARS)
    axes.set_xlim(YEARS[0] - 0.1, YEARS[-1] + 0.1)


def _draw_crossings(axes, crossed: pd.DataFrame) -> None:
    """Firms that changed sides; a line parts off those that the selling ratio did not turn product first."""
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    reach = crossed.max().max() or 1
    for place, ((before, after), row) in enumerate(crossed.iterrows()):
        for side, offset, colour, text, words in (
            ("to_product", -0.2, style.PRODUCT_FIRST, style.PRODUCT_TEXT, phrase("{count:,} to product first")),
            ("to_sales", 0.2, style.SALES_FIRST, style.SALES_TEXT, phrase("{count:,} to sales first")),
        ):
            count = row[side]
            axes.barh(place + offset, count, height=0.36, color=colour)
            told = say(words, count=count) if place == 0 else digits(count)
            if side == "to_product" and count:
                anyway = row["to_product_at_old_ratio"]
                axes.vlines(anyway, place - 0.38, place - 0.02, color="white", linewidth=1.2)
                told += "\n" + say("{anyway:,} at the old ratio", anyway=anyway)
            axes.text(count + reach * 0.03, place + offset, told, va="center", size=9.5, color=text, linespacing=1.1)
        axes.text(
            -reach * 0.04,
            place,
            say("{before}\nto {after}", before=before, after=after),
            ha="right",
            va="center",
            size=9.5,
            color=style.QUIET,
            linespacing=1.1,
        )
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.set_yticks([])
    axes.set_ylim(len(crossed) - 0.45, -0.6)
    axes.set_xlim(0, reach * 1.75)


def _draw_industries(axes, by_industry: pd.DataFrame, test: dict, minimum_firms: int) -> None:
    """A strip of industries for each group, with the group's median firm as a line; the farthest are named."""
    import seaborn as sns

    if by_industry.empty:
        axes.axis("off")
        words = say("No industry of {minimum} firms or more", minimum=minimum_firms)
        axes.text(0, 0.5, words, color=style.QUIET, transform=axes.transAxes)
        return
    change = np.expm1(by_industry["change"]) * 100
    rows = by_industry.assign(percent=change)
    sns.stripplot(
        rows,
        x="percent",
        y="group",
        order=list(GROUPS),
        hue="group",
        palette=GROUP_COLOURS,
        size=6,
        jitter=False,
        alpha=0.8,
        ax=axes,
        legend=False,
    )
    axes.grid(axis="x")
    axes.yaxis.grid(False)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.tick_params(axis="y", left=False)
    medians = {group: np.expm1(test[f"median {group}"]) * 100 for group in GROUPS}
    some, none = phrase("{group}\nmedian firm {change}"), phrase("{group}\nno firms")
    names = [
        say(some if np.isfinite(value := test[f"median {group}"]) else none, group=say(group), change=_percent(value))
        for group in GROUPS
    ]
    axes.set_yticks(range(len(GROUPS)), names, color=style.INK, linespacing=1.15)
    axes.set(xlabel="", ylabel="")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.0f}%".replace("-", "−") if value else "0")
    axes.set_ylim(len(GROUPS) - 0.45, -0.6)
    for place, group in enumerate(GROUPS):
        axes.plot([medians[group], medians[group]], [place - 0.22, place + 0.22], color=style.INK, linewidth=2)
    chart.inner_ticks(axes.xaxis)  # settles the view, which labels are placed in
    dot = np.ptp(axes.get_xlim()) / chart.inches(axes)[0] * 6 / 72  # a dot's width; nearer ones look like one
    labels = []
    for place, group in enumerate(GROUPS):
        chosen = rows[rows["group"] == group]
        ends = sorted({*range(min(2, len(chosen))), max(len(chosen) - 1, 0)}) if len(chosen) else []
        farthest = chosen.iloc[ends]
        labels += [
            (row["percent"], place, cohorts.industry_name(row["industry_en"]))
            for _, row in farthest[~(farthest["percent"].diff() < dot)].iterrows()
        ]
    places = axes.transData.transform(
        [(row["percent"], list(GROUPS).index(row["group"])) for _, row in rows.iterrows()]
    )
    dots = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in places]
    chart.label_points(axes, labels, boxes=dots, around=True, size=8.5, color=style.QUIET)


def _table(cohort: str, level: pd.DataFrame, crossed: pd.DataFrame, by_industry: pd.DataFrame) -> pd.DataFrame:
    """All that is drawn, in one tidy table: panel, what, year, value."""
    rows = [
        {
            "panel": "median company",
            "what": LINES[line],
            "year": year,
            "value": value,
            "source_row": cohorts.selection(cohort, year),
        }
        for line, values in level.iterrows()
        for year, value in values.items()
    ]
    for (before, after), counts in crossed.iterrows():
        source = f"{cohorts.selection(cohort, before)} {cohorts.selection(cohort, after)}"
        rows += [
            {"panel": "changed sides", "what": what, "year": after, "value": n, "source_row": source}
            for what, n in counts.items()
        ]
    for _, row in by_industry.iterrows():
        source = " ".join(cohorts.selection(cohort, year, industry_en=row["industry_en"]) for year in YEARS[:2])
        rows.append({"panel": "industries", "what": row["industry_en"], "group": row["group"], "firms": row["firms"],
                     "year": YEARS[1], "value": row["change"], "source_row": source})  # fmt: skip
    return pd.DataFrame(rows)


def _alt(plural, firms, level, crossed, by_industry, test) -> str:
    (before, first), (after, second) = ((years, counts) for years, counts in crossed.iterrows())
    fell = [cohorts.industry_name(name) for name in by_industry["industry_en"].head(3)]
    return say(
        "Three panels on the same {count:,} {plural}. With 2019 as 100, the median company in {year} stands at {ends}; "
        "selling expense was {selling:.0f} in 2020. From {before} to {middle}, {product_1:,} companies turned product first, {anyway_1:,} of "
        "which would have at the selling ratio of {before}, and {sales_1:,} sales first; from {middle} to {after}, {product_2:,} companies "
        "turned product first, {anyway_2:,} of which would have at the selling ratio of {middle}, and {sales_2:,} sales first. By industry, selling expense per yuan of revenue fell most in {industries}; the median firm changed by {changes}.",
        count=len(firms), plural=plural, year=YEARS[-1], selling=level.loc["selling_expense_cny", 2020],
        ends=name_list(
            say("{line} {value:.0f}", line=say(name), value=level.loc[line, YEARS[-1]]) for line, name in LINES.items()
        ),
        before=before[0], middle=before[1], after=after[1], product_1=first["to_product"], sales_1=first["to_sales"],
        product_2=second["to_product"], sales_2=second["to_sales"],
        anyway_1=first["to_product_at_old_ratio"], anyway_2=second["to_product_at_old_ratio"],
        industries=name_list(fell) if fell else say("none that is drawn"), changes=_changes(test),
    )  # fmt: skip
