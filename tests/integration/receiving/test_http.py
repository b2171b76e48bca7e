"""HTTP API of receiving: commands, their results, and queries."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.identifiers import resource_path
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.auth import bearer


async def post(http: httpx.AsyncClient, path: str, actor: str = "anna", **body: Any) -> httpx.Response:
    """Send a command."""
    headers = {"Idempotency-Key": str(uuid4()), **bearer(actor)}
    return await http.post(path, json=body, headers=headers)


async def get_json(http: httpx.AsyncClient, path: str, **params: Any) -> Any:
    """Get a resource."""
    response = await http.get(path, params=params or None)
    assert response.status_code == 200, response.text
    return response.json()


async def test_tracking_is_chosen_by_two_exclusive_flags(
    bare_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """Tracking is set by two exclusive flags; the change log records the actor (S01, S02, S03)."""
    sku = bare_harness.scoped_id("A/B")
    created = await post(
        http, "/products", sku=sku, name="Pump", barcodes=[{"code": bare_harness.scoped_id("BAR"), "quantity": 12}]
    )
    assert (created.status_code, created.json()["tracking"], created.json()["version"]) == (201, "NONE", 1)
    assert (await http.get(created.headers["Location"])).json()["sku"] == sku
    both_flags = await post(http, "/products", sku=sku, name="Pump", serial_tracked=True, lot_tracked=True)
    assert (both_flags.status_code, both_flags.json()["code"]) == (422, "conflicting_tracking")
    assert both_flags.headers["content-type"].startswith("application/problem+json")
    changed = await post(http, "/products", "sue", sku=sku, name="Pump", lot_tracked=True)
    assert (changed.status_code, changed.json()["tracking"]) == (200, "LOT")
    log = (await get_json(http, resource_path("products", sku, "changes")))["items"]
    assert [(change["version"], change["actor"]) for change in log] == [(2, "sue"), (1, "anna")]
    assert (log[0]["before"]["tracking"], log[0]["after"]["tracking"], log[1]["before"]) == ("NONE", "LOT", None)
    assert len((await get_json(http, resource_path("products", sku)))["barcodes"]) == 1
    cleared = await post(http, "/products", sku=sku, barcodes=None)
    assert (cleared.status_code, cleared.json()["barcodes"], cleared.json()["name"]) == (200, [], "Pump")
    unknown = await post(http, "/products", sku=bare_harness.scoped_id("NEW"), unit="box")
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["ids"]) == (
        422, "incomplete_definition", ["name"],
    )  # fmt: skip


async def test_tracking_cannot_change_once_the_product_is_in_use(
    harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """A product on a receipt keeps its tracking; its name may change (S03)."""
    await harness.handle(harness.asn_command("R", "A"))
    sku = harness.scoped_id("PUMP")
    rejected = await post(http, "/products", sku=sku, serial_tracked=False, lot_tracked=True)
    assert (rejected.status_code, rejected.json()["code"]) == (409, "product_in_use")
    assert rejected.json()["blocked_by"] == [f"/receipts?sku={sku}"]
    receipts = await get_json(http, "/receipts", sku=sku)
    assert [receipt["receipt"] for receipt in receipts["items"]] == [harness.scoped_id("R")]
    assert (await post(http, "/products", sku=sku, name="Pump 2")).status_code == 200


async def test_lists_are_paginated(bare_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Products, locations and receipts are listed in pages without gaps or repetitions."""
    for number in range(5):
        await post(http, "/products", sku=bare_harness.scoped_id(f"P{number}"), name="Paged")
        await post(http, "/locations", location=f"{bare_harness.scoped_id('W')}/L{number}", type="DOCK")
    seen, cursor = [], None
    for _ in range(3):
        params = {"q": bare_harness.suffix, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await get_json(http, "/products", **params)
        seen += [product["sku"] for product in page["items"]]
        cursor = page["next"]
    assert seen == [bare_harness.scoped_id(f"P{number}") for number in range(5)]
    assert cursor is None
    for sku in (bare_harness.scoped_id("P0"), bare_harness.scoped_id("P1")):
        lines = [{"line": "1", "sku": sku, "quantity": 1}]
        await post(http, "/receipts", receipt=f"R-{sku}", warehouse="EAST", lines=lines)
    listed = [
        await get_json(http, "/receipts", q=bare_harness.suffix, status=status)
        for status in (["PLANNED", "CLOSED"], ["CLOSED"])
    ]
    assert [len(page["items"]) for page in listed] == [2, 0]
    locations = await get_json(http, "/locations", warehouse=bare_harness.scoped_id("W"), limit=3)
    assert (len(locations["items"]), locations["next"] is not None) == (3, True)


async def test_receipt_shows_what_is_still_expected(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A receipt shows its open listed serials and quantities, which decrease with each scan (S13, S15, S16)."""
    receipt, sku = harness.scoped_id("R"), harness.scoped_id("PUMP")
    await harness.handle(harness.asn_command("R", "A", "B", "C", quantity=5))
    scanned = await post(http, "/scans", **harness.scan_command("R", "A", "x", "c").model_dump(exclude_unset=True))
    assert [
        {name: result[name] for name in ("serial", "status", "line", "conflicting_value")}
        for result in scanned.json()["scan_results"]
    ] == [
        {"serial": "A", "status": "ACCEPTED", "line": "1", "conflicting_value": None},
        {"serial": "x", "status": "ACCEPTED", "line": "1", "conflicting_value": None},
        {"serial": "c", "status": "CASE_MISMATCH", "line": "1", "conflicting_value": "C"},
    ]
    (receipt_line,) = (await get_json(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert receipt_line == {
        "line": "1", "sku": sku, "tracking": "SERIAL", "awaiting_product": False, "expected_quantity": 5,
        "scanned": 2, "received": 0, "missing_quantity": 5, "short_quantity": 0, "rejected_quantity": 0,
        "over_quantity": 0, "open_listed_serials": 2, "open_unlisted_quantity": 1, "lots": [],
    }  # fmt: skip
    first_page = await get_json(http, f"/receipts/{receipt}/expected", limit=1, line="1")
    second_page = await get_json(http, f"/receipts/{receipt}/expected", cursor=first_page["next"], line="1")
    assert [unit["serial"] for unit in first_page["items"] + second_page["items"]] == ["B", "C"]
    session = await get_json(http, f"/receipts/{receipt}/sessions/S")
    scan_results = [(scan_result["serial"], scan_result["status"]) for scan_result in session["scans"]["items"]]
    assert scan_results == [("A", "ACCEPTED"), ("c", "CASE_MISMATCH"), ("x", "ACCEPTED")]


async def test_tracked_line_cannot_be_completed_without_serials(
    harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """A serial-tracked line cannot be completed without its serials: closing leaves it short (S02, S15)."""
    receipt = harness.scoped_id("R")
    await harness.handle(harness.asn_command("R", quantity=4))
    confirmed = await post(http, f"/receipts/{receipt}/sessions/S/confirm")
    assert (confirmed.status_code, confirmed.json()["code"]) == (404, "session_not_found")
    closed = await post(http, f"/receipts/{receipt}/close", "sue")
    assert closed.json()["status"] == "CLOSED"
    (receipt_line,) = (await get_json(http, f"/receipts/{receipt}"))["lines"]["items"]
    quantities = receipt_line["received"], receipt_line["missing_quantity"], receipt_line["short_quantity"]
    assert quantities == (0, 0, 4)
    (discrepancy,) = (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"]
    assert (discrepancy["kind"], discrepancy["quantity"], discrepancy["allowed_resolutions"]) == ("SHORT", 4, [])
    assert (discrepancy["resolution"], discrepancy["resolved_by"]) == ("ACCEPT", "sue")


async def test_discrepancy_is_resolved_once(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A supervisor sees the allowed resolutions and resolves once; actor and reason are stored (S16)."""
    receipt, extra = harness.scoped_id("R"), harness.scoped_id("B")
    await harness.handle(
        harness.asn_command("R", "A"), harness.scan_command("R", "A", extra), harness.confirm_command("R")
    )
    (discrepancy,) = (await get_json(http, "/discrepancies", receipt=receipt, open=True))["items"]
    assert (discrepancy["kind"], discrepancy["serials"]) == ("OVER", [extra])
    body = {"receipt": receipt, "reason": "one too many, kept"}
    path = f"/discrepancies/{discrepancy['discrepancy']}/resolve"
    assert (await post(http, path, "sue", **body, resolution="ACCEPT")).status_code == 200
    repeated = await post(http, path, "sue", **body, resolution="VOID")
    assert (repeated.status_code, repeated.json()["code"]) == (409, "discrepancy_resolved")
    resolved = await get_json(http, f"/discrepancies/{discrepancy['discrepancy']}")
    assert (resolved["resolution"], resolved["resolved_by"], resolved["reason"]) == (
        "ACCEPT",
        "sue",
        "one too many, kept",
    )
    assert (await get_json(http, "/discrepancies", receipt=receipt, open=True))["items"] == []


async def test_return_shows_its_dispositions(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A return shows each unit with its disposition; a second disposition is rejected."""
    sku = harness.scoped_id("PUMP")
    await harness.handle(
        harness.asn_command("R", "A", "B"), harness.scan_command("R", "A", "B"), harness.confirm_command("R")
    )
    await harness.handle(harness.serials_shipped_event("A", "B", order="SO", customer="C"))
    body = {"return_id": harness.scoped_id("RMA"), "order": "SO", "customer": "C", "sku": sku, "reason": "broken"}
    location = f"{harness.scoped_id('EAST')}/DOCK"
    made = await post(http, "/returns", **body, serials=["A", "B"], location=location)
    assert (made.status_code, made.headers["Location"]) == (201, f"/returns/{harness.scoped_id('RMA')}")
    path, disposition = f"/returns/{harness.scoped_id('RMA')}/disposition", {"reason": "beyond repair"}
    assert (await post(http, path, **disposition, serials=["A"], disposition="SCRAP")).status_code == 200
    repeated = await post(http, path, **disposition, serials=["A"], disposition="RESTOCK")
    assert repeated.json()["code"] == "already_disposed"
    units = (await get_json(http, f"/returns/{harness.scoped_id('RMA')}"))["units"]["items"]
    assert [(unit["serial"], unit["disposition"]) for unit in units] == [("A", "SCRAP"), ("B", None)]
    returns = await get_json(http, "/returns", order="SO", customer="C")
    assert harness.scoped_id("RMA") in [return_["return_id"] for return_ in returns["items"]]


BAD_LINES: list[dict[str, Any]] = [
    {"quantity": 0},
    {"quantity": -1},
    {"quantity": 10**9},
    {"serials": [""]},
    {"serials": ["x" * 65]},
    {"serials": ["a\tb"]},
    {"serials": ["Zürich"]},
    {"serials": ["nul\0"]},
    {"serials": [f"N{number}" for number in range(501)], "quantity": 501},
    {"sku": "two words"},
]


@pytest.mark.parametrize("bad", BAD_LINES, ids=lambda bad: str(bad)[:30])
async def test_malformed_asn_is_rejected(
    harness: ReceivingHarness, http: httpx.AsyncClient, bad: dict[str, Any]
) -> None:
    """A malformed ASN is answered with 400 and changes nothing (S14)."""
    asn_line = {"line": "1", "sku": harness.scoped_id("PUMP"), "quantity": 1, **bad}
    response = await post(
        http, "/receipts", receipt=harness.scoped_id("R"), warehouse=harness.scoped_id("EAST"), lines=[asn_line]
    )
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert (await http.get(f"/receipts/{harness.scoped_id('R')}")).status_code == 404


async def test_unknown_resources_return_404(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """An unknown receipt, product or location is answered with 404, in commands and queries."""
    await harness.handle(harness.asn_command("R", "A"))
    scans = {
        "receipt_not_found": harness.scan_command("NOPE", "A"),
        "product_not_found": harness.scan_command("R", "A", sku="NOPE"),
        "location_not_found": harness.scan_command("R", "A", location="NOPE/DOCK"),
    }
    for code, scan in scans.items():
        response = await post(http, "/scans", **scan.model_dump(exclude_unset=True))
        assert (response.status_code, response.json()["code"]) == (404, code)
    for path in ("receipts/NOPE", "products/NOPE", "warehouses/NOPE", "locations/NO/PE", "discrepancies/NOPE",
                 "returns/NOPE", "receipts/NOPE/expected", "products/NOPE/changes",
                 f"receipts/{harness.scoped_id('R')}/sessions/NOPE"):  # fmt: skip
        assert (await http.get(f"/{path}")).status_code == 404


async def test_rejected_command_is_recorded(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A rejected scan changes no stock; the command, its actor and the violations are recorded."""
    await harness.handle(harness.asn_command("R", "A"), harness.scan_command("R", "A"))
    rejected = await post(
        http, "/scans", "anna", **harness.scan_command("R", "A", "bad\x07").model_dump(exclude_unset=True)
    )
    assert rejected.status_code == 422
    assert [violation["code"] for violation in rejected.json()["violations"]] == [
        "invalid_serial",
        "duplicate_serial_in_request",
    ]
    (rejection,) = (await get_json(http, "/rejections", document=harness.scoped_id("R")))["items"]
    detail = await get_json(http, f"/rejections/{rejection['id']}")
    assert (detail["actor"], detail["raw"]["serials"]) == ("anna", ["A", "bad\x07"])
    assert await harness.unit_statuses() == {"A": "SCANNED"}
