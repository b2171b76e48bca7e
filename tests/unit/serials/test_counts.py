"""Counts of the units at a location: as of their time, in parts, with discrepancies for a supervisor (S36)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.serials import (
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    ResolveCountDiscrepancies,
)
from shared.contracts.fulfillment import OrderSerialsDeallocated, OrderSerialsPicked
from shared.contracts.problems import Code, ProblemDetail
from shared.unit_of_work import CommandResult
from tests.support.events import NOW
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_stock
from tests.support.messages.serials import (
    BIN,
    OUTBOUND,
    SHELF,
    order_fields,
    request_allocation,
    serial_numbers,
)

MINUTE = timedelta(minutes=1)
S1, S2, S3 = serial_numbers(3)
Found = tuple[str, str]
"""Kind of a discrepancy, and serial."""


def count(*serials: str, location: str = SHELF, count_id: str = "CT-1", **overrides: Any) -> CountSerials:
    """Build a count of units of one product."""
    units = [UnitSelector(sku="A-1", serial=serial) for serial in serials]
    return CountSerials(count_id=count_id, location=location, units=units, reason="cycle count", **overrides)


def resolve(resolution: Any, *serials: str, location: str = SHELF) -> ResolveCountDiscrepancies:
    """Build the resolution of discrepancies."""
    return ResolveCountDiscrepancies(
        sku="A-1", serials=list(serials), location=location, resolution=resolution, reason="looked there"
    )


def move(*serials: str, location: str = BIN) -> MoveSerials:
    """Build a move."""
    return MoveSerials(sku="A-1", serials=list(serials), location=location)


def found(service: InMemorySerials, location: str = SHELF) -> set[Found]:
    """Return the open discrepancies of a location."""
    return {(discrepancy.kind, discrepancy.serial) for discrepancy in service.open_discrepancies(location)}


def violation_of(results: list[CommandResult]) -> ProblemDetail:
    """Return the only violation of a command."""
    ((violation,),) = (result.violations for result in results)
    return violation


def at(service: InMemorySerials, minutes: float) -> datetime:
    """Set the time of the service."""
    service.now = NOW + minutes * MINUTE
    return service.now


def test_missing_and_unexpected_units_are_listed_and_nothing_is_booked() -> None:
    """Units registered elsewhere are unexpected with their location, unknown ones without."""
    service = with_stock(3)
    service.handle(move(S3))
    before = [(unit.key, unit.version, unit.location) for unit in service.units]
    (result,) = service.handle(count(S1, S3, "UNKNOWN"))
    assert result.body is not None
    assert result.body.model_dump(include={"scanned", "missing", "unexpected", "missing_parts"}) == {
        "scanned": 3, "missing": 1, "unexpected": 2, "missing_parts": [],
    }  # fmt: skip
    assert found(service) == {("MISSING", S2), ("UNEXPECTED", S3), ("UNEXPECTED", "UNKNOWN")}
    locations = {row.serial: (row.unit_status, row.unit_location) for row in service.open_discrepancies(SHELF)}
    assert locations == {S2: ("IN_INVENTORY", SHELF), S3: ("IN_INVENTORY", BIN), "UNKNOWN": (None, None)}
    assert [(unit.key, unit.version, unit.location) for unit in service.units] == before


@pytest.mark.parametrize("scan", ["(21)SN-1", "]C121SN-1", "https://maker.example/SN-1", "SN-1,SN-2", "SN1-SN2"])
def test_a_count_lists_no_scans_of_something_else(scan: str) -> None:
    """S13, S16: a refused scan is not a count discrepancy; the count is sent again without it."""
    service = with_stock(2)
    violation = violation_of(service.handle(count("SN-1", scan)))
    assert (violation.code, violation.ids) == (Code.NOT_A_SERIAL, [scan])
    assert not found(service)
    assert not list(service.uow.counts)


def test_a_count_is_compared_with_the_registry_of_its_time() -> None:
    """Units that left or arrived since the count are no discrepancies, whenever the count arrives."""
    service = with_stock(3)
    service.handle(request_allocation("D1", 1))
    counted_at = at(service, 10)
    at(service, 20)
    service.handle(OrderSerialsPicked(**order_fields("D1", [S1]), location=OUTBOUND), move(S2))
    service.handle(count(S1, S2, S3, counted_at=counted_at))
    assert found(service) == set()
    at(service, 30)
    service.handle(count(S1, S2, S3, count_id="CT-2"))
    assert found(service) == {("UNEXPECTED", S1), ("UNEXPECTED", S2)}


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.tuples(st.integers(1, 9), st.sampled_from([S1, S2, S3]), st.sampled_from([SHELF, BIN]))),
    counted_after=st.integers(0, 10), scanned=st.sets(st.sampled_from([S1, S2, S3, "X"])),
)  # fmt: skip
def test_discrepancies_are_what_no_record_explains(
    moves: list[tuple[int, str, str]], counted_after: int, scanned: set[str]
) -> None:
    """Where a unit stood at the count, or stands by now, is no discrepancy; a count changes no unit."""
    service = with_stock(3)
    stood, last_moved = dict.fromkeys((S1, S2, S3), SHELF), dict[str, int]()
    for minute, serial, location in sorted(moves):
        at(service, minute)
        if service.uow.units["A-1", serial].location != location:
            last_moved[serial] = minute
        service.handle(move(serial, location=location))
        if minute <= counted_after:
            stood[serial] = location
    now = {unit.serial: unit.location for unit in service.units}
    at(service, 11)
    service.handle(count(*scanned, counted_at=NOW + counted_after * MINUTE))
    unexpected = {serial for serial in scanned if SHELF not in {stood.get(serial), now.get(serial)}}
    missing = {
        serial for serial in set(stood) - scanned
        if now[serial] == SHELF and last_moved.get(serial, 0) <= counted_after
    }  # fmt: skip
    assert found(service) == {("MISSING", serial) for serial in missing} | {("UNEXPECTED", s) for s in unexpected}
    assert {unit.serial: unit.location for unit in service.units} == now


def test_the_clock_error_of_the_device_corrects_the_time() -> None:
    """A device that is an hour ahead counts as of an hour before its time."""
    service = with_stock(1)
    at(service, 30)
    service.handle(move(S1))
    at(service, 60)
    service.handle(count(S1, counted_at=NOW + 75 * MINUTE, clock_error_seconds=3600))
    assert found(service) == set()
    assert service.uow.counts[SHELF, "CT-1"].counted_at == NOW + 15 * MINUTE


@pytest.mark.parametrize(
    ("minutes", "code"), [(1, Code.COUNT_IN_FUTURE), (-72 * 60 - 1, Code.COUNT_TOO_OLD), (-72 * 60, None)]
)
def test_a_count_is_not_older_than_72_hours_or_in_the_future(minutes: int, code: Code | None) -> None:
    """Such a count is rejected and leaves no trace."""
    service = with_stock(1)
    results = service.handle(count(counted_at=NOW + minutes * MINUTE))
    assert error_codes(results) == [[str(code)] if code else []]
    assert len(service.uow.counts) == (code is None)


def test_a_later_count_replaces_the_open_discrepancies() -> None:
    """An earlier one that arrives after it is refused."""
    service = with_stock(2)
    first = at(service, 10)
    at(service, 30)
    service.handle(count(S1, count_id="LATE", counted_at=first + 10 * MINUTE))
    service.handle(count(S2, count_id="LATER", counted_at=first + 20 * MINUTE))
    assert found(service) == {("MISSING", S1)}
    replaced = [row.resolution for row in service.uow.count_discrepancies if row.count_id == "LATE"]
    assert replaced == ["COUNTED_AGAIN"]
    violation = violation_of(service.handle(count(S1, S2, count_id="EARLY", counted_at=first)))
    assert violation.code is Code.COUNT_SUPERSEDED
    assert "LATER" in violation.detail
    assert found(service) == {("MISSING", S1)}


def test_a_count_in_parts_is_complete_with_the_last_one() -> None:
    """Parts arrive in any order; a repeated one changes nothing, a changed one is refused."""
    service = with_stock(3)
    fields: dict[str, Any] = {"parts": 2, "counted_at": NOW}
    (result,) = service.handle(count(S1, part=2, **fields))
    assert result.body is not None
    assert result.body.model_dump()["missing_parts"] == [1]
    assert found(service) == set()
    assert error_codes(service.handle(count(S1, part=2, **fields))) == [[]]
    assert error_codes(service.handle(count(S2, part=2, **fields))) == [[Code.DOCUMENT_EXISTS]]
    assert error_codes(service.handle(count(S2, part=1, parts=3, counted_at=NOW))) == [[Code.DOCUMENT_EXISTS]]
    service.handle(count(S2, part=1, **fields))
    assert found(service) == {("MISSING", S3)}
    with pytest.raises(ValidationError):
        count(S1, part=1, parts=2)
    with pytest.raises(ValidationError):
        count(S1, part=3, **fields)


def with_short_picked_unit() -> InMemorySerials:
    """Return a service with a unit that a picker did not find 10 minutes after its putaway."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1, shortfall="CANCEL"))
    at(service, 10)
    fields = order_fields("D1", [S1], reallocate=False, reason="short pick", hold_id="SP-1")
    service.handle(OrderSerialsDeallocated(**fields))
    at(service, 20)
    return service


def test_a_scanned_unit_that_a_picker_did_not_find_is_found() -> None:
    """Its hold is released by the count, and it is available; other holds stay."""
    service = with_short_picked_unit()
    service.handle(PlaceSerialHold(sku="A-1", serials=[S1], hold_id="H-1", reason="quality"))
    service.handle(count(S1))
    assert service.uow.units["A-1", S1].open_hold_count == 1
    assert service.uow.units_by_hold["A-1", "SP-1"] == {}


@pytest.mark.parametrize(("location", "minutes"), [(SHELF, 5), (BIN, 15)])
def test_a_scan_before_the_short_pick_or_elsewhere_releases_no_hold(location: str, minutes: int) -> None:
    """The picker looked there later, or the registered location is wrong."""
    service = with_short_picked_unit()
    service.handle(count(S1, location=location, counted_at=NOW + minutes * MINUTE))
    assert service.uow.units["A-1", S1].open_hold_count == 1
