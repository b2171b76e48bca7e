"""Messages as Kafka may deliver them: each once or twice, shuffled but for the order within a key."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from shared.contracts.envelope import Fact
from tests.flows.world import Json, World


async def delivered(world: World, facts: Sequence[Fact], random: Random) -> None:
    """Publish each fact once or twice, shuffled but for the order within a key."""
    queues: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for fact in facts:
        queue = queues[fact.TOPIC.name, fact.key()]
        queue.append(world.event(fact))
        if random.random() < 0.5:
            queue.append(random.choice(queue))
    while queues:
        topic, key = random.choice(list(queues))
        await world.send(topic, queues[topic, key].pop(0), key)
        if not queues[topic, key]:
            del queues[topic, key]
