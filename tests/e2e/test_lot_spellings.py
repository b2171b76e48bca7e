"""The same lot in another case: one lot in all services, whoever types it (S25)."""

from shared.contracts.commands.lots import OpenRecall, PlaceLotHold, ReleaseLotHold
from shared.contracts.commands.receiving import ConfirmSession, ReceiveReturn, ResolveDiscrepancy, ScanItems
from shared.contracts.upstream import AsnAnnounced
from tests.e2e.milk_lots import MilkLots
from tests.e2e.receipts import discrepancies
from tests.e2e.serial_scenario import DOCK, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest

KNOWN, TYPED, EXPIRY = "AB-10 x", "ab-10  X", "2090-01-31"


async def receive_typed(system: SystemUnderTest, scenario: SerialScenario) -> str:
    """Scan and confirm five of the lot in another spelling; return the receipt."""
    receipt = scenario.new_id("B")
    await system.execute(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND", supplier="Dairy"))
    scan = {"receipt": receipt, "session": "S", "sku": scenario.sku, "location": DOCK}
    lots = [{"lot": TYPED, "quantity": 5, "expiry": EXPIRY}]
    body = await system.execute(ScanItems.model_validate(scan | {"lots": lots}))
    assert [(lot["status"], lot["conflicting_value"]) for lot in body["lots"]] == [("LOT_CASE_MISMATCH", KNOWN)]
    await system.execute(ConfirmSession(receipt=receipt, session="S"))
    return receipt


async def test_another_spelling_is_the_same_lot_everywhere(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The dock asks; the order, picks, packs, returns, holds and recalls mean the known lot (S16, S25, S46)."""
    await scenario.define_product(lot_tracked=True)
    milk_lots = MilkLots(system, scenario)
    await milk_lots.receive((KNOWN, 5, EXPIRY))
    receipt = await receive_typed(system, scenario)
    (found,) = await discrepancies(system, receipt)
    fields = {"receipt": receipt, "discrepancy": found["discrepancy"], "resolution": "MATCH", "reason": "typed"}
    assert (await system.execute(ResolveDiscrepancy.model_validate(fields), actor="sue"))["lot"] == KNOWN
    await scenario.wait_for_event("lots.events", scenario.sku, "lot.received.v1", receipt=receipt, lot=KNOWN)
    await milk_lots.put_away(TYPED, "10")
    placed = scenario.order_command(4)
    lines = [line.model_copy(update={"lots": [TYPED]}) for line in placed.lines]
    await system.publish(placed.model_copy(update={"lines": lines}))
    order = placed.order
    await milk_lots.ship(order, TYPED, "4")
    return_fields: JsonObject = {
        "return_id": scenario.new_id("RMA"),
        "order": order,
        "customer": "C-1",
        "sku": scenario.sku,
    }
    return_fields |= {"location": DOCK, "reason": "sour", "lots": [{"lot": TYPED, "quantity": 1}]}
    returned = await system.execute(ReceiveReturn.model_validate(return_fields))
    assert [lot["lot"] for lot in returned["lots"]] == [KNOWN]
    hold = PlaceLotHold(sku=scenario.sku, lot=TYPED.upper(), hold_id=scenario.new_id("H"), reason="smells")
    assert [lot["lot"] for lot in (await system.execute(hold))["open_on"]] == [KNOWN]
    await system.execute(ReleaseLotHold(sku=scenario.sku, lot=TYPED, hold_id=hold.hold_id, reason="fine"))
    recall = {"recall": scenario.new_id("RC"), "lots": [{"lot": TYPED}, {"lot": "K7100"}], "reason": "maker's notice"}
    opened = await system.execute(OpenRecall.model_validate(recall))
    assert opened["reading"]["unmatched"] == ["K7100"]
    await scenario.wait_for_event(
        "lots.events", scenario.sku, "lot.hold_placed.v1", hold_id=recall["recall"], lot=KNOWN
    )
    rows = await system.fetch_rows("lots", "SELECT lot FROM lot WHERE sku = $1", scenario.sku)
    assert [row["lot"] for row in rows] == [KNOWN]
    stock = (await system.get_json("lots", "/reports/stock", sku=scenario.sku))["items"]
    assert sum(row["on_hand"] for row in stock) == sum(row["held"] for row in stock) == 7
