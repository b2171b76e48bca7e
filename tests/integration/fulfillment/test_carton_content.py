"""Published content of cartons from which lots are removed."""

from decimal import Decimal

import pytest

from shared.contracts.commands.fulfillment import PackItems, PickItems, UnpickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested, CartonPacked
from shared.contracts.lots import AffectedLot, LotStockMissing
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
