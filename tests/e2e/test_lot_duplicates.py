"""Duplicates of lot messages and commands have no effect."""

from decimal import Decimal

from shared.contracts.commands.lots import AdjustLot, CountLot, OpenRecall
from shared.contracts.commands.recalled_items import RecalledLot
from tests.e2e import conservation
from tests.e2e.invariants import state_fingerprint
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.system import SystemUnderTest


async def test_replay_of_all_lot_messages_changes_nothing(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A replay of all lot commands and events changes no quantity and places no hold."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 5, 30))
    await lot_scenario.ship_all(await lot_scenario.place_order(3), 1)
    await lot_scenario.place_lot_hold("L1")
    order = await lot_scenario.place_order(2)
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 2})
    recall = OpenRecall(
        recall=lot_scenario.new_id("R"), lots=[RecalledLot(sku=lot_scenario.sku, lot="L2")], reason="glass"
    )
    await system.execute(recall, actor="sue")
    await lot_scenario.assert_pick_list(order, {})
    await system.wait_until_quiescent()
    before = await state_fingerprint(system)
    for topic in ("lots.commands", "receiving.events", "fulfillment.events", "lots.events"):
        for record in await system.all_records(topic):
            await system.producer.send(topic, record.value, key=record.key, headers=list(record.headers))
    await system.producer.flush()
    await system.wait_until_quiescent()
    assert await state_fingerprint(system) == before
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_duplicate_command_is_executed_once(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A command under a used key returns its first response; under a new key it is executed."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 9, 20))
    lost = AdjustLot(
        sku=lot_scenario.sku,
        lot="L1",
        location=STORAGE_LOCATIONS[0],
        quantity=Decimal(2),
        adjustment="LOST",
        reason="a broken box",
    )
    body = lost.model_dump(mode="json", exclude_none=True)
    first, repeated = [await system.post("lots", "/adjustments", body, key=lot_scenario.token) for _ in range(2)]
    assert (first.json(), repeated.headers["Idempotent-Replayed"]) == (repeated.json(), "true")
    await lot_scenario.wait_for_balances({("L1", STORAGE_LOCATIONS[0]): (7, 0)})
    other = await system.post("lots", "/adjustments", body | {"quantity": 1}, key=lot_scenario.token)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    counted = CountLot(
        sku=lot_scenario.sku, lot="L1", location=STORAGE_LOCATIONS[0], counted=Decimal("6.5"), reason="yearly"
    )
    for _ in range(2):
        await system.execute(counted)
    await lot_scenario.wait_for_balances({("L1", STORAGE_LOCATIONS[0]): (6.5, 0)})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])
