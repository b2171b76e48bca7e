"""Builders for orders and allocations of serial numbers."""

from typing import Any

from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested
from shared.contracts.serials import AllocatedUnit, SerialAllocated
from shared.contracts.upstream import Customer, OrderLine, OrderPlaced


def order_line(line_id: str, sku: str = "A", quantity: Any = 1, serials: tuple[str, ...] = ()) -> OrderLine:
    """An order line."""
    return OrderLine.model_validate({"line": line_id, "sku": sku, "quantity": quantity, "serials": list(serials)})


def order_placed(*lines: OrderLine, order_id: str = "SO-1", **overrides: Any) -> OrderPlaced:
    """An order of the given lines, by default of one unit of A."""
    defaults = {
        "warehouse": "EAST",
        "customer": Customer(id="C"),
        "lines": list(lines) or [order_line("1")],
    } | overrides
    return OrderPlaced.model_validate({"order": order_id, **defaults})


def allocation_requests(events: list[Message]) -> list[AllocationRequested]:
    """The allocation requests among events."""
    return [event for event in events if isinstance(event, AllocationRequested)]


def serial_allocated(request: AllocationRequested, *serials: str, **overrides: Any) -> SerialAllocated:
    """An allocation of the given serial numbers."""
    allocated = [AllocatedUnit(serial=serial, location="EAST/A-1") for serial in serials]
    fields = {
        "sku": request.sku,
        "demand_id": request.demand_id,
        "order": request.order,
        "line": request.line,
        "open_quantity": 0,
    }
    return SerialAllocated(**(fields | overrides), allocated=allocated)
