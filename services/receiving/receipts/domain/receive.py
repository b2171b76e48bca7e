"""Receipt of units and lots, and discrepancies, on confirmation of a session or resolution of a discrepancy."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.records import Discrepancy, LotScan, RowKey, Session, Unit, UnmatchedScan
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent, Message, chunks
from shared.contracts.receiving import DiscrepancyFound, ReceiptLotsReceived, ReceiptSerialsReceived, ReceivedLot


def group_by_line(units: Iterable[Unit]) -> dict[RowKey, list[Unit]]:
    """Group units by (receipt, line)."""
    units_by_line: dict[RowKey, list[Unit]] = {}
    for unit in units:
        units_by_line.setdefault((unit.receipt or "", unit.line or ""), []).append(unit)
    return units_by_line


def new_hold_id(uow: ReceivingUnitOfWork, sku: str, location: str, expiry: date | None) -> str | None:
    """Return a new hold id if the remaining shelf life is too short; it may have become too short since the scan."""
    return next(uow.ids) if uow.shelf_life_violation(sku, location, expiry) else None


def receive_serials(
    uow: ReceivingUnitOfWork, session: Session, scanned: Iterable[Unit], context: dict[str, Any]
) -> list[Message]:
    """Receive scanned units; one event per line, location, lot and expiry (S06)."""
    groups: dict[tuple[str, str, str, str | None, date | None], list[Unit]] = {}
    for key, units in group_by_line(scanned).items():
        for unit in units:
            uow.put_unit(received := unit.as_received())
            groups.setdefault(
                (key[1], received.sku, received.location or "", received.lot, received.expiry), []
            ).append(received)
        line = uow.lines[key]
        count = len(units)
        uow.put_line(line._replace(scanned=line.scanned - count, received=line.received + count))
    return [
        ReceiptSerialsReceived(
            receipt=session.receipt, session=session.session, line=line, sku=sku, location=location,
            serials=[unit.serial for unit in chunk], versions=[unit.version for unit in chunk], lot=lot, expiry=expiry,
            hold_id=new_hold_id(uow, sku, location, expiry), **context,
        )
        for (line, sku, location, lot, expiry), received in groups.items()
        for chunk in chunks(received)
    ]  # fmt: skip


def receive_lots(uow: ReceivingUnitOfWork, scanned: Iterable[LotScan], context: dict[str, Any]) -> list[Message]:
    """Receive scanned lots; one event per line and location (S23, S26)."""
    groups: dict[tuple[str, str, str], list[LotScan]] = {}
    hold_ids: dict[tuple[str, str], str] = {}
    for scan in scanned:
        if hold_id := new_hold_id(uow, scan.sku, scan.location, scan.expiry):
            hold_ids.setdefault((scan.sku, scan.lot), hold_id)
        uow.put_lot_scan(received := scan._replace(status="RECEIVED"))
        line = uow.lines[scan.receipt, scan.line or ""]
        scanned_quantity = scan.quantity if scan.status == "SCANNED" else 0
        uow.put_line(line._replace(scanned=line.scanned - scanned_quantity, received=line.received + scan.quantity))
        groups.setdefault((line.line, scan.sku, scan.location), []).append(received)
    return [
        ReceiptLotsReceived(
            receipt=chunk[0].receipt, session=chunk[0].session, line=line, sku=sku, location=location,
            tracking="LOT" if uow.trackings[sku] == "LOT" else "NONE", supplier=uow.receipts[chunk[0].receipt].supplier,
            lots=[_to_received_lot(scan, hold_ids.get((sku, scan.lot))) for scan in chunk], **context,
        )
        for (line, sku, location), received in groups.items()
        for chunk in chunks(received)
    ]  # fmt: skip


def _to_received_lot(scan: LotScan, hold_id: str | None) -> ReceivedLot:
    return ReceivedLot(
        lot=scan.lot, quantity=scan.quantity, expiry=scan.expiry, manufactured_on=scan.manufactured_on,
        best_before=scan.best_before, hold_id=hold_id,
    )  # fmt: skip


def serial_discrepancy(uow: ReceivingUnitOfWork, event: CloudEvent[Any], scan: UnmatchedScan) -> Discrepancy:
    """Create the discrepancy of an unmatched scan."""
    return Discrepancy(
        discrepancy=next(uow.ids), receipt=scan.receipt, session=scan.session, kind=scan.kind, line=scan.line,
        sku=scan.sku, serial=scan.serial, missing_serials=[], quantity=Decimal(1), location=scan.location,
        conflicting_value=scan.conflicting_value, found_at=uow.now, found_by=event.actor, lot=scan.lot,
        expiry=scan.expiry,
    )  # fmt: skip


def lot_discrepancy(uow: ReceivingUnitOfWork, event: CloudEvent[Any], scan: LotScan) -> Discrepancy:
    """Create the discrepancy of an unmatched lot scan."""
    return Discrepancy(
        discrepancy=next(uow.ids), receipt=scan.receipt, session=scan.session,
        kind="OVER" if scan.status == "OVER" else "UNEXPECTED", line=scan.line, sku=scan.sku, serial=None,
        missing_serials=[], quantity=scan.quantity, location=scan.location, conflicting_value=None, found_at=uow.now,
        found_by=event.actor, lot=scan.lot, expiry=scan.expiry, scan_id=scan.scan_id,
    )  # fmt: skip


DISCREPANCY_TEXT = {
    "OVER": "more than expected",
    "SHORT": "less than expected",
    "UNEXPECTED": "not expected on this receipt",
    "DUPLICATE_SERIAL": "serial number already registered",
    "CASE_MISMATCH": "registered serial number {conflicting_value} differs only in case",
    "EXPECTED_ON_OTHER_RECEIPT": "expected on receipt {conflicting_value}",
    "WRONG_PRODUCT": "the receipt expects this serial number for product {conflicting_value}",
}


def discrepancy_found_event(discrepancy: Discrepancy, context: dict[str, Any]) -> Message:
    """Create the event of a discrepancy, with at most 500 serial numbers."""
    serials = [discrepancy.serial] if discrepancy.serial else discrepancy.missing_serials[:MAX_ITEMS_PER_MESSAGE]
    detail = DISCREPANCY_TEXT[discrepancy.kind].format(conflicting_value=discrepancy.conflicting_value)
    return DiscrepancyFound(
        receipt=discrepancy.receipt, discrepancy=discrepancy.discrepancy, kind=discrepancy.kind, line=discrepancy.line,
        sku=discrepancy.sku, quantity=discrepancy.quantity, serials=serials, session=discrepancy.session,
        lot=discrepancy.lot, detail=detail, **context,
    )  # fmt: skip
