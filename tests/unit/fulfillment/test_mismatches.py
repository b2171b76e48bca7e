"""Amendments after the pick: picked items that do not match block the dispatch until they are unpicked (S11)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    LotSelector,
    PackItems,
    PickItems,
    UnitSelector,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested, OrderDispatched
from shared.contracts.problems import Code
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.serials import SerialDispatchApproved
from shared.contracts.upstream import Customer, OrderAmended, OrderCancelled, OrderLine
from tests.unit.fulfillment.in_memory import LOT, NOW, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import TODAY, events_of, lot_allocated
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated

REQUEST = DispatchShipment(shipment="SH", orders=["SO-1"])


def picked_units(*serials: str, listed: tuple[str, ...] = (), packed: bool = True) -> InMemoryFulfillment:
    """An order with picked units of A, optionally packed into a shipment."""
    fulfillment = InMemoryFulfillment()
    line = order_line("1", quantity=len(serials), serials=listed)
    for request in allocation_requests(fulfillment.handle(order_placed(line))):
        allocated = request.serials or [serial for serial in serials if serial not in listed]
        fulfillment.handle(serial_allocated(request, *allocated))
    fulfillment.handle(PickItems(order="SO-1", units=scanned(*serials), location="EAST/STAGE"))
    if packed:
        fulfillment.handle(PackItems(order="SO-1", carton="CT", units=scanned(*serials)))
        fulfillment.handle(CreateShipment(shipment="SH", orders=["SO-1"], cartons=["CT"]))
    return fulfillment


def picked_lots(*quantities: tuple[str, int], packed: bool = True, expiry: Any = None) -> InMemoryFulfillment:
    """An order with picked quantities of lots of M, optionally packed into a shipment."""
    fulfillment = InMemoryFulfillment()
    fulfillment.products["M"] = LOT
    ordered = sum(quantity for _, quantity in quantities)
    (request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", ordered))))
    fulfillment.handle(
        lot_allocated(request, *((lot, "EAST/A-1", quantity) for lot, quantity in quantities), expiry=expiry)
    )
    stock = [LotSelector(sku="M", lot=lot, quantity=Decimal(quantity)) for lot, quantity in quantities]
    fulfillment.handle(PickItems(order="SO-1", stock=stock, location="EAST/STAGE"))
    if packed:
        fulfillment.handle(PackItems(order="SO-1", carton="CT", stock=stock))
        fulfillment.handle(CreateShipment(shipment="SH", orders=["SO-1"], cartons=["CT"]))
    return fulfillment


def scanned(*serials: str) -> list[UnitSelector]:
    """Selectors of units of A."""
    return [UnitSelector(sku="A", serial=serial) for serial in serials]


def unpick(*serials: str, lots: tuple[tuple[str, int], ...] = ()) -> UnpickItems:
    """An unpick of units of A, and of lots of M."""
    stock = [LotSelector(sku="M", lot=lot, quantity=Decimal(quantity)) for lot, quantity in lots]
    return UnpickItems(order="SO-1", units=scanned(*serials), stock=stock, location="EAST/A-1", reason="not wanted")


def amend(fulfillment: InMemoryFulfillment, *lines: dict[str, Any], **fields: Any) -> list[tuple[str, str | None]]:
    """Amend the order; return the number and carton of each item that the answer names."""
    defaults = {"line": "1", "sku": "A", "quantity": 1}
    order_lines = [OrderLine.model_validate(defaults | line) for line in lines]
    fulfillment.handle(OrderAmended(order="SO-1", lines=order_lines, **fields))
    assert not fulfillment.violations
    body: Any = fulfillment.results[0].body
    assert all(item.reason for item in body.mismatched)
    return [(item.serial or item.lot or "", item.carton) for item in body.mismatched]


def approval(request: DispatchCheckRequested) -> SerialDispatchApproved:
    """The approval of a dispatch check."""
    return SerialDispatchApproved(
        sku="A", check_id=request.check_id, shipment=request.shipment, order=request.order, orders=request.orders,
        valid_until=NOW + timedelta(minutes=15), serials=[unit.serial for unit in request.units],
    )  # fmt: skip


def requested(events: list[Message]) -> list[tuple[int, list[str], list[str]]]:
    """Quantity, serial numbers and lots of the allocation requests."""
    return [(int(event.quantity), event.serials, event.lots) for event in events_of(events, AllocationRequested)]


def test_another_serial_after_the_pick_blocks_packing_and_dispatch() -> None:
    """The answer names the picked unit; it is unpicked, and the line requests the serial that it names."""
    fulfillment = picked_units("E1", listed=("E1",), packed=False)
    assert amend(fulfillment, {"serials": ["E2"]}) == [("E1", None)]
    assert fulfillment.uow.units["A", "E1"].mismatch == "line 1 names E2"
    pack = PackItems(order="SO-1", carton="CT", units=scanned("E1"))
    assert fulfillment.rejection_codes(pack) == [Code.NOT_AS_ORDERED]
    assert requested(fulfillment.handle(unpick("E1"))) == [(1, ["E2"], [])]
    assert not fulfillment.violations


def test_packed_items_block_the_dispatch_until_they_are_put_back() -> None:
    """A packed item that does not match stops its shipment; after the unpick the shipment leaves."""
    fulfillment = picked_units("E1", "E2", listed=("E1", "E2"))
    assert amend(fulfillment, {"quantity": 2, "serials": ["E1", "E3"]}) == [("E2", "CT")]
    assert fulfillment.rejection_codes(REQUEST) == [Code.NOT_AS_ORDERED]
    assert requested(fulfillment.handle(unpick("E2"))) == [(1, ["E3"], [])]
    (check,) = events_of(fulfillment.handle(REQUEST), DispatchCheckRequested)
    assert events_of(fulfillment.handle(approval(check)), OrderDispatched)


@pytest.mark.parametrize("back", [False, True])
def test_amendment_ends_a_requested_dispatch_check(back: bool) -> None:
    """An approval of the previous wish dispatches nothing; amended back, the next check does."""
    fulfillment = picked_units("E1", listed=("E1",))
    (check,) = events_of(fulfillment.handle(REQUEST), DispatchCheckRequested)
    amend(fulfillment, {"serials": ["E2"]})
    if back:
        assert amend(fulfillment, {"serials": ["E1"]}) == []
    assert not events_of(fulfillment.handle(approval(check)), OrderDispatched)
    assert fulfillment.uow.checks[check.check_id].status == "CANCELLED"
    checks = events_of(fulfillment.handle(REQUEST), DispatchCheckRequested)
    assert len(checks) == back
    for request in checks:
        assert events_of(fulfillment.handle(approval(request)), OrderDispatched)


def test_amendment_before_the_pick_takes_the_unit_off_the_pick_list() -> None:
    """Whichever of amendment and pick arrives first, the unit that is not wanted does not leave."""
    fulfillment = InMemoryFulfillment()
    (request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", serials=("E1",)))))
    fulfillment.handle(serial_allocated(request, "E1"))
    assert amend(fulfillment, {"serials": ["E2"]}) == []
    pick = PickItems(order="SO-1", units=scanned("E1"), location="EAST/STAGE")
    assert fulfillment.rejection_codes(pick) == [Code.NOT_ON_PICK_LIST]


def test_partly_named_line_keeps_as_many_others_as_it_has_room_for() -> None:
    """Of two unlisted units one takes the place of the named one; either may be unpicked."""
    fulfillment = picked_units("E3", "E4")
    assert amend(fulfillment, {"quantity": 2, "serials": ["E1"]}) == [("E4", "CT")]
    assert requested(fulfillment.handle(unpick("E3"))) == [(1, ["E1"], [])]
    assert fulfillment.uow.units["A", "E4"].mismatch == ""


def test_raised_quantity_makes_room_again() -> None:
    """The unit matches again, and the named serial is requested for the added quantity."""
    fulfillment = picked_units("E3", "E4")
    amend(fulfillment, {"quantity": 2, "serials": ["E1"]})
    fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("1", quantity=3, serials=("E1",))]))
    assert requested(fulfillment.uow.emitted) == [(1, ["E1"], [])]
    assert not any(unit.mismatch for unit in fulfillment.uow.units)


def test_other_lots_after_the_pick_block_the_dispatch() -> None:
    """A lot that the line does not allow is put back, then the line requests the lots that it allows."""
    fulfillment = picked_lots(("L1", 2), ("L2", 1))
    assert amend(fulfillment, {"sku": "M", "quantity": 3, "lots": ["L2", "L3"]}) == [("L1", "CT")]
    assert fulfillment.rejection_codes(REQUEST) == [Code.NOT_AS_ORDERED]
    assert requested(fulfillment.handle(unpick(lots=(("L1", 2),)))) == [(2, [], ["L2", "L3"])]
    assert events_of(fulfillment.handle(REQUEST), DispatchCheckRequested)


@pytest.mark.parametrize(("unpicked", "kept"), [(("L1", 1), "L2"), (("L2", 2), "L1")])
def test_single_lot_after_the_pick_keeps_one_lot(unpicked: tuple[str, int], kept: str) -> None:
    """The lot with less is named; whichever lot is put back, the line requests more of the other one."""
    fulfillment = picked_lots(("L1", 1), ("L2", 2))
    assert amend(fulfillment, {"sku": "M", "quantity": 3, "single_lot": True}) == [("L1", "CT")]
    assert fulfillment.rejection_codes(REQUEST) == [Code.NOT_AS_ORDERED]
    assert requested(fulfillment.handle(unpick(lots=(unpicked,)))) == [(unpicked[1], [], [kept])]
    assert not any(lot.mismatch for lot in fulfillment.uow.lots)


def test_single_lot_after_a_partial_shipment_keeps_the_shipped_lot() -> None:
    """What is picked of another lot than the shipped one is named, and the rest is requested of the shipped lot."""
    fulfillment = picked_lots(("L1", 1), ("L2", 2), packed=False)
    line = fulfillment.uow.lines["SO-1", "1"]
    (shipped,) = [lot for lot in fulfillment.uow.lots if lot.lot == "L1"]
    shipped.status, shipped.shipment, line.picked, line.shipped = "SHIPPED", "SH-0", Decimal(2), Decimal(1)
    assert amend(fulfillment, {"sku": "M", "quantity": 3}) == []  # saves the shipped item
    assert amend(fulfillment, {"sku": "M", "quantity": 3, "single_lot": True}) == [("L2", None)]
    assert requested(fulfillment.handle(unpick(lots=(("L2", 2),)))) == [(2, [], ["L1"])]


@pytest.mark.parametrize("fields", [{"min_remaining_shelf_life_days": 30}, {"customer": Customer(id="C-30")}])
def test_more_shelf_life_after_the_pick_is_named_and_checked_at_dispatch(fields: dict[str, Any]) -> None:
    """The answer names the goods; a requested check knows the previous rule, and the next one the changed rule."""
    fulfillment = picked_lots(("L1", 2), expiry=TODAY + timedelta(days=10))
    customers = [{"customer": "C-30", "min_remaining_shelf_life_days": 30}]
    fulfillment.products["M"] = Product("LOT", shelf_life=ShelfLifePolicy.model_validate({"customers": customers}))
    version = fulfillment.uow.orders["SO-1"].packing_version
    assert amend(fulfillment, **fields) == [("L1", "CT")]
    assert fulfillment.uow.orders["SO-1"].packing_version > version
    (check,) = events_of(fulfillment.handle(REQUEST), DispatchCheckRequested)
    assert (check.customer, check.min_remaining_shelf_life_days) == (
        fields["customer"].id if "customer" in fields else "C", fields.get("min_remaining_shelf_life_days", 0),
    )  # fmt: skip


def test_cancellation_names_the_picked_items() -> None:
    """The answer lists what is to be unpicked."""
    fulfillment = picked_units("E1")
    fulfillment.handle(OrderCancelled(order="SO-1"))
    body: Any = fulfillment.results[0].body
    assert [(item.serial, item.carton, item.reason) for item in body.mismatched] == [
        ("E1", "CT", "line 1 is cancelled")
    ]
    assert requested(fulfillment.handle(unpick("E1"))) == []


def test_quantity_below_picked_is_rejected() -> None:
    """A smaller quantity needs an unpick first; nothing of the amendment is applied."""
    fulfillment = picked_units("E1", "E2")
    amendment = OrderAmended(order="SO-1", lines=[order_line("1", quantity=1, serials=("E9",))])
    assert fulfillment.rejection_codes(amendment) == [Code.QUANTITY_BELOW_PICKED]
    assert not any(unit.mismatch for unit in fulfillment.uow.units)
