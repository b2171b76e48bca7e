"""Unit of work for receipts: loaded records and their pending changes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from services.receiving.products.domain import BarcodeMatch
from services.receiving.receipts.domain.records import (
    Discrepancy,
    LotKey,
    LotScan,
    Receipt,
    ReceiptLine,
    RowKey,
    Session,
    Unit,
    UnmatchedScan,
)
from shared.contracts.reference import LocationType, Tracking
from shared.contracts.upstream import ShelfLifePolicy
from shared.identifiers import warehouse_of
from shared.inventory.expiry import ShelfLifeViolation, shelf_life_violation, today

K = TypeVar("K")
R = TypeVar("R")


class WorkingSet(dict[K, R], Generic[K, R]):
    """Records of one table: their current values and the values that were loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.original: dict[K, R] = {}

    def load(self, rows: Iterable[R], key: Callable[[R], K], put: Callable[[R], None]) -> None:
        """Add loaded records; a record that is already present stays."""
        for row in rows:
            if self.original.setdefault(key(row), row) is row:
                put(row)

    def dirty(self) -> list[R]:
        """Return new and changed records."""
        return [row for key, row in self.items() if self.original.get(key) is not row]

    def removed(self) -> list[K]:
        """Return the keys of loaded records that were removed or replaced."""
        return [key for key, row in self.original.items() if self.get(key) is not row]


def _new_index() -> defaultdict[RowKey, dict[RowKey, None]]:
    return defaultdict(dict)


