"""Figure 3: the Beijing Stock Exchange's board day by day, and the days on which it has the article's 93 companies."""

from dataclasses import replace

import pandas as pd
from matplotlib.dates import MonthLocator, date2num, num2date
from matplotlib.lines import Line2D

from lib import chart, style
from lib.figure import Figure, Mark, Number, dot_marks, drawn_as
from lib.rows.sources import cite, source_line
from lib.rows.who_are_the_93 import ROSTER_END, board_windows, certified_counts, nearest_certified
from lib.words import day_tick, day_words, gap_words, month_tick, name_list, phrase, say, sentences, term

NAME = "03_who_are_the_93"
BOARD = style.Panel("board", 4.5, 3.6, left=0.42, right=0.28, top=0.48, bottom=0.42)
CLOSE = style.Panel("close", 1.68, 3.6, right=0.12, top=0.48, bottom=0.42)
ALONE = replace(BOARD, width=6.46, right=0.12)
NARROW = replace(BOARD, right=0.12, height=3, top=0.7)
ONE_DAY = pd.Timedelta(days=1)
AROUND = 34 * ONE_DAY  # how far the close-up looks to each side
#: How a published total stands to the roster's count of that day: marker, colour, words.
CHECKS = {
    "meets": ("o", style.INK, phrase("published total")),
    "differs": ("X", style.INK, phrase("at odds with the roster")),
    "unchecked": ("o", style.NEUTRAL, phrase("after the roster ends")),
}


@drawn_as(NAME)
def draw(
    board: pd.Series,
    vendor: pd.Series,
    counts: pd.DataFrame,
    moves: pd.DataFrame,
    published: pd.DataFrame,
    *,
    count: int,
    end: str,
) -> Figure:
    """Figure 3 from the rows of `rows.who_are_the_93.load`, up to the day `end`."""
    end = pd.Timestamp(end)
    found = [(first, last) for first, last in board_windows(board, count) if first <= end]
    windows = [(first, min(last, end)) for first, last in found]
    goes_on = bool(found) and (found[-1][1] > end or found[-1][1] == ROSTER_END)  # as far as is known here
    board, vendor, counts = board[:end], vendor[:end], counts[counts["date"] <= end]
    totals, certified = counts[counts["check"].notna()], certified_counts(counts)
    nearest = nearest_certified(certified, windows)
    title, subtitle = _title(board, count, windows, goes_on, nearest), _subtitle(board, end)
    cited = ["bse-lists", "company-list", *totals["source_id"], *certified["source_id"], "macropolo"]
    notes = [*_notes(vendor, totals, certified, published, count, windows, end), source_line(cited)]
    narrow = [NARROW, replace(CLOSE, left=style.MARGIN, height=2.2, top=0.3)] if windows else NARROW
    frame = style.Frame(
        title, subtitle, notes, (BOARD, CLOSE) if windows else ALONE, narrow, slide_note="".join(notes[1:-1])
    )
    left = frame.axes("board")
    _draw_board(left, board, vendor, totals, certified, count, windows, goes_on, end)
    if windows:
        _draw_close(frame.axes("close"), board, totals, count, windows, end)
    return Figure(
        frame,
        alt=_alt(board, vendor, totals, certified, count, windows, goes_on),
        table=_table(board, vendor, moves, totals, certified),
        numbers=[
            Number("count", "companies looked for", count),
            Number("windows", "runs of days with that count", len(windows)),
            Number("days", "days in all, as far as known", sum((last - first).days + 1 for first, last in windows)),
            Number("checks", "published totals to check by", int(totals["check"].isin(["meets", "differs"]).sum())),
            Number("checks_met", "of these, met", int((totals["check"] == "meets").sum())),
            Number(
                "on_vendors_list",
                "of them, on a vendor's list of specialised firms",
                int(vendor[windows[0][0]]) if windows else None,
            ),
            Number(
                "certified_nearest",
                "certified, by the count next in time",
                None if nearest is None else int(nearest["national_little_giants"]),
                claim="mp3-cohort",
            ),
            Number(
                "certified_most",
                "certified, highest published count",
                int(certified["national_little_giants"].max()) if len(certified) else None,
            ),
        ],
        marks=lambda: _marks(left, totals, certified),
        columns=("series", "date", "companies", "scope", "check", "source_row"),
    )


