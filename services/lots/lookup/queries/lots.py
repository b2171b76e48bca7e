"""Lots as a list with its filters, and one lot as a whole."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.lookup.queries.amounts import OF_LOTS, amounts, places
from shared.database import Transaction

FACTS = """
    l.sku, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit, l.lot, l.expiry, l.manufactured,
    l.best_before, l.first_received, l.supplier
"""
# The lots of a page are found first; how much there is of them is added up for them alone.
LISTED = text(f"""
    SELECT l.*, coalesce(s.on_hand, 0) AS on_hand, coalesce(s.allocated, 0) AS allocated,
        coalesce(s.picked, 0) AS picked, s.held
    FROM (
        SELECT {FACTS} FROM lot AS l LEFT JOIN product AS p ON p.sku = l.sku
        WHERE (l.sku, l.lot) > (:after_sku, :after_lot)
            AND (CAST(:sku AS text) IS NULL OR l.sku = :sku)
            AND (CAST(:part AS text) IS NULL OR position(lower(:part) IN lower(l.lot)) > 0)
            AND (CAST(:before AS date) IS NULL OR l.expiry < :before)
            AND (NOT :placed OR EXISTS (
                SELECT FROM balance AS b WHERE b.sku = l.sku AND b.lot = l.lot AND b.on_hand > 0
                    AND (CAST(:warehouse AS text) IS NULL OR b.warehouse = :warehouse)
                    AND (CAST(:location AS text) IS NULL OR b.location = :location)
            ))
        ORDER BY l.sku, l.lot LIMIT :size
    ) AS l CROSS JOIN LATERAL (
        SELECT (SELECT sum(on_hand) FROM balance AS b WHERE b.sku = l.sku AND b.lot = l.lot) AS on_hand,
            (SELECT sum(allocated) FROM balance AS b WHERE b.sku = l.sku AND b.lot = l.lot) AS allocated,
            (SELECT sum(quantity) FROM picked AS k WHERE k.sku = l.sku AND k.lot = l.lot AND k.quantity > 0) AS picked,
            EXISTS (SELECT FROM hold AS h WHERE h.sku = l.sku AND h.lot = l.lot AND h.lifted_at IS NULL) AS held
    ) AS s
    ORDER BY l.sku, l.lot
""")  # noqa: S608 - all parts are this service's own
LOT = text(f"""
    SELECT {FACTS} FROM lot AS l LEFT JOIN product AS p ON p.sku = l.sku WHERE l.sku = :sku AND l.lot = :lot
""")  # noqa: S608 - all parts are this service's own
WAREHOUSES = text(f"{amounts(OF_LOTS, 'warehouse')} ORDER BY warehouse")
LYING = text(f"{places(OF_LOTS)} ORDER BY location")
HOLDS = text("""
    SELECT hold, location, kind, reason, role, return_id, opened_by, opened_at FROM hold
    WHERE sku = :sku AND lot = :lot AND lifted_at IS NULL ORDER BY id
""")
CORRECTIONS = text("""
    SELECT expiry_before, expiry, manufactured_before, manufactured, best_before_before, best_before, reason, actor,
        recorded AS recorded_at
    FROM correction WHERE sku = :sku AND lot = :lot ORDER BY id
""")


async def listed(tx: Transaction, after: tuple[str, str], size: int, **filters: Any) -> Sequence[Row[Any]]:
    """Give lots in order of product and number."""
    placed = bool(filters.pop("stocked") or filters["warehouse"] or filters["location"])
    sku, lot = after
    return await tx.rows(LISTED, filters | {"placed": placed, "after_sku": sku, "after_lot": lot, "size": size})


async def one(tx: Transaction, sku: str, lot: str) -> Row[Any] | None:
    """Give what is known of a lot itself."""
    return next(iter(await tx.rows(LOT, {"sku": sku, "lot": lot})), None)


async def by_warehouse(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give how much there is of a lot in each warehouse."""
    return await tx.rows(WAREHOUSES, _only(sku, lot))


async def lying(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give how much of a lot lies where."""
    return await tx.rows(LYING, _only(sku, lot))


async def holds(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give the open holds of a lot."""
    return await tx.rows(HOLDS, {"sku": sku, "lot": lot})


async def corrections(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give what the dates of a lot were before, and who changed them."""
    return await tx.rows(CORRECTIONS, {"sku": sku, "lot": lot})


def _only(sku: str, lot: str) -> dict[str, str | None]:
    return {"sku": sku, "lot": lot, "warehouse": None}
