"""Units leave the hands of an order and go back to stock, with others wanted in their stead or not."""

from collections.abc import Iterable

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Order, Unit
from services.fulfillment.orders.domain.find import Group, grouped
from shared.contracts.fulfillment import UnitDeallocated


def give_back(
    act: Act, order: Order, units: Iterable[Unit], reason: str, *, wanted: bool = True, hold: str | None = None
) -> None:
    """Allocated units go back; where they are wanted again, others come in their stead."""
    for group, some in grouped(units).items():
        order.lines[group.line].allocated -= len(some)
        again = let_go(act, order, group, some, wanted=wanted)
        act.say(
            UnitDeallocated(
                order=order.order, line=group.line, demand=group.demand, sku=group.sku, again=again, reason=reason,
                serials=[unit.serial for unit in some], hold=hold, actor=act.actor, cause=act.cause,
            )
        )  # fmt: skip


def let_go(act: Act, order: Order, group: Group, units: list[Unit], *, wanted: bool) -> bool:
    """The units are no longer the order's; whether their demand stands and shall seek others."""
    line = order.lines[group.line]
    demand = line.demands[group.demand]
    for unit in units:
        act.book.take_back(unit)
    act.touch(line)
    again = wanted and not demand.withdrawn
    if again:
        demand.closed = False
        act.book.demands.put(demand.demand, demand)
    return again
