"""One unit: everything that is known of it, its holds and its audit trail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.contracts.serials import Status
from shared.database import Transaction

UNIT = text("""
    SELECT k.id, s.sku, s.serial, coalesce(p.name, '') AS product, s.status::text AS status, s.warehouse, s.location,
           s.received_at, s.receipt, s.receipt_line, s.order_id AS "order", s.order_line, s.demand, s.shipment,
           s.customer, s.return_id, s.holds > 0 AS held, s.adjustment, s.lot, s.expiry, s.version, k.known_at,
           k.known_by
    FROM serial AS k JOIN serial_state AS s USING (id) LEFT JOIN product AS p ON p.sku = s.sku
    WHERE k.sku = :sku AND k.serial = :serial
""")

HOLDS = text("""
    SELECT h.hold, a.reason, a.actor, a.recorded AS opened_at
    FROM hold AS h JOIN act AS a ON a.id = h.opened
    WHERE h.serial_id = :id AND h.lifted IS NULL ORDER BY h.opened
""")

STEP = """
    u.version, u.from_status::text AS from_status, u.status::text AS status, u.from_location, u.location, a.change,
    a.reason, a.actor, a.occurred AS occurred_at, a.recorded AS recorded_at, a.receipt, a.line, a.order_id AS "order",
    a.demand, a.shipment, a.customer, a.return_id, a.hold,
    coalesce(a.shipment, a.return_id, a.order_id, a.receipt, a.hold) AS document, a.cause_source, a.cause_id
"""

HISTORY = text(f"""
    SELECT {STEP} FROM audit AS u JOIN act AS a ON a.id = u.act
    WHERE u.serial_id = :id AND u.version > :after
      AND (NOT :movements OR u.from_location IS DISTINCT FROM u.location)
    ORDER BY u.version LIMIT :size
""")  # noqa: S608 - the columns are this module's own

BECAME = text(f"""
    SELECT {STEP} FROM audit AS u JOIN act AS a ON a.id = u.act
    WHERE u.serial_id = :id AND u.status::text = :status AND u.from_status IS DISTINCT FROM u.status ORDER BY u.version
""")  # noqa: S608 - the columns are this module's own


async def unit(tx: Transaction, sku: str, serial: str) -> Row[Any] | None:
    """A unit, if it is known."""
    return next(iter(await tx.rows(UNIT, {"sku": sku, "serial": serial})), None)


async def holds(tx: Transaction, serial_id: int) -> Sequence[Row[Any]]:
    """A unit's open holds."""
    return await tx.rows(HOLDS, {"id": serial_id})


async def history(tx: Transaction, serial_id: int, *, after: int, movements: bool, size: int) -> Sequence[Row[Any]]:
    """A unit's audit trail from a version on, or of it only what moved the unit."""
    return await tx.rows(HISTORY, {"id": serial_id, "after": after, "movements": movements, "size": size})


async def became(tx: Transaction, serial_id: int, status: Status) -> Sequence[Row[Any]]:
    """The steps of a unit's life that brought it into a status."""
    return await tx.rows(BECAME, {"id": serial_id, "status": status})
