"""Single-lot lines, on a real database."""

from decimal import Decimal

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderReevaluationRequested,
)
from shared.contracts.lots import LotHoldPlaced
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended, OrderLine
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.messages.reference import product_changed


def single_lot_line(sku: str, quantity: int, line: str = "1") -> OrderLine:
    """A single-lot line."""
    return OrderLine(line=line, sku=sku, quantity=Decimal(quantity), single_lot=True)


async def test_shipped_lot_binds_the_remaining_quantity(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """An increase of a shipped single-lot line requests the shipped lot (S27)."""
    order_id = harness.scoped_id("SO-1")
    await harness.handle(
        lot_harness.order_placed(
            "SO-1", 1, lines=[single_lot_line(lot_harness.sku, 3), single_lot_line(lot_harness.sku, 1, "2")]
        )
    )
    request, _ = harness.events_of(AllocationRequested)
    await harness.handle(
        lot_harness.lot_allocated(request, ("L2", 3)),
        lot_harness.pick_command("SO-1", ("L2", 3)),
        lot_harness.pack_command("SO-1", "C-1", ("L2", 3)),
    )
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(DispatchShipment(shipment=harness.scoped_id("SH-1")))
    await harness.handle(*lot_harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    await harness.handle(OrderAmended(order=order_id, lines=[single_lot_line(lot_harness.sku, 5)]))
    (new_request,) = harness.events_of(AllocationRequested)
    assert (new_request.line, int(new_request.quantity), new_request.lots) == ("1", 2, ["L2"])


async def test_rejected_pick_requests_the_whole_line_again(
    harness: FulfillmentHarness, lot_harness: LotHarness
) -> None:
    """A hold at one of two locations releases the whole line and requests it again (S27, S28)."""
    await harness.handle(lot_harness.order_placed("SO-1", 5, lines=[single_lot_line(lot_harness.sku, 5)]))
    (request,) = harness.events_of(AllocationRequested)
    await harness.handle(
        lot_harness.lot_allocated(request, ("L1", 2)),
        lot_harness.lot_allocated(request, ("L1", 3), location="EAST/A-2"),
    )
    hold = LotHoldPlaced(
        sku=lot_harness.sku, lot="L1", location="EAST/A-2", hold_id=harness.scoped_id("H"), reason="wet", stock=[]
    )
    await harness.handle(hold)
    pick = lot_harness.pick_command("SO-1", ("L1", 1))
    pick.stock[0] = pick.stock[0].model_copy(update={"location": "EAST/A-2"})
    assert [violation.code for violation in (await harness.handle_command(pick)).violations] == [Code.ON_HOLD]
    (new_request,) = harness.events_of(AllocationRequested)
    assert (int(new_request.quantity), new_request.lots, len(harness.events_of(AllocationCancelled))) == (5, [], 1)
    assert await harness.rejection_codes(lot_harness.pick_command("SO-1", ("L1", 1))) == [Code.NOT_ON_PICK_LIST]
    await harness.handle(lot_harness.lot_allocated(new_request, ("L2", 5)), lot_harness.pick_command("SO-1", ("L2", 5)))


async def test_single_lot_line_waits_for_a_serial_tracked_product(harness: FulfillmentHarness) -> None:
    """A single-lot line of a serial-tracked product waits until the lot criterion is removed (S27)."""
    sku = harness.scoped_id("NEW")
    await harness.handle(harness.order_placed("SO-1", lines=[single_lot_line(sku, 3)]))
    await harness.handle(product_changed(sku, "SERIAL"))
    await harness.handle(*harness.events_of(OrderReevaluationRequested))
    assert harness.events_of(AllocationRequested) == []
    amended = OrderAmended(order=harness.scoped_id("SO-1"), lines=[single_lot_line(sku, 2)])
    assert await harness.rejection_codes(amended) == [Code.NOT_LOT_TRACKED]
    amended_line = amended.lines[0].model_copy(update={"single_lot": False})
    await harness.handle(amended.model_copy(update={"lines": [amended_line]}))
    (request,) = harness.events_of(AllocationRequested)
    assert (request.tracking, int(request.quantity)) == ("SERIAL", 2)
