"""Serial number lookup: search by substring, product, status and location; unit details and history."""

from datetime import datetime

from shared.contracts.commands.serials import MoveSerials
from shared.contracts.serials import SerialStatus
from tests.e2e.serial_scenario import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest


async def search_serials(system: SystemUnderTest, **filters: str) -> list[str]:
    """Return the serials that a search finds, across all pages."""
    serials: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await system.get_json("serials", "/serials", limit=3, **filters, **cursor)
        serials += [unit["serial"] for unit in page["items"]]
        if page["next"] is None:
            return serials
        cursor = {"cursor": page["next"]}


async def unit_in_each_status(scenario: SerialScenario) -> dict[SerialStatus, str]:
    """Create one unit in each status."""
    await scenario.define_product()
    expected, received, stored, allocated, picked, shipped = scenario.new_serials(6)
    await scenario.announce_asn([expected])
    await scenario.receive([received])
    await scenario.receive([allocated, picked, shipped])
    await scenario.put_away([allocated, picked, shipped])
    orders = {serial: await scenario.place_order(1, serials=[serial]) for serial in (allocated, picked, shipped)}
    for serial, order in orders.items():
        assert await scenario.wait_for_allocation(order, 1) == [serial]
    await scenario.receive([stored])
    await scenario.put_away([stored])
    await scenario.pick(orders[picked], [picked])
    await scenario.ship(orders[shipped], [shipped])
    units: dict[SerialStatus, str] = {
        "EXPECTED": expected, "RECEIVED": received, "IN_INVENTORY": stored, "ALLOCATED": allocated,
        "PICKED": picked, "SHIPPED": shipped,
    }  # fmt: skip
    for status, serial in units.items():
        await scenario.wait_for_status([serial], status)
    return units


