"""FEFO allocation on the real tables: skipped units with reasons, and policy changes."""

from datetime import timedelta
from typing import Any

from shared.contracts.commands.serials import CorrectSerialExpiry, PlaceSerialHold
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.contracts.reference import ProductChanged
from shared.inventory.expiry import today
from shared.persistence.database import Transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.integration.serials.test_backorders import put_away_units, serials_by_demand
from tests.support.messages.reference import product_changed, warehouse_changed

KIRITIMATI = "Pacific/Kiritimati"
"""Time zone in which the date is a day ahead for most of the day."""


def label_expiring_in(days: int, time_zone: str = "UTC") -> dict[str, Any]:
    """Return the label of a unit that expires in a number of days."""
    return {"expiry": today(Transaction.clock(), time_zone) + timedelta(days)}


def shelf_life_policy(harness: SerialsHarness, version: int, **policy: Any) -> ProductChanged:
    """Build a change of the product's shelf-life policy."""
    return product_changed(harness.sku, "SERIAL", version=version, shelf_life=ShelfLifePolicy(**policy))


async def test_skipped_units_are_reported_with_reasons(harness: SerialsHarness) -> None:
    """The allocation event has the reasons why units were skipped (S27, S28)."""
    messages = ProductMessages(harness.sku)
    agreements = [CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=60)]
    await harness.handle(shelf_life_policy(harness, 1, stop_allocation_days=7, customers=agreements))
    for first, days in enumerate((-1, 6, 59, 60, 90)):
        await put_away_units(harness, serial_numbers(1, first=first * 10), **label_expiring_in(days))
    await harness.handle(
        PlaceSerialHold(sku=harness.sku, serials=serial_numbers(1, first=40), hold_id="H-1", reason="suspicion")
    )
    result = await harness.handle(messages.request_allocation(1, 2))
    [allocated] = result.data_of("serial.allocated.v1")
    assert [(unit["serial"], unit["expiry"]) for unit in allocated["allocated"]] == [
        ("SN-00030", str(label_expiring_in(60)["expiry"]))
    ]
    assert {skipped["reason"]: skipped["count"] for skipped in allocated["skipped"]} == {
        "on hold": 1,
        "expired": 1,
        "remaining shelf life too short for allocation": 1,
        "remaining shelf life too short for this order": 1,
    }
    result = await harness.handle(messages.request_allocation(2, 2, customer="C-2", lots=["L-9"]))
    [allocated] = result.data_of("serial.allocated.v1")
    assert {skipped["reason"]: skipped["count"] for skipped in allocated["skipped"]} == {
        "on hold": 1,
        "expired": 1,
        "remaining shelf life too short for allocation": 1,
        "lot not requested": 1,
    }


async def test_first_expired_unit_is_allocated_first(harness: SerialsHarness) -> None:
    """The unit that expires first is allocated first; units without an expiry are last (S27)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(400))
    await put_away_units(harness, serial_numbers(400, first=1000), **label_expiring_in(300))
    await put_away_units(harness, serial_numbers(1, first=9000), **label_expiring_in(200))
    await harness.handle(messages.request_allocation(1, 2))
    assert await serials_by_demand(harness) == {"1": ["SN-01000", "SN-09000"]}
    await harness.handle(messages.request_allocation(2, 400))
    assert (await serials_by_demand(harness))["2"] == [*serial_numbers(399, first=1001), "SN-00001"][
        -1:
    ] + serial_numbers(399, first=1001)


async def test_relaxed_policy_allocates_backorders(harness: SerialsHarness) -> None:
    """A relaxed policy allocates skipped units to backorders (S28)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(
        shelf_life_policy(
            harness,
            1,
            stop_allocation_days=7,
            customers=[CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=60)],
        )
    )
    await put_away_units(harness, serial_numbers(2), **label_expiring_in(30))
    await harness.handle(
        messages.request_allocation(1, 2), messages.request_allocation(2, 1, serials=serial_numbers(1))
    )
    assert await serials_by_demand(harness) == {}
    result = await harness.handle(shelf_life_policy(harness, 2, stop_allocation_days=7))
    assert await serials_by_demand(harness) == {"1": serial_numbers(2)}
    assert result.data_of("serial.allocated.v1")[0]["open_quantity"] == 0
    assert (await harness.handle(shelf_life_policy(harness, 3, stop_allocation_days=7))).event_types() == []


