"""Lot-tracked stock from announcement to putaway, through receiving and lots."""

from decimal import Decimal

from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession
from tests.e2e import conservation
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, day_from_now, scanned_lot
from tests.e2e.serial_scenario import DOCK
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_several_lots_on_one_line(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A line accepts several lots verbatim, each with expiry and quantity (S23-S26)."""
    await lot_scenario.define_product()
    receipt = await lot_scenario.announce_asn([], quantity=10)
    scan = lot_scenario.scan_lots_command(
        receipt,
        scanned_lot("0017/a", 2.5, 40, manufactured_on=day_from_now(-9)),
        scanned_lot("0017-a", 3, 90),
        scanned_lot("17", 4.5, 9),
    )
    await system.assert_rejected(lot_scenario.scan_lots_command(receipt, scanned_lot("", 1, 40)), "lot_required")
    await system.assert_rejected(lot_scenario.scan_lots_command(receipt, scanned_lot("18", 1)), "expiry_required")
    assert [item["status"] for item in (await system.execute(scan))["lots"]] == ["ACCEPTED"] * 3
    await lot_scenario.confirm_session(receipt)
    for lot_number, quantity, days in (("0017/a", 2.5, 40), ("0017-a", 3, 90), ("17", 4.5, 9)):
        (event,) = await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.received.v1", lot=lot_number)
        assert (event["data"]["quantity"], event["data"]["expiry"]) == (quantity, str(day_from_now(days)))
        assert (event["data"]["receipt"], event["data"]["location"]) == (receipt, DOCK)
    await lot_scenario.wait_for_balances({("0017/a", DOCK): (2.5, 0), ("0017-a", DOCK): (3, 0), ("17", DOCK): (4.5, 0)})
    (line,) = (await system.get_json("receiving", f"/receipts/{receipt}"))["lines"]["items"]
    assert line["received"] == 10
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_lot_commands_over_kafka(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Scan, confirmation and putaway delivered twice over Kafka are executed once (S23, S30)."""
    await lot_scenario.define_product()
    receipt = await lot_scenario.announce_asn([], quantity=6)
    messages = [
        lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 2, 50), scanned_lot("L2", 4, 60)),
        ConfirmSession(receipt=receipt, session=f"S-{receipt}"),
    ]
    for message in messages:
        event = system.cloud_event_of(message)
        for _ in range(2):
            await system.send_record(message.TOPIC.name, event, message.key())
    await lot_scenario.wait_for_balances({("L1", DOCK): (2, 0), ("L2", DOCK): (4, 0)})
    for lot_number, quantity, location in (("L1", 2, STORAGE_LOCATIONS[0]), ("L2", 3, STORAGE_LOCATIONS[1])):
        message = PutAwayLot(
            sku=lot_scenario.sku,
            lot=lot_number,
            quantity=Decimal(quantity),
            from_location=DOCK,
            location=location,
            actor="ben",
        )
        event = system.cloud_event_of(message)
        for _ in range(2):
            await system.send_record(message.TOPIC.name, event, message.key())
    await lot_scenario.wait_for_balances(
        {("L1", STORAGE_LOCATIONS[0]): (2, 0), ("L2", STORAGE_LOCATIONS[1]): (3, 0), ("L2", DOCK): (1, 0)}
    )
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_untracked_product_is_handled_by_quantity(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """An untracked product is received, stored and ordered by quantity; a lot is rejected (S01, S02)."""
    await lot_scenario.define_product(lot_tracked=False, serial_tracked=False)
    receipt = await lot_scenario.announce_asn([], quantity=8)
    await system.assert_rejected(lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 8)), "not_lot_tracked")
    await system.execute(lot_scenario.scan_lots_command(receipt, scanned_lot("", 8)))
    await lot_scenario.confirm_session(receipt)
    await lot_scenario.put_away_lot("", 8, STORAGE_LOCATIONS[0])
    order = await lot_scenario.place_order(3)
    await lot_scenario.assert_pick_list(order, {("", STORAGE_LOCATIONS[0]): 3})
    await lot_scenario.ship_all(order, 1)
    await lot_scenario.wait_for_balances({("", STORAGE_LOCATIONS[0]): (5, 0)})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_lots_are_not_mixed_at_a_location(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A second lot is rejected at a storage location, with a suggestion; a dock accepts both (S30)."""
    await lot_scenario.define_product()
    await lot_scenario.receive_lots(scanned_lot("L1", 5, 50), scanned_lot("L2", 5, 60))
    await lot_scenario.put_away_lot("L1", 5, STORAGE_LOCATIONS[0])
    await lot_scenario.put_away_lot("L2", 1, STORAGE_LOCATIONS[2])
    mixing_putaway = PutAwayLot(
        sku=lot_scenario.sku, lot="L2", quantity=Decimal(4), from_location=DOCK, location=STORAGE_LOCATIONS[0]
    )
    problem = await system.assert_rejected(mixing_putaway, "mixed_lots_not_allowed")
    assert problem["suggested"] == [STORAGE_LOCATIONS[2]]
    mixing_move = MoveLot(
        sku=lot_scenario.sku,
        lot="L2",
        quantity=Decimal(1),
        from_location=STORAGE_LOCATIONS[2],
        location=STORAGE_LOCATIONS[0],
    )
    await system.assert_rejected(mixing_move, "mixed_lots_not_allowed")
    await system.execute(mixing_putaway.model_copy(update={"location": problem["suggested"][0]}))
    await lot_scenario.wait_for_balances({("L1", STORAGE_LOCATIONS[0]): (5, 0), ("L2", STORAGE_LOCATIONS[2]): (5, 0)})


async def test_dock_stock_is_not_allocated(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A received lot is allocated only after putaway, then at once to the backorder (S06, S07)."""
    await lot_scenario.define_product()
    order = await lot_scenario.place_order(4)
    await lot_scenario.receive_lots(scanned_lot("L1", 5, 50))
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.allocated.v1", order=order, open_quantity=4)
    await system.wait_until_quiescent()
    await lot_scenario.assert_pick_list(order, {})
    await lot_scenario.put_away_lot("L1", 3, STORAGE_LOCATIONS[0])
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 3})
    await lot_scenario.put_away_lot("L1", 2, STORAGE_LOCATIONS[0])
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 4})

    async def order_is_allocated() -> bool:
        order_body = await system.get_json("fulfillment", f"/orders/{order}")
        (line,) = order_body["lines"]
        assert line["allocated"] == 4, line
        return True

    await wait_until(order_is_allocated)
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])
