"""Short ways to say what lots is told of one product."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared.contracts.commands.lots import AdjustLot, CorrectLot, CountLot, HoldLot, LiftLot, MoveLot, PutAwayLot
from shared.contracts.counted import LotQuantity
from shared.contracts.receiving import ReceivedLot, StockDisposed, StockReceived, StockReturned
from shared.contracts.reference import LocationType

DOCK, STAGE, OUT = "EAST/DOCK", "EAST/STAGE", "EAST/OUT"
SHELF, BIN, RACK = "EAST/A-01", "EAST/A-02", "EAST/A-03"
FAR = "WEST/B-01"
PLACES: dict[str, LocationType] = {
    DOCK: "DOCK", STAGE: "STAGING", OUT: "STAGING", SHELF: "STORAGE", BIN: "STORAGE", RACK: "STORAGE",
    "EAST/A-04": "STORAGE", "EAST/A-05": "STORAGE", FAR: "STORAGE", "WEST/DOCK": "DOCK",
}  # fmt: skip
SPRING, SUMMER = date(2027, 3, 31), date(2027, 6, 30)


class Saying:
    """Messages about one product."""

    def __init__(self, sku: str = "A-1") -> None:
        self.sku = sku

    def came(self, lot: str, quantity: Any = 10, expiry: date | None = SPRING, **more: Any) -> ReceivedLot:
        """So much of a lot, with its label."""
        return ReceivedLot(lot=lot, quantity=Decimal(str(quantity)), expiry=expiry, **more)

    def receive(self, *lots: ReceivedLot, receipt: str = "R-1", location: str = DOCK) -> StockReceived:
        """An arrival."""
        return StockReceived(
            receipt=receipt, line="1", sku=self.sku, tracking="LOT", lots=list(lots), location=location,
            session="S-1", supplier="Dairy",
        )  # fmt: skip

    def put_away(self, lot: str, quantity: Any = 10, location: str = SHELF, from_location: str = DOCK) -> PutAwayLot:
        """A putaway."""
        return PutAwayLot(
            sku=self.sku, lot=lot, quantity=Decimal(str(quantity)), from_location=from_location, location=location
        )

    def move(self, lot: str, quantity: Any, location: str, from_location: str = SHELF) -> MoveLot:
        """A move."""
        return MoveLot(
            sku=self.sku, lot=lot, quantity=Decimal(str(quantity)), from_location=from_location, location=location
        )

    def hold(self, lot: str, hold: str, location: str | None = None, reason: str = "suspicion") -> HoldLot:
        """A hold."""
        return HoldLot(sku=self.sku, lot=lot, location=location, hold=hold, role="quality", reason=reason)

    def lift(self, hold: str) -> LiftLot:
        """Its end."""
        return LiftLot(sku=self.sku, hold=hold, reason="cleared")

    def adjust(self, lot: str, quantity: Any, what: Any, location: str = SHELF) -> AdjustLot:
        """An adjustment."""
        return AdjustLot(
            sku=self.sku, lot=lot, quantity=Decimal(str(quantity)), location=location, adjustment=what, reason="damp"
        )

    def count(self, lot: str, counted: Any, location: str = SHELF) -> CountLot:
        """A count."""
        return CountLot(sku=self.sku, lot=lot, counted=Decimal(str(counted)), location=location, reason="stocktaking")

    def correct(self, lot: str, expiry: date | None, **more: Any) -> CorrectLot:
        """A correction of dates."""
        return CorrectLot(sku=self.sku, lot=lot, expiry=expiry, reason="misread", **more)

    def back(self, lot: str, quantity: Any, return_id: str = "RMA-1", location: str = STAGE) -> StockReturned:
        """Goods that a customer sent back."""
        return StockReturned(
            return_id=return_id, order="SO-1", customer="C-1", sku=self.sku, location=location, hold=return_id,
            lots=[LotQuantity(lot=lot, quantity=Decimal(str(quantity)))], reason="too many",
        )  # fmt: skip

    def dispose(
        self, lot: str, quantity: Any, disposition: Any, return_id: str = "RMA-1", location: str = STAGE
    ) -> StockDisposed:
        """What becomes of them."""
        return StockDisposed(
            return_id=return_id, sku=self.sku, location=location, hold=return_id, disposition=disposition,
            lots=[LotQuantity(lot=lot, quantity=Decimal(str(quantity)))], reason="looked at",
        )  # fmt: skip
