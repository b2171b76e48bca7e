"""The toy service as a process on real Kafka and PostgreSQL: processing and operator commands."""

import asyncio
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from shared.cli import app as cli
from shared.persistence.database import read_only
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
from tests.support.events import encode_message
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.messages import Add, Arrived


async def run_cli(*arguments: str) -> str:
    """Run a CLI command and return its output."""
    result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    assert result.exit_code == 0, result.output
    return result.output


async def test_records_are_processed_and_events_published(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """Records are processed in key order; invalid records become dead letters; any headers are accepted."""
    service, box = start(), new_box_id()
    await publish(Arrived(box=box, serials=["1"]), headers=[("a", b"\xff\xfe"), ("b", None)])
    await publish(topic="toy.commands", key=box, value=None)
    await publish(topic="toy.commands", key=box, value=b"x" * 2_000_000)
    await publish(topic="toy.commands", key=box, value=b'{"type":')
    await publish(topic="toy.commands", value=encode_message(Add(box=box, serials=["no key"])))
    for number in range(2, 30):
        await publish(Arrived(box=box, serials=[str(number)]))
    await wait_until(has_units(engine, box, 29))
    assert await box_contents(engine, box) == [str(number) for number in range(1, 30)]
    await wait_until(outbox_is_empty(engine))
    events = await published_events(box)
    assert [event["data"]["positions"] for event in events] == [[number] for number in range(1, 30)]
    async with httpx.AsyncClient(base_url=service.url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http:
        dead_letters = (await http.get("/dead-letters")).json()["items"]
        assert sorted(dead_letter["error"][:25] for dead_letter in dead_letters) == [
            "invalid JSON: EOF while p",
            "the record has 2000000 by",
            "the record has no key; ex",
            "the record has no value",
        ]
        (oversized,) = [dead_letter for dead_letter in dead_letters if dead_letter["size"] == 2_000_000]
        assert oversized["preview"] == "x" * 2000
        detail = (await http.get(f"/dead-letters/{oversized['id']}")).json()
        assert (detail["size"], len(b64decode(detail["value"]))) == (2_000_000, 2_000_000)
        metrics = (await http.get("/metrics")).text
    (event_count,) = re.findall(
        r'tracelot_messages_handled_total\{service="toy",type="toy.arrived.v1"\} (\S+)', metrics
    )
    assert float(event_count) >= 29  # plus the records of other tests on the topic
    assert 'tracelot_dead_letters_total{service="toy",topic="toy.commands"} 4.0' in metrics
    assert any(
        line.startswith("tracelot_consumer_lag_records{") and line.endswith(" 0.0") for line in metrics.splitlines()
    )


async def test_halted_consumer_resumes_after_a_skip(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """A persistent handler error halts the consumer; /ready names the record; `skip` makes it a dead letter."""
    service, box = start(), new_box_id()
    await publish(Arrived(box=box, serials=["1"]))
    poison_record = await publish(Arrived(box=box, serials=["BOOM"]))
    await publish(Arrived(box=box, serials=["2"]))

    async def get_halt() -> Any:
        status, report = await get_readiness(service)
        return report.get("halted") if status == 503 else None

    halt = await wait_until(get_halt)
    assert (halt["topic"], halt["partition"], halt["offset"]) == (
        "toy.arrivals",
        poison_record.partition,
        poison_record.offset,
    )
    assert "boom" in halt["error"]
    assert await box_contents(engine, box) == ["1"]
    position = [poison_record.topic, str(poison_record.partition), str(poison_record.offset)]
    await run_cli("skip", *position, "--reason", "not relevant", "--actor", "sue", "--service", "toy")
    await wait_until(has_units(engine, box, 2))
    assert await box_contents(engine, box) == ["1", "2"]
    listing = await run_cli("dead-letters", "list", "--service", "toy")
    assert "skipped by sue: not relevant" in listing
    assert "BOOM" in await run_cli("dead-letters", "show", listing.split("\t")[0], "--service", "toy")
    service.wait_ready(MAX_WAIT_SECONDS)
    async with read_only(engine) as tx:
        assert not await tx.fetch_all(text("SELECT 1 FROM offset_skip WHERE used_at IS NULL"))


async def test_dead_letter_is_replayed_unchanged(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """`replay` publishes the same bytes to the same topic and marks the dead letter."""
    start()
    await publish(topic="toy.commands", key="A", value=b"broken")

    async def fetch_dead_letters() -> Any:
        async with read_only(engine) as tx:
            return await tx.fetch_all(text("SELECT id, value, replayed_at FROM dead_letter ORDER BY id"))

    ((dead_letter_id, *_),) = await wait_until(fetch_dead_letters)
    await run_cli("dead-letters", "replay", str(dead_letter_id), "--service", "toy")

    async def fetch_new_dead_letters() -> Any:
        return (await fetch_dead_letters())[1:]

    ((_, value, replayed_at),) = await wait_until(fetch_new_dead_letters)
    assert (value, replayed_at) == (b"broken", None)
    assert (await fetch_dead_letters())[0].replayed_at is not None


async def test_message_with_unknown_field_is_replayed_unchanged(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """`rejections replay` publishes a refused message again; other rejections cannot be replayed."""
    start()
    box = new_box_id()
    value = encode_message(Add(box=box, serials=["1"])).replace(b'"box"', b'"colour": "red", "box"')
    await publish(Add(box=box, serials=["2"]))
    await publish(Add(box=box, serials=["2"]))
    await publish(topic="toy.commands", key=box, value=value)

    async def fetch_rejections(count: int) -> Any:
        async with read_only(engine) as tx:
            rows = await tx.fetch_all(
                text("SELECT id, codes, replayed_at FROM rejection WHERE document = :box ORDER BY id"), {"box": box}
            )
        return rows if len(rows) == count else None

    other, refused = await wait_until(lambda: fetch_rejections(2))
    assert (other.codes, refused.codes, refused.replayed_at) == (["duplicate_serial"], ["unknown_field"], None)
    assert "replayed to toy.commands/" in await run_cli("rejections", "replay", str(refused.id), "--service", "toy")
    rows = await wait_until(lambda: fetch_rejections(3))
    assert [row.replayed_at is not None for row in rows] == [False, True, False]
    with pytest.raises(AssertionError, match="toy has no replayable rejection"):
        await run_cli("rejections", "replay", str(other.id), "--service", "toy")


async def test_malformed_ratio_halts_the_consumer(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """A high ratio of malformed records halts the consumer until an operator accepts them."""
    service, box = start(), new_box_id()
    last_record = [await publish(topic="toy.commands", key="flood", value=b"{") for _ in range(150)][-1]
    await publish(Add(box=box, serials=["1"]), partition=last_record.partition)

    async def get_halt() -> Any:
        return (await get_readiness(service))[1].get("halted")

    halt = await wait_until(get_halt)
    assert "malformed" in halt["error"]
    async with read_only(engine) as tx:
        assert len(await tx.fetch_all(text("SELECT 1 FROM dead_letter"))) < 100
    position = [last_record.topic, str(last_record.partition), str(last_record.offset)]
    await run_cli("skip", *position, "--malformed", "--reason", "known", "--actor", "sue", "--service", "toy")
    await wait_until(has_units(engine, box, 1))
    async with read_only(engine) as tx:
        assert len(await tx.fetch_all(text("SELECT 1 FROM dead_letter"))) == 150
