"""Locations that are retyped or deactivated, on the real database: statements, released demands, exceptions."""

from typing import Any

import httpx

from shared.contracts.reference import LocationChanged
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers, split_serials
from tests.support.messages.reference import location_changed
from tests.support.messages.serials import BIN, DOCK


def own_location(harness: SerialsHarness, name: str = "A", **fields: Any) -> LocationChanged:
    """Build a version of a location of the test."""
    return location_changed(f"EAST/{harness.sku}-{name}"[:32], **fields)


async def exceptions(http: httpx.AsyncClient, sku: str) -> list[tuple[str, str, int]]:
    """Return the location exceptions of a product."""
    response = await http.get("/reports/location-exceptions", params={"sku": sku})
    return [(row["location"], row["exception"], row["units"]) for row in response.json()["items"]]


async def test_retyped_location_blocks_its_units(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Allocations are revoked, nothing is allocated there, and units are listed until the location is storage again."""
    messages = ProductMessages(harness.sku)
    shelf = own_location(harness)
    await harness.handle(shelf, messages.receive(["S1", "S2", "S3"]))
    await harness.handle(messages.put_away(["S1", "S2"], shelf.location))
    await harness.handle(messages.request_allocation(1, 1))
    retyped = await harness.handle(own_location(harness, location_type="DOCK", version=2))
    (revoked,) = retyped.data_of("serial.allocations_revoked.v1")
    assert [(unit["serial"], unit["order"]) for unit in revoked["units"]] == [("S1", messages.order_id(1))]
    released = await harness.handle(messages.deallocate(1, ["S1"], reallocate=True))
    assert [data.get("allocated", []) for data in released.data_of("serial.allocated.v1")] == [[]]
    assert await exceptions(http, harness.sku) == [(shelf.location, "STORED_OUTSIDE_STORAGE", 2)]
    stored = await harness.handle(messages.put_away(["S3"], BIN))
    assert [unit["serial"] for data in stored.data_of("serial.allocated.v1") for unit in data["allocated"]] == ["S3"]
    await harness.handle(messages.request_allocation(2, 1))
    inactive = await harness.handle(own_location(harness, version=3, is_active=False))
    assert inactive.event_types() == []
    assert await exceptions(http, harness.sku) == [(shelf.location, "LOCATION_INACTIVE", 2)]
    restored = await harness.handle(own_location(harness, version=4))
    assert [unit["serial"] for data in restored.data_of("serial.allocated.v1") for unit in data["allocated"]] == ["S1"]
    assert await exceptions(http, harness.sku) == []


async def test_dock_that_becomes_storage_lists_received_units(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Received units stay RECEIVED and are listed until their putaway, which may be at the same place (S07)."""
    messages = ProductMessages(harness.sku)
    dock = own_location(harness, location_type="DOCK")
    await harness.handle(dock, messages.receive(["S1"]).model_copy(update={"location": dock.location}))
    assert await exceptions(http, harness.sku) == []
    await harness.handle(own_location(harness, version=2), messages.request_allocation(1, 1))
    assert await harness.statuses() == {"RECEIVED": 1}
    assert await exceptions(http, harness.sku) == [(dock.location, "NOT_PUT_AWAY", 1)]
    stored = await harness.handle(messages.put_away(["S1"], dock.location))
    assert [unit["serial"] for data in stored.data_of("serial.allocated.v1") for unit in data["allocated"]] == ["S1"]
    assert await exceptions(http, harness.sku) == []
    assert dock.location != DOCK


async def test_statement_count_does_not_grow_with_units(harness: SerialsHarness) -> None:
    """A location with 1 500 units is retyped and restored with as many statements as one with two units."""
    messages, counts = ProductMessages(harness.sku), []
    for name, size, first in (("FEW", 2, 1), ("MANY", 1500, 10)):
        shelf, serials = own_location(harness, name), serial_numbers(size, first)
        await harness.handle(shelf, *map(messages.receive, split_serials(serials)))
        await harness.handle(*(messages.put_away(part, shelf.location) for part in split_serials(serials)))
        await harness.handle(messages.request_allocation(first, size))
        retyped = await harness.handle(own_location(harness, name, location_type="STAGING", version=2))
        revoked = [unit for data in retyped.data_of("serial.allocations_revoked.v1") for unit in data["units"]]
        assert len(revoked) == size
        counts.append(
            (retyped.statement_count, (await harness.handle(own_location(harness, name, version=3))).statement_count)
        )
    assert counts[0] == counts[1]
