"""Picks scanned items of the pick list; any other unit or lot is rejected (S19, S20)."""

from collections.abc import Iterable
from functools import cached_property

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedUnit,
    FulfillmentUnitOfWork,
    Order,
    UnitKey,
    items_result,
    release,
)
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.events import emit_picked
from services.fulfillment.orders.domain.items import AllocatedLot, group_items, total_quantity
from services.fulfillment.orders.domain.labels import check_labels, suggest
from services.fulfillment.orders.domain.lookups import (
    allocation_pending,
    blocking_paths,
    demand_trackings,
    duplicate_serials,
    location_violations,
    name_scan,
    order_cancelled,
    order_not_found,
    unit_keys,
)
from services.fulfillment.orders.domain.lot_selection import (
    TO_PICK,
    find_candidates,
    split_violation,
    unavailable_violation,
)
from services.fulfillment.picking.domain.pick_rules import local_date_violation, pick_violation
from shared.contracts.commands.fulfillment import LotSelector, PickItems
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.unit_of_work import CommandResult


class PickOperation:
    """The state of one pick: picked items, unpickable items and violations."""

    def __init__(self, uow: FulfillmentUnitOfWork, order: Order, requested: Iterable[UnitKey]) -> None:
        self.uow = uow
        self.order = order
        self._requested = requested
        self.picked: list[AllocatedItem] = []
        self.unpickable: list[tuple[AllocatedItem, ProblemDetail]] = []
        self.violations: list[ProblemDetail] = []

    @cached_property
    def requested(self) -> list[AllocatedUnit]:
        """Units of the order that the pick lists."""
        return [unit for key in self._requested if (unit := self.order.units.get(key))]

    def pick_unit(self, key: UnitKey) -> None:
        """Pick a scanned unit if it is on the pick list."""
        unit = self.uow.units.get(key)
        if violation := _unit_violation(self.uow, self.order, key, unit):
            if violation.code is Code.NOT_ON_PICK_LIST:
                suggested = suggest(self.order, key[0], without=self.requested)
                violation = violation.model_copy(update={"suggested": suggested})
            self.violations.append(violation)
        elif unit is not None and not self._reject_unpickable([unit]):
            self.picked.append(unit)

    def pick_lot(self, requested: LotSelector) -> None:
        """Pick a quantity of a scanned lot if it is on the pick list."""
        unpickable, picked = _lot_ids(item for item, _ in self.unpickable), _lot_ids(self.picked)
        matching = [
            lot for lot in find_candidates(self.order, requested, TO_PICK) if lot.allocated_lot_id not in unpickable
        ]
        lots = [lot for lot in matching if lot.allocated_lot_id not in picked]
        if total_quantity(lots) < requested.quantity:
            self.violations.append(self._not_on_pick_list(requested, matching, lots))
        elif violation := split_violation(self.uow, requested, lots):
            self.violations.append(violation)
        elif not self._reject_unpickable(lots):
            self.picked += self.uow.split(lots, requested.quantity)

    def _not_on_pick_list(
        self, requested: LotSelector, matching: list[AllocatedLot], available: list[AllocatedLot]
    ) -> ProblemDetail:
        """Violation for an unavailable quantity; suggests only lots that can be picked."""
        pickable = TO_PICK._replace(
            matches=lambda lot: TO_PICK.matches(lot) and pick_violation(self.uow, self.order, lot) is None
        )
        violation = unavailable_violation(self.order, requested, matching, total_quantity(available), pickable)
        replacement_pending = not violation.suggested and any(item.sku == requested.sku for item, _ in self.unpickable)
        if violation.code is Code.NOT_ON_PICK_LIST and replacement_pending:
            return violation.model_copy(update={"code": Code.NOT_YET_AVAILABLE})
        return violation

    def _reject_unpickable(self, items: list[AllocatedUnit] | list[AllocatedLot]) -> bool:
        """Reject items that must not be picked; return whether any was rejected."""
        unpickable = [(item, violation) for item in items if (violation := pick_violation(self.uow, self.order, item))]
        self.unpickable += unpickable
        self.violations += [violation for _, violation in unpickable]
        return bool(unpickable)

    def release_unpickable(self) -> None:
        """Release the rejected items after the others were picked, and request replacements."""
        for item, violation in self.unpickable:
            if self.uow.contains(item):  # the first item of a single-lot line releases the others
                release(self.uow, self.order, [item], violation.detail)
            self.uow.log(
                self.order.order_id,
                "NOT_PICKED",
                line=item.line,
                reason=violation.code,
                **log_detail([item], self.uow.scan_texts),
            )


