"""The world around the services: what publishes to them, what posts to them, and who looks into their databases."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy import processes
from shared.contracts.envelope import Fact
from tests.flows.listener import Listener
from tests.flows.maps import owner
from tests.flows.rest import Watch
from tests.flows.waiting import eventually
from tests.paths import path_of
from tests.timing import PATIENCE

Json = dict[str, Any]
Place = tuple[str, int, int]
"""Topic, partition, offset."""
LARGEST = 4 * 1024 * 1024
EVENTS = {name: f"{name}.events" for name in ("receiving", "serials", "lots", "fulfillment")}


class World:
    """One per session: the four services, Kafka, their databases."""

    def __init__(self, environment: Mapping[str, str], services: dict[str, processes.Service], logs: Path) -> None:
        self.environment, self.services, self.logs = environment, services, logs
        self.bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
        self.listener = Listener(self.bootstrap)
        self.producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, enable_idempotence=True, max_request_size=LARGEST
        )
        self.http = httpx.AsyncClient(timeout=PATIENCE)
        self.databases: dict[str, asyncpg.Pool] = {}
        self._replicas = 1
        self.watch = Watch(self.bootstrap, self.databases)

    async def __aenter__(self) -> Self:
        """Connect to everything."""
        await self.producer.start()
        await self.listener.start()
        for service in self.services:
            url = self.environment[f"{service.upper()}_OWNER_URL"]
            self.databases[service] = await asyncpg.create_pool(url, min_size=1, max_size=3)
        await self.watch.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self.watch.__aexit__()
        for pool in self.databases.values():
            await pool.close()
        await self.http.aclose()
        await self.producer.stop()
        await self.listener.stop()

    # Kafka

    def event(self, fact: Fact, *, id_: str = "", source: str = "test", time: datetime | None = None) -> Json:
        """A message as a CloudEvent, as an outside system would write it."""
        return self.cloud_event(
            fact.TYPE, fact.model_dump(mode="json", exclude_none=True), id_=id_, source=source, time=time
        )

    def cloud_event(
        self, type_: str, data: Json, *, id_: str = "", source: str = "test", time: datetime | None = None
    ) -> Json:
        """Any data as a CloudEvent, well formed or not."""
        return {
            "specversion": "1.0", "id": id_ or str(uuid4()), "source": source, "type": type_,
            "time": (time or datetime.now(UTC)).isoformat(), "datacontenttype": "application/json", "data": data,
        }  # fmt: skip

    async def say(self, *facts: Fact, source: str = "test") -> list[Json]:
        """Publish messages, in order, and wait until Kafka has them; as they were sent."""
        events = [self.event(fact, source=source) for fact in facts]
        for fact, event in zip(facts, events, strict=True):
            await self.producer.send(fact.TOPIC.name, json.dumps(event).encode(), key=fact.key().encode())
        await self.producer.flush()
        return events

    async def send(self, topic: str, event: Json | bytes | None, key: str | bytes | None) -> Place:
        """Publish one record, whatever it holds; where it went."""
        value = json.dumps(event).encode() if isinstance(event, dict) else event
        raw_key = key.encode() if isinstance(key, str) else key
        at = await self.producer.send_and_wait(topic, value, key=raw_key)
        return at.topic, at.partition, at.offset

    async def everything(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Every record of a topic, key and value, partition by partition from its beginning."""
        ends = {at: end for at, end in (await self.watch.ends()).items() if at.topic == topic and end}
        found: list[tuple[bytes | None, bytes | None]] = []
        if not ends:
            return found
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, max_partition_fetch_bytes=LARGEST) as consumer:
            for at, end in ends.items():
                consumer.assign([at])
                await consumer.seek_to_beginning(at)
                while await consumer.position(at) < end:
                    record = await consumer.getone()
                    found.append((record.key, record.value))
        return found

    async def quiet(self) -> None:
        """Wait until every service has worked on all there is, and has said what it had to."""
        await eventually(self.watch.at_rest)

    # The services' processes

    async def start(self, *names: str) -> None:
        """Start services that have ended, and wait until each is ready."""
        for name in names:
            if not self.services[name].alive:
                self._replicas += 1
                self.services[name] = processes.start(name, self.environment, self.logs, replica=self._replicas)

        async def ready() -> bool:
            for name in names:
                assert self.services[name].alive, f"{name} has ended; see {self.services[name].log}"
                assert await asyncio.to_thread(self.services[name].ready), name
            return True

        await eventually(ready)

    async def rewind(self, service: str, topics: Iterable[str]) -> None:
        """Let a service that is down begin again with the first record of its topics."""
        starts = {at: 0 for at in self.watch.partitions if at.topic in topics}

        async def gone() -> bool:
            async with AIOKafkaConsumer(
                bootstrap_servers=self.bootstrap, group_id=service, enable_auto_commit=False
            ) as consumer:
                consumer.assign(list(starts))
                try:
                    await consumer.commit(starts)
                except KafkaError:  # Kafka takes the killed one for alive until its session ends
                    return False
                return True

        await eventually(gone)

    # HTTP

    async def get(self, service: str, path: str, **params: Any) -> httpx.Response:
        """Look something up."""
        return await self.http.get(self.services[service].url + path, params=params)

    async def read(self, service: str, path: str, **params: Any) -> Any:
        """Look up what must be there."""
        answer = await self.get(service, path, **params)
        assert answer.status_code == httpx.codes.OK, f"{service} {path} {params}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(
        self, service: str, path: str, body: Any, *, actor: str | None = "ann", key: str | None = "", **headers: str
    ) -> httpx.Response:
        """Send a command once; None leaves a header out, and an empty key is a new one."""
        if actor is not None:
            headers["X-Actor"] = actor
        if key is not None:
            headers["Idempotency-Key"] = key or str(uuid4())
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
        return await self.http.post(self.services[service].url + path, content=content, headers=headers)

    async def command(self, fact: Fact, *, actor: str = "ann") -> httpx.Response:
        """Post a command to its owner; while its news is under way, as its Retry-After says, again."""
        service, row = owner(type(fact))
        body = fact.model_dump(mode="json", exclude_none=True)
        path = path_of(row, body)

        async def settled() -> httpx.Response | None:
            answer = await self.post(service, path, body, actor=actor)
            return None if "Retry-After" in answer.headers and not answer.is_success else answer

        return await eventually(settled)

    async def do(self, fact: Fact, *, actor: str = "ann") -> Json:
        """A command that has to succeed whole; what it was answered."""
        answer = await self.command(fact, actor=actor)
        assert answer.is_success, f"{fact!r}: {answer.status_code} {answer.text}"
        body: Json = answer.json() if answer.content else {}
        assert not body.get("refused"), f"{fact!r}: {answer.text}"
        return body

    async def refused(self, fact: Fact, code: str, *, actor: str = "ann") -> Json:
        """A command that has to be refused with this code; the problem."""
        answer = await self.command(fact, actor=actor)
        assert answer.is_client_error, f"{fact!r}: {answer.status_code} {answer.text}"
        problem: Json = answer.json()
        assert problem["code"] == code, problem
        return problem

    # Databases

    async def rows(self, service: str, query: str, *values: Any) -> list[Json]:
        """What stands in a service's database, seen by its owner."""
        return [dict(row) for row in await self.databases[service].fetch(query, *values)]

    # What was not taken

    async def dead_letter(self, service: str, at: Place) -> Json:
        """Wait until a record has been put aside; it is shown over HTTP, byte for byte."""

        async def look() -> list[Json]:
            where = 'topic = $1 AND partition = $2 AND "offset" = $3'
            return await self.rows(service, f"SELECT id FROM dead_letter WHERE {where}", *at)  # noqa: S608

        (row,) = await eventually(look)
        letter: Json = await self.read(service, f"/dead-letters/{row['id']}")
        assert (letter["topic"], letter["partition"], letter["offset"]) == at
        assert letter["error"]
        return letter

    async def rejection(self, service: str, event: Json, code: str, document: str | None = None) -> Json:
        """Wait until a message was refused or did not fit: on record as it came, and told to its sender."""
        topic = EVENTS[service]
        cause = {"source": event["source"], "id": event["id"]}

        async def look() -> tuple[Json, list[Json]]:
            rows = await self.rows(
                service, "SELECT id FROM rejection WHERE source = $1 AND message = $2", *cause.values()
            )
            told = [said["data"] for said in self.listener.caused(topic, event["id"]) if "rejected" in said["type"]]
            assert rows, f"no rejection of {event}"
            assert told, f"nobody was told of the rejection of {event}"
            row: Json = await self.read(service, f"/rejections/{rows[0]['id']}")
            return row, told

        row, told = await eventually(look)
        codes = {refusal["code"] for refusal in row["refusals"]}
        assert code in codes, row
        assert row["type"] == event["type"]
        assert document in (None, row["document"]), row
        assert row["actor"]
        assert datetime.fromisoformat(row["at"]) <= datetime.now(UTC)
        assert holds(row["raw"], event["data"]), (row["raw"], event["data"])
        for said in told:
            assert said["code"] in codes, told
            assert (said["refused_type"], said["kind"], said["cause"]) == (event["type"], row["kind"], cause)
            assert document in (None, said["document"]), told
        listed = await self.read(service, "/rejections", document=row["document"], limit=500)
        assert row["id"] in {each["id"] for each in listed["items"]}
        return row


def holds(whole: Any, part: Any) -> bool:
    """Whether a value holds another: as objects, every field of it; as lists, each in its place."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and holds(whole[name], value) for name, value in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return bool(whole == part)
