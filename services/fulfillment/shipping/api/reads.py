"""HTTP endpoints of cartons, shipments and dispatch checks."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.fulfillment.orders.domain.items import ItemStatus
from services.fulfillment.shipping.queries import reads as queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import (
    NotFoundError,
    OrderFilter,
    Page,
    PageRequest,
    ReadTransaction,
    StatusFilter,
    paged_by,
)
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["shipping"])
ShipmentPath = Annotated[str, Path(description="Shipment number.")]
CartonPath = Annotated[str, Path(description="Carton number, or SSCC in 18 digits.")]
ShipmentStatus = Literal["CREATED", "PENDING", "DISPATCHED", "CANCELLED"]


class PackedUnitOut(KnownFieldsModel):
    """A serial number in a carton."""

    line: str
    sku: str
    serial: str
    status: ItemStatus


class PackedLotOut(KnownFieldsModel):
    """A quantity of a lot in a carton, for an order line; `lot` is empty for untracked products."""

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: SignedQuantity
    status: ItemStatus


class CartonOut(KnownFieldsModel):
    """A carton of an order and its content."""

    carton: str
    order: str
    shipment: str | None = None
    sscc: str | None = None
    units: list[PackedUnitOut] = []
    stock: list[PackedLotOut] = []


class ShipmentSummary(KnownFieldsModel):
    """A shipment; PENDING while a dispatch check is in progress."""

    shipment: str
    warehouse: str
    orders: list[str]
    carrier: str
    tracking_number: str
    status: ShipmentStatus
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    check_id: str | None


class ShipmentDetail(ShipmentSummary):
    """A shipment with its cartons and their content."""

    cartons: list[CartonOut]


class DispatchReason(KnownFieldsModel):
    """Why a shipment, or a serial number or lot of it, was not dispatched."""

    code: Code
    detail: str
    sku: str
    serial: str
    lot: str = ""


class DispatchCheckOut(KnownFieldsModel):
    """A dispatch check: PENDING, then DISPATCHED, REJECTED with reasons, or CANCELLED if the content changed.

    `requested_count` and `approved_count` count content lines: a serial number, or a lot for an order line.
    """

    check_id: str
    shipment: str
    orders: list[str]
    status: Literal["PENDING", "DISPATCHED", "REJECTED", "CANCELLED"]
    requested_count: int
    approved_count: int
    valid_until: datetime | None
    reasons: list[DispatchReason]
    requested_at: datetime
    actor: str
    ended_at: datetime | None


@router.get("/cartons/{carton}")
async def get_carton(tx: ReadTransaction, carton: CartonPath) -> CartonOut:
    """Get a carton and its content."""
    found = await queries.load_carton(tx, carton)
    if found is None:
        raise carton_not_found(carton)
    head, rows = found
    body = CartonOut(carton=head.carton, order=head.order_id, shipment=head.shipment, sscc=head.sscc)
    for row in rows:
        _add_content(body, row)
    return body


@router.get("/shipments")
async def list_shipments(
    tx: ReadTransaction,
    *,
    status: StatusFilter[ShipmentStatus] = None,
    order: OrderFilter = None,
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[ShipmentSummary]:
    """List shipments by number, or by the time of their creation or dispatch."""
    rows = await queries.find_shipments(tx, page, status=status, order=order)
    return page.build(rows, lambda row: ShipmentSummary.model_validate(row._asdict()))


@router.get("/shipments/{shipment}")
async def get_shipment(tx: ReadTransaction, shipment: ShipmentPath) -> ShipmentDetail:
    """Get a shipment with its cartons and their content."""
    found = await queries.load_shipment(tx, shipment)
    if found is None:
        raise shipment_not_found(shipment)
    head, rows = found
    return ShipmentDetail(**head._asdict(), cartons=_to_cartons(shipment, rows))


@router.get("/dispatch-checks/{check}")
async def get_dispatch_check(
    tx: ReadTransaction, check: Annotated[str, Path(description="Id of the dispatch check.")]
) -> DispatchCheckOut:
    """Get a dispatch check and its result."""
    row = await queries.load_dispatch_check(tx, check)
    if row is None:
        raise NotFoundError(f"Dispatch check {check} not found", ids=[check])
    reasons = json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons
    return DispatchCheckOut.model_validate(row._asdict() | {"reasons": reasons})


def carton_not_found(carton: str) -> NotFoundError:
    """Return the error for an unknown carton."""
    return NotFoundError(f"Carton {carton} not found", ids=[carton], code=Code.CARTON_NOT_FOUND)


def shipment_not_found(shipment: str) -> NotFoundError:
    """Return the error for an unknown shipment."""
    return NotFoundError(f"Shipment {shipment} not found", ids=[shipment], code=Code.SHIPMENT_NOT_FOUND)


def _to_cartons(shipment_id: str, rows: Sequence[Row[Any]]) -> list[CartonOut]:
    cartons: dict[str, CartonOut] = {}
    for row in rows:
        carton = CartonOut(carton=row.carton, order=row.order_id, shipment=shipment_id, sscc=row.sscc)
        _add_content(cartons.setdefault(row.carton, carton), row)
    return list(cartons.values())


def _add_content(carton: CartonOut, row: Row[Any]) -> None:
    """Add a content row to its carton; an empty carton has one row without content."""
    if row.serial is not None:
        carton.units.append(PackedUnitOut.model_validate(row, from_attributes=True))
    elif row.lot is not None:
        carton.stock.append(PackedLotOut.model_validate(row, from_attributes=True))
