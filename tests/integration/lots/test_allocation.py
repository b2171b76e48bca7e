"""Allocation, picking and dispatch of lots, with the database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.envelope import Message
from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, OUTBOUND, RACK, SHELF

TODAY = datetime.now(UTC).date()
EARLY_EXPIRY, LATE_EXPIRY = TODAY + timedelta(100), TODAY + timedelta(200)


async def put_away_lots(harness: LotsHarness, *lots: tuple[str, Any, Any, str]) -> None:
    """Receive lots and put them away: number, quantity, expiry, location."""
    messages = OrderMessages(harness.sku)
    await harness.handle(
        messages.receive(*(messages.received_lot(lot, quantity, expiry) for lot, quantity, expiry, _ in lots))
    )
    await harness.handle(*(messages.put_away(lot, quantity, location) for lot, quantity, _, location in lots))


async def balances_by_lot(harness: LotsHarness) -> dict[tuple[str, str], tuple[Any, Any]]:
    """The quantities on hand and allocated by lot and location."""
    return {**await harness.balances()}


async def allocations_by_demand(harness: LotsHarness, *payloads: Message) -> dict[str, list[tuple[str, str, Any]]]:
    """The allocations published for these messages by demand: lot, location, quantity."""
    result = await harness.handle(*payloads)
    allocations: dict[str, list[tuple[str, str, Any]]] = {}
    for event in result.data_of("lot.allocated.v1"):
        demand_number = event["demand_id"].rpartition("-")[2]
        allocations.setdefault(demand_number, []).extend(
            (allocated["lot"], allocated["location"], allocated["quantity"]) for allocated in event.get("allocated", ())
        )
    return allocations


async def test_order_line_is_split_over_lots(harness: LotsHarness) -> None:
    """The earliest expiry is allocated first, over several lots; the open quantity is published (S08, S27)."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-2", 3, LATE_EXPIRY, SHELF), ("B-1", 2, EARLY_EXPIRY, BIN))
    result = await harness.handle(messages.request_allocation(1, 4), messages.request_allocation(2, "1.5"))
    first_event, second_event = result.data_of("lot.allocated.v1")
    assert [
        (lot["lot"], lot["location"], lot["quantity"], lot["expiry"]) for lot in first_event["allocated"]
    ] == [("B-1", BIN, 2, str(EARLY_EXPIRY)), ("B-2", SHELF, 2, str(LATE_EXPIRY))]  # fmt: skip
    assert (first_event["open_quantity"], first_event["final"]) == (0, False)
    assert (
        [(allocated["lot"], allocated["quantity"]) for allocated in second_event["allocated"]],
        second_event["open_quantity"],
    ) == ([("B-2", 1)], 0.5)
    assert await balances_by_lot(harness) == {("B-1", BIN): (2, 2), ("B-2", SHELF): (3, 3)}


async def test_putaway_allocates_backorders(harness: LotsHarness) -> None:
    """Released stock goes to backorders by priority, then to the older order (S07, S08)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    assert await allocations_by_demand(
        harness,
        messages.request_allocation(1, 3),
        messages.request_allocation(2, 3),
        messages.request_allocation(3, 3, priority=9),
    ) == {"1": [], "2": [], "3": []}
    assert await allocations_by_demand(harness, messages.put_away("B-1", 4)) == {
        "3": [("B-1", SHELF, 3)],
        "1": [("B-1", SHELF, 1)],
    }
    assert await allocations_by_demand(harness, messages.put_away("B-1", 4)) == {
        "1": [("B-1", SHELF, 2)],
        "2": [("B-1", SHELF, 2)],
    }
    assert await balances_by_lot(harness) == {("B-1", "EAST/DOCK"): (2, 0), ("B-1", SHELF): (8, 8)}


async def test_cancelled_demand_releases_stock_to_the_next(harness: LotsHarness) -> None:
    """The stock of a cancelled demand goes to the next demand in the same transaction (S11)."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-1", 5, EARLY_EXPIRY, SHELF))
    await harness.handle(messages.request_allocation(1, 4), messages.request_allocation(2, 3))
    result = await harness.handle(messages.cancel_allocation(1))
    [deallocated] = result.data_of("lot.deallocated.v1")
    assert ([(lot["lot"], lot["quantity"]) for lot in deallocated["lots"]], deallocated["reason"]) == (
        [("B-1", 4)],
        "cancelled",
    )
    [allocation] = result.data_of("lot.allocated.v1")
    assert (allocation["demand_id"], allocation["open_quantity"]) == (messages.demand_id(2), 0)
    assert await balances_by_lot(harness) == {("B-1", SHELF): (5, 3)}
    assert (
        await allocations_by_demand(harness, messages.cancel_allocation(9), messages.request_allocation(9, 1)) == {}
    ), "the cancellation came before the request"


