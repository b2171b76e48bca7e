"""Lots from scan to receipt, on the real database and over HTTP."""

import httpx

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ConfirmSession,
    DiscardSession,
    ResolveDiscrepancy,
    UndoScan,
)
from shared.contracts.upstream import AsnAnnounced, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, scanned_lot
from tests.integration.receiving.test_http import get_json, post


async def test_scanned_lots_are_received_on_confirmation(milk_harness: ReceivingHarness) -> None:
    """Several lots of a line are received on confirmation with their numbers verbatim (S23, S24, S25, S26)."""
    result = await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("00a/7 B", 40), scanned_lot("0A/7 B", "59.5"), scanned_lot("x", 12)),
        lot_scan_command(milk_harness, {"quantity": "1.25"}, sku="SALT"),
        lot_scan_command(milk_harness, {"quantity": "1.25"}, sku="SALT"),
        ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S", quantity="114.000"),
    )
    assert result.error_codes() == []
    received = result.data_of("receipt.lots_received.v1")
    assert [(data["line"], data["tracking"], data["supplier"]) for data in received] == [
        ("1", "LOT", "Dairy"),
        ("2", "NONE", "Dairy"),
    ]
    milk_lots = [
        (received_lot["lot"], received_lot["quantity"], received_lot["expiry"], received_lot.get("hold_id"))
        for received_lot in received[0]["lots"]
    ]
    assert milk_lots == [
        ("00a/7 B", 40, "2090-01-31", None), ("0A/7 B", 59.5, "2090-01-31", None), ("x", 0.5, "2090-01-31", None),
    ]  # fmt: skip
    assert received[1]["lots"] == [{"lot": "", "quantity": 2.5}]
    (discrepancy,) = result.data_of("discrepancy.found.v1")
    assert (discrepancy["kind"], discrepancy["lot"], discrepancy["quantity"]) == ("OVER", "x", 11.5)


