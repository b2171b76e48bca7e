"""A batch's way through inbox, locks, handlers and outbox, against real PostgreSQL."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import inbox
from shared.consumer import settle as settling
from shared.consumer.decode import Decoder, Malformed
from shared.consumer.settle import Unsettled, settle
from shared.consumer.work import Item
from shared.database import Transaction, reading, transaction
from shared.dead_letters import Letter
from tests.shared.conftest import Record, Send, message
from tests.shared.toy.app import app
from tests.shared.toy.messages import Add, Arrived

MAP = app.state.map
DECODER = Decoder({row.message.TYPE: row.message for row in MAP.rows})


def items(records: Sequence[Record]) -> list[Item]:
    """Records as the line reads them."""
    read = [(record, DECODER.decode(record)) for record in records]
    return [
        Item(record, letter=Letter(record, event.error)) if isinstance(event, Malformed) else Item(record, event=event)
        for record, event in read
        if event is not None
    ]


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    """What a query finds."""
    async with reading(engine) as tx:
        return [tuple(row) for row in await tx.rows(text(statement))]


async def said(engine: AsyncEngine) -> list[dict[str, Any]]:
    """The outbox's messages in order."""
    return [json.loads(value) for (value,) in await rows(engine, "SELECT value FROM outbox ORDER BY id")]


def arrival(record: Send, box: str, *serials: str, **frame: Any) -> Record:
    """A record that says units arrived."""
    return record("toy.news", message(Arrived(box=box, serials=list(serials)), **frame), box.encode())


async def test_a_message_has_its_effects_once(engine: AsyncEngine, record: Send) -> None:
    """The same (source, id) twice in a batch, and again in a later one, is handled once; another source is another."""
    once = arrival(record, "A", "1", id="same")
    again = arrival(record, "A", "1", id="same")
    other = arrival(record, "A", "2", id="same", source="others")
    await settle(engine, MAP, items([once, again, other]), lambda: None)
    await settle(engine, MAP, items([again, other, arrival(record, "A", "3")]), lambda: None)
    assert await rows(engine, "SELECT serial, place FROM unit ORDER BY place") == [("1", 1), ("2", 2), ("3", 3)]
    assert [event["data"]["serials"] for event in await said(engine)] == [["1"], ["2"], ["3"]]


async def test_facts_say_what_caused_them(engine: AsyncEngine, record: Send) -> None:
    """A fact names its cause by (source, id), carries its trace, and has an id and a source of its own."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    batch = [arrival(record, "A", "1", id="with", traceparent=trace), arrival(record, "B", "1", id="without")]
    await settle(engine, MAP, items(batch), lambda: None)
    traced, plain = await said(engine)
    assert traced["data"]["cause"] == {"source": "tests", "id": "with"}
    assert traced["traceparent"] == trace
    assert "traceparent" not in plain
    assert traced["source"] == "tracelot/toy"
    assert traced["id"] < plain["id"]
    assert traced["type"] == "toy.added.v1"


async def test_malformed_records_are_set_aside_and_the_rest_goes_on(engine: AsyncEngine, record: Send) -> None:
    """What cannot be read is kept byte for byte with its error, once however often it comes; neighbours are handled."""
    bad = record("toy.commands", b"{]", b"A")
    batch = items([arrival(record, "A", "1"), bad, arrival(record, "A", "2")])
    await settle(engine, MAP, batch, lambda: None)
    await settle(engine, MAP, batch, lambda: None)
    ((value, error, offset),) = await rows(engine, 'SELECT value, error, "offset" FROM dead_letter')
    assert (value, offset) == (b"{]", bad.offset)
    assert "no JSON" in error
    assert await rows(engine, "SELECT count(*) FROM unit") == [(2,)]


async def test_order_within_a_document_is_kept_and_types_share_a_call(
    engine: AsyncEngine, record: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two types mixed over many boxes: each box fills in order, and the statements stay those of a few runs."""
    batch = []
    for number in range(1, 7):
        for box in ("A", "B", "C"):
            kind = Add if number % 2 else Arrived
            value = message(kind(box=box, serials=[str(number)]))
            batch.append(record(kind.TOPIC.name, value, box.encode()))
    counts = count_statements(monkeypatch)
    await settle(engine, MAP, items(batch), lambda: None)
    found = await rows(engine, "SELECT box, string_agg(serial, '' ORDER BY place) FROM unit GROUP BY box ORDER BY box")
    assert found == [("A", "123456"), ("B", "123456"), ("C", "123456")]
    assert counts == [1 + 2 + 6 * 2 + 1]  # inbox, locks, six runs of load and save, outbox


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keep how many statements each transaction of the line sends."""
    counts: list[int] = []

    class Counted(Transaction):
        def __init__(self, connection: Any) -> None:
            super().__init__(connection)
            made.append(self)

    made: list[Transaction] = []
    monkeypatch.setattr("shared.database.Transaction", Counted)
    whole = settling._transaction  # noqa: SLF001 - the unit that is counted

    async def counted(*args: Any) -> None:
        made.clear()
        await whole(*args)
        counts.extend(tx.statements for tx in made)

    monkeypatch.setattr(settling, "_transaction", counted)
    return counts


async def test_statements_do_not_grow_with_units_or_messages(
    engine: AsyncEngine, record: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unit in one message, and 4 000 in eight: as many statements."""
    counts = count_statements(monkeypatch)
    await settle(engine, MAP, items([arrival(record, "A", "1")]), lambda: None)
    many = [arrival(record, f"B{box}", *(str(unit) for unit in range(500))) for box in range(8)]
    await settle(engine, MAP, items(many), lambda: None)
    assert counts == [6, 6]


