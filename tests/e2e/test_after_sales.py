"""After the sale: units sold before the registry existed, their warranty, return, repair and resale."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.commands.serials import AdjustSerials, RegisterSoldSerials
from tests.e2e import invariants
from tests.e2e.serial_scenario import DOCK, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.polling import wait_until


def past_sale(scenario: SerialScenario, serials: list[str], days: int, **fields: Any) -> RegisterSoldSerials:
    """Return the registration of a sale some days ago."""
    sold_on = datetime.now(UTC).date() - timedelta(days)
    sale = {"order": f"INV-{scenario.token}", "customer": f"C-{scenario.token}", "customer_name": "Joe Doe"}
    return RegisterSoldSerials(
        sku=scenario.sku, serials=serials, sold_on=sold_on, reason="taken over from the till", **(sale | fields)
    )


async def test_unit_sold_before_comes_back_and_is_repaired(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit sold before comes back inside its warranty, is repaired, and sold anew under its serial (S18, S46)."""
    await scenario.define_product(warranty={"months": 12})
    sold, late = scenario.new_serials(2)
    await system.execute(past_sale(scenario, [sold], 30), actor="sue")
    await system.execute(past_sale(scenario, [late], 400), actor="sue")
    await system.assert_rejected(past_sale(scenario, [sold], 10), "duplicate_serial")
    owned = await system.get_all_items("serials", "/serials", customer=f"C-{scenario.token}", status="SHIPPED")
    assert [(unit["serial"], unit["customer_name"]) for unit in owned] == [(sold, "Joe Doe"), (late, "Joe Doe")]

    result = await system.execute(
        ReceiveReturn(
            return_id=scenario.new_id("RMA"), order=f"INV-{scenario.token}", customer=f"C-{scenario.token}",
            sku=scenario.sku, serials=[sold, late], location=DOCK, reason="dead battery",
        )
    )  # fmt: skip
    assert (result["in_warranty"], result["out_of_warranty"]) == ([sold], [late])
    returned = await system.get_json("receiving", f"/returns/{result['return_id']}")
    assert [unit["in_warranty"] for unit in returned["units"]["items"]] == [True, False]

    await system.execute(DisposeReturn(return_id=result["return_id"], disposition="RETURN_TO_VENDOR", reason="repair"))

    async def unit_at_the_vendor() -> JsonObject | None:
        unit = await scenario.get_unit(sold)
        return unit if unit["adjustment"] == "RETURNED_TO_VENDOR" and not unit["on_hold"] else None

    await wait_until(unit_at_the_vendor)
    await system.execute(
        AdjustSerials(
            sku=scenario.sku, serials=[sold], adjustment="RETURNED_FROM_VENDOR", location=DOCK, reason="repaired"
        ),
        actor="sue",
    )
    await scenario.put_away([sold])
    order = await scenario.place_order(1, serials=[sold])
    assert await scenario.wait_for_allocation(order, 1) == [sold]
    await scenario.ship(order, [sold])
    await scenario.wait_for_status([sold], "SHIPPED")
    unit = await scenario.get_unit(sold)
    assert [entry["change"] for entry in unit["history"]] == [
        "SALE_REGISTERED", "RETURNED", "HOLD_PLACED", "RETURNED_TO_VENDOR", "HOLD_RELEASED", "RETURNED_FROM_VENDOR",
        "PUT_AWAY", "ALLOCATED", "PICKED", "DISPATCHED",
    ]  # fmt: skip
    assert unit["warranty_starts_on"] >= str(datetime.now(UTC).date() - timedelta(1)), "a resale starts anew"
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_past_sales_on_kafka(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Past sales are registered by messages too; a serial that exists is rejected by name (S46)."""
    await scenario.define_product()
    expected, sold = scenario.new_serials(2)
    await scenario.announce_asn([expected])
    await scenario.wait_for_status([expected], "EXPECTED")
    (event,) = await system.publish(past_sale(scenario, [expected, sold], 5), source="till")
    await scenario.wait_for_status([sold], "SHIPPED")
    rejection = await system.wait_for_rejection("serials", event, "duplicate_serial", scenario.sku)
    assert rejection["violations"][0]["ids"] == [expected]
    unit = await scenario.get_unit(sold)
    assert (unit["order"], unit["customer_name"], unit["warranty_ends_on"]) == (
        f"INV-{scenario.token}",
        "Joe Doe",
        None,
    )
