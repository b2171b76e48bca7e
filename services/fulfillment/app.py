"""Handlers and policies of the fulfillment service, with their lock keys and HTTP paths."""

from collections.abc import Iterator
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
    correct_lot_number,
    pick_items,
    release_revoked,
    remove_missing_stock,
    remove_missing_units,
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
from shared.auth.roles import Role
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
from shared.contracts.lot_corrections import LotDatesCorrected, LotNumberCorrected
from shared.contracts.lots import (
    LotAllocated,
    LotAllocationsRevoked,
    LotDispatchApproved,
    LotDispatchRejected,
    LotHoldPlaced,
    LotHoldReleased,
    LotStockMissing,
)
from shared.contracts.problems import Code
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import (
    SerialAllocated,
    SerialAllocationsRevoked,
    SerialDispatchApproved,
    SerialDispatchRejected,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialStockMissing,
)
from shared.contracts.topics import OMS_ORDERS
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.http.waiting import router as waiting_router
from shared.inventory.reference_data import LOCATION_HANDLER, WAREHOUSE_HANDLER
from shared.messaging.handlers import CommandHandler, EventHandler, Policy
from shared.messaging.waiting import build_waiting_job
from shared.runtime import create_app


def order_lock(data: Any) -> Iterator[str]:
    """Return the lock key of the order, which guards its items, demands and cartons."""
    yield f"order:{data.order}"


def order_and_product_locks(data: Any) -> Iterator[str]:
    """Return the lock keys of the order and its products: no definition is missed while the order is placed."""
    yield from order_lock(data)
    yield from (f"product:{line.sku}" for line in data.lines)


def order_and_changed_product_locks(data: OrderReevaluationRequested) -> Iterator[str]:
    """Return the lock keys of the order and, if its product has changed, of the product."""
    yield from order_lock(data)
    if data.sku is not None:
        yield f"product:{data.sku}"


def product_lock(data: ProductChanged) -> Iterator[str]:
    """Return the lock key of the product."""
    yield f"product:{data.sku}"


def order_locks(data: Any) -> Iterator[str]:
    """Return the lock keys of all listed orders, before their items are read."""
    yield from (f"order:{order_id}" for order_id in data.orders)


def checked_order_locks(data: Any) -> Iterator[str]:
    """Return the lock keys of all orders of the shipment: one approval may complete the dispatch of all of them."""
    yield from order_lock(data)
    yield from order_locks(data)


def hold_lock(data: SerialHoldPlaced | SerialHoldReleased | LotHoldPlaced | LotHoldReleased) -> Iterator[str]:
    """Return the lock key of the hold, so that its release is processed after its placement."""
    yield f"hold:{data.hold_id}"


def unit_hold_locks(data: SerialHoldPlaced) -> Iterator[str]:
    """Return the lock keys of the hold and of the orders of the held units."""
    yield from hold_lock(data)
    yield from (f"order:{unit.order}" for unit in data.units)


def lot_hold_locks(data: LotHoldPlaced) -> Iterator[str]:
    """Return the lock keys of the hold and of the orders of the held lot."""
    yield from hold_lock(data)
    yield from (f"order:{affected.order}" for affected in data.stock)


def affected_unit_locks(data: SerialStockMissing | SerialAllocationsRevoked) -> Iterator[str]:
    """Return the lock keys of the orders whose units are missing or revoked."""
    yield from {f"order:{unit.order}" for unit in data.units}


def affected_order_locks(data: LotStockMissing | LotAllocationsRevoked | LotNumberCorrected) -> Iterator[str]:
    """Return the lock keys of the orders whose stock is missing, revoked or has another number."""
    yield from {f"order:{affected.order}" for affected in data.stock}


def affects_orders(data: SerialExpiryCorrected | LotDatesCorrected | LotNumberCorrected) -> bool:
    """Whether the correction affects stock of orders."""
    return bool(data.stock if isinstance(data, LotNumberCorrected) else data.orders)


