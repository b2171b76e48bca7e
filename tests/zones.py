"""A warehouse of the test's own whose time zone changes, at a moment at which that may be another day."""

from datetime import UTC, datetime

import pytest

from shared.clock import Clock
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.database import Transaction
from tests.line import ServiceLine

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()
HERE, AHEAD = "Europe/Berlin", "Pacific/Kiritimati"
"""At noon in London it is the same day in the one, and the next day already in the other."""


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the same moment all the time."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON))


def zone(line: ServiceLine, name: str, version: int) -> WarehouseChanged:
    """The test's own warehouse, in a time zone."""
    return WarehouseChanged(warehouse=line.no("W"), version=version, name="West", time_zone=name)


def places(line: ServiceLine) -> tuple[LocationChanged, LocationChanged]:
    """A shelf and a dock there."""
    return (
        LocationChanged(location=f"{line.no('W')}/S", version=1, type="STORAGE", pick_sequence=1),
        LocationChanged(location=f"{line.no('W')}/D", version=1, type="DOCK", pick_sequence=2),
    )


async def serve(line: ServiceLine) -> int:
    """Let the clock serve who is noted; how many products in the test's warehouse that were."""
    before = await noted(line)
    clock = Clock(line.map, line.map.finds[1], line.engine, lambda: None)
    await clock.round()
    assert (clock.ran, clock.trouble) == (Transaction.clock(), None)
    return before - await noted(line)


async def noted(line: ServiceLine) -> int:
    """How many products the clock has to look at in the test's warehouse."""
    return len(await line.rows("SELECT 1 FROM rezoned WHERE warehouse = :name", name=line.no("W")))
