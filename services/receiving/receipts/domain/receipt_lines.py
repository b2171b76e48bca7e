"""Receipt lines outside ASNs and scans: unplanned lines, products defined later, voided units."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.expectations import line_expected_event
from services.receiving.receipts.domain.records import ReceiptLine, RowKey, Unit
from services.receiving.receipts.domain.results import context_of
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnAnnounced
from shared.identifiers import resource_path


def add_unplanned_line(uow: ReceivingUnitOfWork, receipt_id: str, sku: str) -> ReceiptLine:
    """Add a line to a receipt; its `+` prefix is not allowed in ASN line numbers."""
    receipt = uow.receipts[receipt_id]
    uow.put_receipt(receipt._replace(unplanned_line_count=receipt.unplanned_line_count + 1))
    line = ReceiptLine(receipt=receipt_id, line=f"+{receipt.unplanned_line_count + 1}", sku=sku)
    uow.put_line(line)
    return line


def plan_waiting_lines(uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]) -> list[Message]:
    """Plan the lines that await these products; listed serials are rejected unless the product is serial-tracked."""
    waiting_lines: dict[str, list[ReceiptLine]] = defaultdict(list)
    for line in uow.lines.values():
        if line.awaiting_product:
            waiting_lines[line.sku].append(line)
    listed_units: dict[RowKey, list[Unit]] = defaultdict(list)
    for unit in list(uow.units.values()):
        if unit.status in {"EXPECTED", "SCANNED"} and unit.is_listed:
            listed_units[unit.receipt or "", unit.line or ""].append(unit)
    emitted: list[Message] = []
    for event in events:
        for line in waiting_lines.pop(event.data.sku, ()):
            emitted.extend(_plan_line(uow, event, line, listed_units[line.key]))
    return emitted


def _plan_line(
    uow: ReceivingUnitOfWork, event: CloudEvent[ProductChanged], line: ReceiptLine, units: list[Unit]
) -> list[Message]:
    emitted: list[Message] = []
    if event.data.tracking != "SERIAL" and units:
        emitted.extend(_tracking_conflict_events(event, line, units))
        for unit in units:
            uow.put_unit(unit.as_inactive())
        line = line._replace(listed_serials=line.listed_serials - len(units))
        units = []
    uow.put_line(line := line._replace(awaiting_product=False))
    return emitted + _expected_events(uow, line, units, context_of(event))


def _expected_events(
    uow: ReceivingUnitOfWork, line: ReceiptLine, units: list[Unit], context: dict[str, Any]
) -> list[Message]:
    events = [line_expected_event(uow, line, Decimal(len(chunk)), chunk, context) for chunk in chunks(units)]
    if (unlisted := line.missing_quantity - len(units)) > 0:
        events.append(line_expected_event(uow, line, unlisted, (), context))
    return events


def _tracking_conflict_events(
    event: CloudEvent[ProductChanged], line: ReceiptLine, units: Sequence[Unit]
) -> list[Message]:
    detail = f"Line {line.line} lists serials; product {line.sku} has tracking {event.data.tracking}"
    return [
        ReceiptRejected(
            kind="EVENT_CONFLICT", document=line.receipt, rejected_type=AsnAnnounced.TYPE,
            code=Code.NOT_SERIAL_TRACKED, detail=detail, sku=line.sku, ids=[unit.serial for unit in chunk],
            blocked_by=[resource_path("receipts", line.receipt)], **context_of(event),
        )
        for chunk in chunks(units)
    ]  # fmt: skip


def void_units(uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[SerialAdjusted]]) -> None:
    """Void units and reduce the received quantity of their lines, so that the correct units can be received."""
    for event in events:
        for serial in event.data.serials:
            unit = uow.get_unit(event.data.sku, serial)
            if unit.status == "VOID":
                continue
            uow.put_unit(unit._replace(version=unit.version + 1, status="VOID"))
            line = uow.lines.get((unit.receipt or "", unit.line or ""))
            if unit.status == "ON_HAND" and unit.return_id is None and line:
                uow.put_line(
                    line._replace(
                        received=line.received - 1, listed_serials=line.listed_serials - unit.is_listed,
                        unlisted_units=line.unlisted_units - (not unit.is_listed),
                    )
                )  # fmt: skip
