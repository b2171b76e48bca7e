"""Test steps: an in-memory unit of work, and commands applied to it."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.receiving.products.domain import BarcodeMatch
from services.receiving.receipts import domain
from services.receiving.receipts.domain import CommandOutcome, ReceivingUnitOfWork
from services.receiving.receipts.domain.records import ReceiptLine
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import Message
from shared.contracts.receiving import ReceiptLotsReceived
from shared.contracts.upstream import AsnAnnounced, ShelfLifePolicy
from tests.support.events import to_event

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ANNA, BEN = "anna", "ben"


def new_uow(**products: str) -> ReceivingUnitOfWork:
    """A unit of work for warehouse EAST: PUMP is serial-tracked, MILK lot-tracked, SALT untracked."""
    ids = (f"id-{number}" for number in itertools.count(1))
    return ReceivingUnitOfWork(
        NOW,
        ids,
        trackings={"PUMP": "SERIAL", "SCREW": "SERIAL", "SALT": "NONE", "MILK": "LOT", **products},  # type: ignore[dict-item]
        decimals={"PUMP": 0, "SCREW": 0, "SALT": 6, "MILK": 6},
        shelf_life_policies={"MILK": ShelfLifePolicy(expiry_required=True, min_remaining_shelf_life_at_receipt=5)},
        barcodes={"4006": BarcodeMatch("PUMP", 1), "4007": BarcodeMatch("MILK", 12)},
        location_types={"EAST/DOCK": "DOCK", "EAST/A-1": "STORAGE", "WEST/DOCK": "DOCK"},
        time_zones={"EAST": "UTC"},
    )


def announced_lots_uow() -> ReceivingUnitOfWork:
    """A unit of work whose receipt R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt."""
    uow = new_uow()
    salt = asn_line(number="3", sku="SALT", quantity=1) | {"quantity": "2.5"}
    announce_receipt(uow, "R1", asn_line(sku="MILK", quantity=60), asn_line(number="2", sku="MILK", quantity=40), salt)
    return uow


def handle(uow: ReceivingUnitOfWork, command: Message, actor: str = ANNA) -> CommandOutcome:
    """Apply one command."""
    return domain.apply_commands(uow, [to_event(command, actor)])[0]


def asn_line(
    serials: Iterable[str] = (), quantity: int | None = None, number: str = "1", sku: str = "PUMP"
) -> dict[str, Any]:
    """A line of an ASN; by default as many units as serials."""
    serial_list = list(serials)
    return {"line": number, "sku": sku, "quantity": quantity or len(serial_list), "serials": serial_list}


def announce_receipt(
    uow: ReceivingUnitOfWork, receipt: str, *lines: dict[str, Any], kind: str = "ASN", warehouse: str = "EAST"
) -> CommandOutcome:
    """Announce a receipt, or open a blind one."""
    command = AsnAnnounced.model_validate(
        {"receipt": receipt, "warehouse": warehouse, "kind": kind, "lines": list(lines)}
    )
    return handle(uow, command)


def scan_serials(
    uow: ReceivingUnitOfWork,
    receipt: str,
    *serials: str,
    session: str = "S",
    sku: str = "PUMP",
    actor: str = ANNA,
    **overrides: Any,
) -> CommandOutcome:
    """Scan serials at the dock."""
    fields = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "serials": list(serials), "sku": sku}
    return handle(uow, commands.ScanItems.model_validate(fields | overrides), actor)


def scanned_lot(
    number: str, quantity: float | str | None = 10, expiry: str | None = "2026-12-31", **overrides: Any
) -> Any:
    """A lot entry of a scan."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **overrides}


def scan_lots(
    uow: ReceivingUnitOfWork, receipt: str, *lots: dict[str, Any], session: str = "S", sku: str | None = "MILK",
    actor: str = ANNA, **overrides: Any,
) -> CommandOutcome:  # fmt: skip
    """Scan lots at the dock."""
    fields = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "lots": list(lots), "sku": sku}
    return handle(uow, commands.ScanItems.model_validate(fields | overrides), actor)


def confirm_session(uow: ReceivingUnitOfWork, receipt: str, session: str = "S", actor: str = ANNA) -> CommandOutcome:
    """Confirm a session."""
    return handle(uow, commands.ConfirmSession(receipt=receipt, session=session), actor)


def scan_statuses(result: CommandOutcome) -> list[str]:
    """Status of each scan."""
    assert result.body is not None, result.violations
    return [scan_result.status for scan_result in result.body.scan_results or result.body.lots]  # type: ignore[attr-defined]


def error_codes(result: CommandOutcome) -> list[str]:
    """Error codes of a result."""
    return [str(violation.code) for violation in result.violations]


def event_types(result: CommandOutcome) -> list[str]:
    """Types of the events of a result."""
    return [event.TYPE for event in result.events]


def unit_status(uow: ReceivingUnitOfWork, serial: str, sku: str = "PUMP") -> str:
    """Status of a unit."""
    return uow.get_unit(sku, serial).status


def line_counts(uow: ReceivingUnitOfWork, receipt: str, number: str = "1") -> tuple[int, int, int, int, int]:
    """A line's expected, listed, unlisted, scanned and received counts."""
    receipt_line: ReceiptLine = uow.lines[receipt, number]
    return (
        int(receipt_line.expected_quantity),
        receipt_line.listed_serials,
        receipt_line.unlisted_units,
        int(receipt_line.scanned),
        int(receipt_line.received),
    )


def scanned_and_received(uow: ReceivingUnitOfWork, number: str = "1", receipt: str = "R1") -> Any:
    """A line's scanned and received quantities."""
    receipt_line = uow.lines[receipt, number]
    return receipt_line.scanned, receipt_line.received


def received_lots(result: CommandOutcome) -> list[Any]:
    """Received lots by line."""
    messages = [message for message in result.events if isinstance(message, ReceiptLotsReceived)]
    return [
        (message.line, [(received_lot.lot, received_lot.quantity) for received_lot in message.lots])
        for message in messages
    ]
