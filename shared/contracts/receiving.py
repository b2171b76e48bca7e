"""What receiving says: what may arrive, what did, and where the two differ.

Receiving keeps one row a (sku, serial) with a version; each fact about a unit carries it, so that the registry can take
the facts of two documents in any order. `serials` and `versions` run in parallel.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.counted import LotQuantities, LotQuantity
from shared.contracts.envelope import MAX_UNITS, Fact, Model, Rejected
from shared.contracts.topics import RECEIVING
from shared.identifiers import Day, DocumentId, LineId, Location, LotNumber, Quantity, SerialNumber, Sku, Warehouse

Serials = Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)]
Versions = Annotated[list[int], Field(max_length=MAX_UNITS)]


class Versioned(Fact):
    """A fact about units, each with the version of receiving's row."""

    @model_validator(mode="after")
    def _in_parallel(self) -> Self:
        if len(getattr(self, "serials", ())) != len(getattr(self, "versions", ())):
            raise ValueError("one version for each serial")
        return self


class ReceiptPlanned(Versioned, type="receipt.planned.v1", topic=RECEIVING, key="receipt"):
    """A line of a receipt is expected; its named serials become EXPECTED."""

    receipt: DocumentId
    warehouse: Warehouse
    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Serials = []
    versions: Versions = []
    supplier: str = ""
    expected_at: datetime | None = None


class ReceiptWithdrawn(Versioned, type="receipt.withdrawn.v1", topic=RECEIVING, key="receipt"):
    """Units of a line are expected no longer: the announcement was changed or cancelled, or the receipt closed."""

    receipt: DocumentId
    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Serials = []
    versions: Versions = []
    reason: Literal["CHANGED", "CANCELLED", "CLOSED", "TAKEN_OVER"]


class UnitReceived(Versioned, type="unit.received.v1", topic=RECEIVING, key="receipt"):
    """Serialised units are physically here, at a dock or staging place.

    `lot` and `expiry` are facts read from their labels, the same for all units of one message.
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
    hold: DocumentId | None = None


class ReceivedLot(LotQuantity):
    """So much of a lot that arrived, with what its label says; `hold` names a hold it arrives under."""

    expiry: Day | None = None
    manufactured: Day | None = None
    best_before: Day | None = None
    hold: DocumentId | None = None


class StockReceived(Fact, type="stock.received.v1", topic=RECEIVING, key="receipt"):
    """Counted goods are physically here, at a dock or staging place; from now on their lots are known."""

    receipt: DocumentId
    line: LineId
    sku: Sku
    tracking: Literal["LOT", "NONE"]
    lots: Annotated[list[ReceivedLot], Field(min_length=1, max_length=MAX_UNITS)]
    location: Location
    session: DocumentId
    supplier: str = ""


class StockReturned(Fact, type="stock.returned.v1", topic=RECEIVING, key="return_id"):
    """Counted goods came back from the customer they went to; they are on hold until a disposition."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku
    lots: LotQuantities
    location: Location
    hold: DocumentId
    reason: str


class StockDisposed(Fact, type="stock.disposed.v1", topic=RECEIVING, key="return_id"):
    """What becomes of returned goods: back to stock (their hold is lifted), scrapped, or sent back."""

    return_id: DocumentId
    sku: Sku
    lots: LotQuantities
    location: Location
    disposition: Literal["RESTOCK", "SCRAP", "SEND_BACK"]
    hold: DocumentId
    reason: str


class UnitReturned(Versioned, type="unit.returned.v1", topic=RECEIVING, key="return_id"):
    """Shipped units came back from the customer they went to; they are on hold until a disposition."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku
    serials: Serials
    versions: Versions
    location: Location
    hold: DocumentId
    reason: str


class ReturnDisposed(Fact, type="return.disposed.v1", topic=RECEIVING, key="return_id"):
    """What becomes of returned units: back to stock (their hold is lifted), scrapped, or sent back."""

    return_id: DocumentId
    sku: Sku
    serials: Serials
    disposition: Literal["RESTOCK", "SCRAP", "SEND_BACK"]
    hold: DocumentId
    reason: str


DiscrepancyKind = Literal[
    "OVER", "SHORT", "UNEXPECTED", "KNOWN_SERIAL", "CASE_VARIANT", "EXPECTED_ELSEWHERE", "WRONG_PRODUCT"
]
Resolution = Literal["ACCEPT", "SEND_BACK", "TIE", "VOID"]


class DiscrepancyFound(Fact, type="discrepancy.found.v1", topic=RECEIVING, key="receipt"):
    """What came is not what was announced; a supervisor decides."""

    receipt: DocumentId
    discrepancy: DocumentId
    kind: DiscrepancyKind
    line: LineId | None = None
    sku: Sku
    quantity: Quantity
    serials: Annotated[list[str], Field(max_length=MAX_UNITS)] = []
    lot: LotNumber | None = None
    session: DocumentId | None = None
    detail: str = ""


class DiscrepancyResolved(Fact, type="discrepancy.resolved.v1", topic=RECEIVING, key="receipt"):
    """A supervisor decided on a discrepancy."""

    receipt: DocumentId
    discrepancy: DocumentId
    kind: DiscrepancyKind
    resolution: Resolution
    sku: Sku
    serials: Annotated[list[str], Field(max_length=MAX_UNITS)] = []
    lot: LotNumber | None = None
    reason: str


class LineSummary(Model):
    """One line of a closed receipt: announced against received."""

    line: LineId
    sku: Sku
    announced: Annotated[float, Field(ge=0)]
    received: Annotated[float, Field(ge=0)]
    short: Annotated[float, Field(ge=0)] = 0
    over: Annotated[float, Field(ge=0)] = 0
    unexpected: Annotated[float, Field(ge=0)] = 0


class ReceiptClosed(Fact, type="receipt.closed.v1", topic=RECEIVING, key="receipt"):
    """Nothing more is expected on a receipt; one summary a line, in several messages where there are many."""

    receipt: DocumentId
    warehouse: Warehouse
    status: Literal["CLOSED", "CANCELLED"]
    lines: Annotated[list[LineSummary], Field(max_length=MAX_UNITS)] = []


class ReceiptRejected(Rejected, type="receipt.rejected.v1", topic=RECEIVING, key="document"):
    """A message to receiving that a rule refused, or a fact that did not fit."""
