"""Expiry dates, holds and rejected checks prevent picks and dispatches of lots; on a real database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, UnpickItems
from shared.contracts.fulfillment import (
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.lots import (
    AffectedLot,
    LotDispatchRejected,
    LotHoldPlaced,
    LotHoldReleased,
    RejectedLot,
)
from shared.contracts.problems import Code
from shared.contracts.product_attributes import CustomerShelfLife
from shared.contracts.quantities import PackedLot
from shared.persistence.database import Transaction
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.messages.reference import location_changed, warehouse_changed


def lot_hold_placed(lot_harness: LotHarness, demand_id: str, lot: str) -> LotHoldPlaced:
    """A hold on a lot that is allocated to the first order."""
    affected = AffectedLot(
        order=lot_harness.harness.scoped_id("SO-1"), line="1", demand_id=demand_id, lot=lot, quantity=Decimal(1)
    )
    return LotHoldPlaced(
        sku=lot_harness.sku, lot=lot, hold_id=lot_harness.harness.scoped_id("H"), reason="recall", stock=[affected]
    )


SAME_CUSTOMER_POLICY = {"customers": [CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=30)]}
OTHER_CUSTOMER_POLICY = {"customers": [CustomerShelfLife(customer="C-2", min_remaining_shelf_life_days=30)]}


@pytest.mark.parametrize(
    "case",
    [
        ("2030-03-31T22:00:00Z", {}, 0, Code.EXPIRED),
        ("2030-03-23T23:00:00Z", {"stop_allocation_days": 8}, 0, Code.INSUFFICIENT_SHELF_LIFE),
        ("2030-03-01T23:00:00Z", SAME_CUSTOMER_POLICY, 9, Code.INSUFFICIENT_SHELF_LIFE),
        ("2030-03-21T23:00:00Z", OTHER_CUSTOMER_POLICY, 10, Code.INSUFFICIENT_SHELF_LIFE),
    ],
)
@pytest.mark.parametrize("before_limit", [True, False])
async def test_pick_accepts_stock_until_its_last_second(
    lot_harness: LotHarness,
    monkeypatch: pytest.MonkeyPatch,
    before_limit: bool,
    case: tuple[str, dict[str, Any], int, Code],
) -> None:
    """Stock is valid until midnight in the time zone of the warehouse, in winter and summer (S28).

    Rejected stock is released in the same transaction and requested again.
    """
    harness, (valid_until, shelf_life, min_days, code) = lot_harness.harness, case
    await harness.handle(lot_harness.product_changed(version=2, **shelf_life))
    request = await lot_harness.place_order("SO-1", 2, min_remaining_shelf_life_days=min_days)
    await harness.handle(lot_harness.lot_allocated(request, ("L1", 2), expiry=date(2030, 3, 31)))
    pick_time = datetime.fromisoformat(valid_until) - timedelta(seconds=before_limit)
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: pick_time))
    result = await harness.handle_command(lot_harness.pick_command("SO-1", ("L1", 1)))
    assert [violation.code for violation in result.violations] == ([] if before_limit else [code])
    assert [event.reallocate for event in harness.events_of(OrderLotsDeallocated)] == ([] if before_limit else [True])
    assert len(harness.events_of(OrderLotsPicked)) == before_limit


async def test_expiry_follows_the_warehouse_time_zone(lot_harness: LotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lot may be expired in one warehouse and valid for hours in another (S28)."""
    harness = lot_harness.harness
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: datetime(2030, 4, 1, 8, tzinfo=UTC)))
    for zone, codes in (("Pacific/Kiritimati", ["expired"]), ("Pacific/Niue", [])):
        warehouse = harness.scoped_id(zone[8:]).replace("/", "")
        await harness.handle(
            warehouse_changed(warehouse, zone),
            location_changed(f"{warehouse}/STAGE", "STAGING"),
        )
        request = await lot_harness.place_order(zone, 1, warehouse=warehouse)
        await harness.handle(
            lot_harness.lot_allocated(request, ("L1", 1), expiry=date(2030, 3, 31), location=f"{warehouse}/A")
        )
        pick = lot_harness.pick_command(zone, ("L1", 1)).model_copy(update={"location": f"{warehouse}/STAGE"})
        assert [str(violation.code) for violation in (await harness.handle_command(pick)).violations] == codes


