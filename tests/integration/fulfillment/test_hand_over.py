"""Units and lots that a wider line of an order hands over, on a real database (S08)."""

from decimal import Decimal

from shared.contracts.fulfillment import AllocationRequested, HandOver, OrderLotsDeallocated, OrderSerialsDeallocated
from shared.contracts.lots import SkippedLots
from shared.contracts.upstream import OrderAmended, OrderLine
from shared.inventory.skip_reason import SkipReason
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness


async def test_a_listed_unit_is_found_among_the_units_of_an_order(harness: FulfillmentHarness) -> None:
    """Only the units that a short demand lists are read, and they are handed over with their line's demand."""
    wide = await harness.allocate_order("SO", "N1", "N2", "N3")
    line = OrderLine(line="2", sku=harness.sku, quantity=Decimal(2), serials=["N2", "X"])
    await harness.handle(OrderAmended(order=wide.order, lines=[line]))
    (listed,) = harness.events_of(AllocationRequested)
    assert set(listed.serials) == {"N2", "X"}
    outcome = await harness.handle(harness.serial_allocated(listed, [], open_quantity=2))
    (event,) = harness.events_of(OrderSerialsDeallocated)
    assert (event.demand_id, event.line, event.serials, event.reallocate) == (wide.demand_id, "1", ["N2"], True)
    assert event.hand_over == HandOver(demand_id=listed.demand_id, open_quantity=Decimal(2))
    log = await harness.fetch_all("SELECT action, detail FROM order_log WHERE order_id = :order", order=wide.order)
    assert [row["detail"]["to_line"] for row in log if row["action"] == "HANDED_OVER"] == ["2"]
    await harness.handle(
        harness.serial_allocated(listed, ["N2"], open_quantity=1), harness.serial_allocated(wide, ["N4"])
    )
    rows = await harness.fetch_all(
        "SELECT line, serial FROM allocated_unit WHERE order_id = :order ORDER BY serial", order=wide.order
    )
    assert [(row["line"], row["serial"]) for row in rows] == [("1", "N1"), ("2", "N2"), ("1", "N3"), ("1", "N4")]
    assert outcome.error_codes() == []


async def test_a_single_lot_line_gets_the_rest_of_its_lot(lot_harness: LotHarness) -> None:
    """What the stock service skipped and what a wider line has are enough together."""
    harness = lot_harness.harness
    single = OrderLine(line="2", sku=lot_harness.sku, quantity=Decimal(5), single_lot=True)
    await harness.handle(lot_harness.order_placed("SO", 2, single))
    wide, narrow = harness.events_of(AllocationRequested)
    skipped = [SkippedLots(lot="L1", quantity=Decimal(3), reason=SkipReason.LOT_TOO_SMALL)]
    await harness.handle(lot_harness.lot_allocated(wide, ("L1", 2)), lot_harness.lot_allocated(narrow, skipped=skipped))
    (event,) = harness.events_of(OrderLotsDeallocated)
    assert [(lot.lot, lot.quantity) for lot in event.lots] == [("L1", Decimal(2))]
    assert event.hand_over == HandOver(demand_id=narrow.demand_id, open_quantity=Decimal(5))
