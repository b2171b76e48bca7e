"""Quantities and dates of lots: exact decimals, precision of the product, and invalid values."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.receiving import ConfirmSession, DisposeReturn
from shared.contracts.upstream import AsnChanged, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, lots_shipped_event, return_command, scanned_lot
from tests.integration.receiving.test_http import get_json, post


async def test_quantities_are_exact_decimals(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Ten times 0.1 is exactly 1, in the database and in the response: quantities are never floats."""
    for _ in range(10):
        await milk_harness.handle(lot_scan_command(milk_harness, {"quantity": "0.1"}, sku="SALT"))
    result = await milk_harness.handle(ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S", quantity="1"))
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
    response = await post(http, "/scans", **body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert [error["field"].removesuffix(".") for error in response.json()["errors"]] == [
        f"lots.1.{field}".removesuffix(".")
    ]
    oversized_body = body | {"lots": [scanned_lot(f"{number}", 1) for number in range(501)]}
    assert (await post(http, "/scans", **oversized_body)).json()["errors"][0]["field"] == "lots"
    assert (await get_json(http, f"/receipts/{milk_harness.scoped_id('R')}"))["status"] == "PLANNED"


async def test_quantity_precision_of_a_product_is_enforced(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Half a bottle is not announced, scanned, returned or disposed of; tenths of a kilo of salt are (S14, S23)."""
    milk_sku, salt_sku = milk_harness.scoped_id("MILK"), milk_harness.scoped_id("SALT")
    expected: list[dict[str, Any]] = [
        {"line": "1", "sku": milk_sku, "quantity": 100},
        {"line": "2", "sku": salt_sku, "quantity": "2.5"},
    ]
    withdrawn = [line | {"quantity": 0} for line in expected]
    await milk_harness.handle(AsnChanged.model_validate({"receipt": milk_harness.scoped_id("R"), "lines": withdrawn}))
    result = await milk_harness.handle(
        ProductDefined(sku=milk_sku, decimals=0), ProductDefined(sku=salt_sku, decimals=1)
    )
    await milk_harness.handle(AsnChanged.model_validate({"receipt": milk_harness.scoped_id("R"), "lines": expected}))
    assert [product["decimals"] for product in result.data_of("product.changed.v1")] == [0, 1]
    assert (await get_json(http, f"/products/{salt_sku}"))["decimals"] == 1
    lines = [{"line": "1", "sku": milk_sku, "quantity": "1.5"}, {"line": "2", "sku": salt_sku, "quantity": "0.5"}]
    result = await milk_harness.handle(milk_harness.asn_command("R9", lines=lines))
    assert result.error_codes() == ["quantity_precision"]
    assert result.results[0].violations[0].detail == f"Quantity 1.5 of {milk_sku}: at most 0 decimals allowed"
    result = await milk_harness.handle(milk_harness.asn_command("R9", lines=[lines[1] | {"quantity": "0.5"}]))
    assert result.error_codes() == []
    result = await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("A", "8.5"), scanned_lot("B", 8)),
        lot_scan_command(milk_harness, {"quantity": "1.25"}, sku="SALT"),
        lot_scan_command(milk_harness, {"quantity": "1.2"}, sku="SALT"),
    )  # fmt: skip
    assert result.error_codes() == ["quantity_precision", "quantity_precision"]
    assert [violation.ids for command_result in result.results for violation in command_result.violations] == [
        ["A"],
        [""],
    ]
    await milk_harness.handle(
        ConfirmSession(receipt=milk_harness.scoped_id("R"), session="S"), lots_shipped_event(milk_harness, ("B", 8))
    )
    assert (await milk_harness.handle(return_command(milk_harness, ("B", 1.5)))).error_codes() == ["quantity_precision"]
    assert (await milk_harness.handle(return_command(milk_harness, ("B", 2)))).error_codes() == []
    half_unit = {"lots": [{"lot": "B", "quantity": "0.5"}], "disposition": "SCRAP", "reason": "broken"}
    assert (
        await milk_harness.handle(DisposeReturn(return_id=milk_harness.scoped_id("RMA"), **half_unit))
    ).error_codes() == ["quantity_precision"]
