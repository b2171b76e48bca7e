"""Stations pass on what was scanned as it is, and what was chosen from a list by its number."""

import json
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from services.console.clients.http import ServiceClient
from services.console.clients.receiving import Receiving
from services.console.packing import handlers as packing
from services.console.page import Visit
from services.console.picking import handlers as picking
from services.console.putaway import handlers as putaway
from shared.auth.roles import Role

LABEL = "]d2010400638133393121PU-7"
PICK = {
    "order": "SO-1", "line": "1", "sku": "SALINE", "name": "", "serial": None, "lot": "L-9", "expiry": None,
    "quantity": "3", "location": "A-01", "priority": 0,
}  # fmt: skip
UNIT = {"line": "1", "sku": "PUMP", "status": "PICKED", "location": "STAGE", "carton": None, "shipment": None}
ANSWERS: dict[str, dict[str, Any]] = {
    "/putaways": {"sku": "PUMP", "updated": []},
    "/serials": {"items": []},
    "/orders/SO-1/picks": {"items": [PICK]},
    "/orders/SO-1": {
        "order": "SO-1", "warehouse": "W", "customer": "C", "customer_name": "", "ship_to": "", "status": "OPEN",
        "units": [UNIT | {"serial": "PU-7", "holds": []}], "stock": [],
    },
    "/orders/SO-2": {
        "order": "SO-2", "warehouse": "W", "customer": "C", "customer_name": "", "ship_to": "", "status": "OPEN",
        "units": [],
        "stock": [UNIT | {"sku": sku, "lot": "L-9", "quantity": "3", "holds": []} for sku in ("SALINE", "GLUCOSE")],
    },
    "/scans/parse": {
        "text": "", "kind": "GS1_ELEMENTS", "gtin": None, "sscc": None, "serial": None, "lot": None, "expiry": None,
        "values": [], "read_as": None, "problems": [],
        "candidates": [{"kind": "LOT", "id": "L-9", "sku": "GLUCOSE", "status": None}],
    },
    "/picks": {"order": "SO-1", "units": []},
    "/packs": {"order": "SO-1", "units": []},
}  # fmt: skip


class RecordedVisit(Visit):
    """A visit whose services answer alike and record their commands."""

    sent: list[dict[str, Any]]

    def client(self, service: str) -> ServiceClient:
        """Return a client of the recording services."""

        def respond(request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                self.sent.append(json.loads(request.content))
            return httpx.Response(200, json=ANSWERS[request.url.path])

        client = httpx.AsyncClient(transport=httpx.MockTransport(respond), base_url="http://service")
        return ServiceClient(service, client, {})


@pytest.fixture
def visit() -> RecordedVisit:
    """Return a visit of an operator."""
    visit = RecordedVisit(Request({"type": "http"}), "otto", frozenset({Role.OPERATOR}))
    object.__setattr__(visit, "sent", [])
    return visit


async def test_scans_are_passed_on_raw(visit: RecordedVisit) -> None:
    """S16: the audit keeps the label as scanned; its row shows the number on it, and its undo takes the unit out."""
    put = await putaway.put_away(visit, {"texts": [LABEL], "sku": "PUMP", "location": "A-01"}, "k")
    picked = await picking.pick(visit, "SO-1", {"texts": [LABEL], "location": "STAGE"}, "k")
    packed = await packing.pack(visit, "SO-1", {"texts": [LABEL], "carton": "C-1"}, "k")
    assert [command["scans"] for command in visit.sent] == [[LABEL]] * 3
    assert [outcome.verdicts[0].text for outcome in (put, picked, packed)] == ["PU-7"] * 3
    assert packed.verdicts[0].undo == {"carton": "C-1", "units": [{"sku": "PUMP", "serial": "PU-7"}]}


async def test_what_was_not_scanned_has_no_scan(visit: RecordedVisit) -> None:
    """S36: units taken from the page's list are named by number; a plain lot is picked as the list wants it."""
    await putaway.put_away(visit, {"texts": ["PU-7"], "is_listed": True, "sku": "PUMP", "location": "A-01"}, "k")
    await packing.pack(visit, "SO-1", {"texts": ["PU-7"], "is_listed": True, "carton": "C-1"}, "k")
    await picking.pick(visit, "SO-1", {"texts": ["L-9"], "location": "STAGE"}, "k")
    assert [command.get("scans") for command in visit.sent] == [None] * 3
    assert visit.sent[0]["serials"] == ["PU-7"]
    assert visit.sent[1]["units"] == [{"sku": "PUMP", "serial": "PU-7"}]
    assert visit.sent[2]["stock"][0]["quantity"] == "3"


LOT_LABEL = "]d2010400638133393110L-9"


async def test_a_label_of_another_product_takes_no_listed_lot(visit: RecordedVisit) -> None:
    """S16, S28: a lot number alone is not enough; the service says what is wrong with the label."""
    await picking.pick(visit, "SO-1", {"texts": [LOT_LABEL], "location": "STAGE"}, "k")
    await picking.pick(visit, "SO-1", {"texts": ["]d210L-9\x1d17200331"], "location": "STAGE"}, "k")
    assert [command.get("scans") for command in visit.sent] == [None, [LOT_LABEL], None]
    visit.sent.clear()
    await packing.pack(visit, "SO-2", {"texts": [LOT_LABEL], "carton": "C-1", "sku": "SALINE"}, "k")
    await packing.pack(visit, "SO-2", {"texts": [LOT_LABEL], "carton": "C-1", "sku": "GLUCOSE"}, "k")
    commands = [command for command in visit.sent if "text" not in command]
    assert commands[0]["scans"] == [LOT_LABEL]
    assert [stock["sku"] for stock in commands[1]["stock"]] == ["GLUCOSE"]


@pytest.mark.parametrize("number", [1, 500, 501, 1200])
async def test_a_session_is_read_to_its_end(number: int) -> None:
    """S14: the review of a session counts all its scans and lots, also those of further pages."""
    scan = {
        "serial": "", "sku": "PUMP", "line": "1", "location": "W/D", "status": "ACCEPTED", "conflicting_value": None,
        "scanned_at": "2026-11-30T20:15:00Z", "lot": None, "expiry": None,
    }  # fmt: skip
    lot = {"sku": "SALINE", "lot": "", "location": "W/D", "status": "SCANNED", "quantity": "1", "expiry": None}
    scans = [scan | {"serial": f"PU-{place}"} for place in range(number)]
    lots = [lot | {"lot": f"L-{place}"} for place in range(number)]
    session = {"session": "otto-1", "owner": "otto", "status": "OPEN", "opened_at": "2026-11-30T20:15:00Z"}

    def page_of(items: list[dict[str, Any]], start: int) -> dict[str, Any]:
        end = start + 500
        return {"items": items[start:end], "next": str(end) if end < len(items) else None}

    def respond(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", "0"))
        if request.url.path.endswith("/lots"):
            return httpx.Response(200, json=page_of(lots, start))
        return httpx.Response(200, json=session | {"scans": page_of(scans, start), "lots": lots[:500]})

    client = httpx.AsyncClient(transport=httpx.MockTransport(respond), base_url="http://receiving")
    found = await Receiving(ServiceClient("receiving", client, {})).get_session("R-1", "otto-1")
    assert [scan.serial for scan in found.scans.items] == [scan["serial"] for scan in scans]
    assert [lot.lot for lot in found.lots] == [lot["lot"] for lot in lots]
