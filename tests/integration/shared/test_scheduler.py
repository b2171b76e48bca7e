"""Scheduled jobs: due items are processed once, by one replica at a time, despite failures."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging import scheduler
from shared.messaging.registry import HandlerRegistry
from shared.messaging.scheduler import LOCK_JOB, JobRunner
from shared.persistence.database import transaction
from tests.integration.shared.conftest import StartService
from tests.integration.shared.probes import (
    box_contents,
    get_readiness,
    has_units,
    new_box_id,
    outbox_is_empty,
    published_events,
)
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.app import app
from tests.support.toy.messages import Arrived

REGISTRY: HandlerRegistry = app.state.registry
INSERT_UNITS = text("""
    INSERT INTO unit (box, serial, position)
    SELECT box, :serial, (SELECT count(*) + 1 FROM unit WHERE unit.box = new_unit.box)
    FROM unnest(CAST(:boxes AS text[])) AS new_unit (box)
""")


@pytest.fixture
def job_runner(engine: AsyncEngine) -> JobRunner:
    """Create a runner for the job of the toy service."""
    return JobRunner(REGISTRY, REGISTRY.jobs[0], engine, lambda: None)


async def insert_units(engine: AsyncEngine, boxes: list[str], serial: str = "egg") -> None:
    """Add a unit to each box."""
    async with transaction(engine) as tx:
        await tx.execute(INSERT_UNITS, {"boxes": boxes, "serial": serial})


async def test_due_items_are_processed_once_in_bounded_transactions(
    engine: AsyncEngine, job_runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand due items are processed in bounded transactions; a second run finds none."""
    transaction_count = 0
    run_transaction = job_runner._run_transaction  # noqa: SLF001 - counted by this test

    async def counted(*args: Any) -> bool:
        nonlocal transaction_count
        transaction_count += 1
        is_owner = await run_transaction(*args)
        assert len(args[-1]) <= scheduler.BATCH_SIZE
        return is_owner

    monkeypatch.setattr(job_runner, "_run_transaction", counted)
    await insert_units(engine, [f"box-{number:04}" for number in range(1000)])
    assert await job_runner.run_once() == 1000
    assert transaction_count == 1000 / scheduler.BATCH_SIZE + 1
    assert await job_runner.run_once() == 0
    assert await box_contents(engine, "box-0007") == ["egg", "chick"]
    async with transaction(engine) as tx:
        ((message_count,),) = await tx.fetch_all(text("SELECT count(*) FROM outbox"))
    assert message_count == 1000


async def test_failing_item_is_skipped_and_reported(engine: AsyncEngine, job_runner: JobRunner) -> None:
    """One failing item is reported and remains due; all others are processed."""
    await insert_units(engine, [f"box-{number:02}" for number in range(40)])
    await insert_units(engine, ["box-17"], "BOOM")
    assert await job_runner.run_once() == 39
    assert job_runner.last_error is not None
    assert "box-17" in job_runner.last_error
    assert job_runner.last_success_at is not None
    assert await job_runner.run_once() == 0
    assert "box-17" in (job_runner.last_error or "")


async def test_only_one_replica_runs_a_job(engine: AsyncEngine, job_runner: JobRunner) -> None:
    """A replica skips the run while another one holds the job lock."""
    await insert_units(engine, ["box"])
    async with transaction(engine) as tx:
        assert (await tx.fetch_all(LOCK_JOB, {"name": job_runner.name}))[0].is_acquired
        assert await job_runner.run_once() == 0
    assert await job_runner.run_once() == 1


async def test_concurrent_replicas_process_each_item_once(engine: AsyncEngine, job_runner: JobRunner) -> None:
    """Concurrent runs of two replicas hatch each egg once."""
    await insert_units(engine, [f"box-{number:04}" for number in range(500)])
    other = JobRunner(REGISTRY, REGISTRY.jobs[0], engine, lambda: None)
    await asyncio.gather(job_runner.run_once(), other.run_once(), job_runner.run_once())
    await job_runner.run_once()
    async with transaction(engine) as tx:
        ((chicks, boxes),) = await tx.fetch_all(
            text("SELECT count(*), count(DISTINCT box) FROM unit WHERE serial = 'chick'")
        )
    assert (chicks, boxes) == (500, 500)


async def test_job_runs_until_the_service_stops(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """Job events are published; /ready and /metrics report the last run; SIGTERM stops the job cleanly."""
    service, box = start(SCHEDULER_INTERVAL_SECONDS="0.1"), new_box_id()
    await publish(Arrived(box=box, serials=["egg"]))
    await wait_until(has_units(engine, box, 2))
    await wait_until(outbox_is_empty(engine))
    assert [event["data"]["serials"] for event in await published_events(box)] == [["egg"], ["chick"]]
    _, report = await get_readiness(service)
    assert report["jobs"]["toy.ripe.v1"]["last_success_at"]
    async with httpx.AsyncClient(base_url=service.url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http:
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_job_last_success_timestamp_seconds{service="toy",type="toy.ripe.v1"} 1' in metrics
    assert service.stop(MAX_WAIT_SECONDS) == 0
