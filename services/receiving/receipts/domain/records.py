"""Immutable records of receipts: one class per table, one field per column."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.contracts.product_attributes import ExpirySource
from shared.contracts.receiving import DiscrepancyKind, Resolution

ReceiptKind = Literal["ASN", "BLIND", "OPENING"]
ReceiptStatus = Literal["PLANNED", "IN_PROGRESS", "CLOSED", "CANCELLED"]
SessionStatus = Literal["OPEN", "CONFIRMED", "DISCARDED"]
UnitAdjustment = Literal["SCRAPPED", "LOST", "RETURNED_TO_VENDOR"]
"""Why a unit on hand is not in stock."""

UnitStatus = Literal["INACTIVE", "EXPECTED", "SCANNED", "ON_HAND", "SHIPPED", "VOID"]
"""INACTIVE: neither expected nor on hand. VOID: entered by mistake; its serial number is never reused."""

LotScanStatus = Literal[
    "SCANNED", "OVER", "UNEXPECTED", "LOT_CASE_MISMATCH", "NOT_AS_ANNOUNCED", "WRONG_PRODUCT", "RECEIVED", "REJECTED"
]
"""The `UNMATCHED_KINDS` become a discrepancy on confirmation; a supervisor makes them RECEIVED or REJECTED."""

UNMATCHED_KINDS: Mapping[LotScanStatus, DiscrepancyKind] = {
    "OVER": "OVER", "UNEXPECTED": "UNEXPECTED", "LOT_CASE_MISMATCH": "LOT_CASE_MISMATCH",
    "NOT_AS_ANNOUNCED": "NOT_AS_ANNOUNCED", "WRONG_PRODUCT": "WRONG_PRODUCT",
}  # fmt: skip
"""Discrepancies of unmatched lot scans, by their status."""

RowKey = tuple[str, str]
"""(sku, serial), (receipt, line) or (receipt, session)."""

PartLineKey = tuple[str, int, str]
"""(receipt, part, line)."""

NO_LOTS = "[]"
"""Announced lots as JSON, of which there are none."""

LotKey = tuple[str, str, str]
"""(receipt, sku, comparison key of the lot)."""


class Receipt(NamedTuple):
    """A receipt with an ASN, a blind receipt or opening stock."""

    receipt: str
    version: int
    kind: ReceiptKind
    warehouse: str
    supplier: str
    expected_at: datetime | None
    status: ReceiptStatus
    session_count: int
    unplanned_line_count: int
    created_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    has_rejections: bool = False
    """Whether goods were ever rejected on arrival."""


class AnnouncedLine(NamedTuple):
    """What a part of an ASN says about a line.

    `rejected` lists those of its serials that were registered already; they do not count.
    """

    receipt: str
    part: int
    line: str
    sku: str
    quantity: Decimal
    serials: list[str]
    rejected: list[str]
    lots: str = NO_LOTS
    """Its announced lots as JSON."""

    @property
    def key(self) -> PartLineKey:
        """(receipt, part, line)."""
        return self.receipt, self.part, self.line


class ReceiptLine(NamedTuple):
    """A line of a receipt: one product, its expected quantity and the progress of receiving."""

    receipt: str
    line: str
    sku: str
    expected_quantity: Decimal = Decimal(0)
    listed_serials: int = 0
    unlisted_units: int = 0
    scanned: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    awaiting_product: bool = False
    lots: str = NO_LOTS
    """Announced lots of all parts as JSON, without serial numbers."""

    @property
    def key(self) -> RowKey:
        """(receipt, line)."""
        return self.receipt, self.line

    @property
    def unlisted_capacity(self) -> int:
        """Number of further units that may be scanned without a listed serial number (S14)."""
        return int(self.expected_quantity) - self.listed_serials - self.unlisted_units

    @property
    def open_quantity(self) -> Decimal:
        """Quantity of a lot-tracked or untracked product that may still be scanned."""
        return max(self.expected_quantity - self.scanned - self.received, Decimal(0))

    @property
    def missing_quantity(self) -> Decimal:
        """Expected quantity that has not been received."""
        return max(self.expected_quantity - self.received, Decimal(0))


class Unit(NamedTuple):
    """A serial-tracked unit and its status in receiving. Its SKU and serial never change (S17)."""

    sku: str
    serial: str
    version: int = 0
    status: UnitStatus = "INACTIVE"
    receipt: str | None = None
    line: str | None = None
    part: int = 1
    """The part of the ASN that lists it."""
    is_listed: bool = False
    session: str | None = None
    location: str | None = None
    scanned_by: str | None = None
    scanned_at: datetime | None = None
    order_id: str | None = None
    customer: str | None = None
    return_id: str | None = None
    lot: str | None = None
    expiry: date | None = None
    adjustment: UnitAdjustment | None = None
    manufactured_on: date | None = None
    warranty_ends_on: date | None = None
    """Last day of the warranty of its last sale."""
    expiry_source: ExpirySource | None = None
    announced_lot: str | None = None
    announced_expiry: date | None = None
    announced_manufactured_on: date | None = None
    announced_best_before: date | None = None
    inferred_from: str | None = None
    """SSCC of the carton whose scan stood for the scan of the unit."""
    scan: str | None = None
    """Raw scan of its last receipt."""

    def as_expected(self, receipt: str, line: str, part: int) -> "Unit":
        """Return the unit as expected on a receipt line, as listed by a part of its ASN."""
        return Unit(
            sku=self.sku, serial=self.serial, version=self.version + 1, status="EXPECTED", receipt=receipt, line=line,
            part=part, is_listed=True, announced_lot=self.announced_lot, announced_expiry=self.announced_expiry,
            announced_manufactured_on=self.announced_manufactured_on, announced_best_before=self.announced_best_before,
        )  # fmt: skip

    def with_announced(
        self, lot: str | None = None, expiry: date | None = None, manufactured_on: date | None = None,
        best_before: date | None = None,
    ) -> "Unit":  # fmt: skip
        """Return the unit with the lot and dates that its ASN announces."""
        return self._replace(
            announced_lot=lot, announced_expiry=expiry, announced_manufactured_on=manufactured_on,
            announced_best_before=best_before,
        )  # fmt: skip

    def as_inactive(self) -> "Unit":
        """Return the unit as neither expected nor on hand."""
        return Unit(self.sku, self.serial, self.version + 1)

    def as_received(self) -> "Unit":
        """Return the scanned unit as on hand."""
        return self._replace(version=self.version + 1, status="ON_HAND", session=None)


def group_by_line(units: Iterable[Unit]) -> dict[RowKey, list[Unit]]:
    """Group units by (receipt, line)."""
    units_by_line: dict[RowKey, list[Unit]] = {}
    for unit in units:
        units_by_line.setdefault((unit.receipt or "", unit.line or ""), []).append(unit)
    return units_by_line


class Session(NamedTuple):
    """A scanning session: scans of one user on one receipt, until it is confirmed or discarded."""

    receipt: str
    session: str
    owner: str
    status: SessionStatus
    opened_at: datetime
    ended_at: datetime | None = None

    @property
    def key(self) -> RowKey:
        """(receipt, session)."""
        return self.receipt, self.session


class UnmatchedScan(NamedTuple):
    """A scanned unit that does not match the receipt; it becomes a discrepancy when its session is confirmed.

    `conflicting_value` is the other product, the other serial number or lot, or the other receipt.
    """

    receipt: str
    sku: str
    serial: str
    session: str
    kind: DiscrepancyKind
    line: str | None
    location: str
    conflicting_value: str | None
    scanned_by: str
    scanned_at: datetime
    lot: str | None = None
    expiry: date | None = None
    manufactured_on: date | None = None
    expiry_source: ExpirySource | None = None
    inferred_from: str | None = None
    scan: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """(receipt, sku, serial)."""
        return self.receipt, self.sku, self.serial


class LotScan(NamedTuple):
    """Scanned quantity of a lot in a session; repeated equal scans at one location are added up (S23).

    For an untracked product, `lot` is empty and there are no dates.
    """

    scan_id: str
    receipt: str
    session: str
    line: str | None
    sku: str
    lot: str
    location: str
    status: LotScanStatus
    quantity: Decimal
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None
    scanned_by: str
    scanned_at: datetime
    known_lot: str | None = None
    """The known lot that the number spells in another way, and as which the quantity is received."""
    expiry_source: ExpirySource | None = None
    inferred_from: str | None = None
    scan: str | None = None
    label_sku: str | None = None

    @property
    def received_lot(self) -> str:
        """The lot as which the quantity is received."""
        return self.known_lot or self.lot


class Discrepancy(NamedTuple):
    """A difference between expected and arrived items; open until a supervisor resolves it.

    Shortages and goods rejected on arrival are resolved when they are recorded.
    """

    discrepancy: str
    receipt: str
    session: str | None
    kind: DiscrepancyKind
    line: str | None
    sku: str
    serial: str | None
    missing_serials: list[str]
    quantity: Decimal
    location: str | None
    conflicting_value: str | None
    found_at: datetime
    found_by: str
    resolution: Resolution | None = None
    matched_serial: str | None = None
    reason: str = ""
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    lot: str | None = None
    expiry: date | None = None
    scan_id: str | None = None
    """The lot scan of a lot discrepancy."""
    manufactured_on: date | None = None
    expiry_source: ExpirySource | None = None
    inferred_from: str | None = None
    scan: str | None = None
