"""Figure 2: what sources state on the firms' sales to the state, year by year, and for whom they state nothing."""

from dataclasses import replace

import pandas as pd

from lib import chart, style
from lib.figure import Figure, Number, dot_marks, drawn_as
from lib.rows.cohorts import company_name
from lib.rows.public_sector import (
    FOUND_FALSE,
    PROXY,
    PROXY_ONLY,
    STATED,
    STATUSES,
    VOID,
    in_rows,
    longest_series,
    sellers_revenue,
    shares,
    stated_in,
    statements,
)
from lib.rows.sources import cite, source_line
from lib.words import change_words, clauses, name_list, percent, phrase, say, sentences, span_words, term, year_ticks

NAME = "02_public_sector"
HEADS = {
    STATED: phrase("Share of buyers that a source calls the state's: a lower bound"),
    PROXY: phrase("Proxies: customers or segments that include the state"),
    VOID: phrase("Void (crosses): a regulator found the accounts false"),
}
ROW, HEAD = 0.215, 0.29  # inches: a line of type, a group's heading
DEEP = 1.75 * ROW  # a firm of which nothing is known but words
ROWS = style.Panel("rows", 1.75, 0, left=3.64, right=1.61)
NARROW_ROWS = style.Panel(
    "rows", 1.05, 0, left=1.7, right=1.55
)  # what is measured stands below the firm, not beside it
SERIES = style.Panel("series", 2.5, 1.45, left=0.36, right=0.3, top=0.56, bottom=0.3)
GROWTH = style.Panel("growth", 2.5, 1.45, left=0.36, right=1.15, top=0.56, bottom=0.3)
LOW, LOW_GROWTH = replace(SERIES, height=1), replace(GROWTH, height=1, right=1.25)
KEY = phrase("Filled marks: grade B, second-hand; hollow: grade C, a mirror, a forum or a post.")
FIRMS = phrase("The firms are those with a source: no sample, and not all of them certified Little Giants.")


@drawn_as(NAME)
def draw(
    rows: pd.DataFrame, firms: pd.DataFrame, weaker: int, *, fiscal_year: int, proxies: bool, weakest_grade: str
) -> Figure:
    """Figure 2 from the rows of `rows.public_sector.load`. A slide has no room for proxies, a column none for the series."""
    year, size = fiscal_year, style.SIZE.get()
    proxies = proxies and size != "slide"
    marks = in_rows(shares(rows), firms, year, proxies)
    silent = firms[firms["in_article"] & ~firms["name_en"].isin(marks["name_en"])]
    said, grown = statements(rows, silent), sellers_revenue(rows)
    longest = longest_series(marks) if size != "one_column" else marks[:0]
    left_out = _left_out(firms, proxies)
    cited = [part["source_id"] for part in (marks, longest, grown, said)]
    cited = [*pd.concat([*cited, marks["void_source_id"]]), "macropolo"]
    notes = [*_notes(marks, firms, silent, weaker), source_line(cited)]
    groups = marks.groupby("group", sort=False)
    row = ROW * (1.4 if size in ("one_column", "slide") else 1)
    upper = 0.2 + HEAD * (groups.ngroups + bool(len(silent))) + row * marks["place"].nunique() + DEEP * len(silent)
    narrow = replace(NARROW_ROWS, height=upper)
    frame = style.Frame(
        _title(marks, firms, year, weaker), _subtitle(marks, year), notes, [replace(ROWS, height=upper), (SERIES, GROWTH)],
        narrow=[narrow, LOW_GROWTH], slide=(narrow, [LOW, LOW_GROWTH]), slide_note=sentences(say(KEY), say(FIRMS)),
    )  # fmt: skip
    axes = frame.axes("rows")
    heights = _draw_rows(axes, marks, silent, said, year, (upper, row), set(longest["name_en"]))
    if size != "one_column":
        _draw_series(frame.axes("series"), longest, year)
    _draw_growth(frame.axes("growth"), grown)
    sound = set(marks.loc[~marks["void"], "name_en"])
    return Figure(
        frame,
        alt=_alt(marks, firms, silent, longest, grown, year),
        table=_table(marks, grown, said),
        companies=len(firms) - sum(left_out.values()),
        left_out=left_out,
        numbers=[
            Number("firms", "firms with a source", len(firms)),
            Number(
                "stated_in_year",
                "of these, with a lower bound of the state's share of the year",
                stated_in(marks, year)["name_en"].nunique(),
            ),
            Number("stated_in_any_year", "of any year", int((firms["status"] == STATED).sum())),
            Number("proxy_only", "with a proxy only", int((firms["status"] == PROXY).sum())),
            Number("void", "with a figure from false accounts only", int((firms["status"] == FOUND_FALSE).sum())),
            Number("article_firms", "firms that the article names", int(firms["in_article"].sum())),
            Number(
                "article_firms_with_a_share",
                "of these, with a share",
                int((firms["in_article"] & firms["name_en"].isin(sound)).sum()),
            ),
            Number("sellers", "firms that sell to the state, with revenue of several years", grown["name_en"].nunique()),
            Number("sellers_grown", "of these, grown from the first to the last", int((_last(grown)["index"] > 100).sum())),
        ],
        marks=lambda: dot_marks(
            axes, marks["value_low"], marks["place"].map(heights), [_mark_words(row) for _, row in marks.iterrows()]
        ),
        columns=("name_en", "fiscal_year", "item", "about", "value_low", "value_high", "void", "grade", "source_row"),
    )  # fmt: skip


