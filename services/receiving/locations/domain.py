"""Definitions of warehouses and locations."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import LocationChanged, LocationType, WarehouseChanged
from shared.contracts.upstream import LocationDefined, WarehouseDefined


class Warehouse(NamedTuple):
    """A warehouse."""

    warehouse: str
    version: int
    name: str
    time_zone: str

    @property
    def key(self) -> str:
        """Return the id."""
        return self.warehouse

    def to_event(self) -> WarehouseChanged:
        """Create the warehouse event."""
        return WarehouseChanged(**self._asdict())


class Location(NamedTuple):
    """A location."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int

    @property
    def key(self) -> str:
        """Return the id."""
        return self.location

    def to_event(self) -> LocationChanged:
        """Create the location event."""
        return LocationChanged(**self._asdict())


MasterData = Warehouse | Location


class WarehouseOut(KnownFieldsModel):
    """A warehouse."""

    warehouse: str
    version: int
    name: str
    time_zone: str


class LocationOut(KnownFieldsModel):
    """A location."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int


class LocationDefinitionResult(NamedTuple):
    """Result of one definition: the record before and after, or a violation."""

    before: MasterData | None
    after: MasterData | None
    violation: ProblemDetail | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the definition changed the record."""
        return self.after is not None and self.after is not self.before


def define_locations(
    existing: Mapping[str, MasterData],
    time_zones: frozenset[str],
    definitions: Sequence[WarehouseDefined | LocationDefined],
) -> list[LocationDefinitionResult]:
    """Apply definitions in order; a location may be defined before its warehouse."""
    current = dict(existing)
    results = []
    for definition in definitions:
        before = current.get(definition.key())
        if isinstance(definition, WarehouseDefined) and definition.time_zone not in time_zones:
            detail = f"Warehouse {definition.warehouse} has the unknown time zone {definition.time_zone!r}"
            results.append(
                LocationDefinitionResult(before, None, ProblemDetail(code=Code.UNKNOWN_TIME_ZONE, detail=detail))
            )
            continue
        current[definition.key()] = after = _next_version(before, definition)
        results.append(LocationDefinitionResult(before, after))
    return results


def _next_version(before: MasterData | None, definition: WarehouseDefined | LocationDefined) -> MasterData:
    """Return the next version, or the same record if nothing changes."""
    version = before.version if before else 0
    after: MasterData
    if isinstance(definition, WarehouseDefined):
        after = Warehouse(
            warehouse=definition.warehouse, version=version, name=definition.name, time_zone=definition.time_zone
        )
    else:
        after = Location(
            location=definition.location, version=version, type=definition.type, pick_sequence=definition.pick_sequence
        )
    return before if after == before and before else after._replace(version=version + 1)
