"""Figure 2: what sources state on the firms' sales to the state, year by year, and for whom they state nothing."""

from dataclasses import replace

import pandas as pd

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.rows.cohorts import company_name
from lib.rows.public_sector import (
    PROXY,
    PROXY_ONLY,
    STATED,
    STATUSES,
    growth_of_named,
    in_rows,
    longest_series,
    shares,
    stated_in,
    statements,
)
from lib.rows.sources import cite, source_line
from lib.words import clauses, count_word, millions, name_list, phrase, say, sentences, span_words, term, year_ticks

NAME = "02_public_sector"
HEADS = {
    STATED: phrase("Share sold to the state, as a source states it"),
    PROXY: phrase("Proxies: customers or segments that include the state"),
}
ROW, HEAD = 0.215, 0.29  # inches: a line of type, a group's heading
ROWS = style.Panel("rows", 1.75, 0, left=3.64, right=1.61)
NARROW_ROWS = style.Panel("rows", 1.05, 0, left=1.7, right=1.55)
SERIES = style.Panel("series", 2.95, 1.62, left=0.36, right=0.64, top=0.5, bottom=0.3)
REVENUE = style.Panel("revenue", 2.93, 0.891, right=0.12, top=0.5)
INTENSITY = style.Panel("intensity", 2.93, 0.583, right=0.12, top=0.146, bottom=0.3)
KEY = phrase("Filled marks: grade B, second-hand; hollow: grade C, a mirror, a forum or a post.")
FIRMS = phrase("The firms are those with a source, not all of them certified Little Giants.")
COLOURS = {STATED: style.ACCENT, PROXY: style.ACCENT_PALE}
NARROW = [replace(SERIES, height=1.1), replace(REVENUE, left=0.36), replace(INTENSITY, left=0.36)]


@drawn_as(NAME)
def draw(
    rows: pd.DataFrame, firms: pd.DataFrame, weaker: int, *, fiscal_year: int, proxies: bool, weakest_grade: str
) -> Figure:
    """Figure 2 from the rows of `rows.public_sector.load`. A slide has no room for proxies."""
    year = fiscal_year
    proxies = proxies and style.SIZE.get() != "slide"
    marks = in_rows(shares(rows), firms, year, proxies)
    silent = firms[firms["in_article"] & ~firms["name_en"].isin(marks["name_en"])]
    longest, grower = longest_series(marks), growth_of_named(rows, firms)
    title, subtitle = _title(marks, firms, year, weaker), _subtitle(marks, year)
    left_out = _left_out(firms, proxies)
    tables_drawn = [marks, longest, *grower.values(), statements(rows, silent)]
    cited = [*pd.concat([part["source_id"] for part in tables_drawn]), "macropolo"]
    notes = [*_notes(marks, firms, silent, weaker), source_line(cited)]
    groups = marks.groupby("group", sort=False)
    narrow = style.SIZE.get() == "one_column"  # what is measured stands below the firm, not beside it
    row = ROW * (1.6 if narrow else 1)
    upper = (
        0.2 + HEAD * (groups.ngroups + bool(len(silent))) + row * marks["place"].nunique() + 1.75 * ROW * len(silent)
    )
    panels = [replace(ROWS, height=upper), (SERIES, [REVENUE, INTENSITY])]
    column = [replace(NARROW_ROWS, height=upper), *NARROW]
    frame = style.Frame(title, subtitle, notes, panels, column, slide_note=sentences(say(KEY), say(FIRMS)))
    axes = frame.axes("rows")
    heights = _draw_rows(axes, marks, silent, rows, year, (upper, row), set(longest["name_en"]))
    _draw_series(frame.axes("series"), longest, year)
    _draw_grower(frame, grower)
    return Figure(
        frame,
        alt=_alt(marks, firms, silent, longest, grower, year),
        table=_table(marks, grower, statements(rows, silent)),
        companies=len(firms) - sum(left_out.values()),
        left_out=left_out,
        numbers=[
            Number("firms", "firms with a source", len(firms)),
            Number(
                "stated_in_year",
                "of these, with a stated share of the year",
                stated_in(marks, year)["name_en"].nunique(),
            ),
            Number("stated_in_any_year", "of any year", int((firms["status"] == STATED).sum())),
            Number("proxy_only", "with a proxy only", int((firms["status"] == PROXY).sum())),
            Number("article_firms", "firms that the article names", int(firms["in_article"].sum())),
            Number(
                "article_firms_with_a_share", "of these, with a share", int(firms["in_article"].sum()) - len(silent)
            ),
        ],
        marks=lambda: dot_marks(
            axes, marks["value_low"], marks["place"].map(heights), [_mark_words(row) for _, row in marks.iterrows()]
        ),
        columns=("name_en", "fiscal_year", "item", "about", "value_low", "value_high", "grade", "source_row"),
    )


