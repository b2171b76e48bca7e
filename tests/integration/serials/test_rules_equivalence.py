"""The service with its database and bounded loads agrees with the in-memory rules on all data."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.units.domain.unit import Unit
from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    RegisterSoldSerials,
    ReleaseSerialHold,
    ResolveCountDiscrepancies,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import HandOver
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy, Warranty
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.serials import AllocatedUnit, SerialAllocated
from shared.inventory.scan_meanings import KnownName
from shared.persistence.database import Transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.events import NOW, to_event
from tests.support.in_memory.serials import InMemorySerials
from tests.support.messages.reference import location_changed, product_changed
from tests.support.messages.serials import BIN, DOCK, SHELF

serial_lists = st.lists(st.sampled_from(serial_numbers(8)), min_size=1, max_size=5, unique=True)
order_numbers = st.integers(1, 6)
TODAY = Transaction.clock().date()
NOW_TO_THE_SECOND = Transaction.clock().replace(microsecond=0)
WARRANTY = Warranty(months=13)
DISPOSITIONS: list[Any] = ["RESTOCK", "SCRAP", "RETURN_TO_VENDOR", "RETURN_TO_VENDOR"]
RESOLUTIONS: list[Any] = ["LOST", "FOUND", "MOVED", "NO_CHANGE"]
PlayedStep = tuple[str, list[str], int, int, bool]
steps = st.tuples(
    st.sampled_from(
        ["receive", "put away", "put away", "demand", "demand", "demand serials", "demand shelf life", "demand lots",
         "demand single lot", "demand without backorder", "demand of one order", "cancel", "deallocate", "short pick",
         "pick", "unpick", "dispatch", "return", "dispose", "hold", "release", "lose", "find", "move", "change policy",
         "hold lot", "recall", "correct", "store", "store", "count", "count", "resolve", "hand over", "past sale",
         "from vendor", "put away scans", "move scans"]
    ),
    serial_lists, order_numbers, st.integers(1, 4), st.booleans(),
)  # fmt: skip


LABELS: list[dict[str, Any]] = [{}, {}, {"lot": "L-1"}, *(
    {"lot": lot, "expiry": TODAY + timedelta(days)} for lot, days in [("L-1", 40), ("L-2", 20), (None, 6), ("L-2", -1)]
)]  # fmt: skip


def label_scans(serials: list[str], lot: int) -> list[str]:
    """Labels of units that name no product, of a lot that may be theirs."""
    return [f"]d210L-{lot}\x1d21{serial}" for serial in serials]


def messages_of_step(messages: ProductMessages, step: PlayedStep, version: int) -> list[Message]:
    """Build the messages of a step, whether they are valid or not. Demands come in pairs."""
    action, _, order_number, quantity, flag = step
    if not action.startswith("demand"):
        return [message_of_step(messages, step, version)]
    other_step = (action, step[1][:1], order_number % 6 + 1, 5 - quantity, not flag)
    return [message_of_step(messages, step, version), message_of_step(messages, other_step, version)]


def recall_criteria(serials: list[str]) -> list[dict[str, Any]]:
    """Return every kind of recall criteria."""
    return [
        {"serials": serials},
        {"lots": ["L-2"]},
        {"notice": f"l-1 {serials[0].lower()}"},
        {
            "periods": [
                {"kind": "EXPIRY", "last_day": "2020-01-01"},
                {"kind": "MANUFACTURED", "first_day": "2099-01-01"},
            ]
        },
        {"ranges": [{"first": serials[0], "last": serials[-1]}]},
    ]


def message_of_step(messages: ProductMessages, step: PlayedStep, version: int) -> Message:
    """Build the message of a step."""
    action, serials, order_number, quantity, flag = step
    policy = ShelfLifePolicy(
        stop_allocation_days=7 * (order_number % 2),
        customers=[CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=30)] if flag else [],
    )
    factories: dict[str, Any] = {
        "receive": lambda: messages.receive(serials, version, **LABELS[(order_number * 4 + quantity) % len(LABELS)]),
        "change policy": lambda: product_changed(
            messages.sku, "SERIAL", version=version, shelf_life=policy, warranty=WARRANTY
        ),
        "put away": lambda: messages.put_away(serials, SHELF if flag else BIN),
        "put away scans": lambda: PutAwaySerials(
            sku=messages.sku, scans=label_scans(serials, quantity), location=SHELF if flag else BIN
        ),
        "move scans": lambda: MoveSerials(sku=messages.sku, scans=serials, location=SHELF if flag else BIN),
        "demand": lambda: messages.request_allocation(order_number, quantity, priority=5 + flag),
        "demand serials": lambda: messages.request_allocation(order_number, quantity, serials=serials[:quantity]),
        "demand shelf life": lambda: messages.request_allocation(
            order_number, quantity, priority=5 + flag, min_remaining_shelf_life_days=10 * order_number
        ),
        "demand lots": lambda: messages.request_allocation(
            order_number, quantity, lots=["L-1", "L-3"] if flag else ["L-2"]
        ),
        "demand single lot": lambda: messages.request_allocation(
            order_number, quantity, single_lot=True, lots=["L-2"] if order_number == 1 else []
        ),
        # Demand ids of their own: the other messages name the order of a demand by its number.
        "demand of one order": lambda: messages.request_allocation(
            order_number + 10, quantity, order=messages.order_id(0), line=str(order_number), placed_at=NOW,
            serials=serials[:quantity] if flag else [], shortfall="CANCEL" if quantity == 2 else "BACKORDER",
        ),
        "demand without backorder": lambda: messages.request_allocation(order_number, quantity, shortfall="CANCEL"),
        "cancel": lambda: messages.cancel_allocation(order_number),
        "deallocate": lambda: messages.deallocate(order_number, serials, reallocate=flag, lost=quantity == 2),
        "short pick": lambda: messages.deallocate(order_number, serials, reallocate=flag, hold_id=f"SP-{version}"),
        "pick": lambda: messages.pick(order_number, serials),
        "unpick": lambda: messages.unpick(order_number, serials, reallocate=flag, lost=quantity == 2),
        "dispatch": lambda: messages.dispatch(order_number, serials),
        "return": lambda: messages.return_from_customer(order_number, serials, version, f"RMA-{order_number}"),
        "dispose": lambda: ReturnSerialsDisposed(
            return_id=f"RMA-{order_number}", sku=messages.sku, serials=serials, hold_id=f"RMA-{order_number}",
            reason="inspected", disposition=DISPOSITIONS[quantity - 1],
        ),
        "hold": lambda: PlaceSerialHold(
            sku=messages.sku, serials=serials, hold_id=f"H-{order_number}", reason="suspicion"
        ),
        "hold lot": lambda: PlaceSerialHold(
            sku=messages.sku, lot=f"L-{1 + order_number % 2}", hold_id=f"H-{order_number}", reason="suspicion"
        ),
        "recall": lambda: RecallOpened(
            recall=f"RC-{version}", sku=messages.sku, hold_id=f"R-{order_number}", reason="sharp edges",
            mock=quantity == 4, **recall_criteria(serials)[order_number % 4],
        ),
        "correct": lambda: CorrectSerialExpiry(
            sku=messages.sku, serials=serials, reason="label misread",
            expiry=[None, *(TODAY + timedelta(days) for days in (-1, 8, 70))][order_number % 4],
        ),
        "release": lambda: ReleaseSerialHold(
            sku=messages.sku, hold_id=f"{'R' if flag else 'H'}-{order_number}", reason="cleared"
        ),
        "lose": lambda: AdjustSerials(sku=messages.sku, serials=serials, adjustment="LOST", reason="count"),
        "find": lambda: AdjustSerials(sku=messages.sku, serials=serials, adjustment="FOUND", reason="count"),
        "from vendor": lambda: AdjustSerials(
            sku=messages.sku, serials=serials, adjustment="RETURNED_FROM_VENDOR", location=DOCK, reason="repaired"
        ),
        "past sale": lambda: RegisterSoldSerials(
            sku=messages.sku, serials=serials, sold_on=TODAY - timedelta(quantity), customer="C-1", reason="go-live",
            order=messages.order_id(order_number), lot="L-2" if flag else None,
        ),
        "move": lambda: MoveSerials(sku=messages.sku, serials=serials, location=BIN),
        "store": lambda: MoveSerials(sku=messages.sku, serials=serials, location=counted_location(messages.sku)),
        "count": lambda: CountSerials(
            count_id=f"CT-{version if flag else order_number}", location=counted_location(messages.sku),
            units=[UnitSelector(sku=messages.sku, serial=serial) for serial in serials],
            part=1 + flag * (quantity % 2), parts=1 + flag, reason="cycle count",
            counted_at=NOW_TO_THE_SECOND + timedelta(seconds=version // 2 - 1800),
        ),
        "resolve": lambda: ResolveCountDiscrepancies(
            sku=messages.sku, serials=serials, location=counted_location(messages.sku), reason="looked there",
            resolution=RESOLUTIONS[quantity - 1],
        ),
        "hand over": lambda: messages.deallocate(
            order_number, serials, reallocate=flag, hand_over=HandOver(
                demand_id=messages.demand_id(order_number % 6 + 1 + 10 * flag), open_quantity=Decimal(quantity)
            ),
        ),
    }  # fmt: skip
    payload: Message = factories[action]()
    return payload


def counted_location(sku: str) -> str:
    """Return the location of a test's own, which only its units are counted at."""
    return f"EAST/{sku}"


