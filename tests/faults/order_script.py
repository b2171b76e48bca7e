"""Progress of an order: state from events, and the commands of the next step."""

from collections.abc import Sequence
from decimal import Decimal

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
from shared.contracts.fulfillment import OrderLotsPicked, OrderSerialsPicked, OrderStatusChanged
from shared.contracts.lots import LotAllocated
from shared.contracts.serials import SerialAllocated
from shared.contracts.upstream import OrderCancelled
from tests.faults.plan import STAGING, TrackedOrder
from tests.faults.upstream import ACTOR


def update_order(order: TrackedOrder, data: Message) -> None:
    """Update the state of an order from an event."""
    match data:
        case SerialAllocated(sku=sku, allocated=allocated):
            order.allocated |= {(sku, unit.serial) for unit in allocated}
        case LotAllocated(allocated=allocated):
            for lot in allocated:
                key = (lot.lot, lot.location)
                order.lots[key] = order.lots.get(key, Decimal(0)) + lot.quantity
        case OrderSerialsPicked(sku=sku, serials=serials):
            order.picked |= {(sku, serial) for serial in serials}
        case OrderLotsPicked(lots=lots):
            order.lots_picked += sum((picked_lot.quantity for picked_lot in lots), Decimal(0))
        case OrderStatusChanged(status=status, lines=lines):
            order.cancelled |= status in ("CANCELLED", "CLOSED_SHORT")
            for line in lines:
                if line.line == order.lines[-1].line:
                    order.lots_listed = max(order.lots_listed, Decimal(str(line.allocated)))


def cancel_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that cancels the order."""
    return [OrderCancelled(order=order.name)]


def pick_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that picks all items; it may precede the events of the stock owners."""
    stock = [
        LotSelector(sku=order.lines[-1].sku, lot=lot, quantity=quantity, location=location)
        for (lot, location), quantity in sorted(order.lots.items())
    ]
    return [PickItems(actor=ACTOR, order=order.name, units=_units(order.allocated), stock=stock, location=STAGING)]


def pack_commands(order: TrackedOrder) -> list[Message]:
    """Return the command that packs all items into one carton."""
    quantities: dict[str, Decimal] = {}
    for (lot, _), quantity in order.lots.items():
        quantities[lot] = quantities.get(lot, Decimal(0)) + quantity
    stock = [
        LotSelector(sku=order.lines[-1].sku, lot=lot, quantity=quantity) for lot, quantity in sorted(quantities.items())
    ]
    return [PackItems(actor=ACTOR, order=order.name, carton=f"{order.name}-B", units=_units(order.picked), stock=stock)]


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
        case PickItems(units=units, stock=stock):
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


def _units(keys: set[tuple[str, str]]) -> list[UnitSelector]:
    return [UnitSelector(sku=sku, serial=serial) for sku, serial in sorted(keys)]