def _last(grown: pd.DataFrame) -> pd.DataFrame:
    """Each seller's last year of revenue."""
    return grown.drop_duplicates("name_en", keep="last")


def _title(marks: pd.DataFrame, firms: pd.DataFrame, year: int, weaker: int) -> str:
    named = firms[firms["in_article"]]
    stated = set(stated_in(marks, year)["name_en"])
    among = len(stated & set(named["name_en"]))
    if stated:
        found = phrase(
            "We found a lower bound of the state's share of {year} sales for {stated:word} of {firms:word} {firms:firm|firms}"
        )
        weak = phrase(
            "In grade-B sources we found a lower bound of the state's share of {year} sales for {stated:word} of {firms:word} {firms:firm|firms}"
        )
    else:
        found = phrase(
            "We found a lower bound of the state's share of {year} sales for none of {firms:word} {firms:firm|firms}"
        )
        weak = phrase(
            "In grade-B sources we found a lower bound of the state's share of {year} sales for none of {firms:word} {firms:firm|firms}"
        )
    title = say(weak if weaker else found, year=year, stated=len(stated), firms=len(firms))
    if not stated or named.empty:
        return title
    some, none = (
        phrase("{title}, and for {among:word} of the {named:word} that MacroPolo names"),
        phrase("{title}, and for none of the {named:word} that MacroPolo names"),
    )
    return say(some if among else none, title=title, among=among, named=len(named))


def _subtitle(marks: pd.DataFrame, year: int) -> str:
    first, last = (marks["fiscal_year"].min(), marks["last_fiscal_year"].max()) if len(marks) else (year, year)
    bars = marks[~marks["void"] & (marks["value_low"] != marks["value_high"])]
    drawn = {
        phrase("large marks {year}"): marks["now"].any(),
        phrase("small grey marks other years"): not marks["now"].all(),
        phrase("bars a range as stated"): bars["value_high"].notna().any(),
        phrase("bars to the right edge a lower bound as stated"): bars["value_high"].isna().any(),
    }
    whole = say(
        "Share of revenue, %, fiscal {span}, from buyers of the state (government, military, state-owned)",
        span=span_words(first, last),
    )
    return clauses([whole, *(say(words, year=year) for words, there in drawn.items() if there)])