def _when(windows: list, goes_on: bool) -> str:
    """The windows in words: each, or the first and how many where there are more than two.

    goes_on: the last one lasts to the last day known, and perhaps longer.
    """
    one, many = phrase("on {days}"), phrase("from {days}")
    said = [say(one if first == last else many, days=day_words(first, last)) for first, last in windows]
    if goes_on:
        said[-1] = say("at least {when}", when=said[-1])
    if len(said) < 3:
        return name_list(said)
    return say("{first} and {count:word} times later", first=said[0], count=len(said) - 1)


def _title(board: pd.Series, count: int, windows: list, goes_on: bool, nearest: pd.Series | None) -> str:
    if not windows:
        return say(
            "On no day from {days} did the Beijing exchange list exactly {count} {count:company|companies}",
            count=count, days=day_words(*board.index[[0, -1]]),
        )  # fmt: skip
    title = say("{count} is the whole Beijing board {when}", count=count, when=_when(windows, goes_on))
    if nearest is None or len(windows) > 1:
        return title
    part = phrase(
        "{title}; {when}, {certified} of {listed} {certified:was a certified Little Giant|were certified Little Giants}"
    )
    alone = phrase("{title}; {when}, {certified} {certified:was a certified Little Giant|were certified Little Giants}")
    return say(
        part if pd.notna(nearest["bse_listed"]) else alone,
        title=title,
        when=say("that day") if windows[0] == (nearest["date"], nearest["date"])
        else say("on {days}", days=day_words(nearest["date"])) if goes_on or not nearest["away"]
        else gap_words(nearest["away"]),
        certified=nearest["national_little_giants"], listed=nearest["bse_listed"],
    )  # fmt: skip


def _subtitle(board: pd.Series, end: pd.Timestamp) -> str:
    days = day_words(*board.index[[0, -1]])
    if end > board.index[-1]:
        later = phrase(
            "Companies on the Beijing Stock Exchange by day, {days}, with counts published for days up to {end}"
        )
        return say(later, days=days, end=day_words(end))
    return say("Companies on the Beijing Stock Exchange by day, {days}, with published counts", days=days)


def _notes(vendor, totals, certified, published, count: int, windows: list, end: pd.Timestamp) -> list[str]:
    checked = totals[totals["check"] != "unchecked"]
    odd = [
        say(
            "{count} on {day} ({scope}; the roster has {expected})",
            count=row["bse_listed"], day=day_words(row["date"]), scope=term(row["scope"]), expected=row["expected"],
        )
        for _, row in checked[checked["check"] == "differs"].iterrows()
    ]  # fmt: skip
    whole = phrase(
        "The daily count comes from a roster of entries and exits. It meets {met} of {all} published {all:total|totals}."
    )
    part = phrase(
        "The daily count comes from a roster of entries and exits. It meets {met} of {all} published {all:total|totals}; not met: {odd}."
    )
    met = int((checked["check"] == "meets").sum())
    words = [say(part if odd else whole, met=met, all=len(checked), odd=name_list(odd) if odd else "")]
    same = checked[(checked["bse_listed"] == count) & (checked["check"] == "meets")]
    for _, row in same.drop_duplicates("date").iterrows():
        words.append(say("{count} was also published for {day}.", day=day_words(row["date"]), count=count))
    if end > ROSTER_END:
        words.append(say("The roster ends on {day}.", day=day_words(ROSTER_END)))
    if windows:
        words.append(
            say(
                "Of the {count}, {listed} {listed:is|are} on Tonghuashun's list of specialised firms of November 2023.",
                count=count, listed=vendor[windows[0][0]],
            )
        )  # fmt: skip
    part = certified[~certified["scope"].str.startswith("all listed") & certified["bse_listed"].notna()]
    of_a_part = [
        say("The {count} certified of {day} {count:is|are} of {listed} {listed:company|companies} alone: {scope}.",
            count=row["national_little_giants"], day=day_words(row["date"]), listed=row["bse_listed"], scope=term(row["scope"]))
        for _, row in part.iterrows()
    ]  # fmt: skip
    fit, highest = "", ""
    if windows and count == published.at["mp3-cohort", "published_value"]:
        fit = say("A fit, not a proof: MacroPolo names no day and calls its {count} Little Giants.", count=count)
        if len(certified):
            most = certified.loc[certified["national_little_giants"].idxmax()]
            highest = say(
                "Of certified ones, the highest count published for a day up to {end} is {count}, on {day}.",
                count=most["national_little_giants"], day=day_words(most["date"]), end=day_words(end),
            )  # fmt: skip
    return [note for note in (sentences(*words), sentences(fit, *of_a_part, highest)) if note]


