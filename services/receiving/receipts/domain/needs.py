"""Which rows a batch of requests has to lay on the desk, told from the requests alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.receiving.products.domain import Coded
from services.receiving.receipts.domain.judging import WELL_FORMED
from services.receiving.receipts.domain.records import Discrepancy, Key, LotKey, LotScan, Unit
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged, AsnLine


@dataclass(slots=True)
class Needs:
    """Names of rows, by how they are found."""

    skus: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)
    warehouses: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)
    ending: set[str] = field(default_factory=set)
    """Receipts whose every line and expected unit counts."""
    lines: set[Key] = field(default_factory=set)
    lines_of: set[Key] = field(default_factory=set)
    """Receipt and sku."""
    sessions: set[Key] = field(default_factory=set)
    emptied: set[Key] = field(default_factory=set)
    """Sessions whose every scan counts."""
    units: set[Key] = field(default_factory=set)
    scans: set[tuple[str, str, str]] = field(default_factory=set)
    """Receipt, sku and serial: was it set aside there already, is it expected there as another product?"""
    lots: set[LotKey] = field(default_factory=set)
    lot_scans: set[str] = field(default_factory=set)
    discrepancies: set[str] = field(default_factory=set)

    def meet(self, found: Iterable[Discrepancy], events: Iterable[CloudEvent[Any]]) -> None:
        """Add what the resolutions of these discrepancies need."""
        tied = {e.data.discrepancy: e.data.tie_to for e in events if isinstance(e.data, commands.ResolveDiscrepancy)}
        for one in found:
            if one.discrepancy not in tied:
                continue
            self.skus.add(one.sku)
            if one.scan is not None:
                self.lot_scans.add(one.scan)
                self.lines_of.add((one.receipt, one.sku))
            if one.serial is None:
                continue
            skus = {one.sku, one.other} if one.kind == "WRONG_PRODUCT" else {one.sku}
            serials = {one.serial, one.other} if one.kind == "CASE_VARIANT" else {one.serial}
            serials |= {tied[one.discrepancy]}
            self.units.update((sku, serial) for sku in skus for serial in serials if sku and serial)
            self.lines_of.update((one.receipt, sku) for sku in skus if sku)

    def place(self, units: Iterable[Unit], lots: Iterable[LotScan]) -> None:
        """Add the lines that these units and lots stand on, maybe of other receipts."""
        self.lines.update((scan.receipt, scan.line) for scan in lots if scan.line)
        for unit in units:
            if unit.receipt and unit.line and unit.state in {"EXPECTED", "SCANNED"}:
                self.lines.add((unit.receipt, unit.line))


def needs(events: Iterable[CloudEvent[Any]], barcodes: Mapping[str, Coded]) -> Needs:
    """Gather what all these requests need."""
    wanted = Needs()
    for event in events:
        wanted.receipts.add(event.data.receipt)
        NEEDS[type(event.data)](wanted, event.data, barcodes)
    return wanted


def _announced(wanted: Needs, wish: AsnAnnounced, _: object) -> None:
    wanted.warehouses.add(wish.warehouse)
    _lines(wanted, wish.receipt, wish.lines)


def _changed(wanted: Needs, wish: AsnChanged, _: object) -> None:
    _lines(wanted, wish.receipt, (*wish.add, *wish.remove))


def _ended(wanted: Needs, wish: AsnCancelled | commands.CloseReceipt, _: object) -> None:
    wanted.ending.add(wish.receipt)


def _scanned(wanted: Needs, wish: commands.Scan, barcodes: Mapping[str, Coded]) -> None:
    wanted.locations.add(wish.location)
    wanted.sessions.add((wish.receipt, wish.session))
    coded = barcodes.get(wish.barcode) if wish.barcode else None
    if sku := coded.sku if coded else wish.sku if wish.barcode is None else None:
        wanted.skus.add(sku)
        wanted.lines_of.add((wish.receipt, sku))
        _serials(wanted, wish.receipt, sku, wish.serials)
        _lots(wanted, wish.receipt, sku, (entry.lot for entry in wish.lots))


def _undone(wanted: Needs, wish: commands.UndoScan, _: object) -> None:
    wanted.sessions.add((wish.receipt, wish.session))
    _serials(wanted, wish.receipt, wish.sku, wish.serials)
    _lots(wanted, wish.receipt, wish.sku, wish.lots)


def _taken_over(wanted: Needs, wish: commands.TakeOverSession, _: object) -> None:
    wanted.sessions.add((wish.receipt, wish.session))


def _emptied(wanted: Needs, wish: commands.ConfirmSession | commands.DropSession, _: object) -> None:
    wanted.sessions.add((wish.receipt, wish.session))
    wanted.emptied.add((wish.receipt, wish.session))


def _resolved(wanted: Needs, wish: commands.ResolveDiscrepancy, _: object) -> None:
    wanted.discrepancies.add(wish.discrepancy)
    wanted.lines.add((wish.receipt, wish.line or ""))


def _lines(wanted: Needs, receipt: str, lines: Iterable[AsnLine]) -> None:
    for line in lines:
        wanted.skus.add(line.sku)
        wanted.lines.add((receipt, line.line))
        wanted.units.update((line.sku, serial) for serial in line.serials)


def _serials(wanted: Needs, receipt: str, sku: str, serials: Iterable[str]) -> None:
    # What is no serial cannot be in the database, and some of it cannot even be asked for there.
    for serial in serials:
        if WELL_FORMED.match(serial):
            wanted.units.add((sku, serial))
            wanted.scans.add((receipt, sku, serial))


def _lots(wanted: Needs, receipt: str, sku: str, lots: Iterable[str]) -> None:
    wanted.lots.update((receipt, sku, lot) for lot in lots if not lot or WELL_FORMED.match(lot))


NEEDS: dict[type[Fact], Callable[[Needs, Any, Mapping[str, Coded]], None]] = {
    AsnAnnounced: _announced,
    AsnChanged: _changed,
    AsnCancelled: _ended,
    commands.Scan: _scanned,
    commands.UndoScan: _undone,
    commands.TakeOverSession: _taken_over,
    commands.ConfirmSession: _emptied,
    commands.DropSession: _emptied,
    commands.CloseReceipt: _ended,
    commands.ResolveDiscrepancy: _resolved,
}
