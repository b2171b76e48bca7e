"""Problems of scanned GS1 data: what is wrong, why, and what to do."""

from enum import StrEnum
from typing import NamedTuple


class ScanProblemCode(StrEnum):
    """What is wrong with a scanned text."""

    TOO_LONG = "TOO_LONG"
    NO_ELEMENTS = "NO_ELEMENTS"
    UNKNOWN_AI = "UNKNOWN_AI"
    EMPTY_VALUE = "EMPTY_VALUE"
    MALFORMED_VALUE = "MALFORMED_VALUE"
    WRONG_CHECK_DIGIT = "WRONG_CHECK_DIGIT"
    IMPOSSIBLE_DATE = "IMPOSSIBLE_DATE"
    IMPOSSIBLE_VALUE = "IMPOSSIBLE_VALUE"
    MISSING_AI = "MISSING_AI"
    EXCLUSIVE_AI = "EXCLUSIVE_AI"
    CONTRADICTING_AI = "CONTRADICTING_AI"
    COMPRESSED_LINK = "COMPRESSED_LINK"
    MISPLACED_AI = "MISPLACED_AI"
    REPEATED_AI = "REPEATED_AI"
    SCHEME_IN_MIXED_CASE = "SCHEME_IN_MIXED_CASE"
    TRAILING_SLASH = "TRAILING_SLASH"
    SHORT_GTIN = "SHORT_GTIN"
    NAME_FOR_AI = "NAME_FOR_AI"


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
