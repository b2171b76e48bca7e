"""Orders placed, changed and answered, against a real database."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.fulfillment.orders.domain import Standing
from shared.contracts.commands.fulfillment import CreateShipment, Dispatch
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchRequested,
    OrderChanged,
    OrderProductChanged,
    OrderRejected,
    UnitDeallocated,
    UnitPicked,
)
from shared.contracts.lots import LotAllocated
from shared.contracts.problems import Code
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled
from shared.database import transaction
from shared.decision import decide
from tests.fulfillment.desk import Desk
from tests.line import message


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


async def test_answers_together_are_told_once(desk: Desk) -> None:
    """Two answers for an order in one transaction: where it stands is said once, with the lines of both (S08)."""
    lines = [OrderLine.model_validate({"line": str(it), "sku": desk.sku, "quantity": 1}) for it in (1, 2)]
    await desk.tell(desk.order("SO-1", lines=lines))
    first, second = desk.heard(AllocationRequested)
    await desk.tell(desk.gives(first, ["S1"]), desk.gives(second, ["S2"]))
    (changed,) = desk.heard(OrderChanged)
    assert [(it.line, it.allocated, it.short) for it in changed.lines] == [("1", 1, 0), ("2", 1, 0)]


async def test_the_same_order_again_changes_nothing(desk: Desk) -> None:
    """Placed again under another event, an order stays as it is; another order of its name is refused."""
    await desk.allocated("SO-1", "S1")
    before = await desk.rows("SELECT * FROM order_line WHERE order_id = :order", order=desk.no("SO-1"))
    answer = await desk.ask(desk.order("SO-1", 1))
    assert answer.body is not None
    assert not desk.said
    assert await desk.refused(desk.order("SO-1", 2)) == [Code.DOCUMENT_EXISTS]
    assert before == await desk.rows("SELECT * FROM order_line WHERE order_id = :order", order=desk.no("SO-1"))


async def test_a_cancelled_order_gives_back_what_was_not_picked(desk: Desk) -> None:
    """Its demands are withdrawn, which frees what is allocated (S11); an answer still under way is left alone."""
    asked = await desk.allocated("SO-1", "S1", "S2")
    await desk.tell(desk.pick("SO-1", "S1"))
    await desk.tell(OrderCancelled(order=desk.no("SO-1")))
    assert [fact.demand for fact in desk.heard(AllocationWithdrawn)] == [asked.demand]
    units = await desk.rows("SELECT serial, status FROM unit WHERE order_id = :order", order=desk.no("SO-1"))
    assert [tuple(unit.values()) for unit in units] == [("S1", "PICKED")]
    await desk.tell(desk.gives(asked, ["S3"]), OrderCancelled(order=desk.no("SO-1")))
    assert not desk.said


async def test_what_overtakes_an_order_is_remembered(desk: Desk) -> None:
    """A cancel, line cancel and amendment before their order: it is born with them, in their order (S11)."""
    name = desk.no("SO-1")
    more = OrderLine.model_validate({"line": "2", "sku": desk.sku, "quantity": 3})
    answer = await desk.ask(OrderLineCancelled(order=name, line="1"))
    assert isinstance(answer.body, Standing)
    assert answer.body.status == "UNKNOWN"
    await desk.ask(OrderAmended(order=name, lines=[more]))
    assert await desk.refused(desk.order("SO-1", 1, lines=[more, more])) == [Code.LINE_REPEATED]
    await desk.tell(desk.order("SO-1"))
    lines = await desk.rows("SELECT line, cancelled, ordered FROM order_line WHERE order_id = :order", order=name)
    assert [(row["line"], row["cancelled"], int(row["ordered"])) for row in lines] == [("1", True, 1), ("2", False, 3)]
    assert not await desk.rows("SELECT 1 FROM overtaking WHERE order_id = :order", order=name)


async def test_a_line_waits_for_its_product(desk: Desk) -> None:
    """A line for an undefined product is shown as waiting, and asks when the product arrives (S02)."""
    new = desk.no("NEW")
    line = {"line": "1", "sku": new, "quantity": 2}
    await desk.tell(desk.order("SO-1", lines=[line]))
    (changed,) = desk.said
    assert isinstance(changed, OrderChanged)
    assert changed.status == "WAITING"
    await desk.tell(ProductChanged(sku=new, version=1, name="New", unit="each", tracking="SERIAL"))
    woken = desk.heard(OrderProductChanged)
    assert [fact.order for fact in woken] == [desk.no("SO-1")]
    await desk.tell(*woken)
    assert [int(fact.quantity) for fact in desk.heard(AllocationRequested)] == [2]
    await desk.tell(ProductChanged(sku=new, version=2, name="Renamed", unit="each", tracking="SERIAL"))
    assert not desk.said


async def test_a_product_tracked_otherwise_is_asked_for_anew(desk: Desk) -> None:
    """Its open demands are withdrawn at their former owner and requested at the new one; lots answers short (S02)."""
    former = await desk.place("SO-1", 2)
    await desk.tell(ProductChanged(sku=desk.sku, version=2, name="Pump", unit="each", tracking="LOT"))
    await desk.tell(*desk.heard(OrderProductChanged))
    assert [fact.demand for fact in desk.heard(AllocationWithdrawn)] == [former.demand]
    (asked,) = desk.heard(AllocationRequested)
    assert asked.tracking == "LOT"
    await desk.tell(LotAllocated(sku=desk.sku, demand=asked.demand, order=asked.order, line="1", short=2))
    (changed,) = desk.heard(OrderChanged)
    assert changed.lines[0].short == 2


async def test_a_product_that_arrives_while_its_order_is_placed_wakes_it(desk: Desk) -> None:
    """Who waits and who brings the product lock the same name, so the wake-up is never lost."""
    new = desk.no("NEW")
    placed = message(desk.order("SO-1", lines=[{"line": "1", "sku": new, "quantity": 1}]))
    product = ProductChanged(sku=new, version=1, name="New", unit="each", tracking="SERIAL")
    async with transaction(desk.engine) as first:
        await decide(first, desk.map, [placed])
        arriving = asyncio.create_task(desk.tell(product))
        await desk.someone_waits()
    await arriving
    assert [fact.order for fact in desk.heard(OrderProductChanged)] == [desk.no("SO-1")]


@pytest.mark.parametrize("first", ["pick", "cancel"])
async def test_a_cancel_and_a_pick_at_once_have_one_winner(desk: Desk, first: str) -> None:
    """The order's lock decides: a picked unit waits for its unpick, a cancelled order is not picked (S11, S09)."""
    await desk.allocated("SO-1", "S1")
    both = {"pick": desk.pick("SO-1", "S1"), "cancel": OrderCancelled(order=desk.no("SO-1"))}
    async with transaction(desk.engine) as leading:
        await decide(leading, desk.map, [message(both.pop(first))])
        (other,) = both.values()
        waiting = asyncio.create_task(desk.ask(other))
        await desk.someone_waits()
    answer = await waiting
    units = await desk.rows("SELECT status FROM unit WHERE order_id = :order", order=desk.no("SO-1"))
    if first == "pick":
        assert answer.body is not None
        assert [unit["status"] for unit in units] == ["PICKED"]
    else:
        assert [refusal.code for refusal in answer.refusals] == [Code.ORDER_CANCELLED]
        assert units == []


