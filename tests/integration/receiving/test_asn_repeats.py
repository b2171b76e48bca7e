"""ASNs sent again over HTTP and as messages: stored parts, corrected quantities, ended receipts."""

import httpx

from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.test_http import get_json, post


async def test_asn_sent_again_replaces_what_it_said(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Parts, corrections, an amendment and receipts in separate transactions: the last statement counts (S05)."""
    receipt, sku = harness.scoped_id("R"), harness.scoped_id("PUMP")

    async def expected_quantity() -> int:
        (line,) = (await get_json(http, f"/receipts/{receipt}/lines"))["items"]
        return int(line["expected_quantity"])

    first = harness.asn_command("R", "A", "B", quantity=60, part=1, parts=2)
    second = harness.asn_command("R", quantity=40, part=2, parts=2)
    responses = [
        await post(http, "/receipts", **asn.model_dump(mode="json", exclude_unset=True))
        for asn in (first, second, first)
    ]
    assert [response.status_code for response in responses] == [201, 200, 200]
    assert await expected_quantity() == 100
    await harness.handle(second)
    await harness.handle(harness.asn_command("R", "B", "C", quantity=50, parts=2))
    assert await expected_quantity() == 90
    assert await harness.unit_statuses() == {"A": "INACTIVE", "B": "EXPECTED", "C": "EXPECTED"}
    amendment = {"receipt": receipt, "lines": [{"line": "1", "sku": sku, "quantity": 3}]}
    assert (await harness.handle(AsnChanged.model_validate(amendment))).error_codes() == []
    assert await expected_quantity() == 3
    await harness.handle(harness.scan_command("R", "B", "C", "x"), harness.confirm_command("R"))
    only_part = harness.asn_command("R", "B", quantity=2)
    assert (await harness.handle(only_part)).error_codes() == []
    (line,) = (await get_json(http, f"/receipts/{receipt}/lines"))["items"]
    assert (line["received"], line["over_quantity"], line["missing_quantity"]) == (3, 1, 0)
    await harness.handle(CloseReceipt(receipt=receipt))
    repeated = await post(http, "/receipts", **only_part.model_dump(mode="json", exclude_unset=True))
    other = await post(
        http, "/receipts", **harness.asn_command("R", "B", quantity=3).model_dump(mode="json", exclude_unset=True)
    )
    assert (repeated.status_code, repeated.json()["status"]) == (200, "CLOSED")
    assert (other.status_code, other.json()["code"]) == (409, "receipt_closed")


async def test_serial_moves_between_parts(harness: ReceivingHarness) -> None:
    """A serial that the corrected ASN lists in another part is expected once, and a take-over is not undone (S05)."""
    line = {"line": "2", "sku": harness.scoped_id("PUMP"), "quantity": 2, "serials": ["A", "C"]}
    moved = AsnAnnounced.model_validate(
        harness.asn_command("R", part=2, parts=2, lines=[line]).model_dump(mode="json", exclude_unset=True)
    )
    await harness.handle(harness.asn_command("R", "A", "B", parts=2))
    assert (await harness.handle(moved)).error_codes() == ["duplicate_serial_in_request"]
    result = await harness.handle(harness.asn_command("R", "B", parts=2))
    assert [data["serials"] for data in result.data_of("receipt.line_expected.v1")] == [["A"]]
    await harness.handle(harness.asn_command("R2", "C"))
    assert (await harness.handle(moved)).event_types() == []
    lines = await harness.fetch_all(
        "SELECT line, expected_quantity FROM receipt_line WHERE receipt = :receipt", receipt=harness.scoped_id("R")
    )
    assert {row["line"]: int(row["expected_quantity"]) for row in lines} == {"1": 1, "2": 1}
