"""Giving goods back to stock: a short pick before they are picked, an unpick after (S12)."""

from collections.abc import Iterable, Mapping, Sequence

from services.fulfillment.orders.domain import Act, Goods, Key, Order, Unit, give_back, let_go, seek
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.content import listed
from services.fulfillment.orders.domain.counted import PICKED, TO_PICK, stock
from services.fulfillment.orders.domain.find import Spot, elsewhere, keys_of, repeated, unknown_order, wrong_place
from services.fulfillment.orders.domain.goods import amount, grouped
from services.fulfillment.orders.domain.said import say_unpicked
from shared.contracts.commands.fulfillment import ShortPick, Unpick
from shared.contracts.problems import Code, Refusal


def short_pick(act: Act, data: ShortPick) -> tuple[list[Goods], list[Refusal]]:
    """Goods of the pick list are not in their place: they go back held, and their quantity is wanted again."""
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    hold = next(act.book.ids)
    goods, refusals = _in_hand(act, order, data)
    give_back(act, order, goods, f"short pick: {data.reason}", hold=hold)
    for line in dict.fromkeys(one.line for one in goods):
        some = listed([one for one in goods if one.line == line])
        act.log(order.order, "short pick", line=line, reason=data.reason, hold=hold, **some)
    return goods, refusals


def unpick(act: Act, data: Unpick, spots: Mapping[str, Spot]) -> tuple[list[Goods], list[Refusal]]:
    """Picked goods are back in a storage place; those of a cancelled order or line are never wanted again.

    A line that is wanted does not give up: short without a demand it would wait for ever, and nobody would know.
    """
    order = act.book.orders.get(data.order)
    if order is None:
        return [], [unknown_order(data.order)]
    if refusals := wrong_place(order, data.location, spots.get(data.location), ("STORAGE",)):
        return [], refusals
    goods, refusals = _in_hand(act, order, data)
    if not data.again and (wanted := [one for one in goods if not order.unwanted(one)]):
        goods = [one for one in goods if order.unwanted(one)]
        refusals.append(_still_wanted(order, wanted))
    if any(one.carton for one in goods):
        act.ends_checks(order)
        act.repacked(order, *{one.carton: None for one in goods if one.carton})
    for group, some in grouped(goods).items():
        line = order.lines[group.line]
        line.picked -= amount(some)
        line.packed -= amount(one for one in some if one.carton)
        live = not order.unwanted(some[0])
        again = let_go(act, order, group, some, wanted=live)
        say_unpicked(act, order, group, some, location=data.location, again=again, reason=data.reason)
        if live and not again:
            seek(act, order, group, some, data.reason)
        act.log(
            order.order, "unpicked", line=group.line, location=data.location, again=live, reason=data.reason,
            **listed(some),
        )  # fmt: skip
    return goods, refusals


def _still_wanted(order: Order, goods: Sequence[Goods]) -> Refusal:
    ids = list(dict.fromkeys(one.number for one in goods))
    detail = f"order {order.order} still wants as much of {', '.join(sorted({one.sku for one in goods}))}"
    return Refusal(code=Code.STILL_WANTED, detail=detail, ids=ids, blocked_by=[order_at(order.order)])


def _in_hand(act: Act, order: Order, data: ShortPick | Unpick) -> tuple[list[Goods], list[Refusal]]:
    """What a command names of what the order has, allocated or picked."""
    picked = isinstance(data, Unpick)
    units, refusals = _units(act, order, keys_of(data.units), "PICKED" if picked else "ALLOCATED")
    piles, no = stock(act.book, order, data.stock, PICKED if picked else TO_PICK)
    named_twice = repeated((unit.sku, unit.serial) for unit in data.units)
    return [*units, *piles], [*named_twice, *refusals, *no]


def _units(act: Act, order: Order, keys: Iterable[Key], status: str) -> tuple[list[Unit], list[Refusal]]:
    units, refusals = [], []
    for sku, serial in keys:
        unit = act.book.units.get((sku, serial))
        if unit is not None and unit.order == order.order and unit.status == status:
            units.append(unit)
            continue
        code = Code.NOT_PICKED if status == "PICKED" else Code.NOT_ALLOCATED_HERE
        stands = "not in the hands of" if unit is None or unit.order != order.order else f"{unit.status} for"
        if status == "ALLOCATED" and stands.startswith("PICKED"):
            code = Code.ALREADY_PICKED
        if act.book.gone.get((sku, serial)) == order.order and unit is None:
            code, stands = Code.DISPATCHED, "shipped with"
        refusals.append(
            Refusal(
                code=code, detail=f"{sku} {serial} is {stands} order {order.order}", ids=[serial],
                blocked_by=elsewhere(act.book, (sku, serial), order) or [order_at(order.order)],
            )
        )  # fmt: skip
    return units, refusals
