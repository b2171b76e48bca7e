"""Business rules of orders, free of I/O: they change a unit of work and emit events."""

from services.fulfillment.orders.domain.allocations import apply_allocation
from services.fulfillment.orders.domain.context import MessageContext, OrderLogEntry, collect_batch_events
from services.fulfillment.orders.domain.demands import Product, Products, create_demand, reevaluate_product
from services.fulfillment.orders.domain.early_messages import apply_change, apply_early_messages
from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, AllocatedUnit, UnitKey
from services.fulfillment.orders.domain.place import place_order
from services.fulfillment.orders.domain.records import Demand, Line, Order, OrderCustomer
from services.fulfillment.orders.domain.release import release, remove_from_order, request_replacement
from services.fulfillment.orders.domain.results import (
    ItemsResult,
    OrderResult,
    items_result,
    order_result,
    pending_order_result,
)
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork, WorkingSet

__all__ = [
    "AllocatedItem",
    "AllocatedLot",
    "AllocatedUnit",
    "Demand",
    "FulfillmentUnitOfWork",
    "ItemsResult",
    "Line",
    "MessageContext",
    "Order",
    "OrderCustomer",
    "OrderLogEntry",
    "OrderResult",
    "Product",
    "Products",
    "UnitKey",
    "WorkingSet",
    "apply_allocation",
    "apply_change",
    "apply_early_messages",
    "collect_batch_events",
    "create_demand",
    "items_result",
    "order_result",
    "pending_order_result",
    "place_order",
    "reevaluate_product",
    "release",
    "remove_from_order",
    "request_replacement",
]
