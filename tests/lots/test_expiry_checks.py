"""Expiry checks on the database: indexed, bounded, and published once."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.expiry.domain import LotExpiryCheckDue
from services.lots.expiry.store import SELECT_DUE
from shared.contracts.commands.lots import CorrectLotDates
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import ShelfLifePolicy
from shared.messaging import scheduler
from shared.messaging.scheduler import JobRunner
from shared.persistence.database import Transaction, create_engine, transaction
from tests.lots.conftest import LotsHarness
from tests.unit.lots.messages import DOCK, SHELF
from tests.unit.lots.order_messages import OrderMessages

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the transaction clock to a date that no other test uses."""
    advance_days(monkeypatch, 0)


def advance_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Set the transaction clock to a later day."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON + timedelta(days=days)))


def job_runner(harness: LotsHarness) -> JobRunner:
    """The expiry job of one replica."""
    return JobRunner(harness.registry, harness.registry.jobs[0], harness.engine, lambda: None)


async def run_expiry_check(harness: LotsHarness) -> None:
    """Run the expiry job once and assert its success."""
    runner = job_runner(harness)
    await runner.run_once()
    assert (runner.last_success_at, runner.last_error) == (Transaction.clock(), None)


async def published_events(harness: LotsHarness, event_type: str) -> list[dict[str, Any]]:
    """The events of one type about the test's product in the outbox."""
    rows = await harness.fetch_all("SELECT value FROM outbox WHERE key = :sku ORDER BY id", sku=harness.sku)
    events = [json.loads(row["value"]) for row in rows]
    return [event["data"] for event in events if event["type"] == event_type]


async def published_thresholds(harness: LotsHarness) -> list[int]:
    """The published thresholds in order."""
    return [event["threshold"] for event in await published_events(harness, "lot.expiring.v1")]


async def open_hold_ids(harness: LotsHarness) -> list[str]:
    """The open holds on the test's product."""
    rows = await harness.fetch_all("SELECT hold_id FROM hold WHERE sku = :sku AND released_at IS NULL", sku=harness.sku)
    return [row["hold_id"] for row in rows]


async def correct_expiry(harness: LotsHarness, days: int) -> None:
    """Correct the expiry of the first lot to this number of days from now."""
    expiry = DAY + timedelta(days=days)
    await harness.publish(CorrectLotDates(sku=harness.sku, lot="B-0", expiry=expiry, reason="label misread"))


async def receive_dated_lots(harness: LotsHarness, *days: int, prefix: str = "B") -> None:
    """Receive lots that expire after these numbers of days."""
    messages = harness.messages
    received_lots = [
        messages.received_lot(f"{prefix}-{index}", 10, DAY + timedelta(days=offset))
        for index, offset in enumerate(days)
    ]
    for start in range(0, len(received_lots), 500):
        await harness.publish(messages.receive(*received_lots[start : start + 500], receipt=f"R-{prefix}-{start}"))