def as_json(unit: AllocatedUnit) -> dict[str, Any]:
    """Return an allocated unit as JSON."""
    return unit.model_dump(mode="json", exclude_none=True)


SELECT_UNITS = """
    SELECT serial, status::text AS status, version, warehouse, location, receipt, order_id, order_line, demand_id,
           shipment, customer, return_id, open_hold_count, adjustment, lot, expiry,
           warranty_starts_on, warranty_ends_on
    FROM serial_state WHERE sku = :sku ORDER BY serial
"""
SELECT_DISCREPANCIES = """
    SELECT location, count_id, serial, kind, unit_status::text AS unit_status, unit_location, status, resolution
    FROM count_discrepancy WHERE sku = :sku
"""
SELECT_DEMANDS = "SELECT demand_id, open_quantity, status FROM demand WHERE sku = :sku ORDER BY demand_id"


def unit_row(unit: Unit) -> tuple[Any, ...]:
    """Return a unit as the row of SELECT_UNITS."""
    return (
        unit.serial, unit.status, unit.version, unit.warehouse, unit.location, unit.receipt, unit.order_id,
        unit.order_line, unit.demand_id, unit.shipment, unit.customer, unit.return_id, unit.open_hold_count,
        unit.adjustment, unit.lot, unit.expiry, unit.warranty_starts_on, unit.warranty_ends_on,
    )  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    played_batches=st.lists(st.lists(steps, min_size=1, max_size=4), min_size=12, max_size=24),
    stored=st.lists(st.sampled_from(serial_numbers(8)), unique=True),
)
async def test_database_and_in_memory_rules_agree(
    engine: AsyncEngine, played_batches: list[list[PlayedStep]], stored: list[str]
) -> None:
    """Database and rules agree on units, demands, events and violations after any transactions (S04, S08)."""
    harness, service = SerialsHarness(engine), InMemorySerials(now=Transaction.clock())
    messages = ProductMessages(harness.sku)
    location = counted_location(harness.sku)
    await harness.handle(location_changed(location, "STORAGE"))
    service.uow.location_types[location] = "STORAGE"
    product = product_changed(harness.sku, "SERIAL", version=0, warranty=WARRANTY)
    await harness.handle(product)
    service.handle(product)
    service.barcodes = [KnownName("SKU", harness.sku, harness.sku)]
    if stored:
        played_batches = [[("receive", stored, 1, 1, True)], [("put away", stored, 1, 1, True)], *played_batches]
    versions = count(1)
    for batch in played_batches:
        events = [to_event(payload) for step in batch for payload in messages_of_step(messages, step, next(versions))]
        counts_before = len(service.published), len(service.conflicts)
        results = service.handle_events(events)
        result = await harness.handle_events(events)
        allocated_events = [
            event for event in service.published[counts_before[0] :] if isinstance(event, SerialAllocated)
        ]
        assert [
            (event["demand_id"], event.get("allocated", []), event["open_quantity"], event["final"])
            for event in result.data_of("serial.allocated.v1")
        ] == [
            (event.demand_id, [as_json(unit) for unit in event.allocated], event.open_quantity, event.final)
            for event in allocated_events
        ]
        if result.results:
            assert result.error_codes() == [
                str(violation.code) for result in results for violation in result.violations
            ]
        conflict_events = [event for event in result.data_of("serial.rejected.v1") if event["kind"] == "EVENT_CONFLICT"]
        assert [conflict["detail"] for conflict in conflict_events] == [
            conflict.detail for conflict in service.conflicts[counts_before[1] :]
        ]
    rows = await harness.fetch_all(SELECT_UNITS, sku=harness.sku)
    assert [tuple(row.values()) for row in rows] == sorted(unit_row(unit) for unit in service.units)
    demand_rows = await harness.fetch_all(SELECT_DEMANDS, sku=harness.sku)
    expected_demands = sorted(service.demands, key=lambda demand: demand.demand_id)
    assert [tuple(row.values()) for row in demand_rows] == [
        (demand.demand_id, demand.open_quantity, demand.status) for demand in expected_demands
    ]
    rows = await harness.fetch_all(SELECT_DISCREPANCIES, sku=harness.sku)
    assert sorted(str(tuple(row.values())) for row in rows) == sorted(
        str((row.location, row.count_id, row.serial, row.kind, row.unit_status, row.unit_location, row.status,
             row.resolution))
        for row in service.uow.count_discrepancies
    )  # fmt: skip
