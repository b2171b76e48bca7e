"""Quantities that are handed over between demands of one order, on the database (S08)."""

from decimal import Decimal

import pytest

from shared.contracts.fulfillment import HandOver
from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, SHELF


@pytest.mark.parametrize("shortfall", ["BACKORDER", "CANCEL"])
async def test_a_quantity_completes_a_lot_for_a_single_lot_demand(harness: LotsHarness, shortfall: str) -> None:
    """The rest of the lot and what is handed over fill the demand; the wider one gets another lot."""
    messages = OrderMessages(harness.sku)
    for lot, quantity, location in (("L1", 5, SHELF), ("L2", 3, BIN)):
        await harness.handle(messages.receive(messages.received_lot(lot, quantity, None)))
        await harness.handle(messages.put_away(lot, quantity, location))
    fields = {"order": messages.order_id(1), "shortfall": shortfall}
    await harness.handle(messages.request_allocation(1, 2, **fields))
    await harness.handle(messages.request_allocation(2, 5, **fields, line="2", single_lot=True))
    await harness.handle(messages.request_allocation(0, 4, single_lot=True))
    hand_over = HandOver(demand_id=messages.demand_id(2), open_quantity=Decimal(5))
    result = await harness.handle(
        messages.deallocate(1, messages.lot_at_location("L1", 2), reallocate=True, hand_over=hand_over)
    )
    allocated = {
        answer["demand_id"]: [(lot["lot"], lot["quantity"]) for lot in answer["allocated"]]
        for answer in result.data_of("lot.allocated.v1")
    }
    assert allocated == {messages.demand_id(1): [("L2", 2)], messages.demand_id(2): [("L1", 5)]}
    assert await harness.balances() == {
        ("L1", SHELF): (Decimal(5), Decimal(5)), ("L2", BIN): (Decimal(3), Decimal(2)),
    }  # fmt: skip
