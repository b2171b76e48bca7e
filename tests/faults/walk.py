"""An order's way through the house, as the floor goes it: what news says of it, and the commands that move it on."""

from collections.abc import Sequence
from decimal import Decimal

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Pack, Pick, Stock, Unit
from shared.contracts.commands.serials import PutAway
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import OrderChanged, StockPicked, UnitPicked
from shared.contracts.lots import LotAllocated
from shared.contracts.serials import SerialAllocated
from shared.contracts.upstream import OrderCancelled
from tests.faults.outside import ACTOR
from tests.faults.plan import STAGING, Order


def note(order: Order, data: Fact) -> None:
    """Take in what is said of an order."""
    match data:
        case SerialAllocated(sku=sku, given=given):
            order.given |= {(sku, unit.serial) for unit in given}
        case LotAllocated(given=given):
            for pile in given:
                at = (pile.lot, pile.location)
                order.lots[at] = order.lots.get(at, Decimal(0)) + pile.quantity
        case UnitPicked(sku=sku, serials=serials):
            order.picked |= {(sku, serial) for serial in serials}
        case StockPicked(lots=lots):
            order.lots_picked += sum((one.quantity for one in lots), Decimal(0))
        case OrderChanged(status=status, lines=lines):
            order.cancelled |= status == "CANCELLED"
            for line in lines:
                if line.line == order.lines[-1].line:
                    order.listed = max(order.listed, Decimal(str(line.allocated)))


def cancel(order: Order) -> list[Fact]:
    """Its customer wants nothing more of it."""
    return [OrderCancelled(order=order.name)]


def pick(order: Order) -> list[Fact]:
    """All of it is picked; of serials the news may overtake what their owner says."""
    stock = [
        Stock(sku=order.lines[-1].sku, lot=lot, quantity=quantity, location=location)
        for (lot, location), quantity in sorted(order.lots.items())
    ]
    return [Pick(actor=ACTOR, order=order.name, units=_units(order.given), stock=stock, location=STAGING)]


def pack(order: Order) -> list[Fact]:
    """All of it lies in a carton."""
    piles: dict[str, Decimal] = {}
    for (lot, _), quantity in order.lots.items():
        piles[lot] = piles.get(lot, Decimal(0)) + quantity
    stock = [Stock(sku=order.lines[-1].sku, lot=lot, quantity=quantity) for lot, quantity in sorted(piles.items())]
    return [Pack(actor=ACTOR, order=order.name, carton=f"{order.name}-B", units=_units(order.picked), stock=stock)]


def leave(together: Sequence[Order]) -> list[Fact]:
    """Ship and dispatch orders, once all of them are packed."""
    if not all(each.packed for each in together):
        return []
    names, cartons = [each.name for each in together], [f"{each.name}-B" for each in together]
    shipment = together[0].shipment
    return [
        CreateShipment(actor=ACTOR, shipment=shipment, orders=names, cartons=cartons, carrier="PARCEL"),
        Dispatch(actor=ACTOR, shipment=shipment, orders=names),
    ]


def only(fact: Fact, ids: list[str]) -> Fact:
    """Narrow a command to the goods that were refused."""
    match fact:
        case PutAway(serials=serials):
            return fact.model_copy(update={"serials": [each for each in serials if each in ids] or serials})
        case Pick(units=units, stock=stock):
            unit, lots = [each for each in units if each.serial in ids], [each for each in stock if each.lot in ids]
            return fact.model_copy(update={"units": unit, "stock": lots}) if unit or lots else fact
        case _:
            return fact


def _units(keys: set[tuple[str, str]]) -> list[Unit]:
    return [Unit(sku=sku, serial=serial) for sku, serial in sorted(keys)]
