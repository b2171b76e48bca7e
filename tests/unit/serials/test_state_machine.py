"""Invariants of unit lifecycles, checked after every step of the stateful test."""

from collections import Counter, defaultdict

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, STATUSES, TRANSITIONS
from services.serials.units.domain.unit import Unit
from shared.contracts.serials import SerialAllocated, SerialsChanged, SerialStateChanged
from shared.inventory.expiry import NO_NEXT_CHECK, shelf_life_violation
from tests.unit.serials.after_sales_machine import AfterSalesMachine


class UnitLifecycleInvariants(AfterSalesMachine):
    """Invariants after any sequence of messages."""

    @invariant()
    def no_conflicts(self) -> None:
        """Events of other services never conflict, except shipped units on hold or expired."""
        assert [
            conflict.detail for conflict in self.service.conflicts if conflict.code not in {"on_hold", "expired"}
        ] == []

    @invariant()
    def only_legal_transitions(self) -> None:
        """Every audit entry is an allowed change, and their replay yields the current state (S04, S22)."""
        expected: dict[tuple[str, str], tuple[int, str | None, str | None]] = {}
        for row in self.service.audit:
            assert (row.version - 1, row.from_status, row.from_location) == expected.get(row.unit.key, (0, None, None))
            change = self.service.change_of(row)
            is_non_status_change = row.from_status == row.status and row.status in NON_STATUS_CHANGES.get(change, ())
            assert is_non_status_change or TRANSITIONS[row.from_status, change] == row.status
            expected[row.unit.key] = (row.version, row.status, row.location)
        units = self.service.units
        assert expected == {unit.key: (unit.version, unit.status, unit.location) for unit in units}
        assert {unit.status for unit in units} <= set(STATUSES)

    @invariant()
    def events_carry_every_version(self) -> None:
        """Events number the changes of a unit without a gap, and the last one states its current state (S22)."""
        published: dict[tuple[str, str], tuple[int, str | None, str | None, int]] = {}
        for event in self.service.published:
            if isinstance(event, SerialsChanged):
                for serial, version in zip(event.serials, event.versions, strict=True):
                    assert version == published.get((event.sku, serial), (0,))[0] + 1
                    published[event.sku, serial] = version, event.status, event.location, event.open_holds
        assert published == {
            unit.key: (unit.version, unit.status, unit.location, unit.open_hold_count) for unit in self.service.units
        }

    @invariant()
    def allocations_match_events(self) -> None:
        """Published allocations less returned units equal the stored allocations (S08)."""
        serials_by_demand: dict[str, set[str]] = defaultdict(set)
        for event in self.service.published:
            if isinstance(event, SerialAllocated):
                serials_by_demand[event.demand_id] |= {unit.serial for unit in event.allocated}
            elif isinstance(event, SerialStateChanged) and event.status == "IN_INVENTORY" and event.demand_id:
                serials_by_demand[event.demand_id] -= set(event.serials)
            elif isinstance(event, SerialStateChanged) and event.return_id:
                serials_by_demand = defaultdict(
                    set, {demand_id: units - set(event.serials) for demand_id, units in serials_by_demand.items()}
                )
        stored_by_demand: dict[str, set[str]] = defaultdict(set)
        for unit in self.service.units:
            if unit.demand_id:
                stored_by_demand[unit.demand_id].add(unit.serial)
        assert {demand_id: units for demand_id, units in serials_by_demand.items() if units} == stored_by_demand

    @invariant()
    def no_backorder_with_matching_stock(self) -> None:
        """No demand is open while matching stock is available."""
        available = [unit for unit in self.service.units if unit.is_available]
        for demand in self.service.demands:
            if demand.open_quantity:
                matching = [unit for unit in available if self._matches(unit, demand)]
                if demand.single_lot:
                    units_per_lot = Counter(unit.lot for unit in matching if unit.lot)
                    assert max(units_per_lot.values(), default=0) < demand.open_quantity
                else:
                    assert not matching
                assert demand.status == "OPEN"
                assert demand.shortfall != "CANCEL"

    def _matches(self, unit: Unit, demand: Demand) -> bool:
        violation = shelf_life_violation(
            unit.expiry, self.service.now.date(), min_remaining_days=demand.min_remaining_shelf_life_days
        )
        lots = {demand.assigned_lot} if demand.assigned_lot else demand.allowed_lots
        is_requested = not demand.serials or unit.serial in demand.serials
        return violation is None and is_requested and (not lots or unit.lot in lots)

    @invariant()
    def checked_expired_units_are_on_hold(self) -> None:
        """A unit that was found expired stays on hold until its expiry is corrected (S28)."""
        for unit in self.service.units:
            is_checked = unit.next_expiry_check == NO_NEXT_CHECK and unit.expiry is not None
            if is_checked and _is_on_hand(unit) and unit.adjustment is None:
                assert unit.open_hold_count

    @invariant()
    def standing_holds_are_applied(self) -> None:
        """All units on hand that match a standing hold are on hold, whenever they arrived (S46)."""
        for standing_hold in self.service.uow.standing_holds.values():
            matching_keys = {
                unit.key for unit in self.service.units if _is_on_hand(unit) and standing_hold.matches(unit)
            }
            assert (
                matching_keys
                <= self.service.uow.units_by_hold.get((standing_hold.sku, standing_hold.hold_id), {}).keys()
            )

    @invariant()
    def warranties_are_of_sold_units(self) -> None:
        """Exactly the sold units have a warranty, whatever way they left and came back (S46)."""
        for unit in self.service.units:
            assert (unit.warranty_ends_on is not None) is (unit.status == "SHIPPED")

    @invariant()
    def hold_counts_match(self) -> None:
        """The hold count of a unit is the number of open holds on it."""
        hold_counts: dict[str, int] = defaultdict(int)
        for units in self.service.uow.units_by_hold.values():
            for unit in units.values():
                hold_counts[unit.serial] += 1
        assert all(unit.open_hold_count == hold_counts[unit.serial] for unit in self.service.units)

    @invariant()
    def one_open_discrepancy_per_unit_and_location(self) -> None:
        """Open discrepancies are those of the latest count of their location."""
        latest = {count.location: count for count in sorted(self.service.uow.counts, key=lambda row: row.counted_at)}
        found = [
            (row.location, row.serial) for row in self.service.uow.count_discrepancies if row.status == "OPEN"
        ]  # fmt: skip
        assert len(found) == len(set(found))
        for row in self.service.uow.count_discrepancies:
            assert row.status == "RESOLVED" or row.counted_at == latest[row.location].counted_at

    @invariant()
    def locations_match_status(self) -> None:
        """Units on hand have a location, and no others (S06, S07, S35)."""
        for unit in self.service.units:
            assert (unit.location is not None) == _is_on_hand(unit)


def _is_on_hand(unit: Unit) -> bool:
    return unit.status in {"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"}


TestUnitLifecycle = UnitLifecycleInvariants.TestCase
TestUnitLifecycle.settings = settings(
    max_examples=25, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
