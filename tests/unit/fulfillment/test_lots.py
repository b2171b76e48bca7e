"""Order lines of lot-tracked and untracked products: allocations, picks, unpicks and swaps."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.commands.fulfillment import PickItems, ReportShortPick, SwapLot, UnitSelector, UnpickItems
from shared.contracts.fulfillment import (
    AllocationCancelled,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderRejected,
)
from shared.contracts.lots import AllocatedLot, LotAllocated, SkippedLots
from shared.contracts.problems import Code
from shared.contracts.upstream import Customer, OrderAmended, OrderCancelled
from tests.unit.fulfillment.in_memory import InMemoryFulfillment
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


def test_demand_carries_lots_and_minimum_shelf_life(fulfillment: InMemoryFulfillment) -> None:
    """A demand has the lots, the single-lot flag, the minimum shelf life and a fractional quantity (S27)."""
    criteria_line = order_line("1", "M", "1.25").model_copy(update={"lots": ["L7", "007"], "single_lot": True})
    (demand,) = allocation_requests(
        fulfillment.handle(order_placed(criteria_line, order_id="SO-2", min_remaining_shelf_life_days=30))
    )
    assert (demand.lots, demand.single_lot, demand.min_remaining_shelf_life_days) == (["L7", "007"], True, 30)
    assert (demand.quantity, demand.tracking) == (Decimal("1.25"), "LOT")


@pytest.mark.parametrize("sku", ["A", "N"])
def test_lots_cannot_be_requested_of_products_without_lots(fulfillment: InMemoryFulfillment, sku: str) -> None:
    """Lot criteria for serial-tracked or untracked products reject an order and an amendment."""
    criteria_line = order_line("1", sku).model_copy(update={"lots": ["L1"]})
    assert fulfillment.rejection_codes(order_placed(criteria_line, order_id="SO-2")) == [Code.NOT_LOT_TRACKED]
    fulfillment.handle(order_placed(order_line("1", sku), order_id="SO-2"))
    amended = OrderAmended(order="SO-2", lines=[criteria_line])
    assert fulfillment.rejection_codes(amended) == [Code.NOT_LOT_TRACKED]


def test_allocation_records_lots_and_skipped_stock(fulfillment: InMemoryFulfillment) -> None:
    """The allocated quantity and the skipped lots with their reasons are recorded (S08, S27)."""
    (request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 5), order_id="SO-2")))
    skipped = [SkippedLots(lot="L0", quantity=Decimal("2.50"), reason="expired")]
    events = fulfillment.handle(lot_allocated(request, ("L3", "EAST/A-3", 2), open_quantity=3, skipped=skipped))
    assert not events_of(events, OrderRejected)
    demand = fulfillment.uow.demands.get(request.demand_id)
    assert demand is not None
    assert (int(demand.allocated_total), demand.skipped_summary) == (2, "2.5 of M lot L0 expired")


def test_overallocation_is_a_conflict(fulfillment: InMemoryFulfillment) -> None:
    """A line is never allocated more than ordered."""
    demand = next(iter(fulfillment.uow.demands))
    allocation = LotAllocated(
        sku="M", demand_id=demand.demand_id, order="SO-1", line="1", open_quantity=Decimal(0),
        allocated=[AllocatedLot(lot="L3", location="EAST/A-1", quantity=Decimal("2.500001"))],
    )  # fmt: skip
    (rejection,) = fulfillment.handle(allocation)
    assert isinstance(rejection, OrderRejected)
    assert allocated_lots(fulfillment) == [("L1", "ALLOCATED", "4"), ("L2", "ALLOCATED", "3.5")]


def test_allocation_for_a_cancelled_demand_changes_nothing(fulfillment: InMemoryFulfillment) -> None:
    """The lots service releases the quantities itself (S11)."""
    demand = next(iter(fulfillment.uow.demands))
    events = fulfillment.handle(OrderCancelled(order="SO-1"))
    assert [event.demand_id for event in events_of(events, AllocationCancelled)] == [demand.demand_id]
    assert allocated_lots(fulfillment) == []
    allocation = LotAllocated(
        sku="M", demand_id=demand.demand_id, order="SO-1", line="1", open_quantity=Decimal(0),
        allocated=[AllocatedLot(lot="L3", location="EAST/A-1", quantity=Decimal(1))],
    )  # fmt: skip
    assert fulfillment.handle(allocation) == []


def test_partial_lot_quantity_is_picked(fulfillment: InMemoryFulfillment) -> None:
    """Allocated lots are split and merged; the event contains the source location (S20)."""
    for quantity in ("1", "0.5"):
        events = fulfillment.handle(pick_command(lot_selector("L1", quantity)))
        (picked,) = events_of(events, OrderLotsPicked)
        assert (lot_quantities(picked), picked.location) == ([("L1", "EAST/A-1", float(quantity))], "EAST/STAGE")
    assert allocated_lots(fulfillment) == [
        ("L1", "ALLOCATED", "2.5"),
        ("L1", "PICKED", "1.5"),
        ("L2", "ALLOCATED", "3.5"),
    ]
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 2), lot_selector("L1", "0.5"))) == []
    assert allocated_lots(fulfillment) == [("L1", "PICKED", "4"), ("L2", "ALLOCATED", "3.5")]


def test_wrong_lot_is_rejected_with_the_lot_to_take(fulfillment: InMemoryFulfillment) -> None:
    """A wrong lot, a missing lot or too large a quantity is rejected with suggested lots (S02, S20)."""
    for wrong in ("L9", "", "L-1", "01"):
        assert fulfillment.rejection_codes(pick_command(lot_selector(wrong, 1))) == [Code.NOT_ON_PICK_LIST]
        assert fulfillment.violations[0].suggested == ["L1", "L2"]
    assert "EAST/A-1" in fulfillment.violations[0].detail
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", "4.000001"))) == [Code.INSUFFICIENT_STOCK]
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 3), lot_selector("L1", 3))) == [
        Code.INSUFFICIENT_STOCK
    ]
    fulfillment.handle(pick_command(lot_selector("L1", 1), lot_selector("L2", "3.5")))
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1, location="EAST/A-2"))) == [
        Code.ALREADY_PICKED
    ]
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1, sku="Q"))) == [Code.NOT_ON_PICK_LIST]
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1, line="9"))) == [Code.LINE_NOT_FOUND]


def test_pending_allocation_is_provisional(fulfillment: InMemoryFulfillment) -> None:
    """An order with an open demand and an empty pick list may have an allocation in flight."""
    fulfillment.handle(order_placed(order_line("1", "M", 1), order_id="SO-2"))
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1), order_id="SO-2")) == [Code.NOT_ON_PICK_LIST]
    assert fulfillment.violations[0].defer().code is Code.NOT_YET_AVAILABLE


def test_picks_must_match_the_product_tracking(fulfillment: InMemoryFulfillment) -> None:
    """Serial-tracked products are picked by serial number, lot-tracked ones by lot (S02)."""
    fulfillment.handle(order_placed(order_line("1", "A", 1), order_id="SO-2"))
    assert fulfillment.rejection_codes(pick_command(lot_selector("L1", 1, sku="A"), order_id="SO-2")) == [
        Code.SERIAL_TRACKED_PRODUCT
    ]
    serial_pick = PickItems(order="SO-1", units=[UnitSelector(sku="M", serial="S1")], location="EAST/STAGE")
    assert fulfillment.rejection_codes(serial_pick) == [Code.NOT_SERIAL_TRACKED]


def test_unpick_returns_a_partial_quantity(fulfillment: InMemoryFulfillment) -> None:
    """An unpicked quantity is requested again, unless the order is cancelled."""
    fulfillment.handle(pick_command(lot_selector("L1", 4)))
    unpick = UnpickItems(order="SO-1", stock=[lot_selector("L1", 1)], location="EAST/A-1", reason="torn")
    assert fulfillment.rejection_codes(unpick.model_copy(update={"reallocate": False})) == [Code.LINE_STILL_OPEN]
    (unpicked,) = events_of(fulfillment.handle(unpick), OrderLotsUnpicked)
    assert (lot_quantities(unpicked), unpicked.location, unpicked.reallocate) == (
        [("L1", "EAST/STAGE", 1.0)],
        "EAST/A-1",
        True,
    )
    fulfillment.handle(OrderCancelled(order="SO-1"))
    second_unpick = UnpickItems(
        order="SO-1", stock=[lot_selector("L1", 3)], location="EAST/A-1", reallocate=False, reason="cancelled"
    )
    assert [unpicked.reallocate for unpicked in events_of(fulfillment.handle(second_unpick), OrderLotsUnpicked)] == [
        False
    ]
    assert fulfillment.rejection_codes(second_unpick) == [Code.NOT_PICKED]


def test_swap_lot(fulfillment: InMemoryFulfillment) -> None:
    """A swap releases a quantity and requests the other lot; the remainder is requested from any lot."""
    events = fulfillment.handle(
        SwapLot(order="SO-1", stock=lot_selector("L1", 3), replacement="L5", reason="customer asked")
    )
    (deallocated,), (demand,) = events_of(events, OrderLotsDeallocated), allocation_requests(events)
    assert (lot_quantities(deallocated), deallocated.reallocate) == ([("L1", "EAST/A-1", 3.0)], False)
    assert (demand.lots, demand.shortfall, int(demand.quantity)) == (["L5"], "CANCEL", 3)
    events = fulfillment.handle(lot_allocated(demand, ("L5", "EAST/A-5", 2), open_quantity=1, final=True))
    (new_request,) = allocation_requests(events)
    assert (int(new_request.quantity), new_request.lots, new_request.shortfall) == (1, [], "BACKORDER")
    assert ("L5", "ALLOCATED", "2") in allocated_lots(fulfillment)


def test_fraction_of_an_indivisible_unit_is_rejected(fulfillment: InMemoryFulfillment) -> None:
    """Fractions are rejected, but the full allocated quantity can always be picked (S14, S20)."""
    fulfillment.products["M"] = Product("LOT", 0)
    for command in (
        SwapLot(order="SO-1", stock=lot_selector("L1", "0.5"), replacement="L5", reason="customer asked"),
        pick_command(lot_selector("L1", "0.5")),
        ReportShortPick(order="SO-1", stock=[lot_selector("L1", "0.5")], reason="missing"),
    ):
        assert fulfillment.rejection_codes(command) == [Code.QUANTITY_PRECISION]
    (request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 3), order_id="SO-2")))
    fulfillment.handle(lot_allocated(request, ("L9", "EAST/A-9", "1.5"), open_quantity=1))
    assert fulfillment.rejection_codes(pick_command(lot_selector("L9", 1), order_id="SO-2")) == []
    assert fulfillment.rejection_codes(pick_command(lot_selector("L9", "0.5"), order_id="SO-2")) == []


def test_customer_change_requests_allocation_again(fulfillment: InMemoryFulfillment) -> None:
    """A new customer requests the stock again; a new contact of the same customer changes nothing (S28)."""
    same_customer = Customer(id="C", contact="+1 555 0100")
    assert allocation_requests(fulfillment.handle(OrderAmended(order="SO-1", customer=same_customer))) == []
    events = fulfillment.handle(OrderAmended(order="SO-1", customer=Customer(id="BIG")))
    (demand,) = allocation_requests(events)
    assert (demand.customer, int(demand.quantity), len(events_of(events, AllocationCancelled))) == ("BIG", 10, 1)


def test_invalid_lot_swaps_are_rejected(fulfillment: InMemoryFulfillment) -> None:
    """Swaps for the same lot, too large, of picked stock or of cancelled orders are rejected."""

    def swap_codes(lot: str, quantity: int, replacement: str = "L5") -> list[str]:
        return fulfillment.rejection_codes(
            SwapLot(order="SO-1", stock=lot_selector(lot, quantity), replacement=replacement, reason="customer asked")
        )

    assert swap_codes("L1", 1, "L1") == [Code.UNIT_NOT_AVAILABLE]
    assert swap_codes("L1", 5) == [Code.INSUFFICIENT_STOCK]
    assert swap_codes("L9", 1) == [Code.NOT_ON_PICK_LIST]
    fulfillment.handle(pick_command(lot_selector("L1", 4), lot_selector("L2", "3.5")))
    assert swap_codes("L1", 1) == [Code.ALREADY_PICKED]
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert swap_codes("L1", 1) == [Code.ORDER_CANCELLED]


def test_single_lot_line_is_swapped_as_a_whole(fulfillment: InMemoryFulfillment) -> None:
    """A partial swap would mix lots and is rejected; a full swap is accepted (S27)."""
    criteria_line = order_line("1", "M", 5).model_copy(update={"single_lot": True})
    (demand,) = allocation_requests(fulfillment.handle(order_placed(criteria_line, order_id="SO-2")))
    fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 5)))
    partial_swap = SwapLot(order="SO-2", stock=lot_selector("L1", 2), replacement="L5", reason="customer asked")
    assert fulfillment.rejection_codes(partial_swap) == [Code.MIXED_LOTS_NOT_ALLOWED]
    (new_request,) = allocation_requests(
        fulfillment.handle(partial_swap.model_copy(update={"stock": lot_selector("L1", 5)}))
    )
    assert (new_request.lots, new_request.single_lot, int(new_request.quantity)) == (["L5"], True, 5)


def test_reduced_line_releases_the_latest_expiry(fulfillment: InMemoryFulfillment) -> None:
    """The lot with the latest expiry is split and released first (S27)."""
    (demand,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 5), order_id="SO-2")))
    fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 2), expiry=TODAY + timedelta(days=3), open_quantity=3))
    fulfillment.handle(lot_allocated(demand, ("L2", "EAST/A-2", 3)))
    events = fulfillment.handle(OrderAmended(order="SO-2", lines=[order_line("1", "M", "3.5")]))
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate) == ([("L2", "EAST/A-2", 1.5)], False)


def test_increased_single_lot_line_is_requested_as_a_whole(fulfillment: InMemoryFulfillment) -> None:
    """An unpicked line is requested again as a whole; after a pick, only the picked lot is requested."""
    single = {"single_lot": True}
    (demand,) = allocation_requests(
        fulfillment.handle(order_placed(order_line("1", "M", 2).model_copy(update=single), order_id="SO-2"))
    )
    fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 2)))
    events = fulfillment.handle(OrderAmended(order="SO-2", lines=[order_line("1", "M", 3).model_copy(update=single)]))
    (new_request,) = allocation_requests(events)
    assert (int(new_request.quantity), new_request.lots, len(events_of(events, AllocationCancelled))) == (3, [], 1)
    fulfillment.handle(lot_allocated(new_request, ("L2", "EAST/A-1", 3)))
    fulfillment.handle(pick_command(lot_selector("L2", 1), order_id="SO-2"))
    (last_request,) = allocation_requests(
        fulfillment.handle(OrderAmended(order="SO-2", lines=[order_line("1", "M", 4).model_copy(update=single)]))
    )
    assert (int(last_request.quantity), last_request.lots, last_request.single_lot) == (3, ["L2"], True)


def test_shelf_life_change_requests_allocation_again(fulfillment: InMemoryFulfillment) -> None:
    """Unpicked stock is requested again with the new minimum shelf life (S28)."""
    events = fulfillment.handle(OrderAmended(order="SO-1", min_remaining_shelf_life_days=200))
    (demand,) = allocation_requests(events)
    assert (
        int(demand.quantity),
        demand.min_remaining_shelf_life_days,
        len(events_of(events, AllocationCancelled)),
    ) == (10, 200, 1)
    assert allocated_lots(fulfillment) == []
