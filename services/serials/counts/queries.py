"""Queries for counts and count discrepancies."""

from services.serials.counts.store import COUNTS, DISCREPANCY_COLUMNS
from shared.persistence.sorting import SortKey, SortOrder, Sorts

COUNT_SORTS = Sorts(
    "location",
    location=[SortKey("c.location"), SortKey("c.count_id")],
    counted_at=[SortKey("c.counted_at", "timestamptz"), SortKey("c.location"), SortKey("c.count_id")],
)
DISCREPANCY_SORTS = Sorts("found_at", found_at=[SortKey("d.discrepancy")])
"""By the ids, which are in the order of finding."""


def select_counts(order: SortOrder) -> str:
    """Write the statement of a page of counts."""
    return f"""
    SELECT {COUNTS.columns("c")} FROM location_count AS c
    WHERE {order.after()}
        AND (CAST(:location AS text) IS NULL OR c.location = :location)
        AND (CAST(:open AS boolean) IS NULL OR (c.completed_at IS NULL) = :open)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_discrepancies(order: SortOrder) -> str:
    """Write the statement of a page of discrepancies with the present state of their units."""
    return f"""
    SELECT {DISCREPANCY_COLUMNS}, s.status::text AS current_status, s.location AS current_location,
           s.order_id AS current_order, s.adjustment AS current_adjustment, scanned.scan
    FROM count_discrepancy AS d LEFT JOIN serial AS k USING (sku, serial) LEFT JOIN serial_state AS s ON s.id = k.id
    LEFT JOIN LATERAL (
        SELECT u.scan FROM counted_unit AS u
        WHERE (u.location, u.count_id, u.sku, u.serial) = (d.location, d.count_id, d.sku, d.serial)
        ORDER BY u.part LIMIT 1
    ) AS scanned ON true
    WHERE {order.after()}
        AND (CAST(:location AS text) IS NULL OR d.location = :location)
        AND (CAST(:count_id AS text) IS NULL OR d.count_id = :count_id)
        AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
        AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
        AND (CAST(:statuses AS text[]) IS NULL OR d.status = ANY(:statuses))
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