def _title(marks: pd.DataFrame, firms: pd.DataFrame, year: int, weaker: int) -> str:
    named = firms[firms["in_article"]]
    stated = set(stated_in(marks, year)["name_en"])
    among = len(stated & set(named["name_en"]))
    if stated:
        found = phrase("We found the state's share of {year} sales for {stated} of {firms} firms")
        weak = phrase("In grade-B sources we found the state's share of {year} sales for {stated} of {firms} firms")
    else:
        found = phrase("We found the state's share of {year} sales for none of {firms} firms")
        weak = phrase("In grade-B sources we found the state's share of {year} sales for none of {firms} firms")
    count = {"stated": count_word(len(stated)), "firms": count_word(len(firms))}
    title = say(weak if weaker else found, year=year, **count)
    if not stated or named.empty:
        return title
    some, none = (
        phrase("{title}, and for {among} of the {named} that MacroPolo names"),
        phrase("{title}, and for none of the {named} that MacroPolo names"),
    )
    return say(some if among else none, title=title, among=count_word(among), named=count_word(len(named)))


def _subtitle(marks: pd.DataFrame, year: int) -> str:
    first, last = (marks["fiscal_year"].min(), marks["last_fiscal_year"].max()) if len(marks) else (year, year)
    return say(
        "Share of revenue from state buyers (government, military, state-owned), %, fiscal {span}; "
        "large marks {year}, small grey marks other years, bars a range or a lower bound as stated",
        span=span_words(first, last), year=year,
    )  # fmt: skip


def _left_out(firms: pd.DataFrame, proxies: bool) -> dict[str, int]:
    """Firms without a drawn share, by reason, in the order of STATUSES."""
    reasons = firms["status"].replace({} if proxies else {PROXY: PROXY_ONLY})
    counts = reasons.value_counts()
    names = [*(() if proxies else (PROXY_ONLY,)), *STATUSES[2:]]
    return {name: int(counts[name]) for name in names if counts.get(name)}


def _notes(marks, firms, silent, weaker: int) -> list[str]:
    others = firms[~firms["name_en"].isin([*marks["name_en"], *silent["name_en"]])]
    reasons = others["status"].replace({PROXY: PROXY_ONLY})
    listed = clauses(
        say("{names} ({reason})", names=name_list(_names(part)), reason=say(why))
        for why, part in others.groupby(reasons, sort=False)
    )
    drawn = [
        say(
            "Proxies are not the state's share: a customer group may hold private buyers, and a segment is not a customer. "
            "Where one state buyer is named, the state's share is at least that. Sales to private buyers are not drawn."
        ),
        say(FIRMS),
        say("Not drawn: {reasons}.", reasons=listed) if listed else "",
    ]
    graded = [
        say(KEY),
        say(
            "No company filed these shares in "
            "a form we could read, so none is grade A. Growth is computed from the stated revenues. What MacroPolo's own "
            "Figure 2 measures is not public in a form we found."
        ),
        say("{count} rows of grade C are left out here.", count=weaker) if weaker else "",
    ]
    for _, row in marks[marks["unit"] != "percent of revenue"].iterrows():
        drawn.append(say("{name}: {unit}.", name=company_name(row), unit=term(row["unit"])))
    clash = marks[marks.duplicated(["place", "fiscal_year", "last_fiscal_year"], keep=False)]
    if len(clash):
        names = name_list(_names(clash.drop_duplicates("name_en")))
        drawn.append(say("Readings that disagree, both drawn: {names}.", names=names))
    return [sentences(*drawn), sentences(*graded)]


