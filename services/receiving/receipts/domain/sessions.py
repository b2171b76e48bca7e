"""Commands on scanning sessions: undo, discard, take over, confirm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.lot_spellings import set_aside_lot_scans, set_aside_units
from services.receiving.receipts.domain.raw_scans import scanned_ssccs
from services.receiving.receipts.domain.receive import (
    lot_discrepancy,
    receive_lots,
    receive_serials,
    record_discrepancies,
    serial_discrepancy,
)
from services.receiving.receipts.domain.records import (
    Discrepancy,
    LotScan,
    Session,
    Unit,
    UnmatchedScan,
    group_by_line,
)
from services.receiving.receipts.domain.rejected_goods import withdraw_rejections
from services.receiving.receipts.domain.results import SessionResult, describe_lines
from services.receiving.receipts.domain.scans import session_violation
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ConfirmSession, DiscardSession, TakeOverSession, UndoScan
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import fold_lot, matching_spellings, resource_path
from shared.unit_of_work import CommandResult


def undo_scans(uow: ReceivingUnitOfWork, command: UndoScan) -> CommandResult:
    """Undo scans: units return to their previous status, lots are removed completely."""
    session = _open_session(uow, command)
    if isinstance(session, ProblemDetail):
        return CommandResult.rejected(session)
    cartons = _find_cartons(uow, session, command)
    units, unknown = cartons.units, list[str]()
    unmatched_count = _undo_unmatched(uow, cartons)
    for serial in dict.fromkeys(command.serials):
        unit = uow.get_unit(command.sku, serial)
        unmatched_scan = uow.unmatched_scans.get((command.receipt, command.sku, serial))
        if unit.status == "SCANNED" and (unit.receipt, unit.session) == session.key:
            units.append(unit)
        elif unmatched_scan and unmatched_scan.session == command.session:
            uow.unmatched_scans.remove(unmatched_scan.key)
            unmatched_count += 1
        elif withdrawn := _withdraw_rejections(uow, session, command.sku, serial):
            unmatched_count += withdrawn
        else:
            unknown.append(serial)
    scans_by_id = {scan.scan_id: scan for scan in cartons.lot_scans}
    withdrawn_lots = 0
    for lot in dict.fromkeys(command.lots):
        in_session = [
            scan for scan in uow.lot_scans_of((command.receipt, command.sku, lot)) if scan.session == command.session
        ]
        spellings = matching_spellings(lot, (scan.lot for scan in in_session))
        scans = [scan for scan in in_session if [scan.lot] == spellings]
        scans_by_id |= {scan.scan_id: scan for scan in scans}
        withdrawn = _withdraw_rejections(uow, session, command.sku, fold_lot(lot))
        withdrawn_lots += withdrawn
        if not scans and not withdrawn:
            unknown.append(lot)
    lot_scans = list(scans_by_id.values())
    _undo_scans(uow, units, lot_scans)
    code = Code.LOT_NOT_SCANNED if command.lots else Code.SERIAL_NOT_SCANNED
    detail = f"{len(unknown)} {'lots' if command.lots else 'serials'} not scanned in session {command.session}"
    violations = [ProblemDetail(code=code, detail=detail, ids=unknown)] if unknown else []
    if cartons.unknown:
        detail = f"Nothing was scanned by SSCC {', '.join(cartons.unknown)} in session {command.session}"
        violations.append(ProblemDetail(code=Code.CARTON_NOT_SCANNED, detail=detail, ids=cartons.unknown))
    if not units and not unmatched_count and not lot_scans and not withdrawn_lots:
        return CommandResult.rejected(*violations)
    body = _to_result(session, len(units) + unmatched_count, lot_scans)
    numbers = dict.fromkeys([*(unit.line for unit in units), *(scan.line for scan in lot_scans)])
    body.lines = describe_lines(line for each in numbers if (line := uow.lines.get((command.receipt, each or ""))))
    return CommandResult(body, violations=violations)


@dataclass(slots=True)
class _CartonScans:
    """What was scanned in a session by the SSCCs of cartons."""

    units: list[Unit]
    unmatched: list[UnmatchedScan]
    lot_scans: list[LotScan]
    rejections: list[Discrepancy]
    unknown: list[str]
    """SSCCs by which nothing was scanned."""


def _find_cartons(uow: ReceivingUnitOfWork, session: Session, command: UndoScan) -> _CartonScans:
    """Find what the SSCCs of a command have scanned in a session, those of pallets for all their cartons."""
    named = {
        sscc: {sscc, *(carton.sscc for carton in uow.cartons_in(session.receipt, sscc))}
        for sscc in dict.fromkeys(scanned_ssccs(command))
    }
    ssccs = set[str]().union(*named.values())
    rejections = [
        row
        for row in uow.discrepancies_by_receipt[session.receipt]
        if row.session == session.session and row.resolution == "REJECT" and row.inferred_from in ssccs
    ]
    units = [unit for unit in uow.scanned_units(session) if unit.inferred_from in ssccs]
    unmatched = [scan for scan in uow.unmatched_scans_in(session) if scan.inferred_from in ssccs]
    lot_scans = [scan for scan in uow.lot_scans_in(session) if scan.inferred_from in ssccs]
    found = {row.inferred_from for rows in (units, unmatched, lot_scans, rejections) for row in rows}
    unknown = [sscc for sscc, cartons in named.items() if not cartons & found]
    return _CartonScans(units, unmatched, lot_scans, rejections, unknown)


def _undo_unmatched(uow: ReceivingUnitOfWork, cartons: _CartonScans) -> int:
    """Undo unmatched scans and rejections of cartons; return their number."""
    for scan in cartons.unmatched:
        uow.unmatched_scans.remove(scan.key)
    return len(cartons.unmatched) + withdraw_rejections(uow, cartons.rejections, "scan undone")


def discard_session(uow: ReceivingUnitOfWork, command: DiscardSession) -> CommandResult:
    """Discard all scans and rejections of a session; the receipt returns to PLANNED if no other session remains."""
    session = _open_session(uow, command)
    if isinstance(session, ProblemDetail):
        return CommandResult.rejected(session)
    units, lot_scans = uow.scanned_units(session), uow.lot_scans_in(session)
    unmatched_scans = uow.unmatched_scans_in(session)
    _undo_scans(uow, units, lot_scans)
    for unmatched_scan in unmatched_scans:
        uow.unmatched_scans.remove(unmatched_scan.key)
    rejections = [
        existing
        for existing in uow.discrepancies_by_receipt[session.receipt]
        if existing.resolution == "REJECT" and existing.session == session.session
    ]
    withdraw_rejections(uow, rejections, "session discarded")
    session = uow.sessions.put(session._replace(status="DISCARDED", ended_at=uow.now))
    receipt = uow.receipts[session.receipt]
    remaining_sessions = receipt.session_count - 1
    uow.receipts.put(
        receipt._replace(session_count=remaining_sessions, status="IN_PROGRESS" if remaining_sessions else "PLANNED")
    )
    return CommandResult(_to_result(session, len(units) + len(unmatched_scans), lot_scans))


def take_over_session(uow: ReceivingUnitOfWork, command: TakeOverSession) -> CommandResult:
    """Make the actor the owner of a session."""
    session = _open_session(uow, command, any_owner=True)
    if isinstance(session, ProblemDetail):
        return CommandResult.rejected(session)
    session = uow.sessions.put(session._replace(owner=uow.event.sender))
    return CommandResult(_to_result(session, 0))


def confirm_session(uow: ReceivingUnitOfWork, command: ConfirmSession) -> CommandResult:
    """Confirm a session: accepted scans are received, unmatched scans become discrepancies (S06, S16, S26)."""
    session = _open_session(uow, command)
    if isinstance(session, ProblemDetail):
        return CommandResult.rejected(session)
    units, lot_scans = uow.scanned_units(session), uow.lot_scans_in(session)
    unmatched_scans = uow.unmatched_scans_in(session)
    if violation := _count_violation(command, len(units) + len(unmatched_scans), lot_scans):
        return CommandResult.rejected(violation)
    units, units_aside = set_aside_units(uow, units)
    accepted, unmatched_lot_scans = set_aside_lot_scans(uow, lot_scans)
    receive_serials(uow, session, units)
    receive_lots(uow, accepted)
    for unmatched_scan in unmatched_scans:
        uow.unmatched_scans.remove(unmatched_scan.key)
    discrepancies = [
        *(serial_discrepancy(uow, unmatched_scan) for unmatched_scan in (*unmatched_scans, *units_aside)),
        *(lot_discrepancy(uow, scan) for scan in unmatched_lot_scans),
    ]
    discrepancy_ids = record_discrepancies(uow, discrepancies)
    session = uow.sessions.put(session._replace(status="CONFIRMED", ended_at=uow.now))
    return CommandResult(_to_result(session, len(units), accepted, discrepancy_ids))


def _count_violation(command: ConfirmSession, unit_count: int, lot_scans: Sequence[LotScan]) -> ProblemDetail | None:
    """Check the sender's counts against all scans of the session, accepted and unmatched."""
    quantity = _total_quantity(lot_scans)
    if command.units in {None, unit_count} and command.quantity in {None, quantity}:
        return None
    detail = f"Session {command.session} has {unit_count} scanned units and a lot quantity of {quantity:f}"
    session_path = resource_path("receipts", command.receipt, "sessions", command.session)
    return ProblemDetail(code=Code.SESSION_COUNT_MISMATCH, detail=detail, blocked_by=[session_path])


