"""Corrected lot numbers apply to all goods of an order, also to shipped ones; on a real database."""

from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested, OrderLotsDeallocated
from shared.contracts.lot_corrections import CorrectedLot, LotNumberCorrected
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness


def corrected(
    lot_harness: LotHarness, request: AllocationRequested, quantity: Any, **fields: Any
) -> LotNumberCorrected:
    """A correction of a quantity of L1 of an order to L9."""
    part = CorrectedLot.model_validate(
        {"lot": "L9", "quantity": quantity, "order": request.order, "line": "1", "demand_id": request.demand_id}
        | fields
    )
    return LotNumberCorrected(
        sku=lot_harness.sku, from_lot="L1", lot="L9", quantity=part.quantity, reason="misread", stock=[part],
        location=part.location,
    )  # fmt: skip


async def lots_of(harness: FulfillmentHarness, order: str) -> set[tuple[str, str, int, str]]:
    """Lot, status, quantity and shipment of the goods of an order."""
    rows = await harness.fetch_all("SELECT * FROM allocated_lot WHERE order_id = :order", order=order)
    return {(row["lot"], row["status"], int(row["quantity"]), row["shipment"]) for row in rows}


async def test_goods_in_all_states(harness: FulfillmentHarness) -> None:
    """Parts of allocated and shipped quantities are split; the log of the order shows both numbers (S22)."""
    lot_harness = await LotHarness(harness).define_reference_data()
    request = await lot_harness.place_order("SO", 6)
    await harness.handle(lot_harness.lot_allocated(request, ("L1", 6)))
    await harness.handle(lot_harness.pick_command("SO", ("L1", 4)), lot_harness.pack_command("SO", "C", ("L1", 4)))
    shipment = harness.scoped_id("SH")
    await harness.handle(CreateShipment(shipment=shipment, cartons=[harness.scoped_id("C")]))
    await harness.handle_command(DispatchShipment(shipment=shipment))
    await harness.handle(*lot_harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    assert await lots_of(harness, request.order) == {("L1", "SHIPPED", 4, shipment), ("L1", "ALLOCATED", 2, "")}
    await harness.handle(
        corrected(lot_harness, request, 3, status="SHIPPED", shipment=shipment, customer="C-1"),
        corrected(lot_harness, request, 1, status="ALLOCATED", location="EAST/A-1"),
    )
    assert await lots_of(harness, request.order) == {
        ("L1", "SHIPPED", 1, shipment), ("L9", "SHIPPED", 3, shipment),
        ("L1", "ALLOCATED", 1, ""), ("L9", "ALLOCATED", 1, ""),
    }  # fmt: skip
    rows = await harness.fetch_all(
        "SELECT * FROM order_log WHERE action = 'LOT_CORRECTED' AND order_id = :order", order=request.order
    )
    assert [(row["detail"]["from_lot"], row["detail"]["stock"][0]["lot"]) for row in rows] == [("L1", "L9")] * 2


async def test_goods_on_hold_under_the_right_number_leave_the_order(harness: FulfillmentHarness) -> None:
    """Allocated goods that are on hold under their right number are released under it and replaced (S28)."""
    lot_harness = await LotHarness(harness).define_reference_data()
    request = await lot_harness.place_order("SO", 2)
    await harness.handle(lot_harness.lot_allocated(request, ("L1", 2)))
    await harness.handle(corrected(lot_harness, request, 2, status="ALLOCATED", location="EAST/A-1", on_hold=True))
    (released,) = harness.events_of(OrderLotsDeallocated)
    assert [(lot.lot, lot.quantity) for lot in released.lots] == [("L9", Decimal(2))]
    (replacement,) = harness.events_of(AllocationRequested)
    assert replacement.quantity == 2
    assert await lots_of(harness, request.order) == set()
