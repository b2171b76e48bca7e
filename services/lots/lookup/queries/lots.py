"""One lot as a whole."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.lookup.queries.amounts import OF_LOTS, amounts, places
from shared.database import Transaction

FACTS = """
    s.sku, coalesce((SELECT name FROM product AS p WHERE p.sku = s.sku), '') AS product,
    coalesce((SELECT unit FROM product AS p WHERE p.sku = s.sku), '') AS unit,
    s.lot, s.expiry, s.manufactured, s.best_before, s.first_received, s.supplier
"""
LOT = text(f"SELECT {FACTS} FROM lot AS s WHERE s.sku = :sku AND s.lot = :lot")  # noqa: S608
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
