"""Queries of the lot details."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.balances.store.tables import CORRECTION, HOLD, LOT
from services.lots.lookup.queries.totals import LOT_FILTER, location_query, totals_query
from shared.identifiers import fold_lot, matching_spellings
from shared.persistence.database import Transaction

LOT_COLUMNS = f"""
    {LOT.columns("s")}, coalesce((SELECT name FROM product AS p WHERE p.sku = s.sku), '') AS product,
    coalesce((SELECT unit FROM product AS p WHERE p.sku = s.sku), '') AS unit
"""  # noqa: S608 - the columns are this service's own
SELECT_SPELLINGS = text(f"SELECT {LOT_COLUMNS} FROM lot AS s WHERE s.sku = :sku AND s.lot_key = :lot_key")  # noqa: S608
SELECT_WAREHOUSE_TOTALS = text(f"{totals_query(LOT_FILTER, 'warehouse')} ORDER BY warehouse")
SELECT_BALANCES = text(f"{location_query(LOT_FILTER)} ORDER BY location")
SELECT_OPEN_HOLDS = text(f"""
    SELECT {HOLD.columns()} FROM hold WHERE sku = :sku AND lot = :lot AND released_at IS NULL ORDER BY id
""")  # noqa: S608
SELECT_CORRECTIONS = text(f"""
    SELECT {CORRECTION.columns()} FROM correction WHERE sku = :sku AND lot = :lot ORDER BY id
""")  # noqa: S608


async def find_lot(tx: Transaction, sku: str, lot: str) -> Row[Any] | list[str]:
    """Return the attributes of a lot by any spelling that fits it alone, or the spellings of those that it fits."""
    rows = await tx.fetch_all(SELECT_SPELLINGS, {"sku": sku, "lot_key": fold_lot(lot)})
    spellings = matching_spellings(lot, (row.lot for row in rows))
    return next(row for row in rows if row.lot in spellings) if len(spellings) == 1 else spellings


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
