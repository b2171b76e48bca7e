"""Warehouses and locations over HTTP: lists, one, and the log of its changes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.receiving.locations import queries
from services.receiving.locations.domain import LocationShown, WarehouseShown
from shared.contracts.reference import LocationType
from shared.database import Transaction
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["places"])


class PlaceChangeShown(BaseModel):
    """Who changed what, when, and by which message; `before` is empty at the first."""

    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/warehouses")
async def warehouses(
    tx: Reading, search: str | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[WarehouseShown]:
    """Warehouses by name."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.warehouses(tx, search=search, after=after, size=limit + 1)
    return page(found, limit, lambda row: WarehouseShown.model_validate(row._asdict()), lambda row: (row.warehouse,))


@router.get("/warehouses/{warehouse}")
async def warehouse(tx: Reading, warehouse: str) -> WarehouseShown:
    """One warehouse and its time zone."""
    found = await queries.one(tx, warehouse)
    if found is None or "/" in warehouse:
        raise NotFound(f"there is no warehouse {warehouse}", ids=[warehouse])
    return WarehouseShown.model_validate(found._asdict())


@router.get("/warehouses/{warehouse}/changes")
async def warehouse_changes(
    tx: Reading, warehouse: str, cursor: str | None = None, limit: Limit = 100
) -> Page[PlaceChangeShown]:
    """What was changed of a warehouse, the latest first."""
    return await _changes(tx, warehouse, cursor, limit)


@router.get("/locations")
async def locations(
    tx: Reading,
    *,
    warehouse: str | None = None,
    kind: Annotated[LocationType | None, Query(alias="type")] = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[LocationShown]:
    """Locations by name."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.locations(tx, warehouse=warehouse, kind=kind, search=search, after=after, size=limit + 1)
    return page(found, limit, lambda row: LocationShown.model_validate(row._asdict()), lambda row: (row.location,))


@router.get("/locations/{warehouse}/{place}")
async def location(tx: Reading, warehouse: str, place: str) -> LocationShown:
    """One location of a warehouse."""
    found = await queries.one(tx, f"{warehouse}/{place}")
    if found is None:
        raise NotFound(f"there is no location {warehouse}/{place}", ids=[f"{warehouse}/{place}"])
    return LocationShown.model_validate(found._asdict())


@router.get("/locations/{warehouse}/{place}/changes")
async def location_changes(
    tx: Reading, warehouse: str, place: str, cursor: str | None = None, limit: Limit = 100
) -> Page[PlaceChangeShown]:
    """What was changed of a location, the latest first."""
    return await _changes(tx, f"{warehouse}/{place}", cursor, limit)


async def _changes(tx: Transaction, place: str, cursor: str | None, limit: int) -> Page[PlaceChangeShown]:
    (below,) = parts(cursor, int) or (2**62,)
    found = await queries.changes(tx, place, below=below, size=limit + 1)
    if not found and cursor is None:
        raise NotFound(f"there is no place {place}", ids=[place])
    return page(found, limit, lambda row: PlaceChangeShown.model_validate(row._asdict()), lambda row: (row.version,))
