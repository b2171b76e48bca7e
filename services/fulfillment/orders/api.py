"""Orders over HTTP: search, and one order with its lines, units, stock, demands and log."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.fulfillment.orders import queries
from services.fulfillment.orders.domain.goods import Status
from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import (
    Cursor,
    CustomerFilter,
    Limit,
    OrderPath,
    Page,
    Problem,
    Reading,
    StatusFilter,
    WarehouseFilter,
    page,
    parts,
)
from shared.http.reads import problem
from shared.identifiers import Exact

router = APIRouter(tags=["orders"])
NO_ORDER = problem(Code.UNKNOWN_ORDER)


class OrderSummary(KnownFieldsModel):
    """An order in a list, with the sums of its lines that were not cancelled."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    priority: int
    placed_at: datetime
    status: OrderStatus
    ordered: Exact
    allocated: Exact
    picked: Exact
    shipped: Exact


class OrderLineOut(KnownFieldsModel):
    """A line: ordered = allocated + picked + shipped + short; packed is part of picked."""

    line: str
    sku: str
    ordered: Exact
    serials: list[str]
    lots: list[str]
    single_lot: bool
    allocated: Exact
    picked: Exact
    packed: Exact
    shipped: Exact
    short: Exact
    waiting: bool
    cancelled: bool


class OrderUnit(KnownFieldsModel):
    """A unit of the order, where it is and why it may be held."""

    line: str
    sku: str
    serial: str
    status: Status
    location: str
    carton: str | None
    shipment: str | None
    demand: str
    expiry: date | None
    holds: list[str]


class OrderStock(KnownFieldsModel):
    """So much of a lot that the order has, where it is and why it may be held; an empty lot is of no lot."""

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: Exact
    status: Status
    location: str
    carton: str | None
    shipment: str | None
    demand: str
    holds: list[str]


class OrderDemand(KnownFieldsModel):
    """What was asked of the owner of the stock, and what came of it; `outcome` says what was passed over, and why."""

    demand: str
    line: str
    sku: str
    tracking: Tracking
    quantity: Exact
    shortfall: Shortfall
    serials: list[str]
    lots: list[str]
    answered: bool
    given: Exact
    closed: bool
    withdrawn: bool
    instead_of: str | None
    outcome: str


class OrderLogEntry(KnownFieldsModel):
    """Who did what to the order, and when."""

    id: int
    at: datetime
    actor: str
    what: str
    detail: dict[str, Any]


class OrderDetail(KnownFieldsModel):
    """An order with everything that is known of it; units, piles of stock and demands up to a thousand each."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    ship_to: str
    contact: str
    priority: int
    backorders: Literal["ALLOWED", "REFUSED", "SHIP_COMPLETE"]
    placed_at: datetime
    min_life_days: int
    status: OrderStatus
    lines: list[OrderLineOut]
    units: list[OrderUnit]
    stock: list[OrderStock]
    demands: list[OrderDemand]


@router.get("/orders")
async def list_orders(
    tx: Reading,
    *,
    q: Annotated[str, Query(max_length=64, pattern="^[!-}]*$", description="Beginning of the order number.")] = "",
    status: StatusFilter[OrderStatus] = None,
    customer: CustomerFilter = None,
    warehouse: WarehouseFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[OrderSummary]:
    """Orders in order of their numbers."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.found(
        tx, prefix=q, status=status, customer=customer, warehouse=warehouse, after=after, size=limit + 1
    )
    return page(rows, limit, lambda row: OrderSummary(**row._asdict()), lambda row: (row.order,))


@router.get("/orders/{order}/log", summary="List the log of an order", responses={404: NO_ORDER})
async def list_order_log(
    tx: Reading, order: OrderPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[OrderLogEntry]:
    """Who did what to an order, and when; oldest first."""
    (after,) = parts(cursor, int) or (0,)
    if await queries.order(tx, order) is None:
        raise _unknown(order)
    rows = await queries.log(tx, order, after, limit + 1)
    return page(rows, limit, lambda row: OrderLogEntry.model_validate(row._asdict()), lambda row: (row.id,))


@router.get("/orders/{order}", responses={404: NO_ORDER})
async def get_order(tx: Reading, order: OrderPath) -> OrderDetail:
    """An order, where each of its lines stands, and its goods by serial and lot."""
    head = await queries.order(tx, order)
    if head is None:
        raise _unknown(order)
    return OrderDetail(
        **head._asdict(),
        lines=[OrderLineOut(**row._asdict()) for row in await queries.lines(tx, order)],
        units=[OrderUnit(**row._asdict()) for row in await queries.units(tx, order)],
        stock=[OrderStock(**row._asdict()) for row in await queries.stock(tx, order)],
        demands=[OrderDemand(**row._asdict()) for row in await queries.demands(tx, order)],
    )


def _unknown(order: str) -> Problem:
    return Problem(Code.UNKNOWN_ORDER, f"no order {order} was placed here", ids=[order])