def _names(rows: pd.DataFrame) -> list[str]:
    return [company_name(row) for _, row in rows.iterrows()]


def _value(row: pd.Series) -> str:
    """A share as the source gives it: a number, a range, or a lower bound."""
    if pd.isna(row["value_high"]):
        return f">{row['value_low']:.0f}"
    if row["value_high"] != row["value_low"]:
        return f"{row['value_low']:.0f}–{row['value_high']:.0f}"
    return f"{row['value_low']:g}"


def _millions(value: float) -> str:
    """An amount in million yuan, as the head of its panel counts it."""
    return say("{millions:.0f}", millions=millions(value))


def _dated(row: pd.Series) -> str:
    """A share and the year or years it is of."""
    first, last = row["fiscal_year"], row["last_fiscal_year"]
    if first == last:
        return say("{value} in {years}", value=_value(row), years=first)
    return say("{value} in {first}–{last}", value=_value(row), first=first, last=last % 100)


def _measured(row: pd.Series) -> str:
    """What a row of the figure measures."""
    about = term(row["about"]).split(" (")[0] if pd.notna(row["about"]) else ""
    ahead = {"top5_share": phrase("top five: {about}"), "largest_customer_share": phrase("top buyer: {about}")}
    return say(ahead[row["item"]], about=about) if row["item"] in ahead else about


def _mark_words(row: pd.Series) -> str:
    """A share's firm, what it measures, its value and where it is from."""
    first, last = row["fiscal_year"], row["last_fiscal_year"]
    return say(
        "{name} {code}, {years}: {about} {value} {unit}; grade {grade}. {sources}; {source_row}",
        name=company_name(row), code=row["company_id"] if pd.notna(row["company_id"]) else "",
        years=f"{first}" if first == last else f"{first}–{last % 100}", about=_measured(row), value=_value(row),
        unit=term(row["unit"]).replace("percent", "%"), grade=row["grade"], sources=cite([row["source_id"]]),
        source_row=row["source_row"],
    )  # fmt: skip


