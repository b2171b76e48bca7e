"""Results of commands on units."""

from collections.abc import Sequence

from services.serials.units.domain.unit import Unit
from shared.contracts.model import KnownFieldsModel
from shared.contracts.results import PartialResult
from shared.contracts.serials import SerialAdjustment, SerialStatus


class UnitSnapshot(KnownFieldsModel):
    """State of a unit after the command."""

    serial: str
    status: SerialStatus
    location: str | None
    version: int
    on_hold: bool
    adjustment: SerialAdjustment | None


class UnitsResult(PartialResult):
    """Updated units of a command, and the rejected ones with the reasons."""

    sku: str
    updated: list[UnitSnapshot]


def units_result(sku: str, units: Sequence[Unit]) -> UnitsResult:
    """Build the result from the current state of units."""
    return UnitsResult(
        sku=sku,
        updated=[
            UnitSnapshot(
                serial=unit.serial,
                status=unit.status or "EXPECTED",
                location=unit.location,
                version=unit.version,
                on_hold=unit.open_hold_count > 0,
                adjustment=unit.adjustment,
            )
            for unit in units
        ],
    )
