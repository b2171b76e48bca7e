"""Warehouses, locations and the log of their changes: loaded and saved a batch at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from services.receiving.locations.domain import Location, Place, Warehouse
from services.receiving.rows import columns
from shared.database import Transaction
from shared.records import load_records


class Change(NamedTuple):
    """One line of the log: who made what of what."""

    place: str
    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


def told(place: Place | None) -> str | None:
    """A place as the log keeps it."""
    return place and json.dumps(place._asdict())


async def warehouses(tx: Transaction, names: Iterable[str]) -> dict[str, Warehouse]:
    """Those of the warehouses that are defined."""
    found = load_records(Warehouse, await tx.rows(WAREHOUSES, {"names": sorted(set(names))}))
    return {warehouse.warehouse: warehouse for warehouse in found}


async def locations(tx: Transaction, names: Iterable[str]) -> dict[str, Location]:
    """Those of the locations that are defined."""
    found = load_records(Location, await tx.rows(LOCATIONS, {"names": sorted(set(names))}))
    return {location.location: location for location in found}


async def save(tx: Transaction, after: Sequence[Place], changes: Sequence[Change]) -> None:
    """The places as they stand now, and what changed."""
    if stores := [place for place in after if isinstance(place, Warehouse)]:
        await tx.run(SAVE_WAREHOUSES, columns(stores, Warehouse._fields))
    if places := [place for place in after if isinstance(place, Location)]:
        await tx.run(SAVE_LOCATIONS, columns(places, Location._fields))
    await tx.run(LOG, columns(changes, Change._fields))


WAREHOUSES = text("""
SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = ANY(CAST(:names AS text[]))
""")
LOCATIONS = text("""
SELECT location, version, type, pick_sequence FROM location WHERE location = ANY(CAST(:names AS text[]))
""")
SAVE_WAREHOUSES = text("""
INSERT INTO warehouse (warehouse, version, name, time_zone)
SELECT * FROM unnest(CAST(:warehouse AS text[]), CAST(:version AS bigint[]), CAST(:name AS text[]),
                     CAST(:time_zone AS text[]))
ON CONFLICT (warehouse) DO UPDATE SET version = excluded.version, name = excluded.name,
                                      time_zone = excluded.time_zone
""")
SAVE_LOCATIONS = text("""
INSERT INTO location (location, version, type, pick_sequence)
SELECT * FROM unnest(CAST(:location AS text[]), CAST(:version AS bigint[]), CAST(:type AS text[]),
                     CAST(:pick_sequence AS integer[]))
ON CONFLICT (location) DO UPDATE SET version = excluded.version, type = excluded.type,
                                     pick_sequence = excluded.pick_sequence
""")
LOG = text("""
INSERT INTO place_change (place, version, at, actor, source, message, before, after)
SELECT place, version, at, actor, source, message, CAST(before AS jsonb), CAST(after AS jsonb)
FROM unnest(CAST(:place AS text[]), CAST(:version AS bigint[]), CAST(:at AS timestamptz[]), CAST(:actor AS text[]),
            CAST(:source AS text[]), CAST(:message AS text[]), CAST(:before AS text[]), CAST(:after AS text[]))
     AS c(place, version, at, actor, source, message, before, after)
""")
