"""Messages that arrive late, early, twice, or for an unknown receipt."""

from typing import Any

from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.envelope import CloudEvent
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted, SerialStateChanged
from shared.contracts.upstream import AsnCancelled, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.events import to_event


async def test_asn_before_its_product(harness: ReceivingHarness) -> None:
    """A line awaits its product; once the product is defined, its units are expected and can be scanned."""
    sku = harness.scoped_id("LATE")
    asn_line = {"line": "1", "sku": sku, "quantity": 3, "serials": ["A", "B"]}
    assert (await harness.handle(harness.asn_command("R", lines=[asn_line]))).event_types() == []
    assert (await harness.handle(harness.scan_command("R", "A", sku=sku))).error_codes() == ["product_not_found"]
    defined = await harness.handle(ProductDefined(sku=sku, name="Late", serial_tracked=True))
    product_event = ProductChanged.model_validate(defined.data_of("product.changed.v1")[0])
    expected_events = (await harness.handle(product_event)).data_of("receipt.line_expected.v1")
    assert [(data.get("serials", []), data["quantity"]) for data in expected_events] == [(["A", "B"], 2), ([], 1)]
    assert (await harness.handle(product_event)).event_types() == []
    assert (await harness.handle(harness.scan_command("R", "A", "x", sku=sku))).results[0].violations == []


async def test_scan_before_its_receipt(harness: ReceivingHarness) -> None:
    """A scan before its receipt is rejected and recorded, and succeeds when sent again after the ASN."""
    scan = harness.scan_command("R", "A")
    result = await harness.handle(scan)
    assert (result.error_codes(), result.event_types()) == (["receipt_not_found"], ["receipt.rejected.v1"])
    (rejection,) = await harness.fetch_all(
        "SELECT * FROM rejection WHERE document = :document", document=harness.scoped_id("R")
    )
    assert (rejection["actor"], rejection["type"], rejection["raw"]["serials"]) == ("anna", "session.scan.v1", ["A"])
    await harness.handle(harness.asn_command("R", "A"))
    assert (await harness.handle(scan)).error_codes() == []


async def test_cancellation_before_its_asn(harness: ReceivingHarness) -> None:
    """A cancellation before its ASN is stored, and the serials are available to another ASN."""
    assert (await harness.handle(AsnCancelled(receipt=harness.scoped_id("R")))).error_codes() == []
    result = await harness.handle(harness.asn_command("R", "A", "B"))
    assert result.event_types() == ["receipt.closed.v1"]
    assert await harness.unit_statuses() == {}
    assert (await harness.handle(harness.asn_command("R2", "A", "B"))).event_types() == ["receipt.line_expected.v1"]


async def test_redelivered_batch_has_no_effect(harness: ReceivingHarness) -> None:
    """Redelivered messages have no effect, also when mixed with new ones."""
    batch: list[CloudEvent[Any]] = [
        to_event(harness.asn_command("R", "A", quantity=5)),
        to_event(harness.scan_command("R", "A", "x")),
        to_event(harness.confirm_command("R")),
    ]
    await harness.handle_events(batch)
    lines_before = await harness.fetch_all(
        "SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=harness.scoped_id("R")
    )
    result = await harness.handle_events([*batch, *batch, to_event(harness.asn_command("R3", "C"))])
    assert result.event_types() == ["receipt.line_expected.v1"]
    lines_after = await harness.fetch_all(
        "SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=harness.scoped_id("R")
    )
    assert lines_before == lines_after


async def test_resent_asn_part_adds_no_serial_twice(harness: ReceivingHarness) -> None:
    """An ASN part sent again as a new message changes nothing."""
    await harness.handle(harness.asn_command("R", "A", "B"))
    result = await harness.handle(harness.asn_command("R", "A", "B"))
    assert (result.error_codes(), result.event_types()) == ([], [])
    (line,) = await harness.fetch_all(
        "SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=harness.scoped_id("R")
    )
    assert (int(line["expected_quantity"]), line["listed_serials"]) == (2, 2)


async def test_serial_voided_by_the_serials_service(harness: ReceivingHarness) -> None:
    """A unit voided by the serials service stays registered, and its line accepts another unit (S18)."""
    await harness.handle(harness.asn_command("R", "A"), harness.scan_command("R", "A"), harness.confirm_command("R"))
    await harness.handle(
        SerialAdjusted(sku=harness.scoped_id("PUMP"), serials=["A"], adjustment="VOID", reason="typed wrong")
    )
    assert await harness.unit_statuses() == {"A": "VOID"}
    result = await harness.handle(harness.scan_command("R", "A", "A1", session="T"))
    body = result.results[0].body
    assert body is not None
    assert [scan_result["status"] for scan_result in body.model_dump()["scan_results"]] == [
        "DUPLICATE_SERIAL",
        "ACCEPTED",
    ]


async def test_return_before_its_shipment_is_known(harness: ReceivingHarness) -> None:
    """A return before its shipment event is rejected as not yet available; afterwards it is accepted once."""
    sku = harness.scoped_id("PUMP")
    await harness.handle(harness.asn_command("R", "A"), harness.scan_command("R", "A"), harness.confirm_command("R"))
    return_command = ReceiveReturn(
        return_id=harness.scoped_id("RMA"), order="SO", customer="C", sku=sku, serials=["A"],
        location=f"{harness.scoped_id('EAST')}/DOCK", reason="broken",
    )  # fmt: skip
    harness.is_settled = False
    assert (await harness.handle(return_command)).error_codes() == ["not_yet_available"]
    harness.is_settled = True
    assert (await harness.handle(return_command)).error_codes() == ["not_shipped_to_customer"]
    shipped_event = SerialStateChanged(
        sku=sku, serials=["A"], versions=[6], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="C",
    )  # fmt: skip
    stored_event = SerialStateChanged(
        sku=sku, serials=["A"], versions=[3], from_status="RECEIVED", status="IN_INVENTORY", reason="put away"
    )
    await harness.handle(stored_event, shipped_event)
    assert await harness.unit_statuses() == {"A": "SHIPPED"}
    (returned,) = (await harness.handle(return_command)).data_of("return.serials_received.v1")
    assert returned["versions"] == [5]
    assert (await harness.handle(return_command)).error_codes() == ["already_returned"]
    assert (await harness.handle(harness.asn_command("R2", "A"))).error_codes() == ["duplicate_serial"]


async def test_shipment_of_an_unknown_serial_is_a_conflict(harness: ReceivingHarness) -> None:
    """A shipment of a unit that was never received is recorded as an event conflict and changes nothing."""
    shipped_event = SerialStateChanged(
        sku=harness.scoped_id("PUMP"), serials=["X"], versions=[6], from_status="PICKED", status="SHIPPED",
        reason="dispatched", order="SO", customer="C",
    )  # fmt: skip
    assert (await harness.handle(shipped_event)).event_types() == ["receipt.rejected.v1"]
    (rejection,) = await harness.fetch_all(
        "SELECT kind, codes FROM rejection WHERE document = :sku", sku=harness.scoped_id("PUMP")
    )
    assert rejection == {"kind": "EVENT_CONFLICT", "codes": ["illegal_transition"]}
    assert await harness.unit_statuses() == {}
