"""Numbers in words, for titles, notes and alt texts."""

from collections.abc import Iterable
from fractions import Fraction

SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
FRACTIONS = [Fraction(*pair) for pair in ((1, 4), (1, 3), (2, 5), (1, 2), (3, 5), (2, 3), (3, 4), (4, 5), (9, 10))]


def count_word(number: int) -> str:
    """A count as a word up to twelve, in digits above."""
    return SMALL[number] if number < len(SMALL) else f"{number:,}"


def share_words(share: float) -> str:
    """A share between 0 and 1 as a reader says it: 'two in three', 'more than half of', '46% of'."""
    nearest = min(FRACTIONS, key=lambda fraction: abs(share - fraction))
    gap = share - float(nearest)
    if abs(gap) > 0.03:
        return f"{share:.0%} of"
    half = nearest == Fraction(1, 2)
    words = "half of" if half else f"{SMALL[nearest.numerator]} in {SMALL[nearest.denominator]}"
    return words if abs(gap) <= 0.005 else f"{'more than' if gap > 0 else 'nearly'} {words}"


def times(log_ratio: float) -> str:
    """A log2 ratio in words: which expense is how many times the other."""
    larger, smaller = ("R&D", "selling expense") if log_ratio >= 0 else ("selling expense", "R&D")
    return f"{larger} {2 ** abs(log_ratio):.1f} times {smaller}"


def name_list(names: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *most, final = names
    return f"{', '.join(most)} {last} {final}" if most else final


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def day_words(first, last=None) -> str:
    """A day, or a run of days, as a reader says it: '1 June 2022', '27 May to 1 June 2022'."""
    if last is None or first == last:
        return f"{first.day} {first:%B %Y}"
    month = "" if (first.year, first.month) == (last.year, last.month) else f" {first:%B}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{month}{year} to {day_words(last)}"


def gap_words(days: int) -> str:
    """A distance in days as a reader says it: 'the same day', 'nine days later', 'a month earlier'."""
    if days == 0:
        return "the same day"
    months = round(abs(days) / 30.44)
    size = count_word(abs(days)) if months == 0 else count_word(months) if months > 1 else "a"
    unit = ("day" if months == 0 else "month") + "s" * (abs(days) > 1 and months != 1)
    return f"{size} {unit} {'later' if days > 0 else 'earlier'}"
