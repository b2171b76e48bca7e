"""Commands of picking, packing and shipping."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, PrivateAttr, model_validator

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message
from shared.contracts.raw_scans import RawScans, require_scans_or_items
from shared.contracts.topics import FULFILLMENT_COMMANDS
from shared.identifiers import (
    DocumentId,
    LineId,
    Location,
    LotNumber,
    NonNegativeQuantity,
    Quantity,
    Reason,
    SerialNumber,
    ShortText,
    Sku,
    Text,
)


class UnitSelector(ContractModel):
    """A serial-tracked unit as scanned."""

    sku: Sku
    serial: SerialNumber


class LotSelector(ContractModel):
    """A quantity of a lot as scanned.

    `line` is required if several lines of the order request the product. `location` is required if the lot is
    allocated at several locations.
    """

    sku: Sku
    lot: LotNumber = ""
    quantity: Quantity
    line: LineId | None = None
    location: Location | None = None


class MissingLot(LotSelector):
    """A quantity of a lot that is not at its location, and what is left of the lot there at the time of the report.

    With `remaining`, all stock of the lot above it is missing there, also that of other orders.
    """

    remaining: NonNegativeQuantity | None = None


UnitSelectors = Annotated[list[UnitSelector], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
LotSelectors = Annotated[list[LotSelector], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
MissingLots = Annotated[list[MissingLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class ItemsCommand(RawScans):
    """Base class of commands on serial-tracked units, lot quantities, or both; raw scans may name them instead."""

    units: UnitSelectors = []
    stock: LotSelectors = []

    _alternatives: tuple[tuple[str, str], ...] = PrivateAttr(())

    @property
    def alternatives(self) -> tuple[tuple[str, str], ...]:
        """SKU and serial number of some units that may be picked in place of a wrong one."""
        return self._alternatives

    def set_alternatives(self, alternatives: Iterable[tuple[str, str]]) -> None:
        """Set units that may be picked in place of a wrong one."""
        self._alternatives = tuple(alternatives)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        require_scans_or_items(self, "units or stock", is_given=bool(self.units or self.stock))
        if len(self.units) + len(self.stock) > MAX_ITEMS_PER_MESSAGE:
            raise ValueError(f"at most {MAX_ITEMS_PER_MESSAGE} units and lots per message")
        return self


class PickItems(ItemsCommand, type="order.pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Picks items of the pick list and stages them at `location`.

    Any other unit or lot is rejected, with the items to pick instead.
    """

    order: DocumentId
    location: Location


class ReportShortPick(ItemsCommand, type="order.short_pick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Reports items missing at their pick location; replacements are allocated.

    Units are held. Lot quantities stay under investigation until a count of the location; the rest can be picked.
    """

    order: DocumentId
    reason: Reason
    stock: MissingLots = []  # type: ignore[assignment]  # a list of a subclass, which mypy takes for mutable


class UnpickItems(ItemsCommand, type="order.unpick.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Returns picked items to a storage location; the quantity of an open line is allocated again.

    `reallocate` false is rejected while the line is open, since its shortfall would never be filled.
    """

    order: DocumentId
    location: Location
    reallocate: bool = True
    reason: Reason


class SwapUnit(RawScans, type="order.swap_unit.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Replaces an allocated unit by another available unit of the product.

    Raw scans may name either or both: what the order has is replaced by the other one.
    """

    order: DocumentId
    unit: UnitSelector | None = None
    replacement: SerialNumber | None = None
    reason: Reason

    @model_validator(mode="after")
    def _two_items(self) -> Self:
        _require_two_items(self, "unit", self.unit, self.replacement)
        return self


class SwapLot(RawScans, type="order.swap_lot.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Replaces an allocated lot quantity by the same quantity of another lot of the product.

    Raw scans may name either or both: what the order has is replaced by the other one.
    """

    order: DocumentId
    stock: LotSelector | None = None
    replacement: LotNumber | None = None
    reason: Reason

    @model_validator(mode="after")
    def _two_items(self) -> Self:
        _require_two_items(self, "stock", self.stock, self.replacement)
        return self


def _require_two_items(command: RawScans, name: str, *given: object) -> None:
    if len(command.scans) + sum(item is not None for item in given) != len(given):
        raise ValueError(f"{name} and replacement required, each in its field or as one of the scans")


class PackItems(ItemsCommand, type="carton.pack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Packs picked items into a carton of the order; the first item opens the carton.

    Here as in all commands, the SSCC on the label of a carton, in any spelling, may stand for its number.
    """

    order: DocumentId
    carton: DocumentId


class UnpackItems(ItemsCommand, type="carton.unpack.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Removes items from a carton."""

    order: DocumentId
    carton: DocumentId


class MoveCartonItems(ItemsCommand, type="carton.move_items.v1", topic=FULFILLMENT_COMMANDS, key="order"):
    """Moves items from one carton of the order to another."""

    order: DocumentId
    carton: DocumentId
    to_carton: DocumentId


OrderIds = Annotated[list[DocumentId], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
"""The orders of a shipment, which its commands lock; if omitted, they are looked up from the packed cartons.
Senders that submit packing and shipment commands together must list them."""


class CreateShipment(Message, type="shipment.create.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """Creates a shipment of cartons of one or several orders of one warehouse."""

    shipment: DocumentId
    orders: OrderIds = []
    cartons: Annotated[list[DocumentId], Field(min_length=1, max_length=MAX_ITEMS_PER_MESSAGE)]
    carrier: ShortText = ""
    tracking_number: Annotated[Text, Field(max_length=128)] = ""


class CancelShipment(Message, type="shipment.cancel.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """Cancels a shipment before its dispatch; its cartons are available for another shipment."""

    shipment: DocumentId
    orders: OrderIds = []
    reason: Reason


class DispatchShipment(Message, type="shipment.dispatch.v1", topic=FULFILLMENT_COMMANDS, key="shipment"):
    """Dispatches a shipment once all dispatch checks are approved."""

    shipment: DocumentId
    orders: OrderIds = []
