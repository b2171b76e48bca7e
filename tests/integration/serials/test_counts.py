"""Counts of locations on the database: as of their time, over HTTP, with a constant number of statements (S36)."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.serials import AdjustSerials, CountSerials, MoveSerials
from shared.contracts.fulfillment import OrderSerialsDeallocated
from shared.persistence.database import Transaction, new_id
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers, split_serials
from tests.support.auth import bearer
from tests.support.events import to_event
from tests.support.messages.reference import location_changed
from tests.support.messages.serials import BIN


class CountedLocation:
    """A location of the test's own with units, and the commands of its counts."""

    def __init__(self, harness: SerialsHarness, number: int = 1) -> None:
        self.harness, self.messages = harness, ProductMessages(harness.sku)
        self.location = f"EAST/{harness.scoped_id(f'C{number}')}"

    async def store(self, serials: list[str]) -> None:
        """Define the location, and store units there."""
        await self.harness.handle(location_changed(self.location, "STORAGE"))
        for batch in split_serials(serials):
            await self.harness.handle(self.messages.receive(batch))
            await self.harness.handle(self.messages.put_away(batch, self.location))

    def count(self, serials: list[str], **overrides: Any) -> CountSerials:
        """Build a count."""
        units = [UnitSelector(sku=self.harness.sku, serial=serial) for serial in serials]
        fields = {"count_id": new_id(), "location": self.location, "units": units, "reason": "cycle count"}
        return CountSerials.model_validate(fields | overrides)

    async def open_discrepancies(self) -> list[tuple[str, str]]:
        """Return kind and serial of the open discrepancies."""
        rows = await self.harness.fetch_all(
            "SELECT kind, serial FROM count_discrepancy WHERE location = :location AND status = 'OPEN'"
            " ORDER BY kind, serial",
            location=self.location,
        )
        return [(row["kind"], row["serial"]) for row in rows]


@pytest.fixture
def counted(harness: SerialsHarness) -> CountedLocation:
    """Return a location of the test's own."""
    return CountedLocation(harness)


async def test_a_count_that_arrives_late_is_compared_as_of_its_time(counted: CountedLocation) -> None:
    """What moved since is no discrepancy; after the moves it would be."""
    harness, (first, second, third) = counted.harness, serial_numbers(3)
    await counted.store([first, second, third])
    counted_at = Transaction.clock()
    await harness.handle(MoveSerials(sku=harness.sku, serials=[first], location=BIN))
    await harness.handle(counted.count([first, second], counted_at=counted_at))
    assert await counted.open_discrepancies() == [("MISSING", third)]
    await harness.handle(counted.count([first, "UNKNOWN"]))
    assert await counted.open_discrepancies() == [
        ("MISSING", second), ("MISSING", third), ("UNEXPECTED", first), ("UNEXPECTED", "UNKNOWN"),
    ]  # fmt: skip


async def test_a_supervisor_resolves_discrepancies(counted: CountedLocation, http: httpx.AsyncClient) -> None:
    """Discrepancies are listed with what is registered and what can be decided; each decision is applied once."""
    harness, (first, second) = counted.harness, serial_numbers(2)
    await counted.store([first, second])
    await harness.handle(MoveSerials(sku=harness.sku, serials=[second], location=BIN))

    async def post(path: str, body: dict[str, Any], status: int) -> Any:
        response = await http.post(path, json=body, headers={**bearer("sue"), "Idempotency-Key": new_id()})
        assert response.status_code == status, response.text
        return response.json()

    body = counted.count([second]).model_dump(mode="json", exclude={"actor", "cause"})
    result = await post("/counts", body, 200)
    assert (result["missing"], result["unexpected"], result["missing_parts"]) == (1, 1, [])
    (count,) = (await http.get("/counts", params={"location": counted.location, "open": "false"})).json()["items"]
    assert (count["count_id"], count["counted_by"]) == (body["count_id"], "sue")
    filters = {"location": counted.location, "status": "OPEN"}
    items = (await http.get("/count-discrepancies", params=filters)).json()["items"]
    assert [
        (item["kind"], item["serial"], item["current_location"], item["allowed_resolutions"]) for item in items
    ] == [
        ("MISSING", first, counted.location, ["LOST", "FOUND"]),
        ("UNEXPECTED", second, BIN, ["MOVED", "NO_CHANGE"]),
    ]
    fields = {"sku": harness.sku, "location": counted.location, "reason": "looked there"}
    problem = await post("/count-discrepancies/resolve", {**fields, "serials": [first], "resolution": "MOVED"}, 422)
    assert problem["code"] == "resolution_not_allowed"
    await post("/count-discrepancies/resolve", {**fields, "serials": [first], "resolution": "LOST"}, 200)
    await post("/count-discrepancies/resolve", {**fields, "serials": [second], "resolution": "MOVED"}, 200)
    resolved = (await http.get("/count-discrepancies", params={**filters, "status": "RESOLVED"})).json()["items"]
    assert [(item["resolution"], item["resolved_by"], item["reason"]) for item in resolved] == [
        ("LOST", "sue", "looked there"), ("MOVED", "sue", "looked there"),
    ]  # fmt: skip
    rows = await harness.fetch_all(
        "SELECT location, adjustment FROM serial_state WHERE sku = :sku ORDER BY serial", sku=harness.sku
    )
    assert [tuple(row.values()) for row in rows] == [(counted.location, "LOST"), (counted.location, None)]


async def test_a_count_ends_a_short_pick(counted: CountedLocation) -> None:
    """The hold of the picker is released in the transaction of the count, and a backorder gets the unit."""
    harness, (serial,) = counted.harness, serial_numbers(1)
    await counted.store([serial])
    await harness.handle(counted.messages.request_allocation(1))
    short_pick: OrderSerialsDeallocated = counted.messages.deallocate(1, [serial], hold_id="SP-1", reallocate=True)
    await harness.handle(short_pick)
    result = await harness.handle(counted.count([serial]))
    assert result.event_types() == [
        "serial.hold_released.v1", "serial.state_changed.v1", "serial.allocated.v1",
    ]  # fmt: skip
    assert await harness.statuses() == {"ALLOCATED": 1}


async def test_a_loss_from_before_a_move_is_refused(counted: CountedLocation) -> None:
    """The device said that the unit was lost before another one moved it."""
    harness, (serial,) = counted.harness, serial_numbers(1)
    await counted.store([serial])
    lost_at = Transaction.clock()
    await harness.handle(MoveSerials(sku=harness.sku, serials=[serial], location=BIN))
    lost = AdjustSerials(sku=harness.sku, serials=[serial], adjustment="LOST", reason="not there")
    assert (await harness.handle_events([to_event(lost, time=lost_at)])).error_codes() == ["moved_since"]
    assert (await harness.handle(lost)).error_codes() == []


async def test_statements_of_counts_do_not_grow(harness: SerialsHarness) -> None:
    """One unit, and 600 units of a count in two parts among others, need equally many statements."""
    small, large = CountedLocation(harness, 1), CountedLocation(harness, 2)
    await small.store(["SMALL"])
    serials = serial_numbers(600)
    await large.store(serials)
    expected = (await harness.handle(small.count(["OTHER"]))).statement_count
    counted_at = Transaction.clock()
    parts = [
        large.count(batch, count_id="C", part=number, parts=2, counted_at=counted_at)
        for number, batch in enumerate((serials[:300], [*serials[300:599], "OTHER"]), start=1)
    ]
    assert (await harness.handle(*parts)).statement_count == expected
    assert await large.open_discrepancies() == [("MISSING", serials[599]), ("UNEXPECTED", "OTHER")]
