"""Explains the allocation of a demand from the present state of the stock."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from services.lots.allocation.domain.explain import PassedOverStock, StockPart, pass_over
from services.lots.allocation.store.stock import SELECT_DEMANDS
from services.lots.balances.domain.demands import Demand
from services.lots.balances.store.tables import DEMAND, UNALLOCATED
from shared.inventory.explanation import MAX_READ
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.shelf_life_rules import find_shelf_life_rules
from shared.persistence.database import Transaction

ALLOCATABLE = f"CASE WHEN b.is_storage THEN {UNALLOCATED} - b.staged ELSE 0 END"
NOT_STORED = f"CASE WHEN b.is_storage THEN b.staged ELSE {UNALLOCATED} END"
PARTS = (
    *(
        f"""
        SELECT 'ON_HAND' AS kind, b.lot, b.location, {quantity} AS quantity, {is_storage} AS is_storage,
            EXISTS (
                SELECT FROM hold AS h WHERE h.sku = b.sku AND h.lot = b.lot AND h.released_at IS NULL
                    AND (h.location IS NULL OR h.location = b.location)
            ) AS is_held,
            NULL AS demand_id, NULL AS order_id, NULL AS line
        FROM balance AS b
        WHERE b.sku = :sku AND b.warehouse = :warehouse AND b.on_hand > 0 AND {quantity} > 0 LIMIT :most
        """  # noqa: S608 - all parts are constants of this service
        for is_storage, quantity in (("true", ALLOCATABLE), ("false", NOT_STORED))
    ),
    """
    SELECT 'MISSING', lot, location, missing, is_storage, false, NULL, NULL, NULL FROM balance
    WHERE sku = :sku AND warehouse = :warehouse AND on_hand > 0 AND missing > 0 LIMIT :most
    """,
    """
    SELECT 'ALLOCATED', lot, location, quantity, true, false, demand_id, order_id, line FROM reservation
    WHERE sku = :sku AND quantity > 0 AND split_part(location, '/', 1) = :warehouse LIMIT :most
    """,
    """
    SELECT 'PICKED', lot, nullif(location, ''), quantity, true, false, demand_id, order_id, line FROM picked_stock
    WHERE sku = :sku AND quantity > 0 AND warehouse = :warehouse LIMIT :most
    """,
    """
    SELECT 'SHIPPED', lot, NULL, -sum(picked), true, false, demand_id, order_id, line FROM ledger
    WHERE order_id = :order AND demand_id = :demand_id AND change = 'SHIPPED' GROUP BY lot, demand_id, order_id, line
    HAVING sum(picked) < 0
    """,
    """
    SELECT 'LOST', lot, NULL, -sum(on_hand + picked), true, false, NULL, NULL, NULL FROM ledger
    WHERE sku = :sku AND warehouse = :warehouse AND change IN ('LOST', 'COUNT_LOSS', 'FOUND', 'COUNT_GAIN')
    GROUP BY lot HAVING sum(on_hand + picked) < 0 LIMIT :most
    """,
)
"""The stock of a product in a warehouse by what it is used for, each with an index, and what the demand shipped."""
SELECT_PARTS = text(f"""
    SELECT p.kind, p.lot, p.location, p.quantity, l.expiry, l.first_received_at AS received_at,
        coalesce(o.pick_sequence, 0) AS pick_sequence, p.is_storage, p.is_held, p.demand_id, p.order_id AS "order",
        p.line AS order_line
    FROM ({" UNION ALL ".join(f"({part})" for part in PARTS)}) AS p
    JOIN lot AS l ON l.sku = :sku AND l.lot = p.lot LEFT JOIN location AS o ON o.location = p.location
""")  # noqa: S608 - all parts are constants of this service


class Explanation(NamedTuple):
    """A demand with its stock and the stock that it passed over, up to 10,000 rows of each kind, in FEFO order."""

    demand: Demand
    rules: ShelfLifeRules
    allocated: Sequence[StockPart]
    passed_over: Sequence[PassedOverStock]


async def explain(tx: Transaction, demand_id: str) -> Explanation | None:
    """Explain the allocation of a demand; changes nothing. A cancelled demand passed over nothing."""
    demands = DEMAND.load(await tx.fetch_all(SELECT_DEMANDS, {"demand_ids": [demand_id]}))
    if not demands:
        return None
    (demand,) = demands
    values = {
        "sku": demand.sku, "warehouse": demand.warehouse, "order": demand.order_id, "demand_id": demand_id,
        "most": MAX_READ,
    }  # fmt: skip
    parts = [StockPart(**row._asdict()) for row in await tx.fetch_all(SELECT_PARTS, values)]
    own = sorted((part for part in parts if part.demand_id == demand_id), key=lambda part: (part.fefo_key, part.kind))
    if demand.status == "CANCELLED":
        return Explanation(demand, ShelfLifeRules.as_of(tx.now), own, ())
    rules = (await find_shelf_life_rules(tx, {demand.pool}))[demand.pool]
    others = (part for part in parts if part.demand_id != demand_id)
    return Explanation(demand, rules, own, pass_over(demand, own, others, rules))
