"""Picking: goods of the pick list are scanned and staged; no other unit, no other lot will do (S19, S20)."""

from collections.abc import Iterable, Mapping

from services.fulfillment.orders.domain import Act, Goods, Key, Order, Unit, give_back
from services.fulfillment.orders.domain.content import listed
from services.fulfillment.orders.domain.counted import TO_PICK, meant, not_there, parted
from services.fulfillment.orders.domain.find import (
    Spot,
    cancelled_order,
    elsewhere,
    keys_of,
    may_come,
    repeated,
    trackings_of,
    unknown_order,
    wrong_place,
)
from services.fulfillment.orders.domain.goods import Pile, amount, grouped
from services.fulfillment.orders.domain.said import say_picked
from services.fulfillment.picking.domain.guard import Guard
from shared.contracts.commands.fulfillment import Pick, Stock
from shared.contracts.problems import Code, Refusal


class Picking:
    """One pick under way: what was taken of it, what goes back instead, what is refused."""

    def __init__(self, act: Act, order: Order, guard: Guard) -> None:
        self.act = act
        self.order = order
        self.guard = guard
        self.taken: list[Goods] = []
        self.bad: list[tuple[Goods, Refusal]] = []
        self.refusals: list[Refusal] = []

    def unit(self, key: Key) -> None:
        """Take a scanned unit, if it is the one to pick."""
        unit = self.act.book.units.get(key)
        if no := _not_this(self.act, self.order, key, unit):
            self.refusals.append(no)
        elif unit is not None and not self._keeps_back([unit]):
            self.taken.append(unit)

    def stock(self, wanted: Stock) -> None:
        """Take so much of a scanned lot, if it is the one to pick."""
        bad, taken = _piles(one for one, _ in self.bad), _piles(self.taken)
        there = [pile for pile in meant(self.order, wanted, TO_PICK) if pile.pile not in bad]
        piles = [pile for pile in there if pile.pile not in taken]
        if amount(piles) < wanted.quantity:
            self.refusals.append(self._not_there(wanted, there, piles))
        elif no := parted(self.act.book, wanted, piles):
            self.refusals.append(no)
        elif not self._keeps_back(piles):
            self.taken += self.act.book.part(piles, wanted.quantity)

    def _not_there(self, wanted: Stock, there: list[Pile], left: list[Pile]) -> Refusal:
        """Why so much is not to pick, and what is instead: not what would be refused, others are sought for that."""
        good = TO_PICK._replace(fits=lambda it: TO_PICK.fits(it) and self.guard.why_not(self.order, it) is None)
        no = not_there(self.order, wanted, there, amount(left), good)
        others_may_come = not no.suggested and any(one.sku == wanted.sku for one, _ in self.bad)
        if no.code is Code.NOT_ALLOCATED_HERE and others_may_come:
            return no.model_copy(update={"code": Code.NOT_YET_KNOWN})
        return no

    def _keeps_back(self, goods: list[Unit] | list[Pile]) -> bool:
        """Refuse what must not be picked any more."""
        bad = [(one, no) for one in goods if (no := self.guard.why_not(self.order, one))]
        self.bad += bad
        self.refusals += [no for _, no in bad]
        return bool(bad)

    def give_back(self) -> None:
        """Give back what must not be picked, once the rest is staged; others are sought in its stead."""
        for one, no in self.bad:
            if self.act.book.has(one):  # of a line from one lot the first takes the others along
                give_back(self.act, self.order, [one], no.detail)
            self.act.log(self.order.order, "not picked", line=one.line, why=no.code, **listed([one]))


def _piles(goods: Iterable[Goods]) -> set[str]:
    return {one.pile for one in goods if isinstance(one, Pile)}


def pick(act: Act, data: Pick, spots: Mapping[str, Spot], guard: Guard) -> tuple[list[Goods], list[Refusal]]:
    """Take what was scanned and is to be picked for this order; all else is refused, with what to take instead."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    if refusals := _no(order, data, spots, guard):
        return [], refusals
    picking = Picking(act, order, guard)
    picking.refusals += repeated((unit.sku, unit.serial) for unit in data.units)
    for key in keys_of(data.units):
        picking.unit(key)
    for stock in data.stock:
        picking.stock(stock)
    _stage(act, order, picking.taken, data.location)
    picking.give_back()
    return picking.taken, picking.refusals


def _no(order: Order, data: Pick, spots: Mapping[str, Spot], guard: Guard) -> list[Refusal]:
    if order.cancelled:
        return [cancelled_order(order)]
    if not order.released:
        short = [line.line for line in order.lines.values() if line.short]
        detail = f"order {order.order} ships complete, and is short on line {', '.join(short)}"
        return [Refusal(code=Code.NOT_RELEASED, detail=detail, ids=short)]
    if no := guard.no_day(order):
        return [no]
    return wrong_place(order, data.location, spots.get(data.location), ("DOCK", "STAGING"))


def _not_this(act: Act, order: Order, key: Key, unit: Unit | None) -> Refusal | None:
    sku, serial = key
    if unit is not None and unit.order == order.order:
        if unit.status == "PICKED":
            detail = f"{sku} {serial} is picked for order {order.order} already"
            return Refusal(code=Code.ALREADY_PICKED, detail=detail, ids=[serial])
        return None
    if trackings_of(order, sku) - {"SERIAL"}:
        detail = f"{sku} is not tracked by serial: scan its lot, and say how much"
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=[sku])
    blocked_by = elsewhere(act.book, key, order)
    if unit is None and act.book.gone.get(key) != order.order and may_come(order, sku):
        detail = f"{sku} {serial} is not on the pick list; order {order.order} still waits for units of {sku}"
        return Refusal(code=Code.NOT_YET_KNOWN, detail=detail, ids=[serial], blocked_by=blocked_by)
    whose = f"order {unit.order} has it" if unit is not None else f"look at {blocked_by[0]}"
    detail = f"{sku} {serial} is not on the pick list of order {order.order}: {whose}"
    return Refusal(code=Code.NOT_ALLOCATED_HERE, detail=detail, ids=[serial], blocked_by=blocked_by)


def _stage(act: Act, order: Order, goods: list[Goods], location: str) -> None:
    for group, some in grouped(goods).items():
        line = order.lines[group.line]
        line.allocated -= amount(some)
        line.picked += amount(some)
        act.touch(line)
        say_picked(act, order, group, some, location)
        act.log(order.order, "picked", line=group.line, sku=group.sku, location=location, **listed(some))
        for one in some:
            one.status, one.location = "PICKED", location
            act.book.put(one)
