"""Checks at the pick: local date, remaining shelf life and holds; effects of holds on orders."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shared.contracts.commands.fulfillment import PickItems, UnitSelector
from shared.contracts.fulfillment import (
    OrderLotsDeallocated,
    OrderSerialsDeallocated,
)
from shared.contracts.lots import AffectedLot, LotHoldPlaced, LotHoldReleased
from shared.contracts.problems import Code
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.contracts.serials import AllocatedUnit, SerialAllocated
from tests.unit.fulfillment.in_memory import LOT, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    TODAY,
    allocated_lots,
    events_of,
    lot_allocated,
    lot_quantities,
    lot_selector,
    pick_command,
    stocked_fulfillment,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """A partially allocated order of lots."""
    return stocked_fulfillment()


@pytest.mark.parametrize(
    ("days_left", "min_days", "code"),
    [
        (0, (0, 0, 0), None),
        (-1, (0, 0, 0), Code.EXPIRED),
        (5, (5, 0, 0), None),
        (4, (5, 0, 0), Code.INSUFFICIENT_SHELF_LIFE),
        (30, (0, 30, 0), None),
        (29, (0, 30, 0), Code.INSUFFICIENT_SHELF_LIFE),
        (30, (0, 10, 30), None),
        (29, (0, 10, 30), Code.INSUFFICIENT_SHELF_LIFE),
    ],
)
@pytest.mark.parametrize("sku", ["M", "A"])
def test_shelf_life_limits_at_pick(sku: str, days_left: int, min_days: tuple[int, int, int], code: Code | None) -> None:
    """Stock is valid through its last day; later it is rejected, released and requested again (S28)."""
    stop_allocation_days, customer_days, order_days = min_days
    fulfillment = InMemoryFulfillment(("A",))
    fulfillment.products["M"] = LOT
    policy = ShelfLifePolicy(
        stop_allocation_days=stop_allocation_days,
        customers=[CustomerShelfLife(customer="C", min_remaining_shelf_life_days=customer_days)],
    )
    fulfillment.products[sku] = fulfillment.products[sku]._replace(shelf_life=policy)
    (demand,) = allocation_requests(
        fulfillment.handle(order_placed(order_line("1", sku, 1), min_remaining_shelf_life_days=order_days))
    )
    expiry = TODAY + timedelta(days=days_left)
    if sku == "M":
        fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 1), expiry=expiry))
        command = pick_command(lot_selector("L1", 1))
    else:
        unit = AllocatedUnit(serial="S1", location="EAST/A-1", expiry=expiry)
        fulfillment.handle(
            SerialAllocated(
                sku="A", demand_id=demand.demand_id, order="SO-1", line="1", allocated=[unit], open_quantity=0
            )
        )
        command = PickItems(order="SO-1", units=[UnitSelector(sku="A", serial="S1")], location="EAST/STAGE")
    events = fulfillment.handle(command)
    assert [violation.code for violation in fulfillment.violations] == ([code] if code else [])
    reallocate_flags = [
        event.reallocate for event in events if isinstance(event, OrderLotsDeallocated | OrderSerialsDeallocated)
    ]
    assert reallocate_flags == ([True] if code else [])


def test_stock_on_hold_is_not_picked(fulfillment: InMemoryFulfillment) -> None:
    """Stock on hold is rejected, released and requested again, even if the hold did not list the order (S28)."""
    fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", location="EAST/A-2", hold_id="H1", reason="wet", stock=[]))
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1))) == []
    fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", location="EAST/A-1", hold_id="H2", reason="wet", stock=[]))
    events = fulfillment.handle(pick_command(lot_selector("L1", 1), lot_selector("L2", 1)))
    assert [violation.code for violation in fulfillment.violations] == [Code.ON_HOLD]
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate) == ([("L1", "EAST/A-1", 3.0)], True)
    assert allocated_lots(fulfillment) == [("L1", "PICKED", "1"), ("L2", "ALLOCATED", "2.5"), ("L2", "PICKED", "1")]


def test_undefined_warehouse_blocks_picks_of_dated_stock(fulfillment: InMemoryFulfillment) -> None:
    """Stock with an expiry date is not picked until the local date of the warehouse is known (S28)."""
    fulfillment.uow.local_dates.clear()
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1))) == [Code.WAREHOUSE_NOT_FOUND]
    assert ("L1", "ALLOCATED", "4") in allocated_lots(fulfillment)


def test_lot_hold_deallocates_unpicked_quantity(fulfillment: InMemoryFulfillment) -> None:
    """Unpicked stock is released and requested again; picked stock remains and is marked as held."""
    fulfillment.handle(pick_command(lot_selector("L1", 1)))
    affected = [AffectedLot(order="SO-1", line="1", demand_id="D1", lot="L1", quantity=Decimal(4))]
    events = fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", hold_id="H", reason="recall", stock=affected))
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate) == ([("L1", "EAST/A-1", 3.0)], True)
    (lot,) = [lot for lot in fulfillment.uow.lots if lot.lot == "L1"]
    assert (lot.status, lot.on_hold) == ("PICKED", True)
    fulfillment.handle(LotHoldReleased(sku="M", lot="L1", hold_id="H", reason="released"))
    fulfillment.handle(pick_command(lot_selector("L2", 1)))
    assert not lot.on_hold


def test_location_hold_affects_only_that_location(fulfillment: InMemoryFulfillment) -> None:
    """A hold at one location does not affect picked stock or stock at other locations."""
    fulfillment.handle(pick_command(lot_selector("L1", 1)))
    affected = [AffectedLot(order="SO-1", line="1", demand_id="D1", lot="L1", quantity=Decimal(3), location="EAST/A-1")]
    for location, expected_count in (("EAST/A-9", 0), ("EAST/A-1", 1)):
        events = fulfillment.handle(
            LotHoldPlaced(sku="M", lot="L1", location=location, hold_id=location, reason="wet", stock=affected)
        )
        assert len(events_of(events, OrderLotsDeallocated)) == expected_count
    assert allocated_lots(fulfillment) == [("L1", "PICKED", "1"), ("L2", "ALLOCATED", "3.5")]
