"""The life cycle of a unit: its six statuses, its locations and its allocation."""

from services.serials.units.domain.transitions import STATUSES
from shared.contracts.commands.serials import (
    AdjustSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReleaseSerialHold,
)
from tests.e2e import invariants
from tests.e2e.serial_scenario import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


def status_changes(system: SystemUnderTest, sku: str, serial: str) -> list[tuple[str | None, str]]:
    """Return the published status changes of a unit."""
    return [
        (event["data"].get("from_status"), event["data"]["status"])
        for event in system.listener.events_of("serials.events", sku, "serial.state_changed.v1")
        if serial in event["data"]["serials"]
    ]


async def test_the_six_statuses_in_order(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit passes EXPECTED → RECEIVED → IN_INVENTORY → ALLOCATED → PICKED → SHIPPED, in this order only (S04)."""
    await scenario.define_product()
    (serial,) = serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.wait_for_allocation(order, 1)
    await scenario.ship(order, serials)
    await scenario.wait_for_status(serials, "SHIPPED")
    assert STATUSES == ("EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED")

    async def all_published() -> bool:
        return status_changes(system, scenario.sku, serial) == list(zip((None, *STATUSES[:-1]), STATUSES, strict=True))

    await wait_until(all_published)
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_putaway_makes_a_unit_available(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A received unit becomes IN_INVENTORY only by putaway to storage in its warehouse (S07)."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    for location, code in (
        (DOCK, "wrong_location_type"),
        (ELSEWHERE, "wrong_warehouse"),
        (f"{WAREHOUSE}/NOWHERE", "location_not_found"),
    ):
        await system.assert_rejected(PutAwaySerials(sku=scenario.sku, serials=serials, location=location), code)
        await system.assert_rejected(
            MoveSerials(sku=scenario.sku, serials=serials, location=SHELF), "wrong_location_type"
        )
    await scenario.wait_for_status(serials, "RECEIVED")
    await scenario.put_away(serials)
    unit = await scenario.get_unit(serials[0])
    assert (unit["status"], unit["location"], unit["warehouse"]) == ("IN_INVENTORY", SHELF, WAREHOUSE)


async def test_units_are_moved_between_locations(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An available unit can be moved to another location; an allocated one is rejected with its order (S36)."""
    await scenario.define_product()
    available, allocated = serials = await scenario.stock_units(2)
    order = await scenario.place_order(1, serials=[allocated])
    await scenario.wait_for_allocation(order, 1)
    await system.execute(MoveSerials(sku=scenario.sku, serials=[available], location=OTHER_SHELF))
    assert (await scenario.get_unit(available))["location"] == OTHER_SHELF
    problem = await system.assert_rejected(
        MoveSerials(sku=scenario.sku, serials=[allocated], location=OTHER_SHELF), "unit_not_available"
    )
    assert problem["blocked_by"] == [f"/orders/{order}"]
    assert (await scenario.get_unit(allocated))["location"] == SHELF
    assert len(serials) == 2


async def test_allocated_unit_shows_its_order_and_line(scenario: SerialScenario) -> None:
    """An ALLOCATED unit belongs to one order and line (S08)."""
    await scenario.define_product()
    (serial,) = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.wait_for_allocation(order, 1)
    unit = await scenario.get_unit(serial)
    assert (unit["status"], unit["order"], unit["order_line"]) == ("ALLOCATED", order, "10")
    second = await scenario.place_order(1)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=second)
    assert await scenario.wait_for_picks(second, 0) == []


async def test_earliest_receipt_is_allocated_first(scenario: SerialScenario) -> None:
    """Units are allocated in order of receipt, then by serial."""
    await scenario.define_product()
    first, second = await scenario.stock_units(1), await scenario.stock_units(2)
    order = await scenario.place_order(2)
    assert sorted(await scenario.wait_for_allocation(order, 2)) == [*first, *sorted(second)[:1]]


async def test_putaway_fills_backorders(scenario: SerialScenario) -> None:
    """A putaway fills backorders in the same transaction, by priority, then age (S08)."""
    await scenario.define_product()
    normal_order, urgent_order = await scenario.place_order(1, priority=1), await scenario.place_order(1, priority=9)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=urgent_order)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=normal_order)
    (first,) = await scenario.stock_units(1)
    assert await scenario.wait_for_allocation(urgent_order, 1) == [first]
    (second,) = await scenario.stock_units(1)
    assert await scenario.wait_for_allocation(normal_order, 1) == [second]


async def test_unknown_units_and_holds(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A command on an unknown unit is told so in the end, a release of an unknown hold at once."""
    await scenario.define_product()
    for command in (
        MoveSerials(sku=scenario.sku, serials=["U-?"], location=SHELF),
        PlaceSerialHold(sku=scenario.sku, serials=["U-?"], hold_id="H", reason="r"),
        AdjustSerials(sku=scenario.sku, serials=["U-?"], adjustment="LOST", reason="r"),
    ):
        problem = await system.assert_rejected(command, "serial_not_found")
        assert problem["ids"] == ["U-?"]
    await system.assert_rejected(ReleaseSerialHold(sku=scenario.sku, hold_id="H-?", reason="r"), "hold_not_found")
    assert not await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE sku = $1", scenario.sku)