@dataclass(slots=True)
class ReceivingUnitOfWork:
    """All data that the rules read and change; free of database, clock and id generation."""

    now: datetime
    ids: Iterator[str]
    trackings: Mapping[str, Tracking] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Number of decimals of each product's quantities."""

    shelf_life_policies: Mapping[str, ShelfLifePolicy] = field(default_factory=dict)
    barcodes: Mapping[str, BarcodeMatch] = field(default_factory=dict)
    location_types: Mapping[str, LocationType] = field(default_factory=dict)
    time_zones: Mapping[str, str] = field(default_factory=dict)
    """Time zone of each warehouse."""

    receipts: WorkingSet[str, Receipt] = field(default_factory=WorkingSet)
    lines: WorkingSet[RowKey, ReceiptLine] = field(default_factory=WorkingSet)
    sessions: WorkingSet[RowKey, Session] = field(default_factory=WorkingSet)
    units: WorkingSet[RowKey, Unit] = field(default_factory=WorkingSet)
    unmatched_scans: WorkingSet[tuple[str, str, str], UnmatchedScan] = field(default_factory=WorkingSet)
    lot_scans: WorkingSet[str, LotScan] = field(default_factory=WorkingSet)
    discrepancies: WorkingSet[str, Discrepancy] = field(default_factory=WorkingSet)

    _lines_by_sku: dict[RowKey, list[str]] = field(default_factory=lambda: defaultdict(list))
    _units_by_folded_serial: defaultdict[RowKey, dict[RowKey, None]] = field(default_factory=_new_index)
    _expected_by_serial: defaultdict[RowKey, dict[RowKey, None]] = field(default_factory=_new_index)
    _expected_by_receipt: defaultdict[str, dict[RowKey, None]] = field(default_factory=lambda: defaultdict(dict))
    _scanned_by_session: defaultdict[RowKey, dict[RowKey, None]] = field(default_factory=_new_index)
    _unmatched_by_session: defaultdict[RowKey, dict[tuple[str, str, str], None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _lot_scans_by_lot: defaultdict[LotKey, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    _lot_scans_by_session: defaultdict[RowKey, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    _open_discrepancies: dict[tuple[str, str, str], str] = field(default_factory=dict)

    # Loading

    def load(
        self,
        *,
        receipts: Iterable[Receipt] = (),
        lines: Iterable[ReceiptLine] = (),
        sessions: Iterable[Session] = (),
        units: Iterable[Unit] = (),
        unmatched_scans: Iterable[UnmatchedScan] = (),
        lot_scans: Iterable[LotScan] = (),
        discrepancies: Iterable[Discrepancy] = (),
    ) -> None:
        """Add loaded records; a record that is already present stays."""
        self.receipts.load(receipts, lambda row: row.receipt, self.put_receipt)
        self.lines.load(lines, lambda row: row.key, self.put_line)
        self.sessions.load(sessions, lambda row: row.key, self.put_session)
        self.units.load(units, lambda row: row.key, self.put_unit)
        self.unmatched_scans.load(unmatched_scans, lambda row: row.key, self.put_unmatched_scan)
        self.lot_scans.load(lot_scans, lambda row: row.scan_id, self.put_lot_scan)
        self.discrepancies.load(discrepancies, lambda row: row.discrepancy, self.put_discrepancy)

    # Changes

    def put_receipt(self, receipt: Receipt) -> None:
        """Add or replace a receipt."""
        self.receipts[receipt.receipt] = receipt

    def put_session(self, session: Session) -> None:
        """Add or replace a session."""
        self.sessions[session.key] = session

    def put_line(self, line: ReceiptLine) -> None:
        """Add or replace a receipt line."""
        if line.key not in self.lines:
            self._lines_by_sku[line.receipt, line.sku].append(line.line)
        self.lines[line.key] = line

    def put_unit(self, unit: Unit) -> None:
        """Add or replace a unit."""
        before = self.units.get(unit.key)
        if before is None:
            self._units_by_folded_serial[unit.sku, unit.serial.lower()][unit.key] = None
        else:
            self._unindex(before)
        self.units[unit.key] = unit
        if unit.status == "EXPECTED" and unit.receipt is not None:
            self._expected_by_receipt[unit.receipt][unit.key] = None
            self._expected_by_serial[unit.receipt, unit.serial][unit.key] = None
        elif unit.status == "SCANNED" and unit.receipt is not None and unit.session is not None:
            self._scanned_by_session[unit.receipt, unit.session][unit.key] = None

    def _unindex(self, unit: Unit) -> None:
        if unit.status == "EXPECTED" and unit.receipt is not None:
            self._expected_by_receipt[unit.receipt].pop(unit.key, None)
            self._expected_by_serial[unit.receipt, unit.serial].pop(unit.key, None)
        elif unit.status == "SCANNED" and unit.receipt is not None and unit.session is not None:
            self._scanned_by_session[unit.receipt, unit.session].pop(unit.key, None)

    def put_unmatched_scan(self, unmatched_scan: UnmatchedScan) -> None:
        """Add an unmatched scan."""
        self.unmatched_scans[unmatched_scan.key] = unmatched_scan
        self._unmatched_by_session[unmatched_scan.receipt, unmatched_scan.session][unmatched_scan.key] = None

    def remove_unmatched_scan(self, unmatched_scan: UnmatchedScan) -> None:
        """Remove an unmatched scan."""
        del self.unmatched_scans[unmatched_scan.key]
        self._unmatched_by_session[unmatched_scan.receipt, unmatched_scan.session].pop(unmatched_scan.key, None)

    def put_lot_scan(self, scan: LotScan) -> None:
        """Add or replace a lot scan."""
        self.lot_scans[scan.scan_id] = scan
        self._lot_scans_by_lot[scan.key][scan.scan_id] = None
        self._lot_scans_by_session[scan.receipt, scan.session][scan.scan_id] = None

    def remove_lot_scan(self, scan: LotScan) -> None:
        """Remove a lot scan."""
        del self.lot_scans[scan.scan_id]
        self._lot_scans_by_lot[scan.key].pop(scan.scan_id)
        self._lot_scans_by_session[scan.receipt, scan.session].pop(scan.scan_id)

    def put_discrepancy(self, discrepancy: Discrepancy) -> None:
        """Add or replace a discrepancy."""
        self.discrepancies[discrepancy.discrepancy] = discrepancy
        if discrepancy.serial is not None:
            scan_key = (discrepancy.receipt, discrepancy.sku, discrepancy.serial)
            if discrepancy.resolution is None:
                self._open_discrepancies[scan_key] = discrepancy.discrepancy
            elif self._open_discrepancies.get(scan_key) == discrepancy.discrepancy:
                del self._open_discrepancies[scan_key]

    # Queries

    def get_unit(self, sku: str, serial: str) -> Unit:
        """Return a unit; an unknown serial number yields a new inactive unit."""
        return self.units.get((sku, serial)) or Unit(sku, serial)

    def lines_of(self, receipt: str, sku: str) -> list[ReceiptLine]:
        """Return the receipt's lines of a product, by line number."""
        numbers = sorted(self._lines_by_sku.get((receipt, sku), ()), key=lambda line: (len(line), line))
        return [self.lines[receipt, number] for number in numbers]

    def loaded_lines(self, receipt: str) -> list[ReceiptLine]:
        """Return the loaded lines of a receipt, by line number."""
        lines = [line for line in self.lines.values() if line.receipt == receipt]
        return sorted(lines, key=lambda line: (len(line.line), line.line))

    def case_variants(self, sku: str, serial: str) -> list[Unit]:
        """Return units of the product whose serial numbers differ from this one only in case."""
        keys = self._units_by_folded_serial.get((sku, serial.lower()), ())
        return [self.units[key] for key in keys if key[1] != serial]

    def expected_products(self, receipt: str, serial: str) -> list[str]:
        """Return the products under which the receipt expects this serial number."""
        return [sku for sku, _ in self._expected_by_serial.get((receipt, serial), ())]

    def expected_units(self, receipt: str) -> list[Unit]:
        """Return the units with a listed serial number that the receipt still expects."""
        return [self.units[key] for key in sorted(self._expected_by_receipt.get(receipt, ()))]

    def scanned_units(self, session: Session) -> list[Unit]:
        """Return the accepted units of a session."""
        return [self.units[key] for key in sorted(self._scanned_by_session.get(session.key, ()))]

    def unmatched_scans_in(self, session: Session) -> list[UnmatchedScan]:
        """Return the unmatched scans of a session."""
        return [self.unmatched_scans[key] for key in sorted(self._unmatched_by_session.get(session.key, ()))]

    def lot_scans_of(self, key: LotKey) -> list[LotScan]:
        """Return the scans of a lot on a receipt, over all sessions."""
        return [self.lot_scans[scan] for scan in sorted(self._lot_scans_by_lot.get(key, ()))]

    def lot_scans_in(self, session: Session) -> list[LotScan]:
        """Return the lot scans of a session."""
        return [self.lot_scans[scan] for scan in sorted(self._lot_scans_by_session.get(session.key, ()))]

    def shelf_life_violation(self, sku: str, location: str, expiry: date | None) -> ShelfLifeViolation | None:
        """Check the remaining shelf life of an item received today, in the time zone of the warehouse."""
        day = today(self.now, self.time_zones.get(warehouse_of(location), "UTC"))
        return shelf_life_violation(
            expiry, day, min_remaining_days=self.shelf_life_policy(sku).min_remaining_shelf_life_at_receipt
        )

    def shelf_life_policy(self, sku: str) -> ShelfLifePolicy:
        """Return the shelf-life policy of a product."""
        return self.shelf_life_policies.get(sku) or ShelfLifePolicy()

    def open_discrepancy(self, receipt: str, sku: str, serial: str) -> str | None:
        """Return the id of the open discrepancy about this serial number on the receipt."""
        return self._open_discrepancies.get((receipt, sku, serial))
