"""What a request about an order is answered: where the order stands, and where to look."""

from collections.abc import Iterable
from typing import Literal

from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Order
from services.fulfillment.orders.domain.content import contents
from services.fulfillment.orders.domain.goods import Goods
from shared.contracts.counted import PackedStock
from shared.contracts.envelope import Model
from shared.contracts.fulfillment import OrderStatus, PackedUnit
from shared.identifiers import Quantity


class Standing(Model):
    """Where an order stands after a request; UNKNOWN while it is still to come, with the request remembered."""

    order: str
    status: OrderStatus | Literal["UNKNOWN"]
    address: str


def standing(order: Order) -> Standing:
    """Where an order of ours stands."""
    return Standing(order=order.order, status=order.status, address=order_at(order.order))


def to_come(order: str) -> Standing:
    """What an order that is still to come is answered."""
    return Standing(order=order, status="UNKNOWN", address=order_at(order))


class HandledUnit(Model):
    """A unit, and the line it is for."""

    sku: str
    serial: str
    line: str


class HandledStock(Model):
    """So much of a lot, and the line it is for."""

    sku: str
    lot: str
    quantity: Quantity
    line: str


class GoodsHandled(Model):
    """What of a command was dealt with; what was refused stands beside it."""

    order: str
    status: OrderStatus
    units: list[HandledUnit]
    stock: list[HandledStock] = []
    address: str


def handled(order: Order, goods: Iterable[Goods]) -> GoodsHandled:
    """What a command on goods is answered, if anything was done."""
    content = contents(goods)
    return GoodsHandled(
        order=order.order, status=order.status, address=order_at(order.order),
        units=[
            HandledUnit(sku=line.sku, serial=line.serial, line=line.line)
            for line in content if isinstance(line, PackedUnit)
        ],
        stock=[
            HandledStock(sku=line.sku, lot=line.lot, quantity=line.quantity, line=line.line)
            for line in content if isinstance(line, PackedStock)
        ],
    )  # fmt: skip
