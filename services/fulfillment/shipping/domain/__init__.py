"""The rules of packing and shipping, pure; on the book of orders and the yard of cartons and shipments."""

from services.fulfillment.shipping.domain.cartons import pack, repack, unpack
from services.fulfillment.shipping.domain.checks import Approved, Refused, approve, refuse
from services.fulfillment.shipping.domain.dispatch import Dispatching, dispatch, dispatching
from services.fulfillment.shipping.domain.shipments import Shipping, cancel, create, shipping
from services.fulfillment.shipping.domain.yard import Carton, Check, Reason, Shipment, Yard

__all__ = [
    "Approved",
    "Carton",
    "Check",
    "Dispatching",
    "Reason",
    "Refused",
    "Shipment",
    "Shipping",
    "Yard",
    "approve",
    "cancel",
    "create",
    "dispatch",
    "dispatching",
    "pack",
    "refuse",
    "repack",
    "shipping",
    "unpack",
]
