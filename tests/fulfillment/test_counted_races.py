"""Two things at once about one order of lots: its lock gives every race one winner."""

import asyncio
from decimal import Decimal

import pytest

from shared.contracts.envelope import Fact
from shared.contracts.lots import HeldStock, LotHeld
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderCancelled
from shared.database import transaction
from shared.decision import decide
from shared.routing import Answer
from tests.fulfillment.counted import Lots
from tests.fulfillment.desk import Desk
from tests.line import message


async def race(desk: Desk, first: Fact, second: Fact) -> list[Answer]:
    """Decide one message, and the other while the first is not committed yet: what the other is answered."""
    async with transaction(desk.engine) as leading:
        await decide(leading, desk.map, [message(first)])
        waiting = asyncio.create_task(desk.tell(second))
        await desk.someone_waits()
    return await waiting


async def piles(desk: Desk) -> list[tuple[str, float]]:
    """What the order has in hand."""
    query = "SELECT status, quantity FROM pile WHERE order_id = :order ORDER BY status"
    return [(row["status"], float(row["quantity"])) for row in await desk.rows(query, order=desk.no("SO-1"))]


async def test_two_pickers_of_one_pile(desk: Desk, lots: Lots) -> None:
    """Both scan more than half of it: the second is told what is left (S20)."""
    await lots.allocated("SO-1", ("L1", 5))
    (answer,) = await race(desk, lots.pick("SO-1", ("L1", 3)), lots.pick("SO-1", ("L1", "2.5")))
    assert [refusal.code for refusal in answer.refusals] == [Code.NOT_ENOUGH]
    assert await piles(desk) == [("ALLOCATED", 2), ("PICKED", 3)]


@pytest.mark.parametrize("first", ["pick", "cancel"])
async def test_a_cancel_and_a_pick_at_once(desk: Desk, lots: Lots, first: str) -> None:
    """What is picked waits for its unpick, a cancelled order is not picked (S09, S11)."""
    await lots.allocated("SO-1", ("L1", 5))
    pick, cancel = lots.pick("SO-1", ("L1", 3)), OrderCancelled(order=desk.no("SO-1"))
    (answer,) = await race(desk, *((pick, cancel) if first == "pick" else (cancel, pick)))
    assert [refusal.code for refusal in answer.refusals] == ([] if first == "pick" else [Code.ORDER_CANCELLED])
    assert await piles(desk) == ([("PICKED", 3)] if first == "pick" else [])


@pytest.mark.parametrize("first", ["pick", "hold"])
async def test_a_hold_and_a_pick_at_once(desk: Desk, lots: Lots, first: str) -> None:
    """Held first, it is not on the pick list any more; picked first, it stays, and is not packed (S28)."""
    asked = await lots.allocated("SO-1", ("L1", 5))
    stock = HeldStock(order=asked.order, line="1", demand=asked.demand, lot="L1", quantity=Decimal(5))
    hold = LotHeld(sku=lots.sku, lot="L1", hold=desk.no("H"), reason="recall", stock=[stock])
    pick = lots.pick("SO-1", ("L1", 3))
    answers = await race(desk, *((pick, hold) if first == "pick" else (hold, pick)))
    codes = [refusal.code for answer in answers for refusal in answer.refusals]
    assert codes == ([] if first == "pick" else [Code.NOT_YET_KNOWN])
    assert await piles(desk) == ([("PICKED", 3)] if first == "pick" else [])
    if first == "pick":
        assert await desk.refused(lots.pack("SO-1", "C-1", ("L1", 3))) == [Code.HELD]
