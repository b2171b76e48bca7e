"""Shelf-life rule for allocation, picking and dispatch (S28).

Days are calendar days of the warehouse. Stock is usable through its expiry date. A minimum of N remaining days admits
stock that expires in N days, and none that expires in fewer.
"""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

ShelfLifeViolation = Literal["expired", "allocation_stopped", "insufficient_shelf_life"]
"""Expired, within the stop-allocation period, or below the minimum remaining shelf life of the order."""


def today(now: datetime, time_zone: str) -> date:
    """Return the current date in a time zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()


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
