"""Test steps: commands handled by an in-memory service, and what they changed."""

from collections.abc import Iterable
from typing import Any

from services.receiving.receipts.domain.records import ReceiptLine
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import ReceiptLotsReceived
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving

ANNA, BEN = "anna", "ben"


def service_with_announced_lots() -> InMemoryReceiving:
    """A service whose receipt R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt."""
    service = InMemoryReceiving()
    salt = asn_line(number="3", sku="SALT", quantity=1) | {"quantity": "2.5"}
    announce_receipt(
        service, "R1", asn_line(sku="MILK", quantity=60), asn_line(number="2", sku="MILK", quantity=40), salt
    )
    return service


def asn_line(
    serials: Iterable[str] = (), quantity: int | None = None, number: str = "1", sku: str = "PUMP"
) -> dict[str, Any]:
    """A line of an ASN; by default as many units as serials."""
    serial_list = list(serials)
    return {"line": number, "sku": sku, "quantity": quantity or len(serial_list), "serials": serial_list}


def announce_receipt(
    service: InMemoryReceiving,
    receipt: str,
    *lines: dict[str, Any],
    kind: str = "ASN",
    warehouse: str = "EAST",
    **overrides: Any,
) -> CommandResult:
    """Announce a receipt or a part of it, or open a blind one."""
    fields = {"receipt": receipt, "warehouse": warehouse, "kind": kind, "lines": list(lines)}
    return service.handle_command(AsnAnnounced.model_validate(fields | overrides))


def amend_receipt(service: InMemoryReceiving, receipt: str, *lines: dict[str, Any], **overrides: Any) -> CommandResult:
    """Amend an ASN."""
    return service.handle_command(AsnChanged.model_validate({"receipt": receipt, "lines": list(lines), **overrides}))


def scan_serials(
    service: InMemoryReceiving,
    receipt: str,
    *serials: str,
    session: str = "S",
    sku: str = "PUMP",
    actor: str = ANNA,
    **overrides: Any,
) -> CommandResult:
    """Scan serials at the dock."""
    fields = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "serials": list(serials), "sku": sku}
    return service.handle_command(commands.ScanItems.model_validate(fields | overrides), actor)


def scanned_lot(
    number: str, quantity: float | str | None = 10, expiry: str | None = "2026-12-31", **overrides: Any
) -> Any:
    """A lot entry of a scan."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **overrides}


def scan_lots(
    service: InMemoryReceiving, receipt: str, *lots: dict[str, Any], session: str = "S", sku: str | None = "MILK",
    actor: str = ANNA, **overrides: Any,
) -> CommandResult:  # fmt: skip
    """Scan lots at the dock."""
    fields = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "lots": list(lots), "sku": sku}
    return service.handle_command(commands.ScanItems.model_validate(fields | overrides), actor)


def confirm_session(service: InMemoryReceiving, receipt: str, session: str = "S", actor: str = ANNA) -> CommandResult:
    """Confirm a session."""
    return service.handle_command(commands.ConfirmSession(receipt=receipt, session=session), actor)


def scan_statuses(result: CommandResult) -> list[str]:
    """Status of each scan."""
    assert result.body is not None, result.violations
    return [scan_result.status for scan_result in result.body.scan_results or result.body.lots]  # type: ignore[attr-defined]


def error_codes(result: CommandResult) -> list[str]:
    """Error codes of a result."""
    return [str(violation.code) for violation in result.violations]


def event_types(result: CommandResult) -> list[str]:
    """Types of the events of a result."""
    return [event.TYPE for event in result.events]


def unit_status(service: InMemoryReceiving, serial: str, sku: str = "PUMP") -> str:
    """Status of a unit."""
    return service.uow.get_unit(sku, serial).status


def line_counts(service: InMemoryReceiving, receipt: str, number: str = "1") -> tuple[int, int, int, int, int]:
    """A line's expected, listed, unlisted, scanned and received counts."""
    receipt_line: ReceiptLine = service.uow.lines[receipt, number]
    return (
        int(receipt_line.expected_quantity),
        receipt_line.listed_serials,
        receipt_line.unlisted_units,
        int(receipt_line.scanned),
        int(receipt_line.received),
    )


def scanned_and_received(service: InMemoryReceiving, number: str = "1", receipt: str = "R1") -> Any:
    """A line's scanned and received quantities."""
    receipt_line = service.uow.lines[receipt, number]
    return receipt_line.scanned, receipt_line.received


def received_lots(result: CommandResult) -> list[Any]:
    """Received lots by line."""
    messages = [message for message in result.events if isinstance(message, ReceiptLotsReceived)]
    return [
        (message.line, [(received_lot.lot, received_lot.quantity) for received_lot in message.lots])
        for message in messages
    ]
