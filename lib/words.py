"""The words of the figures, in English or Chinese: texts with their fields, and numbers, days and lists as a reader says them.

English texts stand in the code and are the keys of `locale/zh.po`, which holds the Chinese wording of each (gettext's format).
"""

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from lib.errors import UserError
from lib.paths import file_state

#: Language of the figure that is being drawn, as the parameter `language` names it.
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")

LOCALE = Path(__file__).parent / "locale"

#: In a text: a word that hangs on a number, '{count:firm|firms}' for one and for any other, and a number as a word, '{count:word}'.
FORM = re.compile(r"\{(\w+):(word|[^{}|]*\|[^{}|]*)\}")

SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have the functions of this module speak `language`, "en" or "zh"."""
    before = LANGUAGE.set(language)
    try:
        yield
    finally:
        LANGUAGE.reset(before)


def say(template: str, /, **values) -> str:
    """A text of a figure: the English `template`, or its Chinese wording, with its fields filled from `values`.

    '{count:,} {count:firm|firms}' is said of one as '1 firm', '{count:word} {count:firm|firms}' as 'one firm'.
    Raises UserError where the language has no wording of it.
    """
    wording = catalogue(LANGUAGE.get()).get(template) if _chinese() else template
    if wording is None:
        raise UserError(f"no Chinese wording of {template!r}: add it to lib/locale/zh.po, or draw with language=en.")
    return FORM.sub(lambda found: _form(found, values), wording).format(**values)


def _form(found: re.Match, values: dict) -> str:
    """What stands for a field of FORM."""
    name, form = found.groups()
    if form == "word":
        return count_word(int(values[name]))
    one, other = form.split("|")
    return one if values[name] == 1 else other


def phrase(template: str) -> str:
    """`template` itself: marks a text that stands in a constant, to be said by `say` later."""
    return template


def term(text: str) -> str:
    """A text that came from a table, in Chinese where its wording is known; else, as a name may be, as it stands."""
    return catalogue(LANGUAGE.get()).get(text, text) if _chinese() else text


def catalogue(language: str) -> dict[str, str]:
    """The wording of every text in `language`, by its English; read again when its file has changed."""
    path = LOCALE / f"{language}.po"
    return _wordings(path, file_state(path))


@functools.lru_cache(maxsize=2)
def _wordings(path: Path, state: tuple) -> dict[str, str]:
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale=path.stem) if message.id}


def _chinese() -> bool:
    return LANGUAGE.get() == "zh"


def count_word(number: int) -> str:
    """A count as a word up to twelve, in digits above; in Chinese always in digits, as its measure words want."""
    return SMALL[number] if number < len(SMALL) and not _chinese() else digits(number)


def digits(number: int) -> str:
    """A count in digits, with commas between thousands where the language has them."""
    return f"{number}" if _chinese() else f"{number:,}"


def number(value: float, form: str) -> str:
    """A number as a reader sees it, with a true minus, in one of Python's forms: '−3.5' by '.1f', '+12' by '+.0f'; never '−0.0'.

    'not known' where it is none.
    """
    if value != value:
        return say("not known")
    said = f"{value:{form}}"
    return (said if re.search("[1-9a-z]", said) else said.replace("-", "+" if "+" in form else "")).replace("-", "−")


def percent(share: float, digits: int = 0, sign: bool = False) -> str:
    """A share or growth rate in per cent, with a true minus: '65%', '−3.5%', '+12%'; 'not known' where it is none."""
    return number(share, f"{'+' if sign else ''}.{digits}%")


def change_words(share: float) -> str:
    """A rate of change with its sign: '+12%', '−5%'; one beside zero with the digits that tell it, '+0.3%', and none as '0%'."""
    said = beside(share, "+.0%")
    return said if re.search("[1-9a-z]", said) else "0%"


def interval(low: float, high: float, form: str = ".0f", neutral: float = 0.0) -> str:
    """The ends of an interval: '−0.4 to 8', '59.4% to 77.6%'; 'no interval' where there is none.

    form: as `number` takes it. neutral: where nothing differs, 0 of a gap and 1 of a multiple: an end beside it is never said
    as if it were it.
    """
    if low != low or high != high:
        return say("no interval")
    return say("{low} to {high}", low=beside(low, form, neutral), high=beside(high, form, neutral))


def beside(value: float, form: str, neutral: float = 0.0) -> str:
    """A number as `number` says it, with as many more digits, up to four, as tell it from `neutral`."""
    for more in range(5):
        finer = re.sub(r"\.(\d+)", lambda digits, more=more: f".{int(digits[1]) + more}", form)
        if number(value, finer) != number(neutral, finer):
            return number(value, finer)
    return number(value, form)


def estimate(said: str, low: float, high: float, form: str = ".0f", neutral: float = 0.0) -> str:
    """A number as it is said and its interval, as `interval` takes it: '7% (1 to 14)', '7% (no interval)'."""
    return say("{said} ({interval})", said=said, interval=interval(low, high, form, neutral))


def times(log_ratio: float) -> str:
    """A log2 ratio in words: which expense is how many times the other, or that they are alike."""
    if log_ratio == 0:
        return say("as much R&D as selling expense")
    larger, smaller = (phrase("R&D"), phrase("selling expense"))[:: 1 if log_ratio >= 0 else -1]
    multiple = beside(2 ** abs(log_ratio), ".1f", neutral=1)
    return say("{larger} {multiple} times {smaller}", larger=say(larger), multiple=multiple, smaller=say(smaller))


def name_list(names: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'; 'a、b和c'."""
    *most, final = names
    if _chinese():
        return f"{'、'.join(most)}和{final}" if most else final
    return f"{', '.join(most)} and {final}" if most else final


