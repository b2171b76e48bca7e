"""Long queues and large stock: loaded rows are bounded, and no demand that could be filled is missed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Row, TextClause

from shared.contracts.commands.serials import AdjustSerials, CorrectSerialExpiry, PlaceSerialHold, ReleaseSerialHold
from shared.contracts.envelope import Message
from shared.inventory.fefo import fefo_key
from shared.persistence.database import Transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers, split_serials
from tests.support.events import NOW


async def put_away_units(harness: SerialsHarness, serials: list[str], **label: Any) -> None:
    """Receive units and put them away."""
    messages = ProductMessages(harness.sku)
    for batch in split_serials(serials):
        await harness.handle(messages.receive(batch, **label))
        await harness.handle(messages.put_away(batch))


async def serials_by_demand(harness: SerialsHarness) -> dict[str, list[str]]:
    """Return the serials allocated to each demand, by order number."""
    rows = await harness.fetch_all(
        "SELECT demand_id, array_agg(serial ORDER BY serial) AS serials FROM serial_state "
        "WHERE sku = :sku AND demand_id <> '' GROUP BY demand_id",
        sku=harness.sku,
    )
    return {row["demand_id"].rpartition("-")[2]: row["serials"] for row in rows}


async def test_cancelled_demand_does_not_block_the_queue(harness: SerialsHarness) -> None:
    """Units of a cancelled demand go to the next demand, although the cancelled one was first (S11)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(1))
    await harness.handle(messages.request_allocation(1, 2), messages.request_allocation(2, 1))
    await harness.handle(messages.cancel_allocation(1))
    assert await serials_by_demand(harness) == {"2": serial_numbers(1)}


@pytest.mark.parametrize("is_withdrawn_first", [True, False])
@pytest.mark.parametrize(
    ("withdrawal_type", "fields"),
    [
        (AdjustSerials, {"adjustment": "LOST"}),
        (PlaceSerialHold, {"hold_id": "H"}),
        (CorrectSerialExpiry, {"expiry": Transaction.clock().date() - timedelta(2)}),
    ],
)
async def test_stock_withdrawn_in_the_same_transaction_is_passed_over(
    harness: SerialsHarness, withdrawal_type: type[Message], fields: dict[str, Any], *, is_withdrawn_first: bool
) -> None:
    """A demand gets the next units if the first ones are held, lost or expired by its own transaction (S08, S27)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(6), expiry=Transaction.clock().date() + timedelta(6))
    withdrawal = withdrawal_type.model_validate(
        fields | {"sku": harness.sku, "serials": serial_numbers(3), "reason": "checked"}
    )
    batch = [messages.request_allocation(1, 2), withdrawal]
    await harness.handle(*(reversed(batch) if is_withdrawn_first else batch))
    assert await serials_by_demand(harness) == {"1": serial_numbers(2, first=4)}


async def test_single_lot_demand_counts_existing_stock(harness: SerialsHarness) -> None:
    """A single-lot demand is filled once stored and new units of a lot together suffice (S27)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), lot="L-1")
    await put_away_units(harness, serial_numbers(2, first=11), lot="L-2")
    await harness.handle(
        messages.request_allocation(1, 4, single_lot=True),
        messages.request_allocation(2, 3, single_lot=True, lots=["L-1", "L-3"]),
    )
    assert await serials_by_demand(harness) == {}
    await put_away_units(harness, serial_numbers(1, first=13), lot="L-2")
    assert await serials_by_demand(harness) == {}
    await put_away_units(harness, serial_numbers(1, first=3), lot="L-1")
    assert await serials_by_demand(harness) == {"2": serial_numbers(3)}
    await harness.handle(messages.deallocate(2, serial_numbers(1), reallocate=True, hold_id="SP-1"))
    await put_away_units(harness, serial_numbers(1, first=14), lot="L-2")
    assert await serials_by_demand(harness) == {"1": serial_numbers(4, first=11), "2": serial_numbers(2, first=2)}
    await put_away_units(harness, serial_numbers(1, first=4), lot="L-1")
    assert await serials_by_demand(harness) == {"1": serial_numbers(4, first=11), "2": serial_numbers(3, first=2)}


