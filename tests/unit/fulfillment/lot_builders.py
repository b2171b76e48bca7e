"""Builders for lot-tracked orders, allocations and commands."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import LotSelector, MissingLot, PickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested
from shared.contracts.lots import AllocatedLot, LotAllocated
from tests.unit.fulfillment.in_memory import LOT, NONE, NOW, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed

TODAY = NOW.date()
LATE_EXPIRY = TODAY + timedelta(days=100)
LotAtLocationQuantity = tuple[str, str, Any]


def stocked_fulfillment() -> InMemoryFulfillment:
    """An order SO-1 of 10 of M; 4 of lot L1 at A-1 and 3.5 of L2 at A-2 are allocated."""
    fulfillment = InMemoryFulfillment(("A",))
    fulfillment.products |= {"M": LOT, "N": NONE}
    (demand,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 10))))
    fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 4), ("L2", "EAST/A-2", "3.5"), open_quantity="2.5"))
    return fulfillment


def lot_allocated(
    request: AllocationRequested,
    *quantities: LotAtLocationQuantity,
    expiry: date | None = LATE_EXPIRY,
    **overrides: Any,
) -> LotAllocated:
    """An allocation of the given quantities."""
    allocated = [
        AllocatedLot(lot=lot, location=location, quantity=Decimal(quantity), expiry=expiry)
        for lot, location, quantity in quantities
    ]
    fields = {
        "sku": request.sku,
        "demand_id": request.demand_id,
        "order": request.order,
        "line": request.line,
        "open_quantity": 0,
    }
    return LotAllocated(**(fields | overrides), allocated=allocated)


def lot_selector(lot: str, quantity: Any, sku: str = "M", **overrides: Any) -> MissingLot:
    """A selector for a lot quantity; of a short pick with what remains."""
    return MissingLot(sku=sku, lot=lot, quantity=Decimal(quantity), **overrides)


def pick_command(*selectors: LotSelector, order_id: str = "SO-1") -> PickItems:
    """A pick to the staging location."""
    return PickItems(order=order_id, stock=list(selectors), location="EAST/STAGE")


def allocated_lots(fulfillment: InMemoryFulfillment) -> list[tuple[str, str, str]]:
    """Lot, status and quantity of the allocated lots."""
    return sorted((lot.lot, lot.status, f"{lot.quantity.normalize():f}") for lot in fulfillment.uow.lots)


def events_of(events: list[Message], event_type: type[Message]) -> list[Any]:
    """The events of one type."""
    return [event for event in events if isinstance(event, event_type)]


def lot_quantities(event: Any) -> list[tuple[Any, ...]]:
    """Lot, location and quantity of the lots of an event."""
    return [(lot.lot, getattr(lot, "location", None), float(lot.quantity)) for lot in event.lots]
