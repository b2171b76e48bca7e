"""Lines from one lot alone on the real tables: what has left binds the rest, and units have no lots."""

from decimal import Decimal

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchRequested,
    OrderProductChanged,
)
from shared.contracts.lots import LotHeld
from shared.contracts.problems import Code
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import OrderAmended, OrderLine
from tests.fulfillment.counted import Lots
from tests.fulfillment.desk import Desk


def alone(sku: str, quantity: int, line: str = "1") -> OrderLine:
    """A line from one lot alone."""
    return OrderLine(line=line, sku=sku, quantity=Decimal(quantity), single_lot=True)


async def test_what_has_left_binds_the_rest(desk: Desk, lots: Lots) -> None:
    """A line of which all has been shipped and more is ordered asks for the lot that was shipped (S27)."""
    name = desk.no("SO-1")
    await desk.tell(lots.order("SO-1", 1, lines=[alone(lots.sku, 3), alone(lots.sku, 1, "2")]))
    asked, _ = desk.heard(AllocationRequested)
    await desk.tell(lots.gives(asked, ("L2", 3)), lots.pick("SO-1", ("L2", 3)), lots.pack("SO-1", "C-1", ("L2", 3)))
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")]))
    await desk.tell(Dispatch(shipment=desk.no("SH-1")))
    await desk.tell(*lots.approves(desk.heard(DispatchRequested)))
    await desk.tell(OrderAmended(order=name, lines=[alone(lots.sku, 5)]))
    (more,) = desk.heard(AllocationRequested)
    assert (more.line, int(more.quantity), more.lots) == ("1", 2, ["L2"])


async def test_a_refused_pick_asks_for_the_whole_line(desk: Desk, lots: Lots) -> None:
    """Held at the one of its two places that is scanned: all of the line goes back, and all is asked for (S27, S28)."""
    await desk.tell(lots.order("SO-1", 5, lines=[alone(lots.sku, 5)]))
    (asked,) = desk.heard(AllocationRequested)
    await desk.tell(lots.gives(asked, ("L1", 2)), lots.gives(asked, ("L1", 3), place="EAST/A-2"))
    hold = LotHeld(sku=lots.sku, lot="L1", location="EAST/A-2", hold=desk.no("H"), reason="wet", stock=[])
    await desk.tell(hold)
    scan = lots.pick("SO-1", ("L1", 1))
    scan.stock[0] = scan.stock[0].model_copy(update={"location": "EAST/A-2"})
    assert [no.code for no in (await desk.ask(scan)).refusals] == [Code.HELD]
    (whole,) = desk.heard(AllocationRequested)
    assert (int(whole.quantity), whole.lots, len(desk.heard(AllocationWithdrawn))) == (5, [], 1)
    assert await desk.refused(lots.pick("SO-1", ("L1", 1))) == [Code.NOT_YET_KNOWN]
    await desk.tell(lots.gives(whole, ("L2", 5)), lots.pick("SO-1", ("L2", 5)))


async def test_units_of_one_lot_are_not_to_be_had(desk: Desk) -> None:
    """A line that was placed before its product was serialised waits until it wants no lot any more (S27)."""
    sku = desk.no("NEW")
    await desk.tell(desk.order("SO-1", lines=[alone(sku, 3)]))
    await desk.tell(ProductChanged(sku=sku, version=1, name="Valve", unit="each", tracking="SERIAL"))
    await desk.tell(*desk.heard(OrderProductChanged))
    assert desk.heard(AllocationRequested) == []
    amended = OrderAmended(order=desk.no("SO-1"), lines=[alone(sku, 2)])
    assert await desk.refused(amended) == [Code.NOT_LOT_TRACKED]
    plain = amended.lines[0].model_copy(update={"single_lot": False})
    await desk.tell(amended.model_copy(update={"lines": [plain]}))
    (asked,) = desk.heard(AllocationRequested)
    assert (asked.tracking, int(asked.quantity)) == ("SERIAL", 2)
