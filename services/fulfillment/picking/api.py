"""The pick list and the outcome of exchanges, over HTTP."""

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
    """A unit to take from its place: no other will do."""

    order: str
    line: str
    sku: str
    name: str
    serial: str
    location: str
    pick_sequence: int
    priority: int


class PickList(BaseModel):
    """Units to pick, in the order of the walk."""

    items: list[PickItem]


class ExchangeOutcome(BaseModel):
    """An exchange: DONE, FAILED with the reason, ENDED with its order, or UNDER_WAY."""

    exchange: str
    order: str
    line: str
    sku: str
    serial: str
    instead: str
    status: Literal["UNDER_WAY", "DONE", "FAILED", "ENDED"]
    reason: str


def _item(row: Row[Any]) -> PickItem:
    return PickItem(
        order=row.order_id, line=row.line, sku=row.sku, name=row.name, serial=row.serial, location=row.location,
        pick_sequence=row.pick_sequence, priority=row.priority,
    )  # fmt: skip


@router.get("/orders/{order:path}/picks")
async def picks_of_order(tx: Reading, order: str) -> PickList:
    """Which serials to pick for an order, and where (S19); empty while an order that ships complete is not full."""
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
    """One walk through a warehouse for its most urgent orders (S19)."""
    return PickList(items=[_item(row) for row in await queries.picks_of_warehouse(tx, warehouse, orders)])


@router.get("/exchanges/{exchange}")
async def exchange(tx: Reading, exchange: str) -> ExchangeOutcome:
    """What became of an exchange."""
    row = await queries.exchange(tx, exchange)
    if row is None:
        raise NotFound(f"no exchange {exchange} was asked for here", ids=[exchange])
    return ExchangeOutcome(
        exchange=row.demand, order=row.order_id, line=row.line, sku=row.sku, serial=row.instead_of, instead=row.wanted,
        status=row.status, reason=row.outcome,
    )  # fmt: skip
