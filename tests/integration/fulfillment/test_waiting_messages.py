"""Changes that arrive before their order, over HTTP and in the database."""

import pytest
from httpx import AsyncClient

from services.fulfillment.app import JOBS, app
from shared.contracts.fulfillment import OrderReevaluationRequested, OrderStatusChanged
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from shared.messaging.scheduler import JobRunner
from tests.integration.fulfillment.harness import FulfillmentHarness, post
from tests.support.messages.reference import warehouse_changed


async def run_job(harness: FulfillmentHarness) -> None:
    """Reject the messages that have waited for too long."""
    (job,) = JOBS
    await JobRunner(app.state.registry, job, harness.engine, lambda: None).run_once()


async def test_change_before_its_order_waits(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """The change is accepted with 202, listed with its age, and applied once when the order is placed (S11)."""
    order = harness.scoped_id("SO-1")
    response = await post(http, f"/orders/{order}/cancel", {"reason": "changed mind"})
    assert (response.status_code, response.json()["status"]) == (202, "UNKNOWN")
    waiting = (await http.get(response.headers["Location"])).json()["items"]
    assert [(item["type"], item["document"], item["actor"]) for item in waiting] == [
        ("order.cancelled.v1", order, "ann")
    ]
    assert 0 <= waiting[0]["age_seconds"] < 60
    assert waiting[0]["source"].startswith("http://fulfillment/orders/")
    await run_job(harness)
    await harness.handle(harness.order_placed("SO-1"))
    assert (await http.get(f"/orders/{order}")).json()["status"] == "CANCELLED"
    assert (await http.get(response.headers["Location"])).json()["items"] == []


async def test_overdue_change_is_rejected(
    harness: FulfillmentHarness, http: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change whose order does not arrive in time is rejected as data, with its event; a later one still waits."""
    order = harness.scoped_id("SO-1")
    await harness.handle(OrderCancelled(order=order))
    monkeypatch.setenv("WAITING_MESSAGE_HOURS", "0.0000001")
    await run_job(harness)
    monkeypatch.delenv("WAITING_MESSAGE_HOURS")
    await harness.handle(OrderAmended(order=order, lines=[OrderLine(line="2", sku=harness.sku, quantity=1)]))
    await run_job(harness)
    rejections = (await http.get("/rejections", params={"document": order})).json()["items"]
    assert [(item["type"], item["violations"][0]["code"]) for item in rejections] == [
        ("order.cancelled.v1", "order_not_found")
    ]
    events = await harness.fetch_all(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox WHERE key = :order", order=order
    )
    assert [event["event"]["data"]["code"] for event in events] == ["order_not_found"]
    waiting = (await http.get("/waiting-messages", params={"document": order})).json()["items"]
    assert [item["type"] for item in waiting] == ["order.amended.v1"]


async def test_order_awaits_its_warehouse(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """An order of an unknown warehouse says what it waits for, over HTTP and in lists, until it is defined (S08)."""
    order, warehouse = harness.scoped_id("SO-1"), harness.scoped_id("NEW")
    await harness.handle(harness.order_placed("SO-1", warehouse=warehouse))
    assert [event.awaiting_warehouse for event in harness.events_of(OrderStatusChanged)] == [True]
    assert (await http.get(f"/orders/{order}")).json()["awaiting_warehouse"] is True
    parameters = {"warehouse": warehouse, "awaiting_warehouse": "true"}
    assert [item["order"] for item in (await http.get("/orders", params=parameters)).json()["items"]] == [order]
    await harness.handle(warehouse_changed(warehouse, "UTC"))
    requests = harness.events_of(OrderReevaluationRequested)
    assert [(request.order, request.sku) for request in requests] == [(order, None)]
    await harness.handle(harness.order_placed("SO-2", warehouse=warehouse))
    assert [event.awaiting_warehouse for event in harness.events_of(OrderStatusChanged)] == [False]
    await harness.handle(*requests, *requests)
    assert [
        (event.order, event.version, event.awaiting_warehouse) for event in harness.events_of(OrderStatusChanged)
    ] == [(order, 2, False)]
    assert (await http.get(f"/orders/{order}")).json()["awaiting_warehouse"] is False
    assert (await http.get("/orders", params=parameters)).json()["items"] == []
