"""Results of receipt commands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from services.receiving.receipts.domain.misreads import ReadAs
from services.receiving.receipts.domain.records import ReceiptLine, ReceiptStatus, SessionStatus
from shared.contracts.model import DescribedFields, KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.product_attributes import ExpirySource
from shared.contracts.receiving import DiscrepancyKind, Resolution
from shared.contracts.results import PartialResult
from shared.identifiers import NonNegativeQuantity, SignedQuantity
from shared.unit_of_work import CommandResult

LotScanViolation = Literal[
    "LOT_REQUIRED", "NOT_LOT_TRACKED", "DUPLICATE_IN_REQUEST", "QUANTITY_REQUIRED", "LOT_DATES_MISMATCH",
    "TOO_MANY_UNITS", "QUANTITY_PRECISION", "MANUFACTURED_IN_FUTURE",
]  # fmt: skip
ScanStatus = (
    Literal["ACCEPTED", "DUPLICATE_IN_RECEIPT", "INVALID", "NOT_A_SERIAL", "SERIAL_FORMAT_MISMATCH", "NOT_A_LOT"]
    | DiscrepancyKind
    | LotScanViolation
)


class ReceiptResult(PartialResult):
    """A receipt after a command; UNKNOWN if its ASN has not arrived yet: the change is applied when it does."""

    receipt: str
    status: ReceiptStatus | Literal["UNKNOWN"]
    discrepancies: list[str] = []


@dataclass(slots=True)
class SerialScanResult(DescribedFields):
    """Result of one scanned serial number.

    `conflicting_value` is the existing serial number or lot, the other product or the other receipt, the announced lot
    and dates, or in words what a scan is that is no serial number; `read_as` is that in a word. An accepted one has its
    expiry date, and `expiry_source` if this is neither on the label nor announced.
    """

    serial: str
    status: ScanStatus
    line: str | None = None
    conflicting_value: str | None = None
    read_as: ReadAs | None = None
    expiry: date | None = None
    expiry_source: ExpirySource | None = None
    sku: str | None = None
    """Product that a raw scan names."""
    scan: str | None = None
    """Raw scan that was read."""
    inferred_from: str | None = None

    @property
    def scanned_value(self) -> str:
        """The scanned serial number or lot number."""
        return self.serial


@dataclass(slots=True)
class LotScanResult(DescribedFields):
    """Result of one scanned lot: accepted quantity, unmatched quantity and first line.

    If `on_hold`, the lot is received on hold because of its short shelf life. `conflicting_value` is the known lot that
    differs in case or blanks, the lot's dates from earlier scans, what is announced, its expiry, or in words what a
    scan is that is no lot number; `read_as` is that in a word. `expiry_source` is set if the expiry date is neither on
    the label nor announced.
    """

    lot: str
    status: ScanStatus
    line: str | None = None
    quantity: NonNegativeQuantity = Decimal(0)
    unmatched: NonNegativeQuantity = Decimal(0)
    on_hold: bool = False
    conflicting_value: str | None = None
    read_as: ReadAs | None = None
    expiry: date | None = None
    expiry_source: ExpirySource | None = None
    sku: str | None = None
    """Product that a raw scan names."""
    scan: str | None = None
    """Raw scan that was read."""
    inferred_from: str | None = None

    @property
    def scanned_value(self) -> str:
        """The scanned serial number or lot number."""
        return self.lot


class LineProgress(KnownFieldsModel):
    """Quantities of a receipt line after a command."""

    line: str
    expected_quantity: SignedQuantity
    scanned: SignedQuantity
    received: SignedQuantity


class ScanResult(PartialResult):
    """Result of each scan, in the order scanned. Unmatched scans become discrepancies on confirmation.

    `scan_results` holds the results of serial numbers, `lots` the results of lots, `lines` the lines that they name.
    `sku` is null if raw scans name several products. Raw scans that cannot be read are listed in `rejected` only.
    """

    receipt: str
    session: str
    sku: str | None
    accepted: int
    unmatched: int
    scan_results: list[SerialScanResult]
    lots: list[LotScanResult] = []
    lines: list[LineProgress] = []


class SessionResult(PartialResult):
    """A session after a command: affected units and quantity of lots, changed lines of an undo, new discrepancies."""

    receipt: str
    session: str
    status: SessionStatus
    owner: str
    units: int = 0
    quantity: NonNegativeQuantity = Decimal(0)
    lines: list[LineProgress] = []
    discrepancies: list[str] = []


class ResolutionResult(KnownFieldsModel):
    """A resolved discrepancy, with the lot under which its item was received, if any."""

    receipt: str
    discrepancy: str
    kind: DiscrepancyKind
    resolution: Resolution
    lot: str | None = None


def describe_lines(lines: Iterable[ReceiptLine]) -> list[LineProgress]:
    """Return the quantities of lines."""
    return [
        LineProgress(
            line=line.line, expected_quantity=line.expected_quantity, scanned=line.scanned, received=line.received
        )
        for line in lines
    ]


def reject(code: Code, detail: str, ids: Iterable[str] = (), blocked_by: Iterable[str] = ()) -> CommandResult:
    """Build the result of a command that one violation rejects as a whole."""
    return CommandResult.rejected(ProblemDetail(code=code, detail=detail, ids=list(ids), blocked_by=list(blocked_by)))
