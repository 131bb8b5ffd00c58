"""Figure 8: companies' R&D per yuan of revenue by economic sector and year, with the national series beside it."""

from dataclasses import replace

import pandas as pd
from matplotlib.ticker import MaxNLocator

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.measures import FEWEST_CLUSTERS, Estimate
from lib.parameters import described
from lib.rows import cohorts
from lib.rows import services_to_industry as sectors
from lib.rows.accounting_break import YEARS
from lib.rows.sources import cite, source_line
from lib.words import (
    LANGUAGE,
    billions,
    clauses,
    count_word,
    estimate,
    joined,
    month_words,
    name_list,
    number,
    phrase,
    say,
    sentence,
    sentences,
    span_words,
    year_ticks,
)

NAME = "08_services_to_industry"
INTENSITY = style.Panel("intensity", 2.05, 2.2, left=0.3, right=1.5, top=0.55, bottom=0.3)
CHANGES = style.Panel("changes", 2.3, 2.2, left=0.1, right=0.6, top=0.55, bottom=0.3)
INVESTMENT, VENTURE, ECONOMY = (
    style.Panel("fixed-asset investment", 1.85, 1.2, left=0.3, right=0.72, top=0.6, bottom=0.3),
    style.Panel("venture capital", 1.05, 1.2, left=0.34, right=0.86, top=0.6, bottom=0.3),
    style.Panel("R&D of the whole economy", 1.3, 1.2, left=0.2, right=0.38, top=0.6, bottom=0.3),
)
ACROSS = [(INTENSITY, CHANGES), (INVESTMENT, VENTURE, ECONOMY)]
SLIDE = (replace(INTENSITY, height=2.6), replace(CHANGES, height=2.6))  # the finding alone
NARROW = [
    *(replace(INTENSITY, height=1.7, right=1.75), replace(CHANGES, height=1.8), INVESTMENT),
    (replace(VENTURE, left=0.42), ECONOMY),
]
LOOKS = {"secondary": (style.INDUSTRY, style.INDUSTRY_TEXT), "tertiary": (style.SERVICES, style.SERVICES_TEXT)}
#: The kinds of a national series: line and type.
KINDS = {
    "industry": LOOKS["secondary"],
    "services": LOOKS["tertiary"],
    "chips": (style.PRODUCT_FIRST, style.PRODUCT_TEXT),
    "AI": (style.SALES_FIRST, style.SALES_TEXT),
    "all fields": (style.INK, style.INK),
    "": (style.INK, style.INK),
}
FIRMS = {"same_firms": phrase("same firms"), "all_firms": phrase("all firms")}
WAYS = {
    "same_firms": phrase("same firms"),
    "same_mix": phrase("same firms, every industry weighted as in {year}"),
    "all_firms": phrase("all firms"),
}
#: The lower panels: where they stand, their unit, and how a value and what it is of are written at the end of a line.
NATIONAL = {
    INVESTMENT.name: (INVESTMENT, phrase("growth, %"), phrase("{value:.1f} {kind}")),
    VENTURE.name: (VENTURE, phrase("billion dollars"), phrase("{dollars:.1f} {kind}")),
    ECONOMY.name: (ECONOMY, phrase("trillion yuan"), phrase("{value:.2f}")),
}


#: The title, by how many of the ways have an interval of the gap between the sectors that leaves out zero.
ALL_ABOVE = phrase(
    "R&D per yuan of revenue rose more or fell less in industry than in services, {first} to {last}, by all {all} measures"
)
ALL_BELOW = phrase(
    "R&D per yuan of revenue rose less or fell more in industry than in services, {first} to {last}, by all {all} measures"
)
SOME_ABOVE = phrase(
    "Whether R&D by revenue rose more in industry than in services, {first} to {last}, depends: clearly so by {sure} of {all} measures"
)
SOME_BELOW = phrase(
    "Whether R&D by revenue rose less in industry than in services, {first} to {last}, depends: clearly so by {sure} of {all} measures"
)
NONE = phrase(
    "By none of {all} measures did R&D by revenue clearly change more in industry or in services, {first} to {last}"
)


