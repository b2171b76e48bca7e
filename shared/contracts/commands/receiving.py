"""Commands of the receiving floor: scan, confirm, undo, close, resolve, take a customer's return."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import MAX_UNITS, Fact, Model
from shared.contracts.receiving import Resolution
from shared.contracts.topics import RECEIVING_COMMANDS
from shared.identifiers import Count, Day, DocumentId, LineId, Location, Quantity, Reason, SerialNumber, Sku

RawScan = Annotated[str, StringConstraints(max_length=1024)]
"""As it came from the scanner: whether it is a serial is the verdict, not the envelope's business."""


class ScannedLot(Model):
    """A lot as it was scanned or typed; without a quantity, what one scan of the barcode means."""

    lot: RawScan = ""
    quantity: Quantity | None = None
    expiry: Day | None = None
    manufactured: Day | None = None
    best_before: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ScannedLot":
        if self.manufactured and any(day and day < self.manufactured for day in (self.expiry, self.best_before)):
            raise ValueError("it cannot expire before it was made")
        return self


class Scan(Fact, type="receive.scan.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Serials or lots scanned or typed for a product of a receipt, each with its own verdict.

    The first scan of a session opens it; `sku` or a `barcode` of the product says what was scanned. Serials may carry
    the lot number and the expiry that their label shows.
    """

    receipt: DocumentId
    session: DocumentId
    sku: Sku | None = None
    barcode: Annotated[str, Field(max_length=128)] | None = None
    location: Location
    serials: Annotated[list[RawScan], Field(max_length=MAX_UNITS)] = []
    lots: Annotated[list[ScannedLot], Field(max_length=MAX_UNITS)] = []
    lot: RawScan | None = None
    expiry: Day | None = None

    @model_validator(mode="after")
    def _one_product(self) -> "Scan":
        if (self.sku is None) == (self.barcode is None):
            raise ValueError("name the product by either sku or barcode")
        if bool(self.serials) == bool(self.lots):
            raise ValueError("name what was scanned by either serials or lots")
        if self.lots and (self.lot or self.expiry):
            raise ValueError("each of the lots has its own number and dates")
        return self


class UndoScan(Fact, type="receive.undo.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Take scans back before their session is confirmed."""

    receipt: DocumentId
    session: DocumentId
    sku: Sku
    serials: Annotated[list[RawScan], Field(max_length=MAX_UNITS)] = []
    lots: Annotated[list[RawScan], Field(max_length=MAX_UNITS)] = []
    """Lots whose scans are taken back whole."""

    @model_validator(mode="after")
    def _something(self) -> "UndoScan":
        if bool(self.serials) == bool(self.lots):
            raise ValueError("name what to take back by either serials or lots")
        return self


class ConfirmSession(Fact, type="receive.confirm.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """The scans of a session are right: its units are received, its discrepancies recorded.

    `units` is how many scanned serials the sender counts, accepted or set aside, and `quantity` how much of what is
    counted: a session that has other numbers is refused.
    """

    receipt: DocumentId
    session: DocumentId
    units: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    quantity: Count | None = None

    def weight(self) -> int:
        """What its sender counts; a session that is not counted is taken for a short one."""
        return self.units or 1


class DropSession(Fact, type="receive.drop.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Forget the unconfirmed scans of a session."""

    receipt: DocumentId
    session: DocumentId


class TakeOverSession(Fact, type="receive.take_over.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Go on with the session of a colleague."""

    receipt: DocumentId
    session: DocumentId


class CloseReceipt(Fact, type="receipt.close.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """Nothing more will come on a receipt: what is missing is short and expected no longer."""

    receipt: DocumentId


class ResolveDiscrepancy(Fact, type="discrepancy.resolve.v1", topic=RECEIVING_COMMANDS, key="receipt"):
    """A supervisor's decision on a discrepancy; TIE names the unit that the scan really was."""

    receipt: DocumentId
    discrepancy: DocumentId
    resolution: Resolution
    line: LineId | None = None
    tie_to: SerialNumber | None = None
    reason: Reason


class ReceiveReturn(Fact, type="return.receive.v1", topic=RECEIVING_COMMANDS, key="return_id"):
    """A customer's goods are back: only what was shipped to that customer on that order, and only once."""

    return_id: DocumentId
    order: DocumentId
    customer: DocumentId
    sku: Sku
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)] = []
    lots: Annotated[list[LotQuantity], Field(max_length=MAX_UNITS)] = []
    location: Location
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> "ReceiveReturn":
        if bool(self.serials) == bool(self.lots):
            raise ValueError("name what came back by either serials or lots")
        return self


class DisposeReturn(Fact, type="return.dispose.v1", topic=RECEIVING_COMMANDS, key="return_id"):
    """What becomes of returned goods; all that are undecided where none are named, `sku` where serials are alike."""

    return_id: DocumentId
    sku: Sku | None = None
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)] = []
    lots: Annotated[list[LotQuantity], Field(max_length=MAX_UNITS)] = []
    disposition: Annotated[str, Field(pattern="^(RESTOCK|SCRAP|SEND_BACK)$")]
    reason: Reason
