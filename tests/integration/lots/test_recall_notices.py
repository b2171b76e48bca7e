"""Forms of recall notices on real lots: what dry runs show, recalls hold, and answers report as unmatched."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.commands.lots import OpenRecall, RecordCustomerContact
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import RecalledSerialState, SerialRecalled
from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.notices import FORMS, GTINS, LOTS, NAMES, NoticeForm
from tests.integration.lots.test_recalls import recalled_stock
from tests.support.harness import ProcessingResult
from tests.support.messages.lots import ProductMessages
from tests.support.messages.reference import product_changed


@pytest.fixture(scope="module")
async def skus(engine: AsyncEngine) -> Mapping[str, str]:
    """Provide the products of the notices with their lots at the dock."""
    harness, suffix = LotsHarness(engine), uuid4().hex[:6]
    skus = {product: f"{product}-{suffix}".upper() for product in LOTS}
    for product, sku in skus.items():
        codes = [{"code": GTINS[product]}] if product in GTINS else []
        messages = ProductMessages(sku)
        lots = [messages.received_lot(lot, expiry=date.fromisoformat(expiry)) for lot, expiry in LOTS[product].items()]
        await harness.handle(product_changed(sku, "LOT", name=f"{NAMES[product]} {suffix}", barcodes=codes))
        await harness.handle(messages.receive(*lots))
    return skus


async def dry_run(harness: LotsHarness, recall_id: str, **fields: Any) -> ProcessingResult:
    """Open a recall as a dry run."""
    command = {"recall": recall_id, "reason": "glass", "dry_run": True} | fields
    result = await harness.handle(OpenRecall.model_validate(command))
    assert result.error_codes() == []
    return result


def found_lots(result: ProcessingResult, skus: Mapping[str, str]) -> dict[str, set[str]]:
    """The lots of an answer by product of the test."""
    body: Any = result.results[0].body
    products = {sku: product for product, sku in skus.items()}
    return {products[match.sku]: set(match.lots) for match in body.products if match.sku in products and match.lots}


def reading_of(result: ProcessingResult) -> Any:
    """What an answer reads in its notice."""
    body: Any = result.results[0].body
    return body.reading


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
async def test_form_of_a_notice(
    harness: LotsHarness, skus: Mapping[str, str], recall_id: str, form: NoticeForm
) -> None:
    """Each form of a notice finds its lots, and says which numbers match nothing and which dates are unclear (S46)."""
    text = form.text.format(**skus)
    result = await dry_run(harness, recall_id, text=text, date_order=form.date_order)
    body: Any = result.results[0].body
    assert found_lots(result, skus) == form.found
    assert tuple(body.reading.unmatched) == form.unmatched
    assert tuple(body.reading.ambiguous_dates) == form.ambiguous_dates


@pytest.mark.parametrize(
    ("code", "is_recognised"),
    [
        ("614141000036", True), ("0614141000036", True), ("00614141000036", True), ("0100614141000036", True),
        ("614141000037", False), ("14141000036", False), ("000614141000036", False), ("CODE-614141000036", False),
    ],
)  # fmt: skip
async def test_barcode_of_a_product_is_one_gtin_in_every_spelling(
    harness: LotsHarness, recall_id: str, code: str, *, is_recognised: bool
) -> None:
    """A notice names the product by its GTIN, however the product states it; other codes are none (S46)."""
    await harness.handle(product_changed(harness.sku, "LOT", version=2, barcodes=[{"code": code}]))
    result = await dry_run(harness, recall_id, text="UPC 6 14141 00003 6, lot 77-none")
    found = {(product.sku, product.by) for product in reading_of(result).products}
    assert ((harness.sku, "BARCODE") in found) is is_recognised


async def test_dry_run_shows_and_the_recall_holds_the_same(
    harness: LotsHarness, skus: Mapping[str, str], recall_id: str
) -> None:
    """A dry run holds nothing; the recall of the same id holds what it showed and what came in between (S46)."""
    sku, fields = skus["pump"], {"text": f"{skus['pump']} PX1001 to PX1008", "reason": "leaks", "recall": recall_id}
    result = await dry_run(harness, recall_id, **fields)
    again = await harness.handle(OpenRecall.model_validate(fields))
    assert again.error_codes() == ["document_exists"]  # not answered yet
    await harness.handle(*answers(result, sku))
    assert {held for _, _, held in await recalled_stock(harness, recall_id)} == {False}
    mark = RecordCustomerContact(
        recall=recall_id, customer="C-1", order="SO-1", shipment="SH-1", sku=sku, lot_or_serial="PX1001",
        outcome="DESTROYED",
    )  # fmt: skip
    assert (await harness.handle(mark)).error_codes() == ["not_on_contact_list"]
    messages = ProductMessages(sku)
    await harness.handle(messages.receive(messages.received_lot("PX1005")))
    result = await harness.handle(OpenRecall.model_validate(fields))
    assert result.error_codes() == []
    await harness.handle(*answers(result, sku))
    stock = await recalled_stock(harness, recall_id)
    assert {(lot, held) for lot, _, held in stock} == {("PX1001", True), ("PX1004", True), ("PX1005", True)}
    assert (await harness.handle(OpenRecall.model_validate(fields))).error_codes() == ["document_exists"]


def answers(result: ProcessingResult, sku: str) -> list[RecallOpened]:
    """The queries of a recall for one product."""
    return [RecallOpened.model_validate(data) for data in result.data_of("recall.opened.v1") if data["sku"] == sku]


async def test_recognised_name_limits_once_confirmed(
    harness: LotsHarness, skus: Mapping[str, str], recall_id: str
) -> None:
    """A product name is shown by the dry run, and limits the recall once its SKU is listed (S46)."""
    name = f"{NAMES['ham']} {skus['ham'].rpartition('-')[2].lower()}"
    result = await dry_run(harness, f"{recall_id}-1", text=f"Recall of {name}, lot B77-1")
    reading: Any = reading_of(result)
    assert [(found.sku, found.by, found.limits) for found in reading.products] == [(skus["ham"], "NAME", False)]
    assert found_lots(result, skus) == {"food": {"B77-1"}, "ham": {"B77-1"}}
    result = await dry_run(harness, f"{recall_id}-2", text=f"Recall of {name}, lot B77-1", skus=[skus["ham"]])
    reading = reading_of(result)
    assert found_lots(result, skus) == {"ham": {"B77-1"}}
    assert (skus["food"], "B77-1") in {(lot.sku, lot.lot) for lot in reading.elsewhere}


async def test_sku_that_is_a_lot_number_limits_nothing(harness: LotsHarness, recall_id: str) -> None:
    """A number that is both a SKU and a lot of another product is taken as the lot: nothing is missed (S46)."""
    messages, sku = harness.messages, f"SKU-{recall_id}"
    await harness.handle(product_changed(sku, "LOT"), messages.receive(messages.received_lot(sku.lower())))
    result = await dry_run(harness, recall_id, text=f"Recalled: {sku}.")
    assert found_lots(result, {"own": harness.sku}) == {"own": {sku.lower()}}
    assert [(found.sku, found.limits) for found in reading_of(result).products] == [(sku, False)]


async def test_recall_by_date_needs_a_product(harness: LotsHarness, recall_id: str) -> None:
    """A notice by date or of all lots that names no product is rejected; a dry run shows what it says (S46)."""
    for text in ("Sell by 2027-05-02", "All lots are recalled."):
        fields = {"recall": recall_id, "text": text, "reason": "glass"}
        result = await harness.handle(OpenRecall.model_validate(fields))
        assert result.error_codes() == ["recall_needs_products"]
    result = await dry_run(harness, recall_id, text="Sell by 2027-05-02")
    reading: Any = reading_of(result)
    assert [(found.text, found.applies) for found in reading.dates] == [("2027-05-02", False)]


async def test_arrivals_in_a_period_are_held(harness: LotsHarness, recall_id: str) -> None:
    """Later arrivals with a date in a recalled period, or without a date, are held (S46)."""
    messages = harness.messages
    command = {"recall": recall_id, "reason": "x", "text": "best by 2027-05-02 to 2027-05-09", "skus": [harness.sku]}
    await harness.handle(OpenRecall.model_validate(command | {"lots": [{"sku": harness.sku, "lot": "X"}]}))
    dates: dict[str, dict[str, Any]] = {
        "A": {"expiry": "2027-05-05"},
        "B": {"expiry": "2027-06-01"},
        "C": {"expiry": None},
    }
    dates["D"] = {"expiry": "2027-06-01", "best_before": "2027-05-09"}
    arrivals = [*dates.items(), ("E", {"expiry": "2027-05-05"}), ("E", {"expiry": "2027-06-01"})]
    await harness.handle(*(messages.receive(messages.received_lot(lot, **fields)) for lot, fields in arrivals))
    assert {lot for lot, _, held in await recalled_stock(harness, recall_id) if held} == {"A", "C", "D", "E"}


async def test_numbers_of_serials_count_once_reported(
    harness: LotsHarness, http: httpx.AsyncClient, recall_id: str
) -> None:
    """A number that no lot has is unmatched until the serials service reports a unit with it (S46)."""
    pump = f"PUMP-{uuid4().hex[:8]}"
    await harness.handle(product_changed(pump, "SERIAL"))
    command = {"recall": recall_id, "reason": "x", "text": f"{pump}: units SN 0001 and SN-0002", "serials": []}
    result = await harness.handle(OpenRecall.model_validate(command))
    body: Any = result.results[0].body
    assert (body.outstanding, body.reading.unmatched) == (1, ["0001", "SN-0002"])
    unit = RecalledSerialState(serial="sn0001", status="IN_INVENTORY", location="EAST/A-1")
    await harness.handle(SerialRecalled(recall=recall_id, sku=pump, units=[unit], is_last=True))
    recall = (await http.get(resource_path("recalls", recall_id))).json()
    assert (recall["outstanding"], recall["reading"]["unmatched"]) == (0, ["SN-0002"])
