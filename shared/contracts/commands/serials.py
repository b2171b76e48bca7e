"""Commands on serialised units in the house: put away, move, hold, lift, adjust."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_UNITS, Fact
from shared.contracts.topics import SERIALS_COMMANDS
from shared.identifiers import Day, DocumentId, Location, LotNumber, Reason, SerialNumber, Sku

Serials = Annotated[list[SerialNumber], Field(min_length=1, max_length=MAX_UNITS)]


class PutAway(Fact, type="serial.put_away.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Received units were stored in a storage place; from now on orders may have them."""

    sku: Sku
    serials: Serials
    location: Location


class Move(Fact, type="serial.move.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Free units were moved to another place of the same kind."""

    sku: Sku
    serials: Serials
    location: Location


class Hold(Fact, type="serial.hold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Stop units from being allocated, picked and dispatched; the sender names the hold, to lift it by.

    A hold on a lot number holds what arrives of it later too.
    """

    sku: Sku
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)] = []
    lot: Annotated[LotNumber, Field(min_length=1)] | None = None
    hold: DocumentId
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> "Hold":
        if bool(self.serials) == (self.lot is not None):
            raise ValueError("name what to hold by either serials or lot")
        return self


class Lift(Fact, type="serial.lift.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Close a hold, on all its units."""

    sku: Sku
    hold: DocumentId
    reason: Reason


class Adjust(Fact, type="serial.adjust.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Units are scrapped, lost or found again; VOID says that their entry was wrong: kept, never allocatable."""

    sku: Sku
    serials: Serials
    adjustment: Literal["SCRAPPED", "LOST", "FOUND", "VOID"]
    location: Location | None = None
    reason: Reason


class Correct(Fact, type="serial.correct.v1", topic=SERIALS_COMMANDS, key="sku"):
    """The label of units was read wrongly: this is their expiry."""

    sku: Sku
    serials: Serials
    expiry: Day | None
    reason: Reason
