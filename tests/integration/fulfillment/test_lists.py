"""The list of orders: filters by shipment and time of change, and its orders."""

from datetime import UTC, datetime
from typing import Any

from httpx import AsyncClient
from sqlalchemy import text

from services.fulfillment.orders.queries import SORTS, select_orders
from shared.contracts.upstream import Customer
from shared.persistence.database import transaction
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.query_plans import explain


async def listed(http: AsyncClient, **query: Any) -> list[str]:
    """The orders of a list, page by page."""
    orders: list[str] = []
    while True:
        response = await http.get("/orders", params={"limit": 1, **query})
        assert response.status_code == 200, response.text
        orders += [item["order"] for item in response.json()["items"]]
        if response.json()["next"] is None:
            return orders
        query["cursor"] = response.json()["next"]


async def test_orders_are_filtered_and_sorted(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """Orders are found by shipment and time of change, and listed by number or time of placing."""
    names, orders, customer = ["SO-2", "SO-3", "SO-1"], [], harness.scoped_id("C")
    for second, name in enumerate(names):
        placed_at = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
        await harness.handle(
            harness.order_placed(name, customer=Customer(id=customer, name="Ann"), placed_at=placed_at)
        )
        orders.append(harness.scoped_id(name))
    assert await listed(http, customer=customer) == sorted(orders)
    assert await listed(http, customer=customer, sort="placed_at") == orders
    assert await listed(http, customer=customer, sort="-placed_at") == orders[::-1]
    since = datetime.now(UTC)
    await harness.ship_order("SO-9", "S1")
    assert await listed(http, customer=customer, changed_since=since.isoformat()) == []
    assert harness.scoped_id("SO-9") in await listed(http, changed_since=since.isoformat())
    assert await listed(http, shipment=harness.scoped_id("SH-SO-9")) == [harness.scoped_id("SO-9")]
    assert await listed(http, shipment="SH-NONE") == []
    response = await http.get("/orders", params={"sort": "priority"})
    assert (response.status_code, "'-placed_at'" in response.text) == (400, True)


async def test_lists_of_orders_use_an_index(harness: FulfillmentHarness) -> None:
    """Orders by time of placing and of change are read by index."""
    values = {
        "prefix": "", "upper_bound": "", "size": 9, "status": None, "customer": None, "warehouse": None,
        "shipment": None, "awaiting_warehouse": None,
    }  # fmt: skip
    values |= SORTS["-placed_at"].parameters(["2026-01-01", "SO"])
    async with transaction(harness.engine) as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        nodes = await explain(tx, select_orders(SORTS["-placed_at"]), values | {"changed_since": None})
        assert "sales_order_placed_at" in {node.get("Index Name") for node in nodes}
        # In a table this small, all entries in another order would cost as little.
        await tx.execute(text("SET LOCAL enable_indexscan = off"))
        nodes = await explain(tx, select_orders(SORTS["-placed_at"]), values | {"changed_since": tx.now})
        assert "order_log_recorded_at" in {node.get("Index Name") for node in nodes}
