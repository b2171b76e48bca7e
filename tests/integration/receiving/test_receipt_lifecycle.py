"""A receipt from announcement to closing, on the real database."""

from sqlalchemy import text

from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.upstream import ProductDefined
from shared.persistence.database import transaction
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.events import to_event


async def test_receipt_from_announcement_to_closing(harness: ReceivingHarness) -> None:
    """An ASN is announced, scanned, confirmed and closed; each step is published (S05, S06, S16)."""
    assert (await harness.handle(harness.asn_command("R", "A", "B", quantity=3))).event_types() == [
        "receipt.line_expected.v1"
    ]
    result = await harness.handle(harness.scan_command("R", "A", "x", "A", "b"))
    assert result.error_codes() == ["duplicate_serial_in_request"]
    assert result.event_types() == ["receipt.rejected.v1"]
    result = await harness.handle(harness.confirm_command("R"))
    assert result.event_types() == ["receipt.serials_received.v1", "discrepancy.found.v1"]
    closing = CloseReceipt(receipt=harness.scoped_id("R"))
    assert (await harness.handle(closing)).error_codes() == ["discrepancy_open"]
    await harness.handle(*await harness.void_commands(closing.receipt))
    result = await harness.handle(closing)
    assert result.event_types() == ["receipt.line_cancelled.v1", "discrepancy.found.v1", "receipt.closed.v1"]
    assert await harness.unit_statuses() == {"A": "ON_HAND", "B": "INACTIVE", "x": "ON_HAND"}


async def test_complete_receipt_in_one_batch(harness: ReceivingHarness) -> None:
    """Announcement, scans, confirmation and closing in one batch: each command sees the previous ones."""
    result = await harness.handle(
        harness.asn_command("R", "A", "B", "C"),
        harness.scan_command("R", "A", "B", "a\n"),
        harness.scan_command("R", "B", session="T"),
        harness.confirm_command("R"),
        CloseReceipt(receipt=harness.scoped_id("R")),
        harness.scan_command("R", "C", session="U"),
    )
    assert result.error_codes() == ["invalid_serial", "duplicate_serial_in_request", "receipt_closed"]
    assert await harness.unit_statuses() == {"A": "ON_HAND", "B": "ON_HAND", "C": "INACTIVE"}
    (line,) = await harness.fetch_all(
        "SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=harness.scoped_id("R")
    )
    assert (int(line["expected_quantity"]), line["listed_serials"], line["scanned"], line["received"]) == (3, 3, 0, 2)


async def test_open_discrepancy_of_a_closed_receipt_is_decidable(harness: ReceivingHarness) -> None:
    """A receipt that an earlier release closed keeps its open discrepancies; MATCH receives the expected unit (S16)."""
    receipt = harness.scoped_id("R")
    await harness.handle(harness.asn_command("R", "B"), harness.scan_command("R", "b"), harness.confirm_command("R"))
    (void,) = await harness.void_commands(receipt)
    await harness.handle(void, CloseReceipt(receipt=receipt))
    async with transaction(harness.engine) as tx:
        statement = text("UPDATE discrepancy SET resolution = NULL WHERE discrepancy = :discrepancy")
        await tx.execute(statement, {"discrepancy": void.discrepancy})
    match = void.model_copy(update={"resolution": "MATCH"})
    assert (await harness.handle(match)).event_types() == ["receipt.serials_received.v1", "discrepancy.resolved.v1"]
    assert await harness.unit_statuses() == {"B": "ON_HAND"}


async def test_every_event_names_its_actor_and_cause(harness: ReceivingHarness) -> None:
    """Each event has the actor and the causing message; scans keep their own actor (S22)."""
    closing = CloseReceipt(receipt=harness.scoped_id("R"))
    for payload in (
        harness.asn_command("R", "A", "B"),
        harness.scan_command("R", "A", "z"),
        harness.confirm_command("R"),
        None,
        closing,
    ):
        sent = to_event(payload or (await harness.void_commands(closing.receipt))[0], "bo")
        for emitted in (await harness.handle_events([sent])).events:
            assert (emitted["data"]["actor"], emitted["data"]["cause"]) == ("bo", {"source": "test", "id": sent.id})
    units = await harness.fetch_all(
        "SELECT serial, scanned_by FROM unit WHERE sku = :sku ORDER BY 1", sku=harness.scoped_id("PUMP")
    )
    assert [(unit["serial"], unit["scanned_by"]) for unit in units] == [("A", "bo"), ("B", None)]
    (discrepancy,) = await harness.fetch_all(
        "SELECT found_by FROM discrepancy WHERE receipt = :receipt AND kind = 'UNEXPECTED'",
        receipt=harness.scoped_id("R"),
    )
    assert discrepancy["found_by"] == "bo"


async def test_barcode_identifies_the_product(harness: ReceivingHarness) -> None:
    """A barcode identifies the scanned product (S13)."""
    code = harness.scoped_id("BAR")
    pump = {"sku": harness.scoped_id("PUMP"), "name": "Pump", "serial_tracked": True, "barcodes": [{"code": code}]}
    await harness.handle(ProductDefined.model_validate(pump), harness.asn_command("R", "A"))
    result = await harness.handle(
        harness.scan_command("R", "A", sku=None, barcode=code), harness.scan_command("R", "A", sku=None, barcode="?")
    )
    assert result.error_codes() == ["product_not_found"]
    assert await harness.unit_statuses() == {"A": "SCANNED"}
