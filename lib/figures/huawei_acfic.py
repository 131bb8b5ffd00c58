"""Figure 7: Huawei's R&D by year, the sums that it states, the column's dollars, and who is first on the ACFIC lists."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.rows import huawei_acfic as huawei
from lib.rows.sources import cite, source_line
from lib.words import billions, clauses, day_words, name_list, phrase, say, sentences, span_words, term, year_ticks

NAME = "07_huawei_acfic"
SERIES = style.Panel("series", 4.95, 2.0, left=0.42, right=1.63, top=0.35, bottom=0.35)
SUMS = replace(SERIES, name="sums", height=1.35, top=0.4, bottom=0.1)
STATED, ADDED = 0.68, 1.45  # inches from the cells of the sums to the ends of the columns beside them
RATES = style.Panel("rates", 1.2, 1.5, left=1.32, right=0.5, top=0.65, bottom=0.3)
FIRSTS = style.Panel("firsts", 3.0, 1.5, left=0.78, right=0.2, top=0.65, bottom=0.3)
ACROSS = [SERIES, SUMS, (RATES, FIRSTS)]
NARROW = [*(replace(panel, right=1.5) for panel in (SERIES, SUMS)), RATES, FIRSTS]
SLIDE = ([replace(SERIES, height=1.5), replace(SUMS, height=1.2)], replace(FIRSTS, bottom=0.4))  # no dollars
SHOWN_RANKS = 5

#: How a year is known, in the order of the key: marker for the series, fill, edge and hatch for the cells of the sums.
KINDS = {
    "A": (phrase("annual report (A)"), "o", style.PRODUCT_FIRST, style.PRODUCT_FIRST, ""),
    "B": (phrase("second-hand (B)"), "o", "white", style.PRODUCT_FIRST, ""),
    "C": (phrase("weak source (C)"), "s", "white", style.NEUTRAL, ""),
    "list": (phrase("other body's list"), "D", "white", style.SALES_TEXT, "/////"),
    "": (phrase("not found"), None, "#ededed", "#ededed", ""),
}


#: By series, and whether there is a sum to set it against.
SUBTITLES = {
    ("amount", True): phrase(
        "Huawei's R&D in billion yuan, {span}, against the sums that it states and what China Daily says of it"
    ),
    ("amount", False): phrase("Huawei's R&D in billion yuan, {span}, against what China Daily says of it"),
    ("share_of_revenue", True): phrase(
        "Huawei's R&D as a share of revenue, {span}, the sums that it states and what China Daily says of it"
    ),
    ("share_of_revenue", False): phrase("Huawei's R&D as a share of revenue, {span}, and what China Daily says of it"),
}


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
    rebuilt, stated = huawei.decade(years, sums, decade_end)
    checks = huawei.checks(years, sums)
    points = _points(years, sales, series)
    firsts = _firsts(lists, years)
    table = _table(points, years, checks, rates, lists, rebuilt, published, decade_end)
    begins = [points["fiscal_year"].min(), decade_end - 9, *checks["first_year"]]
    span = range(int(min(begins)), int(max(points["fiscal_year"].max(), decade_end)) + 1)
    subtitle = say(
        SUBTITLES[series, len(checks) > 0],
        span=span_words(int(points["fiscal_year"].min()), int(points["fiscal_year"].max())),
    )
    cited = [*(source for ids in table["source_ids"] for source in ids.split(" ")), "china_daily"]
    notes = [*_notes(years, rebuilt, checks, published, weakest_grade), source_line(cited)]
    frame = style.Frame(_title(rebuilt, stated, lists, published), subtitle, notes, ACROSS, NARROW, SLIDE)
    upper = frame.axes("series")
    _draw_series(upper, points, span, series)
    _draw_sums(frame.axes("sums", sharex=upper), checks, decade_end)
    if style.SIZE.get() != "slide":
        _draw_rates(frame.axes("rates"), rates, published)
    _draw_firsts(frame.axes("firsts"), firsts, published)
    rate = huawei.day_rate(rates)
    dollars = float("nan") if rate is None else published.at["cd-rank", "published_value"] / float(rate["cny_per_usd"])
    whole = checks[checks["whole"]]
    numbers = [
        Number("rebuilt_bn", "the decade added up, billion yuan", rebuilt.total, claim="cd-decade"),
        Number("years_missing", "years that are not known", len(rebuilt.missing)),
        Number("stated_bn", "the decade as Huawei states it, billion yuan", stated),
        Number("sums_checked", "stated sums whose years are all known", len(whole)),
        Number(
            "largest_difference_bn", "the largest difference from one, billion yuan", whole["difference_bn"].abs().max()
        ),
        Number("usd_bn_on_the_day", "the column's yuan in billion dollars, at the day's rate", dollars, claim="cd-usd"),
    ]
    return Figure(
        frame,
        alt=_alt(points, rebuilt, stated, whole, rates, firsts, published, series),
        table=table,
        numbers=[number for number in numbers if number.value == number.value],
        marks=lambda: dot_marks(upper, points["fiscal_year"], _heights(points, series), _mark_words(points, series)),
        columns=("panel", "entity", "list", "fiscal_year", "rank", "value", "unit", "grade", "source_row"),
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
    points = years.assign(
        how=years["grade"].where(years["kind"] == "own", "list"), drawn=years["rd_bn"], source_ids=years["source_id"]
    )
    if series == "amount":
        return points
    sales = sales.set_index("fiscal_year")
    points = points[points["fiscal_year"].isin(sales.index)]
    matched = sales.loc[points["fiscal_year"]].set_axis(points.index)
    weaker = points["how"].where(points["how"] >= matched["grade"], matched["grade"])
    return points.assign(
        drawn=100 * points["rd_bn"] / matched["revenue_bn"],
        how=weaker.where(points["how"] != "list", "list"),
        source_ids=points["source_id"] + " " + matched["source_id"],
        source_row=points["source_row"] + " " + matched["source_row"],
    ).reset_index(drop=True)


def _firsts(lists: pd.DataFrame, years: pd.DataFrame) -> pd.DataFrame:
    """Who is first on each list, and Huawei where it is not, with `own_bn`, what it states for the year of such a list."""
    first = lists[(lists["rank"] == 1) | (lists["company"] == "Huawei")]
    order = first.assign(place=first["rank"].fillna(99)).sort_values(["named_for", "list", "place"], ignore_index=True)
    own = order["fiscal_year"].map(years.set_index("fiscal_year")["rd_bn"])
    return order.assign(own_bn=own.where(order["rank"].isna()))


def _table(points, years, checks, rates, lists, rebuilt, published, decade_end) -> pd.DataFrame:
    claimed = float(published.at["cd-rank", "published_value"])
    ids = years.set_index("source_row")["source_id"]
    added = " ".join(ids[row] for row in rebuilt.rows)
    unit = "percent of revenue" if (points["drawn"] != points["rd_bn"]).any() else "CNY billion"
    parts = [
        points.assign(panel="year", entity="Huawei", value=points["drawn"], unit=unit),
        checks.assign(
            panel="stated sum",
            value=checks["rd_bn"],
            unit="CNY billion",
            source_ids=checks["source_id"],
            how=[f"its years add up to {found.total:.10g}" if not found.missing else "" for found in checks["rebuilt"]],
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
    borne_out = huawei.first_place(lists, amount, tolerance)
    ranked = (
        phrase("a list has it first with over {number:g}")
        if borne_out
        else phrase("no list found ranks it first with {number:g} billion")
    )
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


def _notes(years, rebuilt, checks: pd.DataFrame, published: pd.DataFrame, grade: str) -> list[str]:
    whole = checks[checks["whole"]]
    shorter = whole[whole["years"] < 10]
    missing, weak = rebuilt.missing, years.loc[years["grade"] == "C", "fiscal_year"]
    said = phrase("{span} add up to {total:,.1f} by themselves, against {stated:,.10g} stated")
    return [
        sentences(
            say("No stated sum goes into the years or into what they add up to, so each sum whose years are all known is a check.")
            if len(whole)
            else say("No sum that Huawei states checks the years: none has all its years here.")
            if len(checks)
            else say("No sum that Huawei states checks the years: none is from a source of grade {grade}.", grade=grade),
            say(
                "{sums}.",
                sums=clauses(
                    say(said, span=span_words(row.first_year, row.last_year), total=billions(row.rebuilt.total), stated=billions(row.rd_bn))
                    for row in shorter.itertuples()
                ),
            ) if len(shorter) else "",
            say(
                "The years add up to within {most} billion of {count:the stated sum|all stated sums that can be checked}.",
                count=len(whole), most=_at_most(billions(whole["difference_bn"].abs().max())),
            ) if len(whole) else "",
            say("Not known in the decade: {years}, so its sum is a lower bound.", years=name_list(map(str, missing)))
            if missing else "",
            say("On a weak source: {years}.", years=name_list(map(str, weak))) if len(weak) else "",
            say("A figure from another body's list stands only where Huawei's own is missing.")
            if (years["kind"] == "list").any() else "",
        ),
        say(
            "China Daily's column: {decade} in a decade; {amount} or {dollars} in {year}, first on the ACFIC's '2022 ranking'. "
            "A list is named for the year of publication and ranks the R&D of the year before.",
            decade=term(published.at["cd-decade", "published_text"]), amount=term(published.at["cd-rank", "published_text"]),
            dollars=term(published.at["cd-usd", "published_text"]), year=huawei.CLAIM_YEAR,
        ),
    ]  # fmt: skip


def _draw_series(axes, points: pd.DataFrame, span: range, series: str) -> None:
    """The yearly figures; neighbouring years of Huawei's own are joined, everything else stands alone."""
    points = points.assign(drawn=_heights(points, series))
    top = points["drawn"].max() * 1.17
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    chart.inner_ticks(axes.yaxis)
    axes.set_xlim(span[0] - 0.55, span[-1] + 0.55)
    for year in set(span) - set(points["fiscal_year"]):
        axes.axvspan(year - 0.5, year + 0.5, color=KINDS[""][2], linewidth=0)
    own = points[points["kind"] == "own"].set_index("fiscal_year")["drawn"]
    axes.plot(span, own.reindex(span), color=style.PRODUCT_FIRST, linewidth=1.4, zorder=2)
    # Where the years are closer than numbers can stand, only every other one has it, or every third.
    step = -int(-0.28 * len(span) // chart.inches(axes)[0])
    for row in points.itertuples():
        _, marker, fill, edge, _ = KINDS[row.how]
        chart.dot(
            axes,
            row.fiscal_year,
            row.drawn,
            edge,
            size=6 if marker == "D" else 7,
            filled=fill != "white",
            marker=marker,
        )
        if (span[-1] - row.fiscal_year) % step:
            continue
        # Above the dot, or below it where a line climbs away from it.
        below = own.get(row.fiscal_year + 1, 0) - row.drawn > 0.06 * top and row.kind == "own"
        words = _amount(row.rd_bn) if series == "amount" else f"{row.drawn:.1f}"
        side = "left" if below and step > 1 else "center"
        looks = dict(ha=side, va="top" if below else "bottom", size=8.5, color=style.INK if row.how == "C" else edge)
        chart.write(axes, (row.fiscal_year, row.drawn), words, (2 * (side == "left"), -7 if below else 7), **looks)
    ticks = span[:: min(step, 2)]
    axes.set_xticks(list(ticks), year_ticks(ticks))
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=7)
    axes.xaxis.grid(False)
    heads = {"amount": phrase("R&D by year, billion yuan"), "share_of_revenue": phrase("R&D by year, % of revenue")}
    chart.head(axes, say(heads[series]), style.MARGIN - SERIES.left)
    width, height = chart.inches(axes)
    for place, (words, _, fill, edge, hatch) in enumerate(KINDS.values()):
        looks = dict(facecolor=fill, edgecolor=edge, hatch=hatch, linewidth=1)
        chart.key(axes, [(say(words), looks)], width + 0.12, height - 0.1 - 0.21 * place)


