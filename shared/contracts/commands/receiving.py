"""Commands of the receiving service: scanning sessions, closing receipts, discrepancies, customer returns."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message
from shared.contracts.label_dates import require_dates_in_order
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import RawScans, require_scans_or_items
from shared.contracts.receiving import Disposition, SupervisorResolution
from shared.contracts.serial_ranges import SerialRanges
from shared.contracts.topics import RECEIVING_COMMANDS
from shared.identifiers import (
    Day,
    DocumentId,
    Integer,
    LineId,
    Location,
    NonNegativeQuantity,
    Quantity,
    Reason,
    SerialNumber,
    ShortText,
    Sku,
)

BarcodeText = Annotated[str, StringConstraints(max_length=1024)]
"""Raw scanner input; scan processing, not the schema, decides whether it is a valid serial number."""


_MAY_BE_SSCC = re.compile(r"(?<![0-9])(00)?[0-9]{18}(?![0-9])")
Gtin = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,14}$")]


class ScannedLot(ContractModel):
    """A lot as scanned or typed; the quantity defaults to that of the barcode."""

    lot: BarcodeText = ""
    quantity: Quantity | None = None
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "ScannedLot":
        require_dates_in_order(self.manufactured_on, self.expiry, self.best_before)
        return self


class ScanItems(SerialRanges, RawScans, type="session.scan.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Records scanned or typed serial numbers or lots of a product, or raw scans; each gets its own result.

    The first scan opens the session. Raw `scans` may name several products and lots, and replace all other fields
    but `sku`. The SSCC of a carton or pallet stands for the scans of its expected units and lots, if their product
    or the supplier has `receive_by_carton`. Without `scans`, either `sku` or `barcode` identifies the product.
    `lot` and the dates are the values on the labels of the serial numbers; a warranty may start at
    `manufactured_on`, and `best_before` counts if the expiry basis of the product is BEST_BEFORE. Goods rejected by
    their expiry date, expired, too short or missing, are recorded as discrepancies: give the total quantity of a
    lot.
    """

    receipt: DocumentId
    session: DocumentId
    sku: Sku | None = None
    barcode: Annotated[str, Field(max_length=128)] | None = None
    location: Location
    serials: Annotated[list[BarcodeText], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lots: Annotated[list[ScannedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lot: BarcodeText | None = None
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    gtin: Gtin | None = None
    """GTIN that the labels of the items carry beside their numbers; it must be one of the product's barcodes."""

    @model_validator(mode="after")
    def _exactly_one_product(self) -> "ScanItems":
        if self.scans:
            typed = (self.barcode, self.serials, self.lots, self.lot, self.gtin)
            if any((*typed, self.expiry, self.manufactured_on, self.best_before)):
                raise ValueError("scans require that only sku is given beside them; they say the rest themselves")
            return self
        if (self.sku is None) == (self.barcode is None):
            raise ValueError("either sku or barcode required")
        if bool(self.serials) == bool(self.lots):
            raise ValueError("either serials or lots or scans required")
        if self.lots and (self.lot or self.expiry or self.manufactured_on or self.best_before):
            raise ValueError("lot and dates apply to serials; give each of the lots its own number and dates")
        require_dates_in_order(self.manufactured_on, self.expiry, self.best_before)
        return self

    def cost(self) -> int:
        """The number of its items; a scan that may be the SSCC of a carton counts as many as a message may list."""
        cartons = sum(1 for scan in self.scans if _MAY_BE_SSCC.search(scan))
        return super().cost() + cartons * MAX_ITEMS_PER_MESSAGE


class DefineSupplier(Message, type="supplier.define.v1", topic=RECEIVING_COMMANDS, key="supplier"):
    """Sets how the goods of a supplier are received; ASNs name the supplier in the same spelling."""

    supplier: Annotated[ShortText, Field(min_length=1)]
    receive_by_carton: bool
    """Whether the scan of a carton's SSCC receives all its units and lots, whatever their products."""


class UndoScan(RawScans, type="session.undo.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Removes scans from an unconfirmed session; their labels may be scanned again as raw scans.

    The SSCC of a carton or pallet removes what was scanned by it.
    """

    receipt: DocumentId
    session: DocumentId
    sku: Sku = ""
    """Product; raw scans may name it instead."""
    serials: Annotated[list[BarcodeText], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lots: Annotated[list[BarcodeText], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    """Lots whose scans are all removed."""

    @model_validator(mode="after")
    def _not_empty(self) -> "UndoScan":
        if self.serials and self.lots:
            raise ValueError("either serials or lots required")
        require_scans_or_items(self, "serials or lots", is_given=bool(self.serials or self.lots))
        return self


class ConfirmSession(Message, type="session.confirm.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Confirms a session: receives its units and lots and records its discrepancies.

    `units` is the sender's count of scanned serials, accepted or unmatched; `quantity` its count of lot stock. The
    command is rejected if a count differs from the session.
    """

    receipt: DocumentId
    session: DocumentId
    units: Annotated[Integer, Field(ge=0, le=1_000_000)] | None = None
    quantity: NonNegativeQuantity | None = None

    def cost(self) -> int:
        """The number of units counted by the sender, one if omitted."""
        return self.units or 1


class DiscardSession(Message, type="session.discard.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Discards the unconfirmed scans of a session."""

    receipt: DocumentId
    session: DocumentId


class TakeOverSession(Message, type="session.take_over.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Takes over the session of another user."""

    receipt: DocumentId
    session: DocumentId


class CloseReceipt(Message, type="receipt.close.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Closes a receipt without open discrepancies; missing items are recorded as short and no longer expected."""

    receipt: DocumentId


class ResolveDiscrepancy(Message, type="discrepancy.resolve.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Resolves a discrepancy.

    ACCEPT receives the item as scanned, on `line` if given. MATCH receives the expected unit or known lot `match_to`
    instead, by default the one that differs in case or product. RETURN_TO_VENDOR and VOID receive nothing: the item
    goes back, or was scanned by mistake.
    """

    receipt: DocumentId
    discrepancy: DocumentId
    resolution: SupervisorResolution
    line: LineId | None = None
    match_to: SerialNumber | None = None
    reason: Reason

    @model_validator(mode="after")
    def _only_fields_with_effect(self) -> "ResolveDiscrepancy":
        if self.line is not None and self.resolution != "ACCEPT":
            raise ValueError("line applies to ACCEPT only")
        if self.match_to is not None and self.resolution != "MATCH":
            raise ValueError("match_to applies to MATCH only")
        return self


class ReceiveReturn(RawScans, type="return.receive.v1", topic=RECEIVING_COMMANDS, key="return_id"):
    """Receives a customer return: only items shipped to that customer on that order, and only once."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku = ""
    """Product; raw scans may name it instead."""
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lots: Annotated[list[LotQuantity], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    location: Location
    reason: Reason

    @model_validator(mode="after")
    def _not_empty(self) -> "ReceiveReturn":
        if self.serials and self.lots:
            raise ValueError("either serials or lots required")
        require_scans_or_items(self, "serials or lots", is_given=bool(self.serials or self.lots))
        return self


class DisposeReturn(Message, type="return.dispose.v1", topic=RECEIVING_COMMANDS, key="return_id"):
    """Decides the disposition of returned items, by default of all pending ones.

    `sku` is required if a serial number occurs with several products.
    """

    return_id: DocumentId
    sku: Sku | None = None
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lots: Annotated[list[LotQuantity], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    disposition: Disposition
    reason: Reason
