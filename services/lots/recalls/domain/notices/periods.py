"""Periods of expiry, best-by and production dates that a notice names as criteria."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from services.lots.recalls.domain.notices.dates import DATE_ORDERS, DateOrder, Days, FoundDate, find_dates

PeriodKind = Literal["EXPIRY", "MANUFACTURED"]
_EXPIRY = (
    r"exp(?:\.|iry|ires?|iring|iration|iries)?(?: dates?)?|use[ -]by|best(?:[ -]if)?(?: used)?[ -](?:by|before)"
    r"(?: end)?|bbe?d?|sell[ -]by|consume by|freeze by|date codes?|code dates?|dated|coded|mhd|verwendbar bis"
    r"|(?:mindestens )?haltbar bis|verbrauchen bis|dlc|ddm|dluo"
)
_MANUFACTURED = (
    r"manufactur(?:ed|ing)|mfg|mfd|produced|production|pack(?:ed|aged|ing)|made (?:on|between|from|before|after)"
    r"|hergestellt|produziert"
)
_KEYWORD = re.compile(rf"(?<![a-z])(?:(?P<EXPIRY>{_EXPIRY})|(?P<MANUFACTURED>{_MANUFACTURED}))(?![a-z])")
MAX_GAP = 40
"""Characters between a keyword and its date, or between two dates of one keyword."""
_TO = re.compile(r"\W*(?:through|thru|to|until|till|up to|bis|à|-+|\.{2,3})(?: and including)?\W*$")
_AND = re.compile(r"\W*(?:and|und)\W*$")
_BETWEEN = re.compile(r"\b(?:between|from|zwischen|von)\W*$")
_BEFORE = re.compile(r"\b(?:before|prior to|up to(?: and including)?|no later than|earlier than|until|vor|bis)\W*$")
_AFTER = re.compile(r"\b(?:after|from|since|later than|on or after|ab|nach)\W*$")
_OR_BEFORE = re.compile(r"\W*(?:and|or|und|oder) (?:earlier|before|prior|sooner|older|früher)\b")
_OR_AFTER = re.compile(r"\W*(?:(?:and|or|und|oder) (?:later|after|beyond|newer|später)|onwards?)\b")


class Period(NamedTuple):
    """Days from first to last, inclusive; None at an open end."""

    first: date | None
    last: date | None


class FoundPeriod(NamedTuple):
    """A period of a notice: the text, its readings, and where it stands."""

    kind: PeriodKind
    text: str
    readings: Sequence[Period]
    start: int
    end: int


def find_periods(text: str, order: DateOrder | None) -> Iterator[FoundPeriod]:
    """Find the periods of a lower-case text that a keyword marks as criteria; each reading counts."""
    dates = list(find_dates(text))
    keywords = list(_KEYWORD.finditer(text))
    index = 0
    while index < len(dates):
        kind = _kind_of(text, dates, index, keywords)
        if kind is None:
            index += 1
            continue
        used = 2 if index + 1 < len(dates) and _is_range(text, dates[index], dates[index + 1]) else 1
        group = dates[index : index + used]
        start, end = group[0].start, group[-1].end
        yield FoundPeriod(kind, text[start:end], _readings(text, group, order), start, end)
        index += used


def _kind_of(text: str, dates: Sequence[FoundDate], index: int, keywords: Sequence[re.Match[str]]) -> PeriodKind | None:
    """Return what the keyword before a date, or directly behind it, says; other dates may stand between."""
    found = dates[index]
    behind = _KEYWORD.match(text[found.end : found.end + MAX_GAP].lstrip(" (,"))
    before = next((match for match in reversed(keywords) if match.end() <= found.start), None)
    if before is not None:
        ends = [before.end(), *(date.end for date in dates[:index] if date.start >= before.end())]
        starts = [*(date.start for date in dates[:index] if date.start >= before.end()), found.start]
        if all(start - end <= MAX_GAP for end, start in zip(ends, starts, strict=True)):
            return "EXPIRY" if before.group("EXPIRY") else "MANUFACTURED"
    if behind is not None:
        return "EXPIRY" if behind.group("EXPIRY") else "MANUFACTURED"
    return None


def _is_range(text: str, first: FoundDate, last: FoundDate) -> bool:
    gap = text[first.end : last.start]
    return bool(
        _TO.fullmatch(gap)
        or (_AND.fullmatch(gap) and _BETWEEN.search(text[max(0, first.start - MAX_GAP) : first.start]))
    )


def _readings(text: str, group: Sequence[FoundDate], order: DateOrder | None) -> list[Period]:
    if len(group) == 2:
        return _range_readings(group[0], group[1], order)
    behind = text[group[0].end : group[0].end + MAX_GAP]
    before = _KEYWORD.sub("#", text[max(0, group[0].start - MAX_GAP) : group[0].start])  # "best before" is no limit
    is_up_to = bool(_OR_BEFORE.match(behind) or _BEFORE.search(before))
    is_from = bool(_OR_AFTER.match(behind) or _AFTER.search(before))
    return [
        Period(None if is_up_to else days.first, None if is_from else days.last) for days in group[0].in_order(order)
    ]


def _range_readings(first: FoundDate, last: FoundDate, order: DateOrder | None) -> list[Period]:
    orders = (order,) if order else DATE_ORDERS
    pairs = [(first.readings.get(one), last.readings.get(one)) for one in orders]
    readings = [Period(one.first, other.last) for one, other in pairs if one and other and one.first <= other.last]
    if not readings:  # the two dates fit no common order: each may be any of its readings
        days: list[Days] = [*first.in_order(None), *last.in_order(None)]
        readings = [Period(min(day.first for day in days), max(day.last for day in days))]
    return list(dict.fromkeys(readings))