def _draw_board(
    axes, board, vendor, totals, certified, count: int, windows: list, goes_on: bool, end: pd.Timestamp
) -> None:
    """The daily counts as steps with published totals on them, and certified counts as stems below."""
    top = max(board.max(), totals["bse_listed"].max(), count) * 1.22
    span = end - board.index[0]
    room = 0.04 if chart.inches(axes)[0] > 4 else 0.09  # for the first number
    axes.set_xlim(board.index[0] - span * room, end + span * 0.04)
    axes.set_ylim(0, top)
    _steps(axes, board)
    _steps(axes, vendor, linewidth=1.1, zorder=2.2)
    _window(axes, count, windows)
    _totals(axes, totals)
    for _, row in totals[totals["bse_listed"] != count].drop_duplicates("date").iterrows():
        _number(axes, row["date"], row["bse_listed"], count, -3, "right", style.INK, stem=False)
    axes.vlines(certified["date"], 0, certified["national_little_giants"], color=style.NEUTRAL, linewidth=1.3, zorder=2)
    chart.dot(
        axes, certified["date"], certified["national_little_giants"], style.QUIET, marker="s", size=5, markeredgewidth=1
    )
    for _, row in certified.iterrows():
        _number(axes, row["date"], row["national_little_giants"], count, 0, "center", style.QUIET, stem=True)
    step = 50 if top > 120 else 20
    ticks = [tick for tick in range(0, int(top), step) if abs(tick - count) > step * 0.3]
    axes.set_yticks([*ticks, count], [*map(str, ticks), f"{count}"])
    axes.get_yticklabels()[-1].set(weight="bold", color=style.INK)
    # Worded now: a formatter would be asked when the figure is drawn, and that may be where another language is spoken.
    if span.days > 31:
        months = MonthLocator(interval=max(1, round(span.days / 170))).tick_values(*num2date(axes.get_xlim()))
        months = [day for day in num2date(months) if axes.viewLim.x0 <= date2num(day) <= axes.viewLim.x1]
        axes.set_xticks(months, [month_tick(day) for day in months])
    else:
        ends = board.index[[0, -1]]
        axes.set_xticks(ends, [day_tick(day) for day in ends])
    _key(axes, totals, certified)
    for first, last in windows[:1]:
        if last - first > span / 3:  # wide enough to hold its name
            place, shift, side = first + (last - first) / 2, 0, "center"
        elif last - board.index[0] > span / 2:
            place, shift, side = first, -4, "right"
        else:
            place, shift, side = last + ONE_DAY, 4, "left"
        days = day_words(first, last)
        days = say("at least {when}", when=days) if goes_on and len(windows) == 1 else days
        words = say("exactly {count}\n{days}", count=count, days=days)
        looks = {"size": 9.5, "weight": "semibold", "color": style.ACCENT, "linespacing": 1.1}
        chart.write(axes, (place, 1), words, (shift, -2), over=("data", "axes"), ha=side, va="top", **looks)


