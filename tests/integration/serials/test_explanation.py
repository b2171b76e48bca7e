"""Explanation of an allocation: why these units, which were passed over, and why."""

from datetime import date
from typing import Any

import httpx

from shared.contracts.commands.serials import AdjustSerials, PlaceSerialHold
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.messages.serials import BIN, SHELF

NEAR, FAR = date(2098, 1, 1), date(2099, 1, 1)


async def explain(http: httpx.AsyncClient, messages: ProductMessages, number: int) -> Any:
    """Return the explanation of a demand."""
    response = await http.get(f"/demands/{messages.demand_id(number)}/explanation")
    assert response.status_code == 200, response.text
    return response.json()


def reasons(explanation: Any) -> dict[str, str]:
    """Return the reasons of the units passed over, by serial."""
    return {unit["serial"]: unit["reason"] for unit in explanation["passed_over"]}


async def test_full_line_names_the_units_passed_over(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A filled line shows its units in FEFO order, and each unit that came before them with the reason (S27)."""
    messages = ProductMessages(harness.sku)
    held, expired, at_dock, lost, taken, chosen, later = serials = serial_numbers(7)
    await harness.handle(messages.receive([expired], expiry=date(2020, 1, 1)))
    for serial in serials:
        if serial != expired:
            await harness.handle(messages.receive([serial], expiry=FAR if serial == later else NEAR, lot="L-1"))
    await harness.handle(messages.put_away([serial for serial in serials if serial != at_dock]))
    await harness.handle(PlaceSerialHold(sku=harness.sku, serials=[held], hold_id="H-1", reason="look"))
    await harness.handle(AdjustSerials(sku=harness.sku, serials=[lost], adjustment="LOST", reason="not there"))
    await harness.handle(messages.request_allocation(1, serials=[taken]))
    await harness.handle(messages.request_allocation(2))
    explanation = await explain(http, messages, 2)
    assert (explanation["rule"], explanation["open_quantity"]) == ("FEFO", 0)
    (unit,) = explanation["allocated"]
    assert (unit["serial"], unit["location"], unit["expiry"], unit["status"]) == (chosen, SHELF, str(NEAR), "ALLOCATED")
    assert list(reasons(explanation).items()) == [
        (expired, "expired"), (held, "on hold"), (at_dock, "not in an active storage location"), (lost, "lost"),
        (taken, "allocated to another order line"),
    ]  # fmt: skip
    taken_unit = explanation["passed_over"][-1]
    assert (taken_unit["order"], taken_unit["order_line"]) == (messages.order_id(1), "1")
    assert explanation["passed_over"][3]["location"] is None
    assert {"reason": "lost", "count": 1} in explanation["passed_over_totals"]
    await harness.handle(messages.pick(2, [chosen]))
    await harness.handle(messages.dispatch(2, [chosen]))
    shipped = await explain(http, messages, 2)
    assert (shipped["allocated"][0]["status"], reasons(shipped)) == ("SHIPPED", reasons(explanation))


async def test_short_line_names_all_other_units(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A short line shows all units of the product in the warehouse that it has not got, lost ones too (S27)."""
    messages = ProductMessages(harness.sku)
    short_life, other_lot, lost, own = serial_numbers(4)
    await harness.handle(messages.receive([short_life], lot="L-1", expiry=date(2030, 1, 1)))
    await harness.handle(messages.receive([other_lot], lot="L-2", expiry=FAR))
    await harness.handle(messages.receive([lost, own], lot="L-1", expiry=FAR))
    await harness.handle(messages.put_away([short_life, other_lot, lost, own]))
    await harness.handle(AdjustSerials(sku=harness.sku, serials=[lost], adjustment="LOST", reason="not there"))
    request = messages.request_allocation(1, 3, lots=["L-1"], min_remaining_shelf_life_days=20_000)
    await harness.handle(request)
    explanation = await explain(http, messages, 1)
    assert (explanation["rule"], explanation["open_quantity"]) == ("NAMED_LOTS", 2)
    assert [unit["serial"] for unit in explanation["allocated"]] == [own]
    assert reasons(explanation) == {
        short_life: "remaining shelf life too short for this order", other_lot: "lot not requested", lost: "lost",
    }  # fmt: skip
    await harness.handle(messages.cancel_allocation(1))
    assert (await explain(http, messages, 1))["passed_over"] == []


async def test_named_serials_are_explained_one_by_one(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A line that names serials shows each that it has not got: unknown, expected, at the dock, lost, shipped (S27)."""
    messages = ProductMessages(harness.sku)
    expected, at_dock, lost, picked, own = serial_numbers(5)
    await harness.handle(messages.expect([expected]))
    await harness.handle(messages.receive([at_dock, lost, picked, own]))
    await harness.handle(messages.put_away([lost, picked, own], BIN))
    await harness.handle(AdjustSerials(sku=harness.sku, serials=[lost], adjustment="LOST", reason="not there"))
    await harness.handle(messages.request_allocation(1, serials=[picked]))
    await harness.handle(messages.pick(1, [picked]))
    await harness.handle(messages.request_allocation(2, 6, serials=[expected, at_dock, lost, picked, own, "NONE"]))
    explanation = await explain(http, messages, 2)
    assert explanation["rule"] == "NAMED_SERIALS"
    assert [unit["serial"] for unit in explanation["allocated"]] == [own]
    assert reasons(explanation) == {
        "NONE": "not found", expected: "not received", at_dock: "not in an active storage location", lost: "lost",
        picked: "picked for another order line",
    }  # fmt: skip


async def test_single_lot_line_names_the_other_lots(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A single-lot line passes over lots that are too small, and later all lots but its own (S27)."""
    messages = ProductMessages(harness.sku)
    small, first, second = serial_numbers(3)
    await harness.handle(messages.receive([small], lot="L-1", expiry=NEAR))
    await harness.handle(messages.put_away([small]))
    await harness.handle(messages.request_allocation(1, 2, single_lot=True))
    explanation = await explain(http, messages, 1)
    assert (explanation["rule"], reasons(explanation)) == ("SINGLE_LOT", {small: "lot cannot fill the line alone"})
    await harness.handle(messages.receive([first, second], lot="L-2", expiry=FAR))
    await harness.handle(messages.put_away([first, second]))
    explanation = await explain(http, messages, 1)
    assert [unit["serial"] for unit in explanation["allocated"]] == [first, second]
    assert reasons(explanation) == {small: "other lot than that of the line"}
    assert (await http.get("/demands/none/explanation")).status_code == 404
