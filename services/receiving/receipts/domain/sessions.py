"""Commands on scanning sessions: undo, discard, take over, confirm."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.receive import (
    discrepancy_found_event,
    group_by_line,
    lot_discrepancy,
    receive_lots,
    receive_serials,
    serial_discrepancy,
)
from services.receiving.receipts.domain.records import LotScan, Session, Unit
from services.receiving.receipts.domain.results import CommandOutcome, SessionResult, context_of
from services.receiving.receipts.domain.scans import session_violation
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ConfirmSession, DiscardSession, TakeOverSession, UndoScan
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path


def undo_scans(uow: ReceivingUnitOfWork, event: CloudEvent[UndoScan]) -> CommandOutcome:
    """Undo scans: units return to their previous status, lots are removed completely."""
    command = event.data
    session = _open_session(uow, event)
    if isinstance(session, ProblemDetail):
        return CommandOutcome(violations=[session])
    units: list[Unit] = []
    unknown: list[str] = []
    unmatched_count = 0
    for serial in dict.fromkeys(command.serials):
        unit = uow.get_unit(command.sku, serial)
        unmatched_scan = uow.unmatched_scans.get((command.receipt, command.sku, serial))
        if unit.status == "SCANNED" and (unit.receipt, unit.session) == session.key:
            units.append(unit)
        elif unmatched_scan and unmatched_scan.session == command.session:
            uow.remove_unmatched_scan(unmatched_scan)
            unmatched_count += 1
        else:
            unknown.append(serial)
    lot_scans: list[LotScan] = []
    for lot in dict.fromkeys(command.lots):
        scans = [
            scan for scan in uow.lot_scans_of((command.receipt, command.sku, lot)) if scan.session == command.session
        ]
        lot_scans += scans
        if not scans:
            unknown.append(lot)
    _undo_scans(uow, units, lot_scans)
    code = Code.LOT_NOT_SCANNED if command.lots else Code.SERIAL_NOT_SCANNED
    detail = f"{len(unknown)} {'lots' if command.lots else 'serials'} not scanned in session {command.session}"
    violations = [ProblemDetail(code=code, detail=detail, ids=unknown)] if unknown else []
    if not units and not unmatched_count and not lot_scans:
        return CommandOutcome(violations=violations)
    return CommandOutcome(_to_result(session, len(units) + unmatched_count, lot_scans), violations=violations)


def discard_session(uow: ReceivingUnitOfWork, event: CloudEvent[DiscardSession]) -> CommandOutcome:
    """Discard all scans of a session; the receipt returns to PLANNED if no other session remains."""
    session = _open_session(uow, event)
    if isinstance(session, ProblemDetail):
        return CommandOutcome(violations=[session])
    units, lot_scans = uow.scanned_units(session), uow.lot_scans_in(session)
    unmatched_scans = uow.unmatched_scans_in(session)
    _undo_scans(uow, units, lot_scans)
    for unmatched_scan in unmatched_scans:
        uow.remove_unmatched_scan(unmatched_scan)
    uow.put_session(session := session._replace(status="DISCARDED", ended_at=uow.now))
    receipt = uow.receipts[session.receipt]
    remaining_sessions = receipt.session_count - 1
    uow.put_receipt(
        receipt._replace(session_count=remaining_sessions, status="IN_PROGRESS" if remaining_sessions else "PLANNED")
    )
    return CommandOutcome(_to_result(session, len(units) + len(unmatched_scans), lot_scans))


def take_over_session(uow: ReceivingUnitOfWork, event: CloudEvent[TakeOverSession]) -> CommandOutcome:
    """Make the actor the owner of a session."""
    session = _open_session(uow, event, any_owner=True)
    if isinstance(session, ProblemDetail):
        return CommandOutcome(violations=[session])
    uow.put_session(session := session._replace(owner=event.actor))
    return CommandOutcome(_to_result(session, 0))


def confirm_session(uow: ReceivingUnitOfWork, event: CloudEvent[ConfirmSession]) -> CommandOutcome:
    """Confirm a session: accepted scans are received, unmatched scans become discrepancies (S06, S16, S26)."""
    session = _open_session(uow, event)
    if isinstance(session, ProblemDetail):
        return CommandOutcome(violations=[session])
    units, lot_scans = uow.scanned_units(session), uow.lot_scans_in(session)
    unmatched_scans = uow.unmatched_scans_in(session)
    if violation := _count_violation(event.data, len(units) + len(unmatched_scans), lot_scans):
        return CommandOutcome(violations=[violation])
    accepted = [scan for scan in lot_scans if scan.status == "SCANNED"]
    unmatched_lot_scans = [scan for scan in lot_scans if scan.status != "SCANNED"]
    events = [*receive_serials(uow, session, units, context_of(event)), *receive_lots(uow, accepted, context_of(event))]
    for unmatched_scan in unmatched_scans:
        uow.remove_unmatched_scan(unmatched_scan)
    discrepancies = [
        *(serial_discrepancy(uow, event, unmatched_scan) for unmatched_scan in unmatched_scans),
        *(lot_discrepancy(uow, event, scan) for scan in unmatched_lot_scans),
    ]
    for discrepancy in discrepancies:
        uow.put_discrepancy(discrepancy)
    events += [discrepancy_found_event(discrepancy, context_of(event)) for discrepancy in discrepancies]
    uow.put_session(session := session._replace(status="CONFIRMED", ended_at=uow.now))
    return CommandOutcome(
        _to_result(session, len(units), accepted, [discrepancy.discrepancy for discrepancy in discrepancies]), events
    )


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


def _open_session(
    uow: ReceivingUnitOfWork, event: CloudEvent[Any], *, any_owner: bool = False
) -> Session | ProblemDetail:
    command = event.data
    session = uow.sessions.get((command.receipt, command.session))
    if command.receipt not in uow.receipts:
        return ProblemDetail(code=Code.RECEIPT_NOT_FOUND, detail=f"Receipt {command.receipt} not found")
    if session is None:
        return ProblemDetail(
            code=Code.SESSION_NOT_FOUND, detail=f"Session {command.session} of receipt {command.receipt} not found"
        )
    return session_violation(session, session.owner if any_owner else event.actor) or session


def _to_result(
    session: Session, unit_count: int, lot_scans: Iterable[LotScan] = (), discrepancies: Iterable[str] = ()
) -> SessionResult:
    return SessionResult.model_construct(
        receipt=session.receipt, session=session.session, status=session.status, owner=session.owner, units=unit_count,
        quantity=_total_quantity(lot_scans), discrepancies=list(discrepancies),
    )  # fmt: skip


def _undo_scans(uow: ReceivingUnitOfWork, scanned_units: Iterable[Unit], lot_scans: Iterable[LotScan]) -> None:
    for key, units in group_by_line(scanned_units).items():
        for unit in units:
            uow.put_unit(unit.as_expected(*key) if unit.is_listed else unit.as_inactive())
        line = uow.lines[key]
        unlisted = sum(not unit.is_listed for unit in units)
        uow.put_line(line._replace(scanned=line.scanned - len(units), unlisted_units=line.unlisted_units - unlisted))
    for scan in lot_scans:
        uow.remove_lot_scan(scan)
        if scan.status == "SCANNED":
            line = uow.lines[scan.receipt, scan.line or ""]
            uow.put_line(line._replace(scanned=line.scanned - scan.quantity))
