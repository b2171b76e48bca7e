"""Ledger entries and corrections of lot stock."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.lots.balances.domain.records import DemandRef


class LotChangeType(StrEnum):
    """Types of ledger entries."""

    RECEIVED = "RECEIVED"
    RETURNED = "RETURNED"
    PUT_AWAY = "PUT_AWAY"
    MOVED = "MOVED"
    PICKED = "PICKED"
    UNPICKED = "UNPICKED"
    SHIPPED = "SHIPPED"
    SCRAPPED = "SCRAPPED"
    LOST = "LOST"
    FOUND = "FOUND"
    COUNT_GAIN = "COUNT_GAIN"
    COUNT_LOSS = "COUNT_LOSS"
    RETURNED_TO_VENDOR = "RETURNED_TO_VENDOR"
    NUMBER_CORRECTED = "NUMBER_CORRECTED"

    @property
    def description(self) -> str:
        """The type in words, used as the default reason of a ledger entry."""
        return self.value.lower().replace("_", " ")


COUNT_TYPES = frozenset({LotChangeType.COUNT_GAIN.value, LotChangeType.COUNT_LOSS.value})


class LedgerEntry(NamedTuple):
    """A ledger entry: change of the on-hand quantity at `location` and of the picked quantity at `picked_location`.

    Fields with a default refer to documents, for example a receipt; they are taken from the message of the change.
    """

    change: str
    sku: str
    lot: str
    warehouse: str
    location: str | None
    on_hand: Decimal
    picked_location: str | None
    picked: Decimal
    reason: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    cause_source: str
    cause_id: str
    receipt: str | None = None
    order_id: str | None = None
    line: str | None = None
    demand_id: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    supplier: str | None = None
    document: str | None = None
    other_lot: str | None = None
    """Of a corrected number: the lot that the quantity went to or came from."""
    inferred_from: str | None = None
    """SSCC of the carton whose scan stood for that of the lot."""
    scan: str | None = None
    """What the scanner sent, one scan a line."""


class LaterChange(NamedTuple):
    """Change of the on-hand quantity at a location, or of the quantity picked for a demand there."""

    demand: DemandRef | None
    """Unset for the on-hand quantity."""
    quantity: Decimal
    is_count: bool


def later_changes(entry: LedgerEntry, location: str) -> Iterator[LaterChange]:
    """Yield the changes of a ledger entry at a location."""
    if entry.location == location and entry.on_hand:
        yield LaterChange(None, entry.on_hand, entry.change in COUNT_TYPES)
    if entry.picked_location == location and entry.demand_id and entry.order_id and entry.line:
        yield LaterChange(DemandRef(entry.demand_id, entry.order_id, entry.line), entry.picked, is_count=False)


DOCUMENT_COLUMNS = tuple(LedgerEntry._field_defaults)
"""Columns with the documents that an entry refers to."""


class Correction(NamedTuple):
    """A correction of a lot's dates."""

    sku: str
    lot: str
    previous_expiry: date | None
    expiry: date | None
    previous_manufactured_on: date | None
    manufactured_on: date | None
    previous_best_before: date | None
    best_before: date | None
    reason: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    cause_source: str
    cause_id: str
    scan: str | None
    """What the scanner sent, one scan a line."""
