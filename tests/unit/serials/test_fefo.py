"""FEFO allocation of serials, and the boundary days of shelf-life rules."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.serials.allocation.domain.available_units import criteria_of, skip_reason
from services.serials.units.domain.dispatch import check_dispatch
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.fulfillment import OrderSerialsDeallocated, OrderSerialsPicked
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.contracts.serials import SerialAllocated, SerialDispatchApproved, SerialDispatchRejected
from shared.inventory.shelf_life import ShelfLifeRules
from tests.support.events import NOW, to_event
from tests.support.in_memory.serials import InMemorySerials, with_picked_units
from tests.support.messages.reference import product_changed
from tests.support.messages.serials import (
    SHELF,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
    request_dispatch_check,
    serial_numbers,
)

TODAY = NOW.date()


def with_labelled_units(
    units: list[tuple[int | None, str | None]], policy: ShelfLifePolicy | None = None
) -> InMemorySerials:
    """Return a service with stored units, given as remaining days and lot."""
    service = InMemorySerials(shelf_life_policy=policy or ShelfLifePolicy())
    for serial, (days, lot) in zip(serial_numbers(len(units)), units, strict=True):
        expiry = None if days is None else TODAY + timedelta(days)
        service.handle(receive([serial], lot=lot, expiry=expiry))
        service.handle(PutAwaySerials(sku="A-1", serials=[serial], location=SHELF))
    return service


def serials_by_demand(service: InMemorySerials) -> dict[str, list[str]]:
    """Return the serials allocated to each demand, in allocation order."""
    serials: dict[str, list[str]] = defaultdict(list)
    for event in service.events_of(SerialAllocated):
        serials[event.demand_id] += [unit.serial for unit in event.allocated]
    return dict(serials)


UNITS = st.lists(
    st.tuples(st.sampled_from([None, -1, 0, 6, 7, 20, 30]), st.sampled_from([None, "L-1", "L-2"])), max_size=6
)
REQUESTS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from([0, 20, 30]), st.sets(st.sampled_from(["L-1", "L-2", "L-3"]), max_size=2),
        st.booleans(), st.integers(4, 6),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@given(UNITS, REQUESTS, st.sampled_from([0, 7]))
def test_allocation_matches_a_naive_model(
    units: list[tuple[int | None, str | None]], requests: list[tuple[int, int, set[str], bool, int]], stop: int
) -> None:
    """Each order takes eligible units by expiry, then age, then serial (S27)."""
    service = with_labelled_units(units, ShelfLifePolicy(stop_allocation_days=stop))
    service.handle(*(
        request_allocation(
            f"D{index}", quantity, min_remaining_shelf_life_days=days, lots=sorted(lots), single_lot=single_lot,
            priority=priority,
        )
        for index, (quantity, days, lots, single_lot, priority) in enumerate(requests)
    ))  # fmt: skip
    remaining = list(zip(serial_numbers(len(units)), units, strict=True))
    remaining.sort(
        key=lambda item: (item[1][0] is None, item[1][0] or 0)
    )  # stable sort: units were received in the order of their serials
    expected = {}
    for index, (quantity, days, lots, single_lot, _) in sorted(
        enumerate(requests), key=lambda item: (-item[1][4], item[0])
    ):
        eligible = [
            item for item in remaining
            if (item[1][0] is None or item[1][0] >= max(stop, days)) and (not lots or item[1][1] in lots)
        ]  # fmt: skip
        if single_lot:
            units_by_lot = [
                [item for item in eligible if item[1][1] == lot]
                for lot in dict.fromkeys(item[1][1] for item in eligible)
                if lot
            ]
            eligible = next((lot_units for lot_units in units_by_lot if len(lot_units) >= quantity), [])
        expected[f"D{index}"] = [serial for serial, _ in eligible[:quantity]]
        remaining = [item for item in remaining if item not in eligible[:quantity]]
    assert serials_by_demand(service) == expected


@pytest.mark.parametrize(
    ("days", "stop_days", "requested_days", "is_allocated"),
    [(0, 0, 0, True), (-1, 0, 0, False), (7, 7, 0, True), (6, 7, 0, False), (30, 0, 30, True), (29, 0, 30, False)],
)  # fmt: skip
def test_allocation_boundary_days(days: int, stop_days: int, requested_days: int, is_allocated: bool) -> None:
    """A unit is allocated through its expiry date, and with exactly the required remaining days (S28)."""
    service = with_labelled_units([(days, None)], ShelfLifePolicy(stop_allocation_days=stop_days))
    service.handle(request_allocation("D1", 1, min_remaining_shelf_life_days=requested_days))
    assert serials_by_demand(service) == {"D1": ["SN-1"] if is_allocated else []}


def test_an_assigned_lot_is_meant_by_its_exact_number() -> None:
    """A single-lot demand keeps to the spelling of its lot; a listed lot is meant in every spelling (S25, S27)."""
    service = with_labelled_units([(None, "l-1"), (None, "L-1")])
    service.handle(request_allocation("D1", 1, single_lot=True), request_allocation("D2", 2, lots=["L-1"]))
    demands = {demand.demand_id: demand for demand in service.uow.demands}
    assert demands["D1"].assigned_lot == "l-1"
    accepted = {
        name: [unit.lot for unit in service.uow.units if not skip_reason(unit, criteria_of(demand, None), None)]
        for name, demand in demands.items()
    }
    assert accepted == {"D1": ["l-1"], "D2": ["l-1", "L-1"]}


def test_customer_shelf_life_agreement() -> None:
    """The longer of customer agreement and order requirement applies; other customers are unaffected (S28)."""
    service = with_labelled_units(
        [(29, None)], ShelfLifePolicy(customers=[CustomerShelfLife(customer="C-1", min_remaining_shelf_life_days=30)])
    )
    service.handle(
        request_allocation("D1", 1, min_remaining_shelf_life_days=5),
        request_allocation("D2", 1, customer="C-2", min_remaining_shelf_life_days=5),
    )
    assert serials_by_demand(service) == {"D1": [], "D2": ["SN-1"]}


def test_relaxed_policy_allocates_backorders() -> None:
    """A relaxed shelf-life policy allocates skipped units to backorders (S28)."""
    service = with_labelled_units([(5, None)], ShelfLifePolicy(stop_allocation_days=7))
    service.handle(request_allocation("D1", 1))
    assert serials_by_demand(service) == {"D1": []}
    service.handle(product_changed("A-1", "SERIAL", version=2))
    assert serials_by_demand(service) == {"D1": ["SN-1"]}


def test_single_lot_demand_is_reallocated_from_the_same_lot() -> None:
    """A single-lot demand is reallocated from the same lot only, even if the lot has no more units (S27)."""
    service = with_labelled_units([(9, "L-1"), (9, "L-1"), (9, "L-1"), (11, "L-2"), (12, "L-2"), (7, None)])
    service.handle(request_allocation("D1", 2, single_lot=True))
    assert serials_by_demand(service) == {"D1": ["SN-1", "SN-2"]}
    service.handle(
        OrderSerialsDeallocated(**order_fields("D1", ["SN-1"]), reallocate=True, reason="not found", hold_id="H-1")
    )
    assert serials_by_demand(service) == {"D1": ["SN-1", "SN-2", "SN-3"]}
    service.handle(
        OrderSerialsDeallocated(
            **order_fields("D1", ["SN-2", "SN-3"]), reallocate=True, reason="not found", hold_id="H-2"
        )
    )
    assert serials_by_demand(service) == {"D1": ["SN-1", "SN-2", "SN-3"]}


LAST_DAY = date(2027, 3, 31)
NOON = datetime(2027, 3, 31, 12, tzinfo=UTC)


def check_at(now: datetime, time_zone: str, requested_days: int = 0) -> SerialDispatchApproved | SerialDispatchRejected:
    """Check the dispatch of a picked unit that expires on 31 March 2027, at an instant in a time zone."""
    uow = with_picked_units(1).uow
    uow.units["A-1", "SN-1"].expiry = LAST_DAY
    check = request_dispatch_check(["SN-1"]).model_copy(update={"min_remaining_shelf_life_days": requested_days})
    uow.now, uow.event = now, to_event(check)
    uow.shelf_life_rules["A-1", "EAST"] = ShelfLifeRules.as_of(now, time_zone)
    check_dispatch(uow, check)
    result = uow.emitted[-1]
    assert isinstance(result, SerialDispatchApproved | SerialDispatchRejected)
    return result


@pytest.mark.parametrize(
    ("now", "time_zone", "requested_days", "code"),
    [
        (NOON, "UTC", 0, None),
        (NOON + timedelta(hours=12), "UTC", 0, "expired"),
        (NOON + timedelta(hours=12), "America/New_York", 0, None),
        (NOON + timedelta(hours=10, minutes=30), "Europe/Berlin", 0, "expired"),
        (NOON - timedelta(10), "UTC", 10, None),
        (NOON - timedelta(10), "UTC", 11, "insufficient_shelf_life"),
    ],
)
def test_dispatch_boundary_days(now: datetime, time_zone: str, requested_days: int, code: str | None) -> None:
    """Units that expired on the warehouse's local date are not approved for dispatch (S28)."""
    result = check_at(now, time_zone, requested_days)
    if isinstance(result, SerialDispatchRejected):
        assert [unit.code for unit in result.units] == [code]
    else:
        assert code is None


