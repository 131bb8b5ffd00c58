"""Figure 7: Huawei's R&D by year and decade, the column's dollars, and the ACFIC lists."""

from dataclasses import replace

import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lib import chart, style
from lib.errors import ParameterError
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.rows import huawei_acfic as huawei
from lib.rows.sources import cite, source_line
from lib.words import billions, day_words, name_list, phrase, say, sentences, span_words, term, year_ticks

NAME = "07_huawei_acfic"
SERIES = style.Panel("series", 4.75, 1.9, left=0.52, right=0.13, top=0.3, bottom=0.35)
SUMS = style.Panel("sums", 4.75, 1.2, left=0.52, right=0.13, top=0.3, bottom=0.3)
STATED, ADDED = 0.57, 1.38  # inches from the cells of the sums to the ends of the columns beside them
TOTAL = style.Panel("total", 1.5, 1.9, right=0.1, top=0.3, bottom=2.15)
RATES = style.Panel("rates", 0.95, 1.45, left=1.32, right=0.48, top=0.65, bottom=0.3)
SHOWN_RANKS = 5

#: How a year is known, in the order of the key: marker for the series, fill and hatch for the cells of the sums.
KINDS = {
    "A": (phrase("annual report (A)"), "o", style.PRODUCT_FIRST, style.PRODUCT_FIRST, ""),
    "weak": (phrase("second-hand or weak (B, C)"), "o", "white", style.PRODUCT_FIRST, ""),
    "list": (phrase("another body's list"), "D", "white", style.SALES_TEXT, "/////"),
    "sum": (phrase("in a stated five-year sum"), None, "#9fc0cc", "#9fc0cc", ""),
    "": (phrase("not found"), None, "#ededed", "#ededed", ""),
}


NEVER = {"size": ["one_column"]}  # too dense for a column


@drawn_as(NAME)
def draw(
    years: pd.DataFrame,
    sales: pd.DataFrame,
    sums: pd.DataFrame,
    rates: pd.DataFrame,
    lists: pd.DataFrame,
    published: pd.DataFrame,
    *,
    decade_end: int,
    series: str,
    weakest_grade: str,
    list_figures: bool,
) -> Figure:
    """Figure 7 from the rows of `rows.huawei_acfic.load`, which has chosen them by the last two parameters."""
    if style.SIZE.get() == "one_column":
        raise ParameterError(
            "size: the panels of 07_huawei_acfic are more than a page in one column. Allowed: web, two_columns, slide."
        )
    rebuilt, stated = huawei.decade(years, sums, decade_end)
    points = _points(years, sales, series)
    table = _table(points, years, sums, rates, lists, rebuilt, published, decade_end)
    span = range(
        int(min(points["fiscal_year"].min(), sums["first_year"].min() if len(sums) else decade_end - 9)),
        int(max(points["fiscal_year"].max(), decade_end)) + 1,
    )
    title = _title(rebuilt, stated, lists, published)
    subtitle = say(
        phrase(
            "Huawei's R&D, {span}, in billion yuan; what the years that are known add up to; China Daily's dollars at five "
            "exchange rates; and Huawei on the ACFIC lists of private companies by R&D"
        )
        if series == "amount"
        else phrase(
            "Huawei's R&D, {span}, in billion yuan and as a share of revenue; what the years that are known add up to; "
            "China Daily's dollars at five exchange rates; and Huawei on the ACFIC lists of private companies by R&D"
        ),
        span=span_words(span[0], span[-1]),
    )
    cited = [*(source for ids in table["source_ids"] for source in ids.split(" ")), "china_daily"]
    notes = [*_notes(rebuilt, sums, published), source_line(cited)]
    places = _list_panels(lists)
    across = [([SERIES, SUMS], TOTAL), (RATES, *places)]
    beside = replace(SUMS, right=ADDED + 0.2)  # on a slide, the columns beside the sums have no panel above them
    slide = (
        [replace(SERIES, right=beside.right), beside],
        [(RATES, replace(TOTAL, bottom=0.2)), tuple(replace(panel, height=1.6) for panel in places)],
    )
    frame = style.Frame(title, subtitle, notes, across, slide=slide)
    upper = frame.axes("series")
    lower = frame.axes("sums", sharex=upper)
    _draw_series(upper, points, span, series)
    _draw_sums(lower, years, sums, decade_end)
    _draw_total(frame.axes("total"), rebuilt, stated, published, decade_end)
    _draw_rates(frame.axes("rates"), rates, published)
    _draw_lists(frame, lists, years, published)
    alone = huawei.rebuild(decade_end - 9, decade_end, years, sums.iloc[:0])
    rate = huawei.day_rate(rates)
    dollars = float("nan") if rate is None else published.at["cd-rank", "published_value"] / float(rate["cny_per_usd"])
    return Figure(
        frame,
        alt=_alt(points, rebuilt, stated, rates, lists, published, series),
        table=table,
        numbers=[
            Number("rebuilt_bn", "the decade added up, billion yuan", rebuilt.total, claim="cd-decade"),
            Number("years_missing", "years that are not known", len(rebuilt.missing)),
            Number("known_years_bn", "single years alone, billion yuan", alone.total),
            Number(
                "usd_bn_on_the_day", "the column's yuan in billion dollars, at the day's rate", dollars, claim="cd-usd"
            ),
            *(
                Number("stated_bn", "the decade as Huawei states it, billion yuan", amount)
                for amount in [stated]
                if amount == amount
            ),
        ],
        marks=lambda: dot_marks(upper, points["fiscal_year"], _heights(points, series), _mark_words(points, series)),
        columns=(
            "panel",
            "entity",
            "list",
            "fiscal_year",
            "rank",
            "value",
            "unit",
            "grade",
            "source_row",
        ),
    )


