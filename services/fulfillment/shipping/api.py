"""Cartons, shipments and the outcome of dispatches, over HTTP."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Row

from services.fulfillment.shipping import queries
from shared.contracts.problems import Code
from shared.http import Limit, NotFound, Page, Problem, Reading, page, parts
from shared.identifiers import DocumentId

router = APIRouter(tags=["shipping"])


class Content(BaseModel):
    """A unit in a carton."""

    line: str
    sku: str
    serial: str
    status: str


class CountedContent(BaseModel):
    """So much of a lot in a carton, for an order line; an empty lot is of no lot."""

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: float
    status: str


class Carton(BaseModel):
    """A carton of an order, and what lies in it."""

    carton: str
    order: str
    shipment: str | None = None
    units: list[Content] = []
    stock: list[CountedContent] = []


class ShipmentHead(BaseModel):
    """A shipment; CHECKING while the owners of its goods are asked whether it may leave."""

    shipment: str
    warehouse: str
    orders: list[str]
    carrier: str
    tracking_number: str
    status: Literal["CREATED", "CHECKING", "DISPATCHED", "CANCELLED"]
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    dispatch: str | None


class Shipment(ShipmentHead):
    """A shipment with its cartons and their content."""

    cartons: list[Carton]


class DispatchReason(BaseModel):
    """Why a shipment, or a unit or lot of it, did not leave."""

    code: str
    detail: str
    sku: str
    serial: str
    lot: str = ""


class DispatchOutcome(BaseModel):
    """A dispatch: CHECKING, then DISPATCHED, REFUSED with each reason, or ENDED because what it asked about changed.

    `asked` and `approved` count content lines: a serial, or a lot of an order line.
    """

    dispatch: str
    shipment: str
    orders: list[str]
    status: Literal["CHECKING", "DISPATCHED", "REFUSED", "ENDED"]
    asked: int
    approved: int
    until: datetime | None
    reasons: list[DispatchReason]
    at: datetime
    actor: str
    ended_at: datetime | None


@router.get("/cartons/{carton:path}")
async def carton(tx: Reading, carton: str) -> Carton:
    """What lies in a carton."""
    found = await queries.carton(tx, carton)
    if found is None:
        raise Problem(Code.UNKNOWN_CARTON, f"no carton {carton} was packed", ids=[carton])
    head, rows = found
    box = Carton(carton=head.carton, order=head.order_id, shipment=head.shipment)
    for row in rows:
        _lay(box, row)
    return box


@router.get("/shipments")
async def shipments(
    tx: Reading,
    *,
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"] | None = None,
    order: DocumentId | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ShipmentHead]:
    """Shipments by status and order."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.shipments(tx, status=status, order=order, after=after, size=limit + 1)
    return page(rows, limit, lambda row: ShipmentHead.model_validate(row._asdict()), lambda row: (row.shipment,))


@router.get("/shipments/{shipment:path}")
async def shipment(tx: Reading, shipment: str) -> Shipment:
    """A shipment and what lies in its cartons."""
    found = await queries.shipment(tx, shipment)
    if found is None:
        raise Problem(Code.UNKNOWN_SHIPMENT, f"no shipment {shipment} was created", ids=[shipment])
    head, rows = found
    return Shipment(**head._asdict(), cartons=_cartons(shipment, rows))


@router.get("/dispatches/{dispatch}")
async def dispatch(tx: Reading, dispatch: str) -> DispatchOutcome:
    """What became of a dispatch."""
    row = await queries.dispatch(tx, dispatch)
    if row is None:
        raise NotFound(f"no dispatch {dispatch} was asked for here", ids=[dispatch])
    reasons = json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons
    return DispatchOutcome.model_validate(row._asdict() | {"dispatch": row.check_id, "reasons": reasons})


def _cartons(shipment: str, rows: Sequence[Row[Any]]) -> list[Carton]:
    cartons: dict[str, Carton] = {}
    for row in rows:
        _lay(cartons.setdefault(row.carton, Carton(carton=row.carton, order=row.order_id, shipment=shipment)), row)
    return list(cartons.values())


def _lay(box: Carton, row: Row[Any]) -> None:
    """Lay what a row names into its carton; the only row of an empty carton names nothing."""
    if row.serial is not None:
        box.units.append(Content.model_validate(row, from_attributes=True))
    elif row.lot is not None:
        box.stock.append(CountedContent.model_validate(row, from_attributes=True))
