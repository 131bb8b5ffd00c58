import pytest

from lib.words import count_word, name_list, sentence, share_words, times


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (2 / 3, "two in three"),
        (0.685, "more than two in three"),
        (0.48, "nearly half of"),
        (0.455, "46% of"),
        (0.0, "0% of"),
    ],
)
def test_share_words(share, words):
    assert share_words(share) == words


def test_small_words():
    assert [count_word(n) for n in (0, 3, 12, 13, 1200)] == ["no", "three", "twelve", "13", "1,200"]
    assert name_list(["a"]) == "a" and name_list(["a", "b", "c"]) == "a, b and c"
    assert times(1) == "R&D 2.0 times selling expense" and times(-1) == "selling expense 2.0 times R&D"
    assert sentence("two in three") == "Two in three"
