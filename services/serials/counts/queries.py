"""Queries for counts and count discrepancies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.serials.counts.store import COUNTS, DISCREPANCY_COLUMNS
from shared.persistence.database import Transaction

SELECT_COUNTS = text(f"""
    SELECT {COUNTS.columns("c")} FROM location_count AS c
    WHERE (c.location, c.count_id) > (:after_location, :after_count)
        AND (CAST(:location AS text) IS NULL OR c.location = :location)
        AND (CAST(:open AS boolean) IS NULL OR (c.completed_at IS NULL) = :open)
    ORDER BY c.location, c.count_id LIMIT :size
""")  # noqa: S608 - the columns are this service's own

SELECT_DISCREPANCIES = text(f"""
    SELECT {DISCREPANCY_COLUMNS}, s.status::text AS current_status, s.location AS current_location,
           s.order_id AS current_order, s.adjustment AS current_adjustment
    FROM count_discrepancy AS d LEFT JOIN serial AS k USING (sku, serial) LEFT JOIN serial_state AS s ON s.id = k.id
    WHERE d.discrepancy > :after
        AND (CAST(:location AS text) IS NULL OR d.location = :location)
        AND (CAST(:count_id AS text) IS NULL OR d.count_id = :count_id)
        AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
        AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
        AND (CAST(:statuses AS text[]) IS NULL OR d.status = ANY(:statuses))
    ORDER BY d.discrepancy LIMIT :size
""")  # noqa: S608


async def find_counts(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find counts by location and id."""
    return await tx.fetch_all(SELECT_COUNTS, parameters)


async def find_discrepancies(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find count discrepancies with the present state of their units, oldest first."""
    return await tx.fetch_all(SELECT_DISCREPANCIES, parameters)
