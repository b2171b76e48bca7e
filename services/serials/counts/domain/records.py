"""Counts of a location, their scanned units, and the discrepancies that they found."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from services.serials.units.domain.unit import UnitKey
from shared.contracts.commands.serials import CountDiscrepancyKind, CountDiscrepancyStatus, CountResolution
from shared.contracts.serials import SerialAdjustment, SerialStatus

CountKey = tuple[str, str]
"""Location and id of a count."""


@dataclass(slots=True)
class LocationCount:
    """A count of the units at a location, sent in one or several parts."""

    UPDATED: ClassVar[str] = "received_parts completed_at"

    location: str
    count_id: str
    counted_at: datetime
    parts: int
    counted_by: str
    recorded_at: datetime
    received_parts: tuple[int, ...] = ()
    completed_at: datetime | None = None

    def __post_init__(self) -> None:
        """Convert loaded arrays."""
        self.received_parts = tuple(self.received_parts)

    @property
    def key(self) -> CountKey:
        """Location and id."""
        return self.location, self.count_id

    @property
    def missing_parts(self) -> list[int]:
        """Parts that have not arrived."""
        return [part for part in range(1, self.parts + 1) if part not in self.received_parts]


class CountedUnit(NamedTuple):
    """A unit scanned in a part of a count."""

    location: str
    count_id: str
    part: int
    sku: str
    serial: str
    scan: str | None = None
    """Raw scan that named it."""

    @property
    def key(self) -> UnitKey:
        """SKU and serial."""
        return self.sku, self.serial


class CountedState(NamedTuple):
    """A unit that stands at a counted location or was scanned there: its present state, and where it stood then."""

    sku: str
    serial: str
    status: SerialStatus
    location: str | None
    order_id: str | None
    adjustment: SerialAdjustment | None
    location_then: str | None
    """Location at the time of the count."""
    moved_at: datetime | None
    """Time of the last movement."""
    adjusted_at: datetime | None
    """Time of the adjustment in force."""

    @property
    def key(self) -> UnitKey:
        """SKU and serial."""
        return self.sku, self.serial


@dataclass(slots=True)
class CountDiscrepancy:
    """A unit that a count missed at its location, or scanned at a location where it is not registered."""

    UPDATED: ClassVar[str] = "status resolution resolved_by resolved_at reason"

    discrepancy: str
    location: str
    count_id: str
    sku: str
    serial: str
    kind: CountDiscrepancyKind
    unit_status: SerialStatus | None
    unit_location: str | None
    order_id: str | None
    counted_at: datetime
    counted_by: str
    status: CountDiscrepancyStatus = "OPEN"
    resolution: CountResolution | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    reason: str = ""

    @property
    def unit_key(self) -> UnitKey:
        """SKU and serial."""
        return self.sku, self.serial

    def resolve(self, resolution: CountResolution, actor: str, at: datetime, reason: str) -> None:
        """Close the discrepancy."""
        self.status, self.resolution = "RESOLVED", resolution
        self.resolved_by, self.resolved_at, self.reason = actor, at, reason
