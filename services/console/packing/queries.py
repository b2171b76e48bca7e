"""What the packing pages ask the fulfillment service."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from services.console.clients.fulfillment import Order, OrderDetail, OrderItem
from services.console.page import FailedPart, Visit, attempt


class Loose(NamedTuple):
    """Picked items of a product that are in no carton yet, of how many picked."""

    sku: str
    line: str
    serials: Sequence[str]
    lots: Sequence[tuple[str, Decimal]]
    packed: Decimal
    total: Decimal


class CartonContent(NamedTuple):
    """What a carton contains."""

    carton: str
    shipment: str | None
    items: Sequence[tuple[str, str, Decimal]]
    """SKU, serial or lot, and quantity."""


class PackData(NamedTuple):
    """What the page of one order shows."""

    order: OrderDetail
    loose: Sequence[Loose]
    cartons: Sequence[CartonContent]
    next_carton: str


async def list_orders(visit: Visit) -> list[Order] | FailedPart:
    """List orders with picked items that are not packed."""
    found = await attempt(visit.fulfillment.list_orders(status=["OPEN", "PARTLY_SHIPPED"], limit=500))
    if isinstance(found, FailedPart):
        return found
    return [order for order in found.items if order.picked > order.packed]


async def find_order(visit: Visit, order_id: str) -> PackData:
    """Read an order with its loose items and its cartons."""
    order = await visit.fulfillment.get_order(order_id)
    cartons = _cartons(order)
    return PackData(order, _loose(order), cartons, f"{order.order}-{len(cartons) + 1}"[:64])


def _items(order: OrderDetail) -> list[OrderItem]:
    return [*order.units, *order.stock]


def _loose(order: OrderDetail) -> list[Loose]:
    lines = sorted({(each.line, each.sku) for each in _items(order) if each.status == "PICKED"})
    found = []
    for line, sku in lines:
        units = [unit for unit in order.units if (unit.line, unit.sku, unit.status) == (line, sku, "PICKED")]
        lots = [lot for lot in order.stock if (lot.line, lot.sku, lot.status) == (line, sku, "PICKED")]
        open_units = [unit.serial for unit in units if not unit.carton]
        open_lots = [(lot.lot, lot.quantity) for lot in lots if not lot.carton]
        total = Decimal(len(units)) + sum((lot.quantity for lot in lots), Decimal(0))
        left = Decimal(len(open_units)) + sum((number for _, number in open_lots), Decimal(0))
        found.append(Loose(sku, line, open_units, open_lots, total - left, total))
    return found


def _cartons(order: OrderDetail) -> list[CartonContent]:
    names = sorted({each.carton for each in _items(order) if each.carton})
    cartons = []
    for name in names:
        units = [(unit.sku, unit.serial, Decimal(1)) for unit in order.units if unit.carton == name]
        lots = [(lot.sku, lot.lot, lot.quantity) for lot in order.stock if lot.carton == name]
        shipment = next((each.shipment for each in _items(order) if each.carton == name), None)
        cartons.append(CartonContent(name, shipment, [*units, *lots]))
    return cartons
