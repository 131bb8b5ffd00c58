"""The errors that a user can act on."""


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
