"""HTTP API of warehouses, locations and their change log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from services.receiving.locations import queries
from services.receiving.locations.domain.records import LocationOut, WarehouseOut
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import LocationType
from shared.http import NotFoundError, Page, PageRequest, ReadTransaction, WarehouseFilter, add_report_routes, paged_by
from shared.http.labels import (
    LABEL_RESPONSE,
    MAX_LABELS,
    SHEET_RESPONSE,
    OneLabel,
    PrintResponse,
    SeveralLabels,
    require_few,
)
from shared.http.reads import absence
from shared.labels import location_label
from shared.persistence.database import Transaction

router = APIRouter(tags=["locations"])
add_report_routes(router, queries.FILES, has_pages=False)
WarehousePath = Annotated[str, Path(description="Id of the warehouse.")]
CodePath = Annotated[str, Path(description="Location within the warehouse: `A-01` of `EAST/A-01`.")]
ChangePage = Annotated[PageRequest, paged_by(queries.CHANGE_SORTS)]


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
    *,
    q: Annotated[str | None, Query(description="Part of the identifier or name.")] = None,
    page: Annotated[PageRequest, paged_by(queries.WAREHOUSE_SORTS)],
) -> Page[WarehouseOut]:
    """List warehouses, ordered by identifier."""
    rows = await page.fetch(tx, queries.select_warehouses, {"search": q})
    return page.build(rows, lambda row: WarehouseOut.model_validate(row._asdict()))


@router.get("/warehouses/{warehouse}")
async def get_warehouse(tx: ReadTransaction, warehouse: WarehousePath) -> WarehouseOut:
    """Get a warehouse with its time zone."""
    found = await queries.find_warehouse_or_location(tx, warehouse)
    if found is None or "/" in warehouse:
        raise NotFoundError(f"Warehouse {warehouse} not found", ids=[warehouse], code=Code.WAREHOUSE_NOT_FOUND)
    return WarehouseOut.model_validate(found._asdict())


@router.get("/warehouses/{warehouse}/changes")
async def list_warehouse_changes(
    tx: ReadTransaction, warehouse: WarehousePath, page: ChangePage
) -> Page[LocationChangeOut]:
    """List the changes of a warehouse, latest first."""
    return await _list_changes(tx, warehouse, page)


@router.get("/locations")
async def list_locations(
    tx: ReadTransaction,
    *,
    warehouse: WarehouseFilter = None,
    kind: Annotated[LocationType | None, Query(alias="type", description="Type of location.")] = None,
    q: Annotated[str | None, Query(description="Part of the location identifier.")] = None,
    page: Annotated[PageRequest, paged_by(queries.LOCATION_SORTS)],
) -> Page[LocationOut]:
    """List locations, ordered by warehouse and code."""
    rows = await page.fetch(tx, queries.select_locations, {"warehouse": warehouse, "type": kind, "search": q})
    return page.build(rows, lambda row: LocationOut.model_validate(row._asdict()))


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
    tx: ReadTransaction, warehouse: WarehousePath, code: CodePath, page: ChangePage
) -> Page[LocationChangeOut]:
    """List the changes of a location, latest first."""
    return await _list_changes(tx, f"{warehouse}/{code}", page)


@router.get(
    "/locations/{warehouse}/{code}/label", tags=["labels"], response_class=PrintResponse, responses=LABEL_RESPONSE
)
async def get_location_label(
    tx: ReadTransaction,
    warehouse: WarehousePath,
    code: CodePath,
    printing: OneLabel,
) -> Response:
    """Get the label of a location: warehouse and code in Code 128, or in Data Matrix if the bars were too narrow."""
    location = await get_location(tx, warehouse, code)
    return await printing.draw([location_label(location.location, location.type, printing.size or "100x50")])


@router.get(
    "/location-labels", tags=["labels"], response_class=PrintResponse,
    responses={**SHEET_RESPONSE, 404: absence(Code.LOCATION_NOT_FOUND)},
)  # fmt: skip
async def list_location_labels(
    tx: ReadTransaction,
    printing: SeveralLabels,
    *,
    warehouse: WarehouseFilter = None,
    location: Annotated[
        list[str] | None,
        Query(max_length=MAX_LABELS, description="Location as warehouse/location, for example `EAST/A-01-02`."),
    ] = None,
    location_type: Annotated[LocationType | None, Query(alias="type", description="Type of location.")] = None,
) -> Response:
    """Get the labels of the matching locations, ordered by warehouse and code; at most 1,000."""
    rows = await queries.find_labelled_locations(
        tx, warehouse=warehouse, locations=location, kind=location_type, size=MAX_LABELS + 1
    )
    require_few(rows)
    if missing := sorted(set(location or ()) - {row.location for row in rows}):
        raise NotFoundError(f"Location {missing[0]} not found", ids=missing, code=Code.LOCATION_NOT_FOUND)
    return await printing.draw([location_label(row.location, row.type, printing.size or "100x50") for row in rows])


async def _list_changes(tx: Transaction, name: str, page: PageRequest) -> Page[LocationChangeOut]:
    rows = await page.fetch(tx, queries.select_changes, {"name": name})
    if not rows and page.after is None:
        kind, code = ("Location", Code.LOCATION_NOT_FOUND) if "/" in name else ("Warehouse", Code.WAREHOUSE_NOT_FOUND)
        raise NotFoundError(f"{kind} {name} not found", ids=[name], code=code)
    return page.build(rows, lambda row: LocationChangeOut.model_validate(row._asdict()))