async def test_an_answer_for_what_nobody_asked_is_kept_as_a_disagreement(desk: Desk) -> None:
    """An unknown order, an unknown demand: nothing changes, and it is shown until somebody closes it."""
    asked = await desk.place("SO-1")
    for wrong in ({"order": desk.no("SO-9")}, {"demand": "old"}):
        await desk.tell(desk.gives(asked, ["S1"]).model_copy(update=wrong))
        (no,) = desk.heard(OrderRejected)
        assert no.kind == "DISAGREEMENT"
    kept = await desk.rows("SELECT kind FROM rejection WHERE raw->>'sku' = :sku", sku=desk.sku)
    assert [row["kind"] for row in kept] == ["DISAGREEMENT"] * 2
    await desk.tell(desk.gives(asked, ["S1"]))
    assert not desk.heard(UnitDeallocated)


async def test_the_log_of_an_order_only_grows(desk: Desk) -> None:
    """Who did what when is kept; the service itself can neither change nor remove it (S22)."""
    await desk.allocated("SO-1", "S1")
    await desk.tell(OrderCancelled(order=desk.no("SO-1"), actor="ann", reason="changed my mind"))
    log = await desk.rows(
        "SELECT what, actor, detail->>'reason' AS reason FROM order_log WHERE order_id = :order ORDER BY id",
        order=desk.no("SO-1"),
    )
    assert [row["what"] for row in log] == ["placed", "allocated", "cancelled"]
    assert (log[-1]["actor"], log[-1]["reason"]) == ("ann", "changed my mind")
    for forbidden in ("UPDATE order_log SET actor = 'x'", "DELETE FROM order_log", "TRUNCATE order_log"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with transaction(desk.engine) as tx:
                await tx.run(text(forbidden))


async def test_named_units_that_have_left_are_not_asked_for_again(desk: Desk) -> None:
    """Of three named units one has left; a new priority asks for the other two, not for the first once more."""
    line = OrderLine.model_validate({"line": "1", "sku": desk.sku, "quantity": 3, "serials": ["S1", "S2", "S3"]})
    asked = await desk.place("SO-1", lines=[line])
    await desk.tell(desk.gives(asked, ["S1"], short=2))
    await desk.tell(desk.pick("SO-1", "S1"), desk.pack("SO-1", "C-1", "S1"))
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")]))
    await desk.tell(Dispatch(shipment=desk.no("SH-1")))
    await desk.tell(*desk.approves(desk.heard(DispatchRequested)))
    await desk.tell(OrderAmended(order=desk.no("SO-1"), priority=9))
    (again,) = desk.heard(AllocationRequested)
    assert (int(again.quantity), sorted(again.serials)) == (2, ["S2", "S3"])
