"""Customer contacts of a recall: each customer of a shipment has a line and a mark of his own."""

import csv
import io
from typing import Any

import httpx

from shared.contracts.commands.lots import CloseRecall, RecordCustomerContact
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_recalls import list_rows, open_recall
from tests.support.messages.lot_orders import OrderMessages

CUSTOMERS = {1: ("ALPHA", "Alpha Clinic", "+49 30 1", "1 Harbour Road"), 2: ("BETA", "Beta Clinic", "b@x.example", "")}
"""Customer, name, contact and address of each order in the van."""


async def load_van(harness: LotsHarness) -> OrderMessages:
    """Ship six of lot B-1 to ALPHA and four to BETA with one shipment; all stock is gone then."""
    messages, quantities = OrderMessages(harness.sku), {1: 6, 2: 4}
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    await harness.handle(
        messages.put_away("B-1", 10),
        *(messages.request_allocation(number, quantity) for number, quantity in quantities.items()),
    )
    for number, quantity in quantities.items():
        customer, name, contact, ship_to = CUSTOMERS[number]
        dispatched = messages.dispatch(number, {"B-1": quantity}).model_copy(
            update={
                "shipment": "VAN-1", "customer": customer, "customer_name": name, "contact": contact,
                "ship_to": ship_to,
            }
        )  # fmt: skip
        await harness.handle(messages.pick(number, messages.lot_at_location("B-1", quantity)))
        await harness.handle(dispatched)
    return messages


def mark(harness: LotsHarness, recall_id: str, number: int, outcome: Any, **changes: Any) -> RecordCustomerContact:
    """A mark of the customer of one order in the van."""
    fields = {
        "recall": recall_id, "customer": CUSTOMERS[number][0], "order": OrderMessages(harness.sku).order_id(number),
        "shipment": "VAN-1", "sku": harness.sku, "lot_or_serial": "B-1", "outcome": outcome,
    }  # fmt: skip
    return RecordCustomerContact.model_validate(fields | changes)


async def test_each_customer_of_a_shipment_is_settled_alone(harness: LotsHarness, recall_id: str) -> None:
    """A mark settles one customer of a van; the recall stays open until the other is settled too (S46)."""
    await load_van(harness)
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])

    async def outcomes() -> dict[str, str | None]:
        return {row["customer"]: row["outcome"] for row in await list_rows(harness, "contacts", recall_id)}

    async def close() -> list[str]:
        result = await harness.handle(CloseRecall(recall=recall_id, reason="done"))
        return [violation.detail for violation in result.results[0].violations]

    await harness.handle(mark(harness, recall_id, 1, "NOTIFIED"), mark(harness, recall_id, 2, "NOTIFIED"))
    assert (await outcomes(), await close()) == (
        {"ALPHA": "NOTIFIED", "BETA": "NOTIFIED"},
        ["open contact lines: 2 (ALPHA, BETA)"],
    )
    await harness.handle(mark(harness, recall_id, 1, "DESTROYED"))
    assert (await outcomes(), await close()) == (
        {"ALPHA": "DESTROYED", "BETA": "NOTIFIED"},
        ["open contact lines: 1 (BETA)"],
    )
    await harness.handle(mark(harness, recall_id, 2, "RETURNED"))
    assert (await outcomes(), await close()) == ({"ALPHA": "DESTROYED", "BETA": "RETURNED"}, [])


async def test_mark_names_an_existing_line(harness: LotsHarness, recall_id: str) -> None:
    """A mark with the customer of another order, no order, or no shipment is rejected (S46)."""
    await load_van(harness)
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    for changes in ({"customer": "BETA"}, {"customer": "GAMMA"}, {"order": None}, {"shipment": None}):
        result = await harness.handle(mark(harness, recall_id, 1, "DESTROYED", **changes))
        assert result.error_codes() == ["not_on_contact_list"]


async def test_mark_may_spell_the_lot_otherwise(harness: LotsHarness, recall_id: str) -> None:
    """A mark finds the lot of its line in any case; other signs count (S25, S46)."""
    await load_van(harness)
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    assert (await harness.handle(mark(harness, recall_id, 1, "DESTROYED", lot_or_serial="b-1"))).error_codes() == []
    result = await harness.handle(mark(harness, recall_id, 2, "DESTROYED", lot_or_serial="b1"))
    assert result.error_codes() == ["not_on_contact_list"]
    outcomes = {row["customer"]: row["outcome"] for row in await list_rows(harness, "contacts", recall_id)}
    assert outcomes == {"ALPHA": "DESTROYED", "BETA": None}


async def test_call_list_has_what_a_caller_needs(harness: LotsHarness, http: httpx.AsyncClient, recall_id: str) -> None:
    """The call list as CSV has name, telephone or e-mail, and delivery address of each customer (S46)."""
    await load_van(harness)
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    response = await http.get(f"/recalls/{recall_id}/contacts.csv")
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    columns = ("customer", "customer_name", "contact", "ship_to", "quantity")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (*CUSTOMERS[1], "6"), (*CUSTOMERS[2], "4"),
    ]  # fmt: skip
