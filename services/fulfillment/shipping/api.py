"""Cartons, shipments and the outcome of dispatches, over HTTP."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.fulfillment.orders.domain.goods import Status
from services.fulfillment.shipping import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import Cursor, Limit, NotFound, OrderFilter, Page, Problem, Reading, StatusFilter, page, parts
from shared.http.reads import problem
from shared.identifiers import Exact

router = APIRouter(tags=["shipping"])
ShipmentStatus = Literal["CREATED", "CHECKING", "DISPATCHED", "CANCELLED"]


class PackedUnitOut(KnownFieldsModel):
    """A unit in a carton."""

    line: str
    sku: str
    serial: str
    status: Status


class PackedLotOut(KnownFieldsModel):
    """So much of a lot in a carton, for an order line; an empty lot is of no lot."""

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: Exact
    status: Status


class CartonOut(KnownFieldsModel):
    """A carton of an order, and what lies in it."""

    carton: str
    order: str
    shipment: str | None = None
    units: list[PackedUnitOut] = []
    stock: list[PackedLotOut] = []


class ShipmentSummary(KnownFieldsModel):
    """A shipment; CHECKING while the owners of its goods are asked whether it may leave."""

    shipment: str
    warehouse: str
    orders: list[str]
    carrier: str
    tracking_number: str
    status: ShipmentStatus
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    dispatch: str | None


class ShipmentDetail(ShipmentSummary):
    """A shipment with its cartons and their content."""

    cartons: list[CartonOut]


class DispatchReason(KnownFieldsModel):
    """Why a shipment, or a unit or lot of it, did not leave."""

    code: str
    detail: str
    sku: str
    serial: str
    lot: str = ""


class DispatchCheckOut(KnownFieldsModel):
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


@router.get("/cartons/{carton}", responses={404: problem(Code.UNKNOWN_CARTON)})
async def get_carton(tx: Reading, carton: Annotated[str, Path(description="Carton.")]) -> CartonOut:
    """What lies in a carton."""
    found = await queries.carton(tx, carton)
    if found is None:
        raise Problem(Code.UNKNOWN_CARTON, f"no carton {carton} was packed", ids=[carton])
    head, rows = found
    box = CartonOut(carton=head.carton, order=head.order_id, shipment=head.shipment)
    for row in rows:
        _lay(box, row)
    return box


@router.get("/shipments")
async def list_shipments(
    tx: Reading,
    *,
    status: StatusFilter[ShipmentStatus] = None,
    order: OrderFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ShipmentSummary]:
    """Shipments in order of their numbers."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.shipments(tx, status=status, order=order, after=after, size=limit + 1)
    return page(rows, limit, lambda row: ShipmentSummary.model_validate(row._asdict()), lambda row: (row.shipment,))


@router.get("/shipments/{shipment}", responses={404: problem(Code.UNKNOWN_SHIPMENT)})
async def get_shipment(tx: Reading, shipment: Annotated[str, Path(description="Shipment.")]) -> ShipmentDetail:
    """A shipment and what lies in its cartons."""
    found = await queries.shipment(tx, shipment)
    if found is None:
        raise Problem(Code.UNKNOWN_SHIPMENT, f"no shipment {shipment} was created", ids=[shipment])
    head, rows = found
    return ShipmentDetail(**head._asdict(), cartons=_cartons(shipment, rows))


@router.get("/dispatch-checks/{check}")
async def get_dispatch_check(
    tx: Reading, check: Annotated[str, Path(description="Dispatch check.")]
) -> DispatchCheckOut:
    """A dispatch check and its result."""
    row = await queries.dispatch(tx, check)
    if row is None:
        raise NotFound(f"no dispatch check {check} was requested here", ids=[check])
    reasons = json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons
    return DispatchCheckOut.model_validate(row._asdict() | {"dispatch": row.check_id, "reasons": reasons})


def _cartons(shipment: str, rows: Sequence[Row[Any]]) -> list[CartonOut]:
    cartons: dict[str, CartonOut] = {}
    for row in rows:
        _lay(cartons.setdefault(row.carton, CartonOut(carton=row.carton, order=row.order_id, shipment=shipment)), row)
    return list(cartons.values())


def _lay(box: CartonOut, row: Row[Any]) -> None:
    """Lay what a row names into its carton; the only row of an empty carton names nothing."""
    if row.serial is not None:
        box.units.append(PackedUnitOut.model_validate(row, from_attributes=True))
    elif row.lot is not None:
        box.stock.append(PackedLotOut.model_validate(row, from_attributes=True))
