"""Cartons, shipments and dispatches, against a real database."""

import pytest

from services.fulfillment.shipping.domain import Dispatching
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    Dispatch,
    Repack,
    Unit,
    Unpack,
    Unpick,
)
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    CartonPacked,
    DispatchDone,
    DispatchRequested,
    OrderChanged,
    OrderRejected,
    UnitUnpicked,
)
from shared.contracts.problems import Code
from shared.contracts.serials import DispatchRefused, HeldUnit, RefusedUnit, SerialHeld, SerialHoldLifted
from shared.contracts.upstream import OrderCancelled
from shared.routing import Answer
from tests.fulfillment.desk import Desk


def moves(order: str, carton: str, units: list[Unit], shipment: str) -> dict[str, Fact]:
    """What may happen to an order's carton of units while its shipment is being checked."""
    return {
        "cancel": OrderCancelled(order=order),
        "unpick": Unpick(order=order, units=units, location="EAST/A-1", reason="broken"),
        "unpack": Unpack(order=order, carton=carton, units=units),
        "move": Repack(order=order, carton=carton, to_carton=f"{carton}-2", units=units),
        "ask": Dispatch(shipment=shipment),
        "abort": CancelShipment(shipment=shipment, reason="no truck"),
    }


def outcome(answer: Answer) -> str:
    """The dispatch that an answer names."""
    assert isinstance(answer.body, Dispatching)
    assert answer.address == f"/dispatch-checks/{answer.body.dispatch}"
    return answer.body.dispatch


async def status_of(desk: Desk, dispatch: str) -> str:
    """Where a dispatch stands in the database."""
    (row,) = await desk.rows("SELECT status FROM dispatch_check WHERE check_id = :check", check=dispatch)
    return str(row["status"])


async def shipment(desk: Desk, name: str, *orders: str) -> str:
    """A shipment of the carton of each order, which is packed with one unit."""
    for order in orders:
        await desk.packed(order, f"C-{order}", f"U-{order}")
    cartons = [desk.no(f"C-{order}") for order in orders]
    await desk.tell(CreateShipment(shipment=desk.no(name), cartons=cartons, carrier="DHL"))
    return desk.no(name)


async def test_pack_ship_dispatch(desk: Desk) -> None:
    """Picked units are packed, their carton shipped and, once all owners agree, SHIPPED (S21, S10)."""
    await desk.allocated("SO-1", "S1", "S2")
    await desk.tell(desk.pick("SO-1", "S1", "S2"))
    await desk.tell(desk.pack("SO-1", "C-1", "S1", "S2"))
    (content,) = desk.heard(CartonPacked)
    assert sorted(unit.serial for unit in content.units) == ["S1", "S2"]
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")], carrier="DHL"))
    await desk.ask(Dispatch(shipment=desk.no("SH-1")))
    (asked,) = desk.heard(DispatchRequested)
    await desk.tell(*desk.approves([asked]))
    (done,) = desk.heard(DispatchDone)
    assert (done.check, done.carrier, sorted(unit.serial for unit in done.units)) == (asked.check, "DHL", ["S1", "S2"])
    (changed,) = desk.heard(OrderChanged)
    assert (changed.status, changed.lines[0].shipped, changed.lines[0].picked) == ("COMPLETE", 2, 0)
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.DISPATCHED]
    assert await desk.refused(CancelShipment(shipment=desk.no("SH-1"), reason="x")) == [Code.DISPATCHED]
    assert await desk.refused(OrderCancelled(order=desk.no("SO-1"))) == [Code.ORDER_COMPLETE]
    assert await desk.refused(desk.pack("SO-1", "C-1", "S1")) == [Code.DISPATCHED]


async def test_two_orders_leave_together_or_not_at_all(desk: Desk) -> None:
    """A shipment of two orders is asked about and done per order, and leaves with the last approval only."""
    name = await shipment(desk, "SH-1", "SO-1", "SO-2")
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    asked = desk.heard(DispatchRequested)
    assert [one.order for one in asked] == [desk.no("SO-1"), desk.no("SO-2")]
    first, second = desk.approves(asked)
    await desk.tell(first)
    assert not desk.said
    await desk.tell(second)
    assert [one.order for one in desk.heard(DispatchDone)] == [desk.no("SO-1"), desk.no("SO-2")]
    assert await status_of(desk, check) == "DISPATCHED"


