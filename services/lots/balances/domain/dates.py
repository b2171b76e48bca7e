"""Dates of a lot and their corrections."""

from datetime import date
from typing import NamedTuple

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import Correction
from services.lots.balances.domain.records import NO_EXPIRY, Balance, HoldKind, Lot, PickedQuantity
from services.lots.balances.domain.results import lot_label, lot_snapshot
from services.lots.balances.domain.stock_rules import get_lot, violation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotDates
from shared.contracts.envelope import chunks
from shared.contracts.label_dates import future_manufacture_violation
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory.effective_expiry import effective_expiry
from shared.inventory.expiry import latest_day
from shared.unit_of_work import CommandResult


class LotDates(NamedTuple):
    """Dates on a label."""

    expiry: date | None
    manufactured_on: date | None
    best_before: date | None


def set_dates(uow: LotsUnitOfWork, lot: Lot, dates: LotDates, reason: str) -> None:
    """Set the dates of a lot and record the correction; equal dates change nothing.

    A changed expiry is published with the orders that have stock of the lot. Requires its reservations and picked
    quantities to be loaded.
    """
    previous = LotDates(lot.expiry, lot.manufactured_on, lot.best_before)
    if dates == previous:
        return
    lot.expiry, lot.manufactured_on, lot.best_before = dates
    context = uow.context
    correction = Correction(
        sku=lot.sku, lot=lot.lot, previous_expiry=previous.expiry, expiry=dates.expiry,
        previous_manufactured_on=previous.manufactured_on, manufactured_on=dates.manufactured_on,
        previous_best_before=previous.best_before, best_before=dates.best_before, reason=reason,
        actor=context.actor, occurred_at=context.occurred_at, recorded_at=uow.now,
        cause_source=context.cause.source, cause_id=context.cause.id, scan=uow.scan,
    )  # fmt: skip
    uow.corrections.append(correction)
    order_ids: list[str] = []
    if lot.expiry != previous.expiry:
        order_ids = sorted(uow.orders_with_stock(lot.sku, lot.lot))
        # Like the saved copies: later picks in this transaction take them over.
        stock: list[Balance | PickedQuantity]
        stock = [*uow.balances_by_lot[lot.sku, lot.lot], *uow.picked_by_lot[lot.sku, lot.lot]]
        for row in stock:
            row.expiry, row.next_expiry_check = lot.expiry or NO_EXPIRY, date.min
    for batch in list(chunks(order_ids)) or [()]:
        uow.emit(
            LotDatesCorrected, sku=lot.sku, lot=lot.lot, previous_expiry=previous.expiry, **dates._asdict(),
            reason=reason, orders=list(batch), scan=uow.scan,
        )  # fmt: skip


def merge_dates(lot: Lot, label: LotDates) -> LotDates:
    """Return the dates in force after goods arrive: the earlier expiry date, and other dates only if unknown before."""
    return LotDates(
        expiry=min((day for day in (lot.expiry, label.expiry) if day), default=None),
        manufactured_on=lot.manufactured_on or label.manufactured_on,
        best_before=lot.best_before or label.best_before,
    )


def hold_expiry_conflict(uow: LotsUnitOfWork, lot: Lot, label: LotDates, origin: str) -> None:
    """Place a hold on a lot if a label has another expiry date."""
    if label.expiry and lot.expiry not in {None, label.expiry} and not has_hold_of_kind(uow, lot, "EXPIRY_CONFLICT"):
        reason = f"expiry conflict: expiry {label.expiry} {origin}, previously {lot.expiry}"
        holds.place(uow, lot, f"EXP-{uow.event.id}"[:64], "EXPIRY_CONFLICT", reason)


def has_hold_of_kind(uow: LotsUnitOfWork, lot: Lot, kind: HoldKind) -> bool:
    """Whether a whole lot has an open hold of a kind."""
    return any(hold.kind == kind and hold.location is None for hold in uow.open_holds(lot.sku, lot.lot))


DATE_CONTROLLED_KINDS: frozenset[HoldKind] = frozenset({"EXPIRED", "EXPIRY_CONFLICT"})
"""Kinds of holds that end with a correction of the expiry date."""


def correct_dates(uow: LotsUnitOfWork, command: CorrectLotDates) -> CommandResult:
    """Correct the dates of a lot and release the holds that depended on them."""
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    if not command.lot:
        detail = f"Product {command.sku} is not lot-tracked and has no dates"
        return CommandResult.rejected(violation(Code.LOT_NOT_FOUND, detail, command.sku))
    if problem := future_date_violation(uow, lot.sku, lot.lot, command.manufactured_on):
        return CommandResult.rejected(problem)
    manufactured_on = command.manufactured_on or lot.manufactured_on
    best_before = command.best_before or lot.best_before
    policy = uow.shelf_life.get(command.sku, ShelfLifePolicy())
    dates = LotDates(
        effective_expiry(policy, command.expiry, manufactured_on, best_before).day, manufactured_on, best_before
    )
    if problem := dates_violation(uow, lot.sku, lot.lot, dates, "place a hold until it is known"):
        return CommandResult.rejected(problem)
    # Confirming the same date does not release an EXPIRED hold: the date is still in the past.
    released_kinds = DATE_CONTROLLED_KINDS if dates.expiry != lot.expiry else DATE_CONTROLLED_KINDS - {"EXPIRED"}
    set_dates(uow, lot, dates, command.reason)
    holds.release_all(uow, [hold for hold in uow.open_holds(lot.sku, lot.lot) if hold.kind in released_kinds])
    stocked_balances = [balance for balance in uow.balances_by_lot[lot.sku, lot.lot] if balance.on_hand]
    for balance in stocked_balances:
        uow.mark_released(balance)
    return CommandResult(lot_snapshot(uow, lot, *stocked_balances))


def future_date_violation(
    uow: LotsUnitOfWork, sku: str, lot: str, manufactured_on: date | None
) -> ProblemDetail | None:
    """Return the violation of a manufacturing date on a label that is later than today everywhere."""
    return future_manufacture_violation(manufactured_on, latest_day(uow.now), lot_label(sku, lot), [lot])


def dates_violation(uow: LotsUnitOfWork, sku: str, lot: str, dates: LotDates, help_text: str) -> ProblemDetail | None:
    """Return the violation of dates that a product does not allow for a lot (S24)."""
    label, policy = lot_label(sku, lot), uow.shelf_life.get(sku)
    if dates.expiry is None and policy and policy.expiry_required:
        return violation(Code.EXPIRY_REQUIRED, f"{label} requires an expiry date: {help_text}", lot)
    if dates.manufactured_on and dates.expiry and dates.expiry < dates.manufactured_on:
        detail = f"{label} was manufactured on {dates.manufactured_on} and cannot expire on {dates.expiry}"
        return violation(Code.DATES_OUT_OF_ORDER, detail, lot)
    return None
