"""Where what an order has in hand becomes what is said of it: serials here, lots and their quantities there."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Order
from services.fulfillment.orders.domain.goods import NOTHING, Goods, Group, Pile, Unit
from shared.contracts.counted import LotAt, LotQuantity
from shared.contracts.envelope import Fact, chunks
from shared.contracts.fulfillment import (
    StockDeallocated,
    StockPicked,
    StockUnpicked,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)


def say_deallocated(
    act: Act, order: Order, group: Group, some: Sequence[Goods], *, again: bool, reason: str, hold: str | None = None
) -> None:
    """Allocated goods go back to stock."""
    about = _about(act, order, group) | {"again": again, "reason": reason, "hold": hold}
    _say(act, (UnitDeallocated, StockDeallocated), some, _lots_at(some), about)


def say_picked(act: Act, order: Order, group: Group, some: Sequence[Goods], location: str) -> None:
    """Goods were taken from where they still lie in the book, and staged."""
    _say(act, (UnitPicked, StockPicked), some, _lots_at(some), _about(act, order, group) | {"location": location})


def say_unpicked(
    act: Act, order: Order, group: Group, some: Sequence[Goods], *, location: str, again: bool, reason: str
) -> None:
    """Picked goods went back to a storage place."""
    about = _about(act, order, group) | {"location": location, "again": again, "reason": reason}
    _say(act, (UnitUnpicked, StockUnpicked), some, _lots(some), about)


def _about(act: Act, order: Order, group: Group) -> dict[str, Any]:
    return {"order": order.order, **group._asdict(), "actor": act.actor, "cause": act.cause}


def _say(
    act: Act, kinds: tuple[type[Fact], type[Fact]], some: Sequence[Goods], lots: Iterable[LotQuantity], about: Any
) -> None:  # fmt: skip
    """A group is of one demand, and so of units or of piles: one of the two says nothing."""
    of_units, of_stock = kinds
    for serials in chunks(one.serial for one in some if isinstance(one, Unit)):
        act.say(of_units(serials=serials, **about))
    for run in chunks(lots):
        act.say(of_stock(lots=run, **about))


def _lots_at(some: Sequence[Goods]) -> Iterator[LotAt]:
    at: dict[tuple[str, str], Decimal] = {}
    for pile in some:
        if isinstance(pile, Pile):
            at[pile.lot, pile.location] = at.get((pile.lot, pile.location), NOTHING) + pile.quantity
    return (LotAt(lot=lot, location=location, quantity=quantity) for (lot, location), quantity in at.items())


def _lots(some: Sequence[Goods]) -> Iterator[LotQuantity]:
    of: dict[str, Decimal] = {}
    for pile in some:
        if isinstance(pile, Pile):
            of[pile.lot] = of.get(pile.lot, NOTHING) + pile.quantity
    return (LotQuantity(lot=lot, quantity=quantity) for lot, quantity in of.items())
