"""Receiving and fulfillment as the registry knows them: what they would say, in the order they would say it.

What they say stands in queues, one a document: within a queue order holds, between queues none does. What the registry
says comes to fulfillment late, too. So facts cross each other here as they do between the services.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, UnitDeallocated, UnitPicked, UnitUnpicked
from shared.contracts.serials import DispatchApproved, SerialAllocated, SerialHeld, SerialMoved
from tests.unit.serials.making import BIN, OUT, back, check, done, give_up, of, plan, receive, want, withdraw


@dataclass
class Receiving:
    """One row a serial, with its version: expected on a receipt, in house, or out."""

    queues: dict[str, list[Fact]]
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    expected: dict[str, str] = field(default_factory=dict)
    in_house: set[str] = field(default_factory=set)
    out: dict[str, str] = field(default_factory=dict)
    returns: int = 0

    def _next(self, serial: str) -> int:
        self.versions[serial] += 1
        return self.versions[serial]

    def plan(self, serial: str, receipt: str) -> None:
        """Announce a serial, or take it over from another receipt, which then no longer expects it."""
        if serial in self.in_house or serial in self.out or self.expected.get(serial) == receipt:
            return
        before = self.expected.get(serial)
        if before:
            self.queues[before].append(withdraw([serial], self._next(serial), before, "TAKEN_OVER"))
        self.expected[serial] = receipt
        self.queues[receipt].append(plan([serial], self._next(serial), receipt))

    def cancel(self, serial: str) -> None:
        """Expect a serial no longer."""
        if receipt := self.expected.pop(serial, None):
            self.queues[receipt].append(withdraw([serial], self._next(serial), receipt))

    def receive(self, serial: str, receipt: str, label: Mapping[str, Any]) -> None:
        """Scan and confirm a serial with its label: it is here, expected or not."""
        if serial not in self.in_house and serial not in self.out:
            self.expected.pop(serial, None)
            self.in_house.add(serial)
            self.queues[receipt].append(receive([serial], self._next(serial), receipt, **label))

    def hear(self, fact: Fact) -> None:
        """Learn what has left."""
        if isinstance(fact, SerialMoved) and fact.status == "SHIPPED":
            for serial in fact.serials:
                self.in_house.remove(serial)
                self.out[serial] = fact.order or ""

    def give_back(self, serial: str) -> None:
        """Take a shipped serial back from its customer."""
        if order := self.out.pop(serial, None):
            self.in_house.add(serial)
            self.returns += 1
            name = f"RMA-{self.returns}"
            self.queues[name].append(back([serial], self._next(serial), order, name))


@dataclass
class Line:
    """An order's one line, as fulfillment keeps it: its demand, and what it was given of it."""

    demand: str
    withdrawn: bool = False
    units: dict[str, Literal["ALLOCATED", "PICKED", "CHECKED", "SHIPPED"]] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """Its order."""
        return f"SO-{self.demand}"


@dataclass
class Fulfillment:
    """Takes answers, picks, gives back, dispatches; never looks at stock."""

    queues: dict[str, list[Fact]]
    lines: dict[str, Line] = field(default_factory=dict)
    holds: int = 0

    def want(self, quantity: int, priority: int, shortfall: str, serials: list[str], **more: Any) -> None:
        """Place an order of one line."""
        demand = f"D{len(self.lines) + 1}"
        self.lines[demand] = Line(demand)
        asked: AllocationRequested = want(
            demand, quantity, priority=priority, shortfall=shortfall, serials=serials[:quantity], **more
        )
        self.queues[f"SO-{demand}"].append(asked)

    def cancel(self, line: Line) -> None:
        """Withdraw the demand; what is picked waits for its unpick."""
        if not line.withdrawn:
            line.withdrawn = True
            line.units = {serial: state for serial, state in line.units.items() if state != "ALLOCATED"}
            self.queues[line.order].append(give_up(line.demand))

    def hear(self, fact: Fact) -> None:
        """Take one of the registry's facts in."""
        if isinstance(fact, SerialAllocated) and not (line := self.lines[fact.demand]).withdrawn:
            line.units |= {unit.serial: "ALLOCATED" for unit in fact.given}
        elif isinstance(fact, SerialHeld):
            for unit in fact.units:
                if unit.demand:
                    self.deallocate(self.lines[unit.demand], unit.serial, again=True, hold=False)

    def deallocate(self, line: Line, serial: str, *, again: bool, hold: bool) -> None:
        """Give an allocated unit back, held where nobody found it."""
        if line.units.get(serial) == "ALLOCATED":
            del line.units[serial]
            self.holds += hold
            name = f"SP-{self.holds}" if hold else None
            fact = UnitDeallocated(**of(line.demand, [serial]), again=again, reason="short pick", hold=name)
            self.queues[line.order].append(fact)

    def pick(self, line: Line, serial: str) -> None:
        """Pick an allocated unit."""
        if line.units.get(serial) == "ALLOCATED":
            line.units[serial] = "PICKED"
            self.queues[line.order].append(UnitPicked(**of(line.demand, [serial]), location=OUT))

    def unpick(self, line: Line, serial: str, *, again: bool) -> None:
        """Put a picked unit back; nothing is wanted again under a withdrawn demand."""
        if line.units.get(serial) in {"PICKED", "CHECKED"}:
            del line.units[serial]
            wanted = again and not line.withdrawn
            self.queues[line.order].append(
                UnitUnpicked(**of(line.demand, [serial]), location=BIN, again=wanted, reason="unpicked")
            )

    def ask(self, line: Line, serial: str) -> None:
        """Ask whether a picked unit may leave."""
        if line.units.get(serial) == "PICKED" and not line.withdrawn:
            self.queues[line.order].append(check([serial], line.order))

    def approved(self, verdict: DispatchApproved) -> None:
        """Take an answer of the check."""
        line = self.lines[verdict.order.removeprefix("SO-")]
        for serial in verdict.serials:
            if line.units.get(serial) == "PICKED":
                line.units[serial] = "CHECKED"

    def dispatch(self, line: Line, serial: str) -> None:
        """Send off what was approved."""
        if line.units.get(serial) == "CHECKED" and not line.withdrawn:
            line.units[serial] = "SHIPPED"
            self.queues[line.order].append(done([serial], line.order))
