"""Business rules of packing and shipping, free of I/O."""

from services.fulfillment.shipping.domain.cartons import move_to_carton, pack_items, unpack_items
from services.fulfillment.shipping.domain.checks import approve_dispatch, reject_dispatch
from services.fulfillment.shipping.domain.dispatch import DispatchAccepted, dispatch_shipment
from services.fulfillment.shipping.domain.shipments import ShipmentResult, cancel_shipment, create_shipment

__all__ = [
    "DispatchAccepted",
    "ShipmentResult",
    "approve_dispatch",
    "cancel_shipment",
    "create_shipment",
    "dispatch_shipment",
    "move_to_carton",
    "pack_items",
    "reject_dispatch",
    "unpack_items",
]
