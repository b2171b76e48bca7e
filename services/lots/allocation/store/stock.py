"""Demands with their available, reserved and picked stock, and the consignees of shipped stock.

All available balances of the product in the warehouse are loaded, some hundreds at most. A LIMIT in FEFO order would
be wrong. Some demands require certain lots, a single lot or a longer shelf life.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text

from services.lots.balances.domain.records import Balance, BalanceKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store import BALANCE, DEMAND, PICKED, RESERVATION, UNALLOCATED
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderDispatched
from shared.inventory.demand import Pool
from shared.persistence.database import Transaction

SELECT_AVAILABLE = text(f"""
    SELECT {BALANCE.columns()}
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS pool (sku, warehouse)
    JOIN balance USING (sku, warehouse)
    WHERE on_hand > 0 AND is_storage AND ({UNALLOCATED} - staged > 0 OR missing > 0)
""")  # noqa: S608

SELECT_DEMANDS = text(f"""
    SELECT {DEMAND.columns()} FROM demand WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

SELECT_RESERVATIONS = text(f"""
    SELECT {RESERVATION.columns()} FROM reservation WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

SELECT_PICKED = text(f"""
    SELECT {PICKED.columns()} FROM picked_stock WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

BALANCE_COLUMNS = {f"balance_{column}": column for column in BALANCE.types}
"""Columns of balances beside those of the picked stock at their location."""

SELECT_PICKED_FOR_ORDERS = text(f"""
    SELECT {PICKED.columns()}, {", ".join(f"balance.{column} AS {alias}" for alias, column in BALANCE_COLUMNS.items())}
    FROM picked_stock LEFT JOIN balance USING (sku, lot, location)
    WHERE order_id = ANY(CAST(:orders AS text[])) AND sku = ANY(CAST(:skus AS text[])) AND quantity > 0
""")  # noqa: S608

# An order may be dispatched in several messages with the same customer.
INSERT_CONSIGNEES = text("""
    INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, ship_to, recorded_at)
    SELECT shipment, order_id, customer, name, contact, ship_to, :now FROM unnest(
        CAST(:shipments AS text[]), CAST(:orders AS text[]), CAST(:customers AS text[]), CAST(:names AS text[]),
        CAST(:contacts AS text[]), CAST(:addresses AS text[])
    ) AS input (shipment, order_id, customer, name, contact, ship_to)
    ON CONFLICT DO NOTHING
""")


async def load_demands(tx: Transaction, uow: LotsUnitOfWork, demand_ids: Iterable[str]) -> None:
    """Load demands by id."""
    if requested := list(set(demand_ids)):
        uow.demands.load(DEMAND.load(await tx.fetch_all(SELECT_DEMANDS, {"demand_ids": requested})))


async def load_available(tx: Transaction, uow: LotsUnitOfWork, pools: Iterable[Pool]) -> None:
    """Load balances in storage with unallocated or missing stock."""
    pool_list = sorted(set(pools))
    values = {"skus": [sku for sku, _ in pool_list], "warehouses": [warehouse for _, warehouse in pool_list]}
    uow.balances.load(BALANCE.load(await tx.fetch_all(SELECT_AVAILABLE, values)))


async def load_reservations(tx: Transaction, uow: LotsUnitOfWork, demand_ids: Iterable[str]) -> None:
    """Load the reservations of demands; rows with quantity zero are loaded to be reused."""
    if requested := list(set(demand_ids)):
        uow.reservations.load(RESERVATION.load(await tx.fetch_all(SELECT_RESERVATIONS, {"demand_ids": requested})))


async def load_picked(tx: Transaction, uow: LotsUnitOfWork, demand_ids: Iterable[str]) -> None:
    """Load the picked stock of demands; rows with quantity zero are loaded to be reused."""
    uow.picked.load(PICKED.load(await tx.fetch_all(SELECT_PICKED, {"demand_ids": list(set(demand_ids))})))


async def load_picked_for(
    tx: Transaction, uow: LotsUnitOfWork, orders: Iterable[str], skus: Iterable[str]
) -> dict[BalanceKey, datetime]:
    """Load the picked stock of products for orders, with its balances; returns the last count of each of them."""
    values = {"orders": list(set(orders)), "skus": list(set(skus))}
    rows = await tx.fetch_all(SELECT_PICKED_FOR_ORDERS, values)
    uow.picked.load(PICKED.load(rows, tuple(BALANCE_COLUMNS)))
    uow.balances.load(
        Balance(**{column: getattr(row, alias) for alias, column in BALANCE_COLUMNS.items()})
        for row in rows
        if row.balance_sku is not None
    )
    return {(row.sku, row.lot, row.location): row.balance_counted_at for row in rows if row.balance_counted_at}


async def save_consignees(tx: Transaction, events: Sequence[CloudEvent[OrderDispatched]]) -> None:
    """Store the customer contact of each shipped order."""
    payloads = list({(event.data.shipment, event.data.order): event.data for event in events}.values())
    values = {
        "shipments": [payload.shipment for payload in payloads],
        "orders": [payload.order for payload in payloads],
        "customers": [payload.customer for payload in payloads],
        "names": [payload.customer_name for payload in payloads],
        "contacts": [payload.contact for payload in payloads],
        "addresses": [payload.ship_to for payload in payloads],
        "now": tx.now,
    }
    await tx.execute(INSERT_CONSIGNEES, values)
