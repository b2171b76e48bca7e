"""Rules that several commands share: known lots and locations, quantities."""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain.records import ZERO, Balance, Lot
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import fold_lot, resource_path
from shared.inventory.decimals import precision_violation


def violation(code: Code, detail: str, *ids: str, blocked_by: Sequence[str] = ()) -> ProblemDetail:
    """Describe a violation; `blocked_by` are orders."""
    paths = [resource_path("orders", order_id) for order_id in blocked_by]
    return ProblemDetail(code=code, detail=detail, ids=list(ids), blocked_by=paths)


def get_lot(uow: LotsUnitOfWork, sku: str, lot: str) -> Lot | ProblemDetail:
    """Return a lot by any spelling that fits it alone, or the violation for a lot that is not found."""
    if existing := uow.lots.get((sku, uow.stored_lot(sku, lot))):
        return existing
    if spellings := sorted(other.lot for other in uow.lots_by_key[sku, fold_lot(lot)]):
        return ambiguous_lot(sku, lot, spellings)
    return _absence(uow, sku, lot)


def _absence(uow: LotsUnitOfWork, sku: str, lot: str) -> ProblemDetail:
    tracking = uow.tracking.get(sku)
    if tracking == "SERIAL":
        return violation(Code.SERIAL_TRACKED_PRODUCT, f"Product {sku} is serial-tracked", sku)
    if tracking == "NONE" and lot:
        return violation(Code.LOT_NOT_FOUND, f"Product {sku} is not lot-tracked and has no lot {lot}", lot)
    if tracking == "LOT" and not lot:
        return violation(Code.LOT_NOT_FOUND, f"Product {sku} is lot-tracked: enter the lot number", sku)
    if tracking is None:
        return violation(Code.PRODUCT_NOT_FOUND, f"Product {sku} not found", sku)
    skus = uow.same_numbered_lots.get(fold_lot(lot))
    hint = f"; lot {lot} belongs to {', '.join(skus)}" if skus else ""
    return violation(Code.LOT_NOT_FOUND, f"{lot_label(sku, lot)} not found{hint}", lot or sku)


def ambiguous_lot(sku: str, lot: str, spellings: Sequence[str]) -> ProblemDetail:
    """Describe a lot number that fits several lots."""
    detail = f"{lot_label(sku, lot)} fits lots {', '.join(spellings)}"
    return ProblemDetail(code=Code.LOT_AMBIGUOUS, detail=detail, ids=[lot], suggested=list(spellings))


def quantity_violation(uow: LotsUnitOfWork, sku: str, quantity: Decimal) -> ProblemDetail | None:
    """Return the violation of a quantity with more decimals than the product's unit of measure."""
    return precision_violation(sku, quantity, uow.decimals.get(sku), sku)


def unknown_location_violation(uow: LotsUnitOfWork, location: str) -> ProblemDetail | None:
    """Return the violation of a command that names an undefined location."""
    if location in uow.location_types:
        return None
    return violation(Code.LOCATION_NOT_FOUND, f"Location {location} not found", location)


def get_stocked_lot(
    uow: LotsUnitOfWork, sku: str, lot_number: str, location: str, quantity: Decimal
) -> Lot | ProblemDetail:
    """Return a lot, or the violation of a command that names an unknown lot or location or a wrong quantity."""
    lot = get_lot(uow, sku, lot_number)
    if isinstance(lot, ProblemDetail):
        return lot
    return quantity_violation(uow, sku, quantity) or unknown_location_violation(uow, location) or lot


def target_location_violation(uow: LotsUnitOfWork, location: str) -> ProblemDetail | None:
    """Return the violation of a command that puts stock at an undefined or deactivated location."""
    if location in uow.inactive_locations:
        detail = f"Location {location} is deactivated; nothing is put there"
        return violation(Code.LOCATION_INACTIVE, detail, location)
    return unknown_location_violation(uow, location)


def insufficient_stock(uow: LotsUnitOfWork, balance: Balance, requested: Decimal) -> ProblemDetail:
    """Describe a quantity above the available stock, with the stock there and the orders it is allocated to."""
    order_ids = uow.allocating_orders.get(balance.key, ())
    stock_text = (
        f"{format_quantity(balance.on_hand)} on hand, {format_quantity(max(balance.unallocated, ZERO))} available, "
        f"{format_quantity(balance.allocated)} allocated"
    )
    staged_text = f", {format_quantity(balance.staged)} not put away" if balance.staged else ""
    missing_text = f", {format_quantity(balance.missing)} under investigation" if balance.missing else ""
    hold_text = ", on hold" if uow.is_held(balance) else ""
    orders_text = f" to {', '.join(order_ids)}" if order_ids else ""
    requested_text = f"{format_quantity(requested)} of {lot_label(balance.sku, balance.lot)} at {balance.location}"
    detail = f"{requested_text} requested: {stock_text}{orders_text}{staged_text}{missing_text}{hold_text}"
    return violation(Code.INSUFFICIENT_STOCK, detail, balance.lot or balance.sku, blocked_by=order_ids)
