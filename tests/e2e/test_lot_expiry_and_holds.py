"""Expiry and holds of allocated, picked and packed lots in all services."""

from shared.contracts.commands.fulfillment import PickItems
from shared.contracts.commands.lots import AdjustLot, ReleaseLotHold
from tests.e2e import conservation
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import STAGE
from tests.e2e.system import SystemUnderTest


async def stock_two_lots(lot_scenario: LotScenario) -> None:
    """Stock two lots of five, the first with 20 days of shelf life."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 5, 30))


async def test_lot_expired_before_pick_is_reallocated(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A lot that expires while allocated is held, deallocated and replaced by another lot (S28)."""
    await stock_two_lots(lot_scenario)
    order = await lot_scenario.place_order(3)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 3})
    await lot_scenario.correct_expiry("L1", -1)
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 3})
    (event,) = await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.expired.v1", lot="L1")
    assert (event["data"]["warehouse"], event["data"]["on_hand"]) == ("EAST", 5)
    await system.assert_rejected(
        PickItems(order=order, stock=[lot_scenario.lot_selector("L1", 3)], location=STAGE), "not_on_pick_list"
    )
    await lot_scenario.ship_all(order, 1)
    await lot_scenario.wait_for_balances({("L1", STORAGE_LOCATIONS[0]): (5, 0), ("L2", STORAGE_LOCATIONS[1]): (2, 0)})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_expiry_correction_before_pick(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A later expiry keeps the allocation; one below the limit is rejected at the pick (S28)."""
    await lot_scenario.define_product(shelf_life={"stop_allocation_days": 10})
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 5, 30))
    order = await lot_scenario.place_order(3)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 3})
    await lot_scenario.correct_expiry("L1", 25)
    await lot_scenario.wait_for_expiry(order, "L1", 25)
    await system.execute(
        PickItems(order=order, stock=[lot_scenario.lot_selector("L1", 1)], location=STAGE), actor="pat"
    )
    await lot_scenario.correct_expiry("L1", 9)
    await lot_scenario.wait_for_expiry(order, "L1", 9)
    await system.assert_rejected(
        PickItems(order=order, stock=[lot_scenario.lot_selector("L1", 2)], location=STAGE), "insufficient_shelf_life"
    )
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 2})
    await lot_scenario.unpick_lot(order, "L1", 1, STORAGE_LOCATIONS[0])
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 3})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_lot_expired_after_pick_is_not_dispatched(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A packed lot that expires is not dispatched; after the unpick another lot replaces it (S28)."""
    await stock_two_lots(lot_scenario)
    order = await lot_scenario.place_order(3)
    shipment = await lot_scenario.pack_all(order, 1)
    await lot_scenario.correct_expiry("L1", -1)
    codes = await lot_scenario.assert_dispatch_rejected(shipment)
    assert codes in ({"expired"}, {"on_hold"}), codes
    await lot_scenario.unpick_lot(order, "L1", 3, STORAGE_LOCATIONS[0])
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 3})
    await lot_scenario.ship_all(order, 1)
    scrapped = AdjustLot(
        sku=lot_scenario.sku,
        lot="L1",
        location=STORAGE_LOCATIONS[0],
        quantity=lot_scenario.lot_selector("L1", 5).quantity,
        adjustment="SCRAPPED",
        reason="expired",
    )
    await system.execute(scrapped, actor="sue")
    await lot_scenario.wait_for_balances({("L2", STORAGE_LOCATIONS[1]): (2, 0)})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_lot_is_usable_on_its_last_day(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """On its expiry date a lot is still allocated, picked and shipped (S28)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 0))
    order = await lot_scenario.place_order(2)
    await lot_scenario.ship_all(order, 1)
    (event,) = await lot_scenario.wait_for_event(
        "lots.events", lot_scenario.sku, "lot.expiring.v1", lot="L1", threshold=7
    )
    assert event["data"]["days"] == 0
    await system.wait_until_quiescent()
    assert not system.listener.events_of("lots.events", lot_scenario.sku, "lot.expired.v1")
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_each_expiry_threshold_is_published_once(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Each expiry threshold is published once, and again for a corrected date (S29)."""
    await lot_scenario.define_product(shelf_life={"expiry_alert_days": [60, 10]})
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 9))

    async def assert_published(*expected: tuple[int, int]) -> None:
        for threshold, days_left in expected:
            await lot_scenario.wait_for_event(
                "lots.events", lot_scenario.sku, "lot.expiring.v1", threshold=threshold, days=days_left
            )
        await system.wait_until_quiescent()
        events = system.listener.events_of("lots.events", lot_scenario.sku, "lot.expiring.v1")
        assert len(events) == len(expected), events

    await assert_published((60, 9), (10, 9))
    await lot_scenario.correct_expiry("L1", 50)
    await assert_published((60, 9), (10, 9), (60, 50))
    await lot_scenario.correct_expiry("L1", -1)
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.expired.v1", lot="L1")
    order = await lot_scenario.place_order(1)
    await system.wait_until_quiescent()
    await lot_scenario.assert_pick_list(order, {})
    await lot_scenario.correct_expiry("L1", 3)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 1})


async def test_hold_between_allocation_and_dispatch(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A hold deallocates unpicked stock and blocks the dispatch of packed stock until its release (S28)."""
    await stock_two_lots(lot_scenario)
    packed_order, listed_order = await lot_scenario.place_order(3), await lot_scenario.place_order(2)
    shipment = await lot_scenario.pack_all(packed_order, 1)
    await lot_scenario.assert_pick_list(listed_order, {("L1", STORAGE_LOCATIONS[0]): 2})
    hold = await lot_scenario.place_lot_hold("L1")
    await lot_scenario.assert_pick_list(listed_order, {("L2", STORAGE_LOCATIONS[1]): 2})
    assert await lot_scenario.assert_dispatch_rejected(shipment) == {"on_hold"}
    await lot_scenario.receive_lots(scanned_lot("L1", 4, 20))  # later receipts are also held
    late_order = await lot_scenario.place_order(9)
    await lot_scenario.assert_pick_list(late_order, {("L2", STORAGE_LOCATIONS[1]): 3})
    await lot_scenario.put_away_lot("L1", 4, STORAGE_LOCATIONS[0])
    await system.wait_until_quiescent()
    await lot_scenario.assert_pick_list(late_order, {("L2", STORAGE_LOCATIONS[1]): 3})
    await system.execute(ReleaseLotHold(sku=lot_scenario.sku, hold_id=hold, reason="inspected"), actor="sue")
    await lot_scenario.assert_pick_list(late_order, {("L2", STORAGE_LOCATIONS[1]): 3, ("L1", STORAGE_LOCATIONS[0]): 6})
    outcome = await lot_scenario.dispatch(shipment)
    assert outcome["status"] == "DISPATCHED", outcome
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])
