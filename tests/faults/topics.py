"""Proves what lies on the topics: first deliveries in order, each message taken once by everyone who hears it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid5

from deploy.databases import SERVICES
from shared.decision import Map
from shared.inbox import NAMES
from shared.routing import Hears
from tests.faults.books import Record, map_of, rows
from tests.faults.findings import Findings

OURS = re.compile("tracelot/")


def firsts(records: Iterable[Record]) -> list[Record]:
    """Give the first delivery of each message."""
    found: dict[tuple[str, str], Record] = {}
    for record in records:
        if record.event:
            found.setdefault((record.event["source"], record.event["id"]), record)
    return list(found.values())


def prove_order(records: Sequence[Record], findings: Findings) -> None:
    """Whatever repeats the relay made, first deliveries of a key come as they were said."""
    said = [record for record in records if record.event and OURS.match(record.event["source"])]
    first = firsts(said)
    findings.figures["events"] += len(first)
    last: dict[tuple[str, str], Record] = {}
    for record in first:
        before = last.get((record.topic, record.key))
        if before and _moment(before) > _moment(record):
            findings.add(
                "out of order", f"{record.topic} {record.key}: {record.event['id']} after {before.event['id']}"
            )
        last[record.topic, record.key] = record
    _prove_versions(first, findings)


def _moment(record: Record) -> int:
    """The millisecond that a UUIDv7 was made in, under the lock of what it is about."""
    return UUID(record.event["id"]).int >> 80


def _prove_versions(first: Sequence[Record], findings: Findings) -> None:
    """The versions of a unit that a service says on its topic only rise."""
    last: dict[tuple[str, str, str], int] = {}
    for record in first:
        data = record.event["data"]
        if record.topic != "serials.events":
            continue
        for serial, version in zip(data.get("serials", ()), data.get("versions", ()), strict=False):
            at = (record.topic, data["sku"], serial)
            if version <= last.get(at, 0):
                findings.add("out of order", f"{at} version {version} after {last[at]}")
            last[at] = version


async def prove_taken(environment: Mapping[str, str], records: Sequence[Record], findings: Findings) -> None:
    """Every message that a service hears stands in its inbox, and the inbox holds nothing else."""
    first = firsts(records)
    for service in SERVICES:
        of = map_of(service)
        wanted = {_inbox_id(record): record for record in first if _concerns(of, record)}
        letters = await rows(environment, service, 'SELECT topic, partition, "offset" FROM dead_letter')
        aside = {(row["topic"], row["partition"], row["offset"]) for row in letters}
        inbox = {row["id"] for row in await rows(environment, service, "SELECT id FROM inbox")}
        for missing in wanted.keys() - inbox:
            record = wanted[missing]
            if (record.topic, record.partition, record.offset) in aside:
                continue
            findings.add("lost", f"{service} never took {record.event['type']} {record.event['id']} of {record.topic}")
        for more in inbox - wanted.keys():
            findings.add("left over", f"the inbox of {service} holds {more}, which is on no topic")


def _concerns(of: Map, record: Record) -> bool:
    """Whether a service has to take a message: it has a row for it, which may want only some."""
    row = of.by_type.get(record.event["type"])
    if row is None or row.message.TOPIC.name != record.topic:
        return False
    when = row.when if isinstance(row, Hears) else None
    return when is None or when(row.message.model_validate(record.event["data"]))


def _inbox_id(record: Record) -> UUID:
    """The inbox knows our own messages by their id, and those of others by (source, id)."""
    source, name = record.event["source"], record.event["id"]
    return UUID(name) if OURS.match(source) else uuid5(UUID(str(NAMES)), f"{source}\n{name}")


def prove_said(records: Sequence[Record], audit: Mapping[tuple[str, str, int], str], findings: Findings) -> None:
    """What the registry wrote down as a move of a unit was said once, and nothing was said that was not written."""
    said: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for record in firsts(records):
        if record.event["type"] == "serial.moved.v1":
            data = record.event["data"]
            for serial, version in zip(data["serials"], data["versions"], strict=True):
                said[data["sku"], serial, version].append(record.event["id"])
    for unit, change in audit.items():
        if change not in BESIDE and unit not in said:
            findings.add("lost", f"{unit} was {change}, and nobody was told")
    for unit, ids in said.items():
        if unit not in audit:
            findings.add("lost", f"{unit} was told in {ids}, and is not in the audit trail")
        if len(ids) > 1:
            findings.add("doubled", f"{unit} was told {len(ids)} times")


BESIDE = ("held", "hold lifted", "scrapped", "lost", "found", "void", "sent back")
"""What is told otherwise than as a move."""
