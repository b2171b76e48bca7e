"""Keys of the records that a batch of commands needs, derived from the commands alone."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from services.receiving.products.domain.records import ProductBarcode
from services.receiving.receipts.domain.cartons import contents_of
from services.receiving.receipts.domain.raw_scans import scanned_ssccs, split_scans
from services.receiving.receipts.domain.records import AnnouncedLine, Discrepancy, LotKey, LotScan, RowKey, Unit
from services.receiving.receipts.domain.serial_scans import VALID_IDENTIFIER
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged, AsnLine, AsnLineChange
from shared.identifiers import LOCATION_PATTERN, fold_lot
from shared.working_set import WorkingSet

LOCATION = re.compile(LOCATION_PATTERN)

Barcodes = WorkingSet[str, ProductBarcode]


@dataclass(slots=True)
class LoadPlan:
    """Keys to load, by the way the records are found."""

    skus: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)
    warehouses: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)
    closing_receipts: set[str] = field(default_factory=set)
    """Receipts of which all lines and expected units are needed."""
    lines: set[RowKey] = field(default_factory=set)
    parts: set[tuple[str, int, int]] = field(default_factory=set)
    """(receipt, part, number of parts) of announcements, for what they said before."""
    changed_lines: set[RowKey] = field(default_factory=set)
    """(receipt, line) of amendments, for what the parts of the ASN say about them."""
    lines_by_sku: set[RowKey] = field(default_factory=set)
    """(receipt, sku)."""
    sessions: set[RowKey] = field(default_factory=set)
    closing_sessions: set[RowKey] = field(default_factory=set)
    """Sessions of which all scans are needed."""
    units: set[RowKey] = field(default_factory=set)
    serial_scans: set[tuple[str, str, str]] = field(default_factory=set)
    """(receipt, sku, serial), for unmatched scans, open discrepancies and units expected under another product."""
    lots: set[LotKey] = field(default_factory=set)
    """(receipt, sku, comparison key)."""
    lot_scans: set[str] = field(default_factory=set)
    known_lots: set[RowKey] = field(default_factory=set)
    """(sku, lot), for the known spellings of lots."""
    announced_ssccs: set[str] = field(default_factory=set)
    """SSCCs of announced cartons and pallets."""
    scanned_ssccs: set[str] = field(default_factory=set)
    discrepancies: set[str] = field(default_factory=set)

    def add_for_discrepancies(self, discrepancies: Iterable[Discrepancy], events: Iterable[CloudEvent[Any]]) -> None:
        """Add the keys for resolving these discrepancies."""
        match_targets = {
            event.data.discrepancy: event.data.match_to
            for event in events
            if isinstance(event.data, commands.ResolveDiscrepancy)
        }
        for discrepancy in discrepancies:
            if discrepancy.discrepancy not in match_targets:
                continue
            self.skus.add(discrepancy.sku)
            if discrepancy.lot:
                self.known_lots.add((discrepancy.sku, discrepancy.lot))
            if discrepancy.scan_id is not None:
                self.lot_scans.add(discrepancy.scan_id)
                self.lines_by_sku.add((discrepancy.receipt, discrepancy.sku))
            if discrepancy.serial is None:
                continue
            skus = (
                {discrepancy.sku, discrepancy.conflicting_value}
                if discrepancy.kind == "WRONG_PRODUCT"
                else {discrepancy.sku}
            )
            serials = (
                {discrepancy.serial, discrepancy.conflicting_value}
                if discrepancy.kind == "CASE_MISMATCH"
                else {discrepancy.serial}
            )
            serials |= {match_targets[discrepancy.discrepancy]}
            self.units.update((sku, serial) for sku in skus for serial in serials if sku and serial)
            self.lines_by_sku.update((discrepancy.receipt, sku) for sku in skus if sku)

    def add_announced(self, announced_lines: Iterable[AnnouncedLine]) -> None:
        """Add lines, units and products of what an ASN said before."""
        for announced in announced_lines:
            self.skus.add(announced.sku)
            self.lines.add((announced.receipt, announced.line))
            self.units.update((announced.sku, serial) for serial in announced.serials)

    def add_scanned_cartons(self, uow: ReceivingUnitOfWork, events: Iterable[CloudEvent[Any]]) -> set[str]:
        """Add what scanned cartons contain, as if it were scanned; return its products."""
        skus: set[str] = set()
        for event in events:
            if not isinstance(event.data, commands.ScanItems):
                continue
            receipt = event.data.receipt
            cartons = [carton for sscc in scanned_ssccs(event.data) for carton in uow.cartons_in(receipt, sscc)]
            for content in contents_of(cartons):
                skus.add(content.sku)
                self.lines_by_sku.add((receipt, content.sku))
                _add_serials(self, receipt, content.sku, content.serials)
                _add_lots(self, receipt, content.sku, (lot for lot, _ in content.lots))
        self.skus |= skus
        return skus

    def add_lines(self, units: Iterable[Unit], lot_scans: Collection[LotScan]) -> None:
        """Add the lines of these units and lot scans, also on other receipts, and the lots of ending sessions."""
        self.known_lots.update((scan.sku, scan.lot) for scan in lot_scans if scan.lot)
        self.lines.update((scan.receipt, scan.line) for scan in lot_scans if scan.line)
        for unit in units:
            if unit.receipt and unit.line and unit.status in {"EXPECTED", "SCANNED"}:
                self.lines.add((unit.receipt, unit.line))
                if unit.lot:
                    self.known_lots.add((unit.sku, unit.lot))


def required_keys(events: Iterable[CloudEvent[Any]], barcodes: Barcodes) -> LoadPlan:
    """Collect the keys for all commands."""
    plan = LoadPlan()
    for event in events:
        plan.receipts.add(event.data.receipt)
        LOADERS[type(event.data)](plan, event.data, barcodes)
    return plan


def _load_for_announcement(plan: LoadPlan, command: AsnAnnounced, _: object) -> None:
    plan.warehouses.add(command.warehouse)
    plan.parts.add((command.receipt, command.part, command.parts))
    _add_asn_lines(plan, command.receipt, command.lines)
    plan.announced_ssccs.update(
        number for carton in command.cartons for number in (carton.sscc, carton.pallet) if number
    )


def _load_for_amendment(plan: LoadPlan, command: AsnChanged, _: object) -> None:
    plan.changed_lines.update((command.receipt, line.line) for line in command.lines)
    _add_asn_lines(plan, command.receipt, command.lines)


def _load_for_closing(plan: LoadPlan, command: AsnCancelled | commands.CloseReceipt, _: object) -> None:
    plan.closing_receipts.add(command.receipt)


def _load_for_scan(plan: LoadPlan, command: commands.ScanItems, barcodes: Barcodes) -> None:
    plan.locations.add(command.location)
    plan.sessions.add((command.receipt, command.session))
    plan.scanned_ssccs.update(scanned_ssccs(command))
    for part in split_scans(command):
        _load_for_items(plan, part, barcodes)


def _load_for_items(plan: LoadPlan, command: commands.ScanItems, barcodes: Barcodes) -> None:
    barcode = barcodes.get(command.barcode) if command.barcode else None
    if sku := barcode.sku if barcode else command.sku if command.barcode is None else None:
        plan.skus.add(sku)
        plan.lines_by_sku.add((command.receipt, sku))
        _add_serials(plan, command.receipt, sku, command.serials)
        _add_lots(plan, command.receipt, sku, (entry.lot for entry in command.lots))
        if command.lot and VALID_IDENTIFIER.match(command.lot):
            plan.known_lots.add((sku, command.lot))


def _load_for_undo(plan: LoadPlan, command: commands.UndoScan, _: object) -> None:
    plan.sessions.add((command.receipt, command.session))
    if ssccs := scanned_ssccs(command):
        plan.scanned_ssccs.update(ssccs)
        plan.closing_sessions.add((command.receipt, command.session))
    _add_serials(plan, command.receipt, command.sku, command.serials)
    _add_lots(plan, command.receipt, command.sku, command.lots)


def _load_for_take_over(plan: LoadPlan, command: commands.TakeOverSession, _: object) -> None:
    plan.sessions.add((command.receipt, command.session))


def _load_for_session_end(
    plan: LoadPlan, command: commands.ConfirmSession | commands.DiscardSession, _: object
) -> None:
    plan.sessions.add((command.receipt, command.session))
    plan.closing_sessions.add((command.receipt, command.session))


def _load_for_resolution(plan: LoadPlan, command: commands.ResolveDiscrepancy, _: object) -> None:
    plan.discrepancies.add(command.discrepancy)
    plan.lines.add((command.receipt, command.line or ""))


def _add_asn_lines(plan: LoadPlan, receipt: str, lines: Iterable[AsnLine | AsnLineChange]) -> None:
    for line in lines:
        plan.skus.add(line.sku)
        plan.lines.add((receipt, line.line))
        for serial in line.serials or ():
            plan.units.add((line.sku, serial))
            _add_location(plan, serial)


def _add_serials(plan: LoadPlan, receipt: str, sku: str, serials: Iterable[str]) -> None:
    # Invalid serials are never stored, and some are not valid as SQL parameters.
    for serial in serials:
        if VALID_IDENTIFIER.match(serial):
            plan.units.add((sku, serial))
            plan.serial_scans.add((receipt, sku, serial))
            _add_location(plan, serial)


def _add_location(plan: LoadPlan, text: str) -> None:
    """Add what may be the name of a location, scanned in place of a number."""
    if "/" in text and LOCATION.fullmatch(text):
        plan.locations.add(text)


def entered_serials(command: Message) -> Iterator[str]:
    """Return the serial numbers that a command may register."""
    if isinstance(command, commands.ScanItems):
        yield from command.serials
        yield from (read.serial for read in command.read_scans if read.serial)
    elif isinstance(command, AsnAnnounced | AsnChanged):
        for line in command.lines:
            yield from line.serials or ()


def _add_lots(plan: LoadPlan, receipt: str, sku: str, lots: Iterable[str]) -> None:
    lots = list(lots)
    for lot in lots:
        _add_location(plan, lot)
    valid_lots = [lot for lot in lots if not lot or VALID_IDENTIFIER.match(lot)]
    plan.lots.update((receipt, sku, fold_lot(lot)) for lot in valid_lots)
    plan.known_lots.update((sku, lot) for lot in valid_lots if lot)


LOADERS: dict[type[Message], Callable[[LoadPlan, Any, Barcodes], None]] = {
    AsnAnnounced: _load_for_announcement,
    AsnChanged: _load_for_amendment,
    AsnCancelled: _load_for_closing,
    commands.ScanItems: _load_for_scan,
    commands.UndoScan: _load_for_undo,
    commands.TakeOverSession: _load_for_take_over,
    commands.ConfirmSession: _load_for_session_end,
    commands.DiscardSession: _load_for_session_end,
    commands.CloseReceipt: _load_for_closing,
    commands.ResolveDiscrepancy: _load_for_resolution,
}