def _draw_sums(axes, checks: pd.DataFrame, decade_end: int) -> None:
    """One row per stated sum: a cell per year says how it is known, two columns give the sum as stated and as added up."""
    axes.grid(False)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylim(max(len(checks), 1) - 0.4, -0.6)
    axes.tick_params(bottom=False, labelbottom=False)
    for place, row in enumerate(checks.itertuples()):
        for year, cover in row.rebuilt.cover.items():
            _, _, fill, edge, hatch = KINDS[cover]
            width = 0.84 if cover else 1
            looks = dict(facecolor=fill, edgecolor=edge, hatch=hatch, linewidth=1.2 if cover else 0)
            axes.add_patch(Rectangle((year - width / 2, place - 0.34), width, 0.68, **looks))
    chosen = [row.years == 10 and row.last_year == decade_end for row in checks.itertuples()]
    stated = [_exact(amount) for amount in checks["rd_bn"]]
    added = [("≥ " if found.missing else "") + _amount(found.total) for found in checks["rebuilt"]]
    for texts, right, colour in ((stated, STATED, style.INK), (added, ADDED, style.PRODUCT_TEXT)):
        for bold in (True, False):
            places = [place for place, yes in enumerate(chosen) if yes == bold]
            looks = dict(color=colour, weight="bold" if bold else "normal", size=9.5)
            chart.column(axes, places, [texts[place] for place in places], right, **looks)
    for words, right in ((say("stated"), STATED), (say("added up"), ADDED)):
        chart.column(axes, [], [], right, words)
    if checks.empty:
        chart.write(
            axes, (0.5, 0.5), say("no stated sum of this grade"), over=("axes", "axes"), ha="center", color=style.QUIET
        )
    chart.head(axes, say("The sums that Huawei states, year by year"), style.MARGIN - SERIES.left, up=5)


