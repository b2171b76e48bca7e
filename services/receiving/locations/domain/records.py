"""Immutable records of warehouses and locations: one class per table, one field per column."""

from datetime import datetime
from typing import NamedTuple

from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import LocationType


class Warehouse(NamedTuple):
    """A warehouse."""

    warehouse: str
    version: int
    name: str
    time_zone: str


class Location(NamedTuple):
    """A location."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int
    is_active: bool = True


class LocationChange(NamedTuple):
    """A change log entry of a warehouse or location."""

    location: str
    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


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
    is_active: bool
