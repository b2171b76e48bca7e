"""Lot numbers in another case or with other blanks: the allocated lot is meant (S20, S25)."""

import pytest

from shared.contracts.commands.fulfillment import (
    MoveCartonItems,
    PackItems,
    ReportShortPick,
    SwapLot,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended
from tests.unit.fulfillment.in_memory import InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    allocated_lots,
    events_of,
    lot_allocated,
    lot_quantities,
    lot_selector,
    pick_command,
    stocked_fulfillment,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed

STORED, OTHER = "Lot 7/a", "lOT  7/A"


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """An order SO-2 of a line that lists a lot in another spelling; it is allocated."""
    fulfillment = stocked_fulfillment()
    line = order_line("1", "M", 5).model_copy(update={"lots": [OTHER]})
    (demand,) = allocation_requests(fulfillment.handle(order_placed(line, order_id="SO-2")))
    fulfillment.handle(lot_allocated(demand, (STORED, "EAST/A-3", 5)))
    return fulfillment


def test_every_command_takes_any_spelling(fulfillment: InMemoryFulfillment) -> None:
    """Picks, packs, moves between cartons, unpacks, unpicks and short picks mean the allocated lot."""
    selected = [lot_selector(OTHER, 4)]
    commands: tuple[Message, ...] = (
        pick_command(*selected, order_id="SO-2"),
        PackItems(order="SO-2", carton="CT-1", stock=selected),
        MoveCartonItems(order="SO-2", carton="CT-1", to_carton="CT-2", stock=selected),
        UnpackItems(order="SO-2", carton="CT-2", stock=selected),
        UnpickItems(order="SO-2", location="EAST/A-1", stock=selected, reason="wrong cart"),
    )
    for command in commands:
        assert fulfillment.rejection_codes(command) == [], command
        assert {lot for lot, *_ in allocated_lots(fulfillment)} <= {"L1", "L2", STORED}
    missing = ReportShortPick(order="SO-2", stock=[lot_selector(OTHER, 1, remaining=0)], reason="empty shelf")
    (deallocated,) = events_of(fulfillment.handle(missing), OrderLotsDeallocated)
    assert lot_quantities(deallocated) == [(STORED, "EAST/A-3", 1.0)]
    assert [lot.remaining for lot in deallocated.lots] == [0]


def test_line_that_lists_the_lot_in_another_spelling_is_dispatched_with_it(fulfillment: InMemoryFulfillment) -> None:
    """A picked lot is as ordered, and an amendment that only spells it in another way changes nothing."""
    fulfillment.handle(pick_command(lot_selector(OTHER, 5), order_id="SO-2"))
    line = order_line("1", "M", 5).model_copy(update={"lots": [STORED.upper()]})
    assert allocation_requests(fulfillment.handle(OrderAmended(order="SO-2", lines=[line]))) == []
    assert {lot.mismatch for lot in fulfillment.uow.lots} == {""}
    assert fulfillment.rejection_codes(PackItems(order="SO-2", carton="CT", stock=[lot_selector(OTHER, 5)])) == []


def test_swap_for_the_same_lot_is_refused(fulfillment: InMemoryFulfillment) -> None:
    """A lot cannot be swapped for itself, however it is spelled."""
    swap = SwapLot(order="SO-2", stock=lot_selector(STORED, 5), replacement=OTHER, reason="customer asked")
    assert fulfillment.rejection_codes(swap) == [Code.UNIT_NOT_AVAILABLE]


def test_spelling_of_several_lots_is_refused() -> None:
    """Of two allocated lots that differ only in case, each is picked by its exact number only."""
    fulfillment = stocked_fulfillment()
    (demand,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 6), order_id="SO-2")))
    fulfillment.handle(lot_allocated(demand, ("AB-1", "EAST/A-3", 3), ("ab-1", "EAST/A-4", 3)))
    assert fulfillment.rejection_codes(pick_command(lot_selector("Ab-1", 3), order_id="SO-2")) == [
        Code.NOT_ON_PICK_LIST
    ]
    assert fulfillment.violations[0].suggested == ["AB-1", "ab-1"]
    for _ in range(2):  # the second pick does not take the other lot
        fulfillment.handle(pick_command(lot_selector("ab-1", 3), order_id="SO-2"))
        picked = [lot for lot, status, _ in allocated_lots(fulfillment) if status == "PICKED"]
        assert picked == ["ab-1"]
