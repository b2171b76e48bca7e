"""Recalls, with the database: search, holds, answers, lists, customer contacts and closing."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.recalls.queries import recalls as queries
from services.lots.recalls.queries.lists import LISTS
from shared.contracts.commands.lots import CloseRecall, OpenRecall, RecordCustomerContact
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import RecalledSerialState, SerialRecalled
from shared.http import first_page
from shared.persistence.database import transaction
from tests.integration.lots.conftest import LotsHarness
from tests.support.harness import ProcessingResult
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import SHELF
from tests.support.messages.reference import product_changed


async def open_recall(harness: LotsHarness, recall_id: str, **fields: Any) -> ProcessingResult:
    """Open a recall and process its events for the test's product."""
    result = await harness.handle(OpenRecall.model_validate({"recall": recall_id, "reason": "glass found"} | fields))
    assert result.error_codes() == []
    own_events = [data for data in result.data_of("recall.opened.v1") if data["sku"] == harness.sku]
    return await harness.handle(*(RecallOpened.model_validate(data) for data in own_events))


async def list_rows(harness: LotsHarness, list_name: str, recall_id: str) -> list[dict[str, Any]]:
    """All rows of one list of a recall."""
    (report,) = (candidate for candidate in LISTS if candidate.name == list_name)
    async with transaction(harness.engine) as tx:
        rows = await first_page(report.sorts, 10_000).fetch(tx, report.statement, {"recall": recall_id})
    return [row._asdict() for row in rows]


async def recalled_stock(harness: LotsHarness, recall_id: str) -> list[tuple[str, str, bool]]:
    """The recalled stock: lot or serial, location, whether it is held."""
    rows = await list_rows(harness, "stock", recall_id)
    return [(row["lot_or_serial"], row["location"], row["on_hold"]) for row in rows]


async def test_lot_in_a_pasted_notice_is_held(harness: LotsHarness, recall_id: str) -> None:
    """A lot in a pasted notice is found in any case, held, listed and reconciled (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("lx-0042/a"), messages.received_lot("LX-0043")))
    await harness.handle(messages.put_away("lx-0042/a", 4))
    result = await open_recall(harness, recall_id, text="Recall of Lot LX-0042/A, and others.", skus=[harness.sku])
    assert [(event["lot"], event["hold_id"]) for event in result.data_of("lot.hold_placed.v1")] == [
        ("lx-0042/a", recall_id)
    ]
    held_locations = {
        location for item, location, held in await recalled_stock(harness, recall_id) if held and item == "lx-0042/a"
    }
    assert held_locations == {"EAST/DOCK", SHELF}
    [row] = await list_rows(harness, "reconciliation", recall_id)
    assert (row["received"], row["on_hand"], row["difference"]) == (10, 10, 0)
    async with transaction(harness.engine) as tx:
        recall_row = await queries.find_recall(tx, recall_id)
    assert recall_row is not None
    assert recall_row.complete_at is not None


async def test_lot_without_product_finds_its_product(harness: LotsHarness, recall_id: str) -> None:
    """A lot number without product finds its product (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot(f"X{recall_id}")))
    result = await harness.handle(
        OpenRecall.model_validate({"recall": recall_id, "lots": [{"lot": f"X{recall_id}"}], "reason": "x"})
    )
    # serial-tracked products are queried as well
    assert harness.sku in {data["sku"] for data in result.data_of("recall.opened.v1")}


async def test_unscoped_notice_queries_all_serial_products(harness: LotsHarness, recall_id: str) -> None:
    """A notice without products queries each of 600 serial-tracked products (S46)."""
    pumps = [f"PUMP-{recall_id}-{number}" for number in range(600)]
    await harness.handle(*(product_changed(sku, "SERIAL") for sku in pumps))
    result = await harness.handle(OpenRecall(recall=recall_id, text="unit SN-1", reason="leaks", mock=True))
    assert result.error_codes() == []
    assert set(pumps) <= {data["sku"] for data in result.data_of("recall.opened.v1")}
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="exercise"))).error_codes() == []


async def test_later_arrivals_of_a_recalled_lot_are_held(harness: LotsHarness, recall_id: str) -> None:
    """A lot recalled before its receipt is held on arrival (S46)."""
    messages = harness.messages
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    await harness.handle(messages.receive(messages.received_lot("B-1")))
    assert await recalled_stock(harness, recall_id) == [("B-1", "EAST/DOCK", True)]


