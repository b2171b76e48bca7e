"""Rules for the lots of a short pick: one location per lot, and one remaining quantity per lot and location."""

from collections.abc import Sequence
from decimal import Decimal

from services.fulfillment.orders.domain import FulfillmentUnitOfWork, Order
from services.fulfillment.orders.domain.items import format_quantity, lot_label, total_quantity
from services.fulfillment.orders.domain.lot_selection import TO_PICK, find_candidates, stored_lot
from services.fulfillment.orders.domain.paths import order_path
from shared.contracts.commands.fulfillment import MissingLot
from shared.contracts.problems import Code, ProblemDetail
from shared.inventory.decimals import precision_violation

RemainingLots = dict[tuple[str, str, str], Decimal]
"""Quantities left at locations, by SKU, lot and location."""


def check_missing_lots(
    uow: FulfillmentUnitOfWork, order: Order, missing_lots: Sequence[MissingLot]
) -> tuple[RemainingLots, list[MissingLot], list[ProblemDetail]]:
    """Return what remains at the locations, the unambiguous lots, and the violations of the others."""
    remaining: RemainingLots = {}
    accepted, violations = [], []
    for reported in missing_lots:
        missing_lot = reported.model_copy(update={"lot": stored_lot(order, reported)})
        lots = find_candidates(order, missing_lot, TO_PICK)
        locations = sorted({lot.location for lot in lots})
        violation = _location_violation(order, missing_lot, locations, total_quantity(lots))
        if violation := violation or _remaining_violation(uow, missing_lot, locations, remaining):
            violations.append(violation)
            continue
        if missing_lot.remaining is not None and locations:
            remaining[missing_lot.sku, missing_lot.lot, locations[0]] = missing_lot.remaining
        accepted.append(missing_lot)
    return remaining, accepted, violations


def _location_violation(
    order: Order, missing_lot: MissingLot, locations: Sequence[str], allocated: Decimal
) -> ProblemDetail | None:
    """Violation if it is open at which location the quantity is missing."""
    if len(locations) < 2 or (missing_lot.remaining is None and missing_lot.quantity >= allocated):
        return None
    label = lot_label(missing_lot.sku, missing_lot.lot)
    detail = f"{label} is allocated to order {order.order_id} at {', '.join(locations)}"
    return ProblemDetail(
        code=Code.LOCATION_REQUIRED, detail=detail, ids=[missing_lot.lot or missing_lot.sku],
        blocked_by=[order_path(order.order_id)], suggested=list(locations),
    )  # fmt: skip


def _remaining_violation(
    uow: FulfillmentUnitOfWork, missing_lot: MissingLot, locations: Sequence[str], known: RemainingLots
) -> ProblemDetail | None:
    if missing_lot.remaining is None or not locations:
        return None
    identifier = missing_lot.lot or missing_lot.sku
    other = known.get((missing_lot.sku, missing_lot.lot, locations[0]), missing_lot.remaining)
    if other != missing_lot.remaining:
        detail = (
            f"{lot_label(missing_lot.sku, missing_lot.lot)} at {locations[0]} is listed with {format_quantity(other)} "
            f"and {format_quantity(missing_lot.remaining)} remaining"
        )
        return ProblemDetail(code=Code.DUPLICATE_LOT_IN_REQUEST, detail=detail, ids=[identifier])
    product = uow.products.get(missing_lot.sku)
    return precision_violation(missing_lot.sku, missing_lot.remaining, product and product.decimals, identifier)
