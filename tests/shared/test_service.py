"""The toy service as a process, on real Kafka and PostgreSQL: what the line promises when things fail on the way."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from deploy import processes
from deploy.local.stack import Stack
from deploy.processes import Service
from shared.cli import app as cli
from shared.contracts.envelope import Fact
from shared.database import reading
from tests.shared.conftest import message
from tests.shared.toy.messages import Add, Arrived

NAME = "tests.shared.toy.app"
Start = Callable[..., Service]


@pytest.fixture
def start(toy: Mapping[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start replicas of the toy service, ready to work; they end with the test."""
    started: list[Service] = []
    (tmp_path / "failpoints").mkdir()

    def one(**extra: str) -> Service:
        environment = {**toy, "KAFKA_SESSION_TIMEOUT_MS": "2000", "TRACELOT_FAILPOINTS": str(tmp_path / "failpoints")}
        service = processes.start(NAME, environment, tmp_path, replica=len(started) + 1, extra=extra)
        started.append(service)
        service.wait_ready()
        return service

    yield one
    for service in started:
        service.kill()


@pytest.fixture
async def publish(toy: Mapping[str, str]) -> AsyncIterator[Callable[..., Any]]:
    """Publish a fact, or bytes under a key."""
    async with AIOKafkaProducer(
        bootstrap_servers=toy["KAFKA_BOOTSTRAP_SERVERS"], max_request_size=4 * 1024 * 1024
    ) as producer:

        async def send(
            fact: Fact | None = None, *, topic: str = "toy.news", key: str = "", value: bytes | None = None, **more: Any
        ) -> Any:
            if fact is not None:
                topic, key, value = fact.TOPIC.name, fact.key(), message(fact)
            return await producer.send_and_wait(topic, value, key.encode() or None, **more)

        yield send