async def test_cancelled_shortfall_single_lot_and_allowed_lots(harness: LotsHarness) -> None:
    """A demand may require a single lot, allow certain lots only, or cancel its shortfall (S27)."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-1", 2, EARLY_EXPIRY, SHELF), ("B-2", 5, LATE_EXPIRY, BIN), ("B-3", 9, None, RACK))
    assert await allocations_by_demand(
        harness,
        messages.request_allocation(1, 4, single_lot=True),
        messages.request_allocation(2, 10, lots=["B-3", "B-9"]),
        messages.request_allocation(3, 9, shortfall="CANCEL"),
        messages.request_allocation(4, 2, single_lot=True),
    ) == {
        "1": [("B-2", BIN, 4)],
        "2": [("B-3", RACK, 9)],
        "3": [("B-1", SHELF, 2), ("B-2", BIN, 1)],
        "4": [],
    }
    assert await allocations_by_demand(harness, messages.cancel_allocation(3)) == {"4": [("B-1", SHELF, 2)]}
    rows = await harness.fetch_all(
        "SELECT demand_id, status, open_quantity, assigned_lot FROM demand WHERE sku = :sku ORDER BY demand_id",
        sku=harness.sku,
    )
    assert [(row["status"], row["open_quantity"], row["assigned_lot"]) for row in rows] == [
        ("OPEN", 0, "B-2"), ("OPEN", 1, None), ("CANCELLED", 0, None), ("OPEN", 0, "B-1"),
    ]  # fmt: skip


async def test_pick_dispatch_check_and_dispatch(harness: LotsHarness) -> None:
    """The ledger records pick and dispatch of each quantity with order and customer (S09, S10, S28)."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-1", 5, EARLY_EXPIRY, SHELF))
    await harness.handle(messages.request_allocation(1, 3))
    result = await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 3)))
    assert result.data_of("lot.picked.v1")[0]["location"] == "EAST/OUT"
    assert await balances_by_lot(harness) == {("B-1", SHELF): (2, 0)}
    result = await harness.handle(messages.request_dispatch_check(1, {"B-1": 3}))
    [approved] = result.data_of("lot.dispatch_approved.v1")
    assert approved["stock"] == [{"line": "1", "sku": harness.sku, "lot": "B-1", "quantity": 3, "location": OUTBOUND}]
    result = await harness.handle(messages.request_dispatch_check(1, {"B-1": 4}))
    assert [event["code"] for event in result.data_of("lot.dispatch_rejected.v1")[0]["stock"]] == ["not_picked"]
    result = await harness.handle(messages.dispatch(1, {"B-1": 3}))
    [shipped] = result.data_of("lot.shipped.v1")
    assert (shipped["shipment"], shipped["customer"], shipped["lots"]) == (
        "SH-1", "C-1", [{"lot": "B-1", "quantity": 3}],
    )  # fmt: skip
    rows = await harness.fetch_all(
        "SELECT change, on_hand, picked FROM ledger WHERE sku = :sku ORDER BY id", sku=harness.sku
    )
    assert [(row["change"], row["on_hand"], row["picked"]) for row in rows][-2:] == [
        ("PICKED", Decimal(-3), Decimal(3)), ("SHIPPED", Decimal(0), Decimal(-3)),
    ]  # fmt: skip


async def test_unpicked_stock_is_reallocated(harness: LotsHarness) -> None:
    """Unpicked stock is allocated to the first open demand, including the same one (S12)."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-1", 5, EARLY_EXPIRY, SHELF), ("B-2", 1, LATE_EXPIRY, BIN))
    await harness.handle(messages.request_allocation(1, 3))
    await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 3)))
    result = await harness.handle(messages.unpick(1, "B-1", 3, BIN, reallocate=True))
    assert result.event_types() == ["lot.unpicked.v1", "lot.mixing_detected.v1", "lot.allocated.v1"]
    assert await balances_by_lot(harness) == {("B-1", SHELF): (2, 2), ("B-1", BIN): (3, 1), ("B-2", BIN): (1, 0)}


async def test_conflicting_events_change_nothing(harness: LotsHarness) -> None:
    """An event that exceeds a demand's stock becomes a conflict; its valid parts are applied."""
    messages = OrderMessages(harness.sku)
    await put_away_lots(harness, ("B-1", 5, EARLY_EXPIRY, SHELF))
    await harness.handle(messages.request_allocation(1, 3))
    result = await harness.handle(
        messages.pick(
            1,
            messages.lot_at_location("B-1", 2),
            messages.lot_at_location("B-1", 2),
            messages.lot_at_location("B-9", 1),
        ),
        messages.deallocate(2, messages.lot_at_location("B-1", 1)),
        messages.unpick(1, "B-9", 1),
        messages.dispatch(1, {"B-1": 3}),
    )
    rejected = result.data_of("lot.rejected.v1")
    assert [rejection["rejected_type"] for rejection in rejected].count("order.lots_picked.v1") == 2
    assert {rejection["rejected_type"] for rejection in rejected} == {
        "order.lots_picked.v1", "order.lots_deallocated.v1", "order.lots_unpicked.v1", "order.dispatched.v1",
    }  # fmt: skip
    assert {rejection["kind"] for rejection in rejected} == {"EVENT_CONFLICT"}
    assert await balances_by_lot(harness) == {("B-1", SHELF): (3, 1)}
