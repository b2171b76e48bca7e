"""Orders placed, answered and picked, against a real database."""

from services.fulfillment.orders.domain import Standing
from shared.contracts.fulfillment import AllocationRequested, OrderChanged, UnitPicked
from shared.contracts.problems import Code
from tests.fulfillment.desk import Desk


async def test_an_order_asks_for_its_stock_and_takes_the_answer(desk: Desk) -> None:
    """A placed order opens a demand; what serials gives is ALLOCATED to it, and only that is picked (S08, S20)."""
    answer = await desk.ask(desk.order("SO-1", 2))
    assert isinstance(answer.body, Standing)
    assert answer.body.status == "OPEN"
    (asked,) = desk.heard(AllocationRequested)
    assert asked.quantity == 2
    assert asked.shortfall == "WAIT"
    await desk.tell(desk.gives(asked, ["S1"], short=1))
    (changed,) = desk.heard(OrderChanged)
    assert (changed.lines[0].allocated, changed.lines[0].short) == (1, 1)
    assert await desk.refused(desk.pick("SO-1", "S9")) == [Code.NOT_YET_KNOWN]
    await desk.tell(desk.gives(asked, ["S2"]))
    assert await desk.refused(desk.pick("SO-1", "S9")) == [Code.NOT_ALLOCATED_HERE]
    await desk.tell(desk.pick("SO-1", "S1", "S2"))
    (picked,) = desk.heard(UnitPicked)
    assert (picked.demand, sorted(picked.serials), picked.location) == (asked.demand, ["S1", "S2"], "EAST/STAGE")