def _marks(axes, totals: pd.DataFrame, certified: pd.DataFrame) -> list[Mark]:
    """The published counts, whole board and certified companies."""
    marks = []
    for rows, column, what in (
        (
            totals,
            "bse_listed",
            phrase("{day}: {count} {count:company|companies} on the board ({scope}). {sources}; {source_row}"),
        ),
        (
            certified,
            "national_little_giants",
            phrase("{day}: {count} certified Little {count:Giant|Giants} ({scope}). {sources}; {source_row}"),
        ),
    ):
        words = [
            say(
                what, day=day_words(row["date"]), count=row[column], scope=term(row["scope"]),
                sources=cite([row["source_id"]]), source_row=row["source_row"],
            )
            for _, row in rows.iterrows()
        ]  # fmt: skip
        marks += dot_marks(axes, date2num(rows["date"]), rows[column], words)
    return marks


def _number(axes, day, value: int, line: int, shift: float, side: str, colour: str, stem: bool) -> None:
    """A value above its mark; below, or beside a mark with a stem, where the dotted line at `line` would run through it."""
    points = (line - value) * chart.inches(axes)[1] * 72 / axes.get_ylim()[1]  # from the mark up to the line
    up, side_of = 6, "bottom"
    if 5 < points < 20:
        shift, up, side, side_of = (-7, 0, "right", "center") if stem else (shift, -6, side, "top")
    looks = {"size": 9, "ha": side, "va": side_of, "color": colour, "zorder": 2.5}
    chart.write(axes, (day, value), f"{value}", (shift, up), white=0.4, **looks)


def _draw_close(axes, board, totals, count: int, windows: list, end: pd.Timestamp) -> None:
    """The days around the first window, each change of the count with its new value."""
    first, last = windows[0]
    near = board[max(first - AROUND, board.index[0]) : min(last + AROUND, end)]
    axes.set_xlim(first - AROUND, last + AROUND)
    _steps(axes, near)
    _window(axes, count, windows[:1])
    axes.set_ylim(count - 5.5, count + 9.5)
    within = totals["date"].between(near.index[0], near.index[-1]) & totals["bse_listed"].between(count - 5, count + 9)
    _totals(axes, totals[within])
    odd = totals[within & (totals["check"] == "differs")]
    beside = {"size": 9, "ha": "right", "va": "center"}
    for _, row in odd.iterrows():
        chart.write(axes, (row["date"], row["bse_listed"]), f"{row['bse_listed']}", (-6, 0), **beside)
    rises = near[near.diff() > 0]
    rises = rises[rises.index > near.index[0] + (near.index[-1] - near.index[0]) * 0.12]  # room for the number
    rises = rises[rises.between(count - 5, count + 9) & ~rises.isin(odd["bse_listed"])].drop_duplicates()
    for day, value in rises.items():
        looks = {"weight": "bold", "white": 0.5} if value == count else {}
        chart.write(axes, (day, value), f"{value}", (-3, 0), **beside, **looks)
    days = sorted({first, last})
    axes.set_xticks([day + ONE_DAY / 2 for day in days], [day_tick(day) for day in days])
    if len(days) > 1:
        axes.get_xticklabels()[0].set_ha("right")
        axes.get_xticklabels()[1].set_ha("left")
    axes.set_yticks([])
    chart.head(axes, say("The days around it"))


def _steps(axes, counts: pd.Series, **looks) -> None:
    days, values = [*counts.index, counts.index[-1] + ONE_DAY], [*counts, counts.iloc[-1]]
    axes.step(days, values, where="post", **{"color": style.ACCENT, "linewidth": 2.2, "zorder": 3} | looks)


def _window(axes, count: int, windows: list) -> None:
    chart.reference(axes, count, upright=False, linewidth=0.9, linestyle=(0, (2, 1.5)), zorder=1)
    for first, last in windows:
        axes.axvspan(first, last + ONE_DAY, color=style.ACCENT_PALE, alpha=0.7, linewidth=0, zorder=0.5)


