"""Receiving as a process: consumes from Kafka, publishes events, stores unreadable records as dead letters."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.processes import running
from tests.support.auth import bearer, token_headers
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS


def encode_message(type_: str, **data: Any) -> bytes:
    """Encode a message of an upstream sender."""
    envelope = {"specversion": "1.0", "id": str(uuid4()), "source": "erp", "time": "2026-01-02T03:04:05Z"}
    return json.dumps(envelope | {"type": type_, "data": data}).encode()


async def wait_for_event(servers: str, last_type: str, receipt: str) -> list[dict[str, Any]]:
    """Collect the events of a receipt up to the first one of a type."""
    events: list[dict[str, Any]] = []
    consumer = AIOKafkaConsumer("receiving.events", bootstrap_servers=servers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(MAX_WAIT_SECONDS):
        while not events or events[-1]["type"] != last_type:
            record = await consumer.getone()
            if record.key == receipt.encode():
                events.append(json.loads(record.value or b"null"))
    return events


async def wait_until_available(http: httpx.AsyncClient, path: str) -> None:
    """Wait until a resource exists."""

    async def known() -> bool:
        return (await http.get(path)).status_code == 200

    await wait_until(known)


async def test_messages_out_of_order_over_kafka(environment: Mapping[str, str], tmp_path: Path) -> None:
    """An ASN before its product and warehouse, scans and invalid records: nothing is lost or half applied (S05).

    The line that awaits its product is planned by receiving's own product event.
    """
    servers, suffix = environment["KAFKA_BOOTSTRAP_SERVERS"], uuid4().hex[:8]
    sku, east, receipt = f"PUMP-{suffix}", f"EAST-{suffix}", f"R-{suffix}"
    asn_line = {"line": "1", "sku": sku, "quantity": 3, "serials": ["A", "B"]}
    oversized_line = {"line": "1", "sku": sku, "quantity": 501, "serials": [f"N{number}" for number in range(501)]}
    asn_fields = {"receipt": receipt, "warehouse": east}
    scan = {"receipt": receipt, "session": "S", "sku": sku, "location": f"{east}/DOCK", "serials": ["A", "x", "", "A"]}
    with running(environment, tmp_path, ["receiving"]) as services:
        producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=4_000_000)
        async with (
            producer,
            httpx.AsyncClient(base_url=services["receiving"].url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http,
        ):
            for value in (
                encode_message("asn.announced.v1", **asn_fields, lines=[asn_line]),
                encode_message("asn.announced.v1", **asn_fields, lines=[oversized_line]),
                encode_message("asn.announced.v1", **asn_fields, lines=[asn_line | {"serials": ["nul\0"]}]),
                encode_message("asn.announced.v1", **asn_fields, lines=[asn_line], supplier="x" * 2_000_000),
                encode_message("asn.announced.v1", **asn_fields, lines=[asn_line])[:100],
                None,
            ):
                await producer.send_and_wait("erp.asns", value, key=receipt.encode())
            await producer.send_and_wait(
                "erp.asns", encode_message("asn.cancelled.v1", receipt=receipt), key=b"another"
            )
            await producer.send_and_wait("erp.asns", encode_message("asn.cancelled.v1", receipt=receipt))
            await wait_until_available(http, f"/receipts/{receipt}")  # not in one batch with its product
            product = encode_message(
                "product.defined.v1", sku=sku, name="Pump", serial_tracked=True, serials_unique_per_product=True
            )
            await producer.send_and_wait("erp.products", product, key=sku.encode())
            dock = encode_message("location.defined.v1", location=f"{east}/DOCK", type="DOCK")
            await producer.send_and_wait("erp.locations", dock, key=f"{east}/DOCK".encode())
            await wait_for_event(servers, "receipt.line_expected.v1", receipt)
            await wait_until_available(http, f"/locations/{east}/DOCK")
            for value in (encode_message("session.scan.v1", **scan),
                          encode_message("session.confirm.v1", receipt=receipt, session="S"),
                          encode_message("receipt.close.v1", receipt=receipt)):  # fmt: skip
                headers = token_headers(json.loads(value)["type"])
                await producer.send_and_wait("receiving.commands", value, key=receipt.encode(), headers=headers)
            published = await wait_for_event(servers, "receipt.closed.v1", receipt)
            rejections = (
                await http.get("/rejections", params={"document": receipt, "kind": "COMMAND_REJECTED"})
            ).json()["items"]
            dead_letters = (await http.get("/dead-letters", params={"topic": "erp.asns", "limit": 500})).json()["items"]
    events = [event for event in published if event["type"] != "receipt.rejected.v1"]
    assert [event["type"] for event in events] == [
        "receipt.line_expected.v1", "receipt.line_expected.v1", "receipt.serials_received.v1",
        "receipt.line_cancelled.v1", "discrepancy.found.v1", "receipt.closed.v1",
    ]  # fmt: skip
    assert events[2]["data"]["serials"] == ["A", "x"]
    assert events[2]["data"]["actor"] == "erp"
    assert {violation["code"] for rejection in rejections for violation in rejection["violations"]} == {
        "invalid_serial",
        "duplicate_serial_in_request",
    }
    errors = [dead_letter["error"] for dead_letter in dead_letters if dead_letter["key"] in {receipt, "another", None}]
    assert len(errors) >= 7
    for error in ("500", "serials", "1 MiB", "invalid JSON", "no value", "the record key"):
        assert any(error in error_text for error_text in errors), (error, errors)


async def test_lots_are_received_over_kafka(environment: Mapping[str, str], tmp_path: Path) -> None:
    """Lots are scanned and received over Kafka as over HTTP; invalid lots become dead letters (S23, S26)."""
    servers, suffix = environment["KAFKA_BOOTSTRAP_SERVERS"], uuid4().hex[:8]
    sku, east, receipt = f"MILK-{suffix}", f"EAST-{suffix}", f"R-{suffix}"
    asn_line = {"line": "1", "sku": sku, "quantity": 12.5}
    scan_fields = {"receipt": receipt, "session": "S", "sku": sku, "location": f"{east}/DOCK"}
    valid_lot = {"lot": "0a/7 B", "quantity": 12.5, "expiry": "2090-01-31"}
    invalid_changes = (
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 10**15},
        {"expiry": "2027-02-31"},
        {"expiry": "1900-01-01"},
    )
    with running(environment, tmp_path, ["receiving"]) as services:
        producer = AIOKafkaProducer(bootstrap_servers=servers)
        async with (
            producer,
            httpx.AsyncClient(base_url=services["receiving"].url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http,
        ):
            for topic, key, value in (
                ("erp.products", sku, encode_message("product.defined.v1", sku=sku, name="Milk", lot_tracked=True)),
                (
                    "erp.locations",
                    f"{east}/DOCK",
                    encode_message("location.defined.v1", location=f"{east}/DOCK", type="DOCK"),
                ),
                (
                    "erp.asns",
                    receipt,
                    encode_message("asn.announced.v1", receipt=receipt, warehouse=east, lines=[asn_line]),
                ),
            ):
                await producer.send_and_wait(topic, value, key=key.encode())
            await wait_for_event(servers, "receipt.line_expected.v1", receipt)
            await wait_until_available(http, f"/locations/{east}/DOCK")
            for value in (
                *(
                    encode_message("session.scan.v1", **scan_fields, lots=[valid_lot | changes])
                    for changes in invalid_changes
                ),
                encode_message("session.scan.v1", **scan_fields, lots=[{"lot": f"{number}"} for number in range(501)]),
                encode_message("session.scan.v1", **scan_fields, lots=[valid_lot, valid_lot, valid_lot | {"lot": ""}]),
                encode_message("session.confirm.v1", receipt=receipt, session="S", quantity=12.5),
                encode_message("receipt.close.v1", receipt=receipt),
            ):
                headers = token_headers(json.loads(value)["type"])
                await producer.send_and_wait("receiving.commands", value, key=receipt.encode(), headers=headers)
            published = await wait_for_event(servers, "receipt.closed.v1", receipt)
            response = await http.get("/dead-letters", params={"topic": "receiving.commands", "limit": 500})
            rejections = (await http.get("/rejections", params={"document": receipt})).json()["items"]
    dead_letters = [dead_letter for dead_letter in response.json()["items"] if dead_letter["key"] == receipt]
    events = [event for event in published if event["type"] != "receipt.rejected.v1"]
    assert [event["type"] for event in events] == [
        "receipt.line_expected.v1",
        "receipt.lots_received.v1",
        "receipt.closed.v1",
    ]
    assert events[1]["data"]["lots"] == [valid_lot]
    assert events[2]["data"]["lines"][0]["short"] == 0
    assert {violation["code"] for rejection in rejections for violation in rejection["violations"]} == {
        "duplicate_lot_in_request",
        "lot_required",
    }
    assert len(dead_letters) == 6
