"""Requests and cancellations of demands, and changes of the rules by which demands are allocated."""

from services.serials.allocation.domain.demand import Demand, DemandKind, EarlyCancellation
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import ReallocateSerialBackorders
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested
from shared.contracts.reference import ProductChanged


def open_demand(uow: SerialsUnitOfWork, event: AllocationRequested) -> None:
    """Open a requested demand (S08); a repeated or already cancelled one is ignored."""
    if event.demand_id in uow.demands or event.demand_id in uow.early_cancellations:
        return
    quantity = int(event.quantity)
    uow.demands.put(
        Demand(
            demand_id=event.demand_id, status="OPEN", order_id=event.order, line=event.line, sku=event.sku,
            warehouse=event.warehouse, customer=event.customer, priority=event.priority, placed_at=event.placed_at,
            shortfall=event.shortfall, quantity=quantity, open_quantity=quantity,
            min_remaining_shelf_life_days=event.min_remaining_shelf_life_days, single_lot=event.single_lot,
            allowed_lots=frozenset(event.lots), kind=_kind_of(event), serials=frozenset(event.serials),
        )
    )  # fmt: skip
    uow.to_answer[event.demand_id] = uow.context


def _kind_of(event: AllocationRequested) -> DemandKind:
    if event.serials:
        return "BY_SERIAL"
    if event.single_lot:
        return "SINGLE_LOT"
    return "BY_LOT" if event.lots else "ANY"


def cancel_demand(uow: SerialsUnitOfWork, event: AllocationCancelled) -> None:
    """Cancel a demand (S11); the cancellation of an unknown demand is stored."""
    if demand := uow.demands.get(event.demand_id):
        demand.status, demand.open_quantity = "CANCELLED", 0
    elif event.demand_id not in uow.early_cancellations:
        uow.early_cancellations.put(EarlyCancellation(event.demand_id, event.order, event.line, event.sku))


def reallocate_product(uow: SerialsUnitOfWork, event: ProductChanged) -> None:
    """Reallocate the backorders of a product whose shelf-life policy changed: skipped units may match again."""
    if uow.previous_policies.get(event.sku, event.shelf_life) != event.shelf_life:
        for pool in uow.backorder_pools:
            if pool[0] == event.sku:
                uow.reallocated_pools[pool] = uow.context


def reallocate_backorders(uow: SerialsUnitOfWork, event: ReallocateSerialBackorders) -> None:
    """Reallocate where the local date became earlier: skipped units may match again."""
    uow.reallocated_pools[event.sku, event.warehouse] = uow.context
