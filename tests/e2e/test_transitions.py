"""Illegal transitions: events of other services that the transition table excludes change nothing (S04)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from services.serials.units.domain.transitions import STATUSES, TRANSITIONS, SerialChangeType
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
    PackedSerial,
)
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsReceived,
)
from shared.contracts.serials import SerialStatus
from tests.e2e.serial_scenario import DOCK, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest

HIGH_VERSION = 1_000
"""A receiving version above all published ones, so that an event of receiving is never ignored as old."""


class UnitCase(NamedTuple):
    """A unit in a status, with its documents."""

    sku: str
    serial: str
    order: str
    demand_id: str


class UnitCases(NamedTuple):
    """One unit of one product in each status."""

    system: SystemUnderTest
    scenario: SerialScenario
    cases: dict[SerialStatus | None, UnitCase]


@pytest.fixture(scope="module")
async def unit_cases(system: SystemUnderTest) -> UnitCases:
    """Bring one unit into each status."""
    scenario = SerialScenario(system)
    await scenario.define_product()
    expected, received, stored, allocated, picked, shipped = serials = scenario.new_serials(6)
    await scenario.announce_asn([expected])
    await scenario.receive([received])
    await scenario.receive([stored])
    await scenario.receive([allocated, picked, shipped])
    await scenario.put_away([allocated, picked, shipped])
    orders = {serial: await scenario.place_order(1, serials=[serial]) for serial in (allocated, picked, shipped)}
    for serial, order in orders.items():
        assert await scenario.wait_for_allocation(order, 1) == [serial]
    await scenario.put_away([stored])
    await scenario.pick(orders[picked], [picked])
    await scenario.ship(orders[shipped], [shipped])
    for serial, status in zip(serials, STATUSES, strict=True):
        await scenario.wait_for_status([serial], status)
    rows = await system.fetch_rows("serials", "SELECT * FROM serial_state WHERE sku = $1", scenario.sku)
    cases: dict[SerialStatus | None, UnitCase] = {
        row["status"]: UnitCase(scenario.sku, row["serial"], row["order_id"] or "SO-?", row["demand_id"] or "D-?")
        for row in rows
    }
    cases[None] = UnitCase(scenario.sku, scenario.new_id("NEVER"), "SO-?", "D-?")
    return UnitCases(system, scenario, cases)


def receipt_line_expected(case: UnitCase) -> Message:
    """Receiving expects the unit on another receipt."""
    return ReceiptLineExpected(
        receipt="ASN-?",
        warehouse=WAREHOUSE,
        line="1",
        sku=case.sku,
        quantity=1,
        serials=[case.serial],
        versions=[HIGH_VERSION],
    )


def receipt_line_cancelled(case: UnitCase) -> Message:
    """Receiving no longer expects the unit."""
    return ReceiptLineCancelled(
        receipt="ASN-?",
        line="1",
        sku=case.sku,
        quantity=1,
        serials=[case.serial],
        versions=[HIGH_VERSION],
        reason="CHANGED",
    )


def serials_received(case: UnitCase) -> Message:
    """Receiving has received the unit at the dock."""
    return ReceiptSerialsReceived(
        receipt="ASN-?",
        line="1",
        sku=case.sku,
        serials=[case.serial],
        versions=[HIGH_VERSION],
        location=DOCK,
        session="S-?",
    )


def serials_returned(case: UnitCase) -> Message:
    """Receiving has received the unit from a customer."""
    return ReturnSerialsReceived(
        return_id="R-?", order=case.order, customer="C-1", sku=case.sku, serials=[case.serial], versions=[HIGH_VERSION],
        location=DOCK, hold_id="H-?", reason="broken",
    )  # fmt: skip


def _order_fields(case: UnitCase) -> JsonObject:
    return {"order": case.order, "line": "10", "demand_id": case.demand_id, "sku": case.sku, "serials": [case.serial]}


def serials_deallocated(case: UnitCase) -> Message:
    """Fulfillment has deallocated the unit."""
    return OrderSerialsDeallocated(**_order_fields(case), reallocate=False, reason="test")


def serials_picked(case: UnitCase) -> Message:
    """Fulfillment has picked the unit."""
    return OrderSerialsPicked(**_order_fields(case), location=STAGE)


def serials_unpicked(case: UnitCase) -> Message:
    """Fulfillment has unpicked the unit."""
    return OrderSerialsUnpicked(**_order_fields(case), location=SHELF, reallocate=False, reason="test")


def order_dispatched(case: UnitCase) -> Message:
    """Fulfillment has dispatched the unit."""
    unit = PackedSerial(line="10", sku=case.sku, serial=case.serial)
    return OrderDispatched(
        order=case.order, orders=[case.order], shipment="SH-?", check_id="CK-?", customer="C-1", units=[unit]
    )


EVENTS_BY_CHANGE: dict[SerialChangeType, Callable[[UnitCase], Message]] = {
    SerialChangeType.EXPECTED: receipt_line_expected,
    SerialChangeType.EXPECTATION_CANCELLED: receipt_line_cancelled,
    SerialChangeType.RECEIVED: serials_received,
    SerialChangeType.RETURNED: serials_returned,
    SerialChangeType.DEALLOCATED: serials_deallocated,
    SerialChangeType.PICKED: serials_picked,
    SerialChangeType.UNPICKED: serials_unpicked,
    SerialChangeType.DISPATCHED: order_dispatched,
}
"""Every change caused by an event of another service; the others are decided by the serials service."""


ILLEGAL_TRANSITIONS = [
    pytest.param(status, change, id=f"{status or 'unknown'}, {change}")
    for status in (None, *STATUSES)
    for change in EVENTS_BY_CHANGE
    if (status, change) not in TRANSITIONS
]


async def serials_snapshot(system: SystemUnderTest, sku: str) -> list[Any]:
    """Return the states and audit entries of a product's units."""
    states = await system.fetch_rows("serials", "SELECT * FROM serial_state WHERE sku = $1 ORDER BY id", sku)
    query = (
        "SELECT a.* FROM audit_entry a JOIN serial s ON s.id = a.serial_id WHERE s.sku = $1 ORDER BY serial_id, version"
    )
    return [states, await system.fetch_rows("serials", query, sku)]


