"""Why a demand has its stock, and why it passed over other stock."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.records import LotKey
from shared.inventory import fefo
from shared.inventory.explanation import PassOverReason, min_shelf_life_days
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason

StockKind = Literal["ON_HAND", "ALLOCATED", "PICKED", "SHIPPED", "MISSING", "LOST"]
REASON_BY_KIND: Mapping[StockKind, str] = {
    "ALLOCATED": PassOverReason.ALLOCATED,
    "PICKED": PassOverReason.PICKED,
    "MISSING": SkipReason.UNDER_INVESTIGATION,
    "LOST": PassOverReason.LOST,
}


class StockPart(NamedTuple):
    """Quantity of a lot: unallocated on hand, of an order line, under investigation, or lost."""

    kind: StockKind
    lot: str
    location: str | None
    quantity: Decimal
    expiry: date | None
    received_at: datetime
    pick_sequence: int
    is_storage: bool
    is_held: bool
    demand_id: str | None
    order: str | None
    order_line: str | None

    @property
    def fefo_key(self) -> fefo.FefoKey:
        """Sort key of the lot at the location."""
        return fefo.fefo_key(self.expiry, self.received_at, self.lot, self.pick_sequence, self.location or "")


class PassedOverStock(NamedTuple):
    """Stock that a demand has not got, with the reason."""

    part: StockPart
    reason: str


def pass_over(
    demand: Demand, own: Sequence[StockPart], others: Iterable[StockPart], rules: ShelfLifeRules
) -> list[PassedOverStock]:
    """Return the stock before the last allocated lot in FEFO order, or all stock if the demand is short."""
    is_short = sum((part.quantity for part in own), Decimal(0)) < demand.quantity
    last_key = None if is_short else max(part.fefo_key for part in own)
    other_parts = list(others)
    lots = {(demand.sku, part.lot) for part in (*own, *other_parts)}
    return [
        PassedOverStock(part, _reason(demand, part, rules, lots))
        for part in sorted(other_parts, key=lambda part: (part.fefo_key, part.kind))
        if last_key is None or part.fefo_key < last_key
    ]


def _reason(demand: Demand, part: StockPart, rules: ShelfLifeRules, lots: Container[LotKey]) -> str:
    if reason := REASON_BY_KIND.get(part.kind):
        return reason
    if not part.is_storage:
        return PassOverReason.NOT_IN_STORAGE
    if skip := rules.skip_reason(part.expiry):
        return skip
    return SkipReason.ON_HOLD if part.is_held else _mismatch(demand, part, rules, lots)


def _mismatch(demand: Demand, part: StockPart, rules: ShelfLifeRules, lots: Container[LotKey]) -> str:
    if demand.assigned_lot is not None and part.lot != demand.assigned_lot:
        return PassOverReason.OTHER_LOT
    if not demand.accepts_lot(part.lot, lots):
        return SkipReason.LOT_NOT_REQUESTED
    if skip := rules.skip_reason(part.expiry, min_shelf_life_days(demand, rules)):
        return skip
    # A single-lot demand without a lot is short: no lot was large enough.
    return SkipReason.LOT_TOO_SMALL if demand.single_lot and not demand.assigned_lot else PassOverReason.AVAILABLE
