"""What may be said of a warehouse or a location."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import LocationChanged, LocationType, WarehouseChanged
from shared.contracts.upstream import LocationDefined, WarehouseDefined


class Warehouse(NamedTuple):
    """A warehouse as it stands."""

    warehouse: str
    version: int
    name: str
    time_zone: str

    @property
    def key(self) -> str:
        """Its name."""
        return self.warehouse

    def said(self) -> WarehouseChanged:
        """As the others are told."""
        return WarehouseChanged(**self._asdict())


class Location(NamedTuple):
    """A location as it stands."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int

    @property
    def key(self) -> str:
        """Its name."""
        return self.location

    def said(self) -> LocationChanged:
        """As the others are told."""
        return LocationChanged(**self._asdict())


Place = Warehouse | Location


class WarehouseOut(KnownFieldsModel):
    """A warehouse as it is shown."""

    warehouse: str
    version: int
    name: str
    time_zone: str


class LocationOut(KnownFieldsModel):
    """A location as it is shown."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int


class Defined(NamedTuple):
    """What became of one definition: the place before and after, or why not."""

    before: Place | None
    after: Place | None
    refusal: Refusal | None = None

    @property
    def changed(self) -> bool:
        """Whether it says anything new."""
        return self.after is not None and self.after is not self.before


def define(
    known: Mapping[str, Place], zones: frozenset[str], wanted: Sequence[WarehouseDefined | LocationDefined]
) -> list[Defined]:
    """Walk definitions in order; a location may be told before its warehouse, as their keys differ."""
    now = dict(known)
    outcomes = []
    for wish in wanted:
        before = now.get(wish.key())
        if isinstance(wish, WarehouseDefined) and wish.time_zone not in zones:
            detail = f"{wish.warehouse} is to count its days in {wish.time_zone!r}"
            outcomes.append(Defined(before, None, Refusal(code=Code.UNKNOWN_TIME_ZONE, detail=detail)))
            continue
        now[wish.key()] = after = _revised(before, wish)
        outcomes.append(Defined(before, after))
    return outcomes


def _revised(before: Place | None, wish: WarehouseDefined | LocationDefined) -> Place:
    """The next version, or the place itself where the definition says nothing new."""
    version = before.version if before else 0
    after: Place
    if isinstance(wish, WarehouseDefined):
        after = Warehouse(warehouse=wish.warehouse, version=version, name=wish.name, time_zone=wish.time_zone)
    else:
        after = Location(location=wish.location, version=version, type=wish.type, pick_sequence=wish.pick_sequence)
    return before if after == before and before else after._replace(version=version + 1)
