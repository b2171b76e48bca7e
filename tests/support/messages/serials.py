"""Builders of the messages that serials consumes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    PackedSerial,
)
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsReceived,
)
from shared.contracts.reference import LocationType
from tests.support.events import NOW

DOCK, STAGE, SHELF, BIN, OUTBOUND = "EAST/DOCK", "EAST/STAGE", "EAST/A-01", "EAST/A-02", "EAST/OUT"
WEST_SHELF = "WEST/B-01"
TYPES: Mapping[str, LocationType] = {
    DOCK: "DOCK",
    STAGE: "STAGING",
    OUTBOUND: "STAGING",
    SHELF: "STORAGE",
    BIN: "STORAGE",
    WEST_SHELF: "STORAGE",
}


def serial_numbers(quantity: int, first: int = 1) -> list[str]:
    """Return the serials SN-1, SN-2, …"""
    return [f"SN-{number}" for number in range(first, first + quantity)]


def expect(serials: list[str], version: int = 1, receipt: str = "R-1") -> ReceiptLineExpected:
    """Build the expectation of serials on a receipt line."""
    return ReceiptLineExpected(
        receipt=receipt, warehouse="EAST", line="1", sku="A-1", quantity=max(1, len(serials)), serials=serials,
        versions=[version] * len(serials),
    )  # fmt: skip


def receive(serials: list[str], version: int = 2, receipt: str = "R-1", **label: Any) -> ReceiptSerialsReceived:
    """Build the receipt of serials with the data of their labels."""
    return ReceiptSerialsReceived(
        receipt=receipt, line="1", sku="A-1", serials=serials, versions=[version] * len(serials), location=DOCK,
        session="S-1", **label,
    )  # fmt: skip


def request_allocation(demand_id: str, quantity: int, **overrides: Any) -> AllocationRequested:
    """Build an allocation request; a higher number means a later order."""
    fields = {
        "order": f"SO-{demand_id}", "line": "1", "demand_id": demand_id, "sku": "A-1", "tracking": "SERIAL",
        "warehouse": "EAST", "quantity": quantity, "customer": "C-1", "priority": 5,
        "placed_at": NOW + timedelta(minutes=int(demand_id[1:])), "shortfall": "BACKORDER",
    }  # fmt: skip
    return AllocationRequested(**(fields | overrides))


def order_fields(demand_id: str, serials: list[str], **overrides: Any) -> dict[str, Any]:
    """Return the common fields of events of fulfillment."""
    return {
        "order": f"SO-{demand_id}",
        "line": "1",
        "demand_id": demand_id,
        "sku": "A-1",
        "serials": serials,
    } | overrides


def order_dispatched(serials: list[str], order: str = "SO-D1") -> OrderDispatched:
    """Build the dispatch of an order."""
    units = [PackedSerial(line="1", sku="A-1", serial=serial) for serial in serials]
    return OrderDispatched(order=order, orders=[order], shipment="SH-1", check_id="CK-1", customer="C-1", units=units)


def request_dispatch_check(serials: list[str], order: str = "SO-D1") -> DispatchCheckRequested:
    """Build the request of a dispatch check."""
    units = [PackedSerial(line="1", sku="A-1", serial=serial) for serial in serials]
    return DispatchCheckRequested(
        order=order, orders=[order], shipment="SH-1", check_id="CK-1", customer="C-1", units=units
    )


def cancel_expectation(
    serials: list[str], version: int, receipt: str = "R-1", reason: Any = "CANCELLED"
) -> ReceiptLineCancelled:
    """Build the cancellation of an expectation."""
    return ReceiptLineCancelled(
        receipt=receipt, line="1", sku="A-1", quantity=max(1, len(serials)), serials=serials,
        versions=[version] * len(serials), reason=reason,
    )  # fmt: skip


def cancel_allocation(demand_id: str) -> AllocationCancelled:
    """Build the cancellation of a demand."""
    return AllocationCancelled(
        order=f"SO-{demand_id}", line="1", demand_id=demand_id, sku="A-1", tracking="SERIAL", reason="cancelled"
    )


def return_from_customer(
    serials: list[str], version: int, order: str = "SO-D1", return_id: str = "RMA-1"
) -> ReturnSerialsReceived:
    """Build the receipt of returned units."""
    return ReturnSerialsReceived(
        return_id=return_id, order=order, customer="C-1", sku="A-1", serials=serials, versions=[version] * len(serials),
        location=STAGE, hold_id=return_id, reason="wrong size",
    )  # fmt: skip
