"""When goods may leave no more: one rule, looked at by allocation, pick and dispatch alike (S28).

A day is a day of the warehouse. Goods are good through their expiry date; who demands that N days be left, or stops
picking N days before, takes goods that expire in N days and none that expire in fewer.
"""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

TooLate = Literal["expired", "stop_pick", "min_life"]
"""Why goods are too old: past their date, too near to it for any order, or for this customer or order."""


def today(now: datetime, time_zone: str) -> date:
    """The day it is in a warehouse."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def is_expired(expiry: date | None, day: date) -> bool:
    """Whether goods are past their date; those without one never are."""
    return expiry is not None and day > expiry


def days_left(expiry: date, day: date) -> int:
    """How many days of life are left after this one; negative once expired."""
    return (expiry - day).days


def too_late(expiry: date | None, day: date, stop_pick: int = 0, min_life: int = 0) -> TooLate | None:
    """Why goods may not leave on a day; nothing if they may."""
    if expiry is None:
        return None
    if is_expired(expiry, day):
        return "expired"
    if days_left(expiry, day) < stop_pick:
        return "stop_pick"
    return "min_life" if days_left(expiry, day) < min_life else None


def good_until(expiry: date | None, time_zone: str, stop_pick: int = 0, min_life: int = 0) -> datetime | None:
    """The moment from which goods may not leave any more: the midnight after their last day; none without a date."""
    if expiry is None:
        return None
    refused = expiry - timedelta(days=max(stop_pick, min_life)) + timedelta(days=1)
    return datetime.combine(refused, time(), ZoneInfo(time_zone))


def earliest(day: date, stop_pick: int = 0, min_life: int = 0) -> date:
    """The earliest expiry that goods may have to leave on a day."""
    return day + timedelta(days=max(stop_pick, min_life))
