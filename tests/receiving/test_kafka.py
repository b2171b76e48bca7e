"""Receiving as it runs: bytes in from Kafka, facts out on its topic, what cannot be read among the dead letters."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.processes import running
from tests.flows.waiting import eventually
from tests.timing import PATIENCE


def message(kind: str, **data: Any) -> bytes:
    """A message of some sender's."""
    head = {"specversion": "1.0", "id": str(uuid4()), "source": "erp", "time": "2026-01-02T03:04:05Z"}
    return json.dumps(head | {"type": kind, "data": data}).encode()


async def heard(servers: str, last: str, receipt: str) -> list[dict[str, Any]]:
    """What is said of a receipt, up to the first fact of a type."""
    found: list[dict[str, Any]] = []
    consumer = AIOKafkaConsumer("receiving.events", bootstrap_servers=servers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(PATIENCE):
        while not found or found[-1]["type"] != last:
            record = await consumer.getone()
            if record.key == receipt.encode():
                found.append(json.loads(record.value or b"null"))
    return found


async def there(http: httpx.AsyncClient, path: str) -> None:
    """Wait until something is known."""

    async def known() -> bool:
        return (await http.get(path)).status_code == 200

    await eventually(known)


async def test_out_of_order_over_kafka(environment: Mapping[str, str], tmp_path: Path) -> None:
    """An ASN before its product and warehouse, scans and what is no message: nothing is lost, nothing half done (S05).

    The line that waits is woken by receiving's own word on its topic of products.
    """
    servers, run = environment["KAFKA_BOOTSTRAP_SERVERS"], uuid4().hex[:8]
    sku, east, receipt = f"PUMP-{run}", f"EAST-{run}", f"R-{run}"
    line = {"line": "1", "sku": sku, "quantity": 3, "serials": ["A", "B"]}
    many = {"line": "1", "sku": sku, "quantity": 501, "serials": [f"N{number}" for number in range(501)]}
    announced = {"receipt": receipt, "warehouse": east}
    scan = {"receipt": receipt, "session": "S", "sku": sku, "location": f"{east}/DOCK", "serials": ["A", "x", "", "A"]}
    with running(environment, tmp_path, ["receiving"]) as services:
        producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=4_000_000)
        async with producer, httpx.AsyncClient(base_url=services["receiving"].url, timeout=PATIENCE) as http:
            for value in (
                message("asn.announced.v1", **announced, lines=[line]),
                message("asn.announced.v1", **announced, lines=[many]),
                message("asn.announced.v1", **announced, lines=[line | {"serials": ["nul\0"]}]),
                message("asn.announced.v1", **announced, lines=[line], supplier="x" * 2_000_000),
                message("asn.announced.v1", **announced, lines=[line])[:100],
                None,
            ):
                await producer.send_and_wait("erp.asns", value, key=receipt.encode())
            await producer.send_and_wait("erp.asns", message("asn.cancelled.v1", receipt=receipt), key=b"another")
            await producer.send_and_wait("erp.asns", message("asn.cancelled.v1", receipt=receipt))
            product = message("product.defined.v1", sku=sku, name="Pump", serial_tracked=True)
            await producer.send_and_wait("erp.products", product, key=sku.encode())
            dock = message("location.defined.v1", location=f"{east}/DOCK", type="DOCK")
            await producer.send_and_wait("erp.locations", dock, key=f"{east}/DOCK".encode())
            await heard(servers, "receipt.planned.v1", receipt)
            await there(http, f"/locations/{east}/DOCK")
            for value in (message("receive.scan.v1", **scan),
                          message("receive.confirm.v1", receipt=receipt, session="S"),
                          message("receipt.close.v1", receipt=receipt)):  # fmt: skip
                await producer.send_and_wait("receiving.commands", value, key=receipt.encode())
            said = await heard(servers, "receipt.closed.v1", receipt)
            refused = (await http.get("/rejections", params={"document": receipt, "kind": "REFUSAL"})).json()["items"]
            letters = (await http.get("/dead-letters", params={"topic": "erp.asns", "limit": 500})).json()["items"]
    facts = [one for one in said if one["type"] != "receipt.rejected.v1"]
    assert [one["type"] for one in facts] == [
        "receipt.planned.v1", "receipt.planned.v1", "unit.received.v1", "receipt.withdrawn.v1", "discrepancy.found.v1",
        "receipt.closed.v1",
    ]  # fmt: skip
    assert facts[2]["data"]["serials"] == ["A", "x"]
    assert facts[2]["data"]["actor"] == "erp"
    assert {why["code"] for one in refused for why in one["refusals"]} == {"serial_badly_formed", "serial_repeated"}
    ours = [letter["error"] for letter in letters if letter["key"] in {receipt, "another", None}]
    assert len(ours) >= 7
    for error in ("500", "serials", "1 MiB", "no JSON", "no value", "the record's key"):
        assert any(error in one for one in ours), (error, ours)


