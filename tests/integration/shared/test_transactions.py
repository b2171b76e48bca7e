"""Batch processing through inbox, locks, handlers and outbox on real PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import uuid5

from shared.messaging import inbox, transactions
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.decode import Decoder, MalformedRecord
from shared.messaging.rejections import Rejection
from shared.messaging.transactions import process_in_transactions
from shared.messaging.work import WorkItem
from shared.persistence.database import Transaction, read_only, transaction
from tests.integration.shared.conftest import MakeRecord
from tests.support.events import encode_message
from tests.support.records import Record
from tests.support.toy.app import app
from tests.support.toy.messages import Add, Arrived

REGISTRY = app.state.registry
DECODER = Decoder({handler.message.TYPE: handler.message for handler in REGISTRY.handlers})


def to_work_items(records: Sequence[Record]) -> list[WorkItem]:
    """Decode records into work items."""
    decoded = [(record, DECODER.decode(record)) for record in records]
    return [
        WorkItem(record, dead_letter=DeadLetter(record, event.error))
        if isinstance(event, MalformedRecord)
        else WorkItem(record, rejection=event)
        if isinstance(event, Rejection)
        else WorkItem(record, event=event)
        for record, event in decoded
        if event is not None
    ]


async def fetch_all(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    async with read_only(engine) as tx:
        return [tuple(row) for row in await tx.fetch_all(text(statement))]


async def emitted_events(engine: AsyncEngine) -> list[dict[str, Any]]:
    """List the messages in the outbox in order."""
    return [json.loads(value) for (value,) in await fetch_all(engine, "SELECT value FROM outbox ORDER BY id")]


def inbox_id(source: str, message_id: str) -> str:
    """Return the id of a message of another source in the inbox."""
    return str(uuid5(inbox.UUID5_NAMESPACE, f"{source}\n{message_id}"))


def arrival_record(record: MakeRecord, box: str, *serials: str, **overrides: Any) -> Record:
    """Create a record of an arrival event."""
    return record("toy.arrivals", encode_message(Arrived(box=box, serials=list(serials)), **overrides), box.encode())


async def test_message_is_processed_once(engine: AsyncEngine, record: MakeRecord) -> None:
    """Messages with the same source and id are processed once, within and across batches."""
    original = arrival_record(record, "A", "1", id="same")
    duplicate = arrival_record(record, "A", "1", id="same")
    other_source = arrival_record(record, "A", "2", id="same", source="others")
    await process_in_transactions(engine, REGISTRY, to_work_items([original, duplicate, other_source]), lambda: None)
    await process_in_transactions(
        engine, REGISTRY, to_work_items([duplicate, other_source, arrival_record(record, "A", "3")]), lambda: None
    )
    assert await fetch_all(engine, "SELECT serial, position FROM unit ORDER BY position") == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]
    assert [event["data"]["serials"] for event in await emitted_events(engine)] == [["1"], ["2"], ["3"]]


async def test_reused_id_is_rejected_once(engine: AsyncEngine, record: MakeRecord) -> None:
    """A known (source, id) with another type or data is rejected, not dropped, and only once."""
    original = arrival_record(record, "A", "1", id="same")
    resent = arrival_record(record, "A", "1", id="same", time="2026-02-02T03:04:05Z", note="unknown field")
    corrected = arrival_record(record, "A", "2", id="same")
    other_type = record("toy.commands", encode_message(Add(box="A", serials=["1"]), id="same"), b"A")
    batches = ([original, corrected], [resent], [corrected, other_type], [corrected, original, other_type])
    for batch in batches:
        await process_in_transactions(engine, REGISTRY, to_work_items(batch), lambda: None)
    assert await fetch_all(engine, "SELECT serial FROM unit") == [("1",)]
    assert await fetch_all(engine, "SELECT type, codes, message_id FROM rejection ORDER BY id") == [
        ("toy.arrived.v1", ["message_id_reused"], "same"),
        ("toy.add.v1", ["message_id_reused"], "same"),
    ]
    rejected = [event["data"] for event in await emitted_events(engine) if event["type"] == "toy.rejected.v1"]
    assert [(data["code"], data["rejected_type"], data["document"]) for data in rejected] == [
        ("message_id_reused", "toy.arrived.v1", "A"),
        ("message_id_reused", "toy.add.v1", "A"),
    ]


async def test_unknown_field_is_rejected_unread(engine: AsyncEngine, record: MakeRecord) -> None:
    """A redelivered record is rejected once, a replayed one again; its id stays free for what a later version reads."""
    value = encode_message(Add(box="A", serials=["1"]), id="same").replace(b'"box"', b'"colour": "red", "box"')
    refused = record("toy.commands", value, b"A")
    replayed = record("toy.commands", value, b"A")
    for batch in ([refused, refused], [refused], [replayed]):
        await process_in_transactions(engine, REGISTRY, to_work_items(batch), lambda: None)
    rejections = await fetch_all(engine, "SELECT codes, raw, record->>'value', record->'offset' FROM rejection")
    raw = {"box": "A", "serials": ["1"], "colour": "red"}
    assert sorted(rejections) == [
        (["unknown_field"], raw | json.loads(value)["data"], value.decode(), item.offset)
        for item in (refused, replayed)
    ]
    assert [event["data"]["code"] for event in await emitted_events(engine)] == ["unknown_field"] * 2
    corrected = record("toy.commands", encode_message(Add(box="A", serials=["1"]), id="same"), b"A")
    await process_in_transactions(engine, REGISTRY, to_work_items([corrected]), lambda: None)
    assert await fetch_all(engine, "SELECT serial FROM unit") == [("1",)]


async def test_ids_without_digest_are_duplicates(engine: AsyncEngine, record: MakeRecord) -> None:
    """A message that an earlier version processed has no digest; whatever repeats its id is ignored."""
    await process_in_transactions(
        engine, REGISTRY, to_work_items([arrival_record(record, "A", "1", id="same")]), lambda: None
    )
    async with transaction(engine) as tx:
        await tx.execute(text("DELETE FROM inbox"))
        await tx.execute(text("INSERT INTO inbox (id) VALUES (CAST(:id AS uuid))"), {"id": inbox_id("tests", "same")})
    await process_in_transactions(
        engine, REGISTRY, to_work_items([arrival_record(record, "A", "2", id="same")]), lambda: None
    )
    assert await fetch_all(engine, "SELECT serial FROM unit") == [("1",)]
    assert await fetch_all(engine, "SELECT count(*) FROM rejection") == [(0,)]


async def test_events_carry_their_cause(engine: AsyncEngine, record: MakeRecord) -> None:
    """An event has its own id and source, names its cause by source and id, and carries its trace."""
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    batch = [
        arrival_record(record, "A", "1", id="with", traceparent=traceparent),
        arrival_record(record, "B", "1", id="without"),
    ]
    await process_in_transactions(engine, REGISTRY, to_work_items(batch), lambda: None)
    traced, plain = await emitted_events(engine)
    assert traced["data"]["cause"] == {"source": "tests", "id": "with"}
    assert traced["traceparent"] == traceparent
    assert "traceparent" not in plain
    assert traced["source"] == "tracelot/toy"
    assert traced["id"] < plain["id"]
    assert traced["type"] == "toy.added.v1"


async def test_malformed_records_become_dead_letters(engine: AsyncEngine, record: MakeRecord) -> None:
    """A malformed record is stored once, byte for byte with its error; other records are processed."""
    malformed_record = record("toy.commands", b"{]", b"A")
    batch = to_work_items([arrival_record(record, "A", "1"), malformed_record, arrival_record(record, "A", "2")])
    await process_in_transactions(engine, REGISTRY, batch, lambda: None)
    await process_in_transactions(engine, REGISTRY, batch, lambda: None)
    ((value, error, offset),) = await fetch_all(engine, 'SELECT value, error, "offset" FROM dead_letter')
    assert (value, offset) == (b"{]", malformed_record.offset)
    assert "invalid JSON" in error
    assert await fetch_all(engine, "SELECT count(*) FROM unit") == [(2,)]


async def test_order_per_key_is_kept_and_types_share_a_load(
    engine: AsyncEngine, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mixed message types over several boxes keep the order per box and need one load and one save."""
    batch = []
    for number in range(1, 7):
        for box in ("A", "B", "C"):
            message_type = Add if number % 2 else Arrived
            value = encode_message(message_type(box=box, serials=[str(number)]))
            batch.append(record(message_type.TOPIC.name, value, box.encode()))
    counts = count_statements(monkeypatch)
    await process_in_transactions(engine, REGISTRY, to_work_items(batch), lambda: None)
    boxes = await fetch_all(
        engine, "SELECT box, string_agg(serial, '' ORDER BY position) FROM unit GROUP BY box ORDER BY box"
    )
    assert boxes == [("A", "123456"), ("B", "123456"), ("C", "123456")]
    assert counts == [1 + 2 + 2 + 1]  # inbox, locks, load and save, outbox


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the number of statements of each transaction."""
    counts: list[int] = []

    class CountedTransaction(Transaction):
        def __init__(self, connection: Any) -> None:
            super().__init__(connection)
            created.append(self)

    created: list[Transaction] = []
    monkeypatch.setattr("shared.persistence.database.Transaction", CountedTransaction)
    run_transaction = transactions._run_transaction  # noqa: SLF001 - counted by this test

    async def run_counted(*args: Any) -> None:
        created.clear()
        await run_transaction(*args)
        counts.extend(tx.statement_count for tx in created)

    monkeypatch.setattr(transactions, "_run_transaction", run_counted)
    return counts


async def test_statement_count_does_not_grow_with_units_or_messages(
    engine: AsyncEngine, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unit in one message and 4 000 units in eight messages need the same number of statements."""
    counts = count_statements(monkeypatch)
    await process_in_transactions(engine, REGISTRY, to_work_items([arrival_record(record, "A", "1")]), lambda: None)
    records = [arrival_record(record, f"B{box}", *(str(unit) for unit in range(500))) for box in range(8)]
    await process_in_transactions(engine, REGISTRY, to_work_items(records), lambda: None)
    assert counts == [6, 6]


