"""Read queries: customer returns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

SELECT_PAGE = text("""
SELECT return_id, order_id AS "order", customer, hold_id, received_at, received_by FROM customer_return
WHERE return_id > :after
  AND (CAST(:order AS text) IS NULL OR order_id = :order)
  AND (CAST(:customer AS text) IS NULL OR customer = :customer)
ORDER BY return_id LIMIT :size
""")
SELECT_ONE = text("""
SELECT return_id, order_id AS "order", customer, hold_id, received_at, received_by
FROM customer_return WHERE return_id = :return_id
""")
SELECT_UNITS = text("""
SELECT sku, serial, location, reason, received_at, received_by, disposition, disposed_reason, disposed_at, disposed_by,
       warranty_ends_on, in_warranty
FROM return_unit WHERE return_id = :return_id AND (sku, serial) > (:sku, :serial) ORDER BY sku, serial LIMIT :size
""")
SELECT_LOTS = text("""
SELECT l.sku, l.lot, l.location, l.quantity, l.quantity - l.disposed AS pending_quantity, l.reason, l.received_at,
       l.received_by,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('quantity', d.quantity, 'disposition', d.disposition,
                                                     'reason', d.reason, 'disposed_at', d.disposed_at,
                                                     'disposed_by', d.disposed_by)
                          ORDER BY d.disposed_at)
                 FROM lot_disposition d WHERE d.return_id = l.return_id AND d.sku = l.sku AND d.lot = l.lot
                   AND d.location = l.location), '[]') AS dispositions
FROM return_lot l
WHERE l.return_id = :return_id AND (l.sku, l.lot, l.location) > (:sku, :lot, :location)
ORDER BY l.sku, l.lot, l.location LIMIT :size
""")


async def find_returns(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find returns, ordered by return id."""
    return await tx.fetch_all(SELECT_PAGE, parameters)


async def find_return(tx: Transaction, return_id: str) -> Row[Any] | None:
    """Find a return."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"return_id": return_id})), None)


async def find_units(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find the units of a return."""
    return await tx.fetch_all(SELECT_UNITS, parameters)


async def find_lots(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find the lots of a return with their dispositions."""
    return await tx.fetch_all(SELECT_LOTS, parameters)
