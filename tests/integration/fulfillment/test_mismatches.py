"""Amendments after the pick, on a real database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from httpx import AsyncClient

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, UnpickItems
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested, OrderDispatched
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended, OrderLine
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness


def amended_line(sku: str, quantity: int, **wish: Any) -> OrderLine:
    """A line with what it allows."""
    return OrderLine(line="1", sku=sku, quantity=Decimal(quantity), **wish)


async def mismatched(harness: FulfillmentHarness, line: OrderLine, **fields: Any) -> list[str]:
    """Amend the order SO-1; return the numbers of the items that the answer names."""
    result = await harness.handle_command(OrderAmended(order=harness.scoped_id("SO-1"), lines=[line], **fields))
    body: Any = result.body
    return [item.serial or item.lot for item in body.mismatched]


async def test_named_serials_after_the_pick(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """A unit that is not named any more blocks its shipment, even a requested one, until it is unpicked (S11)."""
    order, shipment = harness.scoped_id("SO-1"), harness.scoped_id("SH-1")
    await harness.pack_order("SO-1", "C-1", "E1", "E2")
    await harness.handle(CreateShipment(shipment=shipment, cartons=[harness.scoped_id("C-1")]))
    await harness.handle(DispatchShipment(shipment=shipment))
    outdated = harness.approvals_for(harness.events_of(DispatchCheckRequested))
    assert await mismatched(harness, amended_line(harness.sku, 2, serials=["E1", "E3"])) == ["E2"]
    await harness.handle(*outdated)
    assert not harness.events_of(OrderDispatched)
    body = (await http.get(f"/orders/{order}")).json()
    assert [(unit["serial"], unit["mismatch"]) for unit in body["units"]] == [
        ("E1", None), ("E2", "line 1 names E1, E3")
    ]  # fmt: skip
    assert await harness.rejection_codes(DispatchShipment(shipment=shipment)) == [Code.NOT_AS_ORDERED]
    unpick = UnpickItems(order=order, units=harness.scanned_units("E2"), location="EAST/A-1", reason="not wanted")
    await harness.handle(unpick)
    assert [request.serials for request in harness.events_of(AllocationRequested)] == [["E3"]]
    await harness.handle(DispatchShipment(shipment=shipment))
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    assert [unit.serial for event in harness.events_of(OrderDispatched) for unit in event.units] == ["E1"]


async def test_amendment_lists_a_shipped_unit(harness: FulfillmentHarness) -> None:
    """A shipped unit that an amendment lists counts as delivered; only the other listed one is requested."""
    await harness.allocate_order("SO-1", "A1", "B1")
    await harness.handle(harness.pick_command("SO-1", "A1"), harness.pack_command("SO-1", "C-1", "A1"))
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(DispatchShipment(shipment=harness.scoped_id("SH-1")))
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    assert await mismatched(harness, amended_line(harness.sku, 2, serials=["A1", "C1"])) == []
    assert [request.serials for request in harness.events_of(AllocationRequested)] == [["C1"]]


async def test_unpick_loads_the_unlisted_units(harness: FulfillmentHarness) -> None:
    """The unit that is not unpicked matches again, and the named serial is requested."""
    await harness.pack_order("SO-1", "C-1", "E3", "E4")
    assert await mismatched(harness, amended_line(harness.sku, 2, serials=["E1"])) == ["E4"]
    order = harness.scoped_id("SO-1")
    await harness.handle(
        UnpickItems(order=order, units=harness.scanned_units("E3"), location="EAST/A-1", reason="not wanted")
    )
    assert [request.serials for request in harness.events_of(AllocationRequested)] == [["E1"]]
    rows = await harness.fetch_all("SELECT serial, mismatch FROM allocated_unit WHERE order_id = :order", order=order)
    assert [(row["serial"], row["mismatch"]) for row in rows] == [("E4", "")]


async def test_lots_after_the_pick(harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient) -> None:
    """A lot that is not allowed any more, and the second lot of a single-lot line, are named (S27)."""
    await lot_harness.request_dispatch("SO-1", ("L1", 2), ("L2", 1))
    assert await mismatched(harness, amended_line(lot_harness.sku, 3, lots=["L2"])) == ["L1"]
    assert await mismatched(harness, amended_line(lot_harness.sku, 3, lots=[], single_lot=True)) == ["L2"]
    body = (await http.get(f"/orders/{harness.scoped_id('SO-1')}")).json()
    assert [(lot["lot"], lot["mismatch"]) for lot in body["stock"]] == [
        ("L1", None), ("L2", "line 1 requires a single lot, and has L1")
    ]  # fmt: skip
    assert await mismatched(harness, amended_line(lot_harness.sku, 3, single_lot=False)) == []


async def test_shelf_life_after_the_pick(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """Goods with too little shelf life for the amended order are named; the dispatch check decides (S28)."""
    soon = datetime.now(UTC).date() + timedelta(days=20)
    await lot_harness.allocate_order("SO-1", ("L1", 2), expiry=soon)
    await harness.handle(lot_harness.pick_command("SO-1", ("L1", 2)))
    line = amended_line(lot_harness.sku, 2)
    assert await mismatched(harness, line, min_remaining_shelf_life_days=10) == []
    assert await mismatched(harness, line, min_remaining_shelf_life_days=60) == ["L1"]
    body = (await http.get(f"/orders/{harness.scoped_id('SO-1')}")).json()
    assert ["60 days of remaining shelf life are required" in item["mismatch"] for item in body["stock"]] == [True]


async def test_single_lot_after_a_shipment(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """The shipped lot is the lot of the line, also if the line requires a single lot only after the shipment (S27)."""
    request = await lot_harness.place_order("SO-1", 3)
    await harness.handle(lot_harness.lot_allocated(request, ("L2", 1), ("L1", 2)))
    await harness.handle(
        lot_harness.pick_command("SO-1", ("L2", 1)), lot_harness.pack_command("SO-1", "C-1", ("L2", 1))
    )
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(DispatchShipment(shipment=harness.scoped_id("SH")))
    await harness.handle(*lot_harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    await harness.handle(lot_harness.pick_command("SO-1", ("L1", 1)))
    assert await mismatched(harness, amended_line(lot_harness.sku, 3, single_lot=True)) == ["L1"]
    assert [request.lots for request in harness.events_of(AllocationRequested)] == [["L2"]]