def _draw_rows(axes, marks, silent, rows, year: int, inches: tuple[float, float], below: set[str]) -> dict[str, float]:
    """The shares as a table with marks: firm, what is measured, the marks, the year's value, other years'.

    inches: height of it all and of a row; in a row of more than a line, what is measured stands on the second.
    Returns how far down each row stands, by `place`.
    """
    heights = {}
    height, deep_row = inches
    narrow = deep_row > ROW
    left, width = (NARROW_ROWS if narrow else ROWS).left, chart.inches(axes)[0]
    right = left + width
    value, others = (right + 0.49, right + 1.46) if narrow else (right + 0.52, right + 1.49)
    axes.set_ylim(height, 0)  # an inch down is a unit
    axes.set_xlim(0, 100)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)

    def write(inches: float, down: float, text: str, **style_of) -> None:
        place = axes.get_yaxis_transform()
        looks = {"size": 9, "bbox": dict(facecolor="white", edgecolor="none", pad=0.3)} | style_of
        axes.text((inches - left) / width, down, text, transform=place, va="center", **looks)

    for share, words in ((0, "0"), (50, "50"), (100, "100%")):
        write(left + width * share / 100, 0.1, words, ha="center", color=style.QUIET)
    write(value, 0.1, f"{year}", weight="bold", ha="right")
    write(others, 0.1, say("other years"), ha="right", color=style.QUIET)
    down = 0.16
    for kind, group in marks.groupby("group", sort=False):
        write(style.MARGIN, down + HEAD * 0.6, say(HEADS[kind]), weight="semibold", size=9.5, color=style.ACCENT)
        down += HEAD
        before = ""
        for place, row in group.groupby("place", sort=False):
            heights[place] = middle = down + ROW / 2
            first = row.iloc[0]
            axes.plot([0, 100], [middle, middle], color=style.GRID, linewidth=0.7, zorder=0)
            if named := first["name_en"] != before:
                write(style.MARGIN, middle, company_name(first))
            beside = (style.MARGIN, middle + 0.15 * named) if narrow else (1.33, middle)
            write(*beside, _measured(first), size=8.5, color=style.QUIET)
            for _, one in row[::-1].iterrows():
                _draw_mark(axes, one, middle)
            now = say(" or ").join(_value(one) for _, one in row[row["now"]].iterrows())
            write(value, middle, now or "–", weight="bold" if now else "normal", ha="right")
            more = phrase("{count} more below") if first["name_en"] in below else phrase("{count} more years")
            other = row[~row["now"]].sort_values("fiscal_year")
            words = [_dated(one) for _, one in other.iterrows()]
            write(
                others,
                middle,
                "".join(words) if len(words) < 2 else say(more, count=len(words)),
                size=8.5,
                ha="right",
                color=style.QUIET,
            )
            before, down = first["name_en"], down + deep_row
    if len(silent):
        write(
            style.MARGIN,
            down + HEAD * 0.6,
            say("Named by MacroPolo, and no share found"),
            weight="semibold",
            size=9.5,
        )
        down += HEAD
    said = statements(rows, silent).set_index("name_en")
    for _, firm in silent.iterrows():
        name = firm["name_en"]
        deep = ROW * 1.75
        write(style.MARGIN, down + ROW * 0.45, company_name(firm), weight="semibold")
        words = (
            say("{period}: {about}", period=term(said.at[name, "period"]), about=term(said.at[name, "about"]))
            if name in said.index
            else say("nothing on its customers found")
        )
        write(style.MARGIN, down + ROW * 1.2, words, size=8.5, color=style.QUIET)
        middle = down + (ROW * 0.45 if narrow else deep / 2)
        axes.barh(
            middle,
            100,
            deep * (0.4 if narrow else 0.72),
            color="white",
            edgecolor=style.NEUTRAL,
            hatch="////",
            linewidth=0,
        )
        box = dict(facecolor="white", edgecolor="none", pad=1.5)
        axes.text(50, middle, say("not known"), size=8.5, ha="center", va="center", color=style.INK, bbox=box)
        revenue = rows[(rows["name_en"] == name) & (rows["item"] == "revenue")]
        words = say(phrase("revenue is known") if len(revenue) else phrase("revenue not known either"))
        write(right + (0.08 if narrow else 0.27), middle, words, size=8.5, color=style.QUIET)
        down += deep
    for x in (0, 50, 100):
        axes.plot([x, x], [0.2, down], color=style.GRID, linewidth=0.7, zorder=0)
    return heights


def _draw_mark(axes, mark: pd.Series, middle: float) -> None:
    """One figure: a dot, a bar from end to end of a range, or a bar that runs on from a lower bound."""
    low, high = mark["value_low"], mark["value_high"]
    now, stated = mark["now"], mark["kind"] == STATED
    colour = COLOURS[mark["kind"]] if now else style.NEUTRAL
    edge = style.ACCENT if now else style.NEUTRAL
    inside = colour if mark["grade"] == "B" else "white"
    if low == high:
        size = (8 if stated else 7) if now else 3.6
        axes.plot(
            low, middle, "o" if stated else "D", markersize=size, color=edge, markerfacecolor=inside, markeredgewidth=1.2,
            zorder=4, clip_on=False,
        )  # fmt: skip
        return
    end = 100 if pd.isna(high) else high
    deep = 0.105 if now else 0.05
    axes.barh(middle, end - low, deep, left=low, color=inside, edgecolor=edge, linewidth=1.1, zorder=3, clip_on=False)
    if pd.isna(high):  # no upper end stated
        axes.plot(low, middle, "D", markersize=7 if now else 3.6, color=edge, markerfacecolor=inside, zorder=4)


