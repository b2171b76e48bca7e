"""The reports on serials, as pages of JSON and as CSV files."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from services.serials.lookup.queries.reports import (
    HISTORY_COLUMNS,
    INVENTORY_COLUMNS,
    LOCATION_COLUMNS,
    STATEMENTS,
)
from shared.contracts.serials import Status
from shared.http import Column, Limit, Page, Reading, csv_response, page, parts

router = APIRouter(prefix="/reports", tags=["reports"])


class InventoryRow(BaseModel):
    """Units of a product in a warehouse and status (S39)."""

    sku: str
    product: str
    warehouse: str
    status: Status
    units: int
    held: int
    out_of_use: int


class LocationRow(BaseModel):
    """A unit in its place (S40)."""

    location: str
    sku: str
    serial: str
    status: Status
    held: bool
    received_at: datetime | None
    order: str | None
    lot: str | None
    expiry: date | None


class HistoryRow(BaseModel):
    """A step of a unit's life (S41)."""

    sku: str
    serial: str
    version: int
    recorded_at: datetime
    occurred_at: datetime
    change: str
    from_status: Status | None
    status: Status
    from_location: str | None
    location: str | None
    reason: str
    actor: str
    receipt: str | None
    order: str | None
    shipment: str | None
    customer: str | None
    return_id: str | None
    hold: str | None
    lot: str | None
    expiry: date | None


def _told(columns: tuple[Column, ...]) -> str:
    return "Columns: " + "; ".join(f"`{column.name}` {column.description}" for column in columns) + "."


def _inventory(product: str | None, warehouse: str | None, cursor: str | None, size: int | None) -> dict[str, Any]:
    sku, at, status = parts(cursor, str, str, str) or ("", "", "")
    after = {"after_sku": sku, "after_warehouse": at, "after_status": status}
    return {"sku": product, "warehouse": warehouse, "size": size} | after


def _location(product: str | None, warehouse: str | None, cursor: str | None, size: int | None) -> dict[str, Any]:
    location, sku, serial = parts(cursor, str, str, str) or ("", "", "")
    after = {"after_location": location, "after_sku": sku, "after_serial": serial}
    return {"sku": product, "warehouse": warehouse, "size": size} | after


def _history(cursor: str | None, size: int | None, **filters: Any) -> dict[str, Any]:
    sku, serial, version = parts(cursor, str, str, int) or ("", "", 0)
    return filters | {"after_sku": sku, "after_serial": serial, "after_version": version, "size": size}


@router.get("/serial-inventory", description=f"How many units there are (S39). {_told(INVENTORY_COLUMNS)}")
async def inventory(
    tx: Reading, product: str | None = None, warehouse: str | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[InventoryRow]:
    """Serial inventory."""
    rows = await tx.rows(STATEMENTS["inventory"], _inventory(product, warehouse, cursor, limit + 1))
    return page(
        rows,
        limit,
        lambda row: InventoryRow.model_validate(row._asdict()),
        lambda row: (row.sku, row.warehouse, row.status),
    )


@router.get("/serial-inventory.csv", description=f"The same as a file (S39). {_told(INVENTORY_COLUMNS)}")
async def inventory_file(
    request: Request, product: str | None = None, warehouse: str | None = None
) -> StreamingResponse:
    """Serial inventory as CSV."""
    values = _inventory(product, warehouse, None, None)
    return await csv_response(request, "serial-inventory", INVENTORY_COLUMNS, STATEMENTS["inventory"], values)


@router.get("/serial-location", description=f"Which unit lies where (S40). {_told(LOCATION_COLUMNS)}")
async def location(
    tx: Reading, product: str | None = None, warehouse: str | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[LocationRow]:
    """Serial location."""
    rows = await tx.rows(STATEMENTS["location"], _location(product, warehouse, cursor, limit + 1))
    return page(
        rows,
        limit,
        lambda row: LocationRow.model_validate(row._asdict()),
        lambda row: (row.location, row.sku, row.serial),
    )


@router.get("/serial-location.csv", description=f"The same as a file (S40). {_told(LOCATION_COLUMNS)}")
async def location_file(
    request: Request, product: str | None = None, warehouse: str | None = None
) -> StreamingResponse:
    """Serial location as CSV."""
    values = _location(product, warehouse, None, None)
    return await csv_response(request, "serial-location", LOCATION_COLUMNS, STATEMENTS["location"], values)


@router.get("/serial-history", description=f"From receipt to shipment, step by step (S41). {_told(HISTORY_COLUMNS)}")
async def history(
    tx: Reading,
    *,
    product: str | None = None,
    serial: str | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[HistoryRow]:
    """Serial history."""
    values = _history(cursor, limit + 1, sku=product, serial=serial, since=since, until=until)
    rows = await tx.rows(STATEMENTS["history"], values)
    return page(
        rows,
        limit,
        lambda row: HistoryRow.model_validate(row._asdict()),
        lambda row: (row.sku, row.serial, row.version),
    )


@router.get("/serial-history.csv", description=f"The same as a file (S41). {_told(HISTORY_COLUMNS)}")
async def history_file(
    request: Request,
    product: str | None = None,
    serial: str | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> StreamingResponse:
    """Serial history as CSV."""
    values = _history(None, None, sku=product, serial=serial, since=since, until=until)
    return await csv_response(request, "serial-history", HISTORY_COLUMNS, STATEMENTS["history"], values)
