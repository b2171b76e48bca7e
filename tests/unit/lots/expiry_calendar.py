"""Expiry checks on in-memory lots as days pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.lots.expiry.domain import ExpiryCheck, ExpiryNotice, LotExpiryCheckDue, LotInWarehouse
from shared.contracts.lots import LotExpired, LotExpiring, LotHoldPlaced
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots

DEFAULT_THRESHOLDS = (90, 60, 30, 7)


@dataclass
class ExpiryCalendar:
    """In-memory lots with expiry checks by date. As in the tables, only lots with a due check are examined."""

    thresholds: Sequence[int] = DEFAULT_THRESHOLDS
    service: InMemoryLots = field(default_factory=InMemoryLots)
    published_notices: set[ExpiryNotice] = field(default_factory=set)
    next_check_by_lot: dict[LotInWarehouse, date] = field(default_factory=dict)
    seen_corrections: int = 0
    """The number of corrections already applied to the next checks."""

    def run_check(self, date_by_warehouse: Mapping[str, date]) -> list[LotExpiring | LotExpired | LotHoldPlaced]:
        """Check the lots that are due on these local dates; return the published events."""
        new_corrections = self.service.corrections[self.seen_corrections :]
        redated_lots = {
            correction.lot for correction in new_corrections if correction.expiry != correction.previous_expiry
        }
        self.seen_corrections = len(self.service.corrections)
        self.next_check_by_lot = {
            lot_key: day for lot_key, day in self.next_check_by_lot.items() if lot_key.lot not in redated_lots
        }
        self.published_notices = {notice for notice in self.published_notices if notice.lot not in redated_lots}
        uow = self.service.new_unit_of_work()
        lot_keys = {
            LotInWarehouse(balance.sku, balance.lot, balance.warehouse)
            for balance in uow.balances.values()
            if balance.on_hand
        }
        lot_keys |= {
            LotInWarehouse(picked.sku, picked.lot, picked.warehouse)
            for picked in uow.picked.values()
            if picked.quantity
        }
        events = [
            to_event(LotExpiryCheckDue(**lot_key._asdict(), since=date.min))
            for lot_key in sorted(lot_keys)
            if self.next_check_by_lot.get(lot_key, date.min) <= date_by_warehouse[lot_key.warehouse]
        ]
        check = ExpiryCheck(uow, date_by_warehouse, {"A-1": self.thresholds}, self.published_notices)
        emitted = check.run(events)
        self.next_check_by_lot |= check.next_check_by_lot
        self.service.store(uow)
        self.service.published += emitted
        return emitted  # type: ignore[return-value]

    def check_on(self, day: date) -> list[LotExpiring | LotExpired | LotHoldPlaced]:
        """Check on a date that is the same in both warehouses."""
        return self.run_check({"EAST": day, "WEST": day})