def _panel_head(axes, firm: str, text: str) -> None:
    axes.annotate(
        firm, (0, 1), (-18, 22), xycoords="axes fraction", textcoords="offset points", size=10, weight="semibold",
    )  # fmt: skip
    axes.annotate(
        text, (0, 1), (-18, 10), xycoords="axes fraction", textcoords="offset points", size=8.5, color=style.QUIET
    )


def _year_axis(axes, years: list[int]) -> None:
    axes.set_xlim(min(years) - 0.5, max(years) + 0.5)
    axes.set_xticks(years, year_ticks(years))
    axes.tick_params(bottom=False)


def _draw_series(axes, series: pd.DataFrame, year: int) -> None:
    """One firm's stated share, year by year; a year without a figure breaks the line."""
    if series.empty:
        axes.set_axis_off()
        axes.text(0, 0.5, say("no firm has a stated share for a single year"), size=9, color=style.QUIET)
        return
    years = [*range(series["fiscal_year"].min(), series["fiscal_year"].max() + 1)]
    about = term(series["about"].iloc[0])
    _panel_head(axes, company_name(series.iloc[0]), say("share of revenue from {about}, %", about=about))
    line = series.drop_duplicates("fiscal_year").set_index("fiscal_year")["value_low"].reindex(years)
    axes.plot(years, line, color=style.ACCENT, linewidth=1.6, zorder=2)
    for _, row in series.iterrows():
        now = row["fiscal_year"] == year
        axes.plot(
            row["fiscal_year"], row["value_low"], "o", markersize=8 if now else 5.5, color=style.ACCENT, zorder=3,
            markerfacecolor=style.ACCENT if row["grade"] == "B" else "white", markeredgewidth=1.3,
        )  # fmt: skip
    for at, value in line.dropna().items():
        near = [line.get(at + step, value) for step in (-1, 1)]
        above = value >= sum(v if pd.notna(v) else value for v in near) / 2
        axes.annotate(
            f"{value:.0f}", (at, value), (0, 8 if above else -8), textcoords="offset points", ha="center",
            va="bottom" if above else "top", size=9, weight="bold" if at == year else "normal",
        )  # fmt: skip
    _year_axis(axes, years)
    axes.set_ylim(0, 108)
    axes.set_yticks([0, 50, 100])


def _draw_grower(frame, grower: dict[str, pd.DataFrame]) -> None:
    """Revenue above R&D intensity, on one axis of years."""
    revenue, intensity = grower["revenue"], grower["rd_intensity"]
    top = frame.axes("revenue")
    low = frame.axes("intensity", sharex=top)
    both = pd.concat([revenue, intensity])
    if both.empty:
        top.set_axis_off()
        low.set_axis_off()
        top.text(0, 0.5, say("no figures on the growth of a firm that MacroPolo names"), size=9, color=style.QUIET)
        return
    years = [*range(both["fiscal_year"].min(), both["fiscal_year"].max() + 1)]
    _panel_head(top, company_name(both.iloc[0]), say("revenue, CNY million, and growth on the year before"))
    values = revenue.set_index("fiscal_year")["value_low"]
    grades = revenue.set_index("fiscal_year")["grade"]
    fills = [style.ACCENT if grade == "B" else "white" for grade in grades]
    top.bar(values.index, values, 0.55, color=fills, edgecolor=style.ACCENT, linewidth=1.1)
    growth = (values / values.reindex(values.index - 1).to_numpy() - 1).dropna()
    for at, value in values.items():
        words = _millions(value) + (f"\n{growth[at]:+.0%}".replace("-", "−") if at in growth else "")
        top.annotate(
            words, (at, value), (0, 2), textcoords="offset points", ha="center", va="bottom", size=8.5, linespacing=1
        )
    top.set_ylim(0, values.max() * 1.4 if len(values) else 1)
    low.plot(
        intensity["fiscal_year"],
        intensity["value_low"],
        "o-",
        color=style.INK,
        markersize=4.5,
        linewidth=1.3,
        clip_on=False,
    )
    for _, row in intensity.iterrows():
        low.annotate(
            f"{row['value_low']:.1f}", (row["fiscal_year"], row["value_low"]), (0, 5), textcoords="offset points",
            ha="center", va="bottom", size=8.5,
        )  # fmt: skip
    low.set_ylim(0, (intensity["value_low"].max() if len(intensity) else 1) * 1.6)
    _year_axis(top, years)
    top.tick_params(labelbottom=False, labelleft=False)
    low.tick_params(bottom=False, labelleft=False)
    for axes in (top, low):
        axes.grid(visible=False)
    low.annotate(
        say("R&D, %\nof revenue"),
        (1, 0.1),
        xycoords="axes fraction",
        size=8.5,
        color=style.QUIET,
        ha="right",
        linespacing=1,
    )