def test_best_before_date_guards_like_an_expiry() -> None:
    """A best-before date that receiving found effective goes to the picker and ends the dispatch (S24, S28)."""
    service = InMemorySerials(now=NOON)
    service.handle(receive(["SN-1"], expiry=LAST_DAY, expiry_source="BEST_BEFORE"))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    service.handle(request_allocation("D1", 1))
    [allocated] = service.events_of(SerialAllocated)[-1].allocated
    assert allocated.expiry == LAST_DAY
    service.handle(OrderSerialsPicked(**order_fields("D1", ["SN-1"]), location="EAST/OUT"))
    for check_type, day in ((SerialDispatchApproved, NOON), (SerialDispatchRejected, NOON + timedelta(days=1))):
        service.now = day
        service.handle(request_dispatch_check(["SN-1"]))
        assert isinstance(service.published[-1], check_type)


def test_approval_expires_with_the_last_day() -> None:
    """An approval on the expiry date ends at midnight in the warehouse (S28)."""
    evening = datetime(2027, 4, 1, 3, 55, tzinfo=UTC)
    late_result = check_at(evening, "America/New_York")
    assert isinstance(late_result, SerialDispatchApproved)
    assert late_result.valid_until == datetime(2027, 4, 1, 4, tzinfo=UTC)
    early_result = check_at(evening - timedelta(minutes=30), "America/New_York")
    assert isinstance(early_result, SerialDispatchApproved)
    assert early_result.valid_until == evening - timedelta(minutes=15)


def test_shipping_an_expired_unit_is_a_conflict() -> None:
    """A unit that expired after its check is SHIPPED; the conflict names the customer to call (S28)."""
    service = with_picked_units(1)
    service.units["A-1", "SN-1"].expiry = TODAY - timedelta(1)
    service.handle(order_dispatched(["SN-1"]))
    assert service.status("SN-1") == "SHIPPED"
    [conflict] = service.conflicts
    assert (conflict.code, "call customer C-1" in conflict.detail) == ("expired", True)
