"""The floor that anything may happen on: fulfillment's rules beside the owners of its goods, and what must hold."""

from collections import Counter as Count
from decimal import Decimal
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from services.fulfillment.orders.domain import Goods, Line, Unit
from services.fulfillment.shipping.domain import Carton, Shipment
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import OrderRejected
from tests.unit.fulfillment.counter import NOW, Counter
from tests.unit.fulfillment.owner import Owner


class Floor(RuleBasedStateMachine):
    """Fulfillment's rules against a registry; messages between the two wait until a rule brings them."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter(("A", "B"))
        self.owner = Owner(NOW)
        self.owners: list[Any] = [self.owner]
        self.names = 0
        self.last: Fact | None = None

    def name(self, prefix: str) -> str:
        """A name never used before."""
        self.names += 1
        return f"{prefix}{self.names}"

    def do(self, fact: Fact) -> None:
        """Fulfillment decides a message; what it says is on its way."""
        self.last = fact
        for said in self.counter.take(fact):
            assert not isinstance(said, OrderRejected), said
            self.send(said)

    def send(self, said: Fact) -> None:
        """A fact is on its way to whoever hears it."""
        self.owner.coming[said.key()].append(said)

    def unit(self, choice: int, *states: str, packed: bool | None = None) -> Unit | None:
        """Some unit in hand."""
        units = [
            unit for unit in self.counter.book.units
            if unit.status in states and (packed is None or packed == (unit.carton is not None))
        ]  # fmt: skip
        return units[choice % len(units)] if units else None

    @property
    def goods(self) -> list[Goods]:
        """All that orders have in hand."""
        return [*self.counter.book.units, *self.counter.book.piles]

    @invariant()
    def lines_add_up(self) -> None:
        """Each line is allocated, picked, shipped or short, as its units are; nothing below nought."""
        counted, packed = Count[tuple[str, ...]](), Count[tuple[str, ...]]()
        for one in self.goods:
            counted[one.order, one.line, one.status] += one.quantity  # type: ignore[assignment]
            packed[one.order, one.line] += one.quantity if one.carton else 0  # type: ignore[assignment]
        for line in self.counter.book.lines:
            at = (line.order, line.line)
            assert line.allocated == Decimal(counted[*at, "ALLOCATED"])
            assert line.picked == Decimal(counted[*at, "PICKED"])
            assert line.packed == Decimal(packed[at])
            assert line.shipped >= 0
            assert line.short >= 0
            assert line.allocated + line.picked + line.shipped <= line.ordered

    @invariant()
    def nothing_allocated_to_the_cancelled(self) -> None:
        """What is cancelled has at most picked units, which wait for their unpick."""
        for one in self.goods:
            order, demand = self.counter.book.orders.get(one.order), self.counter.book.demands.get(one.demand)
            assert order is not None
            assert demand is not None
            if one.status == "ALLOCATED":
                assert not order.unwanted(one)
                assert not demand.withdrawn

    @invariant()
    def no_fact_was_out_of_place(self) -> None:
        """No owner ever hears of goods what does not fit their status, order, line and demand."""
        assert not [misfit for owner in self.owners for misfit in owner.misfits]

    def quiet(self) -> None:
        """Bring every message that is under way, until there is none."""
        while any(any(queue for queue in (*owner.coming.values(), *owner.going.values())) for owner in self.owners):
            for owner in self.owners:
                for order, facts in owner.coming.items():
                    while facts:
                        owner.hear(order)
                for facts in list(owner.going.values()):
                    while facts:
                        self.do(facts.popleft())

    def teardown(self) -> None:
        """At rest both sides say the same, and every line asks for exactly what it is short of."""
        self.quiet()
        self.lines_add_up()
        ours = {unit.key: (unit.status, unit.order, unit.line, unit.demand) for unit in self.counter.book.units}
        theirs = {
            key: (unit.status, unit.order, unit.line, unit.demand)
            for key, unit in self.owner.units.items() if unit.status in ("ALLOCATED", "PICKED")
        }  # fmt: skip
        assert ours == theirs
        for line in self.counter.book.lines:
            self._asks_for_what_it_lacks(line)
        for unit in self.owner.units.values():
            if unit.status == "SHIPPED":
                assert self.counter.book.gone[unit.sku, unit.serial] == unit.order
        for carton in self.counter.yard.cartons:
            self._in_one_shipment(carton)

    def _asks_for_what_it_lacks(self, line: Line) -> None:
        asked = sum(open_ for name, open_ in self.open_demands() if name in line.demands)
        order = self.counter.book.orders.get(line.order)
        assert order is not None
        assert asked == (0 if order.cancelled or order.backorders == "REFUSED" else line.short), (order, line)

    def open_demands(self) -> list[tuple[str, Decimal]]:
        """What is asked for still, by demand."""
        return [(name, Decimal(demand.open)) for name, demand in self.owner.demands.items()]

    def _in_one_shipment(self, carton: Carton) -> None:
        shipment: Shipment | None = self.counter.yard.shipments.get(carton.shipment or "")
        assert shipment is None or (shipment.status != "CANCELLED" and carton.order in shipment.orders)
