"""Rules that block the dispatch of picked stock; applied at the check and again at departure (S28)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from services.lots.allocation.domain.available_lots import ShelfLifeByPool, ShelfLifeRules
from services.lots.balances.domain.records import ZERO, PickedQuantity
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchCheckRequested, OrderDispatched
from shared.contracts.problems import Code

DispatchEvent = TypeVar("DispatchEvent", DispatchCheckRequested, OrderDispatched)


class DispatchLine(NamedTuple):
    """Packed quantity of a lot for an order line, with the stock picked for the line."""

    line: str
    sku: str
    lot: str
    quantity: Decimal
    picked_rows: Sequence[PickedQuantity]

    @property
    def picked_quantity(self) -> Decimal:
        """Total quantity picked for the line."""
        return sum((row.quantity for row in self.picked_rows), ZERO)

    @property
    def description(self) -> str:
        """Quantity and lot for problem texts."""
        return f"{format_quantity(self.quantity)} of {lot_label(self.sku, self.lot)}"


class DispatchRules(NamedTuple):
    """Stock and shelf-life rules for dispatch."""

    uow: LotsUnitOfWork
    shelf_life_by_pool: ShelfLifeByPool

    def shelf_life_rules_for(self, dispatch_line: DispatchLine) -> ShelfLifeRules:
        """Return the shelf-life rules of the warehouse where the line was picked."""
        return self.shelf_life_by_pool.get(
            (dispatch_line.sku, dispatch_line.picked_rows[0].warehouse if dispatch_line.picked_rows else ""),
            ShelfLifeRules(),
        )

    def violation(
        self, dispatch_line: DispatchLine, now: datetime, customer: str, requested_days: int
    ) -> tuple[Code, str] | None:
        """Return why picked stock cannot be dispatched: on hold, expired or shelf life too short."""
        for hold in self.uow.open_holds(dispatch_line.sku, dispatch_line.lot):
            if hold.location is None:
                return Code.ON_HOLD, f"on hold {hold.hold_id}: {hold.reason}"
        rules = self.shelf_life_rules_for(dispatch_line).as_of(now)
        return rules.dispatch_violation(self.expiry(dispatch_line), customer, requested_days)

    def dispatchable_until(
        self, dispatch_line: DispatchLine, now: datetime, customer: str, requested_days: int
    ) -> datetime | None:
        """Return the time until which the remaining shelf life is sufficient."""
        rules = self.shelf_life_rules_for(dispatch_line).as_of(now)
        return rules.dispatchable_until(self.expiry(dispatch_line), customer, requested_days)

    def expiry(self, dispatch_line: DispatchLine) -> date | None:
        """Return the expiry date in force."""
        lot = self.uow.lots.get((dispatch_line.sku, dispatch_line.lot))
        return lot.expiry if lot else None


def dispatch_lines(
    uow: LotsUnitOfWork, events: Sequence[CloudEvent[DispatchEvent]]
) -> Iterator[tuple[CloudEvent[DispatchEvent], str, list[DispatchLine]]]:
    """Sum packed quantities by SKU, line and lot and match them with the picked stock."""
    picked_by_line: dict[tuple[str, str, str, str], list[PickedQuantity]] = {}
    for row in sorted(uow.picked.values(), key=lambda row: row.demand_id):
        picked_by_line.setdefault((row.order_id, row.line, row.sku, row.lot), []).append(row)
    for event in events:
        packed_by_line: dict[tuple[str, str, str], Decimal] = {}
        for packed_lot in event.data.stock:
            key = packed_lot.line, packed_lot.sku, packed_lot.lot
            packed_by_line[key] = packed_by_line.get(key, ZERO) + packed_lot.quantity
        lines_by_sku: dict[str, list[DispatchLine]] = {}
        for (line, sku, lot), quantity in packed_by_line.items():
            rows = picked_by_line.get((event.data.order, line, sku, lot), ())
            lines_by_sku.setdefault(sku, []).append(DispatchLine(line, sku, lot, quantity, rows))
        for sku, product_lines in lines_by_sku.items():
            yield event, sku, product_lines
