"""Takes stock out of orders that a count did not find."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.fulfillment.orders.domain import AllocatedLot, FulfillmentUnitOfWork, Order, release, unpick
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import ZERO, format_quantity, lot_label, total_quantity
from shared.contracts.lots import AffectedLot, LotStockMissing
from shared.contracts.problems import Code


def remove_missing_stock(uow: FulfillmentUnitOfWork, event: LotStockMissing) -> None:
    """Release missing allocated quantities, unpick missing picked ones as lost, and request replacements."""
    missing_by_order: dict[str, list[AffectedLot]] = {}
    for affected in event.stock:
        missing_by_order.setdefault(affected.order, []).append(affected)
    for order_id, missing in missing_by_order.items():
        if (order := uow.orders.get(order_id)) is not None:
            allocated = [affected for affected in missing if affected.location]
            picked = [affected for affected in missing if affected.location is None]
            # The release is first: a single-lot line without picked items is requested as a whole.
            _release_allocated(uow, order, event, allocated)
            _unpick_lost(uow, order, event, picked)


def _release_allocated(
    uow: FulfillmentUnitOfWork, order: Order, event: LotStockMissing, missing: Iterable[AffectedLot]
) -> None:
    """Release what is still allocated; the owner of the stock covers what was picked meanwhile."""
    lots = [lot for affected in missing for lot in _take(uow, order, event, affected)]
    release(uow, order, lots, f"missing: {event.reason}")
    _log(uow, order, event, lots, picked=False)


def _unpick_lost(
    uow: FulfillmentUnitOfWork, order: Order, event: LotStockMissing, missing: Iterable[AffectedLot]
) -> None:
    lots: list[AllocatedLot] = []
    for affected in missing:
        taken = _take(uow, order, event, affected)
        lots += taken
        _report_shortfall(uow, order, event, affected, total_quantity(taken))
    unpick(uow, order, lots, f"missing: {event.reason}", location=event.location, lost=True)
    _log(uow, order, event, lots, picked=True)


def _take(
    uow: FulfillmentUnitOfWork, order: Order, event: LotStockMissing, affected: AffectedLot
) -> Sequence[AllocatedLot]:
    """Take the missing quantity of a demand at the location, as far as it is still there; unpacked items first."""
    status = "ALLOCATED" if affected.location else "PICKED"
    lots = [
        lot
        for lot in order.lots.values()
        if (lot.sku, lot.lot, lot.location) == (event.sku, event.lot, event.location)
        and (lot.demand_id, lot.status) == (affected.demand_id, status)
        and lot.carton not in uow.leaving_cartons
    ]
    return uow.split(sorted(lots, key=lambda lot: lot.carton or ""), affected.quantity)


def _report_shortfall(
    uow: FulfillmentUnitOfWork, order: Order, event: LotStockMissing, affected: AffectedLot, taken: Decimal
) -> None:
    """Report what left the location meanwhile: shipped stock stays shipped, and so does stock about to leave."""
    if (shortfall := affected.quantity - taken) > ZERO:
        lot_text = f"{format_quantity(shortfall)} of {lot_label(event.sku, event.lot)}"
        detail = f"{lot_text} missing at {event.location}, but not picked there for order {order.order_id} any more"
        uow.record_conflict(Code.NOT_PICKED, detail, document=order.order_id, sku=event.sku, ids=[event.lot])


def _log(
    uow: FulfillmentUnitOfWork, order: Order, event: LotStockMissing, lots: Iterable[AllocatedLot], *, picked: bool
) -> None:
    lots_by_line: dict[str, list[AllocatedLot]] = {}
    for lot in lots:
        lots_by_line.setdefault(lot.line, []).append(lot)
    for line, members in lots_by_line.items():
        uow.log(
            order.order_id, "STOCK_MISSING", line=line, location=event.location, reason=event.reason, picked=picked,
            **log_detail(members),
        )  # fmt: skip
