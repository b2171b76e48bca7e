"""Short ways to say what the registry is told of one product."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.contracts.commands.serials import PutAway
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    PackedUnit,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, UnitReceived, UnitReturned
from tests.unit.serials.making import BIN, DAWN, DOCK, OUT, SHELF, STAGE


def names(count: int, first: int = 1) -> list[str]:
    """Serials SN-00001, SN-00002, …"""
    return [f"SN-{number:05}" for number in range(first, first + count)]


def parts(serials: Sequence[str], size: int = 500) -> list[list[str]]:
    """Cut serials to fit messages."""
    return [list(serials[start : start + size]) for start in range(0, len(serials), size)]


class Saying:
    """Messages about one product."""

    def __init__(self, sku: str) -> None:
        self.sku = sku

    def plan(self, serials: list[str], version: int = 1, receipt: str = "R-1") -> ReceiptPlanned:
        """An announcement."""
        return ReceiptPlanned(
            receipt=receipt, warehouse="EAST", line="1", sku=self.sku, quantity=max(1, len(serials)), serials=serials,
            versions=[version] * len(serials),
        )  # fmt: skip

    def withdraw(self, serials: list[str], version: int, receipt: str = "R-1") -> ReceiptWithdrawn:
        """An announcement that is over."""
        return ReceiptWithdrawn(
            receipt=receipt, line="1", sku=self.sku, quantity=max(1, len(serials)), serials=serials,
            versions=[version] * len(serials), reason="CANCELLED",
        )  # fmt: skip

    def receive(self, serials: list[str], version: int = 2, receipt: str = "R-1", **label: Any) -> UnitReceived:
        """An arrival, with what the labels say."""
        return UnitReceived(
            receipt=receipt, line="1", sku=self.sku, serials=serials, versions=[version] * len(serials),
            location=DOCK, session="S-1", **label,
        )  # fmt: skip

    def put_away(self, serials: list[str], location: str = SHELF) -> PutAway:
        """A putaway."""
        return PutAway(sku=self.sku, serials=serials, location=location)

    def order(self, number: int) -> str:
        """An order of this product's own."""
        return f"SO-{self.sku}-{number}"

    def demand(self, number: int) -> str:
        """Its demand."""
        return f"D-{self.sku}-{number}"

    def want(self, number: int, quantity: int = 1, **more: Any) -> AllocationRequested:
        """A demand; the later its number, the later its order."""
        fields = {
            "order": self.order(number), "line": "1", "demand": self.demand(number), "sku": self.sku,
            "tracking": "SERIAL", "warehouse": "EAST", "quantity": quantity, "customer": "C-1", "priority": 5,
            "placed_at": DAWN + timedelta(seconds=number), "shortfall": "WAIT",
        }  # fmt: skip
        return AllocationRequested(**(fields | more))

    def give_up(self, number: int) -> AllocationWithdrawn:
        """A demand that is over."""
        return AllocationWithdrawn(
            order=self.order(number), line="1", demand=self.demand(number), sku=self.sku, tracking="SERIAL",
            reason="cancelled",
        )  # fmt: skip

    def _of(self, number: int, serials: list[str]) -> dict[str, Any]:
        fields = {"order": self.order(number), "line": "1", "demand": self.demand(number)}
        return fields | {"sku": self.sku, "serials": serials}

    def deallocate(self, number: int, serials: list[str], **more: Any) -> UnitDeallocated:
        """Units given back before their pick."""
        return UnitDeallocated(**self._of(number, serials), **({"again": False, "reason": "short pick"} | more))

    def pick(self, number: int, serials: list[str]) -> UnitPicked:
        """Units picked."""
        return UnitPicked(**self._of(number, serials), location=OUT)

    def unpick(self, number: int, serials: list[str], *, again: bool = False) -> UnitUnpicked:
        """Picked units put back."""
        return UnitUnpicked(**self._of(number, serials), location=BIN, again=again, reason="unpicked")

    def _packed(self, number: int, serials: list[str]) -> dict[str, Any]:
        return {
            "order": self.order(number), "orders": [self.order(number)], "shipment": f"SH-{number}", "check": "CK-1",
            "customer": "C-1", "units": [PackedUnit(line="1", sku=self.sku, serial=serial) for serial in serials],
        }  # fmt: skip

    def check(self, number: int, serials: list[str]) -> DispatchRequested:
        """The question before a dispatch."""
        return DispatchRequested(**self._packed(number, serials))

    def dispatch(self, number: int, serials: list[str]) -> DispatchDone:
        """A dispatch that has happened."""
        return DispatchDone(**self._packed(number, serials))

    def give_back(self, number: int, serials: list[str], version: int, return_id: str = "RMA-1") -> UnitReturned:
        """Units that came back from their customer."""
        return UnitReturned(
            return_id=return_id, order=self.order(number), customer="C-1", sku=self.sku, serials=serials,
            versions=[version] * len(serials), location=STAGE, hold=return_id, reason="wrong size",
        )  # fmt: skip
