"""What a request about an order is answered: where the order stands, and where to look."""

from collections.abc import Sequence
from typing import Literal

from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Order
from services.fulfillment.orders.domain.content import stocked
from services.fulfillment.orders.domain.goods import Goods, Unit
from shared.contracts.envelope import Model
from shared.contracts.fulfillment import OrderStatus
from shared.contracts.results import PartialResult
from shared.identifiers import Quantity


class Standing(PartialResult):
    """Where an order stands after a request; UNKNOWN while it is still to come: the request waits for it."""

    order: str
    status: OrderStatus | Literal["UNKNOWN"]
    address: str | None
    """Nothing stands there while the order is still to come."""


def standing(order: Order) -> Standing:
    """Where an order of ours stands."""
    return Standing(order=order.order, status=order.status, address=order_at(order.order))


def to_come(order: str) -> Standing:
    """What an order that is still to come is answered."""
    return Standing(order=order, status="UNKNOWN", address=None)


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


class GoodsHandled(PartialResult):
    """What of a command was dealt with; what was refused stands beside it."""

    order: str
    status: OrderStatus
    units: list[HandledUnit]
    stock: list[HandledStock] = []
    address: str


def handled(order: Order, goods: Sequence[Goods]) -> GoodsHandled:
    """What a command on goods is answered, if anything was done."""
    return GoodsHandled(
        order=order.order, status=order.status, address=order_at(order.order),
        units=[
            HandledUnit(sku=one.sku, serial=one.serial, line=one.line) for one in goods if isinstance(one, Unit)
        ],
        stock=[
            HandledStock(sku=line.sku, lot=line.lot, quantity=line.quantity, line=line.line) for line in stocked(goods)
        ],
    )  # fmt: skip
