"""Loads and saves warehouses, locations and their change log, one batch at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from services.receiving.batch_statements import as_arrays
from services.receiving.locations.domain import Location, MasterData, Warehouse
from shared.persistence.database import Transaction
from shared.persistence.records import load_records


class LocationChange(NamedTuple):
    """A change log entry of a warehouse or location."""

    location: str
    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


def to_json(record: MasterData | None) -> str | None:
    """Serialize a warehouse or location for the change log."""
    return record and json.dumps(record._asdict())


async def load_warehouses(tx: Transaction, names: Iterable[str]) -> dict[str, Warehouse]:
    """Load warehouses by id."""
    rows = load_records(Warehouse, await tx.fetch_all(SELECT_WAREHOUSES, {"names": sorted(set(names))}))
    return {warehouse.warehouse: warehouse for warehouse in rows}


async def load_locations(tx: Transaction, names: Iterable[str]) -> dict[str, Location]:
    """Load locations by id."""
    rows = load_records(Location, await tx.fetch_all(SELECT_LOCATIONS, {"names": sorted(set(names))}))
    return {location.location: location for location in rows}


async def save_locations(tx: Transaction, records: Sequence[MasterData], changes: Sequence[LocationChange]) -> None:
    """Save warehouses, locations and change log entries."""
    if warehouses := [record for record in records if isinstance(record, Warehouse)]:
        await tx.execute(UPSERT_WAREHOUSES, as_arrays(warehouses, Warehouse._fields))
    if locations := [record for record in records if isinstance(record, Location)]:
        await tx.execute(UPSERT_LOCATIONS, as_arrays(locations, Location._fields))
    await tx.execute(INSERT_CHANGES, as_arrays(changes, LocationChange._fields))


SELECT_WAREHOUSES = text("""
SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = ANY(CAST(:names AS text[]))
""")
SELECT_LOCATIONS = text("""
SELECT location, version, type, pick_sequence FROM location WHERE location = ANY(CAST(:names AS text[]))
""")
UPSERT_WAREHOUSES = text("""
INSERT INTO warehouse (warehouse, version, name, time_zone)
SELECT * FROM unnest(CAST(:warehouse AS text[]), CAST(:version AS bigint[]), CAST(:name AS text[]),
                     CAST(:time_zone AS text[]))
ON CONFLICT (warehouse) DO UPDATE SET version = excluded.version, name = excluded.name,
                                      time_zone = excluded.time_zone
""")
UPSERT_LOCATIONS = text("""
INSERT INTO location (location, version, type, pick_sequence)
SELECT * FROM unnest(CAST(:location AS text[]), CAST(:version AS bigint[]), CAST(:type AS text[]),
                     CAST(:pick_sequence AS integer[]))
ON CONFLICT (location) DO UPDATE SET version = excluded.version, type = excluded.type,
                                     pick_sequence = excluded.pick_sequence
""")
INSERT_CHANGES = text("""
INSERT INTO location_change (location, version, changed_at, actor, source, message, before, after)
SELECT location, version, changed_at, actor, source, message, CAST(before AS jsonb), CAST(after AS jsonb)
FROM unnest(CAST(:location AS text[]), CAST(:version AS bigint[]), CAST(:changed_at AS timestamptz[]),
            CAST(:actor AS text[]), CAST(:source AS text[]), CAST(:message AS text[]), CAST(:before AS text[]),
            CAST(:after AS text[]))
     AS c(location, version, changed_at, actor, source, message, before, after)
""")
