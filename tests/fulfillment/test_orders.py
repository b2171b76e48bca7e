"""Orders placed, answered and picked, against a real database."""

from services.fulfillment.orders.domain import Standing
from shared.contracts.commands.fulfillment import CreateShipment, Dispatch
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested, OrderChanged, UnitPicked
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended, OrderLine
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


async def test_named_units_that_have_left_are_not_asked_for_again(desk: Desk) -> None:
    """Of three named units one has left; a new priority asks for the other two, not for the first once more."""
    line = OrderLine.model_validate({"line": "1", "sku": desk.sku, "quantity": 3, "serials": ["S1", "S2", "S3"]})
    asked = await desk.place("SO-1", lines=[line])
    await desk.tell(desk.gives(asked, ["S1"], short=2))
    await desk.tell(desk.pick("SO-1", "S1"), desk.pack("SO-1", "C-1", "S1"))
    await desk.tell(CreateShipment(shipment=desk.name("SH-1"), cartons=[desk.name("C-1")]))
    await desk.tell(Dispatch(shipment=desk.name("SH-1")))
    await desk.tell(*desk.approves(desk.heard(DispatchRequested)))
    await desk.tell(OrderAmended(order=desk.name("SO-1"), priority=9))
    (again,) = desk.heard(AllocationRequested)
    assert (int(again.quantity), sorted(again.serials)) == (2, ["S2", "S3"])
