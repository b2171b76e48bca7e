"""Commands of the next step of an order."""

from collections.abc import Sequence

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    LotSelector,
    PackItems,
    PickItems,
    UnitSelector,
)
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import Message
from shared.contracts.upstream import Customer, OrderCancelled, OrderPlaced
from tests.faults.plan import STAGING, WAREHOUSE, UnitKey
from tests.faults.tracked_order import ZERO, TrackedOrder
from tests.faults.upstream import ACTOR


def placement(order: TrackedOrder, customer: str) -> OrderPlaced:
    """Return the message that places the order."""
    return OrderPlaced(order=order.name, warehouse=WAREHOUSE, customer=Customer(id=customer), lines=order.lines)


def cancel_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that cancels the order."""
    return [OrderCancelled(order=order.name)]


def pick_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that picks all items to pick; it may precede the events of the stock owners."""
    stock = [
        LotSelector(sku=order.lot_line.sku, lot=lot, quantity=quantity, location=location)
        for (lot, location), quantity in sorted(order.lots.items())
    ]
    units = select_units(order.allocated - order.picked)
    return [PickItems(actor=ACTOR, order=order.name, units=units, stock=stock, location=STAGING)]


def pack_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that packs all picked items into one carton."""
    quantities = {lot: picked - order.packed_lots.get(lot, ZERO) for lot, picked in order.picked_lots.items()}
    stock = [
        LotSelector(sku=order.lot_line.sku, lot=lot, quantity=quantity)
        for lot, quantity in sorted(quantities.items()) if quantity
    ]  # fmt: skip
    units = select_units(order.picked - order.packed_units)
    return [PackItems(actor=ACTOR, order=order.name, carton=f"{order.name}-B", units=units, stock=stock)]


def shipping_commands(orders: Sequence[TrackedOrder]) -> list[Message]:
    """Return the commands that ship and dispatch the orders; empty until all are packed."""
    if not all(order.packed for order in orders):
        return []
    names, cartons = [order.name for order in orders], [f"{order.name}-B" for order in orders]
    shipment = orders[0].shipment
    return [
        CreateShipment(actor=ACTOR, shipment=shipment, orders=names, cartons=cartons, carrier="PARCEL"),
        DispatchShipment(actor=ACTOR, shipment=shipment, orders=names),
    ]


def restrict_to(message: Message, ids: list[str]) -> Message:
    """Restrict a command to its rejected items."""
    match message:
        case PutAwaySerials(serials=serials):
            return message.model_copy(update={"serials": [item for item in serials if item in ids] or serials})
        case PickItems(units=units, stock=stock) | PackItems(units=units, stock=stock):
            matching_units, matching_lots = (
                [item for item in units if item.serial in ids],
                [item for item in stock if item.lot in ids],
            )
            return (
                message.model_copy(update={"units": matching_units, "stock": matching_lots})
                if matching_units or matching_lots
                else message
            )
        case _:
            return message


def select_units(keys: set[UnitKey]) -> list[UnitSelector]:
    """Return the units as scanned."""
    return [UnitSelector(sku=sku, serial=serial) for sku, serial in sorted(keys)]
