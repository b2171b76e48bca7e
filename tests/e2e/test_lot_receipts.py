"""Receipt of lot-tracked stock in all services: registration, holds and returns."""

from decimal import Decimal

import pytest

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn, ScanItems
from tests.e2e.milk_lots import MilkLots
from tests.e2e.serial_scenario import DOCK, SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


@pytest.fixture
async def milk_lots(system: SystemUnderTest, scenario: SerialScenario) -> MilkLots:
    """Provide a lot-tracked product with a shelf-life policy."""
    shelf_life = {"min_remaining_shelf_life_at_receipt": 30, "short_shelf_life_policy": "HOLD"}
    await scenario.define_product(lot_tracked=True, shelf_life=shelf_life)
    return MilkLots(system, scenario)


async def test_lots_are_registered_with_their_receipt(milk_lots: MilkLots) -> None:
    """Two lots of one receipt keep number, dates, quantity and supplier (S23-S26)."""
    await milk_lots.receive(("0a/7 B", 12.5, "2090-01-31"), ("0A/7-B", 3, "2090-02-28"))
    assert await milk_lots.on_hand_by_location() == {("0a/7 B", DOCK): Decimal("12.5"), ("0A/7-B", DOCK): 3}
    lot_row = await milk_lots.load_lot("0a/7 B")
    assert (str(lot_row["expiry"]), lot_row["supplier"]) == ("2090-01-31", "Dairy")
    assert await milk_lots.open_holds() == []


async def test_conflicting_expiry_dates_hold_the_lot(milk_lots: MilkLots) -> None:
    """Both quantities are received, the earlier expiry applies and the lot is held (S24)."""
    await milk_lots.receive(("L", 5, "2090-02-28"))
    await milk_lots.receive(("L", 7, "2090-01-31"))
    assert await milk_lots.on_hand_by_location() == {("L", DOCK): 12}
    assert str((await milk_lots.load_lot("L"))["expiry"]) == "2090-01-31"
    assert await milk_lots.open_holds() == [("L", "EXPIRY_CONFLICT")]


async def test_short_shelf_life_is_received_on_hold(
    milk_lots: MilkLots, system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A lot with short shelf life is received on hold and not allocated (S28)."""
    await milk_lots.receive(("OLD", 5, "2020-01-31"))
    assert ("OLD", "SHORT_SHELF_LIFE") in await milk_lots.open_holds()
    await milk_lots.put_away("OLD", "5")
    order = await scenario.place_order(2, sku=milk_lots.sku)
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.allocated.v1", order=order, open_quantity=2)
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []


async def test_partial_lot_return(milk_lots: MilkLots, system: SystemUnderTest, scenario: SerialScenario) -> None:
    """At most the shipped quantity is returned, on hold; parts are restocked or scrapped (S18)."""
    await milk_lots.receive(("L", 10, "2090-01-31"))
    await milk_lots.put_away("L", "10")
    order = await scenario.place_order(6, sku=milk_lots.sku)
    await milk_lots.ship(order, "L", "6")
    return_fields = {
        "return_id": scenario.new_id("RMA"),
        "order": order,
        "customer": "C-1",
        "sku": milk_lots.sku,
        "location": DOCK,
    }
    lot_fields = {"lots": [{"lot": "L", "quantity": 5}], "reason": "too much"}

    async def is_known() -> bool:
        rows = await system.fetch_rows("receiving", "SELECT shipped FROM shipped_lot WHERE order_id = $1", order)
        return bool(rows)

    await wait_until(is_known)
    command = ReceiveReturn.model_validate(return_fields | lot_fields)
    await system.assert_rejected(command.model_copy(update={"customer": "C-2"}), "not_shipped_to_customer")
    await system.execute(command)
    await system.assert_rejected(command.model_copy(update={"return_id": scenario.new_id("RMA")}), "already_returned")
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.received.v1", return_id=return_fields["return_id"])
    assert await milk_lots.open_holds() == [("L", "RETURN")]
    decision = {"return_id": return_fields["return_id"], "reason": "inspected"}
    partial = {"lots": [{"lot": "L", "quantity": 2}], "disposition": "SCRAP"}
    await system.execute(DisposeReturn.model_validate(decision | partial), actor="sue")
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.adjusted.v1", adjustment="SCRAPPED", quantity=2)
    assert await milk_lots.open_holds() == [("L", "RETURN")]
    await system.execute(DisposeReturn.model_validate(decision | {"disposition": "RESTOCK"}), actor="sue")
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.hold_released.v1", lot="L")
    await milk_lots.put_away("L", "3")
    assert await milk_lots.on_hand_by_location() == {("L", SHELF): 7}
    assert await milk_lots.open_holds() == []
    second_order = await scenario.place_order(7, sku=milk_lots.sku)
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.allocated.v1", order=second_order, open_quantity=0)


async def test_units_show_the_lot_and_expiry_of_their_label(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A serial-tracked unit keeps the lot number and expiry of its label (S34)."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    receipt = await scenario.announce_asn(serials)
    label_fields = {"lot": "L/1", "expiry": "2090-01-31"}
    scan = scenario.scan_command(receipt, serials).model_dump(exclude_unset=True) | label_fields
    await system.execute(ScanItems.model_validate(scan))
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status(serials, "RECEIVED")
    unit = await scenario.get_unit(serials[0])
    assert (unit["lot"], unit["expiry"]) == ("L/1", "2090-01-31")
