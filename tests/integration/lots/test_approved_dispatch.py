"""Holds on lots whose dispatch is approved already."""

from typing import Any

from shared.contracts.commands.lots import PlaceLotHold
from shared.contracts.recalls import RecallOpened
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_allocation import LATE_EXPIRY, put_away_lots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN


async def test_hold_names_quantities_with_an_approved_dispatch(harness: LotsHarness) -> None:
    """Answer and event name shipment, customer and quantity while it is here; a hold at a location has none (S28)."""
    messages = OrderMessages(harness.sku)

    async def leaving(hold_id: str, location: str | None = None) -> list[tuple[Any, ...]]:
        hold = PlaceLotHold(sku=harness.sku, lot="B-1", location=location, hold_id=hold_id, reason="glass")
        (result,) = (await harness.handle(hold)).results
        body: Any = result.body
        return [(goods.shipment, goods.customer, goods.quantity, goods.serials) for goods in body.leaving]

    await put_away_lots(harness, ("B-1", 10, LATE_EXPIRY, BIN))
    await harness.handle(messages.request_allocation(1, 4), messages.request_allocation(2, 2))
    for order, quantity in ((1, 4), (2, 2)):
        await harness.handle(messages.pick(order, messages.lot_at_location("B-1", quantity, BIN)))
    await harness.handle(messages.request_dispatch_check(1, {"B-1": 3}))
    assert await leaving("H-1", BIN) == []
    assert await leaving("H-2") == [("SH-1", "C-1", 4, [])]
    recall = RecallOpened(recall="RC-1", sku=harness.sku, lots=["B-1"], hold_id="RC-1", reason="glass")
    (placed,) = (await harness.handle(recall)).data_of("lot.hold_placed.v1")
    assert [(goods["order"], goods["customer"], goods["quantity"]) for goods in placed["leaving"]] == [
        (messages.request_allocation(1, 4).order, "C-1", 4)
    ]
    await harness.handle(messages.dispatch(1, {"B-1": 4}))
    assert await leaving("H-3") == []
