"""Commands that correct lots: their dates, and the lot numbers of goods."""

from typing import Self

from pydantic import model_validator

from shared.contracts.label_dates import require_dates_in_order
from shared.contracts.raw_scans import RawScans
from shared.contracts.topics import LOTS_COMMANDS
from shared.identifiers import Day, DocumentId, Location, LotNumber, Quantity, Reason, Sku


class CorrectLotDates(RawScans, type="lot.correct_dates.v1", topic=LOTS_COMMANDS, key="sku"):
    """Corrects the dates of a lot; it resolves conflicting dates from several receipts.

    Raw scans say product, lot and dates by their labels, unless these are given.
    """

    sku: Sku = ""
    """Product; raw scans may name it instead."""
    lot: LotNumber = ""
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    reason: Reason

    @model_validator(mode="after")
    def _given_or_on_labels(self) -> Self:
        for name in () if self.scans else ("sku", "lot", "expiry"):
            if name not in self.model_fields_set:
                raise ValueError(f"{name} required without scans")
        return self

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        require_dates_in_order(self.manufactured_on, self.expiry, self.best_before)
        return self


class CorrectLotNumber(RawScans, type="lot.correct_number.v1", topic=LOTS_COMMANDS, key="sku"):
    """Moves goods that were recorded under a wrong lot number to the right one: supervisors only, with a reason.

    With a location, the goods that stand there, also allocated and picked ones; with a shipment, those that left with
    it; with neither, all goods ever recorded under the wrong number. A new lot takes over the dates that are omitted.
    Raw scans say product, right lot and dates by their labels, unless these are given.
    """

    sku: Sku = ""
    """Product; raw scans may name it instead."""
    from_lot: LotNumber
    """Wrong lot number, under which the goods are recorded."""
    lot: LotNumber = ""
    """Lot number on the label; raw scans may say it instead."""
    location: Location | None = None
    shipment: DocumentId | None = None
    order: DocumentId | None = None
    """Only the goods of this order."""
    quantity: Quantity | None = None
    """Quantity at the location or in the shipment; by default all of it."""
    expiry: Day | None = None
    """Expiry date on the label."""
    manufactured_on: Day | None = None
    best_before: Day | None = None
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""

    @model_validator(mode="after")
    def _two_lots(self) -> Self:
        if not self.scans and not self.sku:
            raise ValueError("sku required without scans")
        is_omitted = bool(self.scans) and not self.lot
        if not self.from_lot or not (self.lot or is_omitted) or self.from_lot == self.lot:
            raise ValueError("from_lot and lot must be two lot numbers")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.location and self.shipment:
            raise ValueError("name a location or a shipment, not both")
        if (self.quantity or self.order) and not (self.location or self.shipment):
            raise ValueError("quantity and order require a location or a shipment")
        return self

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        require_dates_in_order(self.manufactured_on, self.expiry, self.best_before)
        return self
