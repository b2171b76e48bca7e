"""Warehouses and locations as they are looked up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

WAREHOUSES = text("""
SELECT warehouse, version, name, time_zone FROM warehouse
WHERE warehouse > :after
  AND (CAST(:search AS text) IS NULL OR strpos(lower(warehouse), lower(:search)) > 0
       OR strpos(lower(name), lower(:search)) > 0)
ORDER BY warehouse LIMIT :size
""")
WAREHOUSE = text("SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = :place")
LOCATIONS = text("""
SELECT location, version, type, pick_sequence FROM location
WHERE location > :after
  AND (CAST(:warehouse AS text) IS NULL OR starts_with(location, :warehouse || '/'))
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(location), lower(:search)) > 0)
ORDER BY location LIMIT :size
""")
LOCATION = text("SELECT location, version, type, pick_sequence FROM location WHERE location = :place")
CHANGES = text("""
SELECT version, at, actor, source, message, before, after FROM place_change
WHERE place = :place AND version < :below ORDER BY version DESC LIMIT :size
""")


async def warehouses(tx: Transaction, *, search: str | None, after: str, size: int) -> Sequence[Row[Any]]:
    """Warehouses by name."""
    return await tx.rows(WAREHOUSES, {"search": search, "after": after, "size": size})


async def locations(
    tx: Transaction, *, warehouse: str | None, kind: str | None, search: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Locations by name."""
    values = {"warehouse": warehouse, "type": kind, "search": search, "after": after, "size": size}
    return await tx.rows(LOCATIONS, values)


async def one(tx: Transaction, place: str) -> Row[Any] | None:
    """A warehouse or a location: only the latter has a slash."""
    return next(iter(await tx.rows(LOCATION if "/" in place else WAREHOUSE, {"place": place})), None)


async def changes(tx: Transaction, place: str, *, below: int, size: int) -> Sequence[Row[Any]]:
    """What was changed of a place, the latest first."""
    return await tx.rows(CHANGES, {"place": place, "below": below, "size": size})
