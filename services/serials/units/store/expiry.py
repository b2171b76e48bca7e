"""Finds units due for an expiry check, and saves the date of the next check."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import text

from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.unit import Unit
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.inventory.reference_data import today_by_warehouse
from shared.persistence.database import Transaction

MAX_UNITS_PER_CHECK = 5000
"""Units that one transaction checks at most; the rest of a larger group stays due."""

IS_SCHEDULED = "s.next_expiry_check < 'infinity' AND s.location IS NOT NULL AND s.adjustment IS NULL"

# Reads only the index of scheduled checks. A checked unit gets a later date, so that few index rows are skipped.
SELECT_DUE = text(f"""
    SELECT w.warehouse, s.next_expiry_check, s.sku, s.expiry
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day) CROSS JOIN LATERAL (
        SELECT DISTINCT next_expiry_check, sku, expiry FROM serial_state AS s
        WHERE s.warehouse = w.warehouse AND s.next_expiry_check <= w.day AND {IS_SCHEDULED}
            AND (s.warehouse, s.next_expiry_check, s.sku, s.expiry)
                > (CAST(:warehouse AS text), CAST(:since AS date), CAST(:sku AS text), CAST(:expiry AS date))
        ORDER BY next_expiry_check, sku, expiry LIMIT :size
    ) AS s
    ORDER BY w.warehouse COLLATE "C", s.next_expiry_check, s.sku, s.expiry LIMIT :size
""")  # noqa: S608 - the columns are this module's own

SELECT_DUE_UNITS = text(f"""
    SELECT {UNIT_COLUMNS} FROM (
        SELECT DISTINCT * FROM unnest(
            CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:expiries AS date[]), CAST(:since AS date[])
        ) AS due (sku, warehouse, expiry, next_expiry_check)
    ) AS due JOIN serial_state AS s USING (sku, warehouse, expiry, next_expiry_check)
    WHERE {IS_SCHEDULED} LIMIT {MAX_UNITS_PER_CHECK}
""")  # noqa: S608

UPDATE_NEXT_CHECK_TO_TOMORROW = text(f"""
    UPDATE serial_state AS s SET next_expiry_check = w.day + 1
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day)
    WHERE s.sku = ANY(CAST(:skus AS text[])) AND s.warehouse = w.warehouse
        AND s.next_expiry_check > w.day + 1 AND {IS_SCHEDULED}
""")  # noqa: S608


async def find_due(tx: Transaction, after: SerialExpiryCheckDue | None, size: int) -> Sequence[SerialExpiryCheckDue]:
    """Find the groups of units due for an expiry check, by warehouse, date, product and expiry."""
    local_dates = await today_by_warehouse(tx)
    start = after or SerialExpiryCheckDue(sku="", warehouse="", expiry=date.min, since=date.min)
    parameters = {"warehouses": list(local_dates), "days": list(local_dates.values()), "size": size}
    rows = await tx.fetch_all(
        SELECT_DUE, start.model_dump(include={"warehouse", "since", "sku", "expiry"}) | parameters
    )
    return [
        SerialExpiryCheckDue(sku=row.sku, warehouse=row.warehouse, expiry=row.expiry, since=row.next_expiry_check)
        for row in rows
    ]


async def find_due_units(tx: Transaction, events: Iterable[SerialExpiryCheckDue]) -> list[Unit]:
    """Find the units of groups that are still due."""
    groups = [(event.sku, event.warehouse, event.expiry, event.since) for event in events]
    columns = map(list, zip(*groups, strict=True))
    values = dict(zip(("skus", "warehouses", "expiries", "since"), columns, strict=True))
    return UNITS.load(await tx.fetch_all(SELECT_DUE_UNITS, values))


async def reschedule_checks(tx: Transaction, skus: Collection[str]) -> None:
    """Reschedule the checks of all units of products to tomorrow: later thresholds are not reported yet."""
    if skus:
        local_dates = await today_by_warehouse(tx)
        values = {"skus": list(skus), "warehouses": list(local_dates), "days": list(local_dates.values())}
        await tx.execute(UPDATE_NEXT_CHECK_TO_TOMORROW, values)
