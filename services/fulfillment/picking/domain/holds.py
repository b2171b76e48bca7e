"""What a hold means for the orders that have its goods: those not yet picked go back, the others wait, marked."""

from collections import defaultdict
from collections.abc import Mapping

from services.fulfillment.orders.domain import Act, Goods, Pile, give_back
from services.fulfillment.orders.domain.content import listed
from shared.contracts.lots import LotHeld
from shared.contracts.serials import SerialHeld


def hold(act: Act, data: SerialHeld | LotHeld) -> None:
    """Give back what is not picked yet; what is picked blocks its packing and dispatch until the hold is lifted."""
    found = _units(act, data) if isinstance(data, SerialHeld) else _piles(act, data)
    for order, goods in found.items():
        owner = act.book.orders.get(order)
        if owner is None:
            continue
        give_back(act, owner, [one for one in goods if one.status == "ALLOCATED"], f"held: {data.reason}")
        fates: dict[tuple[str, bool], list[Goods]] = defaultdict(list)
        for one in goods:
            one.held = True
            fates[one.line, one.status == "PICKED"].append(one)
        for (line, picked), some in fates.items():
            act.log(
                order, "held", line=line, sku=data.sku, hold=data.hold, reason=data.reason, picked=picked,
                **listed(some),
            )  # fmt: skip


def _units(act: Act, data: SerialHeld) -> Mapping[str, list[Goods]]:
    """The held units by the order that has them in hand; of a unit given back by now nothing is to do.

    One that another order has was freed, its hold lifted, and given to that order: news of two orders may pass.
    """
    found: dict[str, list[Goods]] = defaultdict(list)
    for held in data.units:
        unit = act.book.units.get((data.sku, held.serial))
        if unit is not None and unit.order == held.order:
            found[unit.order].append(unit)
    return found


def _piles(act: Act, data: LotHeld) -> Mapping[str, list[Goods]]:
    """What the orders named have of a held lot; of a hold at a place only what is still to be picked there."""
    named = {held.order for held in data.stock}
    return {
        order.order: [pile for pile in order.piles.values() if _is_held(pile, data)]
        for order in act.book.orders if order.order in named
    }  # fmt: skip


def _is_held(pile: Pile, data: LotHeld) -> bool:
    here = data.location is None or (pile.status == "ALLOCATED" and pile.location == data.location)
    return (pile.sku, pile.lot) == (data.sku, data.lot) and here