def without_effect(weakest_grade: str, **_) -> list[str]:
    """Parameters that make no difference: no list is graded A, so none is let in beside annual reports."""
    return ["list_figures"] if weakest_grade == "A" else []


def _mark_words(points: pd.DataFrame, series: str) -> list[str]:
    amount = phrase("{year}: {drawn:,.1f} billion yuan, {how}; grade {grade}. {sources}; {source_row}")
    share = phrase("{year}: {drawn:,.1f} % of revenue, {how}; grade {grade}. {sources}; {source_row}")
    return [
        say(
            amount if series == "amount" else share,
            year=row["fiscal_year"], drawn=height, how=say(KINDS[row["how"]][0]), grade=row["grade"],
            sources=cite(row["source_ids"].split(" ")), source_row=row["source_row"],
        )
        for (_, row), height in zip(points.iterrows(), _heights(points, series), strict=True)
    ]  # fmt: skip


def _heights(points: pd.DataFrame, series: str) -> pd.Series:
    """Where the yearly figures stand on their axis: amounts in the language's unit, shares in per cent."""
    return billions(points["drawn"]) if series == "amount" else points["drawn"]


def _points(years: pd.DataFrame, sales: pd.DataFrame, series: str) -> pd.DataFrame:
    """The yearly series with `drawn`, in billion yuan or in per cent of revenue, and `how` it is known."""
    how = years["grade"].where(years["grade"] == "A", "weak").where(years["kind"] == "own", "list")
    points = years.assign(how=how, drawn=years["rd_bn"], source_ids=years["source_id"])
    if series == "amount":
        return points
    sales = sales.set_index("fiscal_year")
    points = points[points["fiscal_year"].isin(sales.index)]
    matched = sales.loc[points["fiscal_year"]].set_axis(points.index)
    return points.assign(
        drawn=100 * points["rd_bn"] / matched["revenue_bn"],
        how=points["how"].where((points["how"] != "A") | (matched["grade"] == "A"), "weak"),
        source_ids=points["source_id"] + " " + matched["source_id"],
        source_row=points["source_row"] + " " + matched["source_row"],
    ).reset_index(drop=True)


