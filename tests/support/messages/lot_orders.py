"""Builders of the fulfillment messages about one product: demands, picks, dispatch checks, dispatches."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import LotSelector, MissingLot
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    HandOver,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.quantities import DeallocatedLot, LotAtLocation, PackedLot, ScannedLotAtLocation, ScannedPickedLot
from tests.support.events import NOW
from tests.support.messages.lots import BIN, OUTBOUND, SHELF, ProductMessages


def missing_lots(selectors: Iterable[LotSelector], remaining: Any = None) -> list[MissingLot]:
    """Selectors as the lots of a short pick."""
    return [MissingLot(**dict(selector), remaining=remaining) for selector in selectors]


class OrderMessages(ProductMessages):
    """Builders of messages about one product and its orders."""

    def order_id(self, number: int) -> str:
        """The id of a numbered order of this product."""
        return f"SO-{self.sku}-{number}"

    def demand_id(self, number: int) -> str:
        """The id of that order's demand."""
        return f"D-{self.sku}-{number}"

    def request_allocation(self, number: int, quantity: Any = 1, **overrides: Any) -> AllocationRequested:
        """A demand; higher numbers have later orders."""
        fields = {
            "order": self.order_id(number), "line": "1", "demand_id": self.demand_id(number), "sku": self.sku,
            "tracking": "LOT", "warehouse": "EAST", "quantity": Decimal(str(quantity)), "customer": "C-1",
            "priority": 5, "placed_at": NOW + timedelta(seconds=number), "shortfall": "BACKORDER",
        }  # fmt: skip
        return AllocationRequested(**(fields | overrides))

    def cancel_allocation(self, number: int) -> AllocationCancelled:
        """The cancellation of a demand."""
        return AllocationCancelled(
            order=self.order_id(number), line="1", demand_id=self.demand_id(number), sku=self.sku, tracking="LOT",
            reason="cancelled",
        )  # fmt: skip

    def _order_fields(self, number: int) -> dict[str, Any]:
        return {"order": self.order_id(number), "line": "1", "demand_id": self.demand_id(number), "sku": self.sku}

    def lot_at_location(self, lot: str, quantity: Any, location: str = SHELF) -> LotAtLocation:
        """A quantity of a lot at a location."""
        return LotAtLocation(lot=lot, quantity=Decimal(str(quantity)), location=location)

    def deallocate(
        self,
        number: int,
        *lots: LotAtLocation,
        reallocate: bool = False,
        variance_id: str | None = None,
        remaining: Any = None,
        hand_over: HandOver | None = None,
    ) -> OrderLotsDeallocated:
        """The deallocation of quantities before their pick; with a variance, they are missing."""
        return OrderLotsDeallocated(
            **self._order_fields(number), reallocate=reallocate, reason="short pick", variance_id=variance_id,
            lots=[DeallocatedLot(**dict(lot), remaining=remaining) for lot in lots], hand_over=hand_over,
        )  # fmt: skip

    def pick(self, number: int, *lots: LotAtLocation, scan: str | None = None) -> OrderLotsPicked:
        """The pick of allocated quantities, by a scan if one is given."""
        scanned = [ScannedLotAtLocation(**dict(lot), scan=scan) for lot in lots]
        return OrderLotsPicked(**self._order_fields(number), lots=scanned, location=OUTBOUND)

    def unpick(self, number: int, lot: str, quantity: Any, location: str = BIN, **overrides: Any) -> OrderLotsUnpicked:
        """The unpick of a picked quantity."""
        lots = [ScannedPickedLot(lot=lot, quantity=Decimal(str(quantity)), location=OUTBOUND)]
        fields = {"lots": lots, "location": location, "reallocate": False, "reason": "unpicked"}
        return OrderLotsUnpicked(**(self._order_fields(number) | fields | overrides))

    def _dispatch_fields(self, number: int, lots: dict[str, Any]) -> dict[str, Any]:
        stock = [
            PackedLot(line="1", sku=self.sku, lot=lot, location=OUTBOUND, quantity=Decimal(str(quantity)))
            for lot, quantity in lots.items()
        ]
        return {
            "order": self.order_id(number), "orders": [self.order_id(number)], "shipment": f"SH-{number}",
            "check_id": "CK-1", "customer": "C-1", "units": [], "stock": stock,
        }  # fmt: skip

    def request_dispatch_check(self, number: int, lots: dict[str, Any], **overrides: Any) -> DispatchCheckRequested:
        """A dispatch check of packed lots."""
        return DispatchCheckRequested(**(self._dispatch_fields(number, lots) | overrides))

    def dispatch(self, number: int, lots: dict[str, Any]) -> OrderDispatched:
        """A dispatch of packed lots."""
        return OrderDispatched(**self._dispatch_fields(number, lots))
