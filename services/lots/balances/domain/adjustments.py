"""Adjustments of lot stock, held or not."""

from decimal import Decimal

from services.lots.balances.domain.books import movable_quantity
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.mixed_lots import mixed_lot_violation
from services.lots.balances.domain.records import Balance
from services.lots.balances.domain.results import lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_stocked_lot,
    insufficient_stock,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import AdjustLot
from shared.contracts.lots import LotAdjusted
from shared.contracts.problems import ProblemDetail
from shared.unit_of_work import CommandResult


def adjust(uow: LotsUnitOfWork, command: AdjustLot) -> CommandResult:
    """Record a scrapped, lost or found quantity. Allocated stock cannot be scrapped or lost."""
    lot = get_stocked_lot(uow, command.sku, command.lot, command.location, command.quantity)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    change, quantity = LotChangeType(command.adjustment), command.quantity
    balance, is_gain = uow.get_balance(lot, command.location), change is LotChangeType.FOUND
    problem = mixed_lot_violation(uow, balance) if is_gain else _decrease_violation(uow, balance, quantity)
    if problem:
        return CommandResult.rejected(problem)
    uow.adjust_on_hand(change, balance, quantity if is_gain else -quantity)
    uow.emit(
        LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=quantity,
        adjustment=change.value, reason=uow.reason,
    )  # fmt: skip
    return CommandResult(lot_snapshot(uow, lot, balance))


def _decrease_violation(uow: LotsUnitOfWork, balance: Balance, quantity: Decimal) -> ProblemDetail | None:
    if quantity > movable_quantity(uow, balance):
        return insufficient_stock(uow, balance, quantity)
    return disposition_violation(uow, balance, quantity)
