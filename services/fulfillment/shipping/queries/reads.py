"""Read-only queries for cartons, shipments and dispatch checks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.http import PageRequest
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

# A number that is also an SSCC is first of all a number; of an SSCC that was used again the last carton counts.
SELECT_CARTON = text("""
    SELECT c.carton, c.order_id, c.shipment, c.sscc, s.status FROM carton c LEFT JOIN shipment s USING (shipment)
    WHERE c.carton = :carton OR c.sscc = :carton
    ORDER BY c.carton = :carton DESC, c.sscc_assigned_at DESC NULLS LAST LIMIT 1
""")
# The content of cartons `c`: one row per serial number, or per lot and order line.
CARTON_CONTENT = """
    SELECT line, sku, serial, CAST(NULL AS text) AS lot, expiry, 1 AS quantity, status
    FROM allocated_unit
    WHERE order_id = c.order_id AND carton = c.carton
    UNION ALL
    SELECT line, sku, NULL, lot, expiry, sum(quantity), status FROM allocated_lot
    WHERE order_id = c.order_id AND carton = c.carton GROUP BY line, sku, lot, expiry, status
"""
SELECT_CARTON_CONTENT = text(f"""
    SELECT u.* FROM carton c CROSS JOIN LATERAL ({CARTON_CONTENT}) u
    WHERE c.carton = :carton ORDER BY u.sku, u.serial, u.lot, u.line
""")  # noqa: S608 - built from constants of this module
# A check is cancelled once the packing version of one of its orders has changed, even before its answers arrive.
_CHECK_STATUS = """
    CASE WHEN c.status = 'PENDING' AND EXISTS (
        SELECT FROM unnest(c.orders, c.packing_versions) AS checked (order_id, packing_version)
        JOIN sales_order o ON o.order_id = checked.order_id
        WHERE o.packing_version <> checked.packing_version)
    THEN 'CANCELLED' ELSE c.status END
"""
_PUBLIC_STATUS = f"CASE WHEN s.status = 'CREATED' AND {_CHECK_STATUS} = 'PENDING' THEN 'PENDING' ELSE s.status END"
# Filters by the stored status first, to use shipment_unfinished: a shipment with a pending check is stored as CREATED.
_STATUS_FILTER = f"""
    (CAST(:stored AS text[]) IS NULL OR s.status = ANY(:stored))
    AND (CAST(:status AS text[]) IS NULL OR {_PUBLIC_STATUS} = ANY(:status))
"""
_SELECT_SHIPMENT_COLUMNS = f"""
    SELECT s.shipment, s.warehouse, s.orders, s.carrier, s.tracking_number, s.created_at, s.created_by,
           s.dispatched_at, s.check_id, {_PUBLIC_STATUS} AS status
"""
_JOIN_CHECK = "LEFT JOIN dispatch_check c USING (check_id)"
SELECT_SHIPMENT = text(f"{_SELECT_SHIPMENT_COLUMNS} FROM shipment s {_JOIN_CHECK} WHERE s.shipment = :shipment")
SORTS = Sorts(
    "shipment",
    shipment=[SortKey("s.shipment")],
    created_at=[SortKey("s.created_at", "timestamptz"), SortKey("s.shipment")],
    dispatched_at=[SortKey("s.dispatched_at", "timestamptz"), SortKey("s.shipment")],
)
_OF_ORDER = "unnest(ARRAY(SELECT DISTINCT shipment FROM carton WHERE order_id = :order)) AS listed (shipment)"


def select_shipments(order: SortOrder) -> str:
    """Write the statement of a page of shipments."""
    return _select_shipments(order, "shipment s")


def select_shipments_of_order(order: SortOrder) -> str:
    """Write the statement of a page of the shipments of an order."""
    return _select_shipments(order, f"{_OF_ORDER} JOIN shipment s USING (shipment)")


def _select_shipments(order: SortOrder, source: str) -> str:
    return f"""
        {_SELECT_SHIPMENT_COLUMNS} FROM {source} {_JOIN_CHECK}
        WHERE {order.condition} AND {_STATUS_FILTER} {order.order_by} LIMIT :size
    """


SELECT_SHIPMENT_CONTENT = text(f"""
    SELECT c.order_id, c.carton, c.sscc, u.* FROM carton c LEFT JOIN LATERAL ({CARTON_CONTENT}) u ON true
    WHERE c.shipment = :shipment ORDER BY c.order_id, c.carton, u.sku, u.serial, u.lot, u.line LIMIT 10000
""")  # noqa: S608 - built from constants of this module
SELECT_DISPATCH_CHECK = text(f"""
    SELECT c.check_id, c.shipment, c.orders, c.requested_count, c.approved_count, c.valid_until, c.reasons,
           c.requested_at, c.actor, c.ended_at, {_CHECK_STATUS} AS status
    FROM dispatch_check c WHERE check_id = :check_id
""")  # noqa: S608 - built from constants of this module


async def find_carton(tx: Transaction, carton_id: str) -> Row[Any] | None:
    """Find a carton by number or SSCC."""
    return next(iter(await tx.fetch_all(SELECT_CARTON, {"carton": carton_id})), None)


async def load_carton(tx: Transaction, carton_id: str) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
    """A carton and its content."""
    head = await find_carton(tx, carton_id)
    return (head, await tx.fetch_all(SELECT_CARTON_CONTENT, {"carton": head.carton})) if head else None


async def find_shipment(tx: Transaction, shipment_id: str) -> Row[Any] | None:
    """Find a shipment."""
    return next(iter(await tx.fetch_all(SELECT_SHIPMENT, {"shipment": shipment_id})), None)


async def load_shipment(tx: Transaction, shipment_id: str) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
    """A shipment and the content of its cartons, at most 10,000 units and lots."""
    head = await find_shipment(tx, shipment_id)
    return (head, await tx.fetch_all(SELECT_SHIPMENT_CONTENT, {"shipment": shipment_id})) if head else None


async def find_shipments(
    tx: Transaction, page: PageRequest, *, status: Sequence[str] | None, order: str | None
) -> Sequence[Row[Any]]:
    """Shipments by status and order."""
    stored = status and ["CREATED" if value == "PENDING" else value for value in status]
    filters = {"status": status, "stored": stored}
    if order is None:
        return await page.fetch(tx, select_shipments, filters)
    return await page.fetch(tx, select_shipments_of_order, filters | {"order": order})


async def load_dispatch_check(tx: Transaction, check_id: str) -> Row[Any] | None:
    """A dispatch check with its current status."""
    rows = await tx.fetch_all(SELECT_DISPATCH_CHECK, {"check_id": check_id})
    return rows[0] if rows else None
