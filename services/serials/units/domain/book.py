"""The book of one transaction: the units that were loaded, walked in place, and what is to be written of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.serials.units.domain.scopes import Scope, ScopeKey
from services.serials.units.domain.transitions import Change, after
from services.serials.units.domain.unit import Act, HoldRow, Key, Papers, Pool, Step, Told, Unit, named
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code


@dataclass(frozen=True, slots=True)
class Misfit:
    """A fact that happened and does not fit some units: it changes nothing of them, and a supervisor is told."""

    event: CloudEvent[Any]
    code: Code
    detail: str
    units: Sequence[Unit]


@dataclass(slots=True)
class Book:
    """Working copies of units, the steps they took, and the stock that came free by them."""

    units: dict[Key, Unit] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    opened: list[HoldRow] = field(default_factory=list)
    lifted: list[HoldRow] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    held: dict[tuple[str, str], dict[Key, Unit]] = field(default_factory=dict)
    """Known holds by sku and id, with the units that each is open on; one that was lifted is empty."""

    scopes: dict[ScopeKey, Scope] = field(default_factory=dict)
    """Open holds on what arrives."""

    scopes_over: set[ScopeKey] = field(default_factory=set)
    """Such holds that were lifted before, as far as they were asked for."""

    opened_scopes: list[tuple[Scope, int]] = field(default_factory=list)
    lifted_scopes: list[tuple[Scope, int]] = field(default_factory=list)
    """Scopes of holds that were opened and lifted here, each with its act."""

    watched: list[tuple[Unit, Scope]] = field(default_factory=list)
    """Units that a recall names here; one may have named them before."""

    _scoped: dict[tuple[str, str, str, str], int] = field(default_factory=dict)

    of_returns: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of the known holds those under which a customer's return waits for its disposition, and which return."""

    freed: dict[Pool, dict[Key, Told]] = field(default_factory=dict)
    """Units that became free, by pool, with what freed them."""

    def unit(self, sku: str, serial: str) -> Unit:
        """Give a unit's working copy; one that is not known has no status."""
        key = (sku, serial)
        found = self.units.get(key)
        if found is None:
            found = self.units[key] = Unit(sku, serial)
        return found

    def adopt(self, units: Iterable[Unit]) -> None:
        """Take in units as they were loaded; a working copy that is here already stays."""
        for unit in units:
            self.units.setdefault(unit.key, unit)

    def act(self, change: Change, sku: str, told: Told, papers: Papers, reason: str = "") -> int:
        """Open an act; the steps of its units refer to it."""
        self.acts.append(Act(change=change, sku=sku, reason=reason or change.value, told=told, papers=papers))
        return len(self.acts) - 1

    def step(self, unit: Unit, act: int, location: str | None) -> bool:
        """Let a unit take its part in an act, if the table allows it (S04)."""
        change = self.acts[act].change
        status = after(unit.status, change)
        if status is None:
            return False
        unit.version += 1
        step = Step(
            unit=unit, act=act, version=unit.version, from_status=unit.status, status=status,
            from_location=unit.location, location=location,
        )  # fmt: skip
        self.steps.append(step)
        unit.status, unit.location = status, location
        return True

    def open_scope(self, scope: Scope, act: int) -> None:
        """Hold what arrives of this, too; once by each hold."""
        if scope.key not in self.scopes and scope.key not in self.scopes_over:
            self.scopes[scope.key] = scope
            self.opened_scopes.append((scope, act))

    def scoped_act(self, scope: Scope, told: Told) -> int:
        """Open the act, once for each message, of holding what arrived of a scope."""
        key = scope.sku, scope.hold, told.cause.source, told.cause.id
        if key not in self._scoped:
            self._scoped[key] = self.act(Change.HELD, scope.sku, told, Papers(hold=scope.hold), scope.reason)
        return self._scoped[key]

    def watch(self, unit: Unit, scope: Scope) -> None:
        """Tell the scope's recall from now on where the unit goes."""
        unit.watches += 1
        self.watched.append((unit, scope))

    def came_free(self, unit: Unit, told: Told) -> None:
        """Note a unit that an order may have now."""
        if unit.free:
            self.freed.setdefault(unit.pool, {})[unit.key] = told

    def misfit(self, event: CloudEvent[Any], code: Code, units: Sequence[Unit], why: str) -> None:
        """Note units that a fact does not fit, one misfit for those in the same state."""
        states: dict[str, list[Unit]] = {}
        for unit in units:
            states.setdefault(unit.state, []).append(unit)
        for state, alike in states.items():
            self.misfits.append(Misfit(event, code, f"{why}: {named(alike)}: {state}", alike))

    @property
    def used(self) -> list[int]:
        """The acts that something took part in."""
        scopes = (act for _, act in (*self.opened_scopes, *self.lifted_scopes))
        return sorted({step.act for step in self.steps}.union(scopes))

    @property
    def stepped(self) -> list[Unit]:
        """Every unit that took a step, once."""
        return list({id(step.unit): step.unit for step in self.steps}.values())
