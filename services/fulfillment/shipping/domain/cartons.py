"""Packs picked items into cartons, unpacks and moves them (S21). A carton belongs to one order."""

from collections.abc import Sequence
from decimal import Decimal

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedUnit,
    Carton,
    FulfillmentUnitOfWork,
    Line,
    Order,
    OrderAction,
    UnitKey,
    items_result,
)
from services.fulfillment.orders.domain.content import count_lines, log_detail
from services.fulfillment.orders.domain.labels import check_labels
from services.fulfillment.orders.domain.lookups import (
    blocking_paths,
    duplicate_serials,
    name_scan,
    order_cancelled,
    order_not_found,
    unit_keys,
)
from services.fulfillment.orders.domain.lot_selection import UNPACKED, in_carton, select_lots
from services.fulfillment.orders.domain.paths import carton_path, order_path, shipment_path
from shared.contracts.commands.fulfillment import MoveCartonItems, PackItems, UnpackItems
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.problems import Code, ProblemDetail
from shared.inventory.scan_problems import group_problems
from shared.unit_of_work import CommandResult

Selection = tuple[list[AllocatedItem], list[ProblemDetail]]


def pack_items(uow: FulfillmentUnitOfWork, command: PackItems) -> CommandResult:
    """Pack picked items into a carton of the order; create the carton if it is new."""
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    carton = uow.cartons.get(command.carton)
    if order.cancelled:
        return CommandResult.rejected(order_cancelled(order))
    if carton is not None and (violation := _carton_violation(order, carton)):
        return CommandResult.rejected(violation)
    command, problems = check_labels(uow, order, command)
    items, violations = _select_unpacked(uow, order, command)
    if violation := _capacity_violation(order, command.carton, items):
        return CommandResult.rejected(violation)
    if items and carton is None:
        _add_carton(uow, order, command.carton)
    for item in items:
        _add_packed(uow, order.lines[item.line], item.quantity)
    _move_to_carton(uow, order, items, command.carton)
    _log_packing(uow, order, "PACKED", items, carton=command.carton)
    return items_result(order, items, [*violations, *problems])


def _add_carton(uow: FulfillmentUnitOfWork, order: Order, carton_id: str) -> None:
    """Add a carton with the SSCC that is reserved for it, if any."""
    sscc = uow.ssccs.get(carton_id)
    uow.cartons.put(Carton(carton_id, order.order_id, sscc=sscc, sscc_assigned_at=uow.now if sscc else None))


def _add_packed(uow: FulfillmentUnitOfWork, line: Line, quantity: Decimal) -> None:
    line.packed += quantity
    uow.mark_line(line)


def unpack_items(uow: FulfillmentUnitOfWork, command: UnpackItems) -> CommandResult:
    """Take items out of a carton."""
    order, violations = _find_order_and_carton(uow, command.order, command.carton)
    if order is None:
        return CommandResult.rejected(*violations)
    items, violations = _select_in_carton(uow, order, command)
    for item in items:
        _add_packed(uow, order.lines[item.line], -item.quantity)
    _move_to_carton(uow, order, items, None)
    _log_packing(uow, order, "UNPACKED", items, carton=command.carton)
    return items_result(order, items, [*violations, *group_problems(command.read_scans)])


def move_to_carton(uow: FulfillmentUnitOfWork, command: MoveCartonItems) -> CommandResult:
    """Move items to another carton of the order; create the carton if it is new."""
    order, violations = _find_order_and_carton(uow, command.order, command.carton)
    if order is None:
        return CommandResult.rejected(*violations)
    target_carton = uow.cartons.get(command.to_carton)
    if target_carton is not None and (violation := _carton_violation(order, target_carton)):
        return CommandResult.rejected(violation)
    command, problems = check_labels(uow, order, command)
    items, violations = _select_in_carton(uow, order, command)
    if command.to_carton != command.carton and (violation := _capacity_violation(order, command.to_carton, items)):
        return CommandResult.rejected(violation)
    if items and target_carton is None:
        _add_carton(uow, order, command.to_carton)
    _move_to_carton(uow, order, items, command.to_carton)
    _log_packing(uow, order, "CARTON_CHANGED", items, carton=command.carton, to_carton=command.to_carton)
    return items_result(order, items, [*violations, *problems])


def _move_to_carton(
    uow: FulfillmentUnitOfWork,
    order: Order,
    items: Sequence[AllocatedItem],
    target_carton: str | None,
) -> None:
    """Change the carton of items; invalidate the dispatch checks of affected shipments."""
    affected_cartons = {target_carton} if target_carton else set()
    for item in items:
        affected_cartons |= {item.carton} if item.carton else set()
        item.carton = target_carton
    if not items:
        return
    uow.mark_cartons(order, sorted(affected_cartons))
    if target_carton:
        uow.keep_packed_scans(target_carton, items)
    if any((carton := uow.cartons.get(carton_id)) and carton.shipment for carton_id in affected_cartons):
        order.packing_version += 1


def _find_order_and_carton(
    uow: FulfillmentUnitOfWork, order_id: str, carton_id: str
) -> tuple[Order | None, list[ProblemDetail]]:
    order = uow.orders.get(order_id)
    if order is None:
        return None, [order_not_found(order_id)]
    carton = uow.cartons.get(carton_id)
    if carton is None:
        return None, [
            ProblemDetail(code=Code.CARTON_NOT_FOUND, detail=f"Carton {carton_id} not found", ids=[carton_id])
        ]
    violation = _carton_violation(order, carton)
    return (None, [violation]) if violation else (order, [])


