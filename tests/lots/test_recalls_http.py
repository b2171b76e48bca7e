"""Recalls over HTTP on a bad day: ranges the wrong way round, names taken or never given, every list as a file."""

import csv
import io
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from shared.contracts.commands.lots import CloseRecall, OpenRecall
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import RecalledUnit, SerialRecalled
from tests.lots.conftest import Line
from tests.lots.test_http import post
from tests.unit.lots.ordering import Ordering


@pytest.fixture
def name() -> str:
    """A recall of the test's own, whose name is not simple."""
    return f"=R/{uuid4().hex[:8]}"


@pytest.mark.parametrize(("first", "last"), [("SN-9", "SN-1"), ("SN-9", "SN-10"), ("sn-9", "SN-1"), ("A10", "A9")])
async def test_a_range_the_wrong_way_round(
    line: Line, http: httpx.AsyncClient, name: str, first: str, last: str
) -> None:
    """Ends that are swapped or of two lengths would hold nothing, unseen: the range is malformed, and named (S46)."""
    ranges = [{"sku": line.sku, "first": "SN-1", "last": "sn-9"}, {"sku": line.sku, "first": first, "last": last}]
    answer = await post(http, "/recalls", recall=name, reason="glass", ranges=ranges)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "ranges.1")
    answer = await post(http, "/recalls", recall=name, reason="glass", ranges=[*ranges[:1], *ranges[:1]])
    assert answer.json()["code"] == "recall_empty"


async def test_no_number_of_no_product(http: httpx.AsyncClient, name: str) -> None:
    """What has no lot number is recalled by its product: without one, all that is untracked would be meant (S46)."""
    answer = await post(http, "/recalls", recall=name, reason="glass", lots=[{"lot": ""}])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "lots.0")


async def test_the_same_recall_twice(line: Line, http: httpx.AsyncClient, name: str) -> None:
    """A name is one recall's: another body, a mock one, or the same under a new key is told that it exists (S46)."""
    wish: dict[str, Any] = {"recall": name, "reason": "glass", "lots": [{"sku": line.sku, "lot": "B-1"}]}
    assert (await post(http, "/recalls", **wish)).status_code == 202
    for more in ({}, {"mock": True}, {"lots": [{"sku": line.sku, "lot": "B-2"}]}):
        again = await post(http, "/recalls", **wish | more)
        assert (again.status_code, again.json()["code"]) == (409, "document_exists")
    assert (await http.get(f"/recalls/{quote(name, safe='')}")).json()["mock"] is False


@pytest.mark.parametrize("page", ["", "/stock", "/orders", "/calls", "/reconciliation", "/stock.csv", "/calls.csv"])
async def test_no_such_recall(http: httpx.AsyncClient, page: str) -> None:
    """A mistyped recall is not there; its lists are not empty, as if nothing were left (S46)."""
    answer = await http.get(f"/recalls/RC-mistyped{page}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


async def test_every_list_as_a_file(line: Line, http: httpx.AsyncClient, name: str) -> None:
    """Stock, orders, calls and reconciliation: the file has what the page has, of lots and of serials (S46)."""
    say, pump = Ordering(line.sku), f"PUMP-{uuid4().hex[:8]}"
    await line.say(ProductChanged(sku=pump, version=1, name="pump", unit="each", tracking="SERIAL"))
    await line.say(say.receive(say.came("B-1", 10)))
    await line.say(say.put_away("B-1", 10), *(say.want(number, 2) for number in (1, 2)))
    await line.say(say.pick(1, say.at("B-1", 2)))
    await line.say(say.dispatch(1, {"B-1": 2}))
    told = await line.say(
        OpenRecall.model_validate(
            {
                "recall": name,
                "reason": "glass",
                "lots": [{"sku": line.sku, "lot": "B-1"}],
                "serials": [{"sku": pump, "serial": "SN-1"}],
            }
        )
    )
    await line.say(*(RecallOpened.model_validate(data) for data in told.data("recall.opened.v1")))
    units = [
        RecalledUnit(serial="SN-1", status="SHIPPED", held=False, order="SO-1", shipment="SH-1", customer="C-1"),
        RecalledUnit(serial="SN-2", status="ALLOCATED", location="EAST/A-1", order="SO-2"),
    ]
    await line.say(SerialRecalled(recall=name, sku=pump, units=units, last=True))
    lists = (await http.get(f"/recalls/{quote(name, safe='')}")).json()["lists"]
    assert set(lists) == {"stock", "orders", "calls", "reconciliation"}
    for kind, address in lists.items():
        page = (await http.get(address)).json()["items"]
        file = list(csv.DictReader(io.StringIO((await http.get(f"{address}.csv")).text, newline="")))
        assert [row["item"] for row in file] == [row["item"] for row in page], kind
        assert list(file[0]) == list(page[0])
        assert {row["sku"] for row in page} == ({line.sku} if kind == "reconciliation" else {line.sku, pump})


async def test_a_lot_of_two_products(line: Line, line_too: Line, http: httpx.AsyncClient, name: str) -> None:
    """A lot number that two products have is held of both, and of one where that is named (S46)."""
    lot = uuid4().hex[:8]
    for one in (line, line_too):
        await one.say(one.saying.receive(one.saying.came(lot)))
    for recall, skus in ((f"{name}-1", [line.sku]), (f"{name}-2", [])):
        body = (await post(http, "/recalls", recall=recall, reason="glass", text=f"lot {lot}1 {lot}", skus=skus)).json()
        found = {it["sku"] for it in body["products"] if lot in it["lots"]}
        assert found == ({line.sku} if skus else {line.sku, line_too.sku})


async def test_what_arrives_after_the_closing(line: Line, http: httpx.AsyncClient, name: str) -> None:
    """Named, in a range or in the text: what was recalled and comes late is held all the same, and listed (S46)."""
    say = line.saying
    told = await line.say(
        OpenRecall.model_validate(
            {
                "recall": name,
                "reason": "glass",
                "skus": [line.sku],
                "text": "LX-0040 to LX-0049",
                "lots": [{"sku": line.sku, "lot": "B-1"}],
            }
        )
    )
    await line.say(*(RecallOpened.model_validate(data) for data in told.data("recall.opened.v1")))
    assert (await line.say(CloseRecall(recall=name, reason="all gone"))).codes() == []
    await line.say(say.receive(say.came("B-1"), say.came("lx-0045"), say.came("LX-0050")))
    stock = (await http.get(f"/recalls/{quote(name, safe='')}/stock")).json()["items"]
    assert [(it["item"], it["held"]) for it in stock] == [("B-1", True), ("lx-0045", True)]