def _draw_rates(axes, rates: pd.DataFrame, published: pd.DataFrame) -> None:
    """What the column's yuan are worth in dollars at each rate, against the dollars that it gives."""
    amount, stated = published.at["cd-rank", "published_value"], published.at["cd-usd", "published_value"]
    worth = amount / rates["cny_per_usd"]
    chart.bare(axes)
    axes.set_ylim(len(rates) - 0.5, -0.5)
    room = max(worth.max(), stated) - min(worth.min(), stated)
    axes.set_xlim(min(worth.min(), stated) - 0.12 * room, max(worth.max(), stated) + 0.12 * room)
    chart.reference(axes, stated)
    for place, (dollars, row) in enumerate(zip(worth, rates.itertuples(), strict=True)):
        chart.dot(axes, dollars, place, style.PRODUCT_FIRST, filled=row.grade == "A", markeredgewidth=1.6)
        left = dollars > stated + 0.6 * room
        looks = dict(ha="right" if left else "left", va="center", size=9, color=style.PRODUCT_TEXT, weight="semibold")
        words = say("{dollars:.2f}", dollars=billions(dollars))
        chart.write(axes, (dollars, place), words, (-7 if left else 7, 0), white=0.5, **looks)
    labels = [f"{_rate_name(row)}\n{row.cny_per_usd:.4f}" for row in rates.itertuples()]
    axes.set_yticks(range(len(rates)), labels, linespacing=1.0, size=8.5)
    axes.set_xlabel(say("dashed: China Daily, {dollars:.2f}", dollars=billions(stated)), size=8.5, labelpad=3)
    left = style.MARGIN - RATES.left
    chart.head(axes, say("{amount:g}bn yuan in dollars", amount=billions(amount)), left, up=31)
    words = say("$ billion, at each rate\n(yuan a dollar below its name)")
    chart.write(
        axes, (0, 1), words, (72 * left, 5), over=("axes", "axes"), size=8.5, color=style.QUIET, linespacing=1.1
    )


