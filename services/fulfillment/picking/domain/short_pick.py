"""Returns items to stock: short picks of allocated items, unpicks of picked ones (S12)."""

from collections.abc import Iterable, Sequence

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedUnit,
    FulfillmentUnitOfWork,
    Order,
    UnitKey,
    items_result,
    release,
    unpick,
)
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import ShortPick, group_items
from services.fulfillment.orders.domain.lookups import (
    blocking_paths,
    duplicate_serials,
    location_violations,
    name_scan,
    order_not_found,
    unit_keys,
)
from services.fulfillment.orders.domain.lot_selection import PICKED, TO_PICK, select_lots
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.picking.domain.missing_lots import check_missing_lots
from shared.contracts.commands.fulfillment import LotSelector, ReportShortPick, UnpickItems
from shared.contracts.problems import Code, ProblemDetail
from shared.inventory.scan_problems import group_problems
from shared.unit_of_work import CommandResult


def report_short_pick(uow: FulfillmentUnitOfWork, command: ReportShortPick) -> CommandResult:
    """Release missing items of the pick list for investigation, and request replacements."""
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    remaining, accepted, missing_violations = check_missing_lots(uow, order, command.stock)
    short_pick = ShortPick(next(uow.ids), remaining)
    items, violations = _selected_items(uow, order, command, accepted)
    release(uow, order, items, f"short pick: {command.reason}", short_pick=short_pick)
    for line in dict.fromkeys(item.line for item in items):
        members = [item for item in items if item.line == line]
        id_field = "hold_id" if isinstance(members[0], AllocatedUnit) else "variance_id"
        uow.log(
            order.order_id, "SHORT_PICKED", line=line, reason=command.reason,
            **{id_field: short_pick.short_pick_id}, **log_detail(members, uow.scan_texts),
        )  # fmt: skip
    return items_result(order, items, [*missing_violations, *violations, *group_problems(command.read_scans)])


def unpick_items(uow: FulfillmentUnitOfWork, command: UnpickItems) -> CommandResult:
    """Return picked items to a storage location; open lines request replacements, cancelled ones do not.

    `reallocate` cannot be false for an open line: without a demand, its open quantity would never be allocated.
    """
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    if violations := location_violations(uow, order, command.location, ("STORAGE",)):
        return CommandResult.rejected(*violations)
    items, violations = _selected_items(uow, order, command, command.stock)
    if not command.reallocate and (open_items := [item for item in items if not order.is_cancelled_item(item)]):
        items = [item for item in items if order.is_cancelled_item(item)]
        violations.append(_line_still_open(order, open_items))
    unpick(uow, order, items, command.reason, location=command.location)
    for group, members in group_items(items).items():
        uow.log(
            order.order_id, "UNPICKED", line=group.line, location=command.location,
            reallocate=not order.is_cancelled_item(members[0]), reason=command.reason,
            **log_detail(members, uow.scan_texts),
        )  # fmt: skip
    return items_result(order, items, [*violations, *group_problems(command.read_scans)])


def _line_still_open(order: Order, items: Sequence[AllocatedItem]) -> ProblemDetail:
    ids = list(dict.fromkeys(item.identifier for item in items))
    detail = f"Order {order.order_id} has open lines for {', '.join(sorted({item.sku for item in items}))}"
    return ProblemDetail(code=Code.LINE_STILL_OPEN, detail=detail, ids=ids, blocked_by=[order_path(order.order_id)])


def _selected_items(
    uow: FulfillmentUnitOfWork, order: Order, command: ReportShortPick | UnpickItems, stock: Sequence[LotSelector]
) -> tuple[list[AllocatedItem], list[ProblemDetail]]:
    """Select the items of a command: picked ones for an unpick, otherwise allocated ones."""
    picked = isinstance(command, UnpickItems)
    units, violations = _select_units(uow, order, unit_keys(command.units), "PICKED" if picked else "ALLOCATED")
    lots, lot_violations = select_lots(uow, order, stock, PICKED if picked else TO_PICK)
    duplicates = duplicate_serials((unit.sku, unit.serial) for unit in command.units)
    return [*units, *lots], [*duplicates, *violations, *lot_violations]


def _select_units(
    uow: FulfillmentUnitOfWork, order: Order, keys: Iterable[UnitKey], status: str
) -> tuple[list[AllocatedUnit], list[ProblemDetail]]:
    units, violations = [], []
    for sku, serial in keys:
        unit = uow.units.get((sku, serial))
        if unit is not None and unit.order_id == order.order_id and unit.status == status:
            units.append(unit)
            continue
        code = Code.NOT_PICKED if status == "PICKED" else Code.NOT_ON_PICK_LIST
        relation = "not allocated to" if unit is None or unit.order_id != order.order_id else f"{unit.status} for"
        if status == "ALLOCATED" and relation.startswith("PICKED"):
            code = Code.ALREADY_PICKED
        if uow.shipped.get((sku, serial)) == order.order_id and unit is None:
            code, relation = Code.DISPATCHED, "shipped with"
        violations.append(
            ProblemDetail(
                code=code, detail=f"{name_scan(sku, serial)} is {relation} order {order.order_id}", ids=[serial],
                blocked_by=blocking_paths(uow, (sku, serial), order) or [order_path(order.order_id)],
            )
        )  # fmt: skip
    return units, violations
