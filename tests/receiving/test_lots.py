"""Lots from scan to receipt and return, on the real database and over HTTP."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ConfirmSession,
    DiscardSession,
    DisposeReturn,
    ReceiveReturn,
    ResolveDiscrepancy,
    ScanItems,
    UndoScan,
)
from shared.contracts.lots import LotShipped
from shared.contracts.upstream import AsnChanged, ProductDefined
from tests.receiving.conftest import ReceivingHarness
from tests.receiving.test_http import get_json, post_command


def lot_scan_command(
    harness: ReceivingHarness, *lots: dict[str, Any], sku: str | None = "MILK", **overrides: Any
) -> ScanItems:
    """A scan of lots at the dock."""
    fields = {
        "receipt": harness.scoped_id("R"), "session": "S", "sku": sku and harness.scoped_id(sku),
        "location": f"{harness.scoped_id('EAST')}/DOCK", "lots": lots,
    }  # fmt: skip
    return ScanItems.model_validate(fields | overrides)


def scanned_lot(
    number: str, quantity: float | str | None = None, expiry: str | None = "2090-01-31", **overrides: Any
) -> Any:
    """A lot entry of a scan."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **overrides}


async def test_scanned_lots_are_received_on_confirmation(milk_harness: ReceivingHarness) -> None:
    """Several lots of a line are received on confirmation with their numbers verbatim (S23, S24, S25, S26)."""
    result = await milk_harness.publish(
        lot_scan_command(
            milk_harness, scanned_lot("00a/7 B", 40), scanned_lot("00A/7 B", "59.5"), scanned_lot("x", 12)
        ),
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
        ("00a/7 B", 40, "2090-01-31", None), ("00A/7 B", 59.5, "2090-01-31", None), ("x", 0.5, "2090-01-31", None),
    ]  # fmt: skip
    assert received[1]["lots"] == [{"lot": "", "quantity": 2.5}]
    (discrepancy,) = result.data_of("discrepancy.found.v1")
    assert (discrepancy["kind"], discrepancy["lot"], discrepancy["quantity"]) == ("OVER", "x", 11.5)


