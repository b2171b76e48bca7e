"""Scheduled expiry checks and the events that reschedule them."""

from collections.abc import Sequence

from services.lots.allocation import handlers as allocation
from services.lots.balances import store as balances
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.expiry import store
from services.lots.expiry.domain import ExpiryCheck, LotExpiryCheckDue, LotInWarehouse
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.reference import ProductChanged
from shared.inventory import reference_data
from shared.persistence.database import Transaction


async def check_expiry(tx: Transaction, events: Sequence[CloudEvent[LotExpiryCheckDue]]) -> Sequence[Message]:
    """Publish expiry alerts and hold expired lots (S28, S29)."""
    due_lots = [
        LotInWarehouse(sku=event.data.sku, lot=event.data.lot, warehouse=event.data.warehouse) for event in events
    ]
    keys = {(sku, lot) for sku, lot, _ in due_lots}
    uow = LotsUnitOfWork(tx.now)
    await balances.load_lots(tx, uow, keys)
    await balances.load_all_locations(tx, uow, keys)
    await balances.load_commitments(tx, uow, keys)
    products = await reference_data.load_products(tx, {sku for sku, _ in keys})
    thresholds = {sku: product.shelf_life.expiry_alert_days for sku, product in products.items()}
    check = ExpiryCheck(
        uow=uow,
        date_by_warehouse=await reference_data.today_by_warehouse(tx),
        thresholds=thresholds,
        published_notices=await store.load_notices(tx, due_lots),
    )
    emitted = check.run(events)
    await balances.save(tx, uow)
    await store.save(tx, check)
    return emitted


async def on_product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Store products; changed alert thresholds reschedule the checks of all their lots."""
    previous_products = await reference_data.load_products(tx, {event.data.sku for event in events})
    emitted = await allocation.on_product_changed(tx, events)
    previous_thresholds = {sku: product.shelf_life.expiry_alert_days for sku, product in previous_products.items()}
    changed_skus = {
        event.data.sku
        for event in events
        if previous_thresholds.get(event.data.sku) != event.data.shelf_life.expiry_alert_days
    }
    await store.reschedule_checks(tx, changed_skus)
    return emitted