@drawn_as(NAME)
def draw(
    rows: pd.DataFrame, national: pd.DataFrame, *, cohort: str, panel: str, base_year: int, without: list[str]
) -> Figure:
    """Figure 8 from the rows of `rows.services_to_industry.load`."""
    found = {firms: sectors.sums(rows, firms) for firms in FIRMS}
    changed = sectors.changes(rows)
    years = sorted(int(year) for year in rows["fiscal_year"].unique())
    subtitle = say(
        "R&D expense per 100 yuan of revenue by economic sector, fiscal {span}: {description}, {firms}",
        span=span_words(years[0], years[-1]), description=described(cohort)[1],
        firms=say(
            phrase("those with both amounts in every year")
            if panel == "same_firms"
            else phrase("those with both amounts in the year")
        ),
    )  # fmt: skip
    used = rows[rows["summed"]]
    cited = ["company-list", "project-industry-map", *used["rd_source_id"].unique(), *national["source_id"]]
    notes = [*_notes(rows, found, changed, panel, years, without), source_line(cohorts.source_ids(cohort, cited))]
    notes[0] = sentences(notes[0], cohorts.provenance(cohort))
    frame = style.Frame(
        _title(found, changed, panel, years),
        subtitle,
        notes,
        ACROSS,
        NARROW,
        SLIDE,
        slide_note=_interval_words(changed),
    )
    below = {} if style.SIZE.get() == "slide" else NATIONAL
    axes = {name: frame.axes(name) for name in ("intensity", "changes", *below)}
    _draw_intensity(axes["intensity"], found, panel, years)
    _draw_changes(axes["changes"], changed, panel, years)
    for name in below:
        _draw_national(axes[name], national[national["panel"] == name], name)
    return Figure(
        frame,
        alt=_alt(found, changed, panel, national, years),
        table=_table(used, found, changed, national, cohort, years),
        companies=int(_firms(found, panel).sum()),
        left_out=sectors.left_out(rows, panel),
        numbers=_numbers(found, changed, panel, years),
        marks=lambda: _marks(axes, found[panel], national),
        columns=(
            "panel",
            "company_id",
            f"name_{LANGUAGE.get()}",
            "sector",
            "fiscal_year",
            "rd_expense_cny",
            "revenue_cny",
            "value",
        ),
    )


TABLE = [
    *("panel", "company_id", "name_en", "name_zh", "industry_en", "sector", "fiscal_year", "period_end"),
    *("rd_expense_cny", "revenue_cny", "same_firm", "item", "value", "low", "high", "unit"),
    *("grade", "extract_check", "rd_source_id", "revenue_source_id", "source_row"),
]


def _table(used, found, changed, national, cohort, years) -> pd.DataFrame:
    """The sums and changes that are drawn, the national figures, and the company-years that the sums are made of."""
    place = {
        (year, sector): cohorts.selection(cohort, year, economic_sector=sector)
        for year in years
        for sector in sectors.COMPARED
    }
    drawn = [
        {"panel": "intensity", "item": firms, "sector": row.sector, "fiscal_year": row.fiscal_year,
         "value": 100 * row.intensity, "unit": "percent of revenue", "source_row": place[row.fiscal_year, row.sector]}
        for firms, rows in found.items() for row in rows.itertuples() if row.sector in sectors.COMPARED and row.firms
    ] + [
        {"panel": "change", "item": way, "sector": sector, "fiscal_year": years[-1], "value": 100 * one.value,
         "low": 100 * one.low, "high": 100 * one.high, "unit": "percent of revenue",
         "source_row": f"{place[years[0], sector]} {place[years[-1], sector]}"}
        for way, by_sector in changed.items() for sector, one in by_sector.items() if one.value == one.value
    ]  # fmt: skip
    parts = [
        pd.DataFrame(drawn),
        national.assign(
            rd_source_id=national["source_id"],
            value=national["drawn"],
            unit=[NATIONAL[name][1] for name in national["panel"]],
        ),
        used.assign(panel="company", period_end=used["fiscal_year_end"], grade=used["rd_grade"]),
    ]
    parts = [part.reindex(columns=[name for name in TABLE if name in part]) for part in parts]
    return pd.concat(parts, ignore_index=True).reindex(columns=TABLE)


