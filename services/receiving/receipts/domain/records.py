"""The rows that receiving decides on; each is a value, changed by making the next one."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.contracts.receiving import DiscrepancyKind, Resolution

ReceiptKind = Literal["ASN", "BLIND", "OPENING"]
ReceiptStatus = Literal["PLANNED", "ARRIVED", "CLOSED", "CANCELLED"]
SessionState = Literal["OPEN", "CONFIRMED", "DROPPED"]
UnitState = Literal["ABSENT", "EXPECTED", "SCANNED", "IN_HOUSE", "OUT", "VOID"]
"""ABSENT: announced or scanned once, and neither expected nor here. VOID: a wrong entry, known for ever."""

LotScanState = Literal["SCANNED", "OVER", "UNEXPECTED", "RECEIVED", "DECLINED"]
"""OVER and UNEXPECTED: set aside, a discrepancy once confirmed, then RECEIVED or DECLINED by a supervisor."""

Key = tuple[str, str]
"""sku and serial; or receipt and line; or receipt and session."""

LotKey = tuple[str, str, str]
"""Receipt, sku and lot."""


class Receipt(NamedTuple):
    """One arrival, announced or not."""

    receipt: str
    version: int
    kind: ReceiptKind
    warehouse: str | None
    supplier: str
    expected_at: datetime | None
    status: ReceiptStatus
    sessions: int
    own_lines: int
    created_at: datetime
    ended_at: datetime | None = None
    reason: str = ""


class Line(NamedTuple):
    """What a receipt announces of a product, and what has come of it."""

    receipt: str
    line: str
    sku: str
    announced: Decimal = Decimal(0)
    named: int = 0
    unnamed: int = 0
    scanned: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    waiting: bool = False

    @property
    def key(self) -> Key:
        """Receipt and line."""
        return self.receipt, self.line

    @property
    def room(self) -> int:
        """How many more units may come that were not announced by name (S14)."""
        return int(self.announced) - self.named - self.unnamed

    @property
    def open(self) -> Decimal:
        """How much more of a counted product may come."""
        return max(self.announced - self.scanned - self.received, Decimal(0))

    @property
    def missing(self) -> Decimal:
        """What has been announced and not received."""
        return max(self.announced - self.received, Decimal(0))


class Unit(NamedTuple):
    """A serial of a product: where it stands, as far as receiving knows. Its two names never change (S17)."""

    sku: str
    serial: str
    version: int = 0
    state: UnitState = "ABSENT"
    receipt: str | None = None
    line: str | None = None
    named: bool = False
    session: str | None = None
    location: str | None = None
    scanned_by: str | None = None
    scanned_at: datetime | None = None
    order: str | None = None
    customer: str | None = None
    return_id: str | None = None
    lot: str | None = None
    expiry: date | None = None

    @property
    def key(self) -> Key:
        """sku and serial."""
        return self.sku, self.serial

    def expected(self, receipt: str, line: str) -> "Unit":
        """Announced by name on a receipt."""
        return Unit(
            sku=self.sku, serial=self.serial, version=self.version + 1, state="EXPECTED", receipt=receipt, line=line,
            named=True,
        )  # fmt: skip

    def absent(self) -> "Unit":
        """Neither expected nor here, but known."""
        return Unit(self.sku, self.serial, self.version + 1)

    def received(self) -> "Unit":
        """Here, from its scan."""
        return self._replace(version=self.version + 1, state="IN_HOUSE", session=None)


class Session(NamedTuple):
    """Scans of one person on one receipt, until they are confirmed or dropped."""

    receipt: str
    session: str
    owner: str
    state: SessionState
    opened_at: datetime
    ended_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Receipt and session."""
        return self.receipt, self.session


class Aside(NamedTuple):
    """A scanned unit that is not what was announced: a discrepancy once its session is confirmed.

    `other` is what stands against it: the other product, the serial in its other spelling, the other receipt.
    """

    receipt: str
    sku: str
    serial: str
    session: str
    kind: DiscrepancyKind
    line: str | None
    location: str
    other: str | None
    actor: str
    at: datetime
    lot: str | None = None
    expiry: date | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Receipt, sku and serial."""
        return self.receipt, self.sku, self.serial


class LotScan(NamedTuple):
    """So much of a lot as it was scanned in a session: repeated scans at one place add up (S23).

    The lot of an untracked product is empty, and has no dates.
    """

    scan: str
    receipt: str
    session: str
    line: str | None
    sku: str
    lot: str
    location: str
    state: LotScanState
    quantity: Decimal
    expiry: date | None
    manufactured: date | None
    best_before: date | None
    actor: str
    at: datetime

    @property
    def key(self) -> LotKey:
        """Receipt, sku and lot."""
        return self.receipt, self.sku, self.lot


class Discrepancy(NamedTuple):
    """What came is not what was announced; open until a supervisor decides."""

    discrepancy: str
    receipt: str
    session: str | None
    kind: DiscrepancyKind
    line: str | None
    sku: str
    serial: str | None
    missing: list[str]
    quantity: Decimal
    location: str | None
    other: str | None
    found_at: datetime
    found_by: str
    resolution: Resolution | None = None
    tied_to: str | None = None
    reason: str = ""
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    lot: str | None = None
    expiry: date | None = None
    scan: str | None = None
    """Of counted goods: what was scanned."""