def _table(points, years, sums, rates, lists, rebuilt, published, decade_end) -> pd.DataFrame:
    claimed = float(published.at["cd-rank", "published_value"])
    ids = pd.concat([years, sums]).drop_duplicates("source_row").set_index("source_row")["source_id"]
    added = " ".join(ids[row] for row in rebuilt.rows)
    unit = "percent of revenue" if (points["drawn"] != points["rd_bn"]).any() else "CNY billion"
    parts = [
        points.assign(panel="year", entity="Huawei", value=points["drawn"], unit=unit),
        sums.assign(
            panel="stated sum",
            value=sums["rd_bn"],
            unit="CNY billion",
            source_ids=sums["source_id"],
            how=sums["grade"],
        ),
        pd.DataFrame(
            [
                {
                    "panel": "rebuilt sum",
                    "entity": "Huawei",
                    "first_year": decade_end - 9,
                    "fiscal_year": decade_end,
                    "value": rebuilt.total,
                    "unit": "CNY billion",
                    "how": f"lower bound, {len(rebuilt.missing)} years missing" if rebuilt.missing else "complete",
                    "source_ids": added,
                    "source_row": " ".join(rebuilt.rows),
                }
            ]
            if rebuilt.rows
            else []
        ),
        rates.assign(
            panel="dollars",
            entity=rates["label"],
            value=claimed / rates["cny_per_usd"],
            unit="USD billion",
            source_ids=rates["source_id"],
            how=rates["kind"],
        ),
        _shown(lists).assign(
            panel="ACFIC list",
            entity=lambda rows: rows["company"],
            value=lambda rows: rows["rd_bn"],
            unit="CNY billion",
            source_ids=lambda rows: rows["source_ids"].str.join(" "),
            how=lambda rows: rows["statement"],
        ),
    ]
    columns = [
        "panel",
        "entity",
        "list",
        "first_year",
        "fiscal_year",
        "rank",
        "value",
        "unit",
        "grade",
        "how",
        "cny_per_usd",
        "source_ids",
        "source_row",
    ]
    table = pd.concat([part.astype("object") for part in parts if len(part)], ignore_index=True).reindex(
        columns=columns
    )
    numbers = {"first_year": "Int64", "fiscal_year": "Int64", "rank": "Int64", "value": "float64"}
    return table.astype({**numbers, "cny_per_usd": "float64"})


def first_places(lists: pd.DataFrame) -> pd.DataFrame:
    """The lists side by side: one row per place, one column per list; in the row '–' who is named and not ranked."""
    shown = _shown(lists)
    amounts = [f" {amount:.1f}" if amount == amount else "" for amount in shown["rd_bn"]]
    shown = shown.assign(
        place=[f"{rank:.0f}" if rank == rank else "–" for rank in shown["rank"]],
        who=shown["company"] + amounts + shown["statement"].map(lambda words: f" ({words})" if words else ""),
    )
    return shown.pivot_table(index="place", columns="list", values="who", aggfunc="first").fillna("")


def _shown(lists: pd.DataFrame) -> pd.DataFrame:
    """The first places of each list, and Huawei wherever it stands or does not."""
    return lists[(lists["rank"] <= SHOWN_RANKS) | (lists["company"] == "Huawei")]


def _title(rebuilt: huawei.Rebuilt, stated: float, lists: pd.DataFrame, published: pd.DataFrame) -> str:
    amount, tolerance = published.loc["cd-rank", ["published_value", "tolerance"]]
    ranked = {
        True: phrase("a list has it first with over {number:g}"),
        False: phrase("the list does not have it first with {number:g}"),
        None: phrase("no list found ranks it first with {number:g} billion"),
    }[huawei.first_place(lists, amount, tolerance)]
    return say(
        phrase("Huawei's decade of R&D adds up to {total}, against {stated:,.0f} stated; {ranked}")
        if stated == stated
        else phrase("Huawei's decade of R&D adds up to {total}; {ranked}"),
        total=_sum(rebuilt, phrase("{total:,.0f} billion yuan"), phrase("at least {total:,.0f} billion yuan")),
        stated=billions(stated), ranked=say(ranked, number=billions(amount)),
    )  # fmt: skip


def _sum(rebuilt: huawei.Rebuilt, whole: str, least: str) -> str:
    """The rebuilt sum: `whole`, or `least` where years are missing."""
    return say(least if rebuilt.missing else whole, total=billions(rebuilt.total))


