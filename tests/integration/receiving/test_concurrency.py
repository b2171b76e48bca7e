"""Concurrent commands of two replicas or two users on the same units."""

import asyncio

from shared.contracts.commands.receiving import CloseReceipt, ConfirmSession, ResolveDiscrepancy
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import AsnCancelled, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, lots_shipped_event, return_command, scanned_lot


async def test_concurrent_scans_of_the_same_serials_on_two_receipts(harness: ReceivingHarness) -> None:
    """Two replicas scan the same 300 new serials on two receipts: each serial is accepted exactly once (S18)."""
    serials = [f"N{number}" for number in range(300)]
    await harness.handle(harness.asn_command("R1", quantity=300), harness.asn_command("R2", quantity=300))
    scans = [
        harness.handle_with_retry(harness.scan_command(receipt, *serials[start : start + 25]))
        for start in range(0, 300, 25)
        for receipt in ("R1", "R2")
    ]
    results = await asyncio.gather(*scans)
    scan_statuses = [
        (scan_result.serial, scan_result.status)
        for result in results
        for scan_result in result.results[0].body.scan_results  # type: ignore[union-attr]
    ]
    accepted = [serial for serial, status in scan_statuses if status == "ACCEPTED"]
    assert sorted(accepted) == sorted(serials)
    assert sum(status == "DUPLICATE_SERIAL" for _, status in scan_statuses) == 300
    assert len(await harness.unit_statuses()) == 300


async def test_concurrent_closing_and_take_over(harness: ReceivingHarness) -> None:
    """Closing a receipt while another takes over its unit cancels the expectation once and receives the unit once.

    The two commands have no common lock, so the record versions detect the conflict.
    """
    for attempt in range(8):
        first_receipt, second_receipt, serial = f"C{attempt}", f"T{attempt}", f"X{attempt}"
        await harness.handle(
            harness.asn_command(first_receipt, serial, quantity=2), harness.asn_command(second_receipt, quantity=1)
        )
        await harness.handle(harness.scan_command(second_receipt, serial))
        await harness.handle(harness.confirm_command(second_receipt))
        (discrepancy,) = await harness.fetch_all(
            "SELECT discrepancy, kind FROM discrepancy WHERE receipt = :receipt",
            receipt=harness.scoped_id(second_receipt),
        )
        assert discrepancy["kind"] == "EXPECTED_ON_OTHER_RECEIPT"
        accept = ResolveDiscrepancy(
            receipt=harness.scoped_id(second_receipt),
            discrepancy=discrepancy["discrepancy"],
            resolution="ACCEPT",
            reason="it is here",
        )
        closed, resolved = await asyncio.gather(
            harness.handle_with_retry(CloseReceipt(receipt=harness.scoped_id(first_receipt))),
            harness.handle_with_retry(accept),
        )
        cancelled_events = [
            data for result in (closed, resolved) for data in result.data_of("receipt.line_cancelled.v1")
        ]
        assert [data["serials"] for data in cancelled_events if data.get("serials")] == [[serial]]
        assert resolved.data_of("receipt.serials_received.v1")[0]["serials"] == [serial]
        assert (await harness.unit_statuses())[serial] == "ON_HAND"


async def test_concurrent_cancellation_and_take_over(harness: ReceivingHarness) -> None:
    """Cancelling an ASN while a newer one lists its units: each is cancelled once and expected on the newer one."""
    for attempt in range(8):
        serials = [f"Y{attempt}-{number}" for number in range(20)]
        await harness.handle(harness.asn_command(f"C{attempt}", *serials))
        cancelled, announced = await asyncio.gather(
            harness.handle_with_retry(AsnCancelled(receipt=harness.scoped_id(f"C{attempt}"))),
            harness.handle_with_retry(harness.asn_command(f"N{attempt}", *serials)),
        )
        cancelled_events = [
            data for result in (cancelled, announced) for data in result.data_of("receipt.line_cancelled.v1")
        ]
        cancelled_serials = [serial for data in cancelled_events for serial in data.get("serials", ())]
        assert sorted(cancelled_serials) == sorted(serials)
        (expected_event,) = announced.data_of("receipt.line_expected.v1")
        assert expected_event["serials"] == serials
        statuses = await harness.unit_statuses()
        assert {statuses[serial] for serial in serials} == {"EXPECTED"}


