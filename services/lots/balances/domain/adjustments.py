"""Adjustments and cycle counts of lot stock, held or not."""

from decimal import Decimal

from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import ZERO, Balance, Lot, split_quantity
from services.lots.balances.domain.results import lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_lot,
    insufficient_stock,
    quantity_violation,
    target_location_violation,
    unknown_location_violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.domain.variances import settle_variances, take_found
from shared.contracts.commands.lots import AdjustLot, CountLot
from shared.contracts.lots import LotAdjusted
from shared.contracts.problems import ProblemDetail
from shared.unit_of_work import CommandResult

GAIN_TYPES = {LotChangeType.FOUND, LotChangeType.COUNT_GAIN}
COUNT_TYPES = {LotChangeType.COUNT_GAIN, LotChangeType.COUNT_LOSS}


def adjust(uow: LotsUnitOfWork, command: AdjustLot) -> CommandResult:
    """Record a scrapped, lost or found quantity. Allocated stock cannot be scrapped or lost.

    What was under investigation is found or lost first.
    """
    lot = _get_lot(uow, command, command.quantity)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    change, quantity = LotChangeType(command.adjustment), command.quantity
    if change is LotChangeType.FOUND:
        if problem := target_location_violation(uow, command.location):
            return CommandResult.rejected(problem)
        quantity -= take_found(uow, uow.get_balance(lot, command.location), quantity)
    return _apply(uow, lot, command.location, change, quantity)


def count(uow: LotsUnitOfWork, command: CountLot) -> CommandResult:
    """Set a balance to the counted quantity, which must cover the allocated quantity; the count settles variances."""
    lot = _get_lot(uow, command, command.counted)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    difference = command.counted - uow.get_balance(lot, command.location).on_hand
    change = LotChangeType.COUNT_GAIN if difference > 0 else LotChangeType.COUNT_LOSS
    return _apply(uow, lot, command.location, change, abs(difference))


def _get_lot(uow: LotsUnitOfWork, command: AdjustLot | CountLot, quantity: Decimal) -> Lot | ProblemDetail:
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, ProblemDetail):
        return lot
    return quantity_violation(uow, command.sku, quantity) or unknown_location_violation(uow, command.location) or lot


def _apply(uow: LotsUnitOfWork, lot: Lot, location: str, change: LotChangeType, quantity: Decimal) -> CommandResult:
    balance = uow.get_balance(lot, location)
    if change not in GAIN_TYPES and (violation := _decrease_violation(uow, balance, change, quantity)):
        return CommandResult.rejected(violation)
    if change in COUNT_TYPES:
        settle_variances(uow, balance)
    if quantity:
        uow.adjust_on_hand(change, balance, quantity if change in GAIN_TYPES else -quantity)
    for portion in split_quantity(quantity):
        uow.emit(
            LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=portion,
            adjustment=change.value, reason=uow.reason,
        )  # fmt: skip
    return CommandResult(lot_snapshot(uow, lot, balance))


def _decrease_violation(
    uow: LotsUnitOfWork, balance: Balance, change: LotChangeType, quantity: Decimal
) -> ProblemDetail | None:
    """Return the violation of a decrease; missing stock can be lost, but not scrapped."""
    available = balance.unallocated + (ZERO if change is LotChangeType.SCRAPPED else balance.missing)
    if quantity > available:
        return insufficient_stock(uow, balance, quantity)
    return disposition_violation(uow, balance, quantity, available)
