"""Concurrent messages about one order of lots: the order lock serialises them."""

import asyncio
from decimal import Decimal

import pytest

from shared.contracts.envelope import Message
from shared.contracts.lots import AffectedLot, LotHoldPlaced
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderCancelled
from shared.messaging.dispatcher import dispatch
from shared.persistence.database import transaction
from shared.unit_of_work import CommandResult
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.events import to_event


async def race(harness: FulfillmentHarness, first: Message, second: Message) -> list[CommandResult]:
    """Process a message while another is not committed yet; return the results of the second."""
    async with transaction(harness.engine) as first_tx:
        await dispatch(first_tx, harness.registry, [to_event(first)])
        second_task = asyncio.create_task(harness.handle(second))
        await harness.wait_for_blocked_transaction()
    return (await second_task).results


async def allocated_lots(harness: FulfillmentHarness) -> list[tuple[str, float]]:
    """Status and quantity of the allocated lots of the order."""
    query = "SELECT status, quantity FROM allocated_lot WHERE order_id = :order ORDER BY status"
    return [
        (row["status"], float(row["quantity"]))
        for row in await harness.fetch_all(query, order=harness.scoped_id("SO-1"))
    ]


async def test_concurrent_picks_of_one_lot(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """If both picks take more than half, the second is rejected (S20)."""
    await lot_harness.allocate_order("SO-1", ("L1", 5))
    (result,) = await race(
        harness, lot_harness.pick_command("SO-1", ("L1", 3)), lot_harness.pick_command("SO-1", ("L1", "2.5"))
    )
    assert [violation.code for violation in result.violations] == [Code.INSUFFICIENT_STOCK]
    assert await allocated_lots(harness) == [("ALLOCATED", 2), ("PICKED", 3)]


@pytest.mark.parametrize("first", ["pick", "cancel"])
async def test_concurrent_cancel_and_pick(harness: FulfillmentHarness, lot_harness: LotHarness, first: str) -> None:
    """Picked stock remains until it is unpicked; a cancelled order cannot be picked (S09, S11)."""
    await lot_harness.allocate_order("SO-1", ("L1", 5))
    pick, cancel = lot_harness.pick_command("SO-1", ("L1", 3)), OrderCancelled(order=harness.scoped_id("SO-1"))
    (result,) = await race(harness, *((pick, cancel) if first == "pick" else (cancel, pick)))
    assert [violation.code for violation in result.violations] == ([] if first == "pick" else [Code.ORDER_CANCELLED])
    assert await allocated_lots(harness) == ([("PICKED", 3)] if first == "pick" else [])


@pytest.mark.parametrize("first", ["pick", "hold"])
async def test_concurrent_hold_and_pick(harness: FulfillmentHarness, lot_harness: LotHarness, first: str) -> None:
    """Held stock is not on the pick list; picked stock remains and cannot be packed (S28)."""
    request = await lot_harness.allocate_order("SO-1", ("L1", 5))
    affected = AffectedLot(order=request.order, line="1", demand_id=request.demand_id, lot="L1", quantity=Decimal(5))
    hold = LotHoldPlaced(
        sku=lot_harness.sku, lot="L1", hold_id=harness.scoped_id("H"), reason="recall", stock=[affected]
    )
    pick = lot_harness.pick_command("SO-1", ("L1", 3))
    results = await race(harness, *((pick, hold) if first == "pick" else (hold, pick)))
    codes = [violation.code for result in results for violation in result.violations]
    assert codes == ([] if first == "pick" else [Code.NOT_ON_PICK_LIST])
    assert await allocated_lots(harness) == ([("PICKED", 3)] if first == "pick" else [])
    if first == "pick":
        assert await harness.rejection_codes(lot_harness.pack_command("SO-1", "C-1", ("L1", 3))) == [Code.ON_HOLD]