async def published(box: str) -> list[dict[str, Any]]:
    """Every message on the toy service's topic about a box, as often as it stands there."""
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition("toy.events", number) for number in range(4)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        while any([await consumer.position(at) < ends[at] for at in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [json.loads(record.value) for record in records if record.key == box.encode()]
    return found


async def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait for something to hold, and give what it found."""
    deadline = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < deadline, "it did not come to hold in time"
        await asyncio.sleep(0.05)
    return found


async def units(engine: AsyncEngine, box: str) -> list[str]:
    """What lies in a box, in order."""
    async with reading(engine) as tx:
        found = await tx.rows(text("SELECT serial FROM unit WHERE box = :box ORDER BY place"), {"box": box})
    return [row.serial for row in found]


def has(engine: AsyncEngine, box: str, count: int) -> Callable[[], Any]:
    """Whether a box has so many units by now."""

    async def filled() -> bool:
        return len(await units(engine, box)) >= count

    return filled


async def readiness(service: Service) -> tuple[int, dict[str, Any]]:
    """What /ready says."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{service.url}/ready")
    return answer.status_code, answer.json()


async def tracelot(*arguments: str) -> str:
    """Run the command; what it prints."""
    done = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@contextmanager
def failpoint(tmp_path: Path, name: str, wish: str) -> Iterator[Path]:
    """Arm a failpoint."""
    file = tmp_path / "failpoints" / name
    file.write_text(wish)
    yield file
    file.unlink(missing_ok=True)


def new_box() -> str:
    """A box no other test uses: topics are not emptied between tests."""
    return f"box-{uuid4()}"


async def test_records_go_in_and_events_come_out(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """In order by key; headers of any kind do no harm; null, oversized and broken records become dead letters."""
    service, box = start(), new_box()
    await publish(Arrived(box=box, serials=["1"]), headers=[("a", b"\xff\xfe"), ("b", None)])
    await publish(topic="toy.commands", key=box, value=None)
    await publish(topic="toy.commands", key=box, value=b"x" * 2_000_000)
    await publish(topic="toy.commands", key=box, value=b'{"type":')
    await publish(topic="toy.commands", value=message(Add(box=box, serials=["no key"])))
    for number in range(2, 30):
        await publish(Arrived(box=box, serials=[str(number)]))
    await until(has(engine, box, 29))
    assert await units(engine, box) == [str(number) for number in range(1, 30)]

    async def emptied() -> bool:
        async with reading(engine) as tx:
            return not await tx.rows(text("SELECT 1 FROM outbox"))

    await until(emptied)
    said = await published(box)
    assert [event["data"]["places"] for event in said] == [[number] for number in range(1, 30)]
    async with httpx.AsyncClient(base_url=service.url) as http:
        letters = (await http.get("/dead-letters")).json()["items"]
        assert sorted(letter["error"][:25] for letter in letters) == [
            "it is no JSON: EOF while ",
            "the record has 2000000 by",
            "the record has no key; it",
            "the record has no value",
        ]
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_events_total{service="toy",type="toy.arrived.v1"} 29.0' in metrics
    assert 'tracelot_dead_letters_total{service="toy",topic="toy.commands"} 4.0' in metrics
    assert any(line.startswith("tracelot_lag{") and line.endswith(" 0.0") for line in metrics.splitlines())


async def test_a_halted_consumer_goes_on_past_a_skipped_record(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """A handler raises for ever: /ready names the record, nothing is lost; `skip` makes that one a dead letter."""
    service, box = start(), new_box()
    await publish(Arrived(box=box, serials=["1"]))
    bad = await publish(Arrived(box=box, serials=["BOOM"]))
    await publish(Arrived(box=box, serials=["2"]))

    async def halted() -> Any:
        status, told = await readiness(service)
        return told.get("halted") if status == 503 else None

    told = await until(halted)
    assert (told["topic"], told["partition"], told["offset"]) == ("toy.news", bad.partition, bad.offset)
    assert "boom" in told["error"]
    assert await units(engine, box) == ["1"]
    place = [bad.topic, str(bad.partition), str(bad.offset)]
    await tracelot("skip", *place, "--reason", "not ours", "--actor", "sue", "--service", "toy")
    await until(has(engine, box, 2))
    assert await units(engine, box) == ["1", "2"]
    listed = await tracelot("dead-letters", "list", "--service", "toy")
    assert "skipped by sue: not ours" in listed
    assert "BOOM" in await tracelot("dead-letters", "show", listed.split("\t")[0], "--service", "toy")
    service.wait_ready()
    async with reading(engine) as tx:
        assert not await tx.rows(text("SELECT 1 FROM skip WHERE used_at IS NULL"))


async def test_a_dead_letter_is_sent_again_as_it_came(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """`retry` publishes the same bytes on the same topic and marks the letter; here it fails again, as a new letter."""
    start()
    await publish(topic="toy.commands", key="A", value=b"broken")

    async def letters() -> Any:
        async with reading(engine) as tx:
            return await tx.rows(text("SELECT id, value, retried_at FROM dead_letter ORDER BY id"))

    ((letter, *_),) = await until(letters)
    await tracelot("dead-letters", "retry", str(letter), "--service", "toy")

    async def again() -> Any:
        return (await letters())[1:]

    ((_, value, retried),) = await until(again)
    assert (value, retried) == (b"broken", None)
    assert (await letters())[0].retried_at is not None


async def test_a_flood_of_malformed_records_stops_the_consumer(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """More than half of the latest malformed: none of them is put aside, /ready says so, an operator lets them pass."""
    service, box = start(), new_box()
    last = [await publish(topic="toy.commands", key="flood", value=b"{") for _ in range(150)][-1]
    await publish(Add(box=box, serials=["1"]), partition=last.partition)

    async def halted() -> Any:
        return (await readiness(service))[1].get("halted")

    told = await until(halted)
    assert "malformed" in told["error"]
    async with reading(engine) as tx:
        assert len(await tx.rows(text("SELECT 1 FROM dead_letter"))) < 100
    place = [last.topic, str(last.partition), str(last.offset)]
    await tracelot("skip", *place, "--malformed", "--reason", "known", "--actor", "sue", "--service", "toy")
    await until(has(engine, box, 1))
    async with reading(engine) as tx:
        assert len(await tx.rows(text("SELECT 1 FROM dead_letter"))) == 150


async def test_a_stop_finishes_what_runs_and_ends_with_0(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """SIGTERM under load: exit code 0 within 10 s, nothing lost or doubled when the next replica takes over."""
    service, box = start(), new_box()
    load = asyncio.create_task(_load(publish, box, 400))
    await until(has(engine, box, 20))
    began = time.monotonic()
    service.process.terminate()
    assert await asyncio.to_thread(service.process.wait, 15) == 0
    assert time.monotonic() - began < 10
    start()
    await load
    await until(has(engine, box, 400))
    await _all_said_once(engine, box, 400)


async def _load(publish: Callable[..., Any], box: str, count: int) -> None:
    for number in range(count):
        await publish(Arrived(box=box, serials=[str(number)]))


async def _all_said_once(engine: AsyncEngine, box: str, count: int) -> None:
    """Every unit is there once, in order, and was said under one id, however often."""

    async def emptied() -> bool:
        async with reading(engine) as tx:
            return not await tx.rows(text("SELECT 1 FROM outbox"))

    await until(emptied)
    assert await units(engine, box) == [str(number) for number in range(count)]
    said = await published(box)
    ids = {event["id"]: event["data"]["serials"] for event in said}
    assert sorted(ids.values()) == sorted([str(number)] for number in range(count))


async def test_a_relay_that_dies_before_it_deletes_repeats_itself_under_the_same_ids(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path
) -> None:
    """Killed between publish and delete: the next replica says it again with the id it had."""
    service, box = start(), new_box()
    with failpoint(tmp_path, "relay.after_publish", "kill"):
        await publish(Arrived(box=box, serials=["0"]))
        await asyncio.to_thread(service.process.wait, 15)
    start()
    await _all_said_once(engine, box, 1)
    assert len(await published(box)) == 2


@pytest.mark.parametrize("where", ["line.before_begin", "line.in_transaction", "line.before_ack"])
async def test_a_frozen_replica_does_no_harm(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path, *, where: str
) -> None:
    """Frozen for longer than its session before BEGIN, COMMIT or ack: another takes over, and it wakes."""
    first, box = start(), new_box()
    with failpoint(tmp_path, where, "stop") as armed:
        await publish(Arrived(box=box, serials=["0"]))

        async def frozen() -> bool:
            return not armed.exists()

        await until(frozen)
        second = start()
    await until(has(engine, box, 1))
    first.thaw()
    for number in range(1, 50):
        await publish(Arrived(box=box, serials=[str(number)]))
    await until(has(engine, box, 50))
    await _all_said_once(engine, box, 50)
    for service in (first, second):
        service.wait_ready()


async def test_a_rebalance_waits_for_the_ack(start: Start, engine: AsyncEngine, publish: Callable[..., Any]) -> None:
    """A second replica joins under load and leaves again: no record was handled twice, so none had to be dropped."""
    first, box = start(), new_box()
    load = asyncio.create_task(_load(publish, box, 1500))
    await until(has(engine, box, 20))
    second = start()
    assert await asyncio.to_thread(second.stop) == 0
    await load
    await until(has(engine, box, 1500))
    await _all_said_once(engine, box, 1500)
    async with httpx.AsyncClient(base_url=first.url) as http:
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_duplicates_total{service="toy"} 0.0' in metrics


async def test_servers_may_go_and_come_back(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """PostgreSQL crashes and Kafka is killed under load: the service waits for both, nothing is lost or doubled."""
    service, box = start(), new_box()
    load = asyncio.create_task(_load(publish, box, 300))
    await until(has(engine, box, 20))
    await asyncio.to_thread(stack.restart_postgres, "immediate")
    await engine.dispose()
    await until(has(engine, box, 100))
    await asyncio.to_thread(stack.kill_kafka)
    await asyncio.to_thread(stack.start_kafka)
    await load
    await until(has(engine, box, 300))
    await _all_said_once(engine, box, 300)
    assert service.alive
    service.wait_ready()


async def test_a_stop_without_kafka_ends_with_0(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """Nothing keeps a service from ending within 10 s when it is told to, not even a broker that is away."""
    service, box = start(), new_box()
    await publish(Arrived(box=box, serials=["1"]))
    await until(has(engine, box, 1))
    await asyncio.to_thread(stack.kill_kafka)
    try:
        assert await asyncio.to_thread(service.stop, 10) == 0
    finally:
        await asyncio.to_thread(stack.start_kafka)


def test_without_kafka_a_service_does_not_start(toy: Mapping[str, str]) -> None:
    """It ends with a code that is not 0, so that whoever started it knows."""
    environment = {**os.environ, **toy, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "shared.cli", "serve", NAME, "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 3
