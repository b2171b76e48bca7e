"""Business rules of orders, free of I/O: they change a unit of work and emit events."""

from services.fulfillment.orders.domain.allocations import apply_allocation
from services.fulfillment.orders.domain.changes import change_order, place_order
from services.fulfillment.orders.domain.demands import create_demand, reevaluate_order, request_reevaluation
from services.fulfillment.orders.domain.events import publish_carton_contents, publish_order_statuses
from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, AllocatedUnit, UnitKey
from services.fulfillment.orders.domain.records import Demand, Line, Order, Product
from services.fulfillment.orders.domain.release import release, unpick
from services.fulfillment.orders.domain.results import ItemsResult, OrderResult, items_result
from services.fulfillment.orders.domain.shipment_records import Carton, DispatchCheck, Reason, Shipment
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork, OrderAction, OrderLogEntry

__all__ = [
    "AllocatedItem",
    "AllocatedLot",
    "AllocatedUnit",
    "Carton",
    "Demand",
    "DispatchCheck",
    "FulfillmentUnitOfWork",
    "ItemsResult",
    "Line",
    "Order",
    "OrderAction",
    "OrderLogEntry",
    "OrderResult",
    "Product",
    "Reason",
    "Shipment",
    "UnitKey",
    "apply_allocation",
    "change_order",
    "create_demand",
    "items_result",
    "place_order",
    "publish_carton_contents",
    "publish_order_statuses",
    "reevaluate_order",
    "release",
    "request_reevaluation",
    "unpick",
]
