"""The toy service as a process, on real Kafka and PostgreSQL: records in, events out, and an operator's hands."""

import asyncio
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from shared.cli import app as cli
from shared.database import reading
from tests.shared.conftest import Start, message
from tests.shared.toy.messages import Add, Arrived
from tests.shared.watching import emptied, has, new_box, published, readiness, units, until
from tests.timing import PATIENCE


async def tracelot(*arguments: str) -> str:
    """Run the command; what it prints."""
    done = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


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
    await until(emptied(engine))
    said = await published(box)
    assert [event["data"]["places"] for event in said] == [[number] for number in range(1, 30)]
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE) as http:
        letters = (await http.get("/dead-letters")).json()["items"]
        assert sorted(letter["error"][:25] for letter in letters) == [
            "it is no JSON: EOF while ",
            "the record has 2000000 by",
            "the record has no key; it",
            "the record has no value",
        ]
        (large,) = [letter for letter in letters if letter["size"] == 2_000_000]
        assert large["preview"] == "x" * 2000
        whole = (await http.get(f"/dead-letters/{large['id']}")).json()
        assert (whole["size"], len(b64decode(whole["value"]))) == (2_000_000, 2_000_000)
        metrics = (await http.get("/metrics")).text
    (events,) = re.findall(r'tracelot_events_total\{service="toy",type="toy.arrived.v1"\} (\S+)', metrics)
    assert float(events) >= 29  # and what other tests left on the topic
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
    service.wait_ready(PATIENCE)
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
