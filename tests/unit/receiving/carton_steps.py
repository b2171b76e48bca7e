"""Test steps of cartons: SSCCs, announcements with cartons, scans of their SSCC."""

from typing import Any

from shared.contracts.commands.receiving import DefineSupplier, ScanCarton
from shared.scans.gtin import has_check_digit
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import ANNA


def sscc(number: int) -> str:
    """An SSCC with its check digit."""
    digits = f"3401234{number:010}"
    return next(digits + last for last in "0123456789" if has_check_digit(digits + last))


def carton(number: int, *content: dict[str, Any], pallet: int | None = None) -> dict[str, Any]:
    """A carton of an ASN."""
    return {"sscc": sscc(number), "pallet": None if pallet is None else sscc(pallet), "content": list(content)}


def packed(*serials: str, line: str = "1", **fields: Any) -> dict[str, Any]:
    """Content of a carton."""
    return {"line": line, "serials": list(serials), **fields}


def scan_carton(
    service: InMemoryReceiving, receipt: str, number: int | str, session: str = "S", actor: str = ANNA
) -> CommandResult:
    """Scan the SSCC of a carton at the dock."""
    text = sscc(number) if isinstance(number, int) else number
    command = ScanCarton(receipt=receipt, session=session, location="EAST/DOCK", sscc=text)
    return service.handle_command(command, actor)


def allow_cartons(service: InMemoryReceiving, *skus: str) -> None:
    """Let products be received by carton."""
    for sku in skus:
        service.uow.products.put(service.uow.products[sku]._replace(receive_by_carton=True))


def allow_supplier(service: InMemoryReceiving, supplier: str) -> CommandResult:
    """Let the goods of a supplier be received by carton."""
    return service.handle_command(DefineSupplier(supplier=supplier, receive_by_carton=True))
