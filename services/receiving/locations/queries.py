"""Read queries: warehouses and locations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

SELECT_WAREHOUSES = text("""
SELECT warehouse, version, name, time_zone FROM warehouse
WHERE warehouse > :after
  AND (CAST(:search AS text) IS NULL OR strpos(lower(warehouse), lower(:search)) > 0
       OR strpos(lower(name), lower(:search)) > 0)
ORDER BY warehouse LIMIT :size
""")
SELECT_WAREHOUSE = text("SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = :name")
SELECT_LOCATIONS = text("""
SELECT location, version, type, pick_sequence, is_active FROM location
WHERE location > :after
  AND (CAST(:warehouse AS text) IS NULL OR starts_with(location, :warehouse || '/'))
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(location), lower(:search)) > 0)
ORDER BY location LIMIT :size
""")
SELECT_LOCATION = text("SELECT location, version, type, pick_sequence, is_active FROM location WHERE location = :name")
SELECT_CHANGES = text("""
SELECT version, changed_at, actor, source, message, before, after FROM location_change
WHERE location = :name AND version < :before_version ORDER BY version DESC LIMIT :size
""")


async def find_warehouses(tx: Transaction, *, search: str | None, after: str, size: int) -> Sequence[Row[Any]]:
    """Find warehouses, ordered by id."""
    return await tx.fetch_all(SELECT_WAREHOUSES, {"search": search, "after": after, "size": size})


async def find_locations(
    tx: Transaction, *, warehouse: str | None, location_type: str | None, search: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Find locations, ordered by id."""
    parameters = {"warehouse": warehouse, "type": location_type, "search": search, "after": after, "size": size}
    return await tx.fetch_all(SELECT_LOCATIONS, parameters)


async def find_warehouse_or_location(tx: Transaction, name: str) -> Row[Any] | None:
    """Find a warehouse or location; only location ids contain a slash."""
    return next(iter(await tx.fetch_all(SELECT_LOCATION if "/" in name else SELECT_WAREHOUSE, {"name": name})), None)


async def find_changes(tx: Transaction, name: str, *, before_version: int, size: int) -> Sequence[Row[Any]]:
    """Find the changes of a warehouse or location, latest first."""
    return await tx.fetch_all(SELECT_CHANGES, {"name": name, "before_version": before_version, "size": size})