async def test_lot_scans_do_not_count_as_listed_serials(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Scans of a lot-tracked line do not count as listed serials, in part or in full (S13, S16)."""
    await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("A", 3)),
        lot_scan_command(milk_harness, {"quantity": "0.4"}, sku="SALT"),
    )
    receipt = await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}")
    assert [
        (receipt_line["open_listed_serials"], receipt_line["scanned"]) for receipt_line in receipt["lines"]["items"]
    ] == [(0, 3), (0, 0.4)]
    await milk_harness.handle(ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S"))
    lines = (await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}/lines"))["items"]
    assert [(receipt_line["open_listed_serials"], receipt_line["received"]) for receipt_line in lines] == [
        (0, 3),
        (0, 0.4),
    ]


async def test_lot_receipt_over_http(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Each entry has its result; closing reports what neither was received nor rejected (S16, S23)."""
    receipt = milk_harness.scoped_id("R")
    body = lot_scan_command(
        milk_harness,
        scanned_lot("A", 10),
        scanned_lot("", 5),
        scanned_lot("B", 5, None),
        scanned_lot("C", 3, "2001-01-01"),
    ).model_dump(mode="json", exclude_unset=True)
    response = (await post(http, "/scans", **body)).json()
    assert [scan_result["status"] for scan_result in response["lots"]] == [
        "ACCEPTED",
        "LOT_REQUIRED",
        "EXPIRY_REQUIRED",
        "EXPIRED",
    ]
    case_scan = lot_scan_command(
        milk_harness, scanned_lot("A", expiry=None), sku=None, barcode=milk_harness.scoped_id("CASE")
    ).model_dump(mode="json", exclude_unset=True)
    assert (await post(http, "/scans", **case_scan)).json()["lots"][0]["quantity"] == 12
    session = await get_json(http, f"/receipts/{receipt}/sessions/S")
    assert [(lot_scan["lot"], lot_scan["quantity"], lot_scan["status"]) for lot_scan in session["lots"]] == [
        ("A", 22, "SCANNED")
    ]
    miscounted = await post(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=21)
    assert miscounted.json()["code"] == "session_count_mismatch"
    assert (await post(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=22)).json()["quantity"] == 22
    result = await milk_harness.handle(CloseReceipt(receipt=receipt))
    assert [
        (discrepancy["sku"], discrepancy["quantity"]) for discrepancy in result.data_of("discrepancy.found.v1")
    ] == [
        (milk_harness.scoped_id("MILK"), 70),
        (milk_harness.scoped_id("SALT"), 2.5),
    ]
    lots = (await get_json(http, f"/receipts/{receipt}/lots"))["items"]
    assert [(lot_scan["lot"], lot_scan["status"], lot_scan["line"]) for lot_scan in lots] == [("A", "RECEIVED", "1")]
    receipt_detail = await get_json(http, f"/receipts/{receipt}")
    assert [
        (receipt_line["received"], receipt_line["missing_quantity"])
        for receipt_line in receipt_detail["lines"]["items"]
    ] == [(22, 0), (0, 0)]


async def test_undone_scans_and_over_receipt(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Undo removes a lot completely; an over-receipt is shown, and received once accepted (S16)."""
    receipt = milk_harness.scoped_id("R")
    undo = UndoScan(receipt=receipt, session="S", sku=milk_harness.scoped_id("MILK"), lots=["A"])
    result = await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("A", 130), scanned_lot("B", 5)),
        lot_scan_command(milk_harness, scanned_lot("A", 1)),
        undo,
    )
    assert result.error_codes() == []
    session = await get_json(http, f"/receipts/{receipt}/sessions/S")
    assert [(lot_scan["lot"], lot_scan["status"]) for lot_scan in session["lots"]] == [("B", "OVER")]
    await milk_harness.handle(DiscardSession(receipt=receipt, session="S"))
    assert (await get_json(http, f"/receipts/{receipt}"))["status"] == "PLANNED"
    await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("A", 130, manufactured_on="2025-12-01"), session="T")
    )
    await milk_harness.handle(ConfirmSession(receipt=receipt, session="T"))
    (discrepancy,) = (await get_json(http, "/discrepancies", receipt=receipt))["items"]
    assert (discrepancy["kind"], discrepancy["lot"], discrepancy["quantity"], discrepancy["allowed_resolutions"]) == (
        "OVER", "A", 30, ["ACCEPT", "RETURN_TO_VENDOR", "VOID"],
    )  # fmt: skip
    accept = {"receipt": receipt, "discrepancy": discrepancy["discrepancy"], "resolution": "ACCEPT", "reason": "kept"}
    result = await milk_harness.handle(ResolveDiscrepancy.model_validate(accept))
    (received,) = result.data_of("receipt.lots_received.v1")
    assert received["lots"] == [
        {"lot": "A", "quantity": 30, "expiry": "2090-01-31", "manufactured_on": "2025-12-01"}
    ]  # fmt: skip
    (line, _) = (await get_json(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert (line["scanned"], line["received"], line["open_unlisted_quantity"]) == (0, 130, 0)


async def test_shelf_life_policy_is_stored_and_published(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """The shelf-life policy is published, shown, and stored with every change (S24)."""
    sku = milk_harness.scoped_id("MILK")
    result = await milk_harness.handle(ProductDefined(sku=sku, shelf_life=None))
    (changed,) = result.data_of("product.changed.v1")
    assert (
        changed["version"],
        changed["shelf_life"]["expiry_required"],
        changed["shelf_life"]["min_remaining_shelf_life_at_receipt"],
    ) == (
        2,
        True,
        0,
    )
    assert (await get_json(http, f"/products/{sku}"))["shelf_life"]["expiry_alert_days"] == [90, 60, 30, 7]
    (latest_change, first_change) = (await get_json(http, f"/products/{sku}/changes"))["items"]
    assert (
        latest_change["before"]["shelf_life"],
        first_change["after"]["shelf_life"]["min_remaining_shelf_life_at_receipt"],
    ) == (first_change["after"]["shelf_life"], 5)
    assert not (await milk_harness.handle(ProductDefined(sku=sku, name="Milk", lot_tracked=True))).event_types()
    switched = await milk_harness.handle(ProductDefined(sku=sku, lot_tracked=False))
    assert switched.error_codes() == ["product_in_use"]


async def test_lines_show_what_was_received_of_announced_lots(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """More than announced of a lot is shown with the line; it is no discrepancy while the line total fits (S16)."""
    harness, receipt = milk_harness, milk_harness.scoped_id("RL")
    lots = [{"lot": "L-1", "quantity": 6}, {"lot": "L-2", "quantity": 4}]
    line = {"line": "1", "sku": harness.scoped_id("MILK"), "quantity": 10, "lots": lots}
    announced = {"receipt": receipt, "warehouse": harness.scoped_id("EAST"), "lines": [line]}
    await harness.handle(
        AsnAnnounced.model_validate(announced),
        lot_scan_command(harness, scanned_lot("L-1", 8), receipt=receipt),
        ConfirmSession(receipt=receipt, session="S"),
    )
    (shown,) = (await get_json(http, f"/receipts/{receipt}/lines"))["items"]
    assert [(lot["lot"], lot["quantity"], lot["received"]) for lot in shown["lots"]] == [("L-1", 6, 8), ("L-2", 4, 0)]
    assert (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"] == []
