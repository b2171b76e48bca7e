"""Resolutions of the count discrepancies of units by a supervisor."""

import pytest

from shared.contracts.commands.serials import (
    AdjustSerials,
)
from shared.contracts.fulfillment import OrderSerialsDeallocated, OrderSerialsPicked, OrderSerialsUnpicked
from shared.contracts.problems import Code
from shared.contracts.serials import SerialStockMissing
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_stock
from tests.support.messages.serials import (
    BIN,
    DOCK,
    OUTBOUND,
    SHELF,
    WEST_SHELF,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
)
from tests.unit.serials.test_counts import (
    S1,
    S2,
    S3,
    at,
    count,
    found,
    move,
    resolve,
    violation_of,
    with_short_picked_unit,
)


def test_a_unit_found_elsewhere_is_moved_and_its_short_pick_ends() -> None:
    """It is no longer missing at its old location."""
    service = with_short_picked_unit()
    service.handle(count(), count(S1, location=BIN))
    assert (found(service), found(service, BIN)) == ({("MISSING", S1)}, {("UNEXPECTED", S1)})
    service.handle(resolve("MOVED", S1, location=BIN))
    unit = service.uow.units["A-1", S1]
    assert (unit.location, unit.open_hold_count, unit.is_available) == (BIN, 0, True)
    assert (found(service), found(service, BIN)) == (set(), set())
    assert sorted(str(row.resolution) for row in service.uow.count_discrepancies) == ["FOUND", "MOVED"]


def test_a_missing_unit_is_lost_or_found() -> None:
    """Only a loss changes the unit."""
    service = with_stock(3)
    service.handle(count(S3))
    service.handle(resolve("LOST", S1), resolve("FOUND", S2))
    assert [unit.adjustment for unit in service.units] == ["LOST", None, None]
    assert found(service) == set()
    assert error_codes(service.handle(resolve("LOST", S1))) == [[Code.DISCREPANCY_NOT_FOUND]]


def test_a_lost_unit_that_is_scanned_is_found_where_it_is() -> None:
    """Its demand gets it."""
    service = with_stock(1)
    service.handle(AdjustSerials(sku="A-1", serials=[S1], adjustment="LOST", reason="gone"))
    service.handle(request_allocation("D1", 1))
    service.handle(count(S1))
    assert found(service) == {("UNEXPECTED", S1)}
    service.handle(resolve("MOVED", S1))
    assert service.status(S1) == "ALLOCATED"


def test_a_received_unit_that_is_scanned_in_storage_is_put_away() -> None:
    """Units that were not put away by record become available."""
    service = InMemorySerials()
    service.handle(receive([S1]))
    service.handle(count(S1))
    service.handle(resolve("MOVED", S1))
    assert service.status(S1) == "IN_INVENTORY"


def picked_unit_missing() -> InMemorySerials:
    """A unit that was picked for an order, and a count of its staging location without it; another in stock."""
    service = with_stock(2)
    service.handle(request_allocation("D1", 1))
    service.handle(OrderSerialsPicked(**order_fields("D1", [S1]), location=OUTBOUND))
    at(service, 10)
    service.handle(count(location=OUTBOUND))
    (discrepancy,) = service.open_discrepancies(OUTBOUND)
    assert (discrepancy.kind, discrepancy.unit_status, discrepancy.order_id) == ("MISSING", "PICKED", "SO-D1")
    return service


def test_a_picked_unit_is_lost_when_fulfillment_has_unpicked_it() -> None:
    """The resolution reports it; the demand gets another unit, and the lost one stays blocked where it is found."""
    service = picked_unit_missing()
    assert error_codes(service.handle(resolve("LOST", S1, location=OUTBOUND))) == [[]]
    (missing,) = service.events_of(SerialStockMissing)
    assert (missing.location, missing.reason) == (OUTBOUND, "looked there")
    assert [(unit.serial, unit.order, unit.demand_id) for unit in missing.units] == [(S1, "SO-D1", "D1")]
    assert (service.status(S1), service.uow.units["A-1", S1].adjustment) == ("PICKED", None)
    service.handle(
        OrderSerialsUnpicked(
            **order_fields("D1", [S1]), location=OUTBOUND, reallocate=True, reason="missing", lost=True
        )
    )
    unit = service.uow.units["A-1", S1]
    assert (unit.status, unit.location, unit.adjustment, unit.order_id) == ("IN_INVENTORY", OUTBOUND, "LOST", None)
    assert service.status(S2) == "ALLOCATED"
    service.handle(request_allocation("D2", 1))
    service.handle(AdjustSerials(sku="A-1", serials=[S1], adjustment="FOUND", reason="behind the door"))
    assert service.status(S1) == "IN_INVENTORY"
    service.handle(move(S1))
    assert service.status(S1) == "ALLOCATED"


