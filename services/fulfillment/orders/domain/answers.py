"""Answers to demands: taken unless the demand was withdrawn, for then its owner frees the goods itself."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Demand, Line, Order
from services.fulfillment.orders.domain.content import listed
from services.fulfillment.orders.domain.demands import request
from services.fulfillment.orders.domain.goods import Goods, Pile, Unit, amount, named, written
from shared.contracts.lots import LotAllocated, SkippedStock
from shared.contracts.problems import Code
from shared.contracts.serials import SerialAllocated, Skipped

Allocated = SerialAllocated | LotAllocated
SHOWN = 20
"""How many of the things that were passed over a demand tells of."""


def answered(act: Act, data: Allocated) -> None:
    """Goods were reserved for a line; what it is short of now, and what was passed over."""
    found = _demand(act, data)
    if found is None:
        return
    order, line, demand = found
    if demand.withdrawn:
        return
    goods = _given(act, demand, data)
    if no := _no(act, line, goods):
        act.disagree(Code.DOCUMENT_MISMATCH, no, order.order, data.sku, [one.number for one in goods])
        return
    for one in goods:
        act.book.give(one)
    line.allocated += amount(goods)
    demand.answered = True
    demand.given += amount(goods)
    demand.closed = data.closed
    demand.outcome = _passed_over(data.sku, data.skipped)
    act.book.demands.put(demand.demand, demand)
    act.touch(line)
    if goods:
        act.log(order.order, "allocated", line=line.line, **listed(goods))
    if demand.instead_of is not None:
        _exchanged(act, order, line, demand, data)


def _given(act: Act, demand: Demand, data: Allocated) -> list[Goods]:
    if isinstance(data, SerialAllocated):
        return [
            Unit(
                sku=data.sku, serial=one.serial, order=demand.order, line=demand.line, demand=demand.demand,
                location=one.location, expiry=one.expiry,
            )
            for one in data.given
        ]  # fmt: skip
    return [
        Pile(
            pile=next(act.book.ids), sku=data.sku, lot=one.lot, order=demand.order, line=demand.line,
            demand=demand.demand, location=one.location, quantity=one.quantity, expiry=one.expiry,
        )
        for one in data.given
    ]  # fmt: skip


def _passed_over(sku: str, skipped: Sequence[Skipped | SkippedStock]) -> str:
    told = [
        f"{one.count} {one.reason}" if isinstance(one, Skipped)
        else f"{written(one.quantity)} of {named(sku, one.lot)} {one.reason}"
        for one in skipped[:SHOWN]
    ]  # fmt: skip
    more = len(skipped) - len(told)
    return "; ".join(told + ([f"{more} more"] if more else []))


def _demand(act: Act, data: Allocated) -> tuple[Order, Line, Demand] | None:
    order = act.book.orders.get(data.order)
    if order is None:
        act.disagree(Code.UNKNOWN_ORDER, f"no order {data.order} was placed here", data.order, data.sku)
        return None
    demand = act.book.demands.get(data.demand)
    if demand is None or (demand.order, demand.line, demand.sku) != (data.order, data.line, data.sku):
        detail = f"order {data.order} has no demand {data.demand} of line {data.line} for {data.sku}"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, [data.demand])
        return None
    return order, order.lines[demand.line], demand


def _no(act: Act, line: Line, goods: Iterable[Goods]) -> str | None:
    given = list(goods)
    units = [one for one in given if isinstance(one, Unit)]
    for one in units:
        if unit := act.book.units.get(one.key):
            return f"{unit} is in the hands of order {unit.order}"
    if len({unit.key for unit in units}) < len(units):
        return "a unit is given twice"
    if line.short < amount(given):
        return f"line {line.line} is short of {written(line.short)}, and given {written(amount(given))}"
    return None


def _exchanged(act: Act, order: Order, line: Line, demand: Demand, data: Allocated) -> None:
    """The outcome of an exchange: what was named instead, or the line's quantity asked for once more."""
    wanted = demand.serials or demand.lots
    if data.given:
        line.serials = tuple(wanted[0] if serial == demand.instead_of else serial for serial in line.serials)
        line.lots = tuple(dict.fromkeys((*line.lots, *demand.lots))) if line.lots else ()
    rest = min(Decimal(data.short), line.short)
    if demand.closed and rest > 0:
        once_more = [serial for serial in line.serials if serial == demand.instead_of]
        request(act, order, line, rest, demand.tracking, serials=once_more)
        act.log(order.order, "exchange failed", line=line.line, wanted=wanted[0], why=demand.outcome)
