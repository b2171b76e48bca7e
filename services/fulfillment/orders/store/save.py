"""Saves the unit of work, at most three statements per table, and appends the order log."""

from sqlalchemy import text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork
from services.fulfillment.orders.store import tables
from shared.messaging import waiting
from shared.persistence.database import Transaction

# The same product may be ordered at the same time, by an amendment that waited for its order.
INSERT_ORDERED_PRODUCTS = text("""
    INSERT INTO ordered_product (sku) SELECT sku FROM unnest(CAST(:skus AS text[])) AS k (sku) ORDER BY sku
    ON CONFLICT DO NOTHING
""")


async def save(tx: Transaction, uow: FulfillmentUnitOfWork) -> None:
    """Save the changes of the unit of work."""
    uow.merge_equal_lots()
    await tables.ORDERS.save(tx, uow.orders)
    await tables.LINES.save(tx, uow.lines)
    await tables.DEMANDS.save(tx, uow.demands)
    await tables.UNITS.save(tx, uow.units)
    await tables.LOTS.save(tx, uow.lots)
    await tables.CARTONS.save(tx, uow.cartons)
    await tables.SHIPMENTS.save(tx, uow.shipments)
    await tables.CHECKS.save(tx, uow.checks)
    await tables.ORDER_LOG.insert_rows(tx, uow.log_entries)
    if uow.first_ordered_skus:
        await tx.execute(INSERT_ORDERED_PRODUCTS, {"skus": uow.first_ordered_skus})
    await waiting.save(tx, uow.waiting)
    uow.accept_changes()
