"""Read queries: customer returns."""

from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

SORTS = Sorts(
    "return_id",
    return_id=[SortKey("return_id")],
    received_at=[SortKey("received_at", "timestamptz"), SortKey("return_id")],
)
UNIT_SORTS = Sorts("serial", serial=[SortKey("sku"), SortKey("serial")])
LOT_SORTS = Sorts("lot", lot=[SortKey("l.sku"), SortKey("l.lot"), SortKey("l.location")])


def select_returns(order: SortOrder) -> str:
    """Write the statement of a page of returns."""
    return f"""
SELECT return_id, order_id AS "order", customer, hold_id, received_at, received_by FROM customer_return
WHERE {order.after()}
  AND (CAST(:order AS text) IS NULL OR order_id = :order)
  AND (CAST(:customer AS text) IS NULL OR customer = :customer)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


SELECT_ONE = text("""
SELECT return_id, order_id AS "order", customer, hold_id, received_at, received_by
FROM customer_return WHERE return_id = :return_id
""")


def select_units(order: SortOrder) -> str:
    """Write the statement of a page of the units of a return."""
    return f"""
SELECT sku, serial, location, reason, received_at, received_by, disposition, disposed_reason, disposed_at, disposed_by,
       warranty_ends_on, in_warranty, scan
FROM return_unit WHERE return_id = :return_id AND {order.after()}
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_lots(order: SortOrder) -> str:
    """Write the statement of a page of the lots of a return with their dispositions."""
    return f"""
SELECT l.sku, l.lot, l.location, l.quantity, l.quantity - l.disposed AS pending_quantity, l.reason, l.received_at,
       l.received_by, l.scan,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('quantity', d.quantity, 'disposition', d.disposition,
                                                     'reason', d.reason, 'disposed_at', d.disposed_at,
                                                     'disposed_by', d.disposed_by)
                          ORDER BY d.disposed_at)
                 FROM lot_disposition d WHERE d.return_id = l.return_id AND d.sku = l.sku AND d.lot = l.lot
                   AND d.location = l.location), '[]') AS dispositions
FROM return_lot l
WHERE l.return_id = :return_id AND {order.after()}
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


async def find_return(tx: Transaction, return_id: str) -> Row[Any] | None:
    """Find a return."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"return_id": return_id})), None)
