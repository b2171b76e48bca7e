"""Short ways to say what the registry is told."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from services.serials.units.domain.places import Types
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    PackedUnit,
)
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, UnitReceived, UnitReturned

F = TypeVar("F", bound=Fact)
DAWN = datetime(2026, 3, 2, 6, tzinfo=UTC)
_ids = count(1)

DOCK, STAGE, SHELF, BIN, OUT = "EAST/DOCK", "EAST/STAGE", "EAST/A-01", "EAST/A-02", "EAST/OUT"
FAR = "WEST/B-01"
TYPES: Types = {
    DOCK: "DOCK",
    STAGE: "STAGING",
    OUT: "STAGING",
    SHELF: "STORAGE",
    BIN: "STORAGE",
    FAR: "STORAGE",
}


def told(data: F) -> CloudEvent[F]:
    """As an event with an id of its own, a second after the last."""
    number = next(_ids)
    return CloudEvent[F].model_construct(
        id=f"m{number}", source="test", type=data.TYPE, time=DAWN + timedelta(seconds=number), data=data
    )


def names(count_of: int, first: int = 1) -> list[str]:
    """Serials SN-1, SN-2, …"""
    return [f"SN-{number}" for number in range(first, first + count_of)]


def plan(serials: list[str], version: int = 1, receipt: str = "R-1") -> ReceiptPlanned:
    """An announcement."""
    return ReceiptPlanned(
        receipt=receipt, warehouse="EAST", line="1", sku="A-1", quantity=max(1, len(serials)), serials=serials,
        versions=[version] * len(serials),
    )  # fmt: skip


def receive(serials: list[str], version: int = 2, receipt: str = "R-1", **label: Any) -> UnitReceived:
    """An arrival, with what the labels say."""
    return UnitReceived(
        receipt=receipt, line="1", sku="A-1", serials=serials, versions=[version] * len(serials), location=DOCK,
        session="S-1", **label,
    )  # fmt: skip


def want(demand: str, quantity: int, **more: Any) -> AllocationRequested:
    """A demand; the later its number, the later its order."""
    fields = {
        "order": f"SO-{demand}", "line": "1", "demand": demand, "sku": "A-1", "tracking": "SERIAL",
        "warehouse": "EAST", "quantity": quantity, "customer": "C-1", "priority": 5,
        "placed_at": DAWN + timedelta(minutes=int(demand[1:])), "shortfall": "WAIT",
    }  # fmt: skip
    return AllocationRequested(**(fields | more))


def of(demand: str, serials: list[str], **more: Any) -> dict[str, Any]:
    """What a fact of fulfillment says of units."""
    return {"order": f"SO-{demand}", "line": "1", "demand": demand, "sku": "A-1", "serials": serials} | more


def done(serials: list[str], order: str = "SO-D1") -> DispatchDone:
    """A dispatch that has happened."""
    units = [PackedUnit(line="1", sku="A-1", serial=serial) for serial in serials]
    return DispatchDone(order=order, orders=[order], shipment="SH-1", check="CK-1", customer="C-1", units=units)


def check(serials: list[str], order: str = "SO-D1") -> DispatchRequested:
    """The question before a dispatch."""
    units = [PackedUnit(line="1", sku="A-1", serial=serial) for serial in serials]
    return DispatchRequested(order=order, orders=[order], shipment="SH-1", check="CK-1", customer="C-1", units=units)


def withdraw(serials: list[str], version: int, receipt: str = "R-1", reason: Any = "CANCELLED") -> ReceiptWithdrawn:
    """An announcement that is over."""
    return ReceiptWithdrawn(
        receipt=receipt, line="1", sku="A-1", quantity=max(1, len(serials)), serials=serials,
        versions=[version] * len(serials), reason=reason,
    )  # fmt: skip


def give_up(demand: str) -> AllocationWithdrawn:
    """A demand that is over."""
    return AllocationWithdrawn(
        order=f"SO-{demand}", line="1", demand=demand, sku="A-1", tracking="SERIAL", reason="cancelled"
    )


def back(serials: list[str], version: int, order: str = "SO-D1", return_id: str = "RMA-1") -> UnitReturned:
    """Units that a customer sent back."""
    return UnitReturned(
        return_id=return_id, order=order, customer="C-1", sku="A-1", serials=serials, versions=[version] * len(serials),
        location=STAGE, hold=return_id, reason="wrong size",
    )  # fmt: skip
