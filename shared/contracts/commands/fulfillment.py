"""Commands of picking, packing and shipping."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_UNITS, Fact, Model
from shared.contracts.topics import FULFILLMENT_COMMANDS
from shared.identifiers import DocumentId, LineId, Location, LotNumber, Quantity, Reason, SerialNumber, Sku


class Unit(Model):
    """One serialised unit as it was scanned."""

    sku: Sku
    serial: SerialNumber


class Stock(Model):
    """So much of a lot as it was scanned; the line where several lines of the order want the product, the place where
    the lot is to be taken from several."""

    sku: Sku
    lot: LotNumber = ""
    quantity: Quantity
    line: LineId | None = None
    location: Location | None = None


Units = Annotated[list[Unit], Field(max_length=MAX_UNITS)]
Counted = Annotated[list[Stock], Field(max_length=MAX_UNITS)]


class OnGoods(Fact):
    """A command on serialised units, on counted goods, or on both."""

    units: Units = []
    stock: Counted = []

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.units and not self.stock:
            raise ValueError("name units, stock or both")
        if len(self.units) + len(self.stock) > MAX_UNITS:
            raise ValueError(f"at most {MAX_UNITS} units and lots in one message")
        return self


class Pick(OnGoods, type="unit.pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Goods of the pick list were scanned and staged; any other unit or lot is refused, with which to take."""

    order: DocumentId
    location: Location


class ShortPick(OnGoods, type="unit.short_pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Goods of the pick list are not where they should be: they go back held, and others are sought."""

    order: DocumentId
    reason: Reason


class Unpick(OnGoods, type="unit.unpick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Picked goods were put back to a storage place: what a live line has lost so is wanted anew.

    `again` false is refused while the line is wanted: it would be short with nobody seeking.
    """

    order: DocumentId
    location: Location
    again: bool = True
    reason: Reason


class Exchange(Fact, type="unit.exchange.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """A supervisor takes another free unit of the product instead of an allocated one."""

    order: DocumentId
    unit: Unit
    instead: SerialNumber
    reason: Reason


class ExchangeStock(Fact, type="stock.exchange.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """A supervisor takes as much of another lot of the product instead of an allocated one."""

    order: DocumentId
    stock: Stock
    instead: LotNumber
    reason: Reason


class Pack(OnGoods, type="carton.pack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Picked goods were laid into a carton of the order; the first opens it."""

    order: DocumentId
    carton: DocumentId


class Unpack(OnGoods, type="carton.unpack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Goods were taken out of a carton again."""

    order: DocumentId
    carton: DocumentId


class Repack(OnGoods, type="carton.move.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Goods were moved from one carton of the order to another."""

    order: DocumentId
    carton: DocumentId
    to_carton: DocumentId


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
    """Send a shipment off, once the owners of its goods have agreed."""

    shipment: DocumentId
    orders: Orders = []
