"""An exchange: a supervisor wants another free unit or lot of the product instead of an allocated one.

The goods are given back without being wanted again, or their owner would serve them once more; the others are asked for
by name under a demand that is dropped if they cannot be had. What becomes of it, its answer says.
"""

from collections.abc import Sequence

from services.fulfillment.orders.domain import Act, Demand, Goods, Order, Unit, give_back, request
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.content import listed
from services.fulfillment.orders.domain.counted import TO_PICK, meant, stock
from services.fulfillment.orders.domain.find import cancelled_order, elsewhere, unknown_order
from services.fulfillment.orders.domain.goods import amount, written
from shared.contracts.commands.fulfillment import Exchange, ExchangeStock, Stock
from shared.contracts.envelope import Model
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
    return _swap(act, order, [unit], data.reason, serials=[data.instead]), []


def exchange_stock(act: Act, data: ExchangeStock) -> tuple[Demand | None, list[Refusal]]:
    """Give so much of a lot back and ask for as much of another, for one line."""
    order = act.book.orders.get(data.order)
    if order is None:
        return None, [unknown_order(data.order)]
    if order.cancelled:
        return None, [cancelled_order(order)]
    if data.instead == data.stock.lot:
        detail = f"{data.instead} is the lot that is to be exchanged"
        return None, [Refusal(code=Code.NOT_FREE, detail=detail, ids=[data.instead], blocked_by=[order_at(data.order)])]
    wanted = _of_one_line(order, data.stock)
    if no := _mixes(order, wanted):
        return None, [no]
    piles, refusals = stock(act.book, order, [wanted], TO_PICK)
    if refusals:
        return None, refusals
    return _swap(act, order, piles, data.reason, lots=[data.instead]), []


def _of_one_line(order: Order, wanted: Stock) -> Stock:
    """As much of one line, where several have the lot: its outcome is one."""
    piles = meant(order, wanted, TO_PICK)
    for line in dict.fromkeys(pile.line for pile in piles):
        if amount(pile for pile in piles if pile.line == line) >= wanted.quantity:
            return wanted.model_copy(update={"line": line})
    return wanted.model_copy(update={"line": piles[0].line}) if piles else wanted


def _mixes(order: Order, wanted: Stock) -> Refusal | None:
    """Why a part of a line that shall be of one lot is not exchanged: the rest would be of another."""
    line = order.lines.get(wanted.line or "")
    if line is None or not line.single_lot or wanted.quantity >= (has := line.allocated + line.picked + line.shipped):
        return None
    detail = f"line {line.line} is to be of one lot, and has {written(has)}: exchange all of it, or amend the line"
    return Refusal(
        code=Code.LOTS_MIXED, detail=detail, ids=[wanted.lot or wanted.sku], blocked_by=[order_at(order.order)]
    )


def _swap(
    act: Act, order: Order, goods: Sequence[Goods], reason: str, *, serials: Sequence[str] = (),
    lots: Sequence[str] = (),
) -> Demand:  # fmt: skip
    """Goods of one line go back for good, and as much is asked for by name."""
    first, line = goods[0], order.lines[goods[0].line]
    tracking = line.demands[first.demand].tracking
    give_back(act, order, goods, f"exchanged: {reason}", wanted=False)
    demand = request(
        act, order, line, amount(goods), tracking, serials=serials, lots=lots, shortfall="DROP",
        instead_of=first.number,
    )  # fmt: skip
    act.log(
        order.order, "exchange", line=line.line, instead=[*serials, *lots][0], reason=reason, exchange=demand.demand,
        **listed(goods),
    )  # fmt: skip
    return demand


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
