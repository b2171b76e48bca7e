"""Test steps of cartons: SSCCs, announcements with cartons, scans of their SSCC."""

from typing import Any

from shared.contracts.commands.receiving import DefineSupplier, ScanItems, UndoScan
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.support.sscc import sscc_of
from tests.unit.receiving.steps import ANNA


def carton(number: int, *content: dict[str, Any], pallet: int | None = None) -> dict[str, Any]:
    """A carton of an ASN."""
    return {"sscc": sscc_of(number), "pallet": None if pallet is None else sscc_of(pallet), "content": list(content)}


def packed(*serials: str, line: str = "1", **fields: Any) -> dict[str, Any]:
    """Content of a carton."""
    return {"line": line, "serials": list(serials), **fields}


def scan_cartons(
    service: InMemoryReceiving, receipt: str, *numbers: int | str, session: str = "S", actor: str = ANNA, **fields: Any
) -> CommandResult:
    """Scan the SSCCs of cartons at the dock, or other texts."""
    scans = [f"]C100{sscc_of(number)}" if isinstance(number, int) else number for number in numbers]
    data = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "scans": scans}
    return service.handle_command(ScanItems.model_validate(data | fields), actor)


def undo_cartons(service: InMemoryReceiving, receipt: str, *numbers: int, session: str = "S") -> CommandResult:
    """Undo what the SSCCs of cartons have scanned."""
    scans = [f"(00){sscc_of(number)}" for number in numbers]
    return service.handle_command(UndoScan(receipt=receipt, session=session, scans=scans), ANNA)


def statuses(result: CommandResult) -> list[tuple[str, str]]:
    """Each scanned unit or lot with its status."""
    body: Any = result.body
    assert body is not None, result.violations
    return [(entry.scanned_value, entry.status) for entry in (*body.scan_results, *body.lots)]


def allow_cartons(service: InMemoryReceiving, *skus: str) -> None:
    """Let products be received by carton."""
    for sku in skus:
        service.uow.products.put(service.uow.products[sku]._replace(receive_by_carton=True))


def allow_supplier(service: InMemoryReceiving, supplier: str) -> CommandResult:
    """Let the goods of a supplier be received by carton."""
    return service.handle_command(DefineSupplier(supplier=supplier, receive_by_carton=True))
