"""Warranty terms: fixed when a unit is sold, from its first day through its last (S46)."""

from calendar import monthrange
from datetime import date
from typing import NamedTuple

from shared.contracts.product_attributes import Warranty


class WarrantyTerm(NamedTuple):
    """First and last day of a warranty."""

    starts_on: date
    ends_on: date

    def includes(self, day: date) -> bool:
        """Return whether a day is inside the warranty."""
        return self.starts_on <= day <= self.ends_on


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or its last day if the month is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def warranty_term(warranty: Warranty, sold_on: date, manufactured_on: date | None) -> WarrantyTerm:
    """Return the term of a unit sold on a day; it starts at the sale if the label has no manufacturing date."""
    starts_on = manufactured_on if warranty.starts_at == "LABEL_DATE" and manufactured_on else sold_on
    return WarrantyTerm(starts_on, add_months(starts_on, warranty.months))