async def test_lot_scans_do_not_count_as_listed_serials(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Scans of a lot-tracked line do not count as listed serials, in part or in full (S13, S16)."""
    await milk_harness.publish(
        lot_scan_command(milk_harness, scanned_lot("A", 3)),
        lot_scan_command(milk_harness, {"quantity": "0.4"}, sku="SALT"),
    )
    receipt = await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}")
    assert [
        (receipt_line["open_listed_serials"], receipt_line["scanned"]) for receipt_line in receipt["lines"]["items"]
    ] == [(0, 3), (0, 0.4)]
    await milk_harness.publish(ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S"))
    lines = (await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}/lines"))["items"]
    assert [(receipt_line["open_listed_serials"], receipt_line["received"]) for receipt_line in lines] == [
        (0, 3),
        (0, 0.4),
    ]


async def test_lot_receipt_over_http(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Each entry has its result, the receipt shows its lots, and closing reports shortages (S16, S23)."""
    receipt = milk_harness.scoped_id("R")
    body = lot_scan_command(
        milk_harness,
        scanned_lot("A", 10),
        scanned_lot("", 5),
        scanned_lot("B", 5, None),
        scanned_lot("C", 3, "2001-01-01"),
    ).model_dump(mode="json", exclude_unset=True)
    response = (await post_command(http, "/scans", **body)).json()
    assert [scan_result["status"] for scan_result in response["lots"]] == [
        "ACCEPTED",
        "LOT_REQUIRED",
        "EXPIRY_REQUIRED",
        "EXPIRED",
    ]
    case_scan = lot_scan_command(
        milk_harness, scanned_lot("A", expiry=None), sku=None, barcode=milk_harness.scoped_id("CASE")
    ).model_dump(mode="json", exclude_unset=True)
    assert (await post_command(http, "/scans", **case_scan)).json()["lots"][0]["quantity"] == 12
    session = await get_json(http, f"/receipts/{receipt}/sessions/S")
    assert [(lot_scan["lot"], lot_scan["quantity"], lot_scan["status"]) for lot_scan in session["lots"]] == [
        ("A", 22, "SCANNED")
    ]
    miscounted = await post_command(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=21)
    assert miscounted.json()["code"] == "session_count_mismatch"
    assert (await post_command(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=22)).json()["quantity"] == 22
    result = await milk_harness.publish(CloseReceipt(receipt=receipt))
    assert [
        (discrepancy["sku"], discrepancy["quantity"]) for discrepancy in result.data_of("discrepancy.found.v1")
    ] == [
        (milk_harness.scoped_id("MILK"), 78),
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
    result = await milk_harness.publish(
        lot_scan_command(milk_harness, scanned_lot("A", 130), scanned_lot("B", 5)),
        lot_scan_command(milk_harness, scanned_lot("A", 1)),
        undo,
    )
    assert result.error_codes() == []
    session = await get_json(http, f"/receipts/{receipt}/sessions/S")
    assert [(lot_scan["lot"], lot_scan["status"]) for lot_scan in session["lots"]] == [("B", "OVER")]
    await milk_harness.publish(DiscardSession(receipt=receipt, session="S"))
    assert (await get_json(http, f"/receipts/{receipt}"))["status"] == "PLANNED"
    await milk_harness.publish(
        lot_scan_command(milk_harness, scanned_lot("A", 130, manufactured_on="2089-12-01"), session="T")
    )
    await milk_harness.publish(ConfirmSession(receipt=receipt, session="T"))
    (discrepancy,) = (await get_json(http, "/discrepancies", receipt=receipt))["items"]
    assert (discrepancy["kind"], discrepancy["lot"], discrepancy["quantity"], discrepancy["allowed_resolutions"]) == (
        "OVER", "A", 30, ["ACCEPT", "RETURN_TO_VENDOR", "VOID"],
    )  # fmt: skip
    accept = {"receipt": receipt, "discrepancy": discrepancy["discrepancy"], "resolution": "ACCEPT", "reason": "kept"}
    result = await milk_harness.publish(ResolveDiscrepancy.model_validate(accept))
    (received,) = result.data_of("receipt.lots_received.v1")
    assert received["lots"] == [
        {"lot": "A", "quantity": 30, "expiry": "2090-01-31", "manufactured_on": "2089-12-01"}
    ]  # fmt: skip
    (line, _) = (await get_json(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert (line["scanned"], line["received"], line["open_unlisted_quantity"]) == (0, 130, 0)


async def test_quantities_are_exact_decimals(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Ten times 0.1 is exactly 1, in the database and in the response: quantities are never floats."""
    for _ in range(10):
        await milk_harness.publish(lot_scan_command(milk_harness, {"quantity": "0.1"}, sku="SALT"))
    result = await milk_harness.publish(ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S", quantity="1"))
    assert result.data_of("receipt.lots_received.v1")[0]["lots"] == [{"lot": "", "quantity": 1}]
    (lot_scan,) = (
        await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}/lots", sku=milk_harness.scoped_id("SALT"))
    )["items"]
    assert lot_scan["quantity"] == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"quantity": 0}, "quantity"), ({"quantity": -1}, "quantity"), ({"quantity": 10**15}, "quantity"),
        ({"quantity": "0.0000001"}, "quantity"), ({"quantity": "many"}, "quantity"),
        ({"expiry": "1900-01-01"}, "expiry"), ({"expiry": "2027-02-31"}, "expiry"), ({"expiry": 20270131}, "expiry"),
        ({"manufactured_on": "2090-02-01"}, ""),
    ],
)  # fmt: skip
async def test_invalid_quantity_or_date_returns_400(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient, bad: dict[str, Any], field: str
) -> None:  # fmt: skip
    """An invalid quantity or date is answered with 400 and the field name; the receipt stays PLANNED."""
    body = lot_scan_command(milk_harness, scanned_lot("A", 5)).model_dump(mode="json", exclude_unset=True)
    body["lots"] = [scanned_lot("A", 5), scanned_lot("B", 5) | bad]
    response = await post_command(http, "/scans", **body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert [error["field"].removesuffix(".") for error in response.json()["errors"]] == [
        f"lots.1.{field}".removesuffix(".")
    ]
    oversized_body = body | {"lots": [scanned_lot(f"{number}", 1) for number in range(501)]}
    assert (await post_command(http, "/scans", **oversized_body)).json()["errors"][0]["field"] == "lots"
    assert (await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}"))["status"] == "PLANNED"


def lots_shipped_event(harness: ReceivingHarness, *lots: tuple[str, float]) -> LotShipped:
    """An event of the lots service: milk was shipped."""
    fields = {
        "sku": harness.scoped_id("MILK"),
        "order": harness.scoped_id("SO"),
        "line": "1",
        "shipment": "SH",
        "customer": "C",
    }
    return LotShipped.model_validate(
        fields | {"lots": [{"lot": name, "quantity": quantity} for name, quantity in lots]}
    )


def return_command(harness: ReceivingHarness, *lots: tuple[str, float], name: str = "RMA") -> ReceiveReturn:
    """A return of milk."""
    fields = {
        "return_id": harness.scoped_id(name), "sku": harness.scoped_id("MILK"), "order": harness.scoped_id("SO"),
        "customer": "C", "location": f"{harness.scoped_id('EAST')}/DOCK", "reason": "sour",
    }  # fmt: skip
    return ReceiveReturn.model_validate(
        fields | {"lots": [{"lot": lot_number, "quantity": quantity} for lot_number, quantity in lots]}
    )


async def test_returned_lots_are_disposed_in_parts(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Shipped lots are returned once, on hold; parts are restocked and scrapped, and all are shown."""
    await milk_harness.publish(
        lots_shipped_event(milk_harness, ("A", 6)), lots_shipped_event(milk_harness, ("A", 4), ("B", 2.5))
    )
    result = await milk_harness.publish(return_command(milk_harness, ("A", 8), ("B", 2.5)))
    (return_event,) = result.data_of("return.lots_received.v1")
    repeated = await milk_harness.publish(return_command(milk_harness, ("A", 3), name="RMA2"))
    (violation,) = repeated.results[0].violations
    assert (violation.code, violation.blocked_by) == ("already_returned", [f"/returns/{milk_harness.scoped_id('RMA')}"])
    partial_disposition = {"return_id": milk_harness.scoped_id("RMA"), "disposition": "RESTOCK", "reason": "sealed"}
    partial_disposition["lots"] = [{"lot": "A", "quantity": 5}]  # type: ignore[assignment]
    full_disposition = {"return_id": milk_harness.scoped_id("RMA"), "disposition": "SCRAP", "reason": "sour"}
    result = await milk_harness.publish(
        DisposeReturn.model_validate(partial_disposition), DisposeReturn.model_validate(full_disposition)
    )
    disposed = [
        (disposition_event["disposition"], disposition_event["lots"], disposition_event["hold_id"])
        for disposition_event in result.data_of("return.lots_disposed.v1")
    ]
    assert disposed == [
        ("RESTOCK", [{"lot": "A", "quantity": 5}], return_event["hold_id"]),
        ("SCRAP", [{"lot": "A", "quantity": 3}, {"lot": "B", "quantity": 2.5}], return_event["hold_id"]),
    ]
    return_detail = await get_json(http, f"/returns/{milk_harness.scoped_id('RMA')}")
    assert [
        (returned_lot["lot"], returned_lot["quantity"], returned_lot["pending_quantity"])
        for returned_lot in return_detail["lots"]
    ] == [("A", 8, 0), ("B", 2.5, 0)]
    lot_page = await get_json(http, f"/returns/{milk_harness.scoped_id('RMA')}/lots", limit=1)
    dispositions = [
        (disposition["quantity"], disposition["disposition"], disposition["disposed_by"])
        for disposition in lot_page["items"][0]["dispositions"]
    ]
    assert (dispositions, lot_page["next"] is not None) == ([(5, "RESTOCK", "anna"), (3, "SCRAP", "anna")], True)


async def test_return_of_lots_before_their_shipment_is_known(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """A return before its shipment event may be retried; for another customer it stays rejected (S18)."""
    return_body = return_command(milk_harness, ("A", 8)).model_dump(mode="json", exclude_unset=True)
    early = await post_command(http, "/returns", **return_body)
    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "not_yet_available", "1")
    await milk_harness.publish(lots_shipped_event(milk_harness, ("A", 6), ("B", 1)))
    smaller = await post_command(http, "/returns", **return_body)
    assert (smaller.json()["code"], "Retry-After" in smaller.headers) == ("not_shipped_to_customer", False)
    other = await post_command(
        http, "/returns", **return_body | {"customer": "D", "lots": [{"lot": "B", "quantity": 1}]}
    )
    assert other.json()["code"] == "not_shipped_to_customer"
    await milk_harness.publish(lots_shipped_event(milk_harness, ("A", 2)))
    assert (await milk_harness.publish(return_command(milk_harness, ("A", 8)))).error_codes() == []


async def test_shelf_life_policy_is_stored_and_published(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """The shelf-life policy is published, shown, and stored with every change (S24)."""
    sku = milk_harness.scoped_id("MILK")
    result = await milk_harness.publish(ProductDefined(sku=sku, name="Milk", lot_tracked=True))
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
    assert not (await milk_harness.publish(ProductDefined(sku=sku, name="Milk", lot_tracked=True))).event_types()
    switched = await milk_harness.publish(ProductDefined(sku=sku, name="Milk"))
    assert switched.error_codes() == ["product_in_use"]


async def test_quantity_precision_of_a_product_is_enforced(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Half a bottle is not announced, scanned, returned or disposed of; tenths of a kilo of salt are (S14, S23)."""
    milk_sku, salt_sku = milk_harness.scoped_id("MILK"), milk_harness.scoped_id("SALT")
    result = await milk_harness.publish(
        ProductDefined(sku=milk_sku, name="Milk", lot_tracked=True, decimals=0),
        ProductDefined(sku=salt_sku, name="Salt", unit="kg", decimals=1),
    )
    assert [product["decimals"] for product in result.data_of("product.changed.v1")] == [0, 1]
    assert (await get_json(http, f"/products/{salt_sku}"))["decimals"] == 1
    lines = [{"line": "1", "sku": milk_sku, "quantity": "1.5"}, {"line": "2", "sku": salt_sku, "quantity": "0.5"}]
    result = await milk_harness.publish(milk_harness.asn_command("R9", lines=lines))
    assert result.error_codes() == ["quantity_precision"]
    assert result.results[0].violations[0].detail == f"Quantity 1.5 of {milk_sku}: at most 0 decimals allowed"
    await milk_harness.publish(milk_harness.asn_command("R9", lines=[lines[1] | {"quantity": "0.5"}]))
    await milk_harness.publish(ProductDefined(sku=salt_sku, name="Salt", unit="kg", decimals=0))
    removed = [lines[1] | {"quantity": "0.5"}]
    assert (
        await milk_harness.publish(
            AsnChanged.model_validate({"receipt": milk_harness.scoped_id("R9"), "remove": removed})
        )
    ).error_codes() == []
    await milk_harness.publish(ProductDefined(sku=salt_sku, name="Salt", unit="kg", decimals=1))
    result = await milk_harness.publish(
        lot_scan_command(milk_harness, scanned_lot("A", "8.5"), scanned_lot("B", 8)),
        lot_scan_command(milk_harness, {"quantity": "1.25"}, sku="SALT"),
        lot_scan_command(milk_harness, {"quantity": "1.2"}, sku="SALT"),
    )  # fmt: skip
    assert result.error_codes() == ["quantity_precision", "quantity_precision"]
    assert [violation.ids for command_result in result.results for violation in command_result.violations] == [
        ["A"],
        [""],
    ]
    await milk_harness.publish(
        ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S"), lots_shipped_event(milk_harness, ("B", 8))
    )
    assert (await milk_harness.publish(return_command(milk_harness, ("B", 1.5)))).error_codes() == [
        "quantity_precision"
    ]
    assert (await milk_harness.publish(return_command(milk_harness, ("B", 2)))).error_codes() == []
    half_unit = {"lots": [{"lot": "B", "quantity": "0.5"}], "disposition": "SCRAP", "reason": "broken"}
    assert (
        await milk_harness.publish(DisposeReturn(return_id=milk_harness.scoped_id("RMA"), **half_unit))
    ).error_codes() == ["quantity_precision"]
