"""The one table of a serialised unit's life: what can happen to it in which status, and where that leads (S04)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from shared.contracts.serials import Status

STATUSES: tuple[Status, ...] = get_args(Status)


class Change(StrEnum):
    """What can happen to a unit; its audit trail says it in these words."""

    PLANNED = "planned"
    EXPECTATION_WITHDRAWN = "expectation withdrawn"
    RECEIVED = "received"
    PUT_AWAY = "put away"
    ALLOCATED = "allocated"
    DEALLOCATED = "deallocated"
    DEMAND_WITHDRAWN = "demand withdrawn"
    PICKED = "picked"
    UNPICKED = "unpicked"
    DISPATCHED = "dispatched"
    RETURNED = "returned"

    MOVED = "moved"
    HELD = "held"
    HOLD_LIFTED = "hold lifted"
    SCRAPPED = "scrapped"
    LOST = "lost"
    FOUND = "found"
    VOID = "void"
    SENT_BACK = "sent back"
    CORRECTED = "expiry corrected"


TRANSITIONS: Mapping[tuple[Status | None, Change], Status] = MappingProxyType({
    (None, Change.PLANNED): "EXPECTED",
    ("EXPECTED", Change.PLANNED): "EXPECTED",
    ("EXPECTED", Change.EXPECTATION_WITHDRAWN): "EXPECTED",
    (None, Change.RECEIVED): "RECEIVED",
    ("EXPECTED", Change.RECEIVED): "RECEIVED",
    ("RECEIVED", Change.PUT_AWAY): "IN_INVENTORY",
    ("IN_INVENTORY", Change.ALLOCATED): "ALLOCATED",
    ("ALLOCATED", Change.DEALLOCATED): "IN_INVENTORY",
    ("ALLOCATED", Change.DEMAND_WITHDRAWN): "IN_INVENTORY",
    ("ALLOCATED", Change.PICKED): "PICKED",
    ("PICKED", Change.UNPICKED): "IN_INVENTORY",
    ("PICKED", Change.DISPATCHED): "SHIPPED",
    ("SHIPPED", Change.RETURNED): "RECEIVED",
})  # fmt: skip

IN_HOUSE: frozenset[Status] = frozenset({"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"})
UNCLAIMED: frozenset[Status] = frozenset({"RECEIVED", "IN_INVENTORY"})

BESIDE: Mapping[Change, frozenset[Status]] = MappingProxyType({
    Change.MOVED: UNCLAIMED,
    Change.HELD: IN_HOUSE,
    Change.HOLD_LIFTED: frozenset(STATUSES),
    Change.SCRAPPED: UNCLAIMED,
    Change.LOST: UNCLAIMED,
    Change.FOUND: UNCLAIMED,
    Change.VOID: UNCLAIMED,
    Change.SENT_BACK: UNCLAIMED,
    Change.CORRECTED: IN_HOUSE | {"SHIPPED"},
})  # fmt: skip
"""What happens beside the status, audited like a transition, and the statuses in which it may."""


def after(status: Status | None, change: Change) -> Status | None:
    """Give the status that a change leads to, or none where it is not allowed."""
    if status is not None and status in BESIDE.get(change, ()):
        return status
    return TRANSITIONS.get((status, change))