def _notes(rebuilt: huawei.Rebuilt, sums: pd.DataFrame, published: pd.DataFrame) -> list[str]:
    years = name_list(map(str, rebuilt.missing)) if rebuilt.missing else ""
    inside = sums.loc[sums["source_row"].isin(rebuilt.rows), "rd_bn"].sum()
    return [
        sentences(
            say(
                "Years without a figure stay empty. A stated sum counts in place of the years inside it; a figure from another "
                "body's list stands only where Huawei's own is missing."
            ),
            say("Not known in the decade: {years}, so its sum is a lower bound.", years=years)
            if years
            else say("Every year of the decade is covered, singly or within a stated sum."),
            say(
                "{inside:,.0f} of the {total:,.0f} billion come from stated sums, not from single years.",
                inside=billions(inside), total=billions(rebuilt.total),
            )
            if inside
            else "",
        ),
        say(
            "China Daily's column: {decade} in a decade; {amount} or {dollars} in {year}, first on the ACFIC's '2022 ranking'. "
            "A list is named for the year of publication and ranks the R&D of the year before. "
            "Where no source gives a company's amount, no bar is drawn.",
            decade=term(published.at["cd-decade", "published_text"]), amount=term(published.at["cd-rank", "published_text"]),
            dollars=term(published.at["cd-usd", "published_text"]), year=huawei.CLAIM_YEAR,
        ),
    ]  # fmt: skip


def _draw_series(axes, points: pd.DataFrame, span: range, series: str) -> None:
    """The yearly figures; neighbouring years of Huawei's own are joined, everything else stands alone."""
    points = points.assign(drawn=_heights(points, series))
    top = points["drawn"].max() * 1.17
    axes.set_ylim(0, top)
    axes.set_yticks([tick for tick in MaxNLocator(4).tick_values(0, top) if tick <= top])
    axes.set_xlim(span[0] - 0.55, span[-1] + 0.55)
    known = set(points["fiscal_year"])
    gaps = [year for year in span if year not in known]
    for year in gaps:
        axes.axvspan(year - 0.5, year + 0.5, color=KINDS[""][2], linewidth=0)
    own = points[points["kind"] == "own"].set_index("fiscal_year")["drawn"]
    for year in own.index:
        if year + 1 in own.index:
            axes.plot([year, year + 1], [own[year], own[year + 1]], color=style.PRODUCT_FIRST, linewidth=1.4, zorder=2)
    for _, row in points.iterrows():
        _, marker, fill, edge, _ = KINDS[row["how"]]
        size = 6 if marker == "D" else 7.5
        axes.plot(
            row["fiscal_year"],
            row["drawn"],
            marker,
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor=edge,
            markeredgewidth=1.6,
            zorder=4,
        )
        # Above the dot, or below it where a line climbs away from it.
        below = own.get(row["fiscal_year"] + 1, 0) - row["drawn"] > 0.08 * top and row["kind"] == "own"
        axes.annotate(
            _amount(row["rd_bn"]) if series == "amount" else f"{row['drawn']:.1f}",
            (row["fiscal_year"], row["drawn"]),
            (0, -7 if below else 7),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            size=8.5,
            color=edge,
        )
    axes.set_xticks(list(span), year_ticks(span))
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=2)
    axes.xaxis.grid(False)
    heads = {"amount": phrase("R&D by year, billion yuan"), "share_of_revenue": phrase("R&D by year, % of revenue")}
    chart.head(axes, say(heads[series]), style.MARGIN - SERIES.left)


