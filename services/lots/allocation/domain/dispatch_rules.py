"""Rules that block the dispatch of picked stock; applied at the check and again at departure (S28)."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.loaded_stock import at_location
from services.lots.balances.domain.records import ZERO, PickedQuantity
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.problems import Code
from shared.contracts.quantities import PackedLot
from shared.inventory.shelf_life import ShelfLifeRules


class DispatchLine(NamedTuple):
    """Packed quantity of a lot for an order line from a location, with the stock picked for the line there."""

    line: str
    sku: str
    lot: str
    location: str | None
    quantity: Decimal
    picked_rows: Sequence[PickedQuantity]
    expiry: date | None
    """Expiry date in force."""
    rules: ShelfLifeRules
    """Shelf-life rules of the warehouse where the line was picked."""

    @property
    def picked_quantity(self) -> Decimal:
        """Total quantity picked for the line."""
        return sum((row.quantity for row in self.picked_rows), ZERO)

    @property
    def description(self) -> str:
        """Quantity and lot for problem texts."""
        return f"{format_quantity(self.quantity)} of {lot_label(self.sku, self.lot)}"


def dispatch_violation(
    uow: LotsUnitOfWork, dispatch_line: DispatchLine, rules: ShelfLifeRules, customer: str, requested_days: int = 0
) -> tuple[Code, str] | None:
    """Return why picked stock cannot be dispatched: on hold, expired or shelf life too short."""
    for hold in uow.open_holds(dispatch_line.sku, dispatch_line.lot):
        if hold.location is None:
            return Code.ON_HOLD, f"on hold {hold.hold_id}: {hold.reason}"
    return rules.dispatch_violation(dispatch_line.expiry, customer, requested_days)


def group_dispatch_lines(
    uow: LotsUnitOfWork, order: str, packed_lots: Iterable[PackedLot]
) -> dict[str, list[DispatchLine]]:
    """Sum packed quantities by SKU, line, lot and location and match them with the stock picked for the order."""
    picked_by_line: dict[tuple[str, str, str], list[PickedQuantity]] = {}
    for row in sorted(uow.picked_by_order[order], key=lambda row: row.demand_id):
        picked_by_line.setdefault((row.line, row.sku, row.lot), []).append(row)
    packed_by_line: dict[tuple[str, str, str, str | None], Decimal] = {}
    for packed_lot in packed_lots:
        key = packed_lot.line, packed_lot.sku, packed_lot.lot, packed_lot.location
        packed_by_line[key] = packed_by_line.get(key, ZERO) + packed_lot.quantity
    lines_by_sku: dict[str, list[DispatchLine]] = {}
    for (line, sku, lot, location), quantity in packed_by_line.items():
        rows = at_location(picked_by_line.get((line, sku, lot), ()), location)
        rules = uow.shelf_life_rules[sku, rows[0].warehouse] if rows else ShelfLifeRules.as_of(uow.now)
        stock = uow.lots.get((sku, lot))
        dispatch_line = DispatchLine(line, sku, lot, location, quantity, rows, stock.expiry if stock else None, rules)
        lines_by_sku.setdefault(sku, []).append(dispatch_line)
    return lines_by_sku