def _left_out(firms: pd.DataFrame, proxies: bool) -> dict[str, int]:
    """Firms without a drawn share that stands, by reason, in the order of STATUSES."""
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
    clash = marks[marks.duplicated(["place", "fiscal_year", "last_fiscal_year"], keep=False)]
    clash = _names(clash.drop_duplicates("name_en"))
    drawn = [
        say("Other state buyers may go unnamed, so the share of those known is a lower bound."),
        say("A proxy is no bound: its customers may include private ones, or it is a segment.")
        if marks["kind"].eq(PROXY).any()
        else "",
        *(_void_words(row) for _, row in marks[marks["void"]].drop_duplicates("name_en").iterrows()),
        *(
            say("{name}: {unit}.", name=company_name(row), unit=term(row["unit"]))
            for _, row in marks[marks["unit"] != "percent of revenue"].iterrows()
        ),
        say("Readings that disagree, both drawn: {names}.", names=name_list(clash)) if clash else "",
    ]
    graded = [
        say(KEY),
        say(FIRMS),
        say("Not drawn: {reasons}.", reasons=listed) if listed else "",
        say("{count} {count:row|rows} of grade C {count:is|are} left out here.", count=weaker) if weaker else "",
    ]
    return [sentences(*drawn), sentences(*graded)]


def _void_words(row: pd.Series) -> str:
    """What a regulator found of a void figure's revenue."""
    known = phrase("{name} is void: a regulator found {share} of the revenue that it reported for {years} invented.")
    bare = phrase("{name} is void: a regulator found its accounts of {years} false.")
    low, high = row["invented_low"], row["invented_high"]
    share = f"{low:.0f}%" if low == high else f"{low:.0f}–{high:.0f}%"
    return say(bare if pd.isna(low) else known, name=company_name(row), share=share, years=_years(row))


def _names(rows: pd.DataFrame) -> list[str]:
    return [company_name(row) for _, row in rows.iterrows()]


def _value(row: pd.Series) -> str:
    """A share as the source gives it: a number, a range, or a lower bound."""
    if pd.isna(row["value_high"]):
        return f">{row['value_low']:.0f}"
    if row["value_high"] != row["value_low"]:
        return f"{row['value_low']:.0f}–{row['value_high']:.0f}"
    return f"{row['value_low']:g}"


def _years(row: pd.Series) -> str:
    first, last = row["fiscal_year"], row["last_fiscal_year"]
    return f"{first}" if first == last else f"{first}–{last % 100}"


def _measured(row: pd.Series) -> str:
    """What a row of the figure measures."""
    about = term(row["about"]).split(" (")[0] if pd.notna(row["about"]) else ""
    ahead = {"top5_share": phrase("top five: {about}"), "largest_customer_share": phrase("top buyer: {about}")}
    return say(ahead[row["item"]], about=about) if row["item"] in ahead else about


def _mark_words(row: pd.Series) -> str:
    """A share's firm, what it measures, its value and where it is from."""
    words = say(
        "{name} {code}, {years}: {about} {value} {unit}; grade {grade}. {sources}; {source_row}",
        name=company_name(row), code=row["company_id"] if pd.notna(row["company_id"]) else "", years=_years(row),
        about=_measured(row), value=_value(row), unit=term(row["unit"]).replace("percent", "%"), grade=row["grade"],
        sources=cite([row["source_id"], row["void_source_id"]]), source_row=row["source_row"],
    )  # fmt: skip
    return sentences(_void_words(row), words) if row["void"] else words


