"""Reasons why an allocation skipped stock (S27, S28)."""

from collections.abc import Mapping
from enum import StrEnum

from shared.inventory.expiry import ShelfLifeViolation


class SkipReason(StrEnum):
    """Reasons for skipping stock, as shown to users."""

    ON_HOLD = "on hold"
    UNDER_INVESTIGATION = "under investigation"
    EXPIRED = "expired"
    ALLOCATION_STOPPED = "remaining shelf life too short for allocation"
    INSUFFICIENT_SHELF_LIFE = "remaining shelf life too short for this order"
    LOT_NOT_REQUESTED = "lot not requested"
    LOT_TOO_SMALL = "lot cannot fill the line alone"


SKIP_REASON_BY_VIOLATION: Mapping[ShelfLifeViolation, SkipReason] = {
    "expired": SkipReason.EXPIRED,
    "allocation_stopped": SkipReason.ALLOCATION_STOPPED,
    "insufficient_shelf_life": SkipReason.INSUFFICIENT_SHELF_LIFE,
}
