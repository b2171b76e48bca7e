"""Queries for one unit: its details, open holds and audit trail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.serials.units.domain.operations import DocumentRefs
from services.serials.units.store.unit_table import UNIT_COLUMNS
from shared.contracts.documents import FIELD_BY_COLUMN
from shared.contracts.serials import SerialStatus
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

# An adjusted unit is not at a location; its row keeps the last one.
CURRENT_COLUMNS = UNIT_COLUMNS.replace("s.location", "CASE WHEN s.adjustment IS NULL THEN s.location END AS location")


def last_sale(serial_id: str) -> str:
    """Write the query of the last sale of a unit: when, and the name of the customer."""
    return f"""
        SELECT o.occurred_at AS shipped_at, o.customer_name
        FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
        WHERE e.serial_id = {serial_id} AND e.status = 'SHIPPED' AND e.from_status IS DISTINCT FROM 'SHIPPED'
        ORDER BY e.version DESC LIMIT 1
    """  # noqa: S608 - a column of this service


SELECT_UNIT = text(f"""
    SELECT {CURRENT_COLUMNS}, CASE WHEN s.adjustment IS NOT NULL THEN s.location END AS last_location,
           s.status = 'EXPECTED' AND s.receipt IS NULL AS expectation_cancelled,
           s.order_id AS "order", s.open_hold_count > 0 AS on_hold, coalesce(p.name, '') AS product,
           k.created_at, k.created_by, sale.*
    FROM serial AS k JOIN serial_state AS s USING (id) LEFT JOIN product AS p ON p.sku = s.sku
    LEFT JOIN LATERAL ({last_sale("s.id")}) AS sale ON s.status = 'SHIPPED'
    WHERE k.sku = :sku AND k.serial = :serial
""")  # noqa: S608 - the columns are this service's own

SELECT_OPEN_HOLDS = text("""
    SELECT h.hold_id, o.reason, o.actor AS opened_by, o.recorded_at AS opened_at
    FROM hold AS h JOIN audit_operation AS o ON o.id = h.opened_operation_id
    WHERE h.serial_id = :id AND h.released_operation_id IS NULL ORDER BY h.opened_operation_id
""")

DOCUMENTS = ", ".join(
    f'o.{column} AS "{FIELD_BY_COLUMN.get(column, column)}"' for column in DocumentRefs._fields if column != "document"
)
HISTORY_COLUMNS = f"""
    e.version, e.from_status::text AS from_status, e.status::text AS status, e.from_location, e.location,
    e.scan, o.change, o.reason, o.actor, o.occurred_at, o.recorded_at, {DOCUMENTS},
    coalesce(o.document, o.shipment, o.return_id, o.order_id, o.receipt, o.hold_id, o.cause_id) AS document,
    o.cause_source, o.cause_id
"""

HISTORY_SORTS = Sorts("version", version=[SortKey("e.version", "integer")])


def select_history(order: SortOrder) -> str:
    """Write the statement of a page of the audit trail of a unit, optionally only its movements."""
    return f"""
    SELECT {HISTORY_COLUMNS} FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
    WHERE e.serial_id = :id AND {order.after()}
      AND (NOT :movements OR e.from_location IS DISTINCT FROM e.location)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - the columns are this service's own


SELECT_TRANSITIONS_INTO = text(f"""
    SELECT {HISTORY_COLUMNS} FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
    WHERE e.serial_id = :id AND e.status::text = :status
      AND (e.from_status IS DISTINCT FROM e.status OR o.change = 'RETURNED_FROM_VENDOR') ORDER BY e.version
""")  # noqa: S608 - the columns are this service's own


async def find_unit(tx: Transaction, sku: str, serial: str) -> Row[Any] | None:
    """Find a unit by SKU and serial."""
    return next(iter(await tx.fetch_all(SELECT_UNIT, {"sku": sku, "serial": serial})), None)


async def find_open_holds(tx: Transaction, serial_id: int) -> Sequence[Row[Any]]:
    """Find the open holds on a unit."""
    return await tx.fetch_all(SELECT_OPEN_HOLDS, {"id": serial_id})


async def find_transitions_into(tx: Transaction, serial_id: int, status: SerialStatus) -> Sequence[Row[Any]]:
    """Find the audit entries by which a unit entered a status, or came back to it from its vendor."""
    return await tx.fetch_all(SELECT_TRANSITIONS_INTO, {"id": serial_id, "status": status})
