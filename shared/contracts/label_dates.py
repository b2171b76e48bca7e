"""The order of the dates on a label."""

from datetime import date


def are_in_order(manufactured_on: date | None, *later_days: date | None) -> bool:
    """Whether no date on a label precedes its manufacturing date."""
    return manufactured_on is None or all(day is None or day >= manufactured_on for day in later_days)


def require_dates_in_order(manufactured_on: date | None, *later_days: date | None) -> None:
    """Raise an error for a date that precedes the manufacturing date."""
    if not are_in_order(manufactured_on, *later_days):
        raise ValueError("expiry precedes manufactured_on")
