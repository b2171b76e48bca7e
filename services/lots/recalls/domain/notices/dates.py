"""Dates in a notice: days and months in the usual notations, in each order that a numeric date allows."""

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

DateOrder = Literal["DMY", "MDY", "YMD"]
DATE_ORDERS: tuple[DateOrder, ...] = ("DMY", "MDY", "YMD")
_NAMES = (
    ("jan",), ("feb", "fév", "fev"), ("mar", "mär", "mrz"), ("apr", "avr"), ("may", "mai"), ("jun", "juin"),
    ("jul", "juil"), ("aug", "aoû", "aou"), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez", "déc"),
)  # fmt: skip
MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})[a-zûéäo]*\.?"
_YEAR = r"(?:20[0-9]{2}|'?[0-9]{2}(?![0-9]))"
_DAY = r"(?:[0-2]?[0-9]|3[01])(?:st|nd|rd|th|\.)?"
_PATTERNS = {
    "iso": r"20[0-9]{2}(?P<iso_sign>[-/.])[01]?[0-9](?P=iso_sign)[0-3]?[0-9]",
    "day_name": rf"{_DAY}[ /-]?(?:of )?{_MONTH}[ ,/-]{{0,2}}{_YEAR}",
    "name_day": rf"{_MONTH}[ -]?{_DAY},?[ -]?20[0-9]{{2}}",
    "name": rf"{_MONTH}[ ,/-]{{0,2}}{_YEAR}",
    "parts": r"[0-9]{1,2}(?P<sign>[-/. ])[0-9]{1,2}(?P=sign)(?:20)?[0-9]{2}",
    "year_month": r"20[0-9]{2}[-/. ][01]?[0-9]",
    "month_year": r"[01]?[0-9](?:[-/.]| {1,2})20[0-9]{2}",
    "month_short": r"[01]?[0-9]/[0-9]{2}(?!/)",
    "digits": r"(?:20)?[0-9]{6}",
}
_DATE = re.compile(
    rf"(?<![0-9a-z])(?:{'|'.join(f'(?P<{name}>{pattern})' for name, pattern in _PATTERNS.items())})(?![0-9])"
)
_FIRST_YEAR = 2015
"""A reading in an earlier year counts only if it is the only one."""


class Days(NamedTuple):
    """A day or the days of a month."""

    first: date
    last: date


class FoundDate(NamedTuple):
    """A date in a text with its position, and the days that each date order gives it."""

    start: int
    end: int
    readings: dict[DateOrder, Days]

    def in_order(self, order: DateOrder | None) -> list[Days]:
        """Return the readings in an order; all if the order is unknown or does not fit."""
        if order in self.readings:
            return [self.readings[order]]
        return list(dict.fromkeys(self.readings.values()))


def find_dates(text: str) -> Iterator[FoundDate]:
    """Find the dates of a lower-case text."""
    for match in _DATE.finditer(text):
        kind = next(name for name in _PATTERNS if match.group(name))
        readings = {order: period for order, period in _read(kind, match.group(kind)).items() if period}
        recent = {order: period for order, period in readings.items() if period.first.year >= _FIRST_YEAR}
        if readings:
            yield FoundDate(match.start(), match.end(), dict(recent or readings))


def _read(kind: str, text: str) -> dict[DateOrder, Days | None]:
    numbers = [int(number) for number in re.findall(r"[0-9]+", text)]
    if kind == "digits" and len(text) == 6:
        kind, numbers = "parts", [int(text[:2]), int(text[2:4]), int(text[4:])]
    if kind == "parts":
        one, two, three = numbers
        return {
            "DMY": _day(three, two, one), "MDY": _day(three, one, two),
            "YMD": _day(one, two, three) if three < 100 else None,
        }  # fmt: skip
    return dict.fromkeys(DATE_ORDERS, _read_plain(kind, text, numbers))


def _read_plain(kind: str, text: str, numbers: list[int]) -> Days | None:
    name = next((name for name in MONTHS if re.search(rf"(?<![a-z]){name}", text)), None)
    month = MONTHS[name] if name else 0
    match kind:
        case "iso":
            return _day(*numbers)
        case "digits":
            return _day(int(text[:4]), int(text[4:6]), int(text[6:]))
        case "day_name" | "name_day":
            return _day(numbers[1], month, numbers[0])
        case "name":
            return _month(numbers[0], month)
        case "year_month":
            return _month(numbers[0], numbers[1])
        case _:
            return _month(numbers[1], numbers[0])


def _day(year: int, month: int, day: int) -> Days | None:
    try:
        found = date(year if year > 99 else 2000 + year, month, day)
    except ValueError:
        return None
    return Days(found, found)


def _month(year: int, month: int) -> Days | None:
    if not 1 <= month <= 12:
        return None
    year = year if year > 99 else 2000 + year
    return Days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
