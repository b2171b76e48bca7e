"""Holds of recalls on all affected lots at all locations (S46)."""

from services.lots.balances.domain import holds
from services.lots.balances.domain.lot_corrections import correct_lot_number
from services.lots.balances.domain.records import Lot, LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReceiptLotsReceived
from shared.unit_of_work import CommandResult


def hold_recalled_lots(uow: RecallsUnitOfWork, event: RecallOpened) -> None:
    """Place a hold on each lot of a recall, including lots that have not been received."""
    if not event.mock:
        for lot_number in event.lots:
            _place_hold(uow, event.sku, lot_number, event.hold_id, event.reason)


def hold_received_lots(uow: RecallsUnitOfWork, event: ReceiptLotsReceived) -> None:
    """Place the holds of recalls on received lots before they can be allocated."""
    for received_lot in event.lots:
        _hold_matching_lot(uow, (event.sku, received_lot.lot))


def correct_number(uow: RecallsUnitOfWork, command: CorrectLotNumber) -> CommandResult:
    """Correct a lot number; goods that get one of a recall are held like received ones."""
    result = correct_lot_number(uow, command)
    if not result.is_rejected:
        _hold_matching_lot(uow, (command.sku, uow.stored_lot(command.sku, command.lot)))
    return result


def _hold_matching_lot(uow: RecallsUnitOfWork, key: LotKey) -> None:
    """Add a lot to the recalls that match it."""
    for match in uow.matches_by_lot.pop(key, ()):
        uow.joined_lots.append(match)
        _place_hold(uow, match.sku, match.lot, match.recall, match.reason)


def _place_hold(uow: LotsUnitOfWork, sku: str, lot_number: str, hold_id: str, reason: str) -> None:
    lot = uow.lots.get((sku, lot_number)) or Lot(
        sku=sku, lot=lot_number, expiry=None, manufactured_on=None, best_before=None, first_received_at=uow.now,
        supplier="",
    )  # fmt: skip
    holds.place(uow, lot, hold_id, "RECALL", reason, owner_role="recall")
