"""Builders of scans, shipments and returns of lots."""

from typing import Any

from shared.contracts.commands.receiving import ReceiveReturn, ScanItems
from shared.contracts.lots import LotShipped
from tests.integration.receiving.conftest import ReceivingHarness


def lot_scan_command(
    harness: ReceivingHarness, *lots: dict[str, Any], sku: str | None = "MILK", **overrides: Any
) -> ScanItems:
    """A scan of lots at the dock."""
    fields = {
        "receipt": harness.scoped_id("R"), "session": "S", "sku": sku and harness.scoped_id(sku),
        "location": f"{harness.scoped_id('EAST')}/DOCK", "lots": lots,
    }  # fmt: skip
    return ScanItems.model_validate(fields | overrides)


def scanned_lot(
    number: str, quantity: float | str | None = None, expiry: str | None = "2090-01-31", **overrides: Any
) -> Any:
    """A lot entry of a scan."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **overrides}


def lots_shipped_event(harness: ReceivingHarness, *lots: tuple[str, float]) -> LotShipped:
    """An event of the lots service: milk was shipped."""
    fields = {
        "sku": harness.scoped_id("MILK"),
        "order": harness.scoped_id("SO"),
        "line": "1",
        "shipment": "SH",
        "customer": "C",
    }
    return LotShipped.model_validate(
        fields | {"lots": [{"lot": name, "quantity": quantity} for name, quantity in lots]}
    )


def return_command(harness: ReceivingHarness, *lots: tuple[str, float], name: str = "RMA") -> ReceiveReturn:
    """A return of milk."""
    fields = {
        "return_id": harness.scoped_id(name), "sku": harness.scoped_id("MILK"), "order": harness.scoped_id("SO"),
        "customer": "C", "location": f"{harness.scoped_id('EAST')}/DOCK", "reason": "sour",
    }  # fmt: skip
    return ReceiveReturn.model_validate(
        fields | {"lots": [{"lot": lot_number, "quantity": quantity} for lot_number, quantity in lots]}
    )
