"""The expiry date of stock by the dates on its label and the policy of its product (S24)."""

from datetime import date
from typing import NamedTuple

from shared.contracts.product_attributes import ExpirySource, ShelfLifePolicy

LATEST_DAY = date(2199, 12, 31)
"""Latest date that messages accept."""


class EffectiveExpiry(NamedTuple):
    """The date that guards stock, and its source unless it is the expiry date on the label."""

    day: date | None
    source: ExpirySource | None = None


def effective_expiry(
    policy: ShelfLifePolicy, expiry: date | None, manufactured_on: date | None, best_before: date | None
) -> EffectiveExpiry:
    """Return the best-before date of a BEST_BEFORE product, or the date on the label, or one from the shelf life.

    The earlier of two dates guards. A date on the label is never replaced by one from the shelf life.
    """
    if policy.expiry_basis == "BEST_BEFORE" and best_before and (expiry is None or best_before <= expiry):
        return EffectiveExpiry(best_before, "BEST_BEFORE")
    if expiry is None and manufactured_on and policy.shelf_life_days is not None:
        last_day = min(manufactured_on.toordinal() + policy.shelf_life_days, LATEST_DAY.toordinal())
        return EffectiveExpiry(date.fromordinal(last_day), "SHELF_LIFE_DAYS")
    return EffectiveExpiry(expiry)