def _table(marks: pd.DataFrame, grower: dict[str, pd.DataFrame], words: pd.DataFrame) -> pd.DataFrame:
    """Everything drawn, by panel. The long series is drawn in its row and in its own panel, and stands here once."""
    parts = [marks.assign(panel=marks["kind"]), *(part.assign(panel="growth") for part in grower.values())]
    columns = [
        "panel", "name_en", "name_zh", "company_id", "in_article", "period", "fiscal_year", "last_fiscal_year", "item",
        "about", "buyer", "value_low", "value_high", "unit", "statement", "grade", "source_id", "source_row",
    ]  # fmt: skip
    return pd.concat([*parts, words.assign(panel="no_share")], ignore_index=True)[columns]


def _alt(marks, firms, silent, longest, grower, year) -> str:
    stated = stated_in(marks, year)
    parts = [
        say("Table with marks of the share of revenue that {count} firms earn from state buyers.", count=len(firms))
    ]
    shares = name_list(
        say("{name} {value}% ({about})", name=company_name(row), value=_value(row), about=term(row["about"]))
        for _, row in stated.iterrows()
    ) if len(stated) else ""  # fmt: skip
    said = phrase("For fiscal {year} sources state it for {count} of them: {shares}.")
    unsaid = phrase("For fiscal {year} sources state it for none of them.")
    count = count_word(stated["name_en"].nunique())
    parts.append(say(said if shares else unsaid, year=year, count=count, shares=shares))
    if marks["kind"].eq(PROXY).any():
        proxies = marks.loc[marks["kind"] == PROXY, "name_en"].nunique()
        parts.append(say("For {count} more there is only a proxy, of that year or another.", count=count_word(proxies)))
    if len(silent):
        parts.append(say("No share was found for {names}, which MacroPolo names.", names=name_list(_names(silent))))
    if len(longest):
        ends = name_list(
            say("{value} in {years}", value=f"{row['value_low']:.1f}%", years=row["fiscal_year"])
            for _, row in longest.iterrows()
        )
        name, about = company_name(longest.iloc[0]), term(longest["about"].iloc[0])
        parts.append(say("Below, {name}'s share from {about}: {ends}.", name=name, about=about, ends=ends))
    revenue, intensity = grower["revenue"], grower["rd_intensity"]
    if len(revenue):
        ends = name_list(
            say("{value} in {years}", value=_millions(row["value_low"]), years=row["fiscal_year"])
            for _, row in revenue.iterrows()
        )
        parts.append(say("{name}'s revenue in CNY million: {ends}.", name=company_name(revenue.iloc[0]), ends=ends))
    if len(intensity):
        first, last = intensity.iloc[0], intensity.iloc[-1]
        parts.append(
            say(
                "Its R&D: {low:.1f}% of revenue in {first}, {high:.1f}% in {last}.",
                low=first["value_low"], first=first["fiscal_year"], high=last["value_low"], last=last["fiscal_year"],
            )
        )  # fmt: skip
    return sentences(*parts)