def _total_quantity(lot_scans: Iterable[LotScan]) -> Decimal:
    return sum((scan.quantity for scan in lot_scans), Decimal(0))


def _open_session(uow: ReceivingUnitOfWork, command: Any, *, any_owner: bool = False) -> Session | ProblemDetail:
    session = uow.sessions.get((command.receipt, command.session))
    if command.receipt not in uow.receipts:
        return ProblemDetail(code=Code.RECEIPT_NOT_FOUND, detail=f"Receipt {command.receipt} not found")
    if session is None:
        return ProblemDetail(
            code=Code.SESSION_NOT_FOUND, detail=f"Session {command.session} of receipt {command.receipt} not found"
        )
    return session_violation(session, session.owner if any_owner else uow.event.sender) or session


def _to_result(
    session: Session, unit_count: int, lot_scans: Iterable[LotScan] = (), discrepancies: Iterable[str] = ()
) -> SessionResult:
    return SessionResult.model_construct(
        receipt=session.receipt, session=session.session, status=session.status, owner=session.owner, units=unit_count,
        quantity=_total_quantity(lot_scans), discrepancies=list(discrepancies),
    )  # fmt: skip


def _withdraw_rejections(uow: ReceivingUnitOfWork, session: Session, sku: str, item: str) -> int:
    """Withdraw the rejection of a serial number or lot in the session."""
    rejections = uow.rejections_by_item[session.receipt, sku, item]
    return withdraw_rejections(uow, [item for item in rejections if item.session == session.session], "scan undone")


def _undo_scans(uow: ReceivingUnitOfWork, scanned_units: Iterable[Unit], lot_scans: Iterable[LotScan]) -> None:
    for key, units in group_by_line(scanned_units).items():
        for unit in units:
            uow.units.put(unit.as_expected(*key, unit.part) if unit.is_listed else unit.as_inactive())
        line = uow.lines[key]
        unlisted = sum(not unit.is_listed for unit in units)
        uow.lines.put(line._replace(scanned=line.scanned - len(units), unlisted_units=line.unlisted_units - unlisted))
    for scan in lot_scans:
        uow.lot_scans.remove(scan.scan_id)
        if scan.status == "SCANNED":
            line = uow.lines[scan.receipt, scan.line or ""]
            uow.lines.put(line._replace(scanned=line.scanned - scan.quantity))
