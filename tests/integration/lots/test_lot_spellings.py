"""Lot numbers in another case or with other blanks, with the database: the stored spelling is meant (S25)."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.lots import OpenRecall, ReleaseLotHold
from shared.contracts.envelope import Message
from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.support.harness import ProcessingResult
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, LATE_EXPIRY, SHELF

STORED, OTHER = "AB 10/x", "ab  10/X"


def commands(messages: OrderMessages, lot: str) -> list[Message]:
    """One command of each kind on a lot of which 10 are at the dock; every one is possible after the earlier ones."""
    return [
        messages.put_away(lot, 4),
        messages.move(lot, 1, BIN),
        messages.count(lot, 5, DOCK),
        messages.adjust(lot, 1, "FOUND", SHELF),
        messages.correct_dates(lot, LATE_EXPIRY),
        messages.place_hold(lot, "H-1"),
        ReleaseLotHold(sku=messages.sku, hold_id="H-1", lot=lot, reason="cleared"),
    ]


async def test_every_command_answers_with_the_stored_lot(harness: LotsHarness) -> None:
    """Each command takes a spelling that fits one lot; no second lot appears, events name the stored one."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(STORED)))
    for command in commands(messages, OTHER):
        result = await harness.handle(command)
        assert result.error_codes() == [], command
        body: Any = result.results[0].body
        assert getattr(body, "lot", STORED) == STORED
        assert {event["data"].get("lot", STORED) for event in result.events} == {STORED}
    assert {lot for lot, _ in await harness.balances()} == {STORED}


async def test_a_spelling_of_several_lots_is_refused(harness: LotsHarness) -> None:
    """Of two lots that differ only in case, each is meant by its exact number; another spelling is refused (S25)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("AB-1"), messages.received_lot("ab-1")))
    for command in commands(messages, "Ab-1")[:-1]:
        result = await harness.handle(command)
        assert result.error_codes() == ["lot_ambiguous"]
        assert result.results[0].violations[0].suggested == ["AB-1", "ab-1"]
    assert (await harness.handle(messages.put_away("ab-1", 4))).error_codes() == []
    assert ("ab-1", SHELF) in await harness.balances()


async def test_queries_take_any_spelling(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Details, traces, history, holds and reports find a lot by any spelling, and name the stored one."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(STORED), messages.received_lot("C-1")))
    await harness.handle(messages.place_hold(STORED, "H-1"), messages.count(STORED, 9, DOCK))
    for view in ("", "/trace-back", "/trace-forward", "/history"):
        response = await http.get(resource_path("lots", harness.sku, OTHER) + view)
        assert response.status_code == 200, response.text
        body = response.json()
        assert {row["lot"] for row in body.get("items", [body])} == {STORED}
    for path in ("/counts", "/holds", "/reports/lot-movements", "/reports/reconciliation", "/reports/lot-inventory"):
        response = await http.get(path, params={"sku": harness.sku, "lot": OTHER})
        assert {row["lot"] for row in response.json()["items"]} == {STORED}, path


async def test_ambiguous_query_names_the_lots(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A number that fits several lots is answered with their spellings, an exact one with its lot."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("AB-1", 3), messages.received_lot("ab-1", 5)))
    response = await http.get(resource_path("lots", harness.sku, "Ab-1"))
    problem = response.json()
    assert (response.status_code, problem["ids"], problem["suggested"]) == (409, ["Ab-1"], ["AB-1", "ab-1"])
    response = await http.get(resource_path("lots", harness.sku, "ab-1"))
    assert [row["on_hand"] for row in response.json()["warehouses"]] == [5]


@pytest.mark.parametrize("with_product", [True, False])
async def test_recall_holds_every_spelling(harness: LotsHarness, recall_id: str, *, with_product: bool) -> None:
    """A recall of a lot number holds the lot as stored, and one that arrives later in another spelling (S46)."""
    messages = harness.messages
    lot, product = f"X-{recall_id}", {"sku": harness.sku} if with_product else {}
    await harness.handle(messages.receive(messages.received_lot(lot)))
    recall = {"recall": recall_id, "reason": "glass", "lots": [{"lot": lot.lower(), **product}, {"lot": "NONE-1"}]}
    result = await harness.handle(OpenRecall.model_validate(recall))
    assert result.error_codes() == []
    body: Any = result.results[0].body
    assert body.reading.unmatched == ["NONE-1"]
    assert [match.lots for match in body.products if match.sku == harness.sku] == [[lot]]
    result = await harness.handle(messages.receive(messages.received_lot(f"x-{recall_id.swapcase()}")))
    assert [(event["lot"], event["hold_id"]) for event in result.data_of("lot.hold_placed.v1")] == [
        (f"x-{recall_id.swapcase()}", recall_id)
    ]


async def test_order_line_names_a_lot_in_any_spelling(harness: LotsHarness) -> None:
    """An order line that lists a lot gets it however it is spelled, at once and when its stock arrives later (S08)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(STORED, 4)))
    await harness.handle(messages.put_away(STORED, 4))
    result = await harness.handle(messages.request_allocation(1, 6, lots=[OTHER]))
    assert allocated(result) == [(STORED, 4)]
    await harness.handle(messages.receive(messages.received_lot(STORED, 5)))
    result = await harness.handle(messages.put_away(STORED, 5))
    assert allocated(result) == [(STORED, 2)]


def allocated(result: ProcessingResult) -> list[tuple[str, float]]:
    """The allocated lots with their quantities."""
    return [(lot["lot"], lot["quantity"]) for event in result.data_of("lot.allocated.v1") for lot in event["allocated"]]
