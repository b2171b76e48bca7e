"""Commands on counted stock as a client sends them: bad values, refusals with their remedy, what is held."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from shared.contracts.reference import LocationChanged, ProductChanged
from tests.lots.conftest import Line
from tests.unit.lots.making import BIN, DOCK, SHELF
from tests.unit.lots.ordering import Ordering


async def post(http: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    """Send a command."""
    return await http.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), "X-Actor": "anna"})


@pytest.mark.parametrize("quantity", [0, -1, 10**15, 0.0000001, "1e400", "NaN", "Infinity", "ten", None, 1000001])
async def test_no_such_quantity(line: Line, http: httpx.AsyncClient, quantity: Any) -> None:
    """Nothing, less than nothing, far too much, too many decimals: malformed, and nothing is changed."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 10)))
    body = {"sku": line.sku, "lot": "B-1", "quantity": quantity, "from_location": DOCK, "location": SHELF}
    answer = await post(http, "/putaways", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert list(await line.balances()) == [("B-1", DOCK)]


@pytest.mark.parametrize("expiry", ["1900-01-01", "2027-02-31", "31.3.2027", 20270331, "2027-03-31T00:00:00Z"])
async def test_no_such_day(line: Line, http: httpx.AsyncClient, expiry: Any) -> None:
    """A date that no label has is malformed (S24)."""
    answer = await post(http, "/corrections", sku=line.sku, lot="B-1", expiry=expiry, reason="misread")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_lot_that_is_not_known_yet(line: Line, http: httpx.AsyncClient) -> None:
    """A putaway that overtakes its receipt is asked to come again in a second; then it is done (S26)."""
    say = line.saying
    body = {"sku": line.sku, "lot": "00392/174", "quantity": 1.5, "from_location": DOCK, "location": SHELF}
    early = await post(http, "/putaways", **body)
    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "not_yet_known", "1")
    await line.say(say.receive(say.came("00392/174", 2)))
    done = await post(http, "/putaways", **body)
    assert done.status_code == 200
    assert done.json()["places"] == [
        {"location": DOCK, "on_hand": 0.5, "allocated": 0, "on_hold": False},
        {"location": SHELF, "on_hand": 1.5, "allocated": 0, "on_hold": False},
    ]


