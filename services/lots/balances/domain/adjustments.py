"""Adjustments and cycle counts of lot stock, held or not."""

from decimal import Decimal

from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import Balance, Lot, split_quantity
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
from shared.contracts.commands.lots import AdjustLot, CountLot
from shared.contracts.lots import LotAdjusted
from shared.contracts.problems import ProblemDetail
from shared.unit_of_work import CommandResult

GAIN_TYPES = {LotChangeType.FOUND, LotChangeType.COUNT_GAIN}


def adjust(uow: LotsUnitOfWork, command: AdjustLot) -> CommandResult:
    """Record a scrapped, lost or found quantity. Allocated stock cannot be scrapped or lost."""
    lot = _get_lot(uow, command, command.quantity)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    change = LotChangeType(command.adjustment)
    if change in GAIN_TYPES and (problem := target_location_violation(uow, command.location)):
        return CommandResult.rejected(problem)
    return _apply(uow, lot, command.location, change, command.quantity)


def count(uow: LotsUnitOfWork, command: CountLot) -> CommandResult:
    """Set a balance to the counted quantity, which must cover the allocated quantity."""
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
    if change not in GAIN_TYPES and (violation := _decrease_violation(uow, balance, quantity)):
        return CommandResult.rejected(violation)
    if quantity:
        uow.adjust_on_hand(change, balance, quantity if change in GAIN_TYPES else -quantity)
    for portion in split_quantity(quantity):
        uow.emit(
            LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=portion,
            adjustment=change.value, reason=uow.reason,
        )  # fmt: skip
    return CommandResult(lot_snapshot(uow, lot, balance))


def _decrease_violation(uow: LotsUnitOfWork, balance: Balance, quantity: Decimal) -> ProblemDetail | None:
    if quantity > balance.unallocated:
        return insufficient_stock(uow, balance, quantity)
    return disposition_violation(uow, balance, quantity)
