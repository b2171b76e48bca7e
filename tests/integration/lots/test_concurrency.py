"""Concurrent transactions on the same stock: nothing is oversold in any commit order (P6, P15)."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import ProductChanged
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.harness import ProcessingResult
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, RACK, SHELF
from tests.support.messages.reference import location_changed, product_changed

TODAY = datetime.now(UTC).date()
LOCATIONS = [SHELF, BIN, RACK, "EAST/A-04", "EAST/A-05"]


def dispatch_rejection_codes(result: ProcessingResult) -> list[str]:
    """The codes of a rejected dispatch check."""
    return [lot["code"] for event in result.data_of("lot.dispatch_rejected.v1") for lot in event["stock"]]


async def put_away_lot(harness: LotsHarness, quantity: Any = 5, days: int = 30) -> OrderMessages:
    """Receive one lot and put it away."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("L1", quantity, TODAY + timedelta(days))))
    await harness.handle(messages.put_away("L1", quantity))
    return messages


async def test_fifty_orders_for_twenty_units(harness: LotsHarness) -> None:
    """Of 50 concurrent orders for 20 units in five lots, exactly 20 are filled, in expiry order (S08, S27)."""
    messages = OrderMessages(harness.sku)
    expiry_by_lot = {f"L{number}": TODAY + timedelta(10 + number * 3 % 5) for number in range(5)}
    await harness.handle(
        messages.receive(*(messages.received_lot(lot, 4, expiry) for lot, expiry in expiry_by_lot.items()))
    )
    await harness.handle(*(location_changed(location, pick_sequence=9, version=9) for location in LOCATIONS[3:]))
    await harness.handle(
        *(messages.put_away(lot, 4, location) for lot, location in zip(expiry_by_lot, LOCATIONS, strict=True))
    )
    results = await asyncio.gather(*(harness.handle(messages.request_allocation(number, 1)) for number in range(50)))
    # Every transaction reads all events of the product so far; ids put them in commit order.
    payload_by_id = {
        event["id"]: event["data"] for result in results for event in result.events if event["data"].get("allocated")
    }
    allocated_expiries = [
        expiry_by_lot[payload_by_id[event_id]["allocated"][0]["lot"]] for event_id in sorted(payload_by_id)
    ]
    assert len(allocated_expiries) == 20
    assert all(earlier <= later for earlier, later in pairwise(allocated_expiries))
    rows = await harness.fetch_all("SELECT demand_id, quantity FROM reservation WHERE sku = :sku", sku=harness.sku)
    assert (len({row["demand_id"] for row in rows}), sum(row["quantity"] for row in rows)) == (20, 20)
    assert all(on_hand == allocated == 4 for on_hand, allocated in (await harness.balances()).values())


async def test_hold_concurrent_with_dispatch_check(harness: LotsHarness) -> None:
    """In either commit order, no dispatch check is approved after the hold (S28)."""
    messages = await put_away_lot(harness)
    await harness.handle(messages.request_allocation(1, 5))
    await harness.handle(messages.pick(1, messages.lot_at_location("L1", 5)))
    for number in range(10):
        hold_result, check_result = await asyncio.gather(
            harness.handle(messages.place_hold("L1", f"H-{number}")),
            harness.handle(messages.request_dispatch_check(1, {"L1": 5})),
        )
        [hold_event] = hold_result.data_of("lot.hold_placed.v1")
        assert [(lot["order"], lot["quantity"]) for lot in hold_event["stock"]] == [(messages.order_id(1), 5)]
        events = [*hold_result.events, *check_result.events]
        decisions = [event for event in events if event["type"] != "lot.balances_changed.v1"]
        assert max(decisions, key=lambda event: str(event["id"]))["type"] == (
            "lot.hold_placed.v1" if check_result.data_of("lot.dispatch_approved.v1") else "lot.dispatch_rejected.v1"
        )
        assert dispatch_rejection_codes(await harness.handle(messages.request_dispatch_check(1, {"L1": 5}))) == [
            "on_hold"
        ]
        await harness.handle(messages.release_hold(f"H-{number}"))


async def test_lot_expires_between_allocation_and_dispatch(harness: LotsHarness) -> None:
    """A lot that expires after its pick is rejected and not reallocated, until its expiry is corrected (S28)."""
    messages = await put_away_lot(harness)
    await harness.handle(messages.request_allocation(1, 2), messages.request_allocation(2, 2))
    await harness.handle(messages.pick(1, messages.lot_at_location("L1", 2)))
    assert dispatch_rejection_codes(await harness.handle(messages.request_dispatch_check(1, {"L1": 2}))) == []
    await harness.handle(messages.correct_dates("L1", TODAY - timedelta(2)))
    assert dispatch_rejection_codes(await harness.handle(messages.request_dispatch_check(1, {"L1": 2}))) == ["expired"]
    result = await harness.handle(
        messages.unpick(1, "L1", 2, SHELF, reallocate=True),
        messages.deallocate(2, messages.lot_at_location("L1", 2), reallocate=True),
    )
    events = result.data_of("lot.allocated.v1")
    assert [(event.get("allocated", []), event["open_quantity"], event["skipped"]) for event in events] == [
        ([], 2, [{"lot": "L1", "quantity": 5, "reason": "expired"}])
    ] * 2
    result = await harness.handle(messages.correct_dates("L1", TODAY + timedelta(1)))
    assert [(event["demand_id"], event["open_quantity"]) for event in result.data_of("lot.allocated.v1")] == [
        (messages.demand_id(1), 0),
        (messages.demand_id(2), 0),
    ]