def _firms(found: dict, panel: str) -> pd.Series:
    """Companies summed in the last year, by sector."""
    rows = found[panel]
    return rows[rows["fiscal_year"] == rows["fiscal_year"].max()].set_index("sector")["firms"]


def _numbers(found, changed, panel, years) -> list[Number]:
    numbers = []
    for firms, words in FIRMS.items():
        rates, grown = sectors.intensity(found[firms]), sectors.growth(found[firms])
        for sector in sectors.COMPARED:
            name = sectors.SECTORS[sector]
            numbers += [
                Number(f"{name}_intensity_{year}_{firms}", f"R&D by revenue of {name} in {year}, {words}", float(rates.at[year, sector]), share=True)
                for year in (years[0], years[-1])
            ]  # fmt: skip
            numbers.append(Number(f"{name}_growth_{firms}", f"growth of the R&D of {name}, {words}", float(grown[sector]), share=True))  # fmt: skip
    gap = _gap(changed["same_firms"])
    words = ("change in industry less that in services, same firms", "its 95% interval, from", "to")
    names = ("gap_same_firms", "gap_low", "gap_high")
    numbers += [
        Number(name, said, value, points=True)
        for name, said, value in zip(names, words, (gap.value, gap.low, gap.high), strict=True)
    ]
    firms = _firms(found, panel)
    numbers += [
        Number("firms", "companies summed in the last year", int(firms.sum())),
        Number("firms_unknown", "of these, of unknown industry", int(firms["unknown"])),
    ]
    return [number for number in numbers if number.value == number.value]


def _gap(by_sector: dict[str, Estimate]) -> Estimate:
    return by_sector["secondary"].less(by_sector["tertiary"])


def _title(found: dict, changed: dict, panel: str, years: list[int]) -> str:
    """What every way to measure the change says; what was drawn first, where the ways have no interval."""
    gaps = [_gap(by_sector) for by_sector in changed.values()]
    if all(gap.error == gap.error for gap in gaps):
        above, below = sum(gap.low > 0 for gap in gaps), sum(gap.high < 0 for gap in gaps)
        return say(
            ALL_ABOVE if above == len(gaps) else ALL_BELOW if below == len(gaps) else SOME_ABOVE if above else SOME_BELOW if below else NONE,
            first=years[0], last=years[-1], all=count_word(len(gaps)), sure=count_word(above or below),
        )  # fmt: skip
    rates = 100 * sectors.intensity(found[panel]).iloc[[0, -1]]
    known = [sector for sector in sectors.COMPARED if rates[sector].notna().all()]
    counts = _firms(found, panel)
    moves = [
        say(
            "from {first:.2f} to {last:.2f} in {sector} ({count:,} {count:firm|firms})",
            first=rates[sector].iloc[0], last=rates[sector].iloc[-1], sector=say(sectors.SECTORS[sector]), count=counts[sector],
        )
        for sector in known
    ]  # fmt: skip
    return say("R&D per 100 yuan of revenue went {moves}", moves=joined(moves))


