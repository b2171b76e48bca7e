"""Orders over HTTP: search, and one order with its lines, units, stock, demands and log."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.fulfillment.orders import queries
from shared.contracts.fulfillment import OrderStatus
from shared.contracts.problems import Code
from shared.http import Limit, Page, Problem, Reading, page, parts
from shared.identifiers import DocumentId, Warehouse

router = APIRouter(tags=["orders"])


class Head(BaseModel):
    """An order in a list, with the sums of its lines that were not cancelled."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    priority: int
    placed_at: datetime
    status: OrderStatus
    ordered: float
    allocated: float
    picked: float
    shipped: float


class Line(BaseModel):
    """A line: ordered = allocated + picked + shipped + short; packed is part of picked."""

    line: str
    sku: str
    ordered: float
    serials: list[str]
    lots: list[str]
    single_lot: bool
    allocated: float
    picked: float
    packed: float
    shipped: float
    short: float
    waiting: bool
    cancelled: bool


class OrderUnit(BaseModel):
    """A unit of the order, where it is and why it may be held."""

    line: str
    sku: str
    serial: str
    status: str
    location: str
    carton: str | None
    shipment: str | None
    demand: str
    expiry: date | None
    holds: list[str]


class OrderStock(BaseModel):
    """So much of a lot that the order has, where it is and why it may be held; an empty lot is of no lot."""

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: float
    status: str
    location: str
    carton: str | None
    shipment: str | None
    demand: str
    holds: list[str]


class OrderDemand(BaseModel):
    """What was asked of the owner of the stock, and what came of it; `outcome` says what was passed over, and why."""

    demand: str
    line: str
    sku: str
    tracking: str
    quantity: float
    shortfall: str
    serials: list[str]
    lots: list[str]
    answered: bool
    given: float
    closed: bool
    withdrawn: bool
    instead_of: str | None
    outcome: str


class Entry(BaseModel):
    """Who did what to the order, and when."""

    id: int
    at: datetime
    actor: str
    what: str
    detail: dict[str, Any]


class WholeOrder(BaseModel):
    """An order with everything that is known of it; units, piles of stock and demands up to a thousand each."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    ship_to: str
    contact: str
    priority: int
    backorders: str
    placed_at: datetime
    min_life_days: int
    status: OrderStatus
    lines: list[Line]
    units: list[OrderUnit]
    stock: list[OrderStock]
    demands: list[OrderDemand]


@router.get("/orders")
async def search(
    tx: Reading,
    *,
    q: Annotated[str, Query(max_length=64, pattern="^[!-}]*$", description="how the order number begins")] = "",
    status: OrderStatus | None = None,
    customer: DocumentId | None = None,
    warehouse: Warehouse | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[Head]:
    """Orders by number, status, customer and warehouse."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.found(
        tx, prefix=q, status=status, customer=customer, warehouse=warehouse, after=after, size=limit + 1
    )
    return page(rows, limit, lambda row: Head(order=row.order_id, **row._asdict()), lambda row: (row.order_id,))


@router.get("/orders/{order:path}/log")
async def log(tx: Reading, order: str, cursor: str | None = None, limit: Limit = 100) -> Page[Entry]:
    """Who did what to an order, and when; oldest first."""
    (after,) = parts(cursor, int) or (0,)
    if await queries.order(tx, order) is None:
        raise _unknown(order)
    rows = await queries.log(tx, order, after, limit + 1)
    return page(rows, limit, lambda row: Entry.model_validate(row._asdict()), lambda row: (row.id,))


@router.get("/orders/{order:path}")
async def one(tx: Reading, order: str) -> WholeOrder:
    """An order, where each of its lines stands, and its goods by serial and lot."""
    head = await queries.order(tx, order)
    if head is None:
        raise _unknown(order)
    return WholeOrder(
        order=head.order_id,
        **head._asdict(),
        lines=[Line(**row._asdict()) for row in await queries.lines(tx, order)],
        units=[OrderUnit(**row._asdict()) for row in await queries.units(tx, order)],
        stock=[OrderStock(**row._asdict()) for row in await queries.stock(tx, order)],
        demands=[OrderDemand(**row._asdict()) for row in await queries.demands(tx, order)],
    )


def _unknown(order: str) -> Problem:
    return Problem(Code.UNKNOWN_ORDER, f"no order {order} was placed here", ids=[order])
