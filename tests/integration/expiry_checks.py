"""Steps of the tests of expiry checks: the clock, the job and the events it publishes."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.messaging.scheduler import JobRunner
from shared.persistence.database import Transaction
from tests.support.harness import ServiceHarness
from tests.support.time_zones import NOON


def advance_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Set the transaction clock to a later day."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON + timedelta(days=days)))


def job_runner(harness: ServiceHarness) -> JobRunner:
    """Return the expiry job of one replica."""
    return JobRunner(harness.registry, harness.registry.jobs[0], harness.engine, lambda: None)


async def run_expiry_check(harness: ServiceHarness) -> None:
    """Run the expiry job once; it must succeed."""
    runner = job_runner(harness)
    await runner.run_once()
    assert (runner.last_success_at, runner.last_error) == (Transaction.clock(), None)


async def published_events(harness: ServiceHarness, event_type: str) -> list[dict[str, Any]]:
    """Return the events of one type about the test's product in the outbox."""
    rows = await harness.fetch_all("SELECT value FROM outbox WHERE key = :sku ORDER BY id", sku=harness.sku)
    events = [json.loads(row["value"]) for row in rows]
    return [event["data"] for event in events if event["type"] == event_type]


async def published_thresholds(harness: ServiceHarness) -> list[int]:
    """Return the published thresholds in order."""
    return [
        event["threshold"]
        for event_type in ("lot.expiring.v1", "serial.expiring.v1")
        for event in await published_events(harness, event_type)
    ]
