"""State machine of units: the changes allowed in each status, and the resulting status (S04)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from shared.contracts.serials import SerialStatus

STATUSES: tuple[SerialStatus, ...] = get_args(SerialStatus)


class ChangeType(StrEnum):
    """Kind of change of a unit, as recorded in the audit trail."""

    EXPECTED = "expected"
    EXPECTATION_CANCELLED = "expectation cancelled"
    RECEIVED = "received"
    PUT_AWAY = "put away"
    ALLOCATED = "allocated"
    DEALLOCATED = "deallocated"
    DEMAND_CANCELLED = "demand cancelled"
    PICKED = "picked"
    UNPICKED = "unpicked"
    DISPATCHED = "dispatched"
    RETURNED = "returned"

    MOVED = "moved"
    HOLD_PLACED = "hold placed"
    HOLD_RELEASED = "hold released"
    SCRAPPED = "scrapped"
    LOST = "lost"
    FOUND = "found"
    VOID = "void"
    RETURNED_TO_VENDOR = "returned to vendor"
    EXPIRY_CORRECTED = "expiry corrected"


TRANSITIONS: Mapping[tuple[SerialStatus | None, ChangeType], SerialStatus] = MappingProxyType({
    (None, ChangeType.EXPECTED): "EXPECTED",
    ("EXPECTED", ChangeType.EXPECTED): "EXPECTED",
    ("EXPECTED", ChangeType.EXPECTATION_CANCELLED): "EXPECTED",
    (None, ChangeType.RECEIVED): "RECEIVED",
    ("EXPECTED", ChangeType.RECEIVED): "RECEIVED",
    ("RECEIVED", ChangeType.PUT_AWAY): "IN_INVENTORY",
    ("IN_INVENTORY", ChangeType.ALLOCATED): "ALLOCATED",
    ("ALLOCATED", ChangeType.DEALLOCATED): "IN_INVENTORY",
    ("ALLOCATED", ChangeType.DEMAND_CANCELLED): "IN_INVENTORY",
    ("ALLOCATED", ChangeType.PICKED): "PICKED",
    ("PICKED", ChangeType.UNPICKED): "IN_INVENTORY",
    ("PICKED", ChangeType.DISPATCHED): "SHIPPED",
    ("SHIPPED", ChangeType.RETURNED): "RECEIVED",
})  # fmt: skip

ON_HAND: frozenset[SerialStatus] = frozenset({"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"})
UNALLOCATED: frozenset[SerialStatus] = frozenset({"RECEIVED", "IN_INVENTORY"})

NON_STATUS_CHANGES: Mapping[ChangeType, frozenset[SerialStatus]] = MappingProxyType({
    ChangeType.MOVED: UNALLOCATED,
    ChangeType.HOLD_PLACED: ON_HAND,
    ChangeType.HOLD_RELEASED: frozenset(STATUSES),
    ChangeType.SCRAPPED: UNALLOCATED,
    ChangeType.LOST: UNALLOCATED,
    ChangeType.FOUND: UNALLOCATED,
    ChangeType.VOID: UNALLOCATED,
    ChangeType.RETURNED_TO_VENDOR: UNALLOCATED,
    ChangeType.EXPIRY_CORRECTED: ON_HAND | {"SHIPPED"},
})  # fmt: skip
"""Changes that keep the status, audited like transitions, and the statuses in which they are allowed."""


def next_status(status: SerialStatus | None, change: ChangeType) -> SerialStatus | None:
    """Return the status after a change, or None if the change is not allowed."""
    if status is not None and status in NON_STATUS_CHANGES.get(change, ()):
        return status
    return TRANSITIONS.get((status, change))
