"""Print all events of one order, past and new: `python -m deploy.demo.follow KAFKA ORDER`."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer

TOPICS = ("oms.orders", "fulfillment.events", "serials.events", "lots.events")


async def follow(bootstrap: str, order_id: str) -> None:
    """Consume the topics until interrupted."""
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async for record in consumer:
            event = json.loads(record.value or b"{}")
            if event.get("data", {}).get("order") == order_id:
                print(f"{event['time']}  {record.topic:20} {event['type']:28} {json.dumps(event['data'])}", flush=True)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    try:
        asyncio.run(follow(*sys.argv[1:3]))
    except KeyboardInterrupt:
        sys.exit(0)
