"""A lot expires while it is allocated: published, held, deallocated and reallocated in all services."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.commands.lot_corrections import CorrectLotDates
from tests.e2e.lot_scenario import LotScenario, day_from_now, scanned_lot
from tests.e2e.milk_lots import MilkLots
from tests.e2e.serial_scenario import OTHER_SHELF, SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until

TODAY = datetime.now(UTC).date()


async def test_expired_lot_is_deallocated_and_reallocated(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An allocated lot expires: it is held, and the order gets the next lot (S28, S29)."""
    await scenario.define_product(lot_tracked=True)
    milk_lots = MilkLots(system, scenario)
    await milk_lots.receive(("A", 5, str(TODAY + timedelta(days=20))), ("B", 5, "2090-01-31"))
    await milk_lots.put_away("A", "5", SHELF)
    await milk_lots.put_away("B", "5", OTHER_SHELF)
    order = await scenario.place_order(3, sku=milk_lots.sku)
    await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.allocated.v1", order=order, open_quantity=0)
    for threshold in (90, 60, 30):
        await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.expiring.v1", lot="A", threshold=threshold)
    assert await allocated_lots(system, milk_lots.sku) == {("A", 3)}
    correction = CorrectLotDates(sku=milk_lots.sku, lot="A", expiry=TODAY - timedelta(days=3), reason="label misread")
    await system.execute(correction, actor="sue")
    (expired,) = await scenario.wait_for_event("lots.events", milk_lots.sku, "lot.expired.v1", lot="A")
    await scenario.wait_for_event(
        "lots.events", milk_lots.sku, "lot.hold_placed.v1", hold_id=expired["data"]["hold_id"]
    )

    async def is_reallocated() -> bool:
        assert await allocated_lots(system, milk_lots.sku) == {("B", 3)}
        return True

    await wait_until(is_reallocated)
    assert ("A", "EXPIRED") in await milk_lots.open_holds()


async def test_best_before_date_guards_like_an_expiry(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A best-before date alone orders the allocation, is alerted on and reported, and limits orders (S24, S28)."""
    await lot_scenario.define_product(shelf_life={"expiry_basis": "BEST_BEFORE"})
    lots = [scanned_lot(f"L-{days}", 5, best_before=day_from_now(days)) for days in (60, 20)]
    await lot_scenario.stock_lots(*lots)
    order = await lot_scenario.place_order(3)
    long_order = await lot_scenario.place_order(7, min_remaining_shelf_life_days=30)
    for number, open_quantity in ((order, 0), (long_order, 2)):
        await lot_scenario.wait_for_event(
            "lots.events", lot_scenario.sku, "lot.allocated.v1", order=number, open_quantity=open_quantity
        )
    assert await allocated_lots(system, lot_scenario.sku) == {("L-20", 3), ("L-60", 5)}
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.expiring.v1", lot="L-20", threshold=30)
    rows = await system.get_all_items("lots", "/reports/expiring-lots", sku=lot_scenario.sku)
    assert [(row["lot"], row["bucket"]) for row in rows] == [("L-20", "<=30"), ("L-60", "<=90")]


async def allocated_lots(system: SystemUnderTest, sku: str) -> set[tuple[str, Any]]:
    """Return the allocated quantities of a product by lot."""
    rows = await system.fetch_rows("lots", "SELECT lot, quantity FROM reservation WHERE sku = $1 AND quantity > 0", sku)
    return {(row["lot"], row["quantity"]) for row in rows}
