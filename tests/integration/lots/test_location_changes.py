"""Locations that are retyped or deactivated, on the real database: statements, released demands, exceptions."""

from typing import Any

import httpx

from shared.contracts.reference import LocationChanged
from tests.integration.lots.conftest import LotsHarness
from tests.support.harness import ProcessingResult
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN
from tests.support.messages.reference import location_changed


def own_location(harness: LotsHarness, name: str = "A", **fields: Any) -> LocationChanged:
    """Build a version of a location of the test."""
    return location_changed(f"EAST/{harness.sku}-{name}"[:32], **fields)


def allocated(result: ProcessingResult) -> list[tuple[str, int]]:
    """Return location and quantity of allocated lots."""
    return [
        (lot["location"], int(lot["quantity"]))
        for data in result.data_of("lot.allocated.v1")
        for lot in data.get("allocated", ())
    ]


async def exceptions(http: httpx.AsyncClient, sku: str) -> list[tuple[str, str, int]]:
    """Return the location exceptions of a product."""
    response = await http.get("/reports/location-exceptions", params={"sku": sku})
    return [(row["location"], row["exception"], int(row["quantity"])) for row in response.json()["items"]]


async def test_retyped_location_blocks_its_stock(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Allocations are revoked, nothing is allocated there, and stock is listed until the location is storage again."""
    messages = OrderMessages(harness.sku)
    shelf = own_location(harness)
    await harness.handle(shelf, messages.receive(messages.received_lot("L1", 10)))
    await harness.handle(messages.put_away("L1", 6, shelf.location), messages.request_allocation(1, 4))
    retyped = await harness.handle(own_location(harness, location_type="DOCK", version=2))
    (revoked,) = retyped.data_of("lot.allocations_revoked.v1")
    assert [(lot["lot"], int(lot["quantity"]), lot["order"]) for lot in revoked["stock"]] == [
        ("L1", 4, messages.order_id(1))
    ]
    released = await harness.handle(
        messages.deallocate(1, messages.lot_at_location("L1", 4, shelf.location), reallocate=True)
    )
    assert allocated(released) == []
    assert await exceptions(http, harness.sku) == [(shelf.location, "STORED_OUTSIDE_STORAGE", 6)]
    assert allocated(await harness.handle(messages.put_away("L1", 3, BIN))) == [(BIN, 3)]
    inactive = await harness.handle(own_location(harness, version=3, is_active=False))
    assert inactive.event_types() == []
    assert await exceptions(http, harness.sku) == [(shelf.location, "LOCATION_INACTIVE", 6)]
    assert allocated(await harness.handle(own_location(harness, version=4))) == [(shelf.location, 1)]
    assert await exceptions(http, harness.sku) == []


async def test_dock_that_becomes_storage_lists_received_stock(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Received stock is not allocated and listed until its putaway, which may be at the same place (S07)."""
    messages = OrderMessages(harness.sku)
    dock = own_location(harness, location_type="DOCK")
    await harness.handle(dock, messages.receive(messages.received_lot("L1", 10), location=dock.location))
    assert await exceptions(http, harness.sku) == []
    retyped = await harness.handle(own_location(harness, version=2), messages.request_allocation(1, 4))
    assert allocated(retyped) == []
    assert await exceptions(http, harness.sku) == [(dock.location, "NOT_PUT_AWAY", 10)]
    (stock,) = (await http.get("/reports/stock", params={"sku": harness.sku})).json()["items"]
    assert (stock["available"], stock["staged"]) == (0, 10)
    stored = await harness.handle(messages.put_away("L1", 7, dock.location, dock.location))
    assert allocated(stored) == [(dock.location, 4)]
    assert await exceptions(http, harness.sku) == [(dock.location, "NOT_PUT_AWAY", 3)]
    (stock,) = (await http.get("/reports/stock", params={"sku": harness.sku})).json()["items"]
    assert (stock["available"], stock["allocated"], stock["staged"]) == (3, 4, 3)


async def test_statement_count_does_not_grow_with_lots(harness: LotsHarness) -> None:
    """A location with 300 allocated lots is retyped and restored with as many statements as one with two lots."""
    messages, counts = OrderMessages(harness.sku), []
    for name, size, first in (("FEW", 2, 1), ("MANY", 300, 10)):
        shelf = own_location(harness, name)
        lots = [messages.received_lot(f"L{number}", 2) for number in range(first, first + size)]
        await harness.handle(shelf, messages.receive(*lots, location=shelf.location))
        await harness.handle(messages.request_allocation(first, 2 * size))
        retyped = await harness.handle(own_location(harness, name, location_type="STAGING", version=2))
        assert len(retyped.data_of("lot.allocations_revoked.v1")[0]["stock"]) == size
        counts.append(
            (retyped.statement_count, (await harness.handle(own_location(harness, name, version=3))).statement_count)
        )
    assert counts[0] == counts[1]
