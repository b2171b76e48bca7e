"""What serial numbers are, and whose, against the real database (S13, S16, S17)."""

from typing import Any
from uuid import uuid4

from httpx import AsyncClient
from sqlalchemy import text

from services.receiving.receipts.store.select_statements import SELECT_OTHER_PRODUCT
from shared.contracts.upstream import ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.harness import ProcessingResult

EAN = "4006381333931"


async def define(harness: ReceivingHarness, sku: str, **fields: Any) -> ProcessingResult:
    """Define a serial-tracked product."""
    sku = harness.scoped_id(sku)
    definition = {"sku": sku, "name": sku, "serial_tracked": True, **fields}
    return await harness.handle(ProductDefined.model_validate(definition))


def statuses(result: ProcessingResult) -> list[tuple[str, str | None]]:
    """Status of each scan and what it was read as."""
    return [(scan.status, scan.read_as) for scan in result.results[0].body.scan_results]  # type: ignore[union-attr]


async def test_misreads_are_refused(harness: ReceivingHarness) -> None:
    """S13, S17: own and other barcodes in any spelling, SKU, receipt, location and GS1 data are no serial numbers."""
    digits = f"{uuid4().int % 10**11:011}"
    other = await define(harness, "VALVE", barcodes=[{"code": _with_check_digit(f"4{digits}")}])
    (code,) = [barcode["code"] for barcode in other.data_of("product.changed.v1")[0]["barcodes"]]
    await define(harness, "PUMP", barcodes=[{"code": harness.scoped_id("BOX")}])
    await harness.handle(harness.asn_command("R", quantity=9))
    result = await harness.handle(
        harness.scan_command(
            "R", harness.scoped_id("BOX"), f"0{code}", harness.scoped_id("PUMP"), harness.scoped_id("R"),
            f"{harness.scoped_id('EAST')}/DOCK", "(21)A", "a\x1db", "A1,A2", "A/1",
        )
    )  # fmt: skip
    refused = ["BARCODE", "BARCODE", "SKU", "RECEIPT", "LOCATION", "GS1_ELEMENT_STRING", "GS1_ELEMENT_STRING"]
    assert statuses(result) == [
        *(("NOT_A_SERIAL", kind) for kind in refused), ("NOT_A_SERIAL", "SEVERAL_VALUES"), ("ACCEPTED", None),
    ]  # fmt: skip


def _with_check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


async def test_format_is_stored_and_checked(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13: a format is kept, holds for new serial numbers in ASNs and scans, and its rejection names the line."""
    await harness.handle(harness.asn_command("R", "OLD-1", "OLD-2", quantity=4))
    await define(harness, "PUMP", serial_format={"characters": "DIGITS", "pattern": "7.*"})
    await define(harness, "PUMP", serial_format={"characters": None}, serials_unique_per_product=True)
    product = (await http.get(f"/products/{harness.scoped_id('PUMP')}")).json()
    assert (product["serial_format"]["pattern"], product["serial_format"]["characters"]) == ("7.*", None)
    assert product["serials_unique_per_product"] is True
    rejected = await harness.handle(harness.asn_command("R2", "71", "81"))
    (rejection,) = rejected.data_of("receipt.rejected.v1")
    assert (rejection["code"], rejection["ids"]) == ("serial_format_mismatch", ["81"])
    assert "Line 1" in rejection["detail"]
    again = await harness.handle(harness.asn_command("R", "OLD-1", "OLD-2", quantity=5))
    assert not again.data_of("receipt.rejected.v1")
    scans = await harness.handle(harness.scan_command("R", "OLD-1", "7-A", "8-A"))
    assert statuses(scans) == [("ACCEPTED", None), ("ACCEPTED", None), ("SERIAL_FORMAT_MISMATCH", "OTHER_FORMAT")]


async def test_serial_of_another_product_is_found(harness: ReceivingHarness) -> None:
    """S16: one statement finds numbers that other products have or expect, whatever their receipt."""
    await define(harness, "PUMP", serials_unique_per_product=False)
    await define(harness, "VALVE")
    await define(harness, "BOLT", serials_unique_per_product=True)
    numbers = {name: harness.scoped_id(name) for name in ("HERE", "DUE", "OWN", "NEW")}
    for receipt, sku, number in (("R7", "VALVE", "HERE"), ("R8", "VALVE", "DUE"), ("R9", "BOLT", "OWN")):
        line = {"line": "1", "sku": harness.scoped_id(sku), "quantity": 1, "serials": [numbers[number]]}
        await harness.handle(harness.asn_command(receipt, lines=[line]))
    await harness.handle(harness.scan_command("R7", numbers["HERE"], sku=harness.scoped_id("VALVE")))
    await harness.handle(harness.confirm_command("R7"))
    await harness.handle(harness.asn_command("R", quantity=4))
    result = await harness.handle(harness.scan_command("R", *numbers.values()))
    assert [status for status, _ in statuses(result)] == ["WRONG_PRODUCT", "WRONG_PRODUCT", "ACCEPTED", "ACCEPTED"]


async def test_other_products_are_found_by_an_index(harness: ReceivingHarness) -> None:
    """S16: the statement reads units by their serial numbers, none for a product that is numbered on its own."""
    parameters = {"receipts": ["R"], "skus": ["P"], "serials": ["S"]}
    async with harness.engine.begin() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await connection.execute(text(f"EXPLAIN {SELECT_OTHER_PRODUCT.text}"), parameters)
        lines = "\n".join(plan.scalars())
        assert "Index Scan using unit_serial on unit" in lines
        assert "One-Time Filter: (own.serials_unique_per_product IS NOT TRUE)" in lines


async def test_range_is_received(harness: ReceivingHarness) -> None:
    """S05: an ASN announces a range, and a scan receives another one."""
    line = {"line": "1", "sku": harness.scoped_id("PUMP"), "quantity": 5, "ranges": [{"from": "A08", "to": "A10"}]}
    await harness.handle(harness.asn_command("R", lines=[line]))
    scan = harness.scan_command("R", ranges=[{"from": "A09", "count": 2}, {"from": "B1", "count": 1}])
    assert [status for status, _ in statuses(await harness.handle(scan))] == ["ACCEPTED"] * 3
    assert await harness.unit_statuses() == {"A08": "EXPECTED", "A09": "SCANNED", "A10": "SCANNED", "B1": "SCANNED"}
