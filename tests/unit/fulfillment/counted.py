"""A counter at which lots are ordered, what their owner answers, and what is scanned of them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import Pick, Stock
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested
from shared.contracts.lots import GivenLot, LotAllocated
from tests.unit.fulfillment.counter import LOT, NONE, NOW, Counter
from tests.unit.fulfillment.test_orders import asked, line, order

TODAY = NOW.date()
LATER = TODAY + timedelta(days=100)
Given = tuple[str, str, Any]


def stocked() -> Counter:
    """An order SO-1 of 10 of M, which is tracked by lot: 4 of L1 at A-1, 3.5 of L2 at A-2 are allocated."""
    counter = Counter(("A",))
    counter.products |= {"M": LOT, "N": NONE}
    (demand,) = asked(counter.take(order(line("1", "M", 10))))
    counter.take(lots(demand, ("L1", "EAST/A-1", 4), ("L2", "EAST/A-2", "3.5"), short="2.5"))
    return counter


def lots(wanted: AllocationRequested, *given: Given, expiry: date | None = LATER, **more: Any) -> LotAllocated:
    """An answer that gives these quantities."""
    piles = [
        GivenLot(lot=lot, location=location, quantity=Decimal(quantity), expiry=expiry)
        for lot, location, quantity in given
    ]
    about = {"sku": wanted.sku, "demand": wanted.demand, "order": wanted.order, "line": wanted.line, "short": 0}
    return LotAllocated(**(about | more), given=piles)


def stock(lot: str, quantity: Any, sku: str = "M", **more: Any) -> Stock:
    """So much of a lot, as scanned."""
    return Stock(sku=sku, lot=lot, quantity=Decimal(quantity), **more)


def pick(*scanned: Stock, order: str = "SO-1") -> Pick:
    """A pick to the stage."""
    return Pick(order=order, stock=list(scanned), location="EAST/STAGE")


def piles(counter: Counter) -> list[tuple[str, str, str]]:
    """What the order has: lot, status, quantity."""
    return sorted((pile.lot, pile.status, f"{pile.quantity.normalize():f}") for pile in counter.book.piles)


def of(facts: list[Fact], kind: type[Fact]) -> list[Any]:
    """The facts of a kind."""
    return [fact for fact in facts if isinstance(fact, kind)]


def taken(fact: Any) -> list[tuple[Any, ...]]:
    """The lots of a fact, with place and quantity."""
    return [(one.lot, getattr(one, "location", None), float(one.quantity)) for one in fact.lots]