@pytest.mark.parametrize("mock", [False, True])
async def test_notice_criteria_match_later_arrivals(harness: LotsHarness, recall_id: str, mock: bool) -> None:
    """A recall holds later arrivals that match its terms, ranges and lots in any case; a mock recall does not (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("LX-0042")))
    await open_recall(
        harness, recall_id, text="lots lx-0042 to LX-0049, or ab7.", skus=[harness.sku], lots=[{"lot": "Z9"}], mock=mock
    )
    await harness.handle(
        *(messages.receive(messages.received_lot(lot)) for lot in ("LX-0045", "AB7", "Z9", "z9", "LX-0050"))
    )
    held_items = {item for item, _, held in await recalled_stock(harness, recall_id) if held}
    assert held_items == (set() if mock else {"LX-0042", "LX-0045", "AB7", "Z9", "z9"})


async def test_mock_recall_places_no_holds(harness: LotsHarness, recall_id: str) -> None:
    """A mock recall lists the stock without holds and closes without a disposition (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1")))
    result = await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}], mock=True)
    assert result.event_types() == []
    assert await recalled_stock(harness, recall_id) == [("B-1", "EAST/DOCK", False)]
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="exercise"))).error_codes() == []


async def test_recall_closes_after_disposition(harness: LotsHarness, recall_id: str) -> None:
    """A recall closes once all stock is scrapped or released (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1"), messages.received_lot("B-2")))
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}, {"sku": harness.sku, "lot": "B-2"}])
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]
    await harness.handle(messages.adjust("B-1", 10, "SCRAPPED", "EAST/DOCK"))
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]
    partial_release = messages.release_hold(recall_id).model_copy(update={"lot": "B-2"})
    assert [event["lot"] for event in (await harness.handle(partial_release)).data_of("lot.hold_released.v1")] == [
        "B-2"
    ]
    assert (await harness.handle(partial_release)).error_codes() == ["hold_not_found"]
    result = await harness.handle(CloseRecall(recall=recall_id, reason="done"))
    assert result.error_codes() == []
    assert [data["sku"] for data in result.data_of("recall.closed.v1")] == [harness.sku]
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="again"))).error_codes() == ["recall_closed"]


async def test_only_the_owning_service_answers(harness: LotsHarness, recall_id: str) -> None:
    """An answer of the serials service for a lot-tracked product does not count (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1")))
    result = await harness.handle(
        OpenRecall(recall=recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}], reason="glass found")
    )
    await harness.handle(SerialRecalled(recall=recall_id, sku=harness.sku, units=[], is_last=True))
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]
    await harness.handle(*(RecallOpened.model_validate(data) for data in result.data_of("recall.opened.v1")))
    assert await recalled_stock(harness, recall_id) == [("B-1", "EAST/DOCK", True)]


async def test_lot_of_an_unknown_product_is_recalled(engine: AsyncEngine, recall_id: str) -> None:
    """Stock received before its product is defined is found and held (S46)."""
    harness = LotsHarness(engine)
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot(f"X{recall_id}")))
    await open_recall(harness, recall_id, lots=[{"lot": f"X{recall_id}"}])
    assert await recalled_stock(harness, recall_id) == [(f"X{recall_id}", "EAST/DOCK", True)]


