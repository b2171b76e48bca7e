"""Fulfillment's rules on one book that is never saved, and everything it has said."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from services.fulfillment.orders.domain import Act, Book, Key, Pile, Product, answered, change, overtaken, place, wake
from services.fulfillment.picking.domain import Guard, exchange, exchange_stock, hold, pick, short_pick, unpick
from services.fulfillment.shipping.domain import Yard, approve, cancel, create, dispatch, pack, refuse, repack, unpack
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    Dispatch,
    Exchange,
    ExchangeStock,
    Pack,
    Pick,
    Repack,
    ShortPick,
    Unpack,
    Unpick,
)
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import OrderProductChanged
from shared.contracts.lots import (
    LotAllocated,
    LotDispatchApproved,
    LotDispatchRefused,
    LotHeld,
    LotHoldLifted,
)
from shared.contracts.problems import Refusal
from shared.contracts.serials import (
    DispatchApproved,
    DispatchRefused,
    SerialAllocated,
    SerialHeld,
    SerialHoldLifted,
)
from shared.contracts.upstream import OrderPlaced
from shared.replica import Place

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SPOTS = {
    "EAST/STAGE": Place("EAST/STAGE", 1, "STAGING", 1),
    "EAST/A-1": Place("EAST/A-1", 1, "STORAGE", 2),
    "WEST/STAGE": Place("WEST/STAGE", 1, "STAGING", 3),
}


def names(prefix: str) -> Iterator[str]:
    """Names in a row."""
    return (f"{prefix}{number}" for number in count(1))


SERIAL, LOT, NONE = Product("SERIAL", 0), Product("LOT"), Product("NONE")


class Counter:
    """Where orders come in and goods go out: messages in, facts out, refusals kept aside."""

    def __init__(self, skus: Iterable[str] = ("A",)) -> None:
        self.book = Book(names("D"))
        self.yard = Yard(self.book, NOW)
        self.products = dict.fromkeys(skus, SERIAL)
        self.holds: dict[Key, set[str]] = defaultdict(set)
        self.lot_holds: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
        self.guard = Guard({"EAST": NOW.date()}, {})
        self.early: dict[str, list[CloudEvent[Any]]] = defaultdict(list)
        self.refusals: list[Refusal] = []
        self.shipped: list[Pile] = []
        self._events = names("E")

    def take(self, fact: Fact) -> list[Fact]:
        """Decide one message; what is said of it."""
        for unit in self.book.units:
            unit.held = bool(self.holds[unit.key])
        for pile in self.book.piles:
            at = pile.location if pile.status == "ALLOCATED" else None
            pile.held = any(self.lot_holds[pile.sku, pile.lot, place] for place in (None, at))
        event = CloudEvent[Any].model_construct(
            id=next(self._events), source="test", type=fact.TYPE, time=NOW, data=fact
        )
        self.book.decimals = {sku: product.decimals for sku, product in self.products.items()}
        acts = [Act(self.book, event)]
        said = self._decide(acts, event)
        self._file_shipped()
        return said

    def codes(self, fact: Fact) -> list[str]:
        """Why a message is refused."""
        self.take(fact)
        return [str(refusal.code) for refusal in self.refusals]

    def _decide(self, acts: list[Act], event: CloudEvent[Any]) -> list[Fact]:
        (act,), data = acts, event.data
        self.refusals = []
        if isinstance(data, OrderPlaced):
            self.refusals = place(act, data, self.products, NOW)
            order = self.book.orders.get(data.order)
            said = act.close()
            if order is not None and not self.refusals:
                locked = {line.sku for line in data.lines}
                early = self.early.pop(data.order, [])
                later, self.refusals = overtaken(self.book, order, early, self.products, locked)
                said = [*said, *(fact for one in later for fact in one.close())]
            return said
        if heard := FACTS.get(type(data)):
            heard(self, act, data)
        elif asked := REQUESTS.get(type(data)):
            self.refusals = asked(self, act, data)
        elif (order := self.book.orders.get(data.order)) is None:
            self.early[data.order].append(event)
        else:
            self.refusals = change(act, order, self.products)
        return act.close()

    def _file_shipped(self) -> None:
        """What saving and a fresh load of the book do: piles are made one, and what left is no longer in hand."""
        self.book.settle()
        for pile in [pile for pile in self.book.piles if pile.status == "SHIPPED"]:
            self.book.take_back(pile)
            self.shipped.append(pile)
            if (line := self.book.lines.get((pile.order, pile.line))) and line.single_lot:
                line.shipped_lot = pile.lot
        for unit in [unit for unit in self.book.units if unit.status == "SHIPPED"]:
            self.book.take_back(unit)
            self.book.gone[unit.key] = unit.order


def _held(counter: Counter, act: Act, data: SerialHeld) -> None:
    for unit in data.units:
        counter.holds[data.sku, unit.serial].add(data.hold)
    hold(act, data)


def _lifted(counter: Counter, _: Act, data: SerialHoldLifted) -> None:
    for serial in data.serials:
        counter.holds[data.sku, serial].discard(data.hold)


def _lot_held(counter: Counter, act: Act, data: LotHeld) -> None:
    counter.lot_holds[data.sku, data.lot, data.location].add(data.hold)
    hold(act, data)


def _lot_lifted(counter: Counter, _: Act, data: LotHoldLifted) -> None:
    counter.lot_holds[data.sku, data.lot, data.location].discard(data.hold)


def _woken(counter: Counter, act: Act, data: OrderProductChanged) -> None:
    if order := counter.book.orders.get(data.order):
        wake(act, order, data.sku, counter.products.get(data.sku))


REQUESTS: dict[type[Fact], Callable[[Counter, Act, Any], list[Refusal]]] = {
    Pick: lambda at, act, data: pick(act, data, SPOTS, at.guard)[1],
    ShortPick: lambda _, act, data: short_pick(act, data)[1],
    Unpick: lambda _, act, data: unpick(act, data, SPOTS)[1],
    Exchange: lambda _, act, data: exchange(act, data)[1],
    ExchangeStock: lambda _, act, data: exchange_stock(act, data)[1],
    Pack: lambda at, act, data: pack(act, at.yard, data)[1],
    Unpack: lambda at, act, data: unpack(act, at.yard, data)[1],
    Repack: lambda at, act, data: repack(act, at.yard, data)[1],
    CreateShipment: lambda at, act, data: create(act, at.yard, data)[1],
    CancelShipment: lambda at, act, data: cancel(act, at.yard, data)[1],
    Dispatch: lambda at, act, data: dispatch(act, at.yard, data)[1],
}
FACTS: dict[type[Fact], Callable[[Counter, Act, Any], None]] = {
    OrderProductChanged: _woken,
    SerialAllocated: lambda _, act, data: answered(act, data),
    LotAllocated: lambda _, act, data: answered(act, data),
    LotHeld: _lot_held,
    LotHoldLifted: _lot_lifted,
    LotDispatchApproved: lambda at, act, data: approve(act, at.yard, data),
    LotDispatchRefused: lambda at, act, data: refuse(act, at.yard, data),
    SerialHeld: _held,
    SerialHoldLifted: _lifted,
    DispatchApproved: lambda at, act, data: approve(act, at.yard, data),
    DispatchRefused: lambda at, act, data: refuse(act, at.yard, data),
}
