"""Takes stock out of orders that a count did not find."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedLot,
    AllocatedUnit,
    FulfillmentUnitOfWork,
    Order,
    release,
    unpick,
)
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import ZERO, format_quantity, lot_label, total_quantity
from shared.contracts.lots import AffectedLot, LotStockMissing
from shared.contracts.problems import Code
from shared.contracts.serials import SerialStockMissing


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


def remove_missing_units(uow: FulfillmentUnitOfWork, event: SerialStockMissing) -> None:
    """Release missing allocated units, unpick missing picked ones, both as lost, and request replacements."""
    missing_by_order: dict[str, list[AllocatedUnit]] = {}
    for affected in event.units:
        unit = uow.units.get((event.sku, affected.serial))
        if (
            unit is not None
            and (unit.order_id, unit.demand_id, unit.location) == (affected.order, affected.demand_id, event.location)
            and unit.carton not in uow.leaving_cartons
        ):
            missing_by_order.setdefault(unit.order_id, []).append(unit)
        else:
            detail = f"{event.sku} {affected.serial} missing at {event.location}, but not there for order "
            detail += f"{affected.order} any more, or about to leave"
            uow.record_conflict(Code.NOT_PICKED, detail, document=affected.order, sku=event.sku, ids=[affected.serial])
    for order_id, units in missing_by_order.items():
        order, reason = uow.orders[order_id], f"missing: {event.reason}"
        allocated, picked = ([unit for unit in units if unit.status == status] for status in ("ALLOCATED", "PICKED"))
        release(uow, order, allocated, reason, lost=True)
        _log(uow, order, event, allocated, picked=False)
        unpick(uow, order, picked, reason, location=event.location, lost=True)
        _log(uow, order, event, picked, picked=True)


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
    uow: FulfillmentUnitOfWork,
    order: Order,
    event: LotStockMissing | SerialStockMissing,
    items: Iterable[AllocatedItem],
    *,
    picked: bool,
) -> None:
    items_by_line: dict[str, list[AllocatedItem]] = {}
    for item in items:
        items_by_line.setdefault(item.line, []).append(item)
    for line, members in items_by_line.items():
        uow.log(
            order.order_id, "STOCK_MISSING", line=line, location=event.location, reason=event.reason, picked=picked,
            **log_detail(members),
        )  # fmt: skip
