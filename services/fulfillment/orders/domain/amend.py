"""Amending an order: new lines, other quantities, another customer or priority."""

from decimal import Decimal

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Buyer, Line, Order, Unit
from services.fulfillment.orders.domain.cancel import complete
from services.fulfillment.orders.domain.demands import Trackings, begin, request, withdraw
from services.fulfillment.orders.domain.giveback import give_back
from services.fulfillment.orders.domain.place import add_line, unfit
from shared.contracts.fulfillment import OrderProductChanged
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import OrderAmended, OrderLine


def amend(act: Act, order: Order, data: OrderAmended, trackings: Trackings) -> list[Refusal]:
    """Change an order as a whole or not at all.

    More of a line is asked for beside what stands. Less of a full line gives back what is too much. Less of a line that
    is short, or other serials, withdraw what stands and ask anew for the rest, so that nothing is given twice.
    """
    if refusals := _no(order, data, trackings):
        return refusals
    urgent = data.priority is not None and data.priority != order.priority
    order.priority = order.priority if data.priority is None else data.priority
    order.customer = Buyer.of(data.customer) if data.customer else order.customer
    act.touch_order(order)
    asked_anew: set[str] = set()
    for wanted in data.lines:
        line = order.lines.get(wanted.line)
        if line is None:
            add_line(act, order, wanted, trackings)
        if line is None or _change(act, order, line, wanted, trackings):
            asked_anew.add(wanted.line)
    if urgent:
        _ask_again(act, order, asked_anew)
    act.log(order.order, "amended", **data.model_dump(mode="json", include={"customer", "priority", "lines"}))
    return []


def _no(order: Order, data: OrderAmended, trackings: Trackings) -> list[Refusal]:
    blocked_by = [order_at(order.order)]
    if order.cancelled:
        detail = f"order {order.order} was cancelled"
        return [Refusal(code=Code.ORDER_CANCELLED, detail=detail, ids=[order.order], blocked_by=blocked_by)]
    if order.status == "COMPLETE":
        return [complete(order)]
    refusals = unfit(data.lines, trackings)
    for wanted in data.lines:
        line = order.lines.get(wanted.line)
        if line is None:
            continue
        if line.cancelled:
            detail = f"line {line.line} was cancelled"
            refusals.append(Refusal(code=Code.ORDER_CANCELLED, detail=detail, ids=[line.line], blocked_by=blocked_by))
        if line.sku != wanted.sku:
            detail = f"line {line.line} is for {line.sku}, not {wanted.sku}: cancel it and add another"
            refusals.append(Refusal(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=[line.line], blocked_by=blocked_by))
        if wanted.quantity < line.picked + line.shipped:
            detail = f"line {line.line}: {line.picked} picked and {line.shipped} shipped, {wanted.quantity} wanted"
            refusals.append(Refusal(code=Code.BELOW_PICKED, detail=detail, ids=[line.line], blocked_by=blocked_by))
    return refusals


def _change(act: Act, order: Order, line: Line, wanted: OrderLine, trackings: Trackings) -> bool:
    """Make a line what is wanted; whether all that it is short of was asked for anew."""
    serials = tuple(wanted.serials)
    more = wanted.quantity - line.ordered
    tracking = trackings.get(line.sku)
    if more == 0 and serials == line.serials:
        return False
    if line.waiting or tracking is None:
        line.ordered, line.serials = wanted.quantity, serials
        begin(act, order, line, trackings)
    elif more > 0 and serials == line.serials:
        line.ordered = wanted.quantity
        request(act, order, line, more, tracking)
        return False
    elif line.short == 0 and serials == line.serials:
        line.ordered = wanted.quantity
        give_back(act, order, _surplus(order, line, -more), "less is ordered now", wanted=False)
    else:
        withdraw(act, order, line, "the line was amended")
        line.ordered, line.serials = wanted.quantity, serials
        begin(act, order, line, trackings)
    return True


def _surplus(order: Order, line: Line, count: Decimal) -> list[Unit]:
    """Allocated units that a full line can spare: those it does not ask for by name first."""
    spare = [unit for unit in order.units.values() if unit.line == line.line and unit.status == "ALLOCATED"]
    return sorted(spare, key=lambda unit: unit.serial in line.serials)[: int(count)]


def _ask_again(act: Act, order: Order, done: set[str]) -> None:
    """Lines that have nothing and wait ask with the new priority; one that has a part keeps it, and its turn.

    Their products' locks are not held: should one be tracked otherwise by now, the order looks once more.
    """
    for line in list(order.lines.values()):
        standing = line.standing()
        waits = line.short and not line.allocated and not all(demand.closed for demand in standing)
        if line.line not in done and waits:
            withdraw(act, order, line, "the order's priority has changed")
            begin(act, order, line, {line.sku: standing[-1].tracking})
            act.say(OrderProductChanged(order=order.order, sku=line.sku, actor=act.actor, cause=act.cause))
