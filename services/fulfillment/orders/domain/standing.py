"""What a request about an order is answered: where the order stands, and where to look."""

from collections.abc import Iterable
from typing import Literal

from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Order, Unit
from shared.contracts.envelope import Model
from shared.contracts.fulfillment import OrderStatus


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


class UnitsHandled(Model):
    """The units of a command that were dealt with; the refused ones stand beside them."""

    order: str
    status: OrderStatus
    units: list[HandledUnit]
    address: str


def handled(order: Order, units: Iterable[Unit]) -> UnitsHandled:
    """What a command of several units is answered, if any was dealt with."""
    done = [HandledUnit(sku=unit.sku, serial=unit.serial, line=unit.line) for unit in units]
    return UnitsHandled(order=order.order, status=order.status, units=done, address=order_at(order.order))
