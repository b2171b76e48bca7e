"""HTTP API of fulfillment: commands, invalid input, pick lists, lists and results."""

from typing import Any

import pytest
from httpx import AsyncClient

from services.fulfillment.app import app
from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, SwapUnit, UnitSelector
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested
from shared.contracts.upstream import OrderCancelled
from shared.persistence.database import new_id
from tests.integration.fulfillment.harness import FulfillmentHarness, last_outbox_event, post
from tests.support.messages.reference import location_changed
from tests.support.progress import FixedProgress


def order_body(harness: FulfillmentHarness, order_name: str, **overrides: Any) -> dict[str, Any]:
    """The request body of an order."""
    line = {"line": "1", "sku": harness.sku, "quantity": 1}
    return {
        "order": harness.scoped_id(order_name),
        "warehouse": "EAST",
        "customer": {"id": "C-1"},
        "lines": [line],
    } | overrides


async def test_order_lifecycle_over_http(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """An order is placed, picked, packed, shipped and dispatched over HTTP; results contain paths (S19, S21)."""
    placed = await post(http, "/orders", order_body(harness, "SO/1"))
    assert (placed.status_code, placed.json()["status"]) == (201, "OPEN")
    request = AllocationRequested.model_validate((await last_outbox_event(harness, "allocation.requested.v1"))["data"])
    await harness.handle(harness.serial_allocated(request, ["S1"]))
    path = placed.json()["path"]
    (pick,) = (await http.get(f"{path}/picks")).json()["items"]
    assert (pick["serial"], pick["location"], pick["name"]) == ("S1", "EAST/A-1", "Pump")
    units = [{"sku": harness.sku, "serial": "S1"}]
    order_id, carton, shipment = harness.scoped_id("SO/1"), harness.scoped_id("C-1"), harness.scoped_id("SH-1")
    picked = await post(http, "/picks", {"order": order_id, "units": units, "location": "EAST/STAGE"})
    assert picked.json()["units"] == [{"sku": harness.sku, "serial": "S1", "line": "1"}]
    assert (await http.get(f"{path}/picks")).json()["items"] == []
    await post(http, "/packs", {"order": order_id, "carton": carton, "units": units})
    assert (await http.get(f"/cartons/{carton}")).json()["units"][0]["serial"] == "S1"
    created = await post(http, "/shipments", {"shipment": shipment, "cartons": [carton], "carrier": "DHL"})
    assert (created.status_code, created.json()["orders"]) == (201, [order_id])
    dispatch_response = await post(http, f"/shipments/{shipment}/dispatch", {})
    assert dispatch_response.status_code == 202
    assert (await http.get(dispatch_response.headers["Location"])).json()["status"] == "PENDING"
    assert (await http.get(f"/shipments/{shipment}")).json()["status"] == "PENDING"
    for status, found in ((["PENDING"], 1), (["CREATED", "CANCELLED"], 0), (["CREATED", "PENDING"], 1)):
        listed = (await http.get("/shipments", params={"order": order_id, "status": status})).json()["items"]
        assert len(listed) == found
        listed = (await http.get("/shipments", params={"status": status, "limit": 500})).json()["items"]
        assert (shipment in {item["shipment"] for item in listed}) == bool(found)
    requested = DispatchCheckRequested.model_validate(
        (await last_outbox_event(harness, "dispatch_check.requested.v1"))["data"]
    )
    await harness.handle(*harness.approvals_for([requested]))
    assert (await http.get(dispatch_response.headers["Location"])).json()["status"] == "DISPATCHED"
    shipment_body = (await http.get(f"/shipments/{shipment}")).json()
    assert (shipment_body["status"], shipment_body["cartons"][0]["units"][0]["status"]) == ("DISPATCHED", "SHIPPED")
    shown_order = (await http.get(path)).json()
    assert (shown_order["status"], shown_order["lines"][0]["shipped"], shown_order["units"][0]["shipment"]) == (
        "SHIPPED",
        1,
        shipment,
    )
    log = (await http.get(f"{path}/log")).json()["items"]
    assert [entry["action"] for entry in log][-2:] == ["DISPATCH_REQUESTED", "DISPATCHED"]
    assert log[0]["actor"] == "ann"


async def test_warehouse_pick_list_starts_with_urgent_orders(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """The pick list follows priority and pick sequence, and excludes cancelled orders."""
    await harness.handle(location_changed("EAST/Z-9", pick_sequence=99))
    warehouse = harness.scoped_id("WH").replace("/", "")
    for order_name, priority in (("slow", 1), ("fast", 9), ("cancelled", 9)):
        await harness.allocate_order(
            order_name, f"{order_name}-2", f"{order_name}-1", warehouse=warehouse, priority=priority
        )
    await harness.handle(OrderCancelled(order=harness.scoped_id("cancelled")))
    picks = (await http.get("/picks", params={"warehouse": warehouse})).json()["items"]
    assert [item["serial"] for item in picks] == ["fast-1", "fast-2", "slow-1", "slow-2"]
    picks = (await http.get("/picks", params={"warehouse": warehouse, "orders": 1})).json()["items"]
    assert {item["order"] for item in picks} == {harness.scoped_id("fast")}
    pages, params = [], {"warehouse": warehouse, "limit": "3"}
    while True:
        page = (await http.get("/picks", params=params)).json()
        pages.append([item["serial"] for item in page["items"]])
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert pages == [["fast-1", "fast-2", "slow-1"], ["slow-2"]]


async def test_search_orders_by_prefix_status_and_customer(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """Search results are paginated and sorted by order number."""
    customer = harness.scoped_id("CUST")
    order_ids = [f"{harness.suffix}-{number}" for number in range(5)]
    for order_id in order_ids:
        await post(http, "/orders", order_body(harness, "x", order=order_id, customer={"id": customer, "name": "Ann"}))
    await harness.handle(OrderCancelled(order=order_ids[0]))
    found_ids: list[str] = []
    cursor: str | None = None
    while True:
        params = {"q": harness.suffix, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/orders", params=params)).json()
        found_ids += [item["order"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found_ids == order_ids
    cancelled = (await http.get("/orders", params={"status": "CANCELLED", "customer": customer})).json()["items"]
    assert [item["order"] for item in cancelled] == order_ids[:1]
    either = {"status": ["CANCELLED", "OPEN"], "customer": customer}
    assert [item["order"] for item in (await http.get("/orders", params=either)).json()["items"]] == order_ids


async def test_swap_outcomes(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """A swap returns 202 with a path: in progress, then done, or failed with a reason."""
    for order_name, serials, status in (("SO-1", ["SO-1-S9"], "DONE"), ("SO-2", [], "FAILED")):
        await harness.allocate_order(order_name, f"{order_name}-S1")
        unit = {"sku": harness.sku, "serial": f"{order_name}-S1"}
        body = {
            "order": harness.scoped_id(order_name),
            "unit": unit,
            "replacement": f"{order_name}-S9",
            "reason": "older",
        }
        response = await post(http, "/unit-swaps", body)
        assert response.status_code == 202
        path = response.headers["Location"]
        assert (await http.get(path)).json()["status"] == "IN_PROGRESS"
        request = AllocationRequested.model_validate(
            (await last_outbox_event(harness, "allocation.requested.v1"))["data"]
        )
        skipped = [] if serials else [{"reason": "PICKED", "count": 1}]
        await harness.handle(
            harness.serial_allocated(request, serials, open_quantity=1 - len(serials), final=True, skipped=skipped)
        )
        outcome = (await http.get(path)).json()
        assert (outcome["status"], outcome["reason"]) == (status, "" if serials else "1 PICKED")


async def test_cancelled_dispatch_check_is_shown_before_its_answers(
    harness: FulfillmentHarness, http: AsyncClient
) -> None:
    """A cancelled order cancels the dispatch check before its answers arrive."""
    await harness.pack_order("SO-1", "C-1", "S1")
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    result = await harness.handle_command(DispatchShipment(shipment=harness.scoped_id("SH-1")))
    await harness.handle(OrderCancelled(order=harness.scoped_id("SO-1")))
    assert result.resource_path is not None
    assert (await http.get(result.resource_path)).json()["status"] == "CANCELLED"
    shipments = (await http.get("/shipments", params={"order": harness.scoped_id("SO-1")})).json()["items"]
    assert [item["status"] for item in shipments] == ["CREATED"]


INVALID_SERIALS = ["", " S1", "S1 ", "S\t1", "S\n1", "S\u00e4", "S\u200b1", "x" * 65]


@pytest.mark.parametrize("serial", INVALID_SERIALS)
async def test_invalid_serials(harness: FulfillmentHarness, http: AsyncClient, serial: str) -> None:
    """Empty, padded, non-printable, non-ASCII or too long serial numbers return 400 (S16)."""
    body = {
        "order": harness.scoped_id("SO-1"),
        "units": [{"sku": harness.sku, "serial": serial}],
        "location": "EAST/STAGE",
    }
    response = await post(http, "/picks", body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")


@pytest.mark.parametrize("quantity", [0, -1, 10**9, "many", 1.0000001])
async def test_invalid_quantities(harness: FulfillmentHarness, http: AsyncClient, quantity: Any) -> None:
    """Zero, negative or absurd quantities return 400 and place no order."""
    line = {"line": "1", "sku": harness.sku, "quantity": quantity}
    response = await post(http, "/orders", order_body(harness, "SO-1", lines=[line]))
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert (await http.get(f"/orders/{harness.scoped_id('SO-1')}")).status_code == 404


async def test_at_most_500_units_per_command(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """A command with 501 units returns 400."""
    units = [{"sku": harness.sku, "serial": f"S{number}"} for number in range(501)]
    response = await post(
        http, "/picks", {"order": harness.scoped_id("SO-1"), "units": units, "location": "EAST/STAGE"}
    )
    assert response.status_code == 400


async def test_case_variants_and_duplicate_serials_are_rejected(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """Serial numbers are case-sensitive and picked once; valid items of the command are processed."""
    await harness.allocate_order("SO-1", "S1", "S2")
    units = [{"sku": harness.sku, "serial": serial} for serial in ("S1", "s1", "S1")]
    response = await post(
        http, "/picks", {"order": harness.scoped_id("SO-1"), "units": units, "location": "EAST/STAGE"}
    )
    assert response.status_code == 200
    assert [unit["serial"] for unit in response.json()["units"]] == ["S1"]
    assert sorted(problem["code"] for problem in response.json()["rejected"]) == [
        "duplicate_serial_in_request",
        "not_on_pick_list",
    ]


async def test_unit_of_another_order_is_rejected_with_its_order(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """The response is 409 with the path of the other order (S20); the rejection is recorded with its actor."""
    await harness.allocate_order("SO-1", "S1")
    await harness.allocate_order("SO-2", "S2")
    body = {
        "order": harness.scoped_id("SO-1"),
        "units": [{"sku": harness.sku, "serial": "S2"}],
        "location": "EAST/STAGE",
    }
    response = await post(http, "/picks", body)
    assert (response.status_code, response.json()["code"]) == (409, "not_on_pick_list")
    assert response.json()["blocked_by"] == [f"/orders/{harness.scoped_id('SO-2')}"]
    rejections = await harness.fetch_all(
        "SELECT actor, codes FROM rejection WHERE document = :order", order=harness.scoped_id("SO-1")
    )
    assert [(row["actor"], row["codes"]) for row in rejections] == [("ann", ["not_on_pick_list"])]


async def test_pending_allocation_returns_retry_after(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """A unit with a possible allocation in flight is rejected with Retry-After, alone or among others (S20)."""
    app.state.progress = FixedProgress(is_settled=False)
    request = await harness.place_order("SO-1", 2)
    body = {
        "order": harness.scoped_id("SO-1"),
        "units": [{"sku": harness.sku, "serial": "S1"}],
        "location": "EAST/STAGE",
    }
    response = await post(http, "/picks", body)
    assert (response.status_code, response.json()["code"]) == (409, "not_yet_available")
    assert response.headers["Retry-After"] == "1"
    await harness.handle(harness.serial_allocated(request, ["S2"], open_quantity=1))
    response = await post(
        http, "/picks", body | {"units": [{"sku": harness.sku, "serial": serial} for serial in ("S1", "S2")]}
    )
    assert (response.status_code, [problem["ids"] for problem in response.json()["rejected"]]) == (200, [["S1"]])
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/picks", {"units": [{"sku": "A", "serial": "S"}], "location": "EAST/STAGE"}, "order_not_found"),
        ("/short-picks", {"units": [{"sku": "A", "serial": "S"}], "reason": "x"}, "order_not_found"),
        (
            "/unpicks",
            {"units": [{"sku": "A", "serial": "S"}], "location": "EAST/A-1", "reason": "x"},
            "order_not_found",
        ),
        ("/unit-swaps", {"unit": {"sku": "A", "serial": "S"}, "replacement": "T", "reason": "x"}, "order_not_found"),
        ("/packs", {"units": [{"sku": "A", "serial": "S"}], "carton": "C"}, "order_not_found"),
        ("/unpacks", {"units": [{"sku": "A", "serial": "S"}], "carton": "C"}, "order_not_found"),
        ("/carton-moves", {"units": [{"sku": "A", "serial": "S"}], "carton": "C", "to_carton": "D"}, "order_not_found"),
        ("/shipments", {"shipment": "none", "cartons": ["none"]}, "carton_not_found"),
        ("/shipments/none/dispatch", {}, "shipment_not_found"),
        ("/shipments/none/cancel", {"reason": "x"}, "shipment_not_found"),
    ],
)
async def test_commands_on_unknown_documents_are_not_found(
    http: AsyncClient, path: str, body: dict[str, Any], code: str
) -> None:
    """The response is 404 with the code of the unknown document."""
    order = {"order": "no-such-order"} if code == "order_not_found" else {}
    response = await post(http, path, order | body)
    assert (response.status_code, response.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "path", ["/orders/none", "/orders/none/picks", "/orders/none/log", "/cartons/none", "/shipments/none",
             "/dispatch-checks/none", "/swaps/none"],
)  # fmt: skip
async def test_unknown_paths_are_not_found(http: AsyncClient, path: str) -> None:
    """The response is 404 with a problem body."""
    response = await http.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_idempotency_key_replays_the_response(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """A repeated Idempotency-Key returns the same response; with another body it is rejected."""
    await harness.allocate_order("SO-1", "S1", "S2")
    unit = UnitSelector(sku=harness.sku, serial="S1")
    command = SwapUnit(order=harness.scoped_id("SO-1"), unit=unit, replacement="S7", reason="older").model_dump(
        mode="json"
    )
    headers = {"Idempotency-Key": new_id()}
    first, second = (
        await post(http, "/unit-swaps", command, **headers),
        await post(http, "/unit-swaps", command, **headers),
    )
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = await post(http, "/unit-swaps", command | {"reason": "newer"}, **headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
