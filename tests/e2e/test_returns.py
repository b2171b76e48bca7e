"""Customer returns of units: on hold until a disposition."""

import pytest

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.commands.serials import PutAwaySerials
from tests.e2e import invariants
from tests.e2e.serial_scenario import DOCK, SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


class ShippedUnit:
    """A unit shipped to a customer who returns it."""

    def __init__(self, system: SystemUnderTest, scenario: SerialScenario) -> None:
        self.system, self.scenario, self.order, self.serial, self.return_id = (
            system,
            scenario,
            "",
            "",
            scenario.new_id("RMA"),
        )

    async def ship(self) -> None:
        """Stock and ship the unit."""
        await self.scenario.define_product()
        (self.serial,) = await self.scenario.stock_units(1)
        self.order = await self.scenario.place_order(1)
        await self.scenario.ship(self.order, await self.scenario.wait_for_allocation(self.order, 1))
        await self.scenario.wait_for_status([self.serial], "SHIPPED")

    def return_command(self, **overrides: str) -> ReceiveReturn:
        """Return the customer return."""
        values = {
            "return_id": self.return_id,
            "order": self.order,
            "customer": "C-1",
            "sku": self.scenario.sku,
            **overrides,
        }
        return ReceiveReturn.model_validate(
            {"serials": [self.serial], "location": DOCK, "reason": "too loud", **values}
        )

    async def dispose(self, disposition: str) -> None:
        """Record a supervisor's disposition."""
        decision = {"return_id": self.return_id, "disposition": disposition, "reason": "tested"}
        await self.system.execute(DisposeReturn.model_validate(decision), actor="sue")


async def test_return_reuses_the_serial(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A returned unit becomes RECEIVED on hold, is restocked and allocated again (S18)."""
    unit = ShippedUnit(system, scenario)
    await unit.ship()
    await system.execute(unit.return_command())
    await scenario.wait_for_status([unit.serial], "RECEIVED")
    order = await scenario.place_order(1)
    await unit.dispose("RESTOCK")

    async def hold_released() -> bool:
        return bool(
            (
                await system.fetch_rows(
                    "serials", "SELECT open_hold_count FROM serial_state WHERE serial = $1", unit.serial
                )
            )[0]["open_hold_count"]
            == 0
        )

    await wait_until(hold_released)
    await scenario.put_away([unit.serial])
    assert await scenario.wait_for_allocation(order, 1) == [unit.serial]
    assert len(await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE serial = $1", unit.serial)) == 1
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_returned_unit_is_on_hold_until_its_disposition(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A returned unit can be put away but is not allocated before its disposition (S18)."""
    unit = ShippedUnit(system, scenario)
    await unit.ship()
    await system.execute(unit.return_command())
    await scenario.wait_for_status([unit.serial], "RECEIVED")
    order = await scenario.place_order(1)
    await scenario.put_away([unit.serial])
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []
    await unit.dispose("RESTOCK")
    assert await scenario.wait_for_allocation(order, 1) == [unit.serial]


@pytest.mark.parametrize("disposition", ["SCRAP", "RETURN_TO_VENDOR"])
async def test_returned_unit_that_is_not_restocked(
    system: SystemUnderTest, scenario: SerialScenario, disposition: str
) -> None:
    """A returned unit that is scrapped or returned to the vendor is never stock again."""
    unit = ShippedUnit(system, scenario)
    await unit.ship()
    await system.execute(unit.return_command())
    await scenario.wait_for_status([unit.serial], "RECEIVED")
    await unit.dispose(disposition)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.adjusted.v1")
    response = await system.execute_command(PutAwaySerials(sku=scenario.sku, serials=[unit.serial], location=SHELF))
    assert response.json()["code"] == "unit_not_in_stock"


async def test_only_shipped_units_are_returned_once(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A return of another customer, order or unit, or a second return, is rejected (S18)."""
    unit = ShippedUnit(system, scenario)
    await unit.ship()
    (stored,) = await scenario.stock_units(1)
    for overrides in (
        {"customer": "C-2", "return_id": scenario.new_id("RMA")},
        {"order": "SO-?", "return_id": scenario.new_id("RMA")},
    ):
        await system.assert_rejected(unit.return_command(**overrides), "not_shipped_to_customer")
    return_command = unit.return_command().model_copy(update={"serials": [stored], "return_id": scenario.new_id("RMA")})
    response = await system.post("receiving", "/returns", return_command.model_dump(mode="json", exclude_none=True))
    assert response.json()["code"] in ("not_shipped_to_customer", "not_yet_available")
    await system.execute(unit.return_command())
    problem = await system.assert_rejected(unit.return_command(return_id=scenario.new_id("RMA")), "already_returned")
    assert problem["blocked_by"] == [f"/returns/{unit.return_id}"]
    await scenario.wait_for_status([unit.serial], "RECEIVED")
    await scenario.wait_for_status([stored], "IN_INVENTORY")
