"""The desk that a batch of messages is decided on: the rows it needs, as read and as the rules leave them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from services.receiving.products.domain import Coded
from services.receiving.receipts.domain.records import (
    Aside,
    Discrepancy,
    Key,
    Line,
    LotKey,
    LotScan,
    Receipt,
    Session,
    Unit,
)
from shared.contracts.reference import LocationType, Tracking
from shared.contracts.upstream import LifePolicy
from shared.identifiers import warehouse_of
from shared.stock.expiry import TooLate, today, too_late

K = TypeVar("K")
R = TypeVar("R")


class Rows(dict[K, R], Generic[K, R]):
    """Rows of one table as they are now, and what they were when they were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[K, R] = {}

    def lay(self, rows: Iterable[R], key: Callable[[R], K], put: Callable[[R], None]) -> None:
        """Take rows as they were read."""
        for row in rows:
            if self.read.setdefault(key(row), row) is row:
                put(row)

    def changed(self) -> list[R]:
        """Those to be saved."""
        return [row for key, row in self.items() if self.read.get(key) is not row]

    def gone(self) -> list[K]:
        """Those to be deleted, or to be replaced by another of the same key."""
        return [key for key, row in self.read.items() if self.get(key) is not row]


def _index() -> defaultdict[Key, dict[Key, None]]:
    return defaultdict(dict)


