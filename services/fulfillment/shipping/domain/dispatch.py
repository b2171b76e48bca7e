"""Sending a shipment off: what stands in the way here, and the question to the owners of its goods (S10, S28)."""

from collections.abc import Iterable

from services.fulfillment.orders.domain import Act, Order, Unit
from services.fulfillment.orders.domain.addresses import dispatch_at, order_at, unit_at
from services.fulfillment.shipping.domain.shipments import abort, left, unknown, unnamed
from services.fulfillment.shipping.domain.yard import Check, Shipment, Yard
from shared.contracts.commands.fulfillment import Dispatch
from shared.contracts.envelope import Model, chunks
from shared.contracts.fulfillment import DispatchRequested, PackedUnit
from shared.contracts.problems import Code, Refusal


class Dispatching(Model):
    """What a dispatch is answered: its check, and where the outcome will stand."""

    dispatch: str
    shipment: str
    address: str


def dispatch(act: Act, yard: Yard, data: Dispatch) -> tuple[Check | None, list[Refusal]]:
    """Ask whether a complete, packed shipment may leave; a question that is still open is asked anew."""
    shipment = yard.shipments.get(data.shipment)
    if shipment is None:
        return None, [unknown(data.shipment)]
    if shipment.status == "CANCELLED":
        detail = f"shipment {shipment.shipment} was cancelled"
        return None, [Refusal(code=Code.SHIPMENT_CANCELLED, detail=detail, ids=[shipment.shipment])]
    if no := left(shipment) or unnamed(shipment, data.orders):
        return None, [no]
    orders = [order for name in shipment.orders if (order := act.book.orders.get(name))]
    content = yard.content(shipment)
    if refusals := [no for order in orders for no in in_the_way(yard, order)]:
        return None, refusals
    if not content:
        detail = f"nothing lies in the cartons of shipment {shipment.shipment}"
        return None, [Refusal(code=Code.NOT_FULLY_PACKED, detail=detail, ids=[shipment.shipment])]
    return _ask(act, yard, shipment, orders, content), []


def in_the_way(yard: Yard, order: Order) -> list[Refusal]:
    """What of an order keeps its shipments from leaving."""
    picked = [unit for unit in order.units.values() if unit.status == "PICKED"]
    at = [order_at(order.order)]
    refusals = []
    if unwanted := [unit for unit in picked if order.unwanted(unit)]:
        detail = f"{len(unwanted)} picked units of order {order.order} are of a cancelled order or line"
        refusals.append(Refusal(code=Code.UNWANTED_UNITS, detail=detail, ids=_serials(unwanted), blocked_by=at))
    if loose := [unit for unit in picked if yard.booked(unit) is None and not order.unwanted(unit)]:
        detail = f"{len(loose)} picked units of order {order.order} lie in no carton of a shipment"
        refusals.append(Refusal(code=Code.NOT_FULLY_PACKED, detail=detail, ids=_serials(loose), blocked_by=at))
    if held := [unit for unit in picked if unit.held]:
        detail = f"{len(held)} units of order {order.order} are on hold"
        blocked_by = [unit_at(*unit.key) for unit in held]
        refusals.append(Refusal(code=Code.HELD, detail=detail, ids=_serials(held), blocked_by=blocked_by))
    wanting = [line.line for line in order.lines.values() if not line.cancelled and (line.short or line.allocated)]
    if order.backorders == "SHIP_COMPLETE" and not order.cancelled and wanting:
        detail = f"order {order.order} ships complete: line {', '.join(wanting)} is not all picked"
        refusals.append(Refusal(code=Code.NOT_FULLY_PACKED, detail=detail, ids=wanting, blocked_by=at))
    return refusals


def _ask(act: Act, yard: Yard, shipment: Shipment, orders: list[Order], content: dict[str, list[Unit]]) -> Check:
    abort(yard, shipment, "the dispatch was asked for anew")
    check = Check(
        next(act.book.ids), shipment.shipment, shipment.orders, tuple(order.packing for order in orders),
        sum(len(units) for units in content.values()), yard.now, act.actor,
    )  # fmt: skip
    yard.checks.put(check.check, check)
    shipment.check = check.check
    yard.shipments.put(shipment.shipment, shipment)
    for order in orders:
        for run in chunks(content.get(order.order, ())):
            act.say(
                DispatchRequested(
                    order=order.order, orders=list(shipment.orders), shipment=shipment.shipment, check=check.check,
                    customer=order.customer.id, units=packed(run), actor=act.actor, cause=act.cause,
                )
            )  # fmt: skip
        act.log(order.order, "dispatch asked", shipment=shipment.shipment, dispatch=check.check)
    return check


def dispatching(check: Check) -> Dispatching:
    """What the sender of a dispatch is told."""
    return Dispatching(dispatch=check.check, shipment=check.shipment, address=dispatch_at(check.check))


def packed(units: Iterable[Unit]) -> list[PackedUnit]:
    """Units as the public language names them."""
    return [PackedUnit(line=unit.line, sku=unit.sku, serial=unit.serial) for unit in units]


def _serials(units: list[Unit]) -> list[str]:
    return [unit.serial for unit in units]
