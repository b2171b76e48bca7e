"""How much life units must have left to be given to an order, and to leave (S28)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from services.serials.units.domain.unit import Pool, Unit
from shared.contracts.problems import Code
from shared.contracts.upstream import LifePolicy
from shared.stock import expiry

TOO_LATE: Mapping[expiry.TooLate, str] = {
    "expired": "expired",
    "stop_pick": "too near its expiry for any order",
    "min_life": "too near its expiry for this order",
}
"""In the words that people are told."""


class Limits(NamedTuple):
    """What holds for a product in a warehouse, on a day there; of what is not known yet, nothing is asked."""

    time_zone: str
    life: LifePolicy
    day: date

    @classmethod
    def on(cls, now: datetime, time_zone: str = "UTC", life: LifePolicy | None = None) -> "Limits":
        """The limits at a moment."""
        return cls(time_zone, life or LifePolicy(), expiry.today(now, time_zone))

    def at(self, moment: datetime) -> "Limits":
        """The same at another moment."""
        return self._replace(day=expiry.today(moment, self.time_zone))

    def to_give(self, unit: Unit, min_life: int) -> expiry.TooLate | None:
        """Why a unit is not given to an order that demands so many days."""
        return expiry.too_late(unit.expiry, self.day, self.life.stop_pick_days, min_life)

    def earliest(self, min_life: int) -> date:
        """The earliest expiry that is given to such an order."""
        return expiry.earliest(self.day, self.life.stop_pick_days, min_life)

    def to_leave(self, unit: Unit, customer: str, asked: int = 0) -> tuple[Code, str] | None:
        """Why a unit may not leave with an order of a customer."""
        days = self.life.min_life(customer, asked)
        late = expiry.too_late(unit.expiry, self.day, min_life=days)
        if late == "expired":
            return Code.EXPIRED, f"it expired on {unit.expiry}"
        return (Code.LIFE_TOO_SHORT, f"it expires on {unit.expiry}, {days} days are demanded") if late else None

    def until(self, unit: Unit, customer: str, asked: int = 0) -> datetime | None:
        """From when on it may not leave any more."""
        return expiry.good_until(unit.expiry, self.time_zone, min_life=self.life.min_life(customer, asked))


LimitsOf = Mapping[Pool, Limits]
"""Limits of the pools in which a unit has an expiry: of the others they do not matter."""
