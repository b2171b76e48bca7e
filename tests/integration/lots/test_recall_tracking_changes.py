"""Tracking changes during open recalls: the new owning service is queried and holds the stock."""

import asyncio
from typing import Any

import pytest

from services.lots.recalls.queries import recalls as queries
from shared.contracts.commands.lots import CloseRecall, OpenRecall
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.serials import SerialRecalled
from shared.persistence.database import transaction
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_recalls import recalled_stock
from tests.support.harness import ProcessingResult


def product_changed(harness: LotsHarness, version: int, tracking: Tracking) -> ProductChanged:
    """A version of the test's product with this tracking."""
    return ProductChanged(sku=harness.sku, version=version, name="gauze", unit="each", tracking=tracking)


def recall_queries(harness: LotsHarness, result: ProcessingResult, recall_id: str) -> list[RecallOpened]:
    """The queries of this recall for the test's product."""
    payloads = [RecallOpened.model_validate(data) for data in result.data_of("recall.opened.v1")]
    return [payload for payload in payloads if (payload.sku, payload.recall) == (harness.sku, recall_id)]


async def open_recall(harness: LotsHarness, recall_id: str, **fields: Any) -> list[RecallOpened]:
    """Open a recall; return the queries for the test's product."""
    result = await harness.handle(OpenRecall.model_validate({"recall": recall_id, "reason": "glass"} | fields))
    assert result.error_codes() == []
    return recall_queries(harness, result, recall_id)


async def unanswered_products(harness: LotsHarness, recall_id: str) -> int:
    """The number of products without an answer."""
    async with transaction(harness.engine) as tx:
        recall_row = await queries.find_recall(tx, recall_id)
    assert recall_row is not None
    return int(recall_row.products - recall_row.answered)


@pytest.mark.parametrize("is_answered", [False, True])
async def test_tracking_change_from_lots_to_serials(harness: LotsHarness, recall_id: str, is_answered: bool) -> None:
    """The serials service receives all criteria of the notice, and only its answer counts from then on (S46)."""
    fields = {
        "lots": [{"sku": harness.sku, "lot": "X"}],
        "text": "serials sn-7 and SN-10 to SN-19",
        "skus": [harness.sku],
    }
    [first_query] = await open_recall(harness, recall_id, **fields)
    assert (first_query.tracking, first_query.lots, first_query.notice) == ("LOT", ["X"], "")
    if is_answered:
        await harness.handle(first_query)
    [second_query] = recall_queries(harness, await harness.handle(product_changed(harness, 2, "SERIAL")), recall_id)
    assert (second_query.tracking, second_query.recall, second_query.hold_id, second_query.actor) == (
        "SERIAL",
        recall_id,
        recall_id,
        "anna",
    )
    assert (second_query.lots, second_query.notice == fields["text"], len(second_query.ranges)) == (["X"], True, 1)
    await harness.handle(first_query)  # a late or repeated query is no answer for serials
    assert await unanswered_products(harness, recall_id) == 1
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="done"))).error_codes() == ["recall_open"]
    await harness.handle(SerialRecalled(recall=recall_id, sku=harness.sku, units=[], is_last=True))
    assert await unanswered_products(harness, recall_id) == 0


async def test_tracking_change_from_serials_to_lots(harness: LotsHarness, recall_id: str) -> None:
    """A lot named for a serial product is held when it arrives as a lot (S46)."""
    await harness.handle(product_changed(harness, 2, "SERIAL"))
    [first_query] = await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "L-9"}])
    assert first_query.tracking == "SERIAL"
    [second_query] = recall_queries(harness, await harness.handle(product_changed(harness, 3, "LOT")), recall_id)
    assert (second_query.tracking, second_query.lots) == ("LOT", ["L-9"])
    await harness.handle(SerialRecalled(recall=recall_id, sku=harness.sku, units=[], is_last=True))
    assert await unanswered_products(harness, recall_id) == 1
    await harness.handle(second_query)
    assert await unanswered_products(harness, recall_id) == 0
    await harness.handle(harness.messages.receive(harness.messages.received_lot("L-9")))
    assert await recalled_stock(harness, recall_id) == [("L-9", "EAST/DOCK", True)]


