"""A topic prefix: consuming, publishing and all names that operators see."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from shared.messaging import skips
from shared.ops import topics
from shared.persistence.database import transaction
from shared.settings import KafkaSettings
from tests.integration.shared.conftest import StartService
from tests.integration.shared.probes import box_contents, get_readiness, has_units, new_box_id
from tests.support.auth import bearer
from tests.support.events import encode_message
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.messages import ARRIVALS, COMMANDS, EVENTS, Arrived

PREFIX = "north."


@pytest.fixture
async def prefixed(stack: Stack) -> dict[str, str]:
    """Create the prefixed topics of the toy service and return the setting of its replica."""
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    settings = KafkaSettings(kafka_bootstrap_servers=servers, topic_prefix=PREFIX, topic_partitions=1)
    await topics.create(settings, [COMMANDS, ARRIVALS, EVENTS])
    return {"KAFKA_TOPIC_PREFIX": PREFIX}


async def test_prefix_applies_to_all_topics(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack, prefixed: dict[str, str]
) -> None:
    """Only prefixed topics are consumed and published; dead letters, halts, skips and AsyncAPI name them."""
    service, box = start(**prefixed), new_box_id()
    await publish(Arrived(box=box, serials=["other installation"]))
    await publish(topic="north.toy.arrivals", key=box, value=encode_message(Arrived(box=box, serials=["1"])))
    await publish(topic="north.toy.commands", key=box, value=b"broken")
    await wait_until(has_units(engine, box, 1))
    async with AIOKafkaConsumer(
        "north.toy.events", bootstrap_servers=stack.env["KAFKA_BOOTSTRAP_SERVERS"], auto_offset_reset="earliest"
    ) as consumer:
        event = json.loads((await consumer.getone()).value or b"")
    assert event["data"]["box"] == box
    async with httpx.AsyncClient(base_url=service.url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http:

        async def get_dead_letters() -> Any:
            return (await http.get("/dead-letters", params={"topic": "north.toy.commands"})).json()["items"]

        (dead_letter,) = await wait_until(get_dead_letters)
        assert dead_letter["topic"] == "north.toy.commands"
        channels = (await http.get("/asyncapi")).json()["channels"]
        assert channels["toy.arrivals"]["address"] == "north.toy.arrivals"
    _, readiness = await get_readiness(service)
    assert (readiness["assigned"], readiness["warnings"]) == (["north.toy.arrivals/0", "north.toy.commands/0"], [])
    poison = await publish(
        topic="north.toy.arrivals", key=box, value=encode_message(Arrived(box=box, serials=["BOOM"]))
    )

    async def get_halt() -> Any:
        return (await get_readiness(service))[1].get("halted")

    halt = await wait_until(get_halt)
    assert f"tracelot skip north.toy.arrivals 0 {poison.offset} " in halt["action"]
    async with transaction(engine) as tx:
        position = (halt["topic"], halt["partition"], halt["offset"])
        await skips.add_permit(tx, position, malformed=False, reason="test", actor="sue")
    service.wait_ready(MAX_WAIT_SECONDS)
    assert await box_contents(engine, box) == ["1"]
