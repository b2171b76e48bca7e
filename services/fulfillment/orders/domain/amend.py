"""Amending an order: new lines, other quantities, another customer, priority or life demanded."""

from decimal import Decimal

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Buyer, Line, Order
from services.fulfillment.orders.domain.cancel import complete
from services.fulfillment.orders.domain.demands import ask_anew, begin, request, withdraw
from services.fulfillment.orders.domain.giveback import give_back
from services.fulfillment.orders.domain.goods import Goods, Pile, written
from services.fulfillment.orders.domain.place import add_line, unfit
from services.fulfillment.orders.domain.products import Product, Products
from shared.contracts.fulfillment import OrderProductChanged
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import OrderAmended, OrderLine


def amend(act: Act, order: Order, data: OrderAmended, products: Products) -> list[Refusal]:
    """Change an order as a whole or not at all.

    More of a line is asked for beside what stands. Less of a full line gives back what is too much. Less of a line that
    is short, other serials or lots, more of a single lot, withdraw what stands and ask anew for the rest, so that
    nothing is given twice; so does another life demanded, or another customer, who may demand one: what is too old now
    would be served again.
    """
    data = data.model_copy(update={"lines": [_whole(order.lines.get(it.line), it) for it in data.lines]})
    if refusals := _no(order, data, products):
        return refusals
    urgent = data.priority is not None and data.priority != order.priority
    order.priority = order.priority if data.priority is None else data.priority
    before, order.customer = order.customer, Buyer.of(data.customer) if data.customer else order.customer
    lives = data.min_life_days is not None and data.min_life_days != order.min_life_days
    another = data.customer is not None and data.customer.id != before.id
    order.min_life_days = order.min_life_days if data.min_life_days is None else data.min_life_days
    act.touch_order(order)
    asked_anew: set[str] = set()
    for wanted in data.lines:
        line = order.lines.get(wanted.line)
        if line is None:
            add_line(act, order, wanted, products)
        if line is None or _change(act, order, line, wanted, products.get(line.sku)):
            asked_anew.add(wanted.line)
    in_question = "another life is demanded" if lives else "it is for another customer" if another else ""
    if in_question or urgent:
        _ask_again(act, order, asked_anew, in_question or "the priority has changed", bool(in_question))
    told = {"customer", "priority", "min_life_days", "lines"}
    act.log(order.order, "amended", **data.model_dump(mode="json", include=told))
    return []


def _whole(line: Line | None, wanted: OrderLine) -> OrderLine:
    """A line as it shall be: what is left out of one that stands stays as it is."""
    if line is None:
        return wanted
    stays = {"serials": list(line.serials), "lots": list(line.lots), "single_lot": line.single_lot}
    return wanted.model_copy(update={name: it for name, it in stays.items() if name not in wanted.model_fields_set})


def _no(order: Order, data: OrderAmended, products: Products) -> list[Refusal]:
    blocked_by = [order_at(order.order)]
    if order.cancelled:
        detail = f"order {order.order} was cancelled"
        return [Refusal(code=Code.ORDER_CANCELLED, detail=detail, ids=[order.order], blocked_by=blocked_by)]
    if order.status == "COMPLETE":
        return [complete(order)]
    refusals = unfit(data.lines, products)
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
            has = f"{written(line.picked)} picked and {written(line.shipped)} shipped"
            detail = f"line {line.line}: {has}, {written(wanted.quantity)} wanted"
            refusals.append(Refusal(code=Code.BELOW_PICKED, detail=detail, ids=[line.line], blocked_by=blocked_by))
    return refusals


def _change(act: Act, order: Order, line: Line, wanted: OrderLine, product: Product | None) -> bool:
    """Make a line what is wanted; whether all that it is short of was asked for anew."""
    more = wanted.quantity - line.ordered
    wishes = (tuple(wanted.serials), tuple(wanted.lots), wanted.single_lot)
    same = wishes == (line.serials, line.lots, line.single_lot)
    if more == 0 and same:
        return False
    if line.waiting or product is None:
        _become(line, wanted)
        begin(act, order, line, product)
    elif more > 0 and same and not line.single_lot:
        line.ordered = wanted.quantity
        request(act, order, line, more, product.tracking)
        return False
    elif line.short == 0 and more < 0 and same:
        line.ordered = wanted.quantity
        give_back(act, order, _surplus(act, order, line, -more), "less is ordered now", wanted=False)
    else:
        withdraw(act, order, line, "the line was amended")
        _become(line, wanted)
        begin(act, order, line, product)
    return True


def _become(line: Line, wanted: OrderLine) -> None:
    line.ordered, line.serials = wanted.quantity, tuple(wanted.serials)
    line.lots, line.single_lot = tuple(wanted.lots), wanted.single_lot


def _surplus(act: Act, order: Order, line: Line, count: Decimal) -> list[Goods]:
    """Allocated goods that a full line can spare: units it does not ask for by name first, what came last of lots."""
    spare = [unit for unit in order.units.values() if unit.line == line.line and unit.status == "ALLOCATED"]
    units = sorted(spare, key=lambda unit: unit.serial in line.serials)[: int(count)]
    piles = [pile for pile in order.piles.values() if pile.line == line.line and pile.status == "ALLOCATED"]
    return [*units, *act.book.part(sorted(piles, key=_last_first), count - len(units))]


def _last_first(pile: Pile) -> tuple[bool, int, str]:
    return pile.expiry is not None, -pile.expiry.toordinal() if pile.expiry else 0, pile.lot


def _ask_again(act: Act, order: Order, done: set[str], why: str, all_that_wait: bool) -> None:
    """Lines that wait ask anew; one that has a part keeps it, and its turn, unless what it has is in question too.

    Their products' locks are not held: should one be tracked otherwise by now, the order looks once more.
    """
    for line in list(order.lines.values()):
        standing = line.standing()
        waits = line.short and not line.allocated and not all(demand.closed for demand in standing)
        if line.line not in done and standing and (waits or (all_that_wait and (line.short or line.allocated))):
            ask_anew(act, order, line, standing[-1].tracking, why)
            act.say(OrderProductChanged(order=order.order, sku=line.sku, actor=act.actor, cause=act.cause))
