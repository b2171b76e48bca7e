"""Packing: picked goods are laid into cartons, taken out, moved between cartons (S21). A carton is of one order."""

from collections.abc import Sequence

from services.fulfillment.orders.domain import Act, Goods, Key, Order, Unit
from services.fulfillment.orders.domain.addresses import carton_at, order_at, shipment_at
from services.fulfillment.orders.domain.content import listed, many
from services.fulfillment.orders.domain.counted import LOOSE, inside, stock
from services.fulfillment.orders.domain.find import cancelled_order, elsewhere, keys_of, repeated, unknown_order
from services.fulfillment.shipping.domain.yard import Carton, Yard
from shared.contracts.commands.fulfillment import Pack, Repack, Unpack
from shared.contracts.envelope import MAX_UNITS
from shared.contracts.problems import Code, Refusal

Result = tuple[list[Goods], list[Refusal]]


def pack(act: Act, yard: Yard, data: Pack) -> Result:
    """Lay picked goods into a carton of the order; the first opens it."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    carton = yard.cartons.get(data.carton)
    if order.cancelled:
        return [], [cancelled_order(order)]
    if carton is not None and (no := _closed(order, carton)):
        return [], [no]
    goods, refusals = _loose(act, order, data)
    if no := _full(order, data.carton, goods):
        return [], [no]
    if goods and carton is None:
        yard.cartons.put(data.carton, Carton(data.carton, order.order))
    for one in goods:
        order.lines[one.line].packed += one.quantity
    _lay(act, yard, order, goods, data.carton)
    _log(act, order, "packed", goods, carton=data.carton)
    return goods, refusals


def unpack(act: Act, yard: Yard, data: Unpack) -> Result:
    """Take goods out of a carton."""
    order, refusals = _order_and_cartons(act, yard, data.order, data.carton)
    if order is None:
        return [], refusals
    goods, refusals = _inside(act, order, data)
    for one in goods:
        order.lines[one.line].packed -= one.quantity
    _lay(act, yard, order, goods, None)
    _log(act, order, "unpacked", goods, carton=data.carton)
    return goods, refusals


def repack(act: Act, yard: Yard, data: Repack) -> Result:
    """Move goods to another carton of the order, which is opened if it is new."""
    order, refusals = _order_and_cartons(act, yard, data.order, data.carton)
    if order is None:
        return [], refusals
    target = yard.cartons.get(data.to_carton)
    if target is not None and (no := _closed(order, target)):
        return [], [no]
    goods, refusals = _inside(act, order, data)
    if data.to_carton != data.carton and (no := _full(order, data.to_carton, goods)):
        return [], [no]
    if goods and target is None:
        yard.cartons.put(data.to_carton, Carton(data.to_carton, order.order))
    _lay(act, yard, order, goods, data.to_carton)
    _log(act, order, "repacked", goods, carton=data.carton, to_carton=data.to_carton)
    return goods, refusals


def _lay(act: Act, yard: Yard, order: Order, goods: Sequence[Goods], carton: str | None) -> None:
    """Change where goods lie; a shipment that this touches is no longer what its check asked about."""
    changed = {carton} if carton else set()
    for one in goods:
        changed |= {one.carton} if one.carton else set()
        one.carton = carton
        act.book.put(one)
        act.book.lines.put((order.order, one.line), order.lines[one.line])
    if not goods:
        return
    act.repacked(order, *sorted(name for name in changed if name))
    if any((box := yard.cartons.get(name)) and box.shipment for name in changed if name):
        act.ends_checks(order)


def _order_and_cartons(act: Act, yard: Yard, order: str, carton: str) -> tuple[Order | None, list[Refusal]]:
    found = act.book.orders.get(order)
    if found is None:
        return None, [unknown_order(order)]
    box = yard.cartons.get(carton)
    if box is None:
        return None, [Refusal(code=Code.UNKNOWN_CARTON, detail=f"no carton {carton} was packed", ids=[carton])]
    no = _closed(found, box)
    return (None, [no]) if no else (found, [])


def _closed(order: Order, carton: Carton) -> Refusal | None:
    if carton.order != order.order:
        detail = f"carton {carton.carton} is of order {carton.order}"
        blocked_by = [order_at(carton.order)]
        return Refusal(code=Code.CARTON_OF_ANOTHER_ORDER, detail=detail, ids=[carton.carton], blocked_by=blocked_by)
    if carton.shipped and carton.shipment:
        detail = f"carton {carton.carton} left with shipment {carton.shipment}"
        return Refusal(
            code=Code.DISPATCHED, detail=detail, ids=[carton.carton], blocked_by=[shipment_at(carton.shipment)]
        )
    return None


def _full(order: Order, carton: str, more: Sequence[Goods]) -> Refusal | None:
    """A carton's content fits one message: so many serials, and lots for a line."""
    coming = {id(one) for one in more}
    before = [one for one in order.goods if one.carton == carton and id(one) not in coming]
    if many([*before, *more]) <= MAX_UNITS:
        return None
    detail = f"carton {carton} holds {many(before)} units or lots; {many(more)} more are too many"
    return Refusal(code=Code.CARTON_FULL, detail=detail, ids=[carton], blocked_by=[carton_at(carton)])


