"""Creates and cancels shipments: cartons of one or several orders of one warehouse."""

from typing import Literal

from services.fulfillment.orders.domain import (
    AllocatedItem,
    Carton,
    FulfillmentUnitOfWork,
    Reason,
    Shipment,
)
from services.fulfillment.orders.domain.paths import carton_path, order_path, shipment_path
from shared.contracts.commands.fulfillment import CancelShipment, CreateShipment
from shared.contracts.envelope import ContractModel
from shared.contracts.problems import Code, ProblemDetail
from shared.unit_of_work import CommandResult


class ShipmentResult(ContractModel):
    """The status of a shipment after a command."""

    shipment: str
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"]
    orders: list[str]
    path: str


def _shipment_result(shipment: Shipment) -> CommandResult:
    body = ShipmentResult(
        shipment=shipment.shipment, status=shipment.status, orders=list(shipment.orders),
        path=shipment_path(shipment.shipment),
    )  # fmt: skip
    return CommandResult(body)


def create_shipment(uow: FulfillmentUnitOfWork, command: CreateShipment) -> CommandResult:
    """Create a shipment from cartons."""
    if uow.shipments.get(command.shipment):
        detail = f"Shipment {command.shipment} already exists"
        blocked_by = [shipment_path(command.shipment)]
        return CommandResult.rejected(
            ProblemDetail(code=Code.DOCUMENT_EXISTS, detail=detail, ids=[command.shipment], blocked_by=blocked_by)
        )
    carton_ids = list(dict.fromkeys(command.cartons))
    cartons = [carton for carton_id in carton_ids if (carton := uow.cartons.get(carton_id))]
    if missing := [carton_id for carton_id in carton_ids if not uow.cartons.get(carton_id)]:
        detail = f"Carton {', '.join(missing)} not found"
        return CommandResult.rejected(ProblemDetail(code=Code.CARTON_NOT_FOUND, detail=detail, ids=missing))
    if violations := _carton_violations(command, cartons):
        return CommandResult.rejected(*violations)
    order_ids = tuple(sorted({carton.order_id for carton in cartons}))
    warehouses = {order.warehouse for order_id in order_ids if (order := uow.orders.get(order_id))}
    if len(warehouses) > 1:
        detail = f"The cartons are in different warehouses: {', '.join(sorted(warehouses))}"
        blocked_by = [order_path(order_id) for order_id in order_ids]
        return CommandResult.rejected(
            ProblemDetail(code=Code.WRONG_WAREHOUSE, detail=detail, ids=list(order_ids), blocked_by=blocked_by)
        )
    shipment = Shipment(
        shipment=command.shipment, warehouse=warehouses.pop(), orders=order_ids, carrier=command.carrier,
        tracking_number=command.tracking_number, created_at=uow.now, created_by=uow.event.actor,
    )  # fmt: skip
    uow.shipments.put(shipment)
    for carton in cartons:
        carton.shipment = shipment.shipment
    for order_id in order_ids:
        packed = [carton.carton for carton in cartons if carton.order_id == order_id]
        uow.log(order_id, "SHIPMENT_CREATED", shipment=shipment.shipment, cartons=packed, carrier=command.carrier)
    return _shipment_result(shipment).created(shipment_path(shipment.shipment))


def cancel_shipment(uow: FulfillmentUnitOfWork, command: CancelShipment) -> CommandResult:
    """Cancel a shipment and its dispatch check; its cartons can be used for another shipment."""
    shipment = uow.shipments.get(command.shipment)
    if shipment is None:
        return CommandResult.rejected(shipment_not_found(command.shipment))
    if violation := dispatched_violation(shipment) or missing_orders_violation(shipment, command.orders):
        return CommandResult.rejected(violation)
    if shipment.status == "CANCELLED":
        return _shipment_result(shipment)
    cancel_check(uow, shipment, "shipment cancelled")
    shipment.status = "CANCELLED"
    for carton in [carton for carton in uow.cartons if carton.shipment == shipment.shipment]:
        carton.shipment = None
    for order_id in shipment.orders:
        uow.log(order_id, "SHIPMENT_CANCELLED", shipment=shipment.shipment, reason=command.reason)
    return _shipment_result(shipment)


def cancel_check(uow: FulfillmentUnitOfWork, shipment: Shipment, reason: str) -> None:
    """Cancel the pending dispatch check of a shipment, if any."""
    check = uow.checks.get(shipment.check_id) if shipment.check_id else None
    if check is not None and check.status == "PENDING":
        check.close(uow.now, "CANCELLED", Reason(Code.CANCELLED, reason))
    shipment.check_id = None


def content_by_order(uow: FulfillmentUnitOfWork, shipment: Shipment) -> dict[str, list[AllocatedItem]]:
    """The packed items of a shipment, by order."""
    orders = [order for order_id in shipment.orders if (order := uow.orders.get(order_id))]
    content = {
        order.order_id: [item for item in order.items if shipment_of(uow, item) == shipment.shipment]
        for order in orders
    }
    return {order_id: items for order_id, items in content.items() if items}


def shipment_of(uow: FulfillmentUnitOfWork, item: AllocatedItem) -> str | None:
    """The shipment of a picked item, if it is packed for one."""
    carton = uow.cartons.get(item.carton) if item.carton and item.status == "PICKED" else None
    return carton.shipment if carton else None


def shipment_not_found(shipment_id: str) -> ProblemDetail:
    """The shipment does not exist."""
    return ProblemDetail(code=Code.SHIPMENT_NOT_FOUND, detail=f"Shipment {shipment_id} not found", ids=[shipment_id])


def dispatched_violation(shipment: Shipment) -> ProblemDetail | None:
    """Violation if the shipment is dispatched; it can only come back as a customer return."""
    if shipment.status != "DISPATCHED":
        return None
    detail = f"Shipment {shipment.shipment} was dispatched at {shipment.dispatched_at}"
    blocked_by = [shipment_path(shipment.shipment)]
    return ProblemDetail(code=Code.DISPATCHED, detail=detail, ids=[shipment.shipment], blocked_by=blocked_by)


def missing_orders_violation(shipment: Shipment, listed: list[str]) -> ProblemDetail | None:
    """Violation if a command lists, and so locks, only some orders of the shipment."""
    missing = [order_id for order_id in shipment.orders if order_id not in listed]
    if not missing:
        return None
    detail = f"Shipment {shipment.shipment} also contains {', '.join(missing)}: list all its orders or none"
    blocked_by = [order_path(order_id) for order_id in missing]
    return ProblemDetail(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=missing, blocked_by=blocked_by)


def _carton_violations(command: CreateShipment, cartons: list[Carton]) -> list[ProblemDetail]:
    violations = []
    for carton in cartons:
        if carton.shipment is not None:
            detail = f"Carton {carton.carton} is in shipment {carton.shipment}"
            blocked_by = [shipment_path(carton.shipment)]
            violations.append(
                ProblemDetail(
                    code=Code.CARTON_IN_OTHER_SHIPMENT, detail=detail, ids=[carton.carton], blocked_by=blocked_by
                )
            )
        elif carton.order_id not in command.orders:
            detail = f"Carton {carton.carton} belongs to order {carton.order_id}: list this order too, or none"
            blocked_by = [carton_path(carton.carton)]
            violations.append(
                ProblemDetail(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=[carton.carton], blocked_by=blocked_by)
            )
    return violations
