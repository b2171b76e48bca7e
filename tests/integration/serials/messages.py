"""Builders of the messages that serials consumes about one product, and units in recall events."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
    PackedSerial,
)
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsReceived,
)
from tests.integration.serials.conftest import SerialsHarness
from tests.support.events import NOW
from tests.support.messages.serials import BIN, DOCK, OUTBOUND, SHELF, STAGE


def serial_numbers(count: int, first: int = 1) -> list[str]:
    """Return the serials SN-00001, SN-00002, …"""
    return [f"SN-{number:05}" for number in range(first, first + count)]


def split_serials(serials: Sequence[str], size: int = 500) -> list[list[str]]:
    """Split serials into batches that fit a message."""
    return [list(serials[start : start + size]) for start in range(0, len(serials), size)]


class ProductMessages:
    """Builder of messages about one product."""

    def __init__(self, sku: str) -> None:
        self.sku = sku

    def expect(self, serials: list[str], version: int = 1, receipt: str = "R-1") -> ReceiptLineExpected:
        """Build the expectation of serials on a receipt line."""
        return ReceiptLineExpected(
            receipt=receipt, warehouse="EAST", line="1", sku=self.sku, quantity=max(1, len(serials)), serials=serials,
            versions=[version] * len(serials),
        )  # fmt: skip

    def cancel_expectation(self, serials: list[str], version: int, receipt: str = "R-1") -> ReceiptLineCancelled:
        """Build the cancellation of an expectation."""
        return ReceiptLineCancelled(
            receipt=receipt, line="1", sku=self.sku, quantity=max(1, len(serials)), serials=serials,
            versions=[version] * len(serials), reason="CANCELLED",
        )  # fmt: skip

    def receive(
        self, serials: list[str], version: int = 2, receipt: str = "R-1", **label: Any
    ) -> ReceiptSerialsReceived:
        """Build the receipt of serials with the data of their labels."""
        return ReceiptSerialsReceived(
            receipt=receipt, line="1", sku=self.sku, serials=serials, versions=[version] * len(serials),
            location=DOCK, session="S-1", **label,
        )  # fmt: skip

    def put_away(self, serials: list[str], location: str = SHELF) -> PutAwaySerials:
        """Build a putaway command."""
        return PutAwaySerials(sku=self.sku, serials=serials, location=location)

    def order_id(self, number: int) -> str:
        """Return the id of an order of this product."""
        return f"SO-{self.sku}-{number}"

    def demand_id(self, number: int) -> str:
        """Return the id of the order's demand."""
        return f"D-{self.sku}-{number}"

    def request_allocation(self, number: int, quantity: int = 1, **overrides: Any) -> AllocationRequested:
        """Build an allocation request; a higher number means a later order."""
        fields = {
            "order": self.order_id(number), "line": "1", "demand_id": self.demand_id(number), "sku": self.sku,
            "tracking": "SERIAL", "warehouse": "EAST", "quantity": quantity, "customer": "C-1", "priority": 5,
            "placed_at": NOW + timedelta(seconds=number), "shortfall": "BACKORDER",
        }  # fmt: skip
        return AllocationRequested(**(fields | overrides))

    def cancel_allocation(self, number: int) -> AllocationCancelled:
        """Build the cancellation of a demand."""
        return AllocationCancelled(
            order=self.order_id(number), line="1", demand_id=self.demand_id(number), sku=self.sku, tracking="SERIAL",
            reason="cancelled",
        )  # fmt: skip

    def _order_fields(self, number: int, serials: list[str]) -> dict[str, Any]:
        fields = {"order": self.order_id(number), "line": "1", "demand_id": self.demand_id(number)}
        return fields | {"sku": self.sku, "serials": serials}

    def deallocate(self, number: int, serials: list[str], **overrides: Any) -> OrderSerialsDeallocated:
        """Build the deallocation of units."""
        return OrderSerialsDeallocated(
            **(self._order_fields(number, serials) | {"reallocate": False, "reason": "short pick"} | overrides)
        )

    def pick(self, number: int, serials: list[str]) -> OrderSerialsPicked:
        """Build the pick of units."""
        return OrderSerialsPicked(**self._order_fields(number, serials), location=OUTBOUND)

    def unpick(
        self, number: int, serials: list[str], *, reallocate: bool = False, lost: bool = False
    ) -> OrderSerialsUnpicked:
        """Build the unpick of units."""
        return OrderSerialsUnpicked(
            **self._order_fields(number, serials), location=BIN, reallocate=reallocate, reason="unpicked", lost=lost
        )

    def _dispatch_fields(self, number: int, serials: list[str]) -> dict[str, Any]:
        return {
            "order": self.order_id(number), "orders": [self.order_id(number)], "shipment": f"SH-{number}",
            "check_id": "CK-1", "customer": "C-1",
            "units": [PackedSerial(line="1", sku=self.sku, serial=serial) for serial in serials],
        }  # fmt: skip

    def request_dispatch_check(self, number: int, serials: list[str]) -> DispatchCheckRequested:
        """Build the request of a dispatch check."""
        return DispatchCheckRequested(**self._dispatch_fields(number, serials))

    def dispatch(self, number: int, serials: list[str]) -> OrderDispatched:
        """Build the dispatch of an order."""
        return OrderDispatched(**self._dispatch_fields(number, serials))

    def return_from_customer(
        self, number: int, serials: list[str], version: int, return_id: str = "RMA-1"
    ) -> ReturnSerialsReceived:
        """Build the receipt of returned units."""
        return ReturnSerialsReceived(
            return_id=return_id, order=self.order_id(number), customer="C-1", sku=self.sku, serials=serials,
            versions=[version] * len(serials), location=STAGE, hold_id=return_id, reason="wrong size",
        )  # fmt: skip


def recall_opened(harness: SerialsHarness, recall: str = "RC-1", **criteria: Any) -> RecallOpened:
    """Build a recall of the test's product."""
    return RecallOpened(recall=recall, sku=harness.sku, hold_id=f"{recall}-hold", reason="sharp edges", **criteria)


def units_by_serial(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the units in recall events by serial; the last event counts."""
    return {unit["serial"]: unit for event in events for unit in event["units"]}