async def test_released_units_skip_demands_with_longer_shelf_life(harness: SerialsHarness) -> None:
    """Released units skip a hundred demands with longer shelf life and go to the matching one (S08, S28)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(
        *(messages.request_allocation(number, min_remaining_shelf_life_days=90) for number in range(100))
    )
    await harness.handle(
        messages.request_allocation(200, 2, min_remaining_shelf_life_days=30), messages.request_allocation(300, 1)
    )
    await put_away_units(harness, serial_numbers(2), **label_expiring_in(30))
    assert await serials_by_demand(harness) == {"200": serial_numbers(2)}
    await put_away_units(harness, serial_numbers(1, first=3), **label_expiring_in(0))
    assert await serials_by_demand(harness) == {"200": serial_numbers(2), "300": serial_numbers(1, first=3)}


async def test_expiry_uses_the_warehouse_time_zone(harness: SerialsHarness) -> None:
    """Allocation and dispatch check use the local date of the warehouse (S28)."""
    messages, expiry_today = ProductMessages(harness.sku), label_expiring_in(0)
    await put_away_units(harness, serial_numbers(1), **expiry_today)
    await harness.handle(messages.request_allocation(1))
    await harness.handle(messages.pick(1, serial_numbers(1)))
    assert (
        "serial.dispatch_approved.v1"
        in (await harness.handle(messages.request_dispatch_check(1, serial_numbers(1)))).event_types()
    )
    demanding_check: DispatchCheckRequested = messages.request_dispatch_check(1, serial_numbers(1)).model_copy(
        update={"min_remaining_shelf_life_days": 1}
    )
    [rejected] = (await harness.handle(demanding_check)).data_of("serial.dispatch_rejected.v1")
    assert [unit["code"] for unit in rejected["units"]] == ["insufficient_shelf_life"]
    is_next_day = today(Transaction.clock(), KIRITIMATI) > expiry_today["expiry"]
    await harness.handle(warehouse_changed("EAST", KIRITIMATI, version=1_001))
    try:
        rejected_events = (await harness.handle(messages.request_dispatch_check(1, serial_numbers(1)))).data_of(
            "serial.dispatch_rejected.v1"
        )
        assert [[unit["code"] for unit in event["units"]] for event in rejected_events] == (
            [["expired"]] if is_next_day else []
        )
    finally:
        await harness.handle(warehouse_changed("EAST", "UTC", version=1_002))


async def test_expiry_correction_names_affected_orders(harness: SerialsHarness) -> None:
    """An expiry correction names the orders of allocated and picked units, not of shipped ones (S28)."""
    messages, units = ProductMessages(harness.sku), serial_numbers(5)
    await put_away_units(harness, units, **label_expiring_in(30))
    await harness.handle(*(messages.request_allocation(number) for number in range(1, 5)))
    await harness.handle(messages.pick(2, [units[1]]), messages.pick(3, [units[2]]), messages.deallocate(4, [units[3]]))
    await harness.handle(messages.dispatch(3, [units[2]]))
    result = await harness.handle(
        CorrectSerialExpiry(sku=harness.sku, serials=units, reason="misread", **label_expiring_in(20))
    )
    serials_by_orders = {
        tuple(event["orders"]): event["serials"]
        for event in result.data_of("serial.expiry_corrected.v1")
        if event["orders"]
    }
    assert serials_by_orders == {(messages.order_id(1),): [units[0]], (messages.order_id(2),): [units[1]]}


async def test_demand_with_allowed_lots_gets_only_those_lots(harness: SerialsHarness) -> None:
    """A demand with allowed lots gets units of these lots only, from stock and later arrivals (S27)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(3), lot="L-1")
    await put_away_units(harness, serial_numbers(3, first=4), lot="L-10")
    first_request: AllocationRequested = messages.request_allocation(1, 2, lots=["l-10", "L-2"])
    await harness.handle(
        first_request,
        messages.request_allocation(2, 1, lots=["L-2"]),
        messages.request_allocation(3, 9, lots=["L-2"], single_lot=True),
    )
    assert await serials_by_demand(harness) == {"1": serial_numbers(2, first=4)}
    await put_away_units(harness, serial_numbers(2, first=7), lot="L-2", **label_expiring_in(3))
    assert await serials_by_demand(harness) == {"1": serial_numbers(2, first=4), "2": serial_numbers(1, first=7)}