async def test_a_lot_of_another_product(line: Line, line_too: Line, http: httpx.AsyncClient) -> None:
    """A lot's number under the wrong product is refused, and the product that has it is named (S25)."""
    await line_too.say(line_too.saying.receive(line_too.saying.came(f"LOT {line_too.sku}")))
    body = {"lot": f"LOT {line_too.sku}", "quantity": 1, "from_location": DOCK, "location": SHELF}
    answer = await post(http, "/putaways", sku=line.sku, **body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yet_known")
    assert line_too.sku in answer.json()["detail"]


async def test_a_serialised_product_is_not_counted(line: Line, http: httpx.AsyncClient) -> None:
    """Units with serials are put away at the registry (S02)."""
    sku = f"S-{line.sku}"
    await line.say(ProductChanged(sku=sku, version=1, name="laptop", unit="each", tracking="SERIAL"))
    answer = await post(http, "/putaways", sku=sku, quantity=1, from_location=DOCK, location=SHELF)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_counted")


async def test_a_mix_is_sent_to_an_empty_place(line: Line, http: httpx.AsyncClient) -> None:
    """Without a place that holds the lot, the refusal suggests an empty storage place of the warehouse (S30)."""
    say = line.saying
    await line.say(LocationChanged(location=f"EAST/{line.sku}", version=1, type="STORAGE", pick_sequence=5000))
    await line.say(say.receive(say.came("B-1"), say.came("B-2")))
    await line.say(say.put_away("B-1", 10, SHELF))
    answer = await post(http, "/putaways", sku=line.sku, lot="B-2", quantity=1, from_location=DOCK, location=SHELF)
    assert (answer.status_code, answer.json()["code"]) == (409, "lots_mixed")
    [suggested] = answer.json()["suggested"]
    used = {row["location"] for row in await line.rows("SELECT location FROM balance WHERE on_hand > 0")}
    assert suggested.startswith("EAST/")
    assert suggested not in used
    again = await post(http, "/putaways", sku=line.sku, lot="B-2", quantity=1, from_location=DOCK, location=suggested)
    assert again.status_code == 200


async def test_open_holds_are_listed(line: Line, http: httpx.AsyncClient) -> None:
    """A hold shows who opened it, why and in what role, and how much it keeps; it is gone once lifted."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", "2.5")))
    body = {"sku": line.sku, "lot": "B-1", "hold": "H-1", "role": "quality", "reason": "smells"}
    opened = await post(http, "/holds", **body)
    assert (opened.status_code, opened.headers["Location"]) == (201, "/holds?hold=H-1")
    assert opened.json() == {"sku": line.sku, "hold": "H-1", "open": [{"lot": "B-1", "location": None}]}
    [shown] = (await http.get("/holds", params={"sku": line.sku})).json()["items"]
    assert (shown["opened_by"], shown["role"], shown["reason"], shown["on_hand"]) == (
        "anna",
        "quality",
        "smells",
        2.5,
    )
    lifted = await post(http, "/holds/H-1/release", sku=line.sku, reason="aired")
    assert lifted.json()["open"] == []
    assert (await http.get("/holds", params={"sku": line.sku})).json()["items"] == []


async def test_nothing_moves_to_a_bin_by_mistake(line: Line, http: httpx.AsyncClient) -> None:
    """A refusal over HTTP says what is there, what is free, and what would help."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 2)))
    await line.say(say.put_away("B-1", 2))
    answer = await post(http, "/moves", sku=line.sku, lot="B-1", quantity=3, from_location=SHELF, location=BIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_enough")
    assert "2 on hand, 2 free, 0 allocated" in answer.json()["detail"]
    assert answer.json()["help"]


async def test_demands_say_what_they_have_and_why_no_more(line: Line, http: httpx.AsyncClient) -> None:
    """A demand is shown with what it has, and what lies there that it is not given, with the reason, at any time."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("B-1", 10), say.came("B-2", 10)))
    await line.say(say.put_away("B-1", 2.5), say.put_away("B-2", 4, BIN), say.hold("B-2", "H-1"))
    await line.say(say.want(1, 5), say.want(2, 1, lots=["B-9"]), say.give_up(2), say.give_up(3))
    first, second, third = (await http.get("/demands", params={"sku": line.sku})).json()["items"]
    assert (first["quantity"], first["open"], first["picked"]) == (5, 2.5, [])
    assert first["allocated"] == [{"lot": "B-1", "quantity": 2.5, "location": SHELF}]
    assert (second["status"], second["lots"], third["status"], third["quantity"]) == (
        "WITHDRAWN", ["B-9"], "WITHDRAWN", None,
    )  # fmt: skip
    waiting = (await http.get("/demands", params={"sku": line.sku, "waiting": True})).json()["items"]
    assert [it["demand"] for it in waiting] == [say.demand(1)]
    asked = {"sku": line.sku, "status": ["OPEN", "CLOSED"]}
    assert [it["demand"] for it in (await http.get("/demands", params=asked)).json()["items"]] == [say.demand(1)]
    unknown = await http.get("/demands", params={"status": "GONE"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "query.status.0")
    shown = (await http.get(f"/demands/{say.demand(1)}/explanation")).json()
    assert shown == {
        "demand": say.demand(1), "open": 2.5, "skipped": [{"lot": "B-2", "quantity": 4, "reason": "on hold"}],
    }  # fmt: skip
    assert (await http.get(f"/demands/{say.demand(3)}/explanation")).json()["skipped"] == []
    assert (await http.get("/demands/none/explanation")).status_code == 404


async def test_a_recall_of_any_name_leads_to_its_lists(line: Line, http: httpx.AsyncClient) -> None:
    """Its name may have signs that mean something in an address; its lists are found all the same (S46)."""
    name = f"R/1?x#{uuid4().hex[:8]}"
    await line.say(line.saying.receive(line.saying.came("B-1")))
    opened = await post(http, "/recalls", recall=name, reason="glass", lots=[{"sku": line.sku, "lot": "B-1"}])
    assert opened.status_code == 202
    found = (await http.get(f"/recalls/{quote(name, safe='')}")).json()
    assert found["recall"] == name
    assert [row["item"] for row in (await http.get(found["lists"]["stock"])).json()["items"]] == ["B-1"]
