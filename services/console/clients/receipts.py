"""What the receiving service says about receipts, sessions, scans, products and places."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.console.clients.http import Listing, Model


class Receipt(Model):
    """A receipt in a list."""

    receipt: str
    kind: str
    warehouse: str
    supplier: str
    expected_at: datetime | None
    status: str
    created_at: datetime
    ended_at: datetime | None
    reason: str


class ReceiptLine(Model):
    """A line of a receipt with its progress."""

    line: str
    sku: str
    tracking: str | None
    awaiting_product: bool
    expected_quantity: Decimal
    scanned: Decimal
    received: Decimal
    missing_quantity: Decimal
    short_quantity: Decimal
    rejected_quantity: Decimal
    over_quantity: Decimal


class ReceiptLines(Listing):
    """A page of lines."""

    items: list[ReceiptLine]


class ReceiptDetail(Receipt):
    """A receipt with its first lines."""

    lines: ReceiptLines


class Receipts(Listing):
    """A page of receipts."""

    items: list[Receipt]


class Session(Model):
    """A scanning session."""

    session: str
    owner: str
    status: str
    opened_at: datetime


class Sessions(Listing):
    """A page of sessions."""

    items: list[Session]


class Scan(Model):
    """An unconfirmed scan of a serial number."""

    serial: str
    sku: str
    line: str | None
    location: str
    status: str
    conflicting_value: str | None
    scanned_at: datetime
    lot: str | None
    expiry: date | None


class Scans(Listing):
    """A page of scans."""

    items: list[Scan]


class LotScan(Model):
    """A scanned quantity of a lot."""

    sku: str
    lot: str
    location: str
    status: str
    quantity: Decimal
    expiry: date | None


class LotScans(Listing):
    """A page of lots of a receipt."""

    items: list[LotScan]


class SessionDetail(Session):
    """A session with its scans."""

    scans: Scans
    lots: list[LotScan]


class SerialVerdict(Model):
    """The verdict on one scanned serial number."""

    serial: str
    status: str
    line: str | None = None
    conflicting_value: str | None = None
    expiry: date | None = None
    sku: str | None = None


class LotVerdict(Model):
    """The verdict on one scanned lot."""

    lot: str
    status: str
    line: str | None = None
    quantity: Decimal = Decimal(0)
    unmatched: Decimal = Decimal(0)
    on_hold: bool = False
    conflicting_value: str | None = None
    expiry: date | None = None
    sku: str | None = None


class LineProgress(Model):
    """What a line of a receipt has after a scan."""

    line: str
    expected_quantity: Decimal
    scanned: Decimal
    received: Decimal


class ScanAnswer(Model):
    """The verdicts on the scans of one command, and the lines that they touched."""

    sku: str | None
    accepted: int
    unmatched: int
    scan_results: list[SerialVerdict]
    lots: list[LotVerdict] = []
    lines: list[LineProgress] = []
    rejected: list[dict[str, Any]] = []


class SessionAnswer(Model):
    """A session after a command."""

    receipt: str
    session: str
    status: str
    units: int = 0
    quantity: Decimal = Decimal(0)
    lines: list[LineProgress] = []
    discrepancies: list[str] = []


class Barcode(Model):
    """A barcode of a product."""

    code: str


class Product(Model):
    """A product."""

    sku: str
    name: str
    tracking: str
    barcodes: list[Barcode] = []


class Location(Model):
    """A location of a warehouse."""

    location: str
    type: str
    is_active: bool


class Locations(Listing):
    """A page of locations."""

    items: list[Location]


class Warehouse(Model):
    """A warehouse."""

    warehouse: str
    name: str
    time_zone: str


class Warehouses(Listing):
    """A page of warehouses."""

    items: list[Warehouse]


class Candidate(Model):
    """Something that a scan may mean."""

    kind: str
    id: str
    sku: str | None
    status: str | None


class ScanProblem(Model):
    """What is wrong with a scan."""

    code: str
    detail: str
    is_tolerated: bool


class ParsedScan(Model):
    """What a scanned text is."""

    text: str
    kind: str
    gtin: str | None
    sscc: str | None
    serial: str | None
    lot: str | None
    expiry: date | None
    values: list[str]
    read_as: Candidate | None
    candidates: list[Candidate]
    problems: list[ScanProblem]
