"""Loads and saves warehouses, locations and their change log, one batch at a time."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import text

from services.receiving.locations.domain.records import Location, LocationChange, Warehouse
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import WarehouseDefined
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

WAREHOUSES = RecordTable("warehouse", Warehouse, "warehouse", "version name time_zone", upsert=True)
LOCATIONS = RecordTable("location", Location, "location", "version type pick_sequence is_active", upsert=True)
CHANGES = RecordTable(
    "location_change", LocationChange, "location version", types={"before": "jsonb", "after": "jsonb"}
)

SELECT_WAREHOUSES = text(
    f"SELECT {WAREHOUSES.columns()} FROM warehouse WHERE warehouse = ANY(CAST(:names AS text[]))"  # noqa: S608
)
SELECT_LOCATIONS = text(
    f"SELECT {LOCATIONS.columns()} FROM location WHERE location = ANY(CAST(:names AS text[]))"  # noqa: S608
)


async def load_definitions(tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[Any]]) -> None:
    """Load the warehouses and locations of definitions."""
    uow.time_zone_names = _time_zone_names()
    warehouses = {event.data.key() for event in events if isinstance(event.data, WarehouseDefined)}
    await load_warehouses(tx, uow, warehouses)
    await load_locations(tx, uow, {event.data.key() for event in events} - warehouses)


@cache
def _time_zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


async def load_warehouses(tx: Transaction, uow: ReceivingUnitOfWork, names: Iterable[str]) -> None:
    """Load warehouses by id."""
    uow.warehouses.load(WAREHOUSES.load(await tx.fetch_all(SELECT_WAREHOUSES, {"names": sorted(names)})))


async def load_locations(tx: Transaction, uow: ReceivingUnitOfWork, names: Iterable[str]) -> None:
    """Load locations by id."""
    uow.locations.load(LOCATIONS.load(await tx.fetch_all(SELECT_LOCATIONS, {"names": sorted(names)})))


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save warehouses, locations and change log entries."""
    await WAREHOUSES.save(tx, uow.warehouses)
    await LOCATIONS.save(tx, uow.locations)
    await CHANGES.insert_rows(tx, uow.location_changes)
    uow.location_changes.clear()