def _draw_rows(axes, marks, silent, said, year: int, inches: tuple[float, float], below: set[str]) -> dict[str, float]:
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
    chart.bare(axes)
    axes.set_xlim(0, 100)
    axes.set_ylim(height, 0)  # an inch down is a unit

    def write(inches: float, down: float, words: str, **looks) -> None:
        looks = {"size": 9, "va": "center"} | looks
        chart.write(axes, ((inches - left) / width, down), words, over=("axes", "data"), white=0.3, **looks)

    for share, words in ((0, "0"), (50, "50"), (100, "100%")):
        write(left + width * share / 100, 0.1, words, ha="center", color=style.QUIET)
    write(value, 0.1, f"{year}", weight="bold", ha="right")
    write(others, 0.1, say("other years"), ha="right", color=style.QUIET)
    down = 0.16
    for kind, group in marks.groupby("group", sort=False):
        colour = style.INK if kind == VOID else style.ACCENT
        write(style.MARGIN, down + HEAD * 0.6, say(HEADS[kind]), weight="semibold", size=9.5, color=colour)
        down += HEAD
        before = ""
        for place, row in group.groupby("place", sort=False):
            heights[place] = middle = down + ROW / 2
            first = row.iloc[0]
            axes.plot([0, 100], [middle, middle], color=style.GRID, linewidth=0.7, zorder=0)
            if named := first["name_en"] != before:
                write(style.MARGIN, middle, company_name(first))
            beside = (style.MARGIN, middle + 0.15 * named) if narrow else (1.33, middle)
            # Longer than its room, it is cut: the mark's words and the table have it whole.
            end = right if narrow and named else left
            line, *more = style.wrapped(_measured(first), 8.5, "normal", end - beside[0] - 0.08)
            write(*beside, f"{line} …" if more else line, size=8.5, color=style.QUIET)
            for _, one in row[::-1].iterrows():
                _draw_mark(axes, one, middle)
            now = say(" or ").join(_value(one) for _, one in row[row["now"]].iterrows())
            sound = {"weight": "bold"} if now and kind != VOID else {"color": style.QUIET}
            write(value, middle, now or "–", ha="right", **sound)
            more = phrase("{count} in the series") if first["name_en"] in below else phrase("{count} more years")
            dated = [
                say("{value} in {years}", value=_value(one), years=_years(one))
                for _, one in row[~row["now"]].sort_values("fiscal_year").iterrows()
            ]
            words = "".join(dated) if len(dated) < 2 else say(more, count=len(dated))
            write(others, middle, words, size=8.5, ha="right", color=style.QUIET)
            before, down = first["name_en"], down + deep_row
    if len(silent):
        head = say("Named by MacroPolo, and no share found")
        write(style.MARGIN, down + HEAD * 0.6, head, weight="semibold", size=9.5)
        down += HEAD
    for _, firm in silent.iterrows():
        _draw_unknown(axes, write, firm, said, down, narrow)
        down += DEEP
    for x in (0, 50, 100):
        axes.plot([x, x], [0.2, down], color=style.GRID, linewidth=0.7, zorder=0)
    return heights


def _draw_unknown(axes, write, firm: pd.Series, said: pd.DataFrame, down: float, narrow: bool) -> None:
    """A firm without a share: what there is in words, and a hatched bar where the share would be."""
    write(style.MARGIN, down + ROW * 0.45, company_name(firm), weight="semibold")
    words = say("nothing on its customers found")
    for _, row in said[said["name_en"] == firm["name_en"]].iterrows():
        words = say("{period}: {about}", period=term(row["period"]), about=term(row["about"]))
    write(style.MARGIN, down + ROW * 1.2, words, size=8.5, color=style.QUIET)
    middle = down + (ROW * 0.45 if narrow else DEEP / 2)
    deep = DEEP * (0.4 if narrow else 0.72)
    axes.barh(middle, 100, deep, color="white", edgecolor=style.NEUTRAL, hatch="////", linewidth=0)
    chart.write(axes, (50, middle), say("not known"), white=1.5, size=8.5, ha="center", va="center")


def _draw_mark(axes, mark: pd.Series, middle: float) -> None:
    """One figure: a dot, a bar from end to end of a range, or a bar that runs on from a lower bound; a cross where it is void."""
    low, high = mark["value_low"], mark["value_high"]
    now, stated = mark["now"], mark["kind"] == STATED
    if mark["void"]:
        chart.dot(axes, low, middle, style.INK if now else style.NEUTRAL, size=6.5 if now else 4, marker="x")
        return
    edge = style.ACCENT if now else style.NEUTRAL
    inside = "white" if mark["grade"] != "B" else edge if stated or not now else style.ACCENT_PALE
    if low != high:
        end, deep = 100 if pd.isna(high) else high, 0.105 if now else 0.05
        axes.barh(
            middle, end - low, deep, left=low, color=inside, edgecolor=edge, linewidth=1.1, zorder=3, clip_on=False
        )
    if low == high or pd.isna(high):  # a bound without an upper end has its mark where it begins
        looks = {"marker": "o" if stated else "D", "size": (8 if stated else 7) if now else 3.6, "markeredgewidth": 1.2}
        chart.dot(axes, low, middle, edge, **looks, markerfacecolor=inside)