async def test_lot_expires_as_days_pass(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each threshold is published on its day; the day after its last, the lot is held and its orders are named."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 40)
    await harness.publish(messages.put_away("B-0"), messages.request_allocation(1, 4))
    thresholds_by_day = {}
    for day in (0, 9, 10, 33, 40, 41, 42):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
        thresholds_by_day[day] = await published_thresholds(harness)
    all_thresholds = [90, 60, 30, 7]
    assert thresholds_by_day == {
        **dict.fromkeys((0, 9), all_thresholds[:2]),
        10: all_thresholds[:3],
        **dict.fromkeys((33, 40, 41, 42), all_thresholds),
    }
    (expired,) = await published_events(harness, "lot.expired.v1")
    (hold_event,) = await published_events(harness, "lot.hold_placed.v1")
    assert (expired["lot"], expired["warehouse"], expired["on_hand"]) == ("B-0", "EAST", 10)
    assert (hold_event["hold_id"], hold_event["reason"]) == (expired["hold_id"], "expired")
    assert hold_event["actor"] == "tracelot/lots/scheduler"
    assert [(lot["order"], lot["quantity"]) for lot in hold_event["stock"]] == [(messages.order_id(1), 4)]
    (hold,) = await harness.fetch_all("SELECT kind, released_at FROM hold WHERE sku = :sku", sku=harness.sku)
    assert hold == {"kind": "EXPIRED", "released_at": None}


async def test_fully_picked_lot_is_held_when_it_expires(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fully picked lot is reported and held until it is shipped or its expiry is corrected (S28)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 40)
    await harness.publish(messages.put_away("B-0"), messages.request_allocation(1, 10))
    await harness.publish(messages.pick(1, messages.lot_at_location("B-0", 10)))
    for day in (0, 10, 41, 42):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
    assert [
        (event["threshold"], event.get("on_hand"), event["picked"])
        for event in await published_events(harness, "lot.expiring.v1")
    ] == [(days, 0, 10) for days in (90, 60, 30, 7)]
    (expired,) = await published_events(harness, "lot.expired.v1")
    (hold_event,) = await published_events(harness, "lot.hold_placed.v1")
    assert (expired["hold_id"], expired["picked"]) == (hold_event["hold_id"], 10)
    assert [(lot["order"], lot["quantity"], lot.get("location")) for lot in hold_event["stock"]] == [
        (messages.order_id(1), 10, None)
    ]
    await correct_expiry(harness, 60)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7, 90, 60, 30]
    await harness.publish(messages.dispatch(1, {"B-0": 10}))
    advance_days(monkeypatch, 99)
    await run_expiry_check(harness)
    assert len(await published_events(harness, "lot.expired.v1")) == 1


async def test_picking_does_not_change_the_next_check(harness: LotsHarness) -> None:
    """A pick does not change the date of the lot's next check (S29)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 20)
    await harness.publish(messages.put_away("B-0"), messages.request_allocation(1, 4))
    await run_expiry_check(harness)
    await harness.publish(messages.pick(1, messages.lot_at_location("B-0", 4)))
    select_next_checks = "SELECT next_expiry_check FROM picked_stock WHERE sku = :sku"
    assert [row["next_expiry_check"] for row in await harness.fetch_all(select_next_checks, sku=harness.sku)] == [
        DAY + timedelta(days=13)
    ]
    await harness.publish(messages.unpick(1, "B-0", 4, SHELF, reallocate=True))
    await correct_expiry(harness, 50)
    await run_expiry_check(harness)
    await harness.publish(messages.pick(1, messages.lot_at_location("B-0", 4)))
    assert [row["next_expiry_check"] for row in await harness.fetch_all(select_next_checks, sku=harness.sku)] == [
        DAY + timedelta(days=20)
    ]


async def test_expiry_uses_the_warehouse_time_zone(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 22:01 UTC it is the next day in Berlin, and the lot has expired there (S28)."""
    await receive_dated_lots(harness, 0)
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=21, minute=59)))
    await run_expiry_check(harness)
    assert await published_events(harness, "lot.expired.v1") == []
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=22, minute=1)))
    await run_expiry_check(harness)
    assert [event["lot"] for event in await published_events(harness, "lot.expired.v1")] == ["B-0"]


async def test_expiry_correction_rearms_thresholds(harness: LotsHarness) -> None:
    """A corrected expiry releases the hold and rearms the thresholds; the same expiry changes nothing."""
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    hold_ids = await open_hold_ids(harness)
    assert len(hold_ids) == 1
    same_expiry = CorrectLotDates(sku=harness.sku, lot="B-0", expiry=DAY - timedelta(days=1), reason="label checked")
    await harness.publish(same_expiry)
    assert await open_hold_ids(harness) == hold_ids
    await correct_expiry(harness, 20)
    assert await open_hold_ids(harness) == []
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7, 90, 60, 30]


