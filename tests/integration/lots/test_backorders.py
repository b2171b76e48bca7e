"""Long backorder queues, with the database: loading is bounded, and no demand that could be filled is missed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Row, TextClause

from shared.contracts.envelope import Message
from shared.contracts.reference import ProductChanged
from shared.persistence.database import Transaction
from tests.integration.lots.conftest import LotsHarness
from tests.support.events import NOW
from tests.support.in_memory.lot_allocation import POLICY, AllocatedPart, InMemoryAllocation, allocated_parts
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, LOCATION_TYPES, RACK, SHELF, WEST_SHELF
from tests.support.messages.reference import product_changed

CURRENT_TIME = datetime.now(UTC)
PICK_SEQUENCE = {location: number for number, location in enumerate(LOCATION_TYPES)}
ACTIONS = [
    "add stock", "add stock", "request", "request", "request", "hold or release", "cancel", "deallocate",
    "change policy",
]  # fmt: skip
LOTS = ["L1", "L2", "L3", "l1"]


class EquivalenceRunner:
    """Plays the same messages against the database, with bounded loading, and in memory, with everything loaded."""

    def __init__(self, harness: LotsHarness, seed: int) -> None:
        self.harness, self.random, self.demand_count = harness, Random(seed), 0  # noqa: S311
        self.messages = OrderMessages(harness.sku)
        self.service = InMemoryAllocation(
            CURRENT_TIME, {"EAST": "Europe/Berlin", "WEST": "Europe/Berlin"}, PICK_SEQUENCE, sku=harness.sku
        )
        self.version, self.hold_count, self.hold_by_lot = 1, 0, dict[str, str]()

    async def start(self) -> None:
        """Create the product and its lots: with different and equal expiries, or none."""
        await self.harness.handle(self.product(POLICY.stop_allocation_days))
        today = self.service.today
        for number, lot in enumerate(LOTS):
            days = self.random.choice([None, 1, 2, 3, 4, 5, 5, 9])
            expiry = None if days is None else today + timedelta(days)
            await self.harness.handle(self.messages.receive(self.messages.received_lot(lot, 500, expiry)))
            await self.harness.handle(
                self.messages.receive(self.messages.received_lot(lot, 500, expiry), location="WEST/DOCK")
            )
            self.service.add_lot(lot, expiry, number)

    def product(self, stop_allocation_days: int) -> ProductChanged:
        """The next version of the product, with other stop-allocation days."""
        self.version += 1
        policy = POLICY.model_copy(update={"stop_allocation_days": stop_allocation_days})
        return product_changed(self.harness.sku, "LOT", version=self.version, unit="kg", shelf_life=policy)

    async def assert_same_allocations(self) -> None:
        """Play one random message on both and compare the allocations."""
        message, expected_parts = self._random_action(self.random.choice(ACTIONS))
        result = await self.harness.handle(message)
        allocated = [
            AllocatedPart(event["demand_id"], lot["lot"], lot["location"], lot["quantity"])
            for event in result.data_of("lot.allocated.v1")
            for lot in event.get("allocated", ())
        ]
        assert sorted(allocated) == sorted(expected_parts), message

    def _random_action(self, action: str) -> tuple[Message, list[AllocatedPart]]:
        random, service, messages = self.random, self.service, self.messages
        lot, location = random.choice(LOTS), random.choice([SHELF, BIN, RACK, WEST_SHELF])
        if action == "add stock":
            lots_at_location = {
                balance.lot for balance in service.uow.balances if balance.location == location and balance.on_hand
            }
            lot, quantity = next(iter(lots_at_location), lot), random.randint(1, 5)
            dock = "WEST/DOCK" if location == WEST_SHELF else "EAST/DOCK"
            return messages.put_away(lot, quantity, location, dock), allocated_parts(
                service.add_stock(lot, location, quantity)
            )
        if action == "hold or release":
            if lot in self.hold_by_lot:
                return self._played(messages.release_hold(self.hold_by_lot.pop(lot)))
            self.hold_count += 1
            self.hold_by_lot[lot] = f"H-{self.hold_count}"
            return self._played(messages.place_hold(lot, self.hold_by_lot[lot]))
        if action == "change policy":
            message = self.product(random.randint(0, 4))
            return message, allocated_parts(service.change_policy(message.shelf_life))
        return self._random_order_action(action)

    def _random_order_action(self, action: str) -> tuple[Message, list[AllocatedPart]]:
        random, service, messages = self.random, self.service, self.messages
        if action == "cancel" and self.demand_count:
            return self._played(messages.cancel_allocation(random.randint(1, self.demand_count)))
        reservation_rows = [row for row in service.uow.reservations if row.quantity]
        if action == "deallocate" and reservation_rows:
            row = random.choice(reservation_rows)
            lot_quantity = messages.lot_at_location(row.lot, random.randint(1, int(row.quantity)), row.location)
            number = int(row.demand_id.rpartition("-")[2])
            return self._played(messages.deallocate(number, lot_quantity, reallocate=random.random() < 0.7))
        self.demand_count += 1
        request = messages.request_allocation(
            self.demand_count,
            random.randint(1, 8),
            warehouse=random.choice(["EAST", "EAST", "WEST"]),
            customer=random.choice(["C-1", "C-1", "C-2", "C-3"]),
            priority=random.choice([5, 5, 9]),
            placed_at=NOW - timedelta(hours=random.randint(0, 5)),
            shortfall=random.choice(["BACKORDER", "BACKORDER", "BACKORDER", "CANCEL"]),
            lots=random.choice([[], [], random.sample(LOTS, 2)]),
            single_lot=random.random() < 0.3,
            min_remaining_shelf_life_days=random.choice([0, 0, 3, 5]),
        )
        return self._played(request)

    def _played(self, message: Message) -> tuple[Message, list[AllocatedPart]]:
        return message, allocated_parts(self.service.play(message))


@pytest.mark.parametrize("seed", range(8))
async def test_bounded_loading_matches_full_loading(harness: LotsHarness, seed: int) -> None:
    """Bounded loading allocates the same as loading every demand and balance (S08, S27)."""
    runner = EquivalenceRunner(harness, seed)
    await runner.start()
    for _ in range(60):
        await runner.assert_same_allocations()


async def test_loaded_rows_are_bounded(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small putaway reads few rows of a queue of 2,000 demands, half of which it cannot fill."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("L1", 10, CURRENT_TIME.date() + timedelta(20))))
    for start in range(0, 2000, 500):
        requests = [
            messages.request_allocation(number, 5, min_remaining_shelf_life_days=number % 2 * 90)
            for number in range(start, start + 500)
        ]
        await harness.handle(*requests)
    fetch_rows, max_row_count = Transaction.fetch_all, 0

    async def counting_rows(self: Transaction, statement: TextClause, values: Any = None) -> Sequence[Row[Any]]:
        nonlocal max_row_count
        result_rows = await fetch_rows(self, statement, values)
        max_row_count = max(max_row_count, len(result_rows))
        return result_rows

    monkeypatch.setattr(Transaction, "fetch_all", counting_rows)
    result = await harness.handle(messages.put_away("L1", 7))
    assert [event["demand_id"] for event in result.data_of("lot.allocated.v1")] == [
        messages.demand_id(0),
        messages.demand_id(2),
    ]
    assert max_row_count < 10


async def reservations(harness: LotsHarness) -> list[tuple[int, str, int, str]]:
    """The reservations of the product: demand number, lot, quantity, location."""
    rows = await harness.fetch_all("SELECT * FROM reservation WHERE sku = :sku AND quantity > 0", sku=harness.sku)
    return [(int(row["demand_id"].rpartition("-")[2]), row["lot"], row["quantity"], row["location"]) for row in rows]


async def count_statements(harness: LotsHarness, size: int) -> list[int]:
    """The statement count of each step, from demand to dispatch, for a number of demands."""
    messages = OrderMessages(harness.sku)
    await harness.handle(
        messages.receive(
            messages.received_lot("L1", 400, None), messages.received_lot("L2", 10, CURRENT_TIME.date() + timedelta(50))
        )
    )
    results = [
        await harness.handle(*(messages.request_allocation(number, 2) for number in range(size))),
        await harness.handle(messages.put_away("L1", 400), messages.put_away("L2", 10, BIN)),
    ]
    allocated = await reservations(harness)
    picks = [
        messages.pick(number, messages.lot_at_location(lot, quantity, location))
        for number, lot, quantity, location in allocated
    ]
    unpicks = [messages.unpick(number, lot, quantity, RACK, reallocate=True) for number, lot, quantity, _ in allocated]
    results += [await harness.handle(*picks), await harness.handle(*unpicks)]
    reallocated = await reservations(harness)
    picks = [
        messages.pick(number, messages.lot_at_location(lot, quantity, location))
        for number, lot, quantity, location in reallocated
    ]
    checks = [messages.request_dispatch_check(number, {lot: quantity}) for number, lot, quantity, _ in reallocated]
    dispatches = [messages.dispatch(number, {lot: quantity}) for number, lot, quantity, _ in reallocated]
    results += [await harness.handle(*batch) for batch in (picks, checks, dispatches)]
    assert results[-1].event_types().count("lot.shipped.v1") == len(allocated) == len(reallocated) == size
    return [result.statement_count for result in results]


async def test_statement_count_is_independent_of_demands(harness: LotsHarness) -> None:
    """A transaction takes as many statements for 200 demands, picks and dispatches as for 20."""
    assert await count_statements(harness, 20) == await count_statements(LotsHarness(harness.engine), 200)
