"""A serial registry in small: what fulfillment's rules are played against. It answers as the real one promises to."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.serials import (
    DispatchApproved,
    DispatchRefused,
    GivenUnit,
    HeldUnit,
    RefusedUnit,
    SerialAllocated,
    SerialHeld,
    SerialHoldLifted,
)


@dataclass
class Unit:
    """A unit of the registry."""

    sku: str
    serial: str
    status: str = "IN_INVENTORY"
    demand: str | None = None
    order: str | None = None
    line: str | None = None
    holds: set[str] = field(default_factory=set)


@dataclass
class Demand:
    """What is asked and still open."""

    asked: AllocationRequested
    open: int
    status: str = "OPEN"


class Owner:
    """The registry: facts of one order come in order, what it says of one product goes out in order."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.units: dict[tuple[str, str], Unit] = {}
        self.demands: dict[str, Demand] = {}
        self.coming: dict[str, deque[Fact]] = defaultdict(deque)
        self.going: dict[str, deque[Fact]] = defaultdict(deque)
        self.misfits: list[str] = []

    def put_away(self, sku: str, serial: str) -> None:
        """A new unit is free."""
        self.units[sku, serial] = Unit(sku, serial)
        self._serve(sku, None)

    def hold(self, unit: Unit, name: str) -> None:
        """Nobody gets or dispatches this unit."""
        unit.holds.add(name)
        held = HeldUnit(
            serial=unit.serial, status=unit.status, order=unit.order, line=unit.line, demand=unit.demand,
        )  # fmt: skip
        self._say(SerialHeld(sku=unit.sku, hold=name, reason="suspicion", units=[held]))

    def lift(self, unit: Unit, name: str) -> None:
        """The hold is over."""
        unit.holds.discard(name)
        self._say(SerialHoldLifted(sku=unit.sku, hold=name, reason="fine", serials=[unit.serial]))
        self._serve(unit.sku, None)

    def hear(self, order: str) -> None:
        """Take in the next fact about an order."""
        fact = self.coming[order].popleft()
        take: dict[type[Fact], Callable[[Any], None]] = {
            AllocationRequested: self._requested,
            AllocationWithdrawn: self._withdrawn,
            UnitDeallocated: self._deallocated,
            UnitPicked: self._picked,
            UnitUnpicked: self._unpicked,
            DispatchRequested: self._check,
            DispatchDone: self._done,
        }
        if rule := take.get(type(fact)):
            rule(fact)

    def _requested(self, fact: AllocationRequested) -> None:
        if fact.tracking == "SERIAL":
            self.demands[fact.demand] = Demand(fact, int(fact.quantity))
            self._serve(fact.sku, fact.demand)

    def _withdrawn(self, fact: AllocationWithdrawn) -> None:
        if fact.tracking != "SERIAL":
            return
        demand = self.demands[fact.demand]
        demand.status, demand.open = "WITHDRAWN", 0
        for unit in self.units.values():
            if unit.demand == fact.demand and unit.status == "ALLOCATED":
                self._free(unit)
        self._serve(fact.sku, None)

    def _deallocated(self, fact: UnitDeallocated) -> None:
        for unit in self._fit(fact, "ALLOCATED"):
            self._free(unit)
            if fact.hold:
                self.hold(unit, fact.hold)
        self._again(fact)

    def _picked(self, fact: UnitPicked) -> None:
        for unit in self._fit(fact, "ALLOCATED"):
            unit.status = "PICKED"

    def _unpicked(self, fact: UnitUnpicked) -> None:
        for unit in self._fit(fact, "PICKED"):
            self._free(unit)
        self._again(fact)

    def _done(self, fact: DispatchDone) -> None:
        for packed in fact.units:
            unit = self.units[packed.sku, packed.serial]
            self._expect(unit.status == "PICKED" and unit.order == fact.order, f"{unit} left")
            unit.status = "SHIPPED"

    def _fit(self, fact: UnitDeallocated | UnitPicked | UnitUnpicked, status: str) -> list[Unit]:
        units = [self.units[fact.sku, serial] for serial in fact.serials]
        for unit in units:
            fits = (unit.status, unit.demand, unit.order, unit.line) == (status, fact.demand, fact.order, fact.line)
            self._expect(fits, f"{fact} does not fit {unit}")
        return units

    def _again(self, fact: UnitDeallocated | UnitUnpicked) -> None:
        if fact.again:
            demand = self.demands[fact.demand]
            self._expect(demand.status != "WITHDRAWN", f"{fact} wants again what was withdrawn")
            demand.open += len(fact.serials)
            demand.status = "OPEN"
        self._serve(fact.sku, fact.demand if fact.again else None)

    def _check(self, asked: DispatchRequested) -> None:
        for sku in sorted({unit.sku for unit in asked.units}):
            units = [self.units[sku, packed.serial] for packed in asked.units if packed.sku == sku]
            bad = [unit for unit in units if unit.status != "PICKED" or unit.order != asked.order or unit.holds]
            about = {"sku": sku, "check": asked.check, "shipment": asked.shipment, "order": asked.order}
            if bad:
                no = [RefusedUnit(serial=unit.serial, code="held", detail="no") for unit in bad]
                self._say(DispatchRefused(**about, orders=asked.orders, units=no))
            else:
                serials, until = [unit.serial for unit in units], self.now + timedelta(minutes=15)
                self._say(DispatchApproved(**about, orders=asked.orders, serials=serials, until=until))

    def _serve(self, sku: str, asked: str | None) -> None:
        for name, demand in self.demands.items():
            if demand.asked.sku != sku or demand.status != "OPEN" or (demand.open == 0 and name != asked):
                continue
            wanted = demand.asked.serials
            free = [unit for unit in self.units.values() if unit.sku == sku and self.is_free(unit)]
            fits = [unit for unit in free if not wanted or unit.serial in wanted][: demand.open]
            for unit in fits:
                unit.status, unit.demand = "ALLOCATED", name
                unit.order, unit.line = demand.asked.order, demand.asked.line
            demand.open -= len(fits)
            if fits or name == asked:
                self._answer(name, demand, fits)

    def _answer(self, name: str, demand: Demand, units: list[Unit]) -> None:
        short = demand.open
        if demand.asked.shortfall == "DROP":
            demand.status, demand.open = "CLOSED", 0
        given = [GivenUnit(serial=unit.serial, location="EAST/A-1") for unit in units]
        self._say(
            SerialAllocated(
                sku=demand.asked.sku, demand=name, order=demand.asked.order, line=demand.asked.line, given=given,
                short=short, closed=demand.status == "CLOSED",
            )
        )  # fmt: skip

    def is_free(self, unit: Unit) -> bool:
        """Whether an order may have it."""
        return unit.status == "IN_INVENTORY" and not unit.holds

    def _free(self, unit: Unit) -> None:
        unit.status, unit.demand, unit.order, unit.line = "IN_INVENTORY", None, None, None

    def _say(self, fact: Fact) -> None:
        self.going[fact.key()].append(fact)

    def _expect(self, fits: bool, otherwise: str) -> None:
        if not fits:
            self.misfits.append(otherwise)