def _draw_sums(axes, years: pd.DataFrame, sums: pd.DataFrame, decade_end: int) -> None:
    """One row per decade: a cell per year says how it is known, two columns give the stated and the rebuilt sum."""
    decades = sums[sums["years"] == 10].sort_values("last_year")
    axes.set_ylim(len(decades) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    right = axes.get_yaxis_transform()
    heads = dict(transform=axes.transAxes, size=8.5, color=style.QUIET, ha="right", va="bottom")
    width = chart.inches(axes)[0]
    stated, added = 1 + STATED / width, 1 + ADDED / width
    axes.text(stated, 1.02, say("stated"), **heads)
    axes.text(added, 1.02, say("added up"), **heads)
    for place, (_, row) in enumerate(decades.iterrows()):
        found = huawei.rebuild(row["first_year"], row["last_year"], years, sums)
        chosen = row["last_year"] == decade_end
        for year, cover in found.cover.items():
            _, _, fill, edge, hatch = KINDS["weak" if cover in ("B", "C") else cover]
            width = 1 if cover in ("sum", "") else 0.84  # a sum's years run together
            axes.add_patch(
                Rectangle(
                    (year - width / 2, place - 0.34),
                    width,
                    0.68,
                    facecolor=fill,
                    edgecolor=edge,
                    hatch=hatch,
                    linewidth=1.2 if cover not in ("sum", "") else 0,
                )
            )
        for block in sums[sums["source_row"].isin(found.rows)].itertuples():
            middle = (block.first_year + block.last_year) / 2
            words = say("{amount:,.0f} stated for {years} years", amount=billions(block.rd_bn), years=block.years)
            axes.text(middle, place, words, size=8.5, ha="center", va="center")  # fmt: skip
        weight = dict(weight="bold" if chosen else "normal", size=10 if chosen else 9.5)
        axes.text(stated, place, _exact(row["rd_bn"]), transform=right, ha="right", va="center", **weight)
        sign = "≥ " if found.missing else ""
        axes.text(added, place, f"{sign}{_amount(found.total)}", transform=right, ha="right", va="center", color=style.PRODUCT_TEXT, **weight)  # fmt: skip
    if decades.empty:
        axes.text(
            0.5, 0.5, say("no stated sum of this grade"), transform=axes.transAxes, ha="center", color=style.QUIET
        )
    chart.head(axes, say("The decades that Huawei states, year by year"), style.MARGIN - SERIES.left, up=3)
    _key(axes)


def _key(axes) -> None:
    """What the cells and dots stand for, in one line under the sums."""
    left = style.MARGIN - SERIES.left
    place = -0.14
    width, height = chart.inches(axes)
    renderer = axes.figure.canvas.get_renderer()
    for words, _, fill, edge, hatch in KINDS.values():
        axes.add_patch(
            Rectangle(
                (left / width, place - 0.045),
                0.13 / width,
                0.11 / height,
                transform=axes.transAxes,
                facecolor=fill,
                edgecolor=edge,
                hatch=hatch,
                linewidth=1,
                clip_on=False,
            )
        )
        text = axes.text(
            (left + 0.18) / width,
            place,
            say(words),
            transform=axes.transAxes,
            size=8.5,
            va="center",
            color=style.QUIET,
        )
        left += 0.18 + text.get_window_extent(renderer).width / axes.figure.dpi + 0.16


def _draw_total(axes, rebuilt: huawei.Rebuilt, stated: float, published: pd.DataFrame, decade_end: int) -> None:
    """The chosen decade in large type."""
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    sign = "≥ " if rebuilt.missing else ""
    how = list(rebuilt.cover.values())
    counts = {
        phrase("years stated singly: {count}"): sum(cover in ("A", "B", "C") for cover in how),
        phrase("years in a shorter sum: {count}"): how.count("sum"),
        phrase("from another list: {count}"): how.count("list"),
        phrase("not known: {count}"): how.count(""),
    }
    lines = [
        say("billion yuan, {first}–{last}", first=decade_end - 9, last=decade_end),
        "",
        *(say(words, count=count) for words, count in counts.items() if count),
        "",
        say("Huawei states {amount:,.10g}", amount=billions(stated))
        if stated == stated
        else say("No stated sum let in"),
    ]
    if decade_end == huawei.CLAIM_YEAR:
        column = billions(published.at["cd-decade", "published_value"])
        lines.append(say("China Daily has {amount:,.10g}", amount=column))
    big = axes.text(
        0,
        1,
        sign + say("{amount:,.0f}", amount=billions(rebuilt.total)),
        size=23,
        weight="bold",
        color=style.PRODUCT_TEXT,
        va="top",
    )
    axes.annotate(
        "\n".join(lines), (0, 0), (0, -3), xycoords=big, textcoords="offset points", size=9.5, va="top", linespacing=1.2
    )


def _draw_rates(axes, rates: pd.DataFrame, published: pd.DataFrame) -> None:
    """What the column's yuan are worth in dollars at each rate, against the dollars that it gives."""
    amount, stated = published.at["cd-rank", "published_value"], published.at["cd-usd", "published_value"]
    worth = amount / rates["cny_per_usd"]
    axes.set_ylim(len(rates) - 0.5, -0.5)
    room = max(worth.max(), stated) - min(worth.min(), stated)
    axes.set_xlim(min(worth.min(), stated) - 0.12 * room, max(worth.max(), stated) + 0.12 * room)
    axes.axvline(stated, color=style.INK, linewidth=1, linestyle=":")
    for place, (dollars, row) in enumerate(zip(worth, rates.itertuples(), strict=True)):
        solid = row.grade == "A"
        axes.plot(
            dollars,
            place,
            "o",
            markersize=6.5,
            markerfacecolor=style.PRODUCT_FIRST if solid else "white",
            markeredgecolor=style.PRODUCT_FIRST,
            markeredgewidth=1.6,
            clip_on=False,
        )
        left = dollars > stated + 0.6 * room
        axes.annotate(
            say("{dollars:.2f}", dollars=billions(dollars)),
            (dollars, place),
            (-7 if left else 7, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            size=9,
            color=style.PRODUCT_TEXT,
            weight="semibold",
            bbox=dict(facecolor="white", edgecolor="none", pad=0.5),
        )
    labels = [f"{_rate_name(row)}\n{row.cny_per_usd:.4f}" for row in rates.itertuples()]
    axes.set_yticks(range(len(rates)), labels, linespacing=1.0, size=8.5)
    axes.set_xticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(say("dotted: China Daily, {dollars:.2f}", dollars=billions(stated)), size=8.5, labelpad=3)
    chart.head(axes, say("{amount:g}bn yuan in dollars", amount=billions(amount)), style.MARGIN - RATES.left, up=31)
    axes.annotate(say("$ billion, at each rate\n(yuan a dollar below its name)"), (0, 1), ((style.MARGIN - RATES.left) * 72, 5), xycoords="axes fraction", textcoords="offset points", size=8.5, color=style.QUIET, linespacing=1.1)  # fmt: skip


def _list_panels(lists: pd.DataFrame) -> list[style.Panel]:
    """A panel for each list, side by side."""
    names, gap = _shown(lists)["list"].unique(), 0.18
    width = (4.13 - gap * (len(names) - 1)) / len(names)
    rights = [gap] * (len(names) - 1) + [0.12]
    return [
        style.Panel(name, width, 1.53, right=right, top=0.65, bottom=0.3)
        for name, right in zip(names, rights, strict=True)
    ]


def _draw_lists(frame, lists: pd.DataFrame, years: pd.DataFrame, published: pd.DataFrame) -> None:
    """The first places of each list, with bars where an amount is known and a line at the column's amount."""
    claimed = published.at["cd-rank", "published_value"]
    shown = _shown(lists)
    names = list(shown["list"].unique())
    own = years.set_index("fiscal_year")["rd_bn"]
    for place, name in enumerate(names):
        axes = frame.axes(name)
        rows = shown[shown["list"] == name]
        year = int(rows["fiscal_year"].iloc[0])
        axes.set_xlim(0, max(claimed, shown["rd_bn"].max(), own.max()) * 1.04)
        axes.set_ylim(SHOWN_RANKS + 0.62, -0.8)
        axes.set_yticks([])
        axes.set_xticks([])
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
        axes.spines["left"].set_visible(True)
        axes.spines["left"].set_color(style.NEUTRAL)
        axes.axvline(claimed, color=style.INK, linewidth=1, linestyle=":", ymin=0)
        for row in rows.itertuples():
            is_huawei = row.company == "Huawei"
            colour = style.PRODUCT_TEXT if is_huawei else style.INK
            if row.rank == row.rank:
                at, amount, words = row.rank, row.rd_bn, f"{row.rank:.0f}  {term(row.company)}"
            else:
                at, amount, words = 0, own.get(year, float("nan")), f"–  {term(row.company)}"
            axes.text(3, at, words, size=8.5, va="bottom", color=colour, weight="bold" if is_huawei else "normal")
            if amount == amount:
                ranked = row.rank == row.rank
                axes.barh(
                    at + 0.16,
                    amount,
                    height=0.2,
                    facecolor=(style.PRODUCT_FIRST if is_huawei else style.NEUTRAL) if ranked else "white",
                    edgecolor=style.PRODUCT_FIRST if is_huawei else style.NEUTRAL,
                    linewidth=0.9,
                    linestyle="-" if ranked else (0, (4, 2)),
                )
                axes.text(claimed - 3, at, _amount(amount) if ranked else f"({_amount(amount)})", size=8.5, va="bottom", ha="right", color=colour)  # fmt: skip
        edition, kind = _edition(name)
        axes.set_title(
            say("{edition} · {kind}\nR&D of {year}", edition=edition, kind=kind, year=year),
            size=8.5,
            color=style.QUIET,
            loc="left",
            pad=3,
            linespacing=1.1,
        )
        if place == 0:
            chart.head(axes, say("Places on the ACFIC lists, R&D in billion yuan"), 0, up=31)
            axes.text(0, -0.02, say("dotted: {amount:g}, China Daily's amount", amount=billions(claimed)), transform=axes.transAxes, size=8.5, va="top", color=style.QUIET)  # fmt: skip
        if place == len(names) - 1:
            axes.text(1, -0.02, say("dashed: not ranked, own figure"), transform=axes.transAxes, size=8.5, va="top", ha="right", color=style.QUIET)  # fmt: skip


def _edition(name: str) -> tuple[str, str]:
    """The year and the kind of a list, from its name in cited_figures.csv."""
    year = next((word for word in name.split() if word.isdigit() and len(word) == 4), name)
    return say("{year} list", year=year), say("R&D list") if "R&D" in name else say("Top 500")


def _rate_name(row) -> str:
    """An exchange rate of `huawei.rates` as the figure calls it."""
    if row.kind == "day":
        return day_words(row.period_end)
    names = {"closing": phrase("Huawei's, end {year}"), "average": phrase("average of {year}")}
    return say(names[row.kind], year=huawei.CLAIM_YEAR)


def _exact(amount: float) -> str:
    """An amount in billion yuan, with all its digits, in the language's unit."""
    return say("{amount:,.10g}", amount=billions(amount))


def _amount(amount: float) -> str:
    """An amount in billion yuan, to the tenth of a billion, in the language's unit."""
    return say("{amount:,.1f}", amount=billions(amount))


def _alt(points, rebuilt, stated, rates, lists, published, series) -> str:
    amount = published.at["cd-rank", "published_value"]
    heads = {
        "amount": phrase("Four panels. Huawei's R&D by year in billion yuan: {years}; other years have no figure."),
        "share_of_revenue": phrase(
            "Four panels. Huawei's R&D by year in per cent of revenue: {years}; other years have no figure."
        ),
    }
    own, listed = phrase("{year} {value}"), phrase("{year} {value} (from another list)")
    by_year = name_list(
        say(
            listed if row.how == "list" else own,
            year=row.fiscal_year, value=f"{row.drawn:.1f}" if series == "share_of_revenue" else _amount(row.drawn),
        )
        for row in points.itertuples()
    )  # fmt: skip
    shown = _shown(lists)
    known, unknown = phrase("on the {list} {company} with {amount}"), phrase("on the {list} {company} (no amount)")
    firsts = name_list(
        say(
            known if row.rd_bn == row.rd_bn else unknown,
            list=_edition(row.list)[0], company=term(row.company), amount=_amount(row.rd_bn),
        )
        for row in shown[shown["rank"] == 1].itertuples()
    )  # fmt: skip
    absent = [
        say("Huawei is not on the {list}.", list=_edition(row.list)[0])
        for row in shown[(shown["company"] == "Huawei") & shown["rank"].isna()].itertuples()
    ]
    low, high = amount / rates["cny_per_usd"].max(), amount / rates["cny_per_usd"].min()
    total = _sum(rebuilt, phrase("{total:,.1f} billion yuan"), phrase("at least {total:,.1f} billion yuan"))
    return sentences(
        say(heads[series], years=by_year),
        say("The decade adds up to {total} against {stated:,.1f} stated.", total=total, stated=billions(stated))
        if stated == stated
        else say("The decade adds up to {total}.", total=total),
        say(
            "{amount:g} billion yuan are {low:.2f} to {high:.2f} billion dollars, depending on the exchange rate.",
            amount=billions(amount), low=billions(low), high=billions(high),
        ),
        say("First by R&D: {firsts}.", firsts=firsts),
        *absent,
    )  # fmt: skip
