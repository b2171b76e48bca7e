"""Minimum remaining shelf life of units for allocation and dispatch (S28)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from services.serials.units.domain.unit import Pool, Unit
from shared.contracts.problems import Code
from shared.contracts.upstream import ShelfLifePolicy
from shared.inventory import expiry

REASON_BY_VIOLATION: Mapping[expiry.ShelfLifeViolation, str] = {
    "expired": "expired",
    "allocation_stopped": "remaining shelf life too short for allocation",
    "insufficient_shelf_life": "remaining shelf life too short for this order",
}
"""Texts of the reasons in allocation events."""


class ShelfLifeRules(NamedTuple):
    """Shelf-life rules of a product in a warehouse on a local date; without a policy there are no limits."""

    time_zone: str
    policy: ShelfLifePolicy
    local_date: date

    @classmethod
    def as_of(cls, now: datetime, time_zone: str = "UTC", policy: ShelfLifePolicy | None = None) -> "ShelfLifeRules":
        """Return the rules at an instant."""
        return cls(time_zone, policy or ShelfLifePolicy(), expiry.today(now, time_zone))

    def at(self, instant: datetime) -> "ShelfLifeRules":
        """Return the same rules at another instant."""
        return self._replace(local_date=expiry.today(instant, self.time_zone))

    def allocation_violation(self, unit: Unit, min_days: int) -> expiry.ShelfLifeViolation | None:
        """Return why a unit is not allocated to an order that requires a number of days."""
        return expiry.shelf_life_violation(unit.expiry, self.local_date, self.policy.stop_allocation_days, min_days)

    def min_acceptable_expiry(self, min_days: int) -> date:
        """Return the earliest expiry that such an order accepts."""
        return expiry.min_acceptable_expiry(self.local_date, self.policy.stop_allocation_days, min_days)

    def dispatch_violation(self, unit: Unit, customer: str, requested_days: int = 0) -> tuple[Code, str] | None:
        """Return why a unit may not ship with an order of a customer."""
        days = self.policy.min_remaining_shelf_life(customer, requested_days)
        violation = expiry.shelf_life_violation(unit.expiry, self.local_date, min_remaining_days=days)
        if violation == "expired":
            return Code.EXPIRED, f"expired on {unit.expiry}"
        detail = f"expires on {unit.expiry}, {days} days of remaining shelf life required"
        return (Code.INSUFFICIENT_SHELF_LIFE, detail) if violation else None

    def dispatchable_until(self, unit: Unit, customer: str, requested_days: int = 0) -> datetime | None:
        """Return the instant from which the unit may not ship."""
        return expiry.dispatchable_until(
            unit.expiry,
            self.time_zone,
            min_remaining_days=self.policy.min_remaining_shelf_life(customer, requested_days),
        )


ShelfLifeByPool = Mapping[Pool, ShelfLifeRules]
"""Rules of the pools in which a unit has an expiry; the other pools need none."""
