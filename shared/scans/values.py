"""Values of application identifiers: their format, check digits, dates and times."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from shared.scans.gtin import has_check_digit
from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.rules import Rules, find_rules

_MAX_SHOWN = 48
"""Number of characters of a value in the text of a problem."""
_CENTURY = 100
_DAY_LENGTH = 6
_GEO = ((0, 1_800_000_000), (10, 3_600_000_000))


class Identifier(NamedTuple):
    """An application identifier, with its format from biip and its further rules."""

    ai: str
    title: str
    length: int | None
    """Number of characters of the value where no FNC1 follows; None: FNC1 ends it."""
    pattern: re.Pattern[str]
    rules: Rules
    is_numeric: bool

    @property
    def name(self) -> str:
        """Its number and GS1's title of it."""
        return f"AI {self.ai} ({self.title})"


def find_identifier(digits: str) -> Identifier | None:
    """Return the application identifier that a text starts with; None if there is none."""
    prefix = digits[:4]
    length = next((index for index, sign in enumerate(prefix) if not "0" <= sign <= "9"), len(prefix))
    return _look_up(prefix[:length])


@lru_cache(maxsize=20_000)
def _look_up(prefix: str) -> Identifier | None:
    try:
        entry = GS1ApplicationIdentifier.extract(prefix)
    except ParseError:
        return None
    body = entry.pattern.removeprefix(f"^{entry.ai}").removesuffix("$")
    fixed = re.fullmatch(r"N\d\+N(\d+)", entry.format)
    return Identifier(
        ai=entry.ai,
        title=entry.data_title,
        length=int(fixed[1]) if fixed and not entry.separator_required else None,
        pattern=re.compile(body, re.ASCII),
        rules=find_rules(entry.ai),
        is_numeric="X" not in entry.format and "Y" not in entry.format and "Z" not in entry.format,
    )


def value_problem(identifier: Identifier, value: str) -> ScanProblem | None:
    """Return what is wrong with a value; None if it is valid."""
    name, shown = identifier.name, value[:_MAX_SHOWN]
    if not value:
        detail = f"{name} has no value; scan the label again, or enter what it says by hand"
        return ScanProblem(ScanProblemCode.EMPTY_VALUE, detail, identifier.ai)
    has_format = identifier.pattern.fullmatch(value) is not None
    for check, start in identifier.rules.checks:
        code, is_valid, reason = CHECKS[check]
        if (has_format or (check in _DAYS and _ARE_DIGITS.fullmatch(value))) and not is_valid(value, start):
            detail = f"{name} holds {shown!r}: {reason}; scan the label again, or have it replaced"
            return ScanProblem(code, detail, identifier.ai)
    if has_format:
        return None
    detail = (
        f"{name} holds {shown!r}, which is not of its GS1 format {identifier.pattern.pattern}; "
        "check that the scanner sends FNC1 after values of variable length"
    )
    return ScanProblem(ScanProblemCode.MALFORMED_VALUE, detail, identifier.ai)


def to_date(yymmdd: str, year: int) -> date | None:
    """Return the date in six digits; day 00 is the last of the month; None if there is none.

    Its year is within 49 years before and 50 years after the current one.
    """
    short, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6])
    distance = short - year % _CENTURY
    full = year - year % _CENTURY + short
    if distance > 50:
        full -= _CENTURY
    elif distance <= -50:
        full += _CENTURY
    if not (1 <= month <= 12 and date.min.year <= full <= date.max.year):
        return None
    last = monthrange(full, month)[1]
    return date(full, month, day or last) if day <= last else None


def _is_day(value: str, start: int, *, may_be_zero: bool) -> bool:
    digits = value[start : start + _DAY_LENGTH]
    if len(digits) < _DAY_LENGTH:
        return True
    # Leap years of two-digit years are those of 2000 to 2099, the years that 2049 makes of them.
    return (may_be_zero or digits[4:6] != "00") and to_date(digits, 2049) is not None


def _is_time(value: str, start: int) -> bool:
    digits = value[start:]
    parts = [int(digits[index : index + 2]) for index in range(0, len(digits), 2)]
    return len(digits) % 2 == 0 and all(part < limit for part, limit in zip(parts, (24, 60, 60), strict=False))


def _is_piece(value: str, start: int) -> bool:
    piece, total = int(value[start : start + 2]), int(value[start + 2 : start + 4])
    return 0 < piece <= total


_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_DAYS = frozenset({"day0", "day"})
_ARE_DIGITS = re.compile("[0-9]{6,12}")
_DAY = "this is no day of the calendar"

CHECKS: Mapping[str, tuple[ScanProblemCode, Callable[[str, int], bool], str]] = {
    "csum": (
        ScanProblemCode.WRONG_CHECK_DIGIT,
        lambda value, length: has_check_digit(value[:length]),
        "the check digit is wrong, so a digit was misread or misprinted",
    ),
    "day0": (
        ScanProblemCode.IMPOSSIBLE_DATE, lambda value, start: _is_day(value, start, may_be_zero=True), _DAY,
    ),
    "day": (
        ScanProblemCode.IMPOSSIBLE_DATE, lambda value, start: _is_day(value, start, may_be_zero=False), _DAY,
    ),
    "time": (ScanProblemCode.IMPOSSIBLE_DATE, _is_time, "this is no time of day"),
    "slot": (
        ScanProblemCode.IMPOSSIBLE_DATE,
        lambda value, start: value[start:] == "9999" or _is_time(value, start),
        "this is no time of day",
    ),
    "piece": (ScanProblemCode.IMPOSSIBLE_VALUE, _is_piece, "this is no piece of a total"),
    "escapes": (
        ScanProblemCode.IMPOSSIBLE_VALUE,
        lambda value, start: _ESCAPES.fullmatch(value, start) is not None,
        "a percent sign starts no pair of hexadecimal digits",
    ),
    "triples": (
        ScanProblemCode.IMPOSSIBLE_VALUE, lambda value, _: len(value) % 3 == 0, "countries have three digits each",
    ),
    "geo": (
        ScanProblemCode.IMPOSSIBLE_VALUE,
        lambda value, _: all(int(value[start : start + 10]) <= limit for start, limit in _GEO),
        "this is no place on earth",
    ),
}  # fmt: skip
