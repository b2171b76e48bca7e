"""Selects the allocated lots that a command refers to (S20)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.items import AllocatedLot, format_quantity, lot_label, total_quantity
from services.fulfillment.orders.domain.lookups import allocation_pending, demand_trackings
from services.fulfillment.orders.domain.paths import carton_path, order_path
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.commands.fulfillment import LotSelector
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.identifiers import matching_spellings
from shared.inventory.decimals import precision_violation


class StockSelector(NamedTuple):
    """A filter for allocated lots with its description and the error code for no match."""

    matches: Callable[[AllocatedLot], bool]
    description: str
    error_code: Code


TO_PICK = StockSelector(lambda lot: lot.status == "ALLOCATED", "to pick", Code.NOT_ON_PICK_LIST)
PICKED = StockSelector(lambda lot: lot.status == "PICKED", "picked", Code.NOT_PICKED)
UNPACKED = StockSelector(
    lambda lot: lot.status == "PICKED" and not lot.carton, "picked and not packed", Code.NOT_PICKED
)


def in_carton(carton: str) -> StockSelector:
    """Selector for the content of a carton."""
    return StockSelector(lambda lot: lot.carton == carton, f"in carton {carton}", Code.NOT_IN_CARTON)


def select_lots(
    uow: FulfillmentUnitOfWork, order: Order, requests: Iterable[LotSelector], selector: StockSelector
) -> tuple[list[AllocatedLot], list[ProblemDetail]]:  # fmt: skip
    """Select the requested quantity of each lot; reject a lot with less than the requested quantity."""
    selected: dict[str, AllocatedLot] = {}
    violations = []
    for request in requests:
        matching = find_candidates(order, request, selector)
        lots = [lot for lot in matching if lot.allocated_lot_id not in selected]
        if total_quantity(lots) < request.quantity:
            violations.append(unavailable_violation(order, request, matching, total_quantity(lots), selector))
        elif violation := split_violation(uow, request, lots):
            violations.append(violation)
        else:
            selected |= {lot.allocated_lot_id: lot for lot in uow.split(lots, request.quantity)}
    return list(selected.values()), violations


def split_violation(
    uow: FulfillmentUnitOfWork, requested: LotSelector, lots: Sequence[AllocatedLot]
) -> ProblemDetail | None:
    """Violation for a quantity with too many decimals; the full available quantity is always allowed."""
    if requested.quantity == total_quantity(lots):
        return None
    product = uow.products.get(requested.sku)
    return precision_violation(
        requested.sku, requested.quantity, product and product.decimals, requested.lot or requested.sku
    )


def find_candidates(order: Order, requested: LotSelector, selector: StockSelector) -> list[AllocatedLot]:
    """Allocated lots that match a request, which may spell the lot number in another way."""
    number = stored_lot(order, requested)
    return [
        lot for lot in order.lots.values()
        if (lot.sku, lot.lot) == (requested.sku, number) and selector.matches(lot)
        and requested.line in (None, lot.line) and requested.location in (None, lot.location)
    ]  # fmt: skip


def stored_lot(order: Order, requested: LotSelector) -> str:
    """The requested lot as the order has it; as requested if the number fits none of its lots or several."""
    lots = {lot.lot for lot in order.lots.values() if lot.sku == requested.sku}
    if requested.lot in lots:
        return requested.lot
    spellings = matching_spellings(requested.lot, lots)
    return spellings[0] if len(spellings) == 1 else requested.lot


def unavailable_violation(
    order: Order, requested: LotSelector, matching: Sequence[AllocatedLot], available: Decimal, selector: StockSelector
) -> ProblemDetail:
    """Violation for a lot quantity that is not available, with the lots that are."""
    if "SERIAL" in demand_trackings(order, requested.sku):
        detail = f"Product {requested.sku} is serial-tracked: scan the serial number of each unit"
        return ProblemDetail(code=Code.SERIAL_TRACKED_PRODUCT, detail=detail, ids=[requested.sku])
    if requested.line is not None and requested.line not in order.lines:
        detail, blocked_by = f"Order {order.order_id} has no line {requested.line}", [order_path(order.order_id)]
        return ProblemDetail(code=Code.LINE_NOT_FOUND, detail=detail, ids=[requested.line], blocked_by=blocked_by)
    label, ids = lot_label(requested.sku, requested.lot), [requested.lot or requested.sku]
    if matching:
        quantities = f"{format_quantity(available)} instead of {format_quantity(requested.quantity)}"
        detail = f"{label}: {quantities} {selector.description} for order {order.order_id}"
        return ProblemDetail(
            code=Code.INSUFFICIENT_STOCK, detail=detail, ids=ids, blocked_by=[order_path(order.order_id)]
        )
    others = [lot for lot in order.lots.values() if lot.sku == requested.sku and selector.matches(lot)]
    alternatives = f"; available: {', '.join(f'{lot} at {lot.location}' for lot in others[:5])}" if others else ""
    detail = f"{label}: none {selector.description} for order {order.order_id}{alternatives}"
    packed = sorted({lot.carton for lot in find_candidates(order, requested, PICKED) if lot.carton})
    blocked_by = [carton_path(carton) for carton in packed] or [order_path(order.order_id)]
    code, problem_class = (
        (Code.ALREADY_PACKED, ProblemDetail)
        if packed and selector is UNPACKED
        else _unavailable_problem(order, requested, selector, bool(others))
    )
    suggested = list(dict.fromkeys(lot.lot for lot in others if lot.lot))
    return problem_class(code=code, detail=detail, ids=ids, blocked_by=blocked_by, suggested=suggested)


def _unavailable_problem(
    order: Order, requested: LotSelector, selector: StockSelector, others: bool
) -> tuple[Code, type[ProblemDetail]]:
    if selector.description != TO_PICK.description or others:
        return selector.error_code, ProblemDetail
    number = stored_lot(order, requested)
    if any(PICKED.matches(lot) and (lot.sku, lot.lot) == (requested.sku, number) for lot in order.lots.values()):
        return Code.ALREADY_PICKED, ProblemDetail
    return selector.error_code, ProvisionalProblem if allocation_pending(order, requested.sku) else ProblemDetail