def _notes(rows, found, changed, panel, years, without) -> list[str]:
    last = _firms(found, panel)
    groups = name_list(
        say(
            phrase("{count:,} of unknown industry") if name == "unknown" else phrase("{count:,} in {words}"),
            count=count,
            words=say(sectors.SECTORS[name]),
        )
        for name, count in last.items()
        if count
    )
    summed = [
        say(
            "{year}: {count:,} of {members:,} {members:company|companies} ({groups}). Left out: {reasons}.",
            year=years[-1], count=last.sum(), members=rows["company_id"].nunique(), groups=groups,
            reasons=cohorts.reason_words(sectors.left_out(rows, panel)),
        )
    ]  # fmt: skip
    sure = sectors.chosen(rows, panel)
    weak = sure.loc[sure["extract_check"] != "rd_confirmed", "rd_expense_cny"].sum() / sure["rd_expense_cny"].sum()
    if weak > 0:
        summed.append(say("Of the R&D summed, {share:.1%} is not confirmed by a second extract.", share=weak))
    words = [say("Industry is the secondary sector of the national accounts, construction and power with it.")]
    gaps = {way: _gap(by_sector) for way, by_sector in changed.items()}
    if all(gap.error == gap.error for gap in gaps.values()):
        words.append(
            say(
                "Change in industry less that in services, points with 95% intervals: {gaps}.",
                gaps=clauses(say("{way} {points}", way=_way(way, years), points=_estimate(gap)) for way, gap in gaps.items()),
            )
        )  # fmt: skip
    else:
        words.append(
            say("Change, points with 95% intervals: {moves}.", moves=clauses(_moves(changed, years, _estimate)))
            if _has_intervals(changed)
            else say(
                "Change in points: {moves}.", moves=clauses(_moves(changed, years, lambda one: _points(one.value)))
            )
        )
    words.append(
        say(
            phrase("In {year} a new revenue standard changed what counts as revenue, too.")
            if years[0] < YEARS[1]
            else phrase("The new revenue standard of {year}, which changed what counts as revenue, holds in all of these years."),
            year=YEARS[1],
        )
    )  # fmt: skip
    notes = [sentences(*summed), sentences(*words)]
    if absent := [code for code in without if code not in set(rows["company_id"])]:
        notes.append(say("To leave out on request, but not in this cohort: {codes}.", codes=name_list(absent)))
    clusters = sure.groupby("sector")["industry_zh"].nunique()
    marks = say(
        "Below, hollow marks are second-hand or derived, and lines join neighbouring years alone; diamonds are growth over "
        "nine months of a year or more."
    )
    counted = say(
        "Clusters: {industry} {industry:industry|industries} in the secondary sector and {services} in services; with fewer than "
        "{fewest} there is no interval.",
        industry=clusters.get("secondary", 0), services=clusters.get("tertiary", 0), fewest=FEWEST_CLUSTERS,
    )  # fmt: skip
    return [*notes, sentences(_interval_words(changed), counted, marks)]


def _has_intervals(changed: dict) -> bool:
    return any(one.error == one.error for by_sector in changed.values() for one in by_sector.values())


def _interval_words(changed: dict) -> str:
    return say("Bars are 95% intervals, clustered by industry.") if _has_intervals(changed) else ""


def _points(share: float) -> str:
    """A difference of two shares in points, with its sign."""
    return number(100 * share, "+.2f")


def _estimate(found: Estimate) -> str:
    """A change or a gap in points with its interval."""
    return estimate(_points(found.value), 100 * found.low, 100 * found.high, "+.2f")


def _moves(changed: dict, years: list[int], said) -> list[str]:
    """The change of each sector by each way, as `said` says an estimate, where one is known."""
    return [
        say("{way}, {sector} {points}", way=_way(way, years), sector=say(sectors.SECTORS[sector]), points=said(one))
        for way, by_sector in changed.items()
        for sector, one in by_sector.items()
        if one.value == one.value
    ]


def _way(way: str, years: list[int]) -> str:
    return say(WAYS[way], year=years[0])


