"""Fulfillment over HTTP: commands, bad input, the pick list, lists, outcomes."""

from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Exchange, Unit
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.reference import LocationChanged
from shared.contracts.upstream import OrderCancelled
from shared.database import new_id
from tests.fulfillment.desk import Desk, outbox, post


def order(desk: Desk, name: str, **more: Any) -> dict[str, Any]:
    """An order as a sender writes it."""
    line = {"line": "1", "sku": desk.sku, "quantity": 1}
    return {"order": desk.no(name), "warehouse": "EAST", "customer": {"id": "C-1"}, "lines": [line]} | more


async def test_a_life_over_http(desk: Desk, http: AsyncClient) -> None:
    """Placed, picked, packed, shipped and dispatched over HTTP, each answer with the address to look at (S19, S21)."""
    placed = await post(http, "/orders", order(desk, "SO/1"))
    assert (placed.status_code, placed.json()["status"]) == (201, "OPEN")
    asked = AllocationRequested.model_validate((await outbox(desk, "allocation.requested.v1"))["data"])
    await desk.tell(desk.gives(asked, ["S1"]))
    address = placed.json()["address"]
    (pick,) = (await http.get(f"{address}/picks")).json()["items"]
    assert (pick["serial"], pick["location"], pick["name"]) == ("S1", "EAST/A-1", "Pump")
    units = [{"sku": desk.sku, "serial": "S1"}]
    name, carton, shipment = desk.no("SO/1"), desk.no("C-1"), desk.no("SH-1")
    picked = await post(http, "/picks", {"order": name, "units": units, "location": "EAST/STAGE"})
    assert picked.json()["units"] == [{"sku": desk.sku, "serial": "S1", "line": "1"}]
    assert (await http.get(f"{address}/picks")).json()["items"] == []
    await post(http, "/packs", {"order": name, "carton": carton, "units": units})
    assert (await http.get(f"/cartons/{carton}")).json()["units"][0]["serial"] == "S1"
    made = await post(http, "/shipments", {"shipment": shipment, "cartons": [carton], "carrier": "DHL"})
    assert (made.status_code, made.json()["orders"]) == (201, [name])
    sent = await post(http, f"/shipments/{shipment}/dispatch", {})
    assert sent.status_code == 202
    assert (await http.get(sent.headers["Location"])).json()["status"] == "CHECKING"
    assert (await http.get(f"/shipments/{shipment}")).json()["status"] == "CHECKING"
    for status, found in ((["CHECKING"], 1), (["CREATED", "CANCELLED"], 0), (["CREATED", "CHECKING"], 1)):
        listed = (await http.get("/shipments", params={"order": name, "status": status})).json()["items"]
        assert len(listed) == found
        listed = (await http.get("/shipments", params={"status": status, "limit": 500})).json()["items"]
        assert (shipment in {item["shipment"] for item in listed}) == bool(found)
    requested = DispatchRequested.model_validate((await outbox(desk, "dispatch.requested.v1"))["data"])
    await desk.tell(*desk.approves([requested]))
    assert (await http.get(sent.headers["Location"])).json()["status"] == "DISPATCHED"
    whole = (await http.get(f"/shipments/{shipment}")).json()
    assert (whole["status"], whole["cartons"][0]["units"][0]["status"]) == ("DISPATCHED", "SHIPPED")
    shown = (await http.get(address)).json()
    assert (shown["status"], shown["lines"][0]["shipped"], shown["units"][0]["shipment"]) == ("COMPLETE", 1, shipment)
    log = (await http.get(f"{address}/log")).json()["items"]
    assert [entry["what"] for entry in log][-2:] == ["dispatch asked", "dispatched"]
    assert log[0]["actor"] == "ann"


async def test_one_walk_for_the_most_urgent_orders(desk: Desk, http: AsyncClient) -> None:
    """The pick list of a warehouse takes urgent orders first and follows the walk; cancelled orders are not on it."""
    await desk.tell(LocationChanged(location="EAST/Z-9", version=1, type="STORAGE", pick_sequence=99))
    warehouse = desk.no("WH").replace("/", "")
    for name, priority in (("slow", 1), ("fast", 9), ("gone", 9)):
        await desk.allocated(name, f"{name}-2", f"{name}-1", warehouse=warehouse, priority=priority)
    await desk.tell(OrderCancelled(order=desk.no("gone")))
    walk = (await http.get("/picks", params={"warehouse": warehouse})).json()["items"]
    assert [item["serial"] for item in walk] == ["fast-1", "fast-2", "slow-1", "slow-2"]
    walk = (await http.get("/picks", params={"warehouse": warehouse, "orders": 1})).json()["items"]
    assert {item["order"] for item in walk} == {desk.no("fast")}
    pages, params = [], {"warehouse": warehouse, "limit": "3"}
    while True:
        page = (await http.get("/picks", params=params)).json()
        pages.append([item["serial"] for item in page["items"]])
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert pages == [["fast-1", "fast-2", "slow-1"], ["slow-2"]]


