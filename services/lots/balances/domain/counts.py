"""Counts of a lot at a location, compared with the books of the time of the count.

The variance is booked to the on-hand stock of today, so that later movements stay. A movement from before a count that
arrives after it changes the variance of the first count after it instead (`LotsUnitOfWork`): both orders have the same
result.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.books import Books, books_at
from services.lots.balances.domain.missing_stock import queue_position
from services.lots.balances.domain.mixed_lots import other_lots
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    CountRecord,
    DemandRef,
    PickedQuantity,
)
from services.lots.balances.domain.results import LotCountResult, format_quantity, lot_label, lot_snapshot
from services.lots.balances.domain.stock_rules import get_stocked_lot, violation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.domain.variances import settle_variances
from shared.contracts.commands.lots import CountLot
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.lot_balances import LotCounted, PickedForOrder
from shared.contracts.problems import Code, ProblemDetail
from shared.inventory.count_times import count_time_violation, time_of_count
from shared.unit_of_work import CommandResult


class Count(NamedTuple):
    """A counted balance, the books of that time, and the picked stock that stood there and still does."""

    balance: Balance
    counted_at: datetime
    counted: Decimal
    books: Books
    picked: Sequence[tuple[PickedQuantity, Decimal]]
    """Last served order first."""

    @property
    def variance(self) -> Decimal:
        """Counted quantity minus the books."""
        return self.counted - self.books.total

    @property
    def label(self) -> str:
        """The lot in texts."""
        return lot_label(self.balance.sku, self.balance.lot)


def count(uow: LotsUnitOfWork, command: CountLot) -> CommandResult:
    """Book the variance of a count, or keep it as a count discrepancy."""
    lot = get_stocked_lot(uow, command.sku, command.lot, command.location, command.counted)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    balance, counted_at = uow.get_balance(lot, command.location), time_of_count(uow.event)
    label = f"Count of {lot_label(balance.sku, balance.lot)} at {balance.location}"
    if problem := count_time_violation(
        label, balance.lot or balance.sku, counted_at, balance.counted_at, now=uow.now, max_age=uow.max_count_age
    ):
        return CommandResult.rejected(problem)
    counted_at = min(counted_at, uow.now)
    books = books_at(uow, balance, counted_at)
    lot_count = Count(balance, counted_at, command.counted, books, _countable_picked(uow, balance, books))
    record = _record(uow, lot_count, _discrepancy(uow, lot_count))
    if record.status == "SETTLED":
        _settle(uow, lot_count)
    result = LotCountResult(
        **dict(lot_snapshot(uow, lot, balance)), counted_at=counted_at, counted=record.counted, books=record.books,
        variance=record.variance, status=record.status, code=record.code, detail=record.detail,
        picked=_picked_for_orders(lot_count),
    )  # fmt: skip
    return CommandResult(result)


def _countable_picked(
    uow: LotsUnitOfWork, balance: Balance, books: Books
) -> Sequence[tuple[PickedQuantity, Decimal]]:  # fmt: skip
    rows = []
    for row in uow.picked_by_location[balance.key]:
        stood_there = books.picked.get(DemandRef(row.demand_id, row.order_id, row.line), ZERO)
        if (quantity := min(row.quantity - row.missing, stood_there)) > 0:
            rows.append((row, quantity))
    return sorted(rows, key=lambda item: queue_position(uow, item[0]), reverse=True)


def _discrepancy(uow: LotsUnitOfWork, lot_count: Count) -> ProblemDetail | None:
    """Return why the variance cannot be booked, or None."""
    balance, number = lot_count.balance, lot_count.balance.lot or lot_count.balance.sku
    if lot_count.counted and not lot_count.books.total and (lots := other_lots(uow, balance)):
        detail = f"{lot_count.label} is not booked at {balance.location}, which holds lot {', '.join(lots)}"
        return violation(Code.MIXED_LOTS_NOT_ALLOWED, detail, *lots)
    remaining = balance.on_hand + sum((quantity for _, quantity in lot_count.picked), ZERO)
    if -lot_count.variance > remaining:
        missing_text = f"{format_quantity(-lot_count.variance)} of {lot_count.label} missing at {balance.location}"
        detail = f"{missing_text}, but only {format_quantity(remaining)} have not left since the count"
        return violation(Code.INSUFFICIENT_STOCK, detail, number)
    pending = uow.pending_returns(balance)
    if pending and -lot_count.variance > remaining - pending:
        pending_text = f"{format_quantity(pending)} of {lot_count.label} at {balance.location}"
        return violation(Code.DISPOSITION_PENDING, f"{pending_text} await the disposition of a return", number)
    return None


def _settle(uow: LotsUnitOfWork, lot_count: Count) -> None:
    """Book the variance: a loss first to the on-hand stock, then to picked stock. It ends the reports of pickers."""
    balance, variance = lot_count.balance, lot_count.variance
    if balance.key not in uow.balances:
        uow.balances.put(balance)
    settle_variances(uow, balance, lot_count.counted_at)
    booked = max(variance, uow.pending_returns(balance) - balance.on_hand)
    balance.counted_at = lot_count.counted_at
    uow.count_times[balance.key].add(lot_count.counted_at)
    uow.counted_balances[balance.key] = balance
    if booked:
        uow.adjust_counted(balance, booked, lot_count.counted_at)
    missing = booked - variance
    for row, quantity in lot_count.picked:
        if missing > 0:
            uow.mark_picked_missing(row, min(quantity, missing))
            missing -= quantity
    if balance.unallocated < 0:
        uow.mark_missing(balance)


def _record(uow: LotsUnitOfWork, lot_count: Count, problem: ProblemDetail | None) -> CountRecord:
    """Record and publish a count."""
    balance, event = lot_count.balance, uow.event
    record = CountRecord(
        sku=balance.sku, lot=balance.lot, location=balance.location, warehouse=balance.warehouse,
        counted_at=lot_count.counted_at, counted=lot_count.counted, books=lot_count.books.total,
        variance=lot_count.variance, status="DISCREPANCY" if problem else "SETTLED",
        code=problem.code.value if problem else None, detail=problem.detail if problem else "", reason=uow.reason,
        actor=event.actor, recorded_at=uow.now, cause_source=event.source, cause_id=event.id, scan=uow.scan,
    )  # fmt: skip
    uow.counts.append(record)
    uow.emit(
        LotCounted, sku=record.sku, lot=record.lot, location=record.location, counted_at=record.counted_at,
        counted=record.counted, books=record.books, variance=record.variance, status=record.status, code=record.code,
        detail=record.detail, picked=_picked_for_orders(lot_count)[:MAX_ITEMS_PER_MESSAGE], reason=record.reason,
        scan=uow.scan,
    )  # fmt: skip
    return record


def _picked_for_orders(lot_count: Count) -> list[PickedForOrder]:
    lot = lot_count.balance.lot
    return [
        PickedForOrder(lot=lot, quantity=quantity, order=demand.order_id, line=demand.line, demand_id=demand.demand_id)
        for demand, quantity in lot_count.books.picked.items()
    ]
