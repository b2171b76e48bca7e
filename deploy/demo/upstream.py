"""Simulates ERP and OMS: a Kafka producer of CloudEvents that imports no service code."""

import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

KEY_FIELDS = {"erp.products": "sku", "erp.asns": "receipt", "oms.orders": "order"}


class UpstreamProducer:
    """Producer of both upstream systems."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)

    async def __aenter__(self) -> "UpstreamProducer":
        """Connect."""
        await self._producer.start()
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send pending records and disconnect."""
        await self._producer.stop()

    async def publish(self, topic: str, type_: str, data: dict[str, Any], key: str | None = None) -> None:
        """Publish a CloudEvent with the key of its document and wait for the acknowledgement."""
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
        record_key = key or str(data[KEY_FIELDS[topic]])
        await self._producer.send_and_wait(topic, json.dumps(event).encode(), key=record_key.encode())