def _loose(act: Act, order: Order, data: Pack) -> Result:
    """What a command names of what is picked and lies in no carton."""
    found: list[Goods] = []
    refusals = repeated((unit.sku, unit.serial) for unit in data.units)
    for key in keys_of(data.units):
        unit = order.units.get(key)
        if unit is None or unit.status != "PICKED":
            refusals.append(_not_picked(act, order, key))
        elif unit.carton:
            detail, at = f"{unit} is in carton {unit.carton}", [carton_at(unit.carton)]
            refusals.append(Refusal(code=Code.ALREADY_PACKED, detail=detail, ids=[unit.serial], blocked_by=at))
        else:
            found.append(unit)
    piles, no = stock(act.book, order, data.stock, LOOSE)
    unfit = {id(one): why for one in (*found, *piles) if (why := _unfit(order, one))}
    return [one for one in (*found, *piles) if id(one) not in unfit], [*refusals, *no, *unfit.values()]


def _unfit(order: Order, goods: Goods) -> Refusal | None:
    """Why picked goods must not be packed."""
    if order.unwanted(goods):
        detail = f"line {goods.line} of order {order.order} was cancelled: {goods} waits for its unpick"
        at = [order_at(order.order)]
        return Refusal(code=Code.UNWANTED_UNITS, detail=detail, ids=[goods.number], blocked_by=at)
    if goods.held:
        return Refusal(code=Code.HELD, detail=f"{goods} is on hold", ids=[goods.number], blocked_by=[goods.at])
    return None


def _not_picked(act: Act, order: Order, key: Key) -> Refusal:
    detail = f"{key[0]} {key[1]} is not picked for order {order.order}"
    return Refusal(code=Code.NOT_PICKED, detail=detail, ids=[key[1]], blocked_by=elsewhere(act.book, key, order))


def _inside(act: Act, order: Order, data: Unpack | Repack) -> Result:
    """What a command names of what lies in a carton."""
    units: list[Unit] = []
    refusals = repeated((unit.sku, unit.serial) for unit in data.units)
    for key in keys_of(data.units):
        unit = order.units.get(key)
        if unit is not None and unit.carton == data.carton:
            units.append(unit)
            continue
        detail = f"{key[0]} {key[1]} is not in carton {data.carton}"
        at = [carton_at(unit.carton)] if unit is not None and unit.carton else elsewhere(act.book, key, order)
        refusals.append(Refusal(code=Code.NOT_IN_CARTON, detail=detail, ids=[key[1]], blocked_by=at))
    piles, no = stock(act.book, order, data.stock, inside(data.carton))
    return [*units, *piles], [*refusals, *no]


def _log(act: Act, order: Order, what: str, goods: Sequence[Goods], **detail: str) -> None:
    if said := listed(goods):
        act.log(order.order, what, **said, **detail)
