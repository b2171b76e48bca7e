"""The map of fulfillment: which message goes to which handler, under which locks, at which address."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders import handlers as orders
from services.fulfillment.orders.api import router as orders_router
from services.fulfillment.picking import handlers as picking
from services.fulfillment.picking.api import router as picking_router
from shared.contracts.commands.fulfillment import Exchange, Pick, ShortPick, Unpick
from shared.contracts.fulfillment import OrderProductChanged, OrderRejected
from shared.contracts.lots import LotAllocated
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAllocated, SerialHeld, SerialHoldLifted
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.replica import LOCATIONS
from shared.routing import Hears, Takes
from shared.runtime import service


def order(data: Any) -> Iterable[str]:
    """Everything about an order happens under its lock."""
    return (f"order:{data.order}",)


def order_and_products(data: Any) -> Iterable[str]:
    """An order that may have to wait for its products keeps them from arriving unseen."""
    return (f"order:{data.order}", *(f"product:{line.sku}" for line in data.lines))


def order_and_product(data: OrderProductChanged) -> Iterable[str]:
    """An order that looks at one product once more."""
    return (f"order:{data.order}", f"product:{data.sku}")


def holders(data: SerialHeld) -> Iterable[str]:
    """A hold concerns the orders that have its units; its lift comes after it."""
    return (f"hold:{data.hold}", *(f"order:{unit.order}" for unit in data.units if unit.order is not None))


ROWS = (
    Takes(OrderPlaced, orders.place_orders, order_and_products, "/orders", 201),
    Takes(OrderAmended, orders.change_orders, order_and_products, "/order-amendments"),
    Takes(OrderCancelled, orders.change_orders, order, "/order-cancellations"),
    Takes(OrderLineCancelled, orders.change_orders, order, "/order-line-cancellations"),
    Takes(Pick, picking.take_picks, order, "/picks"),
    Takes(ShortPick, picking.take_short_picks, order, "/short-picks"),
    Takes(Unpick, picking.take_unpicks, order, "/unpicks"),
    Takes(Exchange, picking.take_exchanges, order, "/exchanges", 202),
    Hears(ProductChanged, orders.hear_products, lambda data: (f"product:{data.sku}",)),
    *LOCATIONS,
    Hears(SerialAllocated, orders.hear_serials, order),
    Hears(LotAllocated, orders.hear_lots, order),
    Hears(SerialHeld, picking.hear_holds, holders),
    Hears(SerialHoldLifted, picking.hear_lifts, lambda data: (f"hold:{data.hold}",)),
    Hears(OrderProductChanged, orders.wake_orders, order_and_product),
)

app = service("fulfillment", ROWS, rejected=OrderRejected, routers=[orders_router, picking_router])
