"""Time-zone changes of warehouses and their effect on the local date.

After a change to an earlier date, stock that was too close to expiry may be allocated to backorders. Thousands of
products may be affected, each under its own lock: the service requests each reallocation by a message to itself.
Transactions that depend on the date of a warehouse hold a shared lock on its time zone until their end. A change waits
for them, so that it finds all demands that were judged by the later date.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from sqlalchemy import TextClause, text

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.reference import WarehouseChanged
from shared.inventory.expiry import today
from shared.inventory.reference_data import WAREHOUSE_HANDLER, save_warehouses, today_by_warehouse
from shared.messaging.handlers import EventHandler
from shared.persistence.database import Transaction
from shared.unit_of_work import MessageContext, UnitOfWork


def _lock_statement(lock_function: str) -> TextClause:
    # Advisory locks: shared row locks could block a change indefinitely. Sorted, since transactions may share several.
    return text(f"SELECT {lock_function}(7230020, hashtext(name)) FROM unnest(CAST(:names AS text[])) AS name")  # noqa: S608


FindPools = Callable[[Transaction, Iterable[str]], Awaitable[set[tuple[str, str]]]]
"""Finds the products with backorders in warehouses, as pairs of SKU and warehouse."""
LOCK_EXCLUSIVE, LOCK_SHARED = _lock_statement("pg_advisory_xact_lock"), _lock_statement("pg_advisory_xact_lock_shared")


async def lock_time_zones(tx: Transaction, warehouses: Iterable[str]) -> None:
    """Lock the time zones of warehouses against changes until the end of the transaction."""
    await tx.fetch_all(LOCK_SHARED, {"names": sorted(set(warehouses))})


async def _apply_time_zones(
    tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]
) -> Mapping[str, CloudEvent[WarehouseChanged]]:
    """Save warehouses; return those with an earlier date than before, each with its last event.

    A new warehouse is compared with UTC.
    """
    event_by_name = {event.data.warehouse: event for event in events}
    names = sorted(event_by_name)
    await tx.fetch_all(LOCK_EXCLUSIVE, {"names": names})
    days_before = await today_by_warehouse(tx)
    await save_warehouses(tx, events)
    days_after = await today_by_warehouse(tx)
    return {
        name: event_by_name[name] for name in names if days_after[name] < days_before.get(name, today(tx.now, "UTC"))
    }


def warehouse_handler(find_pools: FindPools, request_type: type[Message]) -> EventHandler:
    """Build the handler of warehouse changes: it saves them and requests reallocations by messages of a type."""

    async def load(tx: Transaction, uow: UnitOfWork, events: Sequence[CloudEvent[WarehouseChanged]]) -> None:
        if event_by_warehouse := await _apply_time_zones(tx, events):
            for sku, warehouse in sorted(await find_pools(tx, event_by_warehouse)):
                context = MessageContext.from_event(event_by_warehouse[warehouse])
                uow.emit(request_type, context, sku=sku, warehouse=warehouse)

    return WAREHOUSE_HANDLER._replace(load=load)