async def test_new_serial_product_is_queried(harness: LotsHarness, recall_id: str) -> None:
    """A notice without products applies to products defined later; the serials service is queried (S46)."""
    await open_recall(harness, recall_id, text="lot LX-0042")
    new_harness = LotsHarness(harness.engine)
    [query] = recall_queries(new_harness, await harness.handle(product_changed(new_harness, 1, "SERIAL")), recall_id)
    assert query.notice == "lot LX-0042"


async def test_unaffected_owners_are_not_queried_again(
    harness: LotsHarness, second_harness: LotsHarness, recall_id: str
) -> None:
    """No query is published for an unaffected product, a closed recall or an unchanged owner (S46)."""
    await open_recall(harness, recall_id, lots=[{"sku": harness.sku, "lot": "X"}], mock=True)
    assert (
        recall_queries(second_harness, await harness.handle(product_changed(second_harness, 2, "SERIAL")), recall_id)
        == []
    )
    assert recall_queries(harness, await harness.handle(product_changed(harness, 2, "NONE")), recall_id) == []
    await harness.handle(CloseRecall(recall=recall_id, reason="exercise"))
    assert recall_queries(harness, await harness.handle(product_changed(harness, 3, "SERIAL")), recall_id) == []


async def test_recall_concurrent_with_a_tracking_change(harness: LotsHarness, recall_id: str) -> None:
    """In either commit order, the serials service is queried about its products (S46)."""
    harnesses = [LotsHarness(harness.engine) for _ in range(10)]
    await harness.handle(*(product_changed(product_harness, 1, "LOT") for product_harness in harnesses))
    fields = {
        "text": "SN-7",
        "skus": [product_harness.sku for product_harness in harnesses],
        "lots": [{"sku": product_harness.sku, "lot": "X"} for product_harness in harnesses],
    }
    open_call = harness.handle(OpenRecall.model_validate({"recall": recall_id, "reason": "glass"} | fields))
    change_calls = [harness.handle(product_changed(product_harness, 2, "SERIAL")) for product_harness in harnesses]
    results = await asyncio.gather(*change_calls[:5], open_call, *change_calls[5:])
    for product_harness in harnesses:
        serial_queries = [
            query
            for result in results
            for query in recall_queries(product_harness, result, recall_id)
            if query.tracking == "SERIAL"
        ]
        assert [query.notice for query in serial_queries] == ["SN-7"]


async def test_closing_concurrent_with_a_tracking_change(harness: LotsHarness, recall_id: str) -> None:
    """Either the recall closes first without a new query, or the new query blocks closing (S46)."""
    for number in range(10):
        product_harness, recall_name = LotsHarness(harness.engine), f"{recall_id}-{number}"
        await harness.handle(product_changed(product_harness, 1, "LOT"))
        await harness.handle(
            *await open_recall(product_harness, recall_name, lots=[{"sku": product_harness.sku, "lot": "X"}])
        )
        change_task = asyncio.create_task(harness.handle(product_changed(product_harness, 2, "SERIAL")))
        await asyncio.sleep(number / 1000)
        closed = await harness.handle(CloseRecall(recall=recall_name, reason="nothing here"))
        assert bool(closed.error_codes()) == bool(recall_queries(product_harness, await change_task, recall_name))


async def test_statement_count_is_independent_of_products(harness: LotsHarness, recall_id: str) -> None:
    """A tracking change takes as many statements for 50 products as for one (S46)."""
    counts = []
    for size in (1, 50):
        harnesses = [LotsHarness(harness.engine) for _ in range(size)]
        await harness.handle(*(product_changed(product_harness, 1, "SERIAL") for product_harness in harnesses))
        lots = [{"sku": product_harness.sku, "lot": "X"} for product_harness in harnesses]
        await open_recall(harnesses[0], f"{recall_id}-{size}", lots=lots)
        counts.append(
            (
                await harness.handle(*(product_changed(product_harness, 2, "LOT") for product_harness in harnesses))
            ).statement_count
        )
    assert counts[0] == counts[1]
