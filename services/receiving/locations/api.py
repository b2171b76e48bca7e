"""HTTP API of warehouses, locations and their change log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from services.receiving.locations import queries
from services.receiving.locations.domain.records import LocationOut, WarehouseOut
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import LocationType
from shared.http import Cursor, Limit, NotFoundError, Page, ReadTransaction, WarehouseFilter, decode_cursor, paginate
from shared.persistence.database import Transaction

router = APIRouter(tags=["locations"])
WarehousePath = Annotated[str, Path(description="Id of the warehouse.")]
CodePath = Annotated[str, Path(description="Location within the warehouse: `A-01` of `EAST/A-01`.")]


class LocationChangeOut(KnownFieldsModel):
    """A change of a warehouse or location; `before` is null for the first version."""

    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/warehouses")
async def list_warehouses(
    tx: ReadTransaction,
    q: Annotated[str | None, Query(description="Part of the identifier or name.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[WarehouseOut]:
    """List warehouses, ordered by identifier."""
    (after,) = decode_cursor(cursor, str) or ("",)
    found = await queries.find_warehouses(tx, search=q, after=after, size=limit + 1)
    return paginate(found, limit, lambda row: WarehouseOut.model_validate(row._asdict()), lambda row: (row.warehouse,))


@router.get("/warehouses/{warehouse}")
async def get_warehouse(tx: ReadTransaction, warehouse: WarehousePath) -> WarehouseOut:
    """Get a warehouse with its time zone."""
    found = await queries.find_warehouse_or_location(tx, warehouse)
    if found is None or "/" in warehouse:
        raise NotFoundError(f"Warehouse {warehouse} not found", ids=[warehouse], code=Code.WAREHOUSE_NOT_FOUND)
    return WarehouseOut.model_validate(found._asdict())


@router.get("/warehouses/{warehouse}/changes")
async def list_warehouse_changes(
    tx: ReadTransaction, warehouse: WarehousePath, cursor: Cursor = None, limit: Limit = 100
) -> Page[LocationChangeOut]:
    """List the changes of a warehouse, latest first."""
    return await _list_changes(tx, warehouse, cursor, limit)


@router.get("/locations")
async def list_locations(
    tx: ReadTransaction,
    *,
    warehouse: WarehouseFilter = None,
    kind: Annotated[LocationType | None, Query(alias="type", description="Type of location.")] = None,
    q: Annotated[str | None, Query(description="Part of the location identifier.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LocationOut]:
    """List locations, ordered by warehouse and code."""
    (after,) = decode_cursor(cursor, str) or ("",)
    found = await queries.find_locations(
        tx, warehouse=warehouse, location_type=kind, search=q, after=after, size=limit + 1
    )
    return paginate(found, limit, lambda row: LocationOut.model_validate(row._asdict()), lambda row: (row.location,))


@router.get("/locations/{warehouse}/{code}")
async def get_location(tx: ReadTransaction, warehouse: WarehousePath, code: CodePath) -> LocationOut:
    """Get a location."""
    found = await queries.find_warehouse_or_location(tx, f"{warehouse}/{code}")
    if found is None:
        raise NotFoundError(
            f"Location {warehouse}/{code} not found", ids=[f"{warehouse}/{code}"], code=Code.LOCATION_NOT_FOUND
        )
    return LocationOut.model_validate(found._asdict())


@router.get("/locations/{warehouse}/{code}/changes")
async def list_location_changes(
    tx: ReadTransaction, warehouse: WarehousePath, code: CodePath, cursor: Cursor = None, limit: Limit = 100
) -> Page[LocationChangeOut]:
    """List the changes of a location, latest first."""
    return await _list_changes(tx, f"{warehouse}/{code}", cursor, limit)


async def _list_changes(tx: Transaction, name: str, cursor: str | None, limit: int) -> Page[LocationChangeOut]:
    (before_version,) = decode_cursor(cursor, int) or (2**62,)
    rows = await queries.find_changes(tx, name, before_version=before_version, size=limit + 1)
    if not rows and cursor is None:
        kind, code = ("Location", Code.LOCATION_NOT_FOUND) if "/" in name else ("Warehouse", Code.WAREHOUSE_NOT_FOUND)
        raise NotFoundError(f"{kind} {name} not found", ids=[name], code=code)
    return paginate(
        rows, limit, lambda row: LocationChangeOut.model_validate(row._asdict()), lambda row: (row.version,)
    )
