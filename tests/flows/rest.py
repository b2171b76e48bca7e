"""When everything that was sent has been worked on, and everything that it led to."""

from collections.abc import Mapping
from typing import Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.topics import TOPICS
from tests.flows import maps

Ends = dict[TopicPartition, int]


class Watch:
    """Looks at Kafka's offsets and at the outboxes."""

    def __init__(self, bootstrap: str, databases: Mapping[str, asyncpg.Pool]) -> None:
        self.databases = databases
        self.consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self.admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self.partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.consumer.start()
        await self.admin.start()
        described = await self.admin.describe_topics([topic.name for topic in TOPICS])
        self.partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self.admin.close()
        await self.consumer.stop()

    async def ends(self) -> Ends:
        """Where each partition ends now."""
        ends: Ends = await self.consumer.end_offsets(self.partitions)
        return ends

    async def behind(self, service: str, ends: Ends) -> Ends:
        """The partitions in which a service has not worked on everything up to these ends, and by how many records."""
        read = maps.topics(service)
        done = await self.admin.list_consumer_group_offsets(service)
        found = {}
        for at, end in ends.items():
            stands = max(done[at].offset, 0) if at in done else 0
            if at.topic in read and stands < end:
                found[at] = end - stands
        return found

    async def outbox(self) -> dict[str, int]:
        """How much each service has still to say."""
        return {name: await pool.fetchval("SELECT count(*) FROM outbox") for name, pool in self.databases.items()}

    async def at_rest(self) -> bool:
        """Whether all is worked on and said: nothing was behind, nothing unsaid, and nothing said in between."""
        ends = await self.ends()
        for service in self.databases:
            behind = await self.behind(service, ends)
            assert not behind, f"{service} is behind: {behind}"
        unsaid = {name: rows for name, rows in (await self.outbox()).items() if rows}
        assert not unsaid, f"unsaid: {unsaid}"
        return await self.ends() == ends
