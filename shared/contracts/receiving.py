"""Events of the receiving service: expected lines, receipts, returns, discrepancies.

Receiving keeps one versioned row per (sku, serial). Each event about a unit carries the version, so that serials can
process the events of two documents in any order. `versions` runs parallel to `serials`.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.asn_cartons import Sscc
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message, Rejected
from shared.contracts.product_attributes import ExpirySource
from shared.contracts.quantities import LotQuantities, LotQuantity
from shared.contracts.raw_scans import RawScan, ScansOfLot, ScansOfSerials
from shared.contracts.topics import RECEIVING
from shared.identifiers import (
    Day,
    DocumentId,
    Integer,
    LineId,
    Location,
    LotNumber,
    Number,
    Quantity,
    SerialNumber,
    Sku,
    Warehouse,
)

Serials = Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
Versions = Annotated[list[Integer], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
Disposition = Literal["RESTOCK", "SCRAP", "RETURN_TO_VENDOR"]


class WithReceivingVersions(Message):
    """An event about units, each with its version in receiving."""

    @model_validator(mode="after")
    def _one_version_per_serial(self) -> Self:
        count = len(getattr(self, "serials", ()))
        if count != len(getattr(self, "versions", ())):
            raise ValueError("serials and versions must have the same length")
        if len(getattr(self, "scans", None) or ()) not in {0, count}:
            raise ValueError("serials and scans must have the same length")
        return self


class ReceiptLineExpected(WithReceivingVersions, type="receipt.line_expected.v1", topic=RECEIVING, key="receipt"):
    """A receipt line is expected; its listed serial numbers become EXPECTED.

    Lot and dates are announced by the ASN and are the same for all units of one message.
    """

    receipt: DocumentId
    warehouse: Warehouse
    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Serials = []
    versions: Versions = []
    lot: LotNumber | None = None
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    supplier: str = ""
    expected_at: datetime | None = None


class ReceiptLineCancelled(WithReceivingVersions, type="receipt.line_cancelled.v1", topic=RECEIVING, key="receipt"):
    """Units of a line are no longer expected: the ASN was changed or cancelled, or the receipt was closed."""

    receipt: DocumentId
    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Serials = []
    versions: Versions = []
    reason: Literal["CHANGED", "CANCELLED", "CLOSED", "TAKEN_OVER"]


class ReceiptSerialsReceived(WithReceivingVersions, type="receipt.serials_received.v1", topic=RECEIVING, key="receipt"):
    """Serial-tracked units were received at a dock or staging location.

    `lot`, `expiry` and `manufactured_on` are read from the labels and are the same for all units of one message;
    `expiry_source` is set if the expiry date is not that on the label.
    """

    receipt: DocumentId
    line: LineId
    sku: Sku
    serials: Serials
    versions: Versions
    location: Location
    session: DocumentId
    lot: LotNumber | None = None
    expiry: Day | None = None
    expiry_source: ExpirySource | None = None
    manufactured_on: Day | None = None
    hold_id: DocumentId | None = None
    supplier: str = ""
    scans: ScansOfSerials | None = None
    """Texts as the scanner sent them, parallel to `serials`, empty where the number was typed; null if all were."""
    inferred_from: Sscc | None = None


class ReceivedLot(LotQuantity):
    """A received quantity of a lot with the dates on its label; `hold_id` is set if it is received on hold.

    `expiry_source` is set if the expiry date is not that on the label.
    """

    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    expiry_source: ExpirySource | None = None
    hold_id: DocumentId | None = None
    scan: RawScan | None = None
    """Text as the scanner sent it; null if the lot was typed."""


class ReceiptLotsReceived(Message, type="receipt.lots_received.v1", topic=RECEIVING, key="receipt"):
    """Lot-tracked or untracked stock was received at a dock or staging location."""

    receipt: DocumentId
    line: LineId
    sku: Sku
    tracking: Literal["LOT", "NONE"]
    lots: Annotated[list[ReceivedLot], Field(min_length=1, max_length=MAX_ITEMS_PER_MESSAGE)]
    location: Location
    session: DocumentId
    supplier: str = ""
    inferred_from: Sscc | None = None


class ReturnedLot(LotQuantity):
    """A returned quantity of a lot."""

    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if the lot was typed."""


