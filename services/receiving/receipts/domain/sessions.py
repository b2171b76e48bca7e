"""A session of scans: undo some of it, drop it, take it over, confirm it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.answers import Outcome, SessionAnswer, by
from services.receiving.receipts.domain.arriving import (
    by_line,
    discrepancy_fact,
    found_lot,
    found_unit,
    receive_lots,
    receive_units,
)
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import LotScan, Session, Unit
from services.receiving.receipts.domain.scanning import not_theirs
from shared.contracts.commands.receiving import ConfirmSession, DropSession, TakeOverSession, UndoScan
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of


def undo(desk: Desk, event: CloudEvent[UndoScan]) -> Outcome:
    """Take scans back: each unit is again what it was before, a lot is taken back whole."""
    wish = event.data
    session = _session(desk, event)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    units: list[Unit] = []
    strange: list[str] = []
    asides = 0
    for serial in dict.fromkeys(wish.serials):
        unit = desk.unit(wish.sku, serial)
        aside = desk.asides.get((wish.receipt, wish.sku, serial))
        if unit.state == "SCANNED" and (unit.receipt, unit.session) == session.key:
            units.append(unit)
        elif aside and aside.session == wish.session:
            desk.take_aside(aside)
            asides += 1
        else:
            strange.append(serial)
    lots: list[LotScan] = []
    for lot in dict.fromkeys(wish.lots):
        scans = [one for one in desk.scans_of((wish.receipt, wish.sku, lot)) if one.session == wish.session]
        lots += scans
        if not scans:
            strange.append(lot)
    _take_back(desk, units, lots)
    code = Code.LOT_NOT_SCANNED if wish.lots else Code.SERIAL_NOT_SCANNED
    detail = f"{len(strange)} {'lots' if wish.lots else 'serials'} are not among the scans of session {wish.session}"
    refusals = [Refusal(code=code, detail=detail, ids=strange)] if strange else []
    if not units and not asides and not lots:
        return Outcome(refusals=refusals)
    return Outcome(_answer(session, len(units) + asides, lots), refusals=refusals)


def drop(desk: Desk, event: CloudEvent[DropSession]) -> Outcome:
    """Forget a session's scans; a receipt whose only session is dropped has not arrived."""
    session = _session(desk, event)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    units, asides, lots = desk.scanned(session), desk.set_aside(session), desk.lots_in(session)
    _take_back(desk, units, lots)
    for aside in asides:
        desk.take_aside(aside)
    desk.put_session(session := session._replace(state="DROPPED", ended_at=desk.now))
    receipt = desk.receipts[session.receipt]
    left = receipt.sessions - 1
    desk.put_receipt(receipt._replace(sessions=left, status="ARRIVED" if left else "PLANNED"))
    return Outcome(_answer(session, len(units) + len(asides), lots))


def take_over(desk: Desk, event: CloudEvent[TakeOverSession]) -> Outcome:
    """Go on with a colleague's session."""
    session = _session(desk, event, anyone=True)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    desk.put_session(session := session._replace(owner=event.actor))
    return Outcome(_answer(session, 0))


def confirm(desk: Desk, event: CloudEvent[ConfirmSession]) -> Outcome:
    """What it accepted is here from now on, its other scans are discrepancies (S06, S16, S26)."""
    session = _session(desk, event)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    units, asides, lots = desk.scanned(session), desk.set_aside(session), desk.lots_in(session)
    if refusal := _miscounted(event.data, len(units) + len(asides), lots):
        return Outcome(refusals=[refusal])
    accepted = [scan for scan in lots if scan.state == "SCANNED"]
    over = [scan for scan in lots if scan.state != "SCANNED"]
    events = [*receive_units(desk, session, units, by(event)), *receive_lots(desk, accepted, by(event))]
    for aside in asides:
        desk.take_aside(aside)
    found = [*(found_unit(desk, event, aside) for aside in asides), *(found_lot(desk, event, scan) for scan in over)]
    for discrepancy in found:
        desk.put_discrepancy(discrepancy)
    events += [discrepancy_fact(discrepancy, by(event)) for discrepancy in found]
    desk.put_session(session := session._replace(state="CONFIRMED", ended_at=desk.now))
    return Outcome(_answer(session, len(units), accepted, [one.discrepancy for one in found]), events)


def _miscounted(wish: ConfirmSession, units: int, lots: Sequence[LotScan]) -> Refusal | None:
    """Why the session is not what its sender counted, accepted or set aside."""
    quantity = _sum(lots)
    if wish.units in {None, units} and wish.quantity in {None, quantity}:
        return None
    detail = f"session {wish.session} has {units} scanned units and {quantity:f} of counted goods"
    address = address_of("receipts", wish.receipt, "sessions", wish.session)
    return Refusal(code=Code.SESSION_DIFFERS, detail=f"{detail}; others were counted", blocked_by=[address])


def _sum(lots: Iterable[LotScan]) -> Decimal:
    return sum((scan.quantity for scan in lots), Decimal(0))


def _session(desk: Desk, event: CloudEvent[Any], *, anyone: bool = False) -> Session | Refusal:
    wish = event.data
    session = desk.sessions.get((wish.receipt, wish.session))
    if wish.receipt not in desk.receipts:
        return Refusal(code=Code.UNKNOWN_RECEIPT, detail=f"{wish.receipt} was neither announced nor opened")
    if session is None:
        return Refusal(code=Code.UNKNOWN_SESSION, detail=f"{wish.receipt} has no session {wish.session}")
    return not_theirs(session, session.owner if anyone else event.actor) or session


def _answer(
    session: Session, units: int, lots: Iterable[LotScan] = (), discrepancies: Iterable[str] = ()
) -> SessionAnswer:
    return SessionAnswer.model_construct(
        receipt=session.receipt, session=session.session, state=session.state, owner=session.owner, units=units,
        quantity=_sum(lots), discrepancies=list(discrepancies),
    )  # fmt: skip


def _take_back(desk: Desk, scanned: Iterable[Unit], lots: Iterable[LotScan]) -> None:
    for key, units in by_line(scanned).items():
        for unit in units:
            desk.put_unit(unit.expected(*key) if unit.named else unit.absent())
        line = desk.lines[key]
        unnamed = sum(not unit.named for unit in units)
        desk.put_line(line._replace(scanned=line.scanned - len(units), unnamed=line.unnamed - unnamed))
    for scan in lots:
        desk.take_lot(scan)
        if scan.state == "SCANNED":
            line = desk.lines[scan.receipt, scan.line or ""]
            desk.put_line(line._replace(scanned=line.scanned - scan.quantity))
