"""Handler registrations of fulfillment: message type, handler, lock keys, HTTP path."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.api import router as orders_router
from services.fulfillment.orders.domain import (
    FulfillmentUnitOfWork,
    ItemsResult,
    OrderResult,
    apply_allocation,
    change_order,
    place_order,
    publish_carton_contents,
    publish_order_statuses,
    reevaluate_order,
    request_reevaluation,
)
from services.fulfillment.picking import store as picking
from services.fulfillment.picking.api import router as picking_router
from services.fulfillment.picking.domain import (
    SwapAccepted,
    apply_hold,
    correct_expiry,
    pick_items,
    report_short_pick,
    swap_lot,
    swap_unit,
    unpick_items,
)
from services.fulfillment.shipping import store as shipping
from services.fulfillment.shipping.api import router as shipping_router
from services.fulfillment.shipping.domain import (
    DispatchAccepted,
    ShipmentResult,
    approve_dispatch,
    cancel_shipment,
    create_shipment,
    dispatch_shipment,
    move_to_carton,
    pack_items,
    reject_dispatch,
    unpack_items,
)
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
from shared.contracts.fulfillment import OrderReevaluationRequested
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
from shared.messaging.handlers import CommandHandler, EventHandler, Policy
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


def product_key(data: ProductChanged) -> Iterable[str]:
    """Lock the product."""
    return (f"product:{data.sku}",)


def order_keys(data: Any) -> Iterable[str]:
    """Lock all orders of a shipment before their items are read."""
    return (f"order:{order_id}" for order_id in data.orders)


def order_and_shipment_keys(data: Any) -> Iterable[str]:
    """Lock all orders of the shipment: one approval may complete the dispatch of all of them."""
    return (f"order:{order_id}" for order_id in (data.order, *data.orders))


def hold_key(data: SerialHoldReleased | LotHoldReleased) -> Iterable[str]:
    """Lock the released hold."""
    return (f"hold:{data.hold_id}",)


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
        OrderPlaced, place_order, order_and_product_keys, "/orders", OrderResult,
        "placeOrder", "Place an order", success_status=201, load=orders.load_placements,
    ),
    CommandHandler(
        OrderAmended, change_order, order_and_product_keys, "/orders/{order}/amend", OrderResult,
        "amendOrder", "Amend an order", load=orders.load_changes,
    ),
    CommandHandler(
        OrderCancelled, change_order, order_key, "/orders/{order}/cancel", OrderResult,
        "cancelOrder", "Cancel an order", load=orders.load_changes,
    ),
    CommandHandler(
        OrderLineCancelled, change_order, order_key, "/orders/{order}/lines/{line}/cancel", OrderResult,
        "cancelOrderLine", "Cancel an order line", load=orders.load_changes,
    ),
    CommandHandler(
        PickItems, pick_items, order_key, "/picks", ItemsResult,
        "pickItems", "Pick serials or lots for an order", load=picking.load_picking,
    ),
    CommandHandler(
        ReportShortPick, report_short_pick, order_key, "/short-picks", ItemsResult,
        "reportShortPick", "Report a short pick", load=picking.load_picking,
    ),
    CommandHandler(
        UnpickItems, unpick_items, order_key, "/unpicks", ItemsResult,
        "unpickItems", "Unpick items", load=picking.load_picking,
    ),
    CommandHandler(
        SwapUnit, swap_unit, order_key, "/unit-swaps", SwapAccepted,
        "swapUnit", "Swap an allocated unit", success_status=202, load=picking.load_picking,
    ),
    CommandHandler(
        SwapLot, swap_lot, order_key, "/lot-swaps", SwapAccepted,
        "swapLot", "Swap an allocated lot", success_status=202, load=picking.load_picking,
    ),
    CommandHandler(
        PackItems, pack_items, order_key, "/packs", ItemsResult,
        "packItems", "Pack items into a carton", load=shipping.load_packing,
    ),
    CommandHandler(
        UnpackItems, unpack_items, order_key, "/unpacks", ItemsResult,
        "unpackItems", "Unpack items from a carton", load=shipping.load_packing,
    ),
    CommandHandler(
        MoveCartonItems, move_to_carton, order_key, "/carton-moves", ItemsResult,
        "moveCartonItems", "Move items to another carton", load=shipping.load_packing,
    ),
    CommandHandler(
        CreateShipment, create_shipment, order_keys, "/shipments", ShipmentResult, "createShipment",
        "Create a shipment", success_status=201, enrich=shipping.resolve_orders_of_cartons,
        load=shipping.load_shipments,
    ),
    CommandHandler(
        CancelShipment, cancel_shipment, order_keys, "/shipments/{shipment}/cancel", ShipmentResult,
        "cancelShipment", "Cancel a shipment", enrich=shipping.resolve_orders_of_shipments,
        load=shipping.load_shipments,
    ),
    CommandHandler(
        DispatchShipment, dispatch_shipment, order_keys, "/shipments/{shipment}/dispatch", DispatchAccepted,
        "dispatchShipment", "Dispatch a shipment", success_status=202, enrich=shipping.resolve_orders_of_shipments,
        load=shipping.load_dispatches,
    ),
    EventHandler(ProductChanged, request_reevaluation, product_key, load=orders.load_product_changes),
    WAREHOUSE_HANDLER,
    LOCATION_HANDLER,
    EventHandler(SerialAllocated, apply_allocation, order_key, load=orders.load_allocations),
    EventHandler(LotAllocated, apply_allocation, order_key, load=orders.load_allocations),
    EventHandler(SerialHoldPlaced, apply_hold, orders_with_held_units, load=picking.load_serial_holds),
    EventHandler(SerialHoldReleased, None, hold_key, load=picking.delete_unit_holds),
    EventHandler(LotHoldPlaced, apply_hold, orders_with_held_lots, load=picking.load_lot_holds),
    EventHandler(LotHoldReleased, None, hold_key, load=picking.delete_lot_holds),
    EventHandler(SerialExpiryCorrected, correct_expiry, order_keys, affects_orders, load=picking.update_unit_expiry),
    EventHandler(LotDatesCorrected, correct_expiry, order_keys, affects_orders, load=picking.update_lot_expiry),
    EventHandler(SerialDispatchApproved, approve_dispatch, order_and_shipment_keys, load=shipping.load_dispatch_checks),
    EventHandler(SerialDispatchRejected, reject_dispatch, order_and_shipment_keys, load=shipping.load_dispatch_checks),
    EventHandler(LotDispatchApproved, approve_dispatch, order_and_shipment_keys, load=shipping.load_dispatch_checks),
    EventHandler(LotDispatchRejected, reject_dispatch, order_and_shipment_keys, load=shipping.load_dispatch_checks),
    EventHandler(
        OrderReevaluationRequested, reevaluate_order, order_and_changed_product_keys, load=orders.load_changes
    ),
)  # fmt: skip
POLICIES = (Policy(publish_carton_contents), Policy(publish_order_statuses))

app = create_app(
    "fulfillment", HANDLERS, FulfillmentUnitOfWork, [picking_router, orders_router, shipping_router],
    save=orders.save, policies=POLICIES,
)  # fmt: skip
