"""Expiry checks on in-memory lots as days pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.lots.balances.domain.records import LotInWarehouse
from services.lots.expiry.domain import LotExpiryCheckDue
from shared.contracts.lots import LotExpired, LotExpiring, LotHoldPlaced
from shared.contracts.product_attributes import ShelfLifePolicy
from tests.support.in_memory.lots import InMemoryLots

DEFAULT_THRESHOLDS = (90, 60, 30, 7)


@dataclass
class ExpiryCalendar:
    """In-memory lots with expiry checks by date. As in the tables, only lots with a due check are examined."""

    thresholds: Sequence[int] = DEFAULT_THRESHOLDS
    service: InMemoryLots = field(default_factory=InMemoryLots)

    def run_check(self, date_by_warehouse: Mapping[str, date]) -> list[LotExpiring | LotExpired | LotHoldPlaced]:
        """Check the lots that are due on these local dates; return the events about expiry and holds."""
        service, uow = self.service, self.service.uow
        uow.local_dates = dict(date_by_warehouse)
        uow.shelf_life["A-1"] = ShelfLifePolicy.model_construct(expiry_alert_days=list(self.thresholds))
        stock = [*uow.balances, *uow.picked]
        due_lots = [
            lot_key
            for lot_key in sorted({LotInWarehouse(row.sku, row.lot, row.warehouse) for row in stock})
            if service.next_checks.get(lot_key, date.min) <= date_by_warehouse[lot_key.warehouse]
        ]
        count = len(service.published)
        service.handle(*(LotExpiryCheckDue(**lot_key._asdict(), since=date.min) for lot_key in due_lots))
        types = LotExpiring, LotExpired, LotHoldPlaced
        return [event for event in service.published[count:] if isinstance(event, types)]

    def check_on(self, day: date) -> list[LotExpiring | LotExpired | LotHoldPlaced]:
        """Check on a date that is the same in both warehouses."""
        return self.run_check({"EAST": day, "WEST": day})
