"""Demands of one order, on the database: narrow ones first, and units that are handed over between them (S08)."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.fulfillment import HandOver
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.integration.serials.test_backorders import put_away_units, serials_by_demand


@pytest.mark.parametrize("shortfall", ["BACKORDER", "CANCEL"])
async def test_a_unit_is_handed_over_in_one_transaction(harness: SerialsHarness, shortfall: str) -> None:
    """The listed unit passes an older demand of another order; the wider demand gets the next unit of the queue."""
    messages = ProductMessages(harness.sku)
    first, second = serial_numbers(2)
    await put_away_units(harness, [first])
    fields: dict[str, Any] = {"order": messages.order_id(5), "shortfall": shortfall}
    await harness.handle(messages.request_allocation(5, **fields))
    await harness.handle(messages.request_allocation(6, **fields, line="2", serials=[first]))
    await harness.handle(messages.request_allocation(1, serials=[first]))
    hand_over = HandOver(demand_id=messages.demand_id(6), open_quantity=Decimal(1))
    result = await harness.handle(messages.deallocate(5, [first], reallocate=True, hand_over=hand_over))
    assert await serials_by_demand(harness) == {"6": [first]}
    answers = {answer["demand_id"]: answer for answer in result.data_of("serial.allocated.v1")}
    assert answers[messages.demand_id(6)]["open_quantity"] == 0
    assert answers[messages.demand_id(5)]["open_quantity"] == 1
    await put_away_units(harness, [second])
    assert await serials_by_demand(harness) == {"6": [first]} | ({"5": [second]} if shortfall == "BACKORDER" else {})


async def test_requests_of_one_transaction_are_served_narrow_first(harness: SerialsHarness) -> None:
    """An order keeps its place in the queue, and its line with a listed unit comes first."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(3)
    await put_away_units(harness, serials)
    order = messages.order_id(1)
    await harness.handle(
        messages.request_allocation(0),
        messages.request_allocation(1, 1, order=order),
        messages.request_allocation(2, 1, order=order, line="2", serials=[serials[1]]),
    )
    assert await serials_by_demand(harness) == {"0": [serials[0]], "1": [serials[2]], "2": [serials[1]]}


async def test_hand_over_needs_no_more_statements_for_more_units(harness: SerialsHarness) -> None:
    """One unit and 100 units of 100 demands need equally many statements."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(202))
    counts = []
    for wide, quantity in ((1, 1), (2, 100)):
        order = messages.order_id(wide)
        (answer,) = (await harness.handle(messages.request_allocation(wide, quantity))).data_of("serial.allocated.v1")
        listed = {wide * 1000 + number: unit["serial"] for number, unit in enumerate(answer["allocated"])}
        await harness.handle(
            *(
                messages.request_allocation(number, order=order, line=str(number), serials=[serial])
                for number, serial in listed.items()
            )
        )
        hand_overs = {
            serial: HandOver(demand_id=messages.demand_id(number), open_quantity=Decimal(1))
            for number, serial in listed.items()
        }
        result = await harness.handle(
            *(
                messages.deallocate(wide, [serial], reallocate=True, hand_over=hand_over)
                for serial, hand_over in hand_overs.items()
            )
        )
        counts.append(result.statement_count)
        assert len(result.data_of("serial.allocated.v1")) == quantity + 1
    assert counts[0] == counts[1]
