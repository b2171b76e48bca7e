"""Lines that waited for their product, which is defined now."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.answers import by
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.expectations import planned_fact
from services.receiving.receipts.domain.records import Key, Line, Unit
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import AsnAnnounced
from shared.identifiers import address_of


def wake(desk: Desk, events: Sequence[CloudEvent[ProductChanged]]) -> list[Fact]:
    """Plan the lines that waited for these products; serials of one that is only counted do not fit."""
    waiting: dict[str, list[Line]] = defaultdict(list)
    for line in desk.lines.values():
        if line.waiting:
            waiting[line.sku].append(line)
    named: dict[Key, list[Unit]] = defaultdict(list)
    for unit in list(desk.units.values()):
        if unit.state in {"EXPECTED", "SCANNED"} and unit.named:
            named[unit.receipt or "", unit.line or ""].append(unit)
    said: list[Fact] = []
    for event in events:
        for line in waiting.pop(event.data.sku, ()):
            said.extend(_woken(desk, event, line, named[line.key]))
    return said


def _woken(desk: Desk, event: CloudEvent[ProductChanged], line: Line, units: list[Unit]) -> list[Fact]:
    said: list[Fact] = []
    if event.data.tracking != "SERIAL" and units:
        said.extend(_do_not_fit(event, line, units))
        for unit in units:
            desk.put_unit(unit.absent())
        line = line._replace(named=line.named - len(units))
        units = []
    desk.put_line(line := line._replace(waiting=False))
    return said + _planned(desk, line, units, by(event))


def _planned(desk: Desk, line: Line, units: list[Unit], said: dict[str, Any]) -> list[Fact]:
    events = [planned_fact(desk, line, Decimal(len(run)), run, said) for run in chunks(units)]
    if (unnamed := line.missing - len(units)) > 0:
        events.append(planned_fact(desk, line, unnamed, (), said))
    return events


def _do_not_fit(event: CloudEvent[ProductChanged], line: Line, units: Sequence[Unit]) -> list[Fact]:
    detail = f"line {line.line} names serials, and {line.sku} is tracked as {event.data.tracking}"
    return [
        ReceiptRejected(
            kind="DISAGREEMENT", document=line.receipt, refused_type=AsnAnnounced.TYPE, code=Code.NOT_SERIAL_TRACKED,
            detail=detail, sku=line.sku, ids=[unit.serial for unit in run],
            blocked_by=[address_of("receipts", line.receipt)],
            **by(event),
        )
        for run in chunks(units)
    ]  # fmt: skip
