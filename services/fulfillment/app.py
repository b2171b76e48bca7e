"""Handler registrations of fulfillment: message type, handler, lock keys, HTTP path."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders import handlers as orders
from services.fulfillment.orders.api import router as orders_router
from services.fulfillment.orders.domain import ItemsResult, OrderResult
from services.fulfillment.picking import handlers as picking
from services.fulfillment.picking.api import router as picking_router
from services.fulfillment.picking.domain import SwapAccepted
from services.fulfillment.shipping import handlers as shipping
from services.fulfillment.shipping.api import router as shipping_router
from services.fulfillment.shipping.domain.dispatch import DispatchAccepted
from services.fulfillment.shipping.domain.shipments import ShipmentResult
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapLot,
    SwapUnit,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.fulfillment import OrderReevaluationRequested, OrderRejected
from shared.contracts.lots import (
    LotAllocated,
    LotDatesCorrected,
    LotDispatchApproved,
    LotDispatchRejected,
    LotHoldPlaced,
    LotHoldReleased,
)
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import (
    SerialAllocated,
    SerialDispatchApproved,
    SerialDispatchRejected,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
)
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.inventory.reference_data import LOCATION_HANDLER, WAREHOUSE_HANDLER
from shared.messaging.handlers import CommandHandler, EventHandler
from shared.runtime import create_app


def order_key(data: Any) -> Iterable[str]:
    """Lock the order."""
    return (f"order:{data.order}",)


def order_and_product_keys(data: Any) -> Iterable[str]:
    """Lock the order and its products, so that no product definition is missed while the order is placed."""
    return (f"order:{data.order}", *(f"product:{line.sku}" for line in data.lines))


def order_and_changed_product_keys(data: OrderReevaluationRequested) -> Iterable[str]:
    """Lock the order and the product that has changed."""
    return (f"order:{data.order}", f"product:{data.sku}")


def order_keys(data: Any) -> Iterable[str]:
    """Lock all orders of a shipment before their items are read."""
    return (f"order:{order_id}" for order_id in data.orders)


def order_and_shipment_keys(data: Any) -> Iterable[str]:
    """Lock all orders of the shipment: one approval may complete the dispatch of all of them."""
    return (f"order:{order_id}" for order_id in (data.order, *data.orders))


def orders_with_held_units(data: SerialHoldPlaced) -> Iterable[str]:
    """Lock the hold, so that its release is processed later, and the orders of the held units."""
    return (f"hold:{data.hold_id}", *(f"order:{unit.order}" for unit in data.units if unit.order is not None))


def orders_with_held_lots(data: LotHoldPlaced) -> Iterable[str]:
    """Lock the hold, so that its release is processed later, and the orders of the held lot."""
    return (f"hold:{data.hold_id}", *(f"order:{affected.order}" for affected in data.stock))


def affects_orders(data: SerialExpiryCorrected | LotDatesCorrected) -> bool:
    """Whether the correction affects stock of orders."""
    return bool(data.orders)


HANDLERS = (
    CommandHandler(
        OrderPlaced, orders.place_orders, order_and_product_keys, "/orders", OrderResult,
        "placeOrder", "Place an order", success_status=201,
    ),
    CommandHandler(
        OrderAmended, orders.change_orders, order_and_product_keys, "/orders/{order}/amend", OrderResult,
        "amendOrder", "Amend an order",
    ),
    CommandHandler(
        OrderCancelled, orders.change_orders, order_key, "/orders/{order}/cancel", OrderResult,
        "cancelOrder", "Cancel an order",
    ),
    CommandHandler(
        OrderLineCancelled, orders.change_orders, order_key, "/orders/{order}/lines/{line}/cancel", OrderResult,
        "cancelOrderLine", "Cancel an order line",
    ),
    CommandHandler(
        PickItems, picking.pick, order_key, "/picks", ItemsResult, "pickItems", "Pick serials or lots for an order",
    ),
    CommandHandler(
        ReportShortPick, picking.short_pick, order_key, "/short-picks", ItemsResult,
        "reportShortPick", "Report a short pick",
    ),
    CommandHandler(UnpickItems, picking.unpick, order_key, "/unpicks", ItemsResult, "unpickItems", "Unpick items"),
    CommandHandler(
        SwapUnit, picking.swap_units, order_key, "/unit-swaps", SwapAccepted,
        "swapUnit", "Swap an allocated unit", success_status=202,
    ),
    CommandHandler(
        SwapLot, picking.swap_lots, order_key, "/lot-swaps", SwapAccepted,
        "swapLot", "Swap an allocated lot", success_status=202,
    ),
    CommandHandler(PackItems, shipping.pack, order_key, "/packs", ItemsResult, "packItems", "Pack items into a carton"),
    CommandHandler(
        UnpackItems, shipping.unpack, order_key, "/unpacks", ItemsResult, "unpackItems", "Unpack items from a carton",
    ),
    CommandHandler(
        MoveCartonItems, shipping.move_items, order_key, "/carton-moves", ItemsResult,
        "moveCartonItems", "Move items to another carton",
    ),
    CommandHandler(
        CreateShipment, shipping.create_shipments, order_keys, "/shipments", ShipmentResult,
        "createShipment", "Create a shipment", success_status=201, enrich=shipping.resolve_orders_of_cartons,
    ),
    CommandHandler(
        CancelShipment, shipping.cancel_shipments, order_keys, "/shipments/{shipment}/cancel", ShipmentResult,
        "cancelShipment", "Cancel a shipment", enrich=shipping.resolve_orders_of_shipments,
    ),
    CommandHandler(
        DispatchShipment, shipping.request_dispatch, order_keys, "/shipments/{shipment}/dispatch", DispatchAccepted,
        "dispatchShipment", "Dispatch a shipment", success_status=202, enrich=shipping.resolve_orders_of_shipments,
    ),
    EventHandler(ProductChanged, orders.on_product_changed, lambda data: (f"product:{data.sku}",)),
    WAREHOUSE_HANDLER,
    LOCATION_HANDLER,
    EventHandler(SerialAllocated, orders.on_serial_allocated, order_key),
    EventHandler(LotAllocated, orders.on_lot_allocated, order_key),
    EventHandler(SerialHoldPlaced, picking.on_serial_hold_placed, orders_with_held_units),
    EventHandler(SerialHoldReleased, picking.on_serial_hold_released, lambda data: (f"hold:{data.hold_id}",)),
    EventHandler(LotHoldPlaced, picking.on_lot_hold_placed, orders_with_held_lots),
    EventHandler(LotHoldReleased, picking.on_lot_hold_released, lambda data: (f"hold:{data.hold_id}",)),
    EventHandler(SerialExpiryCorrected, picking.on_serial_expiry_corrected, order_keys, affects_orders),
    EventHandler(LotDatesCorrected, picking.on_lot_dates_corrected, order_keys, affects_orders),
    EventHandler(SerialDispatchApproved, shipping.on_dispatch_approved, order_and_shipment_keys),
    EventHandler(SerialDispatchRejected, shipping.on_dispatch_rejected, order_and_shipment_keys),
    EventHandler(LotDispatchApproved, shipping.on_dispatch_approved, order_and_shipment_keys),
    EventHandler(LotDispatchRejected, shipping.on_dispatch_rejected, order_and_shipment_keys),
    EventHandler(OrderReevaluationRequested, orders.on_order_reevaluation_requested, order_and_changed_product_keys),
)  # fmt: skip

app = create_app(
    "fulfillment", HANDLERS, rejection_type=OrderRejected, routers=[picking_router, orders_router, shipping_router]
)
