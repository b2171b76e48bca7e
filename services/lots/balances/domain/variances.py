"""Variances: stock that pickers did not find, under investigation until a count of the location (S11)."""

from datetime import datetime
from decimal import Decimal

from services.lots.balances.domain.records import ZERO, Balance, Variance
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.problems import Code
from shared.contracts.quantities import DeallocatedLot


def report_missing(
    uow: LotsUnitOfWork, report: OrderLotsDeallocated, variance_id: str, missing_lot: DeallocatedLot
) -> None:
    """Put a deallocated quantity under investigation, or all stock there above the remaining quantity."""
    balance = uow.balances[report.sku, missing_lot.lot, missing_lot.location]
    variance = _get_variance(uow, report, variance_id, missing_lot)
    variance.quantity += missing_lot.quantity
    missing = _missing_quantity(uow, balance, missing_lot)
    if missing < balance.missing:
        uow.reduce_missing(balance, balance.missing - missing, "SUPERSEDED")
    elif missing > balance.missing:
        uow.add_missing(balance, variance, missing - balance.missing)
    if not variance.missing:
        uow.settle(variance, "SUPERSEDED")
    if balance.unallocated < 0:
        uow.mark_missing(balance)


def _get_variance(
    uow: LotsUnitOfWork, report: OrderLotsDeallocated, variance_id: str, missing_lot: DeallocatedLot
) -> Variance:
    key = (report.sku, missing_lot.lot, missing_lot.location, variance_id)
    return uow.variances.get(key) or uow.variances.put(
        Variance(
            variance_id=variance_id, sku=report.sku, lot=missing_lot.lot, location=missing_lot.location,
            order_id=report.order, quantity=ZERO, missing=ZERO, remaining=missing_lot.remaining, reason=report.reason,
            reported_by=uow.event.actor, reported_at=uow.event.time,
        )
    )  # fmt: skip


def _missing_quantity(uow: LotsUnitOfWork, balance: Balance, missing_lot: DeallocatedLot) -> Decimal:
    """Return the whole quantity under investigation at a location after a report."""
    if missing_lot.remaining is None:
        # Stock that another report has put under investigation already is not missing twice.
        return balance.missing + min(missing_lot.quantity, max(balance.unallocated, ZERO))
    on_hand = _on_hand_at_report(uow, balance)
    missing = on_hand - missing_lot.remaining
    if missing < missing_lot.quantity:
        _report_contradiction(uow, balance, missing_lot, on_hand)
    return min(max(missing, missing_lot.quantity), balance.on_hand)


def _on_hand_at_report(uow: LotsUnitOfWork, balance: Balance) -> Decimal:
    """Return the on-hand quantity without the movements after the report, which may arrive before it."""
    reported_at = uow.event.time
    unsaved = (entry for entry in uow.ledger if (entry.sku, entry.lot, entry.location) == balance.key)
    later = sum((entry.on_hand for entry in unsaved if entry.occurred_at > reported_at), ZERO)
    return balance.on_hand - later - uow.on_hand_changes.get((balance.key, reported_at), ZERO)


def _report_contradiction(uow: LotsUnitOfWork, balance: Balance, missing_lot: DeallocatedLot, on_hand: Decimal) -> None:
    remaining = format_quantity(missing_lot.remaining or ZERO)
    detail = (
        f"{format_quantity(missing_lot.quantity)} of {lot_label(balance.sku, balance.lot)} missing at "
        f"{balance.location} and {remaining} remaining, but {format_quantity(on_hand)} on hand: "
        f"{format_quantity(missing_lot.quantity)} under investigation until a count"
    )
    uow.record_conflict(Code.REMAINING_EXCEEDS_STOCK, detail, sku=balance.sku, ids=[balance.lot or balance.sku])


def settle_variances(uow: LotsUnitOfWork, balance: Balance, counted_at: datetime) -> None:
    """End by a count what was reported missing before it."""
    variances = uow.variances_by_balance[balance.key]
    if counted := sum((row.missing for row in variances if row.reported_at <= counted_at), ZERO):
        uow.reduce_missing(balance, counted, "COUNTED")


def take_found(uow: LotsUnitOfWork, balance: Balance, quantity: Decimal) -> Decimal:
    """End the investigation of found stock, which is on hand by the books; return its quantity."""
    if found := min(quantity, balance.missing):
        uow.reduce_missing(balance, found, "FOUND")
    return found