@pytest.mark.parametrize(("status", "change"), ILLEGAL_TRANSITIONS)
async def test_illegal_transition_is_rejected(
    unit_cases: UnitCases, status: SerialStatus | None, change: SerialChangeType
) -> None:
    """An event that the transition table excludes changes no unit and is recorded as a conflict (S04)."""
    system, case = unit_cases.system, unit_cases.cases[status]
    before = await serials_snapshot(system, case.sku)
    message = EVENTS_BY_CHANGE[change](case)
    (event,) = await system.publish(message, source="test")
    row = await system.wait_for_rejection("serials", event, "illegal_transition", message.key())
    assert row["kind"] == "EVENT_CONFLICT"
    assert row["violations"][0]["ids"] == [case.serial]
    assert (status or "not found") in row["violations"][0]["detail"]
    assert await serials_snapshot(system, case.sku) == before


def test_every_change_of_the_table_is_covered() -> None:
    """The tested events and the service's own commands cover every change of the table (S04)."""
    own_changes = {
        SerialChangeType.PUT_AWAY, SerialChangeType.ALLOCATED, SerialChangeType.DEMAND_CANCELLED,
        SerialChangeType.SALE_REGISTERED, SerialChangeType.RETURNED_FROM_VENDOR,
    }  # fmt: skip
    assert {change for _, change in TRANSITIONS} == EVENTS_BY_CHANGE.keys() | own_changes
    assert len(ILLEGAL_TRANSITIONS) == 7 * len(EVENTS_BY_CHANGE) - sum(
        change in EVENTS_BY_CHANGE for _, change in TRANSITIONS
    )


@pytest.mark.parametrize("field", ["order", "line", "demand_id"])
@pytest.mark.parametrize(
    ("status", "change"),
    [
        ("ALLOCATED", SerialChangeType.DEALLOCATED), ("ALLOCATED", SerialChangeType.PICKED),
        ("PICKED", SerialChangeType.UNPICKED), ("PICKED", SerialChangeType.DISPATCHED),
    ],
)  # fmt: skip
async def test_event_of_another_document_is_rejected(
    unit_cases: UnitCases, status: SerialStatus, change: SerialChangeType, field: str
) -> None:
    """A legal event with another order, line or demand than the unit's changes nothing (S04)."""
    system, case = unit_cases.system, unit_cases.cases[status]
    message = EVENTS_BY_CHANGE[change](case)
    if isinstance(message, OrderDispatched):
        if field == "demand_id":
            pytest.skip("a dispatch event has no demand")
        unit = message.units[0].model_copy(update={"line": "99"} if field == "line" else {})
        message = message.model_copy(update={"units": [unit]})
    if not (isinstance(message, OrderDispatched) and field == "line"):
        message = message.model_copy(update={field: f"{field}-?"})
    before = await serials_snapshot(system, case.sku)
    (event,) = await system.publish(message, source="test")
    row = await system.wait_for_rejection("serials", event, "document_mismatch", message.key())
    assert row["kind"] == "EVENT_CONFLICT"
    assert await serials_snapshot(system, case.sku) == before
