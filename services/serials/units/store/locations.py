"""Changes of locations: blocks or unblocks the units that are stored there, with a constant number of statements."""

from collections.abc import Sequence

from sqlalchemy import text

from services.serials.units.domain.unit import ChangedLocation
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.contracts.envelope import CloudEvent
from shared.contracts.reference import LocationChanged
from shared.inventory.reference_data import load_locations, save_locations
from shared.persistence import locks
from shared.persistence.database import Transaction

CHANGED = """
    location AS l JOIN serial_state AS s
        ON s.warehouse = split_part(l.location, '/', 1) AND s.location = l.location
        AND s.status IN ('IN_INVENTORY', 'ALLOCATED') AND s.is_blocked = (l.type = 'STORAGE' AND l.is_active)
    WHERE l.location = ANY(CAST(:locations AS text[]))
"""
SELECT_CHANGED_SKUS = text(f"SELECT DISTINCT s.sku FROM {CHANGED}")  # noqa: S608 - constant text
UPDATE_BLOCKED = text(f"""
    WITH changed AS MATERIALIZED (SELECT s.id FROM {CHANGED}), updated AS (
        UPDATE serial_state AS s SET is_blocked = NOT s.is_blocked FROM changed WHERE s.id = changed.id
        RETURNING s.sku, s.warehouse, s.location, s.is_blocked
    )
    SELECT DISTINCT sku, warehouse, location FROM updated WHERE NOT is_blocked
""")  # noqa: S608
SELECT_ALLOCATED_AT = text(f"""
    SELECT {UNIT_COLUMNS} FROM unnest(CAST(:locations AS text[])) AS k (location) JOIN serial_state AS s
        ON s.warehouse = split_part(k.location, '/', 1) AND s.location = k.location
    WHERE s.status = 'ALLOCATED' AND s.is_blocked
""")  # noqa: S608


async def load_location_changes(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[LocationChanged]]
) -> None:
    """Save locations, block or unblock the units stored there, and load the allocated ones among the blocked."""
    await save_locations(tx, events)
    names = {"locations": sorted({event.data.location for event in events})}
    if not (skus := [row.sku for row in await tx.fetch_all(SELECT_CHANGED_SKUS, names)]):
        return
    # The message does not name these products, so the lock order is not guaranteed: a deadlock is retried.
    await locks.acquire(tx, {f"sku:{sku}" for sku in skus})
    uow.now = tx.now  # after the wait, like the time of the transaction
    for row in await tx.fetch_all(UPDATE_BLOCKED, names):
        uow.changed_locations.setdefault(row.location, ChangedLocation()).unblocked_pools.add((row.sku, row.warehouse))
    locations = await load_locations(tx, names["locations"])
    blocking = {name for name, location in locations.items() if location.type != "STORAGE" or not location.is_active}
    for unit in uow.units:
        if unit.location in locations and unit.status in {"IN_INVENTORY", "ALLOCATED"}:
            unit.is_blocked = unit.location in blocking
    for unit in UNITS.load(await tx.fetch_all(SELECT_ALLOCATED_AT, {"locations": sorted(blocking)})):
        uow.units.load([unit])
        changed = uow.changed_locations.setdefault(unit.location or "", ChangedLocation())
        changed.blocked.append(uow.units[unit.key])