def _draw_firsts(axes, firsts: pd.DataFrame, published: pd.DataFrame) -> None:
    """A bar for the first of each list, against the column's amount; a dashed one where a list does not rank Huawei."""
    claimed = published.at["cd-rank", "published_value"]
    chart.bare(axes)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(style.NEUTRAL)
    axes.set_ylim(len(firsts) - 0.4, -0.6)
    axes.set_xlim(0, max(claimed, firsts["rd_bn"].max(), firsts["own_bn"].max()) * 1.04)
    chart.reference(axes, claimed)
    for place, row in enumerate(firsts.itertuples()):
        ranked, is_huawei = row.rank == row.rank, row.company == "Huawei"
        colour = style.PRODUCT_FIRST if is_huawei else style.NEUTRAL
        amount = row.rd_bn if ranked else row.own_bn
        if amount == amount:
            looks = dict(
                facecolor=colour if ranked else "white", edgecolor=colour, linestyle="-" if ranked else chart.DASHED
            )
            axes.barh(place + 0.27, amount, height=0.24, linewidth=0.9, **looks)
        name = term(row.company)
        words = f"{row.rank:.0f}  {name}" if ranked else say("{company}: not ranked, own figure", company=name)
        if amount == amount:
            words = f"{words}  {_amount(amount)}"
        looks = dict(size=8.5, va="bottom", color=style.PRODUCT_TEXT if is_huawei else style.INK)
        chart.write(axes, (0, place), words, (4, 0), weight="bold" if is_huawei and ranked else "normal", **looks)
    new = ~firsts["list"].duplicated()
    heads = [_list_words(row) for row in firsts[new].itertuples()]
    axes.set_yticks([place for place, yes in enumerate(new) if yes], heads, linespacing=1.0, size=8.5)
    axes.set_xlabel(
        say("dashed line: {amount:g}, China Daily's amount", amount=billions(claimed)), size=8.5, labelpad=3
    )
    left = style.MARGIN - FIRSTS.left
    chart.head(axes, say("First on each ACFIC list"), left, up=31)
    chart.write(
        axes, (0, 1), say("R&D in billion yuan"), (72 * left, 16), over=("axes", "axes"), size=8.5, color=style.QUIET
    )


