"""Holds and adjustments are independent of the status and exclude a unit from allocation."""

import pytest

from shared.contracts.commands.serials import AdjustSerials, PlaceSerialHold, ReleaseSerialHold
from tests.e2e import invariants
from tests.e2e.serial_scenario import SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_unit_on_hold_is_not_allocated_until_release(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A hold blocks allocation until its release, which fills backorders; two holds need two releases."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    first_hold, other_hold = await scenario.place_hold(serials), await scenario.place_hold(serials)
    order = await scenario.place_order(1)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=order, open_quantity=1)
    await system.execute(ReleaseSerialHold(sku=scenario.sku, hold_id=first_hold, reason="inspected"))
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []
    await system.execute(ReleaseSerialHold(sku=scenario.sku, hold_id=other_hold, reason="inspected"))
    assert await scenario.wait_for_allocation(order, 1) == serials
    await system.assert_rejected(
        ReleaseSerialHold(sku=scenario.sku, hold_id=other_hold, reason="again"), "hold_not_found"
    )
    repeated_hold = PlaceSerialHold(sku=scenario.sku, serials=serials, hold_id=first_hold, reason="equal id")
    await system.assert_rejected(repeated_hold, "hold_exists")


async def test_hold_deallocates_the_unit(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A hold on an allocated unit releases it; the order gets a replacement."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.wait_for_allocation(order, 1)
    others = await scenario.stock_units(1)
    await scenario.place_hold(serials)

    async def is_reallocated() -> bool:
        return await scenario.wait_for_allocation(order, 1) == others

    await wait_until(is_reallocated)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


@pytest.mark.parametrize("adjustment", ["SCRAPPED", "LOST", "VOID"])
async def test_adjusted_unit_is_not_allocated(
    system: SystemUnderTest, scenario: SerialScenario, adjustment: str
) -> None:
    """A scrapped, lost or void unit is never allocated; a found unit is available again."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    await system.execute(
        AdjustSerials.model_validate(
            {"sku": scenario.sku, "serials": serials, "adjustment": adjustment, "reason": "test"}
        )
    )
    order = await scenario.place_order(1)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=order, open_quantity=1)
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []
    found_command = AdjustSerials(
        sku=scenario.sku, serials=serials, adjustment="FOUND", location=SHELF, reason="behind the shelf"
    )
    if adjustment == "VOID":
        assert (await system.execute_command(found_command)).is_client_error
    else:
        await system.execute(found_command)
        assert await scenario.wait_for_allocation(order, 1) == serials


async def test_voided_unit_reopens_its_line(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A voided unit is kept, and its receipt line expects a unit again."""
    await scenario.define_product()
    wrong, right = scenario.new_serials(2)
    receipt = await scenario.announce_asn([], quantity=1)
    await system.execute(scenario.scan_command(receipt, [wrong]))
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status([wrong], "RECEIVED")
    await system.execute(
        AdjustSerials(sku=scenario.sku, serials=[wrong], adjustment="VOID", reason="wrong box scanned")
    )

    async def is_open_again() -> bool:
        (line,) = (await system.get_json("receiving", f"/receipts/{receipt}"))["lines"]["items"]
        return bool(line["missing_quantity"] == 1)

    await wait_until(is_open_again)
    await system.execute(scenario.scan_command(receipt, [right], session="again"))
    await scenario.confirm_session(receipt, "again")
    await scenario.wait_for_status([right], "RECEIVED")
