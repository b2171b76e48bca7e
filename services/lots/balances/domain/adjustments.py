"""Adjustments and cycle counts of lot stock, held or not."""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain.ledger import DocumentRefs, LotChangeType, MessageContext
from services.lots.balances.domain.records import Balance, Lot, split_quantity
from services.lots.balances.domain.results import CommandOutcome, lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_lot,
    insufficient_stock,
    location_violation,
    mixed_lot_events,
    quantity_violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import AdjustLot, CountLot
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotAdjusted

GAIN_TYPES = {LotChangeType.FOUND, LotChangeType.COUNT_GAIN}


def adjust(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[AdjustLot]]) -> list[CommandOutcome]:
    """Record scrapped, lost or found quantities. Allocated stock cannot be scrapped or lost."""
    outcomes = []
    for request in requests:
        command = request.data
        result = _locate(uow, command, command.quantity)
        if not isinstance(result, CommandOutcome):
            result = _apply(
                uow, result, LotChangeType(command.adjustment), command.quantity, MessageContext.from_event(request)
            )
        outcomes.append(result)
    return outcomes


def count(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[CountLot]]) -> list[CommandOutcome]:
    """Set balances to the counted quantity, which must cover the allocated quantity."""
    outcomes = []
    for request in requests:
        command = request.data
        result = _locate(uow, command, command.counted)
        if not isinstance(result, CommandOutcome):
            lot, location = result
            difference = command.counted - uow.get_balance(lot, location).on_hand
            result = _apply(
                uow,
                result,
                LotChangeType.COUNT_GAIN if difference > 0 else LotChangeType.COUNT_LOSS,
                abs(difference),
                MessageContext.from_event(request),
            )
        outcomes.append(result)
    return outcomes


def _locate(uow: LotsUnitOfWork, command: AdjustLot | CountLot, quantity: Decimal) -> tuple[Lot, str] | CommandOutcome:
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, CommandOutcome):
        return lot
    return (
        quantity_violation(uow, command.sku, quantity)
        or location_violation(uow, command.location)
        or (lot, command.location)
    )


def _apply(
    uow: LotsUnitOfWork,
    lot_location: tuple[Lot, str],
    change: LotChangeType,
    quantity: Decimal,
    context: MessageContext,
) -> CommandOutcome:
    lot, location = lot_location
    balance = uow.get_balance(lot, location)
    if change not in GAIN_TYPES and (violation := _decrease_violation(uow, balance, quantity)):
        return violation
    if not quantity:
        return CommandOutcome(lot_snapshot(uow, lot, balance))
    uow.adjust_on_hand(change, balance, quantity if change in GAIN_TYPES else -quantity, context, DocumentRefs())
    adjusted_events = [
        LotAdjusted(
            actor=context.actor, cause=context.cause, sku=balance.sku, lot=balance.lot, location=balance.location,
            quantity=portion, adjustment=change.value, reason=context.reason,
        )
        for portion in split_quantity(quantity)
    ]  # fmt: skip
    mixing_events = mixed_lot_events(uow, balance, context) if change in GAIN_TYPES else []
    return CommandOutcome(lot_snapshot(uow, lot, balance), [*adjusted_events, *mixing_events])


def _decrease_violation(uow: LotsUnitOfWork, balance: Balance, quantity: Decimal) -> CommandOutcome | None:
    if quantity > balance.unallocated:
        return insufficient_stock(uow, balance, quantity)
    return disposition_violation(uow, balance, quantity)
