"""The map of fulfillment: which message goes to which handler, under which locks, at which address."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders import handlers as orders
from services.fulfillment.orders.api import router as orders_router
from services.fulfillment.orders.domain import GoodsHandled, Standing
from services.fulfillment.picking import handlers as picking
from services.fulfillment.picking.api import router as picking_router
from services.fulfillment.picking.domain import Exchanging
from services.fulfillment.shipping import handlers as shipping
from services.fulfillment.shipping.api import router as shipping_router
from services.fulfillment.shipping.domain.dispatch import Dispatching
from services.fulfillment.shipping.domain.shipments import Shipping
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    Dispatch,
    Exchange,
    ExchangeStock,
    Pack,
    Pick,
    Repack,
    ShortPick,
    Unpack,
    Unpick,
)
from shared.contracts.fulfillment import OrderProductChanged, OrderRejected
from shared.contracts.lots import (
    LotAllocated,
    LotCorrected,
    LotDispatchApproved,
    LotDispatchRefused,
    LotHeld,
    LotHoldLifted,
)
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import (
    DispatchApproved,
    DispatchRefused,
    SerialAllocated,
    SerialCorrected,
    SerialHeld,
    SerialHoldLifted,
)
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.replica import LOCATIONS, WAREHOUSES
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


def orders_named(data: Any) -> Iterable[str]:
    """Whatever touches several orders, as a shipment does, locks them all, and reads what they hold after that."""
    return (f"order:{name}" for name in data.orders)


def order_and_orders(data: Any) -> Iterable[str]:
    """An answer about goods of an order may decide on all orders of the shipment."""
    return (f"order:{name}" for name in (data.order, *data.orders))


def holders(data: SerialHeld) -> Iterable[str]:
    """A hold concerns the orders that have its units; its lift comes after it."""
    return (f"hold:{data.hold}", *(f"order:{unit.order}" for unit in data.units if unit.order is not None))


def lot_holders(data: LotHeld) -> Iterable[str]:
    """A hold concerns the orders that have some of its lot; its lift comes after it."""
    return (f"hold:{data.hold}", *(f"order:{held.order}" for held in data.stock))


def touched(data: SerialCorrected | LotCorrected) -> bool:
    """Whether orders have any of what was corrected."""
    return bool(data.orders)


ROWS = (
    Takes(
        OrderPlaced, orders.place_orders, order_and_products, "/orders", Standing,
        "placeOrder", "Place an order", status=201,
    ),
    Takes(
        OrderAmended, orders.change_orders, order_and_products, "/orders/{order}/amend", Standing,
        "amendOrder", "Amend an order",
    ),
    Takes(
        OrderCancelled, orders.change_orders, order, "/orders/{order}/cancel", Standing,
        "cancelOrder", "Cancel an order",
    ),
    Takes(
        OrderLineCancelled, orders.change_orders, order, "/orders/{order}/lines/{line}/cancel", Standing,
        "cancelOrderLine", "Cancel an order line",
    ),
    Takes(Pick, picking.take_picks, order, "/picks", GoodsHandled, "pickItems", "Pick serials or lots for an order"),
    Takes(
        ShortPick, picking.take_short_picks, order, "/short-picks", GoodsHandled,
        "reportShortPick", "Report a short pick",
    ),
    Takes(Unpick, picking.take_unpicks, order, "/unpicks", GoodsHandled, "unpickItems", "Put picked items back"),
    Takes(
        Exchange, picking.take_exchanges, order, "/unit-swaps", Exchanging,
        "swapUnit", "Swap an allocated unit for another", status=202,
    ),
    Takes(
        ExchangeStock, picking.take_stock_exchanges, order, "/lot-swaps", Exchanging,
        "swapLot", "Swap an allocated lot for another", status=202,
    ),
    Takes(Pack, shipping.take_packs, order, "/packs", GoodsHandled, "packItems", "Pack items into a carton"),
    Takes(Unpack, shipping.take_unpacks, order, "/unpacks", GoodsHandled, "unpackItems", "Take items out of a carton"),
    Takes(
        Repack, shipping.take_repacks, order, "/carton-moves", GoodsHandled,
        "moveCartonItems", "Move items from one carton to another",
    ),
    Takes(
        CreateShipment, shipping.create_shipments, orders_named, "/shipments", Shipping,
        "createShipment", "Create a shipment", status=201, complete=shipping.name_orders_of_cartons,
    ),
    Takes(
        CancelShipment, shipping.cancel_shipments, orders_named, "/shipments/{shipment}/cancel", Shipping,
        "cancelShipment", "Cancel a shipment", complete=shipping.name_orders_of_shipments,
    ),
    Takes(
        Dispatch, shipping.ask_dispatches, orders_named, "/shipments/{shipment}/dispatch", Dispatching,
        "dispatchShipment", "Dispatch a shipment", status=202, complete=shipping.name_orders_of_shipments,
    ),
    Hears(ProductChanged, orders.hear_products, lambda data: (f"product:{data.sku}",)),
    WAREHOUSES,
    LOCATIONS,
    Hears(SerialAllocated, orders.hear_serials, order),
    Hears(LotAllocated, orders.hear_lots, order),
    Hears(SerialHeld, picking.hear_holds, holders),
    Hears(SerialHoldLifted, picking.hear_lifts, lambda data: (f"hold:{data.hold}",)),
    Hears(LotHeld, picking.hear_lot_holds, lot_holders),
    Hears(LotHoldLifted, picking.hear_lot_lifts, lambda data: (f"hold:{data.hold}",)),
    Hears(SerialCorrected, picking.hear_corrections, orders_named, touched),
    Hears(LotCorrected, picking.hear_lot_corrections, orders_named, touched),
    Hears(DispatchApproved, shipping.hear_approvals, order_and_orders),
    Hears(DispatchRefused, shipping.hear_refusals, order_and_orders),
    Hears(LotDispatchApproved, shipping.hear_approvals, order_and_orders),
    Hears(LotDispatchRefused, shipping.hear_refusals, order_and_orders),
    Hears(OrderProductChanged, orders.wake_orders, order_and_product),
)  # fmt: skip

app = service("fulfillment", ROWS, rejected=OrderRejected, routers=[picking_router, orders_router, shipping_router])
