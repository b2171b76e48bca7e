"""A supervisor resolves a discrepancy: accept, send back, tie to another unit, or void a wrong entry."""

from typing import Any

from services.receiving.receipts.domain.answers import Outcome, ResolutionAnswer, by, no
from services.receiving.receipts.domain.arriving import hold, receive_lots
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.expectations import withdrawn_elsewhere
from services.receiving.receipts.domain.lines import own_line
from services.receiving.receipts.domain.records import Discrepancy, Line, Unit
from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import DiscrepancyKind, DiscrepancyResolved, Resolution, UnitReceived
from shared.identifiers import address_of

FITTING: dict[DiscrepancyKind, frozenset[Resolution]] = {
    "OVER": frozenset({"ACCEPT", "SEND_BACK", "TIE", "VOID"}),
    "UNEXPECTED": frozenset({"ACCEPT", "SEND_BACK", "TIE", "VOID"}),
    "CASE_VARIANT": frozenset({"ACCEPT", "SEND_BACK", "TIE", "VOID"}),
    "EXPECTED_ELSEWHERE": frozenset({"ACCEPT", "SEND_BACK", "TIE", "VOID"}),
    "WRONG_PRODUCT": frozenset({"ACCEPT", "SEND_BACK", "TIE", "VOID"}),
    "KNOWN_SERIAL": frozenset({"SEND_BACK", "TIE", "VOID"}),  # never a second unit of one serial (S18)
    "SHORT": frozenset({"ACCEPT", "VOID"}),
}


def fitting(kind: DiscrepancyKind, scan: str | None) -> frozenset[Resolution]:
    """What may be decided; counted goods are no unit that could be another."""
    return FITTING[kind] - {"TIE"} if scan else FITTING[kind]


def resolve(desk: Desk, event: CloudEvent[ResolveDiscrepancy]) -> Outcome:
    """Decide on an open discrepancy; only ACCEPT and TIE move a unit (S16, S18)."""
    wish = event.data
    found = desk.discrepancies.get(wish.discrepancy)
    if found is None or found.receipt != wish.receipt:
        return no(Code.UNKNOWN_DISCREPANCY, f"{wish.receipt} has no discrepancy {wish.discrepancy}")
    if found.resolution is not None:
        detail = f"{wish.discrepancy} was resolved by {found.resolved_by}: {found.resolution}"
        return no(Code.DISCREPANCY_RESOLVED, detail, blocked_by=[address_of("discrepancies", wish.discrepancy)])
    if wish.resolution not in (fits := fitting(found.kind, found.scan)):
        detail = f"{wish.resolution} of {found.kind}; fitting are {', '.join(sorted(fits))}"
        return no(Code.RESOLUTION_DOES_NOT_FIT, detail)
    tied, events = None, list[Fact]()
    if found.scan is not None:
        counted = _count(desk, event, found)
        if isinstance(counted, Refusal):
            return Outcome(refusals=[counted])
        events = counted
    elif found.serial is not None and wish.resolution in {"ACCEPT", "TIE"}:
        done = _accept(desk, event, found) if wish.resolution == "ACCEPT" else _tie(desk, event, found)
        if isinstance(done, Refusal):
            return Outcome(refusals=[done])
        tied, events = done
    desk.put_discrepancy(
        found._replace(
            resolution=wish.resolution, tied_to=tied, reason=wish.reason, resolved_at=desk.now,
            resolved_by=event.actor,
        )
    )  # fmt: skip
    resolved = DiscrepancyResolved(
        receipt=found.receipt, discrepancy=found.discrepancy, kind=found.kind, resolution=wish.resolution,
        sku=found.sku, serials=[found.serial] if found.serial else [], lot=found.lot, reason=wish.reason, **by(event),
    )  # fmt: skip
    body = ResolutionAnswer(
        receipt=found.receipt, discrepancy=found.discrepancy, kind=found.kind, resolution=wish.resolution
    )
    return Outcome(body, [*events, resolved])


Done = tuple[str | None, list[Fact]]
"""The serial it was tied to, and what is told."""


