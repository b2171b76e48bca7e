"""When is everything that was sent committed everywhere? When all is consumed, and nothing waits to be said.

Asked of Kafka's committed offsets and the outboxes alone: it knows no table of any service, and costs little.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.databases import SERVICES
from deploy.topics import PARTITIONS
from shared.decision import Map

Ends = dict[TopicPartition, int]

LAST_COMMIT = "SELECT extract(epoch FROM timestamp)::float FROM pg_last_committed_xact()"
"""Of the whole server."""


def partitions(topic: str) -> list[TopicPartition]:
    """All partitions of a topic."""
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


def topics_of(service: str) -> set[str]:
    """The topics that a service reads, by its map."""
    of: Map = import_module(f"services.{service}.app").app.state.map
    return {row.message.TOPIC.name for row in of.rows}


class Watch:
    """Looks at Kafka and at the databases (as their owners) while the services work."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.admin = AIOKafkaAdminClient(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
        self.consumer = AIOKafkaConsumer(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
        self.databases: dict[str, asyncpg.Connection] = {}
        self.groups = {service: topics_of(service) for service in SERVICES}
        """Each consumer group and the topics it reads."""

    async def __aenter__(self) -> Self:
        await self.admin.start()
        await self.consumer.start()
        for service in SERVICES:
            self.databases[service] = await asyncpg.connect(self.environment[f"{service.upper()}_OWNER_URL"])
        return self

    async def __aexit__(self, *_: object) -> None:
        for database in self.databases.values():
            await database.close()
        await self.consumer.stop()
        await self.admin.close()

    async def ends(self, topics: set[str]) -> Ends:
        """Where each partition ends now."""
        found: Ends = await self.consumer.end_offsets([each for topic in topics for each in partitions(topic)])
        return found

    async def _behind(self, group: str, ends: Ends) -> int:
        """How many of the records up to `ends` a group has not committed."""
        wanted = {each: end for each, end in ends.items() if each.topic in self.groups[group] and end}
        if not wanted:
            return 0
        found = await self._committed(group, list(wanted))
        return sum(max(0, end - max(0, found[each].offset)) for each, end in wanted.items())

    async def _committed(self, group: str, wanted: list[TopicPartition]) -> dict[TopicPartition, Any]:
        """Where a group is; asked again while the broker looks for who knows."""
        for _ in range(50):
            with suppress(KafkaError):
                found: dict[TopicPartition, Any] = await self.admin.list_consumer_group_offsets(
                    group, partitions=wanted
                )
                return found
            await asyncio.sleep(0.1)
        raise TimeoutError(f"Kafka does not say where {group} is")

    async def _outboxes_empty(self) -> bool:
        for database in self.databases.values():
            if await database.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                return False
        return True

    async def quiet(self) -> bool:
        """Whether every record is consumed, and none was said meanwhile or waits to be."""
        topics = {topic for read in self.groups.values() for topic in read}
        if not await self._outboxes_empty():
            return False
        ends = await self.ends(topics)
        for group in self.groups:
            if await self._behind(group, ends):
                return False
        return await self._outboxes_empty() and await self.ends(topics) == ends

    async def settled(self, topic: str, seconds: float = 600) -> float:
        """Wait until all that was sent to a topic, and all that it led to, is committed; when that was, by time.time().

        It is the server's own time of the last commit, however long we took to see that nothing follows it.
        """
        deadline = time.perf_counter() + seconds
        ends = await self.ends({topic})
        (group,) = (group for group, read in self.groups.items() if topic in read)
        while await self._behind(group, ends):
            await self._pause(0.05, deadline)
        while not await self.quiet():
            await self._pause(0.02, deadline)
        database = next(iter(self.databases.values()))
        last: float = await database.fetchval(
            "SELECT extract(epoch FROM timestamp)::float FROM pg_last_committed_xact()"
        )
        return last

    async def _pause(self, pause: float, deadline: float) -> None:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"the services did not come to rest; behind: {await self.lags()}")
        await asyncio.sleep(pause)

    async def lags(self) -> dict[str, dict[str, int]]:
        """Each group's lag by topic, where it has one."""
        found: dict[str, dict[str, int]] = {}
        for group, topics in self.groups.items():
            lag = {topic: await self._behind(group, await self.ends({topic})) for topic in topics}
            found[group] = {topic: behind for topic, behind in lag.items() if behind}
        return found

    async def refused(self) -> str:
        """What went wrong so far, for a run in which nothing may: rejections and dead letters, with an example each."""
        found = []
        for service, database in self.databases.items():
            for table, column in (("rejection", "refusals"), ("dead_letter", "error")):
                for count, example in await database.fetch(
                    f"SELECT count(*), min({column}::text) FROM {table} HAVING count(*) > 0"  # noqa: S608
                ):
                    found.append(f"{service}: {count} in {table}, one of them {example}")
        return "; ".join(found)
