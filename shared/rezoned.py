"""A warehouse gets another time zone, and it is an earlier day there: goods that were too old may serve who waits.

Those may be thousands, for as many products, each under a lock of its own: what they wait for is noted, and the clock
finds it. Who judges goods by the day of a warehouse keeps that day until the end of the transaction, and who changes it
waits: nobody is missed who was refused by the later day.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import WarehouseChanged
from shared.database import Transaction
from shared.replica import days, save_warehouses
from shared.stock.expiry import today


def _locked(how: str) -> TextClause:
    # Not by rows: who shares one keeps out for ever who would change it. In order, for some share several.
    return text(f"SELECT {how}(7230020, hashtext(name)) FROM unnest(CAST(:names AS text[])) AS name")  # noqa: S608


ALONE, TOGETHER = _locked("pg_advisory_xact_lock"), _locked("pg_advisory_xact_lock_shared")
NOTE = text("""
    INSERT INTO rezoned (sku, warehouse)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]))
    ON CONFLICT DO NOTHING
""")
DUE = text("""
    SELECT sku, warehouse FROM rezoned WHERE (sku, warehouse) > (CAST(:sku AS text), CAST(:warehouse AS text))
    ORDER BY sku, warehouse LIMIT :size
""")
DONE = text("""
    DELETE FROM rezoned USING unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS k (sku, warehouse)
    WHERE rezoned.sku = k.sku AND rezoned.warehouse = k.warehouse
""")


class Rezoned(Fact, type="demand.rezoned.v1", key="sku"):
    """Somebody waits for a product in a warehouse where it became an earlier day."""

    sku: str
    warehouse: str


async def keep_days(tx: Transaction, warehouses: Iterable[str]) -> None:
    """Let the time zones of warehouses be what they are until the transaction ends."""
    await tx.rows(TOGETHER, {"names": sorted(set(warehouses))})


async def turned_back(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> list[str]:
    """Take warehouses in; give those where it is an earlier day now. Before it is known, one has the day of London."""
    names = sorted({event.data.warehouse for event in events})
    await tx.rows(ALONE, {"names": names})
    before = await days(tx)
    await save_warehouses(tx, events)
    after = await days(tx)
    return [name for name in names if after[name] < before.get(name, today(tx.now, "UTC"))]


async def note(tx: Transaction, pools: Iterable[tuple[str, str]]) -> None:
    """Let the clock serve who waits for products in warehouses, given as (sku, warehouse)."""
    await tx.run(NOTE, _columns(pools))


async def due(tx: Transaction, after: Rezoned | None, size: int) -> Sequence[Rezoned]:
    """Find what is noted."""
    last = after or Rezoned(sku="", warehouse="")
    rows = await tx.rows(DUE, {"sku": last.sku, "warehouse": last.warehouse, "size": size})
    return [Rezoned(sku=row.sku, warehouse=row.warehouse) for row in rows]


async def done(tx: Transaction, pools: Iterable[tuple[str, str]]) -> None:
    """Forget what was noted, before who waited is served; by the days that stand, which are kept first.

    Who turns a day back takes the day and then the note: the other way round they would wait for each other.
    """
    listed = list(pools)
    await keep_days(tx, (warehouse for _, warehouse in listed))
    await tx.run(DONE, _columns(listed))


def _columns(pools: Iterable[tuple[str, str]]) -> dict[str, Any]:
    listed = sorted(pools)
    return {"skus": [sku for sku, _ in listed], "warehouses": [warehouse for _, warehouse in listed]}