async def test_required_expiry_cannot_be_removed(harness: LotsHarness) -> None:
    """A required expiry cannot be removed, and the expired lot stays on hold (S24, S28)."""
    policy = ShelfLifePolicy(expiry_required=True)
    await harness.publish(
        ProductChanged(sku=harness.sku, version=2, name="yoghurt", unit="each", tracking="LOT", shelf_life=policy)
    )
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    result = await harness.publish(CorrectLotDates(sku=harness.sku, lot="B-0", expiry=None, reason="label unreadable"))
    assert result.error_codes() == ["expiry_required"]
    assert len(await open_hold_ids(harness)) == 1


async def test_restored_expiry_is_published_again(harness: LotsHarness) -> None:
    """A restored expiry is published again; a changed best-before date is not (S29)."""
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    for days in (20, -1):
        await correct_expiry(harness, days)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7] * 2
    assert [event["expiry"] for event in await published_events(harness, "lot.expired.v1")] == [
        str(DAY - timedelta(days=1))
    ] * 2
    assert len(await open_hold_ids(harness)) == 1
    same_expiry = CorrectLotDates(
        sku=harness.sku, lot="B-0", expiry=DAY - timedelta(days=1), best_before=DAY, reason="label checked"
    )
    await harness.publish(same_expiry)
    await run_expiry_check(harness)
    assert len(await published_thresholds(harness)) == 8


async def test_changed_thresholds_are_checked(harness: LotsHarness) -> None:
    """Changed thresholds reset the checks of the product's lots; new crossed thresholds are published (S29)."""
    await receive_dated_lots(harness, 50)
    await run_expiry_check(harness)
    policy = ShelfLifePolicy(expiry_alert_days=[100, 60, 45])
    product = ProductChanged(sku=harness.sku, version=2, name="yoghurt", unit="each", tracking="LOT", shelf_life=policy)
    await harness.publish(product)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 100]


