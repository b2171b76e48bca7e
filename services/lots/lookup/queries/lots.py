"""Queries of the lot details."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.balances.store.tables import CORRECTION, HOLD, LOT
from services.lots.lookup.queries.totals import LOT_FILTER, location_query, totals_query
from shared.persistence.database import Transaction

LOT_COLUMNS = f"""
    {LOT.columns("s")}, coalesce((SELECT name FROM product AS p WHERE p.sku = s.sku), '') AS product,
    coalesce((SELECT unit FROM product AS p WHERE p.sku = s.sku), '') AS unit
"""  # noqa: S608 - the columns are this service's own
SELECT_LOT = text(f"SELECT {LOT_COLUMNS} FROM lot AS s WHERE s.sku = :sku AND s.lot = :lot")  # noqa: S608
SELECT_WAREHOUSE_TOTALS = text(f"{totals_query(LOT_FILTER, 'warehouse')} ORDER BY warehouse")
SELECT_BALANCES = text(f"{location_query(LOT_FILTER)} ORDER BY location")
SELECT_OPEN_HOLDS = text(f"""
    SELECT {HOLD.columns()} FROM hold WHERE sku = :sku AND lot = :lot AND released_at IS NULL ORDER BY id
""")  # noqa: S608
SELECT_CORRECTIONS = text(f"""
    SELECT {CORRECTION.columns()} FROM correction WHERE sku = :sku AND lot = :lot ORDER BY id
""")  # noqa: S608


async def find_lot(tx: Transaction, sku: str, lot: str) -> Row[Any] | None:
    """Return the attributes of a lot."""
    return next(iter(await tx.fetch_all(SELECT_LOT, {"sku": sku, "lot": lot})), None)


async def find_warehouse_totals(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the quantities of a lot by warehouse."""
    return await tx.fetch_all(SELECT_WAREHOUSE_TOTALS, _lot_parameters(sku, lot))


async def find_balances(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the quantities of a lot by location."""
    return await tx.fetch_all(SELECT_BALANCES, _lot_parameters(sku, lot))


async def find_open_holds(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the open holds of a lot."""
    return await tx.fetch_all(SELECT_OPEN_HOLDS, {"sku": sku, "lot": lot})


async def find_corrections(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the date corrections of a lot."""
    return await tx.fetch_all(SELECT_CORRECTIONS, {"sku": sku, "lot": lot})


def _lot_parameters(sku: str, lot: str) -> dict[str, str | None]:
    return {"sku": sku, "lot": lot, "warehouse": None}
