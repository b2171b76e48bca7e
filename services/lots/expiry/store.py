"""Finds the lots that are due, and keeps what was said of them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from services.lots.expiry.domain import LotDue, Mark, Sweep, Watch
from shared.database import Transaction
from shared.records import load_records
from shared.replica import days


def _due(table: str, ours: str) -> str:
    return f"""
        SELECT DISTINCT due, sku, lot FROM {table}
        WHERE warehouse = w.warehouse AND due <= w.day AND due < 'infinity' AND {ours} > 0
            AND (warehouse, due, sku, lot)
                > (CAST(:warehouse AS text), CAST(:since AS date), CAST(:sku AS text), CAST(:lot AS text))
        ORDER BY due, sku, lot LIMIT :size
    """  # noqa: S608 - the names are this module's own


# Reads the indexes on what is due and nothing else; who was looked at is due later, so that few rows are passed over.
BALANCE_DUE, PICKED_DUE = _due("balance", "on_hand"), _due("picked", "quantity")
DUE = text(f"""
    SELECT b.sku, b.lot, w.warehouse, b.due
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day) CROSS JOIN LATERAL (
        ({BALANCE_DUE}) UNION ({PICKED_DUE})
    ) AS b
    ORDER BY w.warehouse COLLATE "C", b.due, b.sku, b.lot LIMIT :size
""")  # noqa: S608
TOLD = text("""
    SELECT t.sku, t.lot, t.warehouse, t.threshold
    FROM unnest(CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[])) AS k (sku, lot, warehouse)
    JOIN expiry_told AS t USING (sku, lot, warehouse)
""")
TELL = text("""
    INSERT INTO expiry_told (sku, lot, warehouse, threshold, at)
    SELECT *, :now FROM unnest(
        CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[]), CAST(:threshold AS integer[])
    )
""")
OURS = {"balance": "on_hand", "picked": "quantity"}
"""What has a day of its next look, and in which column it says how much that is."""
LOOKED = [
    text(f"""
        UPDATE {table} AS t SET due = it.due
        FROM unnest(CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[]), CAST(:due AS date[]))
            AS it (sku, lot, warehouse, due)
        WHERE t.sku = it.sku AND t.lot = it.lot AND t.warehouse = it.warehouse AND t.due <> it.due AND t.{ours} > 0
    """)  # noqa: S608
    for table, ours in OURS.items()
]
# Empty places too: goods that are put back there are looked at by the day that stands beside it.
LOOK_AGAIN = [
    text(f"""
        UPDATE {table} SET due = '-infinity'
        WHERE sku = ANY(CAST(:skus AS text[])) AND due > '-infinity' AND due < 'infinity'
    """)  # noqa: S608
    for table in OURS
]


async def due(tx: Transaction, after: LotDue | None, size: int) -> Sequence[LotDue]:
    """Find lots of which something may have to be said by now."""
    sites = await days(tx)
    first = LotDue(sku="", lot="", warehouse="", since=date.min)
    values = (after or first).model_dump(include={"warehouse", "since", "sku", "lot"})
    asked = {"warehouses": list(sites), "days": list(sites.values()), "size": size}
    rows = await tx.rows(DUE, values | asked)
    return [LotDue(sku=row.sku, lot=row.lot, warehouse=row.warehouse, since=row.due) for row in rows]


async def told(tx: Transaction, watches: Iterable[Watch]) -> set[Mark]:
    """Load what was said of lots in warehouses."""
    return set(load_records(Mark, await tx.rows(TOLD, _columns(sorted(set(watches)), Watch._fields))))


async def save(tx: Transaction, sweep: Sweep) -> None:
    """Keep what is said, and when to look again."""
    if sweep.fresh:
        await tx.run(TELL, _columns(sweep.fresh, Mark._fields) | {"now": tx.now})
    if sweep.looks:
        looked = _columns(list(sweep.looks), Watch._fields) | {"due": list(sweep.looks.values())}
        for statement in LOOKED:
            await tx.run(statement, looked)


async def look_again(tx: Transaction, skus: Collection[str]) -> None:
    """Let every lot of products that has not expired be looked at in the next round."""
    if skus:
        for statement in LOOK_AGAIN:
            await tx.run(statement, {"skus": list(skus)})


def _columns(rows: Sequence[Watch | Mark], names: Iterable[str]) -> dict[str, Any]:
    return {name: [getattr(row, name) for row in rows] for name in names}