def test_an_allocated_unit_is_lost_when_fulfillment_has_released_it() -> None:
    """It is not allocated again."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1))
    service.handle(count())
    assert error_codes(service.handle(resolve("LOST", S1))) == [[]]
    assert [event.units[0].serial for event in service.events_of(SerialStockMissing)] == [S1]
    service.handle(OrderSerialsDeallocated(**order_fields("D1", [S1]), reallocate=True, reason="missing", lost=True))
    unit = service.uow.units["A-1", S1]
    assert (unit.status, unit.location, unit.adjustment, unit.order_id) == ("IN_INVENTORY", SHELF, "LOST", None)


def test_a_picked_unit_that_has_left_is_not_lost() -> None:
    """The resolution says what remains."""
    service = picked_unit_missing()
    service.handle(order_dispatched([S1]))
    violation = violation_of(service.handle(resolve("LOST", S1, location=OUTBOUND)))
    assert "resolve it with FOUND" in violation.detail
    assert error_codes(service.handle(resolve("FOUND", S1, location=OUTBOUND))) == [[]]


@pytest.mark.parametrize(
    ("resolution", "remedy"),
    [("MOVED", "resolve it with LOST or FOUND"), ("NO_CHANGE", "resolve it with LOST or FOUND"), ("FOUND", "")],
)
def test_a_resolution_that_can_do_nothing_names_another(resolution: str, remedy: str) -> None:
    """A missing unit cannot be moved."""
    service = with_stock(1)
    service.handle(count())
    results = service.handle(resolve(resolution, S1))
    assert error_codes(results) == [[Code.RESOLUTION_NOT_ALLOWED] if remedy else []]
    assert not remedy or remedy in violation_of(results).detail


def test_a_unit_that_moved_since_the_count_is_neither_lost_nor_moved() -> None:
    """Both resolutions without a change remain."""
    service = with_stock(2)
    service.handle(move(S2))
    service.handle(count(S2))
    service.handle(move(S1), move(S2, location=SHELF))
    results = service.handle(resolve("LOST", S1), resolve("MOVED", S2))
    assert error_codes(results) == [[Code.RESOLUTION_NOT_ALLOWED]] * 2
    assert error_codes(service.handle(resolve("FOUND", S1), resolve("NO_CHANGE", S2))) == [[], []]


def test_an_unknown_serial_number_that_was_scanned_is_resolved_without_a_change() -> None:
    """A scan of a unit that was never received stays without a unit, and its discrepancy ends."""
    service = with_stock(1)
    service.handle(count(S1, S3))
    assert error_codes(service.handle(resolve("NO_CHANGE", S3))) == [[]]
    assert (found(service), ("A-1", S3) in service.uow.units) == (set(), False)


@pytest.mark.parametrize(
    ("location", "code"),
    [(WEST_SHELF, Code.WRONG_WAREHOUSE), (DOCK, Code.WRONG_LOCATION_TYPE), ("EAST/NEW", Code.LOCATION_NOT_FOUND)],
)
def test_a_unit_is_only_moved_where_a_move_may_bring_it(location: str, code: Code) -> None:
    """The rules of moves apply, and unknown locations cannot be counted."""
    service = with_stock(1)
    results = [*service.handle(count(S1, location=location)), *service.handle(resolve("MOVED", S1, location=location))]
    assert str(code) in {code for codes in error_codes(results) for code in codes}
    assert service.uow.units["A-1", S1].location == SHELF


def test_a_loss_from_before_a_movement_is_refused() -> None:
    """The unit was moved after it was said to be lost: it was not lost (S17)."""
    service = with_stock(1)
    at(service, 10)
    service.handle(move(S1))
    lost = AdjustSerials(sku="A-1", serials=[S1], adjustment="LOST", reason="not on the shelf")
    at(service, 5)
    violation = violation_of(service.handle(lost))
    assert violation.code is Code.MOVED_SINCE
    assert BIN in violation.detail
    assert service.uow.units["A-1", S1].adjustment is None
    at(service, 15)
    assert error_codes(service.handle(lost)) == [[]]
