"""Business rules of packing and shipping, free of I/O."""

from services.fulfillment.shipping.domain.cartons import move_to_carton, pack_items, unpack_items
from services.fulfillment.shipping.domain.checks import ApprovalEvent, RejectionEvent, approve_dispatch, reject_dispatch
from services.fulfillment.shipping.domain.dispatch import DispatchAccepted, dispatch_accepted, dispatch_shipment
from services.fulfillment.shipping.domain.shipments import (
    ShipmentResult,
    cancel_shipment,
    create_shipment,
    shipment_result,
)
from services.fulfillment.shipping.domain.unit_of_work import (
    Carton,
    DispatchCheck,
    Reason,
    Shipment,
    ShippingUnitOfWork,
)

__all__ = [
    "ApprovalEvent",
    "Carton",
    "DispatchAccepted",
    "DispatchCheck",
    "Reason",
    "RejectionEvent",
    "Shipment",
    "ShipmentResult",
    "ShippingUnitOfWork",
    "approve_dispatch",
    "cancel_shipment",
    "create_shipment",
    "dispatch_accepted",
    "dispatch_shipment",
    "move_to_carton",
    "pack_items",
    "reject_dispatch",
    "shipment_result",
    "unpack_items",
]
