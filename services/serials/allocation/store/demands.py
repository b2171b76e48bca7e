"""Loads and saves demands under the lock of the SKU."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.serials.allocation.domain.demand import Demand
from services.serials.allocation.store.available_units import as_arrays
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.demand import Pool
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable, execute_exactly


class RequestedSerial(NamedTuple):
    """Serial that a demand requests."""

    sku: str
    serial: str
    demand_id: str


DEMANDS = RecordTable(
    "demand", Demand, "demand_id", "status open_quantity assigned_lot", types={"allowed_lots": "jsonb"}
)
REQUESTED_SERIALS = RecordTable("demand_serial", RequestedSerial, "sku serial demand_id")

DEMAND_COLUMNS = DEMANDS.columns("d")
SERIALS_COLUMN = """
    (
        SELECT array_agg(ds.serial) FROM demand_serial AS ds
        WHERE ds.demand_id = d.demand_id AND d.kind = 'BY_SERIAL'
    ) AS serials
"""

SELECT_BY_ID = text(f"""
    SELECT {DEMAND_COLUMNS}, {SERIALS_COLUMN} FROM demand AS d WHERE d.demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608 - the columns are this module's own


SELECT_OPEN = text(f"""
    SELECT {DEMAND_COLUMNS}, {SERIALS_COLUMN}
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.open_quantity > 0
""")  # noqa: S608


def demands_from_rows(rows: Sequence[Row[Any]]) -> list[Demand]:
    """Build demands from DEMAND_COLUMNS and SERIALS_COLUMN."""
    demands = DEMANDS.load(rows, extra_columns=("serials",))
    for demand, row in zip(demands, rows, strict=True):
        demand.allowed_lots, demand.serials = frozenset(demand.allowed_lots or ()), frozenset(row.serials or ())
    return demands


async def load(tx: Transaction, uow: SerialsUnitOfWork, ids: Iterable[str]) -> None:
    """Load demands by id."""
    if demand_ids := list(set(ids)):
        uow.demands.load(demands_from_rows(await tx.fetch_all(SELECT_BY_ID, {"demand_ids": demand_ids})))


async def load_open_demands(tx: Transaction, uow: SerialsUnitOfWork, pools: Collection[Pool]) -> None:
    """Load all open demands of pools."""
    if pools:
        uow.demands.load(demands_from_rows(await tx.fetch_all(SELECT_OPEN, as_arrays(pools))))


async def save(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Save new, changed and cancelled demands; those that await an allocation are written once, with their result."""
    if uow.demands_to_answer:
        return
    changes = uow.demands.pop_changes()
    if changes.added:
        lots = [json.dumps(sorted(demand.allowed_lots)) if demand.allowed_lots else None for demand in changes.added]
        await tx.execute(DEMANDS.insert(), DEMANDS.parameters(changes.added, DEMANDS.inserted) | {"allowed_lots": lots})
        serials = [
            RequestedSerial(demand.sku, serial, demand.demand_id)
            for demand in changes.added
            for serial in demand.serials
        ]
        await REQUESTED_SERIALS.insert_rows(tx, serials)
    if changes.changed:
        parameters = DEMANDS.parameters(changes.changed, (*DEMANDS.key, *DEMANDS.updated))
        await execute_exactly(tx, DEMANDS.update(DEMANDS.updated), parameters, len(changes.changed))
