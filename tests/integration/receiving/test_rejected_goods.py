"""Goods rejected on arrival and resolutions without effect, on the real database and over HTTP."""

import httpx

from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.serials import SerialAdjusted
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, scanned_lot
from tests.integration.receiving.test_http import get_json, post
from tests.support.auth import bearer


async def test_expired_lot_is_shown_as_rejected(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """An expired delivery is a discrepancy with lot, quantity, date and user, and nothing is short (S16, S24)."""
    receipt = milk_harness.scoped_id("R")
    scan = lot_scan_command(milk_harness, scanned_lot("X1", 100, "2001-01-01")).model_dump(
        mode="json", exclude_unset=True
    )
    for _ in range(2):
        rejected = await post(http, "/scans", "bo", **scan)
        assert (rejected.status_code, rejected.json()["code"]) == (409, "expired")
    (found,) = (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"]
    assert {name: found[name] for name in ("kind", "lot", "quantity", "expiry", "found_by", "resolution", "line")} == {
        "kind": "EXPIRED", "lot": "X1", "quantity": 100, "expiry": "2001-01-01", "found_by": "bo",
        "resolution": "REJECT", "line": "1",
    }  # fmt: skip
    assert found["allowed_resolutions"] == ["VOID"]
    result = await milk_harness.handle(CloseReceipt(receipt=receipt))
    (closed,) = result.data_of("receipt.closed.v1")
    milk, salt = closed["lines"]
    assert (milk["announced"], milk["received"], milk["rejected_quantity"], milk.get("short", 0)) == (100, 0, 100, 0)
    assert salt["short"] == 2.5
    lines = (await get_json(http, f"/receipts/{receipt}/lines"))["items"]
    assert [line["rejected_quantity"] for line in lines] == [100, 0]
    found = await get_json(http, f"/discrepancies/{found['discrepancy']}")
    assert (found["resolution"], found["allowed_resolutions"]) == ("REJECT", [])


async def test_repeated_request_records_goods_once(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A rejected scan that is sent again with its key gets the stored response, and records nothing again (S16)."""
    scan = lot_scan_command(milk_harness, scanned_lot("X1", 5, "2001-01-01")).model_dump(mode="json")
    scan = {name: value for name, value in scan.items() if value}
    headers = {"Idempotency-Key": milk_harness.scoped_id("key"), **bearer("bo")}
    responses = [await http.post("/scans", json=scan, headers=headers) for _ in range(2)]
    assert [response.status_code for response in responses] == [409, 409]
    assert responses[1].headers["Idempotent-Replayed"] == "true"
    rows = await milk_harness.fetch_all(
        "SELECT outbox.id FROM outbox WHERE key = :receipt AND value LIKE '%discrepancy.found.v1%'",
        receipt=milk_harness.scoped_id("R"),
    )
    assert len(rows) == 1


async def test_rejection_is_replaced_withdrawn_and_voided(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Another scan of a rejected lot replaces its rejection, a valid one withdraws it, a supervisor voids it."""
    receipt = milk_harness.scoped_id("R")
    await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("X", 5, None), scanned_lot("Y", 6, None), scanned_lot("Z", 7, None))
    )
    await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("X", 5), scanned_lot("Y", 60, "2001-01-01"))
    )  # fmt: skip
    found = {row["lot"]: row for row in (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"]}
    assert {lot: (row["kind"], row["quantity"], row["resolution"]) for lot, row in found.items()} == {
        "X": ("EXPIRY_REQUIRED", 5, "VOID"), "Y": ("EXPIRED", 60, "REJECT"), "Z": ("EXPIRY_REQUIRED", 7, "REJECT"),
    }  # fmt: skip
    body = {"receipt": receipt, "resolution": "VOID", "reason": "another delivery"}
    assert (await post(http, f"/discrepancies/{found['Z']['discrepancy']}/resolve", "sue", **body)).status_code == 200
    rejected = await get_json(http, "/discrepancies", receipt=receipt, kind="EXPIRED")
    assert [row["lot"] for row in rejected["items"]] == ["Y"]
    assert (await get_json(http, "/discrepancies", receipt=receipt, open=True))["items"] == []


async def test_shipped_unit_at_the_dock(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A unit that a customer has is not matched but received as a customer return, then its scan is voided (S18)."""
    order, receipt = harness.scoped_id("SO"), harness.scoped_id("B")
    await harness.handle(harness.asn_command("R", "T1"), harness.scan_command("R", "T1"), harness.confirm_command("R"))
    await harness.handle(harness.serials_shipped_event("T1", order=order, customer="C-1"))
    await harness.handle(harness.asn_command("B", kind="BLIND", lines=[]))
    await harness.handle(harness.scan_command("B", "T1"), harness.confirm_command("B"))
    (found,) = (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"]
    path = f"/discrepancies/{found['discrepancy']}/resolve"
    body = {"receipt": receipt, "reason": "it is this unit"}
    matched = (await post(http, path, "sue", **body, resolution="MATCH", match_to="T1")).json()
    assert (matched["status"], matched["code"]) == (409, "resolution_without_effect")
    assert matched["blocked_by"] == [f"/orders/{order}"]
    assert "customer return" in matched["detail"]
    closed = (await post(http, f"/receipts/{receipt}/close", "sue")).json()
    assert (closed["code"], closed["blocked_by"]) == ("discrepancy_open", [f"/discrepancies/{found['discrepancy']}"])
    returned = {"return_id": harness.scoped_id("RMA"), "order": order, "customer": "C-1", "serials": ["T1"]}
    location = {"sku": harness.scoped_id("PUMP"), "location": f"{harness.scoped_id('EAST')}/DOCK"}
    assert (await post(http, "/returns", "bo", **returned, **location, reason="brought by C-2")).status_code == 201
    assert (await post(http, path, "sue", **body, resolution="VOID")).status_code == 200
    assert (await post(http, f"/receipts/{receipt}/close", "sue")).json()["status"] == "CLOSED"
    assert await harness.unit_statuses() == {"T1": "ON_HAND"}


async def test_lost_unit_at_the_dock(harness: ReceivingHarness) -> None:
    """A unit that is lost in the books is adjusted as FOUND, not matched; afterwards it is in stock (S18)."""
    await harness.handle(harness.asn_command("R", "L1"), harness.scan_command("R", "L1"), harness.confirm_command("R"))
    await harness.handle(harness.asn_command("B", kind="BLIND", lines=[]))
    await harness.handle(harness.scan_command("B", "L1"), harness.confirm_command("B"))
    (void,) = await harness.void_commands(harness.scoped_id("B"))
    match = void.model_copy(update={"resolution": "MATCH"})
    advice = []
    for adjustment in ("LOST", "FOUND"):
        adjusted = {"sku": harness.scoped_id("PUMP"), "serials": ["L1"], "adjustment": adjustment, "reason": "count"}
        await harness.handle(SerialAdjusted.model_validate(adjusted))
        result = await harness.handle(match)
        assert result.error_codes() == ["resolution_without_effect"]
        (rejected,) = result.data_of("receipt.rejected.v1")
        advice.append(rejected["detail"].partition(" is ")[2].split(": ")[0])
    assert advice == ["LOST", "ON_HAND"]
