"""Raw scans that open a recall: they add units and lots, whatever service owns them."""

from typing import Any

from services.lots.balances.domain.scans import RECALL
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.commands.recalled_items import RecalledLot, RecalledSerial
from shared.inventory.scan_fills import fill_command
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct

PUMP_GTIN, MILK_CASE = "09521234543213", "19521234543210"
CATALOGUE = Catalogue(
    [KnownProduct("PUMP", "SERIAL"), KnownProduct("MILK", "LOT")],
    [
        KnownName("BARCODE", PUMP_GTIN, "PUMP", 1), KnownName("BARCODE", MILK_CASE, "MILK", 12),
        KnownName("LOT", "L-7", "MILK"),
    ],
)  # fmt: skip


def recall(*scans: str, **fields: Any) -> OpenRecall:
    """Return a recall with what its scans fill."""
    command = OpenRecall.model_validate({"recall": "RC-1", "reason": "glass", "scans": list(scans)} | fields)
    filled = fill_command(command, RECALL, CATALOGUE, 2026)
    assert isinstance(filled, OpenRecall)
    return filled


def test_labels_add_units_and_lots() -> None:
    """S46, S13: a unit is recalled by its serial number; a label without one by its lot, of any product."""
    command = recall(
        f"(01){PUMP_GTIN}(10)L1(21)7", f"(01){PUMP_GTIN}(10)L2", f"(01){MILK_CASE}(10)L3", "l-7",
        f"(01){MILK_CASE}(10)L3",
        lots=[{"lot": "X"}],
    )  # fmt: skip
    assert command.serials == [RecalledSerial(sku="PUMP", serial="7")]
    assert command.lots == [
        RecalledLot(lot="X"), RecalledLot(sku="PUMP", lot="L2"), RecalledLot(sku="MILK", lot="L3"),
        RecalledLot(sku="MILK", lot="l-7"),
    ]  # fmt: skip
    assert all(read.problem is None for read in command.read_scans)


def test_scans_that_name_no_goods_are_problems() -> None:
    """S46: a product alone is no unit or lot, and unknown text is none; each is named."""
    command = recall(PUMP_GTIN, MILK_CASE, "nothing", f"(01){MILK_CASE}(10)L3")
    codes = [read.problem.code if read.problem else None for read in command.read_scans]
    assert codes == ["serials_required", "lot_required", "unknown_scan", None]


def test_a_stored_recall_is_read_again() -> None:
    """S46: the command that a recall keeps holds its scans and what they named, and is valid."""
    command = recall(f"(01){MILK_CASE}(10)L3")
    stored = OpenRecall.model_validate_json(command.model_dump_json())
    assert (stored.scans, stored.lots) == (command.scans, command.lots)