async def test_requested_serials_are_allocated_when_released(harness: SerialsHarness) -> None:
    """A released unit goes to the demand that requests its serial, past other demands in the queue."""
    messages = ProductMessages(harness.sku)
    await harness.handle(
        *(messages.request_allocation(number, 1, serials=[f"SN-{number:05}"]) for number in range(100, 400))
    )
    await put_away_units(harness, ["SN-00250", "SN-00002", "SN-90000"])
    assert await serials_by_demand(harness) == {"250": ["SN-00250"]}
    await put_away_units(harness, ["SN-00003"])
    assert await serials_by_demand(harness) == {"250": ["SN-00250"]}


async def test_released_hold_is_allocated_to_backorders(harness: SerialsHarness) -> None:
    """Released and found units are allocated to backorders, the higher priority first."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2))
    await harness.handle(PlaceSerialHold(sku=harness.sku, serials=serial_numbers(1), hold_id="H-1", reason="suspicion"))
    await harness.handle(
        AdjustSerials(sku=harness.sku, serials=serial_numbers(1, first=2), adjustment="LOST", reason="count")
    )
    result = await harness.handle(messages.request_allocation(1), messages.request_allocation(2, priority=9))
    skipped = [event["skipped"] for event in result.data_of("serial.allocated.v1")]
    assert skipped == [[{"reason": "on hold", "count": 1}]] * 2
    await harness.handle(
        AdjustSerials(sku=harness.sku, serials=serial_numbers(1, first=2), adjustment="FOUND", reason="count")
    )
    assert await serials_by_demand(harness) == {"2": ["SN-00002"]}
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="H-1", reason="cleared"))
    assert await serials_by_demand(harness) == {"1": ["SN-00001"], "2": ["SN-00002"]}


async def test_loaded_rows_are_bounded(harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A putaway with 1000 backorders and an order with 1000 stored units read few rows."""
    messages = ProductMessages(harness.sku)
    stocked_harness = SerialsHarness(harness.engine)
    await put_away_units(stocked_harness, serial_numbers(1000))
    for start in range(0, 1000, 500):
        await harness.handle(*(messages.request_allocation(number) for number in range(start, start + 500)))
    await harness.handle(messages.receive(serial_numbers(1)))
    fetch_rows, max_row_count = Transaction.fetch_all, 0

    async def counting_rows(self: Transaction, statement: TextClause, values: Any = None) -> Sequence[Row[Any]]:
        nonlocal max_row_count
        result_rows = await fetch_rows(self, statement, values)
        max_row_count = max(max_row_count, len(result_rows))
        return result_rows

    monkeypatch.setattr(Transaction, "fetch_all", counting_rows)
    await harness.handle(messages.put_away(serial_numbers(1)))
    assert await serials_by_demand(harness) == {"0": serial_numbers(1)}
    await stocked_harness.handle(ProductMessages(stocked_harness.sku).request_allocation(1, 2))
    assert max_row_count < 10


@pytest.mark.parametrize(
    "label", [{}, {"expiry": date(2099, 12, 31), "lot": "L-1"}], ids=["without expiry", "with expiry"]
)
async def test_statement_and_rules_have_one_tie_break(harness: SerialsHarness, label: dict[str, Any]) -> None:
    """Of units with the same receipt and expiry, the statement loads those that come first by the rules (S27)."""
    serials = ["SN-9", "SN-10", "SN-01", "SN-0101", "SN-Z", "SN-a1", "sn-2"]
    await put_away_units(harness, serials, **label)
    await harness.handle(ProductMessages(harness.sku).request_allocation(1, 3))
    first_serials = sorted(serials, key=lambda serial: fefo_key(label.get("expiry"), NOW, serial))[:3]
    assert await serials_by_demand(harness) == {"1": sorted(first_serials)}


async def test_statement_and_rules_have_one_order(harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Demands get units in the order of the rules: expiry (none last), instant of receipt on a day, serial (S27)."""
    expiries = (None, date(2099, 12, 31), date(2099, 12, 30))
    units: dict[str, tuple[date | None, datetime]] = {}
    for number, (expiry, hours) in enumerate(product(expiries, (5, 3, 3, 4)), start=10):
        serial, time = f"SN-{number}", NOW + timedelta(hours=hours)
        units[serial] = expiry, time
        monkeypatch.setattr(Transaction, "clock", staticmethod(lambda now=time: now))
        await put_away_units(harness, [serial], expiry=expiry)
    for number in range(len(units)):
        await harness.handle(ProductMessages(harness.sku).request_allocation(number))
    in_order = sorted(units, key=lambda serial: fefo_key(*units[serial], serial))
    assert await serials_by_demand(harness) == {str(number): [serial] for number, serial in enumerate(in_order)}