def _panel_head(axes, subject: str, measured: str) -> None:
    chart.write(axes, (0, 1), subject, (-18, 22), over=("axes", "axes"), size=10, weight="semibold")
    chart.write(axes, (0, 1), measured, (-18, 10), over=("axes", "axes"), size=8.5, color=style.QUIET)


def _empty(axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0, 0.5, words, size=9, color=style.QUIET)


def _year_axis(axes, years: list[int]) -> None:
    axes.set_xlim(min(years) - 0.5, max(years) + 0.5)
    axes.set_xticks(years, year_ticks(years))
    axes.tick_params(bottom=False)


def _draw_series(axes, series: pd.DataFrame, year: int) -> None:
    """One firm's stated share, year by year; a year without a figure breaks the line."""
    if series.empty:
        return _empty(axes, say("no firm has a stated share for a single year"))
    years = [*range(series["fiscal_year"].min(), series["fiscal_year"].max() + 1)]
    about = term(series["about"].iloc[0]).split(" (")[0]
    _panel_head(axes, company_name(series.iloc[0]), say("share of revenue from {about}, %", about=about))
    line = series.drop_duplicates("fiscal_year").set_index("fiscal_year")["value_low"].reindex(years)
    axes.plot(years, line, color=style.ACCENT, linewidth=1.6, zorder=2)
    for _, row in series.iterrows():
        size = 8 if row["fiscal_year"] == year else 5.5
        chart.dot(axes, row["fiscal_year"], row["value_low"], style.ACCENT, size=size, filled=row["grade"] == "B")
    for at, value in line.dropna().items():
        near = [line.get(at + step, value) for step in (-1, 1)]
        above = value >= sum(v if pd.notna(v) else value for v in near) / 2
        chart.write(
            axes, (at, value), f"{value:.0f}", (0, 8 if above else -8), ha="center", va="bottom" if above else "top", size=9,
            weight="bold" if at == year else "normal",
        )  # fmt: skip
    _year_axis(axes, years)
    axes.set_ylim(0, 108)
    axes.set_yticks([0, 50, 100])


def _draw_growth(axes, grown: pd.DataFrame) -> None:
    """Revenue of the firms that sell to the state, each from 100 in its first year on; those of the article stand out."""
    if grown.empty:
        return _empty(axes, say("no firm that sells to the state has revenue of several years"))
    _panel_head(axes, say("Revenue of those that sell to the state"), say("first year known = 100"))
    _year_axis(axes, [*range(grown["fiscal_year"].min(), grown["fiscal_year"].max() + 1)])
    low, high = min(grown["index"].min(), 100), max(grown["index"].max(), 100)
    axes.set_ylim(low - (high - low) * 0.2, high + (high - low) * 0.12)
    chart.inner_ticks(axes.yaxis)
    chart.reference(axes, 100, upright=False, linewidth=0.8)
    for _, firm in grown.groupby("name_en", sort=False):
        colour = style.ACCENT if firm["in_article"].iloc[0] else style.NEUTRAL
        axes.plot(firm["fiscal_year"], firm["index"], color=colour, linewidth=1.6, zorder=3)
        for _, row in firm.iterrows():
            chart.dot(axes, row["fiscal_year"], row["index"], colour, size=5, filled=row["grade"] == "B")
    ends = _last(grown)
    # Words beside a line that ends early and high would have others run through them: they stand over it.
    early = (ends["fiscal_year"] < grown["fiscal_year"].max()) & (ends["index"] >= 100)
    for _, row in ends[early].iterrows():
        height, words, colour, bold = _line_end(row)
        place, weight = (row["fiscal_year"], height), "semibold" if bold else "normal"
        chart.write(axes, place, words, (0, 6), size=9, ha="center", va="bottom", color=colour, weight=weight)
    for at, late in ends[~early].groupby("fiscal_year"):
        chart.line_ends(axes, [_line_end(row) for _, row in late.iterrows()], at, linespacing=1)


