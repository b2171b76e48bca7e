"""The system under test: publishes to Kafka, sends HTTP commands and reads the databases."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from deploy import processes
from deploy.databases import SERVICES
from shared.contracts.envelope import Message
from tests.e2e.event_listener import EventListener
from tests.e2e.handlers import command_handler_of
from tests.e2e.quiescence import QuiescenceMonitor
from tests.support.auth import bearer, token_headers
from tests.support.paths import path_of
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS

JsonObject = dict[str, Any]
RecordPosition = tuple[str, int, int]
"""Topic, partition, offset."""
MAX_RECORD_BYTES = 4 * 1024 * 1024
EVENT_TOPICS = {name: f"{name}.events" for name in SERVICES}


class SystemUnderTest:
    """One per session: the four services, Kafka and the databases."""

    def __init__(self, environment: Mapping[str, str], services: dict[str, processes.Service], logs: Path) -> None:
        self.environment, self.services, self.logs = environment, services, logs
        self.bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
        self.listener = EventListener(self.bootstrap)
        self.producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, enable_idempotence=True, max_request_size=MAX_RECORD_BYTES
        )
        self.http = httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer())
        self.databases: dict[str, asyncpg.Pool] = {}
        self._replicas = 1
        self.quiescence = QuiescenceMonitor(self.bootstrap, self.databases)

    async def __aenter__(self) -> Self:
        """Connect to Kafka and the databases."""
        await self.producer.start()
        await self.listener.start()
        for service in self.services:
            url = self.environment[f"{service.upper()}_MIGRATION_DATABASE_URL"]
            self.databases[service] = await asyncpg.create_pool(url, min_size=1, max_size=3)
        await self.quiescence.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self.quiescence.__aexit__()
        for pool in self.databases.values():
            await pool.close()
        await self.http.aclose()
        await self.producer.stop()
        await self.listener.stop()

    # Kafka

    def cloud_event_of(
        self, message: Message, *, id_: str = "", source: str = "test", time: datetime | None = None
    ) -> JsonObject:
        """Return a message as a CloudEvent, as an upstream system would publish it."""
        return self.cloud_event(
            message.TYPE, message.model_dump(mode="json", exclude_none=True), id_=id_, source=source, time=time
        )

    def cloud_event(
        self, type_: str, data: JsonObject, *, id_: str = "", source: str = "test", time: datetime | None = None
    ) -> JsonObject:
        """Return any data as a CloudEvent, valid or not."""
        return {
            "specversion": "1.0", "id": id_ or str(uuid4()), "source": source, "type": type_,
            "time": (time or datetime.now(UTC)).isoformat(), "datacontenttype": "application/json", "data": data,
        }  # fmt: skip

    async def publish(self, *messages: Message, source: str = "test") -> list[JsonObject]:
        """Publish messages in order, wait for Kafka's acknowledgement and return them as sent."""
        events = [self.cloud_event_of(message, source=source) for message in messages]
        for message, event in zip(messages, events, strict=True):
            value, key, headers = json.dumps(event).encode(), message.key().encode(), token_headers(message.TYPE)
            await self.producer.send(message.TOPIC.name, value, key=key, headers=headers)
        await self.producer.flush()
        return events

    async def send_record(
        self, topic: str, event: JsonObject | bytes | None, key: str | bytes | None
    ) -> RecordPosition:
        """Publish one record with any content and return its position."""
        value = json.dumps(event).encode() if isinstance(event, dict) else event
        raw_key = key.encode() if isinstance(key, str) else key
        headers = token_headers(str(event.get("type"))) if isinstance(event, dict) else []
        metadata = await self.producer.send_and_wait(topic, value, key=raw_key, headers=headers)
        return metadata.topic, metadata.partition, metadata.offset

    async def all_records(self, topic: str) -> list[ConsumerRecord[bytes | None, bytes | None]]:
        """Return every record of a topic, partition by partition."""
        ends = {
            partition: end
            for partition, end in (await self.quiescence.end_offsets()).items()
            if partition.topic == topic and end
        }
        records: list[ConsumerRecord[bytes | None, bytes | None]] = []
        if not ends:
            return records
        async with AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, max_partition_fetch_bytes=MAX_RECORD_BYTES
        ) as consumer:
            for partition, end in ends.items():
                consumer.assign([partition])
                await consumer.seek_to_beginning(partition)
                while await consumer.position(partition) < end:
                    records.append(await consumer.getone())
        return records

    async def wait_until_quiescent(self) -> None:
        """Wait until every service has processed its topics and published its outbox."""
        await wait_until(self.quiescence.is_quiescent)

    # Processes

    async def start(self, *names: str) -> None:
        """Restart stopped services and wait until they are ready."""
        for name in names:
            if not self.services[name].is_alive:
                self._replicas += 1
                self.services[name] = processes.start(name, self.environment, self.logs, replica=self._replicas)

        async def are_ready() -> bool:
            for name in names:
                assert self.services[name].is_alive, f"{name} has exited; see {self.services[name].log}"
                assert await asyncio.to_thread(self.services[name].is_ready), name
            return True

        await wait_until(are_ready)

    async def reset_offsets(self, service: str, topics: Iterable[str]) -> None:
        """Reset the consumer offsets of a stopped service to the beginning of its topics."""
        starts = {partition: 0 for partition in self.quiescence.partitions if partition.topic in topics}

        async def offsets_reset() -> bool:
            async with AIOKafkaConsumer(
                bootstrap_servers=self.bootstrap, group_id=service, enable_auto_commit=False
            ) as consumer:
                consumer.assign(list(starts))
                try:
                    await consumer.commit(starts)
                except KafkaError:  # the killed consumer is a group member until its session ends
                    return False
                return True

        await wait_until(offsets_reset)

    # HTTP

    async def get(self, service: str, path: str, **params: Any) -> httpx.Response:
        """Send a GET request."""
        return await self.http.get(self.services[service].url + path, params=params)

    async def get_json(self, service: str, path: str, **params: Any) -> Any:
        """Return the JSON body of a GET request that must succeed."""
        response = await self.get(service, path, **params)
        assert response.status_code == httpx.codes.OK, (
            f"{service} {path} {params}: {response.status_code} {response.text}"
        )
        return response.json()

    async def get_all_items(self, service: str, path: str, **params: Any) -> list[JsonObject]:
        """Return the items of a list, across all pages."""
        page = await self.get_json(service, path, limit=500, **params)
        items: list[JsonObject] = page["items"]
        while page["next"] is not None:
            page = await self.get_json(service, path, limit=500, **params, cursor=page["next"])
            items += page["items"]
        return items

    async def post(
        self, service: str, path: str, body: Any, *, actor: str = "ann", key: str | None = "", **headers: str
    ) -> httpx.Response:
        """Send a command once; None omits a header, an empty key is replaced by a new one."""
        headers |= bearer(actor)
        if key is not None:
            headers["Idempotency-Key"] = key or str(uuid4())
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
        return await self.http.post(self.services[service].url + path, content=content, headers=headers)

    async def execute_command(self, command: Message, *, actor: str = "ann") -> httpx.Response:
        """Send a command to its service; repeat it while the response asks for a retry."""
        service, handler = command_handler_of(type(command))
        body = command.model_dump(mode="json", exclude_none=True)
        path = path_of(handler, body)

        async def accepted_response() -> httpx.Response | None:
            response = await self.post(service, path, body, actor=actor)
            return None if "Retry-After" in response.headers and not response.is_success else response

        return await wait_until(accepted_response)

    async def execute(self, command: Message, *, actor: str = "ann") -> JsonObject:
        """Send a command that must succeed completely and return the response body; its subject may arrive late."""

        async def response_of_present() -> httpx.Response | None:
            response = await self.execute_command(command, actor=actor)
            return None if response.status_code == httpx.codes.NOT_FOUND else response

        response = await wait_until(response_of_present)
        assert response.is_success, f"{command!r}: {response.status_code} {response.text}"
        body: JsonObject = response.json() if response.content else {}
        assert not body.get("rejected"), f"{command!r}: {response.text}"
        return body

    async def assert_rejected(self, command: Message, code: str, *, actor: str = "ann") -> JsonObject:
        """Send a command that must be rejected with this code and return the problem."""
        response = await self.execute_command(command, actor=actor)
        assert response.is_client_error, f"{command!r}: {response.status_code} {response.text}"
        problem: JsonObject = response.json()
        assert problem["code"] == code, problem
        return problem

    # Databases

    async def fetch_rows(self, service: str, query: str, *values: Any) -> list[JsonObject]:
        """Query a service's database as its owner."""
        return [dict(row) for row in await self.databases[service].fetch(query, *values)]

    # Dead letters and rejections

    async def wait_for_dead_letter(self, service: str, position: RecordPosition) -> JsonObject:
        """Wait for the dead letter of a record and return it as the API shows it."""

        async def matching_rows() -> list[JsonObject]:
            condition = 'topic = $1 AND partition = $2 AND "offset" = $3'
            return await self.fetch_rows(service, f"SELECT id FROM dead_letter WHERE {condition}", *position)  # noqa: S608

        (row,) = await wait_until(matching_rows)
        dead_letter: JsonObject = await self.get_json(service, f"/dead-letters/{row['id']}")
        assert (dead_letter["topic"], dead_letter["partition"], dead_letter["offset"]) == position
        assert dead_letter["error"]
        return dead_letter

    async def wait_for_rejection(
        self, service: str, event: JsonObject, code: str, document: str | None = None
    ) -> JsonObject:
        """Wait until a message's rejection is both recorded and published."""
        topic = EVENT_TOPICS[service]
        cause = {"source": event["source"], "id": event["id"]}

        async def row_and_events() -> tuple[JsonObject, list[JsonObject]]:
            rows = await self.fetch_rows(
                service, "SELECT id FROM rejection WHERE source = $1 AND message_id = $2", *cause.values()
            )
            events = [
                rejected["data"]
                for rejected in self.listener.events_caused_by(topic, event["id"])
                if "rejected" in rejected["type"]
            ]
            assert rows, f"no rejection recorded for {event}"
            assert events, f"no rejection event for {event}"
            row: JsonObject = await self.get_json(service, f"/rejections/{rows[0]['id']}")
            return row, events

        row, events = await wait_until(row_and_events)
        codes = {problem["code"] for problem in row["violations"]}
        assert code in codes, row
        assert row["type"] == event["type"]
        assert document in (None, row["document"]), row
        assert row["actor"]
        assert datetime.fromisoformat(row["recorded_at"]) <= datetime.now(UTC)
        sent = {name: value for name, value in event["data"].items() if name != "actor"}  # the token names it
        assert contains_value(row["raw"], sent), (row["raw"], sent)
        for rejected in events:
            assert rejected["code"] in codes, events
            assert (rejected["rejected_type"], rejected["kind"], rejected["cause"]) == (
                event["type"], row["kind"], cause,
            )  # fmt: skip
            assert document in (None, rejected["document"]), events
        rejections = await self.get_json(service, "/rejections", document=row["document"], limit=500)
        assert row["id"] in {item["id"] for item in rejections["items"]}
        return row


def contains_value(actual: Any, expected: Any) -> bool:
    """Return whether a value contains another: objects by field, lists by position."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        return all(name in actual and contains_value(actual[name], value) for name, value in expected.items())
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(contains_value, actual, expected))
    return bool(actual == expected)
