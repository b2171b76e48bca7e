"""Short ways to say what orders do with a product: want it, give it up, pick it, ask to leave, leave."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.counted import LotAt, LotQuantity, PackedStock
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from tests.unit.lots.making import BIN, OUT, SHELF, Saying

DAWN = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Ordering(Saying):
    """Messages about one product, and about the orders that want it."""

    def order(self, number: int) -> str:
        """An order of this product's own."""
        return f"SO-{self.sku}-{number}"

    def demand(self, number: int) -> str:
        """Its demand."""
        return f"D-{self.sku}-{number}"

    def want(self, number: int, quantity: Any = 1, **more: Any) -> AllocationRequested:
        """A demand; the later its number, the later its order."""
        fields = {
            "order": self.order(number), "line": "1", "demand": self.demand(number), "sku": self.sku,
            "tracking": "LOT", "warehouse": "EAST", "quantity": Decimal(str(quantity)), "customer": "C-1",
            "priority": 5, "placed_at": DAWN + timedelta(seconds=number), "shortfall": "WAIT",
        }  # fmt: skip
        return AllocationRequested(**(fields | more))

    def give_up(self, number: int) -> AllocationWithdrawn:
        """A demand that is over."""
        return AllocationWithdrawn(
            order=self.order(number), line="1", demand=self.demand(number), sku=self.sku, tracking="LOT",
            reason="cancelled",
        )  # fmt: skip

    def _of(self, number: int) -> dict[str, Any]:
        return {"order": self.order(number), "line": "1", "demand": self.demand(number), "sku": self.sku}

    def at(self, lot: str, quantity: Any, location: str = SHELF) -> LotAt:
        """So much of a lot at a place."""
        return LotAt(lot=lot, quantity=Decimal(str(quantity)), location=location)

    def deallocate(self, number: int, *lots: LotAt, again: bool = False, hold: str | None = None) -> StockDeallocated:
        """Quantities given back before their pick."""
        return StockDeallocated(**self._of(number), lots=list(lots), again=again, reason="short pick", hold=hold)

    def pick(self, number: int, *lots: LotAt) -> StockPicked:
        """Quantities picked."""
        return StockPicked(**self._of(number), lots=list(lots), location=OUT)

    def unpick(
        self, number: int, lot: str, quantity: Any, location: str = BIN, *, again: bool = False
    ) -> StockUnpicked:
        """A picked quantity put back."""
        lots = [LotQuantity(lot=lot, quantity=Decimal(str(quantity)))]
        return StockUnpicked(**self._of(number), lots=lots, location=location, again=again, reason="unpicked")

    def _packed(self, number: int, lots: dict[str, Any]) -> dict[str, Any]:
        stock = [
            PackedStock(line="1", sku=self.sku, lot=lot, quantity=Decimal(str(quantity)))
            for lot, quantity in lots.items()
        ]
        return {
            "order": self.order(number), "orders": [self.order(number)], "shipment": f"SH-{number}", "check": "CK-1",
            "customer": "C-1", "units": [], "stock": stock,
        }  # fmt: skip

    def check(self, number: int, lots: dict[str, Any], **more: Any) -> DispatchRequested:
        """The question before a dispatch."""
        return DispatchRequested(**(self._packed(number, lots) | more))

    def dispatch(self, number: int, lots: dict[str, Any]) -> DispatchDone:
        """A dispatch that has happened."""
        return DispatchDone(**self._packed(number, lots))
