"""Holds on units whose dispatch is approved already."""

from typing import Any

from shared.contracts.commands.serials import CorrectSerialLot, PlaceSerialHold, ReleaseSerialHold
from shared.contracts.envelope import Message
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, recall_opened, serial_numbers


async def leaving(harness: SerialsHarness, *payloads: Message) -> list[tuple[Any, ...]]:
    """Place a hold in one transaction with other messages; return what its answer says may leave."""
    (result,) = (await harness.handle(*payloads)).results
    body: Any = result.body
    return [(goods.shipment, goods.customer, goods.quantity, goods.serials) for goods in body.leaving]


async def test_hold_names_units_with_an_approved_dispatch(harness: SerialsHarness) -> None:
    """The answer names shipment, customer and units while the approval is valid and they are here (S10, S28)."""
    messages, serials = ProductMessages(harness.sku), serial_numbers(4)
    await harness.handle(messages.receive(serials))
    await harness.handle(messages.put_away(serials))
    await harness.handle(messages.request_allocation(1, 4))
    await harness.handle(messages.pick(1, serials[:3]))

    def hold(name: str) -> PlaceSerialHold:
        return PlaceSerialHold(sku=harness.sku, serials=serials, hold_id=harness.scoped_id(name), reason="recall")

    assert await leaving(harness, hold("H-0")) == []
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id=harness.scoped_id("H-0"), reason="inspected"))
    approved = await harness.handle(messages.request_dispatch_check(1, serials[:2]))
    assert approved.event_types() == ["serial.dispatch_approved.v1"]
    assert await leaving(harness, hold("H-1")) == [("SH-1", "C-1", 2, serials[:2])]
    await harness.handle(messages.dispatch(1, serials[:1]))
    hold_rest = PlaceSerialHold(sku=harness.sku, serials=serials[1:], hold_id=harness.scoped_id("H-2"), reason="recall")
    assert await leaving(harness, hold_rest) == [("SH-1", "C-1", 1, serials[1:2])]


async def test_events_of_all_holds_name_units_with_an_approved_dispatch(harness: SerialsHarness) -> None:
    """A recall and a lot number that becomes a held one list what may leave as a hold of a user does (S28, S46)."""
    messages, serials = ProductMessages(harness.sku), serial_numbers(3)
    await harness.handle(messages.receive(serials))
    await harness.handle(messages.put_away(serials))
    await harness.handle(messages.request_allocation(1, 3))
    await harness.handle(messages.pick(1, serials))
    await harness.handle(messages.request_dispatch_check(1, serials[:2]))
    recalled = await harness.handle(recall_opened(harness, harness.scoped_id("RC"), serials=serials[1:], lots=["L-9"]))
    corrected = await harness.handle(
        CorrectSerialLot(sku=harness.sku, serials=serials[:1], lot="L-9", reason="label misread")
    )
    leaving = [
        (goods["shipment"], goods["customer"], goods["serials"])
        for result in (recalled, corrected)
        for placed in result.data_of("serial.hold_placed.v1")
        for goods in placed.get("leaving", [])
    ]
    assert leaving == [("SH-1", "C-1", serials[1:2]), ("SH-1", "C-1", serials[:1])]