def first_few(names: Iterable[str], most: int) -> str:
    """Names in a row, of many the first and how many more there are: '2, 3, 5'; '2, 3, 5 and 4 more'."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def joined(parts: Iterable[str]) -> str:
    """Statements in one clause: 'a, b and c'; 'a，b，c'."""
    return "，".join(parts) if _chinese() else name_list(parts)


def clauses(parts: Iterable[str]) -> str:
    """'a; b'; 'a；b'."""
    return ("；" if _chinese() else "; ").join(parts)


def sentences(*parts: str) -> str:
    """Sentences in one paragraph; those that are empty are left away."""
    return ("" if _chinese() else " ").join(part for part in parts if part)


def sentence(text: str) -> str:
    """The text with a capital first letter; in Chinese as it stands, since what is Latin there is a name."""
    return text if _chinese() else text[:1].upper() + text[1:]


def billions(amount: float) -> float:
    """An amount in billions as the language counts: in billions, or in hundred millions (亿)."""
    return amount * 10 if _chinese() else amount


def day_words(first, last=None) -> str:
    """A day, or a run of days, as a reader says it: '1 June 2022', '27 May to 1 June 2022', '2022年5月27日至6月1日'."""
    if _chinese():
        whole = f"{first.year}年{first.month}月{first.day}日"
        if last is None or first == last:
            return whole
        year = "" if first.year == last.year else f"{last.year}年"
        month = "" if (first.year, first.month) == (last.year, last.month) else f"{last.month}月"
        return f"{whole}至{year}{month}{last.day}日"
    if last is None or first == last:
        return f"{first.day} {first:%B %Y}"
    month = "" if (first.year, first.month) == (last.year, last.month) else f" {first:%B}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{month}{year} to {day_words(last)}"


def millions(amount: float) -> float:
    """An amount in millions as the language counts: in millions, or in hundred millions (亿)."""
    return amount / 100 if _chinese() else amount


def span_words(first: int, last: int) -> str:
    """A year, or the first and last of some: '2021', '2019 to 2021', '2019—2021'."""
    return f"{first}" if first == last else f"{first}{'—' if _chinese() else ' to '}{last}"


def month_words(day) -> str:
    """The month of a day: 'June 2022', '2022年6月'."""
    return f"{day.year}年{day.month}月" if _chinese() else f"{day:%B %Y}"


def month_tick(day) -> str:
    """A month under an axis, in two lines: 'Jun' over '2022', '6月' over '2022年'."""
    return f"{day.month}月\n{day.year}年" if _chinese() else f"{day:%b\n%Y}"


def day_tick(day) -> str:
    """A day of a known year under an axis, in two lines: '9' over 'Jun', '6月' over '9日'."""
    return f"{day.month}月\n{day.day}日" if _chinese() else f"{day.day}\n{day:%b}"


def year_ticks(years: Iterable[int]) -> list[str]:
    """Years as an axis shows them: the first whole, the others by their last two digits."""
    first, *others = years
    return [str(first), *(f"{'' if _chinese() else '’'}{year % 100:02d}" for year in others)]


def gap_words(days: int) -> str:
    """A distance in days as a reader says it: 'the same day', 'nine days later', 'a month earlier', '9天后'."""
    months = round(abs(days) / 30.44)
    if _chinese():
        size = f"{months}个月" if months else f"{abs(days)}天"
        return f"{size}{'后' if days > 0 else '前'}" if days else "同日"
    if days == 0:
        return "the same day"
    size = count_word(abs(days)) if months == 0 else count_word(months) if months > 1 else "a"
    unit = ("day" if months == 0 else "month") + "s" * (abs(days) > 1 and months != 1)
    return f"{size} {unit} {'later' if days > 0 else 'earlier'}"
