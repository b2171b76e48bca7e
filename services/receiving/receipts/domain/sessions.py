"""A session of scans: undo some of it, drop it, take it over, confirm it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.answers import Outcome, SessionAnswer, by, no
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import Aside, Discrepancy, Key, Session, Unit
from services.receiving.receipts.domain.scanning import not_theirs
from shared.contracts.commands.receiving import ConfirmSession, DropSession, TakeOverSession, UndoScan
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import DiscrepancyFound, UnitReceived


def undo(desk: Desk, event: CloudEvent[UndoScan]) -> Outcome:
    """Take scans back: each unit is again what it was before."""
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
    _take_back(desk, units)
    detail = f"{len(strange)} serials are not among the scans of session {wish.session}"
    refusals = [Refusal(code=Code.SERIAL_NOT_SCANNED, detail=detail, ids=strange)] if strange else []
    if not units and not asides:
        return Outcome(refusals=refusals)
    return Outcome(_answer(session, len(units) + asides), refusals=refusals)


def drop(desk: Desk, event: CloudEvent[DropSession]) -> Outcome:
    """Forget a session's scans; a receipt whose only session is dropped has not arrived."""
    session = _session(desk, event)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    units, asides = desk.scanned(session), desk.set_aside(session)
    _take_back(desk, units)
    for aside in asides:
        desk.take_aside(aside)
    desk.put_session(session := session._replace(state="DROPPED", ended_at=desk.now))
    receipt = desk.receipts[session.receipt]
    left = receipt.sessions - 1
    desk.put_receipt(receipt._replace(sessions=left, status="ARRIVED" if left else "PLANNED"))
    return Outcome(_answer(session, len(units) + len(asides)))


def take_over(desk: Desk, event: CloudEvent[TakeOverSession]) -> Outcome:
    """Go on with a colleague's session."""
    session = _session(desk, event, anyone=True)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    desk.put_session(session := session._replace(owner=event.actor))
    return Outcome(_answer(session, 0))


def confirm(desk: Desk, event: CloudEvent[ConfirmSession]) -> Outcome:
    """Its accepted units are here from now on, its other scans are discrepancies (S06, S16)."""
    session = _session(desk, event)
    if isinstance(session, Refusal):
        return Outcome(refusals=[session])
    units, asides = desk.scanned(session), desk.set_aside(session)
    if event.data.units not in {None, count := len(units) + len(asides)}:
        detail = f"session {session.session} has {count} scans, and {event.data.units} were counted"
        address = f"/receipts/{session.receipt}/sessions/{session.session}"
        return no(Code.SESSION_DIFFERS, detail, blocked_by=[address])
    events = _receive(desk, session, units, by(event))
    found = [_found(desk, event, aside) for aside in asides]
    for aside, discrepancy in zip(asides, found, strict=True):
        desk.take_aside(aside)
        desk.put_discrepancy(discrepancy)
    events += [discrepancy_fact(discrepancy, by(event)) for discrepancy in found]
    desk.put_session(session := session._replace(state="CONFIRMED", ended_at=desk.now))
    return Outcome(_answer(session, len(units), [discrepancy.discrepancy for discrepancy in found]), events)


def _session(desk: Desk, event: CloudEvent[Any], *, anyone: bool = False) -> Session | Refusal:
    wish = event.data
    session = desk.sessions.get((wish.receipt, wish.session))
    if wish.receipt not in desk.receipts:
        return Refusal(code=Code.UNKNOWN_RECEIPT, detail=f"{wish.receipt} was neither announced nor opened")
    if session is None:
        return Refusal(code=Code.UNKNOWN_SESSION, detail=f"{wish.receipt} has no session {wish.session}")
    return not_theirs(session, session.owner if anyone else event.actor) or session


def _answer(session: Session, units: int, discrepancies: Iterable[str] = ()) -> SessionAnswer:
    return SessionAnswer.model_construct(
        receipt=session.receipt, session=session.session, state=session.state, owner=session.owner, units=units,
        discrepancies=list(discrepancies),
    )  # fmt: skip


def _by_line(units: Iterable[Unit]) -> dict[Key, list[Unit]]:
    lines: dict[Key, list[Unit]] = {}
    for unit in units:
        lines.setdefault((unit.receipt or "", unit.line or ""), []).append(unit)
    return lines


def _take_back(desk: Desk, scanned: Iterable[Unit]) -> None:
    for key, units in _by_line(scanned).items():
        for unit in units:
            desk.put_unit(unit.expected(*key) if unit.named else unit.absent())
        line = desk.lines[key]
        unnamed = sum(not unit.named for unit in units)
        desk.put_line(line._replace(scanned=line.scanned - len(units), unnamed=line.unnamed - unnamed))


def _receive(desk: Desk, session: Session, scanned: list[Unit], said: dict[str, Any]) -> list[Fact]:
    groups: dict[tuple[str, str, str], list[Unit]] = {}
    for key, units in _by_line(scanned).items():
        for unit in units:
            desk.put_unit(here := unit.received())
            groups.setdefault((key[1], here.sku, here.location or ""), []).append(here)
        line = desk.lines[key]
        count = len(units)
        desk.put_line(line._replace(scanned=line.scanned - count, received=line.received + count))
    return [
        UnitReceived(
            receipt=session.receipt, session=session.session, line=line, sku=sku, location=location,
            serials=[unit.serial for unit in run], versions=[unit.version for unit in run], **said,
        )
        for (line, sku, location), here in groups.items()
        for run in chunks(here)
    ]  # fmt: skip


def _found(desk: Desk, event: CloudEvent[Any], aside: Aside) -> Discrepancy:
    return Discrepancy(
        next(desk.ids), aside.receipt, aside.session, aside.kind, aside.line, aside.sku, aside.serial, [], Decimal(1),
        aside.location, aside.other, desk.now, event.actor,
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
        session=found.session, detail=DETAILS[found.kind].format(other=found.other), **said,
    )  # fmt: skip
