"""HTTP endpoints of pick lists and swaps."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.fulfillment.picking import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import (
    ONLY_DIGITS,
    Cursor,
    Limit,
    NotFoundError,
    OrderPath,
    Page,
    ReadTransaction,
    decode_cursor,
    paginate,
)
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["picking"])


class PickItem(KnownFieldsModel):
    """A serial number or lot quantity to pick at a location; `lot` is empty for untracked products."""

    order: str
    line: str
    sku: str
    name: str
    serial: str | None
    lot: str | None
    expiry: date | None
    quantity: SignedQuantity
    location: str
    pick_sequence: int
    priority: int


class SwapOut(KnownFieldsModel):
    """A swap: IN_PROGRESS, DONE, FAILED with a reason, or CANCELLED with its order.

    `replacement` is a serial number or a lot number; of a lot, `allocated` may be less than `quantity`.
    """

    swap_id: str
    order: str
    line: str
    sku: str
    serial: str | None
    lot: str | None
    replacement: str
    quantity: SignedQuantity
    allocated: SignedQuantity
    status: Literal["IN_PROGRESS", "DONE", "FAILED", "CANCELLED"]
    reason: str


def _decode_position(cursor: str | None) -> tuple[Any, ...]:
    return decode_cursor(cursor, int, str, str, str, str, str, str) or (-1, "", "", "", "", "", "")


def _position(row: Row[Any]) -> tuple[Any, ...]:
    return (
        row.pick_sequence, row.location, row.sku, row.serial or "", row.lot or "", row.order_id, row.line,
    )  # fmt: skip


def _to_pick_item(row: Row[Any]) -> PickItem:
    return PickItem(
        order=row.order_id, line=row.line, sku=row.sku, name=row.name, serial=row.serial, lot=row.lot,
        expiry=row.expiry, quantity=row.quantity, location=row.location, pick_sequence=row.pick_sequence,
        priority=row.priority,
    )  # fmt: skip


@router.get("/orders/{order}/picks", summary="Get the pick list of an order")
async def list_order_picks(
    tx: ReadTransaction, order: OrderPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[PickItem]:
    """List the items to pick for an order in pick sequence; empty until a ship-complete order is fully allocated.

    It cannot be sorted: the sequence is the way through the warehouse.
    """
    rows = await queries.load_order_picks(tx, order, after=_decode_position(cursor), size=limit + 1)
    if rows is None:
        raise NotFoundError(f"Order {order} not found", ids=[order], code=Code.ORDER_NOT_FOUND)
    return paginate(rows, limit, _to_pick_item, _position)


@router.get("/picks", summary="Get the pick list of a warehouse")
async def list_picks(
    tx: ReadTransaction,
    *,
    warehouse: Annotated[str, Query(description="Id of the warehouse.")],
    orders: Annotated[
        int, Query(ge=1, le=200, description="Maximum number of orders, highest priority first."), ONLY_DIGITS
    ] = 20,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PickItem]:
    """List the items to pick for the orders with the highest priority in a warehouse, in pick sequence.

    It cannot be sorted: the sequence is the way through the warehouse.
    """
    rows = await queries.load_warehouse_picks(tx, warehouse, orders, after=_decode_position(cursor), size=limit + 1)
    return paginate(rows, limit, _to_pick_item, _position)


@router.get("/swaps/{swap}")
async def get_swap(tx: ReadTransaction, swap: Annotated[str, Path(description="Id of the swap.")]) -> SwapOut:
    """Get a swap and its result."""
    row = await queries.load_swap(tx, swap)
    if row is None:
        raise NotFoundError(f"Swap {swap} not found", ids=[swap])
    is_serial = row.tracking == "SERIAL"
    return SwapOut(
        swap_id=row.demand_id, order=row.order_id, line=row.line, sku=row.sku,
        serial=row.replaces if is_serial else None, lot=None if is_serial else row.replaces,
        replacement=row.replacement, quantity=row.quantity, allocated=row.allocated_total, status=row.status,
        reason=row.skipped_summary,
    )  # fmt: skip
