"""Packing: picked units are laid into cartons, taken out, moved between cartons (S21). A carton is of one order."""

from collections.abc import Iterable

from services.fulfillment.orders.domain import Act, Key, Order, Unit
from services.fulfillment.orders.domain.addresses import carton_at, order_at, shipment_at
from services.fulfillment.orders.domain.find import cancelled_order, elsewhere, keys_of, repeated, unknown_order
from services.fulfillment.shipping.domain.yard import Carton, Yard
from shared.contracts.commands.fulfillment import Pack, Repack, Unpack
from shared.contracts.envelope import MAX_UNITS
from shared.contracts.problems import Code, Refusal

Result = tuple[list[Unit], list[Refusal]]


def pack(act: Act, yard: Yard, data: Pack) -> Result:
    """Lay picked units into a carton of the order; the first opens it."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    carton = yard.cartons.get(data.carton)
    if order.cancelled:
        return [], [cancelled_order(order)]
    if carton is not None and (no := _closed(order, carton)):
        return [], [no]
    units, refusals = [], repeated((unit.sku, unit.serial) for unit in data.units)
    for key in keys_of(data.units):
        unit = act.book.units.get(key)
        if no := _unfit(act, order, key, unit):
            refusals.append(no)
        elif unit is not None:
            units.append(unit)
    if no := _full(order, data.carton, len(units)):
        return [], [no]
    if units and carton is None:
        yard.cartons.put(data.carton, Carton(data.carton, order.order))
    for unit in units:
        order.lines[unit.line].packed += 1
    _lay(act, yard, order, units, data.carton)
    _log(act, order, "packed", units, carton=data.carton)
    return units, refusals


def unpack(act: Act, yard: Yard, data: Unpack) -> Result:
    """Take units out of a carton."""
    order, refusals = _order_and_cartons(act, yard, data.order, data.carton)
    if order is None:
        return [], refusals
    units, refusals = _inside(act, order, data.carton, keys_of(data.units))
    for unit in units:
        order.lines[unit.line].packed -= 1
    _lay(act, yard, order, units, None)
    _log(act, order, "unpacked", units, carton=data.carton)
    return units, [*repeated((unit.sku, unit.serial) for unit in data.units), *refusals]


def repack(act: Act, yard: Yard, data: Repack) -> Result:
    """Move units to another carton of the order, which is opened if it is new."""
    order, refusals = _order_and_cartons(act, yard, data.order, data.carton)
    if order is None:
        return [], refusals
    target = yard.cartons.get(data.to_carton)
    if target is not None and (no := _closed(order, target)):
        return [], [no]
    units, refusals = _inside(act, order, data.carton, keys_of(data.units))
    if data.to_carton != data.carton and (no := _full(order, data.to_carton, len(units))):
        return [], [no]
    if units and target is None:
        yard.cartons.put(data.to_carton, Carton(data.to_carton, order.order))
    _lay(act, yard, order, units, data.to_carton)
    _log(act, order, "repacked", units, carton=data.carton, to_carton=data.to_carton)
    return units, [*repeated((unit.sku, unit.serial) for unit in data.units), *refusals]


def _lay(act: Act, yard: Yard, order: Order, units: Iterable[Unit], carton: str | None) -> None:
    """Change where units lie; a shipment that this touches is no longer what its check asked about."""
    changed = {carton} if carton else set()
    for unit in units:
        changed |= {unit.carton} if unit.carton else set()
        unit.carton = carton
        act.book.units.put(unit.key, unit)
        act.book.lines.put((order.order, unit.line), order.lines[unit.line])
    if not units:
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


def _full(order: Order, carton: str, more: int) -> Refusal | None:
    inside = sum(unit.carton == carton for unit in order.units.values())
    if inside + more <= MAX_UNITS:
        return None
    detail = f"carton {carton} holds {inside} units; {more} more are too many"
    return Refusal(code=Code.CARTON_FULL, detail=detail, ids=[carton], blocked_by=[carton_at(carton)])


def _unfit(act: Act, order: Order, key: Key, unit: Unit | None) -> Refusal | None:
    sku, serial = key
    if unit is None or unit.order != order.order or unit.status != "PICKED":
        return _not_picked(act, order, key)
    if unit.carton:
        detail = f"{sku} {serial} is in carton {unit.carton}"
        return Refusal(code=Code.ALREADY_PACKED, detail=detail, ids=[serial], blocked_by=[carton_at(unit.carton)])
    if order.unwanted(unit):
        detail = f"line {unit.line} of order {order.order} was cancelled: {sku} {serial} waits for its unpick"
        return Refusal(code=Code.UNWANTED_UNITS, detail=detail, ids=[serial], blocked_by=[order_at(order.order)])
    if unit.held:
        return Refusal(code=Code.HELD, detail=f"{sku} {serial} is on hold", ids=[serial])
    return None


def _not_picked(act: Act, order: Order, key: Key) -> Refusal:
    detail = f"{key[0]} {key[1]} is not picked for order {order.order}"
    return Refusal(code=Code.NOT_PICKED, detail=detail, ids=[key[1]], blocked_by=elsewhere(act.book, key, order))


def _inside(act: Act, order: Order, carton: str, keys: Iterable[Key]) -> Result:
    units, refusals = [], []
    for key in keys:
        unit = order.units.get(key)
        if unit is not None and unit.carton == carton:
            units.append(unit)
            continue
        detail = f"{key[0]} {key[1]} is not in carton {carton}"
        at = [carton_at(unit.carton)] if unit is not None and unit.carton else elsewhere(act.book, key, order)
        refusals.append(Refusal(code=Code.NOT_IN_CARTON, detail=detail, ids=[key[1]], blocked_by=at))
    return units, refusals


def _log(act: Act, order: Order, what: str, units: list[Unit], **detail: str) -> None:
    if units:
        act.log(order.order, what, serials=[unit.serial for unit in units], **detail)
