"""Tokens of commands over Kafka."""

import json

from shared.auth.roles import Role
from shared.contracts.commands.serials import AdjustSerials
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.auth import bearer
from tests.support.polling import wait_until


async def test_a_supervisor_command_needs_a_token(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Without a token, or with that of an operator, it is rejected; then the same id with the right one is executed."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    command = AdjustSerials(sku=scenario.sku, serials=serials, adjustment="SCRAPPED", reason="broken", actor="the boss")
    event = system.cloud_event_of(command, source="wms/scanner")

    async def send(*roles: Role) -> None:
        headers = [("authorization", bearer("sue", *roles)["Authorization"].encode())] if roles else []
        value, key = json.dumps(event).encode(), scenario.sku.encode()
        await system.producer.send_and_wait("serials.commands", value, key=key, headers=headers)

    await send()
    rejection = await system.wait_for_rejection("serials", event, "unauthenticated", scenario.sku)
    assert rejection["actor"] == "wms/scanner"
    await send(Role.OPERATOR)

    async def is_forbidden() -> bool:
        rejections = await system.get_json("serials", "/rejections", document=scenario.sku, code="forbidden")
        return len(rejections["items"]) == 1

    await wait_until(is_forbidden)
    await send(Role.SUPERVISOR)
    await scenario.wait_for_status(serials, "SCRAPPED")
    step = (await scenario.get_unit(serials[0]))["history"][-1]
    assert (step["actor"], step["cause_id"]) == ("sue", event["id"])
