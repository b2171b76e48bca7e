"""Problems of scanned GS1 data: what is wrong, why, and what to do."""

from enum import StrEnum
from typing import NamedTuple


class ScanProblemCode(StrEnum):
    """What is wrong with a scanned text."""

    TOO_LONG = "too_long"
    NO_ELEMENTS = "no_elements"
    UNKNOWN_AI = "unknown_ai"
    EMPTY_VALUE = "empty_value"
    MALFORMED_VALUE = "malformed_value"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    IMPOSSIBLE_DATE = "impossible_date"
    IMPOSSIBLE_VALUE = "impossible_value"
    MISSING_AI = "missing_ai"
    EXCLUSIVE_AI = "exclusive_ai"
    CONTRADICTING_AI = "contradicting_ai"
    COMPRESSED_LINK = "compressed_link"
    MISPLACED_AI = "misplaced_ai"
    REPEATED_AI = "repeated_ai"
    SCHEME_IN_MIXED_CASE = "scheme_in_mixed_case"
    TRAILING_SLASH = "trailing_slash"
    SHORT_GTIN = "short_gtin"
    NAME_FOR_AI = "name_for_ai"


TOLERATED = frozenset(
    {
        ScanProblemCode.MISPLACED_AI,
        ScanProblemCode.REPEATED_AI,
        ScanProblemCode.SCHEME_IN_MIXED_CASE,
        ScanProblemCode.TRAILING_SLASH,
        ScanProblemCode.SHORT_GTIN,
        ScanProblemCode.NAME_FOR_AI,
    }
)
"""Departures from the standard that leave no doubt about what is meant."""

ASSOCIATIONS = frozenset({ScanProblemCode.MISSING_AI, ScanProblemCode.EXCLUSIVE_AI, ScanProblemCode.CONTRADICTING_AI})
"""Problems of elements among each other; each one by itself is valid."""


class ScanProblem(NamedTuple):
    """A problem of scanned GS1 data."""

    code: ScanProblemCode
    detail: str
    """What is wrong, why, and what to do."""
    ai: str = ""
    """The application identifier concerned."""

    @property
    def is_tolerated(self) -> bool:
        """Whether the data counts all the same."""
        return self.code in TOLERATED
