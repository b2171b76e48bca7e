"""Published content of cartons from which lots are removed."""

from decimal import Decimal

import pytest

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, PackItems, PickItems, UnpickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested, CartonPacked, OrderRejected, OrderSerialsUnpicked
from shared.contracts.lots import AffectedLot, LotStockMissing
from shared.contracts.serials import AffectedSerial, SerialStockMissing
from shared.contracts.upstream import OrderLine
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness


@pytest.mark.parametrize("removal", ["unpicked", "lost"])
async def test_units_stay_in_the_published_content(
    harness: FulfillmentHarness, lot_harness: LotHarness, removal: str
) -> None:
    """A carton loses a lot by a message that names no unit: its event lists the units that stay (S21)."""
    line = OrderLine(line="2", sku=harness.sku, quantity=Decimal(1))
    await harness.handle(lot_harness.order_placed("SO-1", 2, line))
    lot_request, serial_request = harness.events_of(AllocationRequested)
    await harness.handle(
        lot_harness.lot_allocated(lot_request, ("L1", 2)), harness.serial_allocated(serial_request, ["S1"])
    )
    order, units, stock = lot_request.order, harness.scanned_units("S1"), lot_harness.lot_selectors(("L1", 2))
    await harness.handle(
        PickItems(order=order, units=units, stock=stock, location="EAST/STAGE"),
        PackItems(order=order, carton=harness.scoped_id("C-1"), units=units, stock=stock),
    )
    lost = AffectedLot(lot="L1", quantity=2, order=order, line="1", demand_id=lot_request.demand_id)
    messages: dict[str, Message] = {
        "unpicked": UnpickItems(order=order, stock=stock, location="EAST/A-1", reason="wrong"),
        "lost": LotStockMissing(
            sku=lot_harness.sku, lot="L1", location="EAST/STAGE", reason="counted", stock=[lost]
        ),
    }  # fmt: skip
    await harness.handle(messages[removal])
    (content,) = harness.events_of(CartonPacked)
    assert ([unit.serial for unit in content.units], content.stock) == (["S1"], [])


async def test_a_lost_unit_leaves_its_carton(harness: FulfillmentHarness) -> None:
    """The other unit of the carton stays in its content; a unit in a dispatch that is checked is left alone (S21)."""
    request = await harness.place_order("SO-1", 2)
    await harness.handle(harness.serial_allocated(request, ["S1", "S2"]))
    await harness.handle(harness.pick_command("SO-1", "S1", "S2"), harness.pack_command("SO-1", "C-1", "S1", "S2"))
    missing = [
        SerialStockMissing(
            sku=harness.sku, location="EAST/STAGE", reason="counted",
            units=[AffectedSerial(serial=serial, order=request.order, line="1", demand_id=request.demand_id)],
        )
        for serial in (unit.serial for unit in harness.scanned_units("S1", "S2"))
    ]  # fmt: skip
    await harness.handle(missing[0])
    (unpicked,), (content,) = harness.events_of(OrderSerialsUnpicked), harness.events_of(CartonPacked)
    assert (unpicked.serials, unpicked.lost) == ([missing[0].units[0].serial], True)
    assert [unit.serial for unit in content.units] == [missing[1].units[0].serial]
    shipment = harness.scoped_id("SH-1")
    await harness.handle(harness.serial_allocated(request, ["S3"]))
    await harness.handle(
        harness.pick_command("SO-1", "S3"),
        harness.pack_command("SO-1", "C-1", "S3"),
        CreateShipment(shipment=shipment, cartons=[harness.scoped_id("C-1")]),
    )
    await harness.handle(DispatchShipment(shipment=shipment))
    await harness.handle(missing[1])
    assert not harness.events_of(OrderSerialsUnpicked)
    assert [event.code for event in harness.events_of(OrderRejected)] == ["not_picked"]
