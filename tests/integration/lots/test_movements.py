"""Locations of lot-tracked stock, with the database."""

import asyncio
from decimal import Decimal

from shared.messaging.dispatcher import dispatch
from shared.persistence.database import transaction
from tests.integration.lots.conftest import LotsHarness
from tests.support.events import to_event
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, SHELF
from tests.support.messages.reference import location_changed


async def test_receipt_registers_its_lots(harness: LotsHarness) -> None:
    """A receipt registers its lots verbatim and with their quantities (S23, S25, S26)."""
    messages = harness.messages
    result = await harness.handle(
        messages.receive(messages.received_lot("00392/174 a", "2.5"), messages.received_lot("B-2", 3, None))
    )
    assert await harness.balances() == {
        ("00392/174 a", DOCK): (Decimal("2.5"), Decimal(0)), ("B-2", DOCK): (Decimal(3), Decimal(0)),
    }  # fmt: skip
    assert [(event["lot"], event["quantity"], event.get("expiry")) for event in result.data_of("lot.received.v1")] == [
        ("00392/174 a", 2.5, "2027-03-31"), ("B-2", 3, None),
    ]  # fmt: skip


async def test_partial_putaway(harness: LotsHarness) -> None:
    """A partial putaway leaves the rest at the dock (S30)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    result = await harness.handle(messages.put_away("B-1", 4))
    assert result.error_codes() == []
    assert await harness.balances() == {
        ("B-1", DOCK): (Decimal(6), Decimal(0)),
        ("B-1", SHELF): (Decimal(4), Decimal(0)),
    }
    [moved] = result.data_of("lot.moved.v1")
    assert (moved["from_location"], moved["location"], moved["quantity"]) == (DOCK, SHELF, 4)


async def test_mixed_lot_rejection_suggests_a_location(harness: LotsHarness) -> None:
    """A storage location holds one lot of a product; the rejection suggests a location with this lot (S30)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1"), messages.received_lot("B-2")))
    await harness.handle(messages.put_away("B-1", 4, SHELF), messages.put_away("B-2", 4, BIN))
    result = await harness.handle(messages.put_away("B-2", 1, SHELF))
    assert result.error_codes() == ["mixed_lots_not_allowed"]
    assert result.results[0].violations[0].suggested == [BIN]


async def test_stock_is_released_when_its_location_becomes_known(harness: LotsHarness) -> None:
    """Stock at an unknown location becomes available to backorders once the location is defined (S07, S30)."""
    messages, location = OrderMessages(harness.sku), f"EAST/{harness.sku}"
    await harness.handle(
        messages.receive(messages.received_lot("B-1", 5), messages.received_lot("B-2", 1), location=location),
        messages.request_allocation(1, 3),
    )
    storage = location_changed(location, pick_sequence=7000)
    result = await harness.handle(storage)
    assert result.event_types() == ["lot.mixing_detected.v1", "lot.allocated.v1"]
    assert await harness.balances() == {
        ("B-1", location): (Decimal(5), Decimal(3)),
        ("B-2", location): (Decimal(1), Decimal(0)),
    }
    staging = storage.model_copy(update={"version": 2, "type": "STAGING"})
    assert (await harness.handle(staging, messages.request_allocation(2, 1))).data_of("lot.allocated.v1")[0][
        "open_quantity"
    ] == 1


async def test_receipt_concurrent_with_location_definition(harness: LotsHarness) -> None:
    """In either commit order, stock received at a location during its definition becomes available (S07)."""
    messages, location = OrderMessages(harness.sku), f"EAST/{harness.sku}"
    storage = location_changed(location, pick_sequence=7000)
    async with transaction(harness.engine) as tx:
        await dispatch(
            tx, harness.registry, [to_event(messages.receive(messages.received_lot("B-1", 5), location=location))]
        )
        definition_task = asyncio.create_task(harness.handle_with_retry(storage))
        await harness.wait_for_blocked_transaction()
    await definition_task
    result = await harness.handle(messages.request_allocation(1, 3))
    assert result.data_of("lot.allocated.v1")[0]["open_quantity"] == 0
