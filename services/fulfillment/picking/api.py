"""The pick list and the outcome of exchanges, over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.fulfillment.picking import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import Cursor, Limit, NotFound, OrderPath, Page, Problem, Reading, page, parts
from shared.http.reads import problem
from shared.identifiers import Exact

router = APIRouter(tags=["picking"])


class PickItem(KnownFieldsModel):
    """A unit, or so much of a lot, to take from its place: no other will do. An empty lot is of no lot."""

    order: str
    line: str
    sku: str
    name: str
    serial: str | None
    lot: str | None
    expiry: date | None
    quantity: Exact
    location: str
    pick_sequence: int
    priority: int


class ExchangeOut(KnownFieldsModel):
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
    quantity: Exact
    given: Exact
    status: Literal["UNDER_WAY", "DONE", "FAILED", "ENDED"]
    reason: str


def _after(cursor: str | None) -> tuple[Any, ...]:
    return parts(cursor, int, str, str, str, str, str, str) or (-1, "", "", "", "", "", "")


def _key(row: Row[Any]) -> tuple[Any, ...]:
    return (
        row.pick_sequence, row.location, row.sku, row.serial or "", row.lot or "", row.order_id, row.line,
    )  # fmt: skip


def _item(row: Row[Any]) -> PickItem:
    return PickItem(
        order=row.order_id, line=row.line, sku=row.sku, name=row.name, serial=row.serial, lot=row.lot,
        expiry=row.expiry, quantity=row.quantity, location=row.location, pick_sequence=row.pick_sequence,
        priority=row.priority,
    )  # fmt: skip


@router.get(
    "/orders/{order}/picks", summary="Get the pick list of an order", responses={404: problem(Code.UNKNOWN_ORDER)}
)
async def list_order_picks(tx: Reading, order: OrderPath, cursor: Cursor = None, limit: Limit = 100) -> Page[PickItem]:
    """Serials and lots to pick for an order, in walking order; none while an order that ships complete is short."""
    rows = await queries.picks_of_order(tx, order, after=_after(cursor), size=limit + 1)
    if rows is None:
        raise Problem(Code.UNKNOWN_ORDER, f"no order {order} was placed here", ids=[order])
    return page(rows, limit, _item, _key)


@router.get("/picks", summary="Get the pick list of a warehouse")
async def list_picks(
    tx: Reading,
    *,
    warehouse: Annotated[str, Query(description="Warehouse.")],
    orders: Annotated[int, Query(ge=1, le=200, description="Number of orders, the most urgent first.")] = 20,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PickItem]:
    """Serials and lots to pick for the most urgent orders of a warehouse, in walking order."""
    rows = await queries.picks_of_warehouse(tx, warehouse, orders, after=_after(cursor), size=limit + 1)
    return page(rows, limit, _item, _key)


@router.get("/swaps/{swap}")
async def get_swap(tx: Reading, swap: Annotated[str, Path(description="Swap.")]) -> ExchangeOut:
    """What became of an exchange."""
    row = await queries.exchange(tx, swap)
    if row is None:
        raise NotFound(f"no swap {swap} was requested here", ids=[swap])
    of_unit = row.tracking == "SERIAL"
    return ExchangeOut(
        exchange=row.demand, order=row.order_id, line=row.line, sku=row.sku,
        serial=row.instead_of if of_unit else None, lot=None if of_unit else row.instead_of, instead=row.wanted,
        quantity=row.quantity, given=row.given, status=row.status, reason=row.outcome,
    )  # fmt: skip
