"""Requests and cancellations of demands, and changes of the rules by which demands are allocated."""

from services.serials.allocation.domain.demand import Demand, DemandKind
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import ReallocateSerialBackorders
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested
from shared.contracts.reference import ProductChanged


def open_demand(uow: SerialsUnitOfWork, event: AllocationRequested) -> None:
    """Open a requested demand (S08)."""
    demand = Demand.from_request(
        event, int(event.quantity), allowed_lots=frozenset(event.lots), kind=_kind_of(event),
        serials=frozenset(event.serials),
    )  # fmt: skip
    uow.open_demand(demand)


def _kind_of(event: AllocationRequested) -> DemandKind:
    if event.serials:
        return "BY_SERIAL"
    if event.single_lot:
        return "SINGLE_LOT"
    return "BY_LOT" if event.lots else "ANY"


def cancel_demand(uow: SerialsUnitOfWork, event: AllocationCancelled) -> None:
    """Cancel a demand (S11)."""
    uow.cancel_demand(
        Demand.from_early_cancellation(
            event, quantity=0, open_quantity=0, allowed_lots=frozenset(), serials=frozenset()
        )
    )


def reallocate_product(uow: SerialsUnitOfWork, event: ProductChanged) -> None:
    """Reallocate the backorders of a product whose shelf-life policy changed: skipped units may match again."""
    if uow.previous_policies.get(event.sku, event.shelf_life) != event.shelf_life:
        for pool in uow.backorder_pools:
            if pool[0] == event.sku:
                uow.reallocated_pools[pool] = uow.context


def reallocate_backorders(uow: SerialsUnitOfWork, event: ReallocateSerialBackorders) -> None:
    """Reallocate where the local date became earlier: skipped units may match again."""
    uow.reallocated_pools[event.sku, event.warehouse] = uow.context
