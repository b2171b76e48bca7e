"""Warranty terms at the ends of months and years."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.product_attributes import Warranty
from shared.inventory.warranty import WarrantyTerm, add_months, warranty_term

DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))
MONTHS = st.integers(1, 1200)


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 2, 28), 24, date(2028, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
    ],
)
def test_ends_of_months(day: date, months: int, end: date) -> None:
    """A shorter month ends the term on its last day; 29 February is kept in leap years only (S46)."""
    assert add_months(day, months) == end


@given(DAYS, MONTHS)
def test_end_is_the_same_day_of_a_later_month(day: date, months: int) -> None:
    """The end is so many months later, on the same day or the last of its month (S46)."""
    end = add_months(day, months)
    assert (end.year - day.year) * 12 + end.month - day.month == months
    assert end.day == min(day.day, monthrange(end.year, end.month)[1])


@given(DAYS, st.integers(0, 400), MONTHS)
def test_later_start_never_ends_earlier(day: date, days: int, months: int) -> None:
    """A unit sold later never has a shorter warranty at its end (S46)."""
    later = min(day + timedelta(days), date(2199, 12, 31))
    assert add_months(day, months) <= add_months(later, months)
    assert add_months(day, months) < add_months(day, months + 1)


@given(DAYS, DAYS, MONTHS)
def test_term_includes_its_first_and_last_day(sold_on: date, manufactured_on: date, months: int) -> None:
    """Both the first and the last day are inside, the days around them are not (S46)."""
    term = warranty_term(Warranty(months=months, starts_at="LABEL_DATE"), sold_on, manufactured_on)
    assert term == WarrantyTerm(manufactured_on, add_months(manufactured_on, months))
    days = (term.starts_on - timedelta(1), term.starts_on, term.ends_on, term.ends_on + timedelta(1))
    assert [term.includes(day) for day in days] == [False, True, True, False]


@given(DAYS, DAYS | st.none(), MONTHS)
def test_term_starts_at_dispatch(sold_on: date, manufactured_on: date | None, months: int) -> None:
    """A term at dispatch ignores the label; one at the label date needs a date on the label (S46)."""
    at_dispatch = warranty_term(Warranty(months=months), sold_on, manufactured_on)
    assert at_dispatch.starts_on == sold_on
    assert warranty_term(Warranty(months=months, starts_at="LABEL_DATE"), sold_on, None) == at_dispatch
