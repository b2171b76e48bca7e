"""What the sender of a command on units is told of each of them."""

from collections.abc import Sequence

from services.serials.units.domain.unit import Unit
from shared.contracts.model import KnownFieldsModel
from shared.contracts.results import PartialResult
from shared.contracts.serials import Adjustment, Status


class UnitNow(KnownFieldsModel):
    """A unit that the command was done to, as it stands after it."""

    serial: str
    status: Status
    location: str | None
    version: int
    on_hold: bool
    adjustment: Adjustment | None


class UnitsDone(PartialResult):
    """The units that a command was done to; those it refused stand beside them, with the reasons."""

    sku: str
    done: list[UnitNow]


def done_to(sku: str, units: Sequence[Unit]) -> UnitsDone:
    """Tell how units stand now."""
    return UnitsDone(
        sku=sku,
        done=[
            UnitNow(
                serial=unit.serial,
                status=unit.status or "EXPECTED",
                location=unit.location,
                version=unit.version,
                on_hold=unit.holds > 0,
                adjustment=unit.adjustment,
            )
            for unit in units
        ],
    )
