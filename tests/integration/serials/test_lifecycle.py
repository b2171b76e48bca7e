"""Lifecycle of units on the real tables, their permissions, and the number of statements."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.commands.serials import AdjustSerials, MoveSerials, PlaceSerialHold, ReleaseSerialHold
from shared.persistence.database import transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers, split_serials
from tests.support.events import to_event
from tests.support.messages.serials import DOCK, OUTBOUND, SHELF, STAGE


async def test_full_lifecycle_is_audited(harness: SerialsHarness) -> None:
    """Every transition is audited with status, location, document, actor, times and cause (S04, S22, S36)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(3)
    for payload in (
        messages.expect(serials),
        messages.receive(serials),
        messages.put_away(serials),
        messages.request_allocation(1, 3),
        messages.pick(1, serials),
    ):
        await harness.handle(payload)
    result = await harness.handle(messages.dispatch(1, serials), actor="ben")
    assert result.event_types() == ["serial.state_changed.v1"]
    assert await harness.statuses() == {"SHIPPED": 3}
    rows = await harness.fetch_all(
        """
        SELECT version, change, from_status::text, status::text AS status, from_location, location, actor,
               coalesce(shipment, order_id, o.receipt) AS document, cause_id <> '' AS has_cause,
               recorded_at >= occurred_at AS is_in_order
        FROM audit_entry JOIN serial ON serial.id = serial_id JOIN audit_operation AS o ON o.id = operation_id
        WHERE sku = :sku AND serial = :serial ORDER BY version
        """,
        sku=harness.sku,
        serial=serials[0],
    )
    assert [tuple(row.values()) for row in rows] == [
        (1, "EXPECTED", None, "EXPECTED", None, None, "anna", "R-1", True, True),
        (2, "RECEIVED", "EXPECTED", "RECEIVED", None, DOCK, "anna", "R-1", True, True),
        (3, "PUT_AWAY", "RECEIVED", "IN_INVENTORY", DOCK, SHELF, "anna", None, True, True),
        (4, "ALLOCATED", "IN_INVENTORY", "ALLOCATED", SHELF, SHELF, "anna", messages.order_id(1), True, True),
        (5, "PICKED", "ALLOCATED", "PICKED", SHELF, OUTBOUND, "anna", messages.order_id(1), True, True),
        (6, "DISPATCHED", "PICKED", "SHIPPED", OUTBOUND, None, "ben", "SH-1", True, True),
    ]


async def test_duplicate_message_is_ignored(harness: SerialsHarness) -> None:
    """A duplicate message, in the same batch or later, changes and publishes nothing (S18)."""
    received = to_event(ProductMessages(harness.sku).receive(serial_numbers(2)))
    result = await harness.handle_events([received, received])
    assert result.event_types() == ["serial.state_changed.v1"]
    assert (await harness.handle_events([received])).event_types() == []


FORBIDDEN = [
    "UPDATE serial SET serial = 'SN-X'",
    "UPDATE serial_state SET serial = 'SN-X'",
    "UPDATE serial_state SET sku = 'B-1'",
    "DELETE FROM serial",
    "DELETE FROM serial_state",
    "UPDATE audit_entry SET location = 'EAST/A-9'",
    "UPDATE audit_operation SET actor = 'mallory'",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_operation",
    "DELETE FROM standing_hold",
    "UPDATE standing_hold SET lots = '[]'",
    "TRUNCATE audit_entry",
    "TRUNCATE serial CASCADE",
    "ALTER TABLE serial ADD COLUMN extra text",
    "ALTER TABLE serial DISABLE TRIGGER ALL",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "DROP TABLE audit_entry",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_serials_and_history_are_immutable(harness: SerialsHarness, statement: str) -> None:
    """The login role cannot change serials or audit entries, nor disable this protection (S17, S22)."""
    await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(1)))
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner") as raised:
        async with transaction(harness.engine) as tx:
            await tx.execute(text(statement))
    assert getattr(raised.value.orig, "sqlstate", "") == "42501"


async def test_serial_numbers_are_unique(harness: SerialsHarness) -> None:
    """The database rejects a second unit of the same product and serial (S18)."""
    await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(1)))
    duplicate = text("INSERT INTO serial (sku, serial, created_at, created_by) VALUES (:sku, :serial, now(), 'eve')")
    with pytest.raises(DBAPIError, match="duplicate key"):
        async with transaction(harness.engine) as tx:
            await tx.execute(duplicate, {"sku": harness.sku, "serial": serial_numbers(1)[0]})