async def test_search_by_substring(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A serial is found by any substring of 3 or more characters, case-insensitively (S31)."""
    await scenario.define_product()
    serials = await scenario.stock_units(4)
    first_serial = serials[0]
    for term in (
        first_serial,
        first_serial.lower(),
        first_serial[2:],
        first_serial[3:-1],
        scenario.token[:3],
        scenario.token.lower(),
    ):
        found = await search_serials(system, q=term, sku=scenario.sku)
        assert first_serial in found, term
        assert found == sorted(serial for serial in serials if term.lower() in serial.lower()), term
    assert await search_serials(system, q=scenario.token) == sorted(serials)
    assert await search_serials(system, q=first_serial + "X") == []


async def test_filter_by_product(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The product filter excludes equal serials of other products (S32)."""
    await scenario.define_product()
    serials = await scenario.stock_units(2)
    other = await scenario.define_product(scenario.new_id("P"))
    await scenario.receive(serials[:1], sku=other)
    await scenario.wait_for_status(serials[:1], "RECEIVED", other)
    assert await search_serials(system, sku=scenario.sku) == sorted(serials)
    assert await search_serials(system, sku=other) == serials[:1]
    assert await search_serials(system, sku="SKU-?") == []


async def test_filter_by_each_status(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Each of the six statuses can be filtered, and all six are counted (S33)."""
    units = await unit_in_each_status(scenario)
    for status, serial in units.items():
        assert await search_serials(system, sku=scenario.sku, status=status) == [serial]
        assert serial in await search_serials(system, q=scenario.token, status=status)
    counts = await system.get_json("serials", "/serials/counts", sku=scenario.sku)
    assert {status: count["units"] for status, count in counts.items()} == dict.fromkeys(units, 1)
    counts = await system.get_json("serials", "/serials/counts", q=scenario.token)
    assert {status: count["units"] for status, count in counts.items()} == dict.fromkeys(units, 1)
    response = await system.get("serials", "/serials", status="LOST")
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")


async def test_filter_by_location_order_and_hold(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Warehouse, location, order and hold filter the list (S31, S35)."""
    await scenario.define_product()
    at_shelf, at_other_shelf = [*await scenario.stock_units(1, SHELF), *await scenario.stock_units(1, OTHER_SHELF)]
    order = await scenario.place_order(1, serials=[at_other_shelf])
    await scenario.wait_for_allocation(order, 1)
    await scenario.place_hold([at_shelf])
    assert await search_serials(system, sku=scenario.sku, warehouse=WAREHOUSE) == sorted([at_shelf, at_other_shelf])
    assert await search_serials(system, sku=scenario.sku, warehouse="WEST") == []
    assert await search_serials(system, sku=scenario.sku, location=SHELF) == [at_shelf]
    assert await search_serials(system, sku=scenario.sku, location=ELSEWHERE) == []
    assert await search_serials(system, order=order) == [at_other_shelf]
    assert await search_serials(system, sku=scenario.sku, on_hold="true") == [at_shelf]
    assert await search_serials(system, sku=scenario.sku, on_hold="false") == [at_other_shelf]


async def test_serial_detail_in_every_status(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit shows product, location, documents, holds and history in every status (S34)."""
    units = await unit_in_each_status(scenario)
    for status, serial in units.items():
        unit = await scenario.get_unit(serial)
        assert (unit["sku"], unit["product"], unit["serial"], unit["status"]) == (
            scenario.sku, "Infusion pump", serial, status,
        )  # fmt: skip
        assert len(unit["history"]) == unit["version"]
        assert unit["history"][-1]["status"] == status
        assert unit["receipt"]
        assert datetime.fromisoformat(unit["created_at"])
    hold = await scenario.place_hold([units["IN_INVENTORY"]])
    (hold_body,) = (await scenario.get_unit(units["IN_INVENTORY"]))["holds"]
    assert (hold_body["hold_id"], hold_body["reason"], hold_body["opened_by"]) == (hold, "suspected", "sue")
    response = await system.get("serials", f"/serials/{scenario.sku}/{units['SHIPPED'].lower()}")
    assert (response.status_code, response.json()["code"]) == (404, "serial_not_found")


async def test_current_location_in_every_status(scenario: SerialScenario) -> None:
    """A unit in the warehouse shows its location; an expected or shipped one shows none (S35)."""
    units = await unit_in_each_status(scenario)
    expected_locations = {
        "EXPECTED": (None, WAREHOUSE), "RECEIVED": (DOCK, WAREHOUSE), "IN_INVENTORY": (SHELF, WAREHOUSE),
        "ALLOCATED": (SHELF, WAREHOUSE), "PICKED": (STAGE, WAREHOUSE), "SHIPPED": (None, None),
    }  # fmt: skip
    for status, serial in units.items():
        unit = await scenario.get_unit(serial)
        assert (unit["location"], unit["warehouse"]) == expected_locations[status], status


async def test_movement_history(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Every movement is recorded with origin, destination, actor, time and reason (S36)."""
    await scenario.define_product()
    (serial,) = await scenario.stock_units(1)
    await system.execute(MoveSerials(sku=scenario.sku, serials=[serial], location=OTHER_SHELF), actor="mia")
    await scenario.place_hold([serial])
    order = await scenario.place_order(1)
    history = await system.get_json("serials", f"/serials/{scenario.sku}/{serial}/history", movements="true")
    movements = [(step["from_location"], step["location"], step["actor"]) for step in history["items"]]
    assert movements == [(None, DOCK, "ann"), (DOCK, SHELF, "ben"), (SHELF, OTHER_SHELF, "mia")]
    times = [datetime.fromisoformat(step["recorded_at"]) for step in history["items"]]
    assert times == sorted(times)
    assert all(step["reason"] for step in history["items"])
    first_page = await system.get_json(
        "serials", f"/serials/{scenario.sku}/{serial}/history", movements="true", limit=1
    )
    second_page = await system.get_json(
        "serials", f"/serials/{scenario.sku}/{serial}/history", movements="true", cursor=first_page["next"]
    )
    assert [*first_page["items"], *second_page["items"]] == history["items"]
    assert order


async def test_pagination_neither_skips_nor_repeats(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Pages read during changes show each initial unit exactly once (S31)."""
    await scenario.define_product()
    serials = sorted(await scenario.stock_units(12))
    listed_serials: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = await system.get_json("serials", "/serials", sku=scenario.sku, limit=3, **cursor)
        listed_serials += [unit["serial"] for unit in page["items"]]
        cursor = {"cursor": page["next"]}
        await system.execute(MoveSerials(sku=scenario.sku, serials=[page["items"][0]["serial"]], location=OTHER_SHELF))
    assert listed_serials == serials
