"""Rules that several commands share: known lots and locations, quantities, one lot per storage location."""

from decimal import Decimal

from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import Balance, Lot
from services.lots.balances.domain.results import CommandOutcome, format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import LotMixingDetected
from shared.contracts.problems import Code
from shared.inventory.decimals import precision_violation


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


def other_lots(uow: LotsUnitOfWork, balance: Balance) -> list[str]:
    """Return the other loaded lots of the product at a storage location; elsewhere lots may mix."""
    if not balance.is_storage:
        return []
    return sorted(
        other.lot
        for other in uow.balances_by_location[balance.sku, balance.location]
        if other.lot != balance.lot and other.on_hand > 0
    )


def mixed_lot_events(uow: LotsUnitOfWork, balance: Balance, context: MessageContext) -> list[LotMixingDetected]:
    """Build an event if the balance's storage location now holds several lots of the product."""
    if balance.on_hand <= 0 or not (lots := other_lots(uow, balance)):
        return []
    lot_numbers = sorted([balance.lot, *lots])
    return [
        LotMixingDetected(
            actor=context.actor, cause=context.cause, sku=balance.sku, location=balance.location, lots=lot_numbers
        )
    ]
