"""Answers to demands: taken unless the demand was withdrawn, for then its owner frees the units itself."""

from decimal import Decimal

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Demand, Line, Order, Unit
from services.fulfillment.orders.domain.demands import request
from shared.contracts.lots import LotAllocated
from shared.contracts.problems import Code
from shared.contracts.serials import SerialAllocated


def answer_serial(act: Act, data: SerialAllocated) -> None:
    """Units were reserved for a line, and what it is short of now (S08)."""
    found = _demand(act, data)
    if found is None or found[2].withdrawn:
        return
    order, line, demand = found
    if no := _no(act, line, data):
        act.disagree(Code.DOCUMENT_MISMATCH, no, order.order, data.sku, [unit.serial for unit in data.given])
        return
    for given in data.given:
        act.book.give(Unit(data.sku, given.serial, order.order, line.line, demand.demand, given.location))
    line.allocated += len(data.given)
    demand.answered = True
    demand.given += len(data.given)
    demand.closed = data.closed
    demand.outcome = "; ".join(f"{skipped.count} {skipped.reason}" for skipped in data.skipped)
    act.book.demands.put(demand.demand, demand)
    act.touch(line)
    if data.given:
        act.log(order.order, "allocated", line=line.line, serials=[unit.serial for unit in data.given])
    if demand.instead_of is not None:
        _exchanged(act, order, line, demand, bool(data.given))


def answer_counted(act: Act, data: LotAllocated) -> None:
    """Nothing is given of a counted product until lots are kept; its line stays short."""
    found = _demand(act, data)
    if found is None or found[2].withdrawn:
        return
    _, line, demand = found
    demand.answered = True
    demand.closed = data.closed
    act.book.demands.put(demand.demand, demand)
    act.touch(line)


def _demand(act: Act, data: SerialAllocated | LotAllocated) -> tuple[Order, Line, Demand] | None:
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


def _no(act: Act, line: Line, data: SerialAllocated) -> str | None:
    for given in data.given:
        if unit := act.book.units.get((data.sku, given.serial)):
            return f"{data.sku} {given.serial} is in the hands of order {unit.order}"
    if len({given.serial for given in data.given}) < len(data.given):
        return "a unit is given twice"
    if line.short < len(data.given):
        return f"line {line.line} is short of {line.short}, and given {len(data.given)}"
    return None


def _exchanged(act: Act, order: Order, line: Line, demand: Demand, given: bool) -> None:
    """The outcome of an exchange: the named unit, or the line's quantity asked for once more."""
    if given:
        line.serials = tuple(demand.serials[0] if serial == demand.instead_of else serial for serial in line.serials)
        return
    if demand.closed and line.short > Decimal(0):
        named = [demand.instead_of] if demand.instead_of in line.serials else []
        request(act, order, line, 1, demand.tracking, serials=[serial for serial in named if serial])
        act.log(order.order, "exchange failed", line=line.line, wanted=demand.serials[0], why=demand.outcome)
