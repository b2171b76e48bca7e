"""The answers to a dispatch check. Only a complete set under the current id, in time, becomes DISPATCHED."""

from collections.abc import Iterator, Mapping, Sequence

from services.fulfillment.orders.domain import Act, Goods, Order, Unit
from services.fulfillment.orders.domain.content import contents, listed, parted, summed
from services.fulfillment.orders.domain.goods import amount, grouped
from services.fulfillment.shipping.domain.yard import Check, Reason, Shipment, Yard
from shared.contracts.envelope import chunks
from shared.contracts.fulfillment import DispatchDone
from shared.contracts.lots import LotDispatchApproved, LotDispatchRefused
from shared.contracts.problems import Code
from shared.contracts.serials import DispatchApproved, DispatchRefused

Approved = DispatchApproved | LotDispatchApproved
Refused = DispatchRefused | LotDispatchRefused
Loaded = Mapping[str, Sequence[Goods]]
"""What lies in the cartons of a shipment, by order."""


def approve(act: Act, yard: Yard, data: Approved) -> None:
    """Goods may leave; with the last of them the shipment leaves. An answer to a check that is over is too late."""
    check = _check(act, yard, data)
    if check is None or check.status != "CHECKING":
        return
    shipment = yard.shipments.get(check.shipment)
    assert shipment is not None  # noqa: S101 - a check is written with its shipment
    if changed := _changed(act, check):
        yard.end(check, "ENDED", Reason("ended", f"what {', '.join(changed)} holds has changed since it was asked"))
        return
    content = yard.content(shipment)
    inside = {line for name, goods in content.items() for line in _lines(name, goods)}
    said = _said(data)
    strange = [number for known, number in said if known not in inside]
    if strange or check.approved + len(said) > check.asked:
        detail = f"dispatch {check.check} did not ask about all of these"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, strange or [number for _, number in said])
        return
    check.approved += len(said)
    check.until = min(check.until or data.until, data.until)
    yard.checks.put(check.check, check)
    if check.approved == check.asked:
        _decide(act, yard, shipment, check, content)


def refuse(act: Act, yard: Yard, data: Refused) -> None:
    """Goods may not leave: the check has failed; what its other answers say is kept with it."""
    check = _check(act, yard, data)
    if check is None or check.status not in ("CHECKING", "REFUSED"):
        return
    reasons = _reasons(data)
    yard.end(check, "REFUSED", *reasons)
    act.log(data.order, "dispatch refused", shipment=check.shipment, dispatch=check.check,
            reasons=[reason._asdict() for reason in reasons])  # fmt: skip


def _lines(order: str, goods: Sequence[Goods]) -> Iterator[tuple[object, ...]]:
    """What tells each content line from every other of a check."""
    for one in goods:
        if isinstance(one, Unit):
            yield one.key
    for line, quantity in summed(goods).items():
        yield order, *line, quantity


def _said(data: Approved) -> list[tuple[tuple[object, ...], str]]:
    """The content lines of an answer, each with its number."""
    if isinstance(data, DispatchApproved):
        return [((data.sku, serial), serial) for serial in data.serials]
    return [((data.order, part.line, part.sku, part.lot, part.quantity), part.lot) for part in data.stock]


def _reasons(data: Refused) -> list[Reason]:
    if isinstance(data, DispatchRefused):
        return [Reason(code=unit.code, detail=unit.detail, sku=data.sku, serial=unit.serial) for unit in data.units]
    return [Reason(code=line.code, detail=line.detail, sku=data.sku, lot=line.lot) for line in data.stock]


def _check(act: Act, yard: Yard, data: Approved | Refused) -> Check | None:
    check = yard.checks.get(data.check)
    if check is None or data.order not in check.orders or data.shipment != check.shipment:
        detail = f"no dispatch {data.check} of shipment {data.shipment} was asked for order {data.order}"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, [data.check])
        return None
    if not set(check.orders) <= {data.order, *data.orders}:
        detail = f"the answer does not name all orders of shipment {data.shipment}"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, list(check.orders))
        return None
    return check


def _changed(act: Act, check: Check) -> list[str]:
    asked = zip(check.orders, check.packing, strict=True)
    return [name for name, packing in asked if (order := act.book.orders.get(name)) and order.packing != packing]


def _decide(act: Act, yard: Yard, shipment: Shipment, check: Check, content: Loaded) -> None:
    """The set is complete: it leaves, unless it came too late or our own copy of the holds says no."""
    held = [one for goods in content.values() for one in goods if one.held]
    if check.until is None or yard.now > check.until:
        yard.end(check, "ENDED", Reason("too_late", f"the approval was good until {check.until}"))
    elif held:
        yard.end(check, "REFUSED", *(_on_hold(one) for one in held))
    else:
        _leave(act, yard, shipment, content)
        yard.end(check, "DISPATCHED")


def _on_hold(goods: Goods) -> Reason:
    if isinstance(goods, Unit):
        return Reason(code=Code.HELD, detail="it is on hold", sku=goods.sku, serial=goods.serial)
    return Reason(code=Code.HELD, detail="it is on hold", sku=goods.sku, lot=goods.lot)


def _leave(act: Act, yard: Yard, shipment: Shipment, content: Loaded) -> None:
    shipment.status, shipment.dispatched_at = "DISPATCHED", yard.now
    yard.shipments.put(shipment.shipment, shipment)
    for name, goods in content.items():
        order = act.book.orders.get(name)
        assert order is not None  # noqa: S101 - content is made of the book's orders
        _ship(act, order, goods, shipment)
        for run in chunks(contents(goods)):
            act.say(
                DispatchDone(
                    order=name, orders=list(shipment.orders), shipment=shipment.shipment, check=shipment.check or "",
                    customer=order.customer.id, customer_name=order.customer.name, contact=order.customer.contact,
                    carrier=shipment.carrier, tracking_number=shipment.tracking_number, actor=act.actor,
                    cause=act.cause, **parted(run),
                )
            )  # fmt: skip
        act.log(name, "dispatched", shipment=shipment.shipment, **listed(goods))


def _ship(act: Act, order: Order, goods: Sequence[Goods], shipment: Shipment) -> None:
    for group, some in grouped(goods).items():
        line = order.lines[group.line]
        line.picked -= amount(some)
        line.packed -= amount(some)
        line.shipped += amount(some)
        act.touch(line)
    for one in goods:
        one.status, one.shipment = "SHIPPED", shipment.shipment
        act.book.put(one)