def _list_words(row) -> str:
    """A list as the figure calls it: the year in its name, and the year of the R&D that it ranks."""
    return say("{edition} list\nR&D of {year}", edition=row.named_for, year=row.fiscal_year)


def _rate_name(row) -> str:
    """An exchange rate of `huawei.rates` as the figure calls it."""
    if row.kind == "day":
        return day_words(row.period_end)
    names = {"closing": phrase("Huawei's, end {year}"), "average": phrase("average of {year}")}
    return say(names[row.kind], year=huawei.CLAIM_YEAR)


def _at_most(amount: float) -> str:
    """An amount rounded up to a tenth, a small one to a hundredth, so that it is never said as zero."""
    steps = 10 if amount >= 0.05 else 100
    return f"{max(np.ceil(round(amount * steps, 6)), 1) / steps:g}"


def _exact(amount: float) -> str:
    """An amount in billion yuan, with all its digits, in the language's unit."""
    return say("{amount:,.10g}", amount=billions(amount))


def _amount(amount: float) -> str:
    """An amount in billion yuan, to the tenth of a billion, in the language's unit."""
    return say("{amount:,.1f}", amount=billions(amount))


def _alt(points, rebuilt, stated, whole, rates, firsts, published, series) -> str:
    amount = published.at["cd-rank", "published_value"]
    heads = {
        "amount": phrase("Huawei's R&D by year in billion yuan: {years}; other years have no figure."),
        "share_of_revenue": phrase("Huawei's R&D by year in per cent of revenue: {years}; other years have no figure."),
    }
    own, listed = phrase("{year} {value}"), phrase("{year} {value} (from another list)")
    by_year = name_list(
        say(
            listed if row.how == "list" else own,
            year=row.fiscal_year, value=f"{row.drawn:.1f}" if series == "share_of_revenue" else _amount(row.drawn),
        )
        for row in points.itertuples()
    )  # fmt: skip
    said = phrase("{span} {total:,.1f} against {stated:,.10g}")
    sums = name_list(
        say(said, span=span_words(row.first_year, row.last_year), total=billions(row.rebuilt.total), stated=billions(row.rd_bn))
        for row in whole.itertuples()
    ) if len(whole) else ""  # fmt: skip
    known, unknown = (
        phrase("on the {year} list {company} with {amount}"),
        phrase("on the {year} list {company} (no amount)"),
    )
    first = name_list(
        say(
            known if row.rd_bn == row.rd_bn else unknown,
            year=row.named_for, company=term(row.company), amount=_amount(row.rd_bn),
        )
        for row in firsts[firsts["rank"] == 1].itertuples()
    )  # fmt: skip
    absent = [
        say("Huawei is not on the {year} list.", year=row.named_for)
        for row in firsts[(firsts["company"] == "Huawei") & firsts["rank"].isna()].itertuples()
    ]
    low, high = amount / rates["cny_per_usd"].max(), amount / rates["cny_per_usd"].min()
    total = _sum(rebuilt, phrase("{total:,.1f} billion yuan"), phrase("at least {total:,.1f} billion yuan"))
    return sentences(
        say(heads[series], years=by_year),
        say("The decade adds up to {total} against {stated:,.10g} stated.", total=total, stated=billions(stated))
        if stated == stated
        else say("The decade adds up to {total}.", total=total),
        say("Sums whose years are all known, added up against stated: {sums}.", sums=sums) if sums else "",
        say(
            "{amount:g} billion yuan are {low:.2f} to {high:.2f} billion dollars, depending on the exchange rate.",
            amount=billions(amount), low=billions(low), high=billions(high),
        ),
        say("First by R&D, billion yuan: {firsts}.", firsts=first),
        *absent,
    )  # fmt: skip
