"""Raw scans in the commands of lots: what they fill, and what a scanned label contradicts.

A command takes one quantity of one lot, so that it is rejected as a whole, with a violation of each wrong scan.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.lots.balances.domain.records import MAX_QUANTITY
from services.lots.balances.domain.results import format_quantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotDates, CorrectLotNumber
from shared.contracts.commands.lots import (
    AdjustLot,
    CountLot,
    LotCommand,
    MoveLot,
    OpenRecall,
    PlaceLotHold,
    PutAwayLot,
)
from shared.contracts.commands.recalled_items import RecalledLot, RecalledSerial
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.raw_scans import ReadScan
from shared.inventory.effective_expiry import effective_expiry
from shared.inventory.scan_fills import ScanUse, fill_from_labels
from shared.inventory.scan_problems import label_mismatch, scan_problem

STOCK = ScanUse(fill_from_labels("lot", quantity="quantity"), expected=frozenset({"LOT"}))
LABEL = ScanUse(fill_from_labels("lot", "expiry", "manufactured_on", "best_before"), expected=frozenset({"LOT"}))


def fill_recall(command: OpenRecall, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Add the scanned units and lots to those that a recall lists."""
    serials = [RecalledSerial(sku=read.sku, serial=read.serial) for read in reads if read.serial]
    lots = [RecalledLot(sku=read.sku, lot=read.lot or "") for read in reads if not read.serial]
    return {
        "serials": list(dict.fromkeys([*command.serials, *serials])),
        "lots": list(dict.fromkeys([*command.lots, *lots])),
    }


RECALL = ScanUse(fill_recall, is_of_one_product=False, needs_lot=True, takes_lots_of_units=True)
USES: Mapping[type[Message], ScanUse] = {
    PutAwayLot: STOCK,
    MoveLot: STOCK,
    AdjustLot: STOCK,
    CountLot: ScanUse(fill_from_labels("lot", quantity="counted"), expected=frozenset({"LOT"})),
    PlaceLotHold: ScanUse(fill_from_labels("lot"), expected=frozenset({"LOT"})),
    CorrectLotDates: LABEL,
    CorrectLotNumber: LABEL,
    OpenRecall: RECALL,
}


def judge_stock(uow: LotsUnitOfWork, command: LotCommand, read: ReadScan) -> ProblemDetail | None:
    """Return what the label of stock contradicts: the lot of command and other scans, or its dates in the books."""
    lot = uow.lots.get((command.sku, uow.stored_lot(command.sku, command.lot)))
    dates = {"expiry": lot.expiry, "best_before": lot.best_before} if lot else {"expiry": None}
    return _quantity_problem(command, read) or label_mismatch(read, lot=command.lot, **dates)


def judge_hold(_: LotsUnitOfWork, command: PlaceLotHold, read: ReadScan) -> ProblemDetail | None:
    """Return what the label of goods to hold contradicts: their lot; goods with wrong dates are held all the same."""
    return label_mismatch(read, lot=command.lot, expiry=None)


def _quantity_problem(command: LotCommand, read: ReadScan) -> ProblemDetail | None:
    """Return why a scan says no quantity that the command can take, unless the sender gave it."""
    field = command.QUANTITY
    if not field or field in command.typed_fields:
        return None
    if read.quantity is None:
        return scan_problem(Code.QUANTITY_REQUIRED, read, f"it says no quantity; enter it in the field {field}")
    if (total := getattr(command, field)) > MAX_QUANTITY:
        reason = f"the scans add up to {format_quantity(total)}, more than a command takes; send several commands"
        return scan_problem(Code.QUANTITY_REQUIRED, read, reason)
    return None


def judge_label(
    uow: LotsUnitOfWork, command: CorrectLotDates | CorrectLotNumber, read: ReadScan
) -> ProblemDetail | None:
    """Return what the label of goods to correct contradicts: what the command or other labels say."""
    if not command.lot:
        return scan_problem(Code.LOT_REQUIRED, read, "its label says no lot number; enter it in the field lot")
    if isinstance(command, CorrectLotDates) and "expiry" not in command.typed_fields:
        policy = uow.shelf_life.get(command.sku, ShelfLifePolicy())
        if effective_expiry(policy, read.expiry, read.manufactured_on, read.best_before).day is None:
            return scan_problem(Code.EXPIRY_REQUIRED, read, "its label says no expiry; enter it in the field expiry")
    return label_mismatch(read, lot=command.lot, expiry=command.expiry, best_before=command.best_before)
