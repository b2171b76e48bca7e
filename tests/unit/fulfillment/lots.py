"""The owner of counted goods in small: what fulfillment's rules are played against. It answers as lots promises to."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.counted import PackedStock
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import (
    GivenLot,
    HeldStock,
    LotAllocated,
    LotDispatchApproved,
    LotDispatchRefused,
    LotHeld,
    LotHoldLifted,
    RefusedStock,
)

Place = tuple[str, str, str]
"""A lot of a product at a place."""
NOTHING = Decimal(0)


@dataclass
class Demand:
    """What is asked and still open; `lot` is the one that a wish for a single lot was given."""

    asked: AllocationRequested
    open: Decimal
    status: str = "OPEN"
    lot: str | None = None


class Lots:
    """Lots: facts of one order come in order, what it says of one product goes out in order."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.free: dict[Place, Decimal] = defaultdict(Decimal)
        self.reserved: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        """By demand, lot and place."""
        self.picked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        """By demand and lot."""
        self.shipped: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        """By order and line."""
        self.stored = NOTHING
        self.demands: dict[str, Demand] = {}
        self.holds: dict[str, tuple[str, str, str | None]] = {}
        self.coming: dict[str, deque[Fact]] = defaultdict(deque)
        self.going: dict[str, deque[Fact]] = defaultdict(deque)
        self.misfits: list[str] = []

    def store(self, place: Place, quantity: Decimal) -> None:
        """So much more is free."""
        self.free[place] += quantity
        self.stored += quantity
        self._serve(place[0], None)

    def hold(self, sku: str, lot: str, place: str | None, name: str) -> None:
        """Nobody is given or dispatched this lot, or what of it lies at a place."""
        self.holds[name] = (sku, lot, place)
        has = [
            (demand, at, quantity) for (demand, of, at), quantity in self.reserved.items()
            if of == lot and quantity and place in (None, at)
        ]  # fmt: skip
        if place is None:
            has += [(demand, "", quantity) for (demand, of), quantity in self.picked.items() if of == lot and quantity]
        stock = [
            HeldStock(
                order=asked.order, line=asked.line, demand=demand, lot=lot, quantity=quantity, location=at or None
            )
            for demand, at, quantity in has
            if (asked := self.demands[demand].asked).sku == sku
        ]
        self._say(LotHeld(sku=sku, lot=lot, location=place, hold=name, reason="suspicion", stock=stock))

    def lift(self, name: str) -> None:
        """The hold is over."""
        sku, lot, place = self.holds.pop(name)
        self._say(LotHoldLifted(sku=sku, lot=lot, location=place, hold=name, reason="fine"))
        self._serve(sku, None)

    def hear(self, order: str) -> None:
        """Take in the next fact about an order."""
        fact = self.coming[order].popleft()
        take: dict[type[Fact], Callable[[Any], None]] = {
            AllocationRequested: self._requested,
            AllocationWithdrawn: self._withdrawn,
            StockDeallocated: self._deallocated,
            StockPicked: self._picked,
            StockUnpicked: self._unpicked,
            DispatchRequested: self._check,
            DispatchDone: self._done,
        }
        if rule := take.get(type(fact)):
            rule(fact)

    def _requested(self, fact: AllocationRequested) -> None:
        if fact.tracking != "SERIAL":
            self.demands[fact.demand] = Demand(fact, fact.quantity)
            self._serve(fact.sku, fact.demand)

    def _withdrawn(self, fact: AllocationWithdrawn) -> None:
        if fact.tracking == "SERIAL":
            return
        demand = self.demands[fact.demand]
        demand.status, demand.open = "WITHDRAWN", NOTHING
        for (name, lot, place), quantity in self.reserved.items():
            if name == fact.demand and quantity:
                self.reserved[name, lot, place] = NOTHING
                self.free[fact.sku, lot, place] += quantity
        self._serve(fact.sku, None)

    def _deallocated(self, fact: StockDeallocated) -> None:
        for part in fact.lots:
            self._take(self.reserved, (fact.demand, part.lot, part.location), part.quantity, fact)
            self.free[fact.sku, part.lot, part.location] += part.quantity
            if fact.hold:
                self.hold(fact.sku, part.lot, part.location, f"{fact.hold}-{part.lot}-{part.location}")
        self._again(fact, sum((part.quantity for part in fact.lots), NOTHING))

    def _picked(self, fact: StockPicked) -> None:
        for part in fact.lots:
            self._take(self.reserved, (fact.demand, part.lot, part.location), part.quantity, fact)
            self.picked[fact.demand, part.lot] += part.quantity

    def _unpicked(self, fact: StockUnpicked) -> None:
        for part in fact.lots:
            self._take(self.picked, (fact.demand, part.lot), part.quantity, fact)
            self.free[fact.sku, part.lot, fact.location] += part.quantity
        self._again(fact, sum((part.quantity for part in fact.lots), NOTHING))

    def _done(self, fact: DispatchDone) -> None:
        for part in fact.stock:
            left = part.quantity
            for demand in self._of(fact.order, part):
                some = min(left, self.picked[demand, part.lot])
                self.picked[demand, part.lot] -= some
                left -= some
            self._expect(not left, f"{part} left")
            self.shipped[fact.order, part.line] += part.quantity

    def _of(self, order: str, part: PackedStock) -> list[str]:
        about = (order, part.line, part.sku)
        return [name for name, it in self.demands.items() if (it.asked.order, it.asked.line, it.asked.sku) == about]

    def _take(self, rows: dict[Any, Decimal], key: Any, quantity: Decimal, fact: Any) -> None:
        asked = self.demands[fact.demand].asked
        fits = (asked.order, asked.line, asked.sku) == (fact.order, fact.line, fact.sku) and rows[key] >= quantity
        self._expect(fits, f"{fact} does not fit {key}: {rows[key]}")
        rows[key] -= quantity

    def _again(self, fact: StockDeallocated | StockUnpicked, quantity: Decimal) -> None:
        if fact.again:
            demand = self.demands[fact.demand]
            self._expect(demand.status != "WITHDRAWN", f"{fact} wants again what was withdrawn")
            demand.open, demand.status = demand.open + quantity, "OPEN"
        self._serve(fact.sku, fact.demand if fact.again else None)

    def _check(self, asked: DispatchRequested) -> None:
        for sku in sorted({part.sku for part in asked.stock}):
            stock = [part for part in asked.stock if part.sku == sku]
            bad = [part for part in stock if self._must_stay(asked.order, part)]
            about = {"sku": sku, "check": asked.check, "shipment": asked.shipment, "order": asked.order}
            if bad:
                no = [RefusedStock(**part.model_dump(), code="held", detail="no") for part in bad]
                self._say(LotDispatchRefused(**about, orders=asked.orders, stock=no))
            else:
                until = self.now + timedelta(minutes=15)
                self._say(LotDispatchApproved(**about, orders=asked.orders, stock=stock, until=until))

    def _must_stay(self, order: str, part: PackedStock) -> bool:
        picked = sum(self.picked[demand, part.lot] for demand in self._of(order, part))
        return picked < part.quantity or (part.sku, part.lot, None) in self.holds.values()

    def _serve(self, sku: str, asked: str | None) -> None:
        for name, demand in self.demands.items():
            if demand.asked.sku != sku or demand.status != "OPEN" or not (demand.open or name == asked):
                continue
            given = self._give(name, demand)
            if given or name == asked:
                self._answer(name, demand, given)

    def _give(self, name: str, demand: Demand) -> list[GivenLot]:
        given: list[GivenLot] = []
        for sku, lot, place in self._fitting(demand):
            part = min(self.free[sku, lot, place], demand.open)
            if part:
                self.free[sku, lot, place] -= part
                self.reserved[name, lot, place] += part
                demand.open -= part
                given.append(GivenLot(lot=lot, location=place, quantity=part))
        if given and demand.asked.single_lot:
            demand.lot = given[0].lot
        return given

    def _fitting(self, demand: Demand) -> list[Place]:
        sku, wanted = demand.asked.sku, demand.asked.lots
        open_ = [at for at in sorted(self.free) if at[0] == sku and self._is_open(at) and self.free[at]]
        fits = [at for at in open_ if (at[1] == demand.lot if demand.lot else not wanted or at[1] in wanted)]
        if not demand.asked.single_lot:
            return fits
        for lot in dict.fromkeys(at[1] for at in fits):
            if sum(self.free[at] for at in fits if at[1] == lot) >= demand.open:
                return [at for at in fits if at[1] == lot]
        return []

    def _is_open(self, place: Place) -> bool:
        sku, lot, at = place
        return not {(sku, lot, None), (sku, lot, at)} & set(self.holds.values())

    def _answer(self, name: str, demand: Demand, given: list[GivenLot]) -> None:
        short = demand.open
        if demand.asked.shortfall == "DROP":
            demand.status, demand.open = "CLOSED", NOTHING
        asked, closed = demand.asked, demand.status == "CLOSED"
        about = {"sku": asked.sku, "demand": name, "order": asked.order, "line": asked.line}
        self._say(LotAllocated(**about, given=given, short=short, closed=closed))

    def _say(self, fact: Fact) -> None:
        self.going[fact.key()].append(fact)

    def _expect(self, fits: bool, otherwise: str) -> None:
        if not fits:
            self.misfits.append(otherwise)
