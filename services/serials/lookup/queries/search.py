"""Search among units: by part of a serial, and by what their state tells."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.serials.lookup.queries.filters import OF_UNIT, Filters
from shared.database import Transaction
from shared.search import Key, Plan, Search, anywhere, where

SHOWN = """
    s.sku, s.serial, s.status::text AS status, s.warehouse, s.location, s.order_id AS "order", s.order_line,
    s.shipment, s.receipt, s.holds > 0 AS held, s.adjustment, s.lot, s.expiry
"""


BY_NAME = "serial AS k JOIN serial_state AS s ON s.id = k.id WHERE k.sku = b.sku AND k.serial = b.serial"
OF_EACH_STATUS = """
    SELECT s.sku, s.serial FROM unnest(CAST(CAST(:statuses AS text[]) AS status[])) AS asked (status)
    CROSS JOIN LATERAL ({}) AS s ORDER BY s.sku, s.serial LIMIT :bound
"""
BY_ID = "serial_state AS s WHERE s.id = b.id"


async def search(tx: Transaction, filters: Filters, after: Key, size: int) -> Sequence[Row[Any]]:
    """Give the next units in order of sku and serial."""
    placed = bool(filters.order or filters.location or filters.lot or filters.held)
    asked = Search(
        tx, filters.q, filters.values(), size, ("sku", "serial"), SHOWN,
        walk(filters), fetch(filters),
    )  # fmt: skip
    if not filters.beside_the_key:
        return await asked.walk(after, size)
    if placed:
        return await asked.placed(after)
    return await asked.page(after)


def walk(filters: Filters) -> Plan:
    """Walk in key order: on the index of each status, or of all serials."""
    after = "s.serial > :after_serial" if filters.sku else "(s.sku, s.serial) > (:after_sku, :after_serial)"
    several = len(filters.status) > 1
    of_key = filters.conditions(["sku"] if several else ["sku", "status"])
    keys = where([*(["s.status = asked.status"] if several else []), *of_key, after])
    source = "serial_state AS s" if filters.status else "serial AS s"
    walked = f"SELECT s.sku, s.serial FROM {source} {keys} ORDER BY s.sku, s.serial LIMIT :bound"  # noqa: S608
    return Plan(
        OF_EACH_STATUS.format(walked) if several else walked,
        BY_NAME,
        filters.conditions(["q"], "b"),
        filters.conditions(OF_UNIT),
    )


def fetch(filters: Filters) -> Plan | None:
    """Fetch by the index that tells most, where one does; the cursor is looked at afterwards."""
    told_by = next(
        (
            name
            for name, asked in (
                ("order", filters.order),
                ("location", filters.location),
                ("lot", filters.lot),
                ("held", filters.held),
                ("q", anywhere(filters.q)),
                ("warehouse", filters.warehouse),
                ("q", filters.q),
            )
            if asked
        ),
        None,
    )
    if told_by is None:
        return None
    source = "serial AS s" if told_by == "q" else "serial_state AS s"
    return Plan(
        f"SELECT s.id, s.sku, s.serial FROM {source} {where(filters.conditions([told_by]))} LIMIT :bound",  # noqa: S608
        BY_ID,
        [*filters.conditions(["sku", "q"], "b"), "(b.sku, b.serial) > (:after_sku, :after_serial)"],
        filters.conditions(["status", *OF_UNIT]),
        kept=True,
    )
