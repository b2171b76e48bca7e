"""HTTP endpoints of orders: search, detail and log."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.fulfillment.orders import queries
from services.fulfillment.orders.domain import OrderAction
from services.fulfillment.orders.domain.items import ItemStatus
from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import (
    AwaitingWarehouseFilter,
    ChangedSince,
    CustomerFilter,
    NotFoundError,
    OrderPath,
    Page,
    PageRequest,
    ReadTransaction,
    ShipmentFilter,
    StatusFilter,
    WarehouseFilter,
    paged_by,
)
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["orders"])


class OrderSummary(KnownFieldsModel):
    """An order with the total quantities of its lines, which add up to `ordered`."""

    order: str
    warehouse: str
    awaiting_warehouse: bool
    customer: str
    customer_name: str
    priority: int
    placed_at: datetime
    status: OrderStatus
    ordered: SignedQuantity
    open: SignedQuantity
    backordered: SignedQuantity
    allocated: SignedQuantity
    picked: SignedQuantity
    packed: SignedQuantity
    shipped: SignedQuantity
    cancelled: SignedQuantity
    dropped: SignedQuantity


class OrderLineOut(KnownFieldsModel):
    """An order line; its quantities from `open` to `dropped` add up to `ordered`."""

    line: str
    sku: str
    ordered: SignedQuantity
    serials: list[str]
    lots: list[str]
    single_lot: bool
    open: SignedQuantity
    backordered: SignedQuantity
    allocated: SignedQuantity
    picked: SignedQuantity
    packed: SignedQuantity
    shipped: SignedQuantity
    cancelled: SignedQuantity
    dropped: SignedQuantity
    awaiting_product: bool


class OrderUnitOut(KnownFieldsModel):
    """A serial number of the order with its location and the reasons of its holds.

    `mismatch` says why a picked one does not match the order; it must be unpicked before the dispatch.
    """

    line: str
    sku: str
    serial: str
    status: ItemStatus
    location: str
    carton: str | None
    shipment: str | None
    demand_id: str
    expiry: date | None
    mismatch: str | None
    holds: list[str]


class OrderLotOut(KnownFieldsModel):
    """A quantity of a lot with its location and the reasons of its holds; `lot` is empty for untracked products.

    `mismatch` says why a picked one does not match the order; it must be unpicked before the dispatch.
    """

    line: str
    sku: str
    lot: str
    expiry: date | None
    quantity: SignedQuantity
    status: ItemStatus
    location: str
    carton: str | None
    shipment: str | None
    demand_id: str
    mismatch: str | None
    holds: list[str]


class OrderDemandOut(KnownFieldsModel):
    """A request for stock and its result; `skipped_summary` lists the stock that was skipped, with reasons."""

    demand_id: str
    line: str
    sku: str
    tracking: Tracking
    quantity: SignedQuantity
    shortfall: Shortfall
    serials: list[str]
    lots: list[str]
    answered: bool
    allocated_total: SignedQuantity
    closed: bool
    cancelled: bool
    replaces: str | None
    skipped_summary: str


class OrderLogEntryOut(KnownFieldsModel):
    """An entry of the order log: actor, action and time."""

    id: int
    occurred_at: datetime
    actor: str
    action: OrderAction
    detail: dict[str, Any]


class OrderDetail(KnownFieldsModel):
    """An order with its lines and up to 1,000 units, lot quantities and demands each."""

    order: str
    version: int
    warehouse: str
    awaiting_warehouse: bool
    customer: str
    customer_name: str
    ship_to: str
    contact: str
    priority: int
    backorders: Literal["ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"]
    placed_at: datetime
    min_remaining_shelf_life_days: int
    status: OrderStatus
    lines: list[OrderLineOut]
    units: list[OrderUnitOut]
    stock: list[OrderLotOut]
    demands: list[OrderDemandOut]


@router.get("/orders")
async def list_orders(
    tx: ReadTransaction,
    *,
    q: Annotated[str, Query(max_length=64, pattern="^[!-}]*$", description="Prefix of the order number.")] = "",
    status: StatusFilter[OrderStatus] = None,
    customer: CustomerFilter = None,
    warehouse: WarehouseFilter = None,
    shipment: ShipmentFilter = None,
    changed_since: ChangedSince = None,
    awaiting_warehouse: AwaitingWarehouseFilter = None,
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[OrderSummary]:
    """List orders by number or by the time at which they were placed."""
    rows = await queries.find_orders(
        tx, page, q, status=status, customer=customer, warehouse=warehouse, shipment=shipment,
        awaiting_warehouse=awaiting_warehouse, changed_since=changed_since,
    )  # fmt: skip
    return page.build(rows, lambda row: OrderSummary(**row._asdict()))


@router.get("/orders/{order}/log", summary="List the log of an order")
async def list_order_log(
    tx: ReadTransaction, order: OrderPath, page: Annotated[PageRequest, paged_by(queries.LOG_SORTS)]
) -> Page[OrderLogEntryOut]:
    """List the log of an order, oldest entry first."""
    if await queries.load_order(tx, order) is None:
        raise _order_not_found(order)
    rows = await page.fetch(tx, queries.select_log, {"order": order})
    return page.build(rows, lambda row: OrderLogEntryOut.model_validate(row._asdict()))


@router.get("/orders/{order}")
async def get_order(tx: ReadTransaction, order: OrderPath) -> OrderDetail:
    """Get an order with its lines, serial numbers, lot quantities and demands."""
    head = await queries.load_order(tx, order)
    if head is None:
        raise _order_not_found(order)
    return OrderDetail(
        **head._asdict(),
        lines=[OrderLineOut(**row._asdict()) for row in await queries.load_lines(tx, order)],
        units=[
            OrderUnitOut(**item)
            for item in await queries.add_shelf_life_mismatches(tx, head, await queries.load_units(tx, order))
        ],
        stock=[
            OrderLotOut(**item)
            for item in await queries.add_shelf_life_mismatches(tx, head, await queries.load_lots(tx, order))
        ],
        demands=[OrderDemandOut(**row._asdict()) for row in await queries.load_demands(tx, order)],
    )


def _order_not_found(order_id: str) -> NotFoundError:
    return NotFoundError(f"Order {order_id} not found", ids=[order_id], code=Code.ORDER_NOT_FOUND)
