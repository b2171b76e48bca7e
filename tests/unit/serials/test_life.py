"""A unit's life, step by step, and what does not fit it."""

from typing import Any

import pytest

from shared.contracts.commands.serials import Adjust, Lift, Move, PutAway
from shared.contracts.fulfillment import (
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.receiving import ReturnDisposed
from shared.contracts.serials import (
    SerialAdjusted,
    SerialAllocated,
    SerialMoved,
)
from tests.unit.serials.making import BIN, DOCK, FAR, OUT, SHELF, STAGE, back, done, of, plan, receive, want, withdraw
from tests.unit.serials.registry import Registry, codes, picked, stocked


def test_a_whole_life() -> None:
    """A unit goes EXPECTED, RECEIVED, IN_INVENTORY, ALLOCATED, PICKED, SHIPPED, each step said (S04-S10, S22)."""
    registry = Registry()
    registry.hear(plan(["SN-1"]))
    registry.hear(receive(["SN-1"]))
    registry.hear(PutAway(sku="A-1", serials=["SN-1"], location=SHELF))
    registry.hear(want("D1", 1))
    registry.hear(UnitPicked(**of("D1", ["SN-1"]), location=OUT))
    registry.hear(done(["SN-1"]))
    moves = registry.saying(SerialMoved)
    statuses = ["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED"]
    assert [move.status for move in moves] == statuses
    assert [move.from_status for move in moves] == [None, *statuses[:-1]]
    assert [move.location for move in moves] == [None, DOCK, SHELF, SHELF, OUT, None]
    assert [move.versions for move in moves] == [[number] for number in range(1, 7)]
    assert (moves[3].order, moves[3].line, moves[3].demand) == ("SO-D1", "1", "D1")
    assert (moves[5].order, moves[5].shipment, moves[5].customer) == ("SO-D1", "SH-1", "C-1")
    assert [row.change for row in registry.audit] == [move.reason for move in moves]
    assert not registry.misfits


def test_plans_of_two_receipts_in_any_order() -> None:
    """Goods that are here are never refused: what is older than the last of receiving's versions changes nothing."""
    registry = Registry()
    registry.hear(receive(["SN-1"], version=3, receipt="R-2"))
    registry.hear(plan(["SN-1"], version=1, receipt="R-1"))
    gone = withdraw(["SN-1"], 2, reason="TAKEN_OVER")
    registry.hear(gone)
    unit = registry.units["A-1", "SN-1"]
    assert (unit.status, unit.receipt, unit.version) == ("RECEIVED", "R-2", 1)
    assert not registry.misfits


def test_announced_again_after_a_cancel() -> None:
    """A serial whose announcement was withdrawn is taken over by another receipt, as the same unit (S18)."""
    registry = Registry()
    registry.hear(plan(["SN-1"]))
    registry.hear(withdraw(["SN-1"], 2))
    assert registry.units["A-1", "SN-1"].receipt is None
    registry.hear(plan(["SN-1"], version=3, receipt="R-2"))
    unit = registry.units["A-1", "SN-1"]
    assert (unit.status, unit.receipt, unit.version) == ("EXPECTED", "R-2", 3)


def test_a_known_serial_is_never_received_anew() -> None:
    """A serial that is in house or shipped is no new unit: the fact is a disagreement and changes nothing (S18)."""
    registry = picked(1)
    registry.hear(receive(["SN-1"], version=9))
    assert registry.status("SN-1") == "PICKED"
    assert [(misfit.code, [unit.serial for unit in misfit.units]) for misfit in registry.misfits] == [
        ("illegal_transition", ["SN-1"])
    ]
    assert "PICKED for order SO-D1" in registry.misfits[0].detail


def test_putaway_answers_each_unit() -> None:
    """A putaway stores what is received and refuses the rest, each with its reason (S07)."""
    registry = stocked(2)
    registry.hear(plan(["SN-3"]), plan(["SN-5"]))
    registry.hear(receive(["SN-5"]))
    [outcome] = registry.hear(PutAway(sku="A-1", serials=["SN-1", "SN-3", "SN-4", "SN-5"], location=BIN))
    assert [unit.serial for unit in outcome.done] == ["SN-5"]
    assert {tuple(refusal.ids): str(refusal.code) for refusal in outcome.refusals} == {
        ("SN-1",): "illegal_transition",
        ("SN-3",): "not_yet_known",
        ("SN-4",): "not_yet_known",
    }


@pytest.mark.parametrize(
    ("location", "code"), [("EAST/Z-9", "unknown_location"), (STAGE, "wrong_location_type"), (FAR, "wrong_warehouse")]
)
def test_putaway_needs_a_storage_place_of_the_warehouse(location: str, code: str) -> None:
    """A unit is stored in a defined storage place of the warehouse it is in, and nowhere else (S07, S35)."""
    registry = Registry()
    registry.hear(receive(["SN-1"]))
    outcomes = registry.hear(PutAway(sku="A-1", serials=["SN-1"], location=location))
    assert codes(outcomes) == [[code]]
    assert registry.status("SN-1") == "RECEIVED"


def test_the_same_serial_twice_in_a_command() -> None:
    """A command that names a serial twice is refused whole: one label was not scanned (S14)."""
    registry = Registry()
    registry.hear(receive(["SN-1"]))
    assert codes(registry.hear(PutAway(sku="A-1", serials=["SN-1", "SN-1"], location=SHELF))) == [["serial_repeated"]]


def test_moves_keep_to_free_stock_and_its_kind_of_place() -> None:
    """Stored and received units move between places of their kind; an order's stay, and it is named (S36)."""
    registry = stocked(2)
    registry.hear(receive(["SN-3"]))
    registry.hear(want("D1", 1))
    [outcome] = registry.hear(Move(sku="A-1", serials=["SN-1", "SN-2", "SN-3"], location=BIN))
    assert [unit.serial for unit in outcome.done] == ["SN-2"]
    assert {(tuple(it.ids), str(it.code), tuple(it.blocked_by)) for it in outcome.refusals} == {
        (("SN-1",), "not_free", ("/orders/SO-D1",)),
        (("SN-3",), "wrong_location_type", ()),
    }
    [outcome] = registry.hear(Move(sku="A-1", serials=["SN-3"], location=STAGE))
    assert [(unit.status, unit.location) for unit in outcome.done] == [("RECEIVED", STAGE)]


def test_an_unpick_goes_to_its_place() -> None:
    """A picked unit goes back to a storage place, free again when its order wants it no more (S12)."""
    registry = picked(1)
    registry.hear(UnitUnpicked(**of("D1", ["SN-1"]), location=BIN, again=False, reason="damaged box"))
    unit = registry.units["A-1", "SN-1"]
    assert (unit.status, unit.location, unit.order) == ("IN_INVENTORY", BIN, None)


def test_a_fact_must_fit_the_units_order() -> None:
    """A pick for another order than the unit's changes nothing and is told as a disagreement (S20)."""
    registry = stocked(1)
    registry.hear(want("D1", 1))
    registry.hear(UnitPicked(**of("D2", ["SN-1"]), location=OUT))
    assert registry.status("SN-1") == "ALLOCATED"
    assert [str(misfit.code) for misfit in registry.misfits] == ["document_mismatch"]


def test_a_return_is_a_new_episode() -> None:
    """A returned unit is RECEIVED again under the same name, held until its disposition, then stored anew (S18)."""
    registry = picked(1)
    registry.hear(done(["SN-1"]))
    registry.hear(back(["SN-1"], 5))
    unit = registry.units["A-1", "SN-1"]
    assert (unit.status, unit.holds, unit.order, unit.return_id) == ("RECEIVED", 1, None, "RMA-1")
    registry.hear(PutAway(sku="A-1", serials=["SN-1"], location=SHELF))
    assert not unit.free
    restock = ReturnDisposed(
        return_id="RMA-1", sku="A-1", serials=["SN-1"], disposition="RESTOCK", hold="RMA-1", reason="as new"
    )
    registry.hear(restock)
    assert unit.free
    assert len({row.key for row in registry.audit}) == 1


@pytest.mark.parametrize(("disposition", "adjustment"), [("SCRAP", "SCRAPPED"), ("SEND_BACK", "SENT_BACK")])
def test_a_return_that_is_not_restocked(disposition: Any, adjustment: str) -> None:
    """What is scrapped or sent back after a return is never allocated again."""
    registry = picked(1)
    registry.hear(done(["SN-1"]))
    registry.hear(back(["SN-1"], 5))
    registry.hear(
        ReturnDisposed(return_id="RMA-1", sku="A-1", serials=[], disposition=disposition, hold="RMA-1", reason="broken")
    )
    unit = registry.units["A-1", "SN-1"]
    assert (unit.adjustment, unit.holds) == (adjustment, 0)
    assert codes(registry.hear(PutAway(sku="A-1", serials=["SN-1"], location=SHELF))) == [["adjusted"]]


def test_the_hold_of_a_return_ends_only_with_its_disposition() -> None:
    """Nobody lifts it at the registry: the goods would be sold before anybody has looked at them."""
    registry = picked(1)
    registry.hear(done(["SN-1"]))
    registry.hear(back(["SN-1"], 5))
    [outcome] = registry.hear(Lift(sku="A-1", hold="RMA-1", reason="looks fine"))
    assert [(str(it.code), it.blocked_by) for it in outcome.refusals] == [("disposition_open", ["/returns/RMA-1"])]
    assert registry.units["A-1", "SN-1"].holds == 1


@pytest.mark.parametrize("disposition", ["SCRAP", "SEND_BACK", "RESTOCK"])
def test_a_disposition_fits_a_unit_that_was_adjusted_meanwhile(disposition: Any) -> None:
    """A returned unit is scrapped at the registry first: its disposition ends the hold, and nothing disagrees."""
    registry = picked(1)
    registry.hear(done(["SN-1"]))
    registry.hear(back(["SN-1"], 5))
    registry.hear(Adjust(sku="A-1", serials=["SN-1"], adjustment="SCRAPPED", reason="fell down"))
    registry.hear(
        ReturnDisposed(return_id="RMA-1", sku="A-1", serials=[], disposition=disposition, hold="RMA-1", reason="broken")
    )
    unit = registry.units["A-1", "SN-1"]
    assert (unit.adjustment, unit.holds, registry.misfits) == ("SCRAPPED", 0, [])


def test_adjustments_keep_to_what_no_order_has() -> None:
    """Free stock may be lost and found again; an order's unit may not, and a void entry stays void."""
    registry = stocked(3)
    registry.hear(want("D1", 1))
    lose = Adjust(sku="A-1", serials=["SN-1", "SN-2"], adjustment="LOST", reason="count")
    [outcome] = registry.hear(lose)
    assert [unit.serial for unit in outcome.done] == ["SN-2"]
    assert [(str(it.code), it.blocked_by) for it in outcome.refusals] == [("not_free", ["/orders/SO-D1"])]
    registry.hear(want("D2", 2))
    assert [len(it.given) for it in registry.saying(SerialAllocated)] == [1, 1]
    registry.hear(Adjust(sku="A-1", serials=["SN-2"], adjustment="FOUND", location=BIN, reason="count"))
    assert (registry.status("SN-2"), registry.units["A-1", "SN-2"].location) == ("ALLOCATED", BIN)
    registry.hear(receive(["SN-4"]))
    registry.hear(Adjust(sku="A-1", serials=["SN-4"], adjustment="VOID", reason="mistyped"))
    assert (registry.saying(SerialAdjusted)[-1].receipt, registry.saying(SerialAdjusted)[-1].line) == ("R-1", "1")
    found = Adjust(sku="A-1", serials=["SN-4"], adjustment="FOUND", reason="count")
    assert codes(registry.hear(found)) == [["illegal_transition"]]
