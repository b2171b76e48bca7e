"""Kafka delivery as consumers may see it: duplicated and shuffled, but ordered within a key."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from shared.contracts.envelope import Message
from tests.e2e.system import JsonObject, SystemUnderTest


async def deliver_shuffled(system: SystemUnderTest, messages: Sequence[Message], random: Random) -> None:
    """Publish each message once or twice, shuffled but in order within a key."""
    queues: dict[tuple[str, str], list[JsonObject]] = defaultdict(list)
    for message in messages:
        queue = queues[message.TOPIC.name, message.key()]
        queue.append(system.cloud_event_of(message))
        if random.random() < 0.5:
            queue.append(random.choice(queue))
    while queues:
        topic, key = random.choice(list(queues))
        await system.send_record(topic, queues[topic, key].pop(0), key)
        if not queues[topic, key]:
            del queues[topic, key]
