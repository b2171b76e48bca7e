"""Picking: the listed serials only, short picks, swaps and unpicks."""

from typing import Any

from shared.contracts.commands.fulfillment import PickItems, ReportShortPick, SwapUnit, UnitSelector, UnpickItems
from tests.e2e import invariants
from tests.e2e.serial_scenario import OTHER_SHELF, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_pick_list_shows_serial_and_location(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The pick list shows each serial with its location, in pick sequence (S19)."""
    await scenario.define_product()
    far = await scenario.stock_units(1, OTHER_SHELF)
    near = await scenario.stock_units(1, SHELF)
    order = await scenario.place_order(2, priority=9)
    rows = await scenario.wait_for_picks(order, 2)
    assert [(row["serial"], row["location"]) for row in rows] == [(*near, SHELF), (*far, OTHER_SHELF)]
    assert all((row["order"], row["line"], row["sku"]) == (order, "10", scenario.sku) for row in rows)
    pick_list = await system.get_all_items("fulfillment", "/picks", warehouse=WAREHOUSE, orders=200)
    own_serials = [row["serial"] for row in pick_list if row["order"] == order]
    assert own_serials == [*near, *far]


async def test_listed_serial_is_picked(scenario: SerialScenario) -> None:
    """A scanned unit of the list is PICKED at its staging location (S09, S20)."""
    await scenario.define_product()
    serials = await scenario.stock_units(2)
    order = await scenario.place_order(2)
    await scenario.wait_for_allocation(order, 2)
    await scenario.pick(order, serials[:1])
    await scenario.wait_for_status(serials[:1], "PICKED")
    unit = await scenario.get_unit(serials[0])
    assert (unit["location"], unit["order"]) == (STAGE, order)
    assert await scenario.wait_for_allocation(order, 1) == serials[1:]


async def test_other_serials_are_rejected_with_their_owner(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit of another order is rejected with that order, an available one with its path (S20)."""
    await scenario.define_product()
    own_serial, other_serial, available_serial = await scenario.stock_units(3)
    order, other = (
        await scenario.place_order(1, serials=[own_serial]),
        await scenario.place_order(1, serials=[other_serial]),
    )
    await scenario.wait_for_allocation(order, 1)
    await scenario.wait_for_allocation(other, 1)
    pick = PickItems(order=order, units=scenario.scanned_units([other_serial]), location=STAGE)
    problem = await system.assert_rejected(pick, "not_on_pick_list")
    assert problem["blocked_by"] == [f"/orders/{other}"]
    problem = await system.assert_rejected(
        pick.model_copy(update={"units": scenario.scanned_units([available_serial])}), "not_on_pick_list"
    )
    assert problem["blocked_by"] == [f"/serials/{scenario.sku}/{available_serial}"]
    unknown = pick.model_copy(update={"units": scenario.scanned_units([scenario.new_id("NEVER")])})
    assert (await system.assert_rejected(unknown, "not_on_pick_list"))["ids"]
    await scenario.wait_for_status([own_serial, other_serial], "ALLOCATED")
    await scenario.wait_for_status([available_serial], "IN_INVENTORY")


async def test_wrong_serial_with_a_correct_one(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Of two scanned units the listed one is picked, the other rejected in the same response (S20)."""
    await scenario.define_product()
    own_serial, available_serial = await scenario.stock_units(2)
    order = await scenario.place_order(1, serials=[own_serial])
    await scenario.wait_for_allocation(order, 1)
    response = await system.execute_command(
        PickItems(order=order, units=scenario.scanned_units([own_serial, available_serial]), location=STAGE)
    )
    assert response.status_code == 200
    assert [rejected["ids"] for rejected in response.json()["rejected"]] == [[available_serial]]
    await scenario.wait_for_status([own_serial], "PICKED")
    await system.assert_rejected(
        PickItems(order=order, units=scenario.scanned_units([own_serial]), location=STAGE), "already_picked"
    )


async def test_unpick_returns_a_unit_to_storage(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A picked unit of a cancelled order is unpicked to a storage location (S12).

    While its line is open the unpick is rejected: the line would be short without a demand.
    """
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.pick(order, await scenario.wait_for_allocation(order, 1))
    unpick = UnpickItems(
        order=order, units=scenario.scanned_units(serials), location=OTHER_SHELF, reallocate=False, reason="box damaged"
    )
    await system.assert_rejected(unpick.model_copy(update={"location": STAGE}), "wrong_location_type")
    assert (await system.assert_rejected(unpick, "line_still_open"))["ids"] == serials
    await scenario.cancel_order(order)
    await system.execute(unpick)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    unit = await scenario.get_unit(serials[0])
    assert (unit["location"], unit["order"]) == (OTHER_SHELF, None)
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []
    await system.assert_rejected(unpick, "not_picked")


async def test_unpicked_unit_is_reallocated(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An unpick with reallocation gets a unit again (S12)."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.pick(order, await scenario.wait_for_allocation(order, 1))
    await system.execute(
        UnpickItems(order=order, units=scenario.scanned_units(serials), location=SHELF, reason="wrong trolley")
    )
    assert await scenario.wait_for_allocation(order, 1) == serials


async def test_short_pick_holds_and_reallocates(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A missing unit is deallocated on hold with the reason; the order gets another one."""
    await scenario.define_product()
    missing, other = await scenario.stock_units(1), await scenario.stock_units(1)
    order = await scenario.place_order(1)
    assert await scenario.wait_for_allocation(order, 1) == missing
    await system.execute(ReportShortPick(order=order, units=scenario.scanned_units(missing), reason="not in its place"))

    async def other_is_allocated() -> bool:
        return await scenario.wait_for_allocation(order, 1) == other

    await wait_until(other_is_allocated)
    await scenario.wait_for_status(missing, "IN_INVENTORY")

    async def unit_holds() -> list[dict[str, Any]]:
        events = await scenario.wait_for_event("serials.events", scenario.sku, "serial.hold_placed.v1")
        return [event for event in events if event["data"]["serials"]]  # open recalls may hold lots of any new product

    (hold_placed,) = await wait_until(unit_holds)
    assert hold_placed["data"]["serials"] == missing
    assert "not in its place" in hold_placed["data"]["reason"]


async def test_supervisor_swaps_a_unit(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A swap for an available unit is a 202 whose outcome is DONE; the other unit is released."""
    await scenario.define_product()
    first, other = await scenario.stock_units(2)
    order = await scenario.place_order(1, serials=[first])
    await scenario.wait_for_allocation(order, 1)
    swap = SwapUnit(
        order=order, unit=UnitSelector(sku=scenario.sku, serial=first), replacement=other, reason="scratched"
    )
    outcome = await wait_for_swap_outcome(system, swap, "DONE")
    assert (outcome["serial"], outcome["replacement"]) == (first, other)
    assert await scenario.wait_for_allocation(order, 1) == [other]
    await scenario.wait_for_status([first], "IN_INVENTORY")
    log = (await system.get_json("fulfillment", f"/orders/{order}/log"))["items"]
    assert [entry["actor"] for entry in log if entry["action"] == "SWAP_REQUESTED"] == ["sue"]


async def test_swap_for_an_unavailable_unit(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A swap for a held unit ends FAILED with the reason; for an allocated one it is rejected at once."""
    await scenario.define_product()
    first, held_serial, other_serial = await scenario.stock_units(3)
    order, other = await scenario.place_order(1, serials=[first]), await scenario.place_order(1, serials=[other_serial])
    await scenario.wait_for_allocation(order, 1)
    await scenario.wait_for_allocation(other, 1)
    await scenario.place_hold([held_serial])
    swap = SwapUnit(
        order=order, unit=UnitSelector(sku=scenario.sku, serial=first), replacement=other_serial, reason="scratched"
    )
    problem = await system.assert_rejected(swap, "unit_not_available")
    assert problem["blocked_by"] == [f"/orders/{other}"]
    outcome = await wait_for_swap_outcome(system, swap.model_copy(update={"replacement": held_serial}), "FAILED")
    assert outcome["reason"]
    assert await scenario.wait_for_allocation(order, 1) == [first]
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def wait_for_swap_outcome(system: SystemUnderTest, swap: SwapUnit, status: str) -> dict[str, str]:
    """Request a swap and wait for its outcome."""
    response = await system.execute_command(swap, actor="sue")
    assert response.status_code == 202, response.text

    async def finished_outcome() -> dict[str, str]:
        outcome: dict[str, str] = await system.get_json("fulfillment", response.headers["Location"])
        assert outcome["status"] == status, outcome
        return outcome

    return await wait_until(finished_outcome)
