"""Goods leave the hands of an order and go back to stock, with others wanted in their stead or not.

Whoever wants one lot alone, and has picked nothing yet, then wants all of the line anew: beside a rest that stays,
only the same lot would do.
"""

from collections.abc import Iterable, Sequence

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Order
from services.fulfillment.orders.domain.demands import ask_anew, request
from services.fulfillment.orders.domain.goods import Goods, Group, amount, grouped
from services.fulfillment.orders.domain.said import say_deallocated


def give_back(
    act: Act, order: Order, goods: Iterable[Goods], reason: str, *, wanted: bool = True, hold: str | None = None
) -> None:
    """Allocated goods go back; where they are wanted again, others come in their stead."""
    seeking = []
    for group, some in grouped(goods).items():
        order.lines[group.line].allocated -= amount(some)
        again = let_go(act, order, group, some, wanted=wanted)
        say_deallocated(act, order, group, some, again=again, reason=reason, hold=hold)
        if wanted and not again:
            seeking.append((group, some))
    for group, some in seeking:
        seek(act, order, group, some, reason)


def let_go(act: Act, order: Order, group: Group, goods: Sequence[Goods], *, wanted: bool) -> bool:
    """The goods are no longer the order's; whether their demand stands and shall seek others."""
    line = order.lines[group.line]
    demand = line.demands[group.demand]
    for one in goods:
        act.book.take_back(one)
    act.touch(line)
    again = wanted and not demand.withdrawn and not line.of_any_lot
    if again:
        demand.closed = False
        act.book.demands.put(demand.demand, demand)
    return again


def seek(act: Act, order: Order, group: Group, goods: Sequence[Goods], reason: str) -> None:
    """Ask for others, where the demand of the goods that were let go does not seek them."""
    line = order.lines[group.line]
    tracking = line.demands[group.demand].tracking
    if line.of_any_lot:
        ask_anew(act, order, line, tracking, reason)
    else:
        request(act, order, line, amount(goods), tracking)
