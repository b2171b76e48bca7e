"""The order of the dates on a label: made today or before, and the other dates not before that."""

from collections.abc import Sequence
from datetime import date

from shared.contracts.problems import Code, ProblemDetail


def are_in_order(manufactured_on: date | None, *later_days: date | None) -> bool:
    """Whether no date on a label precedes its manufacturing date."""
    return manufactured_on is None or all(day is None or day >= manufactured_on for day in later_days)


def require_dates_in_order(manufactured_on: date | None, *later_days: date | None) -> None:
    """Raise an error for a date that precedes the manufacturing date."""
    if not are_in_order(manufactured_on, *later_days):
        raise ValueError("expiry precedes manufactured_on")


def is_in_future(manufactured_on: date | None, today: date) -> bool:
    """Whether goods at hand would have been made after today."""
    return manufactured_on is not None and manufactured_on > today


def future_manufacture_violation(
    manufactured_on: date | None, today: date, subject: str, ids: Sequence[str] = ()
) -> ProblemDetail | None:
    """Return the violation of goods that were made after today, as their label is stated."""
    if not is_in_future(manufactured_on, today):
        return None
    detail = f"{subject} cannot be made on {manufactured_on}: today is {today}"
    return ProblemDetail(code=Code.MANUFACTURED_IN_FUTURE, detail=detail, ids=list(ids))
