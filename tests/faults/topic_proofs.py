"""Proves that first deliveries are in order, and that each consuming service processes each message once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid5

from deploy.databases import SERVICES
from shared.contracts.envelope import CloudEvent
from shared.messaging.inbox import UUID5_NAMESPACE
from shared.messaging.registry import HandlerRegistry
from tests.faults.findings import Findings
from tests.faults.serial_proofs import NON_STATUS_CHANGES
from tests.faults.snapshots import TopicRecord, fetch_rows, registry_of

OWN_SOURCE = re.compile("tracelot/")
CHANGES_WITH_OWN_EVENTS = (NON_STATUS_CHANGES - {"MOVED"}) | {"RETURNED_FROM_VENDOR"}
"""Changes published by other events than serial.state_changed."""


def first_deliveries(records: Iterable[TopicRecord]) -> list[TopicRecord]:
    """Return the first delivery of each message."""
    by_id: dict[tuple[str, str], TopicRecord] = {}
    for record in records:
        if record.event:
            by_id.setdefault((record.event["source"], record.event["id"]), record)
    return list(by_id.values())


def prove_record_order(records: Sequence[TopicRecord], findings: Findings) -> None:
    """Prove that first deliveries of a key are in order, despite redeliveries."""
    own_records = [record for record in records if record.event and OWN_SOURCE.match(record.event["source"])]
    first = first_deliveries(own_records)
    findings.figures["events"] += len(first)
    last_by_key: dict[tuple[str, str], TopicRecord] = {}
    for record in first:
        previous = last_by_key.get((record.topic, record.key))
        if previous and _creation_ms(previous) > _creation_ms(record):
            findings.add(
                "out of order", f"{record.topic} {record.key}: {record.event['id']} after {previous.event['id']}"
            )
        last_by_key[record.topic, record.key] = record
    _prove_versions(first, findings)


def _creation_ms(record: TopicRecord) -> int:
    """Return the Unix time in milliseconds of a UUIDv7; it was created under the lock of its document."""
    return UUID(record.event["id"]).int >> 80


def _prove_versions(first: Sequence[TopicRecord], findings: Findings) -> None:
    """Prove that the published versions of each unit increase."""
    last_versions: dict[tuple[str, str, str], int] = {}
    for record in first:
        data = record.event["data"]
        if record.topic != "serials.events":
            continue
        for serial, version in zip(data.get("serials", ()), data.get("versions", ()), strict=False):
            key = (record.topic, data["sku"], serial)
            if version <= last_versions.get(key, 0):
                findings.add("out of order", f"{key} version {version} after {last_versions[key]}")
            last_versions[key] = version


async def prove_processed(environment: Mapping[str, str], records: Sequence[TopicRecord], findings: Findings) -> None:
    """Prove that the inbox of each service has exactly the messages that it consumes."""
    first = first_deliveries(records)
    for service in SERVICES:
        registry = registry_of(service)
        expected = {_inbox_id(record): record for record in first if _is_accepted(registry, record)}
        dead_letters = await fetch_rows(environment, service, 'SELECT topic, partition, "offset" FROM dead_letter')
        dead_letter_positions = {(row["topic"], row["partition"], row["offset"]) for row in dead_letters}
        inbox = {row["id"] for row in await fetch_rows(environment, service, "SELECT id FROM inbox")}
        for missing in expected.keys() - inbox:
            record = expected[missing]
            if (record.topic, record.partition, record.offset) in dead_letter_positions:
                continue
            findings.add(
                "lost", f"{service} did not process {record.event['type']} {record.event['id']} of {record.topic}"
            )
        for unexpected in inbox - expected.keys():
            findings.add("unexpected", f"message {unexpected} in the inbox of {service} is on no topic")


def _is_accepted(registry: HandlerRegistry, record: TopicRecord) -> bool:
    """Return whether a service processes a message: it has a handler, whose predicate accepts it."""
    handlers = registry.handlers_by_type.get(record.event["type"])
    if not handlers or handlers[0].message.TOPIC.name != record.topic:
        return False
    data = handlers[0].message.model_validate(record.event["data"])
    return registry.accepts(CloudEvent[Any].model_validate({**record.event, "data": data}))


def _inbox_id(record: TopicRecord) -> UUID:
    """Return the inbox id: the message id for own messages, otherwise a UUID of (source, id)."""
    source, message_id = record.event["source"], record.event["id"]
    return (
        UUID(message_id) if OWN_SOURCE.match(source) else uuid5(UUID(str(UUID5_NAMESPACE)), f"{source}\n{message_id}")
    )


def prove_published(
    records: Sequence[TopicRecord], audit: Mapping[tuple[str, str, int], str], findings: Findings
) -> None:
    """Prove that each state change in the audit trail was published exactly once, and no other change was."""
    event_ids: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for record in first_deliveries(records):
        if record.event["type"] == "serial.state_changed.v1":
            data = record.event["data"]
            for serial, version in zip(data["serials"], data["versions"], strict=True):
                event_ids[data["sku"], serial, version].append(record.event["id"])
    for unit_version, change in audit.items():
        if change not in CHANGES_WITH_OWN_EVENTS and unit_version not in event_ids:
            findings.add("lost", f"{unit_version}: {change} was not published")
    for unit_version, ids in event_ids.items():
        if unit_version not in audit:
            findings.add("lost", f"{unit_version} was published in {ids}, but is not in the audit trail")
        if len(ids) > 1:
            findings.add("duplicated", f"{unit_version} was published {len(ids)} times")
