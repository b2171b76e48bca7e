"""One unit: its complete information, and its history."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.serials.lookup.queries import unit as unit_queries
from shared.contracts.serials import Status
from shared.http import Limit, NotFound, Page, Reading, page, parts
from shared.http.names import SLASH

router = APIRouter(tags=["lookup"])
STEPS = 200


class OpenHold(BaseModel):
    """A hold that stands on the unit."""

    hold: str
    reason: str
    actor: str
    opened_at: datetime


class Step(BaseModel):
    """One row of the audit trail: what happened, who did it, when, where, why, under which documents."""

    version: int
    change: str
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


class WholeUnit(BaseModel):
    """Everything that is known of a unit; of a long history the first 200 steps."""

    sku: str
    product: str
    serial: str
    status: Status
    warehouse: str | None
    location: str | None
    held: bool
    holds: list[OpenHold]
    adjustment: str | None
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
    history: list[Step]


@router.get("/serials/{unit:pair}/history")
async def history(
    tx: Reading, unit: str, *, movements: bool = False, cursor: str | None = None, limit: Limit = 100
) -> Page[Step]:
    """A unit's audit trail, oldest first; with `movements`, what took it from place to place."""
    (after,) = parts(cursor, int) or (0,)
    found = await unit_queries.unit(tx, unit)
    if found is None:
        raise unknown(unit)
    steps = await unit_queries.history(tx, found.id, after=after, movements=movements, size=limit + 1)
    return page(steps, limit, lambda row: Step.model_validate(row._asdict()), lambda row: (row.version,))


@router.get("/serials/{unit:quoted}")
async def one(tx: Reading, unit: str) -> WholeUnit:
    """A unit by product and serial, with everything that is known of it."""
    found = await unit_queries.unit(tx, unit)
    if found is None:
        raise unknown(unit)
    held = await unit_queries.holds(tx, found.id)
    steps = await unit_queries.history(tx, found.id, after=0, movements=False, size=STEPS)
    return WholeUnit.model_validate(
        found._asdict() | {"holds": [row._asdict() for row in held], "history": [row._asdict() for row in steps]}
    )


def unknown(unit: str) -> NotFound:
    """Say that there is no such unit."""
    unit = unit.replace(SLASH, "/")
    return NotFound(f"no unit is known as {unit}; the address is product/serial", ids=[unit])
