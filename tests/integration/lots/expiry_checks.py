"""Steps of the tests of expiry checks: the clock, the job, and the events and holds it creates."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.commands.lots import CorrectLotDates
from shared.messaging.scheduler import JobRunner
from shared.persistence.database import Transaction
from tests.integration.lots.conftest import LotsHarness

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()


def advance_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Set the transaction clock to a later day."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON + timedelta(days=days)))


def job_runner(harness: LotsHarness) -> JobRunner:
    """The expiry job of one replica."""
    return JobRunner(harness.registry, harness.registry.jobs[0], harness.engine, lambda: None)


async def run_expiry_check(harness: LotsHarness) -> None:
    """Run the expiry job once and assert its success."""
    runner = job_runner(harness)
    await runner.run_once()
    assert (runner.last_success_at, runner.last_error) == (Transaction.clock(), None)


async def published_events(harness: LotsHarness, event_type: str) -> list[dict[str, Any]]:
    """The events of one type about the test's product in the outbox."""
    rows = await harness.fetch_all("SELECT value FROM outbox WHERE key = :sku ORDER BY id", sku=harness.sku)
    events = [json.loads(row["value"]) for row in rows]
    return [event["data"] for event in events if event["type"] == event_type]


async def published_thresholds(harness: LotsHarness) -> list[int]:
    """The published thresholds in order."""
    return [event["threshold"] for event in await published_events(harness, "lot.expiring.v1")]


async def open_hold_ids(harness: LotsHarness) -> list[str]:
    """The open holds on the test's product."""
    rows = await harness.fetch_all("SELECT hold_id FROM hold WHERE sku = :sku AND released_at IS NULL", sku=harness.sku)
    return [row["hold_id"] for row in rows]


async def correct_expiry(harness: LotsHarness, days: int) -> None:
    """Correct the expiry of the first lot to this number of days from now."""
    expiry = DAY + timedelta(days=days)
    await harness.handle(CorrectLotDates(sku=harness.sku, lot="B-0", expiry=expiry, reason="label misread"))


async def receive_dated_lots(harness: LotsHarness, *days: int, prefix: str = "B") -> None:
    """Receive lots that expire after these numbers of days."""
    messages = harness.messages
    received_lots = [
        messages.received_lot(f"{prefix}-{index}", 10, DAY + timedelta(days=offset))
        for index, offset in enumerate(days)
    ]
    for start in range(0, len(received_lots), 500):
        await harness.handle(messages.receive(*received_lots[start : start + 500], receipt=f"R-{prefix}-{start}"))