class ReturnLotsReceived(Message, type="return.lots_received.v1", topic=RECEIVING, key="return_id"):
    """Lot-tracked or untracked stock was returned by its customer; it is on hold until its disposition."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku
    lots: Annotated[list[ReturnedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    location: Location
    hold_id: DocumentId
    reason: str


class ReturnLotsDisposed(Message, type="return.lots_disposed.v1", topic=RECEIVING, key="return_id"):
    """Disposition of returned stock: restocked (hold released), scrapped, or returned to the vendor."""

    return_id: DocumentId
    sku: Sku
    lots: LotQuantities
    location: Location
    disposition: Disposition
    hold_id: DocumentId
    reason: str


class ReturnSerialsReceived(WithReceivingVersions, type="return.serials_received.v1", topic=RECEIVING, key="return_id"):
    """Shipped units were returned by their customer; they are on hold until their disposition."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku
    serials: Serials
    versions: Versions
    location: Location
    hold_id: DocumentId
    reason: str
    in_warranty: Serials = []
    """Units that came back inside their warranty."""
    out_of_warranty: Serials = []
    """Units that came back after their warranty; units sold without one are in neither list."""
    scans: ScansOfSerials | None = None
    """Texts as the scanner sent them, parallel to `serials`, empty where the number was typed; null if all were."""


class ReturnSerialsDisposed(Message, type="return.serials_disposed.v1", topic=RECEIVING, key="return_id"):
    """Disposition of returned units: restocked (hold released), scrapped, or returned to the vendor."""

    return_id: DocumentId
    sku: Sku
    serials: Serials
    disposition: Disposition
    hold_id: DocumentId
    reason: str


RejectionKind = Literal["EXPIRED", "INSUFFICIENT_SHELF_LIFE", "EXPIRY_REQUIRED"]
"""Why goods were rejected on arrival."""

DiscrepancyKind = Literal[
    "OVER", "SHORT", "UNEXPECTED", "DUPLICATE_SERIAL", "CASE_MISMATCH", "LOT_CASE_MISMATCH",
    "EXPECTED_ON_OTHER_RECEIPT", "WRONG_PRODUCT", "NOT_AS_ANNOUNCED", RejectionKind,
]  # fmt: skip
SupervisorResolution = Literal["ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"]
Resolution = Literal[SupervisorResolution, "REJECT"]
"""REJECT: the goods were rejected on arrival, which decides their discrepancy."""


class DiscrepancyFound(Message, type="discrepancy.found.v1", topic=RECEIVING, key="receipt"):
    """Arrived items differ from the expected ones; a supervisor resolves the discrepancy, unless `resolution` is set.

    Closing a receipt decides its shortages with ACCEPT. Rejecting goods on arrival decides their discrepancy with
    REJECT; the same id again replaces its kind, quantity and dates.
    """

    receipt: DocumentId
    discrepancy: DocumentId
    kind: DiscrepancyKind
    line: LineId | None = None
    sku: Sku
    quantity: Quantity
    serials: Annotated[list[str], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lot: LotNumber | None = None
    expiry: Day | None = None
    session: DocumentId | None = None
    resolution: Resolution | None = None
    detail: str = ""


class DiscrepancyResolved(Message, type="discrepancy.resolved.v1", topic=RECEIVING, key="receipt"):
    """A supervisor resolved a discrepancy, or goods rejected on arrival were accepted later (VOID)."""

    receipt: DocumentId
    discrepancy: DocumentId
    kind: DiscrepancyKind
    resolution: Resolution
    sku: Sku
    serials: Annotated[list[str], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lot: LotNumber | None = None
    reason: str


class LineSummary(ContractModel):
    """A line of a closed receipt: announced and received quantities.

    What was announced and not received is either `short` or `rejected_quantity`.
    """

    line: LineId
    sku: Sku
    announced: Annotated[Number, Field(ge=0)]
    received: Annotated[Number, Field(ge=0)]
    short: Annotated[Number, Field(ge=0)] = 0
    rejected_quantity: Annotated[Number, Field(ge=0)] = 0
    over: Annotated[Number, Field(ge=0)] = 0
    unexpected: Annotated[Number, Field(ge=0)] = 0


class ReceiptClosed(Message, type="receipt.closed.v1", topic=RECEIVING, key="receipt"):
    """A receipt was closed or cancelled, with one summary per line; long lists are split into several messages."""

    receipt: DocumentId
    warehouse: Warehouse
    status: Literal["CLOSED", "CANCELLED"]
    lines: Annotated[list[LineSummary], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []


class ReceiptRejected(Rejected, type="receipt.rejected.v1", topic=RECEIVING, key="document"):
    """A message to the receiving service was rejected by a rule or conflicts with its state."""
