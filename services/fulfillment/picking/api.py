"""The pick list and the outcome of exchanges, over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Row

from services.fulfillment.picking import queries
from shared.contracts.problems import Code
from shared.http import NotFound, Problem, Reading
from shared.identifiers import Warehouse

router = APIRouter(tags=["picking"])


class PickItem(BaseModel):
    """A unit, or so much of a lot, to take from its place: no other will do. An empty lot is of no lot."""

    order: str
    line: str
    sku: str
    name: str
    serial: str | None
    lot: str | None
    expiry: date | None
    quantity: float
    location: str
    pick_sequence: int
    priority: int


class PickList(BaseModel):
    """Goods to pick, in the order of the walk."""

    items: list[PickItem]


class ExchangeOutcome(BaseModel):
    """An exchange: DONE, FAILED with the reason, ENDED with its order, or UNDER_WAY.

    Of a unit `serial` and `instead` are serials; of a lot `lot` and `instead` are lots, and `given` may be a part.
    """

    exchange: str
    order: str
    line: str
    sku: str
    serial: str | None
    lot: str | None
    instead: str
    quantity: float
    given: float
    status: Literal["UNDER_WAY", "DONE", "FAILED", "ENDED"]
    reason: str


def _item(row: Row[Any]) -> PickItem:
    return PickItem(
        order=row.order_id, line=row.line, sku=row.sku, name=row.name, serial=row.serial, lot=row.lot,
        expiry=row.expiry, quantity=row.quantity, location=row.location, pick_sequence=row.pick_sequence,
        priority=row.priority,
    )  # fmt: skip


@router.get("/orders/{order:path}/picks")
async def picks_of_order(tx: Reading, order: str) -> PickList:
    """Which serials and lots to pick for an order, and where; nothing while one that ships complete is short."""
    rows = await queries.picks_of_order(tx, order)
    if rows is None:
        raise Problem(Code.UNKNOWN_ORDER, f"no order {order} was placed here", ids=[order])
    return PickList(items=[_item(row) for row in rows])


@router.get("/picks")
async def picks_of_warehouse(
    tx: Reading,
    warehouse: Warehouse,
    orders: Annotated[int, Query(ge=1, le=200, description="how many orders, the most urgent first")] = 20,
) -> PickList:
    """One walk through a warehouse for its most urgent orders."""
    return PickList(items=[_item(row) for row in await queries.picks_of_warehouse(tx, warehouse, orders)])


@router.get("/exchanges/{exchange}")
async def exchange(tx: Reading, exchange: str) -> ExchangeOutcome:
    """What became of an exchange."""
    row = await queries.exchange(tx, exchange)
    if row is None:
        raise NotFound(f"no exchange {exchange} was asked for here", ids=[exchange])
    of_unit = row.tracking == "SERIAL"
    return ExchangeOutcome(
        exchange=row.demand, order=row.order_id, line=row.line, sku=row.sku,
        serial=row.instead_of if of_unit else None, lot=None if of_unit else row.instead_of, instead=row.wanted,
        quantity=row.quantity, given=row.given, status=row.status, reason=row.outcome,
    )  # fmt: skip
