"""Swaps: a supervisor replaces an allocated unit or lot with another available one of the same product.

The items are released without reallocation; otherwise the same items could be allocated again. The replacement is
requested under a new demand, which is cancelled if it cannot be filled. Its allocation decides the result of the swap.
"""

from collections.abc import Sequence

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedUnit,
    FulfillmentUnitOfWork,
    Order,
    create_demand,
    release,
)
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import format_quantity, total_quantity
from services.fulfillment.orders.domain.lookups import blocking_paths, name_scan, order_cancelled, order_not_found
from services.fulfillment.orders.domain.lot_selection import TO_PICK, find_candidates, select_lots
from services.fulfillment.orders.domain.paths import order_path, swap_path
from shared.contracts.commands.fulfillment import LotSelector, SwapLot, SwapUnit, UnitSelector
from shared.contracts.envelope import ContractModel
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import fold_lot
from shared.inventory.scan_problems import group_problems
from shared.unit_of_work import CommandResult


class SwapAccepted(ContractModel):
    """An accepted swap and the path of its result."""

    swap_id: str
    order: str
    path: str


def swap_unit(uow: FulfillmentUnitOfWork, command: SwapUnit) -> CommandResult:
    """Release a unit and request its replacement."""
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    if command.unit is None or command.replacement is None:
        return CommandResult.rejected(*group_problems(command.read_scans))
    unit = uow.units.get((command.unit.sku, command.unit.serial))
    if violation := _unit_swap_violation(uow, order, unit, command.unit, command.replacement):
        return CommandResult.rejected(violation)
    assert unit is not None  # noqa: S101 - a missing unit is rejected above
    return _swap(uow, order, [unit], command.reason, serials=[command.replacement])


def swap_lot(uow: FulfillmentUnitOfWork, command: SwapLot) -> CommandResult:
    """Release a quantity of a lot and request the same quantity of another, for one line."""
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    if order.cancelled:
        return CommandResult.rejected(order_cancelled(order))
    if command.stock is None or command.replacement is None:
        return CommandResult.rejected(*group_problems(command.read_scans))
    requested = _restrict_to_one_line(order, command.stock)
    violation = _same_lot_violation(order, command.stock.lot, command.replacement)
    if violation := violation or _mixed_lots_violation(order, requested):
        return CommandResult.rejected(violation)
    lots, violations = select_lots(uow, order, [requested], TO_PICK)
    if violations:
        return CommandResult.rejected(*violations)
    return _swap(uow, order, lots, command.reason, lots=[command.replacement])


def _same_lot_violation(order: Order, lot: str, replacement: str) -> ProblemDetail | None:
    """Violation if a lot is to be replaced by itself."""
    if fold_lot(replacement) != fold_lot(lot):
        return None
    detail = f"The replacement lot {replacement} is the lot to be swapped"
    blocked_by = [order_path(order.order_id)]
    return ProblemDetail(code=Code.UNIT_NOT_AVAILABLE, detail=detail, ids=[replacement], blocked_by=blocked_by)


def _restrict_to_one_line(order: Order, requested: LotSelector) -> LotSelector:
    """Restrict the request to one line if several have the lot: a swap has one result."""
    lots = find_candidates(order, requested, TO_PICK)
    for line in dict.fromkeys(lot.line for lot in lots):
        if total_quantity(lot for lot in lots if lot.line == line) >= requested.quantity:
            return requested.model_copy(update={"line": line})
    return requested.model_copy(update={"line": lots[0].line}) if lots else requested


def _mixed_lots_violation(order: Order, requested: LotSelector) -> ProblemDetail | None:
    """Violation for a partial swap of a single-lot line: the rest would be of another lot."""
    line = order.lines.get(requested.line or "")
    if (
        line is None
        or not line.single_lot
        or requested.quantity >= (line_quantity := line.allocated + line.picked + line.shipped)
    ):
        return None
    detail = (
        f"Line {line.line} requires a single lot and has {format_quantity(line_quantity)}: "
        "swap the whole quantity or amend the line"
    )
    return ProblemDetail(
        code=Code.MIXED_LOTS_NOT_ALLOWED,
        detail=detail,
        ids=[requested.lot or requested.sku],
        blocked_by=[order_path(order.order_id)],
    )


def _swap(
    uow: FulfillmentUnitOfWork, order: Order, items: Sequence[AllocatedItem], reason: str, *,
    serials: Sequence[str] = (), lots: Sequence[str] = (),
) -> CommandResult:  # fmt: skip
    """Release items of one line and request the replacement; the id of the demand identifies the swap."""
    first, line = items[0], order.lines[items[0].line]
    tracking = line.demands[first.demand_id].tracking
    release(uow, order, items, f"swap: {reason}", replace=False)
    demand = create_demand(
        uow, order, line, total_quantity(items), tracking, serials=serials, lots=lots, shortfall="CANCEL",
        replaces=first.identifier,
    )  # fmt: skip
    scans = [text for texts in uow.scan_texts.values() for text in texts]
    uow.log(
        order.order_id, "SWAP_REQUESTED", line=line.line, replacement=[*serials, *lots][0], reason=reason,
        swap_id=demand.demand_id, **log_detail(items), **({"scans": scans} if scans else {}),
    )  # fmt: skip
    path = swap_path(demand.demand_id)
    body = SwapAccepted(swap_id=demand.demand_id, order=demand.order_id, path=path)
    return CommandResult(body, resource_path=path)


def _unit_swap_violation(
    uow: FulfillmentUnitOfWork, order: Order, unit: AllocatedUnit | None, named: UnitSelector, replacement: str
) -> ProblemDetail | None:
    sku, serial = named.sku, named.serial
    if order.cancelled:
        return order_cancelled(order)
    if unit is None or unit.order_id != order.order_id:
        detail = f"{name_scan(sku, serial)} is not allocated to order {order.order_id}"
        blocked_by = blocking_paths(uow, (sku, serial), order)
        return ProblemDetail(code=Code.NOT_ON_PICK_LIST, detail=detail, ids=[serial], blocked_by=blocked_by)
    if unit.status != "ALLOCATED":
        detail = f"{sku} {serial} is already picked: unpick it first"
        return ProblemDetail(
            code=Code.ALREADY_PICKED, detail=detail, ids=[serial], blocked_by=[order_path(order.order_id)]
        )
    if other := uow.units.get((sku, replacement)):
        detail = f"{sku} {replacement} is {other.status} for order {other.order_id}"
        return ProblemDetail(
            code=Code.UNIT_NOT_AVAILABLE,
            detail=detail,
            ids=[replacement],
            blocked_by=[order_path(other.order_id)],
        )
    return None
