"""Queries of demands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.allocation import store
from services.lots.allocation.domain.allocate import summarise_by_lot
from services.lots.allocation.domain.available_lots import AvailableLots
from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import SkippedLots
from shared.persistence.database import Transaction

SELECT_DEMANDS = text("""
    SELECT demand_id, status, order_id AS "order", line, sku, tracking, warehouse, customer, priority, placed_at,
           shortfall, quantity, open_quantity, allowed_lots AS lots, single_lot, min_remaining_shelf_life_days,
           (SELECT coalesce(json_agg(json_build_object('lot', r.lot, 'location', r.location, 'quantity', r.quantity)
                                     ORDER BY r.lot, r.location), '[]')
            FROM reservation AS r WHERE r.demand_id = demand.demand_id AND r.quantity > 0) AS allocated,
           (SELECT coalesce(json_agg(json_build_object('lot', p.lot, 'location', nullif(p.location, ''), 'quantity',
                                                       p.quantity) ORDER BY p.lot, p.location), '[]')
            FROM picked_stock AS p WHERE p.demand_id = demand.demand_id AND p.quantity > 0) AS picked
    FROM demand
    WHERE demand_id > :after
        AND (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:order AS text) IS NULL OR order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
        AND (NOT :backordered OR open_quantity > 0)
    ORDER BY demand_id LIMIT :size
""")


async def list_demands(
    tx: Transaction,
    *,
    sku: str | None,
    order: str | None,
    status: Sequence[str] | None,
    backordered: bool,
    after: str,
    size: int,
) -> Sequence[Row[Any]]:
    """Return demands, ordered by id."""
    values = {"sku": sku, "order": order, "status": status, "backordered": backordered, "after": after, "size": size}
    return await tx.fetch_all(SELECT_DEMANDS, values)


async def explain_shortfall(tx: Transaction, demand_id: str) -> tuple[Demand, list[SkippedLots]] | None:
    """Return a demand and the stock that cannot fill it, with reasons; changes nothing."""
    uow = LotsUnitOfWork(tx.now, iter(()))
    await store.load_demands(tx, uow, [demand_id])
    demand = uow.demands.get(demand_id)
    if demand is None or not demand.open_quantity:
        return (demand, []) if demand else None
    balances_by_pool = await store.load_available_lots(tx, uow, [demand.pool])
    available_lots = AvailableLots.from_balances(uow, demand.pool, balances_by_pool[demand.pool])
    return demand, summarise_by_lot(available_lots.find_skipped(demand, []))
