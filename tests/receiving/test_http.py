"""Receiving over HTTP: commands with their answers, and what can be looked up."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.identifiers import address_of
from tests.receiving.conftest import Line


async def post(http: httpx.AsyncClient, path: str, actor: str = "anna", **body: Any) -> httpx.Response:
    """Send a command."""
    headers = {"Idempotency-Key": str(uuid4()), "X-Actor": actor}
    return await http.post(path, json=body, headers=headers)


async def get(http: httpx.AsyncClient, path: str, **params: Any) -> Any:
    """Look something up."""
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_product_has_two_boxes(line: Line, http: httpx.AsyncClient) -> None:
    """Tracking is chosen by two boxes, never both; who changed what is kept (S01, S02, S03)."""
    sku = line.no("A/B")
    created = await post(http, "/products", sku=sku, name="Pump", barcodes=[{"code": line.no("BAR"), "quantity": 12}])
    assert (created.status_code, created.json()["tracking"], created.json()["version"]) == (201, "NONE", 1)
    assert (await http.get(created.headers["Location"])).json()["sku"] == sku
    both = await post(http, "/products", sku=sku, name="Pump", serial_tracked=True, lot_tracked=True)
    assert (both.status_code, both.json()["code"]) == (422, "both_trackings")
    assert both.headers["content-type"].startswith("application/problem+json")
    changed = await post(http, "/products", "sue", sku=sku, name="Pump", lot_tracked=True)
    assert (changed.status_code, changed.json()["tracking"]) == (200, "LOT")
    log = (await get(http, address_of("products", sku, "changes")))["items"]
    assert [(one["version"], one["actor"]) for one in log] == [(2, "sue"), (1, "anna")]
    assert (log[0]["before"]["tracking"], log[0]["after"]["tracking"], log[1]["before"]) == ("NONE", "LOT", None)
    assert (await get(http, address_of("products", sku)))["barcodes"] == []


async def test_switching_with_history(floor: Line, http: httpx.AsyncClient) -> None:
    """A product that a receipt names keeps its tracking; its name may change (S03)."""
    await floor.say(floor.asn("R", "A"))
    sku = floor.no("PUMP")
    refused = await post(http, "/products", sku=sku, name="Pump", lot_tracked=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "product_has_history")
    assert refused.json()["blocked_by"] == [f"/receipts?sku={sku}"]
    named = await get(http, "/receipts", sku=sku)
    assert [one["receipt"] for one in named["items"]] == [floor.no("R")]
    assert (await post(http, "/products", sku=sku, name="Pump 2", serial_tracked=True)).status_code == 200


async def test_lists_come_in_pages(line: Line, http: httpx.AsyncClient) -> None:
    """Products, places and receipts are listed in pages that neither skip nor repeat."""
    for number in range(5):
        await post(http, "/products", sku=line.no(f"P{number}"), name="Paged")
        await post(http, "/locations", location=f"{line.no('W')}/L{number}", type="DOCK")
    seen, cursor = [], None
    for _ in range(3):
        params = {"q": line.run, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await get(http, "/products", **params)
        seen += [one["sku"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [line.no(f"P{number}") for number in range(5)]
    assert cursor is None
    for sku in (line.no("P0"), line.no("P1")):
        lines = [{"line": "1", "sku": sku, "quantity": 1}]
        await post(http, "/receipts", receipt=f"R-{sku}", warehouse="EAST", lines=lines)
    listed = [await get(http, "/receipts", q=line.run, status=status) for status in (["PLANNED", "CLOSED"], ["CLOSED"])]
    assert [len(page["items"]) for page in listed] == [2, 0]
    places = await get(http, "/locations", warehouse=line.no("W"), limit=3)
    assert (len(places["items"]), places["next"] is not None) == (3, True)


async def test_what_a_scanner_is_prompted_for(floor: Line, http: httpx.AsyncClient) -> None:
    """A receipt tells what it still expects, by name and in number, and goes down with each scan (S13, S15, S16)."""
    receipt, sku = floor.no("R"), floor.no("PUMP")
    await floor.say(floor.asn("R", "A", "B", "C", quantity=5))
    scanned = await post(http, "/scans", **floor.scan("R", "A", "x", "c").model_dump(exclude_unset=True))
    assert scanned.json()["verdicts"] == [
        {"serial": "A", "verdict": "ACCEPTED", "line": "1", "other": None},
        {"serial": "x", "verdict": "ACCEPTED", "line": "1", "other": None},
        {"serial": "c", "verdict": "CASE_VARIANT", "line": "1", "other": "C"},
    ]
    (line,) = (await get(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert line == {
        "line": "1", "sku": sku, "tracking": "SERIAL", "waiting": False, "announced": 5, "scanned": 2, "received": 0,
        "missing": 5, "expected_by_name": 2, "expected_unnamed": 1,
    }  # fmt: skip
    first = await get(http, f"/receipts/{receipt}/expected", limit=1)
    rest = await get(http, f"/receipts/{receipt}/expected", cursor=first["next"], line="1")
    assert [one["serial"] for one in first["items"] + rest["items"]] == ["B", "C"]
    session = await get(http, f"/receipts/{receipt}/sessions/S")
    shown = [(one["serial"], one["verdict"]) for one in session["scans"]["items"]]
    assert shown == [("A", "ACCEPTED"), ("c", "CASE_VARIANT"), ("x", "ACCEPTED")]


async def test_there_is_no_way_in_but_a_scan(floor: Line, http: httpx.AsyncClient) -> None:
    """A tracked line cannot be completed without its serials: closing leaves it short (S02, S15)."""
    receipt = floor.no("R")
    await floor.say(floor.asn("R", quantity=4))
    confirmed = await post(http, f"/receipts/{receipt}/sessions/S/confirm")
    assert (confirmed.status_code, confirmed.json()["code"]) == (404, "unknown_session")
    closed = await post(http, f"/receipts/{receipt}/close", "sue")
    assert closed.json()["status"] == "CLOSED"
    (line,) = (await get(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert (line["received"], line["missing"]) == (0, 0)
    (short,) = (await get(http, f"/receipts/{receipt}/discrepancies"))["items"]
    assert (short["kind"], short["quantity"], short["fitting"]) == ("SHORT", 4, ["ACCEPT", "VOID"])


async def test_a_discrepancy_is_resolved(floor: Line, http: httpx.AsyncClient) -> None:
    """A supervisor sees which resolutions fit, decides once, and the decision is kept with who and why (S16)."""
    receipt = floor.no("R")
    await floor.say(floor.asn("R", "A"), floor.scan("R", "A", "B"), floor.confirm("R"))
    (found,) = (await get(http, "/discrepancies", receipt=receipt, open=True))["items"]
    assert (found["kind"], found["serials"]) == ("OVER", ["B"])
    body = {"receipt": receipt, "reason": "one too many, kept"}
    path = f"/discrepancies/{found['discrepancy']}/resolve"
    assert (await post(http, path, "sue", **body, resolution="ACCEPT")).status_code == 200
    again = await post(http, path, "sue", **body, resolution="VOID")
    assert (again.status_code, again.json()["code"]) == (409, "discrepancy_resolved")
    shown = await get(http, f"/discrepancies/{found['discrepancy']}")
    assert (shown["resolution"], shown["resolved_by"], shown["reason"]) == ("ACCEPT", "sue", "one too many, kept")
    assert (await get(http, "/discrepancies", receipt=receipt, open=True))["items"] == []


async def test_a_return_is_shown_with_its_dispositions(floor: Line, http: httpx.AsyncClient) -> None:
    """A return shows each unit and what was decided; a second decision on it is refused."""
    sku = floor.no("PUMP")
    await floor.say(floor.asn("R", "A", "B"), floor.scan("R", "A", "B"), floor.confirm("R"))
    await floor.say(floor.shipped("A", "B", order="SO", customer="C"))
    body = {"return_id": floor.no("RMA"), "order": "SO", "customer": "C", "sku": sku, "reason": "broken"}
    place = f"{floor.no('EAST')}/DOCK"
    made = await post(http, "/returns", **body, serials=["A", "B"], location=place)
    assert (made.status_code, made.headers["Location"]) == (201, f"/returns/{floor.no('RMA')}")
    path, decide = f"/returns/{floor.no('RMA')}/disposition", {"reason": "beyond repair"}
    assert (await post(http, path, **decide, serials=["A"], disposition="SCRAP")).status_code == 200
    again = await post(http, path, **decide, serials=["A"], disposition="RESTOCK")
    assert again.json()["code"] == "already_disposed"
    units = (await get(http, f"/returns/{floor.no('RMA')}"))["units"]["items"]
    assert [(unit["serial"], unit["disposition"]) for unit in units] == [("A", "SCRAP"), ("B", None)]
    found = await get(http, "/returns", order="SO", customer="C")
    assert floor.no("RMA") in [one["return_id"] for one in found["items"]]


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
async def test_malformed_announcements(floor: Line, http: httpx.AsyncClient, bad: dict[str, Any]) -> None:
    """What no announcement can say is malformed: 400, and nothing is done (S14)."""
    line = {"line": "1", "sku": floor.no("PUMP"), "quantity": 1, **bad}
    answer = await post(http, "/receipts", receipt=floor.no("R"), warehouse=floor.no("EAST"), lines=[line])
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert (await http.get(f"/receipts/{floor.no('R')}")).status_code == 404


async def test_unknown_things(floor: Line, http: httpx.AsyncClient) -> None:
    """An unknown receipt, product or place is 404; so is looking one up."""
    await floor.say(floor.asn("R", "A"))
    asked = {
        "unknown_receipt": floor.scan("NOPE", "A"),
        "unknown_product": floor.scan("R", "A", sku="NOPE"),
        "unknown_location": floor.scan("R", "A", location="NOPE/DOCK"),
    }
    for code, scan in asked.items():
        answer = await post(http, "/scans", **scan.model_dump(exclude_unset=True))
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    for path in ("receipts/NOPE", "products/NOPE", "warehouses/NOPE", "locations/NO/PE", "discrepancies/NOPE",
                 "returns/NOPE", "receipts/NOPE/expected", "products/NOPE/changes",
                 f"receipts/{floor.no('R')}/sessions/NOPE"):  # fmt: skip
        assert (await http.get(f"/{path}")).status_code == 404


async def test_a_refusal_is_recorded(floor: Line, http: httpx.AsyncClient) -> None:
    """A refused scan changes no stock, and who sent what and why it was refused is kept."""
    await floor.say(floor.asn("R", "A"), floor.scan("R", "A"))
    refused = await post(http, "/scans", "anna", **floor.scan("R", "A", "bad\x07").model_dump(exclude_unset=True))
    assert refused.status_code == 422
    assert [one["code"] for one in refused.json()["refusals"]] == ["serial_badly_formed", "serial_repeated"]
    (listed,) = (await get(http, "/rejections", document=floor.no("R")))["items"]
    kept = await get(http, f"/rejections/{listed['id']}")
    assert (kept["actor"], kept["raw"]["serials"]) == ("anna", ["A", "bad\x07"])
    assert await floor.states() == {"A": "SCANNED"}
