"""What a GS1 element string can hold, and how people read it."""

import re
from datetime import date

from shared.scans.associations import Elements

MAX_LENGTH = 20
"""Characters of a lot number (AI 10) or serial number (AI 21)."""
_CHARACTER_SET_82 = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*""")
_MAX_YEARS_AHEAD, _MAX_YEARS_AGO = 50, 49


def identifier_problem(identifier: str) -> str | None:
    """Say why an element string cannot hold a lot or serial number."""
    if len(identifier) > MAX_LENGTH:
        return f"over {MAX_LENGTH} characters"
    return None if _CHARACTER_SET_82.fullmatch(identifier) else "with characters that GS1 does not allow"


def has_two_digit_year(day: date, today: date) -> bool:
    """Whether readers complete the two digits of the year to the right century."""
    return -_MAX_YEARS_AGO <= day.year - today.year <= _MAX_YEARS_AHEAD


def write_date(day: date) -> str:
    """Write a date as GS1 does, with two digits of the year."""
    return f"{day:%y%m%d}"


def write_human_readable(elements: Elements) -> str:
    """Write elements with their application identifiers in parentheses, without escapes."""
    return " ".join(f"({ai}){value}" for ai, value in elements)
