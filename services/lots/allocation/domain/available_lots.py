"""Available stock of a product in a warehouse: the FEFO queue and the stock excluded from allocation."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.records import Balance, LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.inventory.demand import Pool
from shared.inventory.fefo import AllocatedQuantity, AvailableLot, FefoQueue
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason


class SkippedLot(NamedTuple):
    """Skipped stock of a lot at a location, with the reason."""

    lot: AvailableLot
    reason: SkipReason


def group_available_balances(uow: LotsUnitOfWork, pools: Iterable[Pool]) -> dict[Pool, list[Balance]]:
    """Group balances with stock to allocate or missing stock by pool."""
    balances_by_pool: dict[Pool, list[Balance]] = {pool: [] for pool in pools}
    for balance in uow.balances:
        pool = balance.sku, balance.warehouse
        if pool in balances_by_pool and balance.is_storage and (balance.allocatable > 0 or balance.missing):
            balances_by_pool[pool].append(balance)
    return balances_by_pool


@dataclass(slots=True)
class AvailableLots:
    """Available stock of a SKU in a warehouse on a local date, reduced by each allocation."""

    rules: ShelfLifeRules
    queue: FefoQueue
    excluded: list[SkippedLot]
    """Stock excluded for all demands, in FEFO order."""
    known_lots: Container[LotKey] = ()
    """Lots of the product; a demand that lists one of them exactly means this one only."""
    _min_days_by_criteria: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def from_balances(cls, uow: LotsUnitOfWork, pool: Pool, balances: Iterable[Balance]) -> "AvailableLots":
        """Separate available from excluded stock."""
        available, excluded, rules = [], [], uow.shelf_life_rules[pool]
        for balance in balances:
            lot = uow.lots[balance.sku, balance.lot]
            available_lot = AvailableLot(
                lot=balance.lot, expiry=lot.expiry, received_at=lot.first_received_at, location=balance.location,
                pick_sequence=uow.pick_sequence.get(balance.location, 0), available_quantity=balance.allocatable,
            )  # fmt: skip
            if balance.missing:
                missing_lot = available_lot._replace(available_quantity=balance.missing)
                excluded.append(SkippedLot(missing_lot, SkipReason.UNDER_INVESTIGATION))
            if balance.allocatable <= 0:
                continue
            reason = rules.skip_reason(lot.expiry)
            if reason or uow.is_held(balance):
                excluded.append(SkippedLot(available_lot, reason or SkipReason.ON_HOLD))
            else:
                available.append(available_lot)
        in_order = sorted(excluded, key=lambda skipped_lot: skipped_lot.lot.fefo_key)
        return cls(rules, FefoQueue(available), in_order, uow.lots)

    def take(self, demand: Demand) -> list[AllocatedQuantity]:
        """Take the demand's open quantity from the remaining stock."""
        if self._is_unrestricted(demand):
            return self.queue.allocate(demand.open_quantity, single_lot=demand.single_lot)
        return self.queue.allocate(
            demand.open_quantity, lambda lot: not self.skip_reason(demand, lot), single_lot=demand.single_lot
        )

    def skip_reason(self, demand: Demand, lot: AvailableLot) -> SkipReason | None:
        """Return why the demand cannot take this available lot, or None."""
        if not demand.accepts_lot(lot.lot, self.known_lots):
            return SkipReason.LOT_NOT_REQUESTED
        return self.rules.skip_reason(lot.expiry, self._min_days(demand))

    def _is_unrestricted(self, demand: Demand) -> bool:
        return not demand.allowed_lots and demand.assigned_lot is None and not self._min_days(demand)

    def _min_days(self, demand: Demand) -> int:
        criteria = demand.customer, demand.min_remaining_shelf_life_days
        min_days = self._min_days_by_criteria.get(criteria)
        if min_days is None:
            min_days = self._min_days_by_criteria[criteria] = self.rules.policy.min_remaining_shelf_life(*criteria)
        return min_days

    def find_skipped(self, demand: Demand, taken: Sequence[AllocatedQuantity]) -> list[SkippedLot]:
        """Return the stock skipped before the last allocated lot, or all remaining stock if the demand is short.

        Call it directly after `take`.
        """
        is_short = sum((allocated_quantity.quantity for allocated_quantity in taken), Decimal(0)) < demand.open_quantity
        if not is_short and not self.excluded and self._is_unrestricted(demand):
            return []
        last_key = None if is_short else taken[-1].source.fefo_key
        skipped = [
            skipped_lot for skipped_lot in self.excluded if last_key is None or skipped_lot.lot.fefo_key < last_key
        ]
        for lot in self.queue.lots:
            if last_key is not None and lot.fefo_key >= last_key:
                break
            skipped.append(SkippedLot(lot, self.skip_reason(demand, lot) or SkipReason.LOT_TOO_SMALL))
        return sorted(skipped, key=lambda skipped_lot: skipped_lot.lot.fefo_key)
