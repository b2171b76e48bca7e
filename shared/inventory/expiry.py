"""Shelf-life rule for allocation, picking and dispatch (S28), and thresholds of expiry alerts (S29).

Days are calendar days of the warehouse. Stock is usable through its expiry date. A minimum of N remaining days admits
stock that expires in N days, and none that expires in fewer.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

ShelfLifeViolation = Literal["expired", "allocation_stopped", "insufficient_shelf_life"]
"""Expired, within the stop-allocation period, or below the minimum remaining shelf life of the order."""

LATEST_TIME_ZONE = timedelta(hours=14)
"""How far the first local day is ahead of UTC."""

NO_NEXT_CHECK = date.max
"""Date of the next expiry check of stock that needs none."""


def today(now: datetime, time_zone: str) -> date:
    """Return the current date in a time zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def latest_day(now: datetime) -> date:
    """Return the current date in the time zone that is ahead of all others."""
    return (now + LATEST_TIME_ZONE).date()


def is_expired(expiry: date | None, day: date) -> bool:
    """Return whether stock has expired; stock without an expiry date never expires."""
    return expiry is not None and day > expiry


def days_left(expiry: date, day: date) -> int:
    """Return the remaining shelf life in days; negative after expiry."""
    return (expiry - day).days


def shelf_life_violation(
    expiry: date | None, day: date, stop_allocation_days: int = 0, min_remaining_days: int = 0
) -> ShelfLifeViolation | None:
    """Return the shelf-life violation of a dispatch on a day, or None."""
    if expiry is None:
        return None
    if is_expired(expiry, day):
        return "expired"
    if days_left(expiry, day) < stop_allocation_days:
        return "allocation_stopped"
    return "insufficient_shelf_life" if days_left(expiry, day) < min_remaining_days else None


def dispatchable_until(
    expiry: date | None, time_zone: str, stop_allocation_days: int = 0, min_remaining_days: int = 0
) -> datetime | None:
    """Return the midnight after the last day of dispatch, or None without an expiry date."""
    if expiry is None:
        return None
    first_blocked_day = expiry - timedelta(days=max(stop_allocation_days, min_remaining_days)) + timedelta(days=1)
    return datetime.combine(first_blocked_day, time(), ZoneInfo(time_zone))


def min_acceptable_expiry(day: date, stop_allocation_days: int = 0, min_remaining_days: int = 0) -> date:
    """Return the earliest acceptable expiry date for a dispatch on a day."""
    return day + timedelta(days=max(stop_allocation_days, min_remaining_days))


def crossed_thresholds(expiry: date, day: date, thresholds: Iterable[int], since: date = date.min) -> list[int]:
    """Return the alert thresholds crossed from one day to another, in the order in which they were crossed."""
    crossed = (days for days in set(thresholds) if since <= expiry - timedelta(days=days) <= day)
    return sorted(crossed, reverse=True)


def next_check_date(expiry: date | None, day: date, thresholds: Iterable[int]) -> date:
    """Return the next date on which a threshold is crossed or the stock has expired."""
    if expiry is None or is_expired(expiry, day):
        return NO_NEXT_CHECK
    upcoming = [expiry - timedelta(days=days) for days in thresholds if days_left(expiry, day) > days]
    return min(upcoming, default=expiry + timedelta(days=1))
