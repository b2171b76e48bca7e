"""Warehouses and locations over HTTP: lists, one, and the log of its changes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from services.receiving.locations import queries
from services.receiving.locations.domain import LocationOut, WarehouseOut
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import LocationType
from shared.database import Transaction
from shared.http import Cursor, Limit, NotFound, Page, Reading, WarehouseFilter, page, parts

router = APIRouter(tags=["locations"])
WarehousePath = Annotated[str, Path(description="Warehouse.")]
CodePath = Annotated[str, Path(description="Location within the warehouse: `A-01` of `EAST/A-01`.")]


class LocationChangeOut(KnownFieldsModel):
    """Who changed what, when, and by which message; `before` is empty at the first."""

    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/warehouses")
async def list_warehouses(
    tx: Reading,
    q: Annotated[str | None, Query(description="Part of the identifier or name.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[WarehouseOut]:
    """Warehouses in order of their identifiers."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.warehouses(tx, search=q, after=after, size=limit + 1)
    return page(found, limit, lambda row: WarehouseOut.model_validate(row._asdict()), lambda row: (row.warehouse,))


@router.get("/warehouses/{warehouse}")
async def get_warehouse(tx: Reading, warehouse: WarehousePath) -> WarehouseOut:
    """A warehouse and its time zone."""
    found = await queries.one(tx, warehouse)
    if found is None or "/" in warehouse:
        raise NotFound(f"there is no warehouse {warehouse}", ids=[warehouse])
    return WarehouseOut.model_validate(found._asdict())


@router.get("/warehouses/{warehouse}/changes")
async def list_warehouse_changes(
    tx: Reading, warehouse: WarehousePath, cursor: Cursor = None, limit: Limit = 100
) -> Page[LocationChangeOut]:
    """Changes of a warehouse, the latest first."""
    return await _changes(tx, warehouse, cursor, limit)


@router.get("/locations")
async def list_locations(
    tx: Reading,
    *,
    warehouse: WarehouseFilter = None,
    kind: Annotated[LocationType | None, Query(alias="type", description="Type of location.")] = None,
    q: Annotated[str | None, Query(description="Part of warehouse/location.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LocationOut]:
    """Locations in order of warehouse and code."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.locations(tx, warehouse=warehouse, kind=kind, search=q, after=after, size=limit + 1)
    return page(found, limit, lambda row: LocationOut.model_validate(row._asdict()), lambda row: (row.location,))


@router.get("/locations/{warehouse}/{code}")
async def get_location(tx: Reading, warehouse: WarehousePath, code: CodePath) -> LocationOut:
    """A location of a warehouse."""
    found = await queries.one(tx, f"{warehouse}/{code}")
    if found is None:
        raise NotFound(f"there is no location {warehouse}/{code}", ids=[f"{warehouse}/{code}"])
    return LocationOut.model_validate(found._asdict())


@router.get("/locations/{warehouse}/{code}/changes")
async def list_location_changes(
    tx: Reading, warehouse: WarehousePath, code: CodePath, cursor: Cursor = None, limit: Limit = 100
) -> Page[LocationChangeOut]:
    """Changes of a location, the latest first."""
    return await _changes(tx, f"{warehouse}/{code}", cursor, limit)


async def _changes(tx: Transaction, place: str, cursor: str | None, limit: int) -> Page[LocationChangeOut]:
    (below,) = parts(cursor, int) or (2**62,)
    found = await queries.changes(tx, place, below=below, size=limit + 1)
    if not found and cursor is None:
        raise NotFound(f"there is no place {place}", ids=[place])
    return page(found, limit, lambda row: LocationChangeOut.model_validate(row._asdict()), lambda row: (row.version,))
