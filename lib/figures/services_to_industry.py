"""Figure 8: companies' R&D and selling expense by economic sector and year, with the national series beside them."""

from dataclasses import replace

import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lib import chart, style
from lib.figure import Figure, Mark, Number, drawn_as
from lib.parameters import described
from lib.rows import cohorts
from lib.rows import services_to_industry as sectors
from lib.rows.sources import source_line
from lib.words import billions, name_list, phrase, say, sentence, sentences, span_words, year_ticks

NAME = "08_services_to_industry"
LEVELS = style.Panel("levels", 2.75, 2.55, left=0.5, right=0.87, top=0.3, bottom=0.4)
SHARES = style.Panel("shares", 1.0, 2.3, left=0.38, right=1.5, top=0.5, bottom=0.45)
ECONOMY, INVESTMENT, VENTURE = (
    style.Panel("R&D of the whole economy", 1.65, 0.95, left=0.28, top=0.52, bottom=0.28),
    style.Panel("fixed-asset investment", 2.6, 0.95, left=0.22, top=0.52, bottom=0.28),
    style.Panel("venture capital", 1.9, 0.95, left=0.22, right=0.13, top=0.52, bottom=0.28),
)
ACROSS = [(LEVELS, SHARES), (ECONOMY, INVESTMENT, VENTURE)]
NARROW = [
    *(replace(LEVELS, right=1.2), replace(SHARES, height=1.7, left=0.5)),
    *((ECONOMY, VENTURE), replace(INVESTMENT, left=0.28, right=0.13)),
]
LOOKS = {  # sector: fill, type, hatch
    "secondary": (style.INDUSTRY, style.INDUSTRY_TEXT, ""),
    "primary": ("#5b8a5b", style.QUIET, ""),
    "unknown": ("white", style.QUIET, "//////"),
    "tertiary": (style.SERVICES, style.SERVICES_TEXT, ""),
}
ITEM_WORDS = {"rd": phrase("R&D"), "selling": phrase("selling expense")}
PANEL_WORDS = {"same_firms": phrase("same firms"), "all_firms": phrase("all firms")}


@drawn_as(NAME)
def draw(
    rows: pd.DataFrame, national: pd.DataFrame, *, cohort: str, panel: str, base_year: int, without: list[str]
) -> Figure:
    """Figure 8 from the rows of `rows.services_to_industry.load`."""
    found = {name: sectors.sums(rows, name) for name in PANEL_WORDS}
    years = sorted(int(year) for year in rows["fiscal_year"].unique())
    distance = sectors.gap(rows)
    title = _title(found, panel, years)
    subtitle = say(
        "R&D and selling expense by economic sector, fiscal {span}, in billion yuan: {description}, {panel}; "
        "below, the national series that were found",
        span=span_words(years[0], years[-1]), description=described(cohort)[1],
        panel=say(
            phrase("those with both expenses in every year")
            if panel == "same_firms"
            else phrase("those with both expenses that year")
        ),
    )  # fmt: skip
    used = rows[rows["summed"]]
    cited = ["company-list", "project-industry-map", *used["rd_source_id"].unique(), *national["source_id"]]
    notes = [*_notes(rows, found, panel, years, distance, without), source_line(cohorts.source_ids(cohort, cited))]
    notes[0] = sentences(notes[0], cohorts.provenance(cohort))
    frame = style.Frame(title, subtitle, notes, ACROSS, NARROW, slide_note=_caveat())
    levels = frame.axes("levels")
    bars = _draw_levels(levels, found[panel], years)
    _draw_shares(frame.axes("shares"), found, panel, years)
    _draw_national(frame, national)
    return Figure(
        frame,
        alt=_alt(found, panel, national, years),
        table=_table(used, national),
        companies=int(_firms(found, panel, years).sum()),
        left_out=sectors.left_out(rows, panel),
        numbers=_numbers(found, panel, years, distance),
        marks=lambda: [Mark(levels, left, y - 0.37, right, y + 0.37, words) for left, right, y, words in bars],
        columns=(
            "panel",
            "company_id",
            "name_zh",
            "sector",
            "fiscal_year",
            "rd_expense_cny",
            "selling_expense_cny",
        ),
    )