async def _play_lifecycle(harness: SerialsHarness, count: int, batch_size: int, label: dict[str, Any]) -> list[int]:
    """Send every message for a number of units in batches; return the statement count of each step."""
    messages, serials = ProductMessages(harness.sku), serial_numbers(count)
    serial_batches = split_serials(serials, batch_size)
    numbered_batches = list(enumerate(serial_batches, start=1))
    batches: list[list[Any]] = [
        [messages.expect(serial_batch) for serial_batch in serial_batches],
        [messages.cancel_expectation(serial_batch, 2) for serial_batch in serial_batches],
        [messages.receive(serial_batch, 3, **label) for serial_batch in serial_batches],
        [MoveSerials(sku=harness.sku, serials=serial_batch, location=STAGE) for serial_batch in serial_batches],
        [messages.put_away(serial_batch) for serial_batch in serial_batches],
        [
            PlaceSerialHold(sku=harness.sku, serials=serial_batch, hold_id=f"H-{number}", reason="count")
            for number, serial_batch in numbered_batches
        ],
        [ReleaseSerialHold(sku=harness.sku, hold_id=f"H-{number}", reason="counted") for number, _ in numbered_batches],
        [
            AdjustSerials(sku=harness.sku, serials=serial_batch, adjustment="LOST", reason="count")
            for serial_batch in serial_batches
        ],
        [
            AdjustSerials(sku=harness.sku, serials=serial_batch, adjustment="FOUND", reason="count")
            for serial_batch in serial_batches
        ],
        [messages.request_allocation(number, len(serial_batch)) for number, serial_batch in numbered_batches],
        [messages.deallocate(number, serial_batch, reallocate=True) for number, serial_batch in numbered_batches],
        [messages.pick(number, serial_batch) for number, serial_batch in numbered_batches],
        [messages.unpick(number, serial_batch, reallocate=True) for number, serial_batch in numbered_batches],
        [messages.cancel_allocation(number) for number, _ in numbered_batches],
        [messages.request_allocation(number + 1000, len(serial_batch)) for number, serial_batch in numbered_batches],
        [messages.pick(number + 1000, serial_batch) for number, serial_batch in numbered_batches],
        [messages.request_dispatch_check(number + 1000, serial_batch) for number, serial_batch in numbered_batches],
        [messages.dispatch(number + 1000, serial_batch) for number, serial_batch in numbered_batches],
        [messages.return_from_customer(number + 1000, serial_batch, 4) for number, serial_batch in numbered_batches],
    ]
    results = [await harness.handle(*batch) for batch in batches]
    assert not [code for result in results for code in result.error_codes()]
    assert not [result for result in results if "serial.rejected.v1" in result.event_types()]
    assert await harness.statuses() == {"RECEIVED": count}
    return [result.statement_count for result in results]


async def test_statement_count_is_independent_of_units(harness: SerialsHarness) -> None:
    """A transaction sends as many statements for 600 units in 120 messages as for two units in one."""
    small_counts = await _play_lifecycle(SerialsHarness(harness.engine), 2, 2, {})
    large_counts = await _play_lifecycle(harness, 600, 5, {})
    assert small_counts == large_counts
    assert max(large_counts) < 20


async def test_statement_count_with_labels(harness: SerialsHarness) -> None:
    """The same holds for units with lot and expiry, which take a few more statements, only to allocate."""
    label = {"lot": "L-1", "expiry": date(2099, 12, 31)}
    small_counts = await _play_lifecycle(SerialsHarness(harness.engine), 2, 2, label)
    assert small_counts == await _play_lifecycle(harness, 600, 5, label)
    unlabelled_counts = await _play_lifecycle(SerialsHarness(harness.engine), 2, 2, {})
    assert {
        labelled_count - unlabelled_count
        for labelled_count, unlabelled_count in zip(small_counts, unlabelled_counts, strict=True)
    } <= {0, 3, 4, 5}


async def test_fifty_orders_for_twenty_units(harness: SerialsHarness) -> None:
    """Of fifty concurrent orders for twenty units, exactly twenty get one, each a different unit (S08)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(messages.receive(serial_numbers(20)))
    await harness.handle(messages.put_away(serial_numbers(20)))
    results = await asyncio.gather(*[harness.handle(messages.request_allocation(number)) for number in range(50)])
    allocated_serials = [
        unit["serial"]
        for result in results
        for event in result.data_of("serial.allocated.v1")
        for unit in event.get("allocated", [])
    ]
    assert sorted(set(allocated_serials)) == serial_numbers(20)
    assert await harness.statuses() == {"ALLOCATED": 20}
    assert await harness.fetch_all(
        "SELECT count(*) AS n FROM demand WHERE sku = :sku AND open_quantity = 1", sku=harness.sku
    ) == [{"n": 30}]


async def test_putaway_concurrent_with_backorders(harness: SerialsHarness) -> None:
    """Units put away concurrently with orders reach every backorder, whoever commits first (S07, S08)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(messages.receive(serial_numbers(40)))
    concurrent_calls = []
    for number, batch in enumerate(split_serials(serial_numbers(40), 4)):
        concurrent_calls += [
            harness.handle(messages.request_allocation(number * 4 + offset)) for offset in range(4)
        ] + [harness.handle(messages.put_away(batch))]
    await asyncio.gather(*concurrent_calls)
    assert await harness.statuses() == {"ALLOCATED": 40}