def _count(desk: Desk, event: CloudEvent[ResolveDiscrepancy], found: Discrepancy) -> list[Fact] | Refusal:
    """Counted goods are received as they were scanned, or they are not."""
    scan = desk.lots[found.scan or ""]
    if event.data.resolution != "ACCEPT":
        desk.put_lot(scan._replace(state="DECLINED"))
        return []
    line = _line(desk, event, found)
    return line if isinstance(line, Refusal) else receive_lots(desk, [scan._replace(line=line.line)], by(event))


def _accept(desk: Desk, event: CloudEvent[ResolveDiscrepancy], found: Discrepancy) -> Done | Refusal:
    """The unit is received as it was scanned; the receipt that expects it elsewhere gives it up."""
    unit = desk.unit(found.sku, found.serial or "")
    if unit.state not in {"ABSENT", "EXPECTED"}:
        detail = f"{unit.serial} of {unit.sku} has become known since: {unit.state}"
        return Refusal(code=Code.SERIAL_KNOWN, detail=detail, ids=[unit.serial])
    here = unit.state == "EXPECTED" and unit.receipt == found.receipt
    line = desk.lines[found.receipt, unit.line or ""] if here else _line(desk, event, found)
    if isinstance(line, Refusal):
        return line
    events: list[Fact] = []
    if unit.state == "EXPECTED" and not here:
        events += withdrawn_elsewhere(desk, [unit], by(event))
        unit = unit.absent()
    return None, [*events, _receive(desk, found, line, unit, by(event))]


def _tie(desk: Desk, event: CloudEvent[ResolveDiscrepancy], found: Discrepancy) -> Done | Refusal:
    """The scan was of another unit: one announced here is received now; of a known one nothing changes (S18)."""
    sku = found.other or found.sku if found.kind == "WRONG_PRODUCT" else found.sku
    meant = event.data.tie_to or (found.other if found.kind == "CASE_VARIANT" else found.serial) or ""
    unit = desk.units.get((sku, meant))
    if unit is None or unit.state == "ABSENT":
        detail = f"{meant} of {sku} is neither expected nor known"
        return Refusal(code=Code.RESOLUTION_DOES_NOT_FIT, detail=detail, ids=[meant])
    if unit.state != "EXPECTED":
        return meant, []
    if unit.receipt != found.receipt:
        detail = f"{meant} of {sku} is expected on {unit.receipt}; accept it, or receive it there"
        there = [address_of("receipts", unit.receipt)] if unit.receipt else []
        return Refusal(code=Code.SERIAL_EXPECTED_ELSEWHERE, detail=detail, ids=[meant], blocked_by=there)
    line = desk.lines[found.receipt, unit.line or ""]
    return meant, [_receive(desk, found, line, unit, by(event))]


def _line(desk: Desk, event: CloudEvent[ResolveDiscrepancy], found: Discrepancy) -> Line | Refusal:
    """The line that an accepted unit is received on: the one named, the product's first, or a new one."""
    if number := event.data.line:
        line = desk.lines.get((found.receipt, number))
        if line is None or line.sku != found.sku:
            return Refusal(code=Code.UNKNOWN_LINE, detail=f"{found.receipt} has no line {number} of {found.sku}")
        return line
    lines = desk.lines_of(found.receipt, found.sku)
    return lines[0] if lines else own_line(desk, found.receipt, found.sku)


def _receive(desk: Desk, found: Discrepancy, line: Line, unit: Unit, said: dict[str, Any]) -> Fact:
    here = unit._replace(
        version=unit.version + 1, state="IN_HOUSE", receipt=line.receipt, line=line.line, location=found.location,
        lot=found.lot, expiry=found.expiry,
    )  # fmt: skip
    desk.put_unit(here)
    desk.put_line(line._replace(received=line.received + 1, unnamed=line.unnamed + (not unit.named)))
    return UnitReceived(
        receipt=line.receipt, session=found.session or "", line=line.line, sku=here.sku, serials=[here.serial],
        versions=[here.version], location=found.location or "", lot=here.lot, expiry=here.expiry,
        hold=hold(desk, here.sku, found.location or "", here.expiry), **said,
    )  # fmt: skip
