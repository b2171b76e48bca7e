"""Results and common violations of commands on lot stock."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from pydantic import BaseModel

from services.lots.balances.domain.records import Balance, Lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path
from shared.inventory.decimals import precision_violation


class CommandOutcome(NamedTuple):
    """Outcome of one command: response body and events, or a violation."""

    body: BaseModel | None = None
    events: Sequence[Message] = ()
    violation: ProblemDetail | None = None

    @classmethod
    def rejected(cls, code: Code, detail: str, *ids: str, blocked_by: Sequence[str] = ()) -> "CommandOutcome":
        """Reject the command."""
        violation = ProblemDetail(
            code=code,
            detail=detail,
            ids=list(ids),
            blocked_by=[resource_path("orders", order_id) for order_id in blocked_by],
        )
        return cls(violation=violation)

    def with_suggestion(self, location: str | None) -> "CommandOutcome":
        """Add a suggested location to a mixed-lots violation."""
        if self.violation is None or self.violation.code is not Code.MIXED_LOTS_NOT_ALLOWED or location is None:
            return self
        violation = self.violation.model_copy(
            update={"detail": f"{self.violation.detail}; use {location}", "suggested": [location]}
        )
        return CommandOutcome(violation=violation)


def lot_label(sku: str, lot: str) -> str:
    """Describe a lot in texts for users."""
    return f"{sku} lot {lot}" if lot else sku


def format_quantity(quantity: Decimal) -> str:
    """Format a quantity for texts for users."""
    return f"{quantity.normalize():f}"


def get_lot(uow: LotsUnitOfWork, sku: str, lot: str) -> Lot | CommandOutcome:
    """Return a lot, or the violation for a lot that is not found; its receipt may still be in flight."""
    if existing := uow.lots.get((sku, lot)):
        return existing
    tracking = uow.tracking.get(sku)
    if tracking == "SERIAL":
        return CommandOutcome.rejected(Code.SERIAL_TRACKED_PRODUCT, f"Product {sku} is serial-tracked", sku)
    if tracking == "NONE" and lot:
        return CommandOutcome.rejected(
            Code.LOT_NOT_FOUND, f"Product {sku} is not lot-tracked and has no lot {lot}", lot
        )
    if tracking == "LOT" and not lot:
        return CommandOutcome.rejected(Code.LOT_NOT_FOUND, f"Product {sku} is lot-tracked: enter the lot number", sku)
    # Retryable even if another product has a lot with this number: manufacturers' numbers are not unique.
    hint = f"; lot {lot} belongs to {', '.join(uow.same_numbered_lots[lot])}" if uow.same_numbered_lots.get(lot) else ""
    return CommandOutcome.rejected(Code.NOT_YET_AVAILABLE, f"{lot_label(sku, lot)} not found{hint}", lot or sku)


def quantity_violation(uow: LotsUnitOfWork, sku: str, quantity: Decimal) -> CommandOutcome | None:
    """Reject a quantity with more decimals than the product's unit of measure."""
    violation = precision_violation(sku, quantity, uow.decimals.get(sku), sku)
    return CommandOutcome(violation=violation) if violation else None


def location_violation(uow: LotsUnitOfWork, location: str) -> CommandOutcome | None:
    """Reject a location that is not defined."""
    if location in uow.location_types:
        return None
    return CommandOutcome.rejected(Code.LOCATION_NOT_FOUND, f"Location {location} not found", location)


def insufficient_stock(uow: LotsUnitOfWork, balance: Balance, requested: Decimal) -> CommandOutcome:
    """Reject a quantity above the available stock, with the stock there and the orders it is allocated to."""
    order_ids = uow.allocating_orders.get(balance.key, ())
    stock_text = (
        f"{format_quantity(balance.on_hand)} on hand, {format_quantity(balance.unallocated)} available, "
        f"{format_quantity(balance.allocated)} allocated"
    )
    hold_text = ", on hold" if uow.is_held(balance) else ""
    orders_text = f" to {', '.join(order_ids)}" if order_ids else ""
    requested_text = f"{format_quantity(requested)} of {lot_label(balance.sku, balance.lot)} at {balance.location}"
    detail = f"{requested_text} requested: {stock_text}{orders_text}{hold_text}"
    return CommandOutcome.rejected(Code.INSUFFICIENT_STOCK, detail, balance.lot or balance.sku, blocked_by=order_ids)