async def test_transactions_are_bounded_by_cost(
    engine: AsyncEngine, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-one messages of 500 units are three transactions."""
    counts = count_statements(monkeypatch)
    records = [arrival_record(record, f"B{box}", *(str(unit) for unit in range(500))) for box in range(21)]
    await process_in_transactions(engine, REGISTRY, to_work_items(records), lambda: None)
    assert len(counts) == 3
    assert await fetch_all(engine, "SELECT count(*) FROM unit") == [(10_500,)]


async def test_rejections_and_conflicts_are_recorded_and_published(engine: AsyncEngine, record: MakeRecord) -> None:
    """Rejected units and conflicting events are recorded with their codes and published."""
    first = record("toy.commands", encode_message(Add(box="A", serials=["1"], actor="ann")), b"A")
    second = record("toy.commands", encode_message(Add(box="A", serials=["1", "2"], actor="ann"), id="partial"), b"A")
    third = arrival_record(record, "A", "1", id="conflict")
    await process_in_transactions(engine, REGISTRY, to_work_items([first, second, third]), lambda: None)
    rejections = await fetch_all(
        engine, "SELECT kind, document, message_id, actor, codes, raw->'serials' FROM rejection ORDER BY id"
    )
    assert rejections == [
        ("COMMAND_REJECTED", "A", "partial", "ann", ["duplicate_serial"], ["1", "2"]),
        ("EVENT_CONFLICT", "A", "conflict", "tests", ["duplicate_serial"], ["1"]),
    ]
    rejected = [event["data"] for event in await emitted_events(engine) if event["type"] == "toy.rejected.v1"]
    assert [(data["kind"], data["cause"]["id"], data["ids"]) for data in rejected] == [
        ("EVENT_CONFLICT", "conflict", ["1"]),
        ("COMMAND_REJECTED", "partial", ["1"]),
    ]


async def test_inbox_prunes_only_expired_ids(engine: AsyncEngine, record: MakeRecord) -> None:
    """Pruning deletes expired ids in batches and keeps all others."""
    await process_in_transactions(
        engine,
        REGISTRY,
        to_work_items([arrival_record(record, "A", "1"), arrival_record(record, "A", "2")]),
        lambda: None,
    )
    async with transaction(engine) as tx:
        await tx.execute(
            text("INSERT INTO inbox SELECT gen_random_uuid(), now() - interval '41 days' FROM generate_series(1, 7)")
        )
    assert await inbox.prune(engine, 3) == 7
    assert await fetch_all(engine, "SELECT count(*) FROM inbox") == [(2,)]