async def test_orders_are_found_by_number_status_and_customer(desk: Desk, http: AsyncClient) -> None:
    """Page by page, in the order of their numbers."""
    customer = desk.no("CUST")
    names = [f"{desk.run}-{number}" for number in range(5)]
    for name in names:
        await post(http, "/orders", order(desk, "x", order=name, customer={"id": customer, "name": "Ann"}))
    await desk.tell(OrderCancelled(order=names[0]))
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"q": desk.run, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/orders", params=params)).json()
        found += [item["order"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == names
    cancelled = (await http.get("/orders", params={"status": "CANCELLED", "customer": customer})).json()["items"]
    assert [item["order"] for item in cancelled] == names[:1]
    either = {"status": ["CANCELLED", "OPEN"], "customer": customer}
    assert [item["order"] for item in (await http.get("/orders", params=either)).json()["items"]] == names


async def test_an_exchange_ends_in_its_outcome(desk: Desk, http: AsyncClient) -> None:
    """202 with an address: under way, then done, or failed with the reason."""
    for name, closes, status in (("SO-1", ["SO-1-S9"], "DONE"), ("SO-2", [], "FAILED")):
        await desk.allocated(name, f"{name}-S1")
        unit = {"sku": desk.sku, "serial": f"{name}-S1"}
        body = {"order": desk.no(name), "unit": unit, "instead": f"{name}-S9", "reason": "older"}
        asked = await post(http, "/unit-swaps", body)
        assert asked.status_code == 202
        address = asked.headers["Location"]
        assert (await http.get(address)).json()["status"] == "UNDER_WAY"
        demand = AllocationRequested.model_validate((await outbox(desk, "allocation.requested.v1"))["data"])
        skipped = [] if closes else [{"reason": "PICKED", "count": 1}]
        await desk.tell(desk.gives(demand, closes, short=1 - len(closes), closed=True, skipped=skipped))
        outcome = (await http.get(address)).json()
        assert (outcome["status"], outcome["reason"]) == (status, "" if closes else "1 PICKED")


async def test_a_dispatch_shows_that_it_is_over_before_its_answers_come(desk: Desk, http: AsyncClient) -> None:
    """After a cancel, the dispatch's address says that it has ended."""
    await desk.packed("SO-1", "C-1", "S1")
    await desk.tell(CreateShipment(shipment=desk.no("SH-1"), cartons=[desk.no("C-1")]))
    answer = await desk.ask(Dispatch(shipment=desk.no("SH-1")))
    await desk.tell(OrderCancelled(order=desk.no("SO-1")))
    assert answer.address is not None
    assert (await http.get(answer.address)).json()["status"] == "ENDED"
    listed = (await http.get("/shipments", params={"order": desk.no("SO-1")})).json()["items"]
    assert [item["status"] for item in listed] == ["CREATED"]


BAD_SERIALS = ["", " S1", "S1 ", "S\t1", "S\n1", "S\u00e4", "S\u200b1", "x" * 65]


@pytest.mark.parametrize("serial", BAD_SERIALS)
async def test_what_cannot_be_a_serial_is_malformed(desk: Desk, http: AsyncClient, serial: str) -> None:
    """Empty, padded, with a control or non-ASCII character, over-long: 400, and nothing happens (S16)."""
    body = {"order": desk.no("SO-1"), "units": [{"sku": desk.sku, "serial": serial}], "location": "EAST/STAGE"}
    answer = await post(http, "/picks", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("quantity", [0, -1, 10**9, "many", 1.0000001])
async def test_quantities_that_cannot_be_are_malformed(desk: Desk, http: AsyncClient, quantity: Any) -> None:
    """Nought, negative, absurd: 400, and no order is placed."""
    line = {"line": "1", "sku": desk.sku, "quantity": quantity}
    answer = await post(http, "/orders", order(desk, "SO-1", lines=[line]))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert (await http.get(f"/orders/{desk.no('SO-1')}")).status_code == 404


async def test_too_many_units_in_one_message_are_malformed(desk: Desk, http: AsyncClient) -> None:
    """At most 500 units a command."""
    units = [{"sku": desk.sku, "serial": f"S{number}"} for number in range(501)]
    answer = await post(http, "/picks", {"order": desk.no("SO-1"), "units": units, "location": "EAST/STAGE"})
    assert answer.status_code == 400


async def test_case_and_repeats_of_a_serial_are_refused_each(desk: Desk, http: AsyncClient) -> None:
    """A serial in another case is another serial; one named twice is taken once; the rest of the command is done."""
    await desk.allocated("SO-1", "S1", "S2")
    units = [{"sku": desk.sku, "serial": serial} for serial in ("S1", "s1", "S1")]
    answer = await post(http, "/picks", {"order": desk.no("SO-1"), "units": units, "location": "EAST/STAGE"})
    assert answer.status_code == 200
    assert [unit["serial"] for unit in answer.json()["units"]] == ["S1"]
    assert sorted(no["code"] for no in answer.json()["refused"]) == ["not_allocated_here", "serial_repeated"]


async def test_a_unit_of_another_order_is_refused_with_whose_it_is(desk: Desk, http: AsyncClient) -> None:
    """409, and the address of the order that has it (S20); the refusal is recorded with who tried."""
    await desk.allocated("SO-1", "S1")
    await desk.allocated("SO-2", "S2")
    body = {"order": desk.no("SO-1"), "units": [{"sku": desk.sku, "serial": "S2"}], "location": "EAST/STAGE"}
    answer = await post(http, "/picks", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_allocated_here")
    assert answer.json()["blocked_by"] == [f"/orders/{desk.no('SO-2')}"]
    kept = await desk.rows("SELECT actor, codes FROM rejection WHERE document = :order", order=desk.no("SO-1"))
    assert [(row["actor"], row["codes"]) for row in kept] == [("ann", ["not_allocated_here"])]


async def test_news_still_under_way_is_worth_another_try(desk: Desk, http: AsyncClient) -> None:
    """A unit that may just have been given to the order is refused with Retry-After, beside others or alone (S20)."""
    asked = await desk.place("SO-1", 2)
    body = {"order": desk.no("SO-1"), "units": [{"sku": desk.sku, "serial": "S1"}], "location": "EAST/STAGE"}
    answer = await post(http, "/picks", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yet_known")
    assert answer.headers["Retry-After"] == "1"
    await desk.tell(desk.gives(asked, ["S2"], short=1))
    answer = await post(http, "/picks", body | {"units": [{"sku": desk.sku, "serial": it} for it in ("S1", "S2")]})
    assert (answer.status_code, [one["ids"] for one in answer.json()["refused"]]) == (200, [["S1"]])
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/picks", {"units": [{"sku": "A", "serial": "S"}], "location": "EAST/STAGE"}, "unknown_order"),
        ("/short-picks", {"units": [{"sku": "A", "serial": "S"}], "reason": "x"}, "unknown_order"),
        ("/unpicks", {"units": [{"sku": "A", "serial": "S"}], "location": "EAST/A-1", "reason": "x"}, "unknown_order"),
        ("/unit-swaps", {"unit": {"sku": "A", "serial": "S"}, "instead": "T", "reason": "x"}, "unknown_order"),
        ("/packs", {"units": [{"sku": "A", "serial": "S"}], "carton": "C"}, "unknown_order"),
        ("/unpacks", {"units": [{"sku": "A", "serial": "S"}], "carton": "C"}, "unknown_order"),
        ("/carton-moves", {"units": [{"sku": "A", "serial": "S"}], "carton": "C", "to_carton": "D"}, "unknown_order"),
        ("/shipments", {"shipment": "none", "cartons": ["none"]}, "unknown_carton"),
        ("/shipments/none/dispatch", {}, "unknown_shipment"),
        ("/shipments/none/cancel", {"reason": "x"}, "unknown_shipment"),
    ],
)
async def test_what_nobody_knows_is_not_found(http: AsyncClient, path: str, body: dict[str, Any], code: str) -> None:
    """404 with the code of what is unknown."""
    answer = await post(http, path, {"order": "no-such-order"} | body)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "path", ["/orders/none", "/orders/none/picks", "/orders/none/log", "/cartons/none", "/shipments/none",
             "/dispatch-checks/none", "/swaps/none"],
)  # fmt: skip
async def test_addresses_of_nothing_are_not_found(http: AsyncClient, path: str) -> None:
    """404, as a problem."""
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_same_command_again_has_the_same_answer(desk: Desk, http: AsyncClient) -> None:
    """An Idempotency-Key makes a command happen once; with another body it is refused."""
    await desk.allocated("SO-1", "S1", "S2")
    unit = Unit(sku=desk.sku, serial="S1")
    command = Exchange(order=desk.no("SO-1"), unit=unit, instead="S7", reason="older").model_dump(mode="json")
    key = {"Idempotency-Key": new_id()}
    first, second = await post(http, "/unit-swaps", command, **key), await post(http, "/unit-swaps", command, **key)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = await post(http, "/unit-swaps", command | {"reason": "newer"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
