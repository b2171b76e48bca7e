"""Sending a shipment off: what stands in the way here, and the question to the owners of its goods (S10, S28)."""

from collections.abc import Iterable, Mapping, Sequence

from services.fulfillment.orders.domain import Act, Goods, Order
from services.fulfillment.orders.domain.addresses import dispatch_at, order_at
from services.fulfillment.orders.domain.content import contents, parted
from services.fulfillment.shipping.domain.shipments import abort, left, unknown, unnamed
from services.fulfillment.shipping.domain.yard import Check, Shipment, Yard
from shared.contracts.commands.fulfillment import Dispatch
from shared.contracts.envelope import Model, chunks
from shared.contracts.fulfillment import DispatchRequested
from shared.contracts.problems import Code, Refusal

SHOWN = 5


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
    picked = [one for one in order.goods if one.status == "PICKED"]
    at = [order_at(order.order)]
    refusals = []
    if unwanted := [one for one in picked if order.unwanted(one)]:
        detail = f"{_told(unwanted)} of order {order.order} is of a cancelled order or line"
        refusals.append(Refusal(code=Code.UNWANTED_UNITS, detail=detail, ids=_numbers(unwanted), blocked_by=at))
    if loose := [one for one in picked if yard.booked(one) is None and not order.unwanted(one)]:
        detail = f"{_told(loose)}, picked for order {order.order}, lies in no carton of a shipment"
        refusals.append(Refusal(code=Code.NOT_FULLY_PACKED, detail=detail, ids=_numbers(loose), blocked_by=at))
    if held := [one for one in picked if one.held]:
        detail = f"{_told(held)} of order {order.order} is on hold"
        blocked_by = list(dict.fromkeys(one.at for one in held))
        refusals.append(Refusal(code=Code.HELD, detail=detail, ids=_numbers(held), blocked_by=blocked_by))
    wanting = [line.line for line in order.lines.values() if not line.cancelled and (line.short or line.allocated)]
    if order.backorders == "SHIP_COMPLETE" and not order.cancelled and wanting:
        detail = f"order {order.order} ships complete: line {', '.join(wanting)} is not all picked"
        refusals.append(Refusal(code=Code.NOT_FULLY_PACKED, detail=detail, ids=wanting, blocked_by=at))
    return refusals


def _ask(
    act: Act, yard: Yard, shipment: Shipment, orders: list[Order], content: Mapping[str, Sequence[Goods]]
) -> Check:  # fmt: skip
    abort(yard, shipment, "the dispatch was asked for anew")
    lines = {order: contents(goods) for order, goods in content.items()}
    check = Check(
        check=next(act.book.ids), shipment=shipment.shipment, orders=shipment.orders,
        packing=tuple(order.packing for order in orders), asked=sum(len(some) for some in lines.values()), at=yard.now,
        actor=act.actor,
    )  # fmt: skip
    yard.checks.put(check.check, check)
    shipment.check = check.check
    yard.shipments.put(shipment.shipment, shipment)
    for order in orders:
        for run in chunks(lines.get(order.order, ())):
            act.say(
                DispatchRequested(
                    order=order.order, orders=list(shipment.orders), shipment=shipment.shipment, check=check.check,
                    customer=order.customer.id, min_life_days=order.min_life_days, actor=act.actor, cause=act.cause,
                    **parted(run),
                )
            )  # fmt: skip
        act.log(order.order, "dispatch asked", shipment=shipment.shipment, dispatch=check.check)
    return check


def dispatching(check: Check) -> Dispatching:
    """What the sender of a dispatch is told."""
    return Dispatching(dispatch=check.check, shipment=check.shipment, address=dispatch_at(check.check))


def _told(goods: Sequence[Goods]) -> str:
    """Goods that are in the way, the first of many by name."""
    more = f" and {len(goods) - SHOWN} more" if len(goods) > SHOWN else ""
    return ", ".join(str(one) for one in goods[:SHOWN]) + more


def _numbers(goods: Iterable[Goods]) -> list[str]:
    return [one.number for one in goods]