def _draw_intensity(axes, found: dict, panel: str, years: list[int]) -> None:
    """R&D by revenue of either sector by year: the chosen firms in full, the other ones dashed."""
    ends = []
    for firms, words in FIRMS.items():
        rates, main = 100 * sectors.intensity(found[firms]), firms == panel
        for sector, (colour, text) in LOOKS.items():
            line = rates[sector].dropna()
            if line.empty:
                continue
            axes.plot(
                line.index, line, color=colour, linewidth=2 if main else 1.1, linestyle="-" if main else chart.DASHED
            )
            chart.dot(axes, line.index, line, colour, size=5.5, filled=main)
            said = say(
                "{value:.2f}  {sector}, {firms}",
                value=line.iloc[-1],
                sector=say(sectors.SECTORS[sector]),
                firms=say(words),
            )
            ends.append((line.iloc[-1], said, text, main))  # fmt: skip
    axes.set_xlim(years[0] - 0.12, years[-1] + 0.12)
    axes.set_xticks(years, year_ticks(years))
    axes.xaxis.grid(False)
    axes.set_ylim(0, 1.07 * axes.get_ylim()[1])
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    chart.inner_ticks(axes.yaxis)
    chart.line_ends(axes, ends, years[-1])
    first = (100 * sectors.intensity(found[panel]).iloc[0]).reindex(LOOKS).dropna()
    for sector, rate in first.items():
        above = rate == first.max() or first.max() - rate > 0.12 * axes.get_ylim()[1]
        looks = dict(size=9, color=LOOKS[sector][1], weight="semibold", ha="center", va="bottom" if above else "top")
        chart.write(axes, (years[0], rate), f"{rate:.2f}", (0, 6 if above else -6), **looks)
    _head(axes, INTENSITY, say("R&D by sector"), say("yuan per 100 yuan of revenue"))


def _draw_changes(axes, changed: dict, panel: str, years: list[int]) -> None:
    """The change from the first year to the last, measured in three ways: a dot and its interval for either sector."""
    ways = sorted(changed, key=lambda way: way != panel)
    axes.set_ylim(3 * len(ways) - 0.5, -0.6)
    axes.set_yticks([])
    axes.grid(axis="x")
    axes.axvline(0, color=style.INK, linewidth=0.8)
    for place, way in enumerate(ways):
        chart.write(
            axes, (0, 3 * place), sentence(_way(way, years)), over=("axes", "data"), va="center", size=9, white=0.8,
            weight="semibold" if way == panel else "normal",
        )  # fmt: skip
        for row, (sector, (colour, text)) in enumerate(LOOKS.items(), 1):
            one, height = changed[way][sector], 3 * place + 0.85 * row
            if one.value != one.value:
                continue
            if one.error == one.error:
                chart.interval(axes, 100 * one.low, 100 * one.high, height, colour)
            chart.dot(axes, 100 * one.value, height, colour, filled=way == panel)
            chart.write(axes, (1, height), _points(one.value), (36, 0), over=("axes", "data"), size=9, va="center", ha="right", color=text)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: number(value, "+g") if value else "0")
    chart.inner_ticks(axes.xaxis)
    head = say("Change, {first} to {last}", first=years[0], last=years[-1])
    _head(axes, CHANGES, head, say("points, three ways to measure it"))


def _draw_national(axes, rows: pd.DataFrame, name: str) -> None:
    """A national series by year; whole years next to each other are joined, a part of a year stands by itself."""
    panel, unit, template = NATIONAL[name]
    ends = []
    for kind, series in rows.groupby("kind", sort=False):
        colour, text = KINDS[kind]
        whole = series[series["months"] == sectors.WHOLE].set_index("fiscal_year")["drawn"]
        span = range(whole.index.min(), whole.index.max() + 1)
        axes.plot(span, whole.reindex(span), color=colour, linewidth=1.4)
        for row in series.itertuples():
            marker = "o" if row.months == sectors.WHOLE else "D"
            looks = dict(size=4.2, filled=row.grade == "A", marker=marker, markeredgewidth=1.1)
            chart.dot(axes, row.fiscal_year, row.drawn, colour, **looks)
        last = whole.iloc[-1]
        ends.append((last, say(template, value=last, dollars=billions(last), kind=kind and say(kind)), text, False))
    years = range(int(rows["fiscal_year"].min()), int(rows["fiscal_year"].max()) + 1)
    axes.set_xlim(years[0] - 0.3, years[-1] + 0.3)
    axes.set_ylim(min(0, 1.1 * rows["drawn"].min()), 1.1 * rows["drawn"].max())
    ticks = years[:: 1 if len(years) < 6 else 3]
    axes.set_xticks(ticks, year_ticks(ticks))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    chart.inner_ticks(axes.yaxis)
    heights = axes.get_yticks()
    axes.set_yticks(heights, [number(billions(tick) if panel is VENTURE else tick, "g") for tick in heights])
    chart.line_ends(axes, ends, years[-1], size=8.5)
    _head(axes, panel, sentence(say(name)), say(unit))


