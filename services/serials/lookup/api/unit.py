"""HTTP endpoints for one unit: its details and history."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.serials.lookup.queries import unit as unit_queries
from services.serials.units.domain.transitions import SerialChangeType
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.http import NotFoundError, Page, PageRequest, ReadTransaction, SerialPath, SkuPath, first_page, paged_by

router = APIRouter(tags=["lookup"])
MAX_HISTORY = 200


class UnitHoldOut(KnownFieldsModel):
    """Open hold on the unit."""

    hold_id: str
    reason: str
    opened_by: str
    opened_at: datetime


class UnitHistoryEntry(KnownFieldsModel):
    """Entry of the audit trail: the change, its actor, time, locations, reason and documents."""

    version: int
    change: SerialChangeType
    from_status: SerialStatus | None
    status: SerialStatus
    from_location: str | None
    location: str | None
    reason: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    scan: str | None
    """Text as the scanner sent it; null if the serial number was typed, or not named by itself."""
    document: str
    """Document of the change: the one that the command names, otherwise its order, receipt or hold, or the message."""
    receipt: str | None
    supplier: str | None
    line: str | None
    order: str | None
    demand_id: str | None
    shipment: str | None
    customer: str | None
    return_id: str | None
    hold_id: str | None
    inferred_from: str | None
    cause_source: str
    cause_id: str


class UnitDetail(KnownFieldsModel):
    """All details of a unit, with its open holds and the first 200 entries of its history.

    A lost, scrapped, void or returned unit has no location, but its last one.
    """

    sku: str
    product: str
    serial: str
    status: SerialStatus
    warehouse: str | None
    location: str | None
    last_location: str | None
    on_hold: bool
    holds: list[UnitHoldOut]
    adjustment: SerialAdjustment | None
    expectation_cancelled: bool
    lot: str | None
    expiry: date | None
    received_at: datetime | None
    receipt: str | None
    receipt_line: str | None
    order: str | None
    order_line: str | None
    demand_id: str | None
    shipment: str | None
    customer: str | None
    customer_name: str | None
    """Name of the customer who bought the unit, at the time of the sale."""
    shipped_at: datetime | None
    warranty_starts_on: date | None
    warranty_ends_on: date | None
    return_id: str | None
    manufactured_on: date | None
    version: int
    created_at: datetime
    created_by: str
    history: list[UnitHistoryEntry]


@router.get("/serials/{sku}/{serial}/history", summary="List the history of a serial")
async def list_serial_history(
    tx: ReadTransaction,
    sku: SkuPath,
    serial: SerialPath,
    *,
    movements: Annotated[bool, Query(description="Only changes of location.")] = False,
    page: Annotated[PageRequest, paged_by(unit_queries.HISTORY_SORTS)],
) -> Page[UnitHistoryEntry]:
    """List the audit trail of a unit, oldest first."""
    unit = await unit_queries.find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    entries = await page.fetch(tx, unit_queries.select_history, {"id": unit.id, "movements": movements})
    return page.build(entries, lambda row: UnitHistoryEntry.model_validate(row._asdict()))


@router.get("/serials/{sku}/{serial}")
async def get_serial(tx: ReadTransaction, sku: SkuPath, serial: SerialPath) -> UnitDetail:
    """Get all details of a unit by SKU and serial."""
    unit = await unit_queries.find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    open_holds = await unit_queries.find_open_holds(tx, unit.id)
    first = first_page(unit_queries.HISTORY_SORTS, MAX_HISTORY)
    rows = await first.fetch(tx, unit_queries.select_history, {"id": unit.id, "movements": False})
    history = first.build(rows, lambda row: row._asdict()).items
    return UnitDetail.model_validate(
        unit._asdict() | {"holds": [row._asdict() for row in open_holds], "history": history}
    )


def unit_not_found(sku: str, serial: str) -> NotFoundError:
    """Return the error for an unknown serial."""
    return NotFoundError(f"Serial {serial} of {sku} not found", ids=[f"{sku}/{serial}"], code=Code.SERIAL_NOT_FOUND)
