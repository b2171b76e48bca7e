"""How much life goods must have left to be given to an order, and to leave: by product, warehouse and customer."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from services.lots.balances.domain.stock import Pool
from shared.contracts.upstream import LifePolicy
from shared.stock import expiry


class Limits(NamedTuple):
    """What holds for a product in a warehouse; of what is not known yet, nothing is asked."""

    time_zone: str = "UTC"
    life: LifePolicy = LifePolicy()

    def day(self, now: datetime) -> date:
        """The day it is in the warehouse."""
        return expiry.today(now, self.time_zone)


LimitsOf = Mapping[Pool, Limits]