def _head(axes, panel: style.Panel, words: str, unit: str) -> None:
    left = style.MARGIN - panel.left
    chart.head(axes, words, left, up=21)
    chart.write(axes, (0, 1), unit, (72 * left, 9), over=("axes", "axes"), size=8.5, color=style.QUIET)


def _marks(axes: dict, found: pd.DataFrame, national: pd.DataFrame) -> list:
    """A mark for each dot of the chosen firms and of the national series."""
    shown = found[found["sector"].isin(sectors.COMPARED) & found["intensity"].notna()]
    words = [
        say(
            "{sector} {year}: {rate:.2f} yuan per 100 yuan of revenue, {firms:,} {firms:firm|firms}",
            sector=sentence(say(sectors.SECTORS[row.sector])), year=row.fiscal_year, rate=100 * row.intensity, firms=row.firms,
        )
        for row in shown.itertuples()
    ]  # fmt: skip
    marks = dot_marks(axes["intensity"], shown["fiscal_year"], 100 * shown["intensity"], words)
    for name in NATIONAL.keys() & axes.keys():
        rows = national[national["panel"] == name]
        words = [
            say("{series}: {value}; grade {grade}. {sources}; {source_row}", series=_series(row.panel, row.kind), value=_dot(row), grade=row.grade, sources=cite([row.source_id]), source_row=row.source_row)
            for row in rows.itertuples()
        ]  # fmt: skip
        marks += dot_marks(axes[name], rows["fiscal_year"], rows["drawn"], words)
    return marks


def _dot(row) -> str:
    """A figure of a national series, in words: its year and value."""
    whole, part = phrase("{year} {value:.3g}"), phrase("January to {end} {value:.3g}")
    value = billions(row.drawn) if row.panel == VENTURE.name else row.drawn
    end = month_words(row.period_end)
    return say(whole if row.months == sectors.WHOLE else part, year=row.fiscal_year, end=end, value=value)


def _series(panel: str, kind: str) -> str:
    """A national series, in words, with its unit."""
    template = phrase("{panel} ({kind}), {unit}") if kind else phrase("{panel}, {unit}")
    return say(template, panel=say(panel), kind=kind and say(kind), unit=say(NATIONAL[panel][1]))


def _alt(found: dict, changed: dict, panel: str, national: pd.DataFrame, years: list[int]) -> str:
    lines = []
    for firms, words in FIRMS.items():
        rates = 100 * sectors.intensity(found[firms])
        lines += [
            say(
                "{sector}, {firms}: {values}.",
                sector=sentence(say(sectors.SECTORS[sector])), firms=say(words),
                values=name_list(say("{year} {value}", year=year, value=f"{rate:.2f}") for year, rate in rates[sector].items()),
            )
            for sector in sectors.COMPARED if rates[sector].notna().all()
        ]  # fmt: skip
    moves = _moves(changed, years, lambda one: _points(one.value))
    below = [
        say("{series}: {values}", series=_series(*named), values=name_list(map(_dot, rows.itertuples())))
        for named, rows in national.groupby(["panel", "kind"], sort=False)
    ]
    return sentences(
        say("Yuan of R&D per 100 yuan of revenue, as lines."),
        *lines,
        say("Change in points, {span}: {moves}.", span=span_words(years[0], years[-1]), moves=clauses(moves)),
        say("Below, national series: {series}.", series=clauses(below)) if style.SIZE.get() != "slide" else "",
    )
