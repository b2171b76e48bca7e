"""Builders of the messages that lots consumes about one product."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared.contracts.commands.lot_corrections import CorrectLotDates, CorrectLotNumber
from shared.contracts.commands.lots import AdjustLot, CountLot, MoveLot, PlaceLotHold, PutAwayLot, ReleaseLotHold
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import (
    ReceiptLotsReceived,
    ReceivedLot,
    ReturnedLot,
    ReturnLotsDisposed,
    ReturnLotsReceived,
)
from shared.contracts.reference import LocationType

DOCK, STAGE, OUTBOUND = "EAST/DOCK", "EAST/STAGE", "EAST/OUT"
SHELF, BIN, RACK = "EAST/A-01", "EAST/A-02", "EAST/A-03"
WEST_SHELF = "WEST/B-01"
LOCATION_TYPES: dict[str, LocationType] = {
    DOCK: "DOCK", STAGE: "STAGING", OUTBOUND: "STAGING", SHELF: "STORAGE", BIN: "STORAGE", RACK: "STORAGE",
    "EAST/A-04": "STORAGE", "EAST/A-05": "STORAGE", WEST_SHELF: "STORAGE", "WEST/DOCK": "DOCK",
}  # fmt: skip
EARLY_EXPIRY, LATE_EXPIRY = date(2027, 3, 31), date(2027, 6, 30)


class ProductMessages:
    """Builders of messages about one product."""

    def __init__(self, sku: str = "A-1") -> None:
        self.sku = sku

    def received_lot(
        self, lot: str, quantity: Any = 10, expiry: date | None = EARLY_EXPIRY, **overrides: Any
    ) -> ReceivedLot:
        """A received quantity of a lot with its label data."""
        return ReceivedLot(lot=lot, quantity=Decimal(str(quantity)), expiry=expiry, **overrides)

    def receive(self, *lots: ReceivedLot, receipt: str = "R-1", location: str = DOCK) -> ReceiptLotsReceived:
        """A receipt of lots."""
        return ReceiptLotsReceived(
            receipt=receipt, line="1", sku=self.sku, tracking="LOT", lots=list(lots), location=location,
            session="S-1", supplier="Dairy",
        )  # fmt: skip

    def put_away(self, lot: str, quantity: Any = 10, location: str = SHELF, from_location: str = DOCK) -> PutAwayLot:
        """A putaway command."""
        return PutAwayLot(
            sku=self.sku, lot=lot, quantity=Decimal(str(quantity)), from_location=from_location, location=location
        )

    def move(self, lot: str, quantity: Any, location: str, from_location: str = SHELF) -> MoveLot:
        """A move command."""
        return MoveLot(
            sku=self.sku, lot=lot, quantity=Decimal(str(quantity)), from_location=from_location, location=location
        )

    def place_hold(
        self, lot: str, hold_id: str, location: str | None = None, reason: str = "quality check"
    ) -> PlaceLotHold:
        """A command that places a hold."""
        return PlaceLotHold(
            sku=self.sku, lot=lot, location=location, hold_id=hold_id, owner_role="quality", reason=reason
        )

    def release_hold(self, hold_id: str) -> ReleaseLotHold:
        """A command that releases a hold."""
        return ReleaseLotHold(sku=self.sku, hold_id=hold_id, reason="cleared")

    def adjust(self, lot: str, quantity: Any, adjustment: Any, location: str = SHELF) -> AdjustLot:
        """An adjustment command."""
        return AdjustLot(
            sku=self.sku,
            lot=lot,
            quantity=Decimal(str(quantity)),
            location=location,
            adjustment=adjustment,
            reason="damaged",
        )

    def count(self, lot: str, counted: Any, location: str = SHELF, **overrides: Any) -> CountLot:
        """A count command."""
        return CountLot(
            sku=self.sku, lot=lot, counted=Decimal(str(counted)), location=location, reason="stocktaking", **overrides
        )

    def correct_dates(self, lot: str, expiry: date | None, **overrides: Any) -> CorrectLotDates:
        """A command that corrects the dates of a lot."""
        return CorrectLotDates(sku=self.sku, lot=lot, expiry=expiry, reason="label misread", **overrides)

    def return_from_customer(
        self, lot: str, quantity: Any, return_id: str = "RMA-1", location: str = STAGE
    ) -> ReturnLotsReceived:
        """A customer return of a lot."""
        return ReturnLotsReceived(
            return_id=return_id, order="SO-1", customer="C-1", sku=self.sku, location=location, hold_id=return_id,
            lots=[ReturnedLot(lot=lot, quantity=Decimal(str(quantity)))], reason="too many",
        )  # fmt: skip

    def dispose_return(
        self, lot: str, quantity: Any, disposition: Any, return_id: str = "RMA-1", location: str = STAGE
    ) -> ReturnLotsDisposed:
        """The disposition of a customer return."""
        return ReturnLotsDisposed(
            return_id=return_id, sku=self.sku, location=location, hold_id=return_id, disposition=disposition,
            lots=[LotQuantity(lot=lot, quantity=Decimal(str(quantity)))], reason="inspected",
        )  # fmt: skip

    def correct_number(
        self, from_lot: str, lot: str, location: str | None = None, quantity: Any = None, **overrides: Any
    ) -> CorrectLotNumber:
        """A correction of a lot number."""
        fields = {"reason": "label misread"} | overrides
        return CorrectLotNumber(
            sku=self.sku, from_lot=from_lot, lot=lot, location=location,
            quantity=None if quantity is None else Decimal(str(quantity)), **fields,
        )  # fmt: skip