async def test_a_transaction_takes_a_bounded_number_of_units(
    engine: AsyncEngine, record: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-one messages of 500 units are three transactions."""
    counts = count_statements(monkeypatch)
    many = [arrival(record, f"B{box}", *(str(unit) for unit in range(500))) for box in range(21)]
    await settle(engine, MAP, items(many), lambda: None)
    assert len(counts) == 3
    assert await rows(engine, "SELECT count(*) FROM unit") == [(10_500,)]


async def test_refusals_and_disagreements_are_recorded_and_said(engine: AsyncEngine, record: Send) -> None:
    """A refused unit is left out and said with its code; a fact that does not fit is stored until it is closed."""
    first = record("toy.commands", message(Add(box="A", serials=["1"], actor="ann")), b"A")
    second = record("toy.commands", message(Add(box="A", serials=["1", "2"], actor="ann"), id="partly"), b"A")
    third = arrival(record, "A", "1", id="unfit")
    await settle(engine, MAP, items([first, second, third]), lambda: None)
    found = await rows(
        engine, "SELECT kind, document, message, actor, codes, raw->'serials' FROM rejection ORDER BY id"
    )
    assert found == [
        ("REFUSAL", "A", "partly", "ann", ["serial_known"], ["1", "2"]),
        ("DISAGREEMENT", "A", "unfit", "tests", ["serial_known"], ["1"]),
    ]
    rejected = [event["data"] for event in await said(engine) if event["type"] == "toy.rejected.v1"]
    assert [(data["kind"], data["cause"]["id"], data["ids"]) for data in rejected] == [
        ("DISAGREEMENT", "unfit", ["1"]),
        ("REFUSAL", "partly", ["1"]),
    ]


async def test_a_bug_is_found_by_taking_records_one_by_one(engine: AsyncEngine, record: Send) -> None:
    """The record whose handler raises is named; those before it are settled, those after it wait."""
    batch = [arrival(record, "A", "1"), arrival(record, "A", "BOOM"), arrival(record, "A", "2")]
    with pytest.raises(Unsettled) as caught:
        await settle(engine, MAP, items(batch), lambda: None)
    assert caught.value.item.record is batch[1]
    assert "boom" in str(caught.value)
    assert await rows(engine, "SELECT serial FROM unit") == [("1",)]


async def test_a_bug_that_passes_costs_nothing(
    engine: AsyncEngine, record: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that raises once: the batch is taken back and settled whole, each unit once."""
    (tmp_path / "once").touch()
    monkeypatch.setenv("TOY_ONCE", str(tmp_path / "once"))
    await settle(engine, MAP, items([arrival(record, "A", "1"), arrival(record, "A", "ONCE")]), lambda: None)
    assert await rows(engine, "SELECT serial FROM unit ORDER BY place") == [("1",), ("ONCE",)]
    assert len(await said(engine)) == 2


async def test_a_lost_race_is_decided_again(engine: AsyncEngine, record: Send) -> None:
    """A unique violation takes the transaction back; decided anew it sees what was first."""
    lost = False

    async def race(tx: Transaction) -> None:
        nonlocal lost
        if not lost:
            lost = True
            await tx.run(text("INSERT INTO unit VALUES ('X', '1', 1), ('X', '2', 1)"))

    claim = inbox.claim

    async def claim_then_race(tx: Transaction, events: Any) -> Any:
        fresh = await claim(tx, events)
        await race(tx)
        return fresh

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "claim", claim_then_race)
        await settle(engine, MAP, items([arrival(record, "A", "1")]), lambda: None)
    assert lost
    assert await rows(engine, "SELECT box, serial FROM unit") == [("A", "1")]


async def test_the_inbox_forgets_only_what_no_topic_can_bring_again(engine: AsyncEngine, record: Send) -> None:
    """Pruning takes rows past the retention, in batches, and leaves the others."""
    await settle(engine, MAP, items([arrival(record, "A", "1"), arrival(record, "A", "2")]), lambda: None)
    async with transaction(engine) as tx:
        await tx.run(
            text("INSERT INTO inbox SELECT gen_random_uuid(), now() - interval '41 days' FROM generate_series(1, 7)")
        )
    assert await inbox.prune(engine, 3) == 7
    assert await rows(engine, "SELECT count(*) FROM inbox") == [(2,)]
