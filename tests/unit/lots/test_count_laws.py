"""Laws of counts: they make no goods, and the order of arrival of counts and movements does not matter."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from services.lots.balances.domain.records import DemandRef
from shared.contracts.envelope import Message
from shared.contracts.lots import LotRejected
from shared.contracts.quantities import ScannedPickedLot
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, OUTBOUND, RACK, SHELF
from tests.unit.lots.counted_stock import CountedStock, at, dispatch_of

MESSAGES = OrderMessages("A-1")
PLACES = (SHELF, BIN, RACK, OUTBOUND)
KINDS = ("move", "move", "pick", "ship", "unpick", "find", "scrap", "steal", "count", "count")


@dataclass
class Warehouse:
    """What really happens to lot B-1: messages about movements, and counts; stolen goods are in no message."""

    quantities: Counter[str] = field(default_factory=lambda: Counter({SHELF: 100}))
    movements: list[tuple[int, Message]] = field(default_factory=list)
    counts: list[tuple[int, Message]] = field(default_factory=list)
    uncounted: set[str] = field(default_factory=set)
    """Places with goods stolen since their last count."""

    def act(self, minute: int, action: str, place: str, target: str, quantity: int) -> None:
        """Do what the goods at a place allow."""
        if action == "count":
            self.count(minute, place)
            return
        quantity = quantity if action == "find" else min(quantity, self.quantities[place])
        is_staged = place == OUTBOUND
        if not quantity or (is_staged != (action in {"ship", "unpick"}) and action != "steal"):
            return
        if action == "steal":
            self.uncounted.add(place)
        self.quantities[place] += quantity if action == "find" else -quantity
        lots = [ScannedPickedLot(lot="B-1", quantity=Decimal(quantity), location=OUTBOUND)]
        match action:
            case "move":
                self.quantities[target] += quantity
                self.movements.append((minute, MESSAGES.move("B-1", quantity, target, place)))
            case "pick":
                self.quantities[OUTBOUND] += quantity
                self.movements.append((minute, MESSAGES.pick(1, MESSAGES.lot_at_location("B-1", quantity, place))))
            case "unpick":
                self.quantities[target] += quantity
                self.movements.append((minute, MESSAGES.unpick(1, "B-1", quantity, target, lots=lots)))
            case "ship":
                self.movements.append((minute, dispatch_of(1, quantity)))
            case "find":
                self.movements.append((minute, MESSAGES.adjust("B-1", quantity, "FOUND", place)))
            case "scrap":
                self.movements.append((minute, MESSAGES.adjust("B-1", quantity, "SCRAPPED", place)))

    def count(self, minute: int, place: str) -> None:
        """Count what is there."""
        self.uncounted.discard(place)
        message = MESSAGES.count("B-1", self.quantities[place], place, counted_at=at(minute))
        self.counts.append((minute, message))


def deliver(messages: list[tuple[int, Message]]) -> CountedStock:
    """Deliver messages in this order; all are accepted."""
    stock = CountedStock()
    for minute, message in messages:
        if message.TYPE == "order.lots_picked.v1":
            [lot] = message.lots  # type: ignore[attr-defined]
            demand_ref = DemandRef(MESSAGES.demand_id(1), MESSAGES.order_id(1), "1")
            key = ("A-1", "B-1", lot.location)
            if key in stock.uow.balances:
                stock.allocate(key, demand_ref, lot.quantity)
        results = stock.play(minute, message)
        assert not any(result.violations for result in results), (message, results)
    assert not stock.events_of(LotRejected)
    return stock


def standing_at(stock: CountedStock, place: str) -> int:
    """What stands at a place by the books."""
    picked = sum(row.quantity - row.missing for row in stock.uow.picked if row.location == place)
    return stock.on_hand(place) + int(picked)


ACTIONS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(PLACES), st.sampled_from(PLACES[:-1]), st.integers(1, 60)),
    min_size=4,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(ACTIONS, st.lists(st.booleans(), min_size=20, max_size=20))
def test_counts_and_movements_may_arrive_in_any_order(
    actions: list[tuple[str, str, str, int]], is_movement_next: list[bool]
) -> None:
    """The books equal what is there once all places were counted, and before that they are never less (S22)."""
    warehouse = Warehouse()
    for minute, action in enumerate(actions, start=10):
        warehouse.act(minute, *action)
    movements, counts = iter(warehouse.movements), iter(warehouse.counts)
    shuffled = [item for is_next in is_movement_next for item in islice(movements if is_next else counts, 1)]
    shuffled += [*movements, *counts]
    expected, actual = deliver(sorted(shuffled, key=lambda item: item[0])), deliver(shuffled)
    for place in PLACES:
        assert standing_at(actual, place) == standing_at(expected, place)
        if place not in warehouse.uncounted:
            assert standing_at(actual, place) == warehouse.quantities[place]
    assert actual.variances() == expected.variances()
    total = sum((entry.on_hand + entry.picked for entry in actual.ledger), Decimal(0))
    assert total >= sum(warehouse.quantities.values())
