"""Counted goods from their scan to stock.received, on the real database and over HTTP."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.receiving import CloseReceipt, ConfirmSession, Scan
from shared.contracts.upstream import AsnAnnounced, ProductDefined
from tests.receiving.conftest import Line
from tests.receiving.test_http import get, post


@pytest.fixture
async def milk(floor: Line) -> Line:
    """Milk is lot-tracked, twelve bottles a case; receipt R announces a hundred of it and 2.5 kg of salt."""
    product = {
        "sku": floor.no("MILK"), "name": "Milk", "lot_tracked": True,
        "barcodes": [{"code": floor.no("CASE"), "quantity": 12}], "life": {"min_life_at_receipt": 5},
    }  # fmt: skip
    lines = [
        {"line": "1", "sku": floor.no("MILK"), "quantity": 100},
        {"line": "2", "sku": floor.no("SALT"), "quantity": "2.5"},
    ]
    announced = {"receipt": floor.no("R"), "warehouse": floor.no("EAST"), "lines": lines, "supplier": "Dairy"}
    await floor.say(ProductDefined.model_validate(product), AsnAnnounced.model_validate(announced))
    return floor


def scan(floor: Line, *lots: dict[str, Any], sku: str | None = "MILK", **more: Any) -> Scan:
    """A scan of lots at the dock."""
    named = {
        "receipt": floor.no("R"), "session": "S", "sku": sku and floor.no(sku), "location": f"{floor.no('EAST')}/DOCK",
        "lots": lots,
    }  # fmt: skip
    return Scan.model_validate(named | more)


def lot(number: str, quantity: float | str | None = None, expiry: str | None = "2090-01-31", **more: Any) -> Any:
    """A lot as it is scanned."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **more}


async def test_from_scan_to_stock(milk: Line) -> None:
    """Several lots of a line, numbers verbatim, are received with the confirmation, not later (S23, S24, S25, S26)."""
    told = await milk.say(
        scan(milk, lot("00a/7 B", 40), lot("00A/7 B", "59.5"), lot("x", 12)),
        scan(milk, {"quantity": "1.25"}, sku="SALT"),
        scan(milk, {"quantity": "1.25"}, sku="SALT"),
        ConfirmSession(receipt=milk.no("R"), session="S", quantity="114.000"),
    )
    assert told.codes() == []
    received = told.data("stock.received.v1")
    assert [(data["line"], data["tracking"], data["supplier"]) for data in received] == [
        ("1", "LOT", "Dairy"),
        ("2", "NONE", "Dairy"),
    ]
    milks = [(one["lot"], one["quantity"], one["expiry"], one.get("hold")) for one in received[0]["lots"]]
    assert milks == [
        ("00a/7 B", 40, "2090-01-31", None), ("00A/7 B", 59.5, "2090-01-31", None), ("x", 0.5, "2090-01-31", None),
    ]  # fmt: skip
    assert received[1]["lots"] == [{"lot": "", "quantity": 2.5}]
    (over,) = told.data("discrepancy.found.v1")
    assert (over["kind"], over["lot"], over["quantity"]) == ("OVER", "x", 11.5)


async def test_over_http(milk: Line, http: httpx.AsyncClient) -> None:
    """Each entry has its verdict, the receipt shows its lots, and closing says what is short (S16, S23)."""
    receipt = milk.no("R")
    body = scan(milk, lot("A", 10), lot("", 5), lot("B", 5, None), lot("C", 3, "2001-01-01")).model_dump(
        mode="json", exclude_unset=True
    )
    answer = (await post(http, "/scans", **body)).json()
    assert [one["verdict"] for one in answer["lots"]] == ["ACCEPTED", "LOT_MISSING", "EXPIRY_MISSING", "EXPIRED"]
    case = scan(milk, lot("A", expiry=None), sku=None, barcode=milk.no("CASE")).model_dump(
        mode="json", exclude_unset=True
    )
    assert (await post(http, "/scans", **case)).json()["lots"][0]["quantity"] == 12
    session = await get(http, f"/receipts/{receipt}/sessions/S")
    assert [(one["lot"], one["quantity"], one["state"]) for one in session["lots"]] == [("A", 22, "SCANNED")]
    miscounted = await post(http, "/confirmations", receipt=receipt, session="S", quantity=21)
    assert miscounted.json()["code"] == "session_differs"
    assert (await post(http, "/confirmations", receipt=receipt, session="S", quantity=22)).json()["quantity"] == 22
    told = await milk.say(CloseReceipt(receipt=receipt))
    assert [(one["sku"], one["quantity"]) for one in told.data("discrepancy.found.v1")] == [
        (milk.no("MILK"), 78),
        (milk.no("SALT"), 2.5),
    ]
    lots = (await get(http, f"/receipts/{receipt}/lots"))["items"]
    assert [(one["lot"], one["state"], one["line"]) for one in lots] == [("A", "RECEIVED", "1")]
    shown = await get(http, f"/receipts/{receipt}")
    assert [(one["received"], one["missing"]) for one in shown["lines"]] == [(22, 0), (0, 0)]
