"""Time-zone changes of a test warehouse at an instant with different dates in different zones."""

from datetime import UTC, datetime

import pytest

from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.messaging.scheduler import JobRunner
from shared.persistence.database import Transaction
from tests.support.harness import ServiceHarness
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


async def run_recheck_job(harness: ServiceHarness) -> int:
    """Run the recheck job; returns the number of processed products in the test warehouse."""
    count_before = await count_rechecks(harness)
    runner = JobRunner(harness.registry, harness.registry.jobs[1], harness.engine, lambda: None)
    await runner.run_once()
    assert (runner.last_success_at, runner.last_error) == (Transaction.clock(), None)
    return count_before - await count_rechecks(harness)


async def count_rechecks(harness: ServiceHarness) -> int:
    """Count the pending rechecks in the test warehouse."""
    return len(
        await harness.fetch_all("SELECT 1 FROM demand_recheck WHERE warehouse = :name", name=harness.scoped_id("W"))
    )
