"""Returns as they are looked up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

LIST = text("""
SELECT return_id, "order", customer, hold, at, actor FROM customer_return
WHERE return_id > :after
  AND (CAST(:order AS text) IS NULL OR "order" = :order)
  AND (CAST(:customer AS text) IS NULL OR customer = :customer)
ORDER BY return_id LIMIT :size
""")
ONE = text("""
SELECT return_id, "order", customer, hold, at, actor FROM customer_return WHERE return_id = :return_id
""")
UNITS = text("""
SELECT sku, serial, location, reason, at, actor, disposition, disposed_reason, disposed_at, disposed_by
FROM return_unit WHERE return_id = :return_id AND (sku, serial) > (:sku, :serial) ORDER BY sku, serial LIMIT :size
""")
LOTS = text("""
SELECT l.sku, l.lot, l.location, l.quantity, l.quantity - l.disposed AS undecided, l.reason, l.at, l.actor,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('quantity', d.quantity, 'disposition', d.disposition,
                                                     'reason', d.reason, 'at', d.at, 'actor', d.actor) ORDER BY d.at)
                 FROM lot_disposition d WHERE d.return_id = l.return_id AND d.sku = l.sku AND d.lot = l.lot
                   AND d.location = l.location), '[]') AS dispositions
FROM return_lot l
WHERE l.return_id = :return_id AND (l.sku, l.lot, l.location) > (:sku, :lot, :location)
ORDER BY l.sku, l.lot, l.location LIMIT :size
""")


async def listed(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """Returns by name."""
    return await tx.rows(LIST, values)


async def one(tx: Transaction, return_id: str) -> Row[Any] | None:
    """One return's head."""
    return next(iter(await tx.rows(ONE, {"return_id": return_id})), None)


async def units(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """The units of a return."""
    return await tx.rows(UNITS, values)


async def lots(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """The lots of a return, each with what was decided on its parts."""
    return await tx.rows(LOTS, values)
