"""What arrives with a confirmed session or a supervisor's word: units and lots received, discrepancies found."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import Aside, Discrepancy, Key, LotScan, Session, Unit
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.receiving import DiscrepancyFound, ReceivedLot, StockReceived, UnitReceived


def by_line(units: Iterable[Unit]) -> dict[Key, list[Unit]]:
    """Units by the line that they stand on."""
    lines: dict[Key, list[Unit]] = {}
    for unit in units:
        lines.setdefault((unit.receipt or "", unit.line or ""), []).append(unit)
    return lines


def hold(desk: Desk, sku: str, location: str, expiry: date | None) -> str | None:
    """The hold that goods arrive under whose life is too short: the policy took them in, or the day has changed."""
    return next(desk.ids) if desk.too_late(sku, location, expiry) else None


def receive_units(desk: Desk, session: Session, scanned: Iterable[Unit], said: dict[str, Any]) -> list[Fact]:
    """Units are here, from their scans; one fact says those of one line, place, lot and expiry (S06)."""
    groups: dict[tuple[str, str, str, str | None, date | None], list[Unit]] = {}
    for key, units in by_line(scanned).items():
        for unit in units:
            desk.put_unit(here := unit.received())
            groups.setdefault((key[1], here.sku, here.location or "", here.lot, here.expiry), []).append(here)
        line = desk.lines[key]
        count = len(units)
        desk.put_line(line._replace(scanned=line.scanned - count, received=line.received + count))
    return [
        UnitReceived(
            receipt=session.receipt, session=session.session, line=line, sku=sku, location=location,
            serials=[unit.serial for unit in run], versions=[unit.version for unit in run], lot=lot, expiry=expiry,
            hold=hold(desk, sku, location, expiry), **said,
        )
        for (line, sku, location, lot, expiry), here in groups.items()
        for run in chunks(here)
    ]  # fmt: skip


def receive_lots(desk: Desk, scanned: Iterable[LotScan], said: dict[str, Any]) -> list[Fact]:
    """Lots are here, from their scans; one fact says those of one line and place (S23, S26)."""
    groups: dict[tuple[str, str, str], list[LotScan]] = {}
    holds: dict[tuple[str, str], str] = {}
    for scan in scanned:
        if name := hold(desk, scan.sku, scan.location, scan.expiry):
            holds.setdefault((scan.sku, scan.lot), name)
        desk.put_lot(here := scan._replace(state="RECEIVED"))
        line = desk.lines[scan.receipt, scan.line or ""]
        counted = scan.quantity if scan.state == "SCANNED" else 0
        desk.put_line(line._replace(scanned=line.scanned - counted, received=line.received + scan.quantity))
        groups.setdefault((line.line, scan.sku, scan.location), []).append(here)
    return [
        StockReceived(
            receipt=run[0].receipt, session=run[0].session, line=line, sku=sku, location=location,
            tracking="LOT" if desk.trackings[sku] == "LOT" else "NONE", supplier=desk.receipts[run[0].receipt].supplier,
            lots=[_received(scan, holds.get((sku, scan.lot))) for scan in run], **said,
        )
        for (line, sku, location), here in groups.items()
        for run in chunks(here)
    ]  # fmt: skip


def _received(scan: LotScan, held: str | None) -> ReceivedLot:
    return ReceivedLot(
        lot=scan.lot, quantity=scan.quantity, expiry=scan.expiry, manufactured=scan.manufactured,
        best_before=scan.best_before, hold=held,
    )  # fmt: skip


def found_unit(desk: Desk, event: CloudEvent[Any], aside: Aside) -> Discrepancy:
    """A unit that was set aside is a discrepancy from now on."""
    return Discrepancy(
        discrepancy=next(desk.ids), receipt=aside.receipt, session=aside.session, kind=aside.kind, line=aside.line,
        sku=aside.sku, serial=aside.serial, missing=[], quantity=Decimal(1), location=aside.location, other=aside.other,
        found_at=desk.now, found_by=event.actor, lot=aside.lot, expiry=aside.expiry,
    )  # fmt: skip


def found_lot(desk: Desk, event: CloudEvent[Any], scan: LotScan) -> Discrepancy:
    """So much of a lot that was set aside is a discrepancy from now on."""
    return Discrepancy(
        discrepancy=next(desk.ids), receipt=scan.receipt, session=scan.session,
        kind="OVER" if scan.state == "OVER" else "UNEXPECTED", line=scan.line, sku=scan.sku, serial=None, missing=[],
        quantity=scan.quantity, location=scan.location, other=None, found_at=desk.now, found_by=event.actor,
        lot=scan.lot, expiry=scan.expiry, scan=scan.scan,
    )  # fmt: skip


DETAILS = {
    "OVER": "more units than announced",
    "SHORT": "fewer units than announced",
    "UNEXPECTED": "not among the announced units",
    "KNOWN_SERIAL": "this serial is known already",
    "CASE_VARIANT": "{other} is known, which differs only in case",
    "EXPECTED_ELSEWHERE": "expected on receipt {other}",
    "WRONG_PRODUCT": "this receipt expects the serial as a unit of {other}",
}


def discrepancy_fact(found: Discrepancy, said: dict[str, Any]) -> Fact:
    """Tell a discrepancy; of a long shortfall the first serials."""
    return DiscrepancyFound(
        receipt=found.receipt, discrepancy=found.discrepancy, kind=found.kind, line=found.line, sku=found.sku,
        quantity=found.quantity, serials=[found.serial] if found.serial else found.missing[:500],
        session=found.session, lot=found.lot, detail=DETAILS[found.kind].format(other=found.other), **said,
    )  # fmt: skip