async def test_hold_after_pick_blocks_packing_and_dispatch(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """A lot hold blocks packing and dispatch until its release; unpicked stock is requested again (S28)."""
    request = await lot_harness.allocate_order("SO-1", ("L1", 2))
    await harness.handle(lot_harness.pick_command("SO-1", ("L1", 1)))
    await harness.handle(lot_hold_placed(lot_harness, request.demand_id, "L1"))
    (deallocated,) = harness.events_of(OrderLotsDeallocated)
    assert ([float(part.quantity) for part in deallocated.lots], deallocated.reallocate) == ([1], True)
    assert await harness.rejection_codes(lot_harness.pack_command("SO-1", "C-1", ("L1", 1))) == [Code.ON_HOLD]
    (lot_row,) = (await http.get(f"/orders/{harness.scoped_id('SO-1')}")).json()["stock"]
    assert (lot_row["status"], lot_row["holds"]) == ("PICKED", ["recall"])
    await harness.handle(
        LotHoldReleased(sku=lot_harness.sku, lot="L1", hold_id=harness.scoped_id("H"), reason="released")
    )
    await harness.handle(lot_harness.pack_command("SO-1", "C-1", ("L1", 1)))
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(lot_hold_placed(lot_harness, request.demand_id, "L1"))
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH"))) == [Code.ON_HOLD]
    unpick = UnpickItems(
        order=harness.scoped_id("SO-1"),
        stock=lot_harness.lot_selectors(("L1", 1)),
        location="EAST/A-1",
        reason="on hold",
    )
    await harness.handle(unpick)
    assert [event.reallocate for event in harness.events_of(OrderLotsUnpicked)] == [True]


async def test_hold_on_two_cartons_is_logged_once(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """The order log has one entry with the total held quantity of a lot (S22)."""
    request = await lot_harness.allocate_order("SO-1", ("L1", 2))
    await harness.handle(lot_harness.pick_command("SO-1", ("L1", 2)))
    await harness.handle(
        lot_harness.pack_command("SO-1", "C-1", ("L1", 1)), lot_harness.pack_command("SO-1", "C-2", ("L1", 1))
    )
    await harness.handle(lot_hold_placed(lot_harness, request.demand_id, "L1"))
    query = "SELECT detail -> 'stock' -> 0 ->> 'quantity' AS quantity FROM order_log WHERE order_id = :order"
    rows = await harness.fetch_all(f"{query} AND action = 'HOLD_PLACED'", order=harness.scoped_id("SO-1"))
    assert [row["quantity"] for row in rows] == ["2"]


async def test_hold_during_dispatch_check_rejects_it(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """A hold placed after the approval rejects the check by the local copy of the hold (S28)."""
    path, request = await lot_harness.request_dispatch("SO-1", ("L1", 2))
    (row,) = await harness.fetch_all(
        "SELECT demand_id FROM allocated_lot WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )
    await harness.handle(lot_hold_placed(lot_harness, row["demand_id"], "L1"))
    await harness.handle(*lot_harness.approvals_for(request))
    assert not harness.events_of(OrderDispatched)
    outcome = (await http.get(path)).json()
    assert (outcome["status"], [(problem["code"], problem["lot"]) for problem in outcome["reasons"]]) == (
        "REJECTED",
        [("on_hold", "L1")],
    )


async def test_expired_lot_fails_the_dispatch_check(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """The dispatch check shows the reasons; the unpicked quantity is requested again (S28)."""
    path, (request,) = await lot_harness.request_dispatch("SO-1", ("L1", 1), ("L2", 2))
    rejected = RejectedLot(
        line="1", sku=lot_harness.sku, lot="L1", quantity=Decimal(1), code="expired", detail="on 2030-01-01"
    )
    fields = {
        "sku": lot_harness.sku,
        "check_id": request.check_id,
        "shipment": request.shipment,
        "order": request.order,
    }
    await harness.handle(LotDispatchRejected(**fields, orders=request.orders, stock=[rejected]))
    outcome = (await http.get(path)).json()
    assert outcome["status"] == "REJECTED"
    assert outcome["reasons"] == [
        {"code": "expired", "detail": "on 2030-01-01", "sku": lot_harness.sku, "serial": "", "lot": "L1"}
    ]
    await harness.handle(*lot_harness.approvals_for([request]))
    assert not harness.events_of(OrderDispatched)
    unpick = UnpickItems(
        order=harness.scoped_id("SO-1"),
        stock=lot_harness.lot_selectors(("L1", 1)),
        location="EAST/A-1",
        reason="expired",
    )
    await harness.handle(unpick)
    assert [event.reallocate for event in harness.events_of(OrderLotsUnpicked)] == [True]


async def test_approval_of_other_quantities_is_a_conflict(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """An approval of another quantity, lot or line is ignored."""
    _, (request,) = await lot_harness.request_dispatch("SO-1", ("L1", 2))
    (approval,) = lot_harness.approvals_for([request])
    for wrong in ({"quantity": Decimal(1)}, {"lot": "L2"}, {"line": "2"}):
        part = PackedLot.model_validate(request.stock[0].model_dump() | wrong)
        await harness.handle(approval.model_copy(update={"stock": [part]}))
        assert not harness.events_of(OrderDispatched)
    await harness.handle(approval)
    assert harness.events_of(OrderDispatched)


@pytest.mark.usefixtures("lot_harness")
async def test_expired_unit_is_rejected_at_pick(harness: FulfillmentHarness) -> None:
    """An expired unit is rejected, released and requested again."""
    request = await harness.place_order("SO-1", 1)
    allocation = harness.serial_allocated(request, ["S1"])
    yesterday = Transaction.clock().date() - timedelta(days=2)
    unit = allocation.allocated[0].model_copy(update={"expiry": yesterday})
    await harness.handle(allocation.model_copy(update={"allocated": [unit]}))
    result = await harness.handle_command(harness.pick_command("SO-1", "S1"))
    assert [violation.code for violation in result.violations] == [Code.EXPIRED]
    assert not await harness.fetch_all(
        "SELECT 1 FROM allocated_unit WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )
