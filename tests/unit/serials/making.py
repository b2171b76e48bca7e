"""Short ways to say what the registry is told."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from services.serials.units.domain.places import Types
from shared.contracts.envelope import CloudEvent, Fact

F = TypeVar("F", bound=Fact)
DAWN = datetime(2026, 3, 2, 6, tzinfo=UTC)
_ids = count(1)

DOCK, STAGE, SHELF, BIN, OUT = "EAST/DOCK", "EAST/STAGE", "EAST/A-01", "EAST/A-02", "EAST/OUT"
FAR = "WEST/B-01"
TYPES: Types = {
    DOCK: "DOCK",
    STAGE: "STAGING",
    OUT: "STAGING",
    SHELF: "STORAGE",
    BIN: "STORAGE",
    FAR: "STORAGE",
}


def told(data: F) -> CloudEvent[F]:
    """As an event with an id of its own, a second after the last."""
    number = next(_ids)
    return CloudEvent[F].model_construct(
        id=f"m{number}", source="test", type=data.TYPE, time=DAWN + timedelta(seconds=number), data=data
    )


def names(count_of: int, first: int = 1) -> list[str]:
    """Serials SN-1, SN-2, …"""
    return [f"SN-{number}" for number in range(first, first + count_of)]


def by_status(units: Mapping[tuple[str, str], object]) -> dict[str, Sequence[str]]:
    """The serials in each status."""
    found: dict[str, list[str]] = {}
    for (_, serial), unit in units.items():
        found.setdefault(str(getattr(unit, "status", None)), []).append(serial)
    return {status: sorted(serials) for status, serials in found.items()}
