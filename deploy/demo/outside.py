"""ERP and OMS as they would be: a Kafka producer that sends CloudEvents, and imports nothing of the services."""

import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

KEYS = {"erp.products": "sku", "erp.asns": "receipt", "oms.orders": "order"}


class Outside:
    """One producer for both upstream systems."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)

    async def __aenter__(self) -> "Outside":
        """Connect."""
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Send what is under way, then leave."""
        await self._producer.stop()

    async def say(self, topic: str, type_: str, data: dict[str, Any], key: str | None = None) -> None:
        """Publish one CloudEvent under its document's key and wait until Kafka has it."""
        source = topic.partition(".")[0]
        event = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": source,
            "type": type_,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
        record_key = key or str(data[KEYS[topic]])
        await self._producer.send_and_wait(topic, json.dumps(event).encode(), key=record_key.encode())
