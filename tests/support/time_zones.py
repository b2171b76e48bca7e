"""Time-zone changes of a test warehouse at an instant with different dates in different zones."""

from datetime import UTC, datetime

import pytest

from shared.contracts.envelope import Message
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.persistence.database import Transaction
from tests.support.harness import ProcessingResult, ServiceHarness
from tests.support.messages.reference import location_changed, warehouse_changed

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()
SAME_DAY_ZONE, NEXT_DAY_ZONE = "Europe/Berlin", "Pacific/Kiritimati"
"""At noon UTC, the first zone has the same date and the second the next date."""


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the transaction clock at noon."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON))


def warehouse_in(harness: ServiceHarness, name: str, version: int) -> WarehouseChanged:
    """Return the test warehouse with a time zone."""
    return warehouse_changed(harness.scoped_id("W"), name, version=version)


def storage_and_dock(harness: ServiceHarness) -> tuple[LocationChanged, LocationChanged]:
    """Return a storage location and a dock of the test warehouse."""
    return (
        location_changed(f"{harness.scoped_id('W')}/S"),
        location_changed(f"{harness.scoped_id('W')}/D", "DOCK", pick_sequence=2),
    )


def reallocation_requests(harness: ServiceHarness, result: ProcessingResult) -> list[Message]:
    """Return the reallocations that the service requested from itself in a transaction."""
    messages = [handler.message for handler in harness.registry.handlers]
    return [
        message.model_validate(data)
        for message in messages
        if message.TYPE.endswith(".reallocate_backorders.v1")
        for data in result.data_of(message.TYPE)
    ]


async def change_time_zone(harness: ServiceHarness, name: str, version: int) -> int:
    """Change the time zone of the test warehouse and reallocate as requested; return the number of products."""
    requests = reallocation_requests(harness, await harness.handle(warehouse_in(harness, name, version)))
    await harness.handle(*requests)
    return len(requests)
