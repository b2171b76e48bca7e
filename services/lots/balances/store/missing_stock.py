"""Loads whose stock is missing."""

from collections.abc import Iterable

from sqlalchemy import text

from services.lots.balances.domain.records import PickedQuantity, Reservation, ShippedQuantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.tables import BALANCE_KEYS, DEMAND, RESERVATION, balance_arrays
from shared.persistence.database import Transaction

SELECT_RESERVATIONS = text(f"""
    SELECT {RESERVATION.columns()} FROM {BALANCE_KEYS} JOIN reservation USING (sku, lot, location)
    WHERE reservation.quantity > 0
""")  # noqa: S608
SELECT_DEMANDS = text(f"SELECT {DEMAND.columns()} FROM demand WHERE demand_id = ANY(CAST(:demand_ids AS text[]))")  # noqa: S608


async def load_missing_stock(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Load the orders that stock is allocated to at locations with less stock."""
    if keys := set(uow.missing_stock):
        uow.reservations.load(RESERVATION.load(await tx.fetch_all(SELECT_RESERVATIONS, balance_arrays(keys))))
        await load_demands_of(tx, uow, [row for row in uow.reservations if (row.sku, row.lot, row.location) in keys])


async def load_demands_of(
    tx: Transaction, uow: LotsUnitOfWork, rows: Iterable[Reservation | PickedQuantity | ShippedQuantity]
) -> None:
    """Load the demands of allocated or picked stock, which say whose is taken first."""
    if missing := {row.demand_id for row in rows if row.demand_id not in uow.demands}:
        uow.demands.load(DEMAND.load(await tx.fetch_all(SELECT_DEMANDS, {"demand_ids": list(missing)})))
