"""Lives of units in any order that services could bring about: what must hold holds after every step."""

from collections import Counter, defaultdict

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.transitions import BESIDE, STATUSES, TRANSITIONS
from services.serials.units.domain.unit import Unit
from shared.contracts.serials import SerialAllocated, SerialMoved
from shared.stock.expiry import too_late
from tests.unit.serials.lives import Lives


class Proofs(Lives):
    """What must hold, whatever has happened."""

    @invariant()
    def nothing_disagrees(self) -> None:
        """No fact of a sibling is ever refused; what left although held or expired is told."""
        assert [misfit.detail for misfit in self.registry.misfits if misfit.code not in {"held", "expired"}] == []

    @invariant()
    def only_legal_steps(self) -> None:
        """Every audit row is a row of the table, or beside the status; replayed they give the state (S04, S22)."""
        state: dict[tuple[str, str], tuple[int, str | None, str | None]] = {}
        for row in self.registry.audit:
            assert (row.version - 1, row.from_status, row.from_location) == state.get(row.key, (0, None, None))
            beside = row.from_status == row.status and row.status in BESIDE.get(row.change, ())
            assert beside or TRANSITIONS[row.from_status, row.change] == row.status  # type: ignore[index]
            state[row.key] = (row.version, row.status, row.location)
        units = self.registry.units.values()
        assert state == {unit.key: (unit.version, unit.status, unit.location) for unit in units}
        assert {unit.status for unit in units} <= set(STATUSES)

    @invariant()
    def allocated_is_answered(self) -> None:
        """What the answers gave to a demand, less what came back, is what stands under it (S08)."""
        under: dict[str, set[str]] = defaultdict(set)
        for fact in self.registry.said:
            if isinstance(fact, SerialAllocated):
                under[fact.demand] |= {unit.serial for unit in fact.given}
            elif isinstance(fact, SerialMoved) and fact.status == "IN_INVENTORY" and fact.demand:
                under[fact.demand] -= set(fact.serials)
            elif isinstance(fact, SerialMoved) and fact.return_id:
                under = defaultdict(set, {name: units - set(fact.serials) for name, units in under.items()})
        standing: dict[str, set[str]] = defaultdict(set)
        for unit in self.registry.units.values():
            if unit.demand:
                standing[unit.demand].add(unit.serial)
        assert {name: units for name, units in under.items() if units} == standing

    @invariant()
    def nobody_waits_beside_free_stock(self) -> None:
        """No demand is open while stock that fits it is free."""
        free = [unit for unit in self.registry.units.values() if unit.free]
        for demand in self.registry.demands.values():
            if demand.open:
                fitting = [unit for unit in free if self._fits(unit, demand)]
                if demand.single_lot:
                    of_lots = Counter(unit.lot for unit in fitting if unit.lot)
                    assert max(of_lots.values(), default=0) < demand.open
                else:
                    assert not fitting
                assert demand.status == "OPEN"
                assert demand.shortfall != "DROP"

    def _fits(self, unit: Unit, demand: Demand) -> bool:
        late = too_late(unit.expiry, self.registry.now.date(), min_life=demand.min_life_days)
        lots = {demand.lot} if demand.lot else demand.lots
        named = not demand.names or unit.serial in demand.names
        return late is None and named and (not lots or unit.lot in lots)

    @invariant()
    def what_is_recalled_or_held_by_lot_is_held(self) -> None:
        """Whatever is here of a held lot or an open recall is under its hold, whenever it came (S46)."""
        for scope in self.registry.scopes.values():
            here = {unit.key for unit in self.registry.units.values() if _in_house(unit) and scope.touches(unit)}
            assert here <= self.registry.held.get((scope.sku, scope.hold), {}).keys()

    @invariant()
    def held_is_held(self) -> None:
        """A unit's count of holds is the number of open ones on it."""
        count: dict[str, int] = defaultdict(int)
        for units in self.registry.held.values():
            for unit in units.values():
                count[unit.serial] += 1
        assert all(unit.holds == count[unit.serial] for unit in self.registry.units.values())

    @invariant()
    def places_fit(self) -> None:
        """What is in the house has a place, and nothing else has (S06, S07, S35)."""
        for unit in self.registry.units.values():
            assert (unit.location is not None) == _in_house(unit)


def _in_house(unit: Unit) -> bool:
    return unit.status in {"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"}


TestLives = Proofs.TestCase
TestLives.settings = settings(
    max_examples=25, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
