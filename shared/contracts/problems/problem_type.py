"""The properties that all occurrences of a problem share."""

from typing import NamedTuple


class ProblemType(NamedTuple):
    """Properties shared by all occurrences of a problem."""

    status: int
    title: str
    help: str
