"""Shelf-life rules of a product in a warehouse: limits for allocation and dispatch (S28)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.contracts.problems import Code
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory import expiry
from shared.inventory.skip_reason import SKIP_REASON_BY_VIOLATION, SkipReason

APPROVAL_TTL = timedelta(minutes=15)
"""Maximum validity of a dispatch approval, which reserves nothing."""


class ShelfLifeRules(NamedTuple):
    """Shelf-life policy of a product on a local date of a warehouse."""

    time_zone: str
    policy: ShelfLifePolicy
    local_date: date

    @classmethod
    def as_of(cls, now: datetime, time_zone: str = "UTC", policy: ShelfLifePolicy | None = None) -> "ShelfLifeRules":
        """Return the rules at an instant; without a policy there are no limits."""
        return cls(time_zone, policy or ShelfLifePolicy(), expiry.today(now, time_zone))

    def at(self, instant: datetime) -> "ShelfLifeRules":
        """Return the same rules at another instant."""
        return self._replace(local_date=expiry.today(instant, self.time_zone))

    def skip_reason(self, expiry_date: date | None, min_days: int = 0) -> SkipReason | None:
        """Return why stock is not allocated to an order that requires a number of days."""
        stop_days = self.policy.stop_allocation_days
        violation = expiry.shelf_life_violation(expiry_date, self.local_date, stop_days, min_days)
        return SKIP_REASON_BY_VIOLATION[violation] if violation else None

    def min_acceptable_expiry(self, min_days: int) -> date:
        """Return the earliest expiry that such an order accepts."""
        return expiry.min_acceptable_expiry(self.local_date, self.policy.stop_allocation_days, min_days)

    def dispatch_violation(
        self, expiry_date: date | None, customer: str, requested_days: int = 0
    ) -> tuple[Code, str] | None:
        """Return why stock may not ship with an order of a customer."""
        days = self.policy.min_remaining_shelf_life(customer, requested_days)
        violation = expiry.shelf_life_violation(expiry_date, self.local_date, min_remaining_days=days)
        if violation == "expired":
            return Code.EXPIRED, f"expired on {expiry_date}"
        detail = f"expires on {expiry_date}, {days} days of remaining shelf life required"
        return (Code.INSUFFICIENT_SHELF_LIFE, detail) if violation else None

    def dispatchable_until(self, expiry_date: date | None, customer: str, requested_days: int = 0) -> datetime | None:
        """Return the instant from which stock may not ship with such an order."""
        days = self.policy.min_remaining_shelf_life(customer, requested_days)
        return expiry.dispatchable_until(expiry_date, self.time_zone, min_remaining_days=days)


def approval_valid_until(now: datetime, dispatchable_until: Iterable[datetime | None]) -> datetime:
    """Return the end of a dispatch approval: 15 minutes, or less if the last day of an item ends earlier."""
    return min([now + APPROVAL_TTL, *(limit for limit in dispatchable_until if limit)])
