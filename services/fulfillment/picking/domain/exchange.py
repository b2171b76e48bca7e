"""An exchange: a supervisor wants another free unit of the product instead of an allocated one.

The unit is given back without being wanted again, or its owner would serve it once more; the other is asked for by name
under a demand that is dropped if it cannot be had. What becomes of it, its answer says.
"""

from services.fulfillment.orders.domain import Act, Demand, Order, Unit, request
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.find import cancelled_order, elsewhere, unknown_order
from shared.contracts.commands.fulfillment import Exchange
from shared.contracts.envelope import Model
from shared.contracts.fulfillment import UnitDeallocated
from shared.contracts.problems import Code, Refusal


class Exchanging(Model):
    """What an exchange is answered: its name, and where its outcome will stand."""

    exchange: str
    order: str
    address: str


def exchange(act: Act, data: Exchange) -> tuple[Demand | None, list[Refusal]]:
    """Give the unit back and ask for the other; the demand is the exchange's name."""
    order = act.book.orders.get(data.order)
    if order is None:
        return None, [unknown_order(data.order)]
    unit = act.book.units.get((data.unit.sku, data.unit.serial))
    if no := _no(act, order, unit, data):
        return None, [no]
    assert unit is not None  # noqa: S101 - a missing unit was refused above
    line = order.lines[unit.line]
    former = line.demands[unit.demand]
    line.allocated -= 1
    act.book.take_back(unit)
    act.say(
        UnitDeallocated(
            order=order.order, line=line.line, demand=unit.demand, sku=unit.sku, serials=[unit.serial], again=False,
            reason=f"exchanged: {data.reason}", actor=act.actor, cause=act.cause,
        )
    )  # fmt: skip
    demand = request(
        act, order, line, 1, former.tracking, serials=[data.instead], shortfall="DROP", instead_of=unit.serial
    )
    act.log(
        order.order, "exchange", line=line.line, serial=unit.serial, instead=data.instead, reason=data.reason,
        exchange=demand.demand,
    )  # fmt: skip
    return demand, []


def _no(act: Act, order: Order, unit: Unit | None, data: Exchange) -> Refusal | None:
    sku, serial = data.unit.sku, data.unit.serial
    if order.cancelled:
        return cancelled_order(order)
    if unit is None or unit.order != order.order:
        detail = f"{sku} {serial} is not allocated to order {order.order}"
        blocked_by = elsewhere(act.book, (sku, serial), order)
        return Refusal(code=Code.NOT_ALLOCATED_HERE, detail=detail, ids=[serial], blocked_by=blocked_by)
    if unit.status != "ALLOCATED":
        detail = f"{sku} {serial} is picked already: unpick it first"
        return Refusal(code=Code.ALREADY_PICKED, detail=detail, ids=[serial], blocked_by=[order_at(order.order)])
    if other := act.book.units.get((sku, data.instead)):
        detail = f"{sku} {data.instead} is {other.status} for order {other.order}"
        return Refusal(code=Code.NOT_FREE, detail=detail, ids=[data.instead], blocked_by=[order_at(other.order)])
    return None
