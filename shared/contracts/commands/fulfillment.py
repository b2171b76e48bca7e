"""Commands of picking, packing and shipping."""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import MAX_UNITS, Fact, Model
from shared.contracts.topics import FULFILLMENT_COMMANDS
from shared.identifiers import DocumentId, Location, Reason, SerialNumber, Sku


class Unit(Model):
    """One serialised unit as it was scanned."""

    sku: Sku
    serial: SerialNumber


Units = Annotated[list[Unit], Field(min_length=1, max_length=MAX_UNITS)]


class Pick(Fact, type="unit.pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Units of the pick list were scanned and staged; any other unit is refused, with whose it is (S20)."""

    order: DocumentId
    units: Units
    location: Location


class ShortPick(Fact, type="unit.short_pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Units of the pick list are not where they should be: they go back held, and others are sought."""

    order: DocumentId
    units: Units
    reason: Reason


class Unpick(Fact, type="unit.unpick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Picked units were put back to a storage place (S12); unwanted ones of a cancelled order, or wanted anew."""

    order: DocumentId
    units: Units
    location: Location
    again: bool = True
    reason: Reason


class Exchange(Fact, type="unit.exchange.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """A supervisor takes another free unit of the product instead of an allocated one."""

    order: DocumentId
    unit: Unit
    instead: SerialNumber
    reason: Reason


class Pack(Fact, type="carton.pack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Picked units were laid into a carton of the order; the first opens it (S21)."""

    order: DocumentId
    carton: DocumentId
    units: Units


class Unpack(Fact, type="carton.unpack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Units were taken out of a carton again."""

    order: DocumentId
    carton: DocumentId
    units: Units


class Repack(Fact, type="carton.move.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Units were moved from one carton of the order to another."""

    order: DocumentId
    carton: DocumentId
    to_carton: DocumentId
    units: Units


Orders = Annotated[list[DocumentId], Field(max_length=MAX_UNITS)]
"""The orders of a shipment, all of which its commands lock; left out, they are filled in from what is known by then.
Who sends a shipment's commands in one go with its packing names them."""


class CreateShipment(Fact, type="shipment.create.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """Cartons of one or several orders of one warehouse leave together."""

    shipment: DocumentId
    orders: Orders = []
    cartons: Annotated[list[DocumentId], Field(min_length=1, max_length=MAX_UNITS)]
    carrier: Annotated[str, Field(max_length=64)] = ""
    tracking_number: Annotated[str, Field(max_length=128)] = ""


class CancelShipment(Fact, type="shipment.cancel.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """A shipment that has not left is given up; its cartons are free for another."""

    shipment: DocumentId
    orders: Orders = []
    reason: Reason


class Dispatch(Fact, type="shipment.dispatch.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """Send a shipment off, once the owners of its goods have agreed (S10, S28)."""

    shipment: DocumentId
    orders: Orders = []