def _lot_ids(items: Iterable[AllocatedItem]) -> set[str]:
    return {item.allocated_lot_id for item in items if isinstance(item, AllocatedLot)}


def pick_items(uow: FulfillmentUnitOfWork, command: PickItems) -> CommandResult:
    """Pick scanned items of the pick list; reject all others with suggestions."""
    order = uow.orders.get(command.order)
    if order is None:
        return CommandResult.rejected(order_not_found(command.order))
    if violations := _pick_violations(uow, order, command):
        return CommandResult.rejected(*violations)
    command, problems = check_labels(uow, order, command)
    keys = unit_keys(command.units)
    operation = PickOperation(uow, order, keys)
    operation.violations += duplicate_serials((unit.sku, unit.serial) for unit in command.units)
    for key in keys:
        operation.pick_unit(key)
    for request in command.stock:
        operation.pick_lot(request)
    _move_to_staging(uow, order, operation.picked, command.location)
    operation.release_unpickable()
    return items_result(order, operation.picked, [*operation.violations, *problems])


def _pick_violations(uow: FulfillmentUnitOfWork, order: Order, command: PickItems) -> list[ProblemDetail]:
    if order.cancelled:
        return [order_cancelled(order)]
    if not order.is_released:
        open_lines = [line.line for line in order.lines.values() if line.open_quantity]
        detail = f"Order {order.order_id} ships complete; not fully allocated: line {', '.join(open_lines)}"
        return [ProblemDetail(code=Code.NOT_RELEASED, detail=detail, ids=open_lines)]
    if violation := local_date_violation(uow, order):
        return [violation]
    return location_violations(uow, order, command.location, ("DOCK", "STAGING"))


def _unit_violation(
    uow: FulfillmentUnitOfWork, order: Order, key: UnitKey, unit: AllocatedUnit | None
) -> ProblemDetail | None:
    sku, serial = key
    if unit is not None and unit.order_id == order.order_id:
        if unit.status == "PICKED":
            detail = f"{sku} {serial} is already picked for order {order.order_id}"
            return ProblemDetail(code=Code.ALREADY_PICKED, detail=detail, ids=[serial])
        return None
    if demand_trackings(order, sku) - {"SERIAL"}:
        detail = f"Product {sku} is not serial-tracked: scan its lot and enter a quantity"
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=[sku])
    blocked_by = blocking_paths(uow, key, order)
    if unit is None and uow.shipped.get(key) != order.order_id and allocation_pending(order, sku):
        detail = (
            f"{name_scan(sku, serial)} is not on the pick list; order {order.order_id} awaits an allocation of {sku}"
        )
        return ProvisionalProblem(code=Code.NOT_ON_PICK_LIST, detail=detail, ids=[serial], blocked_by=blocked_by)
    owner = f"it is allocated to order {unit.order_id}" if unit is not None else f"see {blocked_by[0]}"
    detail = f"{name_scan(sku, serial)} is not on the pick list of order {order.order_id}: {owner}"
    return ProblemDetail(code=Code.NOT_ON_PICK_LIST, detail=detail, ids=[serial], blocked_by=blocked_by)


def _move_to_staging(uow: FulfillmentUnitOfWork, order: Order, items: list[AllocatedItem], location: str) -> None:
    for group, members in group_items(items).items():
        line = order.lines[group.line]
        line.allocated -= total_quantity(members)
        line.picked += total_quantity(members)
        uow.mark_line(line)
        emit_picked(uow, order, group, members, location)
        uow.log(
            order.order_id, "PICKED", line=group.line, sku=group.sku, location=location,
            **log_detail(members, uow.scan_texts),
        )  # fmt: skip
        for item in members:
            item.status, item.location = "PICKED", location
