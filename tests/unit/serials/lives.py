"""Lives of units in any order that services could bring about: all that may happen to them, step by step."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from services.serials.units.domain.expiry import NEVER, UnitsDue
from shared.contracts.commands.serials import Adjust, Correct, Hold, Lift, Move, PutAway
from shared.contracts.envelope import Fact
from shared.contracts.lots import RecallOpened
from shared.contracts.serials import DispatchApproved
from shared.stock.expiry import is_expired
from tests.unit.serials.making import BIN, DAWN, SHELF, names
from tests.unit.serials.neighbours import Fulfillment, Line, Receiving
from tests.unit.serials.registry import Registry

SERIALS = names(6)
serials = st.sampled_from(SERIALS)
receipts = st.sampled_from(["R-1", "R-2"])
lots = st.sampled_from(["L-1", "L-2"])
TODAY = DAWN.date()
labels = st.fixed_dictionaries(
    {}, optional={"lot": lots, "expiry": st.sampled_from([-1, 0, 3, 8, 30]).map(lambda days: TODAY + timedelta(days))}
)
some = st.lists(serials, min_size=1, max_size=4, unique=True)
any_number = st.integers(min_value=0, max_value=1000)


class Lives(RuleBasedStateMachine):
    """Three services, of which the registry is the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.queues: dict[str, list[Fact]] = defaultdict(list)
        self.receiving = Receiving(self.queues)
        self.fulfillment = Fulfillment(self.queues)
        self.heard = 0
        self.holds = 0

    @initialize(stored=st.lists(serials, max_size=6, unique=True), label=labels)
    def stock(self, stored: list[str], label: dict[str, Any]) -> None:
        """Most days begin with something in the house."""
        for serial in stored:
            self.receiving.receive(serial, "R-0", label)
            self._deliver(self.queues["R-0"], 1)
        if stored:
            self.put_away(stored, SHELF)

    @rule(serial=serials, receipt=receipts)
    def plan(self, serial: str, receipt: str) -> None:
        """A serial is announced."""
        self.receiving.plan(serial, receipt)

    @rule(serial=serials)
    def cancel_plan(self, serial: str) -> None:
        """Its announcement is withdrawn."""
        self.receiving.cancel(serial)

    @rule(serial=serials, receipt=receipts, label=labels)
    def receive(self, serial: str, receipt: str, label: dict[str, Any]) -> None:
        """It arrives."""
        self.receiving.receive(serial, receipt, label)

    @rule(serial=serials)
    def give_back(self, serial: str) -> None:
        """It comes back from its customer."""
        self.receiving.give_back(serial)

    @rule(picks=st.lists(any_number, min_size=1, max_size=12))
    def deliver(self, picks: list[int]) -> None:
        """Queues' next messages arrive; those of one type that stand together make a batch."""
        for pick in picks:
            full = sorted(name for name, queue in self.queues.items() if queue)
            if full:
                self._deliver(self.queues[full[pick % len(full)]], 1 + pick % 3)

    def _deliver(self, queue: list[Fact], count: int) -> None:
        run = [fact for fact in queue[:count] if type(fact) is type(queue[0])]
        del queue[: len(run)]
        for verdict in self.registry.hear(*run) or ():
            if isinstance(verdict, DispatchApproved):
                self.fulfillment.approved(verdict)

    @rule(count=st.integers(1, 20))
    def answer(self, count: int) -> None:
        """Fulfillment and receiving read on in what the registry said."""
        for fact in self.registry.said[self.heard : self.heard + count]:
            self.fulfillment.hear(fact)
            self.receiving.hear(fact)
        self.heard = min(self.heard + count, len(self.registry.said))

    @rule(rounds=st.integers(1, 4), pick=any_number)
    def quiet(self, rounds: int, pick: int) -> None:
        """A while passes: everything said arrives, and the floor goes on with the orders."""
        for _ in range(rounds):
            self.answer(1000)
            for which in range(len(self.fulfillment.lines)):
                self.work(which)
            while any(self.queues.values()):
                self.deliver([pick])

    @rule(units=some, location=st.sampled_from([SHELF, BIN]))
    def put_away(self, units: list[str], location: str) -> None:
        """Units are stored."""
        self.registry.hear(PutAway(sku="A-1", serials=units, location=location))

    @rule(units=some)
    def move(self, units: list[str]) -> None:
        """Units are moved."""
        self.registry.hear(Move(sku="A-1", serials=units, location=BIN))

    @rule(serial=serials)
    def hold(self, serial: str) -> None:
        """A unit is held."""
        self.holds += 1
        self.registry.hear(Hold(sku="A-1", serials=[serial], hold=f"H-{self.holds}", reason="suspicion"))

    @rule(lot=lots)
    def hold_lot(self, lot: str) -> None:
        """A lot number is held, with what arrives of it."""
        self.holds += 1
        self.registry.hear(Hold(sku="A-1", lot=lot, hold=f"H-{self.holds}", reason="suspicion"))

    @rule(lot=lots, serial=serials, mock=st.booleans())
    def recall(self, lot: str, serial: str, mock: bool) -> None:
        """A lot and a serial are recalled."""
        self.holds += 1
        hold = f"H-{self.holds}"
        self.registry.hear(
            RecallOpened(
                recall=hold, sku="A-1", lots=[lot], words=[serial.lower()], hold=hold, mock=mock, reason="edges"
            )
        )

    @rule(serial=serials, label=labels)
    def correct(self, serial: str, label: dict[str, Any]) -> None:
        """A label was misread."""
        self.registry.hear(Correct(sku="A-1", serials=[serial], expiry=label.get("expiry"), reason="misread"))

    @rule(days=st.integers(1, 6))
    def days_pass(self, days: int) -> None:
        """Days pass, and the clock looks at what is due."""
        self.registry.now += timedelta(days)
        here = [it for it in self.registry.units.values() if it.location and it.adjustment is None]
        units = [it for it in here if it.expiry and it.due != NEVER]
        due = {UnitsDue(sku=it.sku, warehouse="EAST", expiry=it.expiry, since=it.due) for it in units}
        for fact in due:
            self.registry.hear(fact)
        day = self.registry.now.date()
        assert all(unit.holds for unit in units if is_expired(unit.expiry, day))

    @rule(which=any_number)
    def lift(self, which: int) -> None:
        """A hold is lifted."""
        held = sorted(name for (_, name), units in self.registry.held.items() if units)
        if held:
            self.registry.hear(Lift(sku="A-1", hold=held[which % len(held)], reason="cleared"))

    @rule(serial=serials, what=st.sampled_from(["LOST", "FOUND", "FOUND"]))
    def adjust(self, serial: str, what: str) -> None:
        """A unit is missed, or found again."""
        self.registry.hear(
            Adjust.model_validate({"sku": "A-1", "serials": [serial], "adjustment": what, "reason": "count"})
        )

    @rule(
        quantity=st.integers(1, 3),
        priority=st.integers(4, 6),
        shortfall=st.sampled_from(["WAIT", "WAIT", "DROP"]),
        named=st.one_of(st.just([]), st.just([]), some),
        limits=st.fixed_dictionaries({
            "min_life_days": st.sampled_from([0, 0, 3, 8]),
            "lots": st.sampled_from([[], [], ["L-1"], ["L-1", "L-2"]]),
            "single_lot": st.sampled_from([False, False, True]),
        }),
    )  # fmt: skip
    def want(self, quantity: int, priority: int, shortfall: str, named: list[str], limits: dict[str, Any]) -> None:
        """An order is placed."""
        self.fulfillment.want(quantity, priority, shortfall, named, **limits)

    @rule(quantity=st.integers(1, 4))
    def order(self, quantity: int) -> None:
        """An everyday order is placed, and its day goes on."""
        self.fulfillment.want(quantity, 5, "WAIT", [])
        self.quiet(1, 0)

    @rule(which=any_number)
    def cancel(self, which: int) -> None:
        """An order is cancelled."""
        if line := self._line(which):
            self.fulfillment.cancel(line)

    @rule(which=any_number, serial=serials, again=st.booleans(), hold=st.booleans())
    def deallocate(self, which: int, serial: str, again: bool, hold: bool) -> None:
        """An allocated unit is given back."""
        if line := self._line(which):
            self.fulfillment.deallocate(line, serial, again=again, hold=hold)

    @rule(which=any_number, serial=serials, again=st.booleans())
    def unpick(self, which: int, serial: str, again: bool) -> None:
        """A picked unit is put back."""
        if line := self._line(which):
            self.fulfillment.unpick(line, serial, again=again)

    @rule(which=any_number)
    def work(self, which: int) -> None:
        """The floor goes on with an order: pick, ask, send off, whatever comes next for each unit."""
        if line := self._line(which):
            for serial in list(line.units):
                self.fulfillment.dispatch(line, serial)
                self.fulfillment.ask(line, serial)
                self.fulfillment.pick(line, serial)

    def _line(self, which: int) -> Line | None:
        lines = list(self.fulfillment.lines.values())
        return lines[which % len(lines)] if lines else None
