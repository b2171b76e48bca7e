"""Picking: units of the pick list are scanned and staged; no other unit will do (S19, S20)."""

from collections.abc import Mapping

from services.fulfillment.orders.domain import Act, Key, Order, Unit
from services.fulfillment.orders.domain.find import (
    Spot,
    cancelled_order,
    elsewhere,
    grouped,
    keys_of,
    repeated,
    unknown_order,
    wrong_place,
)
from shared.contracts.commands.fulfillment import Pick
from shared.contracts.fulfillment import UnitPicked
from shared.contracts.problems import Code, Refusal


def pick(act: Act, data: Pick, spots: Mapping[str, Spot]) -> tuple[list[Unit], list[Refusal]]:
    """Take the scanned units that are this order's; every other is refused, with whose it is."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    if refusals := _no(order, data, spots):
        return [], refusals
    taken: list[Unit] = []
    refusals = repeated((unit.sku, unit.serial) for unit in data.units)
    for key in keys_of(data.units):
        unit = act.book.units.get(key)
        if no := _not_this(act, order, key, unit):
            refusals.append(no)
        elif unit is not None:
            taken.append(unit)
    _stage(act, order, taken, data.location)
    return taken, refusals


def _no(order: Order, data: Pick, spots: Mapping[str, Spot]) -> list[Refusal]:
    if order.cancelled:
        return [cancelled_order(order)]
    if not order.released:
        short = [line.line for line in order.lines.values() if line.short]
        detail = f"order {order.order} ships complete, and is short on line {', '.join(short)}"
        return [Refusal(code=Code.NOT_RELEASED, detail=detail, ids=short)]
    return wrong_place(order, data.location, spots.get(data.location), ("DOCK", "STAGING"))


def _not_this(act: Act, order: Order, key: Key, unit: Unit | None) -> Refusal | None:
    sku, serial = key
    if unit is not None and unit.order == order.order:
        if unit.status == "PICKED":
            detail = f"{sku} {serial} is picked for order {order.order} already"
            return Refusal(code=Code.ALREADY_PICKED, detail=detail, ids=[serial])
        if unit.held:
            return Refusal(code=Code.HELD, detail=f"{sku} {serial} is on hold", ids=[serial])
        return None
    blocked_by = elsewhere(act.book, key, order)
    if unit is None and act.book.gone.get(key) != order.order and _may_come(order, sku):
        detail = f"{sku} {serial} is not on the pick list; order {order.order} still waits for units of {sku}"
        return Refusal(code=Code.NOT_YET_KNOWN, detail=detail, ids=[serial], blocked_by=blocked_by)
    whose = f"order {unit.order} has it" if unit is not None else f"look at {blocked_by[0]}"
    detail = f"{sku} {serial} is not on the pick list of order {order.order}: {whose}"
    return Refusal(code=Code.NOT_ALLOCATED_HERE, detail=detail, ids=[serial], blocked_by=blocked_by)


def _may_come(order: Order, sku: str) -> bool:
    """Whether a unit of the product may just have been given to the order, its news still under way."""
    return any(
        not demand.closed for line in order.lines.values() if line.sku == sku and line.short
        for demand in line.standing()
    )  # fmt: skip


def _stage(act: Act, order: Order, units: list[Unit], location: str) -> None:
    for (name, demand, sku), some in grouped(units).items():
        line = order.lines[name]
        line.allocated -= len(some)
        line.picked += len(some)
        act.touch(line)
        for unit in some:
            unit.status, unit.location = "PICKED", location
            act.book.units.put(unit.key, unit)
        serials = [unit.serial for unit in some]
        act.say(
            UnitPicked(
                order=order.order, line=name, demand=demand, sku=sku, serials=serials, location=location,
                actor=act.actor, cause=act.cause,
            )
        )  # fmt: skip
        act.log(order.order, "picked", line=name, sku=sku, serials=serials, location=location)
