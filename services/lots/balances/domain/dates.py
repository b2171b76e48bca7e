"""Dates of a lot and their corrections."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import Correction, MessageContext
from services.lots.balances.domain.records import HoldKind, Lot
from services.lots.balances.domain.results import CommandOutcome, lot_label, lot_snapshot
from services.lots.balances.domain.stock_rules import get_lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import CorrectLotDates
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.lots import LotDatesCorrected
from shared.contracts.problems import Code


class LotDates(NamedTuple):
    """Dates on a label."""

    expiry: date | None
    manufactured_on: date | None
    best_before: date | None

    @classmethod
    def from_lot(cls, lot: Lot) -> "LotDates":
        """Take the dates in force."""
        return cls(expiry=lot.expiry, manufactured_on=lot.manufactured_on, best_before=lot.best_before)


def set_dates(uow: LotsUnitOfWork, lot: Lot, dates: LotDates, context: MessageContext) -> list[Message]:
    """Set the dates of a lot and record the correction; equal dates change nothing.

    A changed expiry is published with the orders that have stock of the lot. Requires its reservations and picked
    quantities to be loaded.
    """
    previous = LotDates.from_lot(lot)
    if dates == previous:
        return []
    lot.expiry, lot.manufactured_on, lot.best_before = dates.expiry, dates.manufactured_on, dates.best_before
    lot.is_dirty = True
    correction = Correction(
        sku=lot.sku, lot=lot.lot, previous_expiry=previous.expiry, expiry=dates.expiry,
        previous_manufactured_on=previous.manufactured_on, manufactured_on=dates.manufactured_on,
        previous_best_before=previous.best_before, best_before=dates.best_before, reason=context.reason,
        actor=context.actor,
        occurred_at=context.occurred_at, recorded_at=uow.now, cause_source=context.cause.source,
        cause_id=context.cause.id,
    )  # fmt: skip
    uow.corrections.append(correction)
    order_ids = sorted(uow.orders_with_stock(lot.sku, lot.lot)) if lot.expiry != previous.expiry else []
    return [
        LotDatesCorrected(
            actor=context.actor, cause=context.cause, sku=lot.sku, lot=lot.lot, previous_expiry=previous.expiry,
            expiry=lot.expiry,
            manufactured_on=lot.manufactured_on, best_before=lot.best_before, reason=context.reason, orders=list(batch),
        )
        for batch in list(chunks(order_ids)) or [()]
    ]  # fmt: skip


DATE_CONTROLLED_KINDS: frozenset[HoldKind] = frozenset({"EXPIRED", "EXPIRY_CONFLICT"})
"""Kinds of holds that end with a correction of the expiry date."""


def correct_dates(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[CorrectLotDates]]) -> list[CommandOutcome]:
    """Correct the dates of lots and release the holds that depended on them."""
    return [_correct_dates(uow, request) for request in requests]


def _correct_dates(uow: LotsUnitOfWork, request: CloudEvent[CorrectLotDates]) -> CommandOutcome:
    command, context = request.data, MessageContext.from_event(request)
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, CommandOutcome):
        return lot
    if not command.lot:
        return CommandOutcome.rejected(
            Code.LOT_NOT_FOUND, f"Product {command.sku} is not lot-tracked and has no dates", command.sku
        )
    if command.expiry is None and command.sku in uow.expiry_required_skus:
        detail = f"{lot_label(command.sku, command.lot)} requires an expiry date: place a hold until it is known"
        return CommandOutcome.rejected(Code.EXPIRY_REQUIRED, detail, command.lot)
    manufactured_on = command.manufactured_on or lot.manufactured_on
    if manufactured_on and command.expiry and command.expiry < manufactured_on:
        label = lot_label(command.sku, command.lot)
        detail = f"{label} was manufactured on {manufactured_on} and cannot expire on {command.expiry}"
        return CommandOutcome.rejected(Code.DATES_OUT_OF_ORDER, detail, command.lot)
    # Confirming the same date does not release an EXPIRED hold: the date is still in the past.
    released_kinds = DATE_CONTROLLED_KINDS if command.expiry != lot.expiry else DATE_CONTROLLED_KINDS - {"EXPIRED"}
    emitted = set_dates(
        uow, lot, LotDates(command.expiry, manufactured_on, command.best_before or lot.best_before), context
    )
    emitted += holds.release_all(
        uow, [hold for hold in uow.open_holds(lot.sku, lot.lot) if hold.kind in released_kinds], context
    )
    stocked_balances = [balance for balance in uow.balances_by_lot[lot.sku, lot.lot] if balance.on_hand]
    for balance in stocked_balances:
        uow.mark_released(balance, context)
    return CommandOutcome(lot_snapshot(uow, lot, *stocked_balances), emitted)