def _line_end(row: pd.Series) -> tuple[float, str, str, bool]:
    """What stands at the end of a firm's line: its height, the words, their colour, and whether they are bold."""
    named = row["in_article"]
    words = "\n".join(style.wrapped(f"{company_name(row)} {row['index']:.0f}", 9, "semibold", 1.1))
    return row["index"], words, style.ACCENT if named else style.QUIET, named


def _table(marks: pd.DataFrame, grown: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Everything drawn, by panel. The long series is drawn in its row and in its own panel, and stands here once."""
    parts = [marks.assign(panel=marks["kind"]), grown.assign(panel="growth"), said.assign(panel="no_share")]
    columns = [
        "panel", "name_en", "name_zh", "company_id", "in_article", "period", "fiscal_year", "last_fiscal_year", "item",
        "about", "buyer", "value_low", "value_high", "unit", "index", "void", "invented_low", "invented_high", "statement",
        "grade", "source_id", "source_row",
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns]


def _alt(marks, firms, silent, longest, grown, year) -> str:
    stated = stated_in(marks, year)
    parts = [
        say(
            "Table with marks: the share of revenue that {count} {count:firm earns|firms earn} from buyers of the state.",
            count=len(firms),
        )
    ]
    shares = name_list(
        say("{name} {value}% ({about})", name=company_name(row), value=_value(row), about=term(row["about"]))
        for _, row in stated.iterrows()
    ) if len(stated) else ""  # fmt: skip
    said = phrase(
        "For fiscal {year} a source states the share of some such buyers, a lower bound, for {count:word} {count:firm|firms}: {shares}."
    )
    unsaid = phrase("For fiscal {year} sources state the share of such buyers for none of them.")
    count = stated["name_en"].nunique()
    parts.append(say(said if shares else unsaid, year=year, count=count, shares=shares))
    elsewhere = set(marks.loc[marks["kind"] == STATED, "name_en"]) - set(stated["name_en"])
    if elsewhere:
        parts.append(say("For {count:word} more a source states it of another year alone.", count=len(elsewhere)))
    if marks["kind"].eq(PROXY).any():
        proxies = marks.loc[marks["kind"] == PROXY, "name_en"].nunique()
        parts.append(say("For {count:word} more there is only a proxy, of that year or another.", count=proxies))
    parts += [_void_words(row) for _, row in marks[marks["void"]].drop_duplicates("name_en").iterrows()]
    if len(silent):
        parts.append(say("No share was found for {names}, which MacroPolo names.", names=name_list(_names(silent))))
    if len(longest):
        ends = name_list(
            say("{value} in {years}", value=percent(row["value_low"] / 100, 1), years=row["fiscal_year"])
            for _, row in longest.iterrows()
        )
        name, about = company_name(longest.iloc[0]), term(longest["about"].iloc[0])
        parts.append(
            say("In a panel of its own, {name}'s share from {about}: {ends}.", name=name, about=about, ends=ends)
        )
    if len(grown):
        ends = name_list(
            say(
                "{name} {change} from {first} to {last}",
                name=company_name(row), change=change_words(row["index"] / 100 - 1), last=row["fiscal_year"],
                first=grown.loc[grown["name_en"] == row["name_en"], "fiscal_year"].iloc[0],
            )
            for _, row in _last(grown).iterrows()
        )  # fmt: skip
        parts.append(say("Revenue of those that sell to the state: {ends}.", ends=ends))
    return sentences(*parts)