@dataclass(slots=True)
class Desk:
    """What the rules see and change; nothing here knows a database, a clock or a source of ids."""

    now: datetime
    ids: Iterator[str]
    trackings: Mapping[str, Tracking] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    """With how many decimals products are counted."""

    lives: Mapping[str, LifePolicy] = field(default_factory=dict)
    barcodes: Mapping[str, Coded] = field(default_factory=dict)
    locations: Mapping[str, LocationType] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    """The time zones of warehouses."""

    receipts: Rows[str, Receipt] = field(default_factory=Rows)
    lines: Rows[Key, Line] = field(default_factory=Rows)
    sessions: Rows[Key, Session] = field(default_factory=Rows)
    units: Rows[Key, Unit] = field(default_factory=Rows)
    asides: Rows[tuple[str, str, str], Aside] = field(default_factory=Rows)
    lots: Rows[str, LotScan] = field(default_factory=Rows)
    discrepancies: Rows[str, Discrepancy] = field(default_factory=Rows)

    _lines_of: dict[Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    _spellings: defaultdict[Key, dict[Key, None]] = field(default_factory=_index)
    _expected_by_serial: defaultdict[Key, dict[Key, None]] = field(default_factory=_index)
    _expected: defaultdict[str, dict[Key, None]] = field(default_factory=lambda: defaultdict(dict))
    _scanned: defaultdict[Key, dict[Key, None]] = field(default_factory=_index)
    _aside_in: defaultdict[Key, dict[tuple[str, str, str], None]] = field(default_factory=lambda: defaultdict(dict))
    _scans_of: defaultdict[LotKey, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    _scans_in: defaultdict[Key, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    _disputed: dict[tuple[str, str, str], str] = field(default_factory=dict)

    # Filled from the database

    def load(
        self,
        *,
        receipts: Iterable[Receipt] = (),
        lines: Iterable[Line] = (),
        sessions: Iterable[Session] = (),
        units: Iterable[Unit] = (),
        asides: Iterable[Aside] = (),
        lots: Iterable[LotScan] = (),
        discrepancies: Iterable[Discrepancy] = (),
    ) -> None:
        """Lay rows on the desk as they were read; one that lies there already stays."""
        self.receipts.lay(receipts, lambda row: row.receipt, self.put_receipt)
        self.lines.lay(lines, lambda row: row.key, self.put_line)
        self.sessions.lay(sessions, lambda row: row.key, self.put_session)
        self.units.lay(units, lambda row: row.key, self.put_unit)
        self.asides.lay(asides, lambda row: row.key, self.put_aside)
        self.lots.lay(lots, lambda row: row.scan, self.put_lot)
        self.discrepancies.lay(discrepancies, lambda row: row.discrepancy, self.put_discrepancy)

    # Changed by the rules

    def put_receipt(self, receipt: Receipt) -> None:
        """A receipt as it is now."""
        self.receipts[receipt.receipt] = receipt

    def put_session(self, session: Session) -> None:
        """A session as it is now."""
        self.sessions[session.key] = session

    def put_line(self, line: Line) -> None:
        """A line as it is now."""
        if line.key not in self.lines:
            self._lines_of[line.receipt, line.sku].append(line.line)
        self.lines[line.key] = line

    def put_unit(self, unit: Unit) -> None:
        """A unit as it is now."""
        before = self.units.get(unit.key)
        if before is None:
            self._spellings[unit.sku, unit.serial.lower()][unit.key] = None
        else:
            self._forget(before)
        self.units[unit.key] = unit
        if unit.state == "EXPECTED" and unit.receipt is not None:
            self._expected[unit.receipt][unit.key] = None
            self._expected_by_serial[unit.receipt, unit.serial][unit.key] = None
        elif unit.state == "SCANNED" and unit.receipt is not None and unit.session is not None:
            self._scanned[unit.receipt, unit.session][unit.key] = None

    def _forget(self, unit: Unit) -> None:
        if unit.state == "EXPECTED" and unit.receipt is not None:
            self._expected[unit.receipt].pop(unit.key, None)
            self._expected_by_serial[unit.receipt, unit.serial].pop(unit.key, None)
        elif unit.state == "SCANNED" and unit.receipt is not None and unit.session is not None:
            self._scanned[unit.receipt, unit.session].pop(unit.key, None)

    def put_aside(self, aside: Aside) -> None:
        """Set a scanned unit aside."""
        self.asides[aside.key] = aside
        self._aside_in[aside.receipt, aside.session][aside.key] = None

    def take_aside(self, aside: Aside) -> None:
        """It is set aside no longer."""
        del self.asides[aside.key]
        self._aside_in[aside.receipt, aside.session].pop(aside.key, None)

    def put_lot(self, scan: LotScan) -> None:
        """Scans of a lot as they are now."""
        self.lots[scan.scan] = scan
        self._scans_of[scan.key][scan.scan] = None
        self._scans_in[scan.receipt, scan.session][scan.scan] = None

    def take_lot(self, scan: LotScan) -> None:
        """These scans were taken back."""
        del self.lots[scan.scan]
        self._scans_of[scan.key].pop(scan.scan)
        self._scans_in[scan.receipt, scan.session].pop(scan.scan)

    def put_discrepancy(self, found: Discrepancy) -> None:
        """A discrepancy as it is now."""
        self.discrepancies[found.discrepancy] = found
        if found.serial is not None:
            disputed = (found.receipt, found.sku, found.serial)
            if found.resolution is None:
                self._disputed[disputed] = found.discrepancy
            elif self._disputed.get(disputed) == found.discrepancy:
                del self._disputed[disputed]

    # Looked up by the rules

    def unit(self, sku: str, serial: str) -> Unit:
        """A unit, or what an unknown one is before its first fact."""
        return self.units.get((sku, serial)) or Unit(sku, serial)

    def lines_of(self, receipt: str, sku: str) -> list[Line]:
        """The receipt's lines of a product, in the sender's order."""
        numbers = sorted(self._lines_of.get((receipt, sku), ()), key=lambda line: (len(line), line))
        return [self.lines[receipt, number] for number in numbers]

    def lines_in(self, receipt: str) -> list[Line]:
        """All lines of a receipt that lie on the desk, in the sender's order."""
        lines = [line for line in self.lines.values() if line.receipt == receipt]
        return sorted(lines, key=lambda line: (len(line.line), line.line))

    def spellings(self, sku: str, serial: str) -> list[Unit]:
        """The product's units whose serials differ from this one only in case."""
        alike = self._spellings.get((sku, serial.lower()), ())
        return [self.units[key] for key in alike if key[1] != serial]

    def expected_as(self, receipt: str, serial: str) -> list[str]:
        """The products under which the receipt expects this serial."""
        return [sku for sku, _ in self._expected_by_serial.get((receipt, serial), ())]

    def expected(self, receipt: str) -> list[Unit]:
        """The units that the receipt still expects by name."""
        return [self.units[key] for key in sorted(self._expected.get(receipt, ()))]

    def scanned(self, session: Session) -> list[Unit]:
        """The accepted scans of a session."""
        return [self.units[key] for key in sorted(self._scanned.get(session.key, ()))]

    def set_aside(self, session: Session) -> list[Aside]:
        """What a session has set aside."""
        return [self.asides[key] for key in sorted(self._aside_in.get(session.key, ()))]

    def scans_of(self, key: LotKey) -> list[LotScan]:
        """What was scanned of a lot on a receipt, in any session."""
        return [self.lots[scan] for scan in sorted(self._scans_of.get(key, ()))]

    def lots_in(self, session: Session) -> list[LotScan]:
        """The lots that were scanned in a session."""
        return [self.lots[scan] for scan in sorted(self._scans_in.get(session.key, ()))]

    def too_late(self, sku: str, location: str, expiry: date | None) -> TooLate | None:
        """Why goods that arrive at a place today are too old to be received as any others."""
        day = today(self.now, self.zones.get(warehouse_of(location), "UTC"))
        return too_late(expiry, day, min_life=self.life(sku).min_life_at_receipt)

    def life(self, sku: str) -> LifePolicy:
        """What a product's days of life mean."""
        return self.lives.get(sku) or LifePolicy()

    def disputed(self, receipt: str, sku: str, serial: str) -> str | None:
        """The open discrepancy of the receipt about this very scan."""
        return self._disputed.get((receipt, sku, serial))
