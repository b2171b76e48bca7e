"""Expiry corrections and the orders they name, with the database."""

from datetime import date

import pytest

from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lot_orders import OrderMessages

LATE_EXPIRY, EARLY_EXPIRY = date(2150, 6, 30), date(2150, 3, 31)


@pytest.mark.parametrize("by_receipt", [False, True])
async def test_expiry_correction_names_affected_orders(harness: LotsHarness, by_receipt: bool) -> None:
    """A changed expiry names all orders with stock of the lot, by correction and by receipt (S28)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("B-0", 20, LATE_EXPIRY)))
    await harness.handle(messages.put_away("B-0"), *(messages.request_allocation(number, 2) for number in range(1, 5)))
    await harness.handle(
        messages.pick(2, messages.lot_at_location("B-0", 2)),
        messages.pick(3, messages.lot_at_location("B-0", 2)),
        messages.deallocate(4, messages.lot_at_location("B-0", 2)),
    )
    await harness.handle(messages.dispatch(3, {"B-0": 2}))
    correction = (
        messages.receive(messages.received_lot("B-0", 1, EARLY_EXPIRY), receipt="R-2")
        if by_receipt
        else messages.correct_dates("B-0", EARLY_EXPIRY)
    )
    (event,) = (await harness.handle(correction)).data_of("lot.dates_corrected.v1")
    assert (event["expiry"], event["orders"]) == (str(EARLY_EXPIRY), [messages.order_id(1), messages.order_id(2)])
    (event,) = (
        await harness.handle(messages.correct_dates("B-0", EARLY_EXPIRY, manufactured_on=date(2026, 1, 1)))
    ).data_of("lot.dates_corrected.v1")
    assert event["orders"] == []


async def test_correction_with_many_orders_is_split_into_messages(harness: LotsHarness) -> None:
    """No event names more than 500 orders; each order is named once (S28)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(
        messages.receive(messages.received_lot("B-1", 1000, LATE_EXPIRY)), messages.put_away("B-1", 1000)
    )
    for start in (1, 301):
        await harness.handle(*(messages.request_allocation(number) for number in range(start, start + 300)))
    events = (await harness.handle(messages.correct_dates("B-1", EARLY_EXPIRY))).data_of("lot.dates_corrected.v1")
    assert [len(event["orders"]) for event in events] == [500, 100]
    assert {order for event in events for order in event["orders"]} == {
        messages.order_id(number) for number in range(1, 601)
    }
