"""A serialised unit as the registry knows it, and the steps of its life."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from services.serials.units.domain.transitions import Change
from shared.contracts.envelope import Cause, CloudEvent
from shared.contracts.serials import Adjustment, Status

Key = tuple[str, str]
"""What a unit is known by for ever: its sku and its serial (S18)."""

Pool = tuple[str, str]
"""What a demand is served from: the free units of a sku in a warehouse."""


@dataclass(slots=True)
class Unit:
    """Where a unit stands; without a status it is not known yet."""

    sku: str
    serial: str
    id: int | None = None
    watches: int = 0
    """How many open recalls want to be told where it goes."""
    status: Status | None = None
    version: int = 0
    receiving_version: int = 0
    warehouse: str | None = None
    location: str | None = None
    received_at: datetime | None = None
    receipt: str | None = None
    receipt_line: str | None = None
    order: str | None = None
    order_line: str | None = None
    demand: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    holds: int = 0
    adjustment: Adjustment | None = None
    lot: str | None = None
    expiry: date | None = None
    due: date | None = None
    """When to look next whether it expires soon."""
    was: Sequence[Any] = field(default=(), init=False, repr=False, compare=False)
    """Its state as it was loaded, in the order of the columns that are written."""

    @property
    def key(self) -> Key:
        """Its name."""
        return self.sku, self.serial

    @property
    def free(self) -> bool:
        """Whether an order may have it: stored, under no hold, and really there (S06, S07)."""
        return self.status == "IN_INVENTORY" and self.holds == 0 and self.adjustment is None

    @property
    def pool(self) -> Pool:
        """Where it can be found by a demand."""
        return self.sku, self.warehouse or ""

    @property
    def state(self) -> str:
        """How a person is told where it stands, and what with."""
        if self.status is None:
            return "unknown"
        told: str = self.status
        if self.order and self.status in {"ALLOCATED", "PICKED", "SHIPPED"}:
            told += f" for order {self.order} line {self.order_line}"
        if self.adjustment:
            told += f", {self.adjustment}"
        return f"{told}, on hold" if self.holds else told

    def expires(self, day: date | None) -> None:
        """Take in what its label says; what is to be said of that begins anew."""
        self.expiry, self.due = day, date.min if day else None

    def let_go(self) -> None:
        """Forget the order it was meant for."""
        self.order = self.order_line = self.demand = self.customer = None


def named(units: Sequence[Unit]) -> str:
    """Name a few units of a product to a person, and how many more there are."""
    few = ", ".join(unit.serial for unit in units[:5])
    return f"{units[0].sku} {few}" + (f" and {len(units) - 5} more" if len(units) > 5 else "")


class Told(NamedTuple):
    """Who said that something happens, when it did, and in which message (S22)."""

    actor: str
    occurred: datetime
    cause: Cause

    @classmethod
    def by(cls, event: CloudEvent[Any]) -> "Told":
        """As a message tells it."""
        return cls(event.actor, event.time, event.cause)


class Papers(NamedTuple):
    """The documents of an act: what a person would ask for to see why."""

    receipt: str | None = None
    line: str | None = None
    order: str | None = None
    demand: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    hold: str | None = None
    customer_name: str | None = None
    contact: str | None = None


class Act(NamedTuple):
    """One thing that happened to one or many units of a sku at once: what their audit rows share (S22)."""

    change: Change
    sku: str
    reason: str
    told: Told
    papers: Papers


class Step(NamedTuple):
    """One unit's part in an act: an audit row. A unit's last step is its state."""

    unit: Unit
    act: int
    version: int
    from_status: Status | None
    status: Status
    from_location: str | None
    location: str | None


class HoldRow(NamedTuple):
    """A hold opened on a unit, or lifted from it, by an act."""

    hold: str
    unit: Unit
    act: int