async def test_customer_shelf_life_is_checked_at_allocation_and_dispatch(harness: LotsHarness) -> None:
    """A customer's required shelf life applies to allocation and dispatch; relaxing it fills backorders (P8)."""

    def product_version(version: int, days: int) -> ProductChanged:
        policy = ShelfLifePolicy(customers=[CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=days)])
        return product_changed(harness.sku, "LOT", version=version, shelf_life=policy)

    messages = await put_away_lot(harness)
    await harness.handle(product_version(2, 40))
    [shortfall] = (await harness.handle(messages.request_allocation(1, 2))).data_of("lot.allocated.v1")
    assert shortfall["skipped"] == [
        {"lot": "L1", "quantity": 5, "reason": "remaining shelf life too short for this order"}
    ]
    [allocation] = (await harness.handle(product_version(3, 20))).data_of("lot.allocated.v1")
    assert (allocation["demand_id"], allocation["open_quantity"]) == (messages.demand_id(1), 0)
    await harness.handle(messages.pick(1, messages.lot_at_location("L1", 2)))
    assert dispatch_rejection_codes(await harness.handle(messages.request_dispatch_check(1, {"L1": 2}))) == []
    await harness.handle(product_version(4, 35))
    assert dispatch_rejection_codes(await harness.handle(messages.request_dispatch_check(1, {"L1": 2}))) == [
        "insufficient_shelf_life"
    ]


async def test_shortfall_lists_skipped_lots_with_reasons(harness: LotsHarness) -> None:
    """A shortfall lists every skipped lot with its reason: on hold, expired or near its expiry (P10)."""
    messages = OrderMessages(harness.sku)
    expiry_by_lot = {"L1": TODAY - timedelta(2), "L2": TODAY + timedelta(40), "L3": TODAY + timedelta(3)}
    await harness.handle(
        messages.receive(*(messages.received_lot(lot, 4, lot_expiry) for lot, lot_expiry in expiry_by_lot.items()))
    )
    await harness.handle(
        *(messages.put_away(lot, 3, location) for lot, location in zip(expiry_by_lot, LOCATIONS, strict=False))
    )
    await harness.handle(messages.place_hold("L2", "H-1"))
    result = await harness.handle(messages.request_allocation(1, 5, min_remaining_shelf_life_days=10))
    [allocation] = result.data_of("lot.allocated.v1")
    assert [(skipped["lot"], skipped["quantity"], skipped["reason"]) for skipped in allocation["skipped"]] == [
        ("L1", 3, "expired"), ("L3", 3, "remaining shelf life too short for this order"), ("L2", 3, "on hold"),
    ]  # fmt: skip


async def test_recall_concurrent_with_a_receipt_of_its_lot(harness: LotsHarness) -> None:
    """In either commit order, the whole lot is held and any order with stock of it is named (S46)."""
    messages = OrderMessages(harness.sku)
    for number in range(8):
        lot = f"L{number}"
        recall_id = harness.scoped_id(lot)
        recall_opened = RecallOpened(recall=recall_id, sku=harness.sku, lots=[lot], hold_id=recall_id, reason="glass")
        receipt = messages.receive(messages.received_lot(lot, 2, TODAY + timedelta(90)), location=LOCATIONS[number % 5])
        await harness.handle(messages.request_allocation(number, 2, lots=[lot]))
        receive_call, recall_call = harness.handle(receipt), harness.handle(recall_opened)
        receipt_result, recall_result = await asyncio.gather(
            *([receive_call, recall_call] if number % 2 else [recall_call, receive_call])
        )
        receipt_result, recall_result = (
            (receipt_result, recall_result) if number % 2 else (recall_result, receipt_result)
        )
        allocated_lots = [
            allocated
            for event in receipt_result.data_of("lot.allocated.v1")
            for allocated in event.get("allocated", ())
        ]
        [hold_event] = recall_result.data_of("lot.hold_placed.v1")
        affected_orders = [affected["order"] for affected in hold_event["stock"]]
        assert affected_orders == [messages.order_id(number)] * len(allocated_lots)
        later_result = await harness.handle(messages.request_allocation(100 + number, 1, lots=[lot]))
        assert later_result.data_of("lot.allocated.v1")[0]["open_quantity"] == 1


async def test_counts_concurrent_with_orders(harness: LotsHarness) -> None:
    """A count below the allocated quantity publishes the excess; the balances equal the ledger (S22)."""
    messages = await put_away_lot(harness, 20)
    orders = [harness.handle(messages.request_allocation(number, 1)) for number in range(15)]
    counts = [harness.handle(messages.count("L1", 20 - number)) for number in range(15)]
    results = await asyncio.gather(*(call for pair in zip(orders, counts, strict=True) for call in pair))
    assert {code for result in results for code in result.error_codes()} <= {"count_superseded"}
    [(on_hand, allocated)] = (await harness.balances()).values()
    missing = [
        affected["quantity"]
        for result in results
        for event in result.data_of("lot.stock_missing.v1")
        for affected in event["stock"]
    ]
    assert on_hand <= 20
    assert allocated - on_hand <= sum(missing)
    assert await assert_reconciled(harness) == [("L1", "EAST")]
