"""Units of a recall that the serials service reports: their reconciliation by product and lot."""

from typing import Any
from uuid import uuid4

from shared.contracts.commands.lots import OpenRecall
from shared.contracts.serials import RecalledSerialState, SerialRecalled
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_recalls import list_rows
from tests.support.messages.lots import SHELF
from tests.support.messages.reference import product_changed

UNITS: dict[str, dict[str, Any]] = {
    "SN-1": {"status": "IN_INVENTORY", "location": SHELF},
    "SN-2": {"status": "ALLOCATED", "location": SHELF, "order": "SO-1"},
    "SN-3": {"status": "PICKED", "location": SHELF, "order": "SO-1"},
    "SN-4": {"status": "SHIPPED", "order": "SO-2", "shipment": "SH-2", "customer": "C-1"},
    "SN-5": {"status": "IN_INVENTORY", "location": SHELF, "adjustment": "SCRAPPED"},
    "SN-6": {"status": "IN_INVENTORY", "location": SHELF, "adjustment": "LOST"},
    "SN-7": {"status": "IN_INVENTORY", "location": SHELF, "lot": "L-2", "adjustment": "RETURNED_TO_VENDOR"},
    "SN-8": {"status": "EXPECTED"},
    "SN-9": {"status": "IN_INVENTORY", "adjustment": "VOID"},
}
TOTALS = (
    "received", "on_hand", "allocated", "picked", "shipped", "scrapped", "count_loss", "returned_to_vendor",
    "difference",
)  # fmt: skip


async def test_units_are_reconciled_by_product_and_lot(harness: LotsHarness, recall_id: str) -> None:
    """Received units are in stock, picked, shipped, scrapped, lost or back at the vendor; none is missing (S46)."""
    pump = f"PUMP-{uuid4().hex[:8]}"
    await harness.handle(product_changed(pump, "SERIAL"))
    await harness.handle(OpenRecall(recall=recall_id, skus=[pump], text="SN-1", reason="leaks"))
    units = [RecalledSerialState.model_validate({"serial": serial} | fields) for serial, fields in UNITS.items()]
    await harness.handle(SerialRecalled(recall=recall_id, sku=pump, units=units, is_last=True))
    rows = await list_rows(harness, "reconciliation", recall_id)
    assert [(row["sku"], row["lot_or_serial"], row["warehouse"], *(row[name] for name in TOTALS)) for row in rows] == [
        (pump, "", "", 1, 0, 0, 0, 1, 0, 0, 0, 0),
        (pump, "", "EAST", 5, 2, 1, 1, 0, 1, 1, 0, 0),
        (pump, "L-2", "EAST", 1, 0, 0, 0, 0, 0, 0, 1, 0),
    ]
