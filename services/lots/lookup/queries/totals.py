"""Statement parts for the quantities of lots, shared by lot details and reports.

The on-hand quantity is the sum of available, allocated, held, staged and missing. Picked stock has left its location,
but has not been shipped. All quantities are exact.
"""

from typing import Any

from pydantic import Field

from services.lots.balances.store import UNALLOCATED
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, SkuFilter, WarehouseFilter
from shared.identifiers import SignedQuantity
from shared.persistence.lot_keys import fold_lot_sql

_SPELLINGS = f"""
    SELECT named.lot FROM lot AS named
    WHERE named.lot_key = {fold_lot_sql("btrim(CAST(:lot AS text))")} AND named.lot <> :lot AND CAST(:lot AS text) <> ''
        AND (CAST(:sku AS text) IS NULL OR named.sku = :sku)
        AND NOT EXISTS (SELECT FROM lot AS same WHERE same.sku = named.sku AND same.lot = :lot)
"""  # noqa: S608 - all parts are constants


def lot_condition(column: str = "lot") -> str:
    """Write the condition of the optional filters `lot` and `sku`.

    A lot number stands for the lot spelled so, or if a product has none, for all that differ in case or blanks.
    """
    return f"(CAST(:lot AS text) IS NULL OR {column} = ANY(array_append(ARRAY({_SPELLINGS}), CAST(:lot AS text))))"


LOT_FILTER = f"""
    (CAST(:sku AS text) IS NULL OR sku = :sku) AND {lot_condition()}
    AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
"""
"""Condition for the optional filters by product, lot and warehouse."""


class StockTotals(KnownFieldsModel):
    """Quantities of stock: on hand is the sum of available, allocated, held, staged and missing."""

    on_hand: SignedQuantity = Field(description="on-hand quantity")
    available: SignedQuantity = Field(description="part of it available for allocation")
    allocated: SignedQuantity = Field(description="part of it allocated to orders")
    held: SignedQuantity = Field(description="unallocated part of it on hold")
    staged: SignedQuantity = Field(description="part of it that is not put away in an active storage location")
    missing: SignedQuantity = Field(description="part of it under investigation, which a picker did not find")
    picked: SignedQuantity = Field(description="picked quantity, not shipped")


def stock_filters(sku: SkuFilter = None, lot: LotFilter = None, warehouse: WarehouseFilter = None) -> dict[str, Any]:
    """Filter by product, lot and warehouse."""
    return {"sku": sku, "lot": lot, "warehouse": warehouse}


def location_query(condition: str) -> str:
    """Build the statement of the quantities by location."""
    return f"""
        SELECT sku, lot, warehouse, location, version, on_hand, allocated, missing,
            CASE WHEN on_hold THEN unallocated ELSE 0 END AS held,
            CASE WHEN is_storage AND NOT on_hold THEN unallocated - staged ELSE 0 END AS available,
            CASE WHEN on_hold THEN 0 WHEN is_storage THEN staged ELSE unallocated END AS staged
        FROM (
            SELECT sku, lot, warehouse, location, version, is_storage, on_hand, staged, missing,
                least(allocated, on_hand - missing) AS allocated,
                {UNALLOCATED} AS unallocated, EXISTS (
                SELECT FROM hold AS h WHERE h.sku = b.sku AND h.lot = b.lot AND h.released_at IS NULL
                    AND (h.location IS NULL OR h.location = b.location)
            ) AS on_hold
            FROM balance AS b WHERE on_hand > 0 AND {condition} OFFSET 0
        ) AS b
    """  # noqa: S608 - all parts are constants of this service


def totals_query(condition: str, *group_by: str) -> str:
    """Build the statement of the quantities summed by columns."""
    group_columns = ", ".join(group_by)
    return f"""
        SELECT {group_columns}, count(DISTINCT lot) AS lots, sum(on_hand) AS on_hand, sum(available) AS available,
            sum(allocated) AS allocated, sum(held) AS held, sum(staged) AS staged, sum(missing) AS missing,
            sum(picked) AS picked
        FROM (
            SELECT sku, lot, warehouse, on_hand, available, allocated, held, staged, missing, 0 AS picked
            FROM ({location_query(condition)}) AS by_location
            UNION ALL
            SELECT sku, lot, warehouse, 0, 0, 0, 0, 0, 0, quantity FROM picked_stock WHERE quantity > 0 AND {condition}
        ) AS quantities
        GROUP BY {group_columns}
    """  # noqa: S608 - all parts are constants of this service
