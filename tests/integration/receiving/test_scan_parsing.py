"""Scans explained by the service (S13)."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from shared.contracts.upstream import ProductDefined
from shared.scans import substitutes
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.auth import bearer
from tests.support.gtins import new_gtin

GS = "\x1d"


async def parse(http: AsyncClient, text: str, **context: Any) -> Any:
    """Explain a scan."""
    answer = await http.post("/scans/parse", json={"text": text, **context})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_scans_are_explained(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13: labels, barcodes in every spelling, serial numbers, receipts and locations are read as what they are."""
    pump, gtin, box = harness.scoped_id("PUMP"), new_gtin(), harness.scoped_id("BOX")
    barcodes = [{"code": gtin}, {"code": box, "quantity": 12}]
    definition = {"sku": pump, "name": "Pump", "serial_tracked": True, "barcodes": barcodes}
    await harness.handle(ProductDefined.model_validate(definition))
    serial = harness.scoped_id("S1")
    await harness.handle(harness.asn_command("R", serial))
    label = await parse(http, f"]d201{gtin.zfill(14)}10L/007{GS}21{serial}{GS}17271200")
    assert (label["gtin"], label["lot"], label["serial"], label["expiry"]) == (
        gtin.zfill(14), "L/007", serial, "2027-12-31",
    )  # fmt: skip
    assert (label["read_as"]["kind"], label["read_as"]["sku"], label["read_as"]["status"]) == (
        "SERIAL",
        pump,
        "EXPECTED",
    )
    for text in (gtin, gtin.zfill(14), f"(01){gtin.zfill(14)}", f"https://shop.example/01/{gtin.zfill(14)}"):
        assert (await parse(http, text))["read_as"]["path"] == f"/products/{pump}", text
    meanings = {
        box: ("PRODUCT", 12), serial: ("SERIAL", None), harness.scoped_id("R"): ("RECEIPT", None),
        f"{harness.scoped_id('EAST')}/DOCK": ("LOCATION", None),
    }  # fmt: skip
    for text, meaning in meanings.items():
        read_as = (await parse(http, text))["read_as"]
        assert (read_as["kind"], read_as["quantity"]) == meaning


async def test_questions_and_faults(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13: several meanings are candidates until the context decides; faults say what to do; any text is answered."""
    other, serial = harness.scoped_id("VALVE"), harness.scoped_id("S1")
    definition = {"sku": other, "name": "Valve", "serial_tracked": True, "barcodes": [{"code": serial}]}
    await harness.handle(ProductDefined.model_validate(definition))
    await harness.handle(harness.asn_command("R", serial))
    doubtful = await parse(http, serial)
    assert (doubtful["read_as"], [problem["code"] for problem in doubtful["problems"]]) == (None, ["ambiguous_scan"])
    assert (await parse(http, serial, expected=["SERIAL"]))["read_as"]["sku"] == harness.scoped_id("PUMP")
    assert (await parse(http, serial, receipt=harness.scoped_id("R")))["read_as"]["kind"] == "SERIAL"
    assert (await parse(http, "NEW-1", sku=other))["read_as"]["status"] is None
    misprint = await parse(http, "(01)09521234543210(21)A")
    assert [problem["code"] for problem in misprint["problems"]] == ["wrong_check_digit"]
    for text in ("", "\x00", "]d2\x1d\x00", "Ä" * 8192, "%" * 8192):
        assert (await parse(http, text))["read_as"] is None
    unknown = await http.post("/scans/parse", json={"text": "7", "sku": harness.scoped_id("NONE")})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "product_not_found")
    assert (await http.post("/scans/parse", json={"text": "7" * 8193})).status_code == 400
    assert (await http.post("/scans/parse", json={"text": "7", "skuu": "X"})).status_code == 400


async def test_barcodes_are_one_code_in_every_spelling(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13: a wrong GTIN is rejected by name, the product taken; a barcode counts in every spelling."""
    pump, gtin = harness.scoped_id("PUMP"), new_gtin()
    wrong = f"{gtin[:-1]}{(int(gtin[-1]) + 1) % 10}"
    headers = {"Idempotency-Key": uuid4().hex, **bearer("mia")}
    barcodes = [{"code": gtin, "type": "GTIN"}, {"code": wrong, "type": "GTIN"}]
    defined = await http.post("/products", json={"sku": pump, "barcodes": barcodes}, headers=headers)
    assert defined.status_code == 200, defined.text
    assert [code["code"] for code in defined.json()["barcodes"]] == [gtin]
    assert [(problem["code"], problem["ids"]) for problem in defined.json()["rejected"]] == [
        ("wrong_check_digit", [wrong])
    ]
    await harness.handle(harness.asn_command("R", quantity=2))
    scanned = await harness.handle(harness.scan_command("R", "A-1", sku=None, barcode=gtin.zfill(14)))
    assert scanned.results[0].body.sku == pump  # type: ignore[union-attr]
    other = {"sku": harness.scoped_id("VALVE"), "name": "Valve", "barcodes": [{"code": gtin.zfill(14)}]}
    taken = await harness.handle(ProductDefined.model_validate(other))
    assert [violation.code for violation in taken.results[0].violations] == ["barcode_taken"]


async def test_typed_serials_are_previewed(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13: ranges and pasted lists are counted before they are sent; a longer text is refused."""
    answer = (await http.post("/scans/preview", json={"text": "A001-A120\nSN100 + 20\nA001"})).json()
    assert (answer["count"], answer["first"], answer["last"]) == (140, "A001", "A001")
    assert answer["serials"][119:121] == ["A120", "SN100"]
    assert [(problem["code"], problem["entry"]) for problem in answer["problems"]] == [
        ("unequal_lengths", ""), ("duplicate", "A001"),
    ]  # fmt: skip
    pump = harness.scoped_id("PUMP")
    serial_format = {"characters": "DIGITS"}
    await harness.handle(
        ProductDefined.model_validate(
            {"sku": pump, "name": "Pump", "serial_tracked": True, "serial_format": serial_format}
        )
    )
    answer = (await http.post("/scans/preview", json={"text": "A1, 7", "sku": pump})).json()
    assert [problem["code"] for problem in answer["problems"]] == ["unequal_lengths", "other_format"]
    assert (await parse(http, "7", sku=pump))["read_as"]["kind"] == "SERIAL"
    assert (await parse(http, "A1", sku=pump))["read_as"] is None
    assert (await http.post("/scans/preview", json={"text": "A1", "sku": "NONE"})).status_code == 404
    assert (await http.post("/scans/preview", json={"text": "A" * 100_001})).status_code == 400


async def test_configured_scanners_are_understood(http: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """S13: what the scanners of the installation send in place of FNC1 counts, unless the request names another."""
    monkeypatch.setattr(substitutes, "_configured", "~")
    label = f"01{new_gtin().zfill(14)}10L1~21A"
    assert (await parse(http, label))["serial"] == "A"
    assert (await parse(http, label, fnc1=""))["kind"] == "TEXT"
    assert (await parse(http, label.replace("~", "|"), fnc1="|"))["serial"] == "A"