async def test_recall_whose_hold_id_already_exists(harness: LotsHarness, recall_id: str) -> None:
    """An existing hold with the recall's id counts as the recall's hold until its release (S46)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1")))
    await harness.handle(messages.place_hold("B-1", recall_id))
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    assert await recalled_stock(harness, recall_id) == [("B-1", "EAST/DOCK", True)]
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]


async def test_serials_service_answers_for_serials(harness: LotsHarness, recall_id: str) -> None:
    """Reported serials are listed; shipped ones need a final customer contact before closing (S46)."""
    pump = f"PUMP-{uuid4().hex[:8]}"
    await harness.handle(product_changed(pump, "SERIAL"))
    await harness.handle(OpenRecall(recall=recall_id, serials=[{"sku": pump, "serial": "SN-1"}], reason="leaks"))
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]
    shipped_unit = RecalledSerialState(
        serial="SN-1", status="SHIPPED", held=False, order="SO-1", shipment="SH-1", customer="C-1",
        customer_name="Clinic", contact="+49 40 1",
    )  # fmt: skip
    allocated_unit = RecalledSerialState(serial="SN-2", status="ALLOCATED", location=SHELF, order="SO-2")
    await harness.handle(SerialRecalled(recall=recall_id, sku=pump, units=[shipped_unit, allocated_unit], is_last=True))
    assert await recalled_stock(harness, recall_id) == [("SN-2", SHELF, True)]
    [order] = await list_rows(harness, "orders", recall_id)
    assert (order["order"], order["lot_or_serial"], order["status"]) == ("SO-2", "SN-2", "ALLOCATED")
    await harness.handle(
        SerialRecalled(recall=recall_id, sku=pump, units=[allocated_unit.model_copy(update={"held": False})])
    )

    def record_contact(outcome: Any, item: str = "SN-1") -> RecordCustomerContact:
        return RecordCustomerContact(
            recall=recall_id, customer="C-1", order="SO-1", shipment="SH-1", sku=pump, lot_or_serial=item,
            outcome=outcome,
        )  # fmt: skip

    assert (await harness.handle(record_contact("NOTIFIED", "SN-9"))).error_codes() == ["not_on_contact_list"]
    assert (await harness.handle(record_contact("NOTIFIED"))).error_codes() == []
    [contact] = await list_rows(harness, "contacts", recall_id)
    assert (contact["customer_name"], contact["contact"], contact["outcome"]) == ("Clinic", "+49 40 1", "NOTIFIED")
    rejection = await harness.handle(CloseRecall(recall=recall_id, reason="done"))
    assert rejection.results[0].violations[0].blocked_by == [f"/recalls/{recall_id}/contacts"]
    assert (await harness.handle(record_contact("DESTROYED"))).error_codes() == []
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == []


async def test_invalid_recalls_are_rejected(harness: LotsHarness, recall_id: str) -> None:
    """A recall without matches, with an unknown product or a used id, or an unknown recall is rejected (S46)."""
    no_match = await harness.handle(OpenRecall(recall=recall_id, text="lot 404", skus=[harness.sku], reason="x"))
    assert no_match.error_codes() == ["recall_no_match"]
    unknown_product = await harness.handle(
        OpenRecall(recall=recall_id, lots=[{"sku": "UNKNOWN", "lot": "1"}], reason="x")
    )
    assert unknown_product.error_codes() == ["product_not_found"]
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "1"}])
    duplicate = await harness.handle(OpenRecall(recall=recall_id, lots=[{"sku": harness.sku, "lot": "2"}], reason="x"))
    assert duplicate.error_codes() == ["document_exists"]
    assert (await harness.handle(CloseRecall(recall="RC-none", reason="x"))).error_codes() == ["recall_not_found"]


async def test_statement_count_is_independent_of_lots(harness: LotsHarness, recall_id: str) -> None:
    """Opening and holding take as many statements for 300 lots as for one."""
    counts = []
    for size in (1, 300):
        lots = [{"sku": harness.sku, "lot": f"{recall_id}-{size}-{number}"} for number in range(size)]
        command = OpenRecall.model_validate({"recall": f"{recall_id}-{size}", "lots": lots, "reason": "x"})
        open_result = await harness.handle(command)
        hold_result = await harness.handle(
            *(RecallOpened.model_validate(data) for data in open_result.data_of("recall.opened.v1"))
        )
        counts.append((open_result.statement_count, hold_result.statement_count))
    assert counts[0] == counts[1]


async def test_recall_lists_trace_a_lot_to_customers(harness: LotsHarness, recall_id: str) -> None:
    """The lists show allocated, picked, shipped and returned quantities of a lot with their customers (S46)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    await harness.handle(
        messages.put_away("B-1", 10), *(messages.request_allocation(number, 2) for number in (1, 2, 3))
    )
    await harness.handle(*(messages.pick(number, messages.lot_at_location("B-1", 2)) for number in (1, 2, 3)))
    for number, customer in ((1, "C-1"), (2, "C-2")):
        dispatched = messages.dispatch(number, {"B-1": 2}).model_copy(
            update={"customer": customer, "customer_name": f"Clinic {number}", "contact": "+49 40 1"}
        )
        await harness.handle(dispatched)
    returned = messages.return_from_customer("B-1", 1).model_copy(
        update={"order": messages.order_id(1), "customer": "C-1"}
    )
    await harness.handle(returned)
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "B-1"}])
    contacts = await list_rows(harness, "contacts", recall_id)
    assert [
        (contact["customer_name"], contact["shipment"], contact["quantity"], contact["returned"])
        for contact in contacts
    ] == [
        ("Clinic 1", "SH-1", 2, 1), ("Clinic 2", "SH-2", 2, 0),
    ]  # fmt: skip
    [order_row] = await list_rows(harness, "orders", recall_id)
    assert (order_row["order"], order_row["status"], order_row["quantity"], order_row["on_hold"]) == (
        messages.order_id(3), "PICKED", 2, True,
    )  # fmt: skip
    [row] = await list_rows(harness, "reconciliation", recall_id)
    assert [row[column] for column in ("received", "returned", "on_hand", "picked", "shipped", "difference")] == [
        10, 1, 5, 2, 4, 0,
    ]  # fmt: skip