HANDLERS = (
    CommandHandler(
        OrderPlaced, place_order, order_and_product_locks, "/orders", OrderResult,
        "placeOrder", "Place an order", success_status=201, load=orders.load_placements, role=Role.INTEGRATOR,
    ),
    CommandHandler(
        OrderAmended, change_order, order_and_product_locks, "/orders/{order}/amend", OrderResult,
        "amendOrder", "Amend an order", may_wait=True, load=orders.load_changes, role=Role.INTEGRATOR,
    ),
    CommandHandler(
        OrderCancelled, change_order, order_lock, "/orders/{order}/cancel", OrderResult,
        "cancelOrder", "Cancel an order", may_wait=True, load=orders.load_changes, role=Role.INTEGRATOR,
    ),
    CommandHandler(
        OrderLineCancelled, change_order, order_lock, "/orders/{order}/lines/{line}/cancel", OrderResult,
        "cancelOrderLine", "Cancel an order line", may_wait=True, load=orders.load_changes, role=Role.INTEGRATOR,
    ),
    CommandHandler(
        PickItems, pick_items, order_lock, "/picks", ItemsResult,
        "pickItems", "Pick serials or lots for an order", enrich=orders.read_scans, load=picking.load_picking,
    ),
    CommandHandler(
        ReportShortPick, report_short_pick, order_lock, "/short-picks", ItemsResult,
        "reportShortPick", "Report a short pick", enrich=orders.read_scans, load=picking.load_picking,
    ),
    CommandHandler(
        UnpickItems, unpick_items, order_lock, "/unpicks", ItemsResult,
        "unpickItems", "Unpick items", enrich=orders.read_scans, load=picking.load_picking,
    ),
    CommandHandler(
        SwapUnit, swap_unit, order_lock, "/unit-swaps", SwapAccepted,
        "swapUnit", "Swap an allocated unit", success_status=202, enrich=orders.read_scans, load=picking.load_picking,
        role=Role.SUPERVISOR,
    ),
    CommandHandler(
        SwapLot, swap_lot, order_lock, "/lot-swaps", SwapAccepted,
        "swapLot", "Swap an allocated lot", success_status=202, enrich=orders.read_scans, load=picking.load_picking,
        role=Role.SUPERVISOR,
    ),
    CommandHandler(
        PackItems, pack_items, order_lock, "/packs", ItemsResult,
        "packItems", "Pack items into a carton", enrich=orders.read_packing_scans, load=shipping.load_packing,
    ),
    CommandHandler(
        UnpackItems, unpack_items, order_lock, "/unpacks", ItemsResult,
        "unpackItems", "Unpack items from a carton", enrich=orders.read_packing_scans, load=shipping.load_packing,
    ),
    CommandHandler(
        MoveCartonItems, move_to_carton, order_lock, "/carton-moves", ItemsResult,
        "moveCartonItems", "Move items to another carton", enrich=orders.read_packing_scans, load=shipping.load_packing,
    ),
    CommandHandler(
        CreateShipment, create_shipment, order_locks, "/shipments", ShipmentResult, "createShipment",
        "Create a shipment", success_status=201, enrich=shipping.resolve_orders_of_cartons,
        load=shipping.load_shipments,
    ),
    CommandHandler(
        CancelShipment, cancel_shipment, order_locks, "/shipments/{shipment}/cancel", ShipmentResult,
        "cancelShipment", "Cancel a shipment", enrich=shipping.resolve_orders_of_shipments,
        load=shipping.load_shipments, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        DispatchShipment, dispatch_shipment, order_locks, "/shipments/{shipment}/dispatch", DispatchAccepted,
        "dispatchShipment", "Dispatch a shipment", success_status=202, enrich=shipping.resolve_orders_of_shipments,
        load=shipping.load_dispatches,
    ),
    EventHandler(ProductChanged, request_reevaluation, product_lock, load=orders.load_product_changes),
    WAREHOUSE_HANDLER._replace(handle=request_reevaluation, load=orders.load_warehouse_changes),
    LOCATION_HANDLER,
    EventHandler(SerialAllocated, apply_allocation, order_lock, load=orders.load_allocations),
    EventHandler(LotAllocated, apply_allocation, order_lock, load=orders.load_allocations),
    EventHandler(SerialHoldPlaced, apply_hold, unit_hold_locks, load=picking.load_serial_holds),
    EventHandler(SerialHoldReleased, None, hold_lock, load=picking.delete_unit_holds),
    EventHandler(LotHoldPlaced, apply_hold, lot_hold_locks, load=picking.load_lot_holds),
    EventHandler(LotHoldReleased, None, hold_lock, load=picking.delete_lot_holds),
    EventHandler(SerialStockMissing, remove_missing_units, affected_unit_locks, load=picking.load_missing_units),
    EventHandler(LotStockMissing, remove_missing_stock, affected_order_locks, load=picking.load_affected_orders),
    EventHandler(
        SerialAllocationsRevoked, release_revoked, affected_unit_locks, load=picking.load_revoked_units
    ),
    EventHandler(
        LotAllocationsRevoked, release_revoked, affected_order_locks, load=picking.load_affected_orders
    ),
    EventHandler(SerialExpiryCorrected, correct_expiry, order_locks, affects_orders, load=picking.update_unit_expiry),
    EventHandler(LotDatesCorrected, correct_expiry, order_locks, affects_orders, load=picking.update_lot_expiry),
    EventHandler(SerialDispatchApproved, approve_dispatch, checked_order_locks, load=shipping.load_dispatch_checks),
    EventHandler(SerialDispatchRejected, reject_dispatch, checked_order_locks, load=shipping.load_dispatch_checks),
    EventHandler(
        LotNumberCorrected, correct_lot_number, affected_order_locks, affects_orders, picking.load_lot_corrections
    ),
    EventHandler(LotDispatchApproved, approve_dispatch, checked_order_locks, load=shipping.load_dispatch_checks),
    EventHandler(LotDispatchRejected, reject_dispatch, checked_order_locks, load=shipping.load_dispatch_checks),
    EventHandler(
        OrderReevaluationRequested, reevaluate_order, order_and_changed_product_locks, load=orders.load_changes
    ),
)  # fmt: skip

POLICIES = (Policy(publish_carton_contents, reads_saved_changes=False), Policy(publish_order_statuses))
"""Changed cartons and orders are published once, whatever changed them."""

JOBS = (build_waiting_job(OMS_ORDERS, "order", Code.ORDER_NOT_FOUND),)

app = create_app(
    "fulfillment", HANDLERS, FulfillmentUnitOfWork, [picking_router, orders_router, shipping_router, waiting_router],
    save=orders.save, policies=POLICIES, jobs=JOBS,
)  # fmt: skip
