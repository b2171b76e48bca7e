"""Saves the unit of work, at most three statements per table, and appends the order log."""

from services.fulfillment.orders.domain import FulfillmentUnitOfWork
from services.fulfillment.orders.store import tables
from shared.messaging import waiting
from shared.persistence.database import Transaction


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
    await waiting.save(tx, uow.waiting)
    uow.accept_changes()