async def test_lots_over_kafka(environment: Mapping[str, str], tmp_path: Path) -> None:
    """Lots are scanned and received over Kafka as over HTTP; what no lot can be is a dead letter (S23, S26)."""
    servers, run = environment["KAFKA_BOOTSTRAP_SERVERS"], uuid4().hex[:8]
    sku, east, receipt = f"MILK-{run}", f"EAST-{run}", f"R-{run}"
    line = {"line": "1", "sku": sku, "quantity": 12.5}
    head = {"receipt": receipt, "session": "S", "sku": sku, "location": f"{east}/DOCK"}
    good = {"lot": "0a/7 B", "quantity": 12.5, "expiry": "2090-01-31"}
    bad = ({"quantity": 0}, {"quantity": -1}, {"quantity": 10**15}, {"expiry": "2027-02-31"}, {"expiry": "1900-01-01"})
    with running(environment, tmp_path, ["receiving"]) as services:
        producer = AIOKafkaProducer(bootstrap_servers=servers)
        async with producer, httpx.AsyncClient(base_url=services["receiving"].url, timeout=PATIENCE) as http:
            for topic, key, value in (
                ("erp.products", sku, message("product.defined.v1", sku=sku, name="Milk", lot_tracked=True)),
                ("erp.locations", f"{east}/DOCK", message("location.defined.v1", location=f"{east}/DOCK", type="DOCK")),
                ("erp.asns", receipt, message("asn.announced.v1", receipt=receipt, warehouse=east, lines=[line])),
            ):
                await producer.send_and_wait(topic, value, key=key.encode())
            await heard(servers, "receipt.planned.v1", receipt)
            await there(http, f"/locations/{east}/DOCK")
            for value in (
                *(message("receive.scan.v1", **head, lots=[good | one]) for one in bad),
                message("receive.scan.v1", **head, lots=[{"lot": f"{number}"} for number in range(501)]),
                message("receive.scan.v1", **head, lots=[good, good, good | {"lot": ""}]),
                message("receive.confirm.v1", receipt=receipt, session="S", quantity=12.5),
                message("receipt.close.v1", receipt=receipt),
            ):
                await producer.send_and_wait("receiving.commands", value, key=receipt.encode())
            said = await heard(servers, "receipt.closed.v1", receipt)
            found = await http.get("/dead-letters", params={"topic": "receiving.commands", "limit": 500})
            refused = (await http.get("/rejections", params={"document": receipt})).json()["items"]
    letters = [letter for letter in found.json()["items"] if letter["key"] == receipt]
    facts = [one for one in said if one["type"] != "receipt.rejected.v1"]
    assert [one["type"] for one in facts] == ["receipt.planned.v1", "stock.received.v1", "receipt.closed.v1"]
    assert facts[1]["data"]["lots"] == [good]
    assert facts[2]["data"]["lines"][0]["short"] == 0
    assert {why["code"] for one in refused for why in one["refusals"]} == {"lot_repeated", "lot_missing"}
    assert len(letters) == 6
