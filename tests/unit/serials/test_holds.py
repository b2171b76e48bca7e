"""Holds, and the check before a dispatch."""

from datetime import timedelta

from shared.contracts.commands.serials import Hold, Lift, PutAway
from shared.contracts.fulfillment import (
    UnitDeallocated,
)
from shared.contracts.serials import (
    DispatchApproved,
    DispatchRefused,
    SerialHeld,
)
from tests.unit.serials.making import (
    DAWN,
    SHELF,
    check,
    done,
    of,
    receive,
    want,
)
from tests.unit.serials.registry import codes, picked, stocked


def test_a_short_pick_is_held_and_replaced() -> None:
    """A unit that was not found goes back held, and its order gets another (S11)."""
    registry = stocked(2)
    registry.hear(want("D1", 1))
    registry.hear(UnitDeallocated(**of("D1", ["SN-1"]), again=True, reason="not found", hold="H-1"))
    assert registry.units["A-1", "SN-1"].holds == 1
    assert registry.units["A-1", "SN-2"].order == "SO-D1"
    assert registry.saying(SerialHeld)[0].hold == "H-1"
    registry.hear(Lift(sku="A-1", hold="H-1", reason="found behind the shelf"))
    assert registry.units["A-1", "SN-1"].free


def test_a_hold_stops_allocation_and_dispatch() -> None:
    """A held unit is neither allocated nor let go at the dispatch check; the order it is meant for is told."""
    registry = picked(1)
    registry.hear(receive(["SN-8"], version=1))
    registry.hear(PutAway(sku="A-1", serials=["SN-8"], location=SHELF))
    registry.hear(Hold(sku="A-1", serials=["SN-1", "SN-8"], hold="H-1", reason="suspicion"))
    [held] = [unit for it in registry.saying(SerialHeld) for unit in it.units if unit.serial == "SN-1"]
    assert (held.status, held.order, held.demand) == ("PICKED", "SO-D1", "D1")
    registry.hear(want("D2", 1))
    assert registry.status("SN-8") == "IN_INVENTORY"
    [verdict] = registry.hear(check(["SN-1"]))
    assert isinstance(verdict, DispatchRefused)
    assert [(unit.serial, unit.code) for unit in verdict.units] == [("SN-1", "held")]


def test_the_check_approves_what_is_picked_for_the_order() -> None:
    """A check is approved for at most a quarter of an hour, and only whole."""
    registry = picked(2)
    [verdict] = registry.hear(check(["SN-1", "SN-2"]))
    assert isinstance(verdict, DispatchApproved)
    assert timedelta(0) < verdict.until - DAWN <= timedelta(minutes=15)
    [verdict] = registry.hear(check(["SN-1", "SN-9"]))
    assert isinstance(verdict, DispatchRefused)
    assert [(unit.serial, unit.code) for unit in verdict.units] == [("SN-9", "not_picked")]
    [verdict] = registry.hear(check(["SN-1"], order="SO-D7"))
    assert isinstance(verdict, DispatchRefused)


def test_too_late_is_told() -> None:
    """A unit held after its check has left all the same: it is SHIPPED, and the customer to call is named."""
    registry = picked(1)
    registry.hear(Hold(sku="A-1", serials=["SN-1"], hold="H-1", reason="recall"))
    registry.hear(done(["SN-1"]))
    assert registry.status("SN-1") == "SHIPPED"
    [misfit] = registry.misfits
    assert misfit.code == "held"
    assert "C-1" in misfit.detail


def test_holds_are_lifted_by_their_id() -> None:
    """A unit under two holds is free when both are lifted; an id is used once; an unknown one is said to be unknown."""
    registry = stocked(1)
    for name in ("H-1", "H-2"):
        registry.hear(Hold(sku="A-1", serials=["SN-1"], hold=name, reason="suspicion"))
    assert codes(registry.hear(Hold(sku="A-1", serials=["SN-1"], hold="H-1", reason="again"))) == [["hold_exists"]]
    registry.hear(Lift(sku="A-1", hold="H-1", reason="cleared"))
    assert not registry.units["A-1", "SN-1"].free
    assert codes(registry.hear(Lift(sku="A-1", hold="H-1", reason="cleared"))) == [["unknown_hold"]]
    registry.hear(Lift(sku="A-1", hold="H-2", reason="cleared"))
    assert registry.units["A-1", "SN-1"].free