def _carton_violation(order: Order, carton: Carton) -> ProblemDetail | None:
    if carton.order_id != order.order_id:
        detail = f"Carton {carton.carton} belongs to order {carton.order_id}"
        blocked_by = [order_path(carton.order_id)]
        return ProblemDetail(
            code=Code.CARTON_BELONGS_TO_OTHER_ORDER, detail=detail, ids=[carton.carton], blocked_by=blocked_by
        )
    if carton.dispatched and carton.shipment:
        detail = f"Carton {carton.carton} was dispatched with shipment {carton.shipment}"
        return ProblemDetail(
            code=Code.DISPATCHED, detail=detail, ids=[carton.carton], blocked_by=[shipment_path(carton.shipment)]
        )
    return None


def _capacity_violation(order: Order, carton_id: str, added: Sequence[AllocatedItem]) -> ProblemDetail | None:
    """Limit the content lines of a carton, so that its content fits into one message."""
    added_ids = {id(item) for item in added}
    present = [item for item in order.items if item.carton == carton_id and id(item) not in added_ids]
    if count_lines([*present, *added]) <= MAX_ITEMS_PER_MESSAGE:
        return None
    detail = f"Carton {carton_id} has {count_lines(present)} content lines; {count_lines(added)} more exceed the limit"
    return ProblemDetail(code=Code.CARTON_FULL, detail=detail, ids=[carton_id], blocked_by=[carton_path(carton_id)])


def _select_unpacked(uow: FulfillmentUnitOfWork, order: Order, command: PackItems) -> Selection:
    """Select the picked items of a command that are not packed."""
    units: list[AllocatedItem] = []
    violations = duplicate_serials((unit.sku, unit.serial) for unit in command.units)
    for key in unit_keys(command.units):
        unit = order.units.get(key)
        if unit is None or unit.status != "PICKED":
            violations.append(_not_picked(uow, order, key))
        elif unit.carton:
            detail, blocked_by = f"{unit} is in carton {unit.carton}", [carton_path(unit.carton)]
            violations.append(
                ProblemDetail(code=Code.ALREADY_PACKED, detail=detail, ids=[unit.serial], blocked_by=blocked_by)
            )
        else:
            units.append(unit)
    lots, lot_violations = select_lots(uow, order, command.stock, UNPACKED)
    packing_violations = {
        id(item): violation for item in (*units, *lots) if (violation := _packing_violation(order, item))
    }
    return [item for item in (*units, *lots) if id(item) not in packing_violations], [
        *violations,
        *lot_violations,
        *packing_violations.values(),
    ]


def _packing_violation(order: Order, item: AllocatedItem) -> ProblemDetail | None:
    """Violation if a picked item must not be packed."""
    if order.is_cancelled_item(item):
        detail = f"Line {item.line} of order {order.order_id} is cancelled: unpick {item}"
        blocked_by = [order_path(order.order_id)]
        return ProblemDetail(
            code=Code.CANCELLED_ITEMS_PRESENT, detail=detail, ids=[item.identifier], blocked_by=blocked_by
        )
    if item.mismatch:
        return ProblemDetail(
            code=Code.NOT_AS_ORDERED, detail=f"{item} must be unpicked: {item.mismatch}", ids=[item.identifier],
            blocked_by=[order_path(order.order_id)],
        )  # fmt: skip
    if item.on_hold:
        return ProblemDetail(
            code=Code.ON_HOLD, detail=f"{item} is on hold", ids=[item.identifier], blocked_by=[item.path]
        )
    return None


def _not_picked(uow: FulfillmentUnitOfWork, order: Order, key: UnitKey) -> ProblemDetail:
    detail = f"{name_scan(*key)} is not picked for order {order.order_id}"
    return ProblemDetail(code=Code.NOT_PICKED, detail=detail, ids=[key[1]], blocked_by=blocking_paths(uow, key, order))


def _select_in_carton(uow: FulfillmentUnitOfWork, order: Order, command: UnpackItems | MoveCartonItems) -> Selection:
    """Select the items of a command in its carton."""
    units: list[AllocatedUnit] = []
    violations = duplicate_serials((unit.sku, unit.serial) for unit in command.units)
    for key in unit_keys(command.units):
        unit = order.units.get(key)
        if unit is not None and unit.carton == command.carton:
            units.append(unit)
            continue
        detail = f"{name_scan(*key)} is not in carton {command.carton}"
        blocked_by = [carton_path(unit.carton)] if unit is not None and unit.carton else blocking_paths(uow, key, order)
        violations.append(ProblemDetail(code=Code.NOT_IN_CARTON, detail=detail, ids=[key[1]], blocked_by=blocked_by))
    lots, lot_violations = select_lots(uow, order, command.stock, in_carton(command.carton))
    return [*units, *lots], [*violations, *lot_violations]


def _log_packing(
    uow: FulfillmentUnitOfWork, order: Order, action: OrderAction, items: Sequence[AllocatedItem], **detail: str
) -> None:
    if items_detail := log_detail(items, uow.scan_texts):
        uow.log(order.order_id, action, **items_detail, **detail)