async def test_a_refused_dispatch_leaves_the_shipment_as_it_was(desk: Desk) -> None:
    """One refusal ends the check, with its reason; a new one may succeed."""
    name = await shipment(desk, "SH-1", "SO-1", "SO-2")
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    one, other = desk.heard(DispatchRequested)
    no = DispatchRefused(
        sku=desk.sku, check=check, shipment=name, order=one.order, orders=one.orders,
        units=[RefusedUnit(serial="U-SO-1", code="held", detail="quality")],
    )  # fmt: skip
    await desk.tell(no, *desk.approves([other]))
    assert not desk.heard(DispatchDone)
    assert await status_of(desk, check) == "REFUSED"
    again = outcome(await desk.ask(Dispatch(shipment=name)))
    assert again != check
    await desk.tell(*desk.approves(desk.heard(DispatchRequested)))
    assert await status_of(desk, again) == "DISPATCHED"


@pytest.mark.parametrize("what", ["cancel", "unpick", "unpack", "move", "ask", "abort"])
async def test_whatever_touches_the_goods_ends_the_check(desk: Desk, what: str) -> None:
    """After a cancel, unpick, unpack, move or a new question, approvals still under way change nothing."""
    name = await shipment(desk, "SH-1", "SO-1")
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    approvals = desk.approves(desk.heard(DispatchRequested))
    move = moves(desk.no("SO-1"), desk.no("C-SO-1"), desk.units("U-SO-1"), name)[what]
    assert (await desk.ask(move)).body is not None
    await desk.tell(*approvals)
    assert not desk.said
    assert await status_of(desk, check) == "ENDED"


async def test_an_approval_that_comes_too_late_does_not_count(desk: Desk) -> None:
    """An approval is good for a time; after it the shipment stays."""
    name = await shipment(desk, "SH-1", "SO-1")
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    await desk.tell(*desk.approves(desk.heard(DispatchRequested), minutes=-1))
    assert await status_of(desk, check) == "ENDED"


async def test_a_hold_after_the_pick_stops_the_dispatch(desk: Desk) -> None:
    """A held unit is neither packed nor dispatched, not even with its approval; lifted, it leaves."""
    name = await shipment(desk, "SH-1", "SO-1")
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    approvals = desk.approves(desk.heard(DispatchRequested))
    held = HeldUnit(serial="U-SO-1", status="PICKED", order=desk.no("SO-1"), line="1")
    await desk.tell(SerialHeld(sku=desk.sku, hold=desk.no("H"), reason="recall", units=[held]))
    await desk.tell(*approvals)
    assert await status_of(desk, check) == "REFUSED"
    assert await desk.refused(Dispatch(shipment=name)) == [Code.HELD]
    await desk.tell(SerialHoldLifted(sku=desk.sku, hold=desk.no("H"), reason="fine", serials=["U-SO-1"]))
    check = outcome(await desk.ask(Dispatch(shipment=name)))
    await desk.tell(*desk.approves(desk.heard(DispatchRequested)))
    assert await status_of(desk, check) == "DISPATCHED"


async def test_only_complete_packed_shipments_are_asked_about(desk: Desk) -> None:
    """Loose or unwanted picked units of its orders keep a shipment here; unpicked, they let it go."""
    await desk.packed("SO-1", "C-1", "S1")
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")]))
    await desk.tell(Unpack(order=desk.no("SO-1"), carton=desk.no("C-1"), units=desk.units("S1")))
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.NOT_FULLY_PACKED]
    await desk.tell(desk.pack("SO-1", "C-1", "S1"), OrderCancelled(order=desk.no("SO-1")))
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.UNWANTED_UNITS]
    await desk.tell(Unpick(order=desk.no("SO-1"), units=desk.units("S1"), location="EAST/A-1", reason="cancelled"))
    (back,) = desk.heard(UnitUnpicked)
    assert not back.again
    assert desk.heard(CartonPacked)[0].units == []
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.NOT_FULLY_PACKED]


