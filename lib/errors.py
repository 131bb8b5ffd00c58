"""The errors that a user can act on."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend: the message is one or two sentences that say what, where and how."""


class DataError(UserError):
    """A table in data/ breaks its codebook.

    `problems` holds one sentence per problem, each naming file, row and column.
    """

    def __init__(self, problems: list[str]):
        self.problems = problems
        more = len(problems) - 1
        tail = f" ({more} more: run `python -m lib check`)" if more else ""
        super().__init__(problems[0] + tail)

    def __reduce__(self):
        return DataError, (self.problems,)  # errors travel between processes


class ParameterError(UserError):
    """The call is wrong: a figure, parameter or value that does not exist."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown `word`: the nearest of the known ones as a question, or a full stop."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else "."