async def test_concurrent_cancellation_and_product_definition(harness: ReceivingHarness) -> None:
    """Defining a product while an ASN that awaits it is cancelled leaves no unit and no event with an expectation."""
    for attempt in range(8):
        sku, receipt = harness.scoped_id(f"LATE{attempt}"), harness.scoped_id(f"W{attempt}")
        asn_line = {"line": "1", "sku": sku, "quantity": 2, "serials": ["A", "B"]}
        assert not (await harness.handle(harness.asn_command(f"W{attempt}", lines=[asn_line]))).event_types()
        defined = await harness.handle(ProductDefined(sku=sku, name="Late", serial_tracked=True))
        product_event = defined.data_of("product.changed.v1")[0]
        planned_result, cancelled = await asyncio.gather(
            harness.handle_with_retry(ProductChanged.model_validate(product_event)),
            harness.handle_with_retry(AsnCancelled(receipt=receipt)),
        )
        expected_serials = [
            serial for data in planned_result.data_of("receipt.line_expected.v1") for serial in data.get("serials", ())
        ]
        cancelled_serials = [
            serial for data in cancelled.data_of("receipt.line_cancelled.v1") for serial in data.get("serials", ())
        ]
        assert expected_serials == cancelled_serials
        units = await harness.fetch_all("SELECT status FROM unit WHERE sku = :sku", sku=sku)
        assert {unit["status"] for unit in units} == {"INACTIVE"}


async def test_concurrent_claims_of_one_barcode(harness: ReceivingHarness) -> None:
    """Two products claim one barcode concurrently: one gets it, the other is rejected."""
    definitions = [
        ProductDefined.model_validate(
            {"sku": harness.scoped_id(name), "name": name, "barcodes": [{"code": harness.scoped_id("BAR")}]}
        )
        for name in ("ONE", "TWO")
    ]
    results = await asyncio.gather(*(harness.handle_with_retry(definition) for definition in definitions))
    assert sorted(code for result in results for code in result.error_codes()) == ["barcode_taken"]
    owners = await harness.fetch_all("SELECT sku FROM barcode WHERE code = :code", code=harness.scoped_id("BAR"))
    assert len(owners) == 1


async def test_concurrent_lot_scans_on_one_line(milk_harness: ReceivingHarness) -> None:
    """Twelve users scan 15 of a lot each on a line of 100: 100 are accepted, 80 unmatched, none is lost."""
    scans = [
        lot_scan_command(milk_harness, scanned_lot(f"L{number % 2}", 15), session=f"S{number}") for number in range(12)
    ]
    results = await asyncio.gather(*(milk_harness.handle_with_retry(command) for command in scans))
    scan_results = [result.results[0].body.lots[0] for result in results]  # type: ignore[union-attr]
    assert (
        sum(scan_result.quantity for scan_result in scan_results),
        sum(scan_result.unmatched for scan_result in scan_results),
    ) == (100, 80)
    confirmations = await asyncio.gather(
        *(
            milk_harness.handle_with_retry(ConfirmSession(receipt=milk_harness.scoped_id("R"), session=f"S{number}"))
            for number in range(12)
        )
    )
    received_events = [data for result in confirmations for data in result.data_of("receipt.lots_received.v1")]
    assert sum(received_lot["quantity"] for data in received_events for received_lot in data["lots"]) == 100


async def test_concurrent_returns_of_one_lot(milk_harness: ReceivingHarness) -> None:
    """Eight concurrent returns of 3 out of 10 shipped: three are accepted, 9 are returned."""
    await milk_harness.handle(lots_shipped_event(milk_harness, ("A", 10)))
    returns = [return_command(milk_harness, ("A", 3), name=f"RMA{number}") for number in range(8)]
    results = await asyncio.gather(*(milk_harness.handle_with_retry(return_) for return_ in returns))
    assert sorted(code for result in results for code in result.error_codes()) == ["already_returned"] * 5
    (row,) = await milk_harness.fetch_all(
        "SELECT shipped, returned FROM shipped_lot WHERE order_id = :order", order=milk_harness.scoped_id("SO")
    )
    assert (row["shipped"], row["returned"]) == (10, 9)
