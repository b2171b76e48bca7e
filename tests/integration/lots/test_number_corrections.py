"""Corrections of wrong lot numbers, with the database: traces, recalls, reconciliation and statements."""

import httpx

from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_http import post
from tests.integration.lots.test_lookup import get_json
from tests.integration.lots.test_recalls import list_rows, open_recall, recalled_stock
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import DOCK, SHELF

WRONG, RIGHT = "WRONG1", "RIGHT1"


async def shipped_goods(harness: LotsHarness) -> OrderMessages:
    """Ship three of five of the wrong number to order 1, and allocate one to order 2."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(WRONG, 5)))
    await harness.handle(
        messages.put_away(WRONG, 5), messages.request_allocation(1, 3), messages.request_allocation(2, 1)
    )
    await harness.handle(messages.pick(1, messages.lot_at_location(WRONG, 3)))
    await harness.handle(messages.dispatch(1, {WRONG: 3}))
    return messages


async def test_where_from_of_the_right_lot_names_the_receipt(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """One audited act keeps receipt, supplier and dates; both histories show both numbers (S22, S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot(WRONG, 5), receipt="RC-7"))
    await harness.handle(messages.put_away(WRONG, 3))
    response = await post(
        http, "/lot-corrections", sku=harness.sku, from_lot=WRONG, lot=RIGHT, reason="the label says RIGHT1"
    )
    found = (await get_json(http, "/lots", receipt="RC-7", sku=harness.sku))["items"]
    assert [(lot["sku"], lot["lot"]) for lot in found] == [(harness.sku, RIGHT), (harness.sku, WRONG)]
    assert response.status_code == 200, response.text
    assert (response.json()["quantity"], response.json()["expiry"]) == (5, "2027-03-31")
    stock = {key: int(on_hand) for key, (on_hand, _) in (await harness.balances()).items()}
    assert stock == {(RIGHT, DOCK): 2, (RIGHT, SHELF): 3}
    trace = await get_json(http, resource_path("lots", harness.sku, RIGHT, "trace-back"))
    assert [(inflow["lot"], inflow["receipt"], inflow["supplier"]) for inflow in trace["inflows"]] == [
        (WRONG, "RC-7", "Dairy")
    ]
    for lot in (WRONG, RIGHT):
        trace = await get_json(http, resource_path("lots", harness.sku, lot, "trace-forward"))
        assert {
            (entry["from_lot"], entry["lot"], entry["location"], entry["quantity"], entry["actor"])
            for entry in trace["number_corrections"]
        } == {(WRONG, RIGHT, DOCK, 2, "anna"), (WRONG, RIGHT, SHELF, 3, "anna")}
        history = await get_json(http, resource_path("lots", harness.sku, lot, "history"))
        assert [entry["other_lot"] for entry in history["items"] if entry["change"] == "NUMBER_CORRECTED"] == [
            RIGHT if lot == WRONG else WRONG
        ] * 2
    await assert_reconciled(harness)


async def test_both_numbers_find_the_shipment(harness: LotsHarness, http: httpx.AsyncClient, recall_id: str) -> None:
    """Traces, recalls and call lists of either number find goods that had left under the wrong one (S46)."""
    messages = await shipped_goods(harness)
    await harness.handle(messages.correct_number(WRONG, RIGHT, shipment="SH-1", quantity=2))
    for lot, quantity in ((WRONG, 3), (RIGHT, 2)):
        trace = await get_json(http, resource_path("lots", harness.sku, lot, "trace-forward"))
        outflows = [(row["shipment"], row["customer"], row["quantity"]) for row in trace["outflows"]]
        assert outflows == [("SH-1", "C-1", quantity)]
        await open_recall(harness, f"{recall_id}-{lot}", lots=[{"sku": harness.sku, "lot": lot}])
        contacts = await list_rows(harness, "contacts", f"{recall_id}-{lot}")
        assert [(row["shipment"], row["quantity"], row["shipped_at"] is None) for row in contacts] == [
            ("SH-1", quantity, False)
        ]
        (row,) = await list_rows(harness, "reconciliation", f"{recall_id}-{lot}")
        assert row["difference"] == 0
    explanation = await get_json(http, resource_path("demands", messages.demand_id(1), "explanation"))
    assert {(part["lot"], part["quantity"]) for part in explanation["allocated"]} == {(WRONG, 1), (RIGHT, 2)}
    await harness.handle(messages.correct_number(RIGHT, WRONG))
    trace = await get_json(http, resource_path("lots", harness.sku, WRONG, "trace-forward"))
    assert [row["quantity"] for row in trace["outflows"]] == [3]
    await assert_reconciled(harness)


async def test_goods_of_a_recall_stay_on_its_list(harness: LotsHarness, recall_id: str) -> None:
    """Another number takes no goods out of an open recall: they stay on hold there until they are released (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot(WRONG, 5), messages.received_lot(RIGHT, 1)))
    await harness.handle(messages.put_away(WRONG, 5))
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": WRONG}])
    await harness.handle(messages.correct_number(WRONG, RIGHT, SHELF))
    assert await recalled_stock(harness, recall_id) == [(RIGHT, SHELF, True)]
    await harness.handle(messages.release_hold(recall_id))
    assert await recalled_stock(harness, recall_id) == []


async def test_goods_that_get_the_number_of_a_recall(harness: LotsHarness, recall_id: str) -> None:
    """A right number that a recall names, received or not, is held and listed like a receipt (S46)."""
    messages = harness.messages
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": RIGHT}])
    await harness.handle(messages.receive(messages.received_lot(WRONG, 5)))
    await harness.handle(messages.correct_number(WRONG, RIGHT))
    assert await recalled_stock(harness, recall_id) == [(RIGHT, DOCK, True)]


async def test_messages_that_are_under_way(harness: LotsHarness) -> None:
    """Stored goods of orders keep their former numbers, so that later transactions understand earlier events (S26)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(WRONG, 9)))
    await harness.handle(messages.put_away(WRONG, 9), messages.request_allocation(1, 6))
    await harness.handle(messages.correct_number(WRONG, RIGHT))
    await harness.handle(messages.pick(1, messages.lot_at_location(WRONG, 5)))
    await harness.handle(messages.unpick(1, WRONG, 1), messages.deallocate(1, messages.lot_at_location(WRONG, 1)))
    result = await harness.handle(messages.dispatch(1, {WRONG: 4}))
    assert [data["lots"] for data in result.data_of("lot.shipped.v1")] == [[{"lot": RIGHT, "quantity": 4}]]
    assert result.data_of("lot.rejected.v1") == []
    await harness.handle(messages.correct_number(RIGHT, WRONG), messages.correct_number(WRONG, RIGHT))
    await assert_reconciled(harness)


async def test_statements_are_constant(harness: LotsHarness, second_harness: LotsHarness) -> None:
    """A batch of corrections takes the same number of statements whatever its size."""
    counts = []
    for service, size in ((harness, 1), (second_harness, 40)):
        messages = OrderMessages(service.sku)
        lots = [f"W-{number}" for number in range(size)]
        await service.handle(*(messages.receive(messages.received_lot(lot, 5)) for lot in lots))
        await service.handle(
            *(messages.put_away(lot, 4, f"EAST/A-0{1 + number % 5}") for number, lot in enumerate(lots[:1]))
        )
        await service.handle(*(messages.request_allocation(number) for number in range(1)))
        commands: list[CorrectLotNumber] = [messages.correct_number(lot, f"R-{lot}") for lot in lots]
        counts.append((await service.handle(*commands)).statement_count)
    assert counts[0] == counts[1]
