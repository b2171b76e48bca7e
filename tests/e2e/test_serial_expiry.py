"""Units with a lot number and expiry on their label follow the rules of lots."""

from shared.contracts.commands.fulfillment import PickItems, UnpickItems
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.commands.recalled_items import RecalledLot
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.commands.serials import CorrectSerialExpiry
from tests.e2e import invariants
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, day_from_now
from tests.e2e.serial_scenario import CUSTOMER, DOCK, STAGE
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.polling import wait_until


class DatedUnits:
    """Units of a product with a lot number and expiry."""

    def __init__(self, lot_scenario: LotScenario) -> None:
        self.scenario, self.system = lot_scenario, lot_scenario.system

    async def stock_units(self, *labels: tuple[str, int]) -> list[str]:
        """Receive and put away units with these lot numbers and days; return the serials."""
        scenario = self.scenario
        await scenario.define_product(serial_tracked=True, lot_tracked=False)
        units = scenario.new_serials(len(labels))
        receipt = await scenario.announce_asn(units)
        for serial, (lot_number, days) in zip(units, labels, strict=True):
            fields: JsonObject = {"receipt": receipt, "session": f"S-{receipt}", "sku": scenario.sku, "location": DOCK}
            await self.system.execute(ScanItems(**fields, serials=[serial], lot=lot_number, expiry=day_from_now(days)))
        await scenario.confirm_session(receipt)
        await scenario.put_away(units, STORAGE_LOCATIONS[0])
        return units

    async def expire(self, *serials: str) -> None:
        """Correct the expiry of units to yesterday."""
        command = CorrectSerialExpiry(
            sku=self.scenario.sku, serials=list(serials), expiry=day_from_now(-1), reason="label misread"
        )
        await self.system.execute(command, actor="sue")

    async def assert_pick_list(self, order: str, *serials: str) -> None:
        """Wait until the pick list has exactly these serials."""

        async def pick_list_matches() -> bool:
            items = (await self.system.get_json("fulfillment", f"/orders/{order}/picks"))["items"]
            assert {item["serial"] for item in items} == set(serials), items
            return True

        await wait_until(pick_list_matches)


async def test_fefo_by_label_expiry(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Units are allocated by earliest expiry, within the shelf life the order requires (S27)."""
    late_serial, early_serial, next_serial = await DatedUnits(lot_scenario).stock_units(
        ("B-1", 40), ("B-2", 1), ("B-1", 20)
    )
    first_order = await lot_scenario.place_order(1)
    assert await lot_scenario.wait_for_allocation(first_order, 1) == [early_serial]
    lasting_order = await lot_scenario.place_order(2, min_remaining_shelf_life_days=30)
    assert await lot_scenario.wait_for_allocation(lasting_order, 1) == [late_serial]
    await system.wait_until_quiescent()
    assert await lot_scenario.wait_for_allocation(lasting_order, 1) == [late_serial]
    unit = await lot_scenario.get_unit(next_serial)
    assert (unit["lot"], unit["expiry"], unit["status"]) == ("B-1", str(day_from_now(20)), "IN_INVENTORY")
    await lot_scenario.ship(first_order, [early_serial])


async def test_expired_unit_is_not_picked_or_dispatched(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A unit expired before its pick is replaced; one expired when packed is not dispatched (S28)."""
    dated_units = DatedUnits(lot_scenario)
    first, second, third = await dated_units.stock_units(("B-1", 10), ("B-1", 20), ("B-1", 30))
    order = await lot_scenario.place_order(1)
    await dated_units.assert_pick_list(order, first)
    await dated_units.expire(first)
    await dated_units.assert_pick_list(order, second)
    await lot_scenario.wait_for_event("serials.events", lot_scenario.sku, "serial.expired.v1", serials=[first])
    wrong_pick = PickItems(order=order, units=lot_scenario.scanned_units([first]), location=STAGE)
    await system.assert_rejected(wrong_pick, "not_on_pick_list")
    await lot_scenario.pick(order, [second])
    shipment = await lot_scenario.create_shipment(await lot_scenario.pack(order, [second]))
    await dated_units.expire(second)
    assert await lot_scenario.assert_dispatch_rejected(shipment) <= {"expired", "on_hold"}
    await system.execute(
        UnpickItems(
            order=order, units=lot_scenario.scanned_units([second]), location=STORAGE_LOCATIONS[0], reason="expired"
        )
    )
    await dated_units.assert_pick_list(order, third)
    await lot_scenario.ship(order, [third])
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [lot_scenario.sku])


async def test_expiry_correction_before_pick(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A corrected expiry reaches the order and is checked at the pick (S28)."""
    first, second = await DatedUnits(lot_scenario).stock_units(("B-1", 10), ("B-1", 20))
    order = await lot_scenario.place_order(1, min_remaining_shelf_life_days=5)
    assert await lot_scenario.wait_for_allocation(order, 1) == [first]
    correction = CorrectSerialExpiry(
        sku=lot_scenario.sku, serials=[first], expiry=day_from_now(3), reason="label misread"
    )
    await system.execute(correction, actor="sue")
    await lot_scenario.wait_for_expiry(order, first, 3)
    await system.assert_rejected(
        PickItems(order=order, units=lot_scenario.scanned_units([first]), location=STAGE), "insufficient_shelf_life"
    )
    await DatedUnits(lot_scenario).assert_pick_list(order, second)
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [lot_scenario.sku])


async def test_recall_by_lot_number_on_the_label(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A recall of a lot number holds the units that carry it and lists their customers (S46)."""
    dated_units = DatedUnits(lot_scenario)
    sold, stored, other = await dated_units.stock_units(("B-1", 10), ("B-1", 20), ("B-2", 30))
    order = await lot_scenario.place_order(1)
    assert await lot_scenario.wait_for_allocation(order, 1) == [sold]
    shipment = await lot_scenario.ship(order, [sold])
    waiting = await lot_scenario.place_order(1)
    await dated_units.assert_pick_list(waiting, stored)
    recall = lot_scenario.new_id("R")
    recall_command = OpenRecall(recall=recall, lots=[RecalledLot(sku=lot_scenario.sku, lot="B-1")], reason="glass")
    await system.execute(recall_command, actor="sue")
    await dated_units.assert_pick_list(waiting, other)

    async def contacts_when_complete() -> list[JsonObject]:
        assert (await system.get_json("lots", f"/recalls/{recall}"))["outstanding"] == 0
        contacts: list[JsonObject] = (await system.get_json("lots", f"/recalls/{recall}/contacts"))["items"]
        return contacts

    (contact,) = await wait_until(contacts_when_complete)
    assert (contact["lot_or_serial"], contact["shipment"], contact["customer"]) == (sold, shipment, CUSTOMER.id)
    (stock_row,) = (await system.get_json("lots", f"/recalls/{recall}/stock"))["items"]
    assert (stock_row["lot_or_serial"], stock_row["location"], stock_row["on_hold"]) == (
        stored,
        STORAGE_LOCATIONS[0],
        True,
    )
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [lot_scenario.sku])