def _totals(axes, totals: pd.DataFrame) -> None:
    for _, row in totals.iterrows():
        marker, colour, _ = CHECKS[row["check"]]
        noon = row["date"] + ONE_DAY / 2  # so that a total of a day stands on that day's step
        chart.dot(axes, noon, row["bse_listed"], colour, marker=marker, filled=False, markeredgewidth=1.3)


def _key(axes, totals: pd.DataFrame, certified: pd.DataFrame) -> None:
    """What the marks mean, above the axes."""
    lines = [(2.2, phrase("listed (from the roster)")), (1.1, phrase("of these, on a vendor's list"))]
    handles = [Line2D([], [], color=style.ACCENT, linewidth=width, label=say(words)) for width, words in lines]
    marks = [("s", style.QUIET, style.QUIET, phrase("certified Little Giants"))] if len(certified) else []
    marks += [(*CHECKS[check][:2], "white", CHECKS[check][2]) for check in CHECKS if (totals["check"] == check).any()]
    for marker, colour, fill, words in marks:
        looks = {"marker": marker, "color": colour, "markerfacecolor": fill, "linewidth": 0, "markersize": 5.5}
        handles.append(Line2D([], [], label=say(words), **looks))
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.09, 1), ncols=3 if chart.inches(axes)[0] > 4 else 2, frameon=False,
        fontsize=9, borderaxespad=0.1, handlelength=1.4, labelspacing=0.3, columnspacing=1,
    )  # fmt: skip


def _table(board, vendor, moves: pd.DataFrame, totals: pd.DataFrame, certified: pd.DataFrame) -> pd.DataFrame:
    """Every drawn count: the board on each day that a company came or went, with these companies' rows, then the published."""
    moved = moves[moves["date"] <= board.index[-1]]

    def daily(series: str, counts: pd.Series, moved: pd.DataFrame, **columns: str) -> pd.DataFrame:
        rows = ("bse_roster.csv:" + moved["company_id"]).groupby(moved["date"]).agg(" ".join)
        frame = pd.DataFrame({"date": rows.index, "companies": counts[rows.index], "source_row": rows})
        return frame.assign(series=series, source_id="bse-lists", **columns)

    listed = moved[moved["specialised_board"]]
    parts = [
        daily("board", board, moved, scope="all listed, by the roster"),
        daily("on a vendor's list", vendor, listed, scope="on Tonghuashun's list of specialised firms, November 2023"),
        totals.assign(series="published total", companies=totals["bse_listed"]),
        certified.assign(series="certified Little Giants", companies=certified["national_little_giants"]),
    ]
    columns = ["series", "date", "companies", "scope", "expected", "check", "source_id", "source_row"]
    return pd.concat(parts, ignore_index=True)[columns]


def _alt(board, vendor, totals: pd.DataFrame, certified: pd.DataFrame, count: int, windows: list, goes_on: bool) -> str:
    words = [
        say(
            "Step line of the number of companies on the Beijing Stock Exchange: {first} on {first_day}, {last} on {last_day}.",
            first=board.iloc[0], first_day=day_words(board.index[0]), last=board.iloc[-1], last_day=day_words(board.index[-1]),
        ),
        say("It is exactly {count} {when}.", count=count, when=_when(windows, goes_on) if windows else say("on no day")),
    ]  # fmt: skip
    words.append(
        say(
            "Of the companies listed, {first} on the first day and {last} on the last are on a vendor's list of specialised firms.",
            first=vendor.iloc[0], last=vendor.iloc[-1],
        )
    )  # fmt: skip
    if len(totals):
        words.append(say("Published totals: {counts}.", counts=_dated(totals, "bse_listed")))
    if len(certified):
        counts = _dated(certified, "national_little_giants")
        words.append(say("Certified Little Giants, far below: {counts}.", counts=counts))
    return sentences(*words)


def _dated(rows: pd.DataFrame, column: str) -> str:
    return name_list(
        say("{count} ({day})", count=row[column], day=day_words(row["date"])) for _, row in rows.iterrows()
    )
