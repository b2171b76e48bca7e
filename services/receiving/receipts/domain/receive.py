"""Receipt of units and lots, and discrepancies, on confirmation of a session or resolution of a discrepancy."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from services.receiving.receipts.domain.announced_lots import DATE_FIELDS, LotExpectation, describe_dates
from services.receiving.receipts.domain.records import (
    UNMATCHED_KINDS,
    Discrepancy,
    LotScan,
    Session,
    Unit,
    UnmatchedScan,
    group_by_line,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, chunks
from shared.contracts.product_attributes import ExpirySource
from shared.contracts.raw_scans import scans_of_serials
from shared.contracts.receiving import (
    DiscrepancyFound,
    DiscrepancyResolved,
    ReceiptLotsReceived,
    ReceiptSerialsReceived,
    ReceivedLot,
    Resolution,
)


def new_hold_id(uow: ReceivingUnitOfWork, sku: str, location: str, expiry: date | None) -> str | None:
    """Return a new hold id if the remaining shelf life is too short; it may have become too short since the scan."""
    return next(uow.ids) if uow.shelf_life_violation(sku, location, expiry) else None


def receive_serials(uow: ReceivingUnitOfWork, session: Session, scanned: Iterable[Unit]) -> None:
    """Receive scanned units; one event per line, location, lot, dates and carton (S06)."""
    groups: dict[
        tuple[str, str, str, str | None, date | None, date | None, ExpirySource | None, str | None], list[Unit]
    ] = {}  # fmt: skip
    for key, units in group_by_line(scanned).items():
        for unit in units:
            received = uow.units.put(unit.as_received())
            label = (
                received.lot, received.expiry, received.manufactured_on, received.expiry_source, received.inferred_from,
            )  # fmt: skip
            groups.setdefault((key[1], received.sku, received.location or "", *label), []).append(received)
        line = uow.lines[key]
        count = len(units)
        uow.lines.put(line._replace(scanned=line.scanned - count, received=line.received + count))
    for (number, sku, location, lot, expiry, manufactured_on, expiry_source, sscc), group in groups.items():
        for chunk in chunks(group):
            uow.emit(
                ReceiptSerialsReceived, receipt=session.receipt, session=session.session, line=number, sku=sku,
                location=location, serials=[unit.serial for unit in chunk], versions=[unit.version for unit in chunk],
                lot=lot, expiry=expiry, expiry_source=expiry_source, manufactured_on=manufactured_on,
                hold_id=new_hold_id(uow, sku, location, expiry), scans=scans_of_serials(unit.scan for unit in chunk),
                supplier=uow.receipts[session.receipt].supplier, inferred_from=sscc,
            )  # fmt: skip


def receive_lots(uow: ReceivingUnitOfWork, scanned: Iterable[LotScan]) -> None:
    """Receive scanned lots; one event per line, location and carton (S23, S26)."""
    groups: dict[tuple[str, str, str, str | None], list[LotScan]] = {}
    hold_ids: dict[tuple[str, str], str] = {}
    for scan in scanned:
        if hold_id := new_hold_id(uow, scan.sku, scan.location, scan.expiry):
            hold_ids.setdefault((scan.sku, scan.received_lot), hold_id)
        uow.known_lots.learn(scan.sku, scan.received_lot)
        received = uow.lot_scans.put(scan._replace(status="RECEIVED"))
        line = uow.lines[scan.receipt, scan.line or ""]
        scanned_quantity = scan.quantity if scan.status == "SCANNED" else 0
        uow.lines.put(line._replace(scanned=line.scanned - scanned_quantity, received=line.received + scan.quantity))
        groups.setdefault((line.line, scan.sku, scan.location, scan.inferred_from), []).append(received)
    for (number, sku, location, sscc), group in groups.items():
        for chunk in chunks(group):
            receipt = uow.receipts[chunk[0].receipt]
            uow.emit(
                ReceiptLotsReceived, receipt=receipt.receipt, session=chunk[0].session, line=number, sku=sku,
                location=location, tracking="LOT" if uow.tracking(sku) == "LOT" else "NONE", supplier=receipt.supplier,
                lots=[_to_received_lot(scan, hold_ids.get((sku, scan.received_lot))) for scan in chunk],
                inferred_from=sscc,
            )  # fmt: skip


def _to_received_lot(scan: LotScan, hold_id: str | None) -> ReceivedLot:
    return ReceivedLot(
        lot=scan.received_lot, quantity=scan.quantity, expiry=scan.expiry, manufactured_on=scan.manufactured_on,
        best_before=scan.best_before, expiry_source=scan.expiry_source, hold_id=hold_id, scan=scan.scan,
    )  # fmt: skip


def serial_discrepancy(uow: ReceivingUnitOfWork, scan: UnmatchedScan) -> Discrepancy:
    """Create the discrepancy of an unmatched scan."""
    return Discrepancy(
        discrepancy=next(uow.ids), receipt=scan.receipt, session=scan.session, kind=scan.kind, line=scan.line,
        sku=scan.sku, serial=scan.serial, missing_serials=[], quantity=Decimal(1), location=scan.location,
        conflicting_value=scan.conflicting_value, found_at=uow.now, found_by=uow.event.actor, lot=scan.lot,
        expiry=scan.expiry, manufactured_on=scan.manufactured_on, expiry_source=scan.expiry_source, scan=scan.scan,
        inferred_from=scan.inferred_from,
    )  # fmt: skip


def lot_discrepancy(uow: ReceivingUnitOfWork, scan: LotScan) -> Discrepancy:
    """Create the discrepancy of an unmatched lot scan."""
    difference = None
    if scan.status == "NOT_AS_ANNOUNCED":
        expectation = LotExpectation(uow.lines_of(scan.receipt, scan.sku))
        dates = {name: getattr(scan, name) for name in DATE_FIELDS}
        difference = expectation.difference(scan.lot, dates) or describe_dates(
            expectation.missing_dates(scan.lot, dates)
        )
    return Discrepancy(
        discrepancy=next(uow.ids), receipt=scan.receipt, session=scan.session,
        kind=UNMATCHED_KINDS.get(scan.status, "UNEXPECTED"), line=scan.line, sku=scan.sku, serial=None,
        missing_serials=[], quantity=scan.quantity, location=scan.location,
        conflicting_value=scan.label_sku or scan.known_lot or difference, found_at=uow.now,
        found_by=uow.event.actor, lot=scan.lot,
        expiry=scan.expiry, scan_id=scan.scan_id, manufactured_on=scan.manufactured_on,
        expiry_source=scan.expiry_source, scan=scan.scan, inferred_from=scan.inferred_from,
    )  # fmt: skip


DISCREPANCY_TEXT = {
    "OVER": "more than expected",
    "SHORT": "less than expected",
    "UNEXPECTED": "not expected on this receipt",
    "DUPLICATE_SERIAL": "serial number already registered",
    "CASE_MISMATCH": "serial number {conflicting_value} differs only in case, blanks, hyphens, O and 0, or I and 1",
    "LOT_CASE_MISMATCH": "known lot {conflicting_value} differs only in case or blanks",
    "EXPECTED_ON_OTHER_RECEIPT": "expected on receipt {conflicting_value}",
    "WRONG_PRODUCT": "product {conflicting_value} is on the label, or has or expects this serial number",
    "NOT_AS_ANNOUNCED": "lot or dates are not as announced: {conflicting_value}",
    "EXPIRED": "rejected: expired on {expiry}",
    "INSUFFICIENT_SHELF_LIFE": "rejected: expires on {expiry}, remaining shelf life too short",
    "EXPIRY_REQUIRED": "rejected: no expiry date",
}


def record_discrepancies(uow: ReceivingUnitOfWork, discrepancies: Sequence[Discrepancy]) -> list[str]:
    """Store and emit discrepancies, each with at most 500 serial numbers; return their ids."""
    for discrepancy in discrepancies:
        uow.discrepancies.put(discrepancy)
        serials = [discrepancy.serial] if discrepancy.serial else discrepancy.missing_serials[:MAX_ITEMS_PER_MESSAGE]
        uow.emit(
            DiscrepancyFound, receipt=discrepancy.receipt, discrepancy=discrepancy.discrepancy, kind=discrepancy.kind,
            line=discrepancy.line, sku=discrepancy.sku, quantity=discrepancy.quantity, serials=serials,
            session=discrepancy.session, lot=discrepancy.lot, expiry=discrepancy.expiry,
            resolution=discrepancy.resolution,
            detail=DISCREPANCY_TEXT[discrepancy.kind].format(
                conflicting_value=discrepancy.conflicting_value, expiry=discrepancy.expiry
            ),
        )  # fmt: skip
    return [discrepancy.discrepancy for discrepancy in discrepancies]


def end_discrepancy(
    uow: ReceivingUnitOfWork, discrepancy: Discrepancy, resolution: Resolution, reason: str,
    matched_serial: str | None = None,
) -> None:  # fmt: skip
    """Store and emit the resolution of a discrepancy."""
    uow.discrepancies.put(
        discrepancy._replace(
            resolution=resolution, matched_serial=matched_serial, reason=reason, resolved_at=uow.now,
            resolved_by=uow.event.actor,
        )
    )  # fmt: skip
    uow.emit(
        DiscrepancyResolved, receipt=discrepancy.receipt, discrepancy=discrepancy.discrepancy, kind=discrepancy.kind,
        resolution=resolution, sku=discrepancy.sku, lot=discrepancy.lot, reason=reason,
        serials=[discrepancy.serial] if discrepancy.serial else [],
    )  # fmt: skip
