"""Shelf-life rules of pools, and texts of their violations (S28)."""

from collections.abc import Mapping

from services.serials.units.domain.unit import Pool
from shared.inventory.expiry import ShelfLifeViolation
from shared.inventory.shelf_life import ShelfLifeRules

REASON_BY_VIOLATION: Mapping[ShelfLifeViolation, str] = {
    "expired": "expired",
    "allocation_stopped": "remaining shelf life too short for allocation",
    "insufficient_shelf_life": "remaining shelf life too short for this order",
}
"""Texts of the reasons in allocation events."""

ShelfLifeByPool = Mapping[Pool, ShelfLifeRules]
"""Rules of the pools in which a unit has an expiry; the other pools need none."""