async def test_a_ship_complete_order_leaves_whole(desk: Desk) -> None:
    """Nothing of an order that ships complete is picked before every line is full, nor leaves without the rest."""
    asked = await desk.place("SO-1", 2, backorders="SHIP_COMPLETE")
    await desk.tell(desk.gives(asked, ["S1"], short=1))
    assert await desk.refused(desk.pick("SO-1", "S1")) == [Code.NOT_RELEASED]
    await desk.tell(desk.gives(asked, ["S2"]))
    await desk.tell(desk.pick("SO-1", "S1"), desk.pack("SO-1", "C-1", "S1"))
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")]))
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.NOT_FULLY_PACKED]


async def test_cartons_and_shipments_refuse_what_does_not_fit(desk: Desk) -> None:
    """A carton is of one order, in one shipment; a unit in one carton; a shipment of one warehouse."""
    await desk.packed("SO-1", "C-1", "S1")
    await desk.packed("SO-2", "C-2", "S2")
    await desk.packed("SO-3", "C-3", "S3", warehouse="WEST", stage="WEST/STAGE")
    await desk.allocated("SO-4", "S4")
    made = [desk.no(f"C-{number}") for number in (1, 2)]
    assert await desk.refused(desk.pack("SO-1", "C-2", "S1")) == [Code.CARTON_OF_ANOTHER_ORDER]
    assert await desk.refused(desk.pack("SO-1", "C-9", "S1")) == [Code.ALREADY_PACKED]
    assert await desk.refused(desk.pack("SO-4", "C-4", "S4", "S1", "S9")) == [Code.NOT_PICKED] * 3
    assert await desk.refused(Unpack(order=desk.no("SO-4"), carton="none", units=desk.units("S4"))) == [
        Code.UNKNOWN_CARTON
    ]
    assert await desk.refused(Unpack(order=desk.no("SO-1"), carton=made[0], units=desk.units("S2"))) == [
        Code.NOT_IN_CARTON
    ]
    assert await desk.refused(CreateShipment(shipment="none", cartons=["none"])) == [Code.UNKNOWN_CARTON]
    assert await desk.refused(CreateShipment(shipment=desk.no("SH-1"), cartons=made, orders=[desk.no("SO-1")])) == [
        Code.DOCUMENT_MISMATCH
    ]
    far = [*made, desk.no("C-3")]
    assert await desk.refused(CreateShipment(shipment=desk.no("SH-1"), cartons=far)) == [Code.WRONG_WAREHOUSE]
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=made))
    assert await desk.refused(CreateShipment(shipment=desk.no("SH-1"), cartons=made)) == [Code.DOCUMENT_EXISTS]
    assert await desk.refused(CreateShipment(shipment=desk.no("SH-2"), cartons=made[:1])) == [Code.CARTON_SHIPPED]
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"), orders=[desk.no("SO-1")])) == [Code.DOCUMENT_MISMATCH]
    assert await desk.refused(Dispatch(shipment="none")) == [Code.UNKNOWN_SHIPMENT]
    await desk.tell(CancelShipment(shipment=desk.no("SH-1"), reason="another truck"))
    assert await desk.refused(Dispatch(shipment=desk.no("SH-1"))) == [Code.SHIPMENT_CANCELLED]
    await desk.tell(CreateShipment(shipment=desk.no("SH-2"), cartons=made))
    answer = await desk.ask(Dispatch(shipment=desk.no("SH-2")))
    assert answer.body is not None


async def test_answers_that_fit_no_dispatch_are_disagreements(desk: Desk) -> None:
    """An answer about a check that was never asked, or units it did not ask about, changes nothing and is shown."""
    name = await shipment(desk, "SH-1", "SO-1")
    await desk.ask(Dispatch(shipment=name))
    (approval,) = desk.approves(desk.heard(DispatchRequested))
    for wrong in ({"check": "never-asked"}, {"serials": ["U-SO-9"]}, {"serials": ["U-SO-1", "U-SO-1"]}):
        await desk.tell(approval.model_copy(update=wrong))
        (no,) = desk.heard(OrderRejected)
        assert (no.kind, no.code) == ("DISAGREEMENT", Code.DOCUMENT_MISMATCH)
    await desk.tell(approval)
    assert desk.heard(DispatchDone)