async def test_emptied_location_is_checked_after_unpick(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lot fully picked during a threshold change is checked in time after its unpick (S29)."""
    messages = OrderMessages(harness.sku)
    product = ProductChanged(sku=harness.sku, version=2, name="yoghurt", unit="each", tracking="LOT")
    await harness.publish(product.model_copy(update={"shelf_life": ShelfLifePolicy(expiry_alert_days=[])}))
    await receive_dated_lots(harness, 50)
    await harness.publish(messages.put_away("B-0"), messages.request_allocation(1, 10))
    await run_expiry_check(harness)
    await harness.publish(messages.pick(1, messages.lot_at_location("B-0", 10)))
    await harness.publish(
        product.model_copy(update={"version": 3, "shelf_life": ShelfLifePolicy(expiry_alert_days=[30])})
    )
    await harness.publish(messages.unpick(1, "B-0", 10, SHELF, reallocate=False))
    await run_expiry_check(harness)
    advance_days(monkeypatch, 21)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [30]


async def test_expiry_check_is_bounded_and_publishes_once(
    harness: LotsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 700 lots and two replicas, transactions are bounded and each lot is published and held once."""
    max_batch = 0
    run_transaction = JobRunner._run_transaction  # noqa: SLF001 - counts the batches of the real method

    async def counting_transaction(self: JobRunner, after: Any, size: int, found: list[Any]) -> bool:
        nonlocal max_batch
        done = await run_transaction(self, after, size, found)
        max_batch = max(max_batch, len(found))
        return done

    monkeypatch.setattr(JobRunner, "_run_transaction", counting_transaction)
    await receive_dated_lots(harness, *[-1] * 700)
    await asyncio.gather(job_runner(harness).run_once(), job_runner(harness).run_once())
    await run_expiry_check(harness)  # the slower replica may have had no work
    assert max_batch == scheduler.BATCH_SIZE
    for event_type, expected_count in (("lot.expiring.v1", 4), ("lot.expired.v1", 1), ("lot.hold_placed.v1", 1)):
        assert set(Counter(event["lot"] for event in await published_events(harness, event_type)).values()) == {
            expected_count
        }
    assert len(await published_events(harness, "lot.expired.v1")) == 700


async def test_expiry_check_uses_constant_statement_count(harness: LotsHarness) -> None:
    """An expiry check takes as many statements for 200 lots as for one."""
    other_harness = LotsHarness(harness.engine)
    await other_harness.publish(
        ProductChanged(sku=other_harness.sku, version=1, name="yoghurt", unit="each", tracking="LOT")
    )
    await receive_dated_lots(harness, -1)
    await receive_dated_lots(other_harness, *[-1] * 200)

    def due_events(sku: str, count: int) -> list[LotExpiryCheckDue]:
        return [
            LotExpiryCheckDue(sku=sku, lot=f"B-{number}", warehouse="EAST", since=date.min) for number in range(count)
        ]

    small_result = await harness.publish(*due_events(harness.sku, 1))
    large_result = await other_harness.publish(*due_events(other_harness.sku, 200))
    assert len(large_result.data_of("lot.hold_placed.v1")) == 200
    assert small_result.statement_count == large_result.statement_count


async def test_expiry_check_reads_only_due_lots(harness: LotsHarness, environment: Mapping[str, str]) -> None:
    """Among 30,000 lots that are due later, indexes return only the few that are due now (S29)."""
    await run_expiry_check(harness)
    async with transaction(harness.engine) as tx:
        insert = text("""
            INSERT INTO balance
                (sku, lot, location, warehouse, is_storage, on_hand, allocated, next_expiry_check)
            SELECT :sku, 'F-' || n, :location, 'EAST', false, 1, 0, '2099-01-01'
            FROM generate_series(1, 30000) AS n
        """)
        await tx.execute(insert, {"sku": harness.sku, "location": DOCK})
        insert = text("""
            INSERT INTO picked_stock (demand_id, lot, sku, warehouse, order_id, line, quantity, next_expiry_check)
            SELECT 'F-' || n, 'F', :sku, 'EAST', 'F', '1', 1, '2099-01-01' FROM generate_series(1, 30000) AS n
        """)
        await tx.execute(insert, {"sku": harness.sku})
    await receive_dated_lots(harness, 0)
    owner_engine = create_engine(environment["LOTS_MIGRATION_DATABASE_URL"], "test")
    async with transaction(owner_engine) as tx:  # fresh statistics, independent of the other tests
        await tx.execute(text("ANALYZE balance, picked_stock"))
    await owner_engine.dispose()
    explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {SELECT_DUE.text}")
    values = {
        "warehouses": ["EAST", "WEST"], "days": [DAY, DAY], "size": 200,
        "warehouse": "", "since": date.min, "sku": "", "lot": "",
    }  # fmt: skip
    async with transaction(harness.engine) as tx:
        ((plan,),) = await tx.fetch_all(explain, values)
        await tx.execute(
            text("UPDATE balance SET on_hand = 0 WHERE sku = :sku AND lot LIKE 'F-%'"), {"sku": harness.sku}
        )
        await tx.execute(
            text("UPDATE picked_stock SET quantity = 0 WHERE sku = :sku AND lot = 'F'"), {"sku": harness.sku}
        )
    scan_nodes = [
        node for node in plan_nodes(plan[0]["Plan"]) if node.get("Relation Name") in {"balance", "picked_stock"}
    ]
    assert [node.get("Index Name") for node in scan_nodes] == [
        "balance_next_expiry_check",
        "picked_stock_next_expiry_check",
    ]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scan_nodes) < 10


def plan_nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a query plan."""
    return [plan, *(node for subplan in plan.get("Plans", ()) for node in plan_nodes(subplan))]


async def test_putaway_publishes_no_repeated_thresholds(harness: LotsHarness) -> None:
    """After a putaway, the lot is checked at its new location and no threshold is repeated."""
    await receive_dated_lots(harness, 20)
    await run_expiry_check(harness)
    await harness.publish(harness.messages.put_away("B-0", 4, SHELF))
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30]
