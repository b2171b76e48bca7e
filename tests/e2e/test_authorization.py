"""Tokens of commands over Kafka."""

import json

from shared.auth.roles import Role
from shared.contracts.commands.serials import AdjustSerials
from shared.messaging.authorization import AUTHORIZATION
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.auth import bearer


async def test_a_supervisor_command_needs_a_token(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Without a token it is rejected, and the audit has the source; with one it is executed, by its subject."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    command = AdjustSerials(sku=scenario.sku, serials=serials, adjustment="SCRAPPED", reason="broken", actor="the boss")

    async def send(*headers: tuple[str, bytes]) -> JsonObject:
        event = system.cloud_event_of(command, source="wms/scanner")
        value, key = json.dumps(event).encode(), scenario.sku.encode()
        await system.producer.send_and_wait("serials.commands", value, key=key, headers=list(headers))
        return event

    rejection = await system.wait_for_rejection("serials", await send(), "unauthenticated", scenario.sku)
    assert rejection["actor"] == "wms/scanner"
    operator, supervisor = (bearer("sue", role)["Authorization"].encode() for role in (Role.OPERATOR, Role.SUPERVISOR))
    await system.wait_for_rejection("serials", await send((AUTHORIZATION, operator)), "forbidden", scenario.sku)
    event = await send((AUTHORIZATION, supervisor))
    await scenario.wait_for_status(serials, "SCRAPPED")
    step = (await scenario.get_unit(serials[0]))["history"][-1]
    assert (step["actor"], step["cause_id"]) == ("sue", event["id"])