TABLE = [
    "panel",
    "company_id",
    "name_zh",
    "industry_en",
    "sector",
    "fiscal_year",
    "period_end",
    "rd_expense_cny",
    "selling_expense_cny",
    "same_firm",
    "item",
    "value",
    "unit",
    "grade",
    "extract_check",
    "rd_source_id",
    "selling_source_id",
    "source_row",
]


def _table(used: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """The company-years that the sums are made of, and the national figures."""
    firms = used.assign(panel="company", period_end=used["fiscal_year_end"], grade=cohorts.weaker_grade(used))
    macro = national.assign(rd_source_id=national["source_id"])
    parts = [part.reindex(columns=[name for name in TABLE if name in part]) for part in (firms, macro)]
    return pd.concat(parts, ignore_index=True).reindex(columns=TABLE)


def _firms(found: dict, panel: str, years: list[int]) -> pd.Series:
    """Companies summed in the last year, by sector."""
    return found[panel][found[panel]["fiscal_year"] == years[-1]].set_index("sector")["firms"]


def _numbers(found, panel, years, distance) -> list[Number]:
    numbers = []
    for name, words in PANEL_WORDS.items():
        grown, share = sectors.growth(found[name]), sectors.services_share(found[name])
        numbers += [
            Number(
                f"industry_growth_{name}", f"growth of industry's R&D, {words}", float(grown["secondary"]), share=True
            ),
            Number(
                f"services_growth_{name}", f"growth of services' R&D, {words}", float(grown["tertiary"]), share=True
            ),
            *(
                Number(
                    f"services_share_{year}_{name}",
                    f"services' share of R&D in {year}, {words}",
                    float(value),
                    share=True,
                )
                for year, value in ((years[0], share.iloc[0]), (years[-1], share.iloc[-1]))
            ),
        ]
    names = {
        "gap_same_firms": "growth in industry less services, same firms",
        "gap_low": "its 95% interval, from",
        "gap_high": "to",
    }
    numbers += [
        Number(name, words, value, share=True) for (name, words), value in zip(names.items(), distance, strict=True)
    ]
    firms = _firms(found, panel, years)
    numbers += [
        Number("firms", "companies summed in the last year", int(firms.sum())),
        Number("firms_unknown", "of these, of unknown industry", int(firms["unknown"])),
    ]
    return [number for number in numbers if number.value == number.value]


def percent(share: float) -> str:
    """A growth rate or share in words; 'by an unknown amount' where there was nothing to grow from."""
    return f"{share:.0%}".replace("-", "−") if share == share else say("by an unknown amount")


def _title(found: dict, panel: str, years: list[int]) -> str:
    same, every = (sectors.growth(found[name]) for name in PANEL_WORDS)
    grown = {"industry": percent(same["secondary"]), "services": percent(same["tertiary"])}
    if panel == "same_firms":
        return say(
            "From {first} to {last} the same firms' R&D grew {industry} in industry and {services} in services",
            first=years[0], last=years[-1], **grown,
        )  # fmt: skip
    return say(
        "Summed over all firms of each year, R&D rose {all_industry} in industry and {all_services} in services; "
        "in the same firms, {industry} and {services}",
        all_industry=percent(every["secondary"]), all_services=percent(every["tertiary"]), **grown,
    )  # fmt: skip


def _notes(
    rows: pd.DataFrame, found: dict, panel: str, years: list[int], distance: tuple, without: list[str]
) -> list[str]:
    members = rows["company_id"].nunique()
    last = found[panel][found[panel]["fiscal_year"] == years[-1]].set_index("sector")["firms"]
    groups = name_list(_counted(count, sectors.SECTORS[name]) for name, count in last.items() if count)
    reasons = cohorts.reason_words(sectors.left_out(rows, panel))
    summed = [
        say(
            "{year}: {count:,} of {members:,} companies ({groups}). Left out: {reasons}.",
            year=years[-1], count=last.sum(), members=members, groups=groups, reasons=reasons,
        )
    ]  # fmt: skip
    if panel == "all_firms":
        before = found[panel].groupby("fiscal_year")["firms"].sum()
        counts = name_list(say("{count:,} in {year}", count=before[year], year=year) for year in years)
        summed.append(say("Companies summed: {counts}.", counts=counts))
    sure = sectors.chosen(rows, panel)
    weak = sure.loc[sure["extract_check"] != "rd_confirmed", "rd_expense_cny"].sum() / sure["rd_expense_cny"].sum()
    if weak > 0:
        summed.append(say("Of the R&D summed, {share:.1%} is not confirmed by a second extract.", share=weak))
    distance, low, high = distance
    words = [say("Industry is the secondary sector of the national accounts, construction and power with it.")]
    if distance == distance:
        apart = phrase("In the same firms, R&D growth in industry less that in services is {points} points.")
        between = phrase(
            "In the same firms, R&D growth in industry less that in services is {points} points (95% interval {low} to {high})."
        )
        points = {"points": _points(distance), "low": _points(low), "high": _points(high)}
        words.append(say(between if low == low else apart, **points))
    newcomer = sectors.largest_newcomer(rows)
    if newcomer is not None:
        every = found["all_firms"]
        industry, services = sectors.growth(every).reindex(["secondary", "tertiary"])
        if _absent_at_first(rows, newcomer) and industry == industry and services == services:
            base = every.loc[(every["fiscal_year"] == years[0]) & (every["sector"] == "tertiary"), "rd_bn"].iloc[0]
            words.append(
                say(
                    "All firms: services' R&D grew {all}, industry's {industry}; without {company}, which has no figures for {year}, "
                    "services' would have grown {growth}.",
                    all=percent(services), industry=percent(industry), company=cohorts.company_label(newcomer), year=years[0],
                    growth=percent(services - newcomer["rd_expense_cny"] / 1e9 / base),
                )
            )  # fmt: skip
    notes = [sentences(*summed), sentences(*words)]
    if absent := [code for code in without if code not in set(rows["company_id"])]:
        notes.append(say("To leave out on request, but not in this cohort: {codes}.", codes=name_list(absent)))
    return [*notes, _caveat()]


def _caveat() -> str:
    return say(
        "In 2020 a new revenue standard moved freight from selling expense to cost of sales, so the "
        "selling shares around 2020 are not like for like. Hollow dots below are second-hand; no line joins them."
    )


def _counted(count: int, words: str) -> str:
    return say("{count:,} {words}", count=count, words=say(words))


def _points(share: float) -> str:
    return f"{100 * share:.0f}".replace("-", "−")


def _absent_at_first(rows: pd.DataFrame, company: pd.Series) -> bool:
    first = rows[(rows["fiscal_year"] == rows["fiscal_year"].min()) & (rows["company_id"] == company["company_id"])]
    return not first["summed"].any()


def _draw_levels(axes, found: pd.DataFrame, years: list[int]) -> list[tuple[float, float, float, str]]:
    """A stacked bar per expense and year, on one scale; the sums inside or beside.

    Returns the bars: from, to, height, and what each stands for.
    """
    places, labels, bars = {}, [], []
    for block, item in enumerate(ITEM_WORDS):
        for i, year in enumerate(years):
            places[item, year] = block * (len(years) + 1.0) + i
            labels.append(str(year))
    longest = max(found.groupby("fiscal_year")[f"{item}_bn"].sum().max() for item in ITEM_WORDS)
    axes.set_ylim(max(places.values()) + 0.5, -0.75)
    axes.set_xlim(0, longest * 1.01 or 1)
    for (item, year), y in places.items():
        left = 0.0
        this = found[found["fiscal_year"] == year].set_index("sector")
        for sector, (fill, _, hatch) in LOOKS.items():
            amount = this.at[sector, f"{item}_bn"]
            axes.barh(
                y,
                amount,
                left=left,
                height=0.74,
                facecolor=fill,
                hatch=hatch,
                edgecolor=style.NEUTRAL if hatch else fill,
                linewidth=0.3 if hatch else 0,
            )
            share, firms = this.at[sector, f"{item}_share"], this.at[sector, "firms"]
            said = say(
                "{item} {year}, {sector}: {amount} yuan, {share:.1%}, {firms:,} firms",
                item=say(ITEM_WORDS[item]), year=year, sector=say(sectors.SECTORS[sector]), amount=_amount(amount),
                share=share, firms=firms,
            )  # fmt: skip
            bars.append((left, left + amount, y, said))
            left += amount
        text = dict(size=9, va="center", weight="semibold")
        words = {
            name: say(
                "{amount} · {share:.1%}",
                amount=_amount(this.at[name, f"{item}_bn"]),
                share=this.at[name, f"{item}_share"],
            )
            for name in LOOKS
        }
        beside = dict(textcoords="offset points", annotation_clip=False, **text)
        if this.at["secondary", f"{item}_bn"] > 0.36 * longest:
            axes.text(longest * 0.015, y, words["secondary"], color="white", **text)
            axes.annotate(words["tertiary"], (left, y), (4, 0), color=style.SERVICES_TEXT, **beside)
        elif left:  # no room inside the bar
            first = axes.annotate(words["secondary"], (left, y), (4, 0), color=style.INDUSTRY_TEXT, **beside)
            axes.annotate(words["tertiary"], (1, 0.5), (6, 0), xycoords=first, color=style.SERVICES_TEXT, **beside)
    axes.set_yticks(list(places.values()), labels)
    axes.set_xticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    grown = {item: sectors.growth(found, item) for item in ITEM_WORDS}
    for item, words in ITEM_WORDS.items():
        y = places[item, years[0]] - 0.48
        growths = say(
            "industry {industry} and services {services}",
            industry=_signed(grown[item]["secondary"]), services=_signed(grown[item]["tertiary"]),
        )  # fmt: skip
        head = axes.annotate(
            sentence(say(words)),
            (0, y),
            ((style.MARGIN - LEVELS.left) * 72, 0),
            textcoords="offset points",
            size=10.5,
            weight="semibold",
            va="bottom",
        )
        axes.annotate(
            f"  {growths}",
            (1, 0),
            (0, 0),
            xycoords=head,
            textcoords="offset points",
            size=9,
            color=style.QUIET,
            va="bottom",
        )
    firms = found[found["fiscal_year"] == years[-1]].set_index("sector")["firms"]
    key = phrase("{sector} {count:,}")
    _key(
        axes, [(name, say(key, sector=say(sectors.SECTORS[name]), count=firms[name])) for name in LOOKS if firms[name]]
    )
    return bars


def _key(axes, key: list[tuple[str, str]]) -> None:
    """The sectors' colours and numbers of firms, in one line under the bars."""
    width, height = chart.inches(axes)
    left = style.MARGIN - LEVELS.left
    for sector, words in key:
        fill, colour, hatch = LOOKS[sector]
        place = Rectangle(
            (left / width, -0.16 / height),
            0.12 / width,
            0.11 / height,
            transform=axes.transAxes,
            facecolor=fill,
            hatch=hatch,
            edgecolor=style.NEUTRAL if hatch else fill,
            linewidth=0.6,
            clip_on=False,
        )
        axes.add_patch(place)
        text = axes.text(
            (left + 0.17) / width, -0.105 / height, words, transform=axes.transAxes, size=8.5, va="center", color=colour
        )
        left += 0.17 + text.get_window_extent(axes.figure.canvas.get_renderer()).width / axes.figure.dpi + 0.12
    axes.text(
        left / width, -0.105 / height, say("firms"), transform=axes.transAxes, size=8.5, va="center", color=style.QUIET
    )


def _amount(amount: float) -> str:
    """An amount in billion yuan, with as many digits as a bar's label needs."""
    template = phrase("{amount:,.0f} bn") if amount >= 9.95 else phrase("{amount:,.1f} bn")
    return say(template, amount=billions(amount))


def _signed(share: float) -> str:
    return f"{share:+.0%}".replace("-", "−") if share == share else say("not known")


def _draw_shares(axes, found: dict, panel: str, years: list[int]) -> None:
    """Services' share of both expenses by year: the chosen firms in full, the other panel dashed."""
    ends = []
    for item, colour, words in (
        ("selling", style.SALES_TEXT, phrase("{share:.1f}  selling, {panel}")),
        ("rd", style.PRODUCT_TEXT, phrase("{share:.1f}  R&D, {panel}")),
    ):
        for name in PANEL_WORDS:
            share = 100 * sectors.services_share(found[name], item)
            main = name == panel
            axes.plot(
                share.index,
                share,
                marker="o",
                markersize=5,
                color=colour,
                linewidth=1.8 if main else 1.1,
                linestyle="-" if main else (0, (3, 2)),
                markerfacecolor=colour if main else "white",
            )
            if share.notna().any():
                label = say(words, share=share.iloc[-1], panel=say(PANEL_WORDS[name]))
                ends.append((share.iloc[-1], label, colour, main))
    axes.set_xlim(years[0] - 0.15, years[-1] + 0.15)
    axes.set_xticks(years, year_ticks(years))
    low, high = axes.get_ylim()
    axes.set_ylim(max(0, low - 0.06 * (high - low)), high + 0.06 * (high - low))
    low, high = axes.get_ylim()
    axes.set_yticks(
        [
            tick
            for tick in MaxNLocator(5, steps=[1, 2, 5, 10], integer=True).tick_values(low, high)
            if low <= tick <= high
        ]
    )
    axes.xaxis.grid(False)
    ends.sort(key=lambda end: -end[0])
    pixels = axes.transData.transform([(years[-1], end[0]) for end in ends])[:, 1]
    heights = axes.transData.inverted().transform([(0, y) for y in chart.spread(pixels, gap=axes.figure.dpi * 0.155)])[
        :, 1
    ]
    for height, (_, words, colour, main) in zip(heights, ends, strict=True):
        axes.annotate(
            words,
            (years[-1], height),
            (8, 0),
            textcoords="offset points",
            va="center",
            size=9,
            color=colour,
            weight="semibold" if main else "normal",
            annotation_clip=False,
        )
    axes.annotate(
        say("Services' share, %"),
        (0, 1),
        (-0.3 * 72, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        size=10.5,
        weight="semibold",
    )


def _draw_national(frame, national: pd.DataFrame) -> None:
    """The national figures as dots over their years; a year without a dot is a year without a figure."""
    colours = {
        "all": style.INK,
        "industry": style.INDUSTRY_TEXT,
        "manufacturing": style.INDUSTRY_TEXT,
        "services": style.SERVICES_TEXT,
        "chips": style.PRODUCT_TEXT,
    }
    heads = {
        "R&D of the whole economy": (phrase("trillion yuan"), phrase("{value:.2f}")),
        "fixed-asset investment": (phrase("growth, January to September, %"), phrase("{value:.1f}")),
        "venture capital": (phrase("billion dollars"), phrase("{dollars:.1f}")),
    }
    span = range(int(national["fiscal_year"].min()), int(national["fiscal_year"].max()) + 1)
    for panel, (unit, digits) in heads.items():
        axes = frame.axes(panel)
        dots = national[national["panel"] == panel].sort_values(["kind", "fiscal_year"])
        axes.set_ylim(min(0, dots["drawn"].min() * 1.3), dots["drawn"].max() * 1.35)
        axes.set_xlim(span[0] - 0.5, span[-1] + 0.5)
        axes.set_xticks(list(span), year_ticks(span))
        axes.set_yticks([])
        axes.grid(False)
        # Of one year side by side, the higher where the lower one's words do not reach.
        late = dots["fiscal_year"] == span[-1]
        aside = dots["drawn"].where(late, -dots["drawn"]).groupby(dots["fiscal_year"]).rank() - 1
        aside -= dots.groupby("fiscal_year")["drawn"].transform("size") / 2 - 0.5
        dots = dots.assign(place=dots["fiscal_year"] + 0.28 * aside)
        last_of_kind = set(dots.drop_duplicates("kind", keep="last").index)
        for row in dots.itertuples():
            colour = colours[row.kind]
            axes.plot([row.place] * 2, [0, row.drawn], color=colour, linewidth=0.8)
            axes.plot(
                row.place,
                row.drawn,
                "o",
                markersize=6,
                markeredgecolor=colour,
                markeredgewidth=1.5,
                markerfacecolor=colour if row.grade == "A" else "white",
            )
            words = say(digits, value=row.drawn, dollars=billions(row.drawn))
            beside = (dots["fiscal_year"] == row.fiscal_year).sum() > 1
            late = row.fiscal_year == span[-1]
            if len(last_of_kind) > 1 and row.Index in last_of_kind:
                kind = say("in all") if row.kind == "all" else say(row.kind)
                words = f"{words} {kind}" if beside else f"{words}\n{kind}".replace(" ", "\n")
            low = row.drawn < 0.15 * axes.get_ylim()[1]  # beside such a dot runs the axis
            axes.annotate(
                words,
                (row.place, row.drawn),
                ((-7 if late else 7) if beside else 0, 0 if beside else 6),
                textcoords="offset points",
                ha=("right" if late else "left") if beside else "center",
                linespacing=1,
                va="center" if beside and not low else "bottom",
                size=8.5,
                color=colour,
            )
        head = dict(xycoords="axes fraction", textcoords="offset points")
        place = (style.MARGIN - ECONOMY.left) * 72
        axes.annotate(sentence(say(panel)), (0, 1), (place, 17), size=10, weight="semibold", **head)
        axes.annotate(say(unit), (0, 1), (place, 6), size=8.5, color=style.QUIET, **head)


def _alt(found: dict, panel: str, national: pd.DataFrame, years: list[int]) -> str:
    words = []
    for item, name in ITEM_WORDS.items():
        amounts = found[panel].pivot_table(index="sector", columns="fiscal_year", values=f"{item}_bn")
        share = sectors.services_share(found[panel], item)
        changes = name_list(
            say(
                "{sector} {first:,.1f} to {last:,.1f}",
                sector=say(sectors.SECTORS[sector]), first=billions(amounts.at[sector, years[0]]),
                last=billions(amounts.at[sector, years[-1]]),
            )
            for sector in sectors.SECTORS
        )  # fmt: skip
        words.append(
            say(
                "{item} in billion yuan, {span}: {changes}; services' share {first:.1%} to {last:.1%}.",
                item=sentence(say(name)), span=span_words(years[0], years[-1]), changes=changes,
                first=share.iloc[0], last=share.iloc[-1],
            )
        )  # fmt: skip
    whole, part = phrase("{panel} {year} {value:.3g}"), phrase("{panel} ({kind}) {year} {value:.3g}")
    dots = name_list(
        say(
            whole if row.kind == "all" else part,
            panel=say(row.panel), kind="" if row.kind == "all" else say(row.kind), year=row.fiscal_year, value=_national(row),
        )
        for row in national.sort_values(["panel", "kind", "fiscal_year"]).itertuples()
    )  # fmt: skip
    return sentences(
        say("Stacked bars and lines, {panel}.", panel=say(PANEL_WORDS[panel])),
        *words,
        say("Below, single national figures: {dots}.", dots=dots),
    )


def _national(row) -> float:
    """A national figure as the head of its panel counts it: dollars in the language's unit."""
    return billions(row.drawn) if row.panel == "venture capital" else row.drawn
