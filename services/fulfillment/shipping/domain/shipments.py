"""Shipments: cartons of one or several orders of one warehouse leave together, or are free for another."""

from typing import Literal

from services.fulfillment.orders.domain import Act
from services.fulfillment.orders.domain.addresses import carton_at, order_at, shipment_at
from services.fulfillment.shipping.domain.yard import Carton, Reason, Shipment, Yard
from shared.contracts.commands.fulfillment import CancelShipment, CreateShipment
from shared.contracts.envelope import Model
from shared.contracts.problems import Code, Refusal


class Shipping(Model):
    """What a request about a shipment is answered."""

    shipment: str
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"]
    orders: list[str]
    address: str


def shipping(shipment: Shipment) -> Shipping:
    """Where a shipment stands."""
    return Shipping(
        shipment=shipment.shipment, status=shipment.status, orders=list(shipment.orders),
        address=shipment_at(shipment.shipment),
    )  # fmt: skip


def create(act: Act, yard: Yard, data: CreateShipment) -> tuple[Shipment | None, list[Refusal]]:
    """Put cartons into a new shipment."""
    if yard.shipments.get(data.shipment):
        detail = f"shipment {data.shipment} exists"
        at = [shipment_at(data.shipment)]
        return None, [Refusal(code=Code.DOCUMENT_EXISTS, detail=detail, ids=[data.shipment], blocked_by=at)]
    names = list(dict.fromkeys(data.cartons))
    cartons = [carton for name in names if (carton := yard.cartons.get(name))]
    if missing := [name for name in names if not yard.cartons.get(name)]:
        detail = f"no carton {', '.join(missing)} was packed"
        return None, [Refusal(code=Code.UNKNOWN_CARTON, detail=detail, ids=missing)]
    if refusals := _no(data, cartons):
        return None, refusals
    orders = tuple(sorted({carton.order for carton in cartons}))
    warehouses = {order.warehouse for name in orders if (order := act.book.orders.get(name))}
    if len(warehouses) > 1:
        detail = f"the cartons are of orders in {', '.join(sorted(warehouses))}"
        at = [order_at(order) for order in orders]
        return None, [Refusal(code=Code.WRONG_WAREHOUSE, detail=detail, ids=list(orders), blocked_by=at)]
    shipment = Shipment(
        shipment=data.shipment, warehouse=warehouses.pop(), orders=orders, carrier=data.carrier,
        tracking_number=data.tracking_number, created_at=yard.now, created_by=act.actor,
    )  # fmt: skip
    yard.shipments.put(shipment.shipment, shipment)
    for carton in cartons:
        carton.shipment = shipment.shipment
        yard.cartons.put(carton.carton, carton)
    for order_name in orders:
        inside = [carton.carton for carton in cartons if carton.order == order_name]
        act.log(order_name, "shipment created", shipment=shipment.shipment, cartons=inside, carrier=data.carrier)
    return shipment, []


def cancel(act: Act, yard: Yard, data: CancelShipment) -> tuple[Shipment | None, list[Refusal]]:
    """Give a shipment up that has not left, with its check; its cartons are free for another."""
    shipment = yard.shipments.get(data.shipment)
    if shipment is None:
        return None, [unknown(data.shipment)]
    if no := left(shipment) or unnamed(shipment, data.orders):
        return None, [no]
    if shipment.status == "CANCELLED":
        return shipment, []
    abort(yard, shipment, "the shipment was cancelled")
    shipment.status = "CANCELLED"
    yard.shipments.put(shipment.shipment, shipment)
    for carton in [carton for carton in yard.cartons if carton.shipment == shipment.shipment]:
        carton.shipment = None
        yard.cartons.put(carton.carton, carton)
    for order in shipment.orders:
        act.log(order, "shipment cancelled", shipment=shipment.shipment, reason=data.reason)
    return shipment, []


def abort(yard: Yard, shipment: Shipment, why: str) -> None:
    """End the shipment's check, if one is under way."""
    check = yard.checks.get(shipment.check) if shipment.check else None
    if check is not None and check.status == "CHECKING":
        yard.end(check, "ENDED", Reason("ended", why))
    shipment.check = None


def unknown(shipment: str) -> Refusal:
    """No such shipment."""
    return Refusal(code=Code.UNKNOWN_SHIPMENT, detail=f"no shipment {shipment} was created", ids=[shipment])


def left(shipment: Shipment) -> Refusal | None:
    """The shipment has left; what left by mistake comes back as a customer's return."""
    if shipment.status != "DISPATCHED":
        return None
    detail = f"shipment {shipment.shipment} left at {shipment.dispatched_at}"
    at = [shipment_at(shipment.shipment)]
    return Refusal(code=Code.DISPATCHED, detail=detail, ids=[shipment.shipment], blocked_by=at)


def unnamed(shipment: Shipment, named: list[str]) -> Refusal | None:
    """The command does not name all orders of the shipment, and so has not locked them."""
    missing = [order for order in shipment.orders if order not in named]
    if not missing:
        return None
    detail = f"shipment {shipment.shipment} is of {', '.join(missing)} too: name all its orders, or none"
    at = [order_at(order) for order in missing]
    return Refusal(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=missing, blocked_by=at)


def _no(data: CreateShipment, cartons: list[Carton]) -> list[Refusal]:
    refusals = []
    for carton in cartons:
        if carton.shipment is not None:
            detail = f"carton {carton.carton} is in shipment {carton.shipment}"
            at = [shipment_at(carton.shipment)]
            refusals.append(Refusal(code=Code.CARTON_SHIPPED, detail=detail, ids=[carton.carton], blocked_by=at))
        elif carton.order not in data.orders:
            detail = f"carton {carton.carton} is of order {carton.order}: name it too, or no order at all"
            at = [carton_at(carton.carton)]
            refusals.append(Refusal(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=[carton.carton], blocked_by=at))
    return refusals
