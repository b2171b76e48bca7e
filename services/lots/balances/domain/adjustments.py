"""Adjustments of lot stock, held or not."""

from decimal import Decimal

from services.lots.balances.domain.books import movable_quantity
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.mixed_lots import mixed_lot_violation
from services.lots.balances.domain.records import ZERO, Balance
from services.lots.balances.domain.results import lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_stocked_lot,
    insufficient_stock,
    target_location_violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.domain.variances import take_found
from shared.contracts.commands.lots import AdjustLot
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.problems import ProblemDetail
from shared.unit_of_work import CommandResult


def adjust(uow: LotsUnitOfWork, command: AdjustLot) -> CommandResult:
    """Record a scrapped, lost or found quantity. Allocated stock cannot be scrapped or lost.

    What was under investigation is found or lost first.
    """
    lot = get_stocked_lot(uow, command.sku, command.lot, command.location, command.quantity)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    change, balance = LotChangeType(command.adjustment), uow.get_balance(lot, command.location)
    if change is LotChangeType.FOUND:
        if problem := target_location_violation(uow, command.location):
            return CommandResult.rejected(problem)
        is_new = command.quantity > balance.missing
        if is_new and (problem := mixed_lot_violation(uow, balance)):
            return CommandResult.rejected(problem)
        quantity = command.quantity - take_found(uow, balance, command.quantity)
    else:
        if problem := _decrease_violation(uow, balance, change, command.quantity):
            return CommandResult.rejected(problem)
        quantity = -command.quantity
    if quantity:
        uow.adjust_on_hand(change, balance, quantity)
        uow.emit(
            LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=abs(quantity),
            adjustment=change.value, reason=uow.reason, scan=uow.scan,
        )  # fmt: skip
    return CommandResult(lot_snapshot(uow, lot, balance))


def _decrease_violation(
    uow: LotsUnitOfWork, balance: Balance, change: LotChangeType, quantity: Decimal
) -> ProblemDetail | None:
    """Return the violation of a decrease; missing stock can be lost, but not scrapped."""
    available = movable_quantity(uow, balance) + (ZERO if change is LotChangeType.SCRAPPED else balance.missing)
    if quantity > available:
        return insufficient_stock(uow, balance, quantity)
    return disposition_violation(uow, balance, quantity, available)
