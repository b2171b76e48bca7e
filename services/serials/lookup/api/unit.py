"""One unit: its complete information, and its history."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.serials.lookup.queries import unit as unit_queries
from services.serials.units.domain.transitions import Change
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import Adjustment, Status
from shared.http import Cursor, Limit, NotFound, Page, Reading, SerialPath, SkuPath, page, parts

router = APIRouter(tags=["lookup"])
STEPS = 200


class UnitHoldOut(KnownFieldsModel):
    """A hold that stands on the unit."""

    hold: str
    reason: str
    actor: str
    opened_at: datetime


class UnitHistoryEntry(KnownFieldsModel):
    """One row of the audit trail: what happened, who did it, when, where, why, under which documents."""

    version: int
    change: Change
    from_status: Status | None
    status: Status
    from_location: str | None
    location: str | None
    reason: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    document: str | None
    receipt: str | None
    line: str | None
    order: str | None
    demand: str | None
    shipment: str | None
    customer: str | None
    return_id: str | None
    hold: str | None
    cause_source: str
    cause_id: str


class UnitDetail(KnownFieldsModel):
    """Everything that is known of a unit; of a long history the first 200 steps."""

    sku: str
    product: str
    serial: str
    status: Status
    warehouse: str | None
    location: str | None
    held: bool
    holds: list[UnitHoldOut]
    adjustment: Adjustment | None
    lot: str | None
    expiry: date | None
    received_at: datetime | None
    receipt: str | None
    receipt_line: str | None
    order: str | None
    order_line: str | None
    demand: str | None
    shipment: str | None
    customer: str | None
    return_id: str | None
    version: int
    known_at: datetime
    known_by: str
    history: list[UnitHistoryEntry]


@router.get("/serials/{sku}/{serial}/history", summary="List the history of a serial")
async def list_serial_history(
    tx: Reading,
    sku: SkuPath,
    serial: SerialPath,
    *,
    movements: Annotated[bool, Query(description="Only changes of location.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnitHistoryEntry]:
    """The audit trail of a unit, oldest first."""
    (after,) = parts(cursor, int) or (0,)
    found = await unit_queries.unit(tx, sku, serial)
    if found is None:
        raise unknown(sku, serial)
    steps = await unit_queries.history(tx, found.id, after=after, movements=movements, size=limit + 1)
    return page(steps, limit, lambda row: UnitHistoryEntry.model_validate(row._asdict()), lambda row: (row.version,))


@router.get("/serials/{sku}/{serial}")
async def get_serial(tx: Reading, sku: SkuPath, serial: SerialPath) -> UnitDetail:
    """A unit by product and serial, with everything that is known of it."""
    found = await unit_queries.unit(tx, sku, serial)
    if found is None:
        raise unknown(sku, serial)
    held = await unit_queries.holds(tx, found.id)
    steps = await unit_queries.history(tx, found.id, after=0, movements=False, size=STEPS)
    return UnitDetail.model_validate(
        found._asdict() | {"holds": [row._asdict() for row in held], "history": [row._asdict() for row in steps]}
    )


def unknown(sku: str, serial: str) -> NotFound:
    """Say that there is no such unit."""
    return NotFound(f"no serial {serial} of {sku} is known", ids=[f"{sku}/{serial}"])
