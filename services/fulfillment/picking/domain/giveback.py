"""Giving units back to stock: a short pick before they are picked, an unpick after (S12)."""

from collections.abc import Iterable, Mapping

from services.fulfillment.orders.domain import Act, Key, Order, Unit, give_back, let_go, request
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.find import (
    Spot,
    elsewhere,
    grouped,
    keys_of,
    repeated,
    unknown_order,
    wrong_place,
)
from shared.contracts.commands.fulfillment import ShortPick, Unpick
from shared.contracts.fulfillment import UnitUnpicked
from shared.contracts.problems import Code, Refusal


def short_pick(act: Act, data: ShortPick) -> tuple[list[Unit], list[Refusal]]:
    """Units of the pick list are not in their place: they go back held, and their quantity is wanted again."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    hold = next(act.book.ids)
    units, refusals = _in_hand(act, order, keys_of(data.units), "ALLOCATED")
    give_back(act, order, units, f"short pick: {data.reason}", hold=hold)
    for line, some in _by_line(units).items():
        act.log(order.order, "short pick", line=line, serials=some, reason=data.reason, hold=hold)
    return units, [*repeated((unit.sku, unit.serial) for unit in data.units), *refusals]


def unpick(act: Act, data: Unpick, spots: Mapping[str, Spot]) -> tuple[list[Unit], list[Refusal]]:
    """Picked units are back in a storage place; those of a cancelled order or line are never wanted again."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    if refusals := wrong_place(order, data.location, spots.get(data.location), ("STORAGE",)):
        return [], refusals
    units, refusals = _in_hand(act, order, keys_of(data.units), "PICKED")
    if any(unit.carton for unit in units):
        act.ends_checks(order)
        act.repacked(order, *{unit.carton: None for unit in units if unit.carton})
    for group, some in grouped(units).items():
        line = order.lines[group.line]
        line.picked -= len(some)
        line.packed -= sum(unit.carton is not None for unit in some)
        wanted = data.again and not order.unwanted(some[0])
        again = let_go(act, order, group, some, wanted=wanted)
        serials = [unit.serial for unit in some]
        act.say(
            UnitUnpicked(
                order=order.order, line=group.line, demand=group.demand, sku=group.sku, serials=serials,
                location=data.location, again=again, reason=data.reason, actor=act.actor, cause=act.cause,
            )
        )  # fmt: skip
        if wanted and not again:
            request(act, order, line, len(some), line.demands[group.demand].tracking)
        act.log(
            order.order, "unpicked", line=group.line, serials=serials, location=data.location, again=wanted,
            reason=data.reason,
        )  # fmt: skip
    return units, [*repeated((unit.sku, unit.serial) for unit in data.units), *refusals]


def _in_hand(act: Act, order: Order, keys: Iterable[Key], status: str) -> tuple[list[Unit], list[Refusal]]:
    units, refusals = [], []
    for sku, serial in keys:
        unit = act.book.units.get((sku, serial))
        if unit is not None and unit.order == order.order and unit.status == status:
            units.append(unit)
            continue
        code = Code.NOT_PICKED if status == "PICKED" else Code.NOT_ALLOCATED_HERE
        stands = "not in the hands of" if unit is None or unit.order != order.order else f"{unit.status} for"
        if status == "ALLOCATED" and stands.startswith("PICKED"):
            code = Code.ALREADY_PICKED
        if act.book.gone.get((sku, serial)) == order.order and unit is None:
            code, stands = Code.DISPATCHED, "shipped with"
        refusals.append(
            Refusal(
                code=code, detail=f"{sku} {serial} is {stands} order {order.order}", ids=[serial],
                blocked_by=elsewhere(act.book, (sku, serial), order) or [order_at(order.order)],
            )
        )  # fmt: skip
    return units, refusals


def _by_line(units: Iterable[Unit]) -> Mapping[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for unit in units:
        lines.setdefault(unit.line, []).append(unit.serial)
    return lines
