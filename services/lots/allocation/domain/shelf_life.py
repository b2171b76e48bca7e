"""Shelf-life rules for allocation and dispatch by product, warehouse and customer."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from services.lots.balances.domain.records import Pool
from shared.contracts.upstream import ShelfLifePolicy
from shared.inventory import expiry


class ShelfLifeRules(NamedTuple):
    """Time zone and shelf-life policy of a product in a warehouse; the defaults apply until both are known."""

    time_zone: str = "UTC"
    policy: ShelfLifePolicy = ShelfLifePolicy()

    def local_date(self, now: datetime) -> date:
        """The current date in the warehouse."""
        return expiry.today(now, self.time_zone)


ShelfLifeByPool = Mapping[Pool, ShelfLifeRules]
