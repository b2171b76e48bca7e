"""State machine of units: the changes allowed in each status, and the resulting status (S04)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from shared.contracts.serials import SerialStatus

STATUSES: tuple[SerialStatus, ...] = get_args(SerialStatus)


class SerialChangeType(StrEnum):
    """Kind of change of a unit, as recorded in the audit trail."""

    EXPECTED = "EXPECTED"
    EXPECTATION_CANCELLED = "EXPECTATION_CANCELLED"
    RECEIVED = "RECEIVED"
    PUT_AWAY = "PUT_AWAY"
    ALLOCATED = "ALLOCATED"
    DEALLOCATED = "DEALLOCATED"
    DEMAND_CANCELLED = "DEMAND_CANCELLED"
    PICKED = "PICKED"
    UNPICKED = "UNPICKED"
    DISPATCHED = "DISPATCHED"
    RETURNED = "RETURNED"
    SALE_REGISTERED = "SALE_REGISTERED"

    MOVED = "MOVED"
    HOLD_PLACED = "HOLD_PLACED"
    HOLD_RELEASED = "HOLD_RELEASED"
    SCRAPPED = "SCRAPPED"
    LOST = "LOST"
    FOUND = "FOUND"
    VOID = "VOID"
    RETURNED_TO_VENDOR = "RETURNED_TO_VENDOR"
    RETURNED_FROM_VENDOR = "RETURNED_FROM_VENDOR"
    EXPIRY_CORRECTED = "EXPIRY_CORRECTED"
    LOT_CORRECTED = "LOT_CORRECTED"

    @property
    def description(self) -> str:
        """The kind in words, used as the default reason of an audit entry."""
        return self.value.lower().replace("_", " ")


TRANSITIONS: Mapping[tuple[SerialStatus | None, SerialChangeType], SerialStatus] = MappingProxyType({
    (None, SerialChangeType.EXPECTED): "EXPECTED",
    ("EXPECTED", SerialChangeType.EXPECTED): "EXPECTED",
    ("EXPECTED", SerialChangeType.EXPECTATION_CANCELLED): "EXPECTED",
    (None, SerialChangeType.RECEIVED): "RECEIVED",
    ("EXPECTED", SerialChangeType.RECEIVED): "RECEIVED",
    ("RECEIVED", SerialChangeType.PUT_AWAY): "IN_INVENTORY",
    ("IN_INVENTORY", SerialChangeType.ALLOCATED): "ALLOCATED",
    ("ALLOCATED", SerialChangeType.DEALLOCATED): "IN_INVENTORY",
    ("ALLOCATED", SerialChangeType.DEMAND_CANCELLED): "IN_INVENTORY",
    ("ALLOCATED", SerialChangeType.PICKED): "PICKED",
    ("PICKED", SerialChangeType.UNPICKED): "IN_INVENTORY",
    ("PICKED", SerialChangeType.DISPATCHED): "SHIPPED",
    ("SHIPPED", SerialChangeType.RETURNED): "RECEIVED",
    (None, SerialChangeType.SALE_REGISTERED): "SHIPPED",
    ("RECEIVED", SerialChangeType.RETURNED_FROM_VENDOR): "RECEIVED",
    ("IN_INVENTORY", SerialChangeType.RETURNED_FROM_VENDOR): "RECEIVED",
})  # fmt: skip

ON_HAND: frozenset[SerialStatus] = frozenset({"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"})
UNALLOCATED: frozenset[SerialStatus] = frozenset({"RECEIVED", "IN_INVENTORY"})

NON_STATUS_CHANGES: Mapping[SerialChangeType, frozenset[SerialStatus]] = MappingProxyType({
    SerialChangeType.MOVED: UNALLOCATED,
    SerialChangeType.HOLD_PLACED: ON_HAND,
    SerialChangeType.HOLD_RELEASED: frozenset(STATUSES),
    SerialChangeType.SCRAPPED: UNALLOCATED,
    SerialChangeType.LOST: UNALLOCATED,
    SerialChangeType.FOUND: UNALLOCATED,
    SerialChangeType.VOID: UNALLOCATED,
    SerialChangeType.RETURNED_TO_VENDOR: UNALLOCATED,
    SerialChangeType.EXPIRY_CORRECTED: ON_HAND | {"SHIPPED"},
    SerialChangeType.LOT_CORRECTED: ON_HAND | {"SHIPPED"},
})  # fmt: skip
"""Changes that keep the status, audited like transitions, and the statuses in which they are allowed."""

RELEASING_CHANGES = frozenset({
    SerialChangeType.PUT_AWAY, SerialChangeType.DEALLOCATED, SerialChangeType.DEMAND_CANCELLED,
    SerialChangeType.UNPICKED, SerialChangeType.HOLD_RELEASED, SerialChangeType.FOUND,
    SerialChangeType.EXPIRY_CORRECTED, SerialChangeType.LOT_CORRECTED,
})  # fmt: skip
"""Changes after which an open demand may match the unit."""


def next_status(status: SerialStatus | None, change: SerialChangeType) -> SerialStatus | None:
    """Return the status after a change, or None if the change is not allowed."""
    if status is not None and status in NON_STATUS_CHANGES.get(change, ()):
        return status
    return TRANSITIONS.get((status, change))
